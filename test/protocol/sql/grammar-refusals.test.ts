/**
 * A walk through the SELECT of PostgreSQL 18's gram.y: what of it is not answered is refused with a stable code, the exact
 * place (what stands between « and ») and a hint. refusals.test.ts has what Sharehold's own rules refuse.
 */
import { describe, expect, test, vi } from 'vitest'

import { SQL_ERRORS } from '../../../protocol/sql/errors.ts'

import { refusal, unmark } from './refusal.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

type Case = readonly [code: string, marked: string, hint?: RegExp]

const CLAUSES: readonly Case[] = [
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) «INTO» TEMP TABLE x FROM trips',
    /Queries change nothing: leave/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips «FOR» SHARE OF trips SKIP LOCKED',
    /Queries change nothing: leave/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips «FOR» NO KEY UPDATE NOWAIT',
    /Queries change nothing: leave/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips «UNION» ALL SELECT COUNT(*) FROM trips ORDER BY 1',
    /Ask the queries one/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    '(SELECT COUNT(*) FROM trips UNION SELECT 1) «INTERSECT» SELECT 2',
    /Ask the queries one/u,
  ],
  ['SH_SQL_UNSUPPORTED', '«VALUES» (1), (2)', /Ask about a dataset:/u],
  ['SH_POLICY_ROW_VALUES', '«TABLE» trips', /Aggregate: COUNT\(\*\), SUM\(x\), AVG\(x\);/u],
  ['SH_SQL_UNKNOWN_DATASET', 'TABLE «nothere»', /There is trips\./u],
  ['SH_SQL_UNKNOWN_DATASET', '«SELECT»', /Add FROM and the/u],
  ['SH_SQL_UNSUPPORTED', '«SELECT» FROM trips', /Name what to show/u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips LIMIT «(»SELECT 1)',
    /Ask two queries: write/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips LIMIT «$1»', /Write the value into/u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips ORDER BY COUNT(*) «USING» >',
    /Write ASC or DESC\./u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips ORDER BY fare «COLLATE» "C"',
    /Text is compared by/u,
  ],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips GROUP BY «NULL»', /Use a column, or/u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips GROUP BY «TRUE»', /Use a column, or/u],
]

const FROM_ITEMS: readonly Case[] = [
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM «generate_series»(1, 3) AS g(x)',
    /Write FROM and the/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM LATERAL «generate_series»(1, 3) g',
    /Write FROM and the/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM ROWS FROM («generate_series»(1, 3), generate_series(1,2)) AS g',
    /Write FROM and the/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM «generate_series»(1, 3) WITH ORDINALITY',
    /Write FROM and the/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM «unnest»(ARRAY[1,2]) u', /Write FROM and the/u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips «TABLESAMPLE» bernoulli (10) REPEATABLE (3)',
    /Answers are over all/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM («VALUES» (1), (2)) v(x)', /Ask about a dataset:/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM («VALUES» (1), (2))', /Ask about a dataset:/u],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM «JSON_TABLE»('[1]', '$[*]' COLUMNS (x int PATH '$')) j",
    /Write FROM and the/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM «XMLTABLE»('/a' PASSING '<a/>' COLUMNS x int PATH '.') x",
    /Write FROM and the/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM «current_date»', /Write FROM and the/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM «CAST»(1 AS int) c', /Write FROM and the/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM ONLY («trips»)', /Leave ONLY away\./u],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM «json_to_recordset»('[]') AS x(a int, b text)",
    /Write FROM and the/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM «a.b.c»', /Write FROM c\./u],
]

const EXPRESSIONS: readonly Case[] = [
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*), «ARRAY»[1, 2] FROM trips', /Write a list: x/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*), «ARRAY»[]::int[] FROM trips', /Write a list: x/u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), «ARRAY»(SELECT 1) FROM trips',
    /Answers hold no arrays:/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*), («ARRAY»[1,2])[1] FROM trips', /Name a column of/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*), («fare»)[1:2] FROM trips', /Name a column of/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*), («ROW»(1,2)).f1 FROM trips', /Name a column of/u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), («trips»).fare FROM trips',
    /Write trips\.fare, without parentheses\./u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*), («trips»).* FROM trips', /Name a column of/u],
  ['SH_POLICY_ROW_VALUES', 'SELECT COUNT(*), «trips.*» FROM trips', /Write COUNT\(\*\) to count/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*), «a.b.c.*» FROM trips', /Write trips\.column\./u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*), «(»1, 2) FROM trips', /Compare the columns one/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*), «ROW»(1) FROM trips', /Compare the columns one/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*), «ROW»() FROM trips', /Compare the columns one/u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE «(»1, 2) IN ((1, 2))',
    /Compare the columns one/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE (fare, tip) «OVERLAPS» (1, 2)',
    /Compare the ends: a_start/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE «(»fare, tip) < ROW(1, 2)',
    /Compare the columns one/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE «ROW»(fare) IS NULL',
    /Compare the columns one/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM trips WHERE fare «=» ANY ('{1,2}')",
    /Write a list: x/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE fare «>» ALL (SELECT 1)',
    /Ask for the largest/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE fare «=» SOME (SELECT 1)',
    /Write the values as/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE fare «IN» (SELECT fare FROM trips)',
    /Write the values as/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE «EXISTS» (SELECT 1 FROM trips)',
    /Ask about one dataset/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE NOT «EXISTS» (SELECT 1)',
    /Ask about one dataset/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE fare > «(»SELECT AVG(fare) FROM trips)',
    /Ask two queries: write/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM trips WHERE borough «LIKE» ANY (ARRAY['a', 'b'])",
    /Write a list: x/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM trips WHERE borough «NOT» ILIKE ALL (ARRAY['a'])",
    /Write a list: x/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM trips WHERE borough «SIMILAR» TO 'x' ESCAPE '!'",
    /Use LIKE or IN\./u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM trips WHERE borough «NOT» SIMILAR TO 'x'",
    /Use LIKE or IN\./u,
  ],
  ['SH_SQL_UNSUPPORTED', "SELECT COUNT(*) FROM trips WHERE borough «!~*» 'x'", /Use NOT ILIKE or/u],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM trips WHERE borough «^@» 'x'",
    /Write x LIKE 'start%'\./u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE borough «COLLATE» "en_US" = \'x\'',
    /Text is compared by/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE borough = \'x\' «COLLATE» "de-DE-x-icu"',
    /Text is compared by/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE borough < \'x\' «COLLATE» pg_catalog."C"',
    /Text is compared by/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM trips WHERE pickup «AT» TIME ZONE 'UTC' > '2019-01-01'",
    /Columns are timestamps without/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM trips WHERE «pickup» AT LOCAL > '2019-01-01'",
    /Columns are timestamps without/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE fare «@>» 1', /There are \+ -/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE fare «<->» 1 < 3', /There are \+ -/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE «|/» fare > 2', /Write SQRT\(x\)\./u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE «@» fare > 2', /Write ABS\(x\)\./u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE «~» passengers > 2', /Write -1 - x\./u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE passengers «&» 1 = 1',
    /Take an integer apart/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE passengers «|» 1 = 1',
    /Take an integer apart/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE passengers «#» 1 = 1',
    /Take an integer apart/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE passengers «<<» 1 = 1',
    /Multiply by a power/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE passengers «>>» 1 = 1',
    /Divide by a power/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE fare «!» 1', /There are \+ -/u],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM trips WHERE fare «->» 'a' = 1",
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE «fare» IS JSON',
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE «borough» IS NOT JSON OBJECT WITH UNIQUE KEYS',
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE borough «IS» NORMALIZED',
    /Text is compared by/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE borough «IS» NOT NFC NORMALIZED',
    /Text is compared by/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE borough «IS» DOCUMENT',
    /Columns hold numbers, texts,/u,
  ],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips WHERE borough IS «OF» (text)'],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips WHERE «UNIQUE» (SELECT 1)'],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*) FROM trips WHERE fare IN («DEFAULT»)',
    /Write a value\./u,
  ],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips WHERE CURRENT «OF» c'],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), «JSON_OBJECT»('a': 1) FROM trips",
    /Answers can be printed/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), «JSON_ARRAY»(1, 2) FROM trips',
    /Answers can be printed/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), «JSON_ARRAY»(SELECT 1) FROM trips',
    /Answers can be printed/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT «JSON_OBJECTAGG»(borough: fare) FROM trips', /It would show the/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT «JSON_ARRAYAGG»(fare) FROM trips', /It would show the/u],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), «JSON»('1') FROM trips",
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), «JSON_SCALAR»(1) FROM trips',
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), «JSON_SERIALIZE»('1') FROM trips",
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), «JSON_QUERY»('1', '$') FROM trips",
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), «JSON_VALUE»('1', '$') FROM trips",
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*) FROM trips WHERE «JSON_EXISTS»('1', '$')",
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), «XMLELEMENT»(NAME x) FROM trips',
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), «XMLCONCAT»('a') FROM trips",
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), «XMLFOREST»(fare) FROM trips',
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), «XMLPARSE»(DOCUMENT 'x') FROM trips",
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), «XMLPI»(NAME x) FROM trips',
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), «XMLROOT»('x', VERSION '1') FROM trips",
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), «XMLSERIALIZE»(CONTENT 'x' AS text) FROM trips",
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), «XMLEXISTS»('x' PASSING 'y') FROM trips",
    /Columns hold numbers, texts,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), «MERGE_ACTION»() FROM trips',
    /Queries change nothing\./u,
  ],
  ['SH_SQL_UNSUPPORTED', "SELECT COUNT(*), «NORMALIZE»('a') FROM trips", /Text is compared by/u],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), «COLLATION» FOR ('a') FROM trips",
    /Every text has the/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), «CURRENT_USER», SESSION_USER FROM trips',
    /Every node must plan/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), «LOCALTIMESTAMP»(3) FROM trips',
    /Every node must plan/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*), «CURRENT_TIME» FROM trips', /Every node must plan/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*), «$1» FROM trips', /Write the value into/u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*), «:»x FROM trips', /Write the value itself:/u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*), ? «FROM» trips'],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), round(«x» => 1) FROM trips',
    /Give arguments by position\./u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), round(«x» := 1) FROM trips',
    /Give arguments by position\./u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*), «round»(VARIADIC ARRAY[1]) FROM trips',
    /Write the arguments out\./u,
  ],
  ['SH_SQL_TYPE', 'SELECT COUNT(*) FILTER (WHERE «fare») FROM trips', /Write a comparison, as/u],
  ['SH_SQL_SYNTAX', 'SELECT nullif(1«)», COUNT(*) FROM trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(«trips.rider.x») FROM trips', /Write trips\.column\./u],
  ['SH_SQL_UNSUPPORTED', 'SELECT «xmlagg»(fare) FROM trips', /It would show the/u],
  ['SH_SQL_UNSUPPORTED', "SELECT COUNT(*), «B'101'», X'1F' FROM trips", /Write a number: 5/u],
  ['SH_SQL_SYNTAX', 'SELECT fare AS FROM «trips»'],
  ['SH_SQL_SYNTAX', 'SELECT * EXCEPT «fare» FROM trips'],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*)«.»x FROM trips'],
]

const STATEMENTS: readonly Case[] = [
  ['SH_SQL_UNSUPPORTED', '«UPDATE» trips SET fare = 1', /Datasets are changed by/u],
  [
    'SH_SQL_UNSUPPORTED',
    '«MERGE» INTO trips USING x ON true WHEN MATCHED THEN DELETE',
    /Datasets are changed by/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT 1; «SELECT» 2; SELECT 3', /Send one statement at/u],
  ['SH_SQL_SYNTAX', '«;»', /Write a SELECT\./u],
  ['SH_SQL_SYNTAX', '«/»* just */', /Write a SELECT\./u],
  ['SH_SQL_UNSUPPORTED', 'BEGIN; «SELECT» 1', /Send one statement at/u],
  ['SH_SQL_UNSUPPORTED', '«DECLARE» c CURSOR FOR SELECT 1', /A query stands alone:/u],
  ['SH_SQL_UNSUPPORTED', '«PREPARE» p AS SELECT 1', /A query stands alone:/u],
  ['SH_SQL_UNSUPPORTED', '«EXECUTE» p', /A query stands alone:/u],
  ['SH_SQL_UNSUPPORTED', '«CALL» f()', /A query stands alone:/u],
  ['SH_SQL_UNSUPPORTED', '«DO» $$ x $$', /A query stands alone:/u],
  ['SH_SQL_UNSUPPORTED', '«SET» x = 1', /A query stands alone:/u],
  ['SH_SQL_UNSUPPORTED', '«SHOW» x', /A query stands alone:/u],
  ['SH_SQL_UNSUPPORTED', '«VACUUM»', /A query stands alone:/u],
  ['SH_SQL_UNSUPPORTED', '«LOCK» trips', /A query stands alone:/u],
  ['SH_SQL_UNSUPPORTED', '«GRANT» SELECT ON trips TO x', /Datasets are declared by/u],
  ['SH_SQL_UNSUPPORTED', '«CREATE» VIEW v AS SELECT 1', /Datasets are declared by/u],
  ['SH_SQL_UNSUPPORTED', '«CREATE» TABLE x AS SELECT 1', /Datasets are declared by/u],
]

/** What people bring from other systems. */
const HABITS: readonly Case[] = [
  ['SH_SQL_SYNTAX', '«SELCT» COUNT(*) FROM trips', /Did you mean SELECT/u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FORM «trips»', /Did you mean FROM/u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips WHER «fare» > 2', /Did you mean WHERE/u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips GRUOP «BY» borough', /Did you mean GROUP/u],
  [
    'SH_SQL_SYNTAX',
    'SELECT COUNT(*) FROM trips GROUP BY borough «ODER» BY 1',
    /Did you mean ORDER/u,
  ],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips «LIMIT» 1, 2', /Write LIMIT 10 OFFSET/u],
  ['SH_SQL_UNSUPPORTED', "SELECT COUNT(*) FROM trips WHERE borough «==» 'x'", /Write =\./u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE shared «&&» shared', /Write AND\./u],
  [
    'SH_SQL_UNKNOWN_COLUMN',
    'SELECT COUNT(*) FROM trips WHERE borough = «"Queens"»',
    /A text stands in/u,
  ],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM «`»trips`', /Names stand in double/u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM «[»trips]', /Names stand in double/u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips WHERE«»', /The statement stops in/u],
  ['SH_SQL_SYNTAX', "SELECT COUNT(*) FROM trips WHERE borough = «'Que»", /A quote inside a/u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips WHERE fare = «1e»'],
  ['SH_SQL_SYNTAX', 'SELECT TOP «10» COUNT(*) FROM trips', /LIMIT/u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips WHERE NOT«»', /The statement stops in/u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*), «FROM» trips', /comma/u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(* «FROM» trips'],
  ['SH_SQL_UNSUPPORTED', 'SELECT «IF»(fare > 1, 1, 2) FROM trips', /Write CASE WHEN …/u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips WHERE fare «=>» 2', /Write >=\./u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*) FROM trips WHERE fare «=<» 2', /Write <=\./u],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips WHERE fare <> «>» 2'],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT «DATEDIFF»('2019-01-01', day) FROM trips",
    /Subtract the dates: DATE/u,
  ],
  ['SH_SQL_SYNTAX', 'SELECT COUNT(*) FROM trips WHERE ((fare > 1)«»', /The statement stops in/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT «IFNULL»(COUNT(*), 0) FROM trips', /Write COALESCE\(x, y\)\./u],
  [
    'SH_SQL_UNSUPPORTED',
    'WITH a AS (SELECT 1) «INSERT» INTO trips SELECT 1',
    /Datasets are changed by/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'WITH a AS (SELECT 1) «UPDATE» trips SET fare = 1',
    /Datasets are changed by/u,
  ],
  ['SH_SQL_SYNTAX', "SELECT 'x' «'y'» FROM trips"],
]

const TYPES: readonly Case[] = [
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), «interval» '1 day' FROM trips",
    /Write the resulting date/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), «interval»(3) '1 day' FROM trips",
    /Write the resulting date/u,
  ],
  ['SH_SQL_UNSUPPORTED', "SELECT COUNT(*), «time» '10:00' FROM trips", /Columns hold dates and/u],
  [
    'SH_SQL_UNSUPPORTED',
    "SELECT COUNT(*), int '3', int8 '3', bool 't', «float8» '1', point '(1,2)' FROM trips",
    /Use numeric, which is/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*)::«interval» second FROM trips',
    /Write the resulting date/u,
  ],
  ['SH_SQL_UNKNOWN_COLUMN', 'SELECT COUNT(*)::trips.fare%«TYPE» FROM trips', /Did you mean tip\?/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«bit»(3) FROM trips', /There are integer, bigint,/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«"char"» FROM trips', /Use text\./u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«char»(3) FROM trips', /Use text\./u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«timestamp»(3) FROM trips', /Write timestamp alone\./u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*)::«time» with time zone FROM trips',
    /Columns hold dates and/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«json» FROM trips', /There are integer, bigint,/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«uuid» FROM trips', /There are integer, bigint,/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«nosuch» FROM trips', /There are integer, bigint,/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«regclass» FROM trips', /There are integer, bigint,/u],
  ['SH_SQL_TYPE', 'SELECT COUNT(*)::«numeric»(x) FROM trips', /Write numeric\(10, 2\)\./u],
  ['SH_SQL_TYPE', 'SELECT COUNT(*)::«numeric»(1.5) FROM trips', /Write numeric\(10, 2\)\./u],
  ['SH_SQL_TYPE', 'SELECT COUNT(*)::«numeric»(-1) FROM trips', /The precision is 1/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«int»[3] FROM trips', /There are integer, bigint,/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::«int» ARRAY FROM trips', /There are integer, bigint,/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT COUNT(*)::SETOF «int» FROM trips', /There are integer, bigint,/u],
]

/** Names that every object of JavaScript has. */
const NAMES_OF_JAVASCRIPT: readonly Case[] = [
  ['SH_SQL_UNSUPPORTED', 'SELECT «constructor»(1), COUNT(*) FROM trips', /There are count, sum,/u],
  ['SH_SQL_UNSUPPORTED', 'SELECT «__proto__»(1), toString(3) FROM trips', /There are count, sum,/u],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*)::«constructor» FROM trips',
    /There are integer, bigint,/u,
  ],
  [
    'SH_SQL_UNSUPPORTED',
    'SELECT COUNT(*)::«"__proto__"» FROM trips',
    /There are integer, bigint,/u,
  ],
  ['SH_SQL_UNKNOWN_COLUMN', 'SELECT COUNT(«constructor») FROM trips', /There are fare, tip,/u],
  ['SH_SQL_UNKNOWN_DATASET', 'SELECT COUNT(*) FROM «constructor»', /There is trips\./u],
  ['SH_SQL_UNKNOWN_DATASET', 'SELECT «constructor.x», count(*)', /There is trips\./u],
  ['SH_SQL_UNSUPPORTED', 'SELECT «"__proto__"»(fare) FROM trips', /There are count, sum,/u],
]

describe.each<readonly [string, readonly Case[]]>([
  ['clauses', CLAUSES],
  ['from items', FROM_ITEMS],
  ['expressions', EXPRESSIONS],
  ['statements', STATEMENTS],
  ['habits', HABITS],
  ['types', TYPES],
  ['names of javascript', NAMES_OF_JAVASCRIPT],
])('%s', (_, cases) => {
  test.each(cases.map(([code, marked, hint]) => ({ code, marked, hint })))(
    '$code: $marked',
    async ({ code, marked, hint }) => {
      const { sql, position } = unmark(marked)
      const error = await refusal(sql)
      expect(error.code, error.message).toBe(code)
      expect(SQL_ERRORS).toHaveProperty(code)
      expect(error.position, error.message).toEqual(position)
      expect(position).toBeDefined()
      // What the parser itself refuses often needs no more than the place.
      if (hint !== undefined) expect(error.hint).toMatch(hint)
      else expect(code).toBe('SH_SQL_SYNTAX')
      expect(error.message).toMatch(/^[^]+\.$/u)
    },
  )
})
