/**
 * SELECT and ORDER BY: expressions over aggregates, group keys and literals.
 */
import { ShareholdError } from '../../shares/errors.ts'
import type { Column } from '../../shares/schema.ts'

import type { SqlType } from './answer-spec.ts'
import { listOf, locationOf, namesOf, open, openAs, startOf, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import { aggregateIn, bindAggregate, NESTED } from './bind-aggregate.ts'
import type { AggregateList } from './bind-aggregate.ts'
import { bindAnswerWindow } from './bind-answer-window.ts'
import { bindRow } from './bind-row.ts'
import type { BoundKey } from './bound.ts'
import { fail, resolveColumn } from './context.ts'
import type { Context } from './context.ts'
import { quoteName } from './names.ts'
import { columnValue, valueOf } from './row-value.ts'
import type { RowValue } from './row-value.ts'
import { bindScalar } from './scalar.ts'
import { settle, typed } from './typed-scalar.ts'
import type { Leaves, Scalar } from './typed-scalar.ts'

/**
 * Binds one expression of SELECT or ORDER BY.
 *
 * @param keys the group keys
 * @param list grows by the aggregates that are new
 * @param untyped what a quoted literal or a bare NULL is taken for, if it is all
 * @throws ShareholdError SH_SQL_GROUPING, SH_POLICY_ROW_VALUES and what bindScalar throws
 */
export function bindOutput(
  context: Context,
  keys: readonly BoundKey[],
  list: AggregateList,
  node: unknown,
  untyped: SqlType = 'text',
): Scalar {
  const keyTypes = [...keys.map(({ type }) => type), ...list.groupingCalls.map(callType)]
  const leaves: Leaves = {
    keyTypes,
    column: (reference) => bindKey(context, leaves, keys, reference),
    aggregate: (name, call) => bindAggregate(context, leaves, list, name, call),
    whole: (node) => computedKey(context, leaves, keys, node),
    ...(list.windows === undefined
      ? {}
      : { window: (call: Fields) => bindAnswerWindow(context, plain(), list.windows!, call) }),
    grouping: (call) => {
      const scalar = bindGroupingCall(context, leaves, keys, list, call)
      keyTypes.splice(keys.length, keyTypes.length, ...list.groupingCalls.map(callType))
      return scalar
    },
  }
  const plain = (): Leaves => {
    const { window: _, ...others } = leaves
    return others
  }
  return settle(context, bindScalar(context, leaves, node), untyped)
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
    case 'GroupingFunc':
      return { name: 'grouping', strong: true }
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

const callType = (): SqlType => 'integer'

/** GROUPING of keys: a key of its own for whoever evaluates the answer. */
function bindGroupingCall(
  context: Context,
  leaves: Leaves,
  keys: readonly BoundKey[],
  { groupingCalls }: AggregateList,
  call: Fields,
): Scalar {
  const location = locationOf(call)
  const places = listOf(call, 'args').map((node) => {
    const { expression } = bindScalar(context, leaves, node)
    if (expression.kind === 'key' && expression.index < keys.length) return expression.index
    throw fail(
      context,
      'SH_SQL_GROUPING',
      'The arguments of GROUPING must be expressions of GROUP BY.',
      location,
      'Name keys as GROUP BY does.',
    )
  })
  const known = groupingCalls.findIndex((one) => one.join() === places.join())
  const place = known >= 0 ? known : groupingCalls.push(places) - 1
  return { expression: { kind: 'key', index: keys.length + place }, type: 'integer', location }
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

/** An expression that rows are grouped by, recognised by what it means. */
function computedKey(
  context: Context,
  leaves: Leaves,
  keys: readonly BoundKey[],
  node: unknown,
): Scalar | undefined {
  if (keys.every(({ value }) => isNamedOnly(value))) return undefined
  if (openAs(node, 'ColumnRef') !== undefined || openAs(node, 'A_Const') !== undefined) {
    return undefined
  }
  if (aggregateIn(node) !== undefined) return undefined
  const value = rowValueIfAny(context, node)
  const index = value === undefined ? -1 : keys.findIndex((key) => key.value === value)
  if (index < 0) return undefined
  return typed(context, leaves, { kind: 'key', index }, startOf(node))
}

/** A derived column may be meant by the expression that it holds. */
function isNamedOnly(value: RowValue): boolean {
  return value.kind === 'column' && value.column.derived === undefined
}

function rowValueIfAny(context: Context, node: unknown): RowValue | undefined {
  try {
    const { expression } = bindRow(context, node, NESTED)
    return valueOf(expression, context.columns)
  } catch (error) {
    if (error instanceof ShareholdError) return undefined
    throw error
  }
}

function keyHint(column: Column): string {
  const name = quoteName(column.name)
  if (column.type === 'text' || column.type === 'boolean') return `Add GROUP BY ${name}.`
  return column.type === 'integer' || column.type === 'decimal'
    ? `Write AVG(${name}) or SUM(${name}).`
    : `Write COUNT(${name}), or compare it in WHERE.`
}
