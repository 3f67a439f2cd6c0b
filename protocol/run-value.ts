/**
 * What the operators of a run are given and make: the run, and the values that are there so far.
 */
import type { Arena } from '../shares/field/memory.ts'
import type { BitShare } from '../shares/replicated.ts'
import type { ShamirShare } from '../shares/shamir.ts'

import type { Collection } from './collection.ts'
import type { JoinedColumns } from './join-columns.ts'
import type { Batch } from './layout.ts'
import type { Party } from './party.ts'
import type { Operator, Plan, PlanParams, Ref } from './plan.ts'
import type { Shape } from './shape.ts'

/** Where the stored columns come from: batch after batch; within one, columns in any order, several at a time. */
export interface ColumnSource {
  /**
   * The stored planes of a column, `planes` and then the validity plane if asked for, each in the
   * batch's layout; of a dataset whose columns are taken whole (join-lanes.ts, beside.ts), there is one batch of all its
   * chunks. Allocate in `arena`, which the executor releases after the last use; what lies
   * elsewhere stays the source's, which must keep it unchanged until `execute` ends.
   */
  bits(column: LoadBits, batch: Batch, arena: Arena): Promise<readonly BitShare[]>
  /** The stored shares of a column: batch.layout.lanes elements. Memory as above. */
  field(column: LoadField, batch: Batch, arena: Arena): Promise<ShamirShare>
  /** Member of each row of the (first) dataset, 0..members-1 in ascending order of pseudonyms. */
  readonly memberOfRow: Uint32Array
  /** For a join of several datasets: of each, the first one included, the member of each row, by numbers common to all. */
  readonly joinedMembers?: readonly Uint32Array[]
}

export type LoadBits = Extract<Operator, { kind: 'load-bits' }>
export type LoadField = Extract<Operator, { kind: 'load-field' }>
export type LoadBeside = Extract<Operator, { kind: 'load-beside' }>
export type LoadMatch = Extract<Operator, { kind: 'load-match' }>

export interface Run {
  readonly party: Party
  readonly plan: Plan
  readonly params: PlanParams
  /** Where columns come from: of a join, with its rows as lanes. */
  readonly source: Pick<ColumnSource, 'bits' | 'field'>
  /** Of a join. */
  readonly joined?: JoinedColumns
  /** Where columns of datasets beside the rows come from. */
  readonly beside: Pick<ColumnSource, 'bits'>
  /** Member of each lane. */
  readonly memberOfRow: Uint32Array
  readonly shapes: readonly Shape[]
  readonly collected: Collection
  /** Owns the columns of a table that the section makes. */
  readonly made: Arena
  /** Running sums of `dot` and `total`, by operator: this party's part. */
  readonly sums: ReadonlyMap<number, bigint[]>
  starts(op: number, batch: number | 'table'): void
  ends(op: number, batch: number | 'table'): void
  /** Called before and after each round that is not empty. */
  readonly round?: (when: 'begins' | 'ends') => void
}

/** The parts of a value, and the arena that holds nothing else. */
export interface Value {
  readonly bits: readonly BitShare[]
  readonly field: readonly ShamirShare[]
  readonly arena: Arena
}

export type Values = Map<number, Value>

export function planeOf(values: Values, ref: Ref): BitShare {
  return values.get(ref.op)!.bits[ref.part]!
}

export function vectorOf(values: Values, ref: Ref): ShamirShare {
  return values.get(ref.op)!.field[ref.part]!
}

export function bitValue(arena: Arena, bits: readonly BitShare[]): Value {
  return { bits, field: [], arena }
}

export function fieldValue(arena: Arena, field: readonly ShamirShare[]): Value {
  return { bits: [], field, arena }
}
