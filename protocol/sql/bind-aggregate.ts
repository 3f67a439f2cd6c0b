/**
 * Calls of aggregates: name, arguments, DISTINCT, FILTER. Equal aggregates of a query are one, however often
 * they are written.
 */
import { AGGREGATE_FUNCTIONS, arityOf, numbersOf } from './aggregate-functions.ts'
import type { AggregateName, AggregateSpec, SqlType } from './answer-spec.ts'
import { listOf, locationOf, namesOf, openAs, startOf, withoutLocations } from './ast.ts'
import type { Fields } from './ast.ts'
import { bindCondition } from './bind-condition.ts'
import { bindRow } from './bind-row.ts'
import type { AggregateFilter, BoundAggregate } from './bound.ts'
import { fail, locate, resolveColumn } from './context.ts'
import type { Context } from './context.ts'
import { quoteName } from './names.ts'
import { TRUE_PREDICATE } from './predicate.ts'
import { analysisOf, nullOfValue } from './row-analysis.ts'
import { textOfValue } from './row-text.ts'
import { valueOf } from './row-value.ts'
import type { RowValue } from './row-value.ts'
import { typed } from './typed-scalar.ts'
import type { Leaves, Scalar } from './typed-scalar.ts'
import { modifierOf, unsupportedCall } from './unsupported.ts'

/** The aggregates of a query, each once, in the order of their first use. */
export interface AggregateList {
  readonly aggregates: BoundAggregate[]
}

/** What an aggregate is of. */
type Operands = Pick<BoundAggregate, 'argument' | 'second' | 'condition'> &
  Pick<AggregateSpec, 'distinct'>

/**
 * Binds a call if it is one of an aggregate.
 *
 * @param name the function's
 * @param list grows by the aggregate, if it is new
 * @throws ShareholdError SH_SQL_TYPE, SH_SQL_UNSUPPORTED, SH_SQL_GROUPING and what conditions throw
 */
export function bindAggregate(
  context: Context,
  leaves: Leaves,
  list: AggregateList,
  name: string,
  call: Fields,
): Scalar | undefined {
  const aggregate = Object.hasOwn(AGGREGATE_FUNCTIONS, name) ? AGGREGATE_FUNCTIONS[name] : undefined
  if (aggregate === undefined) return undefined
  const { agg_filter: filterNode, agg_distinct: distinct, ...plain } = call
  if (modifierOf(plain) !== undefined) throw unsupportedCall(context, plain)
  const location = locationOf(call)
  const operands =
    distinct === true
      ? distinctOperand(context, name, aggregate, call)
      : bindOperands(context, list, name, aggregate, call)
  const filter =
    filterNode === undefined ? undefined : bindTest(context, list, filterNode, 'FILTER')
  const found = {
    ...operands,
    ...(filter === undefined || filter.condition === TRUE_PREDICATE ? {} : { filter }),
  }
  const same = list.aggregates.find((known) => isSame(known, aggregate, found))
  if (same !== undefined) return typed(context, leaves, same.template, location)
  const template = templateOf(aggregate, operands)
  const { distinct: _, ...bound } = found
  list.aggregates.push({ template, ...bound, location })
  return typed(context, leaves, template, location)
}

function isSame(
  known: BoundAggregate,
  name: AggregateName,
  { argument, second, condition, filter, distinct }: Operands & Pick<BoundAggregate, 'filter'>,
): boolean {
  return (
    known.template.function === name &&
    known.template.distinct === distinct &&
    known.argument === argument &&
    known.second === second &&
    known.condition === condition &&
    known.filter === filter
  )
}

/** A condition, the same object for what is written alike. */
function bindTest(
  context: Context,
  { aggregates }: AggregateList,
  node: unknown,
  role: string,
): AggregateFilter {
  const tree = withoutLocations(node)
  const known = aggregates
    .flatMap(({ filter, condition }) => [filter, condition])
    .find((one) => one?.tree === tree)
  return known ?? { condition: bindCondition(context, node, role), tree }
}

/** What stands between the parentheses; nothing for COUNT(*). */
function bindOperands(
  context: Context,
  list: AggregateList,
  name: string,
  aggregate: AggregateName,
  call: Fields,
): Operands {
  const location = locationOf(call)
  const args = listOf(call, 'args')
  if (call['agg_star'] === true) {
    if (aggregate === 'count') return {}
    throw wrongArgument(context, `${name}(*)`, location)
  }
  if (args.length !== arityOf(aggregate)) {
    const hint = aggregate === 'count' ? 'Write COUNT(*) or COUNT(column).' : undefined
    throw wrongArgument(context, `${name} with ${args.length} arguments`, location, hint)
  }
  for (const argument of args) refuseNested(context, argument)
  if (aggregate === 'bool_and' || aggregate === 'bool_or') {
    return { condition: bindTest(context, list, args[0], name.toUpperCase()) }
  }
  if (aggregate === 'count' && isNotNullConstant(args[0])) return {}
  const [argument, second] = args.map((node) => bindArgument(context, name, node))
  const operands = { argument: argument!, ...(second === undefined ? {} : { second }) }
  checkTypes(context, name, aggregate, operands, location)
  return operands
}

/** COUNT(1) is COUNT(*). */
function isNotNullConstant(node: unknown): boolean {
  const constant = openAs(node, 'A_Const')
  return constant !== undefined && constant['isnull'] !== true
}

/** COUNT(DISTINCT member): what the member column is good for. */
function distinctOperand(
  context: Context,
  name: string,
  aggregate: AggregateName,
  call: Fields,
): Operands {
  const args = listOf(call, 'args')
  const [argument] = args
  const column = openAs(argument, 'ColumnRef')
  const parts = column === undefined ? [] : namesOf(column, 'fields')
  const isMember =
    parts.at(-1) === context.schema.member &&
    (parts.length === 1 || (parts.length === 2 && parts[0] === context.qualifier))
  if (aggregate === 'count' && args.length === 1 && isMember) return { distinct: true }
  if (args.length === 1 && column !== undefined) resolveColumn(context, column)
  const written = column === undefined ? 'x' : parts.join('.')
  throw fail(
    context,
    'SH_SQL_UNSUPPORTED',
    `${name.toUpperCase()}(DISTINCT ${written}) is not supported.`,
    locationOf(call),
    `COUNT(DISTINCT ${quoteName(context.schema.member)}) counts members; GROUP BY a column to see its values.`,
  )
}

function bindArgument(context: Context, name: string, node: unknown): RowValue {
  const { expression, untyped, location } = bindRow(context, node, NESTED)
  if (untyped !== undefined && untyped.text !== null) {
    throw wrongArgument(context, `${name}(unknown)`, location, 'Write numbers without quotes.')
  }
  const value = valueOf(expression, context.schema.columns)
  locate(context, startOf(node), () => [analysisOf(value), nullOfValue(value)])
  return value
}

function checkTypes(
  context: Context,
  name: string,
  aggregate: AggregateName,
  operands: Operands,
  location: number | undefined,
): void {
  if (aggregate === 'count') return
  const values = [operands.argument, operands.second].filter((value) => value !== undefined)
  const wrong = values.find(({ type }) => !['integer', 'bigint', 'numeric'].includes(type))
  if (wrong === undefined) return
  const text = textOfValue(wrong)
  const hints: Readonly<Partial<Record<SqlType, string>>> = {
    boolean: `Count the rows where it is true: COUNT(*) with WHERE ${text}.`,
    double: `Cast it to numeric: CAST(${text} AS numeric).`,
  }
  throw wrongArgument(
    context,
    `${name}(${values.map(({ type }) => type).join(', ')})`,
    location,
    hints[wrong.type] ?? `Use COUNT(${text}).`,
  )
}

function templateOf(
  aggregate: AggregateName,
  { argument, second, condition, distinct }: Operands,
): AggregateSpec {
  const values = [argument, second].filter((value) => value !== undefined)
  const call = {
    function: aggregate,
    arguments:
      condition === undefined
        ? values.map((value) => ({ type: value.type, scale: scaleOf(value) }))
        : [{ type: 'boolean', scale: 0 } as const],
    ...(distinct === undefined ? {} : { distinct }),
  }
  const places = Object.keys(numbersOf(call)).map((number) => [number, 0])
  return { kind: 'aggregate', ...call, cohort: 0, places: Object.fromEntries(places) }
}

export const NESTED = {
  message: 'Aggregates cannot be nested.',
  hint: 'Aggregate the answer of one query after it has arrived.',
}

function refuseNested(context: Context, argument: unknown): void {
  const nested = aggregateIn(argument)
  if (nested === undefined) return
  throw fail(context, 'SH_SQL_GROUPING', NESTED.message, locationOf(nested), NESTED.hint)
}

function scaleOf(value: RowValue): number {
  const { shape } = analysisOf(value)
  return shape.kind === 'numbers' && value.type === 'numeric' ? shape.scale : 0
}

/** The first aggregate call inside an expression. */
export function aggregateIn(node: unknown): Fields | undefined {
  if (typeof node !== 'object' || node === null) return undefined
  const call = openAs(node, 'FuncCall')
  const name = call === undefined ? '' : (namesOf(call, 'funcname').at(-1) ?? '')
  if (Object.hasOwn(AGGREGATE_FUNCTIONS, name)) return call
  for (const child of Object.values(node)) {
    const found = aggregateIn(child)
    if (found !== undefined) return found
  }
  return undefined
}

function wrongArgument(
  context: Context,
  what: string,
  location: number | undefined,
  hint?: string,
): Error {
  return fail(context, 'SH_SQL_TYPE', `There is no function ${what}.`, location, hint)
}
