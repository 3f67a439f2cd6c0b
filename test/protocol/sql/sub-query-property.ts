/**
 * Queries over tables that a sub-query makes, against PostgreSQL: there the sub-query is a table, which a random query is about
 * as about any other; Sharehold gets both as one statement, and runs it on the ideal machine or on shares.
 */
import * as fc from 'fast-check'
import { expect } from 'vitest'

import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import type { CompiledQuery } from '../../../protocol/sql/compile.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import { idealExecute } from '../ideal.ts'
import { testCommittee } from '../parties.ts'
import { executeAll } from '../run-plan.ts'

import { expectedAnswer, upToRounding } from './oracle-answer.ts'
import type { ExpectedAnswer } from './oracle-answer.ts'
import type { Oracle } from './postgres-oracle.ts'
import { randomQuery } from './random-query.ts'
import { createTable, plainColumns, randomTable } from './random-table.ts'
import type { RandomTable } from './random-table.ts'

/** A random sub-query about a table. */
export interface RandomSubQuery {
  readonly sql: string
  /** The table that it makes, as PostgreSQL holds it under the name that was told; the member is there too. */
  readonly table: Pick<RandomTable, 'schema' | 'params'>
}

export interface Comparison {
  readonly machine: 'ideal' | 'parties'
  readonly n: 3 | 5
  readonly tables: number
  readonly queries: number
}

/** How much of each is compared. */
export const COMPARISONS: readonly Comparison[] = [
  { machine: 'ideal', n: 3, tables: 40, queries: 4 },
  { machine: 'parties', n: 3, tables: 6, queries: 1 },
  { machine: 'parties', n: 5, tables: 2, queries: 1 },
]

/**
 * Compares random queries over random sub-queries.
 *
 * @param random makes a sub-query whose table gets the name; the parser has been loaded
 * @param prepare what is done to each random table first
 */
export async function compareSubQueries(
  oracle: Oracle,
  seed: number,
  { machine, n, tables, queries }: Comparison,
  random: (g: fc.GeneratorValue, table: RandomTable, name: string) => RandomSubQuery,
  prepare: (g: fc.GeneratorValue, table: RandomTable) => RandomTable = (_, table) => table,
): Promise<void> {
  let shown = 0
  const property = fc.asyncProperty(fc.gen(), async (g) => {
    const trips = prepare(g, randomTable(g, n))
    const { schema, params, memberOfRow } = trips
    const columns = plainColumns(trips)
    await oracle.database.exec(`DROP TABLE IF EXISTS trips; ${createTable(trips)}`)
    for (let i = 0; i < queries; i++) {
      const { sql: inner, table } = random(g, trips, 'each')
      await oracle.database.exec(`DROP TABLE IF EXISTS each; CREATE TABLE each AS ${inner}`)
      const query = randomQuery(g, table.schema, 'each')
      const prefix = `WITH each AS (${inner}) `
      const sql = prefix + query.sql
      const compiled = await compiledOrRefused(sql, trips)
      if (compiled === undefined) continue
      const { plan, answer } = compiled
      const lanes =
        machine === 'ideal'
          ? idealExecute(plan, params, columns, memberOfRow)
          : await executeAll(await testCommittee(n, i), plan, params, columns, memberOfRow)
      const join = {
        schemas: [schema],
        params,
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
}

/**
 * What is refused rightly: a made column can have more values than one of random-table.ts, so there may be too many groups, or
 * constants about it that integers do not hold.
 */
const REFUSED: ReadonlySet<string> = new Set(['SH_PLAN_GROUPS', 'SH_SQL_CONSTANT'])

/** Undefined if it is refused rightly. */
async function compiledOrRefused(
  sql: string,
  { schema, params }: RandomTable,
): Promise<CompiledQuery | undefined> {
  try {
    return await compile(sql, schema, params)
  } catch (error) {
    if (error instanceof ShareholdError && REFUSED.has(error.code)) return undefined
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
