/**
 * Lookups bound to columns: by which columns of the rows so far which columns of a dataset are looked for, and what the
 * query sees of what is found. Whether a row has found one is a column as well, true or false in every row.
 *
 * What is found of a row tells something of the key by which it was found. So a single value of it may be shown
 * (`reveal` of the schema) only if one of the key may be, too.
 */
import type { Column, Schema } from '../../shares/schema.ts'
import { besideOf, datasetRows } from '../beside.ts'
import { tableParams } from '../sections.ts'
import { rowsOf } from '../validate-plan.ts'

import { startOf } from './ast.ts'
import { bindCondition } from './bind-condition.ts'
import type { BoundRows } from './bind-rows.ts'
import type { Predicate } from './bound.ts'
import { sqlTypeOf } from './column-domain.ts'
import { compare } from './comparison.ts'
import type { Operand } from './comparison.ts'
import { fail, locate, resolveColumn } from './context.ts'
import type { Context } from './context.ts'
import { conjunctsOf, equatedColumns } from './lookup-from.ts'
import type { FromLookup } from './lookup-from.ts'
import { commonKey } from './lookup-key.ts'
import { nameOfDemand } from './made-table.ts'
import type { DemandedColumn, MadeColumn, MadeTable, WrittenTable } from './made-table.ts'
import { quoteName } from './names.ts'
import { checkLookupLanes, writeLookups } from './plan-lookups.ts'
import type { BoundLookup, LookupKey } from './plan-lookups.ts'
import { andPredicate, booleanColumn } from './predicate.ts'
import { remember } from './remember.ts'
import { matchColumn } from './tables.ts'
import type { BoundTable } from './tables.ts'

/** The table that a plan makes of lookups. No dataset has such a name, and no sub-query. */
const LOOKUP_TABLE = 'lookups 0'

/** Bound so far. */
interface Bound {
  /** With the tables of all lookups. */
  readonly context: Context
  readonly lookups: readonly BoundLookup[]
  /** What rows must meet: that they have found what they must, and what else ON says. */
  readonly conditions: readonly Predicate[]
}

/**
 * Binds lookups.
 *
 * @param core rows of the datasets that are joined on the member
 * @param schemas of all datasets, by name
 * @throws ShareholdError SH_SQL_*, SH_POLICY_*, SH_PLAN_LANES
 */
export function bindLookups(
  core: BoundRows,
  lookups: readonly FromLookup[],
  schemas: ReadonlyMap<string, Schema>,
): BoundRows {
  const { source, params } = core
  const bound = lookups.reduce<Bound>(
    (before, lookup) => {
      const { dataset, location } = lookup.named
      const found = datasetRows(besideOf(params, dataset)!)
      locate(before.context, location, () =>
        checkLookupLanes(params, rowsOf(params), found, dataset),
      )
      return bindLookup(before, lookup, schemas.get(dataset)!)
    },
    { context: core.context, lookups: [], conditions: [] },
  )
  const made = madeOf(core, bound)
  const isRow = source.joined?.isRow
  const tables = bound.context.tables.map((table, k): BoundTable => ({
    ...table,
    madeIn: made.places[k]!,
    // That of the join on the member is a column of the table too: it is told with the first.
    ...(k === 0 && isRow !== undefined ? { isRow } : {}),
  }))
  return {
    source: {
      tables,
      made: made.table,
      datasets: source.datasets,
      lookedUp: [...new Set(lookups.map(({ named }) => named.dataset))],
      kMin: source.kMin,
    },
    context: { ...bound.context, tables },
    isRow: andPredicate([core.isRow, ...bound.conditions]),
    params: made.table.params,
  }
}

/** The table that holds all columns of all tables, and where each has its own. */
function madeOf(
  { source, params }: BoundRows,
  { context: { tables }, lookups }: Bound,
): { readonly table: MadeTable; readonly places: readonly NonNullable<BoundTable['madeIn']>[] } {
  const places = tables.map(({ schema }, k) => ({
    table: LOOKUP_TABLE,
    columns: schema.columns.map((column): Column => ({
      ...column,
      // Datasets may have columns of one name.
      name: `${k + 1} ${column.name}`,
    })),
  }))
  /** By the table's column: that of the query. */
  const readAs = new Map<Column, Column>(
    tables.flatMap(({ columns }, k) =>
      columns.map((column, at) => [places[k]!.columns[at]!, column] as const),
    ),
  )
  const masks = [
    source.joined?.isRow,
    ...source.tables.map(({ isThere }) => isThere),
    ...lookups.map(({ found }) => found),
  ]
  for (const mask of masks) if (mask !== undefined) readAs.set(mask, mask)
  const schema: Schema = {
    dataset: LOOKUP_TABLE,
    member: source.tables[0]!.schema.member,
    kMin: source.kMin,
    purposes: [],
    columns: [...readAs.keys()],
  }
  // The planner asks again and again, for few different columns.
  const write = remember(nameOfDemand, (demanded: readonly DemandedColumn[]): WrittenTable => {
    const writer = writeLookups({ schema, core: source, lookups, readAs }, params, demanded)
    return { writer, choices: [] }
  })
  return {
    places,
    table: {
      schema,
      params: tableParams({ name: LOOKUP_TABLE, rows: 'rows' }, params),
      write,
    },
  }
}

function bindLookup(before: Bound, lookup: FromLookup, schema: Schema): Bound {
  const { kind, named, using, on } = lookup
  const isLeft = kind === 'left'
  const { context } = before
  const { instance, qualifier, location } = named
  // As it is, to see what is compared with what.
  const stored: BoundTable = { schema, instance, qualifier, columns: schema.columns }
  const equations =
    using?.map((name) => usedKey(context, stored, name, location)) ??
    equationsOf(withTable(context, stored), stored, lookup)
  const found = foundColumn(qualifier, equations)
  const table: BoundTable = {
    ...stored,
    columns: schema.columns.map((column) => foundValue(column, equations, isLeft)),
    isLookedUp: true,
    ...(isLeft ? { isThere: found } : { isRow: found }),
  }
  const keys = equations.map(({ left, right }): LookupKey => ({
    left,
    right: table.columns[schema.columns.indexOf(right)]!,
  }))
  const within = withTable(context, table)
  const others = using === undefined && !isLeft ? conditionsOf(within, table, on) : []
  const merged = using === undefined ? [] : keys.map(({ right }) => right)
  return {
    context: { ...within, hidden: new Set([...(context.hidden ?? []), ...merged]) },
    lookups: [...before.lookups, { table, found, keys }],
    conditions: [...before.conditions, ...(isLeft ? [] : [booleanColumn(found)]), ...others],
  }
}

function withTable(context: Context, table: BoundTable): Context {
  return {
    ...context,
    tables: [...context.tables, table],
    columns: [...context.columns, ...table.columns],
  }
}

/** The equations in ON. @throws ShareholdError if there is something else that there must not be */
function equationsOf(
  context: Context,
  table: BoundTable,
  { kind, on }: FromLookup,
): readonly LookupKey[] {
  const keys = conjunctsOf(on).flatMap((node) => {
    const key = keyOf(context, table, node)
    if (key === undefined && kind === 'left') throw notOnKey(context, node)
    return key ?? []
  })
  if (!keys.some(({ right }) => right.unique === true)) throw notOnKey(context, on)
  return keys
}

/** What else ON says. */
function conditionsOf(context: Context, table: BoundTable, on: unknown): readonly Predicate[] {
  return conjunctsOf(on)
    .filter((node) => keyOf(context, table, node) === undefined)
    .map((node) => bindCondition(context, node, 'JOIN/ON'))
}

/** Of which columns a single value must not be shown, if one of these must not. */
function hiddenBy(columns: readonly Column[]): readonly string[] {
  const names = columns.flatMap((column) => {
    if ('hiddenBy' in column) return (column as MadeColumn).hiddenBy
    return column.reveal === 'extremes' ? [] : [column.name]
  })
  return [...new Set(names)]
}

/** A column of a table that is looked in, as the query sees it: hidden by the keys that are hidden. */
function foundValue(column: Column, keys: readonly LookupKey[], isLeft: boolean): MadeColumn {
  const hidden = hiddenBy([column, ...keys.map(({ left }) => left)])
  const { reveal: _, ...rest } = column
  return {
    ...rest,
    nullable: column.nullable || isLeft,
    sqlType: sqlTypeOf(column),
    hiddenBy: hidden,
    ...(hidden.length === 0 ? { reveal: 'extremes' as const } : {}),
  }
}

/** Whether a row has found one: as much of a secret as the keys. */
function foundColumn(qualifier: string, keys: readonly LookupKey[]): MadeColumn {
  return {
    ...matchColumn(`found in ${qualifier}`),
    sqlType: 'boolean',
    hiddenBy: hiddenBy(keys.flatMap(({ left, right }) => [left, right])),
  }
}

/** A column in USING, on both sides. */
function usedKey(
  before: Context,
  table: BoundTable,
  name: string,
  location: number | undefined,
): LookupKey {
  const reference = { fields: [{ String: { sval: name } }], location: location ?? -1 }
  const left = resolveColumn(before, reference)
  const right = table.columns.find((column) => column.name === name)
  if (right === undefined) {
    throw fail(
      before,
      'SH_SQL_UNKNOWN_COLUMN',
      `Column "${name}" in USING does not exist in "${table.schema.dataset}".`,
      location,
      'If the names differ, write ON and both.',
    )
  }
  checkKey(before, left, right, location)
  // PostgreSQL's merged column has the common type.
  if (sqlTypeOf(left) !== sqlTypeOf(right)) {
    throw fail(
      before,
      'SH_SQL_UNSUPPORTED',
      `"${name}" in USING has two types: ${sqlTypeOf(left)} and ${sqlTypeOf(right)}.`,
      location,
      'Write ON and both columns.',
    )
  }
  return { left, right }
}

/** The two sides of an equation, if one of them is the table's and the other is not. */
function keyOf(context: Context, table: BoundTable, node: unknown): LookupKey | undefined {
  const [a, b] = (equatedColumns(node) ?? []).map((column) => resolveColumn(context, column))
  if (a === undefined || b === undefined) return undefined
  const isRight = (column: Column): boolean => table.columns.includes(column)
  if (isRight(a) === isRight(b)) return undefined
  const [left, right] = isRight(a) ? [b, a] : [a, b]
  checkKey(context, left, right, startOf(node))
  return { left, right }
}

/** That PostgreSQL compares the two, and that they have a common encoding. */
function checkKey(
  context: Context,
  left: Column,
  right: Column,
  location: number | undefined,
): void {
  const operand = (column: Column): Operand => ({
    kind: 'column',
    column,
    type: sqlTypeOf(column),
    location,
  })
  compare(context, '=', operand(left), operand(right), location)
  locate(context, location, () => commonKey(left, right))
}

function notOnKey(context: Context, node: unknown): Error {
  const table = context.tables.at(-1)!
  const key = table.schema.columns.find(({ unique }) => unique === true)
  return fail(
    context,
    'SH_SQL_UNSUPPORTED',
    `Rows are looked for in "${table.schema.dataset}" by columns that are equal, one of them unique, and nothing else.`,
    startOf(node),
    `Write ON and such equations, as in ON a.x = ${quoteName(table.qualifier)}.${quoteName(key?.name ?? 'id')}; of a JOIN that is no LEFT JOIN, other conditions may stand there too.`,
  )
}
