/**
 * SELECT and ORDER BY: expressions over aggregates, group keys and literals. Equal aggregates of a query
 * are one, however often they are written.
 */
import type { Column } from '../../shares/schema.ts'

import { AGGREGATE_FUNCTIONS, needsSquares } from './aggregate-functions.ts'
import type { AggregateSpec } from './answer-spec.ts'
import { listOf, locationOf, namesOf, open, openAs, textOf, withoutLocations } from './ast.ts'
import type { Fields } from './ast.ts'
import { bindCondition } from './bind-condition.ts'
import type { AggregateFilter, BoundAggregate, BoundKey } from './bound.ts'
import { sqlTypeOf } from './column-domain.ts'
import { fail, plainName, resolveColumn } from './context.ts'
import type { Context } from './context.ts'
import { quoteName } from './names.ts'
import { TRUE_PREDICATE } from './predicate.ts'
import { columnValue, scaleOf } from './row-value.ts'
import type { RowValue } from './row-value.ts'
import { bindScalar } from './scalar.ts'
import { settle, typed } from './typed-scalar.ts'
import type { Leaves, Scalar } from './typed-scalar.ts'
import { modifierOf, unsupportedCall } from './unsupported.ts'

/** The aggregates of a query, each once, in the order of their first use. */
export interface AggregateList {
  readonly aggregates: BoundAggregate[]
}

/**
 * Binds one expression of SELECT or ORDER BY.
 *
 * @param keys the group keys
 * @param list grows by the aggregates that are new
 * @throws ShareholdError SH_SQL_GROUPING, SH_POLICY_ROW_VALUES and what bindScalar throws
 */
export function bindOutput(
  context: Context,
  keys: readonly BoundKey[],
  list: AggregateList,
  node: unknown,
): Scalar {
  const leaves: Leaves = {
    keyTypes: keys.map(({ type }) => type),
    column: (reference) => bindKey(context, leaves, keys, reference),
    aggregate: (name, call) => bindAggregate(context, leaves, list, name, call),
  }
  return settle(context, bindScalar(context, leaves, node), 'text')
}

/** The name that PostgreSQL gives an output column without AS (FigureColname). */
export function outputName(node: unknown): string {
  return figureName(node).name ?? '?column?'
}

/** `strong` if the name is better than the type's name of a cast around it. */
function figureName(node: unknown): { readonly name?: string; readonly strong: boolean } {
  const { kind, fields } = open(node)
  switch (kind) {
    case 'ColumnRef': {
      const last = openAs(listOf(fields, 'fields').at(-1), 'String')
      return last === undefined ? { strong: false } : { name: textOf(last, 'sval'), strong: true }
    }
    case 'FuncCall':
      return { name: namesOf(fields, 'funcname').at(-1) ?? '', strong: true }
    case 'A_Expr':
      return fields['kind'] === 'AEXPR_NULLIF'
        ? { name: 'nullif', strong: true }
        : { strong: false }
    case 'CoalesceExpr':
      return { name: 'coalesce', strong: true }
    case 'MinMaxExpr':
      return { name: fields['op'] === 'IS_GREATEST' ? 'greatest' : 'least', strong: true }
    case 'CaseExpr': {
      const inner = figureName(fields['defresult'])
      return inner.strong ? inner : { name: 'case', strong: false }
    }
    case 'TypeCast': {
      const inner = figureName(fields['arg'])
      if (inner.strong) return inner
      const name = namesOf((fields['typeName'] ?? {}) as Fields, 'names').at(-1)
      return name === undefined ? inner : { name, strong: false }
    }
    default:
      return { strong: false }
  }
}

function bindKey(
  context: Context,
  leaves: Leaves,
  keys: readonly BoundKey[],
  reference: Fields,
): Scalar {
  const column = resolveColumn(context, reference)
  const location = locationOf(reference)
  const index = keys.findIndex(({ value }) => value === columnValue(column))
  if (index >= 0) return typed(context, leaves, { kind: 'key', index }, location)
  throw fail(
    context,
    'SH_SQL_GROUPING',
    `Column "${column.name}" must appear in GROUP BY or be used in an aggregate.`,
    location,
    keyHint(column),
  )
}

function keyHint(column: Column): string {
  const name = quoteName(column.name)
  if (column.type === 'text' || column.type === 'boolean') return `Add GROUP BY ${name}.`
  return column.type === 'integer' || column.type === 'decimal'
    ? `Write AVG(${name}) or SUM(${name}).`
    : `Write COUNT(${name}), or compare it in WHERE.`
}

function bindAggregate(
  context: Context,
  leaves: Leaves,
  list: AggregateList,
  name: string,
  call: Fields,
): Scalar | undefined {
  const aggregate = Object.hasOwn(AGGREGATE_FUNCTIONS, name) ? AGGREGATE_FUNCTIONS[name] : undefined
  if (aggregate === undefined) return undefined
  const { agg_filter: condition, ...plain } = call
  if (modifierOf(plain) !== undefined) throw unsupportedCall(context, plain)
  const location = locationOf(call)
  const argument = aggregateArgument(context, name, aggregate, call)
  const filter = condition === undefined ? undefined : bindFilter(context, list, condition)
  const same = list.aggregates.find(
    (known) =>
      known.template.function === aggregate &&
      known.argument === argument &&
      known.filter === filter,
  )
  const template = same?.template ?? templateOf(aggregate, argument)
  if (same === undefined) {
    list.aggregates.push({
      template,
      ...(argument === undefined ? {} : { argument }),
      ...(filter === undefined ? {} : { filter }),
      location,
    })
  }
  return typed(context, leaves, template, location)
}

/** The filter, the same object for what is written alike; undefined if it is always true. */
function bindFilter(
  context: Context,
  { aggregates }: AggregateList,
  node: unknown,
): AggregateFilter | undefined {
  const tree = withoutLocations(node)
  const known = aggregates.find(({ filter }) => filter?.tree === tree)
  if (known !== undefined) return known.filter
  const condition = bindCondition(context, node, 'FILTER')
  return condition === TRUE_PREDICATE ? undefined : { condition, tree }
}

/** What is aggregated; undefined for COUNT(*). */
function aggregateArgument(
  context: Context,
  name: string,
  aggregate: AggregateSpec['function'],
  call: Fields,
): RowValue | undefined {
  const location = locationOf(call)
  const args = listOf(call, 'args')
  if (call['agg_star'] === true) {
    if (aggregate === 'count') return undefined
    throw wrongArgument(context, `${name}(*)`, location)
  }
  const [argument] = args
  if (argument === undefined || args.length > 1) {
    const hint = aggregate === 'count' ? 'Write COUNT(*) or COUNT(column).' : undefined
    throw wrongArgument(context, `${name} with ${args.length} arguments`, location, hint)
  }
  const reference = openAs(argument, 'ColumnRef')
  if (reference === undefined) return computedArgument(context, name, aggregate, argument)
  const column = resolveColumn(context, reference)
  const type = sqlTypeOf(column)
  const isNumber = column.type === 'integer' || column.type === 'decimal'
  if (aggregate !== 'count' && !isNumber) {
    throw wrongArgument(
      context,
      `${name}(${type})`,
      location,
      column.type === 'boolean'
        ? `Count the rows where it is true: COUNT(*) with WHERE ${quoteName(column.name)}.`
        : `Use COUNT(${quoteName(column.name)}).`,
    )
  }
  return columnValue(column)
}

/** COUNT(1) is COUNT(*); everything else that is no column is refused. */
function computedArgument(
  context: Context,
  name: string,
  aggregate: AggregateSpec['function'],
  argument: unknown,
): undefined {
  const { kind, fields } = open(argument)
  if (aggregate === 'count' && kind === 'A_Const' && fields['isnull'] !== true) return undefined
  const nested = nestedAggregate(argument)
  if (nested !== undefined) {
    throw fail(
      context,
      'SH_SQL_GROUPING',
      'Aggregates cannot be nested.',
      locationOf(nested),
      'Aggregate the answer of one query after it has arrived.',
    )
  }
  if (plainName(argument) === undefined) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `${name.toUpperCase()} of a computed value is not supported yet: name a column.`,
      firstLocation(argument),
      'Compute with the aggregates: SUM(fare) + SUM(tip), 2 * SUM(fare).',
    )
  }
  return undefined
}

function templateOf(aggregate: AggregateSpec['function'], value?: RowValue): AggregateSpec {
  const lanes = {
    cohort: 0,
    count: 0,
    ...(aggregate === 'count' ? {} : { sum: 0 }),
    ...(needsSquares(aggregate) ? { sumSquares: 0 } : {}),
  }
  const type = value?.type
  const argument =
    type === 'integer' || type === 'bigint' || type === 'numeric' || type === 'boolean'
      ? { type, scale: value === undefined ? 0 : scaleOf(value) }
      : undefined
  return {
    kind: 'aggregate',
    function: aggregate,
    ...(argument === undefined ? {} : { argument }),
    ...lanes,
  }
}

/** The first aggregate call inside an expression. */
function nestedAggregate(node: unknown): Fields | undefined {
  if (typeof node !== 'object' || node === null) return undefined
  const call = openAs(node, 'FuncCall')
  const name = call === undefined ? '' : (namesOf(call, 'funcname').at(-1) ?? '')
  if (Object.hasOwn(AGGREGATE_FUNCTIONS, name)) return call
  for (const child of Object.values(node)) {
    const found = nestedAggregate(child)
    if (found !== undefined) return found
  }
  return undefined
}

function firstLocation(node: unknown): number | undefined {
  return locationOf(open(node).fields)
}

function wrongArgument(
  context: Context,
  what: string,
  location: number | undefined,
  hint?: string,
): Error {
  return fail(context, 'SH_SQL_TYPE', `There is no function ${what}.`, location, hint)
}
