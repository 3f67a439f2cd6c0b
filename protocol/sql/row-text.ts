/** Values of rows as SQL, for messages and EXPLAIN. */
import type { Column } from '../../shares/schema.ts'

import type { AnswerExpression } from './answer-spec.ts'
import { quoteName } from './names.ts'
import { columnAt } from './row-value.ts'
import type { RowValue, Scope } from './row-value.ts'

/** Longest text of an expression in a message. */
const MAX_TEXT = 200

/** How a column is called. */
export type NameOfColumn = (column: Column) => string

const ownName: NameOfColumn = ({ name }) => quoteName(name)

export function textOfValue(value: RowValue, nameOf = ownName): string {
  return value.kind === 'column'
    ? nameOf(value.column)
    : textOfRow(value.expression, value.scope, nameOf)
}

/** A product of values. */
export function textOfFactors(factors: readonly RowValue[], nameOf = ownName): string {
  const [first, ...others] = factors
  if (first !== undefined && others.length === 0) return textOfValue(first, nameOf)
  return factors
    .map((factor) => {
      const text = textOfValue(factor, nameOf)
      return factor.kind === 'column' ? text : `(${text})`
    })
    .join(' * ')
}

export function textOfRow(expression: AnswerExpression, scope: Scope, nameOf = ownName): string {
  const text = write(expression, { scope, nameOf }, { left: 4 * MAX_TEXT })
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}

interface Names {
  readonly scope: Scope
  readonly nameOf: NameOfColumn
}

/** `budget.left`: what is still read of an expression, which may be a graph with many paths. */
function write(expression: AnswerExpression, names: Names, budget: { left: number }): string {
  if (budget.left <= 0) return '…'
  budget.left--
  const of = (operand: AnswerExpression): string => write(operand, names, budget)
  const inside = (operand: AnswerExpression): string =>
    ['binary', 'negate', 'compare', 'and', 'or', 'not', 'is'].includes(operand.kind)
      ? `(${of(operand)})`
      : of(operand)
  switch (expression.kind) {
    case 'key':
      return names.nameOf(columnAt(names.scope, expression.index))
    case 'literal':
      return literal(expression)
    case 'binary':
    case 'compare':
      return `${inside(expression.left)} ${expression.operator} ${inside(expression.right)}`
    case 'negate':
      return `-${inside(expression.operand)}`
    case 'cast': {
      const { to, precision, scale, operand } = expression
      const modifier = precision === undefined ? '' : `(${precision}, ${scale ?? 0})`
      return `CAST(${of(operand)} AS ${to}${modifier})`
    }
    case 'and':
    case 'or':
      return expression.operands.map(inside).join(` ${expression.kind.toUpperCase()} `)
    case 'not':
      return `NOT ${inside(expression.operand)}`
    case 'is':
      return `${inside(expression.operand)} IS ${expression.test.toUpperCase()}`
    case 'case': {
      const branches = expression.branches.map(
        ({ when, result }) => `WHEN ${of(when)} THEN ${of(result)}`,
      )
      const otherwise =
        expression.otherwise === undefined ? '' : ` ELSE ${of(expression.otherwise)}`
      return `CASE ${branches.join(' ')}${otherwise} END`
    }
    case 'call':
      if (expression.function === 'extract' && expression.arguments[0]?.kind === 'literal') {
        const [unit, source] = expression.arguments
        return `EXTRACT(${unit.text} FROM ${of(source!)})`
      }
      if (expression.function === 'join') return expression.arguments.map(inside).join(' || ')
      if (expression.function === 'like' || expression.function === 'ilike') {
        const [value, pattern] = expression.arguments
        return `${inside(value!)} ${expression.function.toUpperCase()} ${of(pattern!)}`
      }
      return `${expression.function.toUpperCase()}(${expression.arguments.map(of).join(', ')})`
    case 'aggregate':
      return expression.function
    case 'window':
      return 'a window function'
  }
}

function literal({ type, text }: Extract<AnswerExpression, { kind: 'literal' }>): string {
  if (text === null) return 'NULL'
  switch (type) {
    case 'integer':
    case 'bigint':
    case 'numeric':
    case 'double':
      return text
    case 'boolean':
      return text === 't' ? 'TRUE' : 'FALSE'
    case 'text':
      return `'${text.replaceAll("'", "''")}'`
    case 'date':
    case 'timestamp':
      return `${type.toUpperCase()} '${text}'`
  }
}
