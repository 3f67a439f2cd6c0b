/**
 * Encodes a chunk of one column for sharing: bit-planes of the codes (with the validity plane last)
 * and the vector of field values. Plain values: whoever has them is the owner. Put them in an arena
 * that wipes, split them (replicated.ts, shamir.ts) and release it.
 *
 * The planes lie on end in one block, least significant first, each `planeBytes(rows)` long with
 * zeros in the padding lanes. Splitting that block as one long plane gives shares whose every
 * component holds all planes: the layout of a `bits` block at rest (store.ts). A `field` block is the
 * vector's bytes.
 */
import { getBit, planeBytes, zero } from './bits/plane.ts'
import { planesFromWords, select, wordsFromPlanes } from './bits/transpose.ts'
import { codecOf, isNullText, nullRefused, storedPlanes } from './column-codec.ts'
import { type ColumnValues, gatherCodes, gatherValidity, newCodes } from './column-values.ts'
import { ShareholdError } from './errors.ts'
import {
  type Arena,
  type Block,
  blockOf,
  type FpVector,
  sliceBlock,
  view,
  viewFp,
  viewWords,
} from './field/memory.ts'
import { P } from './field/scalar.ts'
import { add, fill } from './field/vector.ts'
import type { Column } from './schema.ts'

export interface EncodedChunk {
  readonly rows: number
  /** `storedPlanes(column)` planes on end: those of the code, then validity (1 = not NULL) if nullable. */
  readonly planes: Block
  readonly field: FpVector
}

/** Bytes of the `bits` encoding of a chunk, per component of a share. */
export function bitsBytes(column: Column, rows: number): number {
  return storedPlanes(column) * planeBytes(rows)
}

/** Bytes of the `field` encoding of a chunk, per share. */
export function fieldBytes(rows: number): number {
  return rows * 8
}

/** Plane `index` of planes on end, sharing memory. The validity plane is the last one. */
export function planeAt(planes: Block, index: number, rows: number): Block {
  const bytes = planeBytes(rows)
  return sliceBlock(planes, index * bytes, (index + 1) * bytes)
}

/**
 * Encodes rows of a column, in any order.
 * @param arena owns the result
 * @param order row `i` of the chunk is row `order[i]` of `values`
 */
export function encodeRows(arena: Arena, values: ColumnValues, order: Uint32Array): EncodedChunk {
  const { column, codes, validity } = values
  const rows = order.length
  const { planes: count, fieldMin } = codecOf(column)
  const planes = arena.bytes(bitsBytes(column, rows))
  const field = arena.elements(rows)
  const scratch = arena.child({ wipe: true })
  try {
    const words = scratch.elements(rows)
    gatherCodes(new Uint32Array(viewFp(words).buffer, words.ptr, 2 * rows), codes, order)
    planesFromWords(
      Array.from({ length: count }, (_, k) => planeAt(planes, k, rows)),
      blockOf(words),
      rows,
    )
    // Field value = smallest field value + code, but of NULL 0.
    fill(field, fieldMin)
    add(field, field, words)
    if (column.nullable) {
      const plane = planeAt(planes, count, rows)
      zero(plane)
      if (validity !== undefined) gatherValidity(view(plane), validity, order)
      select(field, field, plane)
    }
    return { rows, planes, field }
  } finally {
    scratch.release()
  }
}

/**
 * Encodes the texts of one column, one chunk.
 * @param arena owns the result
 * @param texts null or, in a nullable column, '' means NULL
 * @param firstRow number of the first text, for messages: 1 counts within the chunk
 * @throws ShareholdError as `parseValue`, with the row's number and the column's name in the message
 */
export function encodeChunk(
  arena: Arena,
  column: Column,
  texts: readonly (string | null)[],
  firstRow = 1,
): EncodedChunk {
  const rows = texts.length
  const codec = codecOf(column)
  const codes = newCodes(column, rows)
  const validity = new Uint8Array(Math.ceil(rows / 8))
  eachValid(column, texts, firstRow, validity, (text, row) => {
    const code = codec.codeOf(text)
    if (codes instanceof BigUint64Array) codes[row] = BigInt(code)
    else codes[row] = code as number
  })
  const order = Uint32Array.from({ length: rows }, (_, i) => i)
  return encodeRows(arena, { column, codes, validity }, order)
}

/**
 * The texts of an encoded chunk, NULL as null, after checking that both encodings say the same.
 * For owners who look at their own data, and for tests.
 * @throws ShareholdError SH_SHARE_INCONSISTENT if the encodings contradict each other
 */
export function decodeChunk(column: Column, chunk: EncodedChunk, arena: Arena): (string | null)[] {
  const { rows, planes, field } = chunk
  const codec = codecOf(column)
  const scratch = arena.child({ wipe: true })
  try {
    const words = scratch.elements(rows)
    wordsFromPlanes(
      blockOf(words),
      Array.from({ length: codec.planes }, (_, k) => planeAt(planes, k, rows)),
      rows,
    )
    const validity = column.nullable ? planeAt(planes, codec.planes, rows) : undefined
    const codes = viewWords(words)
    const elements = viewWords(field)
    return Array.from(codes, (code, row) => {
      const valid = validity === undefined || getBit(validity, row) === 1
      const value = valid ? codec.fieldMin + code : 0n
      const expected = value < 0n ? value + P : value
      if (elements[row] !== expected || code > codec.codeMax || (!valid && code !== 0n)) {
        throw new ShareholdError(
          'SH_SHARE_INCONSISTENT',
          `the two encodings of column ${column.name} contradict each other`,
        )
      }
      return valid ? codec.textOf(code) : null
    })
  } finally {
    scratch.release()
  }
}

/** Calls `encode` for every text that is not NULL and marks it in `validity`; errors get their place. */
function eachValid(
  column: Column,
  texts: readonly (string | null)[],
  firstRow: number,
  validity: Uint8Array,
  encode: (text: string, row: number) => void,
): void {
  let row = 0
  try {
    for (; row < texts.length; row++) {
      const text = texts[row] ?? null
      if (isNullText(column, text)) {
        if (!column.nullable) throw nullRefused()
        continue
      }
      validity[row >> 3]! |= 1 << (row & 7)
      encode(text, row)
    }
  } catch (error) {
    if (!(error instanceof ShareholdError)) throw error
    throw new ShareholdError(
      error.code,
      `row ${firstRow + row}, column ${column.name}: ${error.message}`,
      error.hint === undefined ? {} : { hint: error.hint },
    )
  }
}
