/**
 * The coordinator's process: catalogue, jobs and ledger behind the HTTP API, and the overlay to the nodes.
 * Trusted for liveness and for the order of the ledger only.
 *
 * It keeps in its data directory: `ledger/` (static files, as a web server could serve them), `results/`
 * (sealed), `pending-schemas.json`. Everything else is rebuilt from the ledger at the start.
 */
import path from 'node:path'

import { hash } from '../node/crypto.ts'
import type { ActorKey } from '../node/keys.ts'
import type { Log as ProcessLog } from '../node/log.ts'
import { createOverlay } from '../node/overlay.ts'
import type { Overlay } from '../node/overlay.ts'
import type { Running } from '../node/process.ts'
import { ledgerDirectory } from '../node/store/ledger-directory.ts'
import { openDatabase } from '../node/store/level-database.ts'
import type { Topology } from '../node/topology.ts'
import { Log } from '../protocol/ledger/log.ts'
import { renameSignerKey } from '../protocol/ledger/note.ts'
import { ShareholdError } from '../shares/errors.ts'

import { createApi } from './api.ts'
import type { CoordinatorService } from './api.ts'
import { Catalogue } from './catalogue.ts'
import { Jobs } from './jobs.ts'
import { entriesOf } from './ledger-entries.ts'
import { Links } from './links.ts'
import { resultFiles } from './result-files.ts'

export interface CoordinatorOptions {
  readonly topology: Topology
  readonly key: ActorKey
  readonly dataDirectory: string
  readonly log: ProcessLog
  /** Unix milliseconds. */
  readonly now: () => number
  /** Where to listen instead of where the topology says: for tests on free ports. */
  readonly listen?: {
    readonly http?: { readonly host: string; readonly port: number }
    readonly overlay?: readonly string[]
  }
}

export interface Coordinator extends Running {
  /** Base URL of the API, with the real port. */
  readonly http: string
  readonly overlay: Overlay
  readonly service: CoordinatorService
}

/**
 * Starts a coordinator; resolves when it answers.
 *
 * @throws ShareholdError SH_STORE_UNAVAILABLE (another process uses the data directory),
 * SH_LEDGER_*, SH_NOTE_*, SH_NET_LISTEN, SH_NET_STRANGER, SH_COORDINATOR_LISTEN
 */
export async function startCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const { topology, key, dataDirectory, log, now } = options
  const closers: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer()
  }
  try {
    // Two writers would fork the ledger: LevelDB's lock holds for as long as this process lives.
    const lock = await openDatabase(path.join(dataDirectory, 'lock'))
    closers.push(() => lock.close())
    const ledger = await Log.open({
      files: ledgerDirectory(path.join(dataDirectory, 'ledger')),
      // The coordinator's key under the ledger's name: that is what checkpoints are signed with.
      skey: renameSignerKey(key.skey, topology.origin),
      hash,
    })
    const files = ledgerDirectory(dataDirectory)
    const overlay = await createOverlay({
      key,
      topology,
      log,
      self: topology.coordinator.name,
      ...(options.listen?.overlay === undefined ? {} : { listen: options.listen.overlay }),
    })
    closers.push(() => overlay.close())

    const catalogue = await Catalogue.open({ log: ledger, topology, files })
    const results = resultFiles(files)
    const jobs = new Jobs({ overlay, key, ledger, catalogue, results, log, now })
    for await (const entry of entriesOf(ledger)) {
      catalogue.enter(entry)
      jobs.enter(entry)
    }
    await jobs.settle()
    log.info({ entries: ledger.size }, 'ledger read')

    const service = serviceOf(catalogue, jobs, ledger, new Links(overlay, log))
    const api = await createApi(service, log)
    closers.push(
      () => api.close(),
      () => jobs.close(),
    )
    const http = await listen(api, options)
    return { http, overlay, service, close }
  } catch (error) {
    await close()
    throw error
  }
}

function serviceOf(
  catalogue: Catalogue,
  jobs: Jobs,
  ledger: Log,
  links: Links,
): CoordinatorService {
  return {
    datasets: () => catalogue.datasets(),
    dataset: (name) => catalogue.dataset(name),
    schema: (name) => catalogue.schema(name),
    submitSchema: (note) => catalogue.submitSchema(note),
    submitVersion: (note, receipts) => catalogue.submitVersion(note, receipts),
    submitJob: (note) => jobs.submit(note),
    status: (job) => jobs.status(job),
    result: (job) => jobs.result(job),
    findResult: (name) => jobs.findResult(name),
    watch: (job, changed) => jobs.watch(job, changed),
    network: () => links.info(),
    ledgerFile: async (file) => (await ledger.file(file)) ?? null,
  }
}

async function listen(
  api: Awaited<ReturnType<typeof createApi>>,
  { topology, listen: elsewhere }: CoordinatorOptions,
): Promise<string> {
  const url = new URL(topology.coordinator.http)
  const place = elsewhere?.http ?? {
    // An IPv6 host stands in brackets in a URL, and nowhere else.
    host: url.hostname.replace(/^\[(.*)\]$/u, '$1'),
    port: Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port),
  }
  try {
    return await api.listen(place)
  } catch (cause) {
    throw new ShareholdError(
      'SH_COORDINATOR_LISTEN',
      `Cannot listen on ${place.host}, port ${place.port}.`,
      { hint: 'Is another process using the port, or is the host not of this machine?', cause },
    )
  }
}
