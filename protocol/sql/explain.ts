/**
 * EXPLAIN: the operators of a plan as a tree, with the exact rounds and bytes of each (cost.ts) and the place
 * of its rounds among all, and what the query reveals to whom. Everything here is public; nothing is executed.
 */
import { circuitStats } from '../circuit.ts'
import { bytesSent, operatorCosts, schedule } from '../cost.ts'
import type { Operator, PlanParams } from '../plan.ts'
import { refsOf } from '../validate-plan.ts'

import { choiceLines } from './choices.ts'
import type { CompiledQuery } from './compile.ts'
import { count, seconds, size } from './figures.ts'
import { type Link, networkSeconds, ratesOfLink, scheduleSeconds } from './network-model.ts'

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
  /** Of a circuit: ANDs per lane. */
  readonly ands?: number
}

export interface Explanation {
  readonly operators: readonly ExplainedOperator[]
  /** Of all: operators that do not read each other share rounds. */
  readonly rounds: number
  /** Payload bytes that each party sends, party 1 first. */
  readonly bytesSent: readonly number[]
  readonly andGates: number
  readonly fieldMultiplications: number
  /** Estimate for the link, or else the network class of planParams; computing comes on top. */
  readonly networkSeconds: number
  readonly leaks: readonly string[]
}

/**
 * The exact costs of a compiled query.
 * @param link of the MPC nodes, if that is known better than by its class
 * @throws ShareholdError SH_PLAN_INVALID if params are not those of the plan
 */
export function explainQuery(
  compiled: CompiledQuery,
  params: PlanParams,
  link?: Link,
): Explanation {
  const { plan, explain, leaks } = compiled
  const cost = schedule(plan, params)
  const costs = operatorCosts(cost, plan.operators.length)
  const operators = plan.operators.map((operator, op): ExplainedOperator => ({
    op,
    kind: operator.kind,
    purpose: explain.purposes[op] ?? '',
    inputs: [...new Set(refsOf(operator).map((ref) => ref.op))].toSorted((a, b) => a - b),
    ...costs[op]!,
    ...(operator.kind === 'circuit' ? { ands: circuitStats(operator.circuit).ands } : {}),
  }))
  return {
    operators,
    rounds: cost.rounds.length,
    bytesSent: bytesSent(cost),
    andGates: cost.andGates,
    fieldMultiplications: cost.fieldMultiplications,
    networkSeconds:
      link === undefined
        ? networkSeconds(cost, params.network)
        : scheduleSeconds(cost, ratesOfLink(link)),
    leaks,
  }
}

/** The explanation as text, without a final newline. @param link as for `explainQuery` */
export function explainText(compiled: CompiledQuery, params: PlanParams, link?: Link): string {
  const explained = explainQuery(compiled, params, link)
  const network =
    link === undefined ? params.network : `${link.roundTripMs} ms, ${link.megabits} Mbit/s`
  const { dataset, version, rows, members, kMin, groups } = compiled.explain
  const { n, t } = params.committee
  const busiest = Math.max(...explained.bytesSent)
  return [
    `${dataset} version ${version}: ${count(rows)} rows of ${count(members)} members, at least ${kMin} to show a value`,
    `${count(groups)} ${groups === 1 ? 'group' : 'groups'}, ${count(compiled.answer.lanes)} numbers opened; plan ${compiled.planHash.slice(0, 16)}`,
    `${n} parties, any ${t + 1} of them could read the data together (security ${params.security})`,
    '',
    ...treeOf(explained.operators),
    '',
    `${count(explained.rounds)} rounds, ${size(busiest)} sent by the busiest party, ` +
      `${count(explained.andGates)} AND gates, ${count(explained.fieldMultiplications)} field multiplications`,
    `about ${seconds(explained.networkSeconds)} of network time (${network}); computing comes on top`,
    '',
    ...choiceLines(compiled.explain.choices),
    'Reveals',
    ...explained.leaks.map((line) => `  ${line}`),
  ].join('\n')
}

/** From the output down to the columns. What several operators read is drawn under the first and named after. */
function treeOf(operators: readonly ExplainedOperator[]): string[] {
  const rows: { readonly tree: string; readonly cost: string }[] = []
  const drawn = new Set<number>()
  const draw = (op: number, lead: string, branch: string, indent: string): void => {
    const operator = operators[op]
    if (operator === undefined) return
    const label = `${lead}${branch}${operator.kind} #${op}`
    if (drawn.has(op)) {
      rows.push({ tree: `${label} (above)`, cost: '' })
      return
    }
    drawn.add(op)
    rows.push({ tree: `${label}: ${operator.purpose}`, cost: costOf(operator) })
    operator.inputs.forEach((input, index) => {
      const last = index === operator.inputs.length - 1
      draw(input, lead + indent, last ? '└─ ' : '├─ ', last ? '   ' : '│  ')
    })
  }
  draw(operators.length - 1, '', '', '')
  const width = Math.max(...rows.map(({ tree }) => tree.length))
  return rows.map(({ tree, cost }) => (cost === '' ? tree : `${tree.padEnd(width)}  ${cost}`))
}

function costOf({ rounds, first, last, bytes, ands }: ExplainedOperator): string {
  const parts = ands === undefined ? [] : [`${count(ands)} ANDs a lane`]
  if (rounds > 0) {
    const place = first === last ? count(first) : `${count(first)}-${count(last)}`
    parts.push(`${count(rounds)} ${rounds === 1 ? 'round' : 'rounds'} (${place})`, size(bytes))
  }
  return parts.join(', ')
}
