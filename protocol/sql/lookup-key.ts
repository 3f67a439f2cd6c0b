/**
 * Keys of two columns in one encoding, so that equal values have equal planes and no others: what a lookup sorts by
 * (plan-lookup.ts). Values that only one side can have are left out, as they meet nothing: the key counts the values that
 * both columns can have, and so is as narrow as it can be.
 *
 * Cost, a row: nothing where both columns begin at the same value; else an adder of the code's width, and a comparison
 * with each end that is inside the range. Texts of different dictionaries: a decoder of the code.
 */
import { planesOf } from '../../shares/column-codec.ts'
import { ShareholdError } from '../../shares/errors.ts'
import type { Column } from '../../shares/schema.ts'
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { CircuitBuilder, Planes, Wire } from '../circuit-builder.ts'
import { betweenConstants, inSet, lessThanConstant } from '../circuit-gadgets.ts'
import { sumOf } from '../linear-circuit.ts'

import { sameDictionary } from './column-comparison.ts'
import { domainOf } from './column-domain.ts'

/** The key of a row on one side. */
export interface SideKey {
  readonly planes: Planes
  /** 1 where the other side can have the value too; open where the value is NULL. */
  readonly isCommon: Wire
}

/** Makes the key from the planes of a column's code. */
export type KeyOf = (builder: CircuitBuilder, code: Planes) => SideKey

export interface CommonKey {
  /** Planes of the key, at least 1. */
  readonly width: number
  readonly left: KeyOf
  readonly right: KeyOf
}

const NOTHING: KeyOf = () => ({ planes: [FALSE], isCommon: FALSE })

/**
 * The encoding of two columns that PostgreSQL can compare.
 * @throws ShareholdError SH_SQL_UNSUPPORTED (without position) if their values are spaced differently
 */
export function commonKey(left: Column, right: Column): CommonKey {
  return left.type === 'text' && right.type === 'text'
    ? textKey(left, right)
    : numberKey(left, right)
}

type TextColumn = Extract<Column, { type: 'text' }>

function textKey(left: TextColumn, right: TextColumn): CommonKey {
  if (sameDictionary(left, right)) {
    const plain: KeyOf = (_, code) => ({ planes: code, isCommon: TRUE })
    return { width: planesOf(left), left: plain, right: plain }
  }
  const known = new Set(left.dictionary)
  const words = right.dictionary.filter((word) => known.has(word))
  if (words.length === 0) return { width: 1, left: NOTHING, right: NOTHING }
  const width = planesFor(BigInt(words.length))
  const places = new Map(words.map((word, place) => [word, place]))
  const keyOf =
    ({ dictionary }: TextColumn): KeyOf =>
    (builder, code) => {
      const common = dictionary.flatMap((word, at) => {
        const place = places.get(word)
        return place === undefined ? [] : [{ at, place }]
      })
      const codes = (of: readonly { readonly at: number }[]): number[] => of.map(({ at }) => at)
      return {
        planes: Array.from({ length: width }, (_, i) =>
          inSet(builder, code, codes(common.filter(({ place }) => ((place >> i) & 1) === 1))),
        ),
        isCommon: common.length === dictionary.length ? TRUE : inSet(builder, code, codes(common)),
      }
    }
  return { width, left: keyOf(left), right: keyOf(right) }
}

/** value = (origin + code * step) / divisor on both sides (column-domain.ts). */
function numberKey(left: Column, right: Column): CommonKey {
  const [x, y] = [domainOf(left), domainOf(right)]
  if (x.step * y.divisor !== y.step * x.divisor) throw otherSpacing(left, right)
  const step = x.step * y.divisor
  const [first, second] = [x.origin * y.divisor, y.origin * x.divisor]
  if ((second - first) % step !== 0n) return { width: 1, left: NOTHING, right: NOTHING }
  // The right side's first value is the left side's of this code.
  const shift = (second - first) / step
  const low = shift > 0n ? shift : 0n
  const end = x.size < shift + y.size ? x.size : shift + y.size
  const size = end - low
  if (size <= 0n) return { width: 1, left: NOTHING, right: NOTHING }
  const width = planesFor(size)
  const keyOf =
    (from: bigint, all: bigint): KeyOf =>
    (builder, code) => ({
      planes: offset(builder, code, from, all, width),
      isCommon: within(builder, code, from, from + size - 1n, all),
    })
  return { width, left: keyOf(low, x.size), right: keyOf(low - shift, y.size) }
}

/** code - from, modulo 2^width. */
function offset(
  builder: CircuitBuilder,
  code: Planes,
  from: bigint,
  all: bigint,
  width: number,
): Planes {
  const low = code.slice(0, width)
  if (from % (1n << BigInt(width)) === 0n) return low
  const most = code.length <= width ? all - 1n : (1n << BigInt(width)) - 1n
  return sumOf(builder, [{ planes: low, most, factor: 1n }], -from, width)
}

/** Whether from <= code <= last, of codes below `all`. */
function within(
  builder: CircuitBuilder,
  code: Planes,
  from: bigint,
  last: bigint,
  all: bigint,
): Wire {
  if (last === all - 1n) return builder.not(lessThanConstant(builder, code, from))
  return betweenConstants(builder, code, from, last)
}

/** Planes of a number below `size`, at least 1. */
function planesFor(size: bigint): number {
  return size <= 2n ? 1 : (size - 1n).toString(2).length
}

function otherSpacing(left: Column, right: Column): ShareholdError {
  return new ShareholdError(
    'SH_SQL_UNSUPPORTED',
    `The values of "${left.name}" and "${right.name}" are spaced differently, so rows cannot be looked up by them.`,
    { hint: 'Declare both with the same type and scale, or with the same resolution.' },
  )
}
