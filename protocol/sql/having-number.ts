/**
 * Numbers in HAVING: exact ones, which are polynomials, and averages, which are rounded when they are compared.
 *
 * A comparison must come out as PostgreSQL's, which compares rounded averages. An average is a quotient q = S / n with S
 * of scale s, shown with at least r decimals, r from its largest magnitude (select_div_scale in numeric.c). A number m of
 * scale s' that q is not equal to is at least 1 / (n * 10^max(s, s')) away from q. If that is more than half a unit of
 * the last of r decimals, rounding q does not carry it to m or beyond, and q = m has no more decimals than r; so S is
 * compared with m * n. Where the sizes of the dataset do not prove it, the comparison is refused.
 */
import { ShareholdError } from '../../shares/errors.ts'
import type { Wire } from '../circuit-builder.ts'

import type { AggregateSpec, SqlType } from './answer-spec.ts'
import { castValue } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import type { AggregateFilter } from './bound.ts'
import { parseDate, parseTimestamp } from './datetime.ts'
import { powerOfTen } from './numeric.ts'
import { addPolynomials, multiplyPolynomials, scalePolynomial } from './polynomial.ts'
import type { Polynomial } from './polynomial.ts'
import type { RowValue } from './row-value.ts'

/** An exact number: polynomial / 10^scale; NULL where `known` is not 1. */
export interface Exact {
  readonly kind: 'exact'
  readonly polynomial: Polynomial
  readonly scale: number
  readonly type: SqlType
  readonly known: Wire
}

/** What rows an average counts: all that pass the filter, if there is no argument. */
export interface CountedRows {
  readonly filter: AggregateFilter | undefined
  readonly distinct?: AggregateSpec['distinct']
  readonly argument?: RowValue | undefined
}

/** An average: sum / 10^scale / count, rounded. */
export interface Mean {
  readonly kind: 'mean'
  readonly sum: Polynomial
  readonly count: Polynomial
  readonly scale: number
  readonly known: Wire
  /** Fewest decimals that it can be rounded to. */
  readonly decimals: number
  readonly countBound: bigint
  /** Equal for averages over as many values, whatever the data. */
  readonly counted: CountedRows
}

export type NumberValue = Exact | Mean

/** A number with the sign of left - right. @throws ShareholdError SH_SQL_UNSUPPORTED */
export function differenceOf(left: NumberValue, right: NumberValue): Polynomial {
  if (left.kind === 'exact' && right.kind === 'exact') {
    const scale = Math.max(left.scale, right.scale)
    return subtract(scaledUp(left, scale), scaledUp(right, scale))
  }
  if (left.kind === 'mean' && right.kind === 'exact') return meanDifference(left, right)
  if (left.kind === 'exact' && right.kind === 'mean') {
    return scalePolynomial(meanDifference(right, left), -1n)
  }
  if (left.kind === 'mean' && right.kind === 'mean') return differenceOfMeans(left, right)
  throw new RangeError('unreachable')
}

/** Of a larger scale. */
export function scaledUp({ polynomial, scale }: Exact, to: number): Polynomial {
  return scalePolynomial(polynomial, powerOfTen(to - scale))
}

export function subtract(left: Polynomial, right: Polynomial): Polynomial {
  return addPolynomials(left, scalePolynomial(right, -1n))
}

/** A number with the sign of mean - exact. */
function meanDifference(mean: Mean, exact: Exact): Polynomial {
  const scale = Math.max(mean.scale, exact.scale)
  if (!isRoundedAlike(mean.countBound, scale, mean.decimals)) {
    throw unsupported('An average is too imprecise for this comparison in HAVING.', SUM_AND_COUNT)
  }
  return subtract(
    scalePolynomial(mean.sum, powerOfTen(scale - mean.scale)),
    multiplyPolynomials(mean.count, scaledUp(exact, scale)),
  )
}

/** Equal filters and values are one object. */
function sameRows(left: CountedRows, right: CountedRows): boolean {
  return (
    left.filter === right.filter &&
    left.distinct === right.distinct &&
    left.argument === right.argument
  )
}

/** Of averages over as many values, of one scale: then equal ones are rounded alike. */
function differenceOfMeans(left: Mean, right: Mean): Polynomial {
  const decimals = Math.min(left.decimals, right.decimals)
  const isProven =
    sameRows(left.counted, right.counted) &&
    left.scale === right.scale &&
    left.countBound * powerOfTen(left.scale) < powerOfTen(decimals)
  if (!isProven) {
    throw unsupported('HAVING cannot compare these averages as rounded numbers.', SUM_AND_COUNT)
  }
  return subtract(left.sum, right.sum)
}

/**
 * Whether an average compares with other numbers as its rounded value does: the head of the file.
 * @param count most values of the average
 * @param scale the larger scale of both
 * @param decimals fewest that the average is rounded to
 */
export function isRoundedAlike(count: bigint, scale: number, decimals: number): boolean {
  return count * powerOfTen(scale) < 2n * powerOfTen(decimals)
}

/** Fewest decimals that PostgreSQL rounds an average to. @param largest magnitude of a value, times 10^scale */
export function fewestDecimals(largest: bigint, scale: number): number {
  let weight = 0
  while (10_000n ** BigInt(weight + 1) * powerOfTen(scale) <= largest) weight++
  return Math.max(16 - 4 * weight, 0)
}

/** The value of an expression as a numeric; dates and timestamps in microseconds, as domains have them. */
export function exactOf(value: Value | null): { digits: bigint; scale: number } | null {
  if (value === null) return null
  if (value.type === 'date') return { digits: parseDate(value.value), scale: 0 }
  if (value.type === 'timestamp') return { digits: parseTimestamp(value.value), scale: 0 }
  const numeric = castValue(value, 'numeric')
  if (numeric.type !== 'numeric') throw unsupported('HAVING compares a number with none.')
  return numeric.value
}

const SUM_AND_COUNT = 'Compare sums: SUM(x) > 5 * COUNT(x), SUM(x) * COUNT(y) > SUM(y) * COUNT(x).'

export function unsupported(
  message: string,
  hint = 'HAVING compares COUNT, SUM, AVG, MIN and MAX, and sums, differences and products of COUNT and SUM; multiply instead of dividing.',
): ShareholdError {
  return new ShareholdError('SH_SQL_UNSUPPORTED', message, { hint })
}
