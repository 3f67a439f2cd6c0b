/**
 * Takes one column of a CSV file, batch of rows after batch: codes (shares/column-values.ts), 1 to 8 bytes
 * a row. Nothing of a cell's text is kept; what it may be, column-codec.ts says.
 */
import { cellReader, UNREAD } from '../shares/cell-codes.ts'
import type { CellReader } from '../shares/cell-codes.ts'
import { codecOf } from '../shares/column-codec.ts'
import { newCodes } from '../shares/column-values.ts'
import type { Codes, ColumnValues } from '../shares/column-values.ts'
import { ShareholdError } from '../shares/errors.ts'
import type { Column } from '../shares/schema.ts'

import { grown } from './growing-array.ts'

/** Rows of a file, as csv-scanner.ts finds them. */
export interface CsvRows {
  readonly bytes: Buffer
  /** Cell `c` of row `r` is bytes cells[2 * (r * width + c)] .. cells[2 * (r * width + c) + 1]-1. */
  readonly cells: Int32Array
  readonly width: number
  /** Rows from..to-1 are meant. */
  readonly from: number
  readonly to: number
  /** Number of the first of them, for messages. */
  readonly firstNumber: number
}

export class CsvColumn {
  readonly #column: Column
  readonly #read: CellReader
  #codes: Codes
  #validity = new Uint8Array(0)
  #rows = 0
  /** Of one batch: one kind of array, so that the loop is compiled for it. */
  #scratch = new Float64Array(0)

  constructor(column: Column) {
    this.#column = column
    this.#read = cellReader(column)
    this.#codes = newCodes(column, 0)
  }

  /** @throws ShareholdError SH_ENCODE_*, naming row, column and rule, never the text */
  take(rows: CsvRows, place: number): void {
    const count = rows.to - rows.from
    this.#codes = grown(this.#codes, this.#rows + count)
    if (this.#column.nullable) {
      this.#validity = grown(this.#validity, Math.ceil((this.#rows + count) / 8))
    }
    if (this.#codes instanceof BigUint64Array) this.#takeLong(this.#codes, rows, place)
    else this.#takeNumbers(this.#codes, rows, place)
    this.#rows += count
  }

  get values(): ColumnValues {
    const [column, codes] = [this.#column, this.#codes]
    return column.nullable ? { column, codes, validity: this.#validity } : { column, codes }
  }

  #takeNumbers(codes: Exclude<Codes, BigUint64Array>, rows: CsvRows, place: number): void {
    const { bytes, cells, width, from, to } = rows
    const { nullable } = this.#column
    const read = this.#read
    this.#scratch = grown(this.#scratch, to - from)
    const scratch = this.#scratch
    const validity = this.#validity
    for (let row = from; row < to; row++) {
      const cell = 2 * (row * width + place)
      const start = cells[cell]!
      const end = cells[cell + 1]!
      if (nullable && start === end) {
        scratch[row - from] = 0
        continue
      }
      const code = read(bytes, start, end)
      scratch[row - from] = code === UNREAD ? (this.#codeAt(rows, row, start, end) as number) : code
      if (nullable) {
        const at = this.#rows + row - from
        validity[at >> 3]! |= 1 << (at & 7)
      }
    }
    codes.set(scratch.subarray(0, to - from), this.#rows)
  }

  /** The same for codes that numbers do not hold. */
  #takeLong(codes: BigUint64Array, rows: CsvRows, place: number): void {
    for (let row = rows.from; row < rows.to; row++) {
      const cell = 2 * (row * rows.width + place)
      const start = rows.cells[cell]!
      const end = rows.cells[cell + 1]!
      if (start === end && this.#column.nullable) continue
      const at = this.#rows + row - rows.from
      codes[at] = BigInt(this.#codeAt(rows, row, start, end))
      if (this.#column.nullable) this.#validity[at >> 3]! |= 1 << (at & 7)
    }
  }

  /** What is not written in the usual way, or is wrong. */
  #codeAt(rows: CsvRows, row: number, start: number, end: number): number | bigint {
    try {
      return codecOf(this.#column).codeOf(rows.bytes.toString('utf8', start, end))
    } catch (error) {
      if (!(error instanceof ShareholdError)) throw error
      const number = rows.firstNumber + row - rows.from
      throw new ShareholdError(
        error.code,
        `row ${number}, column ${this.#column.name}: ${error.message}`,
        error.hint === undefined ? {} : { hint: error.hint },
      )
    }
  }
}
