/**
 * How many rounds of adders on bits precede the conversion, where ones are counted into the field
 * (count-to-field.ts), and how many bits a selection finds at a time (select-rank.ts): chosen by the
 * estimate of the operator alone, with nothing else around it. Rounds of adders each leave two thirds of
 * the bits to be converted.
 */
import { selectRounds } from '../choose-cost.ts'
import { flatLayout, type Layout, tableLayout } from '../layout.ts'
import type { PlanParams } from '../plan.ts'
import { compress } from '../popcount.ts'
import type { SelectTuning } from '../select-rank.ts'
import { countRounds } from '../table-cost.ts'
import { Tally } from '../tally.ts'
import { membersOf } from '../validate-plan.ts'

import { choose, estimate } from './choices.ts'
import type { Candidate, Decision, Estimate } from './choices.ts'

/** Lanes in which ones are counted or numbers are selected. */
export type CountedLanes = 'rows' | 'members'

/** Most bits that are converted at once: 512 MiB in a message, as in a batch. */
const MAX_CONVERTED = 2 ** 26

const BLOCK_LANES = 128

const TAG = { op: 0, batch: 0, step: 0 }

/**
 * Numbers of rounds of adders that are possible, from the fewest on: those that leave few enough bits for
 * memory, until there is nothing left to add.
 * @param planes that are counted at once
 */
export function possibleAddingRounds(
  params: PlanParams,
  lanes: CountedLanes,
  planes: number,
): number[] {
  let counts: readonly number[] = [layoutFor(params, lanes).planeBytes / (BLOCK_LANES / 8)]
  const possible: number[] = []
  for (let rounds = 0; ; rounds++) {
    const bits = counts.reduce((sum, count) => sum + count, 0) * BLOCK_LANES
    const { adders, left } = compress(counts, Infinity)
    const isLast = adders.every((count) => count === 0)
    if (bits * planes <= MAX_CONVERTED || isLast) possible.push(rounds)
    if (isLast) return possible
    counts = left
  }
}

/** The rounds of adders with which this many planes are best counted into the field. */
export function countTuning(params: PlanParams, lanes: CountedLanes, planes: number): number {
  const { planeBytes } = layoutFor(params, lanes)
  const candidates = possibleAddingRounds(params, lanes, planes).map((addingRounds) => ({
    name: `${addingRounds}`,
    value: addingRounds,
    cost: costOf(params, (tally) => countRounds(tally, planes, TAG, planeBytes, addingRounds)),
  }))
  return choose('rounds of adders', candidates).value
}

/** The way to select from `choices` columns of `width` planes at once. */
export function selectTuning(
  params: PlanParams,
  lanes: CountedLanes,
  choices: number,
  width: number,
): Decision<SelectTuning> {
  const layout = layoutFor(params, lanes)
  const choice = { planes: [], among: { op: 0, part: 0 }, times: 1, plus: 1, over: 2 }
  const selection = {
    kind: 'select',
    choices: Array.from({ length: choices }, () => choice),
  } as const
  const ofDigit = (digit: number): Candidate<SelectTuning> => {
    const possible = possibleAddingRounds(params, lanes, (2 ** digit - 1) * choices)
    const candidates = possible.map((addingRounds): Candidate<SelectTuning> => ({
      name: `${digit}-bit digits, ${addingRounds} rounds of adders before each conversion`,
      value: { digit, addingRounds },
      cost: costOf(params, (tally) =>
        selectRounds(tally, { ...selection, digit, addingRounds }, width, TAG, layout),
      ),
    }))
    const { value } = choose('rounds of adders', candidates)
    return candidates.find((candidate) => candidate.value === value)!
  }
  return choose('selection', [1, 2, 3, 4].map(ofDigit))
}

function layoutFor(params: PlanParams, lanes: CountedLanes): Layout {
  return lanes === 'rows' ? tableLayout(params) : flatLayout(membersOf(params))
}

/** What rounds cost that follow each other. */
function costOf({ committee, network }: PlanParams, operator: (tally: Tally) => void): Estimate {
  const tally = new Tally(committee.n, committee.t)
  operator(tally)
  const { n, t } = tally
  const rounds = tally.rounds.filter(({ bytes }) => bytes > 0).map((round) => [round])
  return estimate({ n, t, rounds }, network)
}
