/** What would keep every node planning is refused by counted steps, or planned in another way. */
import { describe, expect, test, vi } from 'vitest'

import { compile } from '../../../protocol/sql/compile.ts'
import type { CompiledQuery } from '../../../protocol/sql/compile.ts'
import { MAX_CELLS } from '../../../protocol/sql/planning-budget.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import type { Schema } from '../../../shares/schema.ts'

import { PARAMS, TRIPS } from './trips-schema.ts'

vi.setConfig({ testTimeout: 120_000 })

const SCHEMA: Schema = {
  ...TRIPS,
  columns: [
    ...TRIPS.columns,
    { name: 'ward', type: 'integer', nullable: false, min: 0, max: 4095 },
  ],
}

const listed = (count: number, one: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => one(index)).join(', ')

async function refusal(sql: string): Promise<ShareholdError> {
  const error = await compile(sql, SCHEMA, PARAMS).then(
    () => undefined,
    (cause: unknown) => cause,
  )
  if (error instanceof ShareholdError) return error
  throw new Error('nothing was refused')
}

const kindsOf = ({ plan }: CompiledQuery): ReadonlySet<string> =>
  new Set(plan.operators.map(({ kind }) => kind))

describe('refused', () => {
  test.each([
    [
      'SH_SQL_TOO_COMPLEX',
      /evaluated too often/u,
      `SELECT ${listed(100, (i) => `SUM(CASE WHEN fare % 7 = ${i} THEN tip ELSE 0 END)`)} FROM trips`,
    ],
    [
      'SH_SQL_TOO_COMPLEX',
      /too many gates/u,
      `SELECT ${listed(10, (i) => `AVG(ROUND(fare * 1.0${i} % 13, 1))`)} FROM trips`,
    ],
    [
      'SH_PLAN_GROUPS',
      new RegExp(`a plan may have ${MAX_CELLS}`, 'u'),
      `SELECT ward % 4000, ${listed(20, (i) => `COUNT(*) FILTER (WHERE tip > ${i})`)} FROM trips GROUP BY 1`,
    ],
    [
      'SH_PLAN_GROUPS',
      /more than a plan may hold/u,
      'SELECT COUNT(*) FROM trips GROUP BY CUBE (borough, passengers, shared, payment, "Mixed")',
    ],
  ])('%s %s', async (code, message, sql) => {
    const error = await refusal(sql)
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(error.position).toBeDefined()
    expect(error.hint).toBeDefined()
  })
})

test('each statement has its own budget', async () => {
  const sql = `SELECT ${listed(12, (i) => `COUNT(*) FILTER (WHERE fare % 7 = ${i})`)} FROM trips`
  const first = await compile(sql, SCHEMA, PARAMS)
  for (let times = 0; times < 3; times++) {
    expect((await compile(sql, SCHEMA, PARAMS)).planHash).toBe(first.planHash)
  }
})

test('groups whose planes do not fit a plan are found by sort', async () => {
  const counts = listed(20, (i) => `COUNT(*) FILTER (WHERE tip > ${i})`)
  const compiled = await compile(`SELECT ward, ${counts} FROM trips GROUP BY ward`, SCHEMA, PARAMS)
  expect(kindsOf(compiled)).toContain('sort')
})

test('steps stand for codes: 60 conditions on a column of 50,001 codes', async () => {
  const sums = listed(60, (i) => `SUM(CASE WHEN fare > ${i} THEN tip ELSE 0 END)`)
  const { answer } = await compile(`SELECT ${sums} FROM trips`, SCHEMA, PARAMS)
  expect(answer.columns).toHaveLength(60)
})
