/**
 * What of HAVING is public: groups in which it cannot be true, by their keys alone, are no rows of the answer, as
 * PostgreSQL's; if all others pass, there is nothing to compute.
 */
import type { PlanParams } from '../plan.ts'
import { rowsOf } from '../validate-plan.ts'

import { keyTypesOf } from './answer-groups.ts'
import type { AnswerGroup } from './answer-groups.ts'
import type { AnswerExpression } from './answer-spec.ts'
import { aggregatesOf } from './answer-tree.ts'
import type { BoundQuery } from './bound.ts'
import { evaluateAt, truthOf } from './having-public.ts'
import { compileHaving } from './having.ts'
import type { HavingProgram, HavingQuery } from './having.ts'
import { largestNumber } from './overflow.ts'

export interface DecidedHaving {
  /** The rows of the answer. */
  readonly groups: readonly AnswerGroup[]
  /** What is to be computed for them; undefined if nothing is. */
  readonly having: HavingProgram | undefined
}

/**
 * The rows of the answer, and what is to be computed for them.
 *
 * @throws ShareholdError SH_SQL_UNSUPPORTED, SH_PLAN_OVERFLOW
 */
export function decideHaving(
  bound: BoundQuery,
  params: PlanParams,
  groups: readonly AnswerGroup[],
): DecidedHaving {
  const { having, aggregates } = bound
  if (having === undefined) return { groups, having: undefined }
  const query = {
    condition: having.condition,
    keyTypes: keyTypesOf(bound),
    keys: groups.map((group) => group.keys),
    aggregates,
    boundOf: largestNumber(rowsOf(params)),
  }
  const truth = publicTruth(query)
  const rows = groups.filter((_, row) => truth[row] !== false)
  // Refused is what cannot be computed, whether there are rows for it or not.
  const program = compileHaving({ ...query, keys: rows.map((row) => row.keys) })
  return { groups: rows, having: truth.includes(undefined) ? program : undefined }
}

/** Whether the condition is true, row by row, where that is public; undefined elsewhere. */
function publicTruth({ condition, keyTypes, keys }: HavingQuery): readonly (boolean | undefined)[] {
  const truth = (expression: AnswerExpression, row: number): boolean | null | undefined => {
    if (aggregatesOf(expression).length === 0) {
      return truthOf(evaluateAt(expression, keyTypes, keys[row]!))
    }
    if (expression.kind === 'not') {
      const operand = truth(expression.operand, row)
      return typeof operand === 'boolean' ? !operand : operand
    }
    if (expression.kind !== 'and' && expression.kind !== 'or') return undefined
    const operands = expression.operands.map((operand) => truth(operand, row))
    const deciding = expression.kind === 'or'
    if (operands.some((one) => one === deciding)) return deciding
    if (operands.some((one) => one === undefined)) return undefined
    return operands.some((one) => one === null) ? null : !deciding
  }
  return keys.map((_, row) => {
    const found = truth(condition, row)
    return found === undefined ? undefined : found === true
  })
}
