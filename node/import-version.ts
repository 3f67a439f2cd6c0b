/**
 * How an import becomes part of its dataset: by a version record that names all parts, signed by the
 * repository and entered in the ledger. If another import came first, again on the newer version.
 */
import { openSchema, openVersion } from '../protocol/admission.ts'
import { noteHash, schemaHash, signRecord } from '../protocol/ledger/records.ts'
import type { VersionBody } from '../protocol/ledger/records.ts'
import { hasUniqueColumn } from '../protocol/unique-columns.ts'
import { ShareholdError } from '../shares/errors.ts'
import { hexOf } from '../shares/hex.ts'
import type { Schema } from '../shares/schema.ts'

import { hash } from './crypto.ts'
import type { FramedStream } from './framed-stream.ts'
import type { ImportHead, Receipt } from './import-sender.ts'
import { admissionKeys } from './job-server.ts'
import type { ActorKey } from './keys.ts'
import { receiveMessage, sendMessage } from './message-stream.ts'
import type { Overlay } from './overlay.ts'

/** What the repository needs of the coordinator. */
export interface VersionRegistry {
  /** The newest version of a dataset and its schema note; null if there is no version yet. */
  newest(dataset: string): Promise<{ schemaNote: string; versionNote: string } | null>
  /** The schema note, once all its repositories have signed it. */
  schemaNote(dataset: string): Promise<string>
  /** @throws ShareholdError SH_CATALOGUE_CONFLICT if another version came first */
  submitVersion(note: string, receipts: readonly string[]): Promise<{ entry: number }>
}

/** Who imports, into what. */
export interface Importer {
  readonly overlay: Overlay
  readonly key: ActorKey
  readonly registry: VersionRegistry
  readonly schema: Schema
}

export interface RegisteredVersion {
  readonly number: number
  readonly note: string
  /** Its entry in the ledger. */
  readonly entry: number
}

/** Longest version record: with its signature it has to fit into a ledger entry of 65,535 bytes. */
const MOST_RECORD_BYTES = 64_000

const MOST_CONFLICTS = 5

/** Refusals after which the version is certainly not in the ledger. */
const DEFINITE = [
  'SH_CATALOGUE_',
  'SH_AUTH_',
  'SH_NOTE_',
  'SH_LEDGER_RECORD',
  'SH_LEDGER_ENTRY_SIZE',
]

const isDefinite = (error: unknown): boolean =>
  error instanceof ShareholdError && DEFINITE.some((prefix) => error.code.startsWith(prefix))

/** The version may be in the ledger although we did not hear of it: then the shares must stay. */
export const isUncertain = (error: unknown): boolean =>
  error instanceof ShareholdError && error.code === 'SH_IMPORT_UNCERTAIN'

/** The newest version of the dataset, its signatures checked; null if there is none yet. */
async function newestVersion({
  overlay,
  registry,
  schema,
}: Importer): Promise<{ note: string; version: VersionBody } | null> {
  const newest = await registry.newest(schema.dataset)
  if (newest === null) return null
  const keys = admissionKeys(overlay.topology)
  const note = newest.versionNote
  return { note, version: openVersion(note, keys, openSchema(newest.schemaNote, keys)) }
}

/** The parts of the version before that a new import stands beside: all, or none if it replaces them. */
function keptParts(
  { schema }: Importer,
  before: VersionBody | undefined,
): readonly VersionBody['parts'][number][] {
  return before === undefined || hasUniqueColumn(schema) ? [] : before.parts
}

/**
 * A version names all its parts: refuses before anything is sent if one more does not fit.
 * @throws ShareholdError SH_IMPORT_VERSION_SIZE
 */
export async function checkRoom(
  importer: Importer,
  { importId, chunks }: ImportHead,
): Promise<void> {
  const { overlay } = importer
  const before = (await newestVersion(importer))?.version
  const hashes = overlay.topology.shareNodes.map(() => hexOf(new Uint8Array(32)))
  const part = {
    repository: overlay.self.name,
    importId,
    chunks,
    members: hashes[0]!,
    roots: hashes,
    receipts: hashes,
  }
  const parts = [...keptParts(importer, before), part]
  const bytes = JSON.stringify({ parts, rowsPerMember: before?.rowsPerMember ?? [] }).length
  if (bytes <= MOST_RECORD_BYTES) return
  throw new ShareholdError(
    'SH_IMPORT_VERSION_SIZE',
    `The dataset has ${parts.length - 1} imports: one more does not fit into its version record.`,
    { hint: 'Import fewer, larger files; begin a new dataset for a new period.' },
  )
}

/**
 * Makes the version note and registers it.
 * @param members the canonical list of member runs
 * @param streams to the share-nodes, which say how many members have how many rows
 * @throws ShareholdError SH_IMPORT_UNCERTAIN (the version may have been entered: `isUncertain`), SH_IMPORT_*,
 * SH_CATALOGUE_*, SH_NET_*
 */
export async function registerVersion(
  importer: Importer,
  { importId, chunks }: ImportHead,
  members: Uint8Array,
  receipts: readonly Receipt[],
  streams: readonly FramedStream[],
): Promise<RegisteredVersion> {
  const { overlay, key, registry, schema } = importer
  const part = {
    repository: overlay.self.name,
    importId,
    chunks,
    members: hexOf(hash.sha256(members)),
    roots: receipts.map(({ root }) => root),
    receipts: receipts.map(({ note }) => noteHash(note)),
  }
  for (let conflicts = 0; ; conflicts++) {
    const newest = await newestVersion(importer)
    const before = newest?.version
    if (before !== undefined && before.schemaHash !== schemaHash(schema)) {
      throw new ShareholdError(
        'SH_IMPORT_SCHEMA',
        'The dataset has parts that were imported under another schema.',
      )
    }
    const kept = keptParts(importer, before)
    const body: VersionBody = {
      dataset: schema.dataset,
      version: (before?.version ?? 0) + 1,
      importer: overlay.self.name,
      schemaHash: schemaHash(schema),
      parts: [...kept, part],
      rowsPerMember: await union(streams, importId, kept.length === 0 ? '' : newest!.note),
    }
    const note = signRecord(overlay.topology.origin, 'version', body, [key.skey])
    try {
      const notes = receipts.map((receipt) => receipt.note)
      const { entry } = await registry.submitVersion(note, notes)
      return { number: body.version, note, entry }
    } catch (error) {
      if (!isDefinite(error)) throw uncertain(error)
      const conflict = error instanceof ShareholdError && error.code === 'SH_CATALOGUE_CONFLICT'
      if (!conflict || conflicts === MOST_CONFLICTS) throw error
    }
  }
}

/** A full disk at the coordinator, a lost answer, … */
function uncertain(cause: unknown): ShareholdError {
  const why = cause instanceof ShareholdError ? ` (${cause.code}: ${cause.message})` : ''
  return new ShareholdError(
    'SH_IMPORT_UNCERTAIN',
    `The coordinator did not say whether it made the version${why}.`,
    {
      hint: 'The shares are kept. When it answers again, `sharehold ledger` shows whether there is a new version; if not, `sharehold repository list` names the import that waits.',
      cause,
    },
  )
}

/** Histogram of rows per member over the version and this import; all share-nodes must say the same. */
async function union(
  streams: readonly FramedStream[],
  importId: string,
  versionNote: string,
): Promise<VersionBody['rowsPerMember']> {
  const answers = await Promise.all(
    streams.map(async (stream) => {
      await sendMessage(stream, 'importUnion', { importId, versionNote })
      const { header } = await receiveMessage(stream, ['union'], { timeoutMs: 60_000 })
      return header.rowsPerMember
    }),
  )
  if (answers.some((answer) => answer !== answers[0])) {
    throw new ShareholdError('SH_IMPORT_UNION', 'The share-nodes do not hold the same members.')
  }
  const pairs: unknown = JSON.parse(answers[0]!)
  // The record's own check refuses anything that is not a list of pairs.
  return pairs as VersionBody['rowsPerMember']
}
