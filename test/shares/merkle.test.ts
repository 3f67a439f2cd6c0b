import { hexToBytes, bytesToHex } from '@noble/hashes/utils.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import * as merkle from '../../shares/merkle.ts'

import { hash } from './noble.ts'

/** The leaves of the certificate-transparency test vectors (RFC 6962 reference implementations). */
const INPUTS = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => merkle.leafHash(hexToBytes(hex), hash))

const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

const leaves = (n: number): Uint8Array[] =>
  Array.from({ length: n }, (_, i) => merkle.leafHash(Uint8Array.of(i & 255, i >> 8), hash))

const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = bytes.slice()
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

const consistent = (
  a: number,
  b: number,
  r: Uint8Array,
  s: Uint8Array,
  path: Uint8Array[],
): boolean => merkle.verifyConsistency(a, b, r, s, path, hash)

const hex = (proof: Uint8Array[]): string[] => proof.map((node) => bytesToHex(node))

describe('merkle', () => {
  it('meets the RFC 6962 reference roots', () => {
    ROOTS.forEach((expected, n) => {
      expect(bytesToHex(merkle.root(INPUTS.slice(0, n), hash))).toBe(expected)
    })
  })

  it('meets reference inclusion and consistency proofs', () => {
    expect(hex(merkle.inclusionProof(0, INPUTS, hash))).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ])
    expect(hex(merkle.consistencyProof(6, INPUTS, hash))).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ])
  })

  it('proves and verifies every leaf and every prefix up to 33 leaves', () => {
    for (let n = 1; n <= 33; n++) {
      const all = leaves(n)
      const top = merkle.root(all, hash)
      for (let i = 0; i < n; i++) {
        const proof = merkle.inclusionProof(i, all, hash)
        expect(merkle.verifyInclusion(i, n, all[i]!, proof, top, hash)).toBe(true)
      }
      for (let m = 0; m <= n; m++) {
        const proof = merkle.consistencyProof(m, all, hash)
        const old = merkle.root(all.slice(0, m), hash)
        expect(merkle.verifyConsistency(m, n, old, top, proof, hash)).toBe(true)
      }
    }
  })

  it('refuses every tampered inclusion proof', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.nat(), fc.nat(255), (n, at, bit) => {
        const all = leaves(n)
        const top = merkle.root(all, hash)
        const index = at % n
        const proof = merkle.inclusionProof(index, all, hash)
        const check = (i: number, size: number, leaf: Uint8Array, path: Uint8Array[]) =>
          merkle.verifyInclusion(i, size, leaf, path, top, hash)
        expect(check(index, n, all[index]!, proof)).toBe(true)
        expect(check((index + 1) % n, n, all[index]!, proof)).toBe(false)
        expect(check(index, n, flip(all[index]!, bit), proof)).toBe(false)
        expect(check(index, n, all[index]!, proof.slice(1))).toBe(false)
        expect(check(index, n, all[index]!, [...proof, all[0]!])).toBe(false)
        proof.forEach((node, k) => {
          expect(check(index, n, all[index]!, proof.with(k, flip(node, bit)))).toBe(false)
        })
        expect(check(n, n, all[index]!, proof)).toBe(false)
        expect(check(-1, n, all[index]!, proof)).toBe(false)
        expect(check(index, n, all[index]!.subarray(1), proof)).toBe(false)
      }),
      { numRuns: 40 },
    )
  })

  it('refuses every tampered consistency proof', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), fc.nat(), fc.nat(255), (n, at, bit) => {
        const all = leaves(n)
        const m = 1 + (at % (n - 1))
        const old = merkle.root(all.slice(0, m), hash)
        const top = merkle.root(all, hash)
        const proof = merkle.consistencyProof(m, all, hash)
        expect(consistent(m, n, old, top, proof)).toBe(true)
        expect(consistent(m, n, flip(old, bit), top, proof)).toBe(false)
        expect(consistent(m, n, old, flip(top, bit), proof)).toBe(false)
        expect(consistent(m, n, old, top, [])).toBe(false)
        expect(consistent(n, m, old, top, proof)).toBe(false)
        expect(consistent(m, n, old, top, [...proof, top])).toBe(false)
        proof.forEach((node, k) => {
          expect(consistent(m, n, old, top, proof.with(k, flip(node, bit)))).toBe(false)
        })
        expect(consistent(0, n, old, top, [])).toBe(false)
        expect(consistent(n, n, flip(top, bit), top, [])).toBe(false)
      }),
      { numRuns: 40 },
    )
  })

  it('refuses to prove what is not in the tree', () => {
    expect(() => merkle.inclusionProof(3, leaves(3), hash)).toThrow(RangeError)
    expect(() => merkle.inclusionProof(0, [], hash)).toThrow(RangeError)
    expect(() => merkle.consistencyProof(4, leaves(3), hash)).toThrow(RangeError)
  })
})
