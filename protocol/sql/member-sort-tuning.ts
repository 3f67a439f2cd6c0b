/**
 * How the rows of each member are sorted: by a network within members, or all rows by the radix sort, with the
 * member as the highest part of the key; chosen by the estimate of the sort alone (member-sort.ts, sort.ts).
 */
import { leastDepth } from '../carry-circuit.ts'
import type { PlanParams } from '../plan.ts'
import { planesBelow } from '../public-planes.ts'
import { memberSortRounds } from '../reorder-cost.ts'
import { sortRounds } from '../table-cost.ts'
import { Tally } from '../tally.ts'
import { memberClasses, membersOf, rowsOf } from '../validate-plan.ts'

import { choose, estimate } from './choices.ts'
import type { Estimate } from './choices.ts'
import { sortTuning } from './sort-tuning.ts'

export type MemberSortWay =
  | { readonly by: 'network'; readonly depth: number }
  | { readonly by: 'radix'; readonly digit: number }

/** Rounds beyond the least in which a comparison is tried; the fewest ANDs are tried too. */
const EXTRA_ROUNDS = [1, 3]
const MOST_ROUNDS = 64

/** @param planes of a row, `key` of them its key */
export function memberSortTuning(params: PlanParams, planes: number, key: number): MemberSortWay {
  const { n, t } = params.committee
  const costOf = (count: (tally: Tally) => void): Estimate => {
    const tally = new Tally(n, t)
    count(tally)
    const rounds = tally.rounds.filter(({ bytes }) => bytes > 0).map((round) => [round])
    return estimate({ n, t, rounds }, params.network)
  }
  const tag = { op: 0, batch: 0, step: 0 }
  const inputs = Array.from({ length: planes }, (_, part) => ({ op: 0, part }))
  const least = leastDepth(key + planesBelow(memberClasses(params).at(-1)?.[0] ?? 0), true)
  const depths = [0, ...EXTRA_ROUNDS.map((extra) => least + extra), MOST_ROUNDS]
  const networks = depths.map((depth) => ({
    name: `network, ${depth}`,
    value: { by: 'network', depth } as MemberSortWay,
    cost: costOf((tally) =>
      memberSortRounds(tally, { kind: 'member-sort', inputs, key, depth }, tag, params),
    ),
  }))
  const lanes = rowsOf(params)
  const members = planesBelow(membersOf(params) + 1)
  const [all, whole] = [planes + members, key + members]
  const digit = sortTuning(params, lanes, all, whole)
  const more = Array.from({ length: all }, (_, part) => ({ op: 0, part }))
  const radix = {
    name: `radix, ${digit}`,
    value: { by: 'radix', digit } as MemberSortWay,
    cost: costOf((tally) =>
      sortRounds(tally, { kind: 'sort', inputs: more, key: whole, digit }, tag, lanes),
    ),
  }
  return choose('sort within members', [...networks, radix]).value
}
