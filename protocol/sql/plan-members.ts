/**
 * The table of a sub-query that is grouped by the member: what each aggregate is over the rows of each member, in the encodings
 * that the plan over it loads.
 *
 *   load columns -> one circuit for filter and NULLs -> a bit of any row                       -> rows, NULLs, truth values
 *                                                    -> ones of each member, added in binary   -> counts
 *                                                    -> rows of each member, the larger of two -> MIN, MAX
 *                -> values, times bits of rows       -> summed up by member -> digits          -> sums
 *
 * Who learns what: nobody learns anything; nothing is opened. Cost for N rows of M members: about 2 ANDs a row for a count, k + 1
 * ANDs a row for the largest of k bits; for a sum a product and a conversion a row, nothing if there is no filter, and
 * about 250 bits a member if it is needed in binary.
 */
import type { Column, Schema } from '../../shares/schema.ts'
import { schedule } from '../cost.ts'
import type { Operator, Plan, PlanParams, TableColumn } from '../plan.ts'

import { answerGroups } from './answer-groups.ts'
import type { NumberName } from './answer-spec.ts'
import type { BoundAggregate, BoundQuery } from './bound.ts'
import { answerQuestions, estimate } from './choices.ts'
import { emptyGroups } from './empty-groups.ts'
import type { DemandedColumn, MadeColumn, WrittenTable } from './made-table.ts'
import { MemberColumns } from './member-columns.ts'
import type { ColumnSource, Making } from './member-columns.ts'
import { FIRST_MEMBER_STRATEGY, memberQuestions, nameOfStrategy } from './member-ways.ts'
import type { MemberStrategy } from './member-ways.ts'
import { chunksAtATime } from './plan-planes.ts'
import { planRows } from './plan-rows.ts'
import { PlanWriter } from './plan-writer.ts'
import { remember } from './remember.ts'

/** A column, and what it holds. */
export interface MemberColumn {
  readonly column: MadeColumn
  readonly aggregate: BoundAggregate
}

interface MemberTable {
  readonly schema: Schema
  readonly isRow: Column | undefined
  readonly columns: readonly MemberColumn[]
}

/** Whether there is a row at all is told by whom COUNT(*) counts. */
const ROWS: BoundAggregate = {
  template: {
    kind: 'aggregate',
    function: 'count',
    arguments: [],
    cohort: 0,
    places: { count: 0 },
  },
  location: undefined,
}

/**
 * Writes the operators of the table, itself the last, in the cheapest way.
 *
 * @param query about all rows together, without aggregates
 */
export function writeMembers(
  query: BoundQuery,
  params: PlanParams,
  { schema, isRow, columns }: MemberTable,
  demanded: readonly DemandedColumn[],
): WrittenTable {
  const wanted = demanded.flatMap((demand): Wanted[] => {
    if (demand.column === isRow) return [{ demand, aggregate: ROWS }]
    const found = columns.find(({ column }) => column === demand.column)
    if (found === undefined) throw new RangeError(`${demand.column.name} is no column`)
    return [{ demand, aggregate: found.aggregate }]
  })
  const write = (strategy: MemberStrategy): PlanWriter => {
    const writer = new PlanWriter(query.joined && { join: query.joined.join })
    const made =
      wanted.length === 0 ? [] : writeColumns({ query, params, isRow, strategy, writer }, wanted)
    const { dataset: name } = schema
    writer.add({ kind: 'table', name, rows: 'members', columns: made }, 'a row for each member')
    return writer
  }
  const costOf = remember(nameOfStrategy, (strategy: MemberStrategy) =>
    estimate(schedule(alone(write(strategy)), params), params.network),
  )
  const counts = wanted.some(({ aggregate }) => aggregate !== ROWS && isCount(aggregate))
  const questions = wanted.length === 0 ? [] : memberQuestions(query.filter, counts)
  const { strategy, choices } = answerQuestions(
    FIRST_MEMBER_STRATEGY,
    questions,
    costOf,
    nameOfStrategy,
  )
  return { writer: write(strategy), choices }
}

function isCount({ template }: BoundAggregate): boolean {
  return template.function === 'count'
}

/** The plan that makes the table, and nothing of it: what it costs comes on top of all plans over it. */
function alone(writer: PlanWriter): Plan {
  const none = { op: writer.plan.operators.length, part: 0 }
  const nothing: readonly Operator[] = [
    { kind: 'constant', lanes: ['0'] },
    { kind: 'output', inputs: [none] },
  ]
  return { ...writer.plan, operators: [...writer.plan.operators, ...nothing] }
}

interface Wanted {
  readonly demand: DemandedColumn
  readonly aggregate: BoundAggregate
}

function writeColumns(making: Making, wanted: readonly Wanted[]): TableColumn[] {
  const { query, params, strategy, writer } = making
  const aggregates = [...new Set(wanted.map(({ aggregate }) => aggregate))]
  const about = { ...query, aggregates }
  const groups = answerGroups(about)
  const { carryDepth } = strategy
  const rowPlan = planRows(about, groups, emptyGroups(about, groups), undefined, {
    grouping: 'one-hot',
    carryDepth,
    summedRows: 'group',
  })
  const { demand } = rowPlan
  const chunks = chunksAtATime(params, demand)
  if (chunks < params.chunksInFlight) writer.limitChunks(chunks)
  const sources = wanted.map(({ demand: column, aggregate }): ColumnSource => {
    const { cohort, values } = demand.cells[0]![aggregates.indexOf(aggregate)]!
    const number = NUMBERS.find((name) => values.has(name))!
    const value = demand.values[values.get(number)!]!
    return { demand: column, aggregate, among: demand.cohorts[cohort]!.plane, value }
  })
  const members = new MemberColumns({ ...making, query: about }, rowPlan, sources)
  return sources.map((source) => members.column(source))
}

const NUMBERS: readonly NumberName[] = ['count', 'sum', 'any', 'value']
