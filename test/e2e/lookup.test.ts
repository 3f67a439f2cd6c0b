/**
 * Joins on a secret key by real processes: rows of one repository look for those of another. Answers are PostgreSQL's on the
 * plain tables, an import of reference data replaces the one before, and the ledger's audit replays it all.
 */
import { writeFile } from 'node:fs/promises'

import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import type { RunResult } from '../../cli/demo/network.ts'

import { useStage } from './stage.ts'

// Three imports before the first test, each by two processes: correct on a busy machine too.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 })

const VISITS = `
dataset: visits
member: patient
kMin: 3
purposes: [research]
repositories: [north]
columns:
  - { name: clinic, type: integer, nullable: true, min: 1, max: 50 }
  - { name: cost, type: integer, min: 0, max: 1000 }
`
const PEOPLE = `
dataset: people
member: patient
kMin: 3
purposes: [research]
repositories: [north]
columns:
  - { name: town, type: text, dictionary: [Graz, Linz] }
`
const CLINICS = `
dataset: clinics
member: office
kMin: 1
purposes: [research]
repositories: [south]
columns:
  - { name: id, type: integer, min: 0, max: 30, unique: true }
  - { name: beds, type: integer, nullable: true, min: 5, max: 900 }
  - { name: kind, type: text, dictionary: [city, rural] }
`
const LOOKUP = 'visits JOIN clinics ON visits.clinic = clinics.id'

const stage = useStage({ repositories: ['north', 'south'], queriers: ['analyst'] })
const { cli, ok, file } = stage
let database: PGlite | undefined

type Cell = string | number | null
type Rows = readonly (readonly Cell[])[]

/** Patients 0..39, one to four visits each; some to no clinic, some to one that is not there. */
const visits: Rows = Array.from({ length: 100 }, (_, i) => {
  const patient = i < 40 ? i : (i * 7) % 40
  return [`P-${patient}`, i % 9 === 0 ? null : 1 + ((i * 11) % 12), (i * 37) % 1000]
})
const people: Rows = Array.from({ length: 50 }, (_, i) => [`P-${i}`, i % 2 === 0 ? 'Graz' : 'Linz'])
const clinics: Rows = Array.from({ length: 9 }, (_, i) => [
  `O-${i % 2}`,
  9 - i,
  i === 4 ? null : 5 + 90 * i,
  i % 3 === 0 ? 'city' : 'rural',
])
/** Others, with other beds. */
const newer: Rows = Array.from({ length: 7 }, (_, i) => ['O-0', 4 + i, 100 + i, 'city'])

const csvOf = (header: string, rows: Rows): string =>
  `${[header, ...rows.map((row) => row.map((cell) => cell ?? '').join())].join('\n')}\n`

async function importRows(repository: string, name: string, csv: string): Promise<RunResult> {
  const path = `${name}.csv`
  await writeFile(file(path), csv)
  const from = ['--schema', `${name}.yaml`, '--key', `keys/${repository}.skey`]
  return cli('repository', 'import', path, ...from, '--data', `repository-${repository}`)
}

async function insert(name: string, rows: Rows): Promise<void> {
  const literal = (cell: Cell): string =>
    cell === null ? 'NULL' : typeof cell === 'number' ? String(cell) : `'${cell}'`
  const values = rows.map((row) => `(${row.map(literal).join()})`)
  await database!.exec(`DELETE FROM ${name}; INSERT INTO ${name} VALUES ${values.join()}`)
}

const HEADERS = {
  visits: 'patient,clinic,cost',
  people: 'patient,town',
  clinics: 'office,id,beds,kind',
}

beforeAll(async () => {
  await writeFile(file('visits.yaml'), VISITS)
  await writeFile(file('people.yaml'), PEOPLE)
  await writeFile(file('clinics.yaml'), CLINICS)
  database = await PGlite.create()
  await database.exec('CREATE TABLE visits (patient text, clinic integer, cost integer)')
  await database.exec('CREATE TABLE people (patient text, town text)')
  await database.exec('CREATE TABLE clinics (office text, id integer, beds integer, kind text)')
  for (const [repository, name, rows] of [
    ['north', 'visits', visits],
    ['north', 'people', people],
    ['south', 'clinics', clinics],
  ] as const) {
    await ok('repository', 'sign', '--schema', `${name}.yaml`, '--key', `keys/${repository}.skey`)
    const { code, stderr } = await importRows(repository, name, csvOf(HEADERS[name], rows))
    expect(code, stderr).toBe(0)
    await insert(name, rows)
  }
})
afterAll(() => database?.close())

async function query(sql: string): Promise<RunResult> {
  const args = ['--purpose', 'research', '--key', 'keys/analyst.skey', '--format', 'csv']
  const result = await cli('query', sql, ...args)
  return { ...result, stdout: result.stdout.replaceAll('\r\n', '\n') }
}

async function expectPostgres(sql: string): Promise<void> {
  const { rows, fields } = await database!.query<Cell[]>(sql, [], { rowMode: 'array' })
  const lines = rows.map((row) => row.map((cell) => cell ?? '').join())
  const { stdout, stderr, code } = await query(sql)
  expect(code, stderr).toBe(0)
  expect(stdout).toBe(`${[fields.map(({ name }) => name).join(), ...lines].join('\n')}\n`)
}

describe('gives what PostgreSQL gives', () => {
  test.each([
    [
      'rows that find one, grouped by what they find',
      `SELECT kind, COUNT(*) AS n, SUM(beds) AS beds, SUM(cost) AS cost FROM ${LOOKUP} GROUP BY kind ORDER BY kind`,
    ],
    // Columns of both are warm by now.
    [
      'all rows',
      'SELECT COUNT(*) AS n, COUNT(id) AS found, SUM(beds) AS beds FROM visits LEFT JOIN clinics ON clinic = id',
    ],
    [
      'beside a join on the member',
      `SELECT town, COUNT(DISTINCT visits.patient) AS patients, SUM(beds) AS beds FROM visits JOIN people USING (patient) JOIN clinics ON clinic = id WHERE beds > 100 GROUP BY town ORDER BY town`,
    ],
    [
      'a row for each member',
      `SELECT COUNT(*) AS patients, SUM(n) AS visits FROM (SELECT patient, COUNT(*) AS n FROM ${LOOKUP} WHERE kind = 'rural' GROUP BY patient) AS each WHERE n > 1`,
    ],
  ])('%s', (_what, sql) => expectPostgres(sql))
})

test('explain tells nobody whose rows are looked for', async () => {
  const { stdout } = await ok('explain', `SELECT COUNT(*) FROM ${LOOKUP}`)
  expect(stdout).toMatch(/visits version 1, joined with clinics version 1/u)
  expect(stdout).toMatch(
    /To every node: how many rows each pseudonym has; of clinics how many rows/u,
  )
})

test('a file with a key twice is not imported; another one replaces what was there', async () => {
  const twice = [...newer, newer[0]!]
  const refused = await importRows('south', 'clinics', csvOf(HEADERS.clinics, twice))
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toMatch(/SH_IMPORT_UNIQUE/u)
  const { code, stderr } = await importRows('south', 'clinics', csvOf(HEADERS.clinics, newer))
  expect(code, stderr).toBe(0)
  await insert('clinics', newer)
  await expectPostgres(`SELECT COUNT(*) AS n, SUM(beds) AS beds FROM ${LOOKUP}`)
})

test('the audit replays every job', async () => {
  const { stdout } = await ok('audit', '--all')
  expect(stdout).toMatch(/clinics\/2|Version 2 of clinics/u)
  expect(stdout).not.toMatch(/✗|failed/u)
})
