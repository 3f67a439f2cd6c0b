/**
 * What must hold of any text: compile gives a plan that every node accepts, or a ShareholdError of the compiler's own
 * table with a place in the text; never another exception, and never so long that a stranger's text stops a node.
 */
import { expect } from 'vitest'

import { canonicalJson, parseCanonicalJson } from '../../../protocol/canonical-json.ts'
import { schedule } from '../../../protocol/cost.ts'
import { arrangeDatasets } from '../../../protocol/sql/arrange.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { datasetsOf } from '../../../protocol/sql/dataset.ts'
import { SQL_ERRORS } from '../../../protocol/sql/errors.ts'
import { formatSqlError } from '../../../protocol/sql/parse.ts'
import { validatePlan } from '../../../protocol/validate-plan.ts'
import { ShareholdError } from '../../../shares/errors.ts'

import { PARAMS, TRIPS } from './trips-schema.ts'

/**
 * CPU seconds of this process, not of the clock, and many times what any statement takes: a busy machine is no defect,
 * a statement that multiplies is.
 */
const MOST_SECONDS = 15

/** 'ok' or the code of the refusal; throws if the text is handled otherwise. */
export async function outcomeOf(sql: string): Promise<string> {
  const before = process.cpuUsage()
  const outcome = await compileOrRefuse(sql)
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1e6, `too slow: ${outcome}`).toBeLessThan(MOST_SECONDS)
  return outcome
}

async function compileOrRefuse(sql: string): Promise<string> {
  try {
    const arranged = await arrangeDatasets(sql, [TRIPS], [PARAMS.dataset])
    const params = { ...PARAMS, ...arranged }
    const { plan } = await compile(sql, TRIPS, params)
    // What compiles is a plan that every node accepts, plain data, with a cost.
    validatePlan(plan, params)
    expect(parseCanonicalJson(canonicalJson(plan))).toEqual(plan)
    schedule(plan, params)
    return 'ok'
  } catch (error) {
    if (!(error instanceof ShareholdError)) throw error
    await expectSoundRefusal(sql, error)
    return error.code
  }
}

async function expectSoundRefusal(sql: string, error: ShareholdError): Promise<void> {
  const { code, position, message } = error
  expect(code, String(error.cause)).not.toBe('SH_SQL_INTERNAL')
  expect(SQL_ERRORS).toHaveProperty(code)
  expect(message).toMatch(/\.$/u)
  // Only what is too long or too deep has no place.
  if (code !== 'SH_SQL_TOO_COMPLEX') expect(position, message).toBeDefined()
  if (position !== undefined) {
    const lines = sql.split(/\r\n|\n|\r/u)
    expect(position.line).toBeGreaterThanOrEqual(1)
    expect(position.line).toBeLessThanOrEqual(lines.length)
    const width = Array.from(lines[position.line - 1]!).length
    expect(position.column).toBeGreaterThanOrEqual(1)
    // The end of the line is a place too.
    expect(position.column).toBeLessThanOrEqual(width + 1)
    expect(position.column - 1 + (position.length ?? 1)).toBeLessThanOrEqual(width + 1)
  }
  expect(formatSqlError(sql, error)).toContain(code)
  await datasetsOf(sql).catch((reason: unknown) => {
    if (!(reason instanceof ShareholdError)) throw reason
  })
}
