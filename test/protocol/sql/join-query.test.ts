/** Sub-queries and queries of WITH among the datasets of a join: the plan is that of the flat join, to the byte. */
import { describe, expect, test, vi } from 'vitest'

import { canonicalJson } from '../../../protocol/canonical-json.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { datasetsOf } from '../../../protocol/sql/dataset.ts'
import { ShareholdError } from '../../../shares/errors.ts'

import { HOMES, joinedCase, REVIEWS, RIDERS } from './joined-tables.ts'
import { unmark } from './refusal.ts'
import { TRIPS } from './trips-schema.ts'
import { tripsTable } from './trips-table.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 120_000 })

const TABLES = [
  tripsTable(TRIPS, 60, 20),
  tripsTable(RIDERS, 15, 15),
  tripsTable(HOMES, 12, 12),
  tripsTable(REVIEWS, 30, 15),
]

async function planOf(sql: string): Promise<string> {
  const { schemas, params } = await joinedCase(sql, TABLES)
  const { plan } = await compile(sql, schemas, params)
  return canonicalJson({ plan, dataset: params.dataset, joined: params.joined ?? [] })
}

const SAME: readonly (readonly [nested: string, flat: string])[] = [
  [
    'SELECT AVG(fare) FROM trips JOIN (SELECT rider, born FROM riders) r USING (rider) WHERE r.born > 1980',
    'SELECT AVG(fare) FROM trips JOIN riders USING (rider) WHERE born > 1980',
  ],
  [
    "SELECT AVG(t.f) FROM (SELECT rider, fare AS f FROM trips WHERE borough = 'Queens') AS t JOIN riders r ON t.rider = r.rider",
    "SELECT AVG(fare) FROM trips JOIN riders ON trips.rider = riders.rider WHERE borough = 'Queens'",
  ],
  // The same query of WITH twice.
  [
    'WITH good AS (SELECT * FROM reviews WHERE stars > 3) SELECT COUNT(DISTINCT rider) FROM good a JOIN good b USING (rider) WHERE a.stars < b.stars',
    'SELECT COUNT(DISTINCT rider) FROM reviews a JOIN reviews b USING (rider) WHERE a.stars > 3 AND b.stars > 3 AND a.stars < b.stars',
  ],
  // A column that the sub-query does not show is nobody's.
  [
    'SELECT COUNT(borough) FROM trips JOIN (SELECT rider, rooms FROM homes) h USING (rider) WHERE rooms > 2',
    'SELECT COUNT(trips.borough) FROM trips JOIN homes USING (rider) WHERE rooms > 2',
  ],
  // The member under another name.
  [
    'SELECT COUNT(DISTINCT who) FROM trips JOIN (SELECT rider AS who, rooms AS r FROM homes) h ON trips.rider = h.who WHERE r = 3',
    'SELECT COUNT(DISTINCT h.rider) FROM trips JOIN homes h ON trips.rider = h.rider WHERE rooms = 3',
  ],
  // A join inside, under aliases that are used outside as well.
  [
    'SELECT COUNT(*) FROM (SELECT t.rider, t.fare, r.born FROM trips t JOIN riders r USING (rider) WHERE r.born > 1950) r JOIN homes t USING (rider) WHERE r.fare > 3 AND t.rooms = 2 GROUP BY r.born / 100',
    'SELECT COUNT(*) FROM trips JOIN riders USING (rider) JOIN homes USING (rider) WHERE born > 1950 AND fare > 3 AND rooms = 2 GROUP BY born / 100',
  ],
  // The other side of an outer join: all rows of the sub-query are there.
  [
    'SELECT COUNT(rooms), SUM(x) FROM (SELECT rider, tip * 2 AS x FROM trips WHERE shared) t LEFT JOIN homes USING (rider)',
    'SELECT COUNT(rooms), SUM(tip * 2) FROM trips LEFT JOIN homes USING (rider) WHERE shared',
  ],
  // Where rows can be missing, columns are.
  [
    'SELECT COUNT(*), COUNT(r) FROM trips LEFT JOIN (SELECT rider, rooms AS r FROM homes) h USING (rider) WHERE r IS NULL',
    'SELECT COUNT(*), COUNT(rooms) FROM trips LEFT JOIN homes USING (rider) WHERE rooms IS NULL',
  ],
  [
    'SELECT COUNT(DISTINCT rider) FROM trips FULL JOIN (TABLE homes) h USING (rider)',
    'SELECT COUNT(DISTINCT rider) FROM trips FULL JOIN homes USING (rider)',
  ],
  // A sub-query about a join of sub-queries.
  [
    'SELECT COUNT(*) FROM (SELECT a.fare, b.born AS y FROM (SELECT rider, fare FROM trips WHERE shared) a JOIN (SELECT * FROM riders) b USING (rider)) q WHERE y > 1980',
    'SELECT COUNT(*) FROM trips JOIN riders USING (rider) WHERE shared AND born > 1980',
  ],
]

describe('the plan is that of the flat join', () => {
  test.each(SAME)('%s', async (nested, flat) => {
    expect(await planOf(nested)).toBe(await planOf(flat))
    expect(await datasetsOf(nested)).toEqual(await datasetsOf(flat))
  })
})

const REFUSED: readonly (readonly [code: string, marked: string, hint: RegExp])[] = [
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips LEFT JOIN (SELECT rider FROM homes WHERE «rooms» > 2) h USING (rider)',
    /FILTER/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM (SELECT rider FROM homes WHERE «rooms» > 2) h FULL JOIN trips USING (rider)',
    /FILTER/u,
  ],
  // The condition is two joins further out.
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM ((SELECT rider FROM homes WHERE «rooms» > 2) h JOIN trips USING (rider)) RIGHT JOIN riders USING (rider)',
    /FILTER/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT SUM(«x») FROM trips LEFT JOIN (SELECT rider, COALESCE(rooms, 0) AS x FROM homes) h USING (rider)',
    /outside/u,
  ],
  // What a sub-query does not show cannot be named.
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT COUNT(«rooms») FROM trips JOIN (SELECT rider FROM homes) h USING (rider)',
    /There are/u,
  ],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT COUNT(«h.rooms») FROM trips JOIN (SELECT rider FROM homes) h USING (rider)',
    /\?|There/u,
  ],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT COUNT(*) FROM trips JOIN («SELECT» rooms FROM homes) h USING (rider)',
    /columns of the sub-query/u,
  ],
  // The name is that of a dataset outside, which is not in sight.
  [
    'SH_SQL_UNKNOWN_DATASET',
    'SELECT COUNT(*) FROM trips JOIN (SELECT rider FROM homes WHERE rooms > «trips.tip») h USING (rider)',
    /homes/u,
  ],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT COUNT(*) FROM trips JOIN (SELECT rider FROM homes WHERE rooms > «tip») h USING (rider)',
    /\?|There/u,
  ],
  // Another member column than that which USING would take inside.
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips JOIN («SELECT» h.rider FROM riders LEFT JOIN homes h USING (rider)) q USING (rider)',
    /ON/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips JOIN («SELECT» rider, COUNT(*) AS n FROM reviews GROUP BY rider) q USING (rider)',
    /alone/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips JOIN (SELECT rider FROM homes «LIMIT» 3) h USING (rider)',
    /WHERE/u,
  ],
  [
    'SH_SQL_AMBIGUOUS',
    'SELECT COUNT(«borough») FROM trips JOIN (TABLE homes) h USING (rider)',
    /different names/u,
  ],
  [
    'SH_SQL_UNKNOWN_DATASET',
    'SELECT COUNT(*) FROM trips JOIN (SELECT rider FROM «nowhere») h USING (rider)',
    /trips/u,
  ],
]

describe('refused', () => {
  test.each(REFUSED)('%s: %s', async (code, marked, hint) => {
    const { sql, position } = unmark(marked)
    const error: unknown = await planOf(sql).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ShareholdError)
    const { message, ...rest } = error as ShareholdError
    expect({ code: rest.code, position: rest.position }, message).toEqual({ code, position })
    expect(rest.hint, message).toMatch(hint)
  })

  test('queries of WITH that double each other', async () => {
    const chain = Array.from(
      { length: 40 },
      (_, k) => `q${k + 1} AS (SELECT a.rider FROM q${k} a JOIN q${k} b USING (rider))`,
    )
    const sql = `WITH q0 AS (SELECT rider FROM homes), ${chain.join(', ')} SELECT COUNT(*) FROM q40`
    const code = { code: 'SH_SQL_TOO_COMPLEX' }
    await expect(datasetsOf(sql)).rejects.toMatchObject(code)
    const { schemas, params } = await joinedCase('SELECT COUNT(*) FROM homes', TABLES)
    await expect(compile(sql, schemas, params)).rejects.toMatchObject(code)
  })
})
