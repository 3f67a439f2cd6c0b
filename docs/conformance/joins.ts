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
      note: 'in any order: the dataset with several rows a member drives the plan',
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
      example: 'SELECT COUNT(*) FROM trips JOIN reviews USING (rider)',
      status: 'SH_PLAN_JOIN',
      note: 'ask about each, or join a dataset with one row a member',
    },
    {
      construct: 'other conditions than the member',
      example: 'SELECT COUNT(*) FROM trips JOIN riders ON trips.passengers = riders.born',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'CROSS JOIN, NATURAL JOIN, a list in FROM',
      example: 'SELECT COUNT(*) FROM trips, riders WHERE trips.rider = riders.rider',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'a dataset joined with itself',
      example: 'SELECT COUNT(*) FROM riders AS a JOIN riders AS b USING (rider)',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'a column of two datasets, not qualified',
      example: 'SELECT COUNT(borough) FROM trips JOIN homes USING (rider)',
      status: 'SH_SQL_AMBIGUOUS',
    },
  ],
}
