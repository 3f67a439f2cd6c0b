/**
 * What makes a dataset version enter the ledger: it follows from the version before it, changes nothing
 * of other repositories, and every share-node has signed a receipt for the part that is new.
 *
 * Against whom: a repository that claims an import which the share-nodes do not hold, or that touches
 * the parts of others. The same rules as in an audit (protocol/ledger/audit-datasets.ts), so that
 * nothing enters which an auditor would find fault with.
 */
import { canonicalJson } from '../protocol/canonical-json.ts'
import { noteHash, openRecordOfAll } from '../protocol/ledger/records.ts'
import type { ReceiptBody, VersionBody, VersionPart } from '../protocol/ledger/records.ts'
import { ShareholdError } from '../shares/errors.ts'

export interface VersionContext {
  readonly origin: string
  /** Verifier keys of the share-nodes, node 1 first. */
  readonly shareNodes: readonly string[]
  /** The newest version of the dataset, if there is one. */
  readonly previous: VersionBody | undefined
  /** Whether an import of this id has ever been part of the dataset. */
  readonly isKnownImport: (importId: string) => boolean
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

/** How many rows a version has. */
export const rowsOf = (version: VersionBody): number =>
  sum(version.parts.flatMap((part) => part.chunks))

/** How many members have rows in a version. */
export const membersOf = (version: VersionBody): number =>
  sum(version.rowsPerMember.map(([, members]) => members))

/**
 * Checks a version, whose importer's signature has been checked already.
 *
 * @param receipts the receipt notes of the new part, share-node 1 first
 * @throws ShareholdError SH_CATALOGUE_CONFLICT, SH_CATALOGUE_VERSION, SH_CATALOGUE_RECEIPT
 */
export function checkVersion(
  version: VersionBody,
  receipts: readonly string[],
  context: VersionContext,
): void {
  const { previous } = context
  const expected = (previous?.version ?? 0) + 1
  if (version.version !== expected) {
    throw new ShareholdError(
      'SH_CATALOGUE_CONFLICT',
      `The next version of "${version.dataset}" is ${expected}, not ${version.version}.`,
      { hint: 'Another import was entered first: join its parts with yours and sign again.' },
    )
  }
  const part = newPart(version, context)
  const rows = sum(version.rowsPerMember.map(([each, members]) => each * members))
  if (rows !== rowsOf(version)) {
    throw badVersion('rows by member and rows by chunk do not add up to the same')
  }
  checkReceipts(version, part, receipts, context)
}

/** The one part that the version before does not have. */
function newPart(version: VersionBody, context: VersionContext): VersionPart {
  const before = context.previous?.parts ?? []
  const { importer, parts } = version
  const ofOthers = (list: readonly VersionPart[]): string =>
    canonicalJson(list.filter(({ repository }) => repository !== importer))
  if (ofOthers(parts) !== ofOthers(before)) {
    throw badVersion('it changes a part of another repository than the one that signs')
  }
  if (new Set(parts.map(({ importId }) => importId)).size !== parts.length) {
    throw badVersion('it counts an import twice')
  }
  const known = new Map(before.map((part) => [part.importId, canonicalJson(part)]))
  const fresh = parts.filter((part) => known.get(part.importId) !== canonicalJson(part))
  const [part, ...more] = fresh
  if (part === undefined || more.length > 0) {
    throw badVersion(`it has ${fresh.length} new parts instead of one`)
  }
  if (context.isKnownImport(part.importId)) {
    throw badVersion('its new part has the id of an earlier import')
  }
  return part
}

function checkReceipts(
  version: VersionBody,
  part: VersionPart,
  receipts: readonly string[],
  { origin, shareNodes }: VersionContext,
): void {
  const n = shareNodes.length
  if (receipts.length !== n || part.roots.length !== n || part.receipts.length !== n) {
    throw badReceipt(`there is not one receipt, root and hash for each of ${n} share-nodes`)
  }
  for (const [i, vkey] of shareNodes.entries()) {
    const note = receipts[i]!
    const who = `that of share-node ${i + 1}`
    if (noteHash(note) !== part.receipts[i]) throw badReceipt(`${who} has another hash`)
    const receipt = openReceipt(note, origin, vkey, who)
    const expected: ReceiptBody = {
      dataset: version.dataset,
      importId: part.importId,
      repository: version.importer,
      node: i + 1,
      schemaHash: version.schemaHash,
      chunks: part.chunks,
      members: part.members,
      root: part.roots[i]!,
    }
    if (canonicalJson(receipt) !== canonicalJson(expected)) {
      throw badReceipt(`${who} is about something else`)
    }
  }
}

function openReceipt(note: string, origin: string, vkey: string, who: string): ReceiptBody {
  try {
    return openRecordOfAll(note, origin, 'receipt', [vkey])
  } catch (cause) {
    if (!(cause instanceof ShareholdError)) throw cause
    throw badReceipt(`${who} is not signed by it (${cause.code})`, cause)
  }
}

function badVersion(why: string): ShareholdError {
  return new ShareholdError('SH_CATALOGUE_VERSION', `The version cannot be entered: ${why}.`)
}

function badReceipt(why: string, cause?: unknown): ShareholdError {
  const detail = cause === undefined ? {} : { cause }
  return new ShareholdError('SH_CATALOGUE_RECEIPT', `The receipts do not fit: ${why}.`, detail)
}
