/**
 * Values of an answer with their PostgreSQL types: text form, implicit and explicit casts, common type,
 * order. NULL is `null`, beside the static type, since COALESCE(NULL::integer, 1.5) is numeric.
 */
import { ShareholdError } from '../../shares/errors.ts'

import type { SqlType } from './answer-spec.ts'
import { formatDouble, numericFromDouble, roundDouble } from './double.ts'
import { checkInteger, parseInteger } from './integer.ts'
import {
  compareNumeric,
  formatNumeric,
  integerFromNumeric,
  numericFromInteger,
  parseNumeric,
} from './numeric.ts'
import type { Numeric } from './numeric.ts'

export type NumberType = 'integer' | 'bigint' | 'numeric' | 'double'
export type TextualType = 'text' | 'boolean' | 'date' | 'timestamp'

/** A value that is not NULL; textual types keep PostgreSQL's text form. */
export type Value =
  | { readonly type: 'integer' | 'bigint'; readonly value: bigint }
  | { readonly type: 'numeric'; readonly value: Numeric }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: TextualType; readonly value: string }

/** Implicit casts among numbers go to the right. */
const NUMBER_TYPES: readonly SqlType[] = ['integer', 'bigint', 'numeric', 'double']

export function isNumberType(type: SqlType): type is NumberType {
  return NUMBER_TYPES.includes(type)
}

/** Reads a value in PostgreSQL's text form. @throws SH_ANSWER_LITERAL, SH_ANSWER_RANGE */
export function parseValue(type: SqlType, text: string): Value {
  switch (type) {
    case 'integer':
    case 'bigint':
      return { type, value: parseInteger(type, text) }
    case 'numeric':
      return { type, value: parseNumeric(text) }
    case 'double': {
      const value = Number(text)
      if (text.trim() === '' || !Number.isFinite(value)) {
        throw new ShareholdError('SH_ANSWER_LITERAL', 'A text cannot be read as double precision.')
      }
      return { type, value }
    }
    case 'text':
    case 'boolean':
    case 'date':
    case 'timestamp':
      return { type, value: text }
  }
}

/** PostgreSQL's text form of a value. */
export function formatValue(value: Value): string {
  switch (value.type) {
    case 'integer':
    case 'bigint':
      return value.value.toString()
    case 'numeric':
      return formatNumeric(value.value)
    case 'double':
      return formatDouble(value.value)
    case 'text':
    case 'boolean':
    case 'date':
    case 'timestamp':
      return value.value
  }
}

/**
 * The type in which PostgreSQL brings two values together (arithmetic, COALESCE, NULLIF).
 *
 * @throws SH_ANSWER_TYPE if there is none.
 */
export function commonType(left: SqlType, right: SqlType): SqlType {
  if (left === right) return left
  if (isNumberType(left) && isNumberType(right)) {
    return NUMBER_TYPES.indexOf(left) > NUMBER_TYPES.indexOf(right) ? left : right
  }
  if (isDay(left) && isDay(right)) return 'timestamp'
  throw new ShareholdError('SH_ANSWER_TYPE', `Types ${left} and ${right} have no common type.`, {
    hint: 'Cast one of them.',
  })
}

/**
 * Casts a value, explicitly or implicitly; the caller has checked that an implicit cast exists.
 *
 * @throws SH_ANSWER_TYPE if there is no such cast; SH_ANSWER_RANGE, SH_ANSWER_LITERAL
 */
export function castValue(value: Value, to: SqlType): Value {
  if (value.type === to) return value
  switch (to) {
    case 'integer':
    case 'bigint':
      return { type: to, value: toInteger(value, to) }
    case 'numeric':
      return { type: to, value: toNumeric(value) }
    case 'double':
      return { type: to, value: toDouble(value) }
    case 'timestamp':
      if (value.type === 'date') return { type: to, value: `${value.value} 00:00:00` }
      throw noCast(value.type, to)
    case 'text':
      if (value.type !== 'boolean') return { type: to, value: formatValue(value) }
      return { type: to, value: isTrue(value.value) ? 'true' : 'false' }
    case 'date':
      if (value.type === 'timestamp') return { type: to, value: value.value.replace(/ .*$/u, '') }
      throw noCast(value.type, to)
    case 'boolean':
      throw noCast(value.type, to)
  }
}

/** Whether an explicit cast exists. Text is read as a literal of the type; of the numbers, boolean casts to integer only. */
export function castExists(from: SqlType, to: SqlType): boolean {
  if (from === to) return true
  if (to === 'text') return true
  if (from === 'timestamp' && to === 'date') return true
  if (isNumberType(to))
    return isNumberType(from) || from === 'text' || (from === 'boolean' && to === 'integer')
  return from === 'date' && to === 'timestamp'
}

/**
 * PostgreSQL's order of two values of one type: text by bytes (C collation), false before true.
 * The result is negative, 0 or positive.
 */
export function compareValues(left: Value, right: Value): number {
  if (left.type === 'numeric' && right.type === 'numeric') {
    return compareNumeric(left.value, right.value)
  }
  if (typeof left.value === 'bigint' && typeof right.value === 'bigint') {
    return order(left.value, right.value)
  }
  if (typeof left.value === 'number' && typeof right.value === 'number') {
    return order(left.value, right.value)
  }
  if (typeof left.value === 'string' && typeof right.value === 'string') {
    if (left.type === 'boolean')
      return order(Number(isTrue(left.value)), Number(isTrue(right.value)))
    return isDay(left.type)
      ? compareDays(left.value, right.value)
      : compareCodePoints(left.value, right.value)
  }
  throw new TypeError('Only values of one type can be compared.')
}

/** Truth of a boolean's text form: `t` in results, `true` when cast to text. */
export function isTrue(text: string): boolean {
  return text === 't' || text === 'true'
}

/** Code points sort as the UTF-8 bytes do; UTF-16 units do not (U+FFFF before U+10000). */
export function compareCodePoints(left: string, right: string): number {
  const a = left[Symbol.iterator]()
  const b = right[Symbol.iterator]()
  for (;;) {
    const x = a.next()
    const y = b.next()
    if (x.done === true || y.done === true) return Number(y.done ?? false) - Number(x.done ?? false)
    const difference = (x.value.codePointAt(0) ?? 0) - (y.value.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
}

/** ISO texts sort as they stand once the years are equally long. */
function compareDays(left: string, right: string): number {
  const width = Math.max(left.indexOf('-'), right.indexOf('-'))
  const padded = (text: string): string => '0'.repeat(width - text.indexOf('-')) + text
  return order(padded(left), padded(right))
}

function order<T extends bigint | number | string>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0
}

function isDay(type: SqlType): type is 'date' | 'timestamp' {
  return type === 'date' || type === 'timestamp'
}

function toInteger(value: Value, to: 'integer' | 'bigint'): bigint {
  switch (value.type) {
    case 'integer':
    case 'bigint':
      return checkInteger(to, value.value)
    case 'numeric':
      return checkInteger(to, integerFromNumeric(value.value))
    case 'double':
      return checkInteger(to, BigInt(roundDouble(value.value)))
    case 'text':
      return parseInteger(to, value.value)
    case 'boolean':
      if (to === 'integer') return isTrue(value.value) ? 1n : 0n
      throw noCast(value.type, to)
    case 'date':
    case 'timestamp':
      throw noCast(value.type, to)
  }
}

function toNumeric(value: Value): Numeric {
  switch (value.type) {
    case 'integer':
    case 'bigint':
      return numericFromInteger(value.value)
    case 'numeric':
      return value.value
    case 'double':
      return numericFromDouble(value.value)
    case 'text':
      return parseNumeric(value.value)
    case 'boolean':
    case 'date':
    case 'timestamp':
      throw noCast(value.type, 'numeric')
  }
}

function toDouble(value: Value): number {
  switch (value.type) {
    case 'integer':
    case 'bigint':
      return Number(value.value)
    case 'numeric':
      return Number(formatNumeric(value.value))
    case 'double':
      return value.value
    case 'text':
    case 'boolean':
    case 'date':
    case 'timestamp':
      throw noCast(value.type, 'double')
  }
}

export function noCast(from: SqlType, to: SqlType): ShareholdError {
  return new ShareholdError('SH_ANSWER_TYPE', `Type ${from} cannot be cast to ${to}.`)
}
