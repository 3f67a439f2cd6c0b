/**
 * A share-node: keeps one share of every value, and re-shares columns to the MPC nodes for jobs that it
 * has admitted by itself.
 *
 * Against whom: semi-honest. It learns schemas, pseudonyms, row counts, SQL and purposes; of values,
 * together with t-1 others, nothing; of answers nothing at all.
 */
import path from 'node:path'

import type { AdmittedJob } from '../protocol/admission.ts'
import type { LedgerReader } from '../protocol/ledger/files.ts'
import { rowsPerMemberOf } from '../protocol/member-table.ts'
import { ShareholdError } from '../shares/errors.ts'
import type { ShareStore } from '../shares/store.ts'

import { collectLessOften } from './collector.ts'
import { serveColumns } from './column-server.ts'
import { enteredImports } from './entered-imports.ts'
import { heldMembers } from './held-parts.ts'
import { serveImports } from './import-server.ts'
import { serveJobs } from './job-server.ts'
import type { JobRole } from './job-server.ts'
import type { ActorKey } from './keys.ts'
import type { NodeOptions } from './mpc-node.ts'
import { createOverlay } from './overlay.ts'
import type { Overlay } from './overlay.ts'
import type { Running } from './process.ts'
import { acceptRounds } from './rounds.ts'
import { openJournal } from './store/journal.ts'
import { ledgerDirectory } from './store/ledger-directory.ts'
import { openLevelShareStore } from './store/level-share-store.ts'
import { actorOf } from './topology.ts'
import { eraseUnregistered, markRegistered } from './unregistered-imports.ts'
import type { UnregisteredOptions } from './unregistered-imports.ts'

/** How often unregistered imports are looked for, at least. */
const LOOK_EVERY_MS = 12 * 3600 * 1000

export interface ShareNodeOptions extends NodeOptions {
  /** What to do with imports that got into no version; absent: keep them for ever. */
  readonly unregistered?: {
    /** Where the ledger is read from. */
    readonly ledger: LedgerReader
    /** How long they are kept after they were first found. */
    readonly keepMs: number
  }
}

/**
 * Starts a share-node; resolves when it answers.
 *
 * @throws ShareholdError SH_NET_STRANGER if the key is not that of a share-node of the topology;
 * SH_NET_LISTEN, SH_STORE_UNAVAILABLE
 */
export async function startShareNode(options: ShareNodeOptions): Promise<Running> {
  const { topology, key, dataDirectory, log } = options
  collectLessOften()
  actorOf(topology, key.name, 'share-node')
  const journal = await openJournal(path.join(dataDirectory, 'journal'), () => Date.now())
  const store = await openLevelShareStore(path.join(dataDirectory, 'shares'))
  const overlay = await createOverlay({ key, topology, log })
  const rounds = await acceptRounds(overlay)
  const imports = await serveImports({
    overlay,
    key,
    store,
    onRegistered: (dataset, importId) => markRegistered(journal, dataset, importId),
    log,
  })
  await serveJobs({
    overlay,
    topology,
    key,
    rounds,
    journal,
    role: shareRole(overlay, store, key),
    log,
    now: () => Date.now(),
  })
  const sweeping = sweepUnregistered(options, {
    store,
    journal,
    isOpen: (importId) => imports.isOpen(importId),
  })
  return {
    async close() {
      await sweeping.stop()
      await rounds.close()
      await overlay.close()
      await store.close()
      await journal.close()
    },
  }
}

/** Erases unregistered imports from time to time. @returns how to stop that */
function sweepUnregistered(
  { topology, dataDirectory, unregistered, log }: ShareNodeOptions,
  parts: Pick<UnregisteredOptions, 'store' | 'journal' | 'isOpen'>,
): { stop(): Promise<void> } {
  if (unregistered === undefined) return { stop: () => Promise.resolve() }
  const { ledger, keepMs } = unregistered
  const kept = ledgerDirectory(dataDirectory)
  const entered = (): Promise<ReadonlySet<string>> => enteredImports(topology, ledger, kept)
  let sweep: Promise<unknown> = Promise.resolve()
  const look = async (): Promise<void> => {
    try {
      await eraseUnregistered({ ...parts, entered, keepMs, now: () => Date.now(), log })
    } catch (error) {
      const code = error instanceof ShareholdError ? error.code : String(error)
      log.warn({ code }, 'unregistered imports could not be looked for')
    }
  }
  // One after another, however long the ledger is.
  const again = (): void => void (sweep = sweep.then(look))
  const timer = setInterval(again, Math.min(keepMs / 2, LOOK_EVERY_MS))
  return {
    async stop() {
      clearInterval(timer)
      await sweep
    },
  }
}

function shareRole(overlay: Overlay, store: ShareStore, key: ActorKey): JobRole {
  return {
    committee: 'share',
    prepare: (admitted) => checkParts(overlay, store, admitted),
    forget() {},
    async run(run) {
      await serveColumns(run, overlay, store, key)
      return { reportNote: '', sealed: new Uint8Array(0) }
    },
    sign() {
      throw new ShareholdError('SH_AUTH_JOB', 'A share-node does not sign completions.')
    },
  }
}

/** This node holds every part of the versions, under the roots and with the members that they state. */
async function checkParts(
  overlay: Overlay,
  store: ShareStore,
  { datasets }: AdmittedJob,
): Promise<void> {
  for (const { version } of datasets) {
    const members = await heldMembers(store, overlay.self.index, version)
    const rowsPerMember = rowsPerMemberOf(members)
    if (JSON.stringify(rowsPerMember) !== JSON.stringify(version.rowsPerMember)) {
      throw new ShareholdError('SH_AUTH_VERSION', 'The version states wrong rows per member.')
    }
  }
}
