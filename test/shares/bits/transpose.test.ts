import { describe, expect, it } from 'vitest'

import {
  fpFromPlane,
  planesFromWords,
  select,
  selectSum,
  wordsFromPlanes,
} from '../../../shares/bits/transpose.ts'
import { newArena, view, viewWords } from '../../../shares/field/memory.ts'
import type { Block, FpVector } from '../../../shares/field/memory.ts'
import { P, reduce } from '../../../shares/field/scalar.ts'
import { toBigInts } from '../../../shares/field/vector.ts'
import { LENGTHS, guarded, pseudoRandomElements, pseudoRandomWords } from '../field/samples.ts'

const asBlock = (v: FpVector): Block => ({ ptr: v.ptr, bytes: v.length * 8 })

/** Around every byte of a word. */
const PLANES = [0, 1, 2, 7, 8, 9, 16, 17, 24, 25, 31, 32, 33, 40, 41, 48, 49, 56, 57, 61, 63, 64]

/** Around the sixteen words and the 512 lanes that the kernels take at once; the long ones not for all. */
const lengths = (planes: number): readonly number[] =>
  planes % 20 === 1 ? [...LENGTHS, 511, 512, 513, 519, 520, 527, 528, 1024, 1025, 1041] : LENGTHS

/** Bit j of every word, packed; the naive model. */
function packed(words: readonly bigint[], j: number, bytes: number): number[] {
  const out = Array.from({ length: bytes }, () => 0)
  for (const [k, w] of words.entries()) {
    out[k >> 3] = (out[k >> 3] ?? 0) | (Number((w >> BigInt(j)) & 1n) << (k & 7))
  }
  return out
}

describe('planes and words', () => {
  for (const planes of PLANES) {
    it(`${planes} planes there and back at every length`, () => {
      for (const n of lengths(planes)) {
        const words = Array.from(pseudoRandomWords(n + planes, n))
        for (const spare of [0, 17]) {
          const bytes = Math.ceil(n / 8) + spare
          guarded((fp, place) => {
            const source = fp(words)
            const out = Array.from({ length: planes }, () => place(new Uint8Array(bytes).fill(255)))
            planesFromWords(out, asBlock(source), n)
            for (const [j, block] of out.entries()) {
              expect(Array.from(view(block))).toEqual(packed(words, j, bytes))
            }
            expect(toBigInts(source)).toEqual(words)

            const back = fp(words.map(() => ~0n & ((1n << 64n) - 1n)))
            // Lanes beyond count are garbage in practice and must not show.
            for (const block of out) {
              for (let lane = n; lane < bytes * 8; lane++)
                view(block)[lane >> 3]! |= 1 << (lane & 7)
            }
            wordsFromPlanes(asBlock(back), out, n)
            expect(toBigInts(back)).toEqual(words.map((w) => BigInt.asUintN(planes, w)))
          })
        }
      }
    })
  }

  it('65,537 words, 61 planes', () => {
    const n = 65_537
    const words = pseudoRandomWords(3, n)
    const arena = newArena()
    const [source, back] = [arena.elements(n), arena.elements(n)]
    viewWords(source).set(words)
    const planes = Array.from({ length: 61 }, () => arena.bytes(8208))
    planesFromWords(planes, asBlock(source), n)
    // The others are covered by the way back; the naive model is slow.
    for (const j of [0, 7, 8, 31, 32, 60]) {
      const want = Uint8Array.from(packed(Array.from(words), j, 8208))
      expect(Buffer.compare(view(planes[j] ?? planes[0]!), want)).toBe(0)
    }
    wordsFromPlanes(asBlock(back), planes, n)
    const got = viewWords(back)
    expect(words.findIndex((w, i) => got[i] !== (w & P))).toBe(-1)
    arena.release()
  })

  it('refuses blocks that do not fit', () => {
    const arena = newArena()
    const [a, b, words] = [arena.bytes(16), arena.bytes(32), arena.bytes(8 * 128)]
    for (const run of [
      planesFromWords,
      (p: Block[], w: Block, n: number) => wordsFromPlanes(w, p, n),
    ]) {
      expect(() => run([a, b], words, 10)).toThrow(RangeError)
      expect(() => run([a], words, 129)).toThrow(RangeError)
      expect(() => run([b], words, 129)).toThrow(RangeError)
      expect(() => run([a], words, -1)).toThrow(RangeError)
      expect(() => run([a], words, 1.5)).toThrow(RangeError)
      expect(() =>
        run(
          Array.from({ length: 65 }, () => a),
          words,
          1,
        ),
      ).toThrow(RangeError)
    }
    arena.release()
  })
})

describe('planes and elements', () => {
  it('fpFromPlane, select and selectSum agree with the model at every length', () => {
    for (const n of [...LENGTHS, 65_537]) {
      const bytes = new Uint8Array(pseudoRandomWords(n, Math.ceil(n / 64) + 2).buffer)
      for (const extra of [0, 16]) {
        const bits = bytes.slice(0, Math.ceil(n / 8) + extra)
        const as = pseudoRandomElements(n + 5, n)
        const bit = (i: number): bigint => BigInt(((bits[i >> 3] ?? 0) >> (i & 7)) & 1)
        guarded((fp, place) => {
          const plane = place(bits)
          const [out, a] = [fp(as.map(() => 9n)), fp(as)]
          fpFromPlane(out, plane, n)
          expect(toBigInts(out).findIndex((x, i) => x !== bit(i))).toBe(-1)
          expect(selectSum(a, plane)).toBe(reduce(as.reduce((s, x, i) => s + x * bit(i), 0n)))
          select(out, a, plane)
          expect(toBigInts(out).findIndex((x, i) => x !== bit(i) * (as[i] ?? 0n))).toBe(-1)
          expect(toBigInts(a).findIndex((x, i) => x !== as[i])).toBe(-1)
          select(a, a, plane)
          expect(toBigInts(a).findIndex((x, i) => x !== bit(i) * (as[i] ?? 0n))).toBe(-1)
        })
      }
    }
  })

  it('selectSum holds the largest sums', () => {
    for (const n of LENGTHS) {
      guarded((fp, place) => {
        const a = fp(Array.from({ length: n }, () => P - 1n))
        const ones = place(new Uint8Array(Math.ceil(n / 8)).fill(255))
        expect(selectSum(a, ones)).toBe(reduce(-BigInt(n)))
      })
    }
  })

  it('refuses planes that are too short', () => {
    const arena = newArena()
    const [plane, v, w] = [arena.bytes(1), arena.elements(9), arena.elements(8)]
    expect(() => fpFromPlane(v, plane, 9)).toThrow(RangeError)
    expect(() => fpFromPlane(v, plane, 8)).toThrow(RangeError)
    expect(() => select(v, v, plane)).toThrow(RangeError)
    expect(() => select(w, v, arena.bytes(2))).toThrow(RangeError)
    expect(() => selectSum(v, plane)).toThrow(RangeError)
    arena.release()
  })
})
