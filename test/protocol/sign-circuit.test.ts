import { describe, expect, test } from 'vitest'

import { circuitStats, evaluatePlain } from '../../protocol/circuit.ts'
import { digitsCircuit, signCircuit, zeroCircuit } from '../../protocol/sign-circuit.ts'

/** All tuples of `count` numbers below `limit`. */
function* tuples(count: number, limit: number): Generator<number[]> {
  for (let code = 0; code < limit ** count; code++) {
    yield Array.from({ length: count }, (_, k) => Math.floor(code / limit ** k) % limit)
  }
}

const bitsOf = (value: number, width: number): number[] =>
  Array.from({ length: width }, (_, i) => (value >> i) & 1)

/** How many summands, and how wide a Mersenne field: all of its elements are tried in all places. */
const FIELDS = [
  [2, 3],
  [2, 5],
  [2, 7],
  [3, 3],
  [3, 5],
  [4, 3],
  [5, 3],
] as const

describe.each(FIELDS)(
  '%i summands in the field of 2^%i - 1 elements, all of them',
  (count, width) => {
    const p = 2 ** width - 1
    const sumOf = (summands: readonly number[]): number =>
      summands.reduce((sum, u) => (sum + u) % p, 0)

    test('sign, for every depth of the carry', () => {
      const least = Math.ceil(Math.log2(width)) + 1
      for (let depth = least; depth <= width; depth++) {
        const circuit = signCircuit(count, width, depth)
        for (const summands of tuples(count, p)) {
          const bits = summands.flatMap((u) => bitsOf((2 * u) % p, width))
          const negative = sumOf(summands) > (p - 1) / 2 ? 1 : 0
          const [result] = evaluatePlain(circuit, bits)
          if (result !== negative) expect.fail(`sign of ${summands.join('+')} in depth ${depth}`)
        }
      }
    })

    test('digits', () => {
      for (let digits = 1; digits <= width; digits++) {
        const circuit = digitsCircuit(count, width, width, digits)
        for (const summands of tuples(count, p)) {
          const found = evaluatePlain(
            circuit,
            summands.flatMap((u) => bitsOf(u, width)),
          )
          const wanted = bitsOf(sumOf(summands), digits).join()
          if (found.join() !== wanted) expect.fail(`digits of ${summands.join('+')}`)
        }
      }
    })

    test('zero', () => {
      const circuit = zeroCircuit(count, width)
      let zeros = 0
      for (const summands of tuples(count, p)) {
        const bits = summands.flatMap((u, k) => bitsOf(k === 0 ? (p - u) % p : u, width))
        const [result] = evaluatePlain(circuit, bits)
        if (result !== (sumOf(summands) === 0 ? 1 : 0)) expect.fail(summands.join('+'))
        zeros += result ?? 0
      }
      expect(zeros).toBe(p ** (count - 1))
    })

    test('the range of the summands matters: what the head comment excludes goes wrong', () => {
      const all = (value: number): number[] => Array.from({ length: count }, () => value)
      const planes = (values: readonly number[]): number[] =>
        values.flatMap((u) => bitsOf(u, width))
      // All summands p, though that stands for 0: "negative".
      const sign = signCircuit(count, width, width)
      expect(evaluatePlain(sign, planes(all(p)))).toEqual([1])
      // The first summand as 0 rather than p, the others 0: "not zero".
      expect(evaluatePlain(zeroCircuit(count, width), planes([p, ...all(0).slice(1)]))).toEqual([0])
    })
  },
)

test.each([
  [2, 6, 145, 6],
  [2, 7, 130, 7],
  [2, 8, 125, 8],
  [2, 61, 61, 61],
  [3, 7, 191, 8],
  [4, 7, 252, 9],
])(
  '61 bits, %i summands, carry in %i rounds: %i ANDs in %i rounds',
  (count, carry, ands, depth) => {
    expect(circuitStats(signCircuit(count, 61, carry))).toMatchObject({ ands, depth })
  },
)

test.each([
  [2, 60, 6],
  [3, 121, 7],
  [4, 182, 8],
])('zero of %i summands of 61 bits: %i ANDs in %i rounds', (count, ands, depth) => {
  expect(circuitStats(zeroCircuit(count, 61))).toMatchObject({ ands, depth })
})

test('a carry cannot be had in fewer rounds', () => {
  expect(() => signCircuit(2, 61, 5)).toThrow(RangeError)
})
