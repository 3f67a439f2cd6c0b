/** The equi-join on a secret key: partners as a plain loop finds them, on shares too, at its exact cost. */
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import { messagesBetween, schedule } from '../../../protocol/cost.ts'
import type { Plan } from '../../../protocol/plan.ts'
import { writeLookup } from '../../../protocol/sql/plan-lookup.ts'
import { PlanWriter } from '../../../protocol/sql/plan-writer.ts'
import { idealExecute } from '../ideal.ts'
import { testCommittee } from '../parties.ts'
import { executeAll, paramsFor } from '../run-plan.ts'

vi.setConfig({ testTimeout: 120_000 })

const KEY_PLANES = 4
const VALUE_PLANES = 3

interface Case {
  /** Keys, null for NULL, and values of rows; the first `right` of them are looked for, the others look. */
  readonly rows: readonly { readonly key: number | null; readonly value: number }[]
  readonly right: number
}

/** Rows of one table play both sides: those with `value` planes as the right one, their own keys as the left one. */
function planOf({ rows, right }: Case, n: number) {
  const memberOfRow = Uint32Array.from(rows, (_, row) => row)
  const params = paramsFor(n, [rows.length], memberOfRow)
  const writer = new PlanWriter()
  const load = (column: string, planes: number, validity: boolean) =>
    writer.add({ kind: 'load-bits', dataset: 'trips', column, planes, validity }, column)
  const [key, value] = [load('key', KEY_PLANES, true), load('value', VALUE_PLANES, false)]
  const parts = (from: (part: number) => { op: number; part: number }, count: number) =>
    Array.from({ length: count }, (_, part) => from(part))
  const all = writer.add(
    {
      kind: 'append',
      parts: [...parts(key, KEY_PLANES + 1), ...parts(value, VALUE_PLANES)].map((ref) => [ref]),
    },
    'all rows',
  )
  const side = (from: number, to: number, count: number) =>
    writer.add({ kind: 'slice', inputs: parts(all, count), from, to }, 'one side')
  const [first, second] = [
    side(0, right, KEY_PLANES + 1 + VALUE_PLANES),
    side(right, rows.length, KEY_PLANES + 1),
  ]
  const lookup = writeLookup(
    writer,
    params,
    { lanes: rows.length - right, key: parts(second, KEY_PLANES), valid: second(KEY_PLANES) },
    {
      lanes: right,
      key: parts(first, KEY_PLANES),
      valid: first(KEY_PLANES),
      planes: parts((part) => first(KEY_PLANES + 1 + part), VALUE_PLANES),
    },
  )
  const seen = [lookup.found, ...lookup.planes]
  const numbers = writer.add({ kind: 'bit-to-field', inputs: seen }, 'to be seen')
  writer.add({ kind: 'output', inputs: seen.map((_, k) => numbers(k)) }, 'output')
  const columns = {
    key: { codes: rows.map((row) => row.key), values: [] },
    value: { codes: rows.map((row) => row.value), values: [] },
  }
  return { plan: writer.plan, params, columns, memberOfRow }
}

/** For each looking row: found, and the partner's value. */
function partners({ rows, right }: Case): (number | undefined)[] {
  return rows.slice(right).map(({ key }) => {
    const partner = rows.slice(0, right).find((row) => key !== null && row.key === key)
    return partner?.value
  })
}

function found(lanes: readonly bigint[]): (number | undefined)[] {
  const count = lanes.length / (1 + VALUE_PLANES)
  return Array.from({ length: count }, (_, row) => {
    const bits = Array.from({ length: VALUE_PLANES }, (__, k) =>
      Number(lanes[(1 + k) * count + row]),
    )
    const value = bits.reduce((sum, bit, k) => sum + bit * 2 ** k, 0)
    if (lanes[row] === 0n) expect(value).toBe(0)
    return lanes[row] === 1n ? value : undefined
  })
}

/** Keys are unique on the right, NULLs apart. */
const cases: fc.Arbitrary<Case> = fc
  .record({
    right: fc.uniqueArray(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 12 }),
    nulls: fc.integer({ min: 0, max: 2 }),
    left: fc.array(fc.option(fc.integer({ min: 0, max: 15 })), { minLength: 1, maxLength: 40 }),
    values: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 60, maxLength: 60 }),
  })
  .map(({ right, nulls, left, values }) => {
    const keys = [...Array.from({ length: nulls }, () => null), ...right]
    return {
      rows: [...keys, ...left].map((key, row) => ({ key, value: values[row]! })),
      right: keys.length,
    }
  })

test('every row finds the partner that a loop finds', () => {
  fc.assert(
    fc.property(cases, (one) => {
      const { plan, params, columns, memberOfRow } = planOf(one, 3)
      expect(found(idealExecute(plan, params, columns, memberOfRow))).toEqual(partners(one))
    }),
    { numRuns: 100 },
  )
})

test.each([
  [3, 6],
  [5, 2],
  [7, 1],
] as const)('on shares, and what it sends is what it costs: %i parties', async (n, numRuns) => {
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      const { plan, params, columns, memberOfRow } = planOf(one, n)
      const committee = await testCommittee(n)
      const lanes = await executeAll(committee, plan, params, columns, memberOfRow)
      expect(found(lanes)).toEqual(partners(one))
      const cost = schedule(plan, params)
      for (let to = 2; to <= n; to++) {
        expect(committee.network.sent(1, to)).toEqual(messagesBetween(cost, 1, to))
      }
    }),
    { numRuns },
  )
})

test('the schedule tells sizes only', () => {
  const rows = Array.from({ length: 30 }, (_, row) => ({ key: row % 16, value: row % 8 }))
  const other = rows.map(({ value }) => ({ key: value === 0 ? null : 3, value }))
  const [one, two]: Plan[] = [rows, other].map(
    (table) => planOf({ rows: table, right: 10 }, 3).plan,
  )
  expect(one).toEqual(two)
})
