/** Whatever the text, the compiler gives a plan or a ShareholdError of its own table, never another error. */
import * as fc from 'fast-check'
import { parseSync } from 'libpg-query'
import { expect, test, vi } from 'vitest'

import { compile } from '../../../protocol/sql/compile.ts'
import { MAX_NESTING_TOKENS, MAX_SQL_LENGTH } from '../../../protocol/sql/parse.ts'
import { printSeed, seed } from '../../seed.ts'

import { outcomeOf } from './fuzz-property.ts'
import { mutatedStatement } from './mutated-statement.ts'
import { ODDITIES, QUERIES } from './statement-corpus.ts'
import { PARAMS, TRIPS } from './trips-schema.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

const RUNS = 2000

test('mutated statements compile or are refused with a place in the text', async () => {
  printSeed('fuzz')
  const codes = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(mutatedStatement, async (sql) => {
      const outcome = await outcomeOf(sql)
      codes.set(outcome, (codes.get(outcome) ?? 0) + 1)
    }),
    { numRuns: RUNS, seed },
  )
  // Mutations reach every stage: the parser, names, types, and a plan.
  for (const code of ['ok', 'SH_SQL_SYNTAX', 'SH_SQL_UNSUPPORTED', 'SH_SQL_UNKNOWN_COLUMN']) {
    expect([...codes.keys()]).toContain(code)
  }
})

test('every statement of the corpus itself', async () => {
  for (const sql of [...QUERIES, ...ODDITIES]) {
    await outcomeOf(sql).catch((cause: unknown) => {
      throw new Error(sql, { cause })
    })
  }
})

test('arbitrary text is refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async (text) => {
      expect(await outcomeOf(`SELECT ${text}`)).not.toBe('ok')
    }),
    { numRuns: 300, seed },
  )
})

// Constructs that the parser, or the printer of its tree, recurses on.
const DEEP: readonly (readonly [before: string, open: string, middle: string, close: string])[] = [
  ['SELECT ', '(', '1', ')'],
  ['SELECT ', '(SELECT ', '1', ')'],
  ['SELECT 1 FROM ', '(SELECT 1 FROM ', 'a', ')'],
  ['SELECT 1 FROM ', '(', 'a NATURAL JOIN a', ')'],
  ['SELECT 1 FROM a', '', '', ' NATURAL JOIN a'],
  ['SELECT 1 FROM a', '', '', ' CROSS JOIN a'],
  ['SELECT ', 'CASE WHEN ', '1', ' THEN 1 END'],
  ['SELECT ', 'ARRAY[', '1', ']'],
  ['SELECT ', 'f(', '1', ')'],
  ['SELECT ', 'NOT ', '1', ''],
  ['SELECT ', '- ', '1', ''],
  ['SELECT ', '1+', '1', ''],
  ['SELECT x', '', '', ' COLLATE c'],
  ['SELECT x', '', '', ' AT LOCAL'],
  ['SELECT x', '', '', ' NOTNULL'],
  ['SELECT x', '', '', ' IS TRUE'],
  ['SELECT x', '', '', '::a'],
  ['SELECT x', '', '', '[1]'],
  ['SELECT x', '', '', '.a'],
  ['SELECT 1', '', '', ',1'],
  ['SELECT 1', '', '', ' UNION SELECT 1'],
  ['', 'WITH a AS (', 'SELECT 1', ') SELECT 1'],
  // What the scanner cannot print or does not get to the end of hides nothing.
  ["SELECT '\u0001', ", '(', '1', ')'],
  ['SELECT "\u000b" + /*\u001f*/ ', '(SELECT ', '1', ')'],
  ['SELECT ', '(', "'", ''],
  ['SELECT ', 'NOT ', '/*', ''],
]

test.each(DEEP)('%s%s%s%s, repeated, leaves the parser as it was', async (...parts) => {
  const [before, open, middle, close] = parts
  const deep = (levels: number): string =>
    before + open.repeat(levels) + middle + close.repeat(levels)
  const level = open.length + close.length
  const longest = Math.floor((MAX_SQL_LENGTH - before.length - middle.length) / level)
  // A parser whose stack has overflowed is broken for good: whatever comes so far must never let it.
  for (let levels = longest; levels > 0; levels = Math.floor(levels * 0.8)) {
    const outcome = await outcomeOf(deep(levels))
    if (outcome === 'SH_SQL_TOO_COMPLEX') continue
    // Twice as deep as what is let through is no harm either: that is the margin for a smaller stack.
    const twice = deep(2 * levels)
    expect(() => parseSync(twice)).not.toThrow(RangeError)
    break
  }
  expect((await compile('SELECT COUNT(*) FROM trips', TRIPS, PARAMS)).plan).toBeDefined()
})

test('the longest and the most branched statements are refused or planned in time', async () => {
  const items = Math.floor(MAX_SQL_LENGTH / 2) - 100
  const texts = [
    `SELECT COUNT(*) FROM trips WHERE fare IN (${'1,'.repeat(items)}1)`,
    `SELECT COUNT(*)${',1'.repeat(items)} FROM trips`,
    `SELECT COUNT(*) FROM trips WHERE zone IN (${Array.from({ length: 2500 }, (_, i) => `'zone ${2 * i}'`).join(',')})`,
    `SELECT ${Array.from({ length: 1500 }, (_, i) => `SUM(fare) AS a${i}`).join(',')} FROM trips`,
    `SELECT COUNT(*) FROM trips WHERE ${Array.from({ length: MAX_NESTING_TOKENS / 2 - 10 }, (_, i) => `fare>${i}`).join(' AND ')}`,
    `SELECT ${Array.from({ length: 60 }, (_, i) => `COUNT(*) FILTER (WHERE fare > ${i} AND tip < ${i})`).join(',')} FROM trips GROUP BY passengers`,
    `SELECT SUM(${'fare*'.repeat(200)}fare) FROM trips`,
    `SELECT COUNT(*) FROM trips WHERE ${'fare+'.repeat(900)}fare > 3`,
    `SELECT COUNT(*) FROM trips WHERE ${'COALESCE('.repeat(300)}fare${', tip)'.repeat(300)} > 1`,
    `SELECT COUNT(*) FROM trips WHERE ${'GREATEST('.repeat(300)}fare${', tip)'.repeat(300)} > 1`,
    `SELECT COUNT(*) FROM trips WHERE ${'COALESCE('.repeat(12)}fare${', tip)'.repeat(12)} > 1`,
    `SELECT COUNT(*) FROM trips WHERE ${'GREATEST('.repeat(7)}fare${', tip)'.repeat(7)} > 1`,
    `SELECT COUNT(*) FROM trips WHERE ${'ABS('.repeat(40)}fare - tip${')'.repeat(40)} > 1`,
    `SELECT COUNT(*) FROM trips WHERE zone LIKE '${'%a'.repeat(10_000)}'`,
    `SELECT ${'x'.repeat(29_000)} FROM trips`,
    `SELECT ${'9'.repeat(29_000)}, COUNT(*) FROM trips`,
    `SELECT COUNT(*) * 1e${'9'.repeat(20)} FROM trips`,
    `SELECT COUNT(*) FROM trips LIMIT 1e1000`,
    `SELECT ${'9'.repeat(9_000)} * ${'9'.repeat(9_000)}, COUNT(*) FROM trips`,
    `SELECT 1 / 3.${'0'.repeat(16_000)}, COUNT(*) FROM trips`,
    `SELECT sqrt(2.${'0'.repeat(16_000)}), COUNT(*) FROM trips`,
  ]
  for (const sql of texts) {
    await outcomeOf(sql).catch((cause: unknown) => {
      throw new Error(sql.slice(0, 200), { cause })
    })
  }
})
