/**
 * What an import consists of, as both of its sides compute it: which blocks there are, in which order
 * they are sent and committed to, and how many bytes each has on a share-node.
 */
import type { Committee } from '../shares/committee.ts'
import { bitsBytes, fieldBytes } from '../shares/encode.ts'
import { componentCount } from '../shares/replicated.ts'
import type { Column, Schema } from '../shares/schema.ts'
import type { Encoding } from '../shares/store.ts'

export const IMPORT_PROTOCOL = '/sharehold/import/1.0.0'

/** Longest canonical list of member runs that is taken. */
export const MAX_MEMBERS_BYTES: number = 256 * 1024 * 1024

/** Most blocks of an import: their list is kept in memory. */
export const MAX_BLOCKS: number = 2 ** 20

export interface BlockPlace {
  readonly column: Column
  readonly encoding: Encoding
  readonly chunk: number
  readonly rows: number
}

/** All blocks of an import: chunk after chunk, columns in the schema's order, field before bits. */
export function blocksOf(schema: Schema, chunks: readonly number[]): BlockPlace[] {
  return chunks.flatMap((rows, chunk) =>
    schema.columns.flatMap((column) =>
      (['field', 'bits'] as const).map((encoding) => ({ column, encoding, chunk, rows })),
    ),
  )
}

/** Where a block stands in `blocksOf`. */
export function blockIndex(
  schema: Schema,
  column: Column,
  encoding: Encoding,
  chunk: number,
): number {
  const columns = schema.columns.length
  return 2 * (chunk * columns + schema.columns.indexOf(column)) + (encoding === 'field' ? 0 : 1)
}

/** Bytes of one share-node's block. */
export function blockBytes(place: BlockPlace, committee: Committee): number {
  return place.encoding === 'field'
    ? fieldBytes(place.rows)
    : componentCount(committee) * bitsBytes(place.column, place.rows)
}
