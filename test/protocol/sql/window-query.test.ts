/**
 * Queries over sub-queries with window functions: random ones give what PostgreSQL gives, on the ideal machine and on shares;
 * the field's queries; what is refused.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import type { Cell } from '../../../protocol/sql/answer-spec.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { loadParser } from '../../../protocol/sql/parse.ts'
import type { Schema } from '../../../shares/schema.ts'
import { printSeed, seed } from '../../seed.ts'
import { idealExecute } from '../ideal.ts'
import { paramsFor } from '../run-plan.ts'

import { startOracle } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'
import { createTable, plainColumns } from './random-table.ts'
import { randomWindows, withNumbers } from './random-windows.ts'
import { refusal, unmark } from './refusal.ts'
import { compareSubQueries, COMPARISONS } from './sub-query-property.ts'
import { PARAMS, TRIPS } from './trips-schema.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 })

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
  await loadParser()
  await oracle.database.exec(createTable(VISITS))
})

afterAll(async () => {
  await oracle.database.close()
})

test.each(COMPARISONS)(
  'random queries give what PostgreSQL gives: $machine, $n parties',
  async (comparison) => {
    printSeed('window queries')
    await compareSubQueries(oracle, seed, comparison, randomWindows, withNumbers)
  },
)

const SCHEMA: Schema = {
  dataset: 'visits',
  member: 'patient',
  kMin: 1,
  purposes: ['test'],
  columns: [
    {
      name: 'day',
      type: 'date',
      nullable: false,
      min: '2020-01-01',
      max: '2023-12-31',
      reveal: 'extremes',
    },
    { name: 'ward', type: 'text', nullable: true, dictionary: ['surgery', 'Intensive', 'a&e'] },
    {
      name: 'cost',
      type: 'decimal',
      nullable: true,
      precision: 8,
      scale: 2,
      min: '-50',
      max: '9000',
    },
    { name: 'stay', type: 'integer', nullable: false, min: 0, max: 90, reveal: 'extremes' },
  ],
}

/** 60 visits of patients with 1 to 10 each; no patient has two on one day. */
const MEMBER_OF_ROW = Uint32Array.from({ length: 60 }, (_, row) =>
  Math.floor(((row * row) % 61) / 4),
)
const MEMBERS = [...new Set(MEMBER_OF_ROW)].toSorted((a, b) => a - b)
const DENSE = MEMBER_OF_ROW.map((member) => MEMBERS.indexOf(member))
const VISITS = {
  schema: SCHEMA,
  memberOfRow: DENSE,
  rows: Array.from(DENSE, (_, row) => {
    const day = new Date(Date.UTC(2020, 0, 1 + ((row * 617) % 1400)))
    return [
      day.toISOString().slice(0, 10),
      [null, 'surgery', 'Intensive', 'a&e', 'surgery'][(row * 7) % 5]!,
      row % 6 === 0 ? null : (((row * 37_123) % 900_000) / 100 - 49).toFixed(2),
      String((row * row) % 91),
    ]
  }),
}
const VISIT_PARAMS = {
  ...paramsFor(3, [40, 20], DENSE),
  dataset: { ...paramsFor(3, [40, 20], DENSE).dataset, name: 'visits' },
}

const QUERIES: readonly string[] = [
  // Days between two visits.
  'SELECT AVG(gap), COUNT(gap), COUNT(*) FROM (SELECT day - lag(day) OVER (PARTITION BY patient ORDER BY day) AS gap FROM visits) t',
  'WITH t AS (SELECT *, lead(day) OVER (PARTITION BY patient ORDER BY day) AS next FROM visits) SELECT COUNT(*) FILTER (WHERE next - day <= 30), COUNT(DISTINCT patient) FILTER (WHERE next - day <= 30), COUNT(*) FROM t',
  // The first visit of each patient, and the last.
  'SELECT COUNT(*), SUM(cost), MIN(day) FROM (SELECT *, row_number() OVER (PARTITION BY patient ORDER BY day) AS rn FROM visits) t WHERE rn = 1',
  "SELECT ward, COUNT(*), AVG(cost) FROM (SELECT ward, cost, row_number() OVER (PARTITION BY patient ORDER BY day DESC) AS rn FROM visits WHERE ward <> 'a&e') t WHERE rn = 1 GROUP BY ward HAVING COUNT(*) > 0 ORDER BY ward",
  // A new episode of illness begins after 100 days without a visit.
  'WITH a AS (SELECT patient, day, cost, CASE WHEN day - lag(day) OVER w > 100 THEN 1 ELSE 0 END AS new FROM visits WINDOW w AS (PARTITION BY patient ORDER BY day)), b AS (SELECT patient, cost, SUM(new) OVER (PARTITION BY patient ORDER BY day) AS episode FROM a) SELECT MAX(episode), AVG(episode), SUM(cost) FILTER (WHERE episode = 0) FROM b',
  'SELECT AVG(episodes), COUNT(*) FROM (SELECT patient, SUM(new) AS episodes FROM (SELECT patient, CASE WHEN day - lag(day) OVER (PARTITION BY patient ORDER BY day) > 100 THEN 1 ELSE 0 END AS new FROM visits) a GROUP BY patient) b WHERE episodes > 0',
  // A third argument of LAG.
  'SELECT SUM(d), MIN(d) FROM (SELECT stay - lag(stay, 1, 0) OVER (PARTITION BY patient ORDER BY day) AS d FROM visits) t',
  'SELECT SUM(d), COUNT(d) FROM (SELECT lead(cost, 2, cost * 2) OVER (PARTITION BY patient ORDER BY day DESC) AS d FROM visits) t',
  // The same ward as before.
  'SELECT same, COUNT(*) FROM (SELECT ward = lag(ward) OVER (PARTITION BY patient ORDER BY day) AS same FROM visits) t GROUP BY same ORDER BY same',
  // Cost so far, in the order of days, and by ward.
  'SELECT SUM(c), COUNT(*) FILTER (WHERE c > 9000.5) FROM (SELECT SUM(cost) OVER (PARTITION BY patient ORDER BY day ROWS UNBOUNDED PRECEDING) AS c FROM visits) t',
  'SELECT AVG(n), SUM(share) FROM (SELECT COUNT(*) OVER (PARTITION BY patient, ward) AS n, stay * COUNT(*) OVER (PARTITION BY ward, patient) AS share FROM visits) t',
  'SELECT AVG(day - first) FROM (SELECT day, MIN(day) OVER (PARTITION BY patient) AS first FROM visits) t WHERE day > first',
  'SELECT COUNT(*) FROM (SELECT rank() OVER (PARTITION BY visits.patient ORDER BY EXTRACT(year FROM day)) AS r, dense_rank() OVER (PARTITION BY patient ORDER BY EXTRACT(year FROM day)) AS d FROM visits) t WHERE r > d',
  // Computed values.
  'SELECT SUM(x), AVG(y) FROM (SELECT MAX(stay * 2 - 3) OVER (PARTITION BY patient) AS x, first_value(stay + 1) OVER (PARTITION BY patient ORDER BY stay, day) AS y FROM visits) t',
  "SELECT COUNT(*) FROM (SELECT lag(COALESCE(ward, 'none')) OVER (PARTITION BY patient ORDER BY day) AS w FROM visits) t WHERE w = 'none'",
  // Nothing is needed.
  'SELECT COUNT(*) FROM (SELECT row_number() OVER (PARTITION BY patient ORDER BY day) AS rn FROM visits) t',
  // Sub-queries between.
  'SELECT SUM(r) FROM (SELECT g + 1 AS r FROM (SELECT lag(s) OVER (PARTITION BY p ORDER BY d) AS g, p FROM (SELECT patient AS p, day AS d, stay * 2 AS s FROM visits WHERE stay > 3) a) b WHERE g > 4) c',
]

const NOTHING: readonly string[] = [
  'SELECT COUNT(*), SUM(rn) FROM (SELECT row_number() OVER (PARTITION BY patient ORDER BY day) AS rn FROM visits WHERE stay > 90) t',
  'SELECT COUNT(*), SUM(rn) FROM (SELECT row_number() OVER (PARTITION BY patient) AS rn FROM visits WHERE 1 = 2) t',
  'SELECT COUNT(*), AVG(x) FROM (SELECT lag(stay, 100) OVER (PARTITION BY patient ORDER BY day) AS x FROM visits) t WHERE x > 0',
]

test.each(QUERIES)('%s', async (sql) => {
  const { names, rows } = await answerOf(sql)
  const columns = names.map((_, k) => `c${k}`)
  const { rows: expected } = await oracle.database.query(
    `SELECT ${columns.map((name) => `${name}::text`).join(', ')} FROM (${sql}) AS q(${columns.join(', ')})`,
    [],
    { rowMode: 'array' },
  )
  // Groups without rows are rows of the answer.
  expect(rows.filter((row) => !row.includes('suppressed'))).toEqual(expected)
})

test.each(NOTHING)('of nothing: %s', async (sql) => {
  const { rows } = await answerOf(sql)
  expect(rows).toEqual([['suppressed', 'suppressed']])
})

/** Cells as PostgreSQL casts them to text. */
async function answerOf(sql: string) {
  const { plan, answer } = await compile(sql, SCHEMA, VISIT_PARAMS)
  const lanes = idealExecute(plan, VISIT_PARAMS, plainColumns(VISITS), DENSE)
  const { columns, rows } = evaluateAnswer(answer, lanes)
  const textOf = (cell: Cell, column: number): string | null => {
    if ('suppressed' in cell) return 'suppressed'
    if ('null' in cell) return null
    if (columns[column]!.type !== 'boolean') return cell.text
    return cell.text === 't' ? 'true' : 'false'
  }
  return { names: columns.map(({ name }) => name), rows: rows.map((row) => row.map(textOf)) }
}

const REFUSED: readonly (readonly [code: string, marked: string, hint: RegExp])[] = [
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(x) FROM (SELECT lag(fare) OVER «(»ORDER BY tip) AS x FROM trips) t',
    /PARTITION BY rider/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(x) FROM (SELECT «ntile»(4) OVER (PARTITION BY rider) AS x FROM trips) t',
    /ROW_NUMBER/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(x) FROM (SELECT «avg»(fare) OVER (PARTITION BY rider) AS x FROM trips) t',
    /ROW_NUMBER/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(x) FROM (SELECT sum(fare) OVER «(»PARTITION BY rider ORDER BY tip ROWS 2 PRECEDING) AS x FROM trips) t',
    /UNBOUNDED PRECEDING/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(x) FROM (SELECT sum(fare) OVER «(»PARTITION BY rider ORDER BY tip ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES) AS x FROM trips) t',
    /UNBOUNDED PRECEDING/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(x) FROM (SELECT sum(fare) OVER «(»w ORDER BY tip) AS x FROM trips WINDOW w AS (PARTITION BY rider)) t',
    /Write the window out/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(x) FROM (SELECT sum(fare) OVER «v» AS x FROM trips WINDOW w AS (PARTITION BY rider)) t',
    /WINDOW/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(x) FROM (SELECT lag(fare, «passengers») OVER (PARTITION BY rider ORDER BY tip) AS x FROM trips) t',
    /whole number/u,
  ],
  [
    'SH_SQL_TYPE',
    'SELECT SUM(x) FROM (SELECT «lag»() OVER (PARTITION BY rider ORDER BY tip) AS x FROM trips) t',
    /./u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(x) FROM (SELECT «count»(DISTINCT fare) OVER (PARTITION BY rider) AS x FROM trips) t',
    /Leave/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(x) FROM (SELECT borough, «SUM»(COUNT(*)) OVER (PARTITION BY rider) AS x FROM trips GROUP BY rider, borough) t',
    /sub-query of its own/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(x) FROM (SELECT «COUNT»(*) + lag(1) OVER (PARTITION BY rider) AS x FROM trips) t',
    /./u,
  ],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT SUM(x) FROM (SELECT «fair» + lag(fare) OVER (PARTITION BY rider ORDER BY tip) AS x FROM trips) t',
    /fare/u,
  ],
  [
    'SH_SQL_UNKNOWN_DATASET',
    'SELECT SUM(x) FROM (SELECT «q.fare» + lag(fare) OVER (PARTITION BY rider ORDER BY tip) AS x FROM trips) t',
    /trips/u,
  ],
  [
    'SH_POLICY_EXTREME',
    'SELECT «MAX»(x) FROM (SELECT lag(tip) OVER (PARTITION BY rider ORDER BY fare) AS x FROM trips) t',
    /for tip/u,
  ],
]

describe('refused', () => {
  test.each(REFUSED.map(([code, marked, hint]) => ({ code, marked, hint })))(
    '$code: $marked',
    async ({ code, marked, hint }) => {
      const { sql, position } = unmark(marked)
      const error = await refusal(sql)
      expect(error.code, error.message).toBe(code)
      expect(error.position, error.message).toEqual(position)
      expect(`${error.hint}`).toMatch(hint)
    },
  )
})

test('too many calls are refused, also over several sub-queries', async () => {
  const calls = (count: number, of: string): string =>
    Array.from(
      { length: count },
      (_, k) => `lag(${of}, ${k + 1}) OVER (PARTITION BY rider ORDER BY tip) AS ${of}${k}`,
    ).join(', ')
  const query = (inner: number, outer: number): string =>
    `SELECT COUNT(fare0) FROM (SELECT rider, ${calls(outer, 'fare')} FROM (SELECT rider, fare, tip, ${calls(inner, 'passengers')} FROM trips) a) b`
  expect((await refusal(query(30, 3))).code).toBe('SH_SQL_TOO_COMPLEX')
  await compile(query(3, 2), TRIPS, PARAMS)
})
