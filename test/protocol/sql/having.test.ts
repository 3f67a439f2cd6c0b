/**
 * Averages in HAVING are compared without rounding them: where that is allowed, it gives what comparing PostgreSQL's
 * rounded average gives; and there are cases that it would not give, which are refused.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { fewestDecimals, isRoundedAlike } from '../../../protocol/sql/having-number.ts'
import {
  compareNumeric,
  divideNumeric,
  numericFromInteger,
  powerOfTen,
} from '../../../protocol/sql/numeric.ts'

/** Of a sum of `scale` decimals over `count` values, against a number: exactly, and rounded first. */
function compareBoth(
  sum: bigint,
  scale: number,
  count: bigint,
  other: { readonly digits: bigint; readonly scale: number },
): { readonly exact: number; readonly rounded: number } {
  const common = Math.max(scale, other.scale)
  const difference =
    sum * powerOfTen(common - scale) - other.digits * count * powerOfTen(common - other.scale)
  const average = divideNumeric({ digits: sum, scale }, numericFromInteger(count))
  return {
    exact: difference < 0n ? -1 : difference > 0n ? 1 : 0,
    rounded: Math.sign(compareNumeric(average, other)),
  }
}

describe('an average against a number', () => {
  test('compares as its rounded value does, where that is proven', () => {
    const seen = { proven: 0, equal: 0 }
    const cases = fc.record({
      magnitude: fc.bigInt({ min: 1n, max: 10n ** 15n }),
      count: fc.bigInt({ min: 1n, max: 10n ** 9n }),
      scale: fc.nat({ max: 6 }),
      otherScale: fc.nat({ max: 16 }),
      at: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
      beside: fc.constantFrom(-1n, 0n, 0n, 1n),
    })
    fc.assert(
      fc.property(cases, ({ magnitude, count, scale, otherScale, at, beside }) => {
        const sum = at % (magnitude * count + 1n)
        // Next to the average, where rounding would show.
        const digits = (sum * powerOfTen(otherScale)) / (count * powerOfTen(scale)) + beside
        const decimals = fewestDecimals(magnitude, scale)
        if (!isRoundedAlike(count, Math.max(scale, otherScale), decimals)) return
        const { exact, rounded } = compareBoth(sum, scale, count, { digits, scale: otherScale })
        expect(exact).toBe(rounded)
        seen.proven++
        if (exact === 0) seen.equal++
      }),
      { numRuns: 20_000 },
    )
    expect(seen.proven).toBeGreaterThan(1000)
    expect(seen.equal).toBeGreaterThan(50)
  })

  test('where it is not, it may differ', () => {
    // 4/3 rounded to 16 decimals is no longer larger than the number of 16 decimals below it.
    const other = { digits: 13333333333333333n, scale: 16 }
    expect(compareBoth(4n, 0, 3n, other)).toEqual({ exact: 1, rounded: 0 })
    expect(isRoundedAlike(3n, 16, fewestDecimals(2n, 0))).toBe(false)
  })
})
