/**
 * A sub-query that is grouped by the member, bound: a table with a row for each member. A member none of whose rows passes
 * WHERE has no row in the sub-query; in the table it has one, and a plane says so.
 */
import type { Column, Schema } from '../../shares/schema.ts'
import { tableParams } from '../sections.ts'
import { mostRowsOf } from '../validate-plan.ts'

import type { AggregateList } from './bind-aggregate.ts'
import { bindOutput } from './bind-output.ts'
import type { BoundRows } from './bind-rows.ts'
import { argumentsOf } from './bound.ts'
import type { BoundAggregate, BoundQuery, BoundSource, Predicate } from './bound.ts'
import { fail, locate, memberColumn } from './context.ts'
import type { Context } from './context.ts'
import type { MemberSelect } from './grouped-query.ts'
import { columnOfAggregate, hiddenColumns, rowColumn } from './made-column.ts'
import { nameOfDemand, nameOfTable, withTable } from './made-table.ts'
import type { DemandedColumn, MadeColumn, MadeTable, WrittenTable } from './made-table.ts'
import { checkOverflow } from './overflow.ts'
import { writeMembers } from './plan-members.ts'
import type { MemberColumn } from './plan-members.ts'
import { columnsOf, notNullWhenTrue, TRUE_PREDICATE } from './predicate.ts'
import { remember } from './remember.ts'
import { columnsIn } from './row-value.ts'

/**
 * Binds the aggregates of such a sub-query.
 *
 * @param rows that it reads
 * @param filter its WHERE
 * @throws ShareholdError SH_SQL_UNSUPPORTED, SH_PLAN_OVERFLOW, and what bindAggregate throws
 */
export function bindMembers(rows: BoundRows, filter: Predicate, select: MemberSelect): MadeTable {
  const { source, params } = rows
  const context: Context = { ...rows.context, isInner: true }
  const { member, location } = select
  if (memberColumn(context, member, location)?.isNeverNull !== true) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `A sub-query is grouped by the member of every row, which "${member.join('.')}" is not.`,
      location,
      'Group by the member column that all rows of FROM have.',
    )
  }
  const list: AggregateList = { aggregates: [], groupingCalls: [] }
  const mostRows = Math.max(1, mostRowsOf(params))
  const notNull = notNullWhenTrue(filter) ?? new Set<Column>()
  const bound = select.columns.map(({ name, call }): MemberColumn => {
    const { expression, type, location: at } = bindOutput(context, [], list, call)
    const aggregate = list.aggregates.find(({ template }) => template === expression)
    if (aggregate === undefined) throw new RangeError('an aggregate that is none')
    const hiddenBy = hiddenColumns(rows, [...readBy(aggregate), ...columnsOf(filter)])
    const column = locate(context, at, () => {
      checkOverflow(aggregate, mostRows)
      return columnOfAggregate(aggregate, { name, sqlType: type, mostRows, notNull, hiddenBy })
    })
    return { column, aggregate }
  })
  const columns: MadeColumn[] = bound.map(({ column }) => column)
  const names = columns.map(({ name }) => name)
  const isRow =
    filter === TRUE_PREDICATE
      ? undefined
      : rowColumn([...names, member.at(-1)!], hiddenColumns(rows, columnsOf(filter)))
  const schema: Schema = {
    dataset: nameOfTable(source),
    member: member.at(-1)!,
    kMin: source.kMin,
    purposes: [],
    columns: isRow === undefined ? columns : [...columns, isRow],
  }
  const query = rowsQuery({ ...source, filter })
  const table = { schema, isRow, columns: bound }
  const write = (demanded: readonly DemandedColumn[]): WrittenTable => {
    const { writer, choices } = writeMembers(query, params, table, demanded)
    if (source.made === undefined) return { writer, choices }
    const all = withTable(source.made, writer)
    return { writer: all.writer, choices: [...all.choices, ...choices] }
  }
  return {
    schema,
    ...(isRow === undefined ? {} : { isRow }),
    params: tableParams({ name: schema.dataset, rows: 'members' }, params),
    secret:
      'Of the sub-query that is grouped by the member nothing is opened: not what it has of a member, nor of which members it has a row, nor of how many.',
    // Ways to go about the query around demand the same again and again.
    write: remember(nameOfDemand, write),
  }
}

/** A query about all rows together: what aggregates it has is told by whoever needs them. */
function rowsQuery(query: BoundSource & Pick<BoundQuery, 'filter'>): BoundQuery {
  return {
    ...query,
    // Nothing of it is opened.
    kMin: 1,
    keys: [],
    groupings: [[]],
    groupingCalls: [],
    aggregates: [],
    outputs: [],
    orderBy: [],
    limit: null,
    offset: 0,
  }
}

function readBy(aggregate: BoundAggregate): readonly Column[] {
  const conditions = [aggregate.filter, aggregate.condition].flatMap((one) => one?.condition ?? [])
  return [...argumentsOf(aggregate).flatMap(columnsIn), ...conditions.flatMap(columnsOf)]
}
