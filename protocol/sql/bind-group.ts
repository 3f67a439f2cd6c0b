/**
 * GROUP BY: columns and expressions over a row, by name, by the number or the alias of an output. Every key has a
 * public domain, a declared range, a dictionary, or what an expression makes of them, so every group can be
 * computed and shown, also the empty ones; groups.ts refuses what would be too many.
 */
import { listOf, open, startOf, textOf, withoutLocations } from './ast.ts'
import type { Fields } from './ast.ts'
import { aggregateIn } from './bind-aggregate.ts'
import { outputName } from './bind-output.ts'
import { bindRow } from './bind-row.ts'
import type { BoundKey } from './bound.ts'
import { fail, hasColumn, locate, plainName } from './context.ts'
import type { Context } from './context.ts'
import { distinctSets, expandGroupings } from './grouping-sets.ts'
import { columnKey } from './groups.ts'
import { ordinalOf } from './ordinal.ts'
import { computedKey } from './row-key.ts'
import { valueOf } from './row-value.ts'
import type { RowValue } from './row-value.ts'
import { keywordAt } from './source.ts'
import { settle } from './typed-scalar.ts'

/** GROUP BY, bound. */
export interface BoundGroupBy {
  /** Each once. */
  readonly keys: readonly BoundKey[]
  /** Sets of keys, by their places. */
  readonly groupings: readonly (readonly number[])[]
}

/**
 * The group keys, and the sets of them that rows are grouped by.
 *
 * @param targets the ResTargets of the SELECT list
 * @throws ShareholdError SH_SQL_UNSUPPORTED, SH_SQL_GROUPING, SH_SQL_AMBIGUOUS, SH_SQL_UNKNOWN_COLUMN …
 */
export function bindGroupBy(
  context: Context,
  select: Fields,
  targets: readonly Fields[],
): BoundGroupBy {
  const values: RowValue[] = []
  const place = (item: unknown): number => {
    const value = bindKey(context, item, targets)
    const known = values.indexOf(value)
    return known >= 0 ? known : values.push(value) - 1
  }
  const items = listOf(select, 'groupClause')
  const sets = expandGroupings(context, items, place, keywordAt(context.source, 'group'))
  return {
    keys: values.map(keyOf),
    groupings: select['groupDistinct'] === true ? distinctSets(sets) : sets,
  }
}

function bindKey(context: Context, item: unknown, targets: readonly Fields[]): RowValue {
  const location = startOf(item)
  const { kind, fields } = open(item)
  if (kind === 'A_Const') {
    const target = targets[ordinalOf(context, fields, 'GROUP BY', targets.length)]
    return keyValue(context, target?.['val'], location)
  }
  const name = plainName(item)
  const isColumn = name === undefined || hasColumn(context, name)
  const aliased = isColumn ? undefined : aliasedTarget(context, name, targets, location)
  return keyValue(context, aliased ?? item, location)
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

function keyValue(context: Context, node: unknown, location: number | undefined): RowValue {
  if (aggregateIn(node) !== undefined) {
    throw fail(
      context,
      'SH_SQL_GROUPING',
      IN_GROUP_BY.message,
      location ?? keywordAt(context.source, 'group'),
      IN_GROUP_BY.hint,
    )
  }
  const scalar = bindRow(context, node, IN_GROUP_BY)
  const { expression } = settle(context, scalar, 'text')
  const value = valueOf(expression, context.columns)
  locate(context, location, () => keyOf(value))
  return value
}

const IN_GROUP_BY = {
  message: 'Aggregates are not allowed in GROUP BY.',
  hint: 'Group by columns.',
}

function keyOf(value: RowValue): BoundKey {
  return value.kind === 'column' ? columnKey(value.column) : computedKey(value)
}
