/**
 * GROUP BY: columns by name, by the number or the alias of an output. Every column has a public domain, its
 * declared range or dictionary, so every group can be computed and shown, also the empty ones; groups.ts
 * refuses what would be too many.
 */
import type { Column } from '../../shares/schema.ts'

import { AGGREGATE_FUNCTIONS } from './aggregate-functions.ts'
import { listOf, namesOf, open, openAs, startOf, textOf, withoutLocations } from './ast.ts'
import type { Fields } from './ast.ts'
import { outputName } from './bind-output.ts'
import type { BoundKey } from './bound.ts'
import { fail, findColumn, plainName, resolveColumn } from './context.ts'
import type { Context } from './context.ts'
import { columnKey } from './groups.ts'
import { ordinalOf } from './ordinal.ts'
import { keywordAt } from './source.ts'

/**
 * The group keys, each once.
 *
 * @param targets the ResTargets of the SELECT list
 * @throws ShareholdError SH_SQL_UNSUPPORTED, SH_SQL_GROUPING, SH_SQL_AMBIGUOUS, SH_SQL_UNKNOWN_COLUMN …
 */
export function bindGroupBy(
  context: Context,
  select: Fields,
  targets: readonly Fields[],
): readonly BoundKey[] {
  if (select['groupDistinct'] === true) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'GROUP BY DISTINCT is not supported.',
      keywordAt(context.source, 'group'),
      'Leave DISTINCT away.',
    )
  }
  const items = listOf(select, 'groupClause')
  return [...new Set(items.map((item) => bindKey(context, item, targets)))].map(columnKey)
}

function bindKey(context: Context, item: unknown, targets: readonly Fields[]): Column {
  const location = startOf(item)
  const { kind, fields } = open(item)
  if (kind === 'GroupingSet') {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'ROLLUP, CUBE and grouping sets are not supported.',
      location ?? keywordAt(context.source, 'group'),
      'Ask one query for each grouping.',
    )
  }
  if (kind === 'A_Const') {
    const target = targets[ordinalOf(context, fields, 'GROUP BY', targets.length)]
    return keyColumn(context, target?.['val'], location)
  }
  const name = plainName(item)
  const isColumn = name === undefined || findColumn(context.schema, name) !== undefined
  const aliased = isColumn ? undefined : aliasedTarget(context, name, targets, location)
  return keyColumn(context, aliased ?? item, location)
}

/** What an alias stands for. Names of columns come before aliases (findTargetlistEntrySQL92). */
function aliasedTarget(
  context: Context,
  name: string,
  targets: readonly Fields[],
  location: number | undefined,
): unknown {
  const nodes = targets
    .filter((target) => (textOf(target, 'name') || outputName(target['val'])) === name)
    .map((target) => target['val'])
  if (new Set(nodes.map(withoutLocations)).size > 1) {
    throw fail(
      context,
      'SH_SQL_AMBIGUOUS',
      `GROUP BY "${name}" could mean different output columns.`,
      location,
      'Name the column itself.',
    )
  }
  return nodes[0]
}

function keyColumn(context: Context, node: unknown, location: number | undefined): Column {
  const call = openAs(node, 'FuncCall')
  if (
    call !== undefined &&
    Object.hasOwn(AGGREGATE_FUNCTIONS, namesOf(call, 'funcname')[0] ?? '')
  ) {
    throw fail(
      context,
      'SH_SQL_GROUPING',
      'Aggregates are not allowed in GROUP BY.',
      location,
      'Group by a column.',
    )
  }
  const reference = openAs(node, 'ColumnRef')
  if (reference === undefined) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'GROUP BY an expression is not supported.',
      location,
      'Group by a column that the schema declares, as a derived one.',
    )
  }
  return resolveColumn(context, reference)
}
