/**
 * Expressions over rows against PostgreSQL: as arguments of aggregates, in WHERE and FILTER, as group keys. What is
 * refused is counted: it must be little, and nothing that PostgreSQL fails on may be answered.
 */
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { answerGroups } from '../../../protocol/sql/answer-groups.ts'
import type { AnswerSpec, Cell } from '../../../protocol/sql/answer-spec.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { bindSelect } from '../../../protocol/sql/bind.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { emptyGroups } from '../../../protocol/sql/empty-groups.ts'
import type { EmptyGroups } from '../../../protocol/sql/empty-groups.ts'
import { parseSelect } from '../../../protocol/sql/parse.ts'
import { codecOf, textOfCode } from '../../../shares/column-codec.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import type { Column, Schema } from '../../../shares/schema.ts'
import { printSeed, seed } from '../../seed.ts'
import { idealExecute } from '../ideal.ts'

import { TYPE_NAMES } from './oracle-answer.ts'
import { startOracle } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'
import { RandomRow } from './random-row.ts'
import { createTable, plainColumns, quote, randomTable } from './random-table.ts'
import type { RandomTable } from './random-table.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 })

const TABLES = 8
const QUERIES = 8
const REFUSALS: ReadonlySet<string> = new Set([
  'SH_PLAN_VALUE',
  'SH_PLAN_OVERFLOW',
  'SH_PLAN_GROUPS',
  'SH_SQL_UNSUPPORTED',
])

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
})

afterAll(async () => {
  await oracle.database.close()
})

interface RowQuery {
  readonly where: string | undefined
  readonly keys: readonly string[]
  readonly aggregates: readonly { readonly sql: string; readonly contributes: string }[]
}

function randomRowQuery(row: RandomRow, g: fc.GeneratorValue): RowQuery {
  const keyCount = g(fc.integer, { min: 0, max: 2 })
  const keys = Array.from({ length: keyCount }, () => {
    const kind = g(fc.integer, { min: 0, max: 3 })
    if (kind === 0) return row.number(1)
    return kind === 1 ? `(${row.condition(1)})` : row.text(1)
  })
  const aggregates = Array.from({ length: g(fc.integer, { min: 1, max: 3 }) }, () => {
    const filter = g(fc.integer, { min: 0, max: 3 }) === 0 ? row.condition(1) : undefined
    const { sql, contributes } = randomCall(row, g)
    const over = filter === undefined ? '' : ` FILTER (WHERE ${filter})`
    return {
      sql: sql + over,
      contributes: contributes + (filter === undefined ? '' : ` AND (${filter})`),
    }
  })
  const where = g(fc.boolean) ? row.condition(2) : undefined
  // A number is a place in the SELECT list, also one with a sign.
  const computed = keys.filter((key) => /[a-z]{2}\d/u.test(key))
  return { where, keys: [...new Set(computed)], aggregates }
}

interface Call {
  readonly sql: string
  readonly contributes: string
}

const ORDERED = ['percentile_disc(0.5)', 'percentile_disc(0.9)', 'mode()']

/** An aggregate of computed values. */
function randomCall(row: RandomRow, g: fc.GeneratorValue): Call {
  const anyValue = (): string => {
    const kind = g(fc.integer, { min: 0, max: 2 })
    return kind === 0 ? row.number(1) : kind === 1 ? row.text(1) : row.condition(1)
  }
  const of = (argument: string, sql: string): Call => ({
    sql,
    contributes: `(${argument}) IS NOT NULL`,
  })
  switch (g(fc.integer, { min: 0, max: 9 })) {
    case 0: {
      const argument = g(fc.boolean) ? row.number(1) : row.text(1)
      return of(argument, `${g(fc.constantFrom, 'MIN', 'MAX')}(${argument})`)
    }
    case 1: {
      const argument = anyValue()
      const order = argument + g(fc.constantFrom, '', ' DESC')
      return of(argument, `${g(fc.constantFrom, ...ORDERED)} WITHIN GROUP (ORDER BY ${order})`)
    }
    case 2: {
      const argument = anyValue()
      return of(argument, `COUNT(DISTINCT ${argument})`)
    }
    case 3: {
      const argument = row.number(1)
      return of(argument, `${g(fc.constantFrom, 'SUM', 'AVG')}(DISTINCT ${argument})`)
    }
    case 4: {
      const [y, x] = [row.number(1), row.number(1)]
      return { sql: `REGR_COUNT(${y}, ${x})`, contributes: `(${y}) + (${x}) IS NOT NULL` }
    }
    case 5: {
      const argument = row.condition(2)
      return of(argument, `${g(fc.constantFrom, 'BOOL_AND', 'BOOL_OR')}(${argument})`)
    }
    default: {
      const name = g(fc.constantFrom, 'SUM', 'SUM', 'AVG', 'COUNT', 'VAR_POP', 'STDDEV')
      const kind = name === 'COUNT' ? g(fc.integer, { min: 0, max: 2 }) : 0
      const argument = kind === 0 ? row.number(2) : kind === 1 ? row.text(2) : row.condition(1)
      return of(argument, `${name}(${argument})`)
    }
  }
}

function textOf({ where, keys, aggregates }: RowQuery): string {
  const outputs = [...keys, ...aggregates.map(({ sql }) => sql)]
  return (
    `SELECT ${outputs.join(', ')} FROM trips` +
    (where === undefined ? '' : ` WHERE ${where}`) +
    (keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`)
  )
}

const CAST: Readonly<Record<string, string>> = { double: 'double precision' }

/** The groups that the compiler lists, each with what PostgreSQL says of its rows. */
async function expectedRows(
  query: RowQuery,
  { rows, keyTypes, columns: outputs }: AnswerSpec,
  kMin: number,
  empty: EmptyGroups,
): Promise<readonly (readonly Cell[])[]> {
  const { where, keys, aggregates } = query
  const columns = keys.map((_, i) => `k${i}`)
  const filtered =
    `SELECT *${keys.map((key, i) => `, ${key} AS k${i}`).join('')} FROM trips` +
    (where === undefined ? '' : ` WHERE ${where}`)
  const groups = rows.map(({ keys }, place) => {
    const values = keys.map((text, i) => {
      const type = CAST[keyTypes[i]!] ?? keyTypes[i]!
      return `${text === null ? 'NULL' : quote(text)}::${type}`
    })
    return `(${[...values, place].join(', ')})`
  })
  const match = ['TRUE', ...columns.map((name) => `f.${name} IS NOT DISTINCT FROM d.${name}`)]
  const domain = `(VALUES ${groups.join(', ')}) AS d(${[...columns, 'place'].join(', ')})`
  // A row of a value that is in no group would be lost.
  const lost = await oracle.database.query(
    `SELECT 1 FROM (${filtered}) AS f WHERE NOT EXISTS (SELECT 1 FROM ${domain} WHERE ${match.join(' AND ')})`,
  )
  expect(lost.rows).toEqual([])
  const cells = aggregates.flatMap(({ sql, contributes }, i) => [
    `(${sql})::text AS cell${i}`,
    `count(DISTINCT rider) FILTER (WHERE rider IS NOT NULL AND ${contributes})::integer AS members${i}`,
  ])
  const { rows: found } = await oracle.database.query<(string | number | null)[]>(
    `SELECT ${cells.join(', ')} FROM ${domain} LEFT JOIN (${filtered}) AS f ON ${match.join(' AND ')}
     GROUP BY d.place ORDER BY d.place`,
    [],
    { rowMode: 'array' },
  )
  const shown = aggregates.map((_, i) =>
    shownPlaces(
      found.map((row) => Number(row[2 * i + 1])),
      kMin,
      empty[i]!,
    ),
  )
  return found.map((row, place) => [
    ...rows[place]!.keys.map((text): Cell => (text === null ? { null: true } : { text })),
    ...aggregates.map((_, i): Cell => {
      if (!shown[i]!.has(place)) return { suppressed: true }
      const text = row[2 * i]
      if (typeof text !== 'string') return { null: true }
      // A boolean is shown as t and f; its cast to text says true and false.
      return { text: outputs[keys.length + i]!.type === 'boolean' ? text.charAt(0) : text }
    }),
  ])
}

/** The groups with enough members. Beside a single small one the smallest other is suppressed too, the first of several. */
function shownPlaces(
  members: readonly number[],
  kMin: number,
  empty: readonly boolean[],
): ReadonlySet<number> {
  const places = new Set([...members.keys()].filter((place) => members[place]! >= kMin))
  if (kMin === 1) return places
  const least = Math.min(...[...places].map((place) => members[place]!))
  const second = [...places].find((place) => members[place] === least)
  const small = members.filter((_, place) => !places.has(place) && !empty[place])
  if (small.length === 1 && second !== undefined) places.delete(second)
  return places
}

/** For each aggregate which groups are empty for everybody to see. */
function emptyOf(sql: string, { schema, params }: RandomTable, count: number): EmptyGroups {
  const query = bindSelect(parseSelect(sql), [schema], params)
  const found = emptyGroups(query, answerGroups(query))
  const outputs = query.outputs.slice(query.outputs.length - count)
  return outputs.map(({ expression }) => {
    const place = query.aggregates.findIndex(({ template }) => template === expression)
    return found[place]!
  })
}

/** Numbers without the zeros at their end: PostgreSQL's scale is that of the rows, ours that of all that could be. */
function plain(cells: readonly Cell[]): readonly Cell[] {
  return cells.map((cell) =>
    'text' in cell && /^-?\d+\.\d+$/u.test(cell.text)
      ? { text: cell.text.replace(/\.?0+$/u, '') }
      : cell,
  )
}

/** A table all of whose columns may be shown. */
function revealing(table: RandomTable): RandomTable {
  const columns = table.schema.columns.map((column) => ({ ...column, reveal: 'extremes' as const }))
  return { ...table, schema: { ...table.schema, columns } }
}

test('random expressions over rows give what PostgreSQL gives', async () => {
  printSeed('row oracle')
  const seen = { answered: 0, refused: 0, shown: 0, computedKeys: 0 }
  const codes = new Map<string, number>()
  const property = fc.asyncProperty(fc.gen(), async (g) => {
    const table = revealing(randomTable(g))
    await oracle.database.exec(`DROP TABLE IF EXISTS trips; ${createTable(table)}`)
    const columns = plainColumns(table)
    const row = new RandomRow(g, table.schema)
    for (let i = 0; i < QUERIES; i++) {
      const query = randomRowQuery(row, g)
      const sql = textOf(query)
      const message = `${sql}\n${createTable(table)}`
      let compiled
      try {
        compiled = await compile(sql, table.schema, table.params)
      } catch (error) {
        if (!(error instanceof ShareholdError) || !REFUSALS.has(error.code)) {
          throw new Error(message, { cause: error })
        }
        expect(error.hint, message).toBeDefined()
        expect(error.position, message).toBeDefined()
        codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
        seen.refused++
        continue
      }
      const lanes = idealExecute(compiled.plan, table.params, columns, table.memberOfRow)
      const { rows } = evaluateAnswer(compiled.answer, lanes)
      const empty = emptyOf(sql, table, query.aggregates.length)
      const expected = await expectedRows(query, compiled.answer, table.schema.kMin, empty)
      expect(rows.map(plain), message).toEqual(expected.map(plain))
      seen.answered++
      seen.shown += rows.flat().filter((cell) => 'text' in cell).length
      if (query.keys.length > 0) seen.computedKeys++
    }
  })
  await fc.assert(property, { numRuns: TABLES, seed, endOnFailure: true })
  console.log(seen, codes)
  expect(seen.answered).toBeGreaterThan((TABLES * QUERIES) / 3)
  expect(seen.shown).toBeGreaterThan(30)
  expect(seen.computedKeys).toBeGreaterThan(8)
})

/** Every code of each column is in some row. */
function wordsAndTimes(): RandomTable {
  const columns: Column[] = [
    {
      name: 'word',
      type: 'text',
      nullable: true,
      dictionary: ['', ' Ab c ', 'ω-Zoë-q', "it's", 'xxaxx', 'hello wORLD', 'a%b_c', '12-07', 'ab'],
    },
    { name: 'small', type: 'integer', nullable: false, min: -4, max: 5 },
    {
      name: 'price',
      type: 'decimal',
      nullable: true,
      precision: 6,
      scale: 2,
      min: '-1.50',
      max: '2.00',
    },
    {
      name: 'pickup',
      type: 'timestamp',
      nullable: true,
      resolutionSeconds: 5003,
      min: '2019-12-27 23:58:01',
      max: '2020-01-16 21:45:01',
    },
    { name: 'day', type: 'date', nullable: false, min: '1999-12-20', max: '2001-01-20' },
    { name: 'flag', type: 'boolean', nullable: true },
  ]
  const schema: Schema = { dataset: 'trips', member: 'rider', kMin: 1, purposes: ['t'], columns }
  const count = 420
  const rows = Array.from({ length: count }, (_, r) =>
    columns.map((column) => {
      const sizes = Number(codecOf(column).codeMax) + 1
      const state = r % (sizes + (column.nullable ? 1 : 0))
      return state === sizes ? null : textOfCode(column, BigInt(state))
    }),
  )
  return {
    schema,
    rows,
    memberOfRow: Uint32Array.from({ length: count }, (_, row) => row),
    params: {
      committee: { n: 3, t: 1 },
      security: 'passive',
      dataset: { name: 'trips', version: 1, chunks: [count], rowsPerMember: [[1, count]] },
      chunksInFlight: 1,
      network: 'lan',
    },
  }
}

const UNITS =
  'year quarter month week day dow isodow doy isoyear decade century millennium epoch julian'
const EXPRESSIONS = [
  ...[
    'lower',
    'upper',
    'initcap',
    'length',
    'char_length',
    'reverse',
    'trim',
    'ltrim',
    'btrim',
  ].map((name) => `${name}(word)`),
  'substring(word, 2)',
  'substring(word FROM 2 FOR 3)',
  'substr(word, small, 4)',
  'left(word, small)',
  'right(word, small)',
  "btrim(word, 'xa')",
  "TRIM(LEADING 'x' FROM word)",
  "rtrim(word, 'xc')",
  "replace(word, 'l', '[L]')",
  "strpos(word, 'o')",
  "POSITION('x' IN word)",
  "starts_with(word, 'a')",
  "split_part(word, '-', 2)",
  "split_part(word, '-', -1)",
  "word || '/' || small",
  'flag || word',
  "upper(word) LIKE '%O%'",
  "lower(word) NOT LIKE 'a!%%' ESCAPE '!'",
  "reverse(word) ILIKE 'B%'",
  'small::text',
  'price::text',
  'flag::text',
  'day::text',
  ...UNITS.split(' ').flatMap((unit) => [
    `EXTRACT(${unit} FROM day)`,
    `EXTRACT(${unit} FROM pickup)`,
  ]),
  ...'hour minute second milliseconds microseconds'
    .split(' ')
    .map((unit) => `EXTRACT(${unit} FROM pickup)`),
  "date_part('hour', pickup)",
  "date_part('dow', day)",
  ...'hour day week month quarter year decade century millennium'
    .split(' ')
    .map((unit) => `date_trunc('${unit}', pickup)`),
  "date_trunc('month', day::timestamp)",
  'pickup::date',
  'day + small',
  'day - 7',
  "day - DATE '2000-02-29'",
  'trunc(price)',
  'trunc(price, 1)',
  'trunc(price, -1)',
  'trunc(small)',
  'sign(price)',
  'sign(small)',
  'div(price, 0.35)',
  'mod(small, 3)',
  'width_bucket(price, -1, 2, 4)',
  'width_bucket(price, 2, -1, 4)',
  'width_bucket(small, -3, 46, 49)',
  'width_bucket(small, ARRAY[-2, 0, 3])',
  'width_bucket(price, ARRAY[-0.5, 0.25, 0.25, 1])',
  'small % 3 = 1 AND flag',
  'CASE WHEN small > 0 THEN 60 / small END',
  'ROUND(price, 1)',
  'FLOOR(price)',
  'CEIL(small / 2.0)',
  'SQRT(small + 4)',
  'COALESCE(price, small) + 0.00',
  'GREATEST(price, small, 0) + 0.00',
  "COALESCE(NULLIF(word, ''), '?')",
  'price IS NULL',
]

test('functions of rows give what PostgreSQL gives, code by code', async () => {
  const table = wordsAndTimes()
  await oracle.database.exec(`DROP TABLE IF EXISTS trips; ${createTable(table)}`)
  const columns = plainColumns(table)
  for (const expression of EXPRESSIONS) {
    const aggregates = [{ sql: 'COUNT(*)', contributes: 'TRUE' }]
    const query: RowQuery = { where: undefined, keys: [expression], aggregates }
    const { plan, answer } = await compile(textOf(query), table.schema, table.params)
    const lanes = idealExecute(plan, table.params, columns, table.memberOfRow)
    const { rows, columns: shown } = evaluateAnswer(answer, lanes)
    const expected = await expectedRows(query, answer, 1, [[]])
    expect(rows, expression).toEqual(expected)
    // The key's text is PostgreSQL's too, and its type: the groups above were found by value.
    const { rows: texts, fields } = await oracle.database.query<[string | null]>(
      `SELECT DISTINCT (${expression})::text FROM trips`,
      [],
      { rowMode: 'array' },
    )
    const own = rows.map(([cell]) => (cell !== undefined && 'text' in cell ? cell.text : null))
    const isBoolean = shown[0]!.type === 'boolean'
    const found = texts.map(([text]) => (isBoolean ? (text?.charAt(0) ?? null) : text))
    for (const text of found) expect(own, expression).toContain(text)
    expect(fields).toHaveLength(1)
    const typed = await oracle.database.query(`SELECT ${expression} FROM trips LIMIT 0`)
    expect(shown[0]!.type, expression).toBe(TYPE_NAMES[typed.fields[0]!.dataTypeID])
  }
})
