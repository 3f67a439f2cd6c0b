/** Sets of a column's codes as circuits: the cheapest of intervals, equalities and truth tables. */
import type { Planes, Wire } from '../circuit-builder.ts'
import { equalsConstant, inSet, lessThanConstant } from '../circuit-gadgets.ts'

import { countOf } from './code-set.ts'
import type { CodeSet } from './code-set.ts'
import type { RowPlanes } from './column-planes.ts'

/** Widest code for which a set is tried as an enumeration (circuit-gadgets.ts, inSet). */
const MAX_ENUMERATED_PLANES = 16
/** Most codes for which a set is tried as equalities. */
const MAX_EQUALITIES = 32n
/** Most intervals for which a set is tried as comparisons with their ends. */
const MAX_INTERVALS = 64

/** 1 where the code is in the set; what it is on codes that do not exist is left open. */
export function codesPlane(
  { builder, carryDepth }: RowPlanes,
  planes: Planes,
  codes: CodeSet,
  size: bigint,
): Wire {
  const room = 1n << BigInt(planes.length)
  // Codes from `size` on never occur: an interval that reaches the end has no upper end to compare with.
  const open = codes.map(([low, high]) => [low, high === size - 1n ? room - 1n : high] as const)
  const below = (end: bigint): Wire => lessThanConstant(builder, planes, end, carryDepth)
  // Below the end but not below the start: the second lies within the first, so XOR subtracts.
  const asIntervals = (): Wire =>
    builder.xorMany(
      open.map(([low, high]) =>
        low === high
          ? equalsConstant(builder, planes, low)
          : builder.xor(below(high + 1n), below(low)),
      ),
    )
  const candidates: (() => Wire)[] = []
  if (open.length <= MAX_INTERVALS) candidates.push(asIntervals)
  for (const set of countOf(open) === countOf(codes) ? [open] : [open, codes]) {
    if (!isWorthEnumerating(set, planes.length)) continue
    candidates.push(() => inSet(builder, planes, enumerate(set), carryDepth))
  }
  return candidates.length === 0 ? asIntervals() : builder.cheapest(candidates)
}

/**
 * Whether a set may be cheaper code by code or as a truth table than as intervals: these take at most two
 * comparisons each, a table monomials of half the planes.
 */
function isWorthEnumerating(codes: CodeSet, planes: number): boolean {
  if (planes > MAX_ENUMERATED_PLANES) return false
  return countOf(codes) <= MAX_EQUALITIES || 2 * planes * codes.length > 2 ** (planes / 2)
}

function enumerate(codes: CodeSet): number[] {
  const all: number[] = []
  for (const [low, high] of codes) {
    for (let code = Number(low); code <= Number(high); code++) all.push(code)
  }
  return all
}
