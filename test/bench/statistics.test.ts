import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { publicWords } from '../../bench/public-data.ts'
import { median, ratioOfMedians, verdictOf } from '../../bench/statistics.ts'

const times = (minLength: number, maxLength: number) =>
  fc.array(fc.double({ min: 1e-4, max: 100, noNaN: true }), { minLength, maxLength })

/** Log-normal times around 1: the spread of a middling noisy machine. */
function noise(label: string, count: number): number[] {
  const words = publicWords(label, 2 * count)
  return Array.from({ length: count }, (_, i) => {
    const [u, v] = [words[2 * i]!, words[2 * i + 1]!].map((word) => (word + 1) / 2 ** 32)
    return Math.exp(0.1 * Math.sqrt(-2 * Math.log(u!)) * Math.cos(2 * Math.PI * v!))
  })
}

describe('median', () => {
  it('has as many values above it as below', () => {
    fc.assert(
      fc.property(times(1, 20), (values) => {
        const middle = median(values)
        const above = values.filter((value) => value > middle).length
        const below = values.filter((value) => value < middle).length
        expect(Math.max(above, below)).toBeLessThanOrEqual(values.length / 2)
      }),
    )
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(() => median([])).toThrow(RangeError)
  })
})

describe('ratioOfMedians', () => {
  it('of one block each is the ratio of the medians, within its interval, and the same each time', () => {
    fc.assert(
      fc.property(times(1, 9), times(1, 9), (first, second) => {
        const result = ratioOfMedians([first], [second])
        expect(result.ratio).toBeCloseTo(median(second) / median(first), 8)
        expect(result.low).toBeLessThanOrEqual(result.high)
        expect(ratioOfMedians([first], [second])).toEqual(result)
      }),
      { numRuns: 20 },
    )
  })

  it('does not depend on the unit', () => {
    const [first, second] = [noise('a', 7), noise('b', 7)]
    const inMs = (values: number[]): number[] => values.map((value) => 1000 * value)
    const plain = ratioOfMedians([first], [second])
    const scaled = ratioOfMedians([inMs(first)], [inMs(second)])
    expect(scaled.low).toBeCloseTo(plain.low, 10)
    expect(scaled.high).toBeCloseTo(plain.high, 10)
  })

  it('is not misled by a machine that slows down from block to block', () => {
    const first = [1, 2, 4, 8, 16].map((state) => [1, 1.01, 0.99].map((time) => time * state))
    const second = first.map((block) => block.map((time) => time * 1.1))
    const result = ratioOfMedians(first, second)
    expect(result.ratio).toBeCloseTo(1.1, 10)
    expect(result.low).toBeGreaterThan(1.05)
    expect(result.high).toBeLessThan(1.15)
    // The same runs as one block show nothing: their states hide the difference.
    const pooled = ratioOfMedians([first.flat()], [second.flat()])
    expect(pooled.low).toBeLessThan(1)
  })

  it('seldom sees a difference where there is none, and mostly sees one of 40 %', () => {
    let mistaken = 0
    let found = 0
    const trials = 60
    for (let trial = 0; trial < trials; trial++) {
      const first = noise(`first/${trial}`, 5)
      const second = noise(`second/${trial}`, 5)
      const slower = second.map((time) => 1.4 * time)
      if (verdictOf(ratioOfMedians([first], [second]), 5) !== 'no difference shown') mistaken++
      if (verdictOf(ratioOfMedians([first], [slower]), 5) === 'slower') found++
    }
    expect(mistaken).toBeLessThanOrEqual(0.1 * trials)
    expect(found).toBeGreaterThanOrEqual(0.9 * trials)
  })

  it('refuses what cannot be compared', () => {
    expect(() => ratioOfMedians([[1]], [[1], [2]])).toThrow('1 blocks cannot be set beside 2')
    expect(() => ratioOfMedians([], [])).toThrow(RangeError)
    expect(() => ratioOfMedians([[1]], [[]])).toThrow(RangeError)
    expect(() => ratioOfMedians([[1]], [[0]])).toThrow(RangeError)
    expect(() => ratioOfMedians([[1]], [[Number.NaN]])).toThrow(RangeError)
  })
})

describe('verdictOf', () => {
  it('needs an interval that does not touch 1, and five runs', () => {
    expect(verdictOf({ ratio: 0.8, low: 0.7, high: 0.9 }, 5)).toBe('faster')
    expect(verdictOf({ ratio: 1.2, low: 1.1, high: 1.3 }, 5)).toBe('slower')
    expect(verdictOf({ ratio: 1.2, low: 1, high: 1.3 }, 5)).toBe('no difference shown')
    expect(verdictOf({ ratio: 0.8, low: 0.7, high: 1 }, 5)).toBe('no difference shown')
    expect(verdictOf({ ratio: 1.2, low: 1.1, high: 1.3 }, 4)).toBe('no difference shown')
  })
})
