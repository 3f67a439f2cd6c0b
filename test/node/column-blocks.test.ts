/** What share-nodes send for a join: each column once, whatever instances of its dataset read it. */
import { describe, expect, test } from 'vitest'

import { loadsOf, neededColumns } from '../../node/column-blocks.ts'
import type { PlanParams } from '../../protocol/plan.ts'
import { arrangeDatasets } from '../../protocol/sql/arrange.ts'
import { compile } from '../../protocol/sql/compile.ts'
import type { Schema } from '../../shares/schema.ts'

const common = { member: 'patient', kMin: 2, purposes: ['test'] }
const VISITS: Schema = {
  ...common,
  dataset: 'visits',
  columns: [
    { name: 'day', type: 'integer', nullable: false, min: 0, max: 99 },
    { name: 'cost', type: 'integer', nullable: false, min: 0, max: 999 },
  ],
}
const PEOPLE: Schema = {
  ...common,
  dataset: 'people',
  columns: [{ name: 'day', type: 'integer', nullable: false, min: 0, max: 99 }],
}
const SIZES = [
  {
    name: 'visits',
    version: 1,
    chunks: [40, 30, 30],
    rowsPerMember: [
      [1, 40],
      [3, 20],
    ],
  },
  { name: 'people', version: 1, chunks: [30, 20], rowsPerMember: [[1, 50]] },
] as const

/** Names of what is sent: batch, dataset, encoding, column, and chunks. */
async function sent(sql: string): Promise<string[]> {
  const schemas = [VISITS, PEOPLE]
  const arranged = await arrangeDatasets(sql, schemas, SIZES)
  const params: PlanParams = {
    committee: { n: 3, t: 1 },
    security: 'passive',
    ...arranged,
    chunksInFlight: 1,
    network: 'lan',
  }
  const { plan } = await compile(sql, schemas, params)
  const loads = loadsOf(plan, schemas)
  return neededColumns(loads, params, () => true).map(({ load, batch, blocks }) => {
    const { dataset, encoding, column } = loads[load]!
    const chunks = blocks.map(({ chunk, rows }) => `${chunk}:${rows}`)
    return `${batch} ${dataset} ${encoding} ${column.name} ${chunks.join(' ')}`
  })
}

describe('of a join', () => {
  test('columns of the lanes batch after batch, those of others whole', async () => {
    const sql =
      'SELECT COUNT(*) FROM visits JOIN people USING (patient) WHERE visits.day > 3 AND people.day < 50'
    expect(await sent(sql)).toEqual([
      '0 visits bits day 0:40',
      '0 people bits day 0:30 1:20',
      '1 visits bits day 1:30',
      '2 visits bits day 2:30',
    ])
  })

  test('of a dataset with itself, each column once and whole', async () => {
    const sql =
      'SELECT SUM(b.cost), SUM(a.cost) FROM visits a JOIN visits b USING (patient) WHERE a.day < b.day'
    expect(await sent(sql)).toEqual([
      '0 visits bits day 0:40 1:30 2:30',
      '0 visits field cost 0:40 1:30 2:30',
    ])
  })
})
