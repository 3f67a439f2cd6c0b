/**
 * The planner: a bound query and public sizes to a plan and to the description of its answer.
 *
 *   load columns -> one circuit for filter, groups, NULLs -> bits into the field -> inner products
 *                                                         -> counts of ones
 *                                                         -> members with a row -> count -> >= kMin?
 *   values * cohort bits -> output
 *
 * All groups and aggregates share each operator, so rounds do not grow with their number. The plan is a
 * function of the query, the schema and planParams alone: every node makes the same.
 *
 * Who learns what: nodes nothing but the public sizes; the querier the cohort bits and, where the bit is
 * 1, the values (leaks.ts lists them).
 */
import { schedule } from '../cost.ts'
import type { Plan, PlanParams } from '../plan.ts'

import type { AnswerExpression, AnswerSpec } from './answer-spec.ts'
import { replaceAggregates } from './answer-tree.ts'
import type { BoundQuery, KeyValue } from './bound.ts'
import { choose, estimate } from './choices.ts'
import type { Choice } from './choices.ts'
import type { Demand } from './demand.ts'
import { groupsOf } from './groups.ts'
import { planRows } from './plan-rows.ts'
import { writePlan } from './plan-values.ts'
import { PlanWriter } from './plan-writer.ts'
import { localSeconds, QUESTIONS } from './questions.ts'
import { FIRST_STRATEGY, nameOf } from './strategy.ts'
import type { RowStrategy, Strategy } from './strategy.ts'

export interface PlannedQuery {
  readonly plan: Plan
  readonly answer: AnswerSpec
  /** What each operator is for, one line an operator. */
  readonly purposes: readonly string[]
  readonly demand: Demand
  readonly choices: readonly Choice[]
}

/** Answers may depend on later ones, so questions are asked again until nothing changes, or so often. */
const MAX_PASSES = 3

/**
 * Plans a query. Where there are several ways, the one with the lowest estimate is taken for the committee's
 * class of network (questions.ts).
 *
 * @throws ShareholdError SH_PLAN_GROUPS
 */
export function planQuery(query: BoundQuery, params: PlanParams): PlannedQuery {
  const groups = groupsOf(query.keys)
  const rowPlanOf = remember(
    ({ carryDepth, summedRows }: RowStrategy) => `${carryDepth} ${summedRows}`,
    (strategy) => planRows(query, groups, strategy),
  )
  const planning = { query, params, rowPlanOf }
  const write = (strategy: Strategy): PlanWriter => {
    const writer = new PlanWriter()
    writePlan(query, params, rowPlanOf(strategy), strategy, writer)
    return writer
  }
  const costOf = remember(nameOf, (strategy: Strategy) =>
    estimate(
      schedule(write(strategy).plan, params),
      params.network,
      localSeconds(planning, strategy),
    ),
  )

  let strategy = FIRST_STRATEGY
  let choices: Choice[] = []
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const before = nameOf(strategy)
    choices = []
    for (const ask of QUESTIONS) {
      const { question, options } = ask(planning, strategy)
      const { value, choice } =
        options.length === 1
          ? { value: options[0]!.strategy }
          : choose(
              question,
              options.map((option) => ({
                name: option.name,
                value: option.strategy,
                cost: costOf(option.strategy),
              })),
            )
      strategy = value
      if (choice !== undefined) choices.push(choice)
    }
    if (nameOf(strategy) === before) break
  }
  const { plan, purposes } = write(strategy)
  const { demand } = rowPlanOf(strategy)
  return { plan, answer: answerOf(query, groups, demand), purposes, demand, choices }
}

/** The same function, which remembers by name. */
function remember<A, B>(name: (argument: A) => string, make: (argument: A) => B): (of: A) => B {
  const made = new Map<string, B>()
  return (argument) => {
    const key = name(argument)
    let value = made.get(key)
    if (value === undefined) made.set(key, (value = make(argument)))
    return value
  }
}

function answerOf(
  query: BoundQuery,
  groups: readonly (readonly KeyValue[])[],
  demand: Demand,
): AnswerSpec {
  const { keys, aggregates, outputs, orderBy } = query
  const specs = new Map(
    aggregates.map(({ template }, index) => [template, demand.specs[index]!] as const),
  )
  const placed = (item: { readonly expression: AnswerExpression }): AnswerExpression =>
    replaceAggregates(item.expression, (template) => specs.get(template)!)
  return {
    columns: outputs.map(({ name, type }) => ({ name, type })),
    keyTypes: keys.map(({ type }) => type),
    lanes: demand.cohorts.length + demand.values.length,
    cells: outputs.map(placed),
    order: orderBy.map(placed),
    rows: groups.map((group, index) => ({ keys: group, lanes: demand.lanes[index]! })),
    orderBy: orderBy.map(({ descending, nullsFirst }) => ({ descending, nullsFirst })),
    limit: query.limit,
    offset: query.offset,
  }
}
