/**
 * A derived column of a CSV file, computed from the codes of the columns that its expression reads, batch of
 * rows after batch. What has been computed for some codes is remembered: an expression is evaluated once for
 * each combination of values, not once a row.
 */
import type { Derivation } from '../protocol/sql/derived.ts'
import { codecOf, nullRefused, textOfCode } from '../shares/column-codec.ts'
import { newCodes } from '../shares/column-values.ts'
import type { Codes, ColumnValues } from '../shares/column-values.ts'
import { ShareholdError } from '../shares/errors.ts'

import { grown } from './growing-array.ts'

/** Combinations that are remembered at a time: some 100 MB. */
const MOST_REMEMBERED = 1 << 20

/** A code, or NULL. */
type Computed = number | bigint | null

export class DerivedColumn {
  readonly #derivation: Derivation
  readonly #known = new Map<string | number, Computed>()
  #codes: Codes
  #validity = new Uint8Array(0)
  #rows = 0

  constructor(derivation: Derivation) {
    this.#derivation = derivation
    this.#codes = newCodes(derivation.column, 0)
  }

  /**
   * Computes the rows that the sources have and this column has not yet.
   * @param sources in the order of the derivation, `rows` rows each
   * @param firstNumber of the first row of the file, for messages
   * @throws ShareholdError SH_ENCODE_*, naming row, column and rule, never a value
   */
  take(sources: readonly ColumnValues[], rows: number, firstNumber: number): void {
    const { column } = this.#derivation
    this.#codes = grown(this.#codes, rows)
    if (column.nullable) this.#validity = grown(this.#validity, Math.ceil(rows / 8))
    for (let row = this.#rows; row < rows; row++) {
      const code = this.#codeAt(sources, row, firstNumber)
      if (code === null) continue
      if (this.#codes instanceof BigUint64Array) this.#codes[row] = BigInt(code)
      else this.#codes[row] = Number(code)
      if (column.nullable) this.#validity[row >> 3]! |= 1 << (row & 7)
    }
    this.#rows = rows
  }

  get values(): ColumnValues {
    const { column } = this.#derivation
    const codes = this.#codes
    return column.nullable ? { column, codes, validity: this.#validity } : { column, codes }
  }

  #codeAt(sources: readonly ColumnValues[], row: number, firstNumber: number): Computed {
    const key = keyOf(sources, row)
    let code = this.#known.get(key)
    if (code === undefined) {
      code = this.#compute(sources, row, firstNumber)
      if (this.#known.size >= MOST_REMEMBERED) this.#known.clear()
      this.#known.set(key, code)
    }
    return code
  }

  #compute(sources: readonly ColumnValues[], row: number, firstNumber: number): Computed {
    const { column } = this.#derivation
    const texts = sources.map((source) =>
      isNull(source, row) ? null : textOfCode(source.column, BigInt(source.codes[row]!)),
    )
    try {
      const text = this.#derivation.compute(texts)
      if (text !== null) return codecOf(column).codeOf(text)
      if (column.nullable) return null
      throw nullRefused()
    } catch (error) {
      if (!(error instanceof ShareholdError)) throw error
      // What the evaluator says may quote a value.
      const encoding = error.code.startsWith('SH_ENCODE_')
      const rule = encoding ? error.message : 'its expression fails on the values of this row'
      throw new ShareholdError(
        encoding ? error.code : 'SH_ENCODE_DERIVED',
        `row ${firstNumber + row}, column ${column.name}: ${rule}`,
        encoding && error.hint !== undefined
          ? { hint: error.hint }
          : { hint: `It is derived: ${column.derived}` },
      )
    }
  }
}

function isNull({ validity }: ColumnValues, row: number): boolean {
  return validity !== undefined && ((validity[row >> 3]! >> (row & 7)) & 1) === 0
}

/** Tells combinations of values apart; of one column they are numbers. */
function keyOf(sources: readonly ColumnValues[], row: number): string | number {
  const [only] = sources
  if (only !== undefined && sources.length === 1 && !(only.codes instanceof BigUint64Array)) {
    return isNull(only, row) ? -1 : only.codes[row]!
  }
  return sources.map((source) => (isNull(source, row) ? '' : source.codes[row])).join(',')
}
