/** The stored planes of columns as inputs of the row circuit: which columns, in which order, which wires. */
import { planesOf } from '../../shares/column-codec.ts'
import type { Column } from '../../shares/schema.ts'
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { CircuitBuilder, Planes, Wire } from '../circuit-builder.ts'
import type { Term } from '../linear-circuit.ts'

import type { AnswerExpression } from './answer-spec.ts'
import type { BoundQuery, Predicate } from './bound.ts'

export interface ColumnPlanes {
  /** The code, least significant plane first; all 0 where the value is NULL. */
  readonly code: Planes
  /** 1 where the value is not NULL; the constant TRUE for a column that is never NULL. */
  readonly valid: Wire
}

/**
 * Adds the planes of columns as inputs, table after table in the order of the schemas. Where a column has no
 * plane of its own that says whether it is NULL, but its row may be missing, that says so.
 */
export function inputPlanes(
  builder: CircuitBuilder,
  { tables, joined }: Pick<BoundQuery, 'tables' | 'joined'>,
  columns: ReadonlySet<Column>,
): ReadonlyMap<Column, ColumnPlanes> {
  const planes = new Map<Column, ColumnPlanes>()
  const add = (column: Column, isStoredNullable: boolean, otherwise: Wire): Wire => {
    const code = builder.inputs(planesOf(column))
    planes.set(column, { code, valid: isStoredNullable ? builder.input() : otherwise })
    return code[0] ?? FALSE
  }
  const { isRow } = joined ?? {}
  if (isRow !== undefined && columns.has(isRow)) add(isRow, false, TRUE)
  for (const { schema, columns: own, isThere, isRow: isOwnRow } of tables) {
    if (isOwnRow !== undefined && columns.has(isOwnRow)) add(isOwnRow, false, TRUE)
    const read = own.flatMap((column, k) =>
      columns.has(column) ? [{ column, isStoredNullable: schema.columns[k]!.nullable }] : [],
    )
    const needsMatch = read.some(({ isStoredNullable }) => !isStoredNullable)
    const there = isThere !== undefined && needsMatch ? add(isThere, false, TRUE) : TRUE
    for (const { column, isStoredNullable } of read) add(column, isStoredNullable, there)
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
