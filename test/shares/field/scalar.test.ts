import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  P,
  add,
  fromSigned,
  inv,
  lagrange,
  lagrangeAtZero,
  mul,
  neg,
  reduce,
  sub,
  toSigned,
} from '../../../shares/field/scalar.ts'

import { element } from './samples.ts'

describe('scalars', () => {
  it('satisfy the field axioms', () => {
    fc.assert(
      fc.property(element, element, element, (a, b, c) => {
        expect(add(a, b)).toBe(add(b, a))
        expect(mul(a, add(b, c))).toBe(add(mul(a, b), mul(a, c)))
        expect(mul(mul(a, b), c)).toBe(mul(a, mul(b, c)))
        expect(add(sub(a, b), b)).toBe(a)
        expect(add(a, neg(a))).toBe(0n)
        if (a !== 0n) expect(mul(a, inv(a))).toBe(1n)
        for (const x of [add(a, b), sub(a, b), mul(a, b), neg(a)]) {
          expect(x >= 0n && x < P).toBe(true)
        }
      }),
    )
    expect(() => inv(0n)).toThrow(RangeError)
    expect(() => inv(P)).toThrow(RangeError)
  })

  it('represent signed values below 2^60 and no others', () => {
    const bound = (1n << 60n) - 1n
    fc.assert(
      fc.property(fc.bigInt({ min: -bound, max: bound }), (v) => {
        expect(toSigned(fromSigned(v))).toBe(v)
        expect(fromSigned(v)).toBe(reduce(v))
      }),
    )
    expect(toSigned(fromSigned(bound))).toBe(bound)
    expect(toSigned(fromSigned(-bound))).toBe(-bound)
    expect(() => fromSigned(bound + 1n)).toThrow(RangeError)
    expect(() => fromSigned(-bound - 1n)).toThrow(RangeError)
  })
})

describe('lagrange', () => {
  it('recovers polynomials at any point', () => {
    const points = fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(
        points,
        fc.array(element, { minLength: 8, maxLength: 8 }),
        element,
        (xs, f, x) => {
          const coefficients = f.slice(0, xs.length)
          const evaluate = (z: bigint): bigint =>
            coefficients.reduceRight((y, c) => add(mul(y, z), c), 0n)
          const weights = lagrange(xs, x)
          const y = weights.reduce((s, w, i) => add(s, mul(w, evaluate(BigInt(xs[i] ?? 0)))), 0n)
          expect(y).toBe(evaluate(x))
        },
      ),
    )
  })

  it('refuses points that coincide modulo p', () => {
    expect(() => lagrange([1, 2, 1], 0)).toThrow(RangeError)
    expect(() => lagrange([1n, P + 1n], 0)).toThrow(RangeError)
  })

  it('at 0 for 1..n has small signed coefficients', () => {
    expect(lagrangeAtZero(3)).toEqual([3n, -3n, 1n])
    expect(lagrangeAtZero(7)).toEqual([7n, -21n, 35n, -35n, 21n, -7n, 1n])
    for (let n = 1; n <= 15; n++) {
      const points = Array.from({ length: n }, (_, i) => i + 1)
      expect(lagrangeAtZero(n).map(reduce)).toEqual(lagrange(points, 0))
    }
  })
})
