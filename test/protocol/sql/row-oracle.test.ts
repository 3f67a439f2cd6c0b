/**
 * Expressions over rows against PostgreSQL: as arguments of aggregates, in WHERE and FILTER, as group keys. What is
 * refused is counted: it must be little, and nothing that PostgreSQL fails on may be answered.
 */
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import type { AnswerSpec, Cell } from '../../../protocol/sql/answer-spec.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import { idealExecute } from '../ideal.ts'

import { startOracle } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'
import { RandomRow } from './random-row.ts'
import { createTable, plainColumns, quote, randomTable } from './random-table.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 })

const TABLES = 8
const QUERIES = 8
const REFUSALS: ReadonlySet<string> = new Set([
  'SH_PLAN_VALUE',
  'SH_PLAN_OVERFLOW',
  'SH_PLAN_GROUPS',
  'SH_SQL_UNSUPPORTED',
])

const seed = Number(process.env['SEED'] || Date.now() % 2 ** 31)

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
})

afterAll(async () => {
  await oracle.database.close()
})

interface RowQuery {
  readonly where: string | undefined
  readonly keys: readonly string[]
  readonly aggregates: readonly { readonly sql: string; readonly contributes: string }[]
}

function randomRowQuery(row: RandomRow, g: fc.GeneratorValue): RowQuery {
  const keyCount = g(fc.integer, { min: 0, max: 2 })
  const keys = Array.from({ length: keyCount }, () => {
    const kind = g(fc.integer, { min: 0, max: 3 })
    if (kind === 0) return row.number(1)
    return kind === 1 ? `(${row.condition(1)})` : row.text(1)
  })
  const aggregates = Array.from({ length: g(fc.integer, { min: 1, max: 3 }) }, () => {
    const filter = g(fc.integer, { min: 0, max: 3 }) === 0 ? row.condition(1) : undefined
    const name = g(fc.constantFrom, 'SUM', 'SUM', 'AVG', 'COUNT', 'VAR_POP')
    const kind = name === 'COUNT' ? g(fc.integer, { min: 0, max: 2 }) : 0
    const argument = kind === 0 ? row.number(2) : kind === 1 ? row.text(2) : row.condition(1)
    const over = filter === undefined ? '' : ` FILTER (WHERE ${filter})`
    return {
      sql: `${name}(${argument})${over}`,
      contributes: `(${argument}) IS NOT NULL${filter === undefined ? '' : ` AND (${filter})`}`,
    }
  })
  const where = g(fc.boolean) ? row.condition(2) : undefined
  // A number is a place in the SELECT list, also one with a sign.
  const computed = keys.filter((key) => /[a-z]{2}\d/u.test(key))
  return { where, keys: [...new Set(computed)], aggregates }
}

function textOf({ where, keys, aggregates }: RowQuery): string {
  const outputs = [...keys, ...aggregates.map(({ sql }) => sql)]
  return (
    `SELECT ${outputs.join(', ')} FROM trips` +
    (where === undefined ? '' : ` WHERE ${where}`) +
    (keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`)
  )
}

const CAST: Readonly<Record<string, string>> = { double: 'double precision' }

/** The groups that the compiler lists, each with what PostgreSQL says of its rows. */
async function expectedRows(
  query: RowQuery,
  { rows, keyTypes }: AnswerSpec,
  kMin: number,
): Promise<readonly (readonly Cell[])[]> {
  const { where, keys, aggregates } = query
  const columns = keys.map((_, i) => `k${i}`)
  const filtered =
    `SELECT *${keys.map((key, i) => `, ${key} AS k${i}`).join('')} FROM trips` +
    (where === undefined ? '' : ` WHERE ${where}`)
  const groups = rows.map(({ keys }, place) => {
    const values = keys.map((text, i) => {
      const type = CAST[keyTypes[i]!] ?? keyTypes[i]!
      return `${text === null ? 'NULL' : quote(text)}::${type}`
    })
    return `(${[...values, place].join(', ')})`
  })
  const match = ['TRUE', ...columns.map((name) => `f.${name} IS NOT DISTINCT FROM d.${name}`)]
  const domain = `(VALUES ${groups.join(', ')}) AS d(${[...columns, 'place'].join(', ')})`
  // A row of a value that is in no group would be lost.
  const lost = await oracle.database.query(
    `SELECT 1 FROM (${filtered}) AS f WHERE NOT EXISTS (SELECT 1 FROM ${domain} WHERE ${match.join(' AND ')})`,
  )
  expect(lost.rows).toEqual([])
  const cells = aggregates.flatMap(({ sql, contributes }, i) => [
    `(${sql})::text AS cell${i}`,
    `count(DISTINCT rider) FILTER (WHERE rider IS NOT NULL AND ${contributes}) >= ${kMin} AS enough${i}`,
  ])
  const { rows: found } = await oracle.database.query<(string | boolean | null)[]>(
    `SELECT ${cells.join(', ')} FROM ${domain} LEFT JOIN (${filtered}) AS f ON ${match.join(' AND ')}
     GROUP BY d.place ORDER BY d.place`,
    [],
    { rowMode: 'array' },
  )
  return found.map((row, place) => [
    ...rows[place]!.keys.map((text): Cell => (text === null ? { null: true } : { text })),
    ...aggregates.map((_, i): Cell => {
      if (row[2 * i + 1] !== true) return { suppressed: true }
      const text = row[2 * i]
      return typeof text === 'string' ? { text } : { null: true }
    }),
  ])
}

/** Numbers without the zeros at their end: PostgreSQL's scale is that of the rows, ours that of all that could be. */
function plain(cells: readonly Cell[]): readonly Cell[] {
  return cells.map((cell) =>
    'text' in cell && /^-?\d+\.\d+$/u.test(cell.text)
      ? { text: cell.text.replace(/\.?0+$/u, '') }
      : cell,
  )
}

test('random expressions over rows give what PostgreSQL gives', async () => {
  console.log(`row oracle seed: SEED=${seed}`)
  const seen = { answered: 0, refused: 0, shown: 0, computedKeys: 0 }
  const codes = new Map<string, number>()
  const property = fc.asyncProperty(fc.gen(), async (g) => {
    const table = randomTable(g)
    await oracle.database.exec(`DROP TABLE IF EXISTS trips; ${createTable(table)}`)
    const columns = plainColumns(table)
    const row = new RandomRow(g, table.schema)
    for (let i = 0; i < QUERIES; i++) {
      const query = randomRowQuery(row, g)
      const sql = textOf(query)
      const message = `${sql}\n${createTable(table)}`
      let compiled
      try {
        compiled = await compile(sql, table.schema, table.params)
      } catch (error) {
        if (!(error instanceof ShareholdError) || !REFUSALS.has(error.code)) {
          throw new Error(message, { cause: error })
        }
        expect(error.hint, message).toBeDefined()
        expect(error.position, message).toBeDefined()
        codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
        seen.refused++
        continue
      }
      const lanes = idealExecute(compiled.plan, table.params, columns, table.memberOfRow)
      const { rows } = evaluateAnswer(compiled.answer, lanes)
      const expected = await expectedRows(query, compiled.answer, table.schema.kMin)
      expect(rows.map(plain), message).toEqual(expected.map(plain))
      seen.answered++
      seen.shown += rows.flat().filter((cell) => 'text' in cell).length
      if (query.keys.length > 0) seen.computedKeys++
    }
  })
  await fc.assert(property, { numRuns: TABLES, seed, endOnFailure: true })
  console.log(seen, codes)
  expect(seen.answered).toBeGreaterThan((TABLES * QUERIES) / 3)
  expect(seen.shown).toBeGreaterThan(30)
  expect(seen.computedKeys).toBeGreaterThan(8)
})
