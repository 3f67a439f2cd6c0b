/**
 * Random joins for the oracle: a table with several rows a member, one or two others with one or several, and one of
 * them once more. To PostgreSQL the join is a view, over which the queries of a single table are asked.
 */
import type { PGlite } from '@electric-sql/pglite'
import * as fc from 'fast-check'

import { countLanes, datasetsOf, laneBlocks } from '../../../protocol/join-lanes.ts'
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
  quote,
  randomCell,
  randomColumn,
  randomTable,
} from './random-table.ts'
import type { RandomTable } from './random-table.ts'

type Gen = fc.GeneratorValue
/** All kinds of joins. */
export const KINDS = ['LEFT JOIN', 'RIGHT JOIN', 'JOIN', 'FULL JOIN', 'INNER JOIN'] as const
/** What else joins are to be seen with. */
export const SHAPES = [
  'lanes of several',
  'with itself',
  'several on both sides',
  'sub-query',
  'sub-query with a condition',
] as const

/** Lanes of a join: more take the ideal machine long. */
const MOST_LANES = 2_000
/** Of a column of a random table. */
const COLUMN_NAME = /(?<![.'\w])"?(?:in|de|bo|te|da|ti)\d+"?(?![.'\w])/giu
/** What is added to the numbers of the columns of a table that is there a second time. */
const SECOND = 500

export type Kind = (typeof KINDS)[number]
type Table = Pick<RandomTable, 'schema' | 'rows' | 'memberOfRow'>

/** A table as it stands in FROM. */
interface Item {
  readonly table: Table
  /** What its columns are qualified with. */
  readonly alias: string
  /** By their names in the view. */
  readonly columns: ReadonlyMap<string, Column>
}

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
  /** How the columns of the view may be written in the query: an unqualified name only if it is of one table. */
  readonly written: ReadonlyMap<string, readonly string[]>
  /** For statistics. */
  readonly kinds: readonly string[]
}

/**
 * @param database to ask which tables may lack a row
 * @param kind of the first join
 */
export async function randomJoined(
  g: Gen,
  database: PGlite,
  kind: Kind,
  n: 3 | 5 = 3,
): Promise<RandomJoined> {
  const trips = randomTable(g, n)
  const others = ['people', 'cars']
    .slice(0, g(fc.integer, { min: 0, max: 2 }))
    .map((name, k) => smallTable(g, name, 20 * (k + 1), trips.memberOfRow))
  const tables: Table[] = [trips, ...others]
  // One alone is joined with itself.
  const isTwice = others.length === 0 || g(fc.integer, { min: 0, max: 2 }) === 0
  const items = g(
    fc.shuffledSubarray,
    [...tables.map((table) => itemOf(table)), ...(isTwice ? [secondOf(g, tables)] : [])],
    { minLength: tables.length + (isTwice ? 1 : 0) },
  )
  const { from, bare, kinds } = randomFrom(g, items, kind)
  const sizes = tables.map((table) => sizesOf(table, table === trips ? trips.params : undefined))
  const schemas = tables.map(({ schema }) => schema)
  const arranged = await arrangeDatasets(`SELECT COUNT(*) FROM ${from}`, schemas, sizes)
  const blocks = laneBlocks(arranged)
  if (countLanes(blocks) > MOST_LANES) return randomJoined(g, database, kind, n)
  const optional = await optionalItems(database, tables, items, bare)
  const names = items.flatMap(({ columns }) => [...columns.values()].map(({ name }) => name))
  const columns = items.flatMap((item) =>
    [...item.columns].map(([name, column]): Column => ({
      ...column,
      name,
      nullable: column.nullable || optional.has(item),
    })),
  )
  const riders = items.map(({ alias }) => `${alias}.rider`)
  const shown = items.flatMap(({ alias, columns: own }) =>
    [...own].map(([name, column]) => `${alias}.${column.name} AS ${name}`),
  )
  return {
    schemas,
    params: { ...trips.params, ...arranged },
    joined: {
      columns: Object.fromEntries(
        tables.map((table) => [table.schema.dataset, plainColumns(table)]),
      ),
      memberOfRow: datasetsOf(arranged).map(
        ({ name }) => tables.find(({ schema }) => schema.dataset === name)!.memberOfRow,
      ),
    },
    from,
    ddl: [
      'DROP TABLE IF EXISTS trips, people, cars CASCADE;',
      ...tables.map(createTable),
      `CREATE VIEW everything AS SELECT coalesce(${riders.join(', ')}) AS rider, ${shown.join(', ')} FROM ${from};`,
    ].join('\n'),
    view: {
      ...trips.schema,
      dataset: 'everything',
      kMin: Math.max(...schemas.map(({ kMin }) => kMin)),
      columns,
    },
    members: [
      ...(from.includes(' ON ') ? [] : ['rider', 'RIDER']),
      ...items.flatMap((item) => (optional.has(item) ? [] : [`${item.alias}.rider`])),
    ],
    written: new Map(
      items.flatMap(({ alias, columns: own }) =>
        [...own].map(([view, { name }]) => {
          const isUnique = names.filter((one) => one === name).length === 1
          return [view, [...(isUnique ? [name] : []), `${alias}.${name}`]] as const
        }),
      ),
    ),
    kinds: [
      ...kinds,
      ...(from.includes('(SELECT') ? ['sub-query'] : []),
      ...(from.includes(' WHERE ') ? ['sub-query with a condition'] : []),
      ...(blocks.length > 1 ? ['lanes of several'] : []),
      ...(isTwice ? ['with itself'] : []),
      ...(blocks.some(({ spread }) => spread.some(({ times }) => times !== undefined))
        ? ['several on both sides']
        : []),
    ],
  }
}

/** A query over the view, and the same as Sharehold gets it: over the join, some names qualified. */
export function randomJoinedQuery(g: Gen, made: RandomJoined): RandomQuery {
  const { view, from, members, written } = made
  const query = randomQuery(g, view, 'everything')
  if (members.length === 0 && /DISTINCT rider/iu.test(query.sql)) return randomJoinedQuery(g, made)
  const text = query.sql
    .replaceAll('everything.', '')
    .replaceAll(/DISTINCT rider/giu, () => `DISTINCT ${g(fc.constantFrom, ...members)}`)
  const sql = writtenNames(text, written, (ways) => g(fc.constantFrom, ...ways))
  return { ...query, sql: sql.replace(' FROM everything', ` FROM ${from}`) }
}

/** A text with the names of the view's columns, as they are in the join. */
export function writtenNames(
  text: string,
  written: RandomJoined['written'],
  choose = (ways: readonly string[]): string => ways.at(-1)!,
): string {
  return text.replaceAll(COLUMN_NAME, (name) =>
    choose(written.get(name.replaceAll('"', '').toLowerCase()) ?? [name]),
  )
}

function itemOf(table: Table): Item {
  const { dataset, columns } = table.schema
  return { table, alias: dataset, columns: new Map(columns.map((column) => [column.name, column])) }
}

/** One of the tables once more. */
function secondOf(g: Gen, tables: readonly Table[]): Item {
  const table = g(fc.constantFrom<Table[]>, ...tables)
  const columns = table.schema.columns.map((column): readonly [string, Column] => {
    const name = column.name.replace(/\d+/u, (number) => String(SECOND + Number(number)))
    return [name, column]
  })
  return { table, alias: 'again', columns: new Map(columns) }
}

/**
 * Which of the items may have no row in a row of the join: PostgreSQL's answer for one member for each set of tables
 * that it may be in.
 */
async function optionalItems(
  database: PGlite,
  tables: readonly Table[],
  items: readonly Item[],
  from: string,
): Promise<ReadonlySet<Item>> {
  const sets = [...Array(1 << tables.length).keys()].slice(1)
  await database.exec(
    [
      'DROP TABLE IF EXISTS trips, people, cars CASCADE;',
      ...tables.map(({ schema: { dataset } }, k) => {
        const members = sets.filter((set) => (set & (1 << k)) !== 0).map((set) => `('${set}')`)
        return `CREATE TABLE ${dataset} (rider text); INSERT INTO ${dataset} VALUES ${members.join(', ')};`
      }),
    ].join('\n'),
  )
  const lacks = items.map(({ alias }) => `coalesce(bool_or(${alias}.rider IS NULL), false)`)
  const { rows } = await database.query<boolean[]>(`SELECT ${lacks.join(', ')} FROM ${from}`, [], {
    rowMode: 'array',
  })
  return new Set(items.filter((_, k) => rows[0]![k]))
}

/** Some of the members of the trips, and others, with one row each or up to three. */
function smallTable(g: Gen, dataset: string, firstColumn: number, riders: Uint32Array): Table {
  const members = riders.reduce((most, member) => Math.max(most, member + 1), 0)
  const all = Array.from({ length: members + 3 }, (_, member) => member)
  const most = g(fc.constantFrom, 1, 1, 3)
  const some = g(fc.shuffledSubarray, all, { minLength: 1 })
  const memberOfRow = Uint32Array.from(
    some.flatMap((member) =>
      Array.from({ length: g(fc.integer, { min: 1, max: most }) }, () => member),
    ),
  )
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

/** A left-deep join, and the same without sub-queries. */
function randomFrom(
  g: Gen,
  items: readonly Item[],
  firstKind: Kind,
): { readonly from: string; readonly bare: string; readonly kinds: readonly Kind[] } {
  const [first, ...others] = items
  // With ON, an unqualified rider would be ambiguous further on: one or the other throughout.
  const isRare = firstKind === 'RIGHT JOIN' || firstKind === 'FULL JOIN'
  const isOn = g(fc.integer, { min: 0, max: 2 }) === 0 && !(isRare && others.length > 1)
  const kindsHere: readonly Kind[] =
    isOn && others.length > 1
      ? ['JOIN', 'INNER JOIN', 'LEFT JOIN']
      : ['JOIN', 'INNER JOIN', 'LEFT JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN']
  const kinds = others.map((_, k) => (k === 0 ? firstKind : g(fc.constantFrom, ...kindsHere)))
  const conditions = others.map((item) => {
    const sides = g(fc.boolean) ? [first!, item] : [item, first!]
    return isOn ? `ON ${sides.map(({ alias }) => `${alias}.rider`).join(' = ')}` : 'USING (rider)'
  })
  const write = (textOf: (item: Item, isOptional: boolean) => string): string => {
    // Whether a row can do without one of an item.
    const isOptional = (place: number): boolean =>
      kinds.some((kind, k) =>
        k + 1 === place
          ? kind === 'LEFT JOIN' || kind === 'FULL JOIN'
          : k + 1 > place && (kind === 'RIGHT JOIN' || kind === 'FULL JOIN'),
      )
    return items
      .map((item, k) => {
        const text = textOf(item, isOptional(k))
        return k === 0 ? text : `${kinds[k - 1]!} ${text} ${conditions[k - 1]!}`
      })
      .join(' ')
  }
  const named = ({ table, alias }: Item): string =>
    alias === table.schema.dataset ? alias : `${table.schema.dataset} AS ${alias}`
  return {
    from: write((item, isOptional) =>
      g(fc.integer, { min: 0, max: 3 }) > 0 ? named(item) : randomQueryOf(g, item, isOptional),
    ),
    bare: write(named),
    kinds,
  }
}

/** A sub-query that shows all columns of a table, in some order, and some of its rows if it may. */
function randomQueryOf(g: Gen, { table, alias }: Item, isOptional: boolean): string {
  const { dataset, columns } = table.schema
  const names = ['rider', ...columns.map(({ name }) => name)]
  const shown = g(fc.boolean)
    ? '*'
    : g(fc.boolean)
      ? names.join(', ')
      : names.toReversed().join(', ')
  const column = g(fc.constantFrom<Column[]>, ...columns)
  const cell = randomCell(g, column)
  const condition = g(
    fc.constantFrom,
    `${column.name} IS NOT NULL`,
    `${dataset}.${column.name} IS NULL`,
    cell === null ? 'true' : `${column.name} <= ${quote(cell)}`,
    cell === null ? 'true' : `${column.name} <> ${quote(cell)}`,
  )
  const where = isOptional || g(fc.boolean) ? '' : ` WHERE ${condition}`
  return `(SELECT ${shown} FROM ${dataset}${where}) AS ${alias}`
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
