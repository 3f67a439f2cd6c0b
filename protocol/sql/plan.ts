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
import { replaceAggregates } from './bind-output.ts'
import type { BoundQuery } from './bound.ts'
import { sqlTypeOf } from './column-domain.ts'
import type { Demand } from './demand.ts'
import { groupsOf } from './groups.ts'
import type { KeyValue } from './groups.ts'
import { networkSeconds } from './network-model.ts'
import { planRows } from './plan-rows.ts'
import { looseCounts, possibleMethods, writePlan } from './plan-values.ts'
import type { CountMethod } from './plan-values.ts'
import { PlanWriter } from './plan-writer.ts'

export interface PlannedQuery {
  readonly plan: Plan
  readonly answer: AnswerSpec
  /** What each operator is for, one line an operator. */
  readonly purposes: readonly string[]
  readonly demand: Demand
}

/**
 * Plans a query. Of the two ways to count, the one with the lower exact cost on the committee's class of
 * network is taken.
 *
 * @throws ShareholdError SH_PLAN_GROUPS
 */
export function planQuery(query: BoundQuery, params: PlanParams): PlannedQuery {
  const groups = groupsOf(query.keys)
  const rowPlan = planRows(query, groups)
  const write = (method: CountMethod): PlanWriter => {
    const writer = new PlanWriter()
    writePlan(query, params, rowPlan, method, writer)
    return writer
  }
  const methods = possibleMethods(params, rowPlan)
  const candidates = looseCounts(rowPlan).size === 0 ? methods.slice(0, 1) : methods
  const best = cheapest(params, candidates.map(write))
  return {
    plan: best.plan,
    answer: answerOf(query, groups, rowPlan.demand),
    purposes: best.purposes,
    demand: rowPlan.demand,
  }
}

/** The plan that spends least time on the network; the first of equals. */
function cheapest(params: PlanParams, candidates: readonly PlanWriter[]): PlanWriter {
  const [first, ...others] = candidates
  if (first === undefined) throw new RangeError('no candidate')
  if (others.length === 0) return first
  const seconds = ({ plan }: PlanWriter): number =>
    networkSeconds(schedule(plan, params), params.network)
  let best = { writer: first, cost: seconds(first) }
  for (const writer of others) {
    const cost = seconds(writer)
    if (cost < best.cost) best = { writer, cost }
  }
  return best.writer
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
