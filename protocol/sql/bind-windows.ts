/**
 * A sub-query with window functions, bound: a table with the rows that it reads, in another order within members, and
 * columns for the calls. A row that does not pass WHERE is none of the sub-query; in the table there is one, and a plane
 * says so.
 */
import type { Column, Schema } from '../../shares/schema.ts'
import { tableParams } from '../sections.ts'
import { mostRowsOf } from '../validate-plan.ts'

import type { BoundRows } from './bind-rows.ts'
import type { Predicate } from './bound.ts'
import { sqlTypeOf } from './column-domain.ts'
import { fail, locate } from './context.ts'
import { hiddenColumns, rowColumn } from './made-column.ts'
import { nameOfDemand, nameOfTable, withTable } from './made-table.ts'
import type { DemandedColumn, MadeColumn, MadeTable, WrittenTable } from './made-table.ts'
import { writeWindowTable } from './plan-window-table.ts'
import type { BoundCall } from './plan-window-table.ts'
import { PlanWriter } from './plan-writer.ts'
import { columnsOf, TRUE_PREDICATE } from './predicate.ts'
import { remember } from './remember.ts'
import { columnsIn } from './row-value.ts'
import { bindWindow, bindWindowCall, columnsOfCall } from './window-call.ts'
import type { WindowCall } from './window-call.ts'
import { columnOfCall, insideColumn } from './window-column.ts'
import type { WindowSelect } from './window-query.ts'

/**
 * Binds the calls of such a sub-query.
 *
 * @param rows that it reads
 * @param filter its WHERE
 * @throws ShareholdError SH_SQL_UNSUPPORTED, SH_PLAN_OVERFLOW, and what bindWindowCall throws
 */
export function bindWindows(rows: BoundRows, filter: Predicate, select: WindowSelect): MadeTable {
  const { context, source, params } = rows
  const [table, other] = context.tables
  if (table === undefined || other !== undefined) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'A window function over a join is not supported.',
      select.location,
      'Ask about one dataset.',
    )
  }
  const mostRows = Math.max(1, mostRowsOf(params))
  const hiddenBy = (columns: readonly Column[]): readonly string[] => hiddenColumns(rows, columns)
  const ofFilter = columnsOf(filter)
  const calls = select.calls.map(({ name, inside, call: node }): BoundCall => {
    const call = bindWindowCall(context, node, select.windows)
    const hidden = hiddenBy(
      isOneValue(call) ? columnsIn(call.argument!) : [...columnsOfCall(call), ...ofFilter],
    )
    const column = locate(context, call.location, () =>
      columnOfCall(call, { name, mostRows, hiddenBy: hidden }),
    )
    return {
      call,
      column,
      ...(inside === undefined ? {} : { inside: insideColumn({ name: inside, hiddenBy: hidden }) }),
    }
  })
  // One that no call names must be right all the same.
  for (const definition of select.windows.values()) bindWindow(context, definition)
  const stored = context.columns.map((column): { column: MadeColumn; source: Column } => ({
    source: column,
    column: { ...column, sqlType: sqlTypeOf(column), hiddenBy: hiddenBy([column]) },
  }))
  const columns: MadeColumn[] = [
    ...stored.map(({ column }) => column),
    ...calls.flatMap(({ column, inside }) => (inside === undefined ? [column] : [column, inside])),
  ]
  const { member } = table.schema
  const taken = [...columns.map(({ name }) => name), member]
  const isRow = filter === TRUE_PREDICATE ? undefined : rowColumn(taken, hiddenBy(ofFilter))
  const schema: Schema = {
    dataset: nameOfTable(source),
    member,
    kMin: source.kMin,
    purposes: [],
    columns: isRow === undefined ? columns : [...columns, isRow],
  }
  const made = { schema, isRow, stored, calls }
  const write = (demanded: readonly DemandedColumn[]): WrittenTable => {
    const writer = new PlanWriter(source.joined && { join: source.joined.join })
    writeWindowTable({ source, filter, params, writer }, made, demanded)
    return source.made === undefined ? { writer, choices: [] } : withTable(source.made, writer)
  }
  return {
    schema,
    ...(isRow === undefined ? {} : { isRow }),
    params: tableParams({ name: schema.dataset, rows: 'rows' }, params),
    secret:
      'Of the sub-query with window functions nothing is opened: neither what they give nor how rows are ordered.',
    write: remember(nameOfDemand, write),
  }
}

/** Whether a call gives the value of a row as it is: then what chooses the row does not matter, as in WHERE. */
function isOneValue(call: WindowCall): boolean {
  return ['lag', 'lead', 'first_value', 'last_value', 'min', 'max'].includes(call.function)
}
