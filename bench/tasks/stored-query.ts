/**
 * The query of query.ts with its columns at rest: share-nodes, processes of their own with their stores on
 * disk, read them, compare them with their commitments and re-share them to the MPC nodes. The clock
 * runs from the moment at which all know the job.
 */
import { type ColumnSource, execute } from '../../protocol/execute.ts'
import { compile } from '../../protocol/sql/compile.ts'

import { paramsFor, people, SCHEMA } from './people.ts'
import { ownSource, query, SQL } from './query.ts'
import type { Task } from './task.ts'

export const queryCold: Task = {
  name: 'query-cold',
  about: 'rows of the same table and query, with the columns from share-nodes',
  size: query.size,
  stored: { sql: SQL },
  async prepare(setting) {
    const table = people(setting.size)
    const params = paramsFor(setting.committee, table)
    const { plan } = await compile(SQL, SCHEMA, params)
    // Without share-nodes (the limit of what is computed) as in query.ts.
    let own: ColumnSource | undefined
    if (setting.stored !== true) own = ownSource(setting, table, params, plan)
    return {
      async run(party, fetch) {
        const fetched = await fetch?.()
        const shares = await execute(party, plan, params, (fetched ?? own)!)
        return () => {
          fetched?.release()
          return shares
        }
      },
    }
  },
  check: (committee, size, evidence) => query.check(committee, size, evidence),
}
