/**
 * The bound query: names resolved, types checked, nothing about execution yet. Later constructs (computed
 * columns, joins) are new fields and new kinds of Predicate and do not change these.
 */
import type { Column } from '../../shares/schema.ts'

import type { AggregateSpec, AnswerExpression, AnswerWindow, SqlType } from './answer-spec.ts'
import type { CodeSet } from './code-set.ts'
import type { MadeTable } from './made-table.ts'
import type { JointTable } from './row-table.ts'
import type { RowValue, Scope } from './row-value.ts'
import type { BoundJoin, BoundTable } from './tables.ts'

/** `equal` and the two orders; their negations are written with `not`, their mirrors by swapping sides. */
export type Relation = 'equal' | 'less' | 'less-equal'

/** A condition on a row in SQL's logic: true, false or unknown (NULL). */
export type Predicate =
  | { readonly kind: 'constant'; readonly value: boolean | null }
  /** True on these codes, false on the others, unknown where the column is NULL. */
  | { readonly kind: 'codes'; readonly column: Column; readonly codes: CodeSet }
  /** Two stored columns. Unknown where either is NULL. */
  | {
      readonly kind: 'columns'
      readonly relation: Relation
      readonly left: Column
      readonly right: Column
    }
  /** Two computed numbers or texts. Unknown where `known`, which never is, is not true. */
  | {
      readonly kind: 'values'
      readonly relation: Relation
      readonly left: AnswerExpression
      readonly right: AnswerExpression
      readonly scope: Scope
      readonly known: Predicate
    }
  /** The results, of type boolean, say for every combination of codes. */
  | { readonly kind: 'table'; readonly table: JointTable }
  /** Two conditions as boolean values, false before true. Unknown where either is. */
  | {
      readonly kind: 'conditions'
      readonly relation: Relation
      readonly left: Predicate
      readonly right: Predicate
    }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Predicate[] }
  | { readonly kind: 'not'; readonly operand: Predicate }
  /** Never unknown. */
  | { readonly kind: 'is-null'; readonly column: Column }
  /** True where the operand is true, else false. */
  | { readonly kind: 'is-true'; readonly operand: Predicate }
  /** True where the operand is unknown, else false. */
  | { readonly kind: 'is-unknown'; readonly operand: Predicate }

/**
 * A condition of aggregates: of the rows that pass WHERE, those that it is over; or what it is of. Equal
 * conditions are one object.
 */
export interface AggregateFilter {
  readonly condition: Predicate
  /** Its syntax tree without places, as JSON: what makes two conditions equal. */
  readonly tree: string
}

/**
 * An aggregate of the query. `template` stands for it in expressions, by identity; the planner puts an
 * AggregateSpec with the places of its lanes there.
 */
export interface BoundAggregate {
  readonly template: AggregateSpec
  /** Absent for COUNT(*). */
  readonly argument?: RowValue
  /** Of functions of two arguments, as CORR(y, x). A row contributes where neither is NULL. */
  readonly second?: RowValue
  /** Instead of these, of functions of a truth value, as BOOL_AND(x > 2). */
  readonly condition?: AggregateFilter
  /** Only HAVING reads it: nothing of it is opened. */
  readonly inner?: true
  /** FILTER (WHERE …). */
  readonly filter?: AggregateFilter
  /** Byte offset of its first use. */
  readonly location: number | undefined
}

/** The numbers that an aggregate is of, in the order of the call. */
export function argumentsOf({ argument, second }: BoundAggregate): readonly RowValue[] {
  return [argument, second].filter((value) => value !== undefined)
}

/** A key's value in PostgreSQL's text form; null is the group of NULLs. */
export type KeyValue = string | null

/** What rows are grouped by: a value with a public domain. */
export interface BoundKey {
  readonly value: RowValue
  readonly type: SqlType
  /** How many values it has, NULL included. */
  readonly size: bigint
  /** The values, NULL last. Not to be called while `size` may be large. */
  readonly values: () => readonly KeyValue[]
}

export interface BoundOutput {
  readonly name: string
  readonly type: SqlType
  readonly expression: AnswerExpression
}

export interface BoundOrder {
  readonly expression: AnswerExpression
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** A condition over aggregates and keys that a row of the answer must meet. */
export interface BoundHaving {
  readonly condition: AnswerExpression
  /** Byte offset. */
  readonly location: number | undefined
}

/** What the rows of a query are: those of datasets, or of a table that the plan makes. */
export interface BoundSource {
  /** In the order of FROM. */
  readonly tables: readonly BoundTable[]
  /** If there are several. */
  readonly joined?: BoundJoin
  /** If it is the only one of `tables`, or all of them are in it. */
  readonly made?: MadeTable
  /** Names of the datasets that are read in the end, each once: of those whose rows make the lanes. */
  readonly datasets: readonly string[]
  /** Names of those in which rows look for others by key, each once; absent if there are none. */
  readonly lookedUp?: readonly string[]
  /** Of the strictest of the datasets. */
  readonly kMin: number
}

export interface BoundQuery extends BoundSource {
  readonly filter: Predicate
  /** Distinct; none: one group of all rows. */
  readonly keys: readonly BoundKey[]
  /** Sets of keys by their places, ascending: the answer has the rows of each. One, of all keys, for a plain GROUP BY. */
  readonly groupings: readonly (readonly number[])[]
  /** Calls of GROUPING, by their arguments' places: the answer's expressions see them as further keys, of type integer. */
  /** Window functions over the rows of the answer, by the index that outputs have for them. */
  readonly windows?: readonly AnswerWindow[]
  readonly groupingCalls: readonly (readonly number[])[]
  readonly aggregates: readonly BoundAggregate[]
  readonly having?: BoundHaving
  readonly outputs: readonly BoundOutput[]
  readonly orderBy: readonly BoundOrder[]
  readonly limit: number | null
  readonly offset: number
}
