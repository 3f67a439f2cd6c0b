import type { Fraction } from './answer-spec.ts'
import { castValue, isNumberType } from './answer-value.ts'
import { locationOf, openAs, startOf } from './ast.ts'
/** The fraction of a quantile: a constant from 0 to 1, taken as the decimal number that is written. */
import { greatestCommonDivisor } from './column-comparison.ts'
import { fail } from './context.ts'
import type { Context } from './context.ts'
import { powerOfTen } from './numeric.ts'
import { bindScalar, constantValue } from './scalar.ts'
import type { Leaves } from './typed-scalar.ts'

/** Ranks are compared as numbers of rows times the denominator, which must leave room for both. */
const MAX_DENOMINATOR = 1_000_000n

/** @throws ShareholdError SH_SQL_TYPE, SH_SQL_CONSTANT, SH_SQL_UNSUPPORTED */
export function bindFraction(context: Context, name: string, node: unknown): Fraction {
  const location = startOf(node)
  if (openAs(node, 'A_ArrayExpr') !== undefined) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `${name} of several fractions at once is not supported.`,
      location,
      `Write one ${name} for each fraction.`,
    )
  }
  const notConstant = (at: number | undefined): Error =>
    fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `The fraction of ${name} must be a constant.`,
      at,
      'Write a number from 0 to 1.',
    )
  const leaves: Leaves = {
    keyTypes: [],
    column: (reference) => {
      throw notConstant(locationOf(reference))
    },
    aggregate: (_, call) => {
      throw notConstant(locationOf(call))
    },
  }
  const scalar = bindScalar(context, leaves, node)
  const value = scalar.untyped === undefined ? constantValue(context, scalar) : null
  if (value === null || !isNumberType(value.type)) {
    throw fail(
      context,
      'SH_SQL_TYPE',
      `The fraction of ${name} must be a number.`,
      location,
      'Write a number from 0 to 1.',
    )
  }
  const numeric = castValue(value, 'numeric')
  if (numeric.type !== 'numeric') throw new RangeError('unreachable')
  const { digits, scale } = numeric.value
  const whole = powerOfTen(scale)
  if (digits < 0n || digits > whole) {
    throw fail(
      context,
      'SH_SQL_CONSTANT',
      `The fraction of ${name} is not between 0 and 1.`,
      location,
      'The median is at 0.5.',
    )
  }
  const common = greatestCommonDivisor(whole, digits)
  if (whole / common > MAX_DENOMINATOR) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `The fraction of ${name} has too many decimals.`,
      location,
      'Six decimals are possible.',
    )
  }
  return { numerator: Number(digits / common), denominator: Number(whole / common) }
}
