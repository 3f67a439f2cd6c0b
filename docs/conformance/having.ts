import type { ConformanceTable } from './row.ts'

export const HAVING: ConformanceTable = {
  name: 'having',
  rows: [
    {
      construct: 'COUNT and SUM compared with constants',
      example:
        'SELECT payment, COUNT(*) FROM trips GROUP BY payment HAVING COUNT(*) > 3 AND SUM(tip) <> 10.5',
      status: 'yes',
    },
    {
      construct: '+, -, *, unary minus over COUNT and SUM, with each other',
      example:
        'SELECT payment, AVG(tip) FROM trips GROUP BY 1 HAVING SUM(passengers) * COUNT(*) > 2 * SUM(passengers) - COUNT(tip)',
      status: 'yes',
    },
    {
      construct: 'AVG compared with constants, COUNT and SUM',
      example:
        'SELECT payment, COUNT(*) FROM trips GROUP BY payment HAVING AVG(tip) >= 1.25 AND AVG(fare) < COUNT(*) * 100',
      status: 'yes',
    },
    {
      construct: 'AVG compared with AVG over as many values, of one scale',
      example: 'SELECT payment, COUNT(*) FROM trips GROUP BY payment HAVING AVG(tip) <= AVG(tip)',
      status: 'yes',
    },
    {
      construct: 'MIN, MAX, percentile_disc, mode of numbers, dates, timestamps compared',
      example:
        'SELECT payment, COUNT(*) FROM trips GROUP BY payment HAVING MAX(fare) > 50.5 AND MIN(fare) < SUM(tip)',
      status: 'yes',
    },
    {
      construct: 'AND, OR, NOT, BETWEEN, IN, IS NULL, IS TRUE, IS DISTINCT FROM, CASE, FILTER',
      example:
        'SELECT payment, COUNT(*) FROM trips GROUP BY payment HAVING CASE WHEN COUNT(*) FILTER (WHERE shared) BETWEEN 1 AND 500 THEN SUM(tip) IS NOT NULL ELSE NOT COUNT(*) IN (1, 2) END',
      status: 'yes',
    },
    {
      construct: 'BOOL_AND, BOOL_OR, EVERY',
      example: 'SELECT payment, COUNT(*) FROM trips GROUP BY 1 HAVING BOOL_OR(shared)',
      status: 'yes',
    },
    {
      construct: 'group keys, CASE over them',
      example:
        "SELECT borough, COUNT(*) FROM trips GROUP BY borough HAVING borough <> 'Queens' AND CASE WHEN borough = 'Bronx' THEN COUNT(*) ELSE SUM(passengers) END > 3",
      status: 'yes',
    },
    {
      construct: 'without GROUP BY',
      example: 'SELECT COUNT(*) FROM trips HAVING SUM(tip) > 3',
      status: 'yes',
    },
    {
      construct: 'averages over other numbers of values',
      example: 'SELECT COUNT(*) FROM trips HAVING AVG(tip) > AVG(fare)',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'computing with AVG; VAR, STDDEV, CORR, REGR, ROUND, division',
      example: 'SELECT COUNT(*) FROM trips HAVING STDDEV(tip) > 1',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'numbers that could need more than 60 bits',
      example: 'SELECT COUNT(*) FROM trips HAVING SUM(fare) * SUM(tip) > 1',
      status: 'SH_PLAN_OVERFLOW',
    },
    {
      construct: 'no condition',
      example: 'SELECT COUNT(*) FROM trips HAVING COUNT(*)',
      status: 'SH_SQL_TYPE',
    },
  ],
}
