/** Constant intervals, held against PostgreSQL. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { moveTimestamp, parseInterval } from '../../../protocol/sql/interval.ts'
import { ShareholdError } from '../../../shares/errors.ts'

import { startOracle } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
})

afterAll(async () => {
  await oracle.database.close()
})

const UNITS = ['year', 'months', 'mon', 'week', 'days', 'hour', 'minutes', 'sec']

const part = fc
  .tuple(fc.integer({ min: -40, max: 400 }), fc.constantFrom(...UNITS))
  .map(([quantity, unit]) => `${quantity} ${unit}`)
const time = fc
  .tuple(fc.integer({ min: -30, max: 30 }), fc.nat(59), fc.nat(59))
  .map(([hours, minutes, seconds]) => `${hours}:${minutes}:${seconds}`)
const interval = fc
  .tuple(fc.array(part, { minLength: 0, maxLength: 3 }), fc.option(time))
  .map(([parts, clock]) => [...parts, ...(clock === null ? [] : [clock])].join(' '))
  .filter((text) => text !== '')
const start = fc
  .date({ min: new Date('1500-01-01'), max: new Date('2500-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 19).replace('T', ' '))

describe('intervals', () => {
  it('move timestamps as PostgreSQL does', async () => {
    const cases = fc.sample(fc.tuple(start, interval, fc.boolean()), 300)
    const expected = await oracle.evaluate(
      cases.map(([from, by, plus]) => ({
        sql: `TIMESTAMP '${from}' ${plus ? '+' : '-'} INTERVAL '${by}'`,
      })),
    )
    const moved = cases.map(([from, by, plus]) => {
      try {
        const to = moveTimestamp(from, parseInterval(by), plus ? 1n : -1n)
        return `${to} :: timestamp without time zone`
      } catch (error) {
        // 22007: invalid_datetime_format.
        if (error instanceof ShareholdError) return 'error 22007'
        throw error
      }
    })
    expect(moved.filter((text) => !text.startsWith('error')).length).toBeGreaterThan(100)
    cases.forEach((given, i) => expect(moved[i], given.join(' ')).toBe(expected[i]))
  })

  it.each([
    ["DATE '1998-12-01' - INTERVAL '90' DAY", moveTimestamp('1998-12-01', days(90), -1n)],
    ["DATE '1994-01-01' + INTERVAL '1' YEAR", moveTimestamp('1994-01-01', months(12), 1n)],
    ["DATE '2024-01-31' + INTERVAL '1 month'", moveTimestamp('2024-01-31', months(1), 1n)],
    [
      "TIMESTAMP '2024-01-31 10:00' + INTERVAL '5'",
      moveTimestamp('2024-01-31 10:00', parseInterval('5'), 1n),
    ],
  ])('%s', async (sql, moved) => {
    expect(await oracle.evaluate([{ sql }])).toEqual([`${moved} :: timestamp without time zone`])
  })

  it.each(['', 'soon', '1 fortnight', '1 2', 'P1Y', '1.5 days', '1:99', '1 year 5 2 days'])(
    'refuse %j',
    (text) => {
      expect(() => parseInterval(text)).toThrow(ShareholdError)
    },
  )
})

function days(count: number): ReturnType<typeof parseInterval> {
  return parseInterval(String(count), 'day')
}

function months(count: number): ReturnType<typeof parseInterval> {
  return parseInterval(String(count), 'month')
}
