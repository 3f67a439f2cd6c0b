/**
 * What a SELECT reads, bound: datasets, joined on the member and by key, or the table that a grouped sub-query makes, which reads something in
 * turn.
 */
import { ShareholdError } from '../../shares/errors.ts'
import type { Schema } from '../../shares/schema.ts'
import { storedDatasets } from '../beside.ts'
import { canonicalJson } from '../canonical-json.ts'
import type { PlanParams } from '../plan.ts'

import { arrange } from './arrange.ts'
import type { ArrangedDatasets } from './arrange.ts'
import { namesOf, open } from './ast.ts'
import type { Fields } from './ast.ts'
import { bindCondition } from './bind-condition.ts'
import { bindLookups } from './bind-lookup.ts'
import { bindMembers } from './bind-members.ts'
import { bindWindows } from './bind-windows.ts'
import type { BoundSource, Predicate } from './bound.ts'
import { resolveColumn } from './context.ts'
import type { Context } from './context.ts'
import { parseFrom } from './dataset.ts'
import type { Inlined } from './inline-query.ts'
import { bindJoin } from './join.ts'
import { splitFrom } from './lookup-from.ts'
import { andPredicate, booleanColumn, TRUE_PREDICATE } from './predicate.ts'
import type { Source } from './source.ts'
import { bindTables, madeTable } from './tables.ts'

/** Rows that a query is about. */
export interface BoundRows {
  readonly source: BoundSource
  readonly context: Context
  /** Where a lane is a row at all. */
  readonly isRow: Predicate
  /** Of a plan over them. */
  readonly params: PlanParams
}

/**
 * Binds what a query reads.
 *
 * @param schemas of all datasets, by name
 * @param params of the statement
 * @throws ShareholdError with a code of SQL_ERRORS and a position; SH_PLAN_INVALID
 */
export function bindRows(
  source: Source,
  inlined: Inlined,
  schemas: ReadonlyMap<string, Schema>,
  params: PlanParams,
): BoundRows {
  const rows =
    inlined.made === undefined
      ? ofDatasets(source, inlined.select, schemas, params)
      : ofTable(source, inlined.made, schemas, params)
  for (const node of inlined.unused) checkUnused(rows.context, node)
  return rows
}

/** Which rows a query is about: WHERE, and what is a row. */
export function bindFilter({ context, isRow }: BoundRows, select: Fields): Predicate {
  const where = select['whereClause']
  return where === undefined ? isRow : andPredicate([isRow, bindCondition(context, where, 'WHERE')])
}

function ofDatasets(
  source: Source,
  select: Fields,
  schemas: ReadonlyMap<string, Schema>,
  params: PlanParams,
): BoundRows {
  const from = parseFrom({ source, select })
  const split = splitFrom(source, from, schemas)
  const { join, members } = bindJoin(source, split.core, schemas)
  checkArranged(arrange(source, split, join, storedDatasets(params)), params)
  const { tables, joined } = bindTables(split.core, schemas, join, params)
  const columns = tables.flatMap((table) => table.columns)
  const core: BoundRows = {
    source: {
      tables,
      ...(joined === undefined ? {} : { joined }),
      datasets: [...new Set(tables.map(({ schema }) => schema.dataset))],
      kMin: Math.max(...tables.map(({ schema }) => schema.kMin)),
    },
    context: { source, tables, columns, members },
    isRow: joined?.isRow === undefined ? TRUE_PREDICATE : booleanColumn(joined.isRow),
    params,
  }
  return split.lookups.length === 0 ? core : bindLookups(core, split.lookups, schemas)
}

function ofTable(
  source: Source,
  select: NonNullable<Inlined['made']>,
  schemas: ReadonlyMap<string, Schema>,
  params: PlanParams,
): BoundRows {
  const inner = bindRows(source, select.rows, schemas, params)
  const filter = bindFilter(inner, select.rows.select)
  const made =
    select.kind === 'members'
      ? bindMembers(inner, filter, select)
      : bindWindows(inner, filter, select)
  const table = madeTable(made)
  const { dataset, member, kMin } = made.schema
  return {
    source: {
      tables: [table],
      made,
      datasets: inner.source.datasets,
      ...(inner.source.lookedUp && { lookedUp: inner.source.lookedUp }),
      kMin,
    },
    context: {
      source,
      tables: [table],
      columns: table.columns,
      members: [{ name: member, instances: [dataset], isNeverNull: true }],
    },
    isRow: made.isRow === undefined ? TRUE_PREDICATE : booleanColumn(made.isRow),
    params: made.params,
  }
}

/** A column of a sub-query that nothing names must be right all the same. */
function checkUnused(context: Context, node: unknown): void {
  const { kind, fields } = open(node)
  const name = namesOf(fields, 'fields').at(-1)
  // The member may stand in a sub-query as long as nothing outside names it.
  const isMember = context.tables.some(({ schema }) => schema.member === name)
  if (kind === 'ColumnRef' && isMember) return
  if (kind === 'ColumnRef') resolveColumn(context, fields)
  else bindCondition(context, { NullTest: { arg: node, nulltesttype: 'IS_NULL' } }, 'SELECT')
}

/** Whoever makes planParams arranges datasets first (arrange.ts). @throws ShareholdError SH_PLAN_INVALID */
function checkArranged(arranged: ArrangedDatasets, params: PlanParams): void {
  const { dataset, joined, beside } = params
  const stated = { dataset, ...(joined && { joined }), ...(beside && { beside }) }
  if (canonicalJson(arranged) === canonicalJson(stated)) return
  throw new ShareholdError(
    'SH_PLAN_INVALID',
    'planParams do not have the datasets in the order in which the query joins them.',
  )
}
