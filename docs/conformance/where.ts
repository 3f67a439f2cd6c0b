import type { ConformanceTable } from './row.ts'

export const WHERE: ConformanceTable = {
  name: 'where',
  rows: [
    {
      construct: '= <> != < <= > >= with a constant',
      example: 'SELECT COUNT(*) FROM trips WHERE fare >= 12.345 AND 3 < passengers',
      status: 'yes',
    },
    {
      construct: 'constant expressions',
      example: "SELECT COUNT(*) FROM trips WHERE fare > 10 / 2 AND day > DATE '2019-03-01' + 7",
      status: 'yes',
    },
    {
      construct: 'AND, OR, NOT, any nesting',
      example: "SELECT COUNT(*) FROM trips WHERE NOT (fare > 2 OR borough = 'Queens' AND shared)",
      status: 'yes',
    },
    {
      construct: 'BETWEEN, NOT BETWEEN, SYMMETRIC',
      example: 'SELECT COUNT(*) FROM trips WHERE fare NOT BETWEEN SYMMETRIC 5 AND 3',
      status: 'yes',
    },
    {
      construct: 'IN, NOT IN a list',
      example: "SELECT COUNT(*) FROM trips WHERE borough NOT IN ('Queens', 'Bronx')",
      status: 'yes',
    },
    {
      construct: 'IS NULL, IS NOT NULL',
      example: 'SELECT COUNT(*) FROM trips WHERE borough IS NULL',
      status: 'yes',
    },
    {
      construct: 'IS TRUE, FALSE, UNKNOWN, with NOT',
      example: 'SELECT COUNT(*) FROM trips WHERE (fare > 2) IS NOT UNKNOWN AND shared IS TRUE',
      status: 'yes',
    },
    {
      construct: 'IS DISTINCT FROM, with NOT',
      example: 'SELECT COUNT(*) FROM trips WHERE fare IS DISTINCT FROM 3',
      status: 'yes',
    },
    {
      construct: 'LIKE, ILIKE, NOT, ESCAPE',
      example: "SELECT COUNT(*) FROM trips WHERE borough NOT LIKE 'a!_b' ESCAPE '!'",
      status: 'yes',
    },
    {
      construct: 'two columns, also of other scale or type',
      example:
        'SELECT COUNT(*) FROM trips WHERE fare > tip AND fare >= passengers AND pickup < day',
      status: 'yes',
    },
    {
      construct: 'two text columns',
      example: 'SELECT COUNT(*) FROM trips WHERE borough < payment',
      status: 'yes',
    },
    {
      construct: 'two conditions compared',
      example: 'SELECT COUNT(*) FROM trips WHERE (fare > 2) = (tip > 1)',
      status: 'yes',
    },
    {
      construct: 'a boolean column, TRUE, NULL',
      example: 'SELECT COUNT(*) FROM trips WHERE shared OR NULL',
      status: 'yes',
    },
    {
      construct: 'dictionaries over 4,096 words compared',
      example: 'SELECT COUNT(*) FROM trips WHERE zone = other_zone',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'computing with a column',
      example:
        'SELECT COUNT(*) FROM trips WHERE fare * 2 > 10 + tip OR ROUND(fare) = 7 OR passengers % 2 = 1',
      status: 'yes',
    },
    {
      construct: 'CASE, COALESCE, NULLIF, GREATEST, LEAST, ABS',
      example:
        "SELECT COUNT(*) FROM trips WHERE COALESCE(borough, payment) <> 'cash' AND ABS(fare - tip) > CASE WHEN shared THEN 5 ELSE tip END",
      status: 'yes',
    },
    {
      construct: 'what has neither a circuit nor few values',
      example: 'SELECT COUNT(*) FROM trips WHERE odometer % 7 = 1',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'functions of a column',
      example:
        "SELECT COUNT(*) FROM trips WHERE lower(borough) = 'queens' OR left(zone, 6) || 'x' LIKE 'zone 1%' OR EXTRACT(month FROM pickup) IN (1, 2)",
      status: 'yes',
    },
    {
      construct: 'functions of a column with too many values',
      example: 'SELECT COUNT(*) FROM trips WHERE EXTRACT(hour FROM pickup) < 12',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'regular expressions, SIMILAR TO',
      example: "SELECT COUNT(*) FROM trips WHERE borough ~ 'Q'",
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'now(), current_date',
      example: 'SELECT COUNT(*) FROM trips WHERE pickup > now()',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'sub-query, EXISTS, ANY, rows, CASE, COLLATE',
      example: 'SELECT COUNT(*) FROM trips WHERE fare IN (SELECT 1)',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'constant intervals added to constant dates',
      example:
        "SELECT COUNT(*) FROM trips WHERE day <= DATE '2019-12-01' - INTERVAL '90' DAY AND pickup < DATE '2019-01-31' + INTERVAL '1 month 12 hours'",
      status: 'yes',
    },
    {
      construct: 'double precision, other intervals, time zones',
      example: 'SELECT COUNT(*) FROM trips WHERE fare > 2.5::double precision',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'aggregate in WHERE',
      example: 'SELECT COUNT(*) FROM trips WHERE COUNT(*) > 3',
      status: 'SH_SQL_GROUPING',
    },
    {
      construct: 'no such operator',
      example: 'SELECT COUNT(*) FROM trips WHERE borough = 3',
      status: 'SH_SQL_TYPE',
    },
    {
      construct: 'literal that is no value of its type',
      example: "SELECT COUNT(*) FROM trips WHERE day > 'yesterday'",
      status: 'SH_SQL_LITERAL',
    },
    {
      construct: 'constant that fails',
      example: 'SELECT COUNT(*) FROM trips WHERE fare > 1 / 0',
      status: 'SH_SQL_CONSTANT',
    },
  ],
}
