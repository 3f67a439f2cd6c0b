/** EXPLAIN as a statement: its options are PostgreSQL's, and places in the SELECT stay what they are. */
import { describe, expect, test } from 'vitest'

import { compile } from '../../../protocol/sql/compile.ts'
import { explainStatement } from '../../../protocol/sql/explain-statement.ts'
import { ShareholdError } from '../../../shares/errors.ts'

import { PARAMS, TRIPS } from './trips-schema.ts'

const SELECT = 'SELECT COUNT(*) FROM trips'

const PLAIN = { analyze: false, timing: false, format: undefined }

const READ: readonly (readonly [string, object])[] = [
  ['EXPLAIN', PLAIN],
  ['explain ANALYZE', { ...PLAIN, analyze: true, timing: true }],
  ['EXPLAIN Analyse', { ...PLAIN, analyze: true, timing: true }],
  ['EXPLAIN (ANALYZE)', { ...PLAIN, analyze: true, timing: true }],
  ['EXPLAIN (ANALYZE off)', PLAIN],
  ['EXPLAIN (ANALYZE 1, TIMING FALSE)', { ...PLAIN, analyze: true }],
  ['EXPLAIN (TIMING off)', PLAIN],
  ['EXPLAIN (FORMAT JSON)', { ...PLAIN, format: 'json' }],
  ["EXPLAIN (FORMAT 'text', FORMAT json)", { ...PLAIN, format: 'json' }],
  [
    '/* why? */ EXPLAIN -- (so)\n ("analyze" ON, FORMAT Text)',
    { analyze: true, timing: true, format: 'text' },
  ],
]

describe('what stands before the SELECT', () => {
  test.each(READ)('%s', async (before, read) => {
    for (const behind of [SELECT, `(${SELECT})`, `${SELECT};`]) {
      const sql = `${before} ${behind}`
      const { select, ...options } = (await explainStatement(sql))!
      expect(options).toEqual(read)
      expect(select.trimStart()).toBe(behind)
      expect(select).toHaveLength(sql.length)
      const { planHash } = await compile(select, TRIPS, PARAMS)
      expect(planHash).toBe((await compile(SELECT, TRIPS, PARAMS)).planHash)
    }
  })

  test.each([SELECT, `SELECT COUNT(*) AS explain FROM trips`, ''])('nothing: %j', async (sql) => {
    expect(await explainStatement(sql)).toBeUndefined()
  })
})

const REFUSED: readonly (readonly [code: string, marked: string])[] = [
  ['SH_SQL_UNSUPPORTED', `EXPLAIN «VERBOSE» ${SELECT}`],
  ['SH_SQL_UNSUPPORTED', `EXPLAIN (ANALYZE, «buffers») ${SELECT}`],
  ['SH_SQL_SYNTAX', `EXPLAIN («colour») ${SELECT}`],
  ['SH_SQL_SYNTAX', `EXPLAIN («ANALYZE» maybe) ${SELECT}`],
  ['SH_SQL_SYNTAX', `EXPLAIN («ANALYZE» 2) ${SELECT}`],
  ['SH_SQL_SYNTAX', `EXPLAIN («TIMING») ${SELECT}`],
  ['SH_SQL_UNSUPPORTED', `EXPLAIN («FORMAT» YAML) ${SELECT}`],
  ['SH_SQL_SYNTAX', `EXPLAIN («FORMAT») ${SELECT}`],
  ['SH_SQL_SYNTAX', `EXPLAIN ANALYZE «»`],
]

test.each(REFUSED)('%s: %s', async (code, marked) => {
  const before = marked.split('«')[0]!
  const error: unknown = await explainStatement(marked.replaceAll(/[«»]/gu, '')).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ShareholdError)
  const { code: found, position } = error as ShareholdError
  expect(found).toBe(code)
  expect(position).toMatchObject({ line: 1, column: before.length + 1 })
})

test('a fault in the SELECT is where it stands in the whole statement', async () => {
  const sql = 'EXPLAIN /* né */ (FORMAT JSON)\n  SELECT AVG(fair) FROM trips'
  const { select } = (await explainStatement(sql))!
  await expect(compile(select, TRIPS, PARAMS)).rejects.toMatchObject({
    code: 'SH_SQL_UNKNOWN_COLUMN',
    position: { line: 2, column: 14, length: 4 },
  })
})

test('only a SELECT can be explained', async () => {
  const { select } = (await explainStatement('EXPLAIN DELETE FROM trips'))!
  await expect(compile(select, TRIPS, PARAMS)).rejects.toMatchObject({
    code: 'SH_SQL_UNSUPPORTED',
    position: { line: 1, column: 9, length: 6 },
  })
})
