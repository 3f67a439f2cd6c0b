/** Random queries executed on shares by 3 and 5 parties in one process: the answers are still PostgreSQL's. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import { printSeed, seed } from '../../seed.ts'
import { testCommittee } from '../parties.ts'
import { executeAll } from '../run-plan.ts'

import { expectedAnswer, upToRounding } from './oracle-answer.ts'
import type { ExpectedAnswer } from './oracle-answer.ts'
import { startOracle } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'
import { randomQuery } from './random-query.ts'
import { createTable, plainColumns, randomTable } from './random-table.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const QUERIES = 2

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
})

afterAll(async () => {
  await oracle.database.close()
})

test.each([
  [3, 10],
  [5, 2],
] as const)('%i parties, %i tables', async (n, tables) => {
  printSeed('parties')
  const property = fc.asyncProperty(fc.gen(), async (g) => {
    const table = randomTable(g, n)
    const { schema, params, memberOfRow } = table
    await oracle.database.exec(`DROP TABLE IF EXISTS trips; ${createTable(table)}`)
    for (let i = 0; i < QUERIES; i++) {
      const query = randomQuery(g, schema)
      const { plan, answer } = await compile(query.sql, schema, params)
      const committee = await testCommittee(n, i)
      const lanes = await executeAll(committee, plan, params, plainColumns(table), memberOfRow)
      const expected = await expectedAnswer(oracle.database, table, query, answer)
      const given = upToRounding(outcome(answer, lanes), expected, query)
      expect(given, query.sql).toEqual(expected)
    }
  })
  await fc.assert(property, { numRuns: tables, seed, endOnFailure: true })
})

/** The answer, or the code of the error. */
function outcome(...input: Parameters<typeof evaluateAnswer>): ExpectedAnswer | string {
  try {
    const { columns, rows } = evaluateAnswer(...input)
    return { columns, rows }
  } catch (error) {
    if (error instanceof ShareholdError) return error.code
    throw error
  }
}
