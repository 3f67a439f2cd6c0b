/**
 * Groups by sort: the same answers as PostgreSQL, whatever the planner would choose; and what many groups cost.
 */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { schedule } from '../../../protocol/cost.ts'
import type { PlanParams } from '../../../protocol/plan.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { explainText } from '../../../protocol/sql/explain-text.ts'
import { explainQuery } from '../../../protocol/sql/explain.ts'
import { loadParser } from '../../../protocol/sql/parse.ts'
import { planQuery } from '../../../protocol/sql/plan.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import type { Schema } from '../../../shares/schema.ts'
import { printSeed, seed } from '../../seed.ts'
import { idealExecute } from '../ideal.ts'
import { testCommittee } from '../parties.ts'
import { executeAll } from '../run-plan.ts'

import { expectedAnswer, upToRounding } from './oracle-answer.ts'
import type { ExpectedAnswer } from './oracle-answer.ts'
import { startOracle } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'
import { createTable, plainColumns, randomTable } from './random-table.ts'
import { sortableQuery } from './sortable-query.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 })

/** On a table. */
const QUERIES = 4

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
  await loadParser()
})

afterAll(async () => {
  await oracle.database.close()
})

test('random queries give what PostgreSQL gives', async () => {
  printSeed('sorted groups')
  const property = fc.asyncProperty(fc.gen(), async (g) => {
    const table = randomTable(g)
    const { schema, params, memberOfRow } = table
    await oracle.database.exec(`DROP TABLE IF EXISTS trips; ${createTable(table)}`)
    for (let i = 0; i < QUERIES; i++) {
      const { query, bound } = sortableQuery(g, schema, params)
      const planned = planQuery(bound, params, ['sort'])
      const lanes = idealExecute(planned.plan, params, plainColumns(table), memberOfRow)
      expect(lanes.length).toBe(planned.answer.lanes)
      const expected = await expectedAnswer(oracle.database, table, query, planned.answer)
      const message = `${query.sql}\n${createTable(table)}`
      const answer = upToRounding(outcome(planned.answer, lanes), expected, query)
      expect(answer, message).toEqual(expected)
    }
  })
  await fc.assert(property, { numRuns: 30, seed, endOnFailure: true })
})

test.each([
  [3, 8],
  [5, 2],
] as const)('on shares: %i parties, %i tables', async (n, tables) => {
  printSeed('sorted groups on shares')
  const property = fc.asyncProperty(fc.gen(), async (g) => {
    const table = randomTable(g, n)
    const { schema, params, memberOfRow } = table
    await oracle.database.exec(`DROP TABLE IF EXISTS trips; ${createTable(table)}`)
    const { query, bound } = sortableQuery(g, schema, params)
    const { plan, answer } = planQuery(bound, params, ['sort'])
    const committee = await testCommittee(n, 1)
    const lanes = await executeAll(committee, plan, params, plainColumns(table), memberOfRow)
    const expected = await expectedAnswer(oracle.database, table, query, answer)
    const given = upToRounding(outcome(answer, lanes), expected, query)
    expect(given, query.sql).toEqual(expected)
  })
  await fc.assert(property, { numRuns: tables, seed, endOnFailure: true })
})

describe('many groups', () => {
  const schema: Schema = {
    dataset: 'stays',
    member: 'patient',
    // Without second groups, which cost both ways something.
    kMin: 1,
    purposes: ['test'],
    columns: [
      { name: 'ward', type: 'integer', min: 0, max: 4095, nullable: false },
      { name: 'week', type: 'integer', min: 0, max: 15, nullable: false },
      { name: 'days', type: 'integer', min: -100, max: 100, nullable: true },
    ],
  }
  const params = (rows: number, network: PlanParams['network'] = 'lan'): PlanParams => ({
    committee: { n: 3, t: 1 },
    security: 'passive',
    dataset: {
      name: 'stays',
      version: 1,
      chunks: Array.from({ length: Math.ceil(rows / 50_000) }, () => Math.min(rows, 50_000)),
      rowsPerMember: [[2, rows / 2]],
    },
    chunksInFlight: 16,
    network,
  })
  const SQL = 'SELECT ward, week, COUNT(*), SUM(days) FROM stays GROUP BY ward, week'

  test('65,536 of them are planned in no more operators than few, and say so', async () => {
    const compiled = await compile(SQL, schema, params(100_000))
    expect(compiled.answer.rows).toHaveLength(65_536)
    expect(compiled.answer.rows[16 * 5 + 3]!.keys).toEqual(['5', '3'])
    expect(compiled.plan.operators.length).toBeLessThan(60)
    expect(compiled.answer.lanes).toBe(4 * 65_536)
    expect(explainText(explainQuery(compiled, params(100_000)))).toContain(`${2 * 65_536} bits`)
  })

  test('with kMin above 1 the cheaper way is taken too, and a second group hidden', async () => {
    const strict = { ...schema, kMin: 2 }
    const kindsOf = async (sql: string, rows: number): Promise<Set<string>> =>
      new Set((await compile(sql, strict, params(rows))).plan.operators.map(({ kind }) => kind))
    const byWard = 'SELECT ward, COUNT(*), SUM(days) FROM stays GROUP BY ward'
    expect(await kindsOf(byWard.replaceAll('ward', 'week'), 100_000)).not.toContain('sort')
    expect(await kindsOf(byWard, 100_000)).toContain('sort')
    expect(await kindsOf(SQL, 1000)).toContain('equals-zero')
    expect(await kindsOf(byWard, 100_000)).toContain('equals-zero')
  })

  test('HAVING is computed for all of them, but not where it rules groups out by their keys', async () => {
    const { plan, answer } = await compile(`${SQL} HAVING SUM(days) > 3`, schema, params(1000))
    expect(plan.operators.map(({ kind }) => kind)).toContain('sort')
    expect(answer.rows).toHaveLength(65_536)
    await expect(
      compile(`${SQL} HAVING SUM(days) > 3 AND week < 4`, schema, params(1000)),
    ).rejects.toMatchObject({ code: 'SH_PLAN_GROUPS', hint: expect.stringMatching(/WHERE/u) })
  })

  test('one more is refused', async () => {
    const wider = {
      ...schema,
      columns: [
        { ...schema.columns[0]!, max: 4096 } as (typeof schema.columns)[0],
        ...schema.columns.slice(1),
      ],
    }
    await expect(compile(SQL, wider, params(1000))).rejects.toMatchObject({
      code: 'SH_PLAN_GROUPS',
    })
  })

  test('bytes grow with the bits of the keys, not with the groups', async () => {
    const { plan } = await compile(SQL, schema, params(100_000))
    const few = await compile(SQL.replaceAll('ward, week', 'ward'), schema, params(100_000))
    const bytes = (one: typeof plan): number =>
      schedule(one, params(100_000))
        .rounds.flat()
        .reduce((sum, round) => sum + round.bytes, 0)
    // Sixteen times the groups, four bits more.
    expect(bytes(plan)).toBeLessThan(3 * bytes(few.plan))
  })

  test('the planner takes the cheaper way, and EXPLAIN tells the other', async () => {
    const explained = async (sql: string, rows: number): Promise<string> =>
      explainText(explainQuery(await compile(sql, schema, params(rows)), params(rows)))
    const counts = await explained('SELECT ward, COUNT(*) FROM stays GROUP BY ward', 2000)
    expect(counts).toMatch(/groups: a plane for each .*\n +rather than rows sorted by group/u)
    const sums = await explained(
      'SELECT week, ward, COUNT(*) FROM stays WHERE ward < 256 GROUP BY week, ward',
      100_000,
    )
    expect(sums).not.toContain('groups: ')
    const both = await explained(
      'SELECT ward, COUNT(*), SUM(days) FROM stays GROUP BY ward',
      16_000,
    )
    expect(both).toMatch(/groups: rows sorted by group .*\n +rather than a plane for each/u)
  })
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
