/**
 * Records: the typed statements that are entered in the ledger. A record's text has two lines, its kind
 * and its body in canonical JSON; it is signed as a note:
 *
 *     <origin>/<kind>/v1
 *     {...}
 *
 *     — <author> <signature>
 *
 * The first line keeps a signature from being used for another kind, another network or a checkpoint. A
 * reader accepts exactly what a writer would have written. Who must sign which kind: audit-signatures.ts.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { z } from 'zod'

import { ShareholdError } from '../../shares/errors.ts'
import type { Hash } from '../../shares/hash.ts'
import { leafHash, root } from '../../shares/merkle.ts'
import type { Schema } from '../../shares/schema.ts'
import { canonicalJson, parseCanonicalJson } from '../canonical-json.ts'

import { openNote, openNoteOfAll, type OpenOptions, parseNote, signNote } from './note.ts'
import type { Hex32, RecordBodies, RecordKind, VersionBody } from './record-bodies.ts'
import { RECORD_CHECKS } from './record-checks.ts'

export type * from './record-bodies.ts'

/** Every kind of record. */
export const RECORD_KINDS: readonly RecordKind[] = [
  'schema',
  'receipt',
  'version',
  'job-request',
  'job-start',
  'report',
  'completion',
  'failure',
  'abort',
]

/** A record of some kind, as read. */
export type LedgerRecord<K extends RecordKind = RecordKind> = {
  readonly [P in K]: { readonly kind: P; readonly body: RecordBodies[P] }
}[K]

/**
 * The text of a record, to be signed.
 *
 * @param origin name of the network's ledger
 * @throws TypeError if the body breaks its format
 */
export function recordText<K extends RecordKind>(
  origin: string,
  kind: K,
  body: RecordBodies[K],
): string {
  const fault = faultOf(kind, body)
  if (fault !== undefined) throw new TypeError(`a ${kind} record: ${fault}`)
  return `${origin}/${kind}/v1\n${canonicalJson(body)}\n`
}

/**
 * Makes and signs a record.
 *
 * @param skeys the authors' signer keys
 * @throws TypeError as `recordText`
 * @throws ShareholdError SH_NOTE_KEY
 */
export function signRecord<K extends RecordKind>(
  origin: string,
  kind: K,
  body: RecordBodies[K],
  skeys: readonly string[],
): string {
  return signNote(recordText(origin, kind, body), skeys)
}

/**
 * Reads the text of a record of any kind.
 *
 * @throws ShareholdError SH_LEDGER_RECORD unless it is exactly what `recordText` writes
 */
export function parseRecord(text: string, origin: string): LedgerRecord {
  const [head, json, end, ...more] = text.split('\n')
  const kind = RECORD_KINDS.find((one) => head === `${origin}/${one}/v1`)
  if (kind === undefined) throw malformed('its first line names no kind of record of this ledger')
  if (json === undefined || end !== '' || more.length > 0) throw malformed('it has not two lines')
  let body: unknown
  try {
    body = parseCanonicalJson(json)
  } catch {
    throw malformed('its body is not canonical JSON')
  }
  const fault = faultOf(kind, body)
  if (fault !== undefined) throw malformed(`${kind}: ${fault}`)
  // The check of this very kind has just passed; TypeScript does not tie kind and body together.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { kind, body } as LedgerRecord
}

/**
 * Reads the text of a record of one kind.
 *
 * @throws ShareholdError SH_LEDGER_RECORD, also for another kind
 */
export function parseRecordOf<K extends RecordKind>(
  text: string,
  origin: string,
  kind: K,
): RecordBodies[K] {
  const record = parseRecord(text, origin)
  if (record.kind !== kind) throw malformed(`it is a ${record.kind} record, not a ${kind} record`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return record.body as RecordBodies[K]
}

/** The kind and the body of a note, its signatures not verified. @throws as `parseRecord`, SH_NOTE_MALFORMED */
export function peekRecord(note: string, origin: string): LedgerRecord {
  return parseRecord(parseNote(note).text, origin)
}

/**
 * Opens a signed record: the signatures of known keys must be good, and no other key may have signed.
 *
 * @param vkeys keys that may sign this kind, from the topology
 * @returns the body, and which of the keys have signed (at least one)
 * @throws ShareholdError SH_NOTE_*, SH_LEDGER_RECORD
 */
export function openRecord<K extends RecordKind>(
  note: string,
  origin: string,
  kind: K,
  vkeys: readonly string[],
  options: Pick<OpenOptions, 'verify'> = {},
): { readonly body: RecordBodies[K]; readonly signers: readonly string[] } {
  const { text, signers } = openNote(note, vkeys, options)
  return { body: parseRecordOf(text, origin, kind), signers }
}

/**
 * Opens a record that all of `vkeys`, and nobody else, must have signed.
 *
 * @throws ShareholdError SH_NOTE_*, SH_LEDGER_RECORD
 */
export function openRecordOfAll<K extends RecordKind>(
  note: string,
  origin: string,
  kind: K,
  vkeys: readonly string[],
  options: Pick<OpenOptions, 'verify'> = {},
): RecordBodies[K] {
  return parseRecordOf(openNoteOfAll(note, vkeys, options), origin, kind)
}

/** Hash of a note: SHA-256 of its UTF-8 text, signatures included. */
export function noteHash(note: string): Hex32 {
  return bytesToHex(sha256(new TextEncoder().encode(note)))
}

/** Hash of a value: SHA-256 of its canonical JSON. Plans and planParams are hashed so. */
export function jsonHash(value: unknown): Hex32 {
  return bytesToHex(sha256(new TextEncoder().encode(canonicalJson(value))))
}

/** Hash of a schema, by which versions, receipts and requests pin it. */
export function schemaHash(schema: Schema): Hex32 {
  return jsonHash(schema)
}

/**
 * The input roots of a dataset version, share-node 1 first: for node i the RFC 6962 root over the R_i
 * of all parts, in their order.
 */
export function inputRoots(version: VersionBody, hash: Hash): Hex32[] {
  const nodes = version.parts[0]?.roots.length ?? 0
  return Array.from({ length: nodes }, (_, i) =>
    merkleRootOf(
      version.parts.map((part) => part.roots[i] ?? ''),
      hash,
    ),
  )
}

/**
 * The output root of a completion: RFC 6962 root over SHA-256(sealed output of node i).
 *
 * @param sealedOutputs hashes, node 1 first
 */
export function outputRoot(sealedOutputs: readonly Hex32[], hash: Hash): Hex32 {
  return merkleRootOf(sealedOutputs, hash)
}

function merkleRootOf(leaves: readonly Hex32[], hash: Hash): Hex32 {
  const hashes = leaves.map((leaf) => leafHash(hexToBytes(leaf), hash))
  return bytesToHex(root(hashes, hash))
}

/** What is wrong with a body, or undefined. Names fields, never quotes values. */
function faultOf(kind: RecordKind, body: unknown): string | undefined {
  const result = RECORD_CHECKS[kind].safeParse(body)
  if (result.success) return undefined
  const issue = result.error.issues[0]
  return `${z.core.toDotPath(issue?.path ?? [])} ${issue?.message ?? 'is wrong'}`.trim()
}

function malformed(reason: string): ShareholdError {
  return new ShareholdError('SH_LEDGER_RECORD', `The record is malformed: ${reason}.`)
}
