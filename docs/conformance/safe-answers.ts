import type { ConformanceTable } from './row.ts'

export const SAFE_ANSWERS: ConformanceTable = {
  name: 'safe-answers',
  rows: [
    {
      construct: 'values of single rows',
      example: 'SELECT fare FROM trips',
      status: 'SH_POLICY_ROW_VALUES',
    },
    { construct: 'a star', example: 'SELECT * FROM trips', status: 'SH_POLICY_ROW_VALUES' },
    {
      construct: 'the member column, anywhere',
      example: "SELECT COUNT(*) FROM trips WHERE rider = 'x'",
      status: 'SH_POLICY_MEMBER',
    },
    {
      construct: 'groups without any aggregate',
      example: 'SELECT borough FROM trips GROUP BY borough',
      status: 'SH_SQL_UNSUPPORTED',
    },
    {
      construct: 'aggregate in ORDER BY only',
      example: 'SELECT payment FROM trips GROUP BY payment ORDER BY COUNT(*)',
      status: 'yes',
    },
    {
      construct: 'column neither grouped by nor aggregated',
      example: 'SELECT borough, COUNT(*) FROM trips',
      status: 'SH_SQL_GROUPING',
    },
  ],
}
