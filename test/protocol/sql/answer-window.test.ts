/** Window functions over groups: what PostgreSQL gives over the groups that are shown. */
import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import type { PlanParams } from '../../../protocol/plan.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import type { Schema } from '../../../shares/schema.ts'
import { idealExecute } from '../ideal.ts'
import { classesOf } from '../run-plan.ts'

import { plainColumns } from './random-table.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const schemaOf = (kMin: number): Schema => ({
  dataset: 'trips',
  member: 'rider',
  kMin,
  purposes: ['test'],
  columns: [
    { name: 'zone', type: 'text', nullable: false, dictionary: ['Bronx', 'Kings', 'Queens'] },
    { name: 'week', type: 'integer', nullable: false, min: 0, max: 3 },
    { name: 'fare', type: 'decimal', nullable: true, precision: 5, scale: 2, min: '-5', max: '50' },
  ],
})

/** Groups of a few rows, one of no row, some that tie. */
const ROWS = Array.from({ length: 70 }, (_, row) => {
  const zone = ['Bronx', 'Kings', 'Queens'][(row * row) % 3]!
  const week = (row * 7 + Math.floor(row / 9)) % 4
  const isLeftOut = zone === 'Kings' && week === 2
  return {
    rider: row % 11,
    cells: [
      isLeftOut ? 'Queens' : zone,
      String(week),
      row % 6 === 0 ? null : `${(row * 13) % 50}.5`,
    ],
  }
})
const MEMBER_OF_ROW = Uint32Array.from(ROWS, ({ rider }) => rider)
const PARAMS: PlanParams = {
  committee: { n: 3, t: 1 },
  security: 'passive',
  dataset: { name: 'trips', version: 1, chunks: [70], rowsPerMember: classesOf(MEMBER_OF_ROW) },
  chunksInFlight: 1,
  network: 'lan',
}

let database: PGlite

beforeAll(async () => {
  database = await PGlite.create()
  await database.exec(
    'CREATE TABLE trips (rider integer, zone text COLLATE "C", week integer, fare numeric(5,2))',
  )
  for (const { rider, cells } of ROWS) {
    await database.query('INSERT INTO trips VALUES ($1, $2, $3, $4)', [rider, ...cells])
  }
})

afterAll(async () => {
  await database.close()
})

async function ask(sql: string, kMin: number): Promise<(string | null)[][]> {
  const schema = schemaOf(kMin)
  const { plan, answer } = await compile(sql, schema, PARAMS)
  const columns = plainColumns({ schema, rows: ROWS.map(({ cells }) => cells) })
  const { rows } = evaluateAnswer(answer, idealExecute(plan, PARAMS, columns, MEMBER_OF_ROW))
  return rows.map((row) =>
    row.map((cell) => ('text' in cell ? cell.text : 'null' in cell ? null : '*')),
  )
}

async function askPostgres(sql: string): Promise<(string | null)[][]> {
  const { rows } = await database.query<unknown[]>(sql, [], {
    rowMode: 'array',
    parsers: Object.fromEntries(
      [16, 20, 23, 25, 1700].map((type) => [type, (text: string) => text]),
    ),
  })
  return rows as (string | null)[][]
}

const CALLS = [
  'row_number() OVER (PARTITION BY zone ORDER BY week)',
  'row_number() OVER (ORDER BY week DESC, zone)',
  'rank() OVER (ORDER BY COUNT(*) DESC)',
  'rank() OVER (PARTITION BY zone ORDER BY COUNT(fare))',
  'dense_rank() OVER (PARTITION BY week ORDER BY COUNT(*))',
  'SUM(COUNT(*)) OVER (PARTITION BY zone ORDER BY week)',
  'SUM(SUM(fare)) OVER (ORDER BY week)',
  'SUM(week) OVER (ORDER BY week, zone ROWS UNBOUNDED PRECEDING)',
  'SUM(COUNT(*)) OVER (ORDER BY COUNT(*), zone, week ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)',
  'AVG(SUM(fare)) OVER (PARTITION BY zone)',
  'AVG(week) OVER (PARTITION BY zone ORDER BY COUNT(*))',
  'lag(SUM(fare)) OVER w',
  'lead(COUNT(*), 2, 0::bigint) OVER w',
  'lag(week, 1, -1) OVER w',
  'lag(zone) OVER (ORDER BY week, zone)',
  'COUNT(*) - lag(COUNT(*)) OVER w',
  'first_value(SUM(fare)) OVER w',
  'last_value(zone) OVER (ORDER BY COUNT(*), zone, week)',
  'last_value(week) OVER (PARTITION BY zone)',
  'MIN(AVG(fare)) OVER (PARTITION BY zone ORDER BY week)',
  'MAX(COUNT(*)) OVER ()',
  'MAX(zone) OVER (ORDER BY week)',
  'ROUND(100.0 * COUNT(*) / SUM(COUNT(*)) OVER (PARTITION BY zone), 2)',
  'COUNT(*) OVER (PARTITION BY zone)',
  'COUNT(SUM(fare)) OVER (ORDER BY week)',
  "CASE WHEN rank() OVER (ORDER BY COUNT(*)) < 3 THEN 'few' ELSE zone END",
  'SUM(COUNT(*)) OVER (PARTITION BY week % 2 ORDER BY zone DESC, week)',
]

describe.each([1, 4])('kMin %i', (kMin) => {
  test.each(CALLS)('%s', async (call) => {
    const from = 'FROM trips GROUP BY zone, week'
    const window = / OVER w\b/u.test(call) ? 'WINDOW w AS (PARTITION BY zone ORDER BY week)' : ''
    const rest = `${window} ORDER BY zone, week`
    // What a call reads may be shown where the count is not, and the other way round.
    const aggregates = ['COUNT(*)', 'COUNT(fare)', 'SUM(fare)', 'AVG(fare)'].filter((one) =>
      call.replaceAll('COUNT(*) OVER', '').includes(one),
    )
    const shown = aggregates.length === 0 ? ['COUNT(*)'] : aggregates
    const given = await ask(
      `SELECT zone, week, ${call} AS value, ${shown.join(', ')} ${from} ${rest}`,
      kMin,
    )
    const isShown = (row: readonly (string | null)[]): boolean => !row.slice(3).includes('*')
    const groups = given.filter(isShown).map(([zone, week]) => `('${zone}', ${week})`)
    expect(groups.length).toBeGreaterThan(3)
    if (kMin > 1) expect(groups.length).toBeLessThan(11)
    const expected = await askPostgres(
      `SELECT zone, week, ${call} AS value ${from} HAVING (zone, week) IN (${groups.join()}) ${rest}`,
    )
    expect(given.filter(isShown).map((row) => row.slice(0, 3))).toEqual(expected)
    for (const row of given) if (!isShown(row)) expect(row[2]).toBe('*')
  })
})

test('ORDER BY and LIMIT come after', async () => {
  const sql = `SELECT zone, COUNT(*), rank() OVER (ORDER BY COUNT(*) DESC) AS place FROM trips GROUP BY zone`
  const best = `${sql} ORDER BY place LIMIT 1`
  expect(await ask(best, 1)).toEqual(await askPostgres(best))
  const last = `${sql} ORDER BY rank() OVER (ORDER BY COUNT(*) DESC) DESC LIMIT 1`
  expect(await ask(last, 1)).toEqual(await askPostgres(last))
})

test.each([
  ['SH_SQL_UNSUPPORTED', 'ntile(2) OVER (ORDER BY COUNT(*))'],
  ['SH_SQL_UNSUPPORTED', 'SUM(COUNT(*)) OVER (ORDER BY week ROWS 2 PRECEDING)'],
  ['SH_SQL_UNSUPPORTED', 'SUM(COUNT(*)) FILTER (WHERE week > 1) OVER ()'],
  ['SH_SQL_UNSUPPORTED', 'rank() OVER missing'],
  ['SH_SQL_UNSUPPORTED', 'rank() OVER (ORDER BY rank() OVER ())'],
  ['SH_SQL_UNSUPPORTED', 'lag(COUNT(*), week) OVER ()'],
  ['SH_SQL_TYPE', 'SUM(zone) OVER ()'],
  ['SH_SQL_TYPE', 'lag(COUNT(*), 1, 2.5) OVER ()'],
  ['SH_SQL_TYPE', 'rank(1) OVER ()'],
  ['SH_SQL_GROUPING', 'SUM(fare) OVER ()'],
])('%s: %s', async (code, call) => {
  const sql = `SELECT zone, week, COUNT(*), ${call} FROM trips GROUP BY zone, week`
  await expect(compile(sql, schemaOf(1), PARAMS)).rejects.toMatchObject({
    code,
    position: { line: 1 },
  })
})

test('nor in HAVING, WHERE or GROUP BY', async () => {
  for (const clause of [
    'GROUP BY zone HAVING rank() OVER () = 1',
    'WHERE rank() OVER () = 1 GROUP BY zone',
    'GROUP BY zone, rank() OVER ()',
  ]) {
    await expect(
      compile(`SELECT zone, COUNT(*) FROM trips ${clause}`, schemaOf(1), PARAMS),
    ).rejects.toMatchObject({ code: 'SH_SQL_UNSUPPORTED' })
  }
})
