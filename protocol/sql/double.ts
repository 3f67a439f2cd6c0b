/**
 * PostgreSQL's double precision, which enters an answer only where ROUND, FLOOR, CEIL or SQRT is given
 * an integer. IEEE 754 is the same everywhere; what differs from JavaScript is the text form, the
 * casts and that overflow and underflow are errors.
 *
 * Source: src/backend/utils/adt/float.c, src/common/d2s.c (PostgreSQL 18).
 */
import { ShareholdError } from '../../shares/errors.ts'

import { divisionByZero, parseNumeric } from './numeric.ts'
import type { Numeric } from './numeric.ts'

/** Shortest digits that read back as the same value; exponent form below 1e-4 and from 1e15. */
export function formatDouble(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const [mantissa = '', exponentText = ''] = Math.abs(value).toExponential().split('e')
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

/** The cast to numeric: 15 significant digits, trailing zeros dropped. */
export function numericFromDouble(value: number): Numeric {
  const [mantissa = '', exponent = ''] = value.toExponential(14).split('e')
  return parseNumeric(`${mantissa.replace(/\.?0+$/, '')}e${exponent}`)
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
