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
      construct: 'sum that could leave 59 bits',
      example: 'SELECT SUM(odometer) FROM trips',
      status: 'SH_PLAN_OVERFLOW',
    },
    {
      construct: 'of an expression',
      example: 'SELECT SUM(fare * 2) FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
      note: '`SUM(fare) * 2` is the same',
    },
    {
      construct: 'DISTINCT inside',
      example: 'SELECT COUNT(DISTINCT borough) FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
      note: 'also COUNT(DISTINCT member)',
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
    { construct: 'MIN, MAX', example: 'SELECT MIN(fare) FROM trips', status: 'SH_SQL_UNSUPPORTED' },
    {
      construct: 'percentile_cont, percentile_disc, mode',
      example: 'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY fare) FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'BOOL_AND, BOOL_OR, EVERY',
      example: 'SELECT bool_and(shared) FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'CORR, COVAR_*, REGR_*',
      example: 'SELECT CORR(fare, tip) FROM trips',
      status: 'SH_SQL_UNSUPPORTED',
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
