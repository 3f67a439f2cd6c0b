/**
 * Lookups by key against PostgreSQL: random queries over random lookups, by the ideal machine and by parties on shares.
 */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import type { AnswerSpec } from '../../../protocol/sql/answer-spec.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import { printSeed, seed } from '../../seed.ts'
import { idealExecute } from '../ideal.ts'
import { testCommittee } from '../parties.ts'
import { executeAll } from '../run-plan.ts'

import { expectedAnswer, upToRounding } from './oracle-answer.ts'
import type { ExpectedAnswer } from './oracle-answer.ts'
import type { OracleTable } from './oracle-cohorts.ts'
import { startOracle } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'
import { randomJoinedQuery, writtenNames } from './random-joined.ts'
import { LOOKUPS, randomLookedUp } from './random-looked-up.ts'
import type { RandomLookedUp } from './random-looked-up.ts'
import type { RandomQuery } from './random-query.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 })

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
})

afterAll(async () => {
  await oracle.database.close()
})

describe('random lookups give what PostgreSQL gives', () => {
  test('by the ideal machine', async () => {
    printSeed('lookup')
    const seen = new Map<string, number>()
    const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)
    const property = fc.asyncProperty(fc.gen(), async (g) => {
      const made = await randomLookedUp(g)
      await oracle.database.exec(made.ddl)
      made.kinds.forEach(count)
      for (let i = 0; i < 3; i++) {
        const query = randomJoinedQuery(g, made)
        const { plan, answer } = await compile(query.sql, made.schemas, made.params)
        const { params, columns, memberOfRow, joined, beside } = made
        const lanes = idealExecute(plan, params, columns, memberOfRow, joined, beside)
        const expected = await expectedLookedUp(made, query, answer)
        const got = upToRounding(outcome(answer, lanes), expected, query)
        expect(got, `${query.sql}\n${made.ddl}`).toEqual(expected)
        if (typeof expected === 'string') count('errors')
        else
          for (const cell of expected.rows.flat()) count('suppressed' in cell ? 'hidden' : 'shown')
      }
    })
    await fc.assert(property, { numRuns: 60, seed, endOnFailure: true })
    console.log('lookups compared', JSON.stringify(Object.fromEntries(seen)))
    for (const kind of LOOKUPS) expect(seen.get(kind), kind).toBeGreaterThan(0)
    expect(seen.get('shown')).toBeGreaterThan(50)
  })

  test.each([
    [3, 8],
    [5, 2],
  ] as const)('by %i parties', async (n, lookups) => {
    const property = fc.asyncProperty(fc.gen(), async (g) => {
      const made = await randomLookedUp(g, n)
      await oracle.database.exec(made.ddl)
      const query = randomJoinedQuery(g, made)
      const { plan, answer } = await compile(query.sql, made.schemas, made.params)
      const committee = await testCommittee(n, 1)
      const { params, columns, memberOfRow, joined, beside } = made
      const tables = [columns, memberOfRow, {}, plan.join && joined, beside] as const
      const lanes = await executeAll(committee, plan, params, ...tables)
      const expected = await expectedLookedUp(made, query, answer)
      const got = upToRounding(outcome(answer, lanes), expected, query)
      expect(got, `${query.sql}\n${made.ddl}`).toEqual(expected)
    })
    await fc.assert(property, { numRuns: lookups, seed, endOnFailure: true })
  })
})

/** PostgreSQL's answer over the view, as a table of its own. */
async function expectedLookedUp(
  { view, schemas, params, from, written }: RandomLookedUp,
  query: RandomQuery,
  answer: AnswerSpec,
): Promise<ExpectedAnswer | string> {
  // Names in FROM are those of the tables.
  const write = (text: string): string =>
    writtenNames(text.replace(from, '« »'), written).replace('« »', from)
  const join = { schemas, params, from, write }
  const table: OracleTable = { schema: view, params, join }
  const expected = await expectedAnswer(oracle.database, table, query, answer)
  if (typeof expected === 'string') return expected
  // What the view calls otherwise.
  const nameOf = (name: string): string => written.get(name)?.at(-1)?.split('.').at(-1) ?? name
  return {
    ...expected,
    columns: expected.columns.map(({ name, type }) => ({ name: nameOf(name), type })),
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
