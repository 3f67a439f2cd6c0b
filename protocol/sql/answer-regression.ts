/**
 * Aggregates of two arguments, Y and X, from exact sums over the rows where neither is NULL: covariance,
 * correlation, linear regression. PostgreSQL casts both to double precision and adds up rounding errors in the
 * order of the rows; here the exact quotient of integers is rounded to a double once.
 *
 * Source: float8_regr_*, float8_covar_*, float8_corr in float.c (PostgreSQL 18), for what is NULL and what is 1.
 */
import { checkCount, inconsistent } from './answer-consistency.ts'
import type { OpenedNumbers } from './answer-consistency.ts'
import type { AggregateName } from './answer-spec.ts'
import type { Value } from './answer-value.ts'
import { doubleOfRatio, doubleOfRoot } from './double.ts'
import { powerOfTen } from './numeric.ts'

export type RegressionName = Exclude<
  Extract<AggregateName, 'corr' | `covar_${string}` | `regr_${string}`>,
  'regr_count'
>

/** The value, or null for PostgreSQL's NULL. @param scales of Y and X @throws SH_ANSWER_INCONSISTENT */
export function regression(
  name: RegressionName,
  [yScale, xScale]: readonly [number, number],
  numbers: OpenedNumbers,
): Value | null {
  const value = statistic(name, powerOfTen(yScale), powerOfTen(xScale), numbers)
  return value === null ? null : { type: 'double', value }
}

/** @param y what 1 is in the sums of Y @param x likewise */
function statistic(
  name: RegressionName,
  y: bigint,
  x: bigint,
  numbers: OpenedNumbers,
): number | null {
  const count = checkCount(numbers('count'))
  if (count === 0n) return null
  // Sums of squared distances from the mean, times the count.
  const yy = (): bigint => spread(count * numbers('squares') - numbers('sum') ** 2n)
  const xx = (): bigint => spread(count * numbers('secondSquares') - numbers('secondSum') ** 2n)
  const xy = (): bigint => count * numbers('products') - numbers('sum') * numbers('secondSum')
  switch (name) {
    case 'regr_avgy':
      return doubleOfRatio(numbers('sum'), count * y)
    case 'regr_avgx':
      return doubleOfRatio(numbers('secondSum'), count * x)
    case 'regr_syy':
      return doubleOfRatio(yy(), count * y * y)
    case 'regr_sxx':
      return doubleOfRatio(xx(), count * x * x)
    case 'regr_sxy':
      return doubleOfRatio(xy(), count * x * y)
    case 'covar_pop':
      return doubleOfRatio(xy(), count * count * x * y)
    case 'covar_samp':
      return count === 1n ? null : doubleOfRatio(xy(), count * (count - 1n) * x * y)
    case 'regr_slope': {
      const wide = xx()
      return wide === 0n ? null : doubleOfRatio(xy() * x, wide * y)
    }
    case 'regr_intercept': {
      const wide = xx()
      if (wide === 0n) return null
      return doubleOfRatio(numbers('sum') * wide - numbers('secondSum') * xy(), count * wide * y)
    }
    case 'regr_r2': {
      const [wide, high, both] = correlated(xx(), yy(), xy())
      if (wide === 0n) return null
      return high === 0n ? 1 : doubleOfRatio(both * both, wide * high)
    }
    case 'corr': {
      const [wide, high, both] = correlated(xx(), yy(), xy())
      if (wide === 0n || high === 0n) return null
      const root = doubleOfRoot(both * both, wide * high)
      return both < 0n ? -root : root
    }
  }
}

/** By Cauchy and Schwarz no values at all have a negative one. */
function spread(value: bigint): bigint {
  if (value < 0n) throw inconsistent()
  return value
}

/** Nor a larger product. */
function correlated(
  xx: bigint,
  yy: bigint,
  xy: bigint,
): readonly [xx: bigint, yy: bigint, xy: bigint] {
  if (xy * xy > xx * yy) throw inconsistent()
  return [xx, yy, xy]
}
