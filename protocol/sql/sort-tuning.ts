/** How many bits are sorted by at a time: chosen by the estimate of the sort alone (sort.ts). */
import type { PlanParams } from '../plan.ts'
import { sortRounds } from '../table-cost.ts'
import { Tally } from '../tally.ts'

import { choose, estimate } from './choices.ts'

const DIGITS = [1, 2, 3, 4]

/**
 * The digit with which rows are best sorted.
 * @param planes of a row, `key` of them its key
 */
export function sortTuning(
  { committee: { n, t }, network }: PlanParams,
  lanes: number,
  planes: number,
  key: number,
): number {
  const inputs = Array.from({ length: planes }, (_, part) => ({ op: 0, part }))
  const candidates = DIGITS.filter((digit) => digit <= Math.max(1, key)).map((digit) => {
    const tally = new Tally(n, t)
    sortRounds(tally, { kind: 'sort', inputs, key, digit }, { op: 0, batch: 0, step: 0 }, lanes)
    const rounds = tally.rounds.filter(({ bytes }) => bytes > 0).map((round) => [round])
    const cost = estimate({ n, t, rounds }, network)
    return { name: `${digit}`, value: digit, cost }
  })
  return choose('bits sorted by at a time', candidates).value
}
