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

/** As much as a node keeps unless its topology says otherwise. */
const WARM_BYTES = 256 * 1024 * 1024

/** @param warmBytes what each MPC node may keep for the next run; the first run is told apart */
function storedQuery(name: string, about: string, warmBytes: number): Task {
  return {
    name,
    about,
    size: query.size,
    stored: { sql: SQL, warmBytes },
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
}

export const queryCold: Task = storedQuery(
  'query-cold',
  'rows of the same table and query, with the columns from share-nodes',
  0,
)

export const queryWarm: Task = storedQuery(
  'query-warm',
  'the same, with columns that the first run has left with the MPC nodes, on tickets',
  WARM_BYTES,
)
