/**
 * Sets of a column's codes as ascending, disjoint, non-adjacent intervals: what a comparison with a
 * constant becomes at plan time, exactly. A constant between two steps of the column's scale, or outside
 * its range, needs no special case after this.
 */
import type { ColumnDomain } from './column-domain.ts'

/** Inclusive intervals. */
export type CodeSet = readonly (readonly [low: bigint, high: bigint])[]

export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>='

/** An exact fraction; the denominator is positive. */
export interface Fraction {
  readonly numerator: bigint
  readonly denominator: bigint
}

/** Codes whose value stands in the relation to a constant given in the domain's unit. */
export function codesWhere(
  domain: ColumnDomain,
  comparison: Comparison,
  constant: Fraction,
): CodeSet {
  // The constant as a code x = n / d, which need not be an integer nor lie in the range.
  const n = constant.numerator * domain.divisor - domain.origin * constant.denominator
  const d = domain.step * constant.denominator
  const below = floorDivide(n, d)
  const exact = below * d === n
  const last = domain.size - 1n
  switch (comparison) {
    case '=':
      return exact ? clip(below, below, last) : []
    case '<>':
      return exact ? complement(clip(below, below, last), domain.size) : clip(0n, last, last)
    case '<':
      return clip(0n, exact ? below - 1n : below, last)
    case '<=':
      return clip(0n, below, last)
    case '>':
      return clip(below + 1n, last, last)
    case '>=':
      return clip(exact ? below : below + 1n, last, last)
  }
}

/** Codes with these positions in a list, as a dictionary is. */
export function codesOf(members: readonly boolean[]): CodeSet {
  const set: [bigint, bigint][] = []
  members.forEach((member, index) => {
    const code = BigInt(index)
    const last = set.at(-1)
    if (!member) return
    if (last?.[1] === code - 1n) last[1] = code
    else set.push([code, code])
  })
  return set
}

export function union(sets: readonly CodeSet[]): CodeSet {
  const merged: [bigint, bigint][] = []
  const sorted = sets.flat().toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  for (const [low, high] of sorted) {
    const last = merged.at(-1)
    if (last === undefined || last[1] < low - 1n) merged.push([low, high])
    else if (last[1] < high) last[1] = high
  }
  return merged
}

export function complement(set: CodeSet, size: bigint): CodeSet {
  const rest: [bigint, bigint][] = []
  let next = 0n
  for (const [low, high] of set) {
    if (next < low) rest.push([next, low - 1n])
    next = high + 1n
  }
  if (next < size) rest.push([next, size - 1n])
  return rest
}

export function intersection(sets: readonly CodeSet[], size: bigint): CodeSet {
  return complement(union(sets.map((set) => complement(set, size))), size)
}

/** Whether any code is in both. */
export function intersects(one: CodeSet, other: CodeSet): boolean {
  return one.some(([low, high]) => other.some(([from, to]) => low <= to && from <= high))
}

export function contains(set: CodeSet, code: bigint): boolean {
  return set.some(([low, high]) => low <= code && code <= high)
}

/** Number of codes in the set. */
export function countOf(set: CodeSet): bigint {
  return set.reduce((sum, [low, high]) => sum + high - low + 1n, 0n)
}

/** Quotient rounded down; the divisor is positive. */
export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient
}

function clip(low: bigint, high: bigint, last: bigint): CodeSet {
  const from = low < 0n ? 0n : low
  const to = high > last ? last : high
  return from <= to ? [[from, to]] : []
}
