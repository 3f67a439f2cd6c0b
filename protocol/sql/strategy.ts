/**
 * The planner's ways to go about a query, and the questions that it answers one after the other, each with
 * the plan that the answers so far give (choices.ts). None of them changes what is computed.
 */
import { planesOf } from '../../shares/column-codec.ts'
import { leastDepth } from '../carry-circuit.ts'
import type { PlanParams } from '../plan.ts'

import type { BoundQuery } from './bound.ts'
import type { RowPlan, RowStrategy } from './plan-rows.ts'
import { fitsMemory, looseCounts } from './plan-values.ts'
import type { CountMethod } from './plan-values.ts'
import { columnsOf } from './predicate.ts'

export interface Strategy extends RowStrategy {
  readonly counts: CountMethod
}

export const FIRST_STRATEGY: Strategy = {
  carryDepth: 0,
  summedRows: 'contributing',
  counts: 'popcount',
}

/** A question, and the ways that are possible. */
export interface Question {
  readonly question: string
  readonly options: readonly { readonly name: string; readonly strategy: Strategy }[]
}

/** What the options are made from. */
export interface Planning {
  readonly query: BoundQuery
  readonly params: PlanParams
  readonly rowPlanOf: (strategy: RowStrategy) => RowPlan
}

/** In this order; each is told what has been decided. */
export const QUESTIONS: readonly ((planning: Planning, soFar: Strategy) => Question)[] = [
  sumsAndCounts,
  comparisons,
]

/** Whether sums are taken over contributing rows or whole groups, and how other planes are counted. */
function sumsAndCounts({ params, rowPlanOf }: Planning, soFar: Strategy): Question {
  const options = (['contributing', 'group'] as const).flatMap((summedRows) =>
    (['popcount', 'convert'] as const).map((counts) => {
      const strategy = { ...soFar, summedRows, counts }
      const rowPlan = rowPlanOf(strategy)
      const sums = rowPlan.demand.values.some(({ kind }) => kind !== 'count')
      const names = [
        ...(sums ? [SUMS[summedRows]] : []),
        ...(looseCounts(rowPlan).size > 0 ? [COUNTS[counts]] : []),
      ]
      return { name: names.join(', '), strategy, rowPlan }
    }),
  )
  const fitting = options.filter(({ rowPlan, strategy }) =>
    fitsMemory(params, rowPlan, strategy.counts),
  )
  // Where nothing fits, the plan is refused when it is written.
  return {
    question: 'sums and counts',
    options: fitting.length === 0 ? options.slice(0, 1) : fitting,
  }
}

const SUMS = {
  contributing: 'sums over the rows that contribute',
  group: 'sums over all rows of the group',
} as const

const COUNTS = {
  popcount: 'counts by adders on bits',
  convert: 'counts of bits in the field',
} as const

/** Rounds beyond the least in which a comparison is tried; the fewest ANDs are tried too. */
const EXTRA_ROUNDS = [1, 2, 4]

function comparisons({ query }: Planning, soFar: Strategy): Question {
  const planes = Math.max(1, ...columnsOf(query.filter).map(planesOf))
  const least = leastDepth(planes, true)
  const limits = EXTRA_ROUNDS.map((extra) => least + extra).filter((limit) => limit < planes)
  return {
    question: 'comparisons of rows',
    options: [
      { name: 'tree', strategy: { ...soFar, carryDepth: 0 } },
      ...limits.map((limit) => ({
        name: `blocks, up to ${limit} rounds`,
        strategy: { ...soFar, carryDepth: limit },
      })),
      { name: 'ripple', strategy: { ...soFar, carryDepth: Infinity } },
    ],
  }
}
