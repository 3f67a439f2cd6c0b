/**
 * The root of an RFC 6962 Merkle tree that grows leaf by leaf, in O(log leaves) memory: the roots of
 * the complete subtrees, as a binary counter. Equals shares/merkle.ts `root` of the same leaves.
 */
import type { Hash } from '../shares/hash.ts'
import { leafHash, nodeHash, root } from '../shares/merkle.ts'

export class MerkleStack {
  readonly #hash: Hash
  /** Roots of complete subtrees, largest first; one for each 1 in the binary form of the leaf count. */
  readonly #roots: Uint8Array[] = []
  #leaves = 0

  constructor(hash: Hash) {
    this.#hash = hash
  }

  get leaves(): number {
    return this.#leaves
  }

  /** Appends a leaf. @param data not hashed yet */
  push(data: Uint8Array): void {
    let node = leafHash(data, this.#hash)
    for (let count = this.#leaves; count % 2 === 1; count = (count - 1) / 2) {
      node = nodeHash(this.#roots.pop()!, node, this.#hash)
    }
    this.#roots.push(node)
    this.#leaves++
  }

  /** The same leaves, in a stack that grows by itself. */
  copy(): MerkleStack {
    const copy = new MerkleStack(this.#hash)
    copy.#roots.push(...this.#roots)
    copy.#leaves = this.#leaves
    return copy
  }

  /** The root over all leaves so far. */
  root(): Uint8Array {
    if (this.#roots.length === 0) return root([], this.#hash)
    return this.#roots.reduceRight((right, left) => nodeHash(left, right, this.#hash))
  }
}
