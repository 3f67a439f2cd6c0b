/** Sub-queries in FROM and WITH: the plan is that of the query without them, to the byte; names keep their scopes. */
import { describe, expect, test, vi } from 'vitest'

import { canonicalJson } from '../../../protocol/canonical-json.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { datasetsOf } from '../../../protocol/sql/dataset.ts'

import { refusal, unmark } from './refusal.ts'
import { PARAMS, TRIPS } from './trips-schema.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const SAME: readonly (readonly [nested: string, flat: string])[] = [
  ['SELECT COUNT(*) FROM (SELECT fare FROM trips) q', 'SELECT COUNT(*) FROM trips'],
  ['SELECT COUNT(*) FROM (SELECT rider FROM trips)', 'SELECT COUNT(*) FROM trips'],
  [
    'SELECT COUNT(*) FROM (TABLE trips) q WHERE fare > 3',
    'SELECT COUNT(*) FROM trips WHERE fare > 3',
  ],
  [
    'SELECT q.b, AVG(q.f) AS x FROM (SELECT borough AS b, fare AS f FROM trips WHERE tip > 1) AS q WHERE q.f > 3 GROUP BY q.b ORDER BY q.b, x DESC',
    'SELECT borough AS b, AVG(fare) AS x FROM trips WHERE tip > 1 AND fare > 3 GROUP BY borough ORDER BY borough, x DESC',
  ],
  [
    'SELECT b, COUNT(*) FROM (SELECT t.borough, t.fare FROM trips t) AS q(b) GROUP BY b ORDER BY b LIMIT 2',
    'SELECT borough AS b, COUNT(*) FROM trips GROUP BY 1 ORDER BY 1 LIMIT 2',
  ],
  // The dataset has a column of the output's name; it cannot be seen from outside.
  [
    'SELECT b AS fare, COUNT(*) FROM (SELECT borough AS b FROM trips) q GROUP BY fare',
    'SELECT borough AS fare, COUNT(*) FROM trips GROUP BY borough',
  ],
  // ORDER BY b means the column, not the output that is called as what is behind it.
  [
    'SELECT COUNT(*) AS borough FROM (SELECT borough AS b FROM trips) q GROUP BY b ORDER BY b',
    'SELECT COUNT(*) AS borough FROM trips GROUP BY trips.borough ORDER BY trips.borough',
  ],
  [
    'SELECT COUNT(*) AS b FROM (SELECT borough AS b FROM trips) q GROUP BY b ORDER BY b',
    'SELECT COUNT(*) AS b FROM trips GROUP BY borough ORDER BY 1',
  ],
  [
    'SELECT COUNT(*) FROM (SELECT * FROM (SELECT fare AS a, tip FROM trips t WHERE t.shared) x WHERE a > 2) y WHERE a < 30',
    'SELECT COUNT(*) FROM trips WHERE shared AND fare > 2 AND fare < 30',
  ],
  // Two columns change places.
  [
    'SELECT SUM(fare), AVG(tip) FROM (SELECT fare AS tip, tip AS fare FROM trips WHERE tip > fare) q WHERE tip > 3',
    'SELECT SUM(tip), AVG(fare) FROM trips WHERE tip > fare AND fare > 3',
  ],
  [
    'WITH a AS (SELECT * FROM trips WHERE shared), b(x, y) AS (SELECT fare, tip FROM a WHERE tip > 2) SELECT SUM(x), COUNT(y) FROM b WHERE x < 100',
    'SELECT SUM(fare), COUNT(tip) FROM trips WHERE shared AND tip > 2 AND fare < 100',
  ],
  // A query of WITH hides the dataset of its name from what comes after, and does not see itself.
  [
    'WITH trips AS (SELECT fare FROM trips WHERE shared) SELECT COUNT(*) FROM trips',
    'SELECT COUNT(*) FROM trips WHERE shared',
  ],
  [
    'WITH x AS (SELECT fare AS a FROM trips) SELECT COUNT(*) FROM (WITH y AS (SELECT * FROM x WHERE a < 9) SELECT a AS z FROM y) q WHERE z > 3',
    'SELECT COUNT(*) FROM trips WHERE fare < 9 AND fare > 3',
  ],
  [
    'WITH x AS (SELECT tip FROM trips) SELECT SUM(fare) FROM (WITH x AS (SELECT tip AS fare FROM x) SELECT fare FROM x) q',
    'SELECT SUM(tip) FROM trips',
  ],
  [
    'SELECT COUNT(*) FROM (SELECT trips.fare AS a WHERE trips.tip > 1) q WHERE a > 2',
    'SELECT COUNT(*) FROM trips WHERE tip > 1 AND fare > 2',
  ],
  [
    'SELECT COUNT(*) FILTER (WHERE b = 1) FROM (SELECT passengers AS b FROM trips) q',
    'SELECT COUNT(*) FILTER (WHERE passengers = 1) FROM trips',
  ],
  // A list of members, each once.
  [
    'SELECT COUNT(*) FROM (SELECT DISTINCT rider FROM trips WHERE fare > 3) q',
    'SELECT COUNT(DISTINCT rider) FROM trips WHERE fare > 3',
  ],
  [
    'WITH m(r) AS (SELECT t.rider FROM trips t WHERE shared GROUP BY t.rider) SELECT COUNT(m.r) * 2, COUNT(1), COUNT(DISTINCT r) FROM m',
    'SELECT COUNT(DISTINCT rider) * 2, COUNT(DISTINCT rider), COUNT(DISTINCT rider) FROM trips WHERE shared',
  ],
  [
    'SELECT COUNT(*) FROM (SELECT rider FROM (SELECT rider, fare AS f FROM trips WHERE tip > 1) a WHERE f > 2 GROUP BY 1) q',
    'SELECT COUNT(DISTINCT rider) FROM trips WHERE tip > 1 AND fare > 2',
  ],
  // A quoted literal is text as soon as it is a column.
  [
    "SELECT COUNT(*) FROM (SELECT 'x' AS c FROM trips) q WHERE c = 'x'",
    'SELECT COUNT(*) FROM trips',
  ],
  [
    'SELECT COUNT(*) FROM (SELECT NULL AS c FROM trips) q WHERE c IS NULL',
    'SELECT COUNT(*) FROM trips',
  ],
]

test.each(SAME)('%s', async (nested, flat) => {
  const [inlined, plain] = [
    await compile(nested, TRIPS, PARAMS),
    await compile(flat, TRIPS, PARAMS),
  ]
  expect(inlined.planHash).toBe(plain.planHash)
  expect(canonicalJson(inlined.answer)).toBe(canonicalJson(plain.answer))
  expect(inlined.leaks).toEqual(plain.leaks)
  expect(await datasetsOf(nested)).toEqual(['trips'])
})

type Case = readonly [code: string, marked: string, hint?: RegExp]

const REFUSED: readonly Case[] = [
  ['SH_SQL_UNSUPPORTED', 'SELECT SUM(1) FROM (SELECT «DISTINCT» rider FROM trips) q', /GROUP BY/u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(NULL) FROM (SELECT «DISTINCT» rider FROM trips) q',
    /GROUP BY/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM (SELECT «DISTINCT» ON (rider) rider FROM trips) q'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM (SELECT «DISTINCT» rider, borough FROM trips) q'],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT rider FROM trips «GROUP» BY rider, borough) q',
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT «DISTINCT» rider FROM (SELECT fare AS rider FROM trips) a) q',
  ],
  [
    'SH_POLICY_MEMBER',
    "SELECT COUNT(*) FROM (SELECT DISTINCT rider FROM trips) q WHERE «rider» = 'x'",
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT borough, COUNT(*) FROM trips «GROUP» BY borough) q',
    /one query/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT COUNT(*) FROM trips «HAVING» COUNT(*) > 2) q',
    /one query/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM (SELECT «sum»(fare) FROM trips) q', /one query/u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT 1 + «max»(fare) AS m FROM trips) q',
    /one query/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT «JSON_ARRAYAGG»(fare) FROM trips) q',
    /one query/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT row_number() OVER «(») AS r FROM trips) q WHERE r = 1',
    /PARTITION BY rider/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT fare FROM trips «WINDOW» w AS (ORDER BY fare)) q',
    /Leave/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT «DISTINCT» borough FROM trips) q',
    /GROUP BY/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(DISTINCT fare) FROM (SELECT «DISTINCT» ON (fare) fare FROM trips) q',
    /GROUP BY/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT fare FROM trips «ORDER» BY fare) q',
    /no effect/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM (SELECT fare FROM trips «LIMIT» 3) q', /WHERE/u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT fare FROM trips «FETCH» FIRST 3 ROWS ONLY) q',
    /WHERE/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM (SELECT fare FROM trips «OFFSET» 3) q', /WHERE/u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT fare FROM trips «UNION» ALL SELECT tip FROM trips) q',
    /one after the other/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM ((SELECT fare FROM trips) «EXCEPT» (SELECT tip FROM trips)) q',
    /one after the other/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM (SELECT fare FROM trips «FOR» UPDATE) q', /away/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM (SELECT fare «INTO» x FROM trips) q', /away/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM («SELECT» fare FROM trips) q, trips', /JOIN/u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM LATERAL («SELECT» fare FROM trips) q',
    /one dataset/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    '«WITH» RECURSIVE x AS (SELECT fare FROM trips) SELECT COUNT(*) FROM x',
    /fixed number of steps/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'WITH «x» AS (DELETE FROM trips RETURNING fare) SELECT COUNT(*) FROM x',
    /change nothing/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'WITH «x» AS (SELECT fare FROM trips) SELECT COUNT(*) FROM trips',
    /away/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'WITH y AS (SELECT fare FROM trips), «x» AS (SELECT fare FROM trips) SELECT COUNT(*) FROM y',
    /away/u,
  ],
  [
    'SH_SQL_AMBIGUOUS',
    'WITH x AS (SELECT fare FROM trips), «x» AS (SELECT tip FROM trips) SELECT COUNT(*) FROM x',
    /different names/u,
  ],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'WITH x(a, b) AS (SELECT fare FROM trips) SELECT COUNT(*) FROM «x»',
    /at most/u,
  ],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT COUNT(*) FROM («SELECT» fare FROM trips) AS q(a, b)',
    /at most/u,
  ],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT COUNT(«tip») FROM (SELECT fare FROM trips) q',
    /There is fare/u,
  ],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT COUNT(«q.tip») FROM (SELECT fare FROM trips) q',
    /There is fare/u,
  ],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT COUNT(«fare») FROM (SELECT fare FROM trips) AS q(a)',
    /There is a/u,
  ],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT COUNT(*) FROM (SELECT «fair» FROM trips) q',
    /Did you mean fare/u,
  ],
  ['SH_SQL_UNKNOWN_COLUMN', 'SELECT COUNT(*) FROM (SELECT fare AS a FROM trips WHERE «a» > 1) q'],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT COUNT(*) FROM (SELECT borough FROM trips) q GROUP BY «payment»',
    /There is borough/u,
  ],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT COUNT(*) FROM (SELECT borough FROM trips) q ORDER BY «payment»',
    /There is borough/u,
  ],
  [
    'SH_SQL_UNKNOWN_DATASET',
    'SELECT COUNT(«trips.fare») FROM (SELECT fare FROM trips) q',
    /about q/u,
  ],
  [
    'SH_SQL_UNKNOWN_DATASET',
    'SELECT COUNT(*) FROM (SELECT fare FROM trips) WHERE «q.fare» > 3',
    /no name/u,
  ],
  [
    'SH_SQL_UNKNOWN_DATASET',
    'SELECT COUNT(*) FROM (SELECT fare FROM «trip») q',
    /Did you mean trips/u,
  ],
  [
    'SH_SQL_AMBIGUOUS',
    'SELECT COUNT(«a») FROM (SELECT fare AS a, tip AS a FROM trips) q',
    /different names/u,
  ],
  [
    'SH_SQL_AMBIGUOUS',
    'SELECT a AS n, b AS n, COUNT(*) FROM (SELECT borough AS a, payment AS b FROM trips) q GROUP BY «n»',
    /different names/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(«q») FROM (SELECT fare FROM trips) q', /COUNT\(\*\)/u],
  ['SH_POLICY_ROW_VALUES', 'SELECT COUNT(«q.*») FROM (SELECT fare FROM trips) q'],
  ['SH_POLICY_ROW_VALUES', 'SELECT «*» FROM (SELECT fare FROM trips) q'],
  ['SH_POLICY_ROW_VALUES', 'SELECT «a» FROM (SELECT fare AS a FROM trips) q'],
  ['SH_POLICY_MEMBER', 'SELECT COUNT(«rider») FROM (SELECT * FROM trips) q'],
  ['SH_POLICY_MEMBER', "SELECT COUNT(*) FROM (SELECT * FROM trips) q WHERE «q.rider» = 'x'"],
  ['SH_POLICY_MEMBER', "SELECT COUNT(*) FROM (SELECT fare FROM trips WHERE «rider» = 'x') q"],
  ['SH_SQL_GROUPING', 'SELECT «a», COUNT(*) FROM (SELECT fare AS a FROM trips) q'],
  ['SH_SQL_GROUPING', 'SELECT COUNT(*) FROM (SELECT fare FROM trips WHERE «COUNT»(*) > 1) q'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM (SELECT fare, borough AS b FROM trips) q WHERE b «=» 3'],
  [
    'SH_SQL_TYPE',
    "SELECT COUNT(*) FROM (SELECT '3' AS x, fare FROM trips) q WHERE x «=» fare",
    /single quotes/u,
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

test('sub-queries that double an expression thirty times over are refused', async () => {
  const levels = Array.from({ length: 30 }, (_, i) => `c${i + 1} AS (SELECT x + x AS x FROM c${i})`)
  const sql = `WITH c0 AS (SELECT fare AS x FROM trips), ${levels.join(', ')} SELECT COUNT(x) FROM c30`
  expect((await refusal(sql)).code).toBe('SH_SQL_TOO_COMPLEX')
})

test('a chain of many sub-queries is one query', async () => {
  const chain = (depth: number): string =>
    depth === 0 ? 'trips' : `(SELECT fare, tip FROM ${chain(depth - 1)} WHERE tip > ${depth}) q`
  const { planHash } = await compile(`SELECT SUM(fare) FROM ${chain(90)}`, TRIPS, PARAMS)
  const flat = await compile('SELECT SUM(fare) FROM trips WHERE tip > 90', TRIPS, PARAMS)
  expect(planHash).toBe(flat.planHash)
})
