/** Common encodings of keys: equal values, and they alone, have equal keys. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { CircuitBuilder } from '../../../protocol/circuit-builder.ts'
import { evaluatePlain } from '../../../protocol/circuit.ts'
import { commonKey } from '../../../protocol/sql/lookup-key.ts'
import type { KeyOf } from '../../../protocol/sql/lookup-key.ts'
import { codecOf, planesOf } from '../../../shares/column-codec.ts'
import type { Column } from '../../../shares/schema.ts'

const WORDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const COMMON = { name: 'x', nullable: false }

const integers: fc.Arbitrary<Column> = fc
  .tuple(fc.integer({ min: -40, max: 40 }), fc.integer({ min: 0, max: 40 }))
  .map(([min, more]) => ({ ...COMMON, type: 'integer', min, max: min + more }))
const texts: fc.Arbitrary<Column> = fc
  .shuffledSubarray(WORDS, { minLength: 1 })
  .map((dictionary) => ({ ...COMMON, type: 'text', dictionary }))
const day = (number: number): string =>
  new Date(Date.UTC(2024, 0, number)).toISOString().slice(0, 10)
const dates: fc.Arbitrary<Column> = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 60 }))
  .map(([min, more]) => ({ ...COMMON, type: 'date', min: day(min), max: day(min + more) }))
const stamps: fc.Arbitrary<Column> = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }))
  .map(([min, more]) => ({
    ...COMMON,
    type: 'timestamp',
    resolutionSeconds: 20,
    min: `2024-01-01 00:00:0${min}`,
    max: `2024-01-01 00:0${min + more}:0${min}`,
  }))
const booleans: fc.Arbitrary<Column> = fc.constant({ ...COMMON, type: 'boolean' })

/** The key of each value that has a common one. */
function keysOf(column: Column, keyOf: KeyOf, width: number): Map<string, number> {
  const builder = new CircuitBuilder()
  const code = builder.inputs(planesOf(column))
  const { planes, isCommon } = keyOf(builder, code)
  expect(planes).toHaveLength(width)
  const circuit = builder.build([isCommon, ...planes])
  const keys = new Map<string, number>()
  for (let number = 0n; number <= codecOf(column).codeMax; number++) {
    const inputs = code.map((_, i) => Number((number >> BigInt(i)) & 1n))
    const [common, ...bits] = evaluatePlain(circuit, inputs)
    const key = bits.reduce((sum, bit, i) => sum + bit * 2 ** i, 0)
    if (common === 1) keys.set(codecOf(column).textOf(number), key)
  }
  return keys
}

function valuesOf(column: Column): string[] {
  const codec = codecOf(column)
  return Array.from({ length: Number(codec.codeMax) + 1 }, (_, code) => codec.textOf(BigInt(code)))
}

test.each([
  ['integers', integers],
  ['texts', texts],
  ['dates', dates],
  ['timestamps', stamps],
  ['booleans', booleans],
])('%s: what both sides can have has one key, which is narrow', (_, columns) => {
  fc.assert(
    fc.property(columns, columns, (left, right) => {
      const { width, ...sides } = commonKey(left, right)
      const [ofLeft, ofRight] = [keysOf(left, sides.left, width), keysOf(right, sides.right, width)]
      const both = valuesOf(left).filter((value) => valuesOf(right).includes(value))
      expect([...ofLeft.keys()].toSorted()).toEqual(both.toSorted())
      for (const [value, key] of ofLeft) expect(ofRight.get(value)).toBe(key)
      expect(ofRight.size).toBe(ofLeft.size)
      expect(new Set(ofLeft.values()).size).toBe(ofLeft.size)
      const needed = Math.max(1, Math.ceil(Math.log2(both.length || 1)))
      // Of one dictionary, codes stay what they are.
      expect(width).toBeLessThanOrEqual(
        left.type === 'text' ? Math.max(needed, planesOf(right)) : needed,
      )
    }),
    { numRuns: 300 },
  )
})

test('numbers of different scales are refused', () => {
  const cents: Column = {
    ...COMMON,
    type: 'decimal',
    precision: 5,
    scale: 2,
    min: '0',
    max: '9',
  }
  const whole: Column = { ...COMMON, type: 'integer', min: 0, max: 9 }
  expect(() => commonKey(whole, cents)).toThrow(
    expect.objectContaining({ code: 'SH_SQL_UNSUPPORTED' }),
  )
  expect(commonKey(cents, { ...cents, min: '1', max: '2' }).width).toBe(7)
})
