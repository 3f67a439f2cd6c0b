import type { ConformanceTable } from './row.ts'

export const LOOKUPS: ConformanceTable = {
  name: 'lookups',
  notes: 'note',
  rows: [
    {
      construct: 'JOIN … USING (key)',
      example:
        'SELECT island, COUNT(*), AVG(tip) FROM trips JOIN areas USING (borough) GROUP BY island',
      status: 'yes',
      note: 'the key is shared: nobody sees which rows meet',
    },
    {
      construct: 'JOIN … ON two columns, aliases',
      example:
        "SELECT SUM(c.doors), SUM(t.tip) FROM trips AS t JOIN cars AS c ON c.seats = t.passengers WHERE c.size = 'small'",
      status: 'yes',
      note: 'ranges and dictionaries may differ',
    },
    {
      construct: 'LEFT JOIN',
      example:
        'SELECT size, COUNT(*), COUNT(doors) FROM trips LEFT JOIN cars ON passengers = seats GROUP BY size',
      status: 'yes',
      note: 'columns become nullable; NULL meets nothing',
    },
    {
      construct: 'the other way round',
      example:
        'SELECT COUNT(*) FROM areas JOIN trips ON trips.borough = areas.borough WHERE surface > 100',
      status: 'yes',
      note: 'the unique side is looked in; RIGHT JOIN as LEFT JOIN',
    },
    {
      construct: 'beside joins on the member',
      example:
        'SELECT city, SUM(doors) FROM trips JOIN riders USING (rider) JOIN cars ON passengers = seats GROUP BY city',
      status: 'yes',
    },
    {
      construct: 'by what was found',
      example:
        'SELECT COUNT(*) FROM trips JOIN cars ON passengers = seats JOIN areas ON cars.widest = areas.borough WHERE surface < 200',
      status: 'yes',
    },
    {
      construct: 'one dataset twice',
      example:
        'SELECT COUNT(*) FROM trips JOIN cars ON passengers = seats JOIN areas a USING (borough) LEFT JOIN areas b ON widest = b.borough WHERE a.surface < b.surface',
      status: 'yes',
    },
    {
      construct: 'further conditions in ON of an inner join',
      example: 'SELECT COUNT(*) FROM trips JOIN cars ON passengers = seats AND doors > 3',
      status: 'yes',
    },
    {
      construct: 'in a sub-query, a row for each member',
      example:
        "SELECT AVG(n), COUNT(*) FROM (SELECT rider, COUNT(*) AS n FROM trips JOIN cars ON passengers = seats WHERE size = 'small' GROUP BY rider) AS t WHERE n > 1",
      status: 'yes',
    },
    {
      construct: 'sub-queries of plain rows, joined on a key',
      example:
        'SELECT size, COUNT(*) FROM (SELECT passengers AS p FROM trips WHERE tip > 10) AS t JOIN (SELECT seats, size FROM cars WHERE doors > 3) AS c ON t.p = c.seats GROUP BY size',
      status: 'yes',
    },
    {
      construct: 'MIN, MAX, quantiles of what is found',
      example: 'SELECT MAX(doors), MIN(doors) FROM trips JOIN cars ON passengers = seats',
      status: 'yes',
      note: 'if single values of the column and of the key may be shown (`reveal: extremes`)',
    },
    {
      construct: 'the same, of a key that must not be shown',
      example: 'SELECT MAX(fee) FROM trips JOIN fees USING (payment)',
      status: 'SH_POLICY_EXTREME',
    },
    {
      construct: 'further conditions of a LEFT JOIN',
      example: 'SELECT COUNT(*) FROM trips LEFT JOIN cars ON passengers = seats AND doors > 3',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'a key that is not unique',
      example: 'SELECT COUNT(*) FROM trips JOIN cars ON passengers = doors',
      status: 'SH_SQL_UNSUPPORTED',
      note: 'the schema must say `unique: true`',
    },
    {
      construct: 'a LEFT JOIN of the wrong side, FULL JOIN',
      example: 'SELECT COUNT(*) FROM cars LEFT JOIN trips ON passengers = seats',
      status: 'SH_SQL_UNSUPPORTED',
      note: 'rows without a member',
    },
    {
      construct: 'values of another scale or resolution',
      example: 'SELECT COUNT(*) FROM trips JOIN cars ON tip = seats',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'members of reference data',
      example: 'SELECT COUNT(DISTINCT cars.office) FROM trips JOIN cars ON passengers = seats',
      status: 'SH_SQL_UNSUPPORTED',
    },
  ],
}
