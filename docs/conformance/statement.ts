import type { ConformanceTable } from './row.ts'

export const STATEMENT: ConformanceTable = {
  name: 'statement',
  rows: [
    {
      construct: 'one SELECT, final semicolon',
      example: 'SELECT COUNT(*) FROM trips;',
      status: 'yes',
    },
    {
      construct: 'no FROM; dataset from the qualified names',
      example: "SELECT AVG(trips.fare) WHERE trips.borough = 'Queens'",
      status: 'yes',
      postgres: "SELECT AVG(trips.fare) FROM trips WHERE trips.borough = 'Queens'",
    },
    {
      construct: 'alias of the dataset',
      example: 'SELECT COUNT(t.fare) FROM trips AS t',
      status: 'yes',
    },
    {
      construct: 'output names, also quoted',
      example: 'SELECT COUNT(*) AS "Rides of all" FROM trips',
      status: 'yes',
    },
    {
      construct: 'ORDER BY name, number, expression; NULLS FIRST',
      example:
        'SELECT payment, COUNT(*) n FROM trips GROUP BY 1 ORDER BY n DESC NULLS LAST, SUM(tip), 1',
      status: 'yes',
    },
    {
      construct: 'LIMIT, OFFSET, FETCH FIRST, constants',
      example: 'SELECT payment, COUNT(*) FROM trips GROUP BY 1 ORDER BY 1 LIMIT 1 + 1 OFFSET 1',
      status: 'yes',
    },
    {
      construct: 'FETCH … WITH TIES',
      example: 'SELECT COUNT(*) FROM trips ORDER BY 1 FETCH FIRST 3 ROWS WITH TIES',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'DISTINCT',
      example: 'SELECT DISTINCT borough FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'sub-query in FROM of plain rows, nested, with new names',
      example:
        'SELECT b, AVG(f) FROM (SELECT borough AS b, fare FROM trips WHERE tip > 1) AS q(b, f) WHERE f > 3 GROUP BY b',
      status: 'yes',
    },
    {
      construct: 'WITH, of plain queries',
      example:
        'WITH long AS (SELECT * FROM trips WHERE fare > 20), b AS (SELECT tip AS t FROM long) SELECT AVG(t) FROM b WHERE t > 1',
      status: 'yes',
    },
    {
      construct: 'sub-query of members, each once: to be counted',
      example:
        'SELECT COUNT(*) FROM (SELECT DISTINCT rider FROM trips WHERE fare > 20 AND shared) AS q',
      status: 'yes',
    },
    {
      construct: 'sub-query with a row for each member: GROUP BY the member',
      example:
        'SELECT AVG(n), COUNT(*) FILTER (WHERE total > 50) FROM (SELECT rider, COUNT(*) AS n, SUM(fare) AS total FROM trips WHERE shared GROUP BY rider) AS q',
      status: 'yes',
    },
    {
      construct: 'HAVING, MIN, MAX, BOOL_AND, FILTER in it',
      example:
        'WITH m AS (SELECT rider, COUNT(*) AS n, MAX(fare) AS most, BOOL_OR(tip > 5) AS gives FROM trips GROUP BY rider HAVING COUNT(*) FILTER (WHERE shared) > 0) SELECT COUNT(*), AVG(most - n), BOOL_OR(gives) FROM m WHERE n > 1',
      status: 'yes',
    },
    {
      construct: 'COUNT(DISTINCT x) in it',
      example:
        'SELECT AVG(b), COUNT(*) FROM (SELECT rider, COUNT(DISTINCT borough) AS b FROM trips GROUP BY rider) AS q WHERE b > 1',
      status: 'yes',
    },
    {
      construct: 'AVG, VAR, quantiles, SUM(DISTINCT x) in it',
      example: 'SELECT AVG(a) FROM (SELECT rider, AVG(fare) AS a FROM trips GROUP BY rider) AS q',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'sub-query with window functions over the rows of each member',
      example:
        'SELECT AVG(gap), COUNT(*) FILTER (WHERE gap > 7) FROM (SELECT day - lag(day) OVER (PARTITION BY rider ORDER BY day) AS gap FROM trips WHERE shared) AS q',
      status: 'yes',
    },
    {
      construct: 'ROW_NUMBER, RANK, DENSE_RANK, LEAD, FIRST_VALUE, LAST_VALUE in it',
      example:
        'WITH v AS (SELECT *, row_number() OVER w AS nth, lead(day, 1, day) OVER w AS next, dense_rank() OVER w AS d FROM trips WINDOW w AS (PARTITION BY rider ORDER BY day)) SELECT COUNT(*), MIN(day), SUM(next - day), AVG(d) FROM v WHERE nth = 1',
      status: 'yes',
    },
    {
      construct: 'COUNT, SUM, MIN, MAX so far, FILTER, ROWS UNBOUNDED PRECEDING in it',
      example:
        'SELECT borough, AVG(so_far), MAX(n) FROM (SELECT borough, SUM(passengers) OVER (PARTITION BY rider ORDER BY day) AS so_far, COUNT(*) FILTER (WHERE shared) OVER (PARTITION BY rider, borough) AS n FROM trips) AS q GROUP BY borough',
      status: 'yes',
    },
    {
      construct: 'of its own result: a second sub-query',
      example:
        'SELECT AVG(episode) FROM (SELECT SUM(new) OVER (PARTITION BY rider ORDER BY day) AS episode FROM (SELECT rider, day, CASE WHEN day - lag(day) OVER (PARTITION BY rider ORDER BY day) > 20 THEN 1 ELSE 0 END AS new FROM trips) AS a) AS b',
      status: 'yes',
    },
    {
      construct: 'without PARTITION BY the member',
      example:
        'SELECT AVG(x) FROM (SELECT fare - lag(fare) OVER (ORDER BY pickup) AS x FROM trips) AS q',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'NTILE, AVG and other functions, other frames',
      example:
        'SELECT SUM(x) FROM (SELECT SUM(tip) OVER (PARTITION BY rider ORDER BY day ROWS 2 PRECEDING) AS x FROM trips) AS q',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'sub-query with other GROUP BY, DISTINCT, aggregates, LIMIT, UNION',
      example: 'SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM trips GROUP BY borough) AS q',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'WITH RECURSIVE',
      example: 'WITH RECURSIVE x AS (SELECT fare FROM trips) SELECT COUNT(*) FROM x',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'query of WITH that nothing reads',
      example: 'WITH x AS (SELECT fare FROM trips) SELECT COUNT(*) FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'function, VALUES, LATERAL, TABLESAMPLE in FROM',
      example: 'SELECT COUNT(*) FROM generate_series(1, 3)',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'UNION, INTERSECT, EXCEPT, VALUES',
      example: 'SELECT COUNT(*) FROM trips UNION SELECT 1',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'window functions in a query without groups',
      example: 'SELECT SUM(fare) OVER () FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'SELECT INTO, FOR UPDATE',
      example: 'SELECT COUNT(*) FROM trips FOR UPDATE',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'any other statement; EXPLAIN in a request',
      example: 'EXPLAIN SELECT COUNT(*) FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'two statements',
      example: 'SELECT COUNT(*) FROM trips; SELECT 1',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'unknown dataset',
      example: 'SELECT COUNT(*) FROM trip',
      status: 'SH_SQL_UNKNOWN_DATASET',
    },
    {
      construct: 'unknown column',
      example: 'SELECT AVG(fair) FROM trips',
      status: 'SH_SQL_UNKNOWN_COLUMN',
    },
    {
      construct: 'name of two different outputs in ORDER BY',
      example: 'SELECT COUNT(*) AS n, AVG(tip) AS n FROM trips ORDER BY n',
      status: 'SH_SQL_AMBIGUOUS',
    },
    { construct: 'not SQL', example: 'SELEC COUNT(*) FROM trips', status: 'SH_SQL_SYNTAX' },
  ],
}
