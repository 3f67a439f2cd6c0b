/**
 * Calls of window functions, bound: `lag(day) OVER (PARTITION BY rider ORDER BY day)`. A partition holds rows of one
 * member only: so whatever a row gets from others is of its own member, who is counted with it.
 */
import type { Column } from '../../shares/schema.ts'

import { listOf, locationOf, namesOf, numberOf, openAs, startOf, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import { bindCondition } from './bind-condition.ts'
import { bindRow } from './bind-row.ts'
import type { Predicate } from './bound.ts'
import { fail, locate, memberColumn } from './context.ts'
import type { Context } from './context.ts'
import { quoteName } from './names.ts'
import type { Frame } from './plan-window.ts'
import { columnsOf, FALSE_PREDICATE } from './predicate.ts'
import { analysisOf, nullOfValue } from './row-analysis.ts'
import { columnsIn, placesIn, valueOf } from './row-value.ts'
import type { RowValue } from './row-value.ts'
import { constantValue } from './scalar.ts'
import { directionOf } from './sort-direction.ts'
import { settle } from './typed-scalar.ts'

/** How many arguments each function takes, at least and at most. */
export const WINDOW_ARGUMENTS = {
  row_number: [0, 0],
  rank: [0, 0],
  dense_rank: [0, 0],
  // The third is dealt with where the call is taken apart (window-query.ts).
  lag: [1, 3],
  lead: [1, 3],
  first_value: [1, 1],
  last_value: [1, 1],
  count: [0, 1],
  sum: [1, 1],
  min: [1, 1],
  max: [1, 1],
} as const satisfies Readonly<Record<string, readonly [least: number, most: number]>>

export type WindowFunction = keyof typeof WINDOW_ARGUMENTS

const AGGREGATES: ReadonlySet<WindowFunction> = new Set(['count', 'sum', 'min', 'max'])

/** Whether a name is that of a window function that is there. */
export function isWindowFunction(name: string): name is WindowFunction {
  return Object.hasOwn(WINDOW_ARGUMENTS, name)
}

export interface WindowOrder {
  readonly value: RowValue
  readonly descending: boolean
  readonly nullsFirst: boolean
}

export interface BoundWindow {
  /** Besides the member. */
  readonly partition: readonly RowValue[]
  readonly order: readonly WindowOrder[]
}

export interface WindowCall {
  readonly function: WindowFunction
  /** Absent for what is about rows. */
  readonly argument?: RowValue
  /** FILTER (WHERE …). */
  readonly filter?: Predicate
  /** Of LAG: rows back; of LEAD: less than 0; else 0. */
  readonly by: number
  /** Of aggregates and LAST_VALUE. */
  readonly frame: Frame
  readonly window: BoundWindow
  readonly location: number | undefined
}

const IN_WINDOW = {
  message: 'An aggregate inside a window function is not supported here.',
  hint: 'Aggregate in a sub-query, and number its rows in the query around it.',
}

/**
 * Binds the FuncCall of a window function.
 *
 * @param windows of WINDOW, by name
 * @throws ShareholdError SH_SQL_UNSUPPORTED, SH_SQL_TYPE, and what expressions throw
 */
export function bindWindowCall(
  context: Context,
  call: Fields,
  windows: ReadonlyMap<string, Fields>,
): WindowCall {
  const location = locationOf(call)
  const name = namesOf(call, 'funcname').at(-1) ?? ''
  const refuse = (what: string, hint: string): Error =>
    fail(context, 'SH_SQL_UNSUPPORTED', what, location, hint)
  if (!isWindowFunction(name)) {
    throw refuse(
      `${name} as a window function is not supported.`,
      'There are ROW_NUMBER, RANK, DENSE_RANK, LAG, LEAD, FIRST_VALUE, LAST_VALUE, COUNT, SUM, MIN and MAX.',
    )
  }
  if (call['agg_distinct'] === true || call['agg_order'] !== undefined) {
    throw refuse(
      'DISTINCT and ORDER BY inside a window function are not supported.',
      'Leave them away.',
    )
  }
  const isAggregate = AGGREGATES.has(name)
  if (call['agg_filter'] !== undefined && !isAggregate) {
    throw refuse(`FILTER is for aggregates, not for ${name}.`, 'Write the condition into WHERE.')
  }
  const args = argumentsOfCall(context, call, WINDOW_ARGUMENTS[name])
  const definition = windowOf(context, call, windows)
  const { window, frame } = bindWindow(context, definition)
  const argument = args.length === 0 ? undefined : bindValue(context, args[0])
  if (name === 'sum' && argument !== undefined) checkSummed(context, argument, startOf(args[0]))
  const filter = call['agg_filter']
  return {
    function: name,
    ...(argument === undefined ? {} : { argument }),
    ...(filter === undefined ? {} : { filter: bindCondition(context, filter, 'FILTER') }),
    by: rowsBack(context, name, args[1]),
    frame,
    window,
    location,
  }
}

/** The arguments of a call, as many as it may have. @throws ShareholdError SH_SQL_TYPE */
export function argumentsOfCall(
  context: Context,
  call: Fields,
  [least, most]: readonly [least: number, most: number],
): readonly unknown[] {
  const args = listOf(call, 'args')
  const name = namesOf(call, 'funcname').at(-1) ?? ''
  const isBareCount = name === 'count' && args.length === 0 && call['agg_star'] !== true
  if (args.length >= least && args.length <= most && !isBareCount) return args
  throw fail(
    context,
    'SH_SQL_TYPE',
    `${name} does not take ${args.length} arguments.`,
    locationOf(call),
  )
}

/** The definitions of a WINDOW clause, by name. */
export function namedWindows(select: Fields): ReadonlyMap<string, Fields> {
  return new Map(
    listOf(select, 'windowClause').map((node) => {
      const definition = openAs(node, 'WindowDef') ?? {}
      return [textOf(definition, 'name'), definition] as const
    }),
  )
}

/** The window that a call names or holds. */
export function windowOf(
  context: Context,
  call: Fields,
  windows: ReadonlyMap<string, Fields>,
): Fields {
  const over = (call['over'] ?? {}) as Fields
  const location = locationOf(over) ?? locationOf(call)
  if (over['refname'] !== undefined) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'A window that goes on from another one is not supported.',
      location,
      'Write the window out, or OVER and its name without parentheses.',
    )
  }
  const name = textOf(over, 'name')
  if (name === '') return over
  const named = windows.get(name)
  if (named !== undefined) return named
  throw fail(
    context,
    'SH_SQL_UNSUPPORTED',
    `There is no window ${quoteName(name)}.`,
    location,
    'Define it: WINDOW … AS (PARTITION BY …).',
  )
}

/** A window, and the frame of aggregates over it. @throws ShareholdError SH_SQL_UNSUPPORTED, and what expressions throw */
export function bindWindow(
  context: Context,
  definition: Fields,
): { readonly window: BoundWindow; readonly frame: Frame } {
  const location = locationOf(definition)
  const items = listOf(definition, 'partitionClause')
  const isMember = (node: unknown): boolean => {
    const reference = openAs(node, 'ColumnRef')
    if (reference === undefined) return false
    const parts = namesOf(reference, 'fields')
    return memberColumn(context, parts, locationOf(reference)) !== undefined
  }
  if (!items.some(isMember)) {
    const [member] = context.members
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'A window over rows of several members is not supported: their values would be counted for others.',
      location,
      `Write PARTITION BY ${quoteName(member?.name ?? '')}, the member.`,
    )
  }
  const partition = items.filter((node) => !isMember(node)).map((node) => bindValue(context, node))
  const order = listOf(definition, 'orderClause').map((node) =>
    bindOrder(context, openAs(node, 'SortBy') ?? {}),
  )
  return { window: { partition, order }, frame: frameOf(context, definition) }
}

function bindOrder(context: Context, sort: Fields): WindowOrder {
  const direction = directionOf(context, sort)
  return { value: bindValue(context, sort['node']), ...direction }
}

/** What parser bits say about frames (nodes/parsenodes.h). */
const FRAME = {
  rows: 0x4,
  groups: 0x8,
  endsWithPartition: 0x100,
  startsWithPartition: 0x20,
  endsWithRow: 0x400,
  excludes: 0x8000 | 0x10000 | 0x20000,
}

/** @throws ShareholdError SH_SQL_UNSUPPORTED */
export function frameOf(context: Context, definition: Fields): Frame {
  const options = numberOf(definition, 'frameOptions')
  const has = (bits: number): boolean => (options & bits) !== 0
  const isKnown =
    has(FRAME.startsWithPartition) &&
    (has(FRAME.endsWithRow) || has(FRAME.endsWithPartition)) &&
    !has(FRAME.excludes)
  if (!isKnown) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'This frame is not supported.',
      locationOf(definition),
      'A frame begins with the partition, and ends with the row or with the partition: ROWS UNBOUNDED PRECEDING.',
    )
  }
  if (has(FRAME.groups) && listOf(definition, 'orderClause').length === 0) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'GROUPS needs an ORDER BY.',
      locationOf(definition),
      'Leave the frame away: all rows of the partition are one group.',
    )
  }
  if (has(FRAME.endsWithPartition)) return 'partition'
  return has(FRAME.rows) ? 'rows' : 'peers'
}

function bindValue(context: Context, node: unknown): RowValue {
  const { expression } = settle(context, bindRow(context, node, IN_WINDOW), 'text')
  const value = valueOf(expression, context.columns)
  // What has no circuit is said here, at its place.
  locate(context, startOf(node), () => analysisOf(value))
  return value
}

/** How many rows back the row is that LAG looks at; less than 0 for LEAD, 0 for other functions. */
export function rowsBack(context: Context, name: string, node: unknown): number {
  if (name === 'lag') return offsetOf(context, node)
  return name === 'lead' ? -offsetOf(context, node) : 0
}

/** The second argument of LAG and LEAD. */
function offsetOf(context: Context, node: unknown): number {
  if (node === undefined) return 1
  const location = startOf(node)
  const scalar = bindRow(context, node, IN_WINDOW)
  const isConstant = scalar.untyped === undefined && placesIn(scalar.expression).length === 0
  const value = isConstant ? constantValue(context, scalar) : null
  const isNumber = value?.type === 'integer' || value?.type === 'bigint'
  if (isNumber && value.value > -(2n ** 31n) && value.value < 2n ** 31n) return Number(value.value)
  throw fail(
    context,
    'SH_SQL_UNSUPPORTED',
    'The distance of LAG and LEAD must be a constant number of rows.',
    location,
    'Write a whole number.',
  )
}

function checkSummed(context: Context, value: RowValue, location: number | undefined): void {
  if (['integer', 'bigint', 'numeric'].includes(value.type)) return
  throw fail(context, 'SH_SQL_TYPE', `SUM takes numbers, not ${value.type}.`, location)
}

/** Whether a value can be NULL. */
export function isNullable(value: RowValue): boolean {
  return nullOfValue(value) !== FALSE_PREDICATE
}

/** The columns that a call reads. */
export function columnsOfCall({ argument, filter, window }: WindowCall): readonly Column[] {
  const values = [...window.partition, ...window.order.map(({ value }) => value)]
  return [
    ...[...(argument === undefined ? [] : [argument]), ...values].flatMap(columnsIn),
    ...(filter === undefined ? [] : columnsOf(filter)),
  ]
}

/** Each once, in the order of the calls. */
export function distinctWindows(windows: readonly BoundWindow[]): readonly BoundWindow[] {
  return windows.filter((one, k) => !windows.slice(0, k).some((other) => isSameWindow(one, other)))
}

/** Equal values are one object. */
export function isSameWindow(a: BoundWindow, b: BoundWindow): boolean {
  return (
    a === b ||
    (a.partition.length === b.partition.length &&
      a.order.length === b.order.length &&
      a.partition.every((value, k) => value === b.partition[k]) &&
      a.order.every(({ value, descending, nullsFirst }, k) => {
        const other = b.order[k]!
        return (
          value === other.value &&
          descending === other.descending &&
          nullsFirst === other.nullsFirst
        )
      }))
  )
}
