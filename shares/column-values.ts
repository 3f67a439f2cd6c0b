/**
 * The plain values of a column, as codes (column-codec.ts) in a typed array: 1 to 8 bytes a row, whatever
 * the texts were. Whoever has them is the owner.
 */
import { codecOf } from './column-codec.ts'
import type { Column } from './schema.ts'

/** Of the narrowest kind that holds the column's codes exactly. */
export type Codes = Uint8Array | Uint16Array | Uint32Array | Float64Array | BigUint64Array

export interface ColumnValues {
  readonly column: Column
  /** One a row; 0 where the value is NULL. */
  readonly codes: Codes
  /** Of a nullable column: bit r & 7 of byte r >> 3 is 1 if row r is not NULL. */
  readonly validity?: Uint8Array
}

/** Zeros, for `rows` codes of the column. */
export function newCodes(column: Column, rows: number): Codes {
  const { codeMax, narrow } = codecOf(column)
  if (codeMax < 2n ** 8n) return new Uint8Array(rows)
  if (codeMax < 2n ** 16n) return new Uint16Array(rows)
  if (codeMax < 2n ** 32n) return new Uint32Array(rows)
  return narrow ? new Float64Array(rows) : new BigUint64Array(rows)
}

/**
 * Writes codes[order[i]] as the i-th little-endian u64.
 * @param words 2 * order.length u32
 */
export function gatherCodes(words: Uint32Array, codes: Codes, order: Uint32Array): void {
  if (codes instanceof BigUint64Array) gatherLong(words, codes, order)
  else if (codes instanceof Float64Array) gatherDoubles(words, codes, order)
  else gatherShort(words, codes, order)
}

function gatherShort(
  words: Uint32Array,
  codes: Uint8Array | Uint16Array | Uint32Array,
  order: Uint32Array,
): void {
  for (let i = 0; i < order.length; i++) {
    words[2 * i] = codes[order[i]!]!
    words[2 * i + 1] = 0
  }
}

function gatherDoubles(words: Uint32Array, codes: Float64Array, order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) {
    const code = codes[order[i]!]!
    // A typed array takes a number modulo 2^32.
    words[2 * i] = code
    words[2 * i + 1] = code / 2 ** 32
  }
}

function gatherLong(words: Uint32Array, codes: BigUint64Array, order: Uint32Array): void {
  const halves = new Uint32Array(codes.buffer, codes.byteOffset, 2 * codes.length)
  for (let i = 0; i < order.length; i++) {
    words[2 * i] = halves[2 * order[i]!]!
    words[2 * i + 1] = halves[2 * order[i]! + 1]!
  }
}

/**
 * Writes bit order[i] of `from` as bit i.
 * @param to zeros
 */
export function gatherValidity(to: Uint8Array, from: Uint8Array, order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!
    const bit = (from[row >> 3]! >> (row & 7)) & 1
    to[i >> 3]! |= bit << (i & 7)
  }
}
