/**
 * Window functions beside groups, bound: over the rows of the answer, with aggregates and group keys as operands
 * (answer-window.ts).
 */
import type { AnswerWindow, AnswerWindowFunction, SqlType } from './answer-spec.ts'
import { listOf, locationOf, namesOf, openAs, startOf, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import { fail } from './context.ts'
import type { Context } from './context.ts'
import { bindScalar } from './scalar.ts'
import { directionOf } from './sort-direction.ts'
import { settle } from './typed-scalar.ts'
import type { Leaves, Scalar } from './typed-scalar.ts'
import { argumentsOfCall, frameOf, rowsBack, WINDOW_ARGUMENTS, windowOf } from './window-call.ts'

/** How many arguments each function takes, at least and at most. */
const ARGUMENTS: Readonly<Record<AnswerWindowFunction, readonly [least: number, most: number]>> = {
  ...WINDOW_ARGUMENTS,
  avg: [1, 1],
}

const NUMBERS: ReadonlySet<SqlType> = new Set(['integer', 'bigint', 'numeric'])

/** The window functions of a query, and what WINDOW names. */
export interface WindowList {
  readonly calls: AnswerWindow[]
  readonly named: ReadonlyMap<string, Fields>
  /** Names of those that a call is over. */
  readonly used: Set<string>
}

/**
 * Binds a call; the list grows by it.
 *
 * @param leaves of the query's expressions, without windows: they do not nest
 * @throws ShareholdError SH_SQL_UNSUPPORTED, SH_SQL_TYPE, and what expressions throw
 */
export function bindAnswerWindow(
  context: Context,
  leaves: Leaves,
  { calls, named, used }: WindowList,
  call: Fields,
): Scalar {
  const location = locationOf(call)
  const refuse = (what: string, hint: string): Error =>
    fail(context, 'SH_SQL_UNSUPPORTED', what, location, hint)
  const name = namesOf(call, 'funcname').at(-1) ?? ''
  if (!isFunction(name)) {
    throw refuse(
      `${name} as a window function is not supported.`,
      'There are ROW_NUMBER, RANK, DENSE_RANK, LAG, LEAD, FIRST_VALUE, LAST_VALUE, COUNT, SUM, AVG, MIN and MAX.',
    )
  }
  if (['agg_distinct', 'agg_order', 'agg_filter'].some((field) => call[field] !== undefined)) {
    throw refuse(
      'DISTINCT, ORDER BY and FILTER inside a window function are not supported.',
      'Leave them away, or write CASE.',
    )
  }
  const bind = (node: unknown): Scalar => settle(context, bindScalar(context, leaves, node), 'text')
  const args = argumentsOfCall(context, call, ARGUMENTS[name])
  const definition = windowOf(context, call, named)
  used.add(textOf((call['over'] ?? {}) as Fields, 'name'))
  const order = listOf(definition, 'orderClause').map((node) => {
    const sort = openAs(node, 'SortBy') ?? {}
    return { ...directionOf(context, sort), expression: bind(sort['node']).expression }
  })
  const argument = args[0] === undefined ? undefined : bind(args[0])
  if ((name === 'sum' || name === 'avg') && !NUMBERS.has(argument!.type)) {
    throw fail(
      context,
      'SH_SQL_TYPE',
      `${name.toUpperCase()} takes numbers here, not ${argument!.type}.`,
      startOf(args[0]),
    )
  }
  const otherwise =
    args[2] === undefined ? undefined : bindOtherwise(context, leaves, argument!, args[2])
  const window: AnswerWindow = {
    function: name,
    ...(argument === undefined ? {} : { argument: argument.expression }),
    ...(otherwise === undefined ? {} : { otherwise: otherwise.expression }),
    by: rowsBack(context, name, args[1]),
    partition: listOf(definition, 'partitionClause').map((node) => bind(node).expression),
    order: order.map(({ expression }) => expression),
    orderBy: order.map(({ descending, nullsFirst }) => ({ descending, nullsFirst })),
    frame: frameOf(context, definition),
    type: typeOf(name, argument),
  }
  const index = calls.push(window) - 1
  return { expression: { kind: 'window', index, type: window.type }, type: window.type, location }
}

/** The third argument of LAG and LEAD. */
function bindOtherwise(context: Context, leaves: Leaves, argument: Scalar, node: unknown): Scalar {
  const scalar = settle(context, bindScalar(context, leaves, node), argument.type)
  if (scalar.type === argument.type) return scalar
  throw fail(
    context,
    'SH_SQL_TYPE',
    `The default of LAG and LEAD is of type ${scalar.type}, not ${argument.type}.`,
    startOf(node),
    'Cast one of them.',
  )
}

function isFunction(name: string): name is AnswerWindowFunction {
  return Object.hasOwn(ARGUMENTS, name)
}

function typeOf(name: AnswerWindowFunction, argument: Scalar | undefined): SqlType {
  switch (name) {
    case 'row_number':
    case 'rank':
    case 'dense_rank':
    case 'count':
      return 'bigint'
    case 'sum':
      return argument!.type === 'integer' ? 'bigint' : 'numeric'
    case 'avg':
      return 'numeric'
    case 'lag':
    case 'lead':
    case 'first_value':
    case 'last_value':
    case 'min':
    case 'max':
      return argument!.type
  }
}
