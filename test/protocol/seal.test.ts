import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { generateResultKey, open, seal, SEAL_OVERHEAD_BYTES } from '../../protocol/seal.ts'
import vectors from '../vectors/hpke.json' with { type: 'json' }

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))
const fixed = (bytes: Uint8Array) => (n: number) => {
  expect(n).toBe(bytes.length)
  return bytes
}
const fails = expect.objectContaining({ code: 'SH_SEAL_OPEN' })
const info = new TextEncoder().encode('info')
const aad = new TextEncoder().encode('aad')

describe('seal', () => {
  it('agrees with RFC 9180 A.2.1', () => {
    const sealed = seal(
      hex(vectors.pkRm),
      hex(vectors.info),
      hex(vectors.aad),
      hex(vectors.pt),
      fixed(hex(vectors.skEm)),
    )
    expect(Buffer.from(sealed).toString('hex')).toBe(vectors.enc + vectors.ct)
    expect(generateResultKey(fixed(hex(vectors.skRm))).publicKey).toEqual(hex(vectors.pkRm))
    expect(open(hex(vectors.skRm), hex(vectors.info), hex(vectors.aad), sealed)).toEqual(
      hex(vectors.pt),
    )
  })

  it('opens what it seals, and nothing that differs in a bit', () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(seeds, seeds, fc.uint8Array({ maxLength: 40 }), fc.nat(), (a, b, text, at) => {
        const key = generateResultKey(() => a)
        const sealed = seal(key.publicKey, info, aad, text, () => b)
        expect(sealed.length).toBe(text.length + SEAL_OVERHEAD_BYTES)
        expect(open(key.secretKey, info, aad, sealed)).toEqual(text)
        const bit = at % (sealed.length * 8)
        // RFC 7748 ignores the top bit of a public key; the KEM context covers it all the same.
        sealed[bit >> 3]! ^= 1 << (bit & 7)
        expect(() => open(key.secretKey, info, aad, sealed)).toThrow(fails)
      }),
      { numRuns: 40 },
    )
  })

  it('does not open under another key, info, aad or length', () => {
    const key = generateResultKey((n) => new Uint8Array(n).fill(1))
    const other = generateResultKey((n) => new Uint8Array(n).fill(2))
    const sealed = seal(key.publicKey, info, aad, info, (n) => new Uint8Array(n).fill(3))
    expect(() => open(other.secretKey, info, aad, sealed)).toThrow(fails)
    expect(() => open(key.secretKey, aad, aad, sealed)).toThrow(fails)
    expect(() => open(key.secretKey, info, info, sealed)).toThrow(fails)
    for (let n = 0; n < sealed.length; n++) {
      expect(() => open(key.secretKey, info, aad, sealed.subarray(0, n))).toThrow(fails)
    }
  })

  it('refuses public keys of small order', () => {
    const key = generateResultKey((n) => new Uint8Array(n).fill(1))
    const zero = new Uint8Array(32)
    expect(() => seal(zero, info, aad, info, (n) => new Uint8Array(n).fill(3))).toThrow(TypeError)
    expect(() => open(key.secretKey, info, aad, new Uint8Array(64))).toThrow(fails)
  })
})
