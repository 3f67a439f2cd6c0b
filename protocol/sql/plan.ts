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
import type { Plan, PlanParams } from '../plan.ts'

import type { AnswerExpression, AnswerSpec } from './answer-spec.ts'
import { replaceAggregates } from './answer-tree.ts'
import type { BoundQuery } from './bound.ts'
import { choose } from './choices.ts'
import type { Choice } from './choices.ts'
import { sqlTypeOf } from './column-domain.ts'
import type { Demand } from './demand.ts'
import { groupsOf } from './groups.ts'
import type { KeyValue } from './groups.ts'
import { planRows } from './plan-rows.ts'
import type { RowPlan, RowStrategy } from './plan-rows.ts'
import { writePlan } from './plan-values.ts'
import { PlanWriter } from './plan-writer.ts'
import { FIRST_STRATEGY, QUESTIONS } from './strategy.ts'
import type { Strategy } from './strategy.ts'

export interface PlannedQuery {
  readonly plan: Plan
  readonly answer: AnswerSpec
  /** What each operator is for, one line an operator. */
  readonly purposes: readonly string[]
  readonly demand: Demand
  readonly choices: readonly Choice[]
}

/**
 * Plans a query. Where there are several ways, the one with the lowest estimate is taken for the committee's
 * class of network (strategy.ts).
 *
 * @throws ShareholdError SH_PLAN_GROUPS
 */
export function planQuery(query: BoundQuery, params: PlanParams): PlannedQuery {
  const groups = groupsOf(query.keys)
  const rowPlans = new Map<string, RowPlan>()
  const rowPlanOf = (strategy: RowStrategy): RowPlan => {
    const key = `${strategy.carryDepth} ${strategy.summedRows}`
    const rowPlan = rowPlans.get(key) ?? planRows(query, groups, strategy)
    rowPlans.set(key, rowPlan)
    return rowPlan
  }
  const write = (strategy: Strategy): PlanWriter => {
    const writer = new PlanWriter()
    writePlan(query, params, rowPlanOf(strategy), strategy.counts, writer)
    return writer
  }
  let strategy = FIRST_STRATEGY
  const choices: Choice[] = []
  for (const ask of QUESTIONS) {
    const { question, options } = ask({ query, params, rowPlanOf }, strategy)
    const candidates = options.map((option) => ({
      name: option.name,
      value: option.strategy,
      plan: write(option.strategy).plan,
    }))
    const { value, choice } = choose(question, candidates, params)
    strategy = value
    if (choice !== undefined) choices.push(choice)
  }
  const { plan, purposes } = write(strategy)
  const { demand } = rowPlanOf(strategy)
  return { plan, answer: answerOf(query, groups, demand), purposes, demand, choices }
}

function answerOf(
  query: BoundQuery,
  groups: readonly (readonly KeyValue[])[],
  demand: Demand,
): AnswerSpec {
  const { keys, aggregates, outputs, orderBy } = query
  const places = new Map(aggregates.map(({ template }, place) => [template, place]))
  return {
    columns: outputs.map(({ name, type }) => ({ name, type })),
    keyTypes: keys.map(sqlTypeOf),
    lanes: demand.cohorts.length + demand.values.length,
    rows: groups.map((group, index) => {
      const specs = demand.specs[index]!
      const filled = (item: { readonly expression: AnswerExpression }): AnswerExpression =>
        replaceAggregates(item.expression, (template) => specs[places.get(template)!]!)
      return { keys: group, cells: outputs.map(filled), order: orderBy.map(filled) }
    }),
    orderBy: orderBy.map(({ descending, nullsFirst }) => ({ descending, nullsFirst })),
    limit: query.limit,
    offset: query.offset,
  }
}
