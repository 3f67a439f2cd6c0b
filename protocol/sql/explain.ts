/**
 * EXPLAIN: the operators of a plan with the exact rounds, bytes and work of each (cost.ts) and the place of its
 * rounds among all, the planner's choices, and what the query reveals to whom. Everything here is public;
 * nothing is executed. explain-text.ts prints it.
 */
import { bytesSent, operatorCosts, schedule } from '../cost.ts'
import type { Operator, Plan, PlanParams } from '../plan.ts'
import { refsOf } from '../validate-plan.ts'

import type { Choice } from './choices.ts'
import type { CompiledQuery } from './compile.ts'
import { linkOfClass, ratesOf, ratesOfLink, scheduleSeconds } from './network-model.ts'
import type { Link } from './network-model.ts'

export interface ExplainedOperator {
  readonly op: number
  readonly kind: Operator['kind']
  /** What it is for. */
  readonly purpose: string
  /** Operators that it reads, ascending, each once. */
  readonly inputs: readonly number[]
  /** Its own, which it may share with others; the first and the last among all, from 1 (0: it has none). */
  readonly rounds: number
  readonly first: number
  readonly last: number
  /** Payload bytes that the busiest party sends. */
  readonly bytes: number
  /** Times lanes, in all batches. */
  readonly andGates: number
  readonly fieldMultiplications: number
}

/** The line between the nodes that a prediction is made for. */
export type Basis =
  /** Their class of network: what the planner chose by. */
  | { readonly from: 'class'; readonly link: Link }
  /** Given by whoever asks. */
  | { readonly from: 'option'; readonly link: Link }
  /** What the nodes have measured among themselves. */
  | {
      readonly from: 'nodes'
      readonly link: Link
      /** Of the oldest figure in it. */
      readonly ageSeconds: number
    }

export interface Explanation {
  readonly dataset: string
  readonly version: number
  /** What is joined to it. */
  readonly joined: readonly { readonly dataset: string; readonly version: number }[]
  readonly rows: number
  readonly members: number
  readonly kMin: number
  /** 1 without GROUP BY. */
  readonly groups: number
  /** Numbers that are opened to the querier. */
  readonly lanes: number
  readonly planHash: string
  readonly params: PlanParams
  /** The last one puts out; who reads whom is in `inputs`. */
  readonly operators: readonly ExplainedOperator[]
  /** Of all: operators that do not read each other share rounds. */
  readonly rounds: number
  /** Payload bytes that each party sends, party 1 first. */
  readonly bytesSent: readonly number[]
  readonly andGates: number
  readonly fieldMultiplications: number
  /** Estimate; computing comes on top. */
  readonly networkSeconds: number
  /** What that stands on. */
  readonly basis: Basis
  /** By the class of network of `params`, whatever `basis` is: plans are no matter of measurement. */
  readonly choices: readonly Choice[]
  readonly leaks: readonly string[]
}

/** What an operator reads: of a column that the plan has made, the table. */
function inputsOf({ operators }: Plan, op: number): readonly number[] {
  const operator = operators[op]!
  if (operator.kind === 'load-bits' || operator.kind === 'load-field') {
    const table = operators.findIndex(
      (one) => one.kind === 'table' && one.name === operator.dataset,
    )
    return table < 0 ? [] : [table]
  }
  return [...new Set(refsOf(operator).map((ref) => ref.op))].toSorted((a, b) => a - b)
}

/**
 * The exact costs of a compiled query.
 * @param basis for the estimate of seconds; the class of network if absent
 * @throws ShareholdError SH_PLAN_INVALID if params are not those of the plan
 */
export function explainQuery(
  compiled: CompiledQuery,
  params: PlanParams,
  basis?: Basis,
): Explanation {
  const { plan, planHash, answer, explain, leaks } = compiled
  const { purposes, choices, ...sizes } = explain
  const cost = schedule(plan, params)
  const costs = operatorCosts(cost, plan.operators.length)
  const operators = plan.operators.map((operator, op): ExplainedOperator => ({
    op,
    kind: operator.kind,
    purpose: purposes[op] ?? '',
    inputs: inputsOf(plan, op),
    ...costs[op]!,
    ...cost.work[op]!,
  }))
  const { network } = params
  return {
    ...sizes,
    lanes: answer.lanes,
    planHash,
    params,
    operators,
    rounds: cost.rounds.length,
    bytesSent: bytesSent(cost),
    andGates: cost.andGates,
    fieldMultiplications: cost.fieldMultiplications,
    networkSeconds: scheduleSeconds(
      cost,
      basis === undefined ? ratesOf(network) : ratesOfLink(basis.link),
    ),
    basis: basis ?? { from: 'class', link: linkOfClass(network) },
    choices,
    leaks,
  }
}
