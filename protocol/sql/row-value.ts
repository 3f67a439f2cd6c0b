/**
 * Values over the columns of one row: what aggregates are over and what rows are grouped by. Equal values are
 * one object, so they are compared by identity.
 */
import type { Column } from '../../shares/schema.ts'

import type { SqlType } from './answer-spec.ts'
import { sqlTypeOf } from './column-domain.ts'

export type RowValue =
  /** A stored column. */
  { readonly kind: 'column'; readonly type: SqlType; readonly column: Column }

const ofColumns = new WeakMap<Column, RowValue>()

/** A stored column as a value. */
export function columnValue(column: Column): RowValue {
  let value = ofColumns.get(column)
  if (value === undefined) {
    value = { kind: 'column', type: sqlTypeOf(column), column }
    ofColumns.set(column, value)
  }
  return value
}

/** The stored column that the value is. */
export function columnOf(value: RowValue): Column {
  return value.column
}

/** The columns that the value reads, each once. */
export function columnsIn(value: RowValue): readonly Column[] {
  return [value.column]
}

/** Whether the value can be NULL. */
export function isNullable(value: RowValue): boolean {
  return value.column.nullable
}

/** Decimal places of a number; 0 for what has none. */
export function scaleOf({ column }: RowValue): number {
  return column.type === 'decimal' ? column.scale : 0
}

/** The value as SQL, for messages. */
export function textOfValue(value: RowValue): string {
  return value.column.name
}
