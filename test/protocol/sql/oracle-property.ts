/**
 * The compiler against PostgreSQL: random queries over random tables, through compile, the ideal execution
 * of the plan and evaluateAnswer, must give what PostgreSQL gives with the suppression rule written in SQL.
 * Cells are compared as texts, exactly; names and types of the columns too.
 */
import * as fc from 'fast-check'
import { expect } from 'vitest'

import type { Cell } from '../../../protocol/sql/answer-spec.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import { idealExecute } from '../ideal.ts'

import { expectedAnswer, upToRounding } from './oracle-answer.ts'
import type { ExpectedAnswer } from './oracle-answer.ts'
import type { Oracle } from './postgres-oracle.ts'
import { randomQuery } from './random-query.ts'
import { createTable, plainColumns, randomTable } from './random-table.ts'

/** Compares `queries` random queries on each of `tables` random tables. */
export async function compareWithPostgres(
  oracle: Oracle,
  seed: number,
  tables: number,
  queries: number,
): Promise<void> {
  const seen = { queries: 0, errors: 0, shown: 0, nulls: 0, suppressed: 0 }
  const property = fc.asyncProperty(fc.gen(), async (g) => {
    const table = randomTable(g)
    await oracle.database.exec(`DROP TABLE IF EXISTS trips; ${createTable(table)}`)
    const columns = plainColumns(table)
    for (let i = 0; i < queries; i++) {
      const query = randomQuery(g, table.schema)
      const compiled = await compile(query.sql, table.schema, table.params)
      const lanes = idealExecute(compiled.plan, table.params, columns, table.memberOfRow)
      expect(lanes.length).toBe(compiled.answer.lanes)
      const expected = await expectedAnswer(oracle.database, table, query, compiled.answer)
      const message = `${query.sql}\n${createTable(table)}`
      const answer = upToRounding(outcome(compiled.answer, lanes), expected, query)
      expect(answer, message).toEqual(expected)
      if (typeof expected === 'string') seen.errors++
      else for (const cell of expected.rows.flat()) seen[kindOf(cell)]++
      seen.queries++
    }
  })
  await fc.assert(property, { numRuns: tables, seed, endOnFailure: true })
  // The test would be worth little if most were suppressed.
  console.log('oracle compared', JSON.stringify(seen))
  expect(seen.queries).toBe(tables * queries)
  for (const kind of ['shown', 'nulls', 'suppressed'] as const)
    expect(seen[kind]).toBeGreaterThan(20)
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

function kindOf(cell: Cell): 'shown' | 'nulls' | 'suppressed' {
  return 'text' in cell ? 'shown' : 'null' in cell ? 'nulls' : 'suppressed'
}
