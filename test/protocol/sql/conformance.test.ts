/**
 * Every row of the tables in docs/sql.md (docs/conformance/): what is said to be answered compiles, and gives
 * PostgreSQL's rows on a table of the example's schema; what is said to be refused is, with that code, a place and a hint.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import type { ConformanceRow } from '../../../docs/conformance/row.ts'
import { CONFORMANCE } from '../../../docs/conformance/tables.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { datasetsOf } from '../../../protocol/sql/dataset.ts'
import { validatePlan } from '../../../protocol/validate-plan.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import { idealExecute } from '../ideal.ts'

import { AREAS, CARS, FEES, HOMES, joinedCase, REVIEWS, RIDERS, shifted } from './joined-tables.ts'
import { TYPE_NAMES } from './oracle-answer.ts'
import { startOracle } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'
import { createTable } from './random-table.ts'
import { PARAMS, TRIPS } from './trips-schema.ts'
import { tripsTable } from './trips-table.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 })

// Members are many for the groups of the examples, so little is suppressed, and most rows can be compared.
const TABLE = tripsTable({ ...TRIPS, kMin: 2 }, 600, 120)
/** Some members of the trips are in them, and others. */
const OTHERS = [
  shifted(tripsTable(RIDERS, 100, 100), 30),
  shifted(tripsTable(HOMES, 80, 80), 10),
  tripsTable(REVIEWS, 150, 60),
  AREAS,
  CARS,
  FEES,
]

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
  for (const table of [TABLE, ...OTHERS]) await oracle.database.exec(createTable(table))
})

afterAll(async () => {
  await oracle.database.close()
})

describe.each(CONFORMANCE.map(({ name, rows }) => ({ name, rows })))('$name', ({ rows }) => {
  const answered = rows.filter(({ status }) => status === 'yes')
  const refused = rows.filter(({ status }) => status !== 'yes')

  test.each([...answered])('$construct: $example', async (row) => {
    if (!isJoin(row.example, await datasetsOf(row.example))) {
      const { plan } = await compile(row.example, TRIPS, PARAMS)
      validatePlan(plan, PARAMS)
    }
    if (row.postgres !== null) await expectPostgresRows(row)
  })

  test.each([...refused])('$construct: $example is $status', async ({ example, status }) => {
    const error = await refusable(example).then(
      () => new Error('It is answered.'),
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(ShareholdError)
    const { code, position, hint, message } = error as ShareholdError
    expect(code, message).toBe(status)
    expect(position, message).toBeDefined()
    if (code !== 'SH_SQL_SYNTAX') expect(hint, message).toBeDefined()
  })
})

/** Whether there are tables for it, instead of sizes alone. */
function isJoin(example: string, named: readonly string[]): boolean {
  return named.length > 1 || / JOIN /u.test(example)
}

/** Compiles for many rows, or for the tables of the join. */
async function refusable(example: string): Promise<unknown> {
  const named = await datasetsOf(example).catch(() => [])
  if (!isJoin(example, named)) return compile(example, TRIPS, PARAMS)
  const { schemas, params } = await joinedCase(example, [TABLE, ...OTHERS])
  return compile(example, schemas, params)
}

/** Rows with a suppressed cell are left out; all others are PostgreSQL's, and all of PostgreSQL's if nothing is suppressed. */
async function expectPostgresRows({ example, postgres }: ConformanceRow): Promise<void> {
  const { schemas, params, joined, beside } = await joinedCase(example, [TABLE, ...OTHERS])
  const { plan, answer } = await compile(example, schemas, params)
  const [memberOfRow] = joined.memberOfRow
  const stored = joined.columns[params.dataset.name]!
  const lanes = idealExecute(plan, params, stored, memberOfRow!, joined, beside)
  const { columns, rows } = evaluateAnswer(answer, lanes)
  const shown = rows.flatMap((cells) => {
    const texts = cells.map((cell) =>
      'suppressed' in cell ? undefined : 'null' in cell ? null : cell.text,
    )
    return texts.includes(undefined) ? [] : [JSON.stringify(texts)]
  })
  // As text, the way a terminal shows it: a boolean is t or f.
  const { fields, rows: expected } = await oracle.database.query<unknown[]>(
    postgres ?? example,
    [],
    {
      rowMode: 'array',
      parsers: Object.fromEntries(
        Object.keys(TYPE_NAMES).map((type) => [type, (text: string) => text]),
      ),
    },
  )
  expect(columns.map(({ name, type }) => ({ name, type }))).toEqual(
    fields.map(({ name, dataTypeID }) => ({ name, type: TYPE_NAMES[dataTypeID] })),
  )
  const all = expected.map((row) => JSON.stringify(row))
  if (shown.length === rows.length) expect(shown.toSorted()).toEqual(all.toSorted())
  else expect(all).toEqual(expect.arrayContaining(shown))
  expect(shown.length, 'an example that shows nothing').toBeGreaterThan(0)
}
