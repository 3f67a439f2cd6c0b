/**
 * The questions of the demo. `{expression|argument}` marks an aggregate and what it counts members by
 * (`*` for every row that passes the filter): the network gets the expression alone, the oracle gets
 * the suppression rule around it.
 */
export interface DemoQuery {
  readonly title: string
  readonly template: string
  /** Set if the network must refuse it, with this code. */
  readonly refusedWith?: string
}

export const DEMO_QUERIES: readonly DemoQuery[] = [
  {
    title: 'How do riders pay? (a key with NULLs: the meter did not always record it)',
    template:
      'SELECT payment, {COUNT(*)|*} AS rides, {AVG(tip)|tip} AS average_tip FROM trips GROUP BY payment ORDER BY payment',
  },
  {
    title:
      'Where do rides end? (a borough that too few members reached is suppressed, and a second one beside a single one)',
    template:
      "SELECT dropoff_borough, {COUNT(*)|*} AS rides, {SUM(fare)|fare} AS fares FROM trips WHERE color = 'green' GROUP BY dropoff_borough",
  },
  {
    title: 'Three-valued logic: NULL payment is neither cash nor not cash',
    template:
      "SELECT {COUNT(*)|*} AS rides, {SUM(total)|total} AS turnover FROM trips WHERE payment <> 'cash' OR NOT (pickup_borough = 'Manhattan')",
  },
  {
    title: 'Two keys at once',
    template:
      'SELECT color, payment, {COUNT(*)|*} AS rides, {AVG(distance)|distance} AS miles, {SUM(tip)|tip} / {SUM(fare)|fare} AS tip_rate FROM trips GROUP BY color, payment ORDER BY color, rides DESC NULLS LAST',
  },
  {
    title:
      'A median, a standard deviation, a correlation (the schema lets fare and distance show a value)',
    template:
      'SELECT pickup_borough, ROUND({percentile_cont(0.5) WITHIN GROUP (ORDER BY fare)|fare}::numeric, 2) AS median_fare, {STDDEV_POP(distance)|distance} AS spread, ROUND({CORR(fare, distance)|fare}::numeric, 9) AS correlation FROM trips GROUP BY pickup_borough ORDER BY median_fare DESC NULLS LAST',
  },
  {
    title: 'A range of time, a list, two columns compared',
    template:
      "SELECT {COUNT(*)|*} AS rides, {SUM(passengers)|passengers} AS passengers, {AVG(total)|total} AS average_total FROM trips WHERE pickup BETWEEN '2019-03-08 17:00:00' AND '2019-03-22 02:00:00' AND passengers IN (1, 2, 3) AND tip > tolls",
  },
  {
    title: 'A member’s own rides? Refused: only aggregates leave the network',
    template: "SELECT fare FROM trips WHERE pickup_zone = 'JFK Airport'",
    refusedWith: 'SH_POLICY_',
  },
]

const MARK = /\{([^{}|]+)\|([^{}|]+)\}/gu

/** What the querier sends. */
export const sqlOf = (query: DemoQuery): string => query.template.replaceAll(MARK, '$1')

/**
 * What the oracle runs: the aggregate's text, or NULL if fewer than kMin members contribute, or if the group is the
 * smallest of the others beside a single one of which that is so.
 *
 * @param groups of the answer, those without rows included; 1 without GROUP BY
 */
export const oracleOf = (query: DemoQuery, kMin: number, groups: number): string =>
  query.template.replaceAll(MARK, (_match, expression: string, argument: string) => {
    const members =
      argument === '*'
        ? 'COUNT(DISTINCT member)'
        : `COUNT(DISTINCT member) FILTER (WHERE ${argument} IS NOT NULL)`
    const enough = `${members} >= ${kMin}`
    if (groups === 1) return `CASE WHEN ${enough} THEN ${expression} END`
    // Groups that the table does not have are too small as well.
    const size = `CASE WHEN ${enough} THEN ${members} END`
    const small = `${groups} - COUNT(${size}) OVER ()`
    const least = `MIN(${size}) OVER ()`
    return `CASE WHEN ${enough} AND NOT (${small} = 1 AND ${members} = ${least}) THEN ${expression} END`
  })
