/** A made-up network on paper: keys, a topology, a schema and imports that are signed as they should be. */
import { rng } from '../../node/crypto.ts'
import { ActorKey } from '../../node/keys.ts'
import { parseTopology, type Topology } from '../../node/topology.ts'
import { generateKey } from '../../protocol/ledger/note.ts'
import {
  noteHash,
  schemaHash,
  signRecord,
  type VersionBody,
  type VersionPart,
} from '../../protocol/ledger/records.ts'
import { hexOf } from '../../shares/hex.ts'
import type { Schema } from '../../shares/schema.ts'
import { actors } from '../node/network.ts'

export const SCHEMA: Schema = {
  dataset: 'trips',
  member: 'driver',
  kMin: 2,
  purposes: ['planning'],
  columns: [
    { name: 'seats', type: 'integer', nullable: true, min: 0, max: 7 },
    { name: 'shared', type: 'boolean', nullable: false },
  ],
}

export interface Paper {
  readonly keys: ReadonlyMap<string, ActorKey>
  /** What a topology file would say. */
  readonly json: Record<string, unknown>
  readonly topology: Topology
}

/** A topology with the repositories east and west and the queriers ann and bob. */
export async function paperNetwork(n = 3, overrides: Record<string, unknown> = {}): Promise<Paper> {
  const { keys, json } = actors(n, { roundTimeoutMs: 2_000, ...overrides })
  const all = new Map(keys)
  const actor = (name: string): { name: string; key: string } => {
    const key = new ActorKey(generateKey(name, rng).skey)
    all.set(name, key)
    return { name, key: key.vkey }
  }
  const whole = {
    ...json,
    repositories: [actor('east'), actor('west')],
    queriers: [actor('ann'), actor('bob')],
  }
  return { keys: all, json: whole, topology: await parseTopology(whole, '/') }
}

export const skey = ({ keys }: Paper, name: string): string => keys.get(name)!.skey

/** A schema note with the signatures of these repositories. */
export function schemaNote(
  paper: Paper,
  signers: readonly string[],
  schema: Schema = SCHEMA,
  repositories: readonly string[] = ['east', 'west'],
): string {
  return signRecord(
    paper.topology.origin,
    'schema',
    { repositories, schema },
    signers.map((name) => skey(paper, name)),
  )
}

export interface Import {
  readonly note: string
  readonly receipts: readonly string[]
  readonly body: VersionBody
}

let imports = 0

/** The first note of each version number. */
const versionNotes = new WeakMap<Paper, Map<number, string>>()

/** A repository's next import, acknowledged by all share-nodes: `rows` members of one row each. */
export function nextVersion(
  paper: Paper,
  importer: string,
  previous?: VersionBody,
  options: {
    readonly rows?: number
    readonly schema?: Schema
    /** Changes to the version before it is signed. */
    readonly edit?: (body: VersionBody) => VersionBody
    /** Changes to the receipts before they are signed. */
    readonly receipt?: (node: number) => { readonly root?: string; readonly signer?: string }
    readonly importId?: string
  } = {},
): Import {
  const { topology } = paper
  const { rows = 10, schema = SCHEMA, edit, importId = `import-${++imports}` } = options
  const hash = schemaHash(schema)
  const members = hexOf(rng(32))
  const roots = topology.shareNodes.map(() => hexOf(rng(32)))
  const receipts = topology.shareNodes.map((node, i) => {
    const { root = roots[i]!, signer = node.name } = options.receipt?.(i + 1) ?? {}
    const body = {
      dataset: schema.dataset,
      importId,
      repository: importer,
      node: i + 1,
      schemaHash: hash,
      chunks: [rows],
      members,
      root,
    }
    return signRecord(topology.origin, 'receipt', body, [skey(paper, signer)])
  })
  const part: VersionPart = {
    repository: importer,
    importId,
    chunks: [rows],
    members,
    roots,
    receipts: receipts.map((note) => noteHash(note)),
  }
  const parts = [...(previous?.parts ?? []), part]
  const total = parts.flatMap(({ chunks }) => chunks).reduce((a, b) => a + b, 0)
  const plain: VersionBody = {
    dataset: schema.dataset,
    version: (previous?.version ?? 0) + 1,
    importer,
    schemaHash: hash,
    parts,
    rowsPerMember: [[1, total]],
  }
  const body = edit?.(plain) ?? plain
  const note = signRecord(topology.origin, 'version', body, [skey(paper, importer)])
  const notes = versionNotes.get(paper) ?? new Map<number, string>()
  if (!notes.has(body.version)) versionNotes.set(paper, notes.set(body.version, note))
  return { note, receipts, body }
}

export interface RequestEdit {
  readonly sql?: string
  readonly purpose?: string
  readonly version?: number
  /** What it pins, instead of the first note of that version. */
  readonly versionNote?: string
  readonly schema?: Schema
  readonly expiry?: number
  readonly nonce?: string
  readonly resultKey?: string
  readonly signer?: string
}

/** A querier's request, good unless edited. */
export function requestNote(paper: Paper, edit: RequestEdit = {}): string {
  const version = edit.version ?? 1
  const versionNote = edit.versionNote ?? versionNotes.get(paper)?.get(version) ?? ''
  const body = {
    sql: edit.sql ?? 'SELECT COUNT(*) FROM trips',
    purpose: edit.purpose ?? 'planning',
    datasets: [
      {
        name: 'trips',
        version,
        schemaHash: schemaHash(edit.schema ?? SCHEMA),
        versionNote: noteHash(versionNote),
      },
    ],
    resultKey: edit.resultKey ?? hexOf(rng(32)),
    nonce: edit.nonce ?? hexOf(rng(32)),
    expiry: edit.expiry ?? Math.floor(Date.now() / 1000) + 600,
    grant: '',
  }
  return signRecord(paper.topology.origin, 'job-request', body, [skey(paper, edit.signer ?? 'ann')])
}
