import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { gatherWords, scatterWords } from '../../../shares/bits/permute.ts'
import { blockOf, newArena, view } from '../../../shares/field/memory.ts'
import type { Arena, Block } from '../../../shares/field/memory.ts'
import { P } from '../../../shares/field/scalar.ts'
import { fromBigInts, prefixSum, toBigInts } from '../../../shares/field/vector.ts'
import { element } from '../field/samples.ts'

function words(arena: Arena, values: readonly bigint[]): Block {
  const block = arena.bytes(values.length * 8)
  view(block).set(new Uint8Array(BigUint64Array.from(values).buffer))
  return block
}

function u32(arena: Arena, values: readonly number[]): Block {
  const block = arena.bytes(values.length * 4)
  view(block).set(new Uint8Array(Uint32Array.from(values).buffer))
  return block
}

const read = (block: Block): bigint[] => [...new BigUint64Array(view(block).slice().buffer)]

const word = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })

describe('words moved by index', () => {
  it('are gathered', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 70 }), fc.array(fc.nat()), (a, b) => {
        const arena = newArena()
        const indices = b.map((i) => i % a.length)
        const out = words(
          arena,
          indices.map(() => 7n),
        )
        gatherWords(out, words(arena, a), u32(arena, indices))
        expect(read(out)).toEqual(indices.map((i) => a[i]))
        arena.release()
      }),
    )
  })

  it('are scattered, the last of several to one place staying', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, fc.nat(40))), (moves) => {
        const arena = newArena()
        const expected = Array.from({ length: 41 }, (_, i) => BigInt(i))
        const out = words(arena, expected)
        const indices = u32(
          arena,
          moves.map(([, to]) => to),
        )
        scatterWords(
          out,
          words(
            arena,
            moves.map(([value]) => value),
          ),
          indices,
        )
        for (const [value, to] of moves) expected[to] = value
        expect(read(out)).toEqual(expected)
        arena.release()
      }),
    )
  })

  it('never leave the blocks', () => {
    const arena = newArena()
    const three = words(arena, [1n, 2n, 3n])
    const out = words(arena, [0n, 0n, 0n])
    expect(() => gatherWords(out, three, u32(arena, [0, 3, 1]))).toThrow('index 1')
    expect(() => scatterWords(out, three, u32(arena, [0, 1, 0xffff_ffff]))).toThrow('index 2')
    expect(() => gatherWords(out, three, u32(arena, [0, 1]))).toThrow(RangeError)
    expect(() => scatterWords(out, three, u32(arena, [0, 1, 2, 2]))).toThrow(RangeError)
    arena.release()
  })
})

describe('prefix sums', () => {
  it('are those of the field, in place too', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 70 }), (values) => {
        const arena = newArena()
        const a = arena.elements(values.length)
        fromBigInts(a, values)
        prefixSum(a, a)
        let sum = 0n
        expect(toBigInts(a)).toEqual(values.map((value) => (sum = (sum + value) % P)))
        expect(blockOf(a).bytes).toBe(values.length * 8)
        arena.release()
      }),
    )
  })
})
