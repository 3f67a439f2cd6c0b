/** The second small group among many: as a plain loop decides it, on shares too. */
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import { hideSecondOfMany } from '../../../protocol/sql/plan-sorted-second.ts'
import { PlanWriter } from '../../../protocol/sql/plan-writer.ts'
import { idealExecute } from '../ideal.ts'
import { testCommittee } from '../parties.ts'
import { executeAll, paramsFor } from '../run-plan.ts'

vi.setConfig({ testTimeout: 600_000 })

const KMIN = 3

interface Case {
  /** Sizes of the groups, cohort by cohort. */
  readonly cohorts: readonly (readonly number[])[]
  /** Groups that are empty in all cohorts for everybody to see. */
  readonly ruledOut: readonly number[]
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    groups: fc.integer({ min: 2, max: 17 }),
    cohorts: fc.integer({ min: 1, max: 3 }),
    // Mostly large ones, lest exactly one small group be rare.
    size: fc.infiniteStream(
      fc.oneof(
        { weight: 1, arbitrary: fc.nat(2) },
        { weight: 9, arbitrary: fc.integer({ min: 3, max: 9 }) },
      ),
    ),
    ruledOut: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ groups, cohorts, size, ruledOut }) => {
    const out = Array.from({ length: Math.min(ruledOut, groups - 2) }, (_, k) => 2 * k)
    const next = (): number => size.next().value
    return {
      cohorts: Array.from({ length: cohorts }, () =>
        Array.from({ length: groups }, (_, group) => (out.includes(group) ? 0 : next())),
      ),
      ruledOut: out,
    }
  })

function planOf({ cohorts, ruledOut }: Case, n: number) {
  const groups = cohorts[0]!.length
  const params = paramsFor(n, [1], new Uint32Array(1))
  const writer = new PlanWriter()
  const vector = (lanes: readonly number[]) =>
    writer.add({ kind: 'constant', lanes: lanes.map(String) }, 'vector')(0)
  const sizes = cohorts.map((own) => ({
    size: vector(own),
    enough: vector(own.map((size) => (size >= KMIN ? 1 : 0))),
    ruledOut: ruledOut.length,
  }))
  const inputs = hideSecondOfMany(writer, sizes, {
    groups,
    members: 9,
  })
  writer.add({ kind: 'output', inputs }, 'output')
  return { plan: writer.plan, params }
}

/** Whether each group is shown. */
function shown({ cohorts, ruledOut }: Case): bigint[] {
  return cohorts.flatMap((sizes) => {
    const bits = sizes.map((size) => (size >= KMIN ? 1n : 0n))
    const small = sizes.filter((size, group) => size < KMIN && !ruledOut.includes(group))
    if (small.length !== 1) return bits
    const least = Math.min(...sizes.filter((size) => size >= KMIN))
    return bits.map((bit, group) => (group === sizes.indexOf(least) ? 0n : bit))
  })
}

test('the group that a loop hides is hidden, and no other', () => {
  let hidden = 0
  fc.assert(
    fc.property(cases, (one) => {
      const { plan, params } = planOf(one, 3)
      const expected = shown(one)
      if (one.cohorts.flat().some((size, at) => size >= KMIN && expected[at] === 0n)) hidden++
      const lanes = idealExecute(plan, params, {}, new Uint32Array(1))
      expect(lanes).toEqual(expected)
    }),
    { numRuns: 200 },
  )
  expect(hidden).toBeGreaterThan(20)
})

test.each([
  [3, 5],
  [5, 1],
] as const)('on shares: %i parties', async (n, numRuns) => {
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      const { plan, params } = planOf(one, n)
      const committee = await testCommittee(n)
      expect(await executeAll(committee, plan, params, {}, new Uint32Array(1))).toEqual(shown(one))
    }),
    { numRuns },
  )
})
