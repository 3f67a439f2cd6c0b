/**
 * Queries over sub-queries that are grouped by the member: random ones give what PostgreSQL gives, on the ideal machine and on
 * shares; what each column is made from; what is refused.
 */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import type { PlanParams } from '../../../protocol/plan.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import type { CompiledQuery } from '../../../protocol/sql/compile.ts'
import { explainText } from '../../../protocol/sql/explain-text.ts'
import { explainQuery } from '../../../protocol/sql/explain.ts'
import { loadParser } from '../../../protocol/sql/parse.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import type { Schema } from '../../../shares/schema.ts'
import { printSeed, seed } from '../../seed.ts'
import { idealExecute } from '../ideal.ts'
import { testCommittee } from '../parties.ts'
import { executeAll } from '../run-plan.ts'

import { expectedAnswer, TYPE_NAMES, upToRounding } from './oracle-answer.ts'
import type { ExpectedAnswer } from './oracle-answer.ts'
import { startOracle } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'
import { KINDS, randomJoined, writtenNames } from './random-joined.ts'
import { randomMembers } from './random-members.ts'
import { randomQuery } from './random-query.ts'
import { createTable, plainColumns, randomTable } from './random-table.ts'
import type { RandomTable } from './random-table.ts'
import { refusal, unmark } from './refusal.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 })

/** Cells as texts. */
const TEXTS = Object.fromEntries(
  Object.keys(TYPE_NAMES).map((oid) => [oid, (text: string) => text]),
)

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
  await loadParser()
})

afterAll(async () => {
  await oracle.database.close()
})

test.each([
  { machine: 'ideal', n: 3, tables: 40, queries: 4 },
  { machine: 'parties', n: 3, tables: 6, queries: 1 },
  { machine: 'parties', n: 5, tables: 2, queries: 1 },
] as const)(
  'random queries give what PostgreSQL gives: $machine, $n parties',
  async ({ machine, n, tables, queries }) => {
    printSeed('member queries')
    let shown = 0
    const property = fc.asyncProperty(fc.gen(), async (g) => {
      const trips = randomTable(g, n)
      const columns = plainColumns(trips)
      await oracle.database.exec(`DROP TABLE IF EXISTS trips CASCADE; ${createTable(trips)}`)
      for (let i = 0; i < queries; i++) {
        const { sql: inner, table } = randomMembers(g, trips, 'each')
        await oracle.database.exec(`DROP TABLE IF EXISTS each; CREATE TABLE each AS ${inner}`)
        const query = randomQuery(g, table.schema, 'each')
        const prefix = `WITH each AS (${inner}) `
        const sql = prefix + query.sql
        const compiled = await compiledOrRefused(sql, [trips.schema], trips.params)
        if (compiled === undefined) continue
        const { plan, answer } = compiled
        const lanes =
          machine === 'ideal'
            ? idealExecute(plan, trips.params, columns, trips.memberOfRow)
            : await executeAll(
                await testCommittee(n, i),
                plan,
                trips.params,
                columns,
                trips.memberOfRow,
              )
        const join = {
          schemas: [trips.schema],
          params: trips.params,
          from: 'each',
          write: (text: string) => prefix + text,
        }
        const expected = await expectedAnswer(oracle.database, { ...table, join }, query, answer)
        const given = upToRounding(outcome(answer, lanes), expected, query)
        expect(given, `${sql}\n${createTable(trips)}`).toEqual(expected)
        if (typeof expected !== 'string') {
          shown += expected.rows.flat().filter((cell) => 'text' in cell).length
        }
      }
    })
    await fc.assert(property, { numRuns: tables, seed, endOnFailure: true })
    // The test would be worth little if most were suppressed.
    if (machine === 'ideal') expect(shown).toBeGreaterThan(50)
  },
)

test('random queries over joins, too', async () => {
  printSeed('member queries')
  let run = 0
  let shown = 0
  const property = fc.asyncProperty(fc.gen(), async (g) => {
    const joined = await randomJoined(g, oracle.database, KINDS[run++ % KINDS.length]!)
    const { view, schemas, params, from, members, written } = joined
    if (members.length === 0) return
    await oracle.database.exec(joined.ddl)
    const write = (text: string): string =>
      writtenNames(text.replaceAll('everything.', ''), written)
    const about = { schemas, from, members, write }
    const { sql: inner, table } = randomMembers(g, { schema: view, params }, 'each', about)
    await oracle.database.exec(`DROP TABLE IF EXISTS each; CREATE TABLE each AS ${inner}`)
    const query = randomQuery(g, table.schema, 'each')
    const prefix = `WITH each AS (${inner}) `
    const compiled = await compiledOrRefused(prefix + query.sql, schemas, params)
    if (compiled === undefined) return
    const { plan, answer } = compiled
    const lanes = idealExecute(plan, params, {}, new Uint32Array(), joined.joined)
    const join = { schemas, params, from: 'each', write: (text: string) => prefix + text }
    const expected = await expectedAnswer(oracle.database, { ...table, join }, query, answer)
    const given = upToRounding(outcome(answer, lanes), expected, query)
    expect(given, `${prefix + query.sql}\n${joined.ddl}`).toEqual(expected)
    if (typeof expected !== 'string') {
      shown += expected.rows.flat().filter((cell) => 'text' in cell).length
    }
  })
  await fc.assert(property, { numRuns: 30, seed, endOnFailure: true })
  expect(shown).toBeGreaterThan(10)
})

/** Five members: one with a single row, one whose fares are all NULL, one of whom nothing is shared. */
const ROWS = [
  ['a', 3, 1, 't', 'Queens'],
  ['a', null, 2, 't', 'Bronx'],
  ['a', 5, 3, 'f', null],
  ['a', 1, 4, 't', 'Queens'],
  ['a', 9, 1, null, 'Bronx'],
  ['b', null, 2, 't', null],
  ['b', null, 6, 't', null],
  ['c', 2, 5, 't', 'Bronx'],
  ['d', 7, -4, 'f', 'Bronx'],
  ['d', 0, -4, 'f', 'Queens'],
  ['d', 4, 0, null, null],
  ['e', 8, 6, 't', 'Queens'],
  ['e', 8, -1, 'f', 'Queens'],
] as const

const BY_HAND: RandomTable = {
  schema: {
    dataset: 'trips',
    member: 'rider',
    kMin: 1,
    purposes: ['test'],
    columns: [
      { name: 'fare', type: 'integer', nullable: true, min: 0, max: 9, reveal: 'extremes' },
      { name: 'tip', type: 'integer', nullable: false, min: -4, max: 6, reveal: 'extremes' },
      { name: 'shared', type: 'boolean', nullable: true, reveal: 'extremes' },
      {
        name: 'borough',
        type: 'text',
        nullable: true,
        dictionary: ['Queens', 'Bronx', 'Harlem'],
        reveal: 'extremes',
      },
    ],
  },
  rows: ROWS.map(([, ...cells]) => cells.map((cell) => (cell === null ? null : String(cell)))),
  memberOfRow: Uint32Array.from(ROWS, ([rider]) => 'abcde'.indexOf(rider)),
  params: {
    committee: { n: 5, t: 2 },
    security: 'passive',
    dataset: {
      name: 'trips',
      version: 1,
      chunks: [5, 8],
      rowsPerMember: [
        [1, 1],
        [2, 2],
        [3, 1],
        [5, 1],
      ],
    },
    chunksInFlight: 1,
    network: 'lan',
  },
}

const EACH =
  'SELECT rider AS r, COUNT(*) AS n, COUNT(fare) AS fares, SUM(fare) AS total, SUM(tip) AS tips, MIN(fare) AS least, MAX(tip) AS most, BOOL_AND(shared) AS all_shared, BOOL_OR(fare > 6) AS dear, MIN(borough) AS place FROM trips'

const HAND_WRITTEN: readonly string[] = [
  'SELECT COUNT(*), AVG(n), SUM(n), MAX(n), MIN(n) FROM each',
  'SELECT COUNT(*), AVG(n), COUNT(DISTINCT r) FROM each WHERE n > 1',
  // Integers are divided as such, what is numeric is not.
  'SELECT SUM(n / 2), SUM(n) / 2, SUM(total) / 3, SUM(n * 1000), AVG(tips) FROM each',
  'SELECT COUNT(total), SUM(total), AVG(total), MIN(total), MAX(total), COUNT(*) FILTER (WHERE total IS NULL) FROM each',
  'SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY total), percentile_cont(0.25) WITHIN GROUP (ORDER BY tips), mode() WITHIN GROUP (ORDER BY n) FROM each',
  'SELECT MIN(tips), MAX(tips), SUM(tips), VAR_SAMP(tips), STDDEV_POP(n) FROM each',
  'SELECT MIN(least), SUM(least), MAX(least), SUM(most), AVG(most - least) FROM each',
  'SELECT BOOL_AND(all_shared), BOOL_OR(all_shared), COUNT(all_shared), BOOL_OR(dear), COUNT(dear) FROM each',
  "SELECT COUNT(place), MIN(place), MAX(place), COUNT(*) FILTER (WHERE place = 'Queens') FROM each",
  'SELECT n, COUNT(*), SUM(total) FROM each GROUP BY n ORDER BY n',
  'SELECT dear, all_shared, COUNT(*) FROM each GROUP BY dear, all_shared ORDER BY 1, 2',
  'SELECT place, AVG(n) FROM each GROUP BY place ORDER BY place NULLS FIRST',
  'SELECT n > 2 AS often, COUNT(*) FROM each GROUP BY 1 HAVING SUM(n) > 4 ORDER BY 1',
  'SELECT SUM(COALESCE(total, -1)), SUM(CASE WHEN n > 2 THEN total ELSE 0 END) FROM each',
  'SELECT SUM(total * n), SUM(n * n) FROM each WHERE tips > total OR n = 1',
  'SELECT COUNT(*) FROM (SELECT n + fares AS m, r FROM each WHERE total > 2) q WHERE m > 4',
  // What is counted of sub-queries that are grouped again is one row a member.
  'SELECT SUM(k), MAX(s) FROM (SELECT r, COUNT(*) AS k, SUM(n) AS s FROM each WHERE n > 1 GROUP BY r) q',
]

const OTHERS: readonly string[] = [
  'SELECT COUNT(*), SUM(n) FROM (SELECT rider, COUNT(*) AS n FROM trips WHERE shared GROUP BY rider) q WHERE n > 1',
  'SELECT SUM(x) FROM (SELECT rider, COUNT(*) * 2 + SUM(tip) AS x FROM trips GROUP BY 1) q WHERE x > 0',
  'SELECT SUM(x), COUNT(*) FROM (SELECT SUM(fare) - MIN(tip) AS x FROM trips GROUP BY trips.rider HAVING COUNT(*) > 1 AND SUM(fare) IS NOT NULL) q',
  "SELECT COUNT(*) FROM (SELECT rider FROM trips GROUP BY rider HAVING BOOL_OR(borough = 'Bronx') AND COUNT(*) FILTER (WHERE fare > 4) >= 1) q",
  'SELECT COUNT(*), SUM(a) FROM (SELECT t.rider, SUM(t.f) AS a FROM (SELECT rider, fare + tip AS f FROM trips WHERE fare > 0) t GROUP BY t.rider) q',
  'SELECT SUM(d), MAX(d), SUM(e), COUNT(*) FROM (SELECT rider, COUNT(DISTINCT borough) AS d, COUNT(DISTINCT tip) FILTER (WHERE shared) AS e FROM trips GROUP BY rider) q',
  'SELECT d, COUNT(*) FROM (SELECT rider, COUNT(DISTINCT tip) AS d FROM trips GROUP BY rider) q GROUP BY d ORDER BY d',
  "SELECT SUM(q), SUM(k), MIN(f), SUM(h), COUNT(h) FROM (SELECT rider, MAX(CASE WHEN borough = 'Queens' THEN 1 ELSE 0 END) AS q, MIN(CASE WHEN fare > 5 THEN -7 WHEN fare > 1 THEN 40 END) AS k, MAX(FLOOR(fare * 0.4)) AS f, MAX(3) FILTER (WHERE shared) AS h FROM trips GROUP BY rider) q",
  'SELECT SUM(m), COUNT(*) FROM (SELECT rider, MIN(CASE WHEN tip > 9 THEN 3 END) AS n, MAX(NULLIF(2, 2)) AS k, MAX(tip) AS m FROM trips GROUP BY rider) q WHERE n IS NULL AND k IS NULL',
  'SELECT AVG(c), SUM(c) FROM (SELECT rider, SUM(3) AS c, SUM(-1) FILTER (WHERE shared) FROM trips GROUP BY rider) q',
  'SELECT COUNT(n), SUM(m) FROM (SELECT rider, COUNT(NULL) AS n, MAX(tip) FILTER (WHERE shared) AS m FROM trips WHERE tip > 0 GROUP BY rider) q',
  'WITH a AS (SELECT rider x, SUM(fare) s FROM trips GROUP BY x), b AS (SELECT s + 1 AS s FROM a WHERE s > 7) SELECT SUM(s) FROM b',
  // Nobody has such rows; everybody has.
  'SELECT COUNT(*) FROM (SELECT rider, SUM(tip) AS s FROM trips WHERE fare > 100 GROUP BY rider) q',
  'SELECT SUM(s), COUNT(*) FROM (SELECT rider, SUM(tip) AS s FROM trips WHERE tip < 100 GROUP BY rider) q',
  'SELECT SUM(s), COUNT(n) FROM (SELECT rider, SUM(fare) AS s, COUNT(*) AS n FROM trips WHERE fare < 9 AND borough IS NOT NULL GROUP BY rider) q',
]

describe('written by hand, by five parties', () => {
  beforeAll(async () => {
    await oracle.database.exec(`DROP TABLE IF EXISTS trips CASCADE; ${createTable(BY_HAND)}`)
  })

  test.each([
    ...HAND_WRITTEN.map((sql) => `WITH each AS (${EACH} GROUP BY rider) ${sql}`),
    ...OTHERS,
    // A member without a row that passes is no row.
    `WITH each AS (${EACH} WHERE shared GROUP BY rider HAVING SUM(tip) > 1) ${HAND_WRITTEN[3]}`,
  ])('%s', async (sql) => {
    const { schema, params, memberOfRow } = BY_HAND
    const { plan, answer } = await compile(sql, schema, params)
    const columns = plainColumns(BY_HAND)
    const lanes = await executeAll(await testCommittee(5), plan, params, columns, memberOfRow)
    expect(lanes).toEqual(idealExecute(plan, params, columns, memberOfRow))
    const given = evaluateAnswer(answer, lanes)
    const { rows, fields } = await oracle.database.query<(string | null)[]>(sql, [], {
      rowMode: 'array',
      parsers: TEXTS,
    })
    expect(given.columns).toEqual(
      fields.map(({ name, dataTypeID }) => ({ name, type: TYPE_NAMES[dataTypeID] })),
    )
    // PostgreSQL does not have groups that nobody is in; a number of nobody is suppressed, where it has 0 or NULL.
    const isKey = answer.cells.map(({ kind }) => kind === 'key')
    const shown = given.rows.filter((row) => row.some((cell, k) => !isKey[k] && 'text' in cell))
    const texts = shown.map((row) => row.map((cell) => ('text' in cell ? cell.text : null)))
    const isNothing = rows.length === 1 && rows[0]!.every((cell) => cell === '0' || cell === null)
    expect(texts).toEqual(isNothing ? [] : rows)
  })
})

test('EXPLAIN draws both plans as one tree, and says that nothing of the sub-query is opened', async () => {
  const { schema, params } = BY_HAND
  const sql = `SELECT AVG(total) FROM (${EACH} WHERE tip > 1 GROUP BY rider) q WHERE n > 1`
  const compiled = await compile(sql, schema, params)
  const explained = explainQuery(compiled, params)
  expect(explained).toMatchObject({ dataset: 'trips', rows: 13, members: 5 })
  const text = explainText(explained)
  expect(text).toContain('To every node: how many rows each pseudonym has.')
  expect(text).toMatch(/nothing is opened.*nor of which members/u)
  expect(text).toMatch(/1: COUNT\(total\), SUM\(total\)/u)
  const { operators } = compiled.plan
  const table = operators.findIndex(({ kind }) => kind === 'table')
  const loaded = operators.flatMap((one) =>
    one.kind === 'load-bits' || one.kind === 'load-field' ? [`${one.dataset} ${one.column}`] : [],
  )
  expect(loaded).toEqual([
    'trips fare',
    'trips tip',
    'trips fare',
    'sub-query 1 row',
    'sub-query 1 n',
    'sub-query 1 total',
    'sub-query 1 total',
  ])
  // Only what is loaded is made.
  expect(operators[table]).toMatchObject({
    columns: [{ name: 'n' }, { name: 'total' }, { name: 'row' }],
  })
  const drawn = text
    .split('\n')
    .filter((line) => /^[ │├└─]*[a-z-]+ #\d+(?!.*\(above\))/u.test(line))
  expect(drawn.length).toBe(operators.length)
})

test('a dataset without rows has members without rows', async () => {
  const { schema, params } = BY_HAND
  const nobody = { ...params, dataset: { ...params.dataset, chunks: [], rowsPerMember: [] } }
  const sql = `SELECT COUNT(*), SUM(n), SUM(total) FROM (${EACH} WHERE tip > 1 GROUP BY rider) q WHERE n > 0 AND most > 1`
  const { plan, answer } = await compile(sql, schema, nobody)
  const nothing = plainColumns({ schema, rows: [] })
  const none = new Uint32Array()
  const lanes = await executeAll(await testCommittee(5), plan, nobody, nothing, none)
  expect(evaluateAnswer(answer, lanes).rows).toEqual([
    [{ suppressed: true }, { suppressed: true }, { suppressed: true }],
  ])
})

type Case = readonly [code: string, marked: string, hint?: RegExp]

const REFUSED: readonly Case[] = [
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(a) FROM (SELECT rider, «avg»(fare) AS a FROM trips GROUP BY rider) q',
    /SUM and COUNT/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(a) FROM (SELECT rider, «stddev»(fare) AS a FROM trips GROUP BY rider) q',
    /BOOL_OR/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(a) FROM (SELECT rider, «sum»(DISTINCT passengers) AS a FROM trips GROUP BY rider) q',
    /COUNT\(DISTINCT x\)/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(a) FROM (SELECT rider, «count»(DISTINCT rider) AS a FROM trips GROUP BY rider) q',
    /COUNT\(DISTINCT x\)/u,
  ],
  [
    'SH_SQL_GROUPING',
    'SELECT COUNT(*) FROM (SELECT rider, «fare» FROM trips GROUP BY rider) q',
    /aggregate the column/u,
  ],
  [
    'SH_SQL_GROUPING',
    'SELECT COUNT(*) FROM (SELECT rider FROM trips GROUP BY rider HAVING «fare» > 2) q',
  ],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT COUNT(*) FROM (SELECT rider, COUNT(*) AS n FROM trips GROUP BY rider HAVING «n» > 2) q',
    /write the aggregate/u,
  ],
  ['SH_SQL_GROUPING', 'SELECT COUNT(*) FROM (SELECT «*» FROM trips GROUP BY rider) q'],
  [
    'SH_SQL_GROUPING',
    'SELECT SUM(a) FROM (SELECT rider, SUM(«count»(*)) AS a FROM trips GROUP BY rider) q',
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT borough, COUNT(*) FROM trips «GROUP» BY borough) q',
    /member alone/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT rider, borough, COUNT(*) FROM trips «GROUP» BY rider, borough) q',
    /member alone/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT rider, COUNT(*) FROM trips «GROUP» BY ROLLUP (rider)) q',
    /member alone/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT rider, COUNT(*) FROM trips GROUP BY rider «ORDER» BY 2) q',
    /no effect/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(a) FROM (SELECT rider, «sum»(COUNT(*)) OVER () AS a FROM trips GROUP BY rider) q',
  ],
  [
    'SH_POLICY_MEMBER',
    "SELECT COUNT(*) FROM (SELECT rider, COUNT(*) FROM trips GROUP BY rider) q WHERE «rider» = 'a'",
  ],
  [
    'SH_POLICY_MEMBER',
    'SELECT COUNT(*) FROM (SELECT rider, MAX(«rider») FROM trips GROUP BY rider) q',
  ],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT SUM(«fare») FROM (SELECT rider, COUNT(*) AS n FROM trips GROUP BY rider) q',
    /There are rider, n/u,
  ],
  // The columns that nothing reads must be right all the same.
  [
    'SH_SQL_TYPE',
    'SELECT COUNT(*) FROM (SELECT rider, «sum»(payment) AS s FROM trips GROUP BY rider) q',
  ],
  [
    'SH_SQL_TYPE',
    "SELECT COUNT(*) FROM (SELECT rider, COUNT(*) «=» 'x'::text AS s FROM trips GROUP BY rider) q",
  ],
  [
    'SH_SQL_TYPE',
    'SELECT COUNT(*) FROM (SELECT rider FROM trips GROUP BY rider HAVING «COUNT»(*)) q',
  ],
  [
    'SH_POLICY_EXTREME',
    'SELECT «MAX»(n) FROM (SELECT rider, COUNT(*) AS n FROM trips WHERE tip > 3 GROUP BY rider) q',
    /reveal: extremes for tip/u,
  ],
  [
    'SH_POLICY_EXTREME',
    'SELECT «MAX»(m) FROM (SELECT rider, MAX(fare) AS m FROM trips WHERE tip > 3 GROUP BY rider) q',
    /reveal: extremes for tip/u,
  ],
  [
    'SH_POLICY_EXTREME',
    'SELECT «MIN»(n) FROM (SELECT rider, COUNT(*) FILTER (WHERE tip > 3) AS n FROM trips GROUP BY rider) q',
    /reveal: extremes for tip/u,
  ],
  [
    'SH_POLICY_EXTREME',
    'SELECT «percentile_cont»(0.5) WITHIN GROUP (ORDER BY m) FROM (SELECT rider, SUM(s) + 1 AS m FROM (SELECT rider, MAX(tip) AS s FROM trips GROUP BY rider) p GROUP BY rider) q',
    /reveal: extremes for tip/u,
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
      if (hint !== undefined) expect(error.hint).toMatch(hint)
    },
  )
})

/** Undefined if there are too many groups: a made column can have more values than one of random-table.ts. */
async function compiledOrRefused(
  sql: string,
  schemas: readonly Schema[],
  params: PlanParams,
): Promise<CompiledQuery | undefined> {
  try {
    return await compile(sql, schemas, params)
  } catch (error) {
    if (error instanceof ShareholdError && error.code === 'SH_PLAN_GROUPS') return undefined
    throw error
  }
}

/** The answer, or the code of the error. */
function outcome(...input: Parameters<typeof evaluateAnswer>): ExpectedAnswer | string {
  try {
    const { columns, rows } = evaluateAnswer(...input)
    return { columns, rows }
  } catch (error) {
    if (error instanceof ShareholdError) return error.code
    throw error
  }
}
