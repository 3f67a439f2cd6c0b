/**
 * What a column's codes mean: value(code) = (origin + code * step) / divisor, codes from 0 to size-1.
 * Numbers count in units of 1 (divisor 10^scale), dates and timestamps in microseconds since
 * 2000-01-01 (divisor 1), so that any two columns that PostgreSQL can compare share a unit. A boolean
 * counts as 0 and 1. Text has codes without a value: its order is the dictionary's bytes.
 */
import { codecOf } from '../../shares/column-codec.ts'
import type { Column } from '../../shares/schema.ts'

import type { SqlType } from './answer-spec.ts'
import { MICROSECONDS_PER_DAY, parseTimestamp } from './datetime.ts'
import type { MadeColumn } from './made-table.ts'
import { powerOfTen } from './numeric.ts'

export interface ColumnDomain {
  /** Number of codes. */
  readonly size: bigint
  readonly origin: bigint
  readonly step: bigint
  readonly divisor: bigint
}

const INT4 = 2_147_483_647

/** The type that the column has in PostgreSQL: an integer range beyond int4 makes a bigint, if no query has made it. */
export function sqlTypeOf(column: Column | MadeColumn): SqlType {
  if ('sqlType' in column) return column.sqlType
  switch (column.type) {
    case 'integer':
      return column.min < -INT4 - 1 || column.max > INT4 ? 'bigint' : 'integer'
    case 'decimal':
      return 'numeric'
    case 'boolean':
    case 'date':
    case 'timestamp':
    case 'text':
      return column.type
  }
}

/** Codes and values of a column; text has only a size. */
export function domainOf(column: Column): ColumnDomain {
  switch (column.type) {
    case 'boolean':
      return { size: 2n, origin: 0n, step: 1n, divisor: 1n }
    case 'integer':
    case 'decimal': {
      const { fieldMin, fieldMax, scale } = codecOf(column)
      return ranged(fieldMin, fieldMax, 1n, powerOfTen(scale))
    }
    case 'date':
      return ranged(
        parseTimestamp(column.min),
        parseTimestamp(column.max),
        MICROSECONDS_PER_DAY,
        1n,
      )
    case 'timestamp':
      return ranged(
        parseTimestamp(column.min),
        parseTimestamp(column.max),
        BigInt(column.resolutionSeconds) * 1_000_000n,
        1n,
      )
    case 'text':
      return { size: BigInt(column.dictionary.length), origin: 0n, step: 1n, divisor: 1n }
  }
}

/** The largest magnitude that the column's field element can have: what sums are made of. */
export function fieldMagnitude(column: Column): bigint {
  const { fieldMin, fieldMax } = codecOf(column)
  const [least, most] = [fieldMin, fieldMax].map((value) => (value < 0n ? -value : value))
  return least! > most! ? least! : most!
}

function ranged(origin: bigint, last: bigint, step: bigint, divisor: bigint): ColumnDomain {
  return { size: (last - origin) / step + 1n, origin, step, divisor }
}
