/**
 * Two stored columns compared on their planes, also of different offsets and scales: the difference in a
 * common unit is a linear form of the two codes (linear-circuit.ts). Text of different dictionaries is
 * compared through decoders.
 *
 * Cost: two numbers of k planes, equal scale and range as `lessThan` and `equals` (circuit-gadgets.ts); k ANDs
 * and a round more if the ranges start at different values, and as much for each further one among the
 * binary digits of the factors. Texts of different dictionaries: about as many ANDs as the two
 * dictionaries have words.
 */
import { ShareholdError } from '../../shares/errors.ts'
import type { Column } from '../../shares/schema.ts'
import { FALSE } from '../circuit-builder.ts'
import type { CircuitBuilder, Planes, Wire } from '../circuit-builder.ts'
import { equals, oneHot } from '../circuit-gadgets.ts'
import { isNegative, isZero } from '../linear-circuit.ts'

import { compareCodePoints } from './answer-value.ts'
import type { Relation } from './bound.ts'
import { floorDivide } from './code-set.ts'
import type { Comparison } from './code-set.ts'
import { domainOf } from './column-domain.ts'
import type { RowPlanes } from './column-planes.ts'

/** Largest dictionaries that can be compared by decoding both. */
export const MAX_DECODED_WORDS = 4096

type TextColumn = Extract<Column, { type: 'text' }>

/** 1 where left stands in the relation to right; what it is where either is NULL is left open. */
export function relateColumns(
  { builder, columns, carryDepth }: RowPlanes,
  relation: Relation,
  left: Column,
  right: Column,
): Wire {
  const leftCode = columns.get(left)?.code ?? []
  const rightCode = columns.get(right)?.code ?? []
  if (left.type === 'text' && right.type === 'text') {
    return relateTexts(builder, relation, left, leftCode, right, rightCode)
  }
  return relateNumbers(builder, relation, left, leftCode, right, rightCode, carryDepth)
}

/**
 * With value = (origin + code * step) / divisor on both sides, left R right becomes
 * a * leftCode + shift R b * rightCode for integers a, b > 0 and shift.
 */
function relateNumbers(
  builder: CircuitBuilder,
  relation: Relation,
  left: Column,
  leftCode: Planes,
  right: Column,
  rightCode: Planes,
  carryDepth: number,
): Wire {
  const x = domainOf(left)
  const y = domainOf(right)
  const leftFactor = x.step * y.divisor
  const rightFactor = y.step * x.divisor
  const common = greatestCommonDivisor(leftFactor, rightFactor)
  const difference = x.origin * y.divisor - y.origin * x.divisor
  const floor = floorDivide(difference, common)
  const exact = floor * common === difference
  if (relation === 'equal' && !exact) return FALSE
  const form = (sign: 1n | -1n) => [
    { planes: leftCode, most: x.size - 1n, factor: (sign * leftFactor) / common },
    { planes: rightCode, most: y.size - 1n, factor: (-sign * rightFactor) / common },
  ]
  // b*rightCode - a*leftCode is an integer: it exceeds difference/common iff it exceeds its floor, and
  // reaches it iff it reaches its ceiling.
  switch (relation) {
    case 'equal':
      return isZero(builder, form(1n), floor)
    case 'less':
      return isNegative(builder, form(1n), floor, carryDepth)
    case 'less-equal':
      return builder.not(isNegative(builder, form(-1n), exact ? -floor : -floor - 1n, carryDepth))
  }
}

function relateTexts(
  builder: CircuitBuilder,
  relation: Relation,
  left: TextColumn,
  leftCode: Planes,
  right: TextColumn,
  rightCode: Planes,
): Wire {
  if (relation === 'equal' && sameDictionary(left, right))
    return equals(builder, leftCode, rightCode)
  const leftOrder = byBytes(left)
  const rightOrder = byBytes(right)
  const leftIs = oneHot(builder, leftCode, leftOrder)
  const rightIs = oneHot(builder, rightCode, rightOrder)
  const places = new Map(rightOrder.map((code, place) => [right.dictionary[code], place]))
  // from[i]: the word on the right is the i-th in the order, or a later one.
  const from: Wire[] = [FALSE]
  for (const wire of rightIs.toReversed()) from.unshift(builder.xor(wire, from[0]!))
  const terms = leftOrder.map((code, index) => {
    const word = left.dictionary[code] ?? ''
    if (relation === 'equal') {
      const place = places.get(word)
      return place === undefined ? FALSE : builder.and(leftIs[index]!, rightIs[place]!)
    }
    const place = firstNotBelow(rightOrder, right, word)
    const skip = relation === 'less' && places.has(word) ? 1 : 0
    return builder.and(leftIs[index]!, from[place + skip]!)
  })
  // At most one word on the left is the row's: XOR is OR.
  return builder.xorMany(terms)
}

/** Place of the first word in the order that is not below `word`, by bisection. */
function firstNotBelow(order: readonly number[], column: TextColumn, word: string): number {
  let [low, high] = [0, order.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const candidate = column.dictionary[order[middle]!] ?? ''
    if (compareCodePoints(candidate, word) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Texts of different dictionaries are compared by decoding both, which has to stay small.
 *
 * @throws ShareholdError SH_SQL_UNSUPPORTED (without position)
 */
export function checkDictionaries(comparison: Comparison, left: Column, right: Column): void {
  if (left.type !== 'text' || right.type !== 'text' || left === right) return
  const isEquality = comparison === '=' || comparison === '<>'
  if (isEquality && sameDictionary(left, right)) return
  const words = Math.max(left.dictionary.length, right.dictionary.length)
  if (words <= MAX_DECODED_WORDS) return
  throw new ShareholdError(
    'SH_SQL_UNSUPPORTED',
    `Columns "${left.name}" and "${right.name}" have dictionaries too large to compare (${words} words).`,
    {
      hint: `Up to ${MAX_DECODED_WORDS} words can be compared; = and <> need one dictionary for both.`,
    },
  )
}

/** Whether equal codes mean equal words. */
export function sameDictionary(left: TextColumn, right: TextColumn): boolean {
  return (
    left.dictionary.length === right.dictionary.length &&
    left.dictionary.every((word, code) => word === right.dictionary[code])
  )
}

/** Codes in the order of their words. */
function byBytes(column: TextColumn): number[] {
  return column.dictionary
    .map((word, code) => ({ word, code }))
    .toSorted((a, b) => compareCodePoints(a.word, b.word))
    .map(({ code }) => code)
}

export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b)
}
