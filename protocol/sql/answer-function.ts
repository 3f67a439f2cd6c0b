/**
 * Functions of texts, dates and numbers in expressions: by PostgreSQL's signatures, NULL where an argument is. What has
 * rules of its own (ROUND, COALESCE, ...) is in answer-expression.ts.
 */
import { ShareholdError } from '../../shares/errors.ts'

import { missing } from './answer-bound.ts'
import type { Bound } from './answer-bound.ts'
import type { ScalarFunction, SqlType } from './answer-spec.ts'
import { castValue, isNumberType } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import { checkInteger } from './integer.ts'
import { likeMatcher } from './like.ts'
import {
  compareNumeric,
  divisionByZero,
  formatNumeric,
  numericFromInteger,
  powerOfTen,
  subtractNumeric,
  truncateNumeric,
} from './numeric.ts'
import type { Numeric } from './numeric.ts'
import * as text from './text-functions.ts'
import { extract, truncate, unitOf } from './time-functions.ts'

interface Signature {
  readonly arguments: readonly (SqlType | 'any')[]
  /** Type of further arguments, as many as there are. */
  readonly further?: SqlType
  readonly type: SqlType
  readonly apply: (...values: Value[]) => Value
}

const asText = (value: string): Value => ({ type: 'text', value })
const asInteger = (value: number): Value => ({ type: 'integer', value: BigInt(value) })
const asNumeric = (value: Numeric): Value => ({ type: 'numeric', value })
const asBoolean = (value: boolean): Value => ({ type: 'boolean', value: value ? 't' : 'f' })

/** A function of texts. */
function ofTexts(
  count: number,
  apply: (...texts: string[]) => Value,
  type: SqlType = 'text',
): Signature {
  return {
    arguments: Array.from({ length: count }, () => 'text' as const),
    type,
    apply: (...values) => apply(...values.map(textOf)),
  }
}

/** A function of a text and integers. */
function ofPlaces(count: number, apply: (text: string, ...places: bigint[]) => string): Signature {
  return {
    arguments: ['text', ...Array.from({ length: count }, () => 'integer' as const)],
    type: 'text',
    apply: (first, ...others) => asText(apply(textOf(first), ...others.map(integerOf))),
  }
}

function ofTimes(
  type: SqlType,
  apply: (unit: string, text: string, type: 'date' | 'timestamp') => Value,
): readonly Signature[] {
  return (['date', 'timestamp'] as const).map((source) => ({
    arguments: ['text', source],
    type,
    apply: (unit, time) => apply(textOf(unit), textOf(time), source),
  }))
}

const trimmed = (ends: 'both' | 'start' | 'end'): readonly Signature[] => [
  ofTexts(1, (value) => asText(text.trim(value, ' ', ends))),
  ofTexts(2, (value, set) => asText(text.trim(value, set, ends))),
]

const like = (ignoreCase: boolean): Signature =>
  ofTexts(
    3,
    (value, pattern, escape) => asBoolean(likeMatcher(pattern, escape, ignoreCase)(value)),
    'boolean',
  )

const SIGNATURES: Readonly<Record<ScalarFunction, readonly Signature[]>> = {
  lower: [ofTexts(1, (value) => asText(text.lowerCase(value)))],
  upper: [ofTexts(1, (value) => asText(text.upperCase(value)))],
  initcap: [ofTexts(1, (value) => asText(text.initialCapitals(value)))],
  length: [ofTexts(1, (value) => asInteger(text.lengthOf(value)), 'integer')],
  substring: [
    ofPlaces(1, (value, start) => text.substring(value, start)),
    ofPlaces(2, (value, start, length) => text.substring(value, start, length)),
  ],
  left: [ofPlaces(1, (value, count) => text.leftOf(value, count))],
  right: [ofPlaces(1, (value, count) => text.rightOf(value, count))],
  btrim: trimmed('both'),
  ltrim: trimmed('start'),
  rtrim: trimmed('end'),
  replace: [ofTexts(3, (value, from, to) => asText(text.replaceAll(value, from, to)))],
  strpos: [ofTexts(2, (value, part) => asInteger(text.placeOf(value, part)), 'integer')],
  starts_with: [ofTexts(2, (value, start) => asBoolean(value.startsWith(start)), 'boolean')],
  split_part: [
    {
      arguments: ['text', 'text', 'integer'],
      type: 'text',
      apply: (value, delimiter, n) =>
        asText(text.splitPart(textOf(value), textOf(delimiter), integerOf(n))),
    },
  ],
  reverse: [ofTexts(1, (value) => asText(text.reverse(value)))],
  join: (['text', 'any'] as const).map((first) => ({
    arguments: first === 'text' ? ['text', 'any'] : ['any', 'text'],
    type: 'text',
    apply: (...values) => asText(values.map((value) => textOf(castValue(value, 'text'))).join('')),
  })),
  like: [like(false)],
  ilike: [like(true)],
  extract: ofTimes('numeric', (unit, time, type) => asNumeric(extract(unitOf(unit), time, type))),
  date_part: ofTimes('double', (unit, time, type) => ({
    type: 'double',
    value: Number(formatNumeric(extract(unitOf(unit), time, type))),
  })),
  date_trunc: [
    {
      arguments: ['text', 'timestamp'],
      type: 'timestamp',
      apply: (unit, time) => ({
        type: 'timestamp',
        value: truncate(unitOf(textOf(unit)), textOf(time)),
      }),
    },
  ],
  trunc: [
    {
      arguments: ['double'],
      type: 'double',
      apply: (value) => ({ type: 'double', value: Math.trunc(doubleOf(value)) }),
    },
    {
      arguments: ['numeric'],
      type: 'numeric',
      apply: (value) => asNumeric(truncateNumeric(numericOf(value), 0)),
    },
    {
      arguments: ['numeric', 'integer'],
      type: 'numeric',
      apply: (value, scale) =>
        asNumeric(truncateNumeric(numericOf(value), Number(integerOf(scale)))),
    },
  ],
  sign: [
    {
      arguments: ['double'],
      type: 'double',
      apply: (value) => ({ type: 'double', value: signOf(doubleOf(value)) }),
    },
    {
      arguments: ['numeric'],
      type: 'numeric',
      apply: (value) => asNumeric(numericFromInteger(BigInt(signOf(numericOf(value).digits)))),
    },
  ],
  div: [
    {
      arguments: ['numeric', 'numeric'],
      type: 'numeric',
      apply: (left, right) => asNumeric(quotient(numericOf(left), numericOf(right))),
    },
  ],
  width_bucket: [
    {
      arguments: ['double', 'double', 'double', 'integer'],
      type: 'integer',
      apply: (value, low, high, count) => ({
        type: 'integer',
        value: doubleBucket(doubleOf(value), doubleOf(low), doubleOf(high), integerOf(count)),
      }),
    },
    {
      arguments: ['numeric', 'numeric', 'numeric', 'integer'],
      type: 'integer',
      apply: (value, low, high, count) => ({
        type: 'integer',
        value: bucketOf(numericOf(value), numericOf(low), numericOf(high), integerOf(count)),
      }),
    },
  ],
  width_bucket_of: [
    {
      arguments: ['numeric', 'numeric'],
      further: 'numeric',
      type: 'integer',
      apply: (value, ...bounds) => asInteger(boundsPassed(numericOf(value), bounds.map(numericOf))),
    },
  ],
}

export function isScalarFunction(name: string): name is ScalarFunction {
  return Object.hasOwn(SIGNATURES, name)
}

/** The types that literals without one take, where a function is called with so many arguments. */
export function literalTypes(name: ScalarFunction, count: number): readonly SqlType[] {
  const signature = SIGNATURES[name].find((one) => takes(one, count)) ?? SIGNATURES[name][0]!
  return Array.from({ length: count }, (_, nth) => {
    const type = signature.arguments[nth] ?? signature.further ?? 'text'
    return type === 'any' ? 'text' : type
  })
}

/** @throws SH_ANSWER_TYPE if the function does not exist for the types */
export function bindFunction(name: ScalarFunction, operands: readonly Bound[]): Bound {
  const fitting = SIGNATURES[name].filter(
    (one) =>
      takes(one, operands.length) &&
      operands.every((operand, nth) => isTaken(operand, one.arguments[nth] ?? one.further!)),
  )
  // The one with the most arguments as they are; double precision before numeric if there are several.
  const asTheyAre = (one: Signature): number =>
    operands.filter(({ type }, nth) => type === (one.arguments[nth] ?? one.further)).length
  const [signature] = fitting.toSorted((a, b) => asTheyAre(b) - asTheyAre(a))
  if (signature === undefined) throw missing(`Function ${name}`, operands)
  const { type, apply } = signature
  return {
    type,
    evaluate: (row) => {
      const values = operands.map((operand) => operand.evaluate(row))
      const known = values.filter((value) => value !== null)
      if (known.length < values.length) return null
      return apply(
        ...known.map((value, nth) => {
          const target = signature.arguments[nth] ?? signature.further!
          return target === 'any' ? value : castValue(value, target)
        }),
      )
    },
  }
}

function takes({ arguments: own, further }: Signature, count: number): boolean {
  return further === undefined ? own.length === count : own.length <= count
}

/** Implicit casts among numbers only. */
function isTaken({ type, untyped }: Bound, target: SqlType | 'any'): boolean {
  if (target === 'any' || untyped === true || type === target) return true
  if (target === 'double') return isNumberType(type)
  return target === 'numeric' && (type === 'integer' || type === 'bigint')
}

function textOf(value: Value | undefined): string {
  if (typeof value?.value !== 'string') throw new TypeError('a text is needed')
  return value.value
}

function integerOf(value: Value | undefined): bigint {
  if (typeof value?.value !== 'bigint') throw new TypeError('an integer is needed')
  return value.value
}

function doubleOf(value: Value | undefined): number {
  if (value?.type !== 'double') throw new TypeError('double precision is needed')
  return value.value
}

function numericOf(value: Value | undefined): Numeric {
  if (value?.type !== 'numeric') throw new TypeError('a numeric is needed')
  return value.value
}

/** The quotient without its fraction. @throws SH_ANSWER_DIVISION_BY_ZERO */
function quotient(left: Numeric, right: Numeric): Numeric {
  if (right.digits === 0n) throw divisionByZero()
  const scale = Math.max(left.scale, right.scale)
  return { digits: digitsAt(left, scale) / digitsAt(right, scale), scale: 0 }
}

function digitsAt({ digits, scale: own }: Numeric, scale: number): bigint {
  return digits * powerOfTen(scale - own)
}

function signOf(value: bigint | number): number {
  return value > 0 ? 1 : value < 0 ? -1 : 0
}

/** The same of double precision, which integers are too: the quotient is rounded (width_bucket_float8). */
function doubleBucket(value: number, low: number, high: number, count: bigint): bigint {
  checkBuckets(count, low === high)
  const [before, behind] = low < high ? [value < low, value >= high] : [value > low, value <= high]
  if (before) return 0n
  if (behind) return checkInteger('integer', count + 1n)
  const reached = BigInt(Math.trunc(Number(count) * ((value - low) / (high - low))))
  return (reached >= count ? count - 1n : reached) + 1n
}

function checkBuckets(count: bigint, empty: boolean): void {
  if (count <= 0n) {
    throw new ShareholdError('SH_ANSWER_ARGUMENT', 'The number of buckets must be positive.')
  }
  if (empty) {
    throw new ShareholdError('SH_ANSWER_ARGUMENT', 'The bounds of width_bucket are equal.')
  }
}

/** The bucket from 1 to count, 0 before them, count + 1 behind. @throws SH_ANSWER_ARGUMENT */
function bucketOf(value: Numeric, low: Numeric, high: Numeric, count: bigint): bigint {
  const order = compareNumeric(low, high)
  checkBuckets(count, order === 0)
  const [before, behind] =
    order < 0
      ? [compareNumeric(value, low) < 0, compareNumeric(value, high) >= 0]
      : [compareNumeric(value, low) > 0, compareNumeric(value, high) <= 0]
  if (before) return 0n
  if (behind) return checkInteger('integer', count + 1n)
  const above = subtractNumeric(value, low)
  const width = subtractNumeric(high, low)
  const scale = Math.max(above.scale, width.scale)
  // Both have the sign of the width.
  return (digitsAt(above, scale) * count) / digitsAt(width, scale) + 1n
}

/** How many of the ascending bounds the value has reached. @throws SH_ANSWER_ARGUMENT */
function boundsPassed(value: Numeric, bounds: readonly Numeric[]): number {
  if (bounds.some((bound, nth) => nth > 0 && compareNumeric(bounds[nth - 1]!, bound) > 0)) {
    throw new ShareholdError('SH_ANSWER_ARGUMENT', 'The bounds of width_bucket do not ascend.')
  }
  return bounds.filter((bound) => compareNumeric(bound, value) <= 0).length
}
