/** The second small cohort, against the rule in plain numbers. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { hideSecond } from '../../../protocol/sql/plan-second.ts'
import type { Family } from '../../../protocol/sql/plan-second.ts'
import { PlanWriter } from '../../../protocol/sql/plan-writer.ts'
import { idealExecute } from '../ideal.ts'
import { paramsFor } from '../run-plan.ts'

const SIZE_BITS = 3

/** Whether the cohort is shown, as one of this family. */
function isShown(sizes: readonly number[], kMin: number, family: Family, cohort: number): boolean {
  if (sizes[cohort]! < kMin) return false
  const others = family.filter((one) => sizes[one]! >= kMin)
  if (others.length !== family.length - 1) return true
  const least = Math.min(...others.map((one) => sizes[one]!))
  return cohort !== others.find((one) => sizes[one] === least)
}

test('beside a single small cohort the smallest other one is hidden, the first of several', () => {
  const seen = { hidden: 0, shown: 0 }
  const cases = fc.integer({ min: 2, max: 9 }).chain((count) =>
    fc.record({
      sizes: fc.array(fc.nat({ max: 2 ** SIZE_BITS - 1 }), { minLength: count, maxLength: count }),
      kMin: fc.integer({ min: 1, max: 4 }),
      families: fc.array(
        fc.subarray(
          Array.from({ length: count }, (_, cohort) => cohort),
          { minLength: 2 },
        ),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  )
  fc.assert(
    fc.property(cases, ({ sizes, kMin, families }) => {
      const writer = new PlanWriter()
      const numbers = writer.add({ kind: 'enumerate', sizes: [2 ** SIZE_BITS] }, '')
      const inputs = Array.from({ length: SIZE_BITS }, (_, part) => numbers(part))
      const digits = writer.add({ kind: 'pick', inputs, lanes: sizes }, '')
      const enough = writer.add(
        { kind: 'pick', inputs: [inputs[0]!], lanes: sizes.map((size) => (size < kMin ? 0 : 1)) },
        '',
      )(0)
      const counted = {
        count: sizes.length,
        digits: inputs.map((_, part) => digits(part)),
        enough,
      }
      const asked = families.flatMap((family, index): { cohort: number; own: number[] }[] => [
        ...family.map((cohort) => ({ cohort, own: [index] })),
        { cohort: family[0]!, own: [] },
        // In all of its families at once.
        {
          cohort: family[0]!,
          own: families.flatMap((one, k) => (one.includes(family[0]!) ? [k] : [])),
        },
      ])
      const shownIn = hideSecond(
        writer,
        counted,
        families,
        asked.map(({ cohort, own }) => ({ lane: cohort, families: own })),
      )
      const planes = asked.map(({ cohort, own }) => shownIn(cohort, own))
      const opened = writer.add({ kind: 'bit-to-field', inputs: planes }, '')
      writer.add({ kind: 'output', inputs: planes.map((_, part) => opened(part)) }, '')
      const members = Uint32Array.of(0)
      const lanes = idealExecute(writer.plan, paramsFor(3, [1], members, 1), {}, members)
      for (const [k, { cohort, own }] of asked.entries()) {
        const expected =
          sizes[cohort]! >= kMin &&
          own.every((index) => isShown(sizes, kMin, families[index]!, cohort))
        expect(lanes[k * sizes.length + cohort] === 1n).toBe(expected)
        if (expected) seen.shown++
        else if (sizes[cohort]! >= kMin) seen.hidden++
      }
    }),
    { numRuns: 200 },
  )
  expect(seen.hidden).toBeGreaterThan(30)
  expect(seen.shown).toBeGreaterThan(100)
})
