/** The operands of an answer expression: for whoever looks for something in it, or replaces something. */
import type { AggregateSpec, AnswerExpression } from './answer-spec.ts'

/** The same expression with every operand replaced. */
export function mapOperands(
  expression: AnswerExpression,
  replace: (operand: AnswerExpression) => AnswerExpression,
): AnswerExpression {
  switch (expression.kind) {
    case 'aggregate':
    case 'key':
    case 'window':
    case 'literal':
      return expression
    case 'binary':
    case 'compare':
      return { ...expression, left: replace(expression.left), right: replace(expression.right) }
    case 'negate':
    case 'not':
    case 'is':
    case 'cast':
      return { ...expression, operand: replace(expression.operand) }
    case 'and':
    case 'or':
      return { ...expression, operands: expression.operands.map(replace) }
    case 'call':
      return { ...expression, arguments: expression.arguments.map(replace) }
    case 'case':
      return {
        kind: 'case',
        branches: expression.branches.map(({ when, result }) => ({
          when: replace(when),
          result: replace(result),
        })),
        ...(expression.otherwise === undefined ? {} : { otherwise: replace(expression.otherwise) }),
      }
  }
}

/** The operands of an expression, in their order. */
export function operandsOf(expression: AnswerExpression): readonly AnswerExpression[] {
  const operands: AnswerExpression[] = []
  mapOperands(expression, (operand) => {
    operands.push(operand)
    return operand
  })
  return operands
}

/** All aggregates in an expression, at any depth. */
export function aggregatesOf(expression: AnswerExpression): readonly AggregateSpec[] {
  const found: AggregateSpec[] = []
  const visit = (one: AnswerExpression): AnswerExpression => {
    if (one.kind === 'aggregate') found.push(one)
    return mapOperands(one, visit)
  }
  visit(expression)
  return found
}

/** The window functions in an expression, by their index. */
export function windowsOf(expression: AnswerExpression): readonly number[] {
  return expression.kind === 'window'
    ? [expression.index]
    : operandsOf(expression).flatMap(windowsOf)
}

/** Replaces the aggregates in an expression. */
export function replaceAggregates(
  expression: AnswerExpression,
  replace: (template: AggregateSpec) => AnswerExpression,
): AnswerExpression {
  const visit = (one: AnswerExpression): AnswerExpression =>
    one.kind === 'aggregate' ? replace(one) : mapOperands(one, visit)
  return visit(expression)
}
