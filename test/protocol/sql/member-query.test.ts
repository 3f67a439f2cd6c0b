/**
 * Queries over sub-queries that are grouped by the member: random ones give what PostgreSQL gives, on the ideal machine and on
 * shares; what each column is made from; what is refused.
 */
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import type { CompiledQuery } from '../../../protocol/sql/compile.ts'
import { loadParser } from '../../../protocol/sql/parse.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import { printSeed, seed } from '../../seed.ts'
import { idealExecute } from '../ideal.ts'
import { testCommittee } from '../parties.ts'
import { executeAll } from '../run-plan.ts'

import { expectedAnswer, upToRounding } from './oracle-answer.ts'
import type { ExpectedAnswer } from './oracle-answer.ts'
import { startOracle } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'
import { randomMembers } from './random-members.ts'
import { randomQuery } from './random-query.ts'
import { createTable, plainColumns, randomTable } from './random-table.ts'
import type { RandomTable } from './random-table.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 })

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
  await loadParser()
})

afterAll(async () => {
  await oracle.database.close()
})

test.each([
  { machine: 'ideal', n: 3, tables: 40, queries: 4 },
  { machine: 'parties', n: 3, tables: 6, queries: 1 },
  { machine: 'parties', n: 5, tables: 2, queries: 1 },
] as const)(
  'random queries give what PostgreSQL gives: $machine, $n parties',
  async ({ machine, n, tables, queries }) => {
    printSeed('member queries')
    let shown = 0
    const property = fc.asyncProperty(fc.gen(), async (g) => {
      const trips = randomTable(g, n)
      const columns = plainColumns(trips)
      await oracle.database.exec(`DROP TABLE IF EXISTS trips; ${createTable(trips)}`)
      for (let i = 0; i < queries; i++) {
        const { sql: inner, table } = randomMembers(g, trips, 'each')
        await oracle.database.exec(`DROP TABLE IF EXISTS each; CREATE TABLE each AS ${inner}`)
        const query = randomQuery(g, table.schema, 'each')
        const prefix = `WITH each AS (${inner}) `
        const sql = prefix + query.sql
        const compiled = await compiledOrRefused(sql, trips)
        if (compiled === undefined) continue
        const { plan, answer } = compiled
        const lanes =
          machine === 'ideal'
            ? idealExecute(plan, trips.params, columns, trips.memberOfRow)
            : await executeAll(
                await testCommittee(n, i),
                plan,
                trips.params,
                columns,
                trips.memberOfRow,
              )
        const join = {
          schemas: [trips.schema],
          params: trips.params,
          from: 'each',
          write: (text: string) => prefix + text,
        }
        const expected = await expectedAnswer(oracle.database, { ...table, join }, query, answer)
        const given = upToRounding(outcome(answer, lanes), expected, query)
        expect(given, `${sql}\n${createTable(trips)}`).toEqual(expected)
        if (typeof expected !== 'string') {
          shown += expected.rows.flat().filter((cell) => 'text' in cell).length
        }
      }
    })
    await fc.assert(property, { numRuns: tables, seed, endOnFailure: true })
    // The test would be worth little if most were suppressed.
    if (machine === 'ideal') expect(shown).toBeGreaterThan(50)
  },
)

/** Undefined if there are too many groups: a made column can have more values than one of random-table.ts. */
async function compiledOrRefused(
  sql: string,
  { schema, params }: RandomTable,
): Promise<CompiledQuery | undefined> {
  try {
    return await compile(sql, schema, params)
  } catch (error) {
    if (error instanceof ShareholdError && error.code === 'SH_PLAN_GROUPS') return undefined
    throw error
  }
}

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
