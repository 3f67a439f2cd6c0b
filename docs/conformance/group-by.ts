import type { ConformanceTable } from './row.ts'

export const GROUP_BY: ConformanceTable = {
  name: 'group-by',
  rows: [
    {
      construct: 'text and boolean columns, several',
      example: 'SELECT payment, shared, COUNT(*) FROM trips GROUP BY payment, shared',
      status: 'yes',
    },
    {
      construct: 'by number, by alias',
      example: 'SELECT payment AS p, shared, COUNT(*) FROM trips GROUP BY p, 2',
      status: 'yes',
    },
    {
      construct: 'NULL is a group of its own',
      example: 'SELECT borough, COUNT(*) FROM trips GROUP BY borough',
      status: 'yes',
    },
    {
      construct: 'integer, decimal, date, timestamp',
      example: 'SELECT passengers, COUNT(*) FROM trips GROUP BY passengers',
      status: 'yes',
    },
    {
      construct: 'a column of a wide range',
      example: 'SELECT COUNT(*) FROM trips GROUP BY odometer',
      status: 'SH_PLAN_GROUPS',
    },
    {
      construct: 'an expression',
      example:
        'SELECT passengers / 2 AS pair, shared AND passengers > 1, COUNT(*) FROM trips GROUP BY pair, 2',
      status: 'yes',
    },
    {
      construct: 'CASE',
      example:
        "SELECT CASE WHEN fare > 20 THEN 'high' WHEN fare > 5 THEN 'middle' ELSE 'low' END AS class, COUNT(*) FROM trips GROUP BY 1",
      status: 'yes',
    },
    {
      construct: 'date_trunc, EXTRACT, casts to date, width_bucket',
      example:
        "SELECT date_trunc('month', pickup), EXTRACT(dow FROM day), COUNT(*) FROM trips GROUP BY 1, 2",
      status: 'yes',
    },
    {
      construct: 'an expression of many values',
      example: 'SELECT COUNT(*) FROM trips GROUP BY fare + 1',
      status: 'SH_PLAN_GROUPS',
    },
    {
      construct: 'ROLLUP, CUBE',
      example:
        'SELECT payment, shared, COUNT(*) FROM trips GROUP BY ROLLUP (payment, shared) ORDER BY 1, 2',
      status: 'yes',
    },
    {
      construct: 'GROUPING SETS, nested, and mixtures',
      example:
        'SELECT payment, shared, passengers, COUNT(*) FROM trips GROUP BY payment, GROUPING SETS ((shared, passengers), CUBE (shared), ())',
      status: 'yes',
    },
    {
      construct: 'GROUP BY DISTINCT',
      example:
        'SELECT payment, shared, COUNT(*) FROM trips GROUP BY DISTINCT ROLLUP (payment), CUBE (payment, shared)',
      status: 'yes',
    },
    {
      construct: 'GROUP BY ()',
      example: 'SELECT COUNT(*) FROM trips GROUP BY ()',
      status: 'yes',
    },
    {
      construct: 'GROUPING(...)',
      example:
        'SELECT borough, GROUPING(borough, payment) + 1, COUNT(*) FROM trips GROUP BY CUBE (borough, payment) HAVING GROUPING(payment) = 1',
      status: 'yes',
    },
    {
      construct: 'GROUPING of what is no key',
      example: 'SELECT GROUPING(shared), COUNT(*) FROM trips GROUP BY ROLLUP (payment)',
      status: 'SH_SQL_GROUPING',
    },
    {
      construct: 'window functions over the groups, which the querier computes',
      example:
        'SELECT passengers, COUNT(*), rank() OVER (ORDER BY COUNT(*) DESC), SUM(COUNT(*)) OVER (ORDER BY passengers), COUNT(*) - lag(COUNT(*)) OVER w FROM trips GROUP BY passengers WINDOW w AS (ORDER BY passengers)',
      status: 'yes',
      note: 'a group of which something that the call reads is suppressed takes no part',
    },
    {
      construct: 'an aggregate',
      example: 'SELECT COUNT(*) AS n FROM trips GROUP BY n',
      status: 'SH_SQL_GROUPING',
    },
    {
      construct: 'many groups, up to 65,536',
      example: 'SELECT zone, COUNT(*), SUM(tip) FROM trips GROUP BY zone',
      status: 'yes',
    },
    {
      construct: 'more than 65,536 groups',
      example: 'SELECT zone, COUNT(*) FROM trips GROUP BY zone, other_zone',
      status: 'SH_PLAN_GROUPS',
    },
  ],
}
