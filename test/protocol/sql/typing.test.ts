/**
 * Which comparisons exist, and how literals are read: every kind of column against every kind of constant,
 * as PostgreSQL decides it. Where PostgreSQL fails, the query must be refused; where it answers, the answer
 * must be the same, or the query is refused as unsupported (literals that are not in ISO form, NaN, floats).
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { likeMatcher } from '../../../protocol/sql/like.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import type { Schema } from '../../../shares/schema.ts'
import { idealExecute } from '../ideal.ts'

import { startOracle } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'
import { createTable, plainColumns } from './random-table.ts'
import type { RandomTable } from './random-table.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const SCHEMA: Schema = {
  dataset: 'trips',
  member: 'rider',
  kMin: 1,
  purposes: [],
  columns: [
    { name: 'i', type: 'integer', nullable: true, min: -3, max: 12 },
    { name: 'j', type: 'integer', nullable: false, min: 0, max: 9_000_000_000 },
    { name: 'n', type: 'decimal', nullable: true, precision: 6, scale: 2, min: '-3', max: '12' },
    { name: 'b', type: 'boolean', nullable: true },
    { name: 't', type: 'text', nullable: true, dictionary: ['', '2', '5', 't', 'é', 'x%'] },
    { name: 'd', type: 'date', nullable: true, min: '2020-01-01', max: '2020-01-09' },
    {
      name: 's',
      type: 'timestamp',
      nullable: true,
      resolutionSeconds: 1,
      min: '2020-01-01 00:00:00',
      max: '2020-01-09 00:00:00',
    },
  ],
}

const ROWS = [
  ['2', '5', '2.00', 't', '2', '2020-01-02', '2020-01-02 00:00:00'],
  ['-3', '9000000000', '-2.50', 'f', '', '2020-01-01', '2020-01-02 10:00:01'],
  ['5', '0', '5.25', null, 'é', '2020-01-09', '2020-01-09 00:00:00'],
  [null, '2', null, 't', null, null, null],
  ['12', '12', '11.99', 'f', 't', '2020-01-05', '2020-01-05 23:59:59'],
]

const TABLE: RandomTable = {
  schema: SCHEMA,
  rows: ROWS,
  memberOfRow: Uint32Array.from(ROWS, (_, row) => row),
  params: {
    committee: { n: 3, t: 1 },
    security: 'passive',
    dataset: { name: 'trips', version: 1, chunks: [ROWS.length], rowsPerMember: [[1, 5]] },
    chunksInFlight: 1,
    network: 'loopback',
  },
}

const CONSTANTS = [
  ['2', '-3', '2.0', '5.25', '5.255', '1e1', '0x5', '1_0', '9999999999', '99999999999999999999'],
  [
    'TRUE',
    'NULL',
    "'2'",
    "' 5 '",
    "'+5'",
    "'-2.5'",
    "'0x5'",
    "'1_0'",
    "'1__0'",
    "'_1'",
    "'1e1'",
    "'.5'",
    "'5.'",
  ],
  ["''", "'t'", "'TRUE'", "'of'", "'o'", "'yes '", "'x'", "'é'", "'NaN'", "'99999999999'"],
  [
    "'2020-01-02'",
    "'2020-1-2'",
    "' 2020-01-02 '",
    "'2020-01-02 10:00:01'",
    "'2020-01-02T10:00'",
    "'2020-01-02 10:00:00.5'",
  ],
  [
    "'2020-01-02 24:00'",
    "'2020-01-02 23:59:60'",
    "'2020-02-30'",
    "'20200102'",
    "'2020-01-02 10:00Z'",
    "'infinity'",
    "'0000-01-01'",
  ],
  [
    "date '2020-01-02'",
    "date '2020-01-02 10:00'",
    "timestamp '2020-01-02'",
    "'2020-01-02 10:00:01'::timestamp::date",
  ],
  [
    "date '2020-01-01' + 1",
    "3 + date '2019-12-30'",
    "date '2020-01-05' - date '2020-01-03'",
    "date '2020-01-05' - 3",
    "date '2020-01-05' + NULL",
  ],
  [
    "'2'::text",
    "'2'::int",
    '2::numeric',
    '2.5::int',
    '-2.5::int',
    '(-2.5)::int',
    "'5.255'::numeric(4,2)",
    '2::boolean',
    'TRUE::int',
    'NULL::int',
    'NULL::text',
  ],
  [
    '1 + 1',
    '7 / 2',
    '7 / 2.0',
    '-7 % 4',
    '7 - 10.0',
    '2 * 2.625',
    '- - 5',
    '+5',
    "1 + '1'",
    "'1' + '1'",
    "2 || ''",
    '1 / 0',
    '2147483647 + 1',
  ],
  [
    'round(5.25)',
    'round(5.255, 2)',
    'abs(-5)',
    'coalesce(NULL, 5)',
    "coalesce(NULL, '5')",
    'nullif(5, 6)',
    'floor(5)',
    'sqrt(4.0)',
  ],
  ['i', 'j', 'n', 'b', 't', 'd', 's', '(i > 2)', 'i IS NULL'],
].flat()

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
  await oracle.database.exec(createTable(TABLE))
})

afterAll(async () => {
  await oracle.database.close()
})

test.each(SCHEMA.columns.map(({ name }) => name))(
  'column %s against every constant',
  async (name) => {
    let answered = 0
    for (const constant of CONSTANTS) {
      for (const condition of [
        `${name} = ${constant}`,
        `${constant} <= ${name}`,
        `${name} IN (${constant}, NULL)`,
        `${name} NOT IN (${constant}, 2.5, '5')`,
        `${name} IN ('2020-01-02 10:00:01', ${constant})`,
        `${name} IS DISTINCT FROM ${constant}`,
        `${name} BETWEEN ${constant} AND '5'`,
        `(${constant}) IS NULL`,
        `${constant} < 5 OR 2 = ${constant}`,
        `date '2020-01-02' <> ${constant}`,
        `${name} LIKE ${constant}`,
      ]) {
        const expected = await postgres(condition)
        const actual = await sharehold(condition)
        if (expected === 'error') expect(actual, condition).toMatch(/^SH_/u)
        else if (!mayBeRefused(actual)) expect(actual, condition).toBe(expected)
        if (actual === expected) answered++
      }
    }
    expect(answered).toBeGreaterThan(100)
  },
)

/** A refusal of what PostgreSQL answers: never a type error, which would be a wrong statement. */
function mayBeRefused(outcome: string): boolean {
  return outcome === 'SH_SQL_UNSUPPORTED' || outcome === 'SH_SQL_LITERAL'
}

test('what PostgreSQL answers and Sharehold refuses is known', async () => {
  const refused: string[] = []
  for (const { name } of SCHEMA.columns) {
    for (const constant of CONSTANTS) {
      const condition = `${name} = ${constant}`
      const actual = await sharehold(condition)
      if (actual.startsWith('SH_') && (await postgres(condition)) !== 'error')
        refused.push(condition)
    }
  }
  expect(refused).toEqual([
    'i = floor(5)',
    'j = floor(5)',
    "n = 'NaN'",
    "n = 'infinity'",
    'n = floor(5)',
    'b = 2::boolean',
    "d = '20200102'",
    "d = '2020-01-02 10:00Z'",
    "d = 'infinity'",
    "s = '20200102'",
    "s = '2020-01-02 10:00Z'",
    "s = 'infinity'",
  ])
})

test('LIKE matches what PostgreSQL matches', async () => {
  const texts = [
    '',
    'a',
    'ab',
    'a%b',
    'a_b',
    'a\\b',
    'Ab',
    'aab',
    'ÀÉ',
    'ß',
    'İx',
    'Σς',
    '😀',
    'a\nb',
  ]
  const patterns = [
    '',
    '%',
    '_',
    '__',
    'a%',
    '%b',
    'a%b',
    '%a%b%',
    'a\\%b',
    'a\\_b',
    'a\\\\b',
    'A_',
    'àé',
    'SS',
    'i_',
    'σσ',
    '%%_%',
    '_%_',
  ]
  for (const ignoreCase of [false, true]) {
    const operator = ignoreCase ? 'ILIKE' : 'LIKE'
    const { rows } = await oracle.database.query<[string, string, boolean]>(
      `SELECT t, p, t ${operator} p FROM unnest($1::text[]) t, unnest($2::text[]) p`,
      [texts, patterns],
      { rowMode: 'array' },
    )
    expect(rows).toHaveLength(texts.length * patterns.length)
    for (const [text, pattern, matches] of rows) {
      expect(likeMatcher(pattern, '\\', ignoreCase)(text), `${text} ${operator} ${pattern}`).toBe(
        matches,
      )
    }
  }
  expect(likeMatcher('a!%', '!', false)('a%')).toBe(true)
  expect(likeMatcher('a\\', '', false)('a\\')).toBe(true)
})

async function postgres(condition: string): Promise<string> {
  try {
    const { rows } = await oracle.database.query<[string]>(
      `SELECT COUNT(*)::text FROM trips WHERE ${condition}`,
      [],
      { rowMode: 'array' },
    )
    return rows[0]![0]
  } catch {
    return 'error'
  }
}

const COLUMNS = plainColumns(TABLE)

/** The count (a suppressed one is 0: kMin is 1), or the code of the refusal. */
async function sharehold(condition: string): Promise<string> {
  try {
    const sql = `SELECT COUNT(*) FROM trips WHERE ${condition}`
    const { plan, answer } = await compile(sql, SCHEMA, TABLE.params)
    const lanes = idealExecute(plan, TABLE.params, COLUMNS, TABLE.memberOfRow)
    const cell = evaluateAnswer(answer, lanes).rows[0]![0]!
    return 'text' in cell ? cell.text : '0'
  } catch (error) {
    if (error instanceof ShareholdError) return error.code
    throw error
  }
}
