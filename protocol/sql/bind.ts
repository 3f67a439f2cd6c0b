/**
 * A SELECT statement against a schema: clauses checked, names and types resolved. Everything that is not
 * accepted here is refused with its place and a way out; nothing is passed over in silence.
 */
import type { Schema } from '../../shares/schema.ts'
import type { PlanParams } from '../plan.ts'

import { AGGREGATE_FUNCTIONS } from './aggregate-functions.ts'
import type { AnswerExpression } from './answer-spec.ts'
import { listOf, locationOf, namesOf, open, openAs, startOf, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import type { AggregateList } from './bind-aggregate.ts'
import type { WindowList } from './bind-answer-window.ts'
import { bindGroupBy } from './bind-group.ts'
import { bindHaving } from './bind-having.ts'
import { bindOutput, outputName } from './bind-output.ts'
import { bindFilter, bindRows } from './bind-rows.ts'
import type { BoundKey, BoundOrder, BoundQuery } from './bound.ts'
import { fail, hasColumn, plainName } from './context.ts'
import type { Context } from './context.ts'
import { inlineQueries } from './inline-query.ts'
import { bindCount } from './limit.ts'
import { ordinalOf } from './ordinal.ts'
import type { ParsedSelect } from './parse.ts'
import { directionOf } from './sort-direction.ts'
import { keywordAt } from './source.ts'
import type { Scalar } from './typed-scalar.ts'
import { namedWindows } from './window-call.ts'

/** Clauses of a SELECT that are refused: the field that shows one, its keyword, a way out. */
const REFUSED_CLAUSES: readonly {
  readonly field: string
  readonly keyword: string
  readonly what: string
  readonly hint: string
}[] = [
  {
    field: 'valuesLists',
    keyword: 'values',
    what: 'VALUES is not supported.',
    hint: 'Ask about a dataset: SELECT … FROM.',
  },
  {
    field: 'distinctClause',
    keyword: 'distinct',
    what: 'SELECT DISTINCT is not supported.',
    hint: 'GROUP BY the columns: every group is one row.',
  },
  {
    field: 'intoClause',
    keyword: 'into',
    what: 'SELECT INTO is not supported.',
    hint: 'Queries change nothing: leave INTO away.',
  },
  {
    field: 'lockingClause',
    keyword: 'for',
    what: 'Locking rows is not supported.',
    hint: 'Queries change nothing: leave FOR away.',
  },
]

/**
 * Binds a statement.
 *
 * @param schemas of the datasets of params
 * @throws ShareholdError with a code of SQL_ERRORS and a position
 */
export function bindSelect(
  parsed: ParsedSelect,
  schemas: readonly Schema[],
  params: PlanParams,
): BoundQuery {
  const { source } = parsed
  refuseClauses({ source, tables: [], columns: [], members: [] }, parsed.select)
  const byName = new Map(schemas.map((schema) => [schema.dataset, schema]))
  const inlined = inlineQueries(parsed, byName)
  const { select } = inlined
  const rows = bindRows(source, inlined, byName, params)
  const { context } = rows
  const targets = listOf(select, 'targetList').map((node) => openAs(node, 'ResTarget') ?? {})
  if (targets.length === 0) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'The query selects nothing.',
      source.tokens[0]?.start,
      'Name what to show after SELECT, as COUNT(*).',
    )
  }
  const filter = bindFilter(rows, select)
  const { keys, groupings } = bindGroupBy(context, select, targets)
  refuseRowValues(context, select, targets)
  const windows = mayHaveWindows(context, select, targets)
    ? { calls: [], named: namedWindows(select), used: new Set<string>() }
    : undefined
  const plain = { aggregates: [], groupingCalls: [] }
  const list: AggregateList = windows === undefined ? plain : { ...plain, windows }
  const outputs = targets.map((target) => bindTarget(context, keys, list, target))
  const orderBy = listOf(select, 'sortClause').map((node) =>
    bindOrder(context, keys, list, outputs, openAs(node, 'SortBy') ?? {}),
  )
  refuseNoAggregate(context, list)
  if (windows !== undefined) refuseUnusedWindow(context, windows)
  const clause = select['havingClause']
  const bound = clause === undefined ? undefined : bindHaving(context, keys, plain, clause)
  if (select['limitOption'] === 'LIMIT_OPTION_WITH_TIES') {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'WITH TIES is not supported.',
      keywordAt(source, 'ties'),
      'Write LIMIT.',
    )
  }
  return {
    ...rows.source,
    filter,
    keys,
    groupings,
    groupingCalls: list.groupingCalls,
    aggregates: [...list.aggregates, ...(bound?.inner ?? [])],
    ...(bound === undefined ? {} : { having: bound.having }),
    outputs: outputs.map(({ name, scalar }) => ({
      name,
      type: scalar.type,
      expression: scalar.expression,
    })),
    orderBy,
    ...(windows === undefined || windows.calls.length === 0 ? {} : { windows: windows.calls }),
    limit: bindCount(context, select['limitCount'], 'LIMIT'),
    offset: bindCount(context, select['limitOffset'], 'OFFSET') ?? 0,
  }
}

/**
 * Whether window functions are over groups: there are some, or something is aggregated besides.
 *
 * @throws ShareholdError SH_SQL_UNSUPPORTED if WINDOW stands where they are not
 */
function mayHaveWindows(context: Context, select: Fields, targets: readonly Fields[]): boolean {
  if (listOf(select, 'groupClause').length > 0 || targets.some(({ val }) => holdsAggregate(val))) {
    return true
  }
  if (select['windowClause'] === undefined) return false
  throw fail(
    context,
    'SH_SQL_UNSUPPORTED',
    'Window functions over single rows are not supported here.',
    keywordAt(context.source, 'window'),
    'Write them into a sub-query in FROM, PARTITION BY the member; or use GROUP BY.',
  )
}

/** Nothing is looked at in a window that no function is over. */
function refuseUnusedWindow(context: Context, { named, used }: WindowList): void {
  if ([...named.keys()].every((name) => used.has(name))) return
  throw fail(
    context,
    'SH_SQL_UNSUPPORTED',
    'A window that no function is over is not supported.',
    keywordAt(context.source, 'window'),
    'Leave it away.',
  )
}

/** Whether an aggregate that is no window function stands in an expression. */
function holdsAggregate(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false
  const call = openAs(node, 'FuncCall')
  if (call !== undefined && call['over'] === undefined) {
    const name = namesOf(call, 'funcname').at(-1) ?? ''
    if (Object.hasOwn(AGGREGATE_FUNCTIONS, name)) return true
  }
  return Object.values(node).some(holdsAggregate)
}

interface Target {
  readonly name: string
  readonly scalar: Scalar
}

function refuseClauses(context: Context, select: Fields): void {
  const operation = textOf(select, 'op')
  if (operation !== 'SETOP_NONE') {
    const keyword = operation.replace('SETOP_', '')
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `${keyword} is not supported.`,
      keywordAt(context.source, keyword.toLowerCase()),
      'Ask the queries one after the other.',
    )
  }
  for (const { field, keyword, what, hint } of REFUSED_CLAUSES) {
    if (select[field] === undefined) continue
    throw fail(context, 'SH_SQL_UNSUPPORTED', what, keywordAt(context.source, keyword), hint)
  }
}

function bindTarget(
  context: Context,
  keys: readonly BoundKey[],
  list: AggregateList,
  target: Fields,
): Target {
  const node = target['val']
  const alias = textOf(target, 'name')
  const scalar = bindOutput(context, keys, list, node)
  return { name: alias === '' ? outputName(node) : alias, scalar }
}

/** A query without any aggregate would show rows: said at its first column, before grouping is looked at. */
function refuseRowValues(context: Context, select: Fields, targets: readonly Fields[]): void {
  if (listOf(select, 'groupClause').length > 0) return
  const sortItems = listOf(select, 'sortClause')
  if ([...targets, ...sortItems].some(holdsCall)) return
  const shown = targets.find((target) => findReference(target) !== undefined) ?? targets[0]
  const reference = findReference(shown)
  const isStar = openAs(listOf(reference ?? {}, 'fields').at(-1), 'A_Star') !== undefined
  const name = isStar ? undefined : plainName({ ColumnRef: reference })
  // An unknown column or the member column is the better complaint.
  if (name !== undefined && !hasColumn(context, name)) return
  throw fail(
    context,
    'SH_POLICY_ROW_VALUES',
    'The query would show values of single rows: only aggregates are answered.',
    (reference === undefined ? startOf(shown?.['val']) : locationOf(reference)) ??
      context.source.tokens[0]?.start,
    'Aggregate: COUNT(*), SUM(x), AVG(x); GROUP BY a column to compare its values.',
  )
}

function refuseNoAggregate(context: Context, list: AggregateList): void {
  if (list.aggregates.length > 0) return
  throw fail(
    context,
    'SH_SQL_UNSUPPORTED',
    'The query holds no aggregate, so there is nothing to compute.',
    context.source.tokens[0]?.start,
    'Add COUNT(*) to see how large the groups are.',
  )
}

function bindOrder(
  context: Context,
  keys: readonly BoundKey[],
  list: AggregateList,
  outputs: readonly Target[],
  sort: Fields,
): BoundOrder {
  const direction = directionOf(context, sort)
  const { expression } = orderExpression(context, keys, list, outputs, sort['node'])
  return { expression, ...direction }
}

/** Output name first, then ordinal, then an expression over input columns (findTargetlistEntrySQL92). */
function orderExpression(
  context: Context,
  keys: readonly BoundKey[],
  list: AggregateList,
  outputs: readonly Target[],
  node: unknown,
): Scalar {
  const name = plainName(node)
  const same = name === undefined ? [] : outputs.filter((output) => output.name === name)
  const distinct = new Set(same.map(({ scalar }) => identityOf(scalar.expression, list)))
  if (distinct.size > 1) {
    throw fail(
      context,
      'SH_SQL_AMBIGUOUS',
      `ORDER BY "${name}" could mean ${distinct.size} different output columns.`,
      startOf(node),
      'Order by the number of the column, or give the outputs different names.',
    )
  }
  if (same[0] !== undefined) return same[0].scalar
  const constant = openAs(node, 'A_Const')
  if (constant === undefined) return bindOutput(context, keys, list, node)
  const output = outputs[ordinalOf(context, constant, 'ORDER BY', outputs.length)]
  if (output === undefined) throw new RangeError('unreachable')
  return output.scalar
}

/** Equal for equal expressions only: of two aggregates the templates may look alike. */
function identityOf(expression: AnswerExpression, { aggregates }: AggregateList): string {
  return JSON.stringify(expression, (_, part: unknown) => {
    const place = aggregates.findIndex(({ template }) => template === part)
    return place < 0 ? part : { aggregate: place }
  })
}

/** JSON_OBJECTAGG and JSON_ARRAYAGG have nodes of their own. */
const CALLS: ReadonlySet<string> = new Set(['FuncCall', 'JsonObjectAgg', 'JsonArrayAgg'])

function holdsCall(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false
  if (CALLS.has(open(node).kind)) return true
  return Object.values(node).some(holdsCall)
}

function findReference(node: unknown): Fields | undefined {
  if (typeof node !== 'object' || node === null) return undefined
  const own = openAs(node, 'ColumnRef')
  if (own !== undefined) return own
  for (const child of Object.values(node)) {
    const found = findReference(child)
    if (found !== undefined) return found
  }
  return undefined
}
