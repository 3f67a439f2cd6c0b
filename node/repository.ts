/**
 * A data repository's import: reads and checks a file, splits every value into shares, sends each
 * share-node its own, and makes a new dataset version of it. The repository keeps who holds what
 * (the share coordinates), not the data.
 *
 * Order of events, so that nothing is ever half there: the whole file is checked before the first
 * share leaves; every share-node syncs before it signs its receipt; the version enters the ledger
 * only with all n receipts; if that fails, the share-nodes are told to drop the import.
 */
import { readFile } from 'node:fs/promises'

import { openSchema, openVersion } from '../protocol/admission.ts'
import { noteHash, openRecordOfAll, schemaHash, signRecord } from '../protocol/ledger/records.ts'
import type { VersionBody } from '../protocol/ledger/records.ts'
import { encodeMembers, MEMBERS_SALT_BYTES } from '../protocol/members.ts'
import { CHUNK_ROWS } from '../protocol/plan.ts'
import { encodeParts } from '../protocol/wire/codec.ts'
import { membersMessages } from '../protocol/wire/members-pieces.ts'
import { blockLeaf, commitTo } from '../shares/commit.ts'
import type { BlockLeaf } from '../shares/commit.ts'
import { committee } from '../shares/committee.ts'
import type { Committee } from '../shares/committee.ts'
import { encodeChunk } from '../shares/encode.ts'
import { ShareholdError } from '../shares/errors.ts'
import { newArena, view, viewFp } from '../shares/field/memory.ts'
import { hexOf } from '../shares/hex.ts'
import { prgRng } from '../shares/random.ts'
import { split as splitBits, wholeBlock } from '../shares/replicated.ts'
import type { Schema } from '../shares/schema.ts'
import { split as splitField } from '../shares/shamir.ts'

import { hash, prg, rng } from './crypto.ts'
import { parseCsvPart } from './csv-part.ts'
import type { Part } from './csv-part.ts'
import type { FramedStream } from './framed-stream.ts'
import { IMPORT_PROTOCOL, blocksOf } from './import-blocks.ts'
import type { BlockPlace } from './import-blocks.ts'
import { admissionKeys } from './job-server.ts'
import type { ActorKey } from './keys.ts'
import { receiveMessage, sendMessage } from './message-stream.ts'
import type { Overlay } from './overlay.ts'
import {
  UNREGISTERED,
  fileTagOf,
  forgetCoordinates,
  refuseDuplicate,
  saveCoordinates,
} from './share-coordinates.ts'
import type { ShareCoordinates } from './share-coordinates.ts'
import { committeeSize } from './topology.ts'

/** What the repository needs of the coordinator. */
export interface VersionRegistry {
  /** The newest version of a dataset and its schema note; null if there is no version yet. */
  newest(dataset: string): Promise<{ schemaNote: string; versionNote: string } | null>
  /** The schema note, once all its repositories have signed it. */
  schemaNote(dataset: string): Promise<string>
  /** @throws ShareholdError SH_CATALOGUE_CONFLICT if another version came first */
  submitVersion(note: string, receipts: readonly string[]): Promise<{ entry: number }>
}

export interface ImportOptions {
  readonly overlay: Overlay
  readonly key: ActorKey
  readonly registry: VersionRegistry
  readonly schema: Schema
  readonly csvFile: string
  /** The repository's own folder: share coordinates. */
  readonly dataDirectory: string
  /** 0..1 */
  readonly onProgress?: (share: number, what: string) => void
}

export interface ImportResult {
  readonly importId: string
  readonly version: number
  readonly rows: number
  readonly members: number
  readonly entry: number
}

const MOST_CONFLICTS = 5

/**
 * Imports one CSV file as a new part of the dataset.
 * @throws ShareholdError SH_IMPORT_*, SH_ENCODE_*, SH_CATALOGUE_*, SH_NET_*
 */
export async function importCsv(options: ImportOptions): Promise<ImportResult> {
  const { overlay, key, registry, schema, dataDirectory } = options
  const { topology } = overlay
  const bytes = await readSource(options.csvFile)
  const fileTag = fileTagOf(bytes, key, schema.dataset)
  await refuseDuplicate(dataDirectory, fileTag)
  options.onProgress?.(0, 'checking')
  const part = parseCsvPart(bytes, schema)

  const schemaNote = await registry.schemaNote(schema.dataset)
  const signed = openSchema(schemaNote, admissionKeys(topology))
  if (schemaHash(signed.schema) !== schemaHash(schema)) {
    throw new ShareholdError(
      'SH_IMPORT_SCHEMA',
      'The schema file differs from the schema that the repositories have signed.',
      { hint: 'Sign the new schema first: `sharehold repository sign`.' },
    )
  }
  const importId = hexOf(rng(16))
  const chunks = chunkRows(part.rows)
  const members = encodeMembers(part.members, rng(MEMBERS_SALT_BYTES))
  await checkRoom(options, importId, chunks)
  const streams = await Promise.all(
    topology.shareNodes.map((node) => overlay.open(node.name, IMPORT_PROTOCOL, { bulk: true })),
  )
  const coordinates = (receipts: readonly Receipt[], version: number): ShareCoordinates => ({
    dataset: schema.dataset,
    importId,
    version,
    rows: part.rows,
    chunks,
    fileTag,
    holders: topology.shareNodes.map((node, i) => ({
      index: node.index,
      name: node.name,
      vkey: node.vkey,
      root: receipts[i]!.root,
      receipt: receipts[i]!.note,
    })),
  })
  let receipts: Receipt[]
  try {
    receipts = await sendShares(options, part, members, importId, chunks, schemaNote, streams)
  } catch (error) {
    await Promise.all(streams.map((stream) => giveUp(stream, importId, false)))
    throw error
  }
  // On disk before the version is asked for: after a crash in between, the same file is not imported twice.
  await saveCoordinates(dataDirectory, coordinates(receipts, UNREGISTERED))
  let registered: Registered
  try {
    registered = await register(options, members, importId, chunks, receipts, streams)
  } catch (error) {
    const uncertain = isUncertain(error)
    await Promise.all(streams.map((stream) => giveUp(stream, importId, uncertain)))
    if (!uncertain) await forgetCoordinates(dataDirectory, importId)
    throw error
  }
  // From here on the version exists: nothing may drop the shares any more.
  const { version, entry } = registered
  await saveCoordinates(dataDirectory, coordinates(receipts, version.number))
  await Promise.allSettled(streams.map((stream) => activate(stream, version.note)))
  return { importId, version: version.number, rows: part.rows, members: part.members.length, entry }
}

/** Longest version record: with its signature it has to fit into a ledger entry of 65,535 bytes. */
const MOST_RECORD_BYTES = 64_000

/** The newest version of the dataset, its signatures checked; null if there is none yet. */
async function newestVersion({
  overlay,
  registry,
  schema,
}: ImportOptions): Promise<{ note: string; version: VersionBody } | null> {
  const newest = await registry.newest(schema.dataset)
  if (newest === null) return null
  const keys = admissionKeys(overlay.topology)
  const note = newest.versionNote
  return { note, version: openVersion(note, keys, openSchema(newest.schemaNote, keys)) }
}

/** A version names all its parts: refuses before anything is sent if one more does not fit. */
async function checkRoom(
  options: ImportOptions,
  importId: string,
  chunks: readonly number[],
): Promise<void> {
  const { overlay } = options
  const before = (await newestVersion(options))?.version
  const hashes = overlay.topology.shareNodes.map(() => hexOf(new Uint8Array(32)))
  const part = {
    repository: overlay.self.name,
    importId,
    chunks,
    members: hashes[0]!,
    roots: hashes,
    receipts: hashes,
  }
  const parts = [...(before?.parts ?? []), part]
  const bytes = JSON.stringify({ parts, rowsPerMember: before?.rowsPerMember ?? [] }).length
  if (bytes <= MOST_RECORD_BYTES) return
  throw new ShareholdError(
    'SH_IMPORT_VERSION_SIZE',
    `The dataset has ${parts.length - 1} imports: one more does not fit into its version record.`,
    { hint: 'Import fewer, larger files; begin a new dataset for a new period.' },
  )
}

interface Registered {
  readonly version: { readonly number: number; readonly note: string }
  readonly entry: number
}

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
const isUncertain = (error: unknown): boolean =>
  error instanceof ShareholdError && error.code === 'SH_IMPORT_UNCERTAIN'

interface Receipt {
  readonly note: string
  readonly root: string
}

/** Splits, sends and commits; @returns every share-node's receipt, in order. */
async function sendShares(
  options: ImportOptions,
  part: Part,
  members: Uint8Array,
  importId: string,
  chunks: readonly number[],
  schemaNote: string,
  streams: readonly FramedStream[],
): Promise<Receipt[]> {
  const { overlay, schema } = options
  const { topology } = overlay
  const of = committee(committeeSize(topology.shareNodes))
  await Promise.all(
    streams.map(async (stream) => {
      await sendMessage(stream, 'importBegin', {
        importId,
        dataset: schema.dataset,
        schemaNote,
        chunks,
      })
      for (const message of membersMessages(0, members)) await stream.send(message)
    }),
  )
  const leaves: BlockLeaf[][] = streams.map(() => [])
  const places = blocksOf(schema, chunks)
  for (const [done, place] of places.entries()) {
    // A refusal ends the import at once instead of when everything is sent.
    for (const stream of streams) await refusal(stream)
    const blocks = splitBlock(schema, part, place, of)
    await Promise.all(
      streams.map(async (stream, i) => {
        const salt = rng(32)
        const blockKey = {
          dataset: schema.dataset,
          importId,
          column: place.column.name,
          encoding: place.encoding,
          chunk: place.chunk,
        }
        leaves[i]!.push(blockLeaf(blockKey, salt, blocks[i]!, hash))
        const { column, encoding, chunk } = blockKey
        await stream.send(encodeParts('block', { column, encoding, chunk, salt }, blocks[i]))
        blocks[i]!.fill(0)
      }),
    )
    options.onProgress?.(
      (done + 1) / places.length,
      `${place.column.name}, chunk ${place.chunk + 1}`,
    )
  }
  return Promise.all(
    streams.map(async (stream, i) => {
      const root = hexOf(commitTo(leaves[i]!, hash).root)
      await sendMessage(stream, 'importCommit', { root })
      const { header } = await receiveMessage(stream, ['receipt'], { timeoutMs: 120_000 })
      const node = topology.shareNodes[i]!
      const body = openRecordOfAll(header.note, topology.origin, 'receipt', [node.vkey])
      if (body.root !== root || body.importId !== importId || body.node !== node.index) {
        throw new ShareholdError('SH_IMPORT_ROOT', 'The receipt is not for what was sent.', {
          party: node.name,
        })
      }
      return { note: header.note, root }
    }),
  )
}

/** Makes the version note and registers it; again on the newer version if another import was faster. */
async function register(
  options: ImportOptions,
  members: Uint8Array,
  importId: string,
  chunks: readonly number[],
  receipts: readonly Receipt[],
  streams: readonly FramedStream[],
): Promise<Registered> {
  const { overlay, key, registry, schema } = options
  const { topology } = overlay
  const membersHash = hexOf(hash.sha256(members))
  for (let conflicts = 0; ; conflicts++) {
    const newest = await newestVersion(options)
    const before = newest?.version
    if (before !== undefined && before.schemaHash !== schemaHash(schema)) {
      throw new ShareholdError(
        'SH_IMPORT_SCHEMA',
        'The dataset has parts that were imported under another schema.',
      )
    }
    const rowsPerMember = await union(streams, importId, newest?.note ?? '')
    const body: VersionBody = {
      dataset: schema.dataset,
      version: (before?.version ?? 0) + 1,
      importer: overlay.self.name,
      schemaHash: schemaHash(schema),
      parts: [
        ...(before?.parts ?? []),
        {
          repository: overlay.self.name,
          importId,
          chunks,
          members: membersHash,
          roots: receipts.map((receipt) => receipt.root),
          receipts: receipts.map((receipt) => noteHash(receipt.note)),
        },
      ],
      rowsPerMember,
    }
    const note = signRecord(topology.origin, 'version', body, [key.skey])
    try {
      const { entry } = await registry.submitVersion(
        note,
        receipts.map((receipt) => receipt.note),
      )
      return { version: { number: body.version, note }, entry }
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

/** Every share-node's bytes of one block. */
function splitBlock(schema: Schema, part: Part, place: BlockPlace, of: Committee): Uint8Array[] {
  const arena = newArena({ wipe: true })
  try {
    const texts = part.columns[schema.columns.indexOf(place.column)]!
    const from = place.chunk * CHUNK_ROWS
    const encoded = encodeChunk(arena, place.column, texts.slice(from, from + place.rows))
    // 16 bytes from the system, fresh for each block and encoding, make its polynomials or masks.
    const randomness = prgRng(prg, rng(16))
    return place.encoding === 'field'
      ? splitField(arena, encoded.field, of, randomness).map((share) => viewFp(share).slice())
      : splitBits(arena, encoded.planes, of, randomness).map((share) =>
          view(wholeBlock(share)).slice(),
        )
  } finally {
    arena.release()
  }
}

/** Throws the refusal that a share-node has sent meanwhile, if any. */
async function refusal(stream: FramedStream): Promise<void> {
  if (stream.unreadBytes > 0) await receiveMessage(stream, ['receipt'])
  else if (stream.failure !== undefined) throw stream.failure
}

async function activate(stream: FramedStream, versionNote: string): Promise<void> {
  await sendMessage(stream, 'importActivate', { versionNote })
  await receiveMessage(stream, ['acknowledged'], { timeoutMs: 60_000 })
  await stream.close()
}

async function giveUp(stream: FramedStream, importId: string, keep: boolean): Promise<void> {
  try {
    if (keep) {
      await stream.close({ timeoutMs: 5_000 })
      return
    }
    await sendMessage(stream, 'importDrop', { importId })
    await stream.close({ timeoutMs: 5_000 })
  } catch {
    stream.reset('the import failed')
  }
}

const chunkRows = (rows: number): number[] =>
  Array.from({ length: Math.ceil(rows / CHUNK_ROWS) }, (_, chunk) =>
    Math.min(CHUNK_ROWS, rows - chunk * CHUNK_ROWS),
  )

async function readSource(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new ShareholdError('SH_IMPORT_FILE', `The file ${file} cannot be read.`, { cause })
  }
}
