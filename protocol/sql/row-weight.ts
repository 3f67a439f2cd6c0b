/**
 * How much work an expression over rows is to plan, before that work begins: a statement must not keep every node busy for
 * minutes. COALESCE, GREATEST and their like name what is inside them several times when they are written as CASE
 * (row-desugar.ts), so their weight multiplies with nesting; and what depends on one column of few codes is evaluated for
 * each of them (row-table.ts).
 */
import { ShareholdError } from '../../shares/errors.ts'

import type { AnswerExpression } from './answer-spec.ts'
import { operandsOf } from './answer-tree.ts'
import { domainOf } from './column-domain.ts'
import { MAX_CODES } from './row-table.ts'
import { columnAt, placesIn } from './row-value.ts'
import type { Scope } from './row-value.ts'

/** Most nodes of an expression, each as often as it is named. */
export const MAX_WEIGHT = 1500
/** Most nodes of it times codes for which they are evaluated: about two seconds. */
export const MAX_EVALUATIONS = 6_000_000

/** @throws ShareholdError SH_SQL_TOO_COMPLEX, without a place */
export function checkWeight(expression: AnswerExpression, scope: Scope): void {
  const weight = weightOf(expression)
  if (weight > MAX_WEIGHT) throw tooComplex('names its parts too often')
  const [place, second] = placesIn(expression)
  if (place === undefined || second !== undefined) return
  const { size } = domainOf(columnAt(scope, place))
  if (size <= MAX_CODES && Number(size) * weight > MAX_EVALUATIONS) {
    throw tooComplex('is too long for a column of so many values')
  }
}

function weightOf(expression: AnswerExpression): number {
  const inside = operandsOf(expression).reduce(
    // No need to know by how much.
    (sum, operand) => Math.min(sum + weightOf(operand), 2 * MAX_WEIGHT),
    0,
  )
  return 1 + timesNamed(expression) * inside
}

function timesNamed(expression: AnswerExpression): number {
  if (expression.kind !== 'call') return 1
  const name: string = expression.function
  switch (name) {
    case 'coalesce':
    case 'nullif':
      return 2
    case 'greatest':
    case 'least':
      // In pairs, then pairs of pairs.
      return 3 ** Math.ceil(Math.log2(Math.max(2, expression.arguments.length)))
    case 'abs':
      return 3
    default:
      return 1
  }
}

function tooComplex(why: string): ShareholdError {
  return new ShareholdError('SH_SQL_TOO_COMPLEX', `The expression ${why}.`, {
    hint: 'Shorten it, or have the repositories compute it: a derived column of the schema.',
  })
}
