import type { ConformanceTable } from './row.ts'

export const AGGREGATES: ConformanceTable = {
  name: 'aggregates',
  notes: 'type of the result',
  rows: [
    {
      construct: 'COUNT(*), COUNT(1)',
      example: 'SELECT COUNT(*), COUNT(1) FROM trips',
      status: 'yes',
      note: 'bigint',
    },
    {
      construct: 'COUNT(column), every type',
      example: 'SELECT COUNT(fare), COUNT(day), COUNT(shared) FROM trips',
      status: 'yes',
      note: 'bigint; NULLs not counted',
    },
    {
      construct: 'SUM',
      example: 'SELECT SUM(passengers), SUM(tip) FROM trips',
      status: 'yes',
      note: "bigint for INTEGER in int4's range, else numeric with the column's scale",
    },
    {
      construct: 'AVG',
      example: 'SELECT AVG(fare) FROM trips',
      status: 'yes',
      note: "numeric, PostgreSQL's digits",
    },
    {
      construct: 'VAR_POP, VAR_SAMP, VARIANCE',
      example: 'SELECT VAR_POP(fare), VARIANCE(fare) FROM trips',
      status: 'yes',
      note: 'numeric',
    },
    {
      construct: 'STDDEV_POP, STDDEV_SAMP, STDDEV',
      example: 'SELECT STDDEV_POP(fare), STDDEV(fare) FROM trips',
      status: 'yes',
      note: 'numeric',
    },
    {
      construct: 'of text, boolean, date, timestamp',
      example: 'SELECT SUM(shared) FROM trips',
      status: 'SH_SQL_TYPE',
    },
    {
      construct: 'sum that could leave the field',
      example: 'SELECT SUM(odometer) FROM trips',
      status: 'SH_PLAN_OVERFLOW',
    },
    {
      construct: 'of an expression',
      example: 'SELECT SUM(fare * (1 - tip)), AVG(fare - tip), COUNT(NULLIF(fare, tip)) FROM trips',
      status: 'yes',
      note: 'see [expressions over rows](#expressions-over-rows); the scale is the largest that a row can have',
    },
    {
      construct: 'of CASE',
      example:
        'SELECT SUM(CASE WHEN fare > 20 THEN 1 ELSE 0 END), AVG(CASE WHEN shared THEN tip ELSE fare END) FROM trips',
      status: 'yes',
    },
    {
      construct: 'of a constant',
      example: 'SELECT SUM(1), AVG(2.5), COUNT(NULL) FROM trips',
      status: 'yes',
      postgres: null,
    },
    {
      construct: 'of a product that could leave the field',
      example: 'SELECT SUM(odometer * 1000) FROM trips',
      status: 'SH_PLAN_OVERFLOW',
    },
    {
      construct: 'of what PostgreSQL could fail on',
      example: 'SELECT SUM(10 / passengers) FROM trips',
      status: 'SH_PLAN_VALUE',
      note: 'a row with 0 is allowed by the schema: `NULLIF(passengers, 0)`',
    },
    {
      construct: 'COUNT(DISTINCT member)',
      example: 'SELECT borough, COUNT(DISTINCT rider) FROM trips GROUP BY borough',
      status: 'yes',
      note: 'bigint; the one place where the member column may stand',
    },
    {
      construct: 'COUNT, SUM, AVG over distinct values, of 256 at most',
      example:
        'SELECT COUNT(DISTINCT borough), SUM(DISTINCT passengers), AVG(DISTINCT passengers) FROM trips',
      status: 'yes',
      note: 'as without DISTINCT',
    },
    {
      construct: 'of a value that can have more',
      example: 'SELECT COUNT(DISTINCT fare) FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'DISTINCT inside other functions',
      example: 'SELECT STDDEV(DISTINCT passengers) FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'FILTER',
      example: 'SELECT COUNT(*) FILTER (WHERE shared), AVG(fare) FILTER (WHERE tip > 0) FROM trips',
      status: 'yes',
      note: 'a cohort of its own: the members with a row that passes both conditions',
    },
    {
      construct: 'ORDER BY inside',
      example: 'SELECT SUM(fare ORDER BY tip) FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'MIN, MAX',
      example: 'SELECT MIN(fare), MAX(day), MIN(borough) FROM trips',
      status: 'yes',
      note: 'type of the argument; text in the order of its bytes',
    },
    {
      construct: 'percentile_disc',
      example:
        'SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY fare), percentile_disc(0.5) WITHIN GROUP (ORDER BY day DESC) FROM trips',
      status: 'yes',
      note: 'type of the argument; one constant fraction of up to 6 decimals',
    },
    {
      construct: 'percentile_cont',
      example:
        'SELECT borough, percentile_cont(0.5) WITHIN GROUP (ORDER BY fare) FROM trips GROUP BY borough',
      status: 'yes',
      note: 'double precision; opens the two neighbours and the count',
    },
    {
      construct: 'percentile_cont of an array of fractions',
      example: 'SELECT percentile_cont(ARRAY[0.25, 0.5]) WITHIN GROUP (ORDER BY fare) FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'mode, of 256 values at most',
      example:
        'SELECT mode() WITHIN GROUP (ORDER BY borough), mode() WITHIN GROUP (ORDER BY passengers DESC) FROM trips',
      status: 'yes',
      note: 'type of the argument; of several the first',
    },
    {
      construct: 'these, of a column that the schema does not reveal',
      example: 'SELECT MAX(tip) FROM trips',
      status: 'SH_POLICY_EXTREME',
    },
    {
      construct: 'BOOL_AND, BOOL_OR, EVERY of a condition',
      example:
        'SELECT BOOL_AND(shared), BOOL_OR(fare > 499 OR shared), EVERY(tip < 101) FROM trips',
      status: 'yes',
      note: 'boolean; nothing else is opened, no count either',
    },
    {
      construct: 'COVAR_POP, COVAR_SAMP, CORR',
      example: 'SELECT ROUND(CORR(fare, tip)::numeric, 9) FROM trips',
      status: 'yes',
      note: 'double precision, rounded once; over the rows where neither is NULL',
    },
    {
      construct: 'REGR_COUNT',
      example: 'SELECT REGR_COUNT(fare, tip) FROM trips',
      status: 'yes',
      note: 'bigint',
    },
    {
      construct: 'REGR_SLOPE, _INTERCEPT, _R2, _AVGX, _AVGY, _SXX, _SYY, _SXY',
      example: 'SELECT ROUND(REGR_SLOPE(fare, passengers)::numeric, 9) FROM trips',
      status: 'yes',
      note: 'double precision, rounded once',
    },
    {
      construct: 'product of two values that could leave the field',
      example: 'SELECT CORR(odometer, tip) FROM trips',
      status: 'SH_PLAN_OVERFLOW',
    },
    {
      construct: 'array_agg, string_agg, json_agg',
      example: 'SELECT array_agg(fare) FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
      note: 'would show single rows',
    },
    { construct: 'nested', example: 'SELECT SUM(COUNT(*)) FROM trips', status: 'SH_SQL_GROUPING' },
  ],
}
