/**
 * Everything outside the subset is refused with a stable code, the exact place and a hint. The place is
 * marked in the statement: what stands between « and » is what the error must cover.
 */
import { describe, expect, test, vi } from 'vitest'

import { datasetsOf } from '../../../protocol/sql/dataset.ts'
import { SQL_ERRORS } from '../../../protocol/sql/errors.ts'
import { ShareholdError } from '../../../shares/errors.ts'

import { refusal, unmark } from './refusal.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

type Case = readonly [code: string, marked: string, hint?: RegExp]

const SYNTAX: readonly Case[] = [
  ['SH_SQL_SYNTAX', '«SELEC» COUNT(*) FROM trips'],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips WHERE «WHERE»'],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*)\nFROM trips\n  GROUP «borough»'],
  ['SH_SQL_SYNTAX', "SELECT COUNT(*) FROM trips WHERE borough = «'Queens»"],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) AS "café" FROM trips WHERE borough = \'é\' «é» é x'],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips WHERE 1 < 2 «<» 3'],
  ['SH_SQL_SYNTAX', '« »', /SELECT/],
  ['SH_SQL_SYNTAX', '«;»', /SELECT/],
  ['SH_SQL_SYNTAX', '«-»- nothing but a comment', /SELECT/],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips«\0»', /NUL/],
  ['SH_SQL_SYNTAX', "SELECT COUNT(*) FROM trips WHERE borough = '«\ud800»'", /surrogate/],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips ORDER BY «1.5»', /number from 1 to 1/],
  ['SH_SQL_SYNTAX', "SELECT COUNT(*) FROM trips ORDER BY «'a'»"],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips ORDER BY «2»', /from 1 to 1/],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips ORDER BY «0»'],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips GROUP BY «3»', /from 1 to 1/],
  ['SH_SQL_SYNTAX', "SELECT COUNT(*) FROM trips GROUP BY «'borough'»"],
]

const STATEMENTS: readonly Case[] = [
  ['SH_SQL_UNSUPPORTED', '«UPDATE» trips SET fare = 1', /repositories/],
  ['SH_SQL_UNSUPPORTED', "  «INSERT» INTO trips VALUES (1, 'x')", /repositories/],
  ['SH_SQL_UNSUPPORTED', '/* c */ «DELETE» FROM trips', /repositories/],
  ['SH_SQL_UNSUPPORTED', '«DROP» TABLE trips'],
  ['SH_SQL_UNSUPPORTED', '«CREATE» TABLE x (a int)'],
  ['SH_SQL_UNSUPPORTED', '«EXPLAIN» SELECT COUNT(*) FROM trips', /EXPLAIN/],
  ['SH_SQL_UNSUPPORTED', '«COPY» trips TO STDOUT'],
  ['SH_SQL_UNSUPPORTED', '«BEGIN»'],
  ['SH_SQL_UNSUPPORTED', '«VALUES» (1)', /SELECT/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips; «SELECT» 1', /one statement/],
  ['SH_POLICY_ROW_VALUES', 'TABLE trips'],
]

const CLAUSES: readonly Case[] = [
  ['SH_SQL_UNSUPPORTED', 'WITH «x» AS (SELECT 1) SELECT COUNT(*) FROM trips', /away/],
  ['SH_SQL_UNSUPPORTED', 'SELECT «DISTINCT» borough FROM trips', /GROUP BY/],
  ['SH_SQL_UNSUPPORTED', 'SELECT «DISTINCT» ON (borough) borough FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) «INTO» x FROM trips'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips HAVING «SUM»(tip)', /Compare/],
  ['SH_SQL_GROUPING', 'SELECT COUNT(*) FROM trips HAVING «fare» > 3 AND COUNT(*) > 3', /AVG/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips HAVING COUNT(*) / 2 «>» 3', /multiply/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips HAVING VARIANCE(tip) «>» 3', /multiply/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips HAVING AVG(tip) «>» AVG(fare)', /SUM/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips HAVING AVG(tip) «>» 1e-15', /SUM/],
  [
    'SH_PLAN_OVERFLOW',
    'SELECT COUNT(*) FROM trips HAVING SUM(tip) * SUM(tip) * SUM(tip) «>» 3',
    /narrower/,
  ],
  ['SH_SQL_CONSTANT', 'SELECT COUNT(*) FROM trips HAVING COUNT(*) «>» 1 / 0'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips «WINDOW» w AS (ORDER BY fare)'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips «FOR» UPDATE'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips «UNION» SELECT COUNT(*) FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips «EXCEPT» ALL SELECT 1'],
  ['SH_SQL_UNSUPPORTED', '(SELECT COUNT(*) FROM trips) «INTERSECT» (SELECT 1)'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips, «other»', /JOIN/],
  ['SH_SQL_UNKNOWN_DATASET', 'SELECT COUNT(*) FROM trips JOIN «other» USING (rider)', /trips/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips CROSS JOIN «other»', /USING/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips NATURAL JOIN «other»', /USING/],
  ['SH_SQL_UNKNOWN_DATASET', 'SELECT COUNT(*) FROM trips JOIN «other» USING (rider, day)', /trips/],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips JOIN «trips» b USING (rider, day)',
    /Write ON/,
  ],
  ['SH_SQL_AMBIGUOUS', 'SELECT COUNT(*) FROM trips JOIN «trips» USING (rider)', /alias/],
  ['SH_SQL_AMBIGUOUS', 'SELECT COUNT(*) FROM trips JOIN «other» AS trips USING (rider)', /alias/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM (trips JOIN «other» USING (rider)) AS x', /Name/],
  ['SH_SQL_UNKNOWN_DATASET', 'SELECT COUNT(trips.fare) WHERE «other.x» = 1', /trips/],
  ['SH_SQL_UNKNOWN_DATASET', '«SELECT» COUNT(*) FROM (SELECT 1) AS x', /name of a dataset/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM «generate_series»(1, 3)'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM «public.trips»', /FROM trips/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM ONLY «trips»'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM «trips» AS t(a, b)'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips «TABLESAMPLE» system (10)'],
  ['SH_SQL_UNSUPPORTED', '«SELECT» FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips ORDER BY 1 «USING» <', /ASC or DESC/],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips ORDER BY 1 FETCH FIRST 3 ROWS WITH «TIES»',
    /LIMIT/,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE «GROUPING»(borough) = 0', /HAVING/],
  [
    'SH_SQL_TOO_COMPLEX',
    `SELECT COUNT(*) FROM trips GROUP BY «CUBE» (${Array.from({ length: 13 }, () => 'shared').join()})`,
    /GROUPING SETS/,
  ],
  [
    'SH_SQL_TOO_COMPLEX',
    `SELECT COUNT(*) FROM trips «GROUP» BY ${Array.from({ length: 13 }, () => 'ROLLUP (shared)').join()}`,
    /fewer/,
  ],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips LIMIT «1.5»', /whole number/],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips LIMIT «fare»'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips LIMIT «count»(*)'],
  ['SH_SQL_CONSTANT', 'SELECT COUNT(*) FROM trips LIMIT «-»1'],
  ['SH_SQL_CONSTANT', 'SELECT COUNT(*) FROM trips OFFSET «1» - 2'],
]

const NAMES: readonly Case[] = [
  ['SH_SQL_UNKNOWN_DATASET', 'SELECT COUNT(*) FROM «trip»', /Did you mean trips\?/],
  ['SH_SQL_UNKNOWN_DATASET', 'SELECT COUNT(*) FROM «"Trips"»', /trips/],
  ['SH_SQL_UNKNOWN_DATASET', '«SELECT» COUNT(*)', /FROM/],
  ['SH_SQL_UNKNOWN_DATASET', 'SELECT COUNT(«other.fare») FROM trips', /about trips/],
  ['SH_SQL_UNKNOWN_DATASET', 'SELECT COUNT(«trips.fare») FROM trips AS t', /called t/],
  ['SH_SQL_UNKNOWN_COLUMN', 'SELECT AVG(«fair») FROM trips', /Did you mean fare\?/],
  ['SH_SQL_UNKNOWN_COLUMN', 'SELECT AVG(«trips . fair») FROM trips', /Did you mean fare\?/],
  ['SH_SQL_UNKNOWN_COLUMN', 'SELECT AVG(«"Fare"») FROM trips', /Did you mean fare\?/],
  ['SH_SQL_UNKNOWN_COLUMN', 'SELECT COUNT(«Mixed») FROM trips', /Did you mean "Mixed"\?/],
  ['SH_SQL_UNKNOWN_COLUMN', "SELECT COUNT(*) FROM trips WHERE 'ééé' = «borogh»", /borough/],
  ['SH_SQL_UNKNOWN_COLUMN', 'SELECT COUNT(*) FROM trips GROUP BY «burough»', /borough/],
  ['SH_SQL_UNKNOWN_COLUMN', 'SELECT COUNT(*) AS n FROM trips ORDER BY «n» + 1'],
  ['SH_SQL_UNKNOWN_COLUMN', 'SELECT COUNT(*) AS n FROM trips WHERE «n» > 1'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(«public.trips.fare») FROM trips', /trips\.column/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(«trips») FROM trips', /COUNT\(\*\)/],
  ['SH_SQL_AMBIGUOUS', 'SELECT COUNT(*) AS n, AVG(tip) AS n FROM trips ORDER BY «n»'],
  ['SH_SQL_AMBIGUOUS', 'SELECT SUM(fare) AS n, SUM(tip) AS n FROM trips ORDER BY «n»'],
  [
    'SH_SQL_AMBIGUOUS',
    'SELECT borough AS n, payment AS n, COUNT(*) FROM trips GROUP BY «n»',
    /column itself/,
  ],
]

const POLICY: readonly Case[] = [
  ['SH_POLICY_ROW_VALUES', 'SELECT «fare» FROM trips', /COUNT\(\*\)/],
  ['SH_POLICY_ROW_VALUES', 'SELECT «trips.fare» + 1 FROM trips'],
  ['SH_POLICY_ROW_VALUES', 'SELECT «*» FROM trips'],
  ['SH_POLICY_ROW_VALUES', 'SELECT COUNT(*), «*» FROM trips'],
  ['SH_POLICY_ROW_VALUES', 'SELECT COUNT(«trips.*») FROM trips'],
  ['SH_POLICY_ROW_VALUES', 'SELECT «1» FROM trips'],
  ['SH_POLICY_MEMBER', "SELECT fare FROM trips WHERE «rider» = 'x'"],
  ['SH_POLICY_MEMBER', "SELECT COUNT(*) FROM trips WHERE «rider» = 'x'", /groups of members/],
  ['SH_POLICY_MEMBER', "SELECT COUNT(*) FROM trips WHERE borough = 'Q' OR «trips.rider» IN ('x')"],
  ['SH_POLICY_MEMBER', 'SELECT COUNT(«rider») FROM trips'],
  ['SH_POLICY_MEMBER', 'SELECT «rider», COUNT(*) FROM trips'],
  ['SH_POLICY_MEMBER', 'SELECT «rider», COUNT(*) FROM trips'],
  ['SH_POLICY_MEMBER', 'SELECT COUNT(*) FROM trips ORDER BY «rider»'],
  ['SH_POLICY_MEMBER', 'SELECT COUNT(*) FROM trips GROUP BY «rider»'],
  ['SH_POLICY_MEMBER', 'SELECT COUNT(*) FROM trips WHERE «rider» + 1 > 1'],
]

const GROUPING: readonly Case[] = [
  ['SH_SQL_GROUPING', 'SELECT «borough», COUNT(*) FROM trips', /GROUP BY borough/],
  ['SH_SQL_GROUPING', 'SELECT borough, «fare», COUNT(*) FROM trips GROUP BY 1', /AVG\(fare\)/],
  ['SH_SQL_GROUPING', 'SELECT borough, COUNT(*) FROM trips GROUP BY 1 ORDER BY «pickup»'],
  ['SH_SQL_GROUPING', 'SELECT «payment» FROM trips GROUP BY borough'],
  ['SH_SQL_GROUPING', 'SELECT COUNT(*) FROM trips WHERE «COUNT»(*) > 3', /chooses rows/],
  ['SH_SQL_GROUPING', 'SELECT COUNT(*) FROM trips WHERE fare > «avg»(fare)'],
  ['SH_SQL_GROUPING', 'SELECT COUNT(*) FROM trips GROUP BY «1»'],
  ['SH_SQL_GROUPING', 'SELECT COUNT(*) AS n FROM trips GROUP BY «n»'],
  ['SH_SQL_GROUPING', 'SELECT SUM(«COUNT»(*)) FROM trips'],
  ['SH_SQL_GROUPING', 'SELECT AVG(1 + «SUM»(fare)) FROM trips'],
  ['SH_SQL_UNSUPPORTED', '«SELECT» borough FROM trips GROUP BY borough', /COUNT\(\*\)/],
  ['SH_PLAN_GROUPS', 'SELECT COUNT(*) FROM trips «GROUP» BY fare + 1'],
  ['SH_SQL_GROUPING', 'SELECT «passengers» + 2, COUNT(*) FROM trips GROUP BY passengers + 1'],
  ['SH_PLAN_GROUPS', 'SELECT COUNT(*) FROM trips «GROUP» BY odometer', /narrower/],
  ['SH_PLAN_GROUPS', 'SELECT COUNT(*) FROM trips «GROUP» BY zone, other_zone', /fewer columns/],
  ['SH_PLAN_GROUPS', 'SELECT COUNT(*) FROM trips\n  «group» by borough, passengers, zone'],
]

const TYPES: readonly Case[] = [
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE borough «=» 3', /single quotes/],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE 3.5 «<>» borough'],
  ['SH_SQL_TYPE', "SELECT COUNT(*) FROM trips WHERE borough «IN» ('Queens', 3)"],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE shared «=» 1'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE passengers «=» TRUE'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE day «>» 20190301'],
  ['SH_SQL_TYPE', "SELECT COUNT(*) FROM trips WHERE day «=» 'Queens'::text"],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE fare «=» borough'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE pickup «<» fare'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE fare «BETWEEN» 1 AND TRUE'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE fare «IS» DISTINCT FROM TRUE'],
  ['SH_SQL_TYPE', "SELECT COUNT(*) FROM trips WHERE passengers «LIKE» '1%'"],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE borough «LIKE» 3'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE «fare»', /comparison/],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE shared AND «borough»'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE NOT «1»'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE «fare» IS TRUE'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE «pickup» IS NOT UNKNOWN'],
  ['SH_SQL_LITERAL', "SELECT COUNT(*) FROM trips WHERE passengers = «'two'»", /without quotes/],
  ['SH_SQL_LITERAL', "SELECT COUNT(*) FROM trips WHERE passengers = «'2.5'»"],
  ['SH_SQL_LITERAL', "SELECT COUNT(*) FROM trips WHERE «''» < fare"],
  ['SH_SQL_LITERAL', "SELECT COUNT(*) FROM trips WHERE fare IN (1, «'x'»)"],
  ['SH_SQL_LITERAL', "SELECT COUNT(*) FROM trips WHERE shared = «'o'»", /true or false/],
  ['SH_SQL_LITERAL', "SELECT COUNT(*) FROM trips WHERE «'maybe'»"],
  ['SH_SQL_LITERAL', "SELECT COUNT(*) FROM trips WHERE day > «'yesterday'»", /2019-03-01/],
  ['SH_SQL_LITERAL', "SELECT COUNT(*) FROM trips WHERE day > «'2019-02-30'»"],
  ['SH_SQL_LITERAL', "SELECT COUNT(*) FROM trips WHERE day > date «'03/01/2019'»"],
  ['SH_SQL_LITERAL', "SELECT COUNT(*) FROM trips WHERE pickup > «'2019-03-01 25:00'»"],
  ['SH_SQL_LITERAL', "SELECT COUNT(*) FROM trips WHERE pickup > «'2019-03-01 10:00+02'»"],
  ['SH_SQL_LITERAL', "SELECT COUNT(*) FROM trips WHERE borough LIKE «'x\\'»", /Double/],
  ['SH_SQL_UNSUPPORTED', "SELECT COUNT(*) FROM trips WHERE fare < «'NaN'»", /finite/],
  ['SH_SQL_CONSTANT', 'SELECT COUNT(*) FROM trips WHERE fare > 1 «/» 0'],
  ['SH_SQL_CONSTANT', 'SELECT COUNT(*) FROM trips WHERE fare > 2147483647 «+» 1'],
  ['SH_SQL_CONSTANT', "SELECT COUNT(*) FROM trips WHERE passengers > «'99999999999'»"],
  ['SH_SQL_TYPE', 'SELECT «SUM»(borough) FROM trips', /COUNT\(borough\)/],
  ['SH_SQL_TYPE', 'SELECT «AVG»(day) FROM trips'],
  ['SH_SQL_TYPE', 'SELECT «SUM»(shared) FROM trips', /WHERE shared/],
  ['SH_SQL_TYPE', 'SELECT «SUM»(*) FROM trips'],
  ['SH_SQL_TYPE', 'SELECT «COUNT»() FROM trips', /COUNT\(\*\)/],
  ['SH_SQL_TYPE', 'SELECT «SUM»(fare, tip) FROM trips'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) «+» TRUE FROM trips'],
  ['SH_SQL_TYPE', "SELECT «-»'3', COUNT(*) FROM trips"],
  ['SH_SQL_TYPE', "SELECT '1' «+» '2', COUNT(*) FROM trips"],
  ['SH_SQL_TYPE', 'SELECT borough «*» 2, COUNT(*) FROM trips GROUP BY borough'],
  ['SH_SQL_TYPE', 'SELECT «COALESCE»(COUNT(*), borough) FROM trips GROUP BY borough'],
  ['SH_SQL_TYPE', 'SELECT «NULLIF»(COUNT(*), TRUE) FROM trips'],
  ['SH_SQL_TYPE', 'SELECT «ROUND»(SUM(fare), 1.5) FROM trips'],
  ['SH_SQL_TYPE', 'SELECT «ROUND»(SUM(fare), 1, 2) FROM trips'],
  ['SH_SQL_TYPE', 'SELECT COUNT(*)::«numeric»(2000, 1) FROM trips', /1000/],
  ['SH_SQL_LITERAL', "SELECT COUNT(*) * «'3.5'» FROM trips"],
  ['SH_SQL_LITERAL', "SELECT COALESCE(SUM(passengers), «'x'») FROM trips"],
  ['SH_PLAN_OVERFLOW', 'SELECT COUNT(*), «SUM»(odometer) FROM trips', /odometer/],
  ['SH_PLAN_OVERFLOW', 'SELECT «stddev»(odometer) FROM trips'],
]

const ROWS: readonly Case[] = [
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips GROUP BY «EXTRACT»(hour FROM pickup)',
    /\{ name: pickup_hour, type: integer, min: 0, max: 23, derived: "EXTRACT\(hour FROM pickup\)" \}/,
  ],
  ['SH_PLAN_VALUE', 'SELECT COUNT(*) FROM trips GROUP BY «EXTRACT»(fortnight FROM day)'],
  ['SH_SQL_TYPE', "SELECT COUNT(*) FROM trips GROUP BY «date_trunc»('month', day)"],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FROM trips WHERE «lower»(passengers) = 1'],
  ['SH_PLAN_VALUE', 'SELECT SUM(«10» / passengers) FROM trips', /NULLIF/],
  ['SH_PLAN_VALUE', 'SELECT COUNT(*) FROM trips WHERE 10 / passengers «>» 2', /NULLIF/],
  ['SH_PLAN_VALUE', 'SELECT SUM(«passengers» * 2147483647) FROM trips', /bigint/],
  ['SH_PLAN_VALUE', 'SELECT COUNT(*) FROM trips GROUP BY «passengers» * 2147483647', /bigint/],
  ['SH_PLAN_VALUE', 'SELECT SUM(«odometer» * odometer) FROM trips', /numeric/],
  ['SH_PLAN_OVERFLOW', 'SELECT SUM(«odometer» * odometer::numeric) FROM trips', /ranges/],
  ['SH_PLAN_OVERFLOW', 'SELECT «SUM»(odometer * 1000) FROM trips', /ranges/],
  ['SH_SQL_UNSUPPORTED', 'SELECT SUM(«odometer» % 7) FROM trips', /derived: "odometer % 7"/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips GROUP BY «odometer» % 7', /derived/],
  ['SH_SQL_UNSUPPORTED', 'SELECT SUM(«fare» / NULLIF(tip, 0)) FROM trips', /derived/],
  ['SH_SQL_TYPE', 'SELECT «SUM»(passengers > 3) FROM trips', /COUNT/],
  ['SH_SQL_TYPE', 'SELECT «SUM»(FLOOR(passengers)) FROM trips', /numeric/],
  ['SH_SQL_TYPE', "SELECT SUM(«'1'») FROM trips"],
  ['SH_SQL_TYPE', 'SELECT SUM(borough «+» 1) FROM trips'],
]

const EXPRESSIONS: readonly Case[] = [
  ['SH_POLICY_EXTREME', 'SELECT «MAX»(tip) FROM trips', /reveal: extremes/],
  ['SH_POLICY_EXTREME', 'SELECT «MIN»(pickup) FROM trips', /reveal: extremes/],
  ['SH_POLICY_EXTREME', 'SELECT «percentile_cont»(0.5) WITHIN GROUP (ORDER BY tip) FROM trips'],
  ['SH_POLICY_EXTREME', 'SELECT «mode»() WITHIN GROUP (ORDER BY payment) FROM trips', /payment/],
  ['SH_SQL_TYPE', 'SELECT «MIN»(shared) FROM trips', /BOOL_AND\(shared\)/],
  ['SH_SQL_TYPE', 'SELECT «MAX»(fare, fare) FROM trips'],
  ['SH_SQL_TYPE', 'SELECT «MIN»(*) FROM trips'],
  ['SH_SQL_TYPE', 'SELECT «percentile_cont»(0.5) WITHIN GROUP (ORDER BY day) FROM trips', /disc/],
  ['SH_SQL_TYPE', 'SELECT «percentile_disc»(0.5) FROM trips', /WITHIN GROUP/],
  ['SH_SQL_TYPE', 'SELECT «percentile_disc»() WITHIN GROUP (ORDER BY fare) FROM trips'],
  ['SH_SQL_TYPE', 'SELECT «percentile_disc»(0.5) WITHIN GROUP (ORDER BY fare, tip) FROM trips'],
  ['SH_SQL_TYPE', "SELECT percentile_disc(«'0.5'») WITHIN GROUP (ORDER BY fare) FROM trips"],
  ['SH_SQL_TYPE', 'SELECT percentile_disc(«TRUE») WITHIN GROUP (ORDER BY fare) FROM trips'],
  ['SH_SQL_CONSTANT', 'SELECT percentile_disc(«1.01») WITHIN GROUP (ORDER BY fare) FROM trips'],
  ['SH_SQL_CONSTANT', 'SELECT percentile_disc(«-»0.5) WITHIN GROUP (ORDER BY fare) FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT percentile_disc(«tip») WITHIN GROUP (ORDER BY fare) FROM trips'],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT percentile_cont(«ARRAY»[0.1, 0.5]) WITHIN GROUP (ORDER BY fare) FROM trips',
    /each fraction/,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT percentile_cont(«0.12345678») WITHIN GROUP (ORDER BY fare) FROM trips',
    /decimals/,
  ],
  ['SH_SQL_TYPE', 'SELECT «mode»() FROM trips', /WITHIN GROUP/],
  ['SH_PLAN_GROUPS', 'SELECT MIN(fare) FROM trips «GROUP» BY day, passengers', /narrower/],
  ['SH_PLAN_GROUPS', 'SELECT COUNT(DISTINCT passengers) FROM trips «GROUP» BY day, shared'],
  [
    'SH_PLAN_GROUPS',
    'SELECT mode() WITHIN GROUP (ORDER BY borough) FROM trips «GROUP» BY day, shared',
    /narrower/,
  ],
  ['SH_SQL_TYPE', 'SELECT «mode»(0.5) WITHIN GROUP (ORDER BY fare) FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT «mode»() WITHIN GROUP (ORDER BY fare) FROM trips', /narrower/],
  ['SH_SQL_UNSUPPORTED', 'SELECT «MAX»(zone) FROM trips', /order of its bytes/],
  ['SH_SQL_UNSUPPORTED', 'SELECT «SUM»(fare) WITHIN GROUP (ORDER BY tip) FROM trips', /mode/],
  ['SH_SQL_GROUPING', 'SELECT mode() WITHIN GROUP (ORDER BY «COUNT»(*)) FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT «array_agg»(fare) FROM trips', /single rows/],
  ['SH_SQL_UNSUPPORTED', 'SELECT «string_agg»(borough, x) FROM trips', /single rows/],
  ['SH_SQL_UNSUPPORTED', 'SELECT «cuont»(*) FROM trips', /Did you mean count\?/],
  ['SH_SQL_UNSUPPORTED', 'SELECT «pg_catalog.count»(*) FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT «COUNT»(DISTINCT zone) FROM trips', /order/],
  ['SH_SQL_UNSUPPORTED', 'SELECT «SUM»(DISTINCT fare) FROM trips', /narrower/],
  ['SH_SQL_UNSUPPORTED', 'SELECT «STDDEV»(DISTINCT passengers) FROM trips', /COUNT, SUM and AVG/],
  ['SH_SQL_TYPE', 'SELECT «COUNT»(DISTINCT fare, tip) FROM trips', /DISTINCT rider/],
  ['SH_SQL_TYPE', 'SELECT «SUM»(DISTINCT borough) FROM trips'],
  ['SH_POLICY_MEMBER', 'SELECT SUM(DISTINCT «rider») FROM trips', /DISTINCT rider/],
  ['SH_POLICY_MEMBER', 'SELECT COUNT(«rider») FROM trips', /DISTINCT rider/],
  ['SH_SQL_TYPE', 'SELECT «CORR»(fare, borough) FROM trips'],
  ['SH_SQL_TYPE', 'SELECT «CORR»(fare) FROM trips'],
  ['SH_SQL_TYPE', 'SELECT «regr_slope»(fare, tip, tip) FROM trips'],
  ['SH_SQL_TYPE', 'SELECT «covar_pop»(*) FROM trips'],
  ['SH_SQL_TYPE', 'SELECT BOOL_AND(«fare») FROM trips'],
  ['SH_SQL_TYPE', 'SELECT «BOOL_OR»() FROM trips'],
  ['SH_SQL_GROUPING', 'SELECT EVERY(«COUNT»(*) > 2) FROM trips'],
  ['SH_PLAN_OVERFLOW', 'SELECT «CORR»(odometer, tip) FROM trips', /odometer/],
  ['SH_SQL_UNSUPPORTED', 'SELECT «SUM»(fare) OVER () FROM trips', /GROUP BY/],
  ['SH_SQL_UNSUPPORTED', 'SELECT «SUM»(fare ORDER BY fare) FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT «ABS»(COUNT(*)) FILTER (WHERE shared) FROM trips', /aggregate/],
  ['SH_SQL_GROUPING', 'SELECT COUNT(*) FILTER (WHERE «COUNT»(*) > 3) FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) «^» 2 FROM trips', /Multiply/],
  ['SH_SQL_UNSUPPORTED', 'SELECT «(»SELECT 1), COUNT(*) FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT «ARRAY»[COUNT(*)] FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT «ROW»(COUNT(*), 1) FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT «$1», COUNT(*) FROM trips', /value/],
  ['SH_SQL_UNSUPPORTED', 'SELECT «current_date», COUNT(*) FROM trips', /literal/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«float» FROM trips', /numeric/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«smallint» FROM trips', /integer/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«money» FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«int»[] FROM trips'],
  ['SH_SQL_UNSUPPORTED', "SELECT «interval» '1 day', COUNT(*) FROM trips"],
  ['SH_SQL_UNSUPPORTED', "SELECT round(«'2.5'»), COUNT(*) FROM trips"],
  ['SH_SQL_UNSUPPORTED', "SELECT COUNT(*) FROM trips WHERE borough «~» 'Q'", /LIKE/],
  ['SH_SQL_UNSUPPORTED', "SELECT COUNT(*) FROM trips WHERE borough «SIMILAR» TO 'Q%'", /LIKE/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE borough LIKE «payment»', /two columns/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE fare «=» ANY (ARRAY[1, 2])', /IN/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE fare «IN» (SELECT 1)'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE «EXISTS» (SELECT 1)'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE «(»fare, tip) = (1, 2)', /AND/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE borough = \'Q\' «COLLATE» "C"', /bytes/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE fare = «$1»'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE pickup > «now»()'],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM trips WHERE pickup > timestamp '2019-03-01' - INTERVAL «'1 day'» DAY TO SECOND",
  ],
  [
    'SH_SQL_LITERAL',
    "SELECT COUNT(*) FROM trips WHERE pickup > timestamp '2019-03-01' - INTERVAL «'a while'»",
  ],
  ['SH_SQL_UNSUPPORTED', "SELECT COUNT(*) FROM trips WHERE «interval» '1 day' > '1 hour'"],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM trips WHERE pickup > «timestamptz» '2019-03-01 00:00Z'",
  ],
  ['SH_SQL_UNSUPPORTED', "SELECT COUNT(*) FROM trips WHERE borough = 'x'::«varchar»(3)"],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE fare OPERATOR(pg_catalog.=) 1'.replace(
      'OPERATOR',
      '«OPERATOR»',
    ),
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE fare > «round»(5)', /numeric/],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE zone «=» other_zone', /4096/],
]

describe.each<readonly [string, readonly Case[]]>([
  ['syntax', SYNTAX],
  ['other statements', STATEMENTS],
  ['clauses', CLAUSES],
  ['names', NAMES],
  ['policy', POLICY],
  ['grouping', GROUPING],
  ['types', TYPES],
  ['expressions over rows', ROWS],
  ['expressions', EXPRESSIONS],
])('%s', (_, cases) => {
  test.each(cases.map(([code, marked, hint]) => ({ code, marked, hint })))(
    '$code: $marked',
    async ({ code, marked, hint }) => {
      const { sql, position } = unmark(marked)
      const error = await refusal(sql)
      expect({ code: error.code, message: error.message }).toEqual({ code, message: error.message })
      expect(SQL_ERRORS).toHaveProperty(code)
      if (position !== undefined) expect(error.position, error.message).toEqual(position)
      if (hint !== undefined) expect(error.hint).toMatch(hint)
      expect(error.message).toMatch(/^[^]+\.$/u)
    },
  )
})

test('the dataset is known before its schema, and refused likewise', async () => {
  expect(await datasetsOf('SELECT COUNT(*) FROM Trips AS t')).toEqual(['trips'])
  expect(await datasetsOf('SELECT COUNT(*) FROM "My data"')).toEqual(['My data'])
  expect(await datasetsOf("SELECT AVG(Trips.fare) WHERE Trips.borough = 'Queens'")).toEqual([
    'trips',
  ])
  await expect(datasetsOf('SELECT COUNT(*) FROM a, b')).rejects.toThrow(ShareholdError)
  await expect(datasetsOf('SELECT 1')).rejects.toThrow(ShareholdError)
})

test('a long statement and a deep one are refused before they can do harm', async () => {
  const long = `SELECT COUNT(*) FROM trips WHERE fare IN (${'1,'.repeat(140_000)}1)`
  expect((await refusal(long)).code).toBe('SH_SQL_TOO_COMPLEX')
  for (const [open, close] of [
    ['(', ')'],
    ['NOT (', ')'],
    ['(SELECT ', ')'],
    ['- ', ''],
    ['abs(', ')'],
    ['1 + ', ''],
  ] as const) {
    for (const depth of [500, 1900, 3000, 50_000]) {
      const sql = `SELECT COUNT(*) FROM trips WHERE ${open.repeat(depth)}fare${close.repeat(depth)}`
      const { code } = await refusal(sql)
      expect(code).toMatch(/^SH_SQL_(?!INTERNAL)/u)
    }
  }
})
