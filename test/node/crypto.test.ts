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
    const [k, iv, out] = [pattern(16, 1), pattern(16, 2), new Uint8Array(8)]
    for (const seed of [1, 3, 1]) {
      k.set(pattern(16, seed))
      prg.fill(k, iv, out)
      expect(out).toEqual(ctr(pattern(16, seed), iv).encrypt(new Uint8Array(8)))
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
