/**
 * What happens to rows: one circuit for the filter, the groups and the NULLs of the arguments, and from it
 * what the aggregates demand.
 */
import { planesOf } from '../../shares/column-codec.ts'
import type { Column } from '../../shares/schema.ts'
import { CircuitBuilder, FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import type { Ref } from '../plan.ts'

import type { BoundAggregate, BoundQuery } from './bound.ts'
import { inputPlanes, rowPlanes } from './column-planes.ts'
import type { ColumnPlanes } from './column-planes.ts'
import { whereTrue } from './condition-circuit.ts'
import { collectDemand } from './demand.ts'
import type { Demand, GroupPlanes, SummedRows } from './demand.ts'
import { groupPlanes } from './groups.ts'
import type { KeyValue } from './groups.ts'
import type { PlanWriter } from './plan-writer.ts'
import { columnsOf, notNullWhenTrue } from './predicate.ts'

export interface RowPlan {
  readonly demand: Demand
  /** Holds the planes that the demand names. */
  readonly builder: CircuitBuilder
  /** Columns in the order of the circuit's inputs. */
  readonly columns: ReadonlyMap<Column, ColumnPlanes>
}

/** How to go about it: changes the cost only. */
export interface RowStrategy {
  /** Rounds that a comparison by size may take (circuit-gadgets.ts); 0 for the least. */
  readonly carryDepth: number
  readonly summedRows: SummedRows
}

/** Builds the planes of all groups and aggregates. */
export function planRows(
  query: BoundQuery,
  groups: readonly (readonly KeyValue[])[],
  { carryDepth, summedRows }: RowStrategy,
): RowPlan {
  const { schema, filter, keys, aggregates } = query
  const checked = columnsToCheck(query)
  const filters = aggregates.flatMap((aggregate) => aggregate.filter?.condition ?? [])
  const read = new Set([...[filter, ...filters].flatMap(columnsOf), ...keys, ...checked])
  // A circuit needs a plane to know its lanes by, even if its outputs are constant.
  if (read.size === 0) read.add(narrowest(schema.columns))
  const builder = new CircuitBuilder()
  const columns = inputPlanes(builder, schema, read)
  const row = rowPlanes(builder, columns, carryDepth)
  const wires = groupPlanes(row, keys, filter)
  const groupsWithPlanes = groups.map((group, index): GroupPlanes => {
    const rows = wires[index]!
    const filtered = ({ filter: own }: BoundAggregate): Wire =>
      own === undefined ? rows : builder.and(rows, whereTrue(row, own.condition))
    return {
      rows,
      filtered,
      contributing: (aggregate) => {
        const { column } = aggregate
        const over = filtered(aggregate)
        if (column === undefined) return over
        // Within a group a key is NULL everywhere or nowhere.
        const key = keys.indexOf(column)
        if (key >= 0) return group[key] === null ? FALSE : over
        return checked.has(column) ? builder.and(over, columns.get(column)?.valid ?? TRUE) : over
      },
    }
  })
  return { demand: collectDemand(aggregates, groupsWithPlanes, summedRows), builder, columns }
}

/** Writes the loads; the references are those of the circuit's inputs. */
export function loadColumns(
  query: BoundQuery,
  columns: ReadonlyMap<Column, ColumnPlanes>,
  writer: PlanWriter,
): Ref[] {
  return [...columns.keys()].flatMap((column) => {
    const planes = planesOf(column)
    const load = writer.add(
      {
        kind: 'load-bits',
        dataset: query.schema.dataset,
        column: column.name,
        planes,
        validity: column.nullable,
      },
      `bits of ${column.name}`,
    )
    const parts = planes + (column.nullable ? 1 : 0)
    return Array.from({ length: parts }, (_, part) => load(part))
  })
}

/** Arguments of aggregates that can be NULL on a row that passes the filter. */
function columnsToCheck({ filter, keys, aggregates }: BoundQuery): ReadonlySet<Column> {
  const notNull = notNullWhenTrue(filter) ?? new Set<string>()
  const checked = new Set<Column>()
  for (const { column } of aggregates) {
    if (column === undefined || !column.nullable) continue
    if (!notNull.has(column.name) && !keys.includes(column)) checked.add(column)
  }
  return checked
}

function narrowest(columns: readonly Column[]): Column {
  const [first, ...rest] = columns
  if (first === undefined) throw new RangeError('a schema has at least one column')
  return rest.reduce((best, column) => (planesOf(column) < planesOf(best) ? column : best), first)
}
