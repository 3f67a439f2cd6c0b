import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import * as ring from '../../../shares/bits/ring.ts'
import { newArena, view } from '../../../shares/field/memory.ts'
import { guarded } from '../field/samples.ts'

const LANES = 256

/** Numbers whose extremes are as likely as the rest. */
const numbers = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 0xffff_ffff }),
    fc.constantFrom(0, 1, 0x7f, 0x80, 0xffff, 0xffff_ffff),
  ),
  {
    minLength: LANES,
    maxLength: LANES,
  },
)
const bits = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: LANES, maxLength: LANES })

const planeOf = (lanes: readonly number[]): Uint8Array<ArrayBuffer> => {
  const plane = new Uint8Array(LANES / 8)
  lanes.forEach((bit, lane) => (plane[lane >> 3]! |= bit << (lane & 7)))
  return plane
}

describe.each([1, 2, 4] as const)('%i bytes', (width) => {
  const modulus = 2 ** (8 * width)
  const reduce = (x: number): number => ((x % modulus) + modulus) % modulus
  const encode = (values: readonly number[]): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(values.length * width)
    values.forEach((value, i) => {
      for (let k = 0; k < width; k++) {
        bytes[i * width + k] = Math.floor(reduce(value) / 2 ** (8 * k)) & 0xff
      }
    })
    return bytes
  }
  const check = (
    run: (o: ring.RingVector, a: ring.RingVector, b: ring.RingVector, plane: Uint8Array) => void,
    model: (a: number, b: number, bit: number, o: number) => number,
    place0: (bytes: Uint8Array<ArrayBuffer>) => { ptr: number },
    [a, b, lanes]: readonly [number[], number[], number[]],
  ): void => {
    const vector = (values: readonly number[]): ring.RingVector => ({
      ptr: place0(encode(values)).ptr,
      length: LANES,
      width,
    })
    for (const onto of [false, true]) {
      const [x, y] = [vector(a), vector(b)]
      const out = onto ? x : vector(b)
      run(out, x, y, planeOf(lanes))
      const expected = a.map((value, i) =>
        model(reduce(value), reduce(b[i]!), lanes[i]!, reduce(onto ? value : b[i]!)),
      )
      expect([...view(ring.ringBlock(out))]).toEqual([...encode(expected)])
    }
  }
  const all = fc.tuple(numbers, numbers, bits)

  test('addition, subtraction', () => {
    fc.assert(
      fc.property(all, (values) => {
        guarded((_, place) => {
          check(
            (o, a, b) => ring.add(o, a, b),
            (a, b) => a + b,
            place,
            values,
          )
          check(
            (o, a, b) => ring.subtract(o, a, b),
            (a, b) => a - b,
            place,
            values,
          )
        })
      }),
    )
  })

  test('products', () => {
    const product = (o: number, a: number, b: number, factor: number): number =>
      Number((BigInt(o) + BigInt(factor) * BigInt(a) * BigInt(b)) & BigInt(modulus - 1))
    fc.assert(
      fc.property(all, fc.constantFrom(1, -2), (values, factor) => {
        guarded((_, place) => {
          check(
            (o, a, b) => ring.addProduct(o, a, b, factor),
            (a, b, _bit, o) => product(o, a, b, factor),
            place,
            values,
          )
        })
      }),
    )
  })

  test('bits less a vector, and flips', () => {
    fc.assert(
      fc.property(all, fc.constantFrom(0, 1), (values, one) => {
        guarded((_, place) => {
          check(
            (o, a, _b, plane) => ring.subtractFromBits(o, place(plane), a),
            (a, _b, bit) => bit - a,
            place,
            values,
          )
          check(
            (o, a, _b, plane) => ring.flipWhere(o, a, place(plane), one),
            (a, _b, bit) => (bit === 1 ? one - a : a),
            place,
            values,
          )
        })
      }),
    )
  })

  test('sums', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        guarded((_, place) => {
          const vector = { ptr: place(encode(values)).ptr, length: LANES, width }
          const expected = reduce(values.reduce((sum, value) => sum + reduce(value), 0))
          expect(reduce(ring.sum(vector))).toBe(expected)
        })
      }),
    )
  })
})

test('widths, and lengths that do not fit', () => {
  expect([1, 8, 9, 16, 17, 32].map(ring.ringWidth)).toEqual([1, 1, 2, 2, 4, 4])
  expect(() => ring.ringWidth(33)).toThrow(RangeError)
  const arena = newArena()
  guarded((_, place) => {
    const [x, y] = [ring.newRing(arena, 128, 1), ring.newRing(arena, 256, 1)]
    expect(() => ring.newRing(arena, 100, 1)).toThrow(RangeError)
    expect(() => ring.add(x, x, y)).toThrow(RangeError)
    expect(() => ring.add(x, x, ring.newRing(arena, 128, 2))).toThrow(RangeError)
    expect(() => ring.flipWhere(x, x, place(new Uint8Array(32)), 0)).toThrow(RangeError)
    expect(ring.sliceRing(y, 128, 256)).toEqual({ ptr: y.ptr + 128, length: 128, width: 1 })
    expect(() => ring.sliceRing(y, 128, 384)).toThrow(RangeError)
  })
  arena.release()
})
