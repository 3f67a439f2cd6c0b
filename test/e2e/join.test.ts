/**
 * Joins of datasets of two repositories by real processes: answers are PostgreSQL's on the plain tables,
 * columns that are kept serve the next join, and the ledger's audit replays it.
 */
import { writeFile } from 'node:fs/promises'

import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import type { RunResult } from '../../cli/demo/network.ts'

import { useStage } from './stage.ts'

// Two imports before the first test, each by two processes: correct on a busy machine too.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 })

const VISITS = `
dataset: visits
member: patient
kMin: 3
purposes: [research, billing]
repositories: [north]
columns:
  - { name: clinic, type: text, dictionary: [hill, lake] }
  - { name: cost, type: integer, min: 0, max: 1000 }
`
// The member is called otherwise, and one column as in the other dataset.
const PEOPLE = `
dataset: people
member: person
kMin: 4
purposes: [research]
repositories: [south]
columns:
  - { name: age, type: integer, nullable: true, min: 0, max: 120 }
  - { name: town, type: text, dictionary: [Graz, Linz] }
  - { name: clinic, type: text, dictionary: [lake, hill, none] }
`
// Several rows a member, as the visits.
const DRUGS = `
dataset: drugs
member: patient
kMin: 3
purposes: [research]
repositories: [south]
columns:
  - { name: day, type: integer, min: 0, max: 365 }
  - { name: drug, type: text, dictionary: [aspirin, statin] }
`
const JOIN = 'visits JOIN people ON visits.patient = people.person'

const stage = useStage({ repositories: ['north', 'south'], queriers: ['analyst'] })
const { cli, ok, file } = stage
let database: PGlite | undefined

/** Patients 0..59 have visits, one to three; people are 20..99. */
const visits = Array.from({ length: 130 }, (_, i) => {
  const patient = i < 60 ? i : (i * 7) % 60
  return [`P-${patient}`, i % 3 === 0 ? 'hill' : 'lake', (i * 37) % 1000] as const
})
const people = Array.from({ length: 80 }, (_, i) => {
  const person = 99 - i
  const age = person % 5 === 0 ? null : (person * 11) % 121
  return [`P-${person}`, age, person % 2 === 0 ? 'Graz' : 'Linz', 'lake'] as const
})
/** Patients 10..69 take drugs, one to three. */
const drugs = Array.from({ length: 120 }, (_, i) => {
  const patient = i < 60 ? 10 + i : 10 + ((i * 11) % 30)
  return [`P-${patient}`, (i * 53) % 366, i % 4 === 0 ? 'aspirin' : 'statin'] as const
})

type Cell = string | number | null

const csvOf = (header: string, rows: readonly (readonly Cell[])[]): string =>
  `${[header, ...rows.map((row) => row.map((cell) => cell ?? '').join())].join('\n')}\n`

beforeAll(async () => {
  await writeFile(file('visits.yaml'), VISITS)
  await writeFile(file('people.yaml'), PEOPLE)
  await writeFile(file('drugs.yaml'), DRUGS)
  await writeFile(file('visits.csv'), csvOf('patient,clinic,cost', visits))
  await writeFile(file('people.csv'), csvOf('person,age,town,clinic', people))
  await writeFile(file('drugs.csv'), csvOf('patient,day,drug', drugs))
  for (const [repository, name] of [
    ['north', 'visits'],
    ['south', 'people'],
    ['south', 'drugs'],
  ]) {
    const from = ['--schema', `${name}.yaml`, '--key', `keys/${repository}.skey`]
    await ok('repository', 'sign', ...from)
    await ok('repository', 'import', `${name}.csv`, ...from, '--data', `repository-${repository}`)
  }
  database = await PGlite.create()
  await database.exec('CREATE TABLE visits (patient text, clinic text, cost integer)')
  await database.exec('CREATE TABLE people (person text, age integer, town text, clinic text)')
  await database.exec('CREATE TABLE drugs (patient text, day integer, drug text)')
  const literal = (cell: Cell): string =>
    cell === null ? 'NULL' : typeof cell === 'number' ? String(cell) : `'${cell}'`
  const insert = (name: string, rows: readonly (readonly Cell[])[]): Promise<unknown> =>
    database!.exec(
      `INSERT INTO ${name} VALUES ${rows.map((row) => `(${row.map(literal).join()})`).join()}`,
    )
  await insert('visits', visits)
  await insert('people', people)
  await insert('drugs', drugs)
})
afterAll(() => database?.close())

async function query(sql: string, purpose = 'research'): Promise<RunResult> {
  const args = ['--purpose', purpose, '--key', 'keys/analyst.skey', '--format', 'csv']
  const result = await cli('query', sql, ...args)
  return { ...result, stdout: result.stdout.replaceAll('\r\n', '\n') }
}

async function postgres(sql: string): Promise<string> {
  const { rows, fields } = await database!.query<(string | number | null)[]>(sql, [], {
    rowMode: 'array',
  })
  const lines = rows.map((row) => row.map((cell) => cell ?? '').join())
  return `${[fields.map(({ name }) => name).join(), ...lines].join('\n')}\n`
}

describe('gives what PostgreSQL gives', () => {
  test.each([
    [
      'an inner join, grouped',
      `SELECT town, COUNT(*) AS n, SUM(cost) AS cost, SUM(age) AS age FROM ${JOIN} GROUP BY town ORDER BY town`,
    ],
    // Columns of the first are warm by now.
    [
      'the same columns again, the other way round',
      `SELECT town, SUM(cost) AS cost, COUNT(*) AS n FROM people AS p JOIN visits AS v ON v.patient = p.person WHERE v.clinic = p.clinic GROUP BY town ORDER BY town`,
    ],
    [
      'a left join',
      `SELECT town, COUNT(*) AS n, SUM(cost) AS cost FROM visits LEFT JOIN people ON patient = person GROUP BY town ORDER BY town`,
    ],
    [
      'a left join whose right side has several rows',
      `SELECT COUNT(*) AS n, COUNT(cost) AS visits FROM people LEFT JOIN visits ON patient = person`,
    ],
    [
      'a dataset joined with itself',
      `SELECT COUNT(*) AS n, COUNT(DISTINCT a.patient) AS patients, SUM(b.cost) AS cost FROM visits a JOIN visits b USING (patient) WHERE a.cost < b.cost`,
    ],
    [
      'several rows a member on both sides',
      `SELECT drug, COUNT(*) AS n, COUNT(DISTINCT patient) AS patients, SUM(cost) AS cost FROM visits JOIN drugs USING (patient) WHERE cost > day GROUP BY drug ORDER BY drug`,
    ],
    [
      'rows without a partner, once each',
      `SELECT COUNT(*) AS n, COUNT(day) AS drugs, SUM(cost) AS cost FROM visits LEFT JOIN drugs USING (patient) LEFT JOIN people ON patient = person`,
    ],
  ])('%s', async (_what, sql) => {
    const { stdout, stderr, code } = await query(sql)
    expect(code, stderr).toBe(0)
    expect(stdout).toBe(await postgres(sql))
  })

  test('without FROM', async () => {
    const { stdout } = await query("SELECT SUM(visits.cost) AS cost WHERE people.town = 'Graz'")
    expect(stdout).toBe(await postgres(`SELECT SUM(cost) AS cost FROM ${JOIN} WHERE town = 'Graz'`))
  })
})

test('the strictest kMin holds: three members are too few for the people', async () => {
  const sql = (from: string): string =>
    `SELECT COUNT(*) AS n FROM ${from} WHERE cost IN (37, 74, 111)`
  expect(
    (
      await postgres(`SELECT COUNT(DISTINCT patient) AS n FROM visits WHERE cost IN (37, 74, 111)`)
    ).trim(),
  ).toBe('n\n3')
  expect((await query(sql('visits'))).stdout).toMatch(/^n\n\d+\n$/u)
  const left = await query(sql('visits LEFT JOIN people ON patient = person'))
  expect(left.stdout).not.toMatch(/\d/u)
})

test('a purpose that one of the datasets does not admit is refused', async () => {
  expect((await query('SELECT COUNT(*) FROM visits', 'billing')).code).toBe(0)
  const { code, stderr } = await query(`SELECT COUNT(*) FROM ${JOIN}`, 'billing')
  expect(code).not.toBe(0)
  expect(stderr).toMatch(/SH_AUTH_PURPOSE[^]*people/u)
})

test('explain says what nodes learn', async () => {
  const { stdout } = await ok('explain', `SELECT COUNT(*) FROM ${JOIN}`)
  expect(stdout).toMatch(/visits version 1, joined with people version 1: at most 130 rows/u)
  expect(stdout).toMatch(
    /To every node: which pseudonym has how many rows in which of visits, people/u,
  )
})

test('the audit replays every job', async () => {
  const { stdout } = await ok('audit', '--all')
  expect(stdout).not.toMatch(/✗|failed/u)
})
