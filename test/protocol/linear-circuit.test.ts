/** Sums and products as circuits, on all numbers of a few planes. */
import { describe, expect, test } from 'vitest'

import { CircuitBuilder } from '../../protocol/circuit-builder.ts'
import { circuitStats, evaluatePlain } from '../../protocol/circuit.ts'
import { productOf, sumOf } from '../../protocol/linear-circuit.ts'

const DEPTHS = [0, 4, Infinity]

/** The outputs as a number, for every assignment of the inputs. */
function allOutputs(
  inputs: number,
  build: (b: CircuitBuilder, planes: readonly number[]) => number[],
) {
  const b = new CircuitBuilder()
  const circuit = b.build(build(b, b.inputs(inputs)))
  return Array.from({ length: 2 ** inputs }, (_, assignment) => {
    const bits = Array.from({ length: inputs }, (_, i) => (assignment >> i) & 1)
    return evaluatePlain(circuit, bits).reduce((sum, bit, i) => sum + bit * 2 ** i, 0)
  })
}

describe('sums of multiples', () => {
  const forms = [
    { factors: [1n, 1n], constant: 0n },
    { factors: [1n, -1n], constant: 0n },
    { factors: [3n, -2n], constant: 5n },
    { factors: [-1n, -5n], constant: -3n },
    { factors: [100n, 7n], constant: 1n },
    { factors: [0n, 4n], constant: -1n },
  ]
  test.each(DEPTHS)('of two numbers, carries within %s rounds', (depth) => {
    for (const { factors, constant } of forms) {
      for (const digits of [1, 4, 9]) {
        const found = allOutputs(6, (b, planes) => {
          const terms = factors.map((factor, nth) => ({
            planes: planes.slice(3 * nth, 3 * nth + 3),
            factor,
          }))
          return sumOf(b, terms, constant, digits, depth)
        })
        found.forEach((sum, assignment) => {
          const [x, y] = [BigInt(assignment & 7), BigInt(assignment >> 3)]
          const exact = factors[0]! * x + factors[1]! * y + constant
          expect(BigInt(sum)).toBe(BigInt.asUintN(digits, exact))
        })
      }
    }
  })

  test('one number alone takes no gate', () => {
    const b = new CircuitBuilder()
    const planes = b.inputs(5)
    expect(sumOf(b, [{ planes, factor: 4n }], 3n, 7)).toEqual([1, 1, ...planes])
  })
})

describe('products', () => {
  test.each(DEPTHS)('of two numbers, carries within %s rounds', (depth) => {
    for (const [k, l] of [
      [1, 1],
      [3, 2],
      [4, 4],
    ] as const) {
      const found = allOutputs(k + l, (b, planes) =>
        productOf(b, planes.slice(0, k), planes.slice(k), depth),
      )
      found.forEach((product, assignment) => {
        expect(product).toBe((assignment & (2 ** k - 1)) * (assignment >> k))
      })
    }
  })

  test('of a number with itself, in fewer ANDs', () => {
    const squares = allOutputs(5, (b, planes) => productOf(b, planes, planes))
    expect(squares).toEqual(Array.from({ length: 32 }, (_, x) => x * x))
    const andsOf = (same: boolean): number => {
      const b = new CircuitBuilder()
      const x = b.inputs(5)
      const y = same ? x : b.inputs(5)
      return circuitStats(b.build(productOf(b, x, y, Infinity))).ands
    }
    expect(andsOf(true)).toBeLessThan((2 * andsOf(false)) / 3)
    // 25 products of bits, and a full or half adder for each that is not left over.
    expect(andsOf(false)).toBeLessThanOrEqual(2 * 25)
  })
})
