/**
 * Whether a sub-query is plain: one row for each row of what it reads, or none where WHERE says so. Such a query is
 * nothing but names for expressions and a condition; every other kind is refused here, at what makes it another.
 */
import type { ShareholdError } from '../../shares/errors.ts'

import { firstLocation, isSet, listOf, locationOf, namesOf, open, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import { sqlError } from './source.ts'
import type { Source } from './source.ts'
import { startOfQuery } from './unsupported-from.ts'

/** All aggregates of PostgreSQL 18 that are called like other functions. */
const AGGREGATES: ReadonlySet<string> = new Set(
  `any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp cume_dist dense_rank every
  json_agg json_agg_strict json_object_agg json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict
  jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict
  max min mode percent_rank percentile_cont percentile_disc range_agg range_intersect_agg rank regr_avgx regr_avgy regr_count
  regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp string_agg sum var_pop var_samp
  variance xmlagg`.split(/\s+/u),
)

const AGGREGATE_NODES: ReadonlySet<string> = new Set([
  'JsonObjectAgg',
  'JsonArrayAgg',
  'GroupingFunc',
])

interface Clause {
  readonly field: string
  readonly keyword: RegExp
  readonly what: string
  readonly hint: string
}

const CLAUSES: readonly Clause[] = [
  {
    field: 'distinctClause',
    keyword: /^distinct$/iu,
    what: 'DISTINCT in a sub-query',
    hint: 'GROUP BY the columns in the outer query.',
  },
  {
    field: 'intoClause',
    keyword: /^into$/iu,
    what: 'INTO in a sub-query',
    hint: 'Queries change nothing: leave INTO away.',
  },
  {
    field: 'groupClause',
    keyword: /^group$/iu,
    what: 'GROUP BY in a sub-query',
    hint: 'A sub-query may be grouped by the member alone; ask for other groups in one query, and compute with its answer.',
  },
  {
    field: 'havingClause',
    keyword: /^having$/iu,
    what: 'HAVING in a sub-query',
    hint: 'Ask for the groups in one query, and compute with its answer.',
  },
  {
    field: 'windowClause',
    keyword: /^window$/iu,
    what: 'A window that no function is over',
    hint: 'Leave WINDOW away.',
  },
  {
    field: 'sortClause',
    keyword: /^order$/iu,
    what: 'ORDER BY in a sub-query',
    hint: 'The order of rows has no effect: leave it away.',
  },
  {
    field: 'limitCount',
    keyword: /^(?:limit|fetch)$/iu,
    what: 'LIMIT in a sub-query',
    hint: 'Choose the rows in WHERE.',
  },
  {
    field: 'limitOffset',
    keyword: /^offset$/iu,
    what: 'OFFSET in a sub-query',
    hint: 'Choose the rows in WHERE.',
  },
  {
    field: 'lockingClause',
    keyword: /^for$/iu,
    what: 'FOR in a sub-query',
    hint: 'Queries change nothing: leave it away.',
  },
]

/**
 * Refuses a sub-query that is not plain.
 *
 * @throws ShareholdError SH_SQL_UNSUPPORTED
 */
export function checkPlain(source: Source, select: Fields): void {
  checkClauses(source, select, new Set())
  // In WHERE they are refused as everywhere.
  const call = aggregateIn(select['targetList'])
  if (call !== undefined) throw refusedCall(source, call)
}

const OF_GROUPS: ReadonlySet<string> = new Set(['groupClause', 'havingClause'])

/** Refuses what a sub-query with groups has besides groups and aggregates. @throws ShareholdError SH_SQL_UNSUPPORTED */
export function checkGrouped(source: Source, select: Fields): void {
  checkClauses(source, select, OF_GROUPS)
  const call = windowCallIn([select['targetList'], select['havingClause']])
  if (call !== undefined) throw refusedCall(source, { FuncCall: call })
}

/** Whether a query has window functions, and no groups: beside those they are refused. */
export function isWindowed(select: Fields): boolean {
  const hasGroups = ['groupClause', 'havingClause'].some((field) => select[field] !== undefined)
  return !hasGroups && windowCallIn(select['targetList']) !== undefined
}

const OF_WINDOWS: ReadonlySet<string> = new Set(['windowClause'])

/** Refuses what a sub-query with window functions has besides them. @throws ShareholdError SH_SQL_UNSUPPORTED */
export function checkWindowed(source: Source, select: Fields): void {
  checkClauses(source, select, OF_WINDOWS)
  const call = aggregateIn(withoutWindows(select['targetList']))
  if (call !== undefined) throw refusedCall(source, call)
}

/** The tree with the arguments of window functions in the place of their calls. */
function withoutWindows(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutWindows)
  if (typeof node !== 'object' || node === null) return node
  const { kind, fields } = open(node)
  const { over: _over, ...parts } = fields
  if (kind === 'FuncCall' && fields['over'] !== undefined) {
    return withoutWindows([parts['args'], parts['agg_filter']])
  }
  return Object.fromEntries(
    Object.entries(node).map(([name, value]) => [name, withoutWindows(value)]),
  )
}

/** @param allowed clauses */
function checkClauses(source: Source, select: Fields, allowed: ReadonlySet<string>): void {
  const operation = textOf(select, 'op')
  if (operation !== 'SETOP_NONE') {
    const keyword = operation.replace('SETOP_', '')
    const second = startOfQuery(source, select['rarg'])
    throw refused(
      source,
      `${keyword} in a sub-query`,
      lastBefore(source, new RegExp(`^${keyword}$`, 'iu'), second) ?? startOfQuery(source, select),
      'Ask the queries one after the other.',
    )
  }
  if (listOf(select, 'valuesLists').length > 0) {
    throw refused(
      source,
      'VALUES in FROM',
      startOfQuery(source, select),
      'Ask about a dataset: SELECT … FROM.',
    )
  }
  for (const { field, keyword, what, hint } of CLAUSES) {
    const clause = select[field]
    if (clause === undefined || allowed.has(field)) continue
    const first = firstLocation(clause)
    const place =
      first === undefined
        ? firstAfter(source, keyword, startOfQuery(source, select))
        : lastBefore(source, keyword, first)
    throw refused(source, what, place ?? first ?? startOfQuery(source, select), hint)
  }
}

function refusedCall(source: Source, call: unknown): ShareholdError {
  const { fields } = open(call)
  const isWindow = fields['over'] !== undefined
  return refused(
    source,
    isWindow ? 'A window function beside groups' : 'An aggregate in a sub-query',
    locationOf(fields) ?? firstLocation(call),
    isWindow
      ? 'Group in a sub-query of its own, and write the window function into the query around it.'
      : 'Ask for it in one query, and compute with its answer.',
  )
}

/** The first aggregate or window function inside an expression, sub-queries in it left out: they are refused as such. */
export function aggregateIn(node: unknown): unknown {
  if (typeof node !== 'object' || node === null) return undefined
  const { kind, fields } = open(node)
  if (kind === 'SubLink') return undefined
  if (AGGREGATE_NODES.has(kind) || (kind === 'FuncCall' && isAggregate(fields))) return node
  for (const child of Object.values(node)) {
    const found = aggregateIn(child)
    if (found !== undefined) return found
  }
  return undefined
}

/** The first call of a window function inside an expression, sub-queries in it left out: they are refused as such. */
export function windowCallIn(node: unknown): Fields | undefined {
  if (typeof node !== 'object' || node === null) return undefined
  const { kind, fields } = open(node)
  if (kind === 'SubLink') return undefined
  if (kind === 'FuncCall' && fields['over'] !== undefined) return fields
  for (const child of Object.values(node)) {
    const found = windowCallIn(child)
    if (found !== undefined) return found
  }
  return undefined
}

/** Whether a FuncCall is an aggregate or a window function. */
export function isAggregate(call: Fields): boolean {
  return (
    call['over'] !== undefined ||
    call['agg_filter'] !== undefined ||
    call['agg_order'] !== undefined ||
    ['agg_star', 'agg_distinct', 'agg_within_group'].some((name) => isSet(call, name)) ||
    AGGREGATES.has(namesOf(call, 'funcname').at(-1) ?? '')
  )
}

function refused(
  source: Source,
  what: string,
  location: number | undefined,
  hint: string,
): ShareholdError {
  return sqlError(source, 'SH_SQL_UNSUPPORTED', `${what} is not supported.`, location, hint)
}

function lastBefore(
  source: Source,
  keyword: RegExp,
  location: number | undefined,
): number | undefined {
  if (location === undefined) return undefined
  return source.tokens.findLast(({ start, text }) => start <= location && keyword.test(text))?.start
}

function firstAfter(
  source: Source,
  keyword: RegExp,
  location: number | undefined,
): number | undefined {
  if (location === undefined) return undefined
  return source.tokens.find(({ start, text }) => start >= location && keyword.test(text))?.start
}
