/**
 * Tables that a plan makes: what a sub-query that is more than names for expressions is to the query around it. The query
 * around is bound and planned as if the table were a dataset, with a schema whose ranges are inferred; what its plan loads
 * is then made by operators in front of it, which end with `table` (sections.ts).
 *
 * Who learns what: nobody learns anything of a table but its public size.
 */
import type { Column, Schema } from '../../shares/schema.ts'
import type { Plan, PlanParams } from '../plan.ts'

import type { SqlType } from './answer-spec.ts'
import type { BoundSource } from './bound.ts'
import type { Choice } from './choices.ts'
import { PlanWriter } from './plan-writer.ts'

export interface MadeTable {
  /** Its columns as those of a stored dataset; `dataset` is its name in the plan, which no dataset has. */
  readonly schema: Schema
  /**
   * The last of these columns if it says, never NULL, whether a row is one of the sub-query at all: no name means it.
   * Absent if every row is one.
   */
  readonly isRow?: Column
  /** Of plans over it. */
  readonly params: PlanParams
  /** What is to be said of it among the leaks, in a sentence, if anything is. */
  readonly secret?: string
  /** Writes the operators that make these columns; `table` is the last. Columns that are not demanded need not be made. */
  readonly write: (demanded: readonly DemandedColumn[]) => WrittenTable
}

/** Operators that end with a table, or with a plan over it. */
export interface WrittenTable {
  readonly writer: PlanWriter
  /** Where there were several ways to make it. */
  readonly choices: readonly Choice[]
}

/** A column that a plan loads, in one encoding or both. */
export interface DemandedColumn {
  readonly column: Column
  readonly bits: boolean
  readonly field: boolean
}

/** A column that a query makes: PostgreSQL says what type it has, whatever its range is. */
export type MadeColumn = Column & {
  readonly sqlType: SqlType
  /** Columns of datasets that it is made of whose single values must not be shown: then its own must not either. */
  readonly hiddenBy: readonly string[]
}

/** Tells demands apart. */
export function nameOfDemand(demanded: readonly DemandedColumn[]): string {
  return JSON.stringify(demanded.map(({ column, bits, field }) => [column.name, bits, field]))
}

/** What a plan loads of a table, in the order of its schema. */
export function demandOf(plan: Plan, { schema }: MadeTable): readonly DemandedColumn[] {
  const isLoaded = (kind: 'load-bits' | 'load-field', { name }: Column): boolean =>
    plan.operators.some(
      (one) => one.kind === kind && one.dataset === schema.dataset && one.column === name,
    )
  return schema.columns.flatMap((column) => {
    const [bits, field] = [isLoaded('load-bits', column), isLoaded('load-field', column)]
    return bits || field ? [{ column, bits, field }] : []
  })
}

/** The operators that make what a plan loads of a table, and behind them those of the plan. */
export function withTable(table: MadeTable, outer: PlanWriter): WrittenTable {
  const { writer: inner, choices } = table.write(demandOf(outer.plan, table))
  const writer = new PlanWriter(inner.header)
  writer.append(inner)
  writer.append(outer)
  return { writer, choices }
}

/** The first is "sub-query 1"; datasets have no names with a space. */
export function nameOfTable({ made }: BoundSource): string {
  const inner = made?.schema.dataset ?? 'sub-query 0'
  return `sub-query ${Number(inner.split(' ')[1]) + 1}`
}
