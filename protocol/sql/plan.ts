/**
 * The planner: a bound query and public sizes to a plan and to the description of its answer.
 *
 *   load columns -> one circuit for filter, groups, NULLs -> bits into the field -> inner products
 *                                                         -> counts of ones
 *                                                         -> members with a row -> count -> >= kMin?
 *   values * cohort bits -> output
 *
 * Many groups are found by sort (plan-sorted.ts). All groups and aggregates share each operator, so rounds do not grow with their number. The plan is a
 * function of the query, the schema and planParams alone: every node makes the same.
 *
 * Who learns what: nodes nothing but the public sizes; the querier the cohort bits and, where the bit is
 * 1, the values (leaks.ts lists them).
 */
import { ShareholdError } from '../../shares/errors.ts'
import { schedule } from '../cost.ts'
import type { Plan, PlanParams } from '../plan.ts'

import { answerGroups, keyTypesOf } from './answer-groups.ts'
import type { AnswerGroup } from './answer-groups.ts'
import type { AnswerExpression, AnswerSpec, AnswerWindow } from './answer-spec.ts'
import { replaceAggregates } from './answer-tree.ts'
import type { BoundQuery } from './bound.ts'
import { answerQuestions, choose, estimate } from './choices.ts'
import type { Choice, Way } from './choices.ts'
import type { Demand } from './demand.ts'
import { emptyGroups } from './empty-groups.ts'
import { countGroups, MAX_GROUPS } from './groups.ts'
import { withTable } from './made-table.ts'
import type { WrittenTable } from './made-table.ts'
import { checkGroups } from './plan-limits.ts'
import { chunksAtATime, fitsMemory } from './plan-planes.ts'
import { planRows } from './plan-rows.ts'
import { isDivided, writeSortedPlan } from './plan-sorted.ts'
import { writePlan } from './plan-values.ts'
import { PlanWriter } from './plan-writer.ts'
import { MAX_CELLS } from './planning-budget.ts'
import { decideHaving } from './public-having.ts'
import type { DecidedHaving } from './public-having.ts'
import { localSeconds, QUESTIONS } from './questions.ts'
import type { Planning } from './questions.ts'
import { remember } from './remember.ts'
import { isSortable, MAX_SORTED_GROUPS } from './sorted-groups.ts'
import { FIRST_STRATEGY, nameOf } from './strategy.ts'
import type { Grouping, RowStrategy, Strategy, SummedRows } from './strategy.ts'

export interface PlannedQuery {
  readonly plan: Plan
  readonly answer: AnswerSpec
  /** What each operator is for, one line an operator. */
  readonly purposes: readonly string[]
  /** Cohort bits that are opened. */
  readonly cohorts: number
  /** Whether a second group may be suppressed beside a single small one. */
  readonly hidesSecond: boolean
  readonly choices: readonly Choice[]
}

/**
 * Plans a query. Where there are several ways, the one with the lowest estimate is taken for the committee's
 * class of network (questions.ts).
 *
 * @param statement parameters of the statement: those of the query too, unless it is about a table that the plan makes
 * @param possible ways to go about groups, at least one; if not told, those that may pay
 * @param decided the rows of the answer, and HAVING
 * @throws ShareholdError SH_PLAN_GROUPS
 */
export function planQuery(
  bound: BoundQuery,
  statement: PlanParams,
  possible: readonly Grouping[] = groupingsFor(bound, sizesOf(bound, statement)),
  { groups, having }: DecidedHaving = decideHaving(
    bound,
    sizesOf(bound, statement),
    answerGroups(bound, mostGroups(possible)),
  ),
): PlannedQuery {
  const query = having === undefined ? withoutInner(bound) : bound
  const params = sizesOf(query, statement)
  checkGroups(query.aggregates, groups.length, params)
  const empty = emptyGroups(query, groups)
  const rowPlanOf = remember(
    ({ grouping, carryDepth, summedRows }: RowStrategy) =>
      `${grouping} ${carryDepth} ${summedRows}`,
    (strategy) => planRows(query, groups, empty, having, strategy),
  )
  const planning: Planning = { query, params, rowPlanOf }
  const write = (strategy: Strategy): WrittenTable => {
    const inFlight =
      strategy.grouping === 'sort'
        ? params.chunksInFlight
        : chunksAtATime(params, rowPlanOf(strategy).demand)
    const writer = new PlanWriter({
      ...(query.joined === undefined ? {} : { join: query.joined.join }),
      ...(inFlight === params.chunksInFlight ? {} : { chunksInFlight: inFlight }),
    })
    const writeRows = strategy.grouping === 'sort' ? writeSortedPlan : writePlan
    writeRows(query, params, rowPlanOf(strategy), strategy, writer)
    return query.made === undefined ? { writer, choices: [] } : withTable(query.made, writer)
  }
  const costOf = remember(nameOf, (strategy: Strategy) =>
    estimate(
      schedule(write(strategy).writer.plan, statement),
      params.network,
      localSeconds(planning, strategy),
    ),
  )

  const cells = groups.length * query.aggregates.length
  const fits = (summedRows: SummedRows): boolean =>
    fitsMemory(params, rowPlanOf({ ...FIRST_STRATEGY, summedRows }).demand)
  const isPossible = (grouping: Grouping): boolean =>
    grouping === 'sort'
      ? // Sorted are all groups; what HAVING says of their keys is not taken out.
        groups.length === Number(countGroups(query.keys))
      : cells <= MAX_CELLS &&
        (!possible.includes('sort') || (['contributing', 'group'] as const).some(fits))
  const left = possible.filter(isPossible)
  if (left.length === 0) throw cells > MAX_CELLS ? tooManyCells(cells) : havingOnKeys()
  const questions = QUESTIONS.map((ask) => (soFar: Strategy) => ask(planning, soFar))
  const ways = waysThatFit(left, (grouping) =>
    answerQuestions({ ...FIRST_STRATEGY, grouping }, questions, costOf, nameOf),
  )
  const { value: way, choice } =
    ways.length === 1
      ? { value: ways[0]! }
      : choose(
          'groups',
          ways.map((one) => ({
            name: GROUPINGS[one.strategy.grouping],
            value: one,
            cost: costOf(one.strategy),
          })),
        )
  const { strategy } = way
  const { writer, choices: ofTable } = write(strategy)
  const { plan, purposes } = writer
  const { demand } = rowPlanOf(strategy)
  const answer = answerOf(query, groups, demand, strategy.grouping)
  const sorted = strategy.grouping === 'sort'
  const cohorts = demand.masks.length * (sorted ? groups.length : 1)
  const hidesSecond = sorted
    ? demand.cohorts.some((cohort) => isDivided(cohort, groups.length, query.kMin))
    : demand.families.length > 0
  const choices = [...ofTable, ...(choice === undefined ? [] : [choice]), ...way.choices]
  return { plan, answer, purposes, cohorts, hidesSecond, choices }
}

/** Where HAVING is public, nothing is computed for it. */
function withoutInner(query: BoundQuery): BoundQuery {
  return { ...query, aggregates: query.aggregates.filter(({ inner }) => inner === undefined) }
}

/** Sizes of the rows that a query is about. @param params of the statement */
export function sizesOf({ made }: BoundQuery, params: PlanParams): PlanParams {
  return made?.params ?? params
}

/** Most groups that are possible. */
export function mostGroups(possible: readonly Grouping[]): number {
  return possible.includes('sort') ? MAX_SORTED_GROUPS : MAX_GROUPS
}

/** The ways whose plans keep to the limits of the format. @throws ShareholdError SH_PLAN_GROUPS if none does */
function waysThatFit(
  groupings: readonly Grouping[],
  way: (grouping: Grouping) => Way<Strategy>,
): readonly Way<Strategy>[] {
  let reason: unknown
  const ways = groupings.flatMap((grouping) => {
    try {
      return [way(grouping)]
    } catch (error) {
      if (!(error instanceof ShareholdError) || error.code !== 'SH_PLAN_INVALID') throw error
      reason = error
      return []
    }
  })
  if (ways.length > 0) return ways
  throw new ShareholdError(
    'SH_PLAN_GROUPS',
    'What is asked of all groups together takes more than a plan may hold.',
    { hint: FEWER, cause: reason },
  )
}

const FEWER = 'Ask for fewer aggregates at a time, or group by fewer columns.'

function tooManyCells(cells: number): ShareholdError {
  return new ShareholdError(
    'SH_PLAN_GROUPS',
    `The aggregates of all groups are ${cells}; a plan may have ${MAX_CELLS}.`,
    { hint: FEWER },
  )
}

function havingOnKeys(): ShareholdError {
  return new ShareholdError(
    'SH_PLAN_GROUPS',
    `HAVING leaves out some of more than ${MAX_GROUPS} groups by their keys.`,
    { hint: 'Write conditions on the columns of GROUP BY in WHERE.' },
  )
}

/** The ways to go about the query's groups that are worth a thought, planes of groups first. */
export function groupingsFor(query: BoundQuery, params: PlanParams): readonly Grouping[] {
  // Sorting knows of one dataset only.
  if (query.joined !== undefined || !isSortable(query, params)) return ['one-hot']
  return countGroups(query.keys) > MAX_GROUPS ? ['sort'] : ['one-hot', 'sort']
}

const GROUPINGS: Readonly<Record<Grouping, string>> = {
  'one-hot': 'a plane for each',
  sort: 'rows sorted by group',
}

function answerOf(
  query: BoundQuery,
  groups: readonly AnswerGroup[],
  demand: Demand,
  grouping: Grouping,
): AnswerSpec {
  const { aggregates, outputs, orderBy } = query
  const sorted = grouping === 'sort'
  const specs = new Map(
    aggregates
      .filter(({ inner }) => inner === undefined)
      .map(({ template }, index) => [template, demand.specs[index]!] as const),
  )
  const placed = (item: { readonly expression: AnswerExpression }): AnswerExpression =>
    replaceAggregates(item.expression, (template) => specs.get(template)!)
  const place = (expression: AnswerExpression): AnswerExpression => placed({ expression })
  const placedWindow = (window: AnswerWindow): AnswerWindow => ({
    ...window,
    ...(window.argument === undefined ? {} : { argument: place(window.argument) }),
    ...(window.otherwise === undefined ? {} : { otherwise: place(window.otherwise) }),
    partition: window.partition.map(place),
    order: window.order.map(place),
  })
  return {
    columns: outputs.map(({ name, type }) => ({ name, type })),
    keyTypes: keyTypesOf(query),
    lanes: Math.max(1, (demand.masks.length + demand.opened.length) * (sorted ? groups.length : 1)),
    cells: outputs.map(placed),
    order: orderBy.map(placed),
    ...(query.windows === undefined ? {} : { windows: query.windows.map(placedWindow) }),
    rows: groups.map((group, index) => ({
      grouping: group.grouping,
      keys: group.keys,
      // By sort, every lane of one group is a vector over all of them.
      lanes: sorted
        ? demand.lanes[0]!.map((lane) => lane * groups.length + index)
        : demand.lanes[index]!,
    })),
    orderBy: orderBy.map(({ descending, nullsFirst }) => ({ descending, nullsFirst })),
    limit: query.limit,
    offset: query.offset,
  }
}
