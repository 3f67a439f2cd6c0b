/**
 * The query of query.ts with its columns at rest: share-nodes, processes of their own with their stores on
 * disk, read them, compare them with their commitments and re-share them to the MPC nodes. The clock
 * runs from the moment at which all know the job.
 */
import { execute } from '../../protocol/execute.ts'

import { query, SQL } from './query.ts'
import type { Prepared, Task } from './task.ts'

/** As much as a node keeps unless its topology says otherwise. */
const WARM_BYTES = 256 * 1024 * 1024

/** Makes nothing beforehand: its memory is that of a node. */
const RUN: Prepared = {
  async run(party, stored) {
    const { admitted, fetch } = stored!
    const source = await fetch()
    const shares = await execute(party, admitted.compiled.plan, admitted.params, source)
    return () => {
      source.release()
      return shares
    }
  },
}

/** @param warmBytes what each MPC node may keep for the next run; the first run is told apart */
function storedQuery(name: string, about: string, warmBytes: number): Task {
  return {
    name,
    about,
    size: query.size,
    stored: { sql: SQL, warmBytes },
    // Without share-nodes (the limit of what is computed) as in query.ts.
    prepare: (setting) => (setting.stored === true ? Promise.resolve(RUN) : query.prepare(setting)),
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
