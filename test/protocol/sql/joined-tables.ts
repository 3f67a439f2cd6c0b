/** Hand-written datasets to join with the trips of trips-schema.ts, and what a query about several of them needs. */
import { datasetsOf as datasetsOfPlan } from '../../../protocol/join-lanes.ts'
import type { PlanParams } from '../../../protocol/plan.ts'
import { arrangeDatasets } from '../../../protocol/sql/arrange.ts'
import { datasetsOf } from '../../../protocol/sql/dataset.ts'
import type { Schema } from '../../../shares/schema.ts'
import type { PlainJoined } from '../ideal.ts'

import { plainColumns } from './random-table.ts'
import type { RandomTable } from './random-table.ts'

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

/** The tables of a query, with what compiler and ideal machine take. @throws as datasetsOf, arrangeDatasets */
export async function joinedCase(
  sql: string,
  tables: readonly RandomTable[],
): Promise<{
  readonly schemas: readonly Schema[]
  readonly params: PlanParams
  readonly joined: PlainJoined
}> {
  const named = (await datasetsOf(sql)).flatMap(
    (name) => tables.find(({ schema }) => schema.dataset === name) ?? [],
  )
  const schemas = named.map(({ schema }) => schema)
  const sizes = named.map(({ params }) => params.dataset)
  const arranged = await arrangeDatasets(sql, schemas, sizes)
  const order = datasetsOfPlan(arranged).map(({ name }) =>
    named.find(({ schema }) => schema.dataset === name)!,
  )
  return {
    schemas,
    params: { ...order[0]!.params, ...arranged },
    joined: {
      columns: Object.fromEntries(named.map((one) => [one.schema.dataset, plainColumns(one)])),
      memberOfRow: order.map(({ memberOfRow }) => memberOfRow),
    },
  }
}

/** The same table about other members: number m becomes m + by. */
export function shifted(table: RandomTable, by: number): RandomTable {
  return { ...table, memberOfRow: table.memberOfRow.map((member) => member + by) }
}
