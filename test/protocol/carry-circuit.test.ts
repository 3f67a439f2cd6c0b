/** Comparison and addition in every depth: right on all operands, with the ANDs that are stated. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { carryOut, carryOutOfConstant, leastDepth } from '../../protocol/carry-circuit.ts'
import { CircuitBuilder, type Planes, type Wire } from '../../protocol/circuit-builder.ts'
import {
  add,
  type AdderShape,
  equals,
  lessThan,
  lessThanConstant,
} from '../../protocol/circuit-gadgets.ts'
import { circuitStats, evaluatePlain } from '../../protocol/circuit.ts'
import { isNegative, isZero, type Term } from '../../protocol/linear-circuit.ts'

const bitsOf = (value: number, width: number): number[] =>
  Array.from({ length: width }, (_, i) => Math.floor(value / 2 ** i) % 2)

function circuitOf(
  widths: readonly number[],
  body: (b: CircuitBuilder, ...xs: Planes[]) => readonly Wire[],
) {
  const b = new CircuitBuilder()
  const circuit = b.build(body(b, ...widths.map((width) => b.inputs(width))))
  const run = (...values: number[]): number[] =>
    evaluatePlain(
      circuit,
      values.flatMap((value, i) => bitsOf(value, widths[i]!)),
    )
  const { ands, depth } = circuitStats(circuit)
  return { run, ands, depth }
}

describe.each([1, 2, 3, 4, 5])('numbers of %i planes, all of them, in every depth', (width) => {
  const all = Array.from({ length: 2 ** width }, (_, v) => v)
  const depths = [...Array.from({ length: width + 3 }, (_, d) => d), Infinity]

  test('two numbers', () => {
    for (const depth of depths) {
      const f = circuitOf([width, width], (b, x, y) => [lessThan(b, x, y, depth)])
      expect(f.depth).toBeLessThanOrEqual(Math.max(depth, leastDepth(width, true)))
      for (const x of all) for (const y of all) expect(f.run(x, y)).toEqual([+(x < y)])
    }
  })

  test('a number and a constant', () => {
    for (const depth of depths) {
      for (const c of all) {
        const f = circuitOf([width], (b, x) => [lessThanConstant(b, x, c, depth)])
        expect(f.depth).toBeLessThanOrEqual(Math.max(depth, leastDepth(width, false)))
        for (const x of all) expect(f.run(x)).toEqual([+(x < c)])
      }
    }
  })

  test.each(['ripple', 'blocked', 'tree'] as const)('sums, %s', (shape) => {
    const f = circuitOf([width, width, 1], (b, x, y, [carry]) => add(b, x, y, carry, shape))
    for (const x of all) {
      for (const y of all) {
        for (const carry of [0, 1]) {
          const sum = f.run(x, y, carry).reduce((value, bit, i) => value + bit * 2 ** i, 0)
          expect(sum).toBe(x + y + carry)
        }
      }
    }
  })
})

test('constants of 16 planes, in every depth, on both sides of the constant', () => {
  const constant = fc.integer({ min: 1, max: 65_535 })
  fc.assert(
    fc.property(constant, constant, fc.integer({ min: 0, max: 18 }), (c, x, depth) => {
      const f = circuitOf([16], (b, planes) => [lessThanConstant(b, planes, c, depth)])
      for (const value of [x, c, c - 1]) expect(f.run(value)).toEqual([+(value < c)])
      expect(f.depth).toBeLessThanOrEqual(Math.max(depth, 4))
      expect(f.ands).toBeLessThanOrEqual(20)
    }),
  )
})

test('fewer ANDs for more rounds, and no more rounds than that takes', () => {
  const secret = (width: number, depth: number) => {
    const { ands, depth: rounds } = circuitOf([width, width], (b, x, y) => [
      lessThan(b, x, y, depth),
    ])
    return [ands, rounds]
  }
  expect([0, 7, 8, 16, Infinity].map((depth) => secret(32, depth))).toEqual([
    [66, 6],
    [63, 7],
    [60, 8],
    [50, 16],
    [32, 32],
  ])
  const known = (c: number, depth: number) => {
    const { ands, depth: rounds } = circuitOf([32], (b, x) => [lessThanConstant(b, x, c, depth)])
    return [ands, rounds]
  }
  // Alternating bits are the worst.
  expect([0, 6, Infinity].map((depth) => known(0x5555_5555, depth))).toEqual([
    [42, 5],
    [34, 6],
    [31, 8],
  ])
  expect([0, 6, Infinity].map((depth) => known(0x1234_5679, depth))).toEqual([
    [39, 5],
    [32, 6],
    [31, 7],
  ])
  // One run of ones and zeros each: an OR and an AND.
  expect(known(0xffff_0000, 0)).toEqual([15, 4])
  expect(known(0x0001_0000, 0)).toEqual([15, 4])
  expect(known(0x0000_ffff, 0)).toEqual([31, 5])
})

test.each([
  ['ripple', 32, 32],
  ['blocked', 115, 12],
  ['tree', 161, 6],
] as const)('adding 32 planes by %s: %i ANDs in %i rounds', (shape: AdderShape, ands, depth) => {
  expect(circuitOf([32, 32], (b, x, y) => add(b, x, y, 0, shape))).toMatchObject({ ands, depth })
})

test('a carry cannot be had in fewer rounds', () => {
  const b = new CircuitBuilder()
  const [x, y] = [b.inputs(9), b.inputs(9)]
  expect(() => carryOut(b, x, y, leastDepth(9, true) - 1)).toThrow(RangeError)
  const digits = x.map((_, i) => i % 2 === 1)
  expect(() => carryOutOfConstant(b, x, digits, leastDepth(9, false) - 1)).toThrow(RangeError)
})

describe('linear forms', () => {
  test('sign and zero, on all operands of small ones', () => {
    const factor = fc.integer({ min: -6, max: 6 })
    const width = fc.integer({ min: 1, max: 3 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(width, factor), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: -30, max: 30 }),
        fc.integer({ min: 0, max: 9 }),
        (terms, constant, depth) => {
          const widths = terms.map(([planes]) => planes)
          const f = circuitOf(widths, (b, ...numbers) => {
            const form = numbers.map((planes, k): Term => ({
              planes,
              factor: BigInt(terms[k]![1]),
            }))
            return [isNegative(b, form, BigInt(constant), depth), isZero(b, form, BigInt(constant))]
          })
          const total = widths.reduce((sum, planes) => sum + planes, 0)
          for (let code = 0; code < 2 ** total; code++) {
            let rest = code
            const values = widths.map((planes) => {
              const value = rest % 2 ** planes
              rest = Math.floor(rest / 2 ** planes)
              return value
            })
            const form = values.reduce((sum, v, k) => sum + v * terms[k]![1], constant)
            expect(f.run(...values)).toEqual([+(form < 0), +(form === 0)])
          }
        },
      ),
    )
  })

  const form = (x: Planes, y: Planes, factor = 1n): Term[] => [
    { planes: x, factor },
    { planes: y, factor: -1n },
  ]

  test('a difference costs what a comparison costs', () => {
    const difference = circuitOf([20, 20], (b, x, y) => [isNegative(b, form(x, y), 0n)])
    const comparison = circuitOf([20, 20], (b, x, y) => [lessThan(b, x, y)])
    expect(difference.ands).toBe(comparison.ands)
    expect(difference.depth).toBe(comparison.depth)
    const zero = circuitOf([20, 20], (b, x, y) => [isZero(b, form(x, y), 0n)])
    const same = circuitOf([20, 20], (b, x, y) => [equals(b, x, y)])
    expect(zero.ands).toBe(same.ands)
  })

  test('an offset costs an AND a plane and one round', () => {
    const plain = circuitOf([20, 20], (b, x, y) => [isNegative(b, form(x, y), 0n)])
    const moved = circuitOf([20, 20], (b, x, y) => [isNegative(b, form(x, y), 5n)])
    expect(moved.ands - plain.ands).toBeLessThanOrEqual(24)
    expect(moved.depth - plain.depth).toBeLessThanOrEqual(2)
  })

  test('what the ranges decide takes nothing', () => {
    const f = circuitOf([4, 4], (b, x, y) => [
      isNegative(b, form(x, y), 15n),
      isNegative(b, form(x, y), -16n),
      isZero(b, form(x, y), 16n),
      isNegative(b, [{ planes: x, most: 9n, factor: 1n }], -10n),
    ])
    expect(f.run(3, 9)).toEqual([0, 1, 0, 1])
    expect(f.ands).toBe(0)
  })
})
