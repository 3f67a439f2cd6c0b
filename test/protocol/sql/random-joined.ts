/**
 * Random joins for the oracle: a table with several rows a member, or not, and one or two tables with one. To
 * PostgreSQL the join is a view, over which the queries of a single table are asked.
 */
import * as fc from 'fast-check'

import type { DatasetParams, PlanParams } from '../../../protocol/plan.ts'
import { arrangeDatasets } from '../../../protocol/sql/arrange.ts'
import type { Column, Schema } from '../../../shares/schema.ts'
import type { PlainJoined } from '../ideal.ts'

import { randomQuery } from './random-query.ts'
import type { RandomQuery } from './random-query.ts'
import {
  createTable,
  histogram,
  plainColumns,
  randomCell,
  randomColumn,
  randomTable,
} from './random-table.ts'
import type { RandomTable } from './random-table.ts'

type Gen = fc.GeneratorValue
/** All kinds of joins. */
export const KINDS = ['LEFT JOIN', 'RIGHT JOIN', 'JOIN', 'FULL JOIN', 'INNER JOIN'] as const

export type Kind = (typeof KINDS)[number]
type Table = Pick<RandomTable, 'schema' | 'rows' | 'memberOfRow'>

export interface RandomJoined {
  readonly schemas: readonly Schema[]
  readonly params: PlanParams
  readonly joined: PlainJoined
  /** What is between FROM and WHERE. */
  readonly from: string
  /** The tables, and the view `everything`. */
  readonly ddl: string
  /** Of the view: all columns, NULLs where the join makes them. */
  readonly view: Schema
  /** What has a member in every row, as PostgreSQL and Sharehold know it: empty if nothing has. */
  readonly members: readonly string[]
  /** For statistics. */
  readonly kinds: readonly string[]
}

/** @param kind of the first join */
export async function randomJoined(g: Gen, kind: Kind, n: 3 | 5 = 3): Promise<RandomJoined> {
  const trips = randomTable(g, n)
  const others = ['people', 'cars']
    .slice(0, g(fc.integer, { min: 1, max: 2 }))
    .map((name, k) => singleRowTable(g, name, 20 * (k + 1), trips.memberOfRow))
  const tables: Table[] = g(fc.shuffledSubarray, [trips, ...others], {
    minLength: 1 + others.length,
    maxLength: 1 + others.length,
  })
  const { from, kinds, optional } = randomFrom(g, tables, kind)
  const sizes = tables.map((table) => sizesOf(table, table === trips ? trips.params : undefined))
  const schemas = tables.map(({ schema }) => schema)
  const arranged = await arrangeDatasets(`SELECT COUNT(*) FROM ${from}`, schemas, sizes)
  const order = [arranged.dataset, ...(arranged.joined ?? [])].map(({ name }) =>
    tables.find(({ schema }) => schema.dataset === name)!,
  )
  const columns = tables.flatMap(({ schema }) =>
    schema.columns.map((column): Column => ({
      ...column,
      nullable: column.nullable || optional.has(schema.dataset),
    })),
  )
  const riders = schemas.map(({ dataset }) => `${dataset}.rider`)
  const view = `CREATE VIEW everything AS SELECT coalesce(${riders.join(', ')}) AS rider, ${columns
    .map(({ name }) => name)
    .join(', ')} FROM ${from};`
  return {
    schemas,
    params: { ...trips.params, ...arranged },
    joined: {
      columns: Object.fromEntries(
        tables.map((table) => [table.schema.dataset, plainColumns(table)]),
      ),
      memberOfRow: order.map(({ memberOfRow }) => memberOfRow),
    },
    from,
    ddl: [
      'DROP TABLE IF EXISTS trips, people, cars CASCADE;',
      ...tables.map(createTable),
      view,
    ].join('\n'),
    view: {
      ...trips.schema,
      dataset: 'everything',
      kMin: Math.max(...schemas.map(({ kMin }) => kMin)),
      columns,
    },
    members: [
      ...(from.includes(' ON ') ? [] : ['rider', 'RIDER']),
      ...schemas.flatMap(({ dataset }) => (optional.has(dataset) ? [] : [`${dataset}.rider`])),
    ],
    kinds: [
      ...kinds,
      ...((arranged.joined ?? []).some(({ lanes }) => lanes) ? ['lanes of several'] : []),
    ],
  }
}

/** A query over the view, and the same as Sharehold gets it: over the join, some names qualified. */
export function randomJoinedQuery(g: Gen, made: RandomJoined): RandomQuery {
  const { view, from, schemas, members } = made
  const query = randomQuery(g, view, 'everything')
  // HAVING over joins is left to the queries of one table: it may be about a NULL key that is refused.
  if (/ HAVING /iu.test(query.sql)) return randomJoinedQuery(g, made)
  if (members.length === 0 && /DISTINCT rider/iu.test(query.sql)) return randomJoinedQuery(g, made)
  const tableOf = new Map(
    schemas.flatMap(({ dataset, columns }) => columns.map(({ name }) => [name, dataset] as const)),
  )
  const text = query.sql
    .replace(' FROM everything', ` FROM ${from}`)
    .replaceAll('everything.', '')
    .replaceAll(/DISTINCT rider/giu, () => `DISTINCT ${g(fc.constantFrom, ...members)}`)
    .replaceAll(/(?<![."'\w])(?:in|de|bo|te|da|ti)\d+(?![."'\w])/gu, (name) =>
      tableOf.has(name) && g(fc.boolean) ? `${tableOf.get(name)!}.${name}` : name,
    )
  return { ...query, sql: text }
}

/** Some of the members of the trips, and others. */
function singleRowTable(g: Gen, dataset: string, firstColumn: number, riders: Uint32Array): Table {
  const members = riders.reduce((most, member) => Math.max(most, member + 1), 0)
  const all = Array.from({ length: members + 3 }, (_, member) => member)
  const memberOfRow = Uint32Array.from(g(fc.shuffledSubarray, all, { minLength: 1 }))
  const allTypes = ['integer', 'decimal', 'boolean', 'text', 'date', 'timestamp'] as const
  const types = g(fc.shuffledSubarray<Column['type']>, [...allTypes], {
    minLength: 1,
    maxLength: 4,
  })
  const columns = types.map((type, index) => randomColumn(g, type, firstColumn + index))
  return {
    schema: {
      dataset,
      member: 'rider',
      kMin: g(fc.constantFrom, 1, 1, 2, 3),
      purposes: ['test'],
      columns,
    },
    rows: Array.from(memberOfRow, () => columns.map((column) => randomCell(g, column))),
    memberOfRow,
  }
}

/** A left-deep join, and which tables may be missing in a row, by the rules of outer joins. */
function randomFrom(
  g: Gen,
  tables: readonly Table[],
  firstKind: Kind,
): { readonly from: string; readonly kinds: readonly Kind[]; readonly optional: Set<string> } {
  const [first, ...others] = tables.map(({ schema }) => schema.dataset)
  const optional = new Set<string>()
  const before = [first!]
  const kinds: Kind[] = []
  let from = first!
  // With ON, an unqualified rider would be ambiguous further on: one or the other throughout.
  const isRare = firstKind === 'RIGHT JOIN' || firstKind === 'FULL JOIN'
  const isOn = g(fc.integer, { min: 0, max: 2 }) === 0 && !(isRare && others.length > 1)
  const kindsHere: readonly Kind[] =
    isOn && others.length > 1
      ? ['JOIN', 'INNER JOIN', 'LEFT JOIN']
      : ['JOIN', 'INNER JOIN', 'LEFT JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN']
  for (const name of others) {
    const kind = kinds.length === 0 ? firstKind : g(fc.constantFrom, ...kindsHere)
    if (kind === 'LEFT JOIN' || kind === 'FULL JOIN') optional.add(name)
    if (kind === 'RIGHT JOIN' || kind === 'FULL JOIN') for (const one of before) optional.add(one)
    const sides = g(fc.boolean) ? [first, name] : [name, first]
    const on = `ON ${sides.map((side) => `${side}.rider`).join(' = ')}`
    from += ` ${kind} ${name} ${isOn ? on : 'USING (rider)'}`
    before.push(name)
    kinds.push(kind)
  }
  return { from, kinds, optional }
}

function sizesOf({ schema, memberOfRow }: Table, params: PlanParams | undefined): DatasetParams {
  if (params !== undefined) return params.dataset
  return {
    name: schema.dataset,
    version: 1,
    chunks: memberOfRow.length < 4 ? [memberOfRow.length] : [3, memberOfRow.length - 3],
    rowsPerMember: histogram(memberOfRow),
  }
}
