/**
 * How many rounds of adders on bits precede the conversion, where ones are counted into the field
 * (count-to-field.ts), and how many bits a selection finds at a time (select-rank.ts): chosen by the
 * estimate of the operator alone, with nothing else around it. Rounds of adders each leave two thirds of
 * the bits to be converted.
 */
import { flatLayout, type Layout, tableLayout } from '../layout.ts'
import type { Operator, Plan, PlanParams, Ref } from '../plan.ts'
import { compress } from '../popcount.ts'
import type { SelectTuning } from '../select-rank.ts'
import { membersOf } from '../validate-plan.ts'

import { choose } from './choices.ts'
import type { Candidate, Decision } from './choices.ts'

/** Lanes in which ones are counted or numbers are selected. */
export type CountedLanes = 'rows' | 'members'

/** Most bits that are converted at once: 512 MiB in a message, as in a batch. */
export const MAX_CONVERTED = 2 ** 26

const BLOCK_LANES = 128

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
  let counts: readonly number[] = [layoutOf(params, lanes).planeBytes / (BLOCK_LANES / 8)]
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

function layoutOf(params: PlanParams, lanes: CountedLanes): Layout {
  return lanes === 'rows' ? tableLayout(params) : flatLayout(membersOf(params))
}

/** The way to select from `choices` columns of `width` planes at once. */
export function selectTuning(
  params: PlanParams,
  lanes: CountedLanes,
  choices: number,
  width: number,
): Decision<SelectTuning> {
  const best = [1, 2, 3, 4].map((digit): Candidate<SelectTuning> => {
    const possible = possibleAddingRounds(params, lanes, (2 ** digit - 1) * choices)
    const candidates = possible.map((addingRounds) => ({
      name: `${digit}-bit digits, ${addingRounds} rounds of adders before each conversion`,
      value: { digit, addingRounds },
      plan: selection(params, lanes, choices, width, { digit, addingRounds }),
    }))
    const { value } = choose('rounds of adders', candidates, params)
    return candidates.find((candidate) => candidate.value === value)!
  })
  return choose('selection', best, params)
}

/** A plan that does nothing but select. */
function selection(
  params: PlanParams,
  lanes: CountedLanes,
  choices: number,
  width: number,
  tuning: SelectTuning,
): Plan {
  const parts = (op: number, count: number): Ref[] =>
    Array.from({ length: count }, (_, part) => ({ op, part }))
  const operators: Operator[] = [
    {
      kind: 'load-bits',
      dataset: params.dataset.name,
      column: 'any',
      planes: width,
      validity: true,
    },
  ]
  if (lanes === 'members') operators.push({ kind: 'any-row', inputs: parts(0, width + 1) })
  const from = operators.length - 1
  const choice = {
    planes: parts(from, width),
    among: { op: from, part: width },
    times: 1,
    plus: 1,
    over: 2,
  }
  operators.push({
    kind: 'select',
    choices: Array.from({ length: choices }, () => choice),
    ...tuning,
  })
  operators.push({ kind: 'bit-to-field', inputs: parts(from + 1, width) })
  operators.push({ kind: 'output', inputs: parts(from + 2, width) })
  return { version: 1, operators }
}
