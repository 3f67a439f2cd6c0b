import { ctr } from '@noble/ciphers/aes.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { hash, prg, randomFill, rng, sha256 } from '../../node/crypto.ts'

import { pattern } from './network.ts'

const key = fc.uint8Array({ minLength: 16, maxLength: 16 })

describe('prg', () => {
  it('is AES-128-CTR, as noble has it, at any place in memory', () => {
    fc.assert(
      fc.property(
        key,
        key,
        fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 1200 })),
        fc.integer({ min: 0, max: 9 }),
        (k, iv, length, offset) => {
          const memory = new Uint8Array(1300).fill(0xaa)
          prg.fill(k, iv, memory.subarray(offset, offset + length))
          expect(memory.subarray(offset, offset + length)).toEqual(
            ctr(k, iv).encrypt(new Uint8Array(length)),
          )
          expect(memory.subarray(0, offset).every((byte) => byte === 0xaa)).toBe(true)
          expect(memory.subarray(offset + length).every((byte) => byte === 0xaa)).toBe(true)
        },
      ),
    )
  })

  it('notices that a key has been overwritten', () => {
    for (const length of [8, 2048]) {
      const [k, out] = [pattern(16, 1), new Uint8Array(length)]
      for (const [i, seed] of [1, 3, 1].entries()) {
        const iv = new Uint8Array(16)
        iv[14] = (i * length) >> 12 // where the stream would go on
        iv[15] = (i * length) >> 4
        k.set(pattern(16, seed))
        prg.fill(k, iv, out)
        expect(out).toEqual(ctr(pattern(16, seed), iv).encrypt(new Uint8Array(length)))
      }
    }
  })

  it.each([8, 24, 1000])('carries the counter beyond its last word in %i bytes', (length) => {
    const k = pattern(16, 1)
    for (const end of [0xfe, 0xff]) {
      const iv = new Uint8Array(16).fill(255, 11)
      iv[15] = end
      const out = new Uint8Array(length)
      prg.fill(k, iv, out)
      expect(out).toEqual(ctr(k, iv).encrypt(new Uint8Array(length)))
    }
  })

  it('gives the same stream in pieces, in order or not', () => {
    fc.assert(
      fc.property(
        key,
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 0, max: 500 }),
        fc.boolean(),
        (k, blocks, beforeTheEnd, backwards) => {
          // Near the end of the last word, of which the carry goes on.
          const start = 2 ** 32 - beforeTheEnd
          const ivAt = (block: number): Uint8Array => {
            const iv = new Uint8Array(16).fill(9)
            const view = new DataView(iv.buffer)
            view.setUint32(8, 9 + Math.floor(block / 2 ** 32))
            view.setUint32(12, block % 2 ** 32)
            return iv
          }
          const total = blocks.reduce((a, b) => a + b)
          const expected = ctr(k, ivAt(start)).encrypt(new Uint8Array(16 * total))
          const got = new Uint8Array(16 * total)
          let from = 0
          const pieces = blocks.map((count) => [from, (from += count)] as const)
          for (const [a, b] of backwards ? pieces.toReversed() : pieces) {
            prg.fill(k, ivAt(start + a), got.subarray(16 * a, 16 * b))
          }
          expect(Buffer.compare(got, expected)).toBe(0)
        },
      ),
    )
  })

  it('goes on over its own chunk size and over the end of the counter', () => {
    const k = pattern(16, 1)
    const iv = new Uint8Array(16).fill(255) // the first increment carries through the whole block
    const out = new Uint8Array(3 * 256 * 1024 + 5)
    prg.fill(k, iv, out)
    const expected = ctr(k, iv).encrypt(new Uint8Array(out.length))
    expect(Buffer.compare(out, expected)).toBe(0)
  })
})

describe('hash', () => {
  it('is SHA-256, in one go and in pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (pieces) => {
        const whole = new Uint8Array(Buffer.concat(pieces))
        expect(hash.sha256(whole)).toEqual(nobleSha256(whole))
        const state = sha256()
        for (const piece of pieces) state.update(piece)
        expect(state.digest()).toEqual(nobleSha256(whole))
      }),
    )
  })
})

describe('rng', () => {
  it('gives arrays of their own, full of something', () => {
    const [a, b] = [rng(32), rng(32)]
    expect(a).not.toEqual(b)
    expect(a.buffer.byteLength).toBe(32)
    const out = new Uint8Array(64)
    randomFill(out.subarray(16, 48))
    expect(out.subarray(16, 48).some((byte) => byte !== 0)).toBe(true)
    expect([...out.subarray(0, 16), ...out.subarray(48)].every((byte) => byte === 0)).toBe(true)
  })
})
