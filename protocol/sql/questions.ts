/**
 * What the planner asks itself, one question after the other, each with the plan that the answers so far
 * give (choices.ts).
 */
import { planesOf } from '../../shares/column-codec.ts'
import { leastDepth } from '../carry-circuit.ts'
import type { PlanParams } from '../plan.ts'
import { rowsOf } from '../validate-plan.ts'

import type { BoundQuery, Predicate } from './bound.ts'
import type { Question } from './choices.ts'
import { countTuning, possibleAddingRounds } from './count-tuning.ts'
import type { CountedLanes } from './count-tuning.ts'
import { kingSeconds } from './network-model.ts'
import { fitsMemory, hasSingleRows, neededPlanes } from './plan-planes.ts'
import type { RowPlan } from './plan-rows.ts'
import { columnsOf } from './predicate.ts'
import { productsOfSum } from './row-field.ts'
import type { FieldFactor } from './row-field.ts'
import type { Counting, RowStrategy, Strategy } from './strategy.ts'

/** What the options are made from. */
export interface Planning {
  readonly query: BoundQuery
  readonly params: PlanParams
  readonly rowPlanOf: (strategy: RowStrategy) => RowPlan
}

/** In this order; each is told the answers so far. */
export const QUESTIONS: readonly ((planning: Planning, soFar: Strategy) => Question<Strategy>)[] = [
  cohortTests,
  sumsAndCounts,
  comparisons,
  products,
]

/**
 * Whether members are counted in binary, and how many rounds of adders come before the field otherwise. If
 * every member has one row, the count of rows is the same number and goes the same way.
 */
function cohortTests({ params, rowPlanOf }: Planning, soFar: Strategy): Question<Strategy> {
  const { demand } = rowPlanOf(soFar)
  const { cohorts } = neededPlanes(demand)
  // Sorted rows are counted by prefix sums.
  const counted = soFar.grouping === 'one-hot' ? cohorts.size : 0
  const single = hasSingleRows(params)
  const lanes = single ? 'rows' : 'members'
  const all = counted === 0 ? [soFar.cohorts] : countings(params, lanes, counted)
  // Sizes that are compared with each other are needed in binary.
  const ways = demand.families.length === 0 ? all : all.filter(({ by }) => by === 'popcount')
  return {
    question: 'cohorts of enough members',
    options: ways.map((way) => ({
      name: `members counted ${wayOf(way)}`,
      strategy: { ...soFar, cohorts: way, ...(single ? { counts: way } : {}) },
    })),
  }
}

/** Whether sums are taken over contributing rows or whole groups, and how other planes are counted. */
function sumsAndCounts({ params, rowPlanOf }: Planning, soFar: Strategy): Question<Strategy> {
  const options = (['contributing', 'group'] as const).flatMap((summedRows) => {
    const { demand } = rowPlanOf({ ...soFar, summedRows })
    const { loose, tested } = neededPlanes(demand)
    const sums = demand.values.some(({ kind }) => kind === 'sum')
    const counted = soFar.grouping === 'one-hot' ? loose.size + tested.size : 0
    const ways = counted === 0 ? [soFar.counts] : countings(params, 'rows', counted)
    return ways.map((counts) => ({
      name: [sums ? SUMS[summedRows] : '', counted > 0 ? `rows counted ${wayOf(counts)}` : '']
        .filter((part) => part !== '')
        .join(', '),
      strategy: { ...soFar, summedRows, counts },
      demand,
    }))
  })
  const fitting = options.filter(
    ({ demand }) => soFar.grouping === 'sort' || fitsMemory(params, demand),
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

function wayOf(counting: Counting): string {
  if (counting.by === 'popcount') return 'in binary'
  const { addingRounds } = counting
  return addingRounds === 0
    ? 'by converting each'
    : `by ${addingRounds} rounds of adders and conversion`
}

/** In binary to the end; with the rounds of adders that are best for counts alone; with all that there are. */
function countings(params: PlanParams, lanes: CountedLanes, planes: number): Counting[] {
  const best = countTuning(params, lanes, planes)
  const most = Math.max(...possibleAddingRounds(params, lanes, planes))
  return [
    { by: 'popcount' },
    ...[...new Set([best, most])].map((addingRounds) => ({ by: 'count', addingRounds }) as const),
  ]
}

/** Rounds beyond the least in which a comparison is tried; the fewest ANDs are tried too. */
const EXTRA_ROUNDS = [1, 3]

function comparisons({ query }: Planning, soFar: Strategy): Question<Strategy> {
  return {
    question: 'comparisons of rows',
    options: carryDepths(query.filter).map(({ name, carryDepth }) => ({
      name,
      strategy: { ...soFar, carryDepth },
    })),
  }
}

/** Ways to go about the comparisons in a filter: rounds that they may take, 0 for the least. */
export function carryDepths(
  filter: Predicate,
): readonly { readonly name: string; readonly carryDepth: number }[] {
  const planes = Math.max(1, ...columnsOf(filter).map(planesOf))
  const least = leastDepth(planes, true)
  const limits = EXTRA_ROUNDS.map((extra) => least + extra).filter((limit) => limit < planes)
  return [
    { name: 'tree', carryDepth: 0 },
    ...limits.map((limit) => ({ name: `blocks, up to ${limit} rounds`, carryDepth: limit })),
    { name: 'ripple', carryDepth: Infinity },
  ]
}

function products(planning: Planning, soFar: Strategy): Question<Strategy> {
  const direct = { name: 're-shared by everybody', strategy: withoutKing(soFar) }
  const king = { name: 'through a king', strategy: { ...soFar, via: 'king' } as const }
  const useful = planning.params.committee.n > 3 && productsOverRows(planning, soFar) > 0
  return { question: 'products over rows', options: useful ? [direct, king] : [direct] }
}

function withoutKing({ grouping, carryDepth, summedRows, counts, cohorts }: Strategy): Strategy {
  return { grouping, carryDepth, summedRows, counts, cohorts }
}

/** Computing that some ways take and others do not. */
export function localSeconds(planning: Planning, strategy: Strategy): number {
  if (strategy.via !== 'king') return 0
  return kingSeconds(planning.params.committee.n, productsOverRows(planning, strategy))
}

/** Of products of values, and of conversions. */
function productsOverRows({ params, rowPlanOf }: Planning, strategy: Strategy): number {
  const { demand, fields } = rowPlanOf(strategy)
  const converted = neededPlanes(demand).summed.size
  const seen = new Set<FieldFactor>()
  const products = [...fields.values()].flatMap((sum) => productsOfSum(sum, seen)).length
  return ((params.committee.t - 1) * converted + products) * rowsOf(params)
}
