/**
 * Aggregates that show a value of a row, or one between two: what is opened is the place of a value in the domain of
 * the argument.
 *
 * Source: percentile_cont_final_common and float8_lerp in orderedsetaggs.c (PostgreSQL 18).
 */
import type { AggregateCall } from './aggregate-functions.ts'
import { checkCount, inconsistent } from './answer-consistency.ts'
import type { OpenedNumbers } from './answer-consistency.ts'
import { castValue, parseValue } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import { formatDate, formatTimestamp } from './datetime.ts'

/** The value at a place of the domain. @throws SH_ANSWER_INCONSISTENT if there is none */
export function chosenValue(
  { arguments: [argument], domain }: AggregateCall,
  place: bigint,
): Value {
  if (argument === undefined || domain === undefined)
    throw new RangeError('a value without a domain')
  if (place < 0n || place >= BigInt(domain.size)) throw inconsistent()
  const { type, scale } = argument
  const text = domain.texts?.[Number(place)]
  if (text !== undefined) return parseValue(type, text)
  const value = BigInt(domain.origin) + BigInt(domain.step) * place
  switch (type) {
    case 'integer':
    case 'bigint':
      return { type, value }
    case 'numeric':
      return { type, value: { digits: value, scale } }
    case 'boolean':
      return { type, value: value === 0n ? 'f' : 't' }
    case 'date':
      return { type, value: formatDate(value) }
    case 'timestamp':
      return { type, value: formatTimestamp(value) }
    case 'text':
    case 'double':
      throw new RangeError('a value that is not listed')
  }
}

/**
 * The value at fraction * (count - 1) among those in order, from 0. What lies between two is interpolated in double
 * precision, by the formula of PostgreSQL; which two that are has been decided exactly.
 */
export function interpolatedValue(call: AggregateCall, numbers: OpenedNumbers): Value | null {
  const { fraction, descending } = call
  if (fraction === undefined) throw new RangeError('a quantile without a fraction')
  const count = checkCount(numbers('count'))
  const lower = toDouble(chosenValue(call, numbers('lower')))
  const upper = toDouble(chosenValue(call, numbers('upper')))
  if (count === 0n) return null
  if (upper < lower) throw inconsistent()
  const { numerator: p, denominator: q } = fraction
  const steps = BigInt(p) * (count - 1n)
  const before = steps / BigInt(q)
  const [first, second] = descending === true ? [upper, lower] : [lower, upper]
  if (before * BigInt(q) === steps) {
    if (lower !== upper) throw inconsistent()
    return { type: 'double', value: first }
  }
  const proportion = (p / q) * Number(count - 1n) - Number(before)
  return { type: 'double', value: first + proportion * (second - first) }
}

function toDouble(value: Value): number {
  const double = castValue(value, 'double')
  if (double.type !== 'double') throw new RangeError('no number')
  return double.value
}
