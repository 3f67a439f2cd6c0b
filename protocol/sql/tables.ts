/**
 * The datasets of a query with their columns as the query sees them: a column of a dataset that may have no
 * row in a row of the join can be NULL. What is public about the join is a column as well, true or false in
 * every row (`load-match`), so that conditions and circuits need not know of joins.
 */
import type { Column, Schema } from '../../shares/schema.ts'
import { instancesOf, laneBlocks } from '../join-lanes.ts'
import { ownerOf, rowTable } from '../join-rows.ts'
import type { Join, Operator, PlanParams } from '../plan.ts'

import { namedDatasets } from './dataset.ts'
import type { From } from './dataset.ts'
import type { MadeTable } from './made-table.ts'

export interface BoundTable {
  readonly schema: Schema
  /** What the plan calls it. */
  readonly instance: string
  /** The alias in FROM, else the dataset's name: what a qualified name starts with. */
  readonly qualifier: string
  /** Those of the schema, in its order: objects of their own, as the dataset may be there twice. */
  readonly columns: readonly Column[]
  /** Whether a row of the join has one of this dataset, if it may have none. */
  readonly isThere?: Column
  /** Of a table that the plan makes: whether its row is one, if it may be none. */
  readonly isRow?: Column
  /** Its columns, in their order, in a table that the plan makes of several, and what that is called. */
  readonly madeIn?: { readonly table: string; readonly columns: readonly Column[] }
  /** Rows look for its rows by key: none of them makes a lane, and its members are not those of any. */
  readonly isLookedUp?: true
}

export interface BoundJoin {
  readonly join: Join
  /** Whether a lane is a row of the join, if there may be other lanes. */
  readonly isRow?: Column
}

/** Where the planes of a column come from. */
export type StoredColumn =
  | { readonly kind: 'stored'; readonly table: BoundTable; readonly column: Column }
  /** Whether there is a row of the instance, or one of the join. */
  | { readonly kind: 'match'; readonly instance?: string }

/** The tables of a query about one dataset. */
export function singleTable(schema: Schema, qualifier = schema.dataset): BoundTable {
  return { schema, instance: schema.dataset, qualifier, columns: schema.columns }
}

/** The table of a query about one that the plan makes. */
export function madeTable({ schema, isRow }: MadeTable): BoundTable {
  return {
    schema,
    instance: schema.dataset,
    qualifier: schema.dataset,
    columns: schema.columns.filter((column) => column !== isRow),
    ...(isRow === undefined ? {} : { isRow }),
  }
}

/** The tables of FROM, in its order, and what is joined. @param schemas of all of them, by name */
export function bindTables(
  from: From,
  schemas: ReadonlyMap<string, Schema>,
  join: Join,
  params: PlanParams,
): { readonly tables: readonly BoundTable[]; readonly joined?: BoundJoin } {
  const named = namedDatasets(from)
  if (join.kind === 'instance') {
    return { tables: named.map((one) => singleTable(schemas.get(one.dataset)!, one.qualifier)) }
  }
  const table = rowTable(
    join,
    named.map(({ dataset: name, instance }) => ({ name, instance })),
  )
  const rows = [...(table?.values() ?? [])].filter((row) => row !== 0)
  const tables = named.map(({ dataset, instance, qualifier }, k): BoundTable => {
    const schema = schemas.get(dataset)!
    const isAlways = rows.every((row) => (row & (1 << k)) !== 0)
    const columns = schema.columns.map((column) => ({
      ...column,
      nullable: column.nullable || !isAlways,
    }))
    const isThere = isAlways ? {} : { isThere: matchColumn(`row of ${instance}`) }
    return { schema, instance, qualifier, columns, ...isThere }
  })
  const masked = hasOtherLanes(join, params) ? { isRow: matchColumn('row of the join') } : {}
  return { tables, joined: { join, ...masked } }
}

/** Whether a lane may be no row of the join. */
function hasOtherLanes(join: Join, params: PlanParams): boolean {
  const blocks = laneBlocks(params)
  // Not everybody has the most rows; in another instance of its own dataset, a member has as many.
  if (blocks.some(({ spread }) => spread.some(({ times }) => times !== undefined))) return true
  const table = [...(rowTable(join, instancesOf(params)) ?? [])]
  return table.some(([present, row]) =>
    blocks.some(({ owner, spread }) => {
      if ((present & (1 << owner)) === 0) return false
      const takesPart = spread.every(({ instance }) => (row & (1 << instance)) !== 0)
      return row === 0 || ownerOf(row) !== owner || !takesPart
    }),
  )
}

/** A column that says whether there is a row. */
export function matchColumn(name: string): Column {
  return { name, type: 'boolean', nullable: false }
}

/** All columns that a query may read, table after table: what is public first. */
export function columnsOfTables(
  tables: readonly BoundTable[],
  joined?: BoundJoin,
): readonly Column[] {
  return [joined?.isRow, ...tables.flatMap(({ isThere, columns }) => [isThere, ...columns])].filter(
    (column) => column !== undefined,
  )
}

/** Where a column of a query comes from. */
export function storedColumn(
  tables: readonly BoundTable[],
  column: Column,
  joined?: BoundJoin,
): StoredColumn {
  if (column === joined?.isRow) return { kind: 'match' }
  for (const table of tables) {
    const { madeIn, isThere, isRow, columns, schema } = table
    if (column === isThere && madeIn === undefined) {
      return { kind: 'match', instance: table.instance }
    }
    if (column === isRow || column === isThere) return { kind: 'stored', table, column }
    const place = columns.indexOf(column)
    if (place >= 0) {
      return { kind: 'stored', table, column: (madeIn?.columns ?? schema.columns)[place]! }
    }
  }
  throw new RangeError(`column ${column.name} is of no table`)
}

/** Where the field elements of a column are stored. */
export function whereStored({
  tables,
  joined,
}: {
  readonly tables: readonly BoundTable[]
  readonly joined?: BoundJoin
}): (column: Column) => Omit<Extract<Operator, { kind: 'load-field' }>, 'kind'> {
  return (column) => {
    const stored = storedColumn(tables, column, joined)
    if (stored.kind !== 'stored') throw new RangeError('a sum of what is public')
    return { ...ofInstance(stored.table), column: stored.column.name }
  }
}

/** How a load names whose column it takes. */
export function ofInstance({ schema: { dataset }, instance, madeIn }: BoundTable): {
  readonly dataset: string
  readonly instance?: string
} {
  if (madeIn !== undefined) return { dataset: madeIn.table }
  return instance === dataset ? { dataset } : { dataset, instance }
}
