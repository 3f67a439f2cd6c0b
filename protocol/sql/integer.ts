/**
 * PostgreSQL's int4 and int8: checked arithmetic on BigInt. Quotients are truncated towards zero, and
 * what leaves the type's range is an error, never a wrapped value.
 */
import { ShareholdError } from '../../shares/errors.ts'

import { divisionByZero } from './numeric.ts'

export type IntegerType = 'integer' | 'bigint'

const BITS: Readonly<Record<IntegerType, number>> = { integer: 32, bigint: 64 }
const INTEGER_TEXT = /^\s*[+-]?\d{1,40}\s*$/

/**
 * The value, if it fits the type.
 *
 * @throws SH_ANSWER_RANGE
 */
export function checkInteger(type: IntegerType, value: bigint): bigint {
  if (BigInt.asIntN(BITS[type], value) !== value) {
    throw new ShareholdError('SH_ANSWER_RANGE', `A value is out of range for type ${type}.`, {
      hint: type === 'integer' ? 'Cast an operand to bigint.' : 'Cast an operand to numeric.',
    })
  }
  return value
}

/** Reads an integer. @throws SH_ANSWER_LITERAL, SH_ANSWER_RANGE */
export function parseInteger(type: IntegerType, text: string): bigint {
  if (!INTEGER_TEXT.test(text)) {
    throw new ShareholdError('SH_ANSWER_LITERAL', `A text cannot be read as ${type}.`)
  }
  return checkInteger(type, BigInt(text.trim().replace(/^\+/, '')))
}

/**
 * left operator right in the given type.
 *
 * @throws SH_ANSWER_RANGE, SH_ANSWER_DIVISION_BY_ZERO
 */
export function integerArithmetic(
  type: IntegerType,
  operator: '+' | '-' | '*' | '/' | '%',
  left: bigint,
  right: bigint,
): bigint {
  switch (operator) {
    case '+':
      return checkInteger(type, left + right)
    case '-':
      return checkInteger(type, left - right)
    case '*':
      return checkInteger(type, left * right)
    case '/':
      if (right === 0n) throw divisionByZero()
      return checkInteger(type, left / right)
    case '%':
      if (right === 0n) throw divisionByZero()
      return left % right
  }
}
