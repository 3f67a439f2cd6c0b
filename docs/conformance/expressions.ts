import type { ConformanceTable } from './row.ts'

export const EXPRESSIONS: ConformanceTable = {
  name: 'expressions',
  notes: 'note',
  rows: [
    {
      construct: '+ - * / %, unary - and +',
      example: 'SELECT SUM(fare) / NULLIF(COUNT(*), 0), -COUNT(*) % 7 FROM trips',
      status: 'yes',
      note: "integer, bigint: checked, quotient truncated; numeric: PostgreSQL's scales",
    },
    {
      construct: 'ROUND(x), ROUND(x, n)',
      example: 'SELECT ROUND(AVG(fare), 2), ROUND(COUNT(*), -1) FROM trips',
      status: 'yes',
      note: 'numeric: half away from zero',
    },
    {
      construct: 'ABS, FLOOR, CEIL, CEILING, SQRT',
      example: 'SELECT ABS(SUM(fare)), FLOOR(AVG(tip)), SQRT(VAR_POP(tip)) FROM trips',
      status: 'yes',
      note: 'ROUND(x), FLOOR, CEIL, SQRT of an integer are double precision, as there',
    },
    {
      construct: 'COALESCE, NULLIF',
      example: 'SELECT COALESCE(SUM(fare), 0), NULLIF(COUNT(*), 3) FROM trips',
      status: 'yes',
      note: 'COALESCE of a suppressed value is suppressed',
    },
    {
      construct: 'casts to integer, bigint, numeric(p,s)',
      example: 'SELECT COUNT(*)::integer, CAST(AVG(fare) AS numeric(10,1)) FROM trips',
      status: 'yes',
    },
    {
      construct: 'cast of a boolean key',
      example: 'SELECT shared::integer, COUNT(*) FROM trips GROUP BY shared',
      status: 'yes',
      note: 'to integer and text',
    },
    {
      construct: 'literals beside aggregates',
      example: "SELECT 'all' AS what, DATE '2019-03-01' + 1, NULL, COUNT(*) FROM trips",
      status: 'yes',
      note: 'never suppressed',
    },
    {
      construct: 'casts to text; of timestamps to date and back',
      example:
        "SELECT AVG(fare)::text || '!', date_trunc('month', day::timestamp)::date, COUNT(*) FROM trips GROUP BY day",
      status: 'yes',
    },
    {
      construct:
        'lower, upper, initcap, length, reverse, substring, left, right, trim, replace, strpos, position, starts_with, split_part, ||, LIKE',
      example:
        "SELECT upper(left(borough, 3)) || '-' || length(borough), borough LIKE 'B%', COUNT(*) FROM trips GROUP BY borough",
      status: 'yes',
      note: 'case is mapped character by character',
    },
    {
      construct: 'EXTRACT, date_part, date_trunc; date + integer, date - date',
      example:
        "SELECT EXTRACT(dow FROM day), day + 7, day - DATE '2019-01-01', COUNT(*) FROM trips GROUP BY day",
      status: 'yes',
      note: 'date_trunc of a date is a timestamp with time zone there: write `day::timestamp`',
    },
    {
      construct: 'TRUNC, SIGN, DIV, MOD, width_bucket of bounds or an array',
      example:
        'SELECT trunc(AVG(fare), 1), sign(SUM(tip)), div(SUM(fare), 7), mod(COUNT(*), 7), width_bucket(AVG(fare), 0, 500, 10), width_bucket(AVG(tip), ARRAY[10, 50]) FROM trips',
      status: 'yes',
    },
    {
      construct: 'casts to double',
      example: 'SELECT AVG(fare)::double precision FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'CASE, GREATEST, LEAST',
      example: 'SELECT CASE WHEN COUNT(*) > 3 THEN 1 END, GREATEST(COUNT(*), 2) FROM trips',
      status: 'yes',
      note: 'only the branch that is taken is evaluated; suppressed if any aggregate in it is',
    },
    {
      construct: 'a condition as a value',
      example: 'SELECT COUNT(*) > 3, AVG(fare) IS NULL, COUNT(*) BETWEEN 2 AND 9 FROM trips',
      status: 'yes',
      note: 'three-valued; also IN, IS DISTINCT FROM, AND, OR, NOT',
    },
    {
      construct: 'other functions, ^',
      example: 'SELECT POWER(AVG(fare), 2) FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'operator that does not exist',
      example: 'SELECT COUNT(*) + TRUE FROM trips',
      status: 'SH_SQL_TYPE',
    },
  ],
}
