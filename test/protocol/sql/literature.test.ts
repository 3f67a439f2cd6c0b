/**
 * The examples of docs/examples.md on made-up data, by the ideal machine and by three parties on shares: what
 * PostgreSQL gives.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import {
  COHORT,
  DIAGNOSES,
  EXAMPLES,
  LINEITEM,
  MEDICATIONS,
} from '../../../docs/examples/literature.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { idealExecute } from '../ideal.ts'
import { testCommittee } from '../parties.ts'
import { executeAll } from '../run-plan.ts'

import { joinedCase } from './joined-tables.ts'
import { TYPE_NAMES } from './oracle-answer.ts'
import { startOracle } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'
import { createTable, plusSeconds } from './random-table.ts'
import type { RandomTable } from './random-table.ts'
import { recordsOf } from './records.ts'
import type { Draw } from './records.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 })

const PATIENTS = 400

/** The same in every run. */
let state = 7
const draw: Draw = (below) => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
/** Most patients have few records, some many. */
const rowsEach = (most: number): number[] =>
  Array.from({ length: PATIENTS }, () => (draw(5) === 0 ? draw(most + 1) : draw(4)))

const codes = DIAGNOSES.columns[0]!
const dictionary = codes.type === 'text' ? codes.dictionary : []
/** Some codes are common. */
const skewed = (): string => dictionary[Math.min(draw(16), draw(16))]!

/** Some rows of C. difficile, and others, again after days. */
function withRecurrences(table: RandomTable): RandomTable {
  const rows = table.rows.map((row) => [...row])
  table.memberOfRow.forEach((member, row) => {
    const before = rows[row - 1]
    if (table.memberOfRow[row - 1] !== member || draw(2) === 0) return
    const days = [3, 14, 15, 56, 57, 200][draw(6)]!
    before![0] = dictionary[draw(3) === 0 ? 1 : 0]!
    const later = plusSeconds(before![1]!, days * 86_400).slice(0, 10)
    rows[row] = [dictionary[0]!, later < '2020' ? later : '2019-12-31']
  })
  return { ...table, rows }
}

const TABLES: readonly RandomTable[] = [
  withRecurrences(
    recordsOf(DIAGNOSES, rowsEach(9), draw, (column) => (column === 'icd9' ? skewed() : undefined)),
  ),
  recordsOf(MEDICATIONS, rowsEach(6), draw),
  recordsOf(
    COHORT,
    Array.from({ length: PATIENTS }, () => (draw(3) === 0 ? 0 : 1)),
    draw,
  ),
  recordsOf(
    LINEITEM,
    Array.from({ length: 300 }, () => 1 + draw(7)),
    draw,
  ),
]

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
  for (const table of TABLES) await oracle.database.exec(createTable(table))
})

afterAll(async () => {
  await oracle.database.close()
})

/** Cells as PostgreSQL's texts. */
async function postgres(sql: string): Promise<(string | null)[][]> {
  const parsers = Object.fromEntries(
    Object.keys(TYPE_NAMES).map((type) => [type, (text: string) => text]),
  )
  const { rows } = await oracle.database.query<(string | null)[]>(sql, [], {
    rowMode: 'array',
    parsers,
  })
  return rows
}

describe.each(EXAMPLES)('$name', ({ name, sql }) => {
  test('is what PostgreSQL says', async () => {
    const { schemas, params, joined } = await joinedCase(sql, TABLES)
    const { plan, answer } = await compile(sql, schemas, params)
    const [memberOfRow] = joined.memberOfRow
    const stored = joined.columns[params.dataset.name]!
    const expected = await postgres(sql)
    expect(expected.length, name).toBeGreaterThan(0)

    const textsOf = (lanes: readonly bigint[]): (string | null | undefined)[][] =>
      evaluateAnswer(answer, lanes).rows.map((row) =>
        row.map((cell) => ('text' in cell ? cell.text : 'null' in cell ? null : undefined)),
      )
    expect(textsOf(idealExecute(plan, params, stored, memberOfRow!, joined))).toEqual(expected)
    const committee = await testCommittee(3, 1)
    const isJoin = plan.join !== undefined
    const lanes = await executeAll(
      committee,
      plan,
      params,
      stored,
      memberOfRow!,
      {},
      isJoin ? joined : undefined,
    )
    expect(textsOf(lanes)).toEqual(expected)
  })
})

test('TPC-H Q1 fits the field up to the rows that the page states', async () => {
  const { sql } = EXAMPLES.find(({ name }) => name === 'TPC-H Q1')!
  const planned = (rows: number): Promise<unknown> => {
    const chunks = Array.from({ length: Math.floor(rows / 65_536) }, () => 65_536)
    const { params } = TABLES.find(({ schema }) => schema === LINEITEM)!
    const dataset = {
      ...params.dataset,
      chunks: [...chunks, rows % 65_536],
      rowsPerMember: [[1, rows] as const],
    }
    return compile(sql, LINEITEM, { ...params, dataset, chunksInFlight: 16 })
  }
  await expect(planned(10_000_000)).resolves.toBeDefined()
  // 10,494,950 * 100 * 108 units of a millionth, in more rows than 2^60 has room for.
  await expect(planned(10_200_000)).rejects.toMatchObject({ code: 'SH_PLAN_OVERFLOW' })
})
