/**
 * A second small group among many, whose sizes are vectors over all groups: where exactly one group of a grouping is
 * too small to be shown, the smallest other one is hidden with it. The rule is that of complementary cell suppression;
 * here it is decided in the field.
 *
 * With b_g whether group g is large enough, and x_g = size_g * 2^k + g if it is, else more than any of these:
 * the least of all x is found by halves, ceil(log2 groups) times; then
 *
 *   b'_g = b_g - [groups that are too small = 1] * [x_g = the least]
 *
 * Groups found by sort (plan-sorted.ts) have no sizes in binary and too many lanes to name one by one: what hides
 * second groups elsewhere (plan-second.ts) does not serve them.
 *
 * Nothing is opened. All cohorts share each operator. Cost: about one comparison of computed values for each group
 * and cohort, in ceil(log2 groups) turns of a comparison's rounds, one conversion and one product.
 */
import type { Ref } from '../plan.ts'
import { planesBelow } from '../public-planes.ts'

import type { PlanWriter } from './plan-writer.ts'

/** More than any size * 2^k + place; differences stay below 2^60, where a comparison ends. */
const NONE = 2n ** 58n

/** Most bits of a size and a place. */
const MAX_BITS = 57

/** Vectors over the groups. */
export interface GroupSizes {
  /** Distinct members, in the field. */
  readonly size: Ref
  /** Whether there are enough, as 0 and 1. */
  readonly enough: Ref
  /** How many groups are empty for everybody to see: they do not count. */
  readonly ruledOut: number
}

/**
 * Writes the rule.
 * @param groups their number, at least 2
 * @param members most that a group can have
 * @returns for each cohort whether groups are shown, as 0 and 1
 */
export function hideSecondOfMany(
  writer: PlanWriter,
  cohorts: readonly GroupSizes[],
  { groups, members }: { readonly groups: number; readonly members: number },
): Ref[] {
  const placeBits = planesBelow(groups)
  if (placeBits + planesBelow(members + 1) > MAX_BITS) throw new RangeError('too many members')
  const enough = cohorts.map((cohort) => cohort.enough)
  const sum = (inputs: readonly Ref[], coefficients: readonly bigint[], constant = 0n): Ref =>
    writer.add(
      {
        kind: 'combine',
        inputs,
        coefficients: coefficients.map(String),
        ...(constant === 0n ? {} : { constant: String(constant) }),
      },
      'sizes and places',
    )(0)

  const ones = sum([enough[0]!], [0n], 1n)
  const places = writer.add({ kind: 'prefix-sum', inputs: [ones] }, 'places of the groups')(0)
  const products = writer.add(
    {
      kind: 'multiply',
      pairs: cohorts.map(({ size, enough: bit }) => [
        bit,
        sum([size, places], [2n ** BigInt(placeBits), 1n], -1n - NONE),
      ]),
    },
    'sizes of large enough groups',
  )
  const keys = cohorts.map((_, k) => sum([products(k)], [1n], NONE))
  const least = leastOf(writer, keys, groups)

  const lone = writer.add(
    {
      kind: 'equals-zero',
      inputs: [missing(writer, cohorts, groups)],
    },
    'exactly one group is too small?',
  )(0)
  const loneBits = writer.add({ kind: 'bit-to-field', inputs: [lone] }, 'as numbers')(0)
  const spread = broadcast(
    writer,
    [...least, ...cohorts.map((_, k) => laneOf(writer, loneBits, k))],
    groups,
  )
  const differences = keys.map((key, k) => sum([key, spread[k]!], [1n, -1n]))
  const isLeast = writer.add({ kind: 'equals-zero', inputs: differences }, 'the smallest group?')
  const leastBits = writer.add(
    { kind: 'bit-to-field', inputs: keys.map((_, k) => isLeast(k)) },
    'as numbers',
  )
  const hidden = writer.add(
    {
      kind: 'multiply',
      pairs: cohorts.map((_, k) => [leastBits(k), spread[cohorts.length + k]!]),
    },
    'hidden beside a single small group',
  )
  return enough.map((bit, k) => sum([bit, hidden(k)], [1n, -1n]))
}

/** How many groups are too small, less one: a lane for each cohort. */
function missing(writer: PlanWriter, cohorts: readonly GroupSizes[], groups: number): Ref {
  const inputs = cohorts.map(({ enough }) => enough)
  const total = writer.add({ kind: 'total', inputs }, 'how many are large enough')(0)
  const lanes = cohorts.map(({ ruledOut }) => String(groups - ruledOut - 1))
  const others = writer.add({ kind: 'constant', lanes }, 'all but one')(0)
  return writer.add(
    { kind: 'combine', inputs: [others, total], coefficients: ['1', '-1'] },
    'what is missing to all but one',
  )(0)
}

/** The least lane of each vector, halving them together. Lanes differ, or do not count. */
function leastOf(writer: PlanWriter, vectors: readonly Ref[], lanes: number): Ref[] {
  let left = vectors
  for (let length = lanes; length > 1; length = Math.ceil(length / 2)) {
    const half = Math.floor(length / 2)
    const cut = (from: number, to: number): ((part: number) => Ref) =>
      writer.add({ kind: 'slice', inputs: left, from, to }, 'a half')
    const [first, second] = [cut(0, half), cut(half, 2 * half)]
    const differences = left.map((_, k) =>
      writer.add(
        { kind: 'combine', inputs: [first(k), second(k)], coefficients: ['1', '-1'] },
        'halves compared',
      )(0),
    )
    const less = writer.add({ kind: 'less-than-zero', inputs: differences }, 'which is smaller?')
    const bits = writer.add(
      { kind: 'bit-to-field', inputs: left.map((_, k) => less(k)) },
      'as numbers',
    )
    const chosen = writer.add(
      { kind: 'multiply', pairs: left.map((_, k) => [bits(k), differences[k]!]) },
      'the smaller one, less the second',
    )
    const smaller = left.map((_, k) =>
      writer.add(
        { kind: 'combine', inputs: [second(k), chosen(k)], coefficients: ['1', '1'] },
        'the smaller one',
      )(0),
    )
    if (length % 2 === 0) {
      left = smaller
    } else {
      const odd = cut(length - 1, length)
      const joined = writer.add(
        { kind: 'append', parts: smaller.map((ref, k) => [ref, odd(k)]) },
        'and the one without a partner',
      )
      left = left.map((_, k) => joined(k))
    }
  }
  return [...left]
}

function laneOf(writer: PlanWriter, vector: Ref, lane: number): Ref {
  const operator = { kind: 'slice', inputs: [vector], from: lane, to: lane + 1 } as const
  return writer.add(operator, 'of one cohort')(0)
}

/** Each single lane in all lanes. */
function broadcast(writer: PlanWriter, single: readonly Ref[], lanes: number): Ref[] {
  const parts = single.map((ref) => [ref, { lanes: lanes - 1, value: '0' }])
  const first = writer.add({ kind: 'append', parts }, 'and zeros')
  const inputs = single.map((_, k) => first(k))
  const all = writer.add({ kind: 'prefix-sum', inputs }, 'the same for all groups')
  return single.map((_, k) => all(k))
}
