/**
 * Values over the columns of one row: what aggregates are over, what rows are grouped by, what conditions
 * compare. A computed value is an expression as answers have them (answer-spec.ts), whose keys are the columns
 * of its scope: so its types and its meaning are those of the evaluator, which are PostgreSQL's.
 *
 * Equal values are one object, so they are compared by identity.
 */
import type { Column } from '../../shares/schema.ts'

import { expressionType } from './answer-expression.ts'
import type { AnswerExpression, SqlType } from './answer-spec.ts'
import { operandsOf } from './answer-tree.ts'
import { sqlTypeOf } from './column-domain.ts'

/** The columns that the keys of an expression stand for, by index. */
export type Scope = readonly Column[]

export type RowValue =
  /** A stored column. */
  { readonly kind: 'column'; readonly type: SqlType; readonly column: Column } | ComputedValue

export interface ComputedValue {
  readonly kind: 'computed'
  readonly type: SqlType
  readonly expression: AnswerExpression
  readonly scope: Scope
}

const ofColumns = new WeakMap<Column, RowValue>()
const ofScopes = new WeakMap<Scope, Map<string, ComputedValue>>()
const typesOfScopes = new WeakMap<Scope, readonly SqlType[]>()

/** A stored column as a value. */
export function columnValue(column: Column): RowValue {
  let value = ofColumns.get(column)
  if (value === undefined) {
    value = { kind: 'column', type: sqlTypeOf(column), column }
    ofColumns.set(column, value)
  }
  return value
}

/** An expression as a value: a stored column if it is nothing else. */
export function valueOf(expression: AnswerExpression, scope: Scope): RowValue {
  if (expression.kind === 'key') return columnValue(columnAt(scope, expression.index))
  let values = ofScopes.get(scope)
  if (values === undefined) ofScopes.set(scope, (values = new Map()))
  const name = JSON.stringify(expression)
  let value = values.get(name)
  if (value === undefined) {
    const type = expressionType(expression, typesOf(scope))
    value = { kind: 'computed', type, expression, scope }
    values.set(name, value)
  }
  return value
}

/** Types of the columns of a scope. */
export function typesOf(scope: Scope): readonly SqlType[] {
  let types = typesOfScopes.get(scope)
  if (types === undefined) typesOfScopes.set(scope, (types = scope.map(sqlTypeOf)))
  return types
}

export function columnAt(scope: Scope, index: number): Column {
  const column = scope[index]
  if (column === undefined) throw new RangeError(`There is no column ${index}.`)
  return column
}

const reads = new WeakMap<AnswerExpression, readonly number[]>()

/** The columns that an expression reads, by their places in the scope, ascending, each once. */
export function placesIn(expression: AnswerExpression): readonly number[] {
  let places = reads.get(expression)
  if (places === undefined) {
    places =
      expression.kind === 'key'
        ? [expression.index]
        : [...new Set(operandsOf(expression).flatMap(placesIn))].toSorted((a, b) => a - b)
    reads.set(expression, places)
  }
  return places
}

/** The columns that the value reads, each once. */
export function columnsIn(value: RowValue): readonly Column[] {
  if (value.kind === 'column') return [value.column]
  return placesIn(value.expression).map((place) => columnAt(value.scope, place))
}
