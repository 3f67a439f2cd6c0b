/**
 * Sub-queries in FROM, and queries of WITH, written into the query around them: names of their columns give way to the
 * expressions behind them, conditions are joined by AND. The result is a SELECT that has the same answer, about datasets
 * alone, or about the table that a grouped sub-query makes (grouped-query.ts): nothing after this knows of other sub-queries,
 * and nothing of them is opened.
 *
 * Names keep PostgreSQL's scopes: outside a sub-query only its columns can be named, not those of what it reads.
 */
import type { Schema } from '../../shares/schema.ts'

import { listOf, open, openAs, startOf, textOf, withoutLocations } from './ast.ts'
import type { Fields } from './ast.ts'
import { outputName } from './bind-output.ts'
import { plainName } from './context.ts'
import { collectDatasets } from './dataset.ts'
import { derivedTable, joinsQueries, NO_SCOPE, scopeOf } from './derived-table.ts'
import type { CommonQuery, DerivedTable, Scope } from './derived-table.ts'
import { groupingMember, isGrouped, splitGrouped } from './grouped-query.ts'
import type { MemberSelect } from './grouped-query.ts'
import { InlineBudget } from './inline-budget.ts'
import { asColumn, columnsOf } from './inline-columns.ts'
import { flattenJoin } from './inline-join.ts'
import { InlineNames } from './inline-names.ts'
import type { ColumnNames } from './inline-names.ts'
import { countingMembers, listsMembers, withoutDuplicates } from './member-list.ts'
import type { ParsedSelect } from './parse.ts'
import { checkGrouped, checkPlain, checkWindowed, isWindowed } from './plain-query.ts'
import { sqlError } from './source.ts'
import type { Source } from './source.ts'
import { splitWindows } from './window-query.ts'
import type { WindowSelect } from './window-query.ts'

/** A SELECT without sub-queries in FROM. */
export interface Inlined {
  readonly select: Fields
  /** Expressions that the statement holds and `select` does not: they must be right all the same. */
  readonly unused: readonly unknown[]
  /** The table that it is about, in the place of its FROM; absent if it is about datasets. */
  readonly made?: MemberSelect | WindowSelect
}

interface Inlining {
  readonly source: Source
  /** By dataset. */
  readonly schemas: ReadonlyMap<string, Schema>
  /** Queries of WITH, and which of them some FROM reads. */
  readonly common: Set<CommonQuery>
  readonly read: Set<Fields>
  readonly budget: InlineBudget
}

/**
 * The statement without sub-queries in FROM and without WITH.
 *
 * @throws ShareholdError SH_SQL_UNSUPPORTED for sub-queries that are neither plain nor grouped by the member, SH_SQL_UNKNOWN_COLUMN, SH_SQL_UNKNOWN_DATASET,
 *   SH_SQL_AMBIGUOUS, SH_POLICY_ROW_VALUES, SH_SQL_TOO_COMPLEX
 */
export function inlineQueries(
  { source, select }: ParsedSelect,
  schemas: ReadonlyMap<string, Schema>,
): Inlined {
  const budget = new InlineBudget(source)
  const inlining = {
    source,
    schemas,
    common: new Set<CommonQuery>(),
    read: new Set<Fields>(),
    budget,
  }
  const inlined = inlineSelect(inlining, select, NO_SCOPE)
  for (const query of inlining.common) {
    if (inlining.read.has(query.select)) continue
    throw sqlError(
      source,
      'SH_SQL_UNSUPPORTED',
      `No FROM reads the query "${query.name}".`,
      query.location,
      'Leave it away.',
    )
  }
  return inlined
}

function inlineSelect(inlining: Inlining, select: Fields, outer: Scope): Inlined {
  const { source, common, read, schemas, budget } = inlining
  const scope = scopeOf(source, select, outer)
  for (const query of scope) if (!outer.includes(query)) common.add(query)
  const { withClause: _, ...bare } = select
  const table = derivedTable(source, bare, scope)
  if (table === undefined) {
    return joinsQueries(bare, scope)
      ? inlineJoin(inlining, bare, scope)
      : { select: bare, unused: [] }
  }
  read.add(table.select)
  const list = withoutDuplicates(table.select, schemas)
  const counting = list === undefined ? undefined : countingMembers(bare, nameOfMember(table))
  const plain = { ...table, select: (counting && list) ?? table.select }
  const inner = inlineTable(inlining, plain)
  // Under the member's name may stand another column of a sub-query further inside.
  if (counting !== undefined && !listsMembers(inner.select, schemas)) {
    checkPlain(source, table.select)
  }
  const columns = columnsOf(source, schemas, inner.select, plain)
  const visible = { qualifier: plain.qualifier, columns }
  const names = new InlineNames(source, { tables: [visible], plain: columns }, budget)
  const { select: within } = inner
  const result = { ...rewriteSelect(names, counting ?? bare), fromClause: within['fromClause'] }
  return {
    select: withCondition(result, within['whereClause']),
    unused: [...inner.unused, ...names.unused(visible)],
    ...(inner.made === undefined ? {} : { made: inner.made }),
  }
}

/** A query about a join of sub-queries, among others. */
function inlineJoin(inlining: Inlining, select: Fields, scope: Scope): Inlined {
  const { source, schemas, budget, read } = inlining
  const inline = (table: DerivedTable): Inlined => {
    read.add(table.select)
    return inlineTable(inlining, table)
  }
  // A query of WITH that is joined with itself, and that again, would be written out without end.
  collectDatasets(source, { select, scope }, [])
  const [item] = listOf(select, 'fromClause')
  const flat = flattenJoin({ source, schemas, budget, inline }, item, scope)
  const names = new InlineNames(source, flat, budget)
  const result: Fields = { ...rewriteSelect(names, select), fromClause: [flat.node] }
  const conditions = [...flat.conditions, result['whereClause'] ?? []].flat()
  const [only, second] = conditions
  const all = second === undefined ? only : { BoolExpr: { boolop: 'AND_EXPR', args: conditions } }
  return {
    select: all === undefined ? result : { ...result, whereClause: all },
    unused: [...flat.unused, ...flat.queries.flatMap((query) => names.unused(query))],
  }
}

/** A sub-query as a plain one. @throws as inlineQueries */
function inlineTable(inlining: Inlining, table: DerivedTable): Inlined {
  const { source, schemas } = inlining
  if (isWindowed(table.select)) {
    checkWindowed(source, table.select)
    return splitWindows(source, inlineSelect(inlining, table.select, table.scope), schemas)
  }
  const grouped = isGrouped(table.select)
  if (grouped) checkGrouped(source, table.select)
  else checkPlain(source, table.select)
  const inner = inlineSelect(inlining, table.select, table.scope)
  if (!grouped) return inner
  const member = groupingMember(inner, schemas)
  if (member !== undefined) return splitGrouped(source, inner, member, schemas)
  checkPlain(source, table.select)
  throw new RangeError('a query with groups is not plain')
}

/** The name of a list's only column. */
function nameOfMember({ select, columnNames }: DerivedTable): unknown {
  const target = openAs(listOf(select, 'targetList')[0], 'ResTarget') ?? {}
  const name = columnNames[0] ?? (textOf(target, 'name') || outputName(target['val']))
  return { ColumnRef: { fields: [{ String: { sval: name } }] } }
}

/** AND of both conditions, the inner one first. */
function withCondition(select: Fields, condition: unknown): Fields {
  const own = select['whereClause']
  if (condition === undefined) return select
  if (own === undefined) return { ...select, whereClause: condition }
  const both = { BoolExpr: { boolop: 'AND_EXPR', args: [condition, own] } }
  return { ...select, whereClause: both }
}

function rewriteSelect(names: ColumnNames, select: Fields): Fields {
  const targets = listOf(select, 'targetList').flatMap((node) =>
    rewriteTarget(names, openAs(node, 'ResTarget') ?? {}),
  )
  const rewritten: Record<string, unknown> = { ...select }
  for (const field of ['distinctClause', 'whereClause', 'havingClause', 'windowClause']) {
    if (select[field] !== undefined) rewritten[field] = names.rewrite(select[field])
  }
  if (select['targetList'] !== undefined) {
    rewritten['targetList'] = targets.map((target) => ({ ResTarget: target }))
  }
  if (select['groupClause'] !== undefined) {
    rewritten['groupClause'] = listOf(select, 'groupClause').map((item) =>
      rewriteGroup(names, targets, item),
    )
  }
  if (select['sortClause'] !== undefined) {
    rewritten['sortClause'] = listOf(select, 'sortClause').map((item) => {
      const sort = openAs(item, 'SortBy') ?? {}
      return { SortBy: { ...sort, node: rewriteOrder(names, targets, sort['node']) } }
    })
  }
  return rewritten
}

/** A star is all columns; everything else keeps the name that it has in the text. */
function rewriteTarget(names: ColumnNames, target: Fields): readonly Fields[] {
  const { kind, fields } = open(target['val'])
  if (kind === 'ColumnRef' && isStar(fields)) {
    return names.all(fields).map(({ name, node }) => ({ ...target, name, val: node }))
  }
  const name = textOf(target, 'name') || outputName(target['val'])
  return [{ ...target, name, val: names.rewrite(target['val']) }]
}

/** ORDER BY: the name of an output first, then of a column (findTargetlistEntrySQL92). */
function rewriteOrder(names: ColumnNames, targets: readonly Fields[], node: unknown): unknown {
  const name = plainName(node)
  const isOutput = name !== undefined && targets.some((target) => target['name'] === name)
  return isOutput ? node : names.rewrite(node)
}

/** GROUP BY: a column first, then the name of an output. */
function rewriteGroup(names: ColumnNames, targets: readonly Fields[], node: unknown): unknown {
  const set = openAs(node, 'GroupingSet')
  if (set !== undefined) {
    const content = listOf(set, 'content').map((item) => rewriteGroup(names, targets, item))
    return { GroupingSet: { ...set, content } }
  }
  const name = plainName(node)
  if (name === undefined || names.has(name)) return names.rewrite(node)
  const same = targets.filter((target) => target['name'] === name).map(({ val }) => val)
  if (same.length === 0) return names.rewrite(node)
  if (new Set(same.map(withoutLocations)).size > 1) throw names.ambiguous(startOf(node), name)
  return asColumn(same[0])
}

function isStar(reference: Fields): boolean {
  return openAs(listOf(reference, 'fields').at(-1), 'A_Star') !== undefined
}
