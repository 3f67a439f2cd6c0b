import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { CircuitBuilder, type Planes, type Wire } from '../../protocol/circuit-builder.ts'
import {
  add,
  betweenConstants,
  equals,
  equalsConstant,
  fullAdder,
  inSet,
  lessThan,
  lessThanConstant,
  oneHot,
  select,
} from '../../protocol/circuit-gadgets.ts'
import {
  type Circuit,
  circuitStats,
  evaluatePlain,
  layerCircuit,
  validateCircuit,
} from '../../protocol/circuit.ts'

const bitsOf = (value: number, width: number): number[] =>
  Array.from({ length: width }, (_, i) => Math.floor(value / 2 ** i) % 2)
const numberOf = (bits: readonly number[]): number =>
  bits.reduce((sum, bit, i) => sum + bit * 2 ** i, 0)

/** Builds a circuit over numbers of these widths and returns it as a function of numbers. */
function functionOf(
  widths: readonly number[],
  body: (b: CircuitBuilder, ...xs: Planes[]) => readonly Wire[],
) {
  const b = new CircuitBuilder()
  const circuit = b.build(body(b, ...widths.map((width) => b.inputs(width))))
  validateCircuit(circuit)
  const run = (...values: number[]): number[] =>
    evaluatePlain(
      circuit,
      values.flatMap((value, i) => bitsOf(value, widths[i]!)),
    )
  return { circuit, run, ...circuitStats(circuit) }
}

const values = (width: number): number[] => Array.from({ length: 2 ** width }, (_, v) => v)

describe('CircuitBuilder', () => {
  test('random expressions compute what they say, with constants folded and gates shared', () => {
    const operation = fc.record({
      kind: fc.constantFrom(
        'and' as const,
        'or' as const,
        'xor' as const,
        'not' as const,
        'mux' as const,
      ),
      a: fc.nat(),
      b: fc.nat(),
      c: fc.nat(),
    })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const b = new CircuitBuilder()
        const wires: Wire[] = [b.constant(false), b.constant(true), ...b.inputs(4)]
        const models: number[] = [0, 0xffff, 0xaaaa, 0xcccc, 0xf0f0, 0xff00]
        for (const op of operations) {
          const [i, j, k] = [op.a % wires.length, op.b % wires.length, op.c % wires.length]
          const [u, v, w] = [wires[i]!, wires[j]!, wires[k]!]
          const [x, y, z] = [models[i]!, models[j]!, models[k]!]
          const next = {
            and: () => ({ wire: b.and(u, v), model: x & y }),
            or: () => ({ wire: b.or(u, v), model: x | y }),
            xor: () => ({ wire: b.xor(u, v), model: x ^ y }),
            not: () => ({ wire: b.not(u), model: 0xffff ^ x }),
            mux: () => ({ wire: b.mux(u, v, w), model: (x & y) | (~x & z) }),
          }[op.kind]()
          wires.push(next.wire)
          models.push(next.model)
        }
        const circuit = b.build(wires)
        validateCircuit(circuit)
        for (let v = 0; v < 16; v++) {
          expect(evaluatePlain(circuit, bitsOf(v, 4))).toEqual(models.map((m) => (m >> v) & 1))
        }
      }),
    )
  })

  test('the four ANDs of two wires and their complements are one gate', () => {
    const f = functionOf([1, 1], (b, [x], [y]) => [
      b.and(x!, y!),
      b.and(b.not(x!), y!),
      b.and(x!, b.not(y!)),
      b.and(b.not(x!), b.not(y!)),
      b.or(y!, x!),
    ])
    expect(f.ands).toBe(1)
    expect(f.run(1, 0)).toEqual([0, 0, 1, 0, 1])
  })

  type Law = (
    b: CircuitBuilder,
    x: Wire,
    y: Wire,
    z: Wire,
  ) => readonly [found: Wire, expected: Wire]
  const laws: readonly (readonly [string, Law])[] = [
    ['NOT NOT x = x', (b, x) => [b.not(b.not(x)), x]],
    ['xx = x', (b, x, y) => [b.and(b.and(x, y), b.and(y, x)), b.and(x, y)]],
    ['x OR NOT x = 1', (b, x) => [b.or(x, b.not(x)), b.constant(true)]],
    ['x(xy) = xy', (b, x, y) => [b.and(x, b.and(x, y)), b.and(x, y)]],
    ['x(x OR y) = x', (b, x, y) => [b.and(b.or(x, y), x), x]],
    ['x OR xy = x', (b, x, y) => [b.or(b.and(y, x), x), x]],
    ['NOT x(xy) = 0', (b, x, y) => [b.and(b.not(x), b.and(x, y)), b.constant(false)]],
    ['x NOT(xy) = x NOT y', (b, x, y) => [b.and(x, b.not(b.and(x, y))), b.and(x, b.not(y))]],
    ['x(NOT x OR y) = xy', (b, x, y) => [b.and(x, b.or(b.not(x), y)), b.and(x, y)]],
    ['(xy)(NOT x z) = 0', (b, x, y, z) => [b.and(b.and(x, y), b.and(b.not(x), z)), 0]],
    ['xy(x OR z) = xy', (b, x, y, z) => [b.and(b.and(x, y), b.or(z, x)), b.and(x, y)]],
    ['xy OR x NOT y = x', (b, x, y) => [b.or(b.and(x, y), b.and(b.not(y), x)), x]],
    ['(x OR y)(x OR NOT y) = x', (b, x, y) => [b.and(b.or(x, y), b.or(b.not(y), x)), x]],
  ]
  test.each(laws)('%s, for every choice of complements', (_name, law) => {
    for (let flips = 0; flips < 8; flips++) {
      const b = new CircuitBuilder()
      const [x, y, z] = [0, 1, 2].map((i) => b.input() ^ ((flips >> i) & 1))
      const [found, expected] = law(b, x!, y!, z!)
      expect(found).toBe(expected)
    }
  })

  test('dead gates are dropped and inputs kept', () => {
    const f = functionOf([3], (b, x) => {
      b.and(x[0]!, x[1]!)
      return [x[2]!]
    })
    expect(f.circuit).toEqual({ inputs: 3, gates: [], outputs: [4] })
  })

  test('cheapest takes trials back', () => {
    const b = new CircuitBuilder()
    const [x, y, z] = [b.input(), b.input(), b.input()]
    const wire = b.cheapest([() => b.and(x, b.and(y, z)), () => b.and(x, y), () => b.or(y, z)])
    expect(b.ands).toBe(1)
    expect(wire).toBe(b.and(x, y))
    expect(b.ands).toBe(1)
  })

  test('a wide AND has logarithmic depth', () => {
    const f = functionOf([37], (b, x) => [b.andMany(x), b.orMany(x)])
    expect(f.depth).toBe(6)
    // 36 each, of which the 18 of the first level are shared.
    expect(f.ands).toBe(54)
  })
})

describe('gadgets equal their ideal functions on all operands', () => {
  test.each([1, 2, 3, 5])('comparison with constants, %i planes', (width) => {
    for (let c = -1; c <= 2 ** width + 1; c++) {
      const f = functionOf([width], (b, x) => [
        lessThanConstant(b, x, c),
        equalsConstant(b, x, BigInt(c)),
        betweenConstants(b, x, c, c + 2),
      ])
      for (const x of values(width)) {
        expect(f.run(x)).toEqual([+(x < c), +(x === c), +(c <= x && x <= c + 2)])
      }
    }
  })

  test.each([
    [1, 1],
    [3, 3],
    [4, 2],
    [2, 4],
  ])('comparison, addition and selection of %i and %i planes', (k, l) => {
    const width = Math.max(k, l)
    const f = functionOf([k, l, 1], (b, x, y, [carry]) => [
      lessThan(b, x, y),
      equals(b, x, y),
      ...add(b, x, y),
      ...add(b, x, y, carry),
      ...select(b, carry!, x, y),
    ])
    for (const x of values(k)) {
      for (const y of values(l)) {
        for (const carry of [0, 1]) {
          const out = f.run(x, y, carry)
          expect(out.slice(0, 2)).toEqual([+(x < y), +(x === y)])
          expect(numberOf(out.slice(2, width + 3))).toBe(x + y)
          expect(numberOf(out.slice(width + 3, 2 * width + 4))).toBe(x + y + carry)
          expect(numberOf(out.slice(2 * width + 4))).toBe(carry === 1 ? x : y)
        }
      }
    }
  })

  test('full adder: one AND', () => {
    const f = functionOf([1, 1, 1], (b, [x], [y], [z]) => {
      const { sum, carry } = fullAdder(b, x!, y!, z!)
      return [sum, carry]
    })
    expect(f.ands).toBe(1)
    for (const v of values(3)) {
      const bits = bitsOf(v, 3)
      expect(numberOf(f.run(...bits))).toBe(bits.reduce((x, y) => x + y))
    }
  })

  test('depth of comparisons is the logarithm of the width', () => {
    expect(functionOf([32], (b, x) => [lessThanConstant(b, x, 0x5a5a_1234)]).depth).toBe(5)
    expect(functionOf([32, 32], (b, x, y) => [lessThan(b, x, y)]).depth).toBe(6)
    expect(functionOf([32, 32], (b, x, y) => add(b, x, y)).depth).toBeLessThanOrEqual(7)
  })

  test('inSet equals membership', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 7 })
          .chain((width) =>
            fc.tuple(fc.constant(width), fc.uniqueArray(fc.nat({ max: 2 ** width + 1 }))),
          ),
        ([width, codes]) => {
          const f = functionOf([width], (b, x) => [inSet(b, x, codes)])
          for (const x of values(width)) expect(f.run(x)).toEqual([+codes.includes(x)])
        },
      ),
    )
  })

  test('inSet of scattered codes costs far less than a decoder', () => {
    const codes = values(9).filter((code) => (code * 0x9e37_79b1) % 7 < 3)
    expect(functionOf([9], (b, x) => [inSet(b, x, codes)]).ands).toBeLessThan(60)
  })

  test('oneHot equals equality with each code', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 0, max: 6 })
          .chain((width) => fc.tuple(fc.constant(width), fc.array(fc.nat({ max: 2 ** width })))),
        ([width, codes]) => {
          const f = functionOf([width], (b, x) => oneHot(b, x, codes))
          for (const x of values(width)) expect(f.run(x)).toEqual(codes.map((c) => +(c === x)))
        },
      ),
    )
  })

  test.each([1, 2, 3, 4, 7])('a complete decoder of %i planes takes 2^k - k - 1 ANDs', (k) => {
    expect(functionOf([k], (b, x) => oneHot(b, x, values(k))).ands).toBe(2 ** k - k - 1)
  })
})

describe('validation and layers', () => {
  const malformed: [string, Circuit][] = [
    ['a forward reference', { inputs: 1, gates: [[1, 2, 3]], outputs: [3] }],
    [
      'an unknown gate',
      {
        inputs: 1, // @ts-expect-error no such kind of gate
        gates: [[2, 0, 1]],
        outputs: [3],
      },
    ],
    ['a missing output', { inputs: 1, gates: [], outputs: [3] }],
    ['a fractional wire', { inputs: 1, gates: [[0, 0.5, 1]], outputs: [3] }],
    ['negative inputs', { inputs: -1, gates: [], outputs: [] }],
  ]
  test.each(malformed)('%s is refused', (_name, circuit) => {
    expect(() => validateCircuit(circuit)).toThrow(
      expect.objectContaining({ code: 'SH_PROTOCOL_CIRCUIT' }),
    )
  })

  test('all ANDs of one depth share a layer; XORs follow theirs', () => {
    const layers = layerCircuit({
      inputs: 2,
      gates: [
        [0, 2, 3],
        [1, 2, 3],
        [1, 4, 5],
        [1, 2, 4],
        [0, 6, 7],
      ],
      outputs: [8],
    })
    expect(layers).toEqual([
      { ands: [], xors: [0] },
      { ands: [1, 3], xors: [] },
      { ands: [2], xors: [4] },
    ])
  })
})
