import type { Column } from '../../shares/schema.ts'

import {
  AGGREGATE_FUNCTIONS,
  arityOf,
  canBeDistinct,
  isOfDistinctAnyway,
  isOrderedSet,
  numbersOf,
  showsValues,
} from './aggregate-functions.ts'
import type { AggregateName, AggregateSpec, SqlType } from './answer-spec.ts'
import { listOf, locationOf, namesOf, openAs, startOf, textOf, withoutLocations } from './ast.ts'
import type { Fields } from './ast.ts'
/**
 * Calls of aggregates: name, arguments, DISTINCT, FILTER. Equal aggregates of a query are one, however often
 * they are written.
 */
import type { WindowList } from './bind-answer-window.ts'
import { bindCondition } from './bind-condition.ts'
import { bindRow } from './bind-row.ts'
import type { AggregateFilter, BoundAggregate } from './bound.ts'
import { fail, locate, memberColumn } from './context.ts'
import type { Context } from './context.ts'
import type { MadeColumn } from './made-table.ts'
import { quoteName } from './names.ts'
import { orderedDomain } from './ordered-planes.ts'
import { TRUE_PREDICATE } from './predicate.ts'
import { bindFraction } from './quantile.ts'
import { analysisOf, nullOfValue } from './row-analysis.ts'
import { textOfValue } from './row-text.ts'
import { columnsIn, valueOf } from './row-value.ts'
import type { RowValue } from './row-value.ts'
import { typed } from './typed-scalar.ts'
import type { Leaves, Scalar } from './typed-scalar.ts'
import { modifierOf, unsupportedCall } from './unsupported.ts'

/** The aggregates of a query, each once, in the order of their first use. */
export interface AggregateList {
  readonly aggregates: BoundAggregate[]
  /** Calls of GROUPING, each once, by the places of their arguments among the keys. */
  readonly groupingCalls: (readonly number[])[]
  /** Where window functions may stand. */
  readonly windows?: WindowList
}

/** What an aggregate is of. */
type Operands = Pick<BoundAggregate, 'argument' | 'second' | 'condition'> &
  Pick<AggregateSpec, 'distinct' | 'fraction' | 'descending'>

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
  const ordered = isOrderedSet(aggregate)
  const plain = withoutModifiers(call, ordered)
  if (modifierOf(plain) !== undefined) throw unsupportedCall(context, plain)
  const location = locationOf(call)
  const operands = ordered
    ? orderedSetOperands(context, name, aggregate, call)
    : call['agg_distinct'] === true
      ? distinctOperands(context, list, name, aggregate, call)
      : bindOperands(context, list, name, aggregate, call)
  if (showsValues(aggregate) && context.isInner === undefined) {
    checkReveal(context, name, operands, location)
  }
  const filterNode = call['agg_filter']
  const filter =
    filterNode === undefined ? undefined : bindTest(context, list, filterNode, 'FILTER')
  const found = {
    ...operands,
    ...(filter === undefined || filter.condition === TRUE_PREDICATE ? {} : { filter }),
  }
  const same = list.aggregates.find((known) => isSame(known, aggregate, found))
  if (same !== undefined) return typed(context, leaves, same.template, location)
  const template = locate(context, location, () => templateOf(aggregate, operands))
  const { distinct: _distinct, fraction: _fraction, descending: _descending, ...bound } = found
  list.aggregates.push({ template, ...bound, location })
  return typed(context, leaves, template, location)
}

/** The call without what is dealt with here. */
function withoutModifiers(call: Fields, ordered: boolean): Fields {
  const { agg_filter: _filter, agg_distinct: _distinct, ...others } = call
  if (!ordered) return others
  const { agg_within_group: _within, agg_order: _order, ...plain } = others
  return plain
}

/** MIN, MAX, quantiles and the mode show the value of a row: the schema must allow that. */
function checkReveal(
  context: Context,
  name: string,
  { argument }: Operands,
  location: number | undefined,
): void {
  const hidden = argument === undefined ? undefined : columnsIn(argument).find(isHidden)
  if (hidden === undefined) return
  // A column of a sub-query is hidden by those that it is made of.
  const names = 'hiddenBy' in hidden ? (hidden as MadeColumn).hiddenBy : [hidden.name]
  throw fail(
    context,
    'SH_POLICY_EXTREME',
    `${name} would show the value of a single row, which the schema does not allow for "${names.join('", "')}".`,
    location,
    `All repositories would have to sign a schema with reveal: extremes for ${names.join(', ')}; AVG, STDDEV and COUNT(*) with WHERE are there without.`,
  )
}

function isHidden({ reveal }: Column): boolean {
  return reveal !== 'extremes'
}

function isSame(
  known: BoundAggregate,
  name: AggregateName,
  found: Operands & Pick<BoundAggregate, 'filter'>,
): boolean {
  const { argument, second, condition, filter, distinct, fraction, descending } = found
  const { template } = known
  return (
    template.function === name &&
    template.distinct === distinct &&
    template.descending === descending &&
    template.fraction?.numerator === fraction?.numerator &&
    template.fraction?.denominator === fraction?.denominator &&
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

/** COUNT(DISTINCT member): what the member column is good for, if it is that of all members of FROM. */
function isMember(context: Context, args: readonly unknown[]): boolean {
  const column = args.length === 1 ? openAs(args[0], 'ColumnRef') : undefined
  const parts = column === undefined ? [] : namesOf(column, 'fields')
  const location = column === undefined ? undefined : locationOf(column)
  const member = memberColumn(context, parts, location)
  if (member?.isNeverNull !== false) return member !== undefined
  throw fail(
    context,
    'SH_SQL_UNSUPPORTED',
    `COUNT(DISTINCT ${parts.join('.')}) would leave out members without a row in that dataset, which is not supported.`,
    location,
    'Count those of the other side, with FILTER (WHERE …) about a column of this one.',
  )
}

/** An aggregate over distinct values: of members, or of a value with few. */
function distinctOperands(
  context: Context,
  list: AggregateList,
  name: string,
  aggregate: AggregateName,
  call: Fields,
): Operands {
  if (aggregate === 'count' && isMember(context, listOf(call, 'args'))) return { distinct: true }
  const location = locationOf(call)
  if (!canBeDistinct(aggregate)) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `${name.toUpperCase()}(DISTINCT …) is not supported.`,
      location,
      'COUNT, SUM and AVG are there over distinct values.',
    )
  }
  if (listOf(call, 'args').length !== 1) {
    throw wrongArgument(
      context,
      `${name} over ${listOf(call, 'args').length} distinct arguments`,
      location,
      `Name one column; COUNT(DISTINCT ${quoteName(context.tables[0]!.schema.member)}) counts members.`,
    )
  }
  const operands = bindOperands(context, list, name, aggregate, call)
  if (isOfDistinctAnyway(aggregate)) return operands
  if (operands.argument === undefined) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `${name.toUpperCase()}(DISTINCT …) of a constant is not supported.`,
      location,
      'Name a column.',
    )
  }
  checkFew(context, `${name.toUpperCase()}(DISTINCT …)`, operands.argument, location)
  return { ...operands, distinct: true }
}

/** Most values of an argument that are looked at one by one. */
const MAX_VALUES = 256

function checkFew(
  context: Context,
  what: string,
  value: RowValue,
  location: number | undefined,
): void {
  const { size } = locate(context, location, () => orderedDomain(value))
  if (BigInt(size) <= MAX_VALUES) return
  throw fail(
    context,
    'SH_SQL_UNSUPPORTED',
    `${what} looks at every value: ${textOfValue(value)} can have ${size}, more than ${MAX_VALUES}.`,
    location,
    `Declare ${textOfValue(value)} with a narrower range, or take a column that is rounded.`,
  )
}

/** percentile_disc(0.5) WITHIN GROUP (ORDER BY x DESC), mode() WITHIN GROUP (ORDER BY x). */
function orderedSetOperands(
  context: Context,
  name: string,
  aggregate: AggregateName,
  call: Fields,
): Operands {
  const location = locationOf(call)
  const args = listOf(call, 'args')
  const sorts = listOf(call, 'agg_order')
  if (call['agg_within_group'] !== true) {
    const fraction = aggregate === 'mode' ? '' : '0.5'
    throw wrongArgument(
      context,
      `${name} without WITHIN GROUP`,
      location,
      `Write ${name}(${fraction}) WITHIN GROUP (ORDER BY x).`,
    )
  }
  const direct = aggregate === 'mode' ? 0 : 1
  if (args.length !== direct || sorts.length !== 1) {
    const what = `${name} with ${args.length} arguments, over ${sorts.length}`
    throw wrongArgument(context, what, location, `It takes ${direct}, and one value to order by.`)
  }
  const sort = openAs(sorts[0], 'SortBy') ?? {}
  if (textOf(sort, 'sortby_dir') === 'SORTBY_USING') {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'ORDER BY … USING is not supported.',
      location,
      'Write ASC or DESC.',
    )
  }
  refuseNested(context, sort['node'])
  const argument = bindArgument(context, name, sort['node'])
  const operands = {
    argument,
    ...(textOf(sort, 'sortby_dir') === 'SORTBY_DESC' ? { descending: true as const } : {}),
  }
  checkTypes(context, name, aggregate, operands, location)
  if (aggregate === 'mode') {
    checkFew(context, 'mode()', argument, location)
    return operands
  }
  return { ...operands, fraction: bindFraction(context, name, args[0]) }
}

function bindArgument(context: Context, name: string, node: unknown): RowValue {
  const { expression, untyped, location } = bindRow(context, node, NESTED)
  if (untyped !== undefined && untyped.text !== null) {
    throw wrongArgument(context, `${name}(unknown)`, location, 'Write numbers without quotes.')
  }
  const value = valueOf(expression, context.columns)
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
  const isOrdinal = showsValues(aggregate) && aggregate !== 'percentile_cont'
  const values = [operands.argument, operands.second].filter((value) => value !== undefined)
  const wrong = values.find(({ type }) =>
    isOrdinal
      ? type === 'double' || (type === 'boolean' && !isOrderedSet(aggregate))
      : !['integer', 'bigint', 'numeric'].includes(type),
  )
  if (wrong === undefined) return
  const text = textOfValue(wrong)
  throw wrongArgument(
    context,
    `${name}(${values.map(({ type }) => type).join(', ')})`,
    location,
    hintForType(aggregate, wrong.type, text),
  )
}

function hintForType(aggregate: AggregateName, type: SqlType, text: string): string {
  if (type === 'double') return `Cast it to numeric: CAST(${text} AS numeric).`
  if (aggregate === 'min') return `Write BOOL_AND(${text}).`
  if (aggregate === 'max') return `Write BOOL_OR(${text}).`
  if (aggregate === 'percentile_cont') return 'percentile_disc takes a value of any type.'
  return type === 'boolean'
    ? `Count the rows where it is true: COUNT(*) with WHERE ${text}.`
    : `Use COUNT(${text}).`
}

function templateOf(
  aggregate: AggregateName,
  { argument, second, condition, distinct, fraction, descending }: Operands,
): AggregateSpec {
  const values = [argument, second].filter((value) => value !== undefined)
  const call = {
    function: aggregate,
    arguments:
      condition === undefined
        ? values.map((value) => ({ type: value.type, scale: scaleOf(value) }))
        : [{ type: 'boolean', scale: 0 } as const],
    ...(distinct === undefined ? {} : { distinct }),
    ...(fraction === undefined ? {} : { fraction }),
    ...(descending === undefined ? {} : { descending }),
    ...(showsValues(aggregate) && argument !== undefined
      ? { domain: orderedDomain(argument) }
      : {}),
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
