/** The stored planes of columns as inputs of the row circuit: which columns, in which order, which wires. */
import { planesOf } from '../../shares/column-codec.ts'
import type { Column, Schema } from '../../shares/schema.ts'
import { TRUE } from '../circuit-builder.ts'
import type { CircuitBuilder, Planes, Wire } from '../circuit-builder.ts'
import type { Term } from '../linear-circuit.ts'

import type { AnswerExpression } from './answer-spec.ts'
import type { Predicate } from './bound.ts'

export interface ColumnPlanes {
  /** The code, least significant plane first; all 0 where the value is NULL. */
  readonly code: Planes
  /** 1 where the value is not NULL; the constant TRUE for a column that is never NULL. */
  readonly valid: Wire
}

/** Adds the planes of columns as inputs, in the order of the schema. */
export function inputPlanes(
  builder: CircuitBuilder,
  schema: Schema,
  columns: ReadonlySet<Column>,
): ReadonlyMap<Column, ColumnPlanes> {
  const planes = new Map<Column, ColumnPlanes>()
  for (const column of schema.columns) {
    if (!columns.has(column)) continue
    const code = builder.inputs(planesOf(column))
    planes.set(column, { code, valid: column.nullable ? builder.input() : TRUE })
  }
  return planes
}

/** value * 10^scale = constant + sum of terms. */
export interface Form {
  readonly terms: readonly Term[]
  readonly constant: bigint
  readonly scale: number
}

/** What conditions are built over, and what has been built. */
export interface RowPlanes {
  readonly builder: CircuitBuilder
  readonly columns: ReadonlyMap<Column, ColumnPlanes>
  /** Rounds that a comparison by size may take (circuit-gadgets.ts). */
  readonly carryDepth: number
  /** Planes by condition: nested conditions would be walked exponentially often without. */
  readonly built: {
    readonly whereTrue: Map<Predicate, Wire>
    readonly whereFalse: Map<Predicate, Wire>
    /** Numbers of expressions, as linear forms (row-number.ts). */
    readonly forms: Map<AnswerExpression, Form>
  }
}

export function rowPlanes(
  builder: CircuitBuilder,
  columns: ReadonlyMap<Column, ColumnPlanes>,
  carryDepth = 0,
): RowPlanes {
  return {
    builder,
    columns,
    carryDepth,
    built: { whereTrue: new Map(), whereFalse: new Map(), forms: new Map() },
  }
}
