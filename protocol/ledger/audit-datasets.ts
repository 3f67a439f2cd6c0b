/**
 * Third part of an audit: that dataset versions follow from schemas and receipts. A version counts only
 * what every share-node has acknowledged, and a repository can change its own parts only.
 */
import { canonicalJson } from '../canonical-json.ts'
import { partsFault, repositoriesFault } from '../unique-columns.ts'

import { Finding, type Checklist } from './audit-report.ts'
import type { SignedEntry } from './audit-signatures.ts'
import {
  noteHash,
  type ReceiptBody,
  type SchemaBody,
  schemaHash,
  type VersionBody,
  type VersionPart,
} from './records.ts'

/** What the ledger says about datasets. */
export interface Catalogue {
  /** By schema hash. */
  readonly schemas: ReadonlyMap<string, SchemaBody>
  /** By `versionKey`. */
  readonly versions: ReadonlyMap<string, EnteredVersion>
}

export interface EnteredVersion {
  /** Its entry. */
  readonly seq: number
  /** `noteHash` of the version note. */
  readonly hash: string
  readonly body: VersionBody
}

/** Key of a version in a catalogue. */
export const versionKey = (dataset: string, version: number): string => `${version} ${dataset}`

/** Checks all versions, one item each. */
export async function auditDatasets(
  entries: readonly SignedEntry[],
  list: Checklist,
): Promise<Catalogue> {
  const schemas = new Map<string, SchemaBody>()
  const current = new Map<string, { readonly hash: string; readonly body: SchemaBody }>()
  const receipts = new Map<string, ReceiptBody>()
  const versions = new Map<string, EnteredVersion>()
  const newest = new Map<string, VersionBody>()
  for (const { seq, note, record } of entries) {
    if (record.kind === 'receipt') receipts.set(noteHash(note), record.body)
    if (record.kind === 'schema') {
      const hash = schemaHash(record.body.schema)
      schemas.set(hash, record.body)
      current.set(record.body.schema.dataset, { hash, body: record.body })
    }
    if (record.kind !== 'version') continue
    const { body } = record
    const id = `dataset/${body.dataset}/${body.version}`
    const title = `Version ${body.version} of ${body.dataset} is what the share-nodes acknowledged`
    await list.check(id, title, seq, () => {
      const previous = newest.get(body.dataset)
      checkSchema(body, current.get(body.dataset))
      checkSuccession(body, previous)
      for (const part of body.parts) checkReceipts(body, part, receipts)
      return checkRows(body)
    })
    versions.set(versionKey(body.dataset, body.version), { seq, hash: noteHash(note), body })
    newest.set(body.dataset, body)
  }
  return { schemas, versions }
}

function checkSchema(
  body: VersionBody,
  schema: { readonly hash: string; readonly body: SchemaBody } | undefined,
): void {
  if (schema === undefined || schema.hash !== body.schemaHash) {
    throw new Finding('It does not have the schema that the repositories signed last.')
  }
  const names = [body.importer, ...body.parts.map(({ repository }) => repository)]
  const stranger = names.find((name) => !schema.body.repositories.includes(name))
  if (stranger !== undefined) throw new Finding(`${stranger} is no repository of this dataset.`)
  const { schema: columns, repositories } = schema.body
  const fault = repositoriesFault(columns, repositories) ?? partsFault(columns, body)
  if (fault !== undefined) throw new Finding(fault)
}

function checkSuccession(body: VersionBody, previous: VersionBody | undefined): void {
  const expected = (previous?.version ?? 0) + 1
  if (body.version !== expected) throw new Finding(`It should be version ${expected}.`)
  const ofOthers = (parts: readonly VersionPart[]): string =>
    canonicalJson(parts.filter(({ repository }) => repository !== body.importer))
  if (ofOthers(body.parts) !== ofOthers(previous?.parts ?? [])) {
    throw new Finding('It changes the part of another repository than the one that signs.')
  }
  if (new Set(body.parts.map(({ importId }) => importId)).size !== body.parts.length) {
    throw new Finding('It counts an import twice.')
  }
}

function checkReceipts(
  body: VersionBody,
  part: VersionPart,
  receipts: ReadonlyMap<string, ReceiptBody>,
): void {
  if (part.receipts.length !== part.roots.length) {
    throw new Finding('A part has not one receipt for each root.')
  }
  for (const [i, hash] of part.receipts.entries()) {
    const receipt = receipts.get(hash)
    if (receipt === undefined) {
      throw new Finding(`The receipt of share-node ${i + 1} is not in the ledger before it.`)
    }
    const expected: ReceiptBody = {
      dataset: body.dataset,
      importId: part.importId,
      repository: part.repository,
      node: i + 1,
      schemaHash: body.schemaHash,
      chunks: part.chunks,
      members: part.members,
      root: part.roots[i] ?? '',
    }
    if (canonicalJson(receipt) !== canonicalJson(expected)) {
      throw new Finding(`The receipt of share-node ${i + 1} is about something else.`)
    }
  }
}

function checkRows(body: VersionBody): string {
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
  const rows = sum(body.parts.flatMap(({ chunks }) => chunks))
  if (sum(body.rowsPerMember.map(([each, members]) => each * members)) !== rows) {
    throw new Finding('Rows by member and rows by chunk do not add up to the same.')
  }
  return `${rows} rows in ${body.parts.length} part(s)`
}
