/**
 * Exact decimals with the result scales of PostgreSQL's `numeric`, so that the text of a result
 * equals PostgreSQL's digit for digit. A value is an integer with a display scale; all arithmetic is
 * on BigInt and exact, rounded once, half away from zero.
 *
 * PostgreSQL computes in digits of base 10000, and two of its rules show that through: the scale of a
 * quotient and of a square root depend on the weight of the operands in such digits.
 *
 * Source: the rules of src/backend/utils/adt/numeric.c (PostgreSQL 18), functions named on the line.
 * NaN and the infinities are not supported: no opened value can be one.
 */
import { ShareholdError } from '../../shares/errors.ts'

/** The value `digits` / 10^`scale`; the scale (0 or more) is also the number of decimals shown. */
export interface Numeric {
  readonly digits: bigint
  readonly scale: number
}

/** Decimal digits in one of PostgreSQL's digits. */
const DEC_DIGITS = 4
/** A quotient or root has at least so many significant digits. */
const MIN_SIG_DIGITS = 16
/** Largest scale that a quotient or root is given. */
const MAX_DISPLAY_SCALE = 1000
/** Largest scale that a value can have. */
const MAX_SCALE = 16383
/** Largest number of digits before the decimal point. */
const MAX_INTEGER_DIGITS = 131072

const NUMERIC_TEXT = /^\s*([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d{1,6}))?\s*$/

/** 10^exponent. */
export function powerOfTen(exponent: number): bigint {
  return 10n ** BigInt(exponent)
}

/** The integer `value` as a numeric without decimals. */
export function numericFromInteger(value: bigint): Numeric {
  return { digits: value, scale: 0 }
}

/**
 * Reads a decimal in PostgreSQL's text form: `-12.50`, `.5`, `1e3`. The scale is the number of decimals written.
 *
 * @throws SH_ANSWER_LITERAL if it is not a finite decimal; SH_ANSWER_RANGE if PostgreSQL could not hold it.
 */
export function parseNumeric(text: string): Numeric {
  const match = NUMERIC_TEXT.exec(text)
  if (match === null) {
    throw new ShareholdError('SH_ANSWER_LITERAL', 'A text cannot be read as a numeric.')
  }
  const [, sign = '', whole = '', afterPoint = '', onlyFraction = '', exponentText = '0'] = match
  const fraction = afterPoint + onlyFraction
  const exponent = Number(exponentText)
  // A positive exponent uses up decimals first, then appends zeros (set_var_from_str).
  const scale = Math.max(0, fraction.length - exponent)
  const zeros = Math.max(0, exponent - fraction.length)
  if (scale > MAX_SCALE || whole.length + exponent > MAX_INTEGER_DIGITS) throw overflow()
  const magnitude = BigInt(whole + fraction) * powerOfTen(zeros)
  return { digits: sign === '-' ? -magnitude : magnitude, scale }
}

/** PostgreSQL's text form: all decimals of the scale, no exponent, no negative zero. */
export function formatNumeric(value: Numeric): string {
  const sign = value.digits < 0n ? '-' : ''
  const text = magnitudeOf(value.digits)
    .toString()
    .padStart(value.scale + 1, '0')
  if (value.scale === 0) return sign + text
  const point = text.length - value.scale
  return `${sign}${text.slice(0, point)}.${text.slice(point)}`
}

/** Negative, 0 or positive as left is less than, equal to or greater than right; the scale does not count. */
export function compareNumeric(left: Numeric, right: Numeric): number {
  const [a, b] = aligned(left, right)
  return a < b ? -1 : a > b ? 1 : 0
}

/** left + right, with the larger scale. */
export function addNumeric(left: Numeric, right: Numeric): Numeric {
  const [a, b, scale] = aligned(left, right)
  return { digits: a + b, scale }
}

/** left - right, with the larger scale. */
export function subtractNumeric(left: Numeric, right: Numeric): Numeric {
  return addNumeric(left, negateNumeric(right))
}

/** left * right, with the sum of the scales. */
export function multiplyNumeric(left: Numeric, right: Numeric): Numeric {
  const product = { digits: left.digits * right.digits, scale: left.scale + right.scale }
  return product.scale > MAX_SCALE ? roundNumeric(product, MAX_SCALE) : product
}

/**
 * left / right, rounded to the scale that PostgreSQL selects.
 *
 * @throws SH_ANSWER_DIVISION_BY_ZERO
 */
export function divideNumeric(left: Numeric, right: Numeric): Numeric {
  if (right.digits === 0n) throw divisionByZero()
  return divideToScale(left, right, quotientScale(left, right))
}

/**
 * Remainder of the division truncated towards zero: the sign of left, the larger scale.
 *
 * @throws SH_ANSWER_DIVISION_BY_ZERO
 */
export function moduloNumeric(left: Numeric, right: Numeric): Numeric {
  if (right.digits === 0n) throw divisionByZero()
  const [a, b, scale] = aligned(left, right)
  return { digits: a % b, scale }
}

export function negateNumeric(value: Numeric): Numeric {
  return { digits: -value.digits, scale: value.scale }
}

export function absoluteNumeric(value: Numeric): Numeric {
  return { digits: magnitudeOf(value.digits), scale: value.scale }
}

/**
 * round(value, scale): half away from zero, with exactly `scale` decimals; a negative scale rounds
 * before the decimal point.
 */
export function roundNumeric(value: Numeric, scale: number): Numeric {
  const target = Math.min(Math.max(scale, -MAX_INTEGER_DIGITS - 1), MAX_SCALE)
  const digits = rescaled(value, target)
  return target >= 0
    ? { digits, scale: target }
    : { digits: digits * powerOfTen(-target), scale: 0 }
}

/** trunc(value, scale): towards zero, with exactly `scale` decimals; a negative scale cuts before the decimal point. */
export function truncateNumeric(value: Numeric, scale: number): Numeric {
  const target = Math.min(Math.max(scale, -MAX_INTEGER_DIGITS - 1), MAX_SCALE)
  if (target >= value.scale) {
    return { digits: value.digits * powerOfTen(target - value.scale), scale: target }
  }
  const digits = value.digits / powerOfTen(value.scale - target)
  return target >= 0
    ? { digits, scale: target }
    : { digits: digits * powerOfTen(-target), scale: 0 }
}

/** Largest integer not above the value. */
export function floorNumeric(value: Numeric): Numeric {
  const unit = powerOfTen(value.scale)
  const truncated = value.digits / unit
  const exact = truncated * unit === value.digits
  return numericFromInteger(value.digits < 0n && !exact ? truncated - 1n : truncated)
}

/** Smallest integer not below the value. */
export function ceilNumeric(value: Numeric): Numeric {
  return negateNumeric(floorNumeric(negateNumeric(value)))
}

/**
 * Square root, rounded to the scale that PostgreSQL selects (numeric_sqrt).
 *
 * @throws SH_ANSWER_ARGUMENT if the value is negative.
 */
export function sqrtNumeric(value: Numeric): Numeric {
  const digitsBeforePoint = (leadingDigit(value).weight * DEC_DIGITS) / 2 + 1
  const scale = displayScale(Math.max(MIN_SIG_DIGITS - digitsBeforePoint, value.scale))
  return sqrtToScale(value, scale)
}

/**
 * Square root rounded half up to a given scale (sqrt_var).
 *
 * @throws SH_ANSWER_ARGUMENT if the value is negative.
 */
export function sqrtToScale(value: Numeric, scale: number): Numeric {
  if (value.digits < 0n) {
    throw new ShareholdError(
      'SH_ANSWER_ARGUMENT',
      'The square root of a negative number does not exist.',
    )
  }
  // floor(2 * root) + 1, halved, is the root rounded half up; digits cut off the radicand cannot change the floor.
  const shift = 2 * scale - value.scale
  const radicand =
    shift >= 0 ? 4n * value.digits * powerOfTen(shift) : (4n * value.digits) / powerOfTen(-shift)
  return { digits: (integerSqrt(radicand) + 1n) / 2n, scale }
}

/**
 * The cast to numeric(precision, scale): rounds, then refuses what has too many digits.
 *
 * @param scale 0 if the declaration names none; may be negative or above the precision.
 * @throws SH_ANSWER_RANGE
 */
export function castNumeric(value: Numeric, precision: number, scale: number): Numeric {
  // After rounding, |value| < 10^(precision - scale) (apply_typmod).
  if (magnitudeOf(rescaled(value, scale)) >= powerOfTen(precision)) {
    throw new ShareholdError(
      'SH_ANSWER_RANGE',
      `A value has more than the ${precision - scale} digits before the decimal point that numeric(${precision},${scale}) allows.`,
      { hint: 'Cast to a numeric of more digits.' },
    )
  }
  return roundNumeric(value, scale)
}

/** The nearest integer, half away from zero. */
export function integerFromNumeric(value: Numeric): bigint {
  return rescaled(value, 0)
}

/** Scale of left / right (select_div_scale): enough for 16 significant digits, no less than either operand's. */
export function quotientScale(left: Numeric, right: Numeric): number {
  const a = leadingDigit(left)
  const b = leadingDigit(right)
  // Weight of the quotient; equal first digits count as a smaller dividend.
  const weight = a.weight - b.weight - (a.first <= b.first ? 1 : 0)
  return displayScale(Math.max(MIN_SIG_DIGITS - weight * DEC_DIGITS, left.scale, right.scale))
}

/** left / right rounded half away from zero to `scale` decimals; right is not 0. */
export function divideToScale(left: Numeric, right: Numeric, scale: number): Numeric {
  const shift = scale + right.scale - left.scale
  const dividend = shift >= 0 ? left.digits * powerOfTen(shift) : left.digits
  const divisor = shift >= 0 ? right.digits : right.digits * powerOfTen(-shift)
  return { digits: divideRounded(dividend, divisor), scale }
}

export function divisionByZero(): ShareholdError {
  return new ShareholdError('SH_ANSWER_DIVISION_BY_ZERO', 'Division by zero.', {
    hint: 'NULLIF(divisor, 0) makes such a result NULL.',
  })
}

function overflow(): ShareholdError {
  return new ShareholdError('SH_ANSWER_RANGE', 'A value has more digits than a numeric can hold.')
}

function displayScale(scale: number): number {
  return Math.min(Math.max(scale, 0), MAX_DISPLAY_SCALE)
}

/** First non-zero digit in base 10000 and its exponent; both 0 for zero. */
function leadingDigit(value: Numeric): { readonly first: number; readonly weight: number } {
  if (value.digits === 0n) return { first: 0, weight: 0 }
  // Base-10000 digits are aligned with the decimal point: fill the decimals to a multiple of four.
  const padding = (DEC_DIGITS - (value.scale % DEC_DIGITS)) % DEC_DIGITS
  const text = magnitudeOf(value.digits).toString() + '0'.repeat(padding)
  const count = Math.ceil(text.length / DEC_DIGITS)
  const first = Number(text.slice(0, text.length - (count - 1) * DEC_DIGITS))
  return { first, weight: count - 1 - (value.scale + padding) / DEC_DIGITS }
}

function aligned(left: Numeric, right: Numeric): readonly [bigint, bigint, number] {
  const scale = Math.max(left.scale, right.scale)
  return [
    left.digits * powerOfTen(scale - left.scale),
    right.digits * powerOfTen(scale - right.scale),
    scale,
  ]
}

/** value * 10^scale as an integer, half away from zero. */
function rescaled(value: Numeric, scale: number): bigint {
  return scale >= value.scale
    ? value.digits * powerOfTen(scale - value.scale)
    : divideRounded(value.digits, powerOfTen(value.scale - scale))
}

function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const positive = dividend < 0n === divisor < 0n
  const a = magnitudeOf(dividend)
  const b = magnitudeOf(divisor)
  const quotient = (2n * a + b) / (2n * b)
  return positive ? quotient : -quotient
}

function magnitudeOf(value: bigint): bigint {
  return value < 0n ? -value : value
}

/** floor(sqrt(value)) by Newton's method from above. */
export function integerSqrt(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}
