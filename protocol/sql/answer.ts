/**
 * The querier's last step: opened output lanes to the rows that PostgreSQL would return. Pure, and run
 * nowhere but at the querier, who alone learns the lanes.
 *
 * The lanes come from nodes of which some may be corrupt; whoever opened them has checked that the shares
 * agree. What can still be checked here is: a cohort lane is a bit, a suppressed aggregate shows
 * nothing, counts and sums are possible.
 */
import { ShareholdError } from '../../shares/errors.ts'

import { aggregateValue } from './answer-aggregate.ts'
import type { RowContext } from './answer-bound.ts'
import { bindExpression } from './answer-expression.ts'
import type {
  AggregateSpec,
  AnswerExpression,
  AnswerRowSpec,
  AnswerSpec,
  Cell,
  SqlType,
} from './answer-spec.ts'
import { aggregatesOf } from './answer-tree.ts'
import { compareValues, formatValue } from './answer-value.ts'
import type { Value } from './answer-value.ts'

/** p = 2^61 - 1. */
const FIELD_MODULUS = (1n << 61n) - 1n

/** A table as PostgreSQL would print it, and what is withheld. */
export interface Answer {
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[]
  readonly rows: readonly (readonly Cell[])[]
}

/** Value of a cell before it becomes text; undefined when suppressed. */
type CellValue = Value | null | undefined

/**
 * Turns opened lanes into the answer: aggregates, expressions, ORDER BY, OFFSET and LIMIT.
 *
 * @param lanes - spec.lanes elements of F_p, canonical (0 <= v < p); negative values as p - |v|.
 * @throws SH_ANSWER_INCONSISTENT if the lanes cannot be an answer; SH_ANSWER_DIVISION_BY_ZERO, SH_ANSWER_RANGE,
 *   SH_ANSWER_ARGUMENT where PostgreSQL fails; SH_ANSWER_TYPE, SH_ANSWER_LITERAL if the spec has ill-typed
 *   expressions; RangeError if it names lanes or keys that do not exist.
 */
export function evaluateAnswer(spec: AnswerSpec, lanes: readonly bigint[]): Answer {
  checkLanes(spec, lanes)
  const cells = spec.cells.map((cell) => evaluator(cell, spec))
  const order = spec.order.map((item) => evaluator(item, spec))
  const rows = spec.rows.map((row) => {
    const opened: OpenedRow = { row, lane: (place) => laneAt(lanes, row.lanes[place ?? -1]) }
    return {
      cells: cells.map((evaluate) => toCell(evaluate(opened))),
      order: order.map((evaluate) => evaluate(opened)),
    }
  })
  // Array sorting is stable: rows that tie stay in the order of the spec.
  const sorted = rows.toSorted((left, right) => compareRows(spec, left.order, right.order))
  const end = spec.limit === null ? undefined : spec.offset + spec.limit
  return {
    columns: spec.columns,
    rows: sorted.slice(spec.offset, end).map((row) => row.cells),
  }
}

/** A row, and what is in the lanes of its aggregates. */
interface OpenedRow {
  readonly row: AnswerRowSpec
  readonly lane: (place: number | undefined) => bigint
}

/** An expression made ready for all rows: what it holds is looked for once. */
function evaluator(
  expression: AnswerExpression,
  { keyTypes }: AnswerSpec,
): (opened: OpenedRow) => CellValue {
  const aggregates = aggregatesOf(expression)
  const { evaluate } = bindExpression(expression, keyTypes)
  return ({ row, lane }) => {
    if (aggregates.some(({ cohort }) => lane(cohort) === 0n)) return undefined
    const context: RowContext = {
      keyTypes,
      keys: row.keys,
      aggregate: (aggregate) => openAggregate(aggregate, lane),
    }
    return evaluate(context)
  }
}

/** @throws SH_ANSWER_INCONSISTENT, naming no value. */
function checkLanes(spec: AnswerSpec, lanes: readonly bigint[]): void {
  if (lanes.length !== spec.lanes) {
    throw inconsistent(`The answer has ${lanes.length} lanes instead of ${spec.lanes}.`)
  }
  if (lanes.some((lane) => lane < 0n || lane >= FIELD_MODULUS)) {
    throw inconsistent('A lane holds no element of the field.')
  }
  const aggregates = [...spec.cells, ...spec.order].flatMap(aggregatesOf)
  for (const row of spec.rows) {
    for (const { cohort, places } of aggregates) {
      const bit = laneAt(lanes, row.lanes[cohort])
      if (bit > 1n) throw inconsistent('A cohort lane holds neither 0 nor 1.')
      const values = Object.values(places).map((place) => laneAt(lanes, row.lanes[place]))
      if (bit === 0n && values.some((value) => value !== 0n)) {
        throw inconsistent('A suppressed aggregate holds a value.')
      }
    }
  }
}

function openAggregate(spec: AggregateSpec, lane: OpenedRow['lane']): Value | null {
  return aggregateValue(spec, (name) => signed(lane(spec.places[name])))
}

function laneAt(lanes: readonly bigint[], index: number | undefined): bigint {
  const lane = index === undefined ? undefined : lanes[index]
  if (lane === undefined) throw new RangeError(`There is no output lane ${index ?? 'given'}.`)
  return lane
}

/** Field element to integer: the upper half of the field is negative. */
function signed(lane: bigint): bigint {
  return lane > FIELD_MODULUS / 2n ? lane - FIELD_MODULUS : lane
}

function compareRows(
  spec: AnswerSpec,
  left: readonly CellValue[],
  right: readonly CellValue[],
): number {
  for (const [index, { descending, nullsFirst }] of spec.orderBy.entries()) {
    // What is suppressed sorts like NULL: its place must not tell more than its marker.
    const a = left[index] ?? null
    const b = right[index] ?? null
    if (a === null || b === null) {
      if (a === b) continue
      return (a === null) === nullsFirst ? -1 : 1
    }
    const comparison = compareValues(a, b)
    if (comparison !== 0) return descending ? -comparison : comparison
  }
  return 0
}

function toCell(value: CellValue): Cell {
  if (value === undefined) return { suppressed: true }
  return value === null ? { null: true } : { text: formatValue(value) }
}

function inconsistent(message: string): ShareholdError {
  return new ShareholdError('SH_ANSWER_INCONSISTENT', message, {
    hint: 'The share openings are wrong: ask again, and report the job.',
  })
}
