/**
 * The tree of a log, kept as tlog-tiles keeps it: level 0 are the leaf hashes, a hash of level L+1 is
 * the root of a full tile of level L. Root in at most 256 hashes a level, whatever the size.
 *
 * Why that is the RFC 6962 root: a tree of n leaves splits at powers of two, so a tree of more than
 * 256 leaves is the tree over its blocks of 256, the last of which may be shorter.
 */
import type { Hash } from '../../shares/hash.ts'
import { root } from '../../shares/merkle.ts'

import { TILE_WIDTH } from './tiles.ts'

/** levels[L][i]: hash number i of level L; only hashes of full subtrees. At least level 0 is there. */
export type TreeLevels = readonly (readonly Uint8Array[])[]

/** The tree of no entries. */
export const EMPTY_TREE: TreeLevels = [[]]

/**
 * The tree with more leaves at its end; the given one stays as it is.
 *
 * @param leafHashes 32 bytes each
 */
export function extendTree(
  levels: TreeLevels,
  leafHashes: readonly Uint8Array[],
  hash: Hash,
): TreeLevels {
  const extended: Uint8Array[][] = []
  let added: readonly Uint8Array[] = leafHashes
  for (let level = 0; level < levels.length || added.length > 0; level++) {
    const before = levels[level] ?? []
    const hashes = [...before, ...added]
    extended.push(hashes)
    const above: Uint8Array[] = []
    const firstFull = Math.floor(before.length / TILE_WIDTH) * TILE_WIDTH
    for (let at = firstFull; at + TILE_WIDTH <= hashes.length; at += TILE_WIDTH) {
      above.push(root(hashes.slice(at, at + TILE_WIDTH), hash))
    }
    added = above
  }
  return extended
}

/** The RFC 6962 root. */
export function treeRoot(levels: TreeLevels, hash: Hash): Uint8Array {
  let last: Uint8Array | undefined
  for (const hashes of levels) {
    const partial = hashes.slice(Math.floor(hashes.length / TILE_WIDTH) * TILE_WIDTH)
    if (last !== undefined) partial.push(last)
    last = partial.length === 0 ? undefined : root(partial, hash)
  }
  return last ?? root([], hash)
}

/** Number of leaves. */
export function treeSize(levels: TreeLevels): number {
  return levels[0]?.length ?? 0
}
