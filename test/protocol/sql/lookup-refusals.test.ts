/** Joins on a key that are refused, each with its place; and what EXPLAIN says of those that are not. */
import { expect, test } from 'vitest'

import { compile } from '../../../protocol/sql/compile.ts'
import { explainText } from '../../../protocol/sql/explain-text.ts'
import { explainQuery } from '../../../protocol/sql/explain.ts'
import { ShareholdError } from '../../../shares/errors.ts'

import { AREAS, CARS, joinedCase, referenceTable, RIDERS, shifted } from './joined-tables.ts'
import { unmark } from './refusal.ts'
import { TRIPS } from './trips-schema.ts'
import { tripsTable } from './trips-table.ts'

const TRIPS_TABLE = tripsTable({ ...TRIPS, kMin: 2 }, 600, 120)
/** Reference data by its columns, but about people. */
const PEOPLE = referenceTable({ ...CARS.schema, dataset: 'people', kMin: 2 }, CARS.rows)
const ZONES = referenceTable(
  {
    ...CARS.schema,
    dataset: 'zones',
    columns: [
      {
        name: 'zone',
        type: 'text',
        nullable: false,
        dictionary: Array.from({ length: 5002 }, (_, k) => `zone ${k}`),
        unique: true,
      },
    ],
  },
  [['zone 3'], ['zone 17']],
)
const TABLES = [TRIPS_TABLE, shifted(tripsTable(RIDERS, 100, 100), 30), AREAS, CARS, PEOPLE, ZONES]

async function compiled(sql: string) {
  const { schemas, params } = await joinedCase(sql, TABLES)
  return { params, query: await compile(sql, schemas, params) }
}

const SEATS = 'ON passengers = seats'

test.each<[code: string, from: string, hint: RegExp]>([
  ['SH_POLICY_LOOKUP', `trips JOIN «people» ${SEATS}`, /kMin 1/u],
  ['SH_SQL_UNSUPPORTED', 'trips JOIN «cars» ON passengers = doors', /unique: true for doors/u],
  ['SH_SQL_UNSUPPORTED', 'trips JOIN «riders» ON trips.passengers = riders.born', /unique/u],
  ['SH_SQL_UNSUPPORTED', `trips FULL JOIN «cars» ${SEATS}`, /LEFT JOIN/u],
  ['SH_SQL_UNSUPPORTED', `trips RIGHT JOIN «cars» ${SEATS}`, /LEFT JOIN/u],
  ['SH_SQL_UNSUPPORTED', `cars LEFT JOIN «trips» ${SEATS}`, /on the right/u],
  [
    'SH_SQL_UNSUPPORTED',
    `trips JOIN cars ${SEATS} RIGHT JOIN «riders» ON trips.rider = riders.rider`,
    /member first/u,
  ],
  ['SH_SQL_UNSUPPORTED', 'cars JOIN «cars» b USING (seats)', /second dataset/u],
  ['SH_SQL_UNSUPPORTED', `trips LEFT JOIN cars ${SEATS} AND «doors» > 3`, /such equations/u],
  ['SH_SQL_UNSUPPORTED', 'trips JOIN cars ON «tip» = seats', /same type and scale/u],
  ['SH_SQL_UNSUPPORTED', 'trips JOIN «zones» USING (zone)', /4096 words/u],
  ['SH_SQL_TYPE', 'trips JOIN cars ON «payment» = seats', /single quotes/u],
  ['SH_SQL_UNKNOWN_COLUMN', 'trips JOIN «cars» USING (seats)', /passengers|seats/u],
  ['SH_SQL_UNKNOWN_COLUMN', 'trips JOIN cars ON «passenger» = seats', /passengers/u],
  ['SH_SQL_AMBIGUOUS', 'trips JOIN areas ON «borough» = areas.borough', /trips\.borough/u],
  ['SH_POLICY_MEMBER', 'trips JOIN cars ON «rider» = seats', /groups of members/u],
])('%s: %s', async (code, from, hint) => {
  const { sql, position } = unmark(`SELECT COUNT(*) FROM ${from}`)
  const error = await compiled(sql).then(
    () => new Error('It is answered.'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ShareholdError)
  const { message, code: found, position: place, hint: way } = error as ShareholdError
  expect(found, message).toBe(code)
  expect(place, message).toEqual(position)
  expect(way, message).toMatch(hint)
})

test('what is not read is not looked for', async () => {
  const { query } = await compiled(`SELECT AVG(tip) FROM trips LEFT JOIN cars ${SEATS}`)
  expect(query.plan.operators.map(({ kind }) => kind)).not.toContain('sort')
  expect(query.plan.operators.map(({ kind }) => kind)).not.toContain('load-beside')
})

test('of what is looked by, all that leads to it is', async () => {
  const from = `trips LEFT JOIN cars ${SEATS} LEFT JOIN areas ON widest = areas.borough`
  const { query } = await compiled(`SELECT AVG(surface) FROM ${from}`)
  const loaded = query.plan.operators.flatMap((one) =>
    one.kind === 'load-beside' ? [`${one.dataset}.${one.column}`] : [],
  )
  expect(loaded).toEqual(['cars.seats', 'cars.widest', 'areas.borough', 'areas.surface'])
})

test('EXPLAIN has both sections, and says that nothing about matches shows', async () => {
  const { params, query } = await compiled(
    `SELECT size, SUM(doors) FROM trips JOIN cars ${SEATS} GROUP BY size`,
  )
  const explained = explainQuery(query, params)
  const kinds = explained.operators.map(({ kind }) => kind)
  const table = kinds.indexOf('table')
  expect(kinds.slice(0, table)).toEqual(
    expect.arrayContaining(['load-bits', 'load-beside', 'sort', 'permute', 'bit-to-field']),
  )
  expect(kinds.slice(table)).toEqual(expect.arrayContaining(['load-bits', 'load-field', 'output']))
  expect(explained.leaks).toContain(
    'To every node: how many rows each pseudonym has; of cars how many rows there are.',
  )
  expect(explainText(explained)).toMatch(
    /trips version 1, joined with cars version 1: at most 600 rows/u,
  )
})
