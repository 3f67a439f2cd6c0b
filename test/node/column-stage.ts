/**
 * Share-nodes with their stores in memory, and MPC nodes, in one process over the real overlay: what the
 * tests of columns stand on. Jobs are admitted but not computed: their columns are opened instead.
 */
import { setMaxListeners } from 'node:events'

import { COLUMNS_PROTOCOL } from '../../node/column-blocks.ts'
import { serveColumns } from '../../node/column-server.ts'
import type { OpenedColumnSource } from '../../node/column-source.ts'
import { randomFill, rng } from '../../node/crypto.ts'
import { blocksOf } from '../../node/import-blocks.ts'
import { admissionKeys, type JobRun } from '../../node/job-server.ts'
import { silent } from '../../node/log.ts'
import { MpcColumns } from '../../node/mpc-columns.ts'
import { createOverlay, type Overlay } from '../../node/overlay.ts'
import type { RoundChannel } from '../../node/round-channel.ts'
import { writeManifest } from '../../node/store/manifest.ts'
import {
  admit,
  type AdmittedJob,
  datasetParams,
  jobIdOf,
  proposeParams,
} from '../../protocol/admission.ts'
import { canonicalJson } from '../../protocol/canonical-json.ts'
import { deriveJobKeys } from '../../protocol/job-context.ts'
import { batchesOf } from '../../protocol/layout.ts'
import { schemaHash } from '../../protocol/ledger/records.ts'
import { encodeMembers } from '../../protocol/members.ts'
import { MemoryNetwork } from '../../protocol/memory-channel.ts'
import { agreeOnKeys } from '../../protocol/setup.ts'
import { compile } from '../../protocol/sql/compile.ts'
import { getBit } from '../../shares/bits/plane.ts'
import { blockLeaf, commitTo } from '../../shares/commit.ts'
import { committee, parties } from '../../shares/committee.ts'
import { encodeChunk } from '../../shares/encode.ts'
import { newArena, view, viewFp } from '../../shares/field/memory.ts'
import { toBigInts } from '../../shares/field/vector.ts'
import { hexOf } from '../../shares/hex.ts'
import * as replicated from '../../shares/replicated.ts'
import * as shamir from '../../shares/shamir.ts'
import { memoryStore, type ShareStore } from '../../shares/store.ts'
import {
  type Import,
  nextVersion,
  type Paper,
  paperNetwork,
  requestNote,
  SCHEMA,
  schemaNote,
} from '../coordinator/fixture.ts'
import { hash, seededRng } from '../shares/noble.ts'

const OF = committee(3)
/** Of one import. With two chunks in flight it takes two batches, the second shorter. */
const CHUNKS = [40, 130, 33]
const ROWS = CHUNKS.reduce((sum, rows) => sum + rows, 0)

const SQL = 'SELECT SUM(seats), COUNT(*) FROM trips WHERE shared AND seats > 2'

/** Rows in table order, as texts; null is NULL. */
export type Table = Readonly<Record<string, readonly (string | null)[]>>

/** What an import brings. */
const rowsOf = (salt: number): Table => ({
  seats: Array.from({ length: ROWS }, (_, r) =>
    (r + salt) % 9 === 8 ? null : String((r + salt) % 9),
  ),
  shared: Array.from({ length: ROWS }, (_, r) => String((r * 7 + salt) % 3 === 0)),
})

export interface JobOptions {
  readonly version?: Import
  readonly sql?: string
  /** Changes what a share-node runs. */
  readonly edit?: (run: JobRun) => JobRun
  /** With whose key a share-node signs; its own if absent. */
  readonly signer?: (name: string) => string
}

export class ColumnStage {
  readonly #paper: Paper
  readonly #overlays: ReadonlyMap<string, Overlay>
  readonly #stores: readonly ShareStore[]
  readonly #mpc: MpcColumns[] = []
  readonly #warmBytes: number
  readonly #tables = new Map<string, Table>()
  #latest: Import | undefined
  /** Blocks of columns that share-nodes have read so far. */
  reads = 0

  private constructor(paper: Paper, overlays: ReadonlyMap<string, Overlay>, warmBytes: number) {
    this.#paper = paper
    this.#overlays = overlays
    this.#warmBytes = warmBytes
    this.#stores = parties(OF).map(() => {
      const store = memoryStore()
      return {
        ...store,
        get: (key, signal) => {
          if (!key.column.startsWith('#')) this.reads++
          return store.get(key, signal)
        },
      }
    })
  }

  static async start(warmBytes = 2 ** 20): Promise<ColumnStage> {
    const paper = await paperNetwork(3, { chunksInFlight: 2, roundTimeoutMs: 8_000 })
    const { topology } = paper
    const overlays = new Map<string, Overlay>()
    for (const { name } of [...topology.shareNodes, ...topology.mpcNodes]) {
      const key = paper.keys.get(name)!
      const listen = ['/ip4/127.0.0.1/tcp/0']
      const overlay = await createOverlay({ key, topology, listen, keepAlive: false, log: silent })
      for (const [other, its] of overlays) {
        overlay.setAddress(other, its.addresses[0]!)
        its.setAddress(name, overlay.addresses[0]!)
      }
      overlays.set(name, overlay)
    }
    const stage = new ColumnStage(paper, overlays, warmBytes)
    for (const index of parties(OF)) await stage.restart(index)
    return stage
  }

  async close(): Promise<void> {
    for (const overlay of this.#overlays.values()) await overlay.close()
  }

  /** MPC node `index` begins anew: it holds nothing. */
  async restart(index: number): Promise<void> {
    const overlay = this.#overlays.get(`mpc-${index}`)!
    await overlay.unhandle(COLUMNS_PROTOCOL)
    this.#mpc[index - 1] = await MpcColumns.open(overlay, this.#warmBytes)
  }

  /** One more import, with all share-nodes. @returns the version that it makes */
  async import(): Promise<Import> {
    const table = rowsOf(this.#tables.size)
    const importId = `part-${this.#tables.size + 1}`
    const members = encodeMembers([{ member: 'ann', rows: ROWS }], rng(32))
    const roots: string[] = []
    for (const index of parties(OF)) {
      roots.push(await this.#store(index, importId, table, members))
    }
    const version = nextVersion(this.#paper, 'east', this.#latest?.body, {
      importId,
      edit: (body) => ({
        ...body,
        parts: body.parts.map((part, i) =>
          i < body.parts.length - 1
            ? part
            : { ...part, roots, chunks: CHUNKS, members: hexOf(hash.sha256(members)) },
        ),
        rowsPerMember: [[ROWS * body.parts.length, 1]],
      }),
    })
    const before = this.#latest && this.#tables.get(this.#latest.note)
    this.#tables.set(version.note, before === undefined ? table : joined(before, table))
    this.#latest = version
    return version
  }

  /** What the version holds. */
  tableOf(version: Import): Table {
    return this.#tables.get(version.note)!
  }

  /** Brings a job to all nodes. */
  async begin(options: JobOptions = {}): Promise<StagedJob> {
    const { topology, keys } = this.#paper
    const { version = this.#latest!, sql = SQL } = options
    const params = proposeParams({ dataset: datasetParams(version.body) }, 3, topology)
    const note = requestNote(this.#paper, {
      sql,
      version: version.body.version,
      versionNote: version.note,
    })
    const proposal = {
      job: jobIdOf(note),
      requestNote: note,
      schemaNotes: [schemaNote(this.#paper, ['east', 'west'])],
      versionNotes: [version.note],
      planParams: canonicalJson(params),
      planHash: (await compile(sql, SCHEMA, params)).planHash,
    }
    const admitted = await admit(proposal, admissionKeys(topology), Date.now() / 1000, hash)
    const ended = new AbortController()
    setMaxListeners(0, ended.signal)
    for (const columns of this.#mpc) columns.expect(admitted, 1)
    const network = new MemoryNetwork(3)
    const context = rng(32)
    const serving = parties(OF).map(async (index) => {
      const { name } = topology.shareNodes[index - 1]!
      const channel = network.channel(index)
      const master = await agreeOnKeys(OF, index, channel, context, { fill: randomFill })
      const run: JobRun = {
        admitted,
        attempt: 1,
        committee: OF,
        index,
        context,
        keys: deriveJobKeys(master, context),
        channel: channel as unknown as RoundChannel,
        startNote: '',
        signal: ended.signal,
        progress() {},
      }
      const signer = keys.get(options.signer?.(name) ?? name)!
      const store = this.#stores[index - 1]!
      await serveColumns(options.edit?.(run) ?? run, this.#overlays.get(name)!, store, signer)
    })
    return new StagedJob(admitted, this.#mpc.slice(), serving, ended)
  }

  /** A whole job. @returns its columns, and whether share-nodes have read any of them */
  async run(options: JobOptions = {}): Promise<{ readonly table: Table; readonly cold: boolean }> {
    const before = this.reads
    const job = await this.begin(options)
    try {
      await job.open()
      return { table: await job.read(), cold: this.reads > before }
    } finally {
      await job.end()
    }
  }

  /** @returns the root */
  async #store(
    index: number,
    importId: string,
    table: Table,
    members: Uint8Array,
  ): Promise<string> {
    const { dataset } = SCHEMA
    const writer = await this.#stores[index - 1]!.stage(importId)
    const salts: Uint8Array[] = []
    const leaves = []
    for (const { chunk, column, encoding, rows } of blocksOf(SCHEMA, CHUNKS)) {
      const arena = newArena()
      const first = CHUNKS.slice(0, chunk).reduce((sum, one) => sum + one, 0)
      const encoded = encodeChunk(arena, column, table[column.name]!.slice(first, first + rows))
      const random = seededRng(importId, column.name, encoding, chunk)
      const bytes =
        encoding === 'field'
          ? viewFp(shamir.split(arena, encoded.field, OF, random)[index - 1]!)
          : view(
              replicated.wholeBlock(
                replicated.split(arena, encoded.planes, OF, random)[index - 1]!,
              ),
            )
      const key = { dataset, importId, column: column.name, encoding, chunk }
      salts.push(rng(32))
      leaves.push(blockLeaf(key, salts.at(-1), bytes, hash))
      await writer.put(key, bytes)
      arena.release()
    }
    const root = hexOf(commitTo(leaves, hash).root)
    const manifest = {
      dataset,
      importId,
      repository: 'east',
      schemaHash: schemaHash(SCHEMA),
      schemaNote: '',
      chunks: CHUNKS,
      members: hexOf(hash.sha256(members)),
      root,
      leaves: leaves.map(({ leaf }) => hexOf(leaf)),
      salts: salts.map((salt) => hexOf(salt)),
    }
    await writeManifest(writer, manifest, members)
    await writer.commit()
    return root
  }
}

const joined = (a: Table, b: Table): Table =>
  Object.fromEntries(Object.entries(a).map(([name, values]) => [name, [...values, ...b[name]!]]))

/** A job in the middle. */
export class StagedJob {
  readonly #admitted: AdmittedJob
  readonly #mpc: readonly MpcColumns[]
  readonly #serving: Promise<PromiseSettledResult<void>[]>
  readonly #ended: AbortController
  #sources: readonly OpenedColumnSource[] = []

  constructor(
    admitted: AdmittedJob,
    mpc: readonly MpcColumns[],
    serving: readonly Promise<void>[],
    ended: AbortController,
  ) {
    this.#admitted = admitted
    this.#mpc = mpc
    this.#serving = Promise.allSettled(serving)
    this.#ended = ended
  }

  /** Until each MPC node knows what it gets. @throws what the first of them throws */
  async open(): Promise<void> {
    const { job } = this.#admitted
    const opened = this.#mpc.map((one) => one.fetch(job, 1, OF, this.#ended.signal))
    this.#sources = await Promise.all(opened)
  }

  /** Reads all columns at these nodes, side by side. @returns what they are, if the nodes are all */
  async read(nodes: readonly number[] = parties(OF)): Promise<Table> {
    const { compiled, params } = this.#admitted
    const values = new Map<string, (string | null)[]>()
    const arena = newArena()
    for (const batch of batchesOf(params)) {
      const valid: boolean[] = []
      for (const operator of compiled.plan.operators) {
        if (operator.kind !== 'load-bits' && operator.kind !== 'load-field') continue
        const { column: name } = operator
        if (operator.kind === 'load-bits') {
          const planes = await Promise.all(
            nodes.map(async (party) => ({
              party,
              planes: await this.#sources[party - 1]!.bits(operator, batch, arena),
            })),
          )
          if (nodes.length < OF.n) continue
          const open = planes[0]!.planes.map((_, k) =>
            replicated.reconstruct(
              arena,
              OF,
              planes.map(({ party, planes: its }) => ({ party, share: its[k]! })),
            ),
          )
          lanesOf(batch.layout.runs, (lane, position) => {
            const code = Array.from({ length: operator.planes }, (_, k) => k).reduce(
              (sum, k) => sum + getBit(open[k]!, position) * 2 ** k,
              0,
            )
            valid[lane] = !operator.validity || getBit(open.at(-1), position) === 1
            push(values, `bits/${name}`, valid[lane] ? String(code) : null)
          })
        } else {
          const shares = await Promise.all(
            nodes.map(async (party) => ({
              party,
              share: await this.#sources[party - 1]!.field(operator, batch, arena),
            })),
          )
          if (nodes.length < OF.n) continue
          for (const value of toBigInts(shamir.reconstruct(arena, OF, shares))) {
            push(values, `field/${name}`, String(value))
          }
        }
      }
    }
    arena.release()
    return Object.fromEntries(values)
  }

  /** Over at all nodes; share-nodes have ended as well. @returns how they did */
  async end(): Promise<PromiseSettledResult<void>[]> {
    for (const source of this.#sources) source.release()
    for (const one of this.#mpc) one.forget(this.#admitted.job, 1)
    this.#ended.abort()
    return this.#serving
  }
}

function push(values: Map<string, (string | null)[]>, name: string, value: string | null): void {
  const list = values.get(name) ?? []
  list.push(value)
  values.set(name, list)
}

/** Lane and bit position of each row of a batch. */
function lanesOf(runs: readonly number[], visit: (lane: number, position: number) => void): void {
  let lane = 0
  let start = 0
  for (const rows of runs) {
    for (let k = 0; k < rows; k++) visit(lane++, start + k)
    start += Math.ceil(rows / 128) * 128
  }
}
