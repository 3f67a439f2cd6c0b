import fc from 'fast-check'
import { expect, test } from 'vitest'

import {
  compressLanes,
  depositLanes,
  foldRows,
  parities,
  shiftLanes,
  turnLanes,
} from '../../../shares/bits/lanes.ts'
import { view } from '../../../shares/field/memory.ts'
import { guarded } from '../field/samples.ts'

type Bytes = Uint8Array<ArrayBuffer>

const planes = fc
  .integer({ min: 0, max: 20 })
  .chain((blocks) =>
    fc.tuple(
      ...[0, 1].map(() =>
        fc.oneof(
          fc.uint8Array({ minLength: 16 * blocks, maxLength: 16 * blocks }),
          fc.constantFrom(0, 0xff, 1, 0x80).map((byte) => new Uint8Array(16 * blocks).fill(byte)),
        ),
      ),
    ),
  )
  .map((pair) => pair.map((bytes) => Uint8Array.from(bytes)) as [Bytes, Bytes])

const bitsOf = (bytes: Uint8Array): number[] =>
  [...bytes].flatMap((byte) => Array.from({ length: 8 }, (_, k) => (byte >> k) & 1))

const ones = (mask: Uint8Array): number => bitsOf(mask).reduce((sum, bit) => sum + bit, 0)

/** `lanes` first, then zeros. */
const padded = (lanes: readonly number[], length: number): number[] => [
  ...lanes,
  ...Array.from({ length: length - lanes.length }, () => 0),
]

test('a shift moves every lane by the distance', () => {
  fc.assert(
    fc.property(planes, fc.nat(400), ([a], by) => {
      guarded((_, place) => {
        const out = place(a.slice().fill(0xa5))
        shiftLanes(out, place(a), by)
        const bits = bitsOf(a)
        expect(bitsOf(view(out))).toEqual(bits.map((_bit, lane) => bits[lane - by] ?? 0))
      })
    }),
    { examples: [[[new Uint8Array(16).fill(0xff), new Uint8Array(16)], 65]] },
  )
})

test('compression takes the lanes of the mask, in order', () => {
  fc.assert(
    fc.property(planes, fc.nat(3), ([a, mask], spare) => {
      guarded((_, place) => {
        const count = ones(mask)
        const out = place(new Uint8Array(16 * (Math.ceil(count / 128) + spare)).fill(0xa5))
        compressLanes(out, place(a), place(mask), count)
        const lanes = bitsOf(a)
        const chosen = bitsOf(mask).flatMap((bit, lane) => (bit === 1 ? [lanes[lane]!] : []))
        expect(bitsOf(view(out))).toEqual(padded(chosen, 8 * out.bytes))
      })
    }),
  )
})

test('a deposit puts them back', () => {
  fc.assert(
    fc.property(planes, ([a, mask]) => {
      guarded((_, place) => {
        const count = ones(mask)
        const packed = place(new Uint8Array(16 * Math.ceil(count / 128)))
        compressLanes(packed, place(a), place(mask), count)
        const out = place(a.slice().fill(0xa5))
        depositLanes(out, packed, place(mask), count)
        expect([...view(out)]).toEqual([...a].map((byte, i) => byte & mask[i]!))
      })
    }),
  )
})

test('folding is the XOR of the rows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.nat(40),
      fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
      (rows, bytes, stream) => {
        const a = Uint8Array.from({ length: rows * bytes }, () => stream.next().value!)
        guarded((_, place) => {
          const out = place(new Uint8Array(bytes))
          foldRows(out, place(a), rows)
          const expected = Array.from({ length: bytes }, (_byte, i) =>
            Array.from({ length: rows }, (_row, k) => a[k * bytes + i]!).reduce((x, y) => x ^ y, 0),
          )
          expect([...view(out)]).toEqual(expected)
        })
      },
    ),
  )
})

test('turning takes every plane around by the distance of its row', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }).chain((rows) => fc.tuple(fc.constant(rows), bytes(32 * rows))),
      fc.boolean(),
      fc.integer({ min: -130, max: 130 }),
      fc.integer({ min: -130, max: 130 }),
      ([rows, all], each, first, by) => {
        const a = Uint8Array.from(each ? all : all.slice(0, 32))
        guarded((_, place) => {
          const out = place(new Uint8Array(32 * rows))
          turnLanes(out, place(a), { rows, planes: 2, each, first, by })
          const bits = bitsOf(a)
          const expected = Array.from({ length: 256 * rows }, (_bit, at) => {
            const [row, plane, lane] = [Math.floor(at / 256), Math.floor(at / 128) % 2, at % 128]
            const turned = (((lane + first + row * by) % 128) + 128) % 128
            return bits[(each ? row * 256 : 0) + 128 * plane + turned]
          })
          expect(bitsOf(view(out))).toEqual(expected)
        })
      },
    ),
  )
})

test('parities of 128 lanes each', () => {
  fc.assert(
    fc.property(planes, fc.nat(1), ([a], spare) => {
      guarded((_, place) => {
        const blocks = a.length / 16
        const out = place(new Uint8Array(Math.ceil(blocks / 8) + spare).fill(0xa5))
        parities(out, place(a))
        const sums = Array.from(
          { length: blocks },
          (_block, k) => ones(a.subarray(16 * k, 16 * k + 16)) % 2,
        )
        expect(bitsOf(view(out))).toEqual(padded(sums, 8 * out.bytes))
      })
    }),
  )
})

test('lengths that do not fit are refused', () => {
  guarded((_, place) => {
    const [small, large] = [place(new Uint8Array(16)), place(new Uint8Array(32).fill(0xff))]
    const odd = place(new Uint8Array(17))
    expect(() => shiftLanes(small, large, 1)).toThrow(RangeError)
    expect(() => shiftLanes(odd, odd, 1)).toThrow(RangeError)
    expect(() => shiftLanes(small, small, -1)).toThrow(RangeError)
    expect(() => compressLanes(small, large, large, 256)).toThrow(RangeError)
    expect(() => compressLanes(large, small, place(new Uint8Array(16)), 1)).toThrow(RangeError)
    expect(() => depositLanes(large, small, large, 256)).toThrow(RangeError)
    expect(() => foldRows(small, large, 3)).toThrow(RangeError)
    const turning = { rows: 2, planes: 1, each: true, first: 0, by: 1 }
    expect(() => turnLanes(large, small, turning)).toThrow(RangeError)
    expect(() => turnLanes(small, small, turning)).toThrow(RangeError)
    expect(() => parities(place(new Uint8Array(0)), small)).toThrow(RangeError)
  })
})
