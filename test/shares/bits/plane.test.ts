import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import * as plane from '../../../shares/bits/plane.ts'
import { newArena, view } from '../../../shares/field/memory.ts'
import type { Block } from '../../../shares/field/memory.ts'
import { guarded, pseudoRandomWords } from '../field/samples.ts'

type Bytes = Uint8Array<ArrayBuffer>

interface Operation {
  readonly name: string
  readonly inputs: number
  readonly run: (out: Block, x: readonly Block[]) => void
  readonly model: (x: readonly number[], out: number) => number
}

const block = (x: readonly Block[], i: number): Block => {
  const found = x[i]
  if (found === undefined) throw new Error(`no operand ${i}`)
  return found
}
const byte = (x: readonly number[], i: number): number => x[i] ?? 0
const and3Model = (x: readonly number[]): number =>
  (byte(x, 0) & byte(x, 2)) ^ (byte(x, 0) & byte(x, 3)) ^ (byte(x, 1) & byte(x, 2)) ^ byte(x, 4)

const OPERATIONS: readonly Operation[] = [
  {
    name: 'xor',
    inputs: 2,
    run: (o, x) => plane.xor(o, block(x, 0), block(x, 1)),
    model: (x) => byte(x, 0) ^ byte(x, 1),
  },
  {
    name: 'and',
    inputs: 2,
    run: (o, x) => plane.and(o, block(x, 0), block(x, 1)),
    model: (x) => byte(x, 0) & byte(x, 1),
  },
  {
    name: 'xorAnd',
    inputs: 2,
    run: (o, x) => plane.xorAnd(o, block(x, 0), block(x, 1)),
    model: (x, o) => o ^ (byte(x, 0) & byte(x, 1)),
  },
  {
    name: 'not',
    inputs: 1,
    run: (o, x) => plane.not(o, block(x, 0)),
    model: (x) => byte(x, 0) ^ 0xff,
  },
  {
    name: 'xorConst 0',
    inputs: 1,
    run: (o, x) => plane.xorConst(o, block(x, 0), 0),
    model: (x) => byte(x, 0),
  },
  {
    name: 'xorConst 1',
    inputs: 1,
    run: (o, x) => plane.xorConst(o, block(x, 0), 1),
    model: (x) => byte(x, 0) ^ 0xff,
  },
  { name: 'copy', inputs: 1, run: (o, x) => plane.copy(o, block(x, 0)), model: (x) => byte(x, 0) },
  { name: 'zero', inputs: 0, run: (o) => plane.zero(o), model: () => 0 },
  { name: 'fillBit 0', inputs: 0, run: (o) => plane.fillBit(o, 0), model: () => 0 },
  { name: 'fillBit 1', inputs: 0, run: (o) => plane.fillBit(o, 1), model: () => 0xff },
  {
    name: 'and3',
    inputs: 5,
    run: (o, x) => plane.and3(o, block(x, 0), block(x, 1), block(x, 2), block(x, 3), block(x, 4)),
    model: and3Model,
  },
]

const LENGTHS = [0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 127, 128, 129, 8193]

const bytesOf = (seed: number, length: number): Bytes =>
  new Uint8Array(pseudoRandomWords(seed, Math.ceil(length / 8)).buffer).slice(0, length)

const modelled = (operation: Operation, x: readonly Bytes[], out: Bytes): Bytes =>
  out.map((o, i) =>
    operation.model(
      x.map((bytes) => bytes[i] ?? 0),
      o,
    ),
  )

describe('bytewise operations', () => {
  it.each(OPERATIONS)('$name agrees with the model at every length', (operation) => {
    for (const n of LENGTHS) {
      const x = Array.from({ length: operation.inputs }, (_, i) => bytesOf(n + i, n))
      const before = bytesOf(n + 9, n)
      guarded((_, place) => {
        const out = place(before)
        operation.run(out, x.map(place))
        expect(Buffer.compare(view(out), modelled(operation, x, before))).toBe(0)
      })
    }
  })

  it.each(OPERATIONS)('$name may write onto any input', (operation) => {
    for (const n of [1, 16, 100]) {
      const x = Array.from({ length: operation.inputs }, (_, i) => bytesOf(n + i, n))
      for (let onto = 0; onto < operation.inputs; onto++) {
        guarded((_, place) => {
          const blocks = x.map(place)
          operation.run(block(blocks, onto), blocks)
          for (const [i, b] of blocks.entries()) {
            const was = x[i] ?? new Uint8Array()
            expect(Array.from(view(b))).toEqual(
              Array.from(i === onto ? modelled(operation, x, was) : was),
            )
          }
        })
      }
    }
  })

  it('and3Deal is and3 and one more mask, onto its masks too', () => {
    for (const n of LENGTHS) {
      const x = Array.from({ length: 6 }, (_, i) => bytesOf(n + i, n))
      const message = (x[0] ?? new Uint8Array()).map((_, i) => and3Model(x.map((b) => b[i] ?? 0)))
      const z = message.map((m, i) => m ^ (x[5]?.[i] ?? 0))
      guarded((_, place) => {
        const [out, own] = [place(bytesOf(1, n)), place(bytesOf(2, n))]
        const b = x.map(place)
        const arg = (i: number): Block => block(b, i)
        plane.and3Deal(out, own, arg(0), arg(1), arg(2), arg(3), arg(4), arg(5))
        expect(Buffer.compare(view(out), message)).toBe(0)
        expect(Buffer.compare(view(own), z)).toBe(0)
        plane.and3Deal(arg(4), arg(5), arg(0), arg(1), arg(2), arg(3), arg(4), arg(5))
        expect(Buffer.compare(view(arg(4)), message)).toBe(0)
        expect(Buffer.compare(view(arg(5)), z)).toBe(0)
      })
    }
  })

  it('three parties with and3 share the product', () => {
    // Components of sets {1,2}, {1,3}, {2,3}; every product x_A y_B is somebody's.
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 15, maxLength: 15 }), (bits) => {
        const bit = (i: number): number => (bits[i] ?? 0) & 1
        const held = [
          [0, 1],
          [2, 0],
          [1, 2],
        ] as const
        guarded((_, place) => {
          const x = [0, 1, 2].map((i) => place(Uint8Array.of(bit(i))))
          const y = [3, 4, 5].map((i) => place(Uint8Array.of(bit(i))))
          let product = 0
          for (const [party, [first, second]] of held.entries()) {
            const mask = bit(6 + party)
            const out = place(Uint8Array.of(0))
            plane.and3(
              out,
              block(x, first),
              block(x, second),
              block(y, first),
              block(y, second),
              place(Uint8Array.of(mask)),
            )
            product ^= (view(out)[0] ?? 0) ^ mask
          }
          expect(product).toBe((bit(0) ^ bit(1) ^ bit(2)) & (bit(3) ^ bit(4) ^ bit(5)))
        })
      }),
    )
  })
})

describe('popcount and equal', () => {
  it('agree with the model at every length', () => {
    for (const n of [...LENGTHS, 65_537]) {
      for (const bytes of [bytesOf(n, n), new Uint8Array(n).fill(255), new Uint8Array(n)]) {
        guarded((_, place) => {
          let ones = 0
          for (const b of bytes) for (let k = 0; k < 8; k++) ones += (b >> k) & 1
          const a = place(bytes)
          expect(plane.popcount(a)).toBe(ones)
          expect(plane.equal(a, place(bytes))).toBe(true)
        })
      }
    }
  })

  it('equal finds one changed bit wherever it is', () => {
    for (const n of [1, 7, 8, 15, 16, 17, 33]) {
      guarded((_, place) => {
        const a = place(bytesOf(n, n))
        const b = place(bytesOf(n, n))
        for (let lane = 0; lane < n * 8; lane++) {
          const was = plane.getBit(b, lane)
          plane.setBit(b, lane, was === 1 ? 0 : 1)
          expect(plane.equal(a, b)).toBe(false)
          plane.setBit(b, lane, was)
          expect(plane.equal(a, b)).toBe(true)
        }
      })
    }
  })
})

describe('lanes', () => {
  it('lane r is bit r & 7 of byte r >> 3', () => {
    guarded((_, place) => {
      const a = place(new Uint8Array(3))
      plane.setBit(a, 0, 1)
      plane.setBit(a, 10, 1)
      plane.setBit(a, 23, 1)
      expect(Array.from(view(a))).toEqual([1, 4, 128])
      expect(plane.getBit(a, 10)).toBe(1)
      expect(plane.getBit(a, 11)).toBe(0)
      plane.setBit(a, 10, 0)
      expect(Array.from(view(a))).toEqual([1, 0, 128])
      for (const lane of [-1, 24, 0.5]) {
        expect(() => plane.getBit(a, lane)).toThrow(RangeError)
        expect(() => plane.setBit(a, lane, 1)).toThrow(RangeError)
      }
    })
  })

  it('planeBytes pads to 128 lanes', () => {
    expect([0, 1, 128, 129, 65_536, 65_537].map(plane.planeBytes)).toEqual([
      0, 16, 16, 32, 8192, 8208,
    ])
  })

  it('gatherBits picks lanes and clears the tail', () => {
    const cases = fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(400))
      .chain(([src, count]) =>
        fc.record({
          src: fc.constant(Uint8Array.from(src)),
          indices: fc.array(fc.nat(src.length * 8 - 1), { minLength: count, maxLength: count }),
          spare: fc.nat(40),
        }),
      )
    fc.assert(
      fc.property(cases, ({ src, indices, spare }) => {
        guarded((_, place) => {
          const a = place(src)
          const out = place(new Uint8Array(Math.ceil(indices.length / 8) + spare).fill(255))
          const list = place(new Uint8Array(Uint32Array.from(indices).buffer))
          plane.gatherBits(out, a, list, indices.length)
          for (let k = 0; k < out.bytes * 8; k++) {
            const index = indices[k]
            expect(plane.getBit(out, k)).toBe(index === undefined ? 0 : plane.getBit(a, index))
          }
        })
      }),
      { numRuns: 60 },
    )
  })

  it('gatherBits refuses indices and counts that do not fit', () => {
    const arena = newArena()
    const [src, out, indices] = [arena.bytes(2), arena.bytes(2), arena.bytes(80)]
    for (let bad = 0; bad < 16; bad++) {
      for (const index of [16, 0xffff_ffff]) {
        const list = new Uint32Array(20)
        list[bad] = index
        view(indices).set(new Uint8Array(list.buffer))
        expect(() => plane.gatherBits(out, src, indices, 16)).toThrow(
          new RangeError(`index ${bad} lies outside the source plane`),
        )
      }
    }
    plane.zero(indices)
    expect(() => plane.gatherBits(out, src, indices, 17)).toThrow(RangeError)
    expect(() => plane.gatherBits(arena.bytes(10), src, indices, 21)).toThrow(RangeError)
    expect(() => plane.gatherBits(out, src, indices, -1)).toThrow(RangeError)
    arena.release()
  })
})

describe('lengths', () => {
  it('every operation refuses blocks of different lengths', () => {
    const arena = newArena()
    const [a, b] = [arena.bytes(16), arena.bytes(32)]
    const calls: readonly (() => unknown)[] = [
      () => plane.xor(a, a, b),
      () => plane.and(a, b, a),
      () => plane.xorAnd(b, a, a),
      () => plane.not(a, b),
      () => plane.xorConst(a, b, 1),
      () => plane.copy(a, b),
      () => plane.equal(a, b),
      () => plane.and3(a, a, a, a, a, b),
      () => plane.and3Deal(a, a, a, a, a, a, a, b),
    ]
    for (const call of calls) expect(call).toThrow(RangeError)
    arena.release()
  })
})
