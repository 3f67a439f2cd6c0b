import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import * as ring from '../../../shares/bits/ring.ts'
import { newArena, view } from '../../../shares/field/memory.ts'
import { guarded } from '../field/samples.ts'

const LANES = 256

/** Numbers whose extremes are as likely as the rest. */
const numbers = fc.array(
  fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.constantFrom(0n, 1n, 0x7fn, 0x80n, 0xffffn, 0xffff_ffffn, 2n ** 63n, 2n ** 64n - 1n),
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

describe.each([1, 2, 4, 8] as const)('%i bytes', (width) => {
  const reduce = (x: bigint): bigint => BigInt.asUintN(8 * width, x)
  const encode = (values: readonly bigint[]): Uint8Array<ArrayBuffer> => {
    const words = BigUint64Array.from(values, reduce)
    const bytes = new Uint8Array(words.buffer)
    return bytes.filter((_, at) => at % 8 < width)
  }
  const check = (
    run: (o: ring.RingVector, a: ring.RingVector, b: ring.RingVector, plane: Uint8Array) => void,
    model: (a: bigint, b: bigint, bit: number, o: bigint) => bigint,
    place0: (bytes: Uint8Array<ArrayBuffer>) => { ptr: number },
    [a, b, lanes]: readonly [bigint[], bigint[], number[]],
  ): void => {
    const vector = (values: readonly bigint[]): ring.RingVector => ({
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
    fc.assert(
      fc.property(all, fc.constantFrom(1, -2), (values, factor) => {
        guarded((_, place) => {
          check(
            (o, a, b) => ring.addProduct(o, a, b, factor),
            (a, b, _bit, o) => o + BigInt(factor) * a * b,
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
            (a, _b, bit) => BigInt(bit) - a,
            place,
            values,
          )
          check(
            (o, a, _b, plane) => ring.flipWhere(o, a, place(plane), one),
            (a, _b, bit) => (bit === 1 ? BigInt(one) - a : a),
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
          const expected = reduce(values.reduce((sum, value) => sum + value))
          expect(ring.sum(vector)).toBe(expected)
        })
      }),
    )
  })
})

test('widths, and lengths that do not fit', () => {
  expect([1, 8, 9, 16, 17, 32, 33, 64].map(ring.ringWidth)).toEqual([1, 1, 2, 2, 4, 4, 8, 8])
  expect(() => ring.ringWidth(65)).toThrow(RangeError)
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
