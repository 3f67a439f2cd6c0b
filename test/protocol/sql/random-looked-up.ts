/**
 * Random lookups for the oracle: rows of one table, or of two joined on the member, look for rows of one or two others by
 * key. To PostgreSQL all of it is a view, over which the queries of a single table are asked.
 */
import * as fc from 'fast-check'

import { datasetsOf } from '../../../protocol/join-lanes.ts'
import type { DatasetParams } from '../../../protocol/plan.ts'
import { arrangeDatasets } from '../../../protocol/sql/arrange.ts'
import { sqlTypeOf } from '../../../protocol/sql/column-domain.ts'
import { commonKey } from '../../../protocol/sql/lookup-key.ts'
import { codecOf } from '../../../shares/column-codec.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import type { Column } from '../../../shares/schema.ts'
import type { PlainBeside, PlainColumn } from '../ideal.ts'

import type { RandomJoined } from './random-joined.ts'
import {
  createTable,
  histogram,
  plainColumns,
  plusSeconds,
  randomCell,
  randomColumn,
  randomTable,
} from './random-table.ts'
import type { RandomTable } from './random-table.ts'

type Gen = fc.GeneratorValue
type Table = Pick<RandomTable, 'schema' | 'rows' | 'memberOfRow'>

/** What lookups are to be seen with. */
export const LOOKUPS = [
  'JOIN',
  'LEFT JOIN',
  'RIGHT JOIN',
  'USING',
  'other conditions',
  'one after the other',
  'one dataset twice',
  'beside a join on the member',
  'found',
  'not found',
  'NULL as a key',
] as const

export interface RandomLookedUp extends RandomJoined {
  readonly beside: PlainBeside
  /** Of the first table, if nothing is joined on the member. */
  readonly columns: Readonly<Record<string, PlainColumn>>
  readonly memberOfRow: Uint32Array
}

/** A table as it stands in FROM. */
interface Item {
  readonly table: Table
  readonly alias: string
  /** By their names in the view. */
  readonly columns: ReadonlyMap<string, Column>
  /** Whether a row of FROM may have none of it. */
  readonly isOptional: boolean
  /** A name that only means something with the alias: USING has merged the column. */
  readonly merged?: string
}

/** Where a key may be looked by. */
interface Place {
  readonly item: Item
  readonly column: Column
  /** Of all rows, to be found among the keys. */
  readonly cells: readonly (string | null)[]
}

export async function randomLookedUp(g: Gen, n: 3 | 5 = 3): Promise<RandomLookedUp> {
  const trips = randomTable(g, n)
  const core = randomCore(g, trips)
  const kinds = new Set<string>(core.items.length > 1 ? ['beside a join on the member'] : [])
  const items = [...core.items]
  let { from } = core
  const places: Place[] = core.items.flatMap(placesOf)
  const count = g(fc.integer, { min: 1, max: 2 })
  for (let nth = 0; nth < count; nth++) {
    const again = nth > 0 && g(fc.integer, { min: 0, max: 2 }) === 0
    const made = again
      ? againOf(g, items.at(-1), places)
      : firstOf(
          g,
          nth,
          nth > 0 && g(fc.boolean) ? items.slice(-1).flatMap(placesOf) : places,
          places,
        )
    if (made === undefined) continue
    const isFirst = nth === 0 && core.items.length === 1 && g(fc.boolean)
    const { text, item, seen } = randomLookup(g, from, made, isFirst, items)
    from = text
    items.push(item)
    places.push(...placesOf(item))
    for (const kind of seen) kinds.add(kind)
    if (again) kinds.add('one dataset twice')
    if (items.indexOf(made.place.item) >= core.items.length) kinds.add('one after the other')
  }
  const tables = [...new Set(items.map(({ table }) => table))]
  const schemas = tables.map(({ schema }) => schema)
  const sizes = tables.map((table) => (table === trips ? trips.params.dataset : sizesOf(table)))
  const arranged = await arrangeDatasets(`SELECT COUNT(*) FROM ${from}`, schemas, sizes)
  const named = (name: string): Table => tables.find(({ schema }) => schema.dataset === name)!
  const names = items.flatMap(({ columns }) => [...columns.values()].map(({ name }) => name))
  const shown = items.flatMap(({ alias, columns }) =>
    [...columns].map(([name, column]) => `${alias}.${column.name} AS ${name}`),
  )
  const riders = core.items.map(({ alias }) => `${alias}.rider`)
  return {
    schemas,
    params: { ...trips.params, ...arranged },
    joined: {
      columns: Object.fromEntries(tables.map((one) => [one.schema.dataset, plainColumns(one)])),
      memberOfRow: datasetsOf(arranged).map(({ name }) => named(name).memberOfRow),
    },
    columns: plainColumns(trips),
    memberOfRow: trips.memberOfRow,
    beside: Object.fromEntries(
      (arranged.beside ?? []).map(({ name }) => [name, plainColumns(named(name))]),
    ),
    from,
    ddl: [
      'DROP TABLE IF EXISTS trips, people, places, kinds CASCADE;',
      ...tables.map(createTable),
      `CREATE VIEW everything AS SELECT coalesce(${riders.join(', ')}) AS rider, ${shown.join(', ')} FROM ${from};`,
    ].join('\n'),
    view: {
      ...trips.schema,
      dataset: 'everything',
      kMin: Math.max(...schemas.map(({ kMin }) => kMin)),
      columns: items.flatMap((item) =>
        [...item.columns].map(([name, column]): Column => {
          const { unique: _, ...rest } = column
          return { ...rest, name, nullable: column.nullable || item.isOptional }
        }),
      ),
    },
    members: core.items.length > 1 ? ['rider'] : ['rider', 'trips.rider'],
    written: new Map(
      items.flatMap(({ alias, columns, merged }) =>
        [...columns].map(([view, { name }]) => {
          const others = items.filter((one) => one.merged === name).length
          const isPlain =
            name !== merged && names.filter((one) => one === name).length - others === 1
          return [view, [...(isPlain ? [name] : []), `${alias}.${name}`]] as const
        }),
      ),
    ),
    kinds: [...kinds],
  }
}

/** Tables whose rows make the lanes. */
function randomCore(
  g: Gen,
  trips: RandomTable,
): { readonly from: string; readonly items: readonly Item[] } {
  const item = itemOf(trips, 'trips', false)
  if (g(fc.integer, { min: 0, max: 2 }) > 0) return { from: 'trips', items: [item] }
  const people = smallTable(g, 'people', 'rider', 20, trips.memberOfRow)
  const kind = g(fc.constantFrom, 'JOIN', 'LEFT JOIN')
  return {
    from: `trips ${kind} people USING (rider)`,
    items: [item, itemOf(people, 'people', kind === 'LEFT JOIN')],
  }
}

interface Made {
  readonly table: Table
  readonly alias: string
  readonly columns: ReadonlyMap<string, Column>
  readonly key: Column
  readonly place: Place
}

/** A new table with a key like a column that is there. @param some of the places, to choose from */
function firstOf(g: Gen, nth: number, some: readonly Place[], places: readonly Place[]): Made {
  const place = g(fc.constantFrom<Place[]>, ...some)
  const number = 40 + 20 * nth
  const own = keyColumn(g, place.column, `${place.column.type.slice(0, 2)}${number}`)
  const isUsing = g(fc.integer, { min: 0, max: 3 }) === 0 && isNameOfOne(place, places)
  const key: Column = { ...own, name: isUsing ? place.column.name : own.name, unique: true }
  const others = randomColumns(g, number + 1)
  const dataset = ['places', 'kinds'][nth]!
  const keys = randomKeys(g, key, place.cells)
  const table: Table = {
    schema: {
      dataset,
      member: 'office',
      kMin: 1,
      purposes: ['test'],
      columns: [key, ...others],
    },
    rows: keys.map((cell) => [cell, ...others.map((column) => randomCell(g, column))]),
    memberOfRow: Uint32Array.from(keys, (_, row) => row % 3),
  }
  const columns = new Map([
    [own.name, key],
    ...others.map((column): [string, Column] => [column.name, column]),
  ])
  return { table, alias: dataset, columns, key, place }
}

/** USING needs a name that means one column before. */
function isNameOfOne({ column }: Place, places: readonly Place[]): boolean {
  return places.filter((place) => place.column.name === column.name).length === 1
}

/** The same table once more, looked for by a column that fits. */
function againOf(g: Gen, item: Item | undefined, places: readonly Place[]): Made | undefined {
  if (item === undefined) return undefined
  const { table } = item
  const key = table.schema.columns.find(({ unique }) => unique === true)
  const fitting = places.filter((one) => one.item.table !== table && fits(one.column, key!))
  if (key === undefined || fitting.length === 0) return undefined
  const columns = new Map(
    table.schema.columns.map((column) => [
      column.name.replace(/\d+/u, (number) => String(500 + Number(number))),
      column,
    ]),
  )
  return { table, alias: 'again', columns, key, place: g(fc.constantFrom<Place[]>, ...fitting) }
}

function fits(left: Column, right: Column): boolean {
  if (left.type !== right.type) return false
  try {
    return commonKey(left, right).width > 0
  } catch (error) {
    if (error instanceof ShareholdError) return false
    throw error
  }
}

/** FROM with one lookup more. @param first whether the table that is looked in may stand first */
function randomLookup(
  g: Gen,
  from: string,
  { table, alias, columns, key, place }: Made,
  first: boolean,
  before: readonly Item[],
): { readonly text: string; readonly item: Item; readonly seen: readonly string[] } {
  const { dataset } = table.schema
  const name = dataset === alias ? alias : `${dataset} AS ${alias}`
  const isUsing = key.name === place.column.name && sqlTypeOf(key) === sqlTypeOf(place.column)
  const isLeft = g(fc.boolean)
  const kind = isLeft ? (first ? 'RIGHT JOIN' : 'LEFT JOIN') : 'JOIN'
  const sides = [`${place.item.alias}.${place.column.name}`, `${alias}.${key.name}`]
  const extra = !isLeft && !isUsing && g(fc.integer, { min: 0, max: 2 }) === 0
  const [shown] = [...columns.values()].slice(-1)
  const conditions = [
    (g(fc.boolean) ? sides : sides.toReversed()).join(' = '),
    ...(extra ? [`${alias}.${shown!.name} IS NOT NULL`] : []),
  ]
  const on = isUsing ? `USING (${key.name})` : `ON ${conditions.join(' AND ')}`
  const keys = new Set(table.rows.map(([cell]) => cell))
  // What is found by a key that must not be shown must not be shown either.
  const isShown = place.column.reveal === 'extremes'
  const item: Item = {
    table,
    alias,
    columns: isShown ? columns : new Map([...columns].map(([view, one]) => [view, hidden(one)])),
    isOptional: isLeft,
    ...(isUsing ? { merged: key.name } : {}),
  }
  const cells = before.includes(place.item) ? place.cells : []
  return {
    text: first ? `${name} ${kind} ${from} ${on}` : `${from} ${kind} ${name} ${on}`,
    item,
    seen: [
      kind,
      ...(isUsing ? ['USING'] : []),
      ...(extra ? ['other conditions'] : []),
      ...(cells.some((cell) => cell !== null && keys.has(cell)) ? ['found'] : []),
      ...(cells.some((cell) => cell !== null && !keys.has(cell)) ? ['not found'] : []),
      ...(cells.includes(null) ? ['NULL as a key'] : []),
    ],
  }
}

/** A column of the same type whose values are some of those of another, and others. */
function keyColumn(g: Gen, like: Column, name: string): Column {
  const nullable = g(fc.boolean)
  const by = g(fc.constantFrom, -2, 0, 0, 1)
  const more = g(fc.constantFrom, 0, 0, 1, 50)
  switch (like.type) {
    case 'boolean':
      return { name, nullable, type: 'boolean' }
    case 'integer': {
      const min = like.min + by
      const most = Math.max(min, like.max + more - 3)
      return { name, nullable, type: 'integer', min, max: Math.max(min, most) }
    }
    case 'decimal':
      return {
        ...like,
        name,
        nullable,
        min: String(Number(like.min) + by),
        max: String(Number(like.max) + Math.max(by, 0) + more),
      }
    case 'date':
      return {
        ...like,
        name,
        nullable,
        min: plusSeconds(like.min, by * 86_400).slice(0, 10),
        max: plusSeconds(like.max, (Math.max(by, 0) + more) * 86_400).slice(0, 10),
      }
    case 'timestamp': {
      // Some begin between two values of the other one: they share none.
      const step = g(fc.integer, { min: 0, max: 9 }) === 0 ? 1 : like.resolutionSeconds
      const min = plusSeconds(like.min, by * step)
      const steps = Number(codecOf(like).codeMax) + more
      const max = plusSeconds(min, steps * like.resolutionSeconds)
      return { ...like, name, nullable, min, max }
    }
    case 'text': {
      const words = [...new Set([...like.dictionary, 'Bronx', 'Queens', 'new'])]
      const dictionary = g(fc.boolean)
        ? like.dictionary
        : g(fc.shuffledSubarray, words, { minLength: 1 })
      return { name, nullable, type: 'text', dictionary }
    }
  }
}

/** Different values of the column, NULLs apart; some are among the cells. */
function randomKeys(
  g: Gen,
  key: Column,
  cells: readonly (string | null)[],
): readonly (string | null)[] {
  const isOne = (text: string): boolean => {
    if (key.type === 'text') return key.dictionary.includes(text)
    try {
      return codecOf(key).codeOf(text) >= 0
    } catch (error) {
      if (error instanceof ShareholdError) return false
      throw error
    }
  }
  const known = [...new Set(cells)].filter((cell) => cell !== null && isOne(cell))
  const some = known.length === 0 ? [] : g(fc.shuffledSubarray, known)
  const drawn = Array.from({ length: g(fc.integer, { min: 1, max: 5 }) }, () => randomCell(g, key))
  const distinct = new Set([...some, ...drawn].filter((cell) => cell !== null))
  const nulls = drawn.filter((cell) => cell === null)
  const all = [...distinct, ...nulls]
  return g(fc.shuffledSubarray, all, { minLength: all.length })
}

function hidden(column: Column): Column {
  const { reveal: _, ...rest } = column
  return rest
}

function randomColumns(g: Gen, first: number): Column[] {
  const allTypes = ['integer', 'decimal', 'boolean', 'text', 'date', 'timestamp'] as const
  const types = g(fc.shuffledSubarray<Column['type']>, [...allTypes], {
    minLength: 1,
    maxLength: 3,
  })
  return types.map((type, index) => {
    const column = randomColumn(g, type, first + index)
    return g(fc.boolean) ? column : { ...column, reveal: 'extremes' }
  })
}

/** Some of the members of the trips, one row each. */
function smallTable(
  g: Gen,
  dataset: string,
  member: string,
  firstColumn: number,
  riders: Uint32Array,
): Table {
  const members = riders.reduce((most, rider) => Math.max(most, rider + 1), 0)
  const all = Array.from({ length: members + 3 }, (_, one) => one)
  const memberOfRow = Uint32Array.from(g(fc.shuffledSubarray, all, { minLength: 1 }))
  const columns = randomColumns(g, firstColumn)
  return {
    schema: { dataset, member, kMin: g(fc.constantFrom, 1, 2), purposes: ['test'], columns },
    rows: Array.from(memberOfRow, () => columns.map((column) => randomCell(g, column))),
    memberOfRow,
  }
}

function itemOf(table: Table, alias: string, isOptional: boolean): Item {
  const columns = new Map(table.schema.columns.map((column) => [column.name, column]))
  return { table, alias, columns, isOptional }
}

function placesOf(item: Item): Place[] {
  // They are in the order of the schema.
  return [...item.columns.values()].map((column, at) => ({
    item,
    column,
    cells: item.table.rows.map((row) => row[at] ?? null),
  }))
}

function sizesOf({ schema, memberOfRow }: Table): DatasetParams {
  const rows = memberOfRow.length
  return {
    name: schema.dataset,
    version: 1,
    chunks: rows < 4 ? [rows] : [3, rows - 3],
    rowsPerMember: histogram(memberOfRow),
  }
}
