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
import { compareBy } from './answer-order.ts'
import type { CellValue } from './answer-order.ts'
import type {
  AggregateSpec,
  AnswerExpression,
  AnswerRowSpec,
  AnswerSpec,
  AnswerWindow,
  Cell,
  SqlType,
} from './answer-spec.ts'
import { aggregatesOf, windowsOf } from './answer-tree.ts'
import { formatValue } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import { windowValues } from './answer-window.ts'
import type { WindowRow } from './answer-window.ts'

/** p = 2^61 - 1. */
const FIELD_MODULUS = (1n << 61n) - 1n

/** A table as PostgreSQL would print it, and what is withheld. */
export interface Answer {
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[]
  readonly rows: readonly (readonly Cell[])[]
}

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
  const plain = spec.rows.map((row): OpenedRow => ({
    row,
    lane: (place) => laneAt(lanes, row.lanes[place ?? -1]),
    windows: [],
  }))
  const windows = (spec.windows ?? []).map((window) => valuesOver(window, spec, plain))
  const rows = plain.map((one, place) => {
    const opened = { ...one, windows: windows.map((values) => values[place]) }
    return {
      cells: cells.map((evaluate) => toCell(evaluate(opened))),
      order: order.map((evaluate) => evaluate(opened)),
    }
  })
  // Array sorting is stable: rows that tie stay in the order of the spec.
  const sorted = rows.toSorted((left, right) => compareBy(spec.orderBy, left.order, right.order))
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
  /** What window functions give in it. */
  readonly windows: readonly CellValue[]
}

/** What a window function gives in each row. */
function valuesOver(
  window: AnswerWindow,
  spec: AnswerSpec,
  rows: readonly OpenedRow[],
): readonly CellValue[] {
  const read = expressionsOf(window)
  const own = read.flatMap(aggregatesOf)
  const all = expressionsOfAnswer(spec).flatMap(aggregatesOf)
  const bound = new Map(read.map((expression) => [expression, evaluator(expression, spec)]))
  const inputs = rows.map((row): WindowRow | undefined => {
    const isShown = ({ cohort }: AggregateSpec): boolean => row.lane(cohort) === 1n
    if (!(own.length > 0 ? own.every(isShown) : all.some(isShown))) return undefined
    const at = (expression: AnswerExpression | undefined): Value | null =>
      expression === undefined ? null : (bound.get(expression)!(row) ?? null)
    return {
      argument: at(window.argument),
      otherwise: at(window.otherwise),
      partition: window.partition.map(at),
      order: window.order.map(at),
    }
  })
  return windowValues(window, inputs)
}

function expressionsOfAnswer({
  cells,
  order,
  windows = [],
}: AnswerSpec): readonly AnswerExpression[] {
  return [...cells, ...order, ...windows.flatMap(expressionsOf)]
}

function expressionsOf(window: AnswerWindow): readonly AnswerExpression[] {
  return [window.argument, window.otherwise, ...window.partition, ...window.order].filter(
    (expression) => expression !== undefined,
  )
}

/** An expression made ready for all rows: what it holds is looked for once. */
function evaluator(
  expression: AnswerExpression,
  { keyTypes }: AnswerSpec,
): (opened: OpenedRow) => CellValue {
  const aggregates = aggregatesOf(expression)
  const called = windowsOf(expression)
  const { evaluate } = bindExpression(expression, keyTypes)
  return ({ row, lane, windows }) => {
    if (aggregates.some(({ cohort }) => lane(cohort) === 0n)) return undefined
    if (called.some((index) => windows[index] === undefined)) return undefined
    const context: RowContext = {
      keyTypes,
      keys: row.keys,
      aggregate: (aggregate) => openAggregate(aggregate, lane),
      window: (index) => windows[index] ?? null,
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
  const aggregates = expressionsOfAnswer(spec).flatMap(aggregatesOf)
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

function toCell(value: CellValue): Cell {
  if (value === undefined) return { suppressed: true }
  return value === null ? { null: true } : { text: formatValue(value) }
}

function inconsistent(message: string): ShareholdError {
  return new ShareholdError('SH_ANSWER_INCONSISTENT', message, {
    hint: 'The share openings are wrong: ask again, and report the job.',
  })
}
