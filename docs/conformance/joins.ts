import type { ConformanceTable } from './row.ts'

export const JOINS: ConformanceTable = {
  name: 'joins',
  notes: 'note',
  rows: [
    {
      construct: 'JOIN … USING (member)',
      example: 'SELECT city, AVG(fare) FROM trips JOIN riders USING (rider) GROUP BY city',
      status: 'yes',
      note: 'rows without a partner are left out, by a mask that the nodes know',
    },
    {
      construct: 'JOIN … ON the two members, aliases',
      example:
        'SELECT COUNT(*) FROM riders AS r JOIN trips AS t ON t.rider = r.rider WHERE r.born < 1980 AND t.tip > 5',
      status: 'yes',
      note: 'in any order: the rows of the dataset that gives the fewest lanes drive the plan',
    },
    {
      construct: 'no FROM; datasets from the qualified names',
      example: "SELECT AVG(trips.fare) WHERE riders.city = 'Graz'",
      status: 'yes',
      postgres: "SELECT AVG(fare) FROM trips JOIN riders USING (rider) WHERE city = 'Graz'",
      note: 'joined on the member, whatever it is called in each',
    },
    {
      construct: 'LEFT JOIN',
      example: 'SELECT city, SUM(tip) FROM trips LEFT JOIN riders USING (rider) GROUP BY city',
      status: 'yes',
      note: 'columns of the right side become nullable: one more group, of NULL',
    },
    {
      construct: 'rows without a partner',
      example: 'SELECT COUNT(*) FROM trips LEFT JOIN riders USING (rider) WHERE born IS NULL',
      status: 'yes',
    },
    {
      construct: 'LEFT JOIN with several rows on the right',
      example: 'SELECT COUNT(*), COUNT(fare) FROM riders LEFT JOIN trips USING (rider)',
      status: 'yes',
      note: 'lanes are the rows of both',
    },
    {
      construct: 'RIGHT JOIN, FULL JOIN',
      example: 'SELECT COUNT(*), COUNT(born), COUNT(tip) FROM trips FULL JOIN riders USING (rider)',
      status: 'yes',
    },
    {
      construct: 'chains of joins, up to eight datasets',
      example:
        'SELECT AVG(fare) FROM trips JOIN riders USING (rider) LEFT JOIN homes USING (rider) WHERE rooms > 2 OR born > 1990',
      status: 'yes',
    },
    {
      construct: 'several rows a member on both sides',
      example:
        'SELECT COUNT(*), COUNT(DISTINCT rider), AVG(stars) FROM trips JOIN reviews USING (rider) WHERE fare > 300',
      status: 'yes',
      note: 'lanes: the rows of one side, times the most rows that a member has on the other',
    },
    {
      construct: 'LEFT JOIN, several rows on both sides',
      example:
        'SELECT COUNT(*), COUNT(stars) FROM trips LEFT JOIN reviews USING (rider) WHERE stars > 2 OR stars IS NULL',
      status: 'yes',
      note: 'a row without a partner is there once',
    },
    {
      construct: 'a dataset joined with itself',
      example:
        'SELECT COUNT(DISTINCT a.rider) FROM trips a JOIN trips b USING (rider) WHERE b.pickup > a.pickup AND b.tip > a.tip',
      status: 'yes',
      note: "lanes: the squares of the members' numbers of rows",
    },
    {
      construct: 'a dataset there twice without an alias',
      example: 'SELECT COUNT(*) FROM trips JOIN trips USING (rider)',
      status: 'SH_SQL_AMBIGUOUS',
    },
    {
      construct: 'sub-queries of plain rows, and queries of WITH, joined',
      example:
        "WITH cash AS (SELECT rider, fare AS f FROM trips WHERE payment = 'cash') SELECT AVG(f) FROM cash JOIN (SELECT rider, born FROM riders) r USING (rider) WHERE r.born > 1970",
      status: 'yes',
      note: 'the plan is that of the join of what they read',
    },
    {
      construct: 'WHERE of a sub-query whose rows an outer join can do without',
      example:
        'SELECT COUNT(*) FROM trips LEFT JOIN (SELECT rider FROM homes WHERE rooms > 2) h USING (rider)',
      status: 'SH_SQL_UNSUPPORTED',
      note: 'it says which rows are partners; FILTER (WHERE …) outside counts',
    },
    {
      construct: 'computed columns of such a sub-query',
      example:
        'SELECT SUM(x) FROM trips LEFT JOIN (SELECT rider, COALESCE(rooms, 0) AS x FROM homes) h USING (rider)',
      status: 'SH_SQL_UNSUPPORTED',
      note: 'compute outside',
    },
    {
      construct: 'a sub-query with groups, joined',
      example:
        'SELECT COUNT(*) FROM trips JOIN (SELECT rider, COUNT(*) AS n FROM reviews GROUP BY rider) q USING (rider)',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'other columns than the member',
      example: 'SELECT COUNT(*) FROM trips JOIN riders ON trips.passengers = riders.born',
      status: 'SH_SQL_UNSUPPORTED',
      note: 'but for unique columns of reference data, below',
    },
    {
      construct: 'CROSS JOIN, NATURAL JOIN, a list in FROM',
      example: 'SELECT COUNT(*) FROM trips, riders WHERE trips.rider = riders.rider',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'columns of one name',
      example:
        'SELECT COUNT(DISTINCT trips.borough), COUNT(DISTINCT homes.borough) FROM trips JOIN homes USING (rider)',
      status: 'yes',
    },
    {
      construct: 'a column of two datasets, not qualified',
      example: 'SELECT COUNT(borough) FROM trips JOIN homes USING (rider)',
      status: 'SH_SQL_AMBIGUOUS',
    },
  ],
}
