import { bytesToHex } from '@noble/hashes/utils.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import * as commit from '../../shares/commit.ts'
import { ShareholdError } from '../../shares/errors.ts'
import type { BlockKey } from '../../shares/store.ts'

import { hash, seededRng } from './noble.ts'

const name = fc.string({ minLength: 1, maxLength: 6 }).filter((text) => !text.includes('\0'))
const anyKey: fc.Arbitrary<BlockKey> = fc.record({
  dataset: name,
  importId: name,
  column: name,
  encoding: fc.constantFrom('field', 'bits'),
  chunk: fc.nat(3),
})
const anyBlock = fc.record({
  key: anyKey,
  salt: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  bytes: fc.uint8Array({ maxLength: 70 }),
})
type Block = { key: BlockKey; salt: Uint8Array; bytes: Uint8Array }

const nameOf = ({ key }: { key: BlockKey }): string => JSON.stringify(Object.values(key))
const someBlocks = fc.uniqueArray(anyBlock, { selector: nameOf, minLength: 1, maxLength: 20 })
const leafOf = ({ key, salt, bytes }: Block): commit.BlockLeaf =>
  commit.blockLeaf(key, salt, bytes, hash)

const KEY: BlockKey = {
  dataset: 'trips',
  importId: 'one',
  column: 'fare',
  encoding: 'field',
  chunk: 258,
}

describe('commitments', () => {
  it('hash exactly the documented bytes', () => {
    const text = (s: string): Uint8Array =>
      Uint8Array.of(0, 0, 0, s.length, ...new TextEncoder().encode(s))
    const salt = new Uint8Array(32).fill(7)
    const data = Uint8Array.of(
      0, // RFC 6962 leaf
      ...new TextEncoder().encode('sharehold/leaf/v1'),
      ...text('trips'),
      ...text('one'),
      ...text('fare'),
      ...text('field'),
      ...Uint8Array.of(0, 0, 1, 2),
      ...salt,
      ...Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 3),
      ...Uint8Array.of(9, 8, 7),
    )
    const { leaf } = commit.blockLeaf(KEY, salt, Uint8Array.of(9, 8, 7), hash)
    expect(bytesToHex(leaf)).toBe(bytesToHex(hash.sha256(data)))
    const whole = { sha256: (bytes: Uint8Array) => hash.sha256(bytes) }
    expect(commit.blockLeaf(KEY, salt, Uint8Array.of(9, 8, 7), whole).leaf).toEqual(leaf)
  })

  it('do not depend on the order of arrival, and prove every block', () => {
    fc.assert(
      fc.property(someBlocks, (blocks) => {
        const commitment = commit.commitTo(blocks.map(leafOf), hash)
        const again = commit.commitTo(blocks.toReversed().map(leafOf), hash)
        expect(again.root).toEqual(commitment.root)
        for (const block of blocks) {
          const proof = commit.proveBlock(commitment, block.key, hash)
          commit.checkBlock(block.key, block.salt, block.bytes, proof, commitment.root, hash)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('bind key, salt, bytes and place', () => {
    fc.assert(
      fc.property(someBlocks, anyBlock, fc.nat(), (blocks, other, at) => {
        const commitment = commit.commitTo(blocks.map(leafOf), hash)
        const block = blocks[at % blocks.length]!
        const proof = commit.proveBlock(commitment, block.key, hash)
        const holds = (part: Partial<Block>, moved: Partial<commit.BlockProof> = {}): boolean => {
          const { key, salt, bytes } = { ...block, ...part }
          const place = { ...proof, ...moved }
          return commit.verifyBlock(key, salt, bytes, place, commitment.root, hash)
        }
        expect(holds({})).toBe(true)
        for (const part of ['dataset', 'importId', 'column'] as const) {
          expect(holds({ key: { ...block.key, [part]: `${block.key[part]}x` } })).toBe(false)
        }
        expect(holds({ key: { ...block.key, chunk: block.key.chunk + 1 } })).toBe(false)
        const encoding = block.key.encoding === 'bits' ? 'field' : 'bits'
        expect(holds({ key: { ...block.key, encoding } })).toBe(false)
        expect(
          holds({ salt: block.salt.map((byte, i) => (i === at % 32 ? byte ^ 1 : byte)) }),
        ).toBe(false)
        expect(holds({ bytes: Uint8Array.of(...block.bytes, 0) })).toBe(false)
        expect(holds({}, { index: proof.index + 1 })).toBe(false)
        if (bytesToHex(leafOf(other).leaf) !== bytesToHex(leafOf(block).leaf)) {
          expect(holds(other)).toBe(false)
        }
        expect(() =>
          commit.checkBlock(block.key, block.salt, Uint8Array.of(1, 2), proof, block.salt, hash),
        ).toThrow(ShareholdError)
      }),
      { numRuns: 50 },
    )
  })

  it('tell keys apart that a careless concatenation would not', () => {
    const salt = commit.drawSalt(seededRng('salt'))
    const leaf = (part: Partial<BlockKey>): string =>
      bytesToHex(commit.blockLeaf({ ...KEY, ...part }, salt, new Uint8Array(0), hash).leaf)
    expect(leaf({ dataset: 'ab', importId: 'c' })).not.toBe(leaf({ dataset: 'a', importId: 'bc' }))
    expect(leaf({ importId: 'x', column: 'yz' })).not.toBe(leaf({ importId: 'xy', column: 'z' }))
  })

  it('hide: the same block under two salts has two leaves', () => {
    const rng = seededRng('salts')
    const [a, b] = [commit.drawSalt(rng), commit.drawSalt(rng)]
    expect(a.length).toBe(32)
    const bytes = Uint8Array.of(1)
    expect(commit.blockLeaf(KEY, a, bytes, hash).leaf).not.toEqual(
      commit.blockLeaf(KEY, b, bytes, hash).leaf,
    )
  })

  it('refuse short salts, malformed keys, repeated and missing blocks', () => {
    const salt = new Uint8Array(32)
    expect(() => commit.blockLeaf(KEY, salt.subarray(1), salt, hash)).toThrow(TypeError)
    expect(() => commit.blockLeaf({ ...KEY, column: '' }, salt, salt, hash)).toThrow(TypeError)
    const leaf = commit.blockLeaf(KEY, salt, salt, hash)
    expect(() => commit.commitTo([leaf, leaf], hash)).toThrow(TypeError)
    expect(() =>
      commit.proveBlock(commit.commitTo([leaf], hash), { ...KEY, chunk: 1 }, hash),
    ).toThrow(ShareholdError)
  })
})
