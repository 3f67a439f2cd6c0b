/**
 * Joins against PostgreSQL: random queries over random joins of two and three tables, by the ideal machine and
 * by parties on shares.
 */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import type { AnswerSpec } from '../../../protocol/sql/answer-spec.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import type { CompiledQuery } from '../../../protocol/sql/compile.ts'
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
import { KINDS, randomJoined, randomJoinedQuery, SHAPES, writtenNames } from './random-joined.ts'
import type { RandomJoined } from './random-joined.ts'
import type { RandomQuery } from './random-query.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 })

const NOBODY = new Uint32Array(0)

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
})

afterAll(async () => {
  await oracle.database.close()
})

describe('random joins give what PostgreSQL gives', () => {
  test('by the ideal machine', async () => {
    printSeed('join')
    const seen = new Map<string, number>()
    const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)
    let run = 0
    const property = fc.asyncProperty(fc.gen(), async (g) => {
      const made = await randomJoined(g, oracle.database, KINDS[run++ % KINDS.length]!)
      await oracle.database.exec(made.ddl)
      made.kinds.forEach(count)
      for (let i = 0; i < 4; i++) {
        const { query, compiled } = await answeredQuery(g, made)
        const { plan, answer } = compiled
        const lanes = idealExecute(plan, made.params, {}, NOBODY, made.joined)
        const expected = await expectedJoined(made, query, answer)
        const got = upToRounding(outcome(answer, lanes), expected, query)
        expect(got, `${query.sql}\n${made.ddl}`).toEqual(expected)
        if (typeof expected === 'string') count('errors')
        else
          for (const cell of expected.rows.flat()) count('suppressed' in cell ? 'hidden' : 'shown')
      }
    })
    await fc.assert(property, { numRuns: 40, seed, endOnFailure: true })
    console.log('joins compared', JSON.stringify(Object.fromEntries(seen)))
    for (const kind of [...KINDS, ...SHAPES]) expect(seen.get(kind), kind).toBeGreaterThan(0)
    expect(seen.get('shown')).toBeGreaterThan(50)
  })

  test.each([
    [3, 8],
    [5, 2],
  ] as const)('by %i parties', async (n, joins) => {
    let run = 0
    const property = fc.asyncProperty(fc.gen(), async (g) => {
      const made = await randomJoined(g, oracle.database, KINDS[run++ % KINDS.length]!, n)
      await oracle.database.exec(made.ddl)
      const { query, compiled } = await answeredQuery(g, made)
      const { plan, answer } = compiled
      const committee = await testCommittee(n, 1)
      const lanes = await executeAll(committee, plan, made.params, {}, NOBODY, {}, made.joined)
      const expected = await expectedJoined(made, query, answer)
      const got = upToRounding(outcome(answer, lanes), expected, query)
      expect(got, `${query.sql}\n${made.ddl}`).toEqual(expected)
    })
    await fc.assert(property, { numRuns: joins, seed, endOnFailure: true })
  })
})

/** A query, and its plan. Over many rows, numbers in HAVING may leave their type, for everybody to see: drawn again. */
async function answeredQuery(
  g: fc.GeneratorValue,
  made: RandomJoined,
): Promise<{ readonly query: RandomQuery; readonly compiled: CompiledQuery }> {
  const query = randomJoinedQuery(g, made)
  try {
    return { query, compiled: await compile(query.sql, made.schemas, made.params) }
  } catch (error) {
    const isTooLarge = error instanceof ShareholdError && error.code === 'SH_PLAN_OVERFLOW'
    if (!isTooLarge || query.having === undefined) throw error
    return answeredQuery(g, made)
  }
}

/** PostgreSQL's answer over the view, as a table of its own. */
async function expectedJoined(
  { view, schemas, params, from, written }: RandomJoined,
  query: RandomQuery,
  answer: AnswerSpec,
): Promise<ExpectedAnswer | string> {
  const join = { schemas, params, from, write: (text: string) => writtenNames(text, written) }
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
