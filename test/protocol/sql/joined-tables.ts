/** Hand-written datasets to join with the trips of trips-schema.ts, and what a query about several of them needs. */
import { datasetsOf as datasetsOfPlan } from '../../../protocol/join-lanes.ts'
import type { DatasetParams, PlanParams } from '../../../protocol/plan.ts'
import { arrangeDatasets } from '../../../protocol/sql/arrange.ts'
import { datasetsOf } from '../../../protocol/sql/dataset.ts'
import type { Schema } from '../../../shares/schema.ts'
import type { PlainBeside, PlainJoined } from '../ideal.ts'

import { plainColumns } from './random-table.ts'
import type { RandomTable } from './random-table.ts'
import { tripsTable } from './trips-table.ts'

const common = { member: 'rider', kMin: 2, purposes: ['test'] }

/** One row a member. */
export const RIDERS: Schema = {
  ...common,
  dataset: 'riders',
  columns: [
    { name: 'born', type: 'integer', nullable: false, min: 1930, max: 2010 },
    { name: 'city', type: 'text', nullable: false, dictionary: ['Graz', 'Linz', 'Wien'] },
  ],
}

/** One row a member, and a column that the trips have as well. */
export const HOMES: Schema = {
  ...common,
  dataset: 'homes',
  columns: [
    { name: 'rooms', type: 'integer', nullable: true, min: 1, max: 12 },
    { name: 'borough', type: 'text', nullable: false, dictionary: ['Bronx', 'Queens'] },
  ],
}

/** Several rows a member. */
export const REVIEWS: Schema = {
  ...common,
  dataset: 'reviews',
  columns: [{ name: 'stars', type: 'integer', nullable: false, min: 0, max: 5 }],
}

const reference = { member: 'office', kMin: 1, purposes: ['test'] }

/** Reference data, by a text: without one of the boroughs of the trips, with another one. */
export const AREAS = referenceTable(
  {
    ...reference,
    dataset: 'areas',
    columns: [
      {
        name: 'borough',
        type: 'text',
        nullable: false,
        dictionary: ['Queens', 'Bronx', 'Hoboken', 'Manhattan', 'Brooklyn'],
        unique: true,
      },
      { name: 'surface', type: 'integer', nullable: false, min: 10, max: 400 },
      { name: 'island', type: 'boolean', nullable: true },
    ],
  },
  [
    ['Manhattan', '59', 't'],
    ['Hoboken', '33', 'f'],
    ['Bronx', '110', 'f'],
    ['Brooklyn', '180', null],
    ['Queens', '280', null],
  ],
)

/** Reference data, by a number. */
export const CARS = referenceTable(
  {
    ...reference,
    dataset: 'cars',
    columns: [
      { name: 'seats', type: 'integer', nullable: true, min: 1, max: 20, unique: true },
      { name: 'doors', type: 'integer', nullable: true, min: 2, max: 5, reveal: 'extremes' },
      { name: 'size', type: 'text', nullable: false, dictionary: ['small', 'large'] },
      { name: 'widest', type: 'text', nullable: false, dictionary: ['Bronx', 'Queens'] },
    ],
  },
  [
    ['2', '3', 'small', 'Bronx'],
    ['5', null, 'large', 'Queens'],
    [null, '4', 'large', 'Bronx'],
    ['4', '5', 'small', 'Queens'],
    ['9', '5', 'large', 'Bronx'],
  ],
)

/** Reference data, by a text that trips must not show of a row. */
export const FEES = referenceTable(
  {
    ...reference,
    dataset: 'fees',
    columns: [
      {
        name: 'payment',
        type: 'text',
        nullable: false,
        dictionary: ['cash', 'credit card'],
        unique: true,
        reveal: 'extremes',
      },
      { name: 'fee', type: 'integer', nullable: false, min: 0, max: 9, reveal: 'extremes' },
    ],
  },
  [
    ['credit card', '2'],
    ['cash', '0'],
  ],
)

/** A table of a hand-written schema, of nobody. */
export function referenceTable(schema: Schema, rows: RandomTable['rows']): RandomTable {
  const memberOfRow = Uint32Array.from(rows, () => 0)
  const table = tripsTable(schema, rows.length, 1)
  return { ...table, rows, memberOfRow }
}

/** The tables of a query, with what compiler and ideal machine take. @throws as datasetsOf, arrangeDatasets */
export async function joinedCase(
  sql: string,
  tables: readonly RandomTable[],
): Promise<{
  readonly schemas: readonly Schema[]
  readonly params: PlanParams
  readonly joined: PlainJoined
  readonly beside: PlainBeside
}> {
  const named = (await datasetsOf(sql)).flatMap(
    (name) => tables.find(({ schema }) => schema.dataset === name) ?? [],
  )
  const schemas = named.map(({ schema }) => schema)
  const sizes = named.map(({ params }) => params.dataset)
  const arranged = await arrangeDatasets(sql, schemas, sizes)
  const tableOf = ({ name }: DatasetParams): RandomTable =>
    named.find(({ schema }) => schema.dataset === name)!
  const order = datasetsOfPlan(arranged).map(tableOf)
  const columnsOf = (some: readonly RandomTable[]): PlainBeside =>
    Object.fromEntries(some.map((one) => [one.schema.dataset, plainColumns(one)]))
  return {
    schemas,
    params: { ...order[0]!.params, ...arranged },
    joined: {
      columns: columnsOf(order),
      memberOfRow: order.map(({ memberOfRow }) => memberOfRow),
    },
    beside: columnsOf((arranged.beside ?? []).map(tableOf)),
  }
}

/** The same table about other members: number m becomes m + by. */
export function shifted(table: RandomTable, by: number): RandomTable {
  return { ...table, memberOfRow: table.memberOfRow.map((member) => member + by) }
}
