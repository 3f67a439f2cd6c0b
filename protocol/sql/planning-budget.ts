/**
 * How much planning a statement may be, in counted steps and not in seconds: every node plans every statement, and all of
 * them must come to the same end. What is counted: cells of the answer where every group has planes of its own, evaluations
 * of expressions for codes, gates that are tried. What one expression may be is checked before (row-weight.ts).
 */
import { ShareholdError } from '../../shares/errors.ts'
import { MAX_PARTS } from '../shape.ts'

import type { AnswerExpression } from './answer-spec.ts'
import { operandsOf } from './answer-tree.ts'
import type { Scope } from './row-value.ts'

/** Most groups times aggregates where every group has planes of its own: what a plan may put out. */
export const MAX_CELLS = MAX_PARTS

/** Most nodes of expressions, each as often as it is evaluated for a code: about three seconds. */
export const MAX_EVALUATED_NODES = 12_000_000

/**
 * Most gates of one way to compute the rows, those included that are taken back. There are about six ways, and what is left of
 * the gates is weighed and hashed: about six seconds in all.
 */
export const MAX_GATES_TRIED = 500_000

const spent = new WeakMap<Scope, number>()
const sizes = new WeakMap<AnswerExpression, number>()

/** Counts an evaluation. @throws ShareholdError SH_SQL_TOO_COMPLEX, without a place */
export function spendEvaluation(expression: AnswerExpression, scope: Scope): void {
  const total = (spent.get(scope) ?? 0) + sizeOf(expression)
  if (total > MAX_EVALUATED_NODES) throw tooComplex('would be evaluated too often')
  spent.set(scope, total)
}

/** @throws ShareholdError SH_SQL_TOO_COMPLEX, without a place */
export function tooManyGates(): ShareholdError {
  return tooComplex('would take too many gates to try')
}

function sizeOf(expression: AnswerExpression): number {
  let size = sizes.get(expression)
  if (size === undefined) {
    size = operandsOf(expression).reduce((sum, operand) => sum + sizeOf(operand), 1)
    sizes.set(expression, size)
  }
  return size
}

function tooComplex(why: string): ShareholdError {
  return new ShareholdError(
    'SH_SQL_TOO_COMPLEX',
    `The expressions of the statement ${why} while it is planned.`,
    {
      hint: 'Ask for less at a time, or have the repositories compute it: derived columns of the schema.',
    },
  )
}
