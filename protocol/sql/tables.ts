/**
 * The datasets of a query with their columns as the query sees them: a column of a dataset that may have no
 * row in a row of the join can be NULL. What is public about the join is a column as well, true or false in
 * every row (`load-match`), so that conditions and circuits need not know of joins.
 */
import type { Column, Schema } from '../../shares/schema.ts'
import { datasetsIn, laneDatasetOf, rowTable } from '../join-rows.ts'
import { datasetsOf as datasetsOfParams } from '../layout.ts'
import type { Join, PlanParams } from '../plan.ts'

import { namedDatasets } from './dataset.ts'
import type { From } from './dataset.ts'

export interface BoundTable {
  readonly schema: Schema
  /** The alias in FROM, else the dataset's name: what a qualified name starts with. */
  readonly qualifier: string
  /** The columns of the schema, in its order. */
  readonly columns: readonly Column[]
  /** Whether a row of the join has one of this dataset, if it may have none. */
  readonly isThere?: Column
}

export interface BoundJoin {
  readonly join: Join
  /** Whether a lane is a row of the join, if there may be other lanes. */
  readonly isRow?: Column
}

/** Where the planes of a column come from. */
export type StoredColumn =
  | { readonly kind: 'stored'; readonly table: BoundTable; readonly column: Column }
  /** Whether there is a row of the dataset, or one of the join. */
  | { readonly kind: 'match'; readonly dataset?: string }

/** The tables of a query about one dataset. */
export function singleTable(schema: Schema, qualifier = schema.dataset): BoundTable {
  return { schema, qualifier, columns: schema.columns }
}

/** The tables of FROM, in its order, and what is joined. @param schemas of all of them, by name */
export function bindTables(
  from: From,
  schemas: ReadonlyMap<string, Schema>,
  join: Join,
  params: PlanParams,
): { readonly tables: readonly BoundTable[]; readonly joined?: BoundJoin } {
  const named = namedDatasets(from)
  if (join.kind === 'dataset') {
    return { tables: named.map((one) => singleTable(schemas.get(one.dataset)!, one.qualifier)) }
  }
  const names = datasetsIn(join)
  const rows = rowTable(join, names)?.filter((row) => row !== 0) ?? []
  const tables = named.map(({ dataset, qualifier }): BoundTable => {
    const schema = schemas.get(dataset)!
    const bit = 1 << names.indexOf(dataset)
    if (rows.every((row) => (row & bit) !== 0)) return singleTable(schema, qualifier)
    const columns = schema.columns.map((column) => ({ ...column, nullable: true }))
    return { schema, qualifier, columns, isThere: matchColumn(`row of ${dataset}`) }
  })
  const masked = hasOtherLanes(join, params) ? { isRow: matchColumn('row of the join') } : {}
  return { tables, joined: { join, ...masked } }
}

/** Whether a lane may be no row of the join. */
function hasOtherLanes(join: Join, params: PlanParams): boolean {
  const names = datasetsOfParams(params).map(({ name }) => name)
  const owners = [0, ...(params.joined ?? []).flatMap(({ lanes }, k) => (lanes ? [k + 1] : []))]
  const table = rowTable(join, names) ?? []
  return table.some((row, present) =>
    owners.some(
      (owner) => (present & (1 << owner)) !== 0 && (row === 0 || laneDatasetOf(row) !== owner),
    ),
  )
}

function matchColumn(name: string): Column {
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
    if (column === table.isThere) return { kind: 'match', dataset: table.schema.dataset }
    const place = table.columns.indexOf(column)
    if (place >= 0) return { kind: 'stored', table, column: table.schema.columns[place]! }
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
}): (column: Column) => { readonly dataset: string; readonly column: string } {
  return (column) => {
    const stored = storedColumn(tables, column, joined)
    if (stored.kind !== 'stored') throw new RangeError('a sum of what is public')
    return { dataset: stored.table.schema.dataset, column: stored.column.name }
  }
}
