import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  bundlePath,
  decodeBundle,
  decodeTile,
  encodeBundle,
  encodeTile,
  tilePath,
  tilesOfTree,
} from '../../../protocol/ledger/tiles.ts'
import { EMPTY_TREE, extendTree, treeRoot, treeSize } from '../../../protocol/ledger/tree.ts'
import { root } from '../../../shares/merkle.ts'

import { hash } from './hash.ts'

const corrupt = expect.objectContaining({ code: 'SH_LEDGER_CORRUPT' })
const leaves = (n: number, from = 0) =>
  Array.from({ length: n }, (_, i) => hash.sha256(Uint8Array.of((from + i) >> 8, from + i)))

describe('tlog-tiles paths', () => {
  it.each([
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 0, index: 0, width: 1 }, 'tile/0/000.p/1'],
    [{ level: 1, index: 999, width: 255 }, 'tile/1/999.p/255'],
    [{ level: 2, index: 1000, width: 256 }, 'tile/2/x001/000'],
    [{ level: 0, index: 1234067, width: 256 }, 'tile/0/x001/x234/067'],
  ])('%j is %s', (place, path) => {
    expect(tilePath(place)).toBe(path)
    expect(bundlePath(place)).toBe(path.replace(/^tile\/\d+/, 'tile/entries'))
  })

  it('lists the tiles of the specification’s example, 70,000 entries', () => {
    const tiles = tilesOfTree(70_000)
    const of = (level: number) => tiles.filter((tile) => tile.level === level)
    expect(of(0).filter((tile) => tile.width === 256)).toHaveLength(273)
    expect(of(0).at(-1)).toEqual({ level: 0, index: 273, width: 112 })
    expect(of(1)).toEqual([
      { level: 1, index: 0, width: 256 },
      { level: 1, index: 1, width: 17 },
    ])
    expect(of(2)).toEqual([{ level: 2, index: 0, width: 1 }])
    expect(of(3)).toEqual([])
  })

  it('lists a full tile and the first hash above it for 256 entries, nothing for none', () => {
    expect(tilesOfTree(256).map(tilePath)).toEqual(['tile/0/000', 'tile/1/000.p/1'])
    expect(tilesOfTree(0)).toEqual([])
  })
})

describe('tiles and bundles', () => {
  it('read back what they write', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 })
    fc.assert(
      fc.property(entries, (list) => {
        const bytes = encodeBundle(list)
        expect(decodeBundle(bytes, list.length)).toEqual(list)
        expect(() => decodeBundle(bytes, list.length + 1)).toThrow(corrupt)
        expect(() => decodeBundle(Uint8Array.of(...bytes, 0), list.length)).toThrow(corrupt)
        if (bytes.length > 0) {
          expect(() => decodeBundle(bytes.subarray(0, -1), list.length)).toThrow(corrupt)
        }
      }),
    )
    const hashes = leaves(5)
    expect(decodeTile(encodeTile(hashes), 5)).toEqual(hashes)
    for (const bytes of [encodeTile(hashes).subarray(1), Uint8Array.of(...encodeTile(hashes), 0)]) {
      expect(() => decodeTile(bytes, 5)).toThrow(corrupt)
    }
  })

  it('keep the length big endian', () => {
    expect(encodeBundle([new Uint8Array(258)]).subarray(0, 2)).toEqual(Uint8Array.of(1, 2))
    expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow(RangeError)
  })
})

describe('tree by tiles', () => {
  it.each([0, 1, 2, 255, 256, 257, 511, 512, 513, 1000])('has the RFC 6962 root: %i', (n) => {
    const tree = extendTree(EMPTY_TREE, leaves(n), hash)
    expect(treeSize(tree)).toBe(n)
    expect(treeRoot(tree, hash)).toEqual(root(leaves(n), hash))
  })

  it('has it over three levels too', () => {
    const many = leaves(66_000)
    const tree = extendTree(EMPTY_TREE, many, hash)
    expect(tree.map((level) => level.length)).toEqual([66_000, 257, 1])
    expect(treeRoot(tree, hash)).toEqual(root(many, hash))
  })

  it('does not depend on how it grew', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 300 }), { maxLength: 6 }), (steps) => {
        let tree = EMPTY_TREE
        for (const step of steps) tree = extendTree(tree, leaves(step, treeSize(tree)), hash)
        expect(tree).toEqual(extendTree(EMPTY_TREE, leaves(treeSize(tree)), hash))
      }),
      { numRuns: 20 },
    )
  })
})
