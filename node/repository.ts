/**
 * A data repository's import: reads and checks a file, splits every value into shares, sends each
 * share-node its own, and makes a new dataset version of it. The repository keeps who holds what
 * (the share coordinates), not the data.
 *
 * Order of events, so that nothing is ever half there: the whole file is checked before the first
 * share leaves; every share-node syncs before it signs its receipt; the version enters the ledger
 * only with all n receipts; if that fails, the share-nodes are told to drop the import.
 */
import { openSchema } from '../protocol/admission.ts'
import { schemaHash } from '../protocol/ledger/records.ts'
import { CHUNK_ROWS } from '../protocol/plan.ts'
import { ShareholdError } from '../shares/errors.ts'
import { hexOf } from '../shares/hex.ts'

import { collectLessOften } from './collector.ts'
import { rng } from './crypto.ts'
import type { FramedStream } from './framed-stream.ts'
import { IMPORT_PROTOCOL } from './import-blocks.ts'
import { membersOf } from './import-members.ts'
import { sendImport } from './import-sender.ts'
import type { ImportHead, Receipt } from './import-sender.ts'
import { readSource } from './import-source.ts'
import { checkRoom, isUncertain, registerVersion } from './import-version.ts'
import type { Importer, RegisteredVersion } from './import-version.ts'
import { admissionKeys } from './job-server.ts'
import { receiveMessage, sendMessage } from './message-stream.ts'
import {
  UNREGISTERED,
  forgetCoordinates,
  refuseDuplicate,
  saveCoordinates,
} from './share-coordinates.ts'
import type { ShareCoordinates } from './share-coordinates.ts'

export interface ImportOptions extends Importer {
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

/**
 * Imports one CSV file as a new part of the dataset.
 * @throws ShareholdError SH_IMPORT_*, SH_ENCODE_*, SH_CATALOGUE_*, SH_NET_*
 */
export async function importCsv(options: ImportOptions): Promise<ImportResult> {
  const { overlay, schema, dataDirectory } = options
  const { topology } = overlay
  collectLessOften()
  options.onProgress?.(0, 'checking')
  const { part, fileTag } = await readSource(options.csvFile, schema, options.key)
  await refuseDuplicate(dataDirectory, fileTag)

  const { dataset } = schema
  const chunks = chunkRows(part.rows)
  const schemaNote = await signedSchema(options)
  const head: ImportHead = { importId: hexOf(rng(16)), dataset, schemaNote, chunks }
  await checkRoom(options, head)
  const members = membersOf(part)
  const streams = await Promise.all(
    topology.shareNodes.map((node) => overlay.open(node.name, IMPORT_PROTOCOL, { bulk: true })),
  )
  const coordinates = (receipts: readonly Receipt[], version: number): ShareCoordinates => ({
    dataset,
    importId: head.importId,
    version,
    rows: part.rows,
    chunks,
    fileTag,
    holders: topology.shareNodes.map(({ index, name, vkey }, i) => {
      const { root, note } = receipts[i]!
      return { index, name, vkey, root, receipt: note }
    }),
  })
  let receipts: Receipt[]
  try {
    receipts = await sendImport(topology, head, part, members.list, streams, options.onProgress)
  } catch (error) {
    await Promise.all(streams.map((stream) => giveUp(stream, head.importId, false)))
    throw error
  }
  // On disk before the version is asked for: after a crash in between, the same file is not imported twice.
  await saveCoordinates(dataDirectory, coordinates(receipts, UNREGISTERED))
  let version: RegisteredVersion
  try {
    version = await registerVersion(options, head, members.list, receipts, streams)
  } catch (error) {
    const uncertain = isUncertain(error)
    await Promise.all(streams.map((stream) => giveUp(stream, head.importId, uncertain)))
    if (!uncertain) await forgetCoordinates(dataDirectory, head.importId)
    throw error
  }
  // From here on the version exists: nothing may drop the shares any more.
  await saveCoordinates(dataDirectory, coordinates(receipts, version.number))
  await Promise.allSettled(streams.map((stream) => activate(stream, version.note)))
  return {
    importId: head.importId,
    version: version.number,
    rows: part.rows,
    members: members.count,
    entry: version.entry,
  }
}

/** The note of the schema. @throws ShareholdError SH_IMPORT_SCHEMA if that is not the one of the options */
async function signedSchema({ overlay, registry, schema }: Importer): Promise<string> {
  const note = await registry.schemaNote(schema.dataset)
  const signed = openSchema(note, admissionKeys(overlay.topology))
  if (schemaHash(signed.schema) === schemaHash(schema)) return note
  throw new ShareholdError(
    'SH_IMPORT_SCHEMA',
    'The schema file differs from the schema that the repositories have signed.',
    { hint: 'Sign the new schema first: `sharehold repository sign`.' },
  )
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
