/**
 * PostgreSQL's double precision, which enters an answer only where ROUND, FLOOR, CEIL or SQRT is given
 * an integer. IEEE 754 is the same everywhere; what differs from JavaScript is the text form, the
 * casts and that overflow and underflow are errors.
 *
 * Source: src/backend/utils/adt/float.c, src/common/d2s.c (PostgreSQL 18).
 */
import { ShareholdError } from '../../shares/errors.ts'

import { divisionByZero, integerSqrt, parseNumeric, powerOfTen } from './numeric.ts'
import type { Numeric } from './numeric.ts'

/** Decimal digits that every double keeps (DBL_DIG). */
const DOUBLE_DIGITS = 15

/** Shortest digits that read back as the same value; exponent form below 1e-4 and from 1e15. */
export function formatDouble(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const [mantissa = '', exponentText = ''] = shortestExponential(Math.abs(value)).split('e')
  const exponent = Number(exponentText)
  const digits = mantissa.replace('.', '')
  if (exponent < -4 || exponent >= 15) {
    const power = Math.abs(exponent).toString().padStart(2, '0')
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${power}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const fraction = digits.slice(exponent + 1)
  return sign + whole + (fraction === '' ? '' : `.${fraction}`)
}

/**
 * JavaScript's shortest digits may lie half-way to the next double, where only rounding to even reads them
 * back; PostgreSQL then gives one more. Half-ways short enough for that are integers beyond 2^53.
 */
function shortestExponential(value: number): string {
  let text = value.toExponential()
  if (value < 2 ** 53) return text
  const exact = BigInt(value)
  const bits = exact.toString(2).length
  const gapAbove = 1n << BigInt(bits - 53)
  // Doubles are twice as dense below a power of two.
  const gapBelow = exact === 1n << BigInt(bits - 1) ? gapAbove / 2n : gapAbove
  for (let decimals = text.replace(/\.|e.*$/g, '').length; ; decimals += 1) {
    const excess = 2n * (exactInteger(text) - exact)
    if (excess !== gapAbove && excess !== -gapBelow) return text
    text = value.toExponential(decimals)
  }
}

function exactInteger(exponential: string): bigint {
  const { digits, scale } = parseNumeric(exponential)
  return digits / powerOfTen(scale)
}

/** left operator right. @throws SH_ANSWER_DIVISION_BY_ZERO, SH_ANSWER_RANGE on overflow and underflow */
export function doubleArithmetic(
  operator: '+' | '-' | '*' | '/',
  left: number,
  right: number,
): number {
  switch (operator) {
    case '+':
      return checkDouble(left + right, false)
    case '-':
      return checkDouble(left - right, false)
    case '*':
      return checkDouble(left * right, left !== 0 && right !== 0)
    case '/':
      if (right === 0) throw divisionByZero()
      return checkDouble(left / right, left !== 0)
  }
}

/** Nearest integer, half to even, keeping the sign of zero (rint). */
export function roundDouble(value: number): number {
  const down = Math.floor(value)
  const distance = value - down
  if (distance < 0.5) return down === 0 && value < 0 ? -0 : down
  const up = down + 1
  const nearest = distance > 0.5 || down % 2 !== 0 ? up : down
  return nearest === 0 && value < 0 ? -0 : nearest
}

/** @throws SH_ANSWER_ARGUMENT if negative */
export function sqrtDouble(value: number): number {
  if (value < 0) {
    throw new ShareholdError(
      'SH_ANSWER_ARGUMENT',
      'The square root of a negative number does not exist.',
    )
  }
  return Math.sqrt(value)
}

/** The cast to numeric: 15 significant digits of the exact value, half to even, without trailing zeros. */
export function numericFromDouble(value: number): Numeric {
  let { digits, scale } = exactDecimal(value)
  const surplus = digits.toString().replace('-', '').length - DOUBLE_DIGITS
  if (surplus > 0) {
    digits = divideHalfToEven(digits, powerOfTen(surplus))
    scale -= surplus
  }
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n
    scale -= 1
  }
  return scale >= 0 ? { digits, scale } : { digits: digits * powerOfTen(-scale), scale: 0 }
}

/** Every double is an integer over a power of two, hence a decimal of finite length. */
function exactDecimal(value: number): Numeric {
  let numerator = value
  let halvings = 0
  while (!Number.isInteger(numerator)) {
    numerator *= 2
    halvings += 1
  }
  return { digits: BigInt(numerator) * 5n ** BigInt(halvings), scale: halvings }
}

function divideHalfToEven(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  const twice = 2n * (dividend - quotient * divisor)
  const distance = (twice < 0n ? -twice : twice) - divisor
  const up = distance > 0n || (distance === 0n && quotient % 2n !== 0n)
  if (!up) return quotient
  return dividend < 0n ? quotient - 1n : quotient + 1n
}

/** Bits of a quotient that a double is made from: more than 53, so that a last one can say "and more". */
const QUOTIENT_BITS = 72

/** The double nearest to numerator / denominator. @param denominator not 0 */
export function doubleOfRatio(numerator: bigint, denominator: bigint): number {
  const sign = numerator < 0n === denominator < 0n ? 1 : -1
  const [a, b] = [magnitude(numerator), magnitude(denominator)]
  if (a === 0n) return 0
  const shift = Math.max(0, QUOTIENT_BITS + bitLength(b) - bitLength(a))
  const dividend = a << BigInt(shift)
  return sign * scaled(dividend / b, dividend % b !== 0n, shift)
}

/** The double nearest to the root of numerator / denominator. @param numerator not negative, as the denominator, which is not 0 */
export function doubleOfRoot(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0
  // The root has half of the bits.
  const shift = Math.max(0, QUOTIENT_BITS + bitLength(denominator) - (bitLength(numerator) >> 1))
  const square = (numerator << BigInt(2 * shift)) / denominator
  const root = integerSqrt(square)
  return scaled(root, root * root !== square, shift)
}

/** (value, and a little more if it is not exact) / 2^shift, rounded once. */
function scaled(value: bigint, isMore: boolean, shift: number): number {
  return Number(isMore ? value | 1n : value) / 2 ** shift
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}

function bitLength(value: bigint): number {
  return value.toString(2).length
}

function checkDouble(result: number, cannotBeZero: boolean): number {
  if (!Number.isFinite(result)) {
    throw new ShareholdError('SH_ANSWER_RANGE', 'A double precision value overflows.')
  }
  if (cannotBeZero && result === 0) {
    throw new ShareholdError('SH_ANSWER_RANGE', 'A double precision value underflows.')
  }
  return result
}
