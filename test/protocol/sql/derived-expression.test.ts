/** Where a query writes what a derived column is declared to be, that column is read. */
import { describe, expect, test } from 'vitest'

import { compile } from '../../../protocol/sql/compile.ts'
import { parseSchema } from '../../../shares/parse-schema.ts'

import { PARAMS, TRIPS } from './trips-schema.ts'

const derived = (name: string, expression: string, rest: object): object => ({
  name,
  derived: expression,
  ...rest,
})

const SCHEMA = parseSchema({
  ...TRIPS,
  columns: [
    ...TRIPS.columns.filter(({ name }) => name !== 'Mixed'),
    derived('pickup_hour', 'EXTRACT(hour FROM pickup)', { type: 'integer', min: 0, max: 23 }),
    derived('miles', 'odometer % 7', { type: 'integer', nullable: true, min: 0, max: 6 }),
    derived('band', "CASE WHEN odometer < 50 THEN 'new' ELSE 'old' END", {
      type: 'text',
      dictionary: ['new', 'old'],
    }),
    derived('paid', 'fare + tip', {
      type: 'decimal',
      nullable: true,
      precision: 8,
      scale: 2,
      min: '0',
      max: '600',
    }),
    derived('rounded', 'fare * 1.5', {
      type: 'decimal',
      nullable: true,
      precision: 8,
      scale: 1,
      min: '0',
      max: '900',
    }),
  ],
})

/** The columns that a statement reads, and the type of its first output. */
async function read(sql: string): Promise<string> {
  const { plan, answer } = await compile(sql, SCHEMA, PARAMS)
  const columns = plan.operators.flatMap((operator) =>
    operator.kind === 'load-bits' || operator.kind === 'load-field' ? [operator.column] : [],
  )
  return `${[...new Set(columns)].toSorted().join(' ')}: ${answer.columns[0]!.type}`
}

describe('reads', () => {
  test.each([
    // Refused without the column: too wide to be computed.
    ['SELECT EXTRACT(hour FROM pickup), COUNT(*) FROM trips GROUP BY 1', 'pickup_hour: numeric'],
    ['SELECT SUM(EXTRACT(hour FROM trips.pickup)) FROM trips', 'pickup_hour: numeric'],
    ['SELECT SUM(odometer % 7) FROM trips WHERE (odometer % 7) + 1 > 2', 'miles: numeric'],
    ['SELECT COUNT(*) FILTER (WHERE (odometer % 7) IN (1, 2)) FROM trips', 'miles: bigint'],
    [
      "SELECT case when odometer < 50 then 'new' else 'old' end AS b, COUNT(*) FROM trips GROUP BY b",
      'band: text',
    ],
    // The declaration says what the column is, digits included.
    ['SELECT SUM(fare + tip) FROM trips', 'paid: numeric'],
    ['SELECT SUM(fare * 1.5) FROM trips', 'fare: numeric'],
    // Another expression, though it may come to the same.
    ['SELECT SUM(tip + fare) FROM trips', 'fare tip: numeric'],
  ])('%s', async (sql, columns) => {
    expect(await read(sql)).toBe(columns)
  })
})

test('the plan is that of the column', async () => {
  const written = await compile('SELECT SUM(fare + tip) AS m FROM trips', SCHEMA, PARAMS)
  const named = await compile('SELECT SUM(paid) AS m FROM trips', SCHEMA, PARAMS)
  expect(written.planHash).toBe(named.planHash)
})
