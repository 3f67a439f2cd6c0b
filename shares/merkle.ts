/**
 * Merkle trees as in RFC 6962 section 2.1 (and RFC 9162 section 2.1): roots, inclusion proofs,
 * consistency proofs and their verification. Used by share commitments and by the ledger.
 *
 * Hashing: leaf SHA-256(0x00 || data), node SHA-256(0x01 || left || right), empty tree SHA-256("").
 * A tree of n leaves splits at the largest power of two below n. Verification follows RFC 9162
 * 2.1.3.2 and 2.1.4.2; every function that makes something takes time linear in the tree.
 * Secure as far as SHA-256 is collision resistant; nothing here is secret.
 */
import { concatBytes, HASH_BYTES, type Hash, sameBytes } from './hash.ts'

const LEAF_PREFIX = Uint8Array.of(0)
const NODE_PREFIX = Uint8Array.of(1)

/** Hash of a leaf's data. */
export function leafHash(data: Uint8Array, hash: Hash): Uint8Array {
  return hash.sha256(concatBytes(LEAF_PREFIX, data))
}

/** Hash of a leaf whose data come in pieces; they are not put together where the hash takes pieces. */
export function leafHashOf(pieces: readonly Uint8Array[], hash: Hash): Uint8Array {
  const state = hash.start?.()
  if (state === undefined) return hash.sha256(concatBytes(LEAF_PREFIX, ...pieces))
  state.update(LEAF_PREFIX)
  for (const piece of pieces) state.update(piece)
  return state.digest()
}

/** Hash of an inner node from the hashes of its children. */
export function nodeHash(left: Uint8Array, right: Uint8Array, hash: Hash): Uint8Array {
  return hash.sha256(concatBytes(NODE_PREFIX, left, right))
}

/** Root of the tree over `leafHashes` (each made by `leafHash`), in order. */
export function root(leafHashes: readonly Uint8Array[], hash: Hash): Uint8Array {
  if (leafHashes.length === 0) return hash.sha256(new Uint8Array(0))
  return subtree(leafHashes, 0, leafHashes.length, hash)
}

/**
 * Audit path of leaf `index`, from the leaf upwards (RFC 6962 2.1.1).
 * @throws RangeError if there is no such leaf.
 */
export function inclusionProof(
  index: number,
  leafHashes: readonly Uint8Array[],
  hash: Hash,
): Uint8Array[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= leafHashes.length) {
    throw new RangeError(`no leaf ${index} in a tree of ${leafHashes.length}`)
  }
  const path: Uint8Array[] = []
  let start = 0
  let end = leafHashes.length
  while (end - start > 1) {
    const middle = start + splitOf(end - start)
    if (index < middle) {
      path.push(subtree(leafHashes, middle, end, hash))
      end = middle
    } else {
      path.push(subtree(leafHashes, start, middle, hash))
      start = middle
    }
  }
  return path.toReversed()
}

/**
 * Whether `proof` shows that `leaf` (a leaf hash) is number `index` of the tree of `size` leaves
 * with this root. Any malformed argument gives false.
 */
export function verifyInclusion(
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  expectedRoot: Uint8Array,
  hash: Hash,
): boolean {
  if (!isSize(index) || !isSize(size) || index >= size) return false
  if (!areHashes([leaf, expectedRoot, ...proof])) return false
  let node = index
  let last = size - 1
  let current = leaf
  for (const sibling of proof) {
    if (last === 0) return false
    if (isOdd(node) || node === last) {
      current = nodeHash(sibling, current, hash)
      while (!isOdd(node) && node !== 0) {
        node = half(node)
        last = half(last)
      }
    } else {
      current = nodeHash(current, sibling, hash)
    }
    node = half(node)
    last = half(last)
  }
  return last === 0 && sameBytes(current, expectedRoot)
}

/**
 * Proof that the tree over the first `oldSize` leaves is a prefix of the tree over `leafHashes`
 * (RFC 6962 2.1.2). Empty if the sizes are equal or the old tree is empty.
 * @throws RangeError if `oldSize` is larger than the tree.
 */
export function consistencyProof(
  oldSize: number,
  leafHashes: readonly Uint8Array[],
  hash: Hash,
): Uint8Array[] {
  if (!isSize(oldSize) || oldSize > leafHashes.length) {
    throw new RangeError(`no tree of ${oldSize} leaves within one of ${leafHashes.length}`)
  }
  if (oldSize === 0) return []
  const proof: Uint8Array[] = []
  let start = 0
  let end = leafHashes.length
  // `whole`: the old tree's part of [start, end) is a subtree that the verifier knows as the old root.
  let whole = true
  while (oldSize !== end) {
    const middle = start + splitOf(end - start)
    if (oldSize <= middle) {
      proof.push(subtree(leafHashes, middle, end, hash))
      end = middle
    } else {
      proof.push(subtree(leafHashes, start, middle, hash))
      start = middle
      whole = false
    }
  }
  if (!whole) proof.push(subtree(leafHashes, start, end, hash))
  return proof.toReversed()
}

/**
 * Whether `proof` shows that the tree with `oldRoot` is a prefix of the tree with `newRoot`.
 * Every tree extends the empty one (with an empty proof). Any malformed argument gives false.
 */
export function verifyConsistency(
  oldSize: number,
  newSize: number,
  oldRoot: Uint8Array,
  newRoot: Uint8Array,
  proof: readonly Uint8Array[],
  hash: Hash,
): boolean {
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) return false
  if (!areHashes([oldRoot, newRoot, ...proof])) return false
  if (oldSize === newSize) return proof.length === 0 && sameBytes(oldRoot, newRoot)
  if (oldSize === 0) return proof.length === 0 && sameBytes(oldRoot, root([], hash))
  // RFC 9162 2.1.4.2, step 2: an old tree of a power of two leaves is itself the first node.
  const path = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof
  const [first, ...rest] = path
  if (first === undefined) return false
  let node = oldSize - 1
  let last = newSize - 1
  while (isOdd(node)) {
    node = half(node)
    last = half(last)
  }
  let oldHash = first
  let newHash = first
  for (const sibling of rest) {
    if (last === 0) return false
    if (isOdd(node) || node === last) {
      oldHash = nodeHash(sibling, oldHash, hash)
      newHash = nodeHash(sibling, newHash, hash)
      while (!isOdd(node) && node !== 0) {
        node = half(node)
        last = half(last)
      }
    } else {
      newHash = nodeHash(newHash, sibling, hash)
    }
    node = half(node)
    last = half(last)
  }
  return last === 0 && sameBytes(oldHash, oldRoot) && sameBytes(newHash, newRoot)
}

function subtree(
  leafHashes: readonly Uint8Array[],
  start: number,
  end: number,
  hash: Hash,
): Uint8Array {
  if (end - start === 1) return leafHashes[start]!
  const middle = start + splitOf(end - start)
  return nodeHash(
    subtree(leafHashes, start, middle, hash),
    subtree(leafHashes, middle, end, hash),
    hash,
  )
}

/** The largest power of two below `size` (size >= 2). */
function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

// Sizes may exceed 2^31 in a ledger, so no bit operators.
function half(value: number): number {
  return Math.floor(value / 2)
}

function isOdd(value: number): boolean {
  return value % 2 === 1
}

function isPowerOfTwo(value: number): boolean {
  let power = 1
  while (power < value) power *= 2
  return power === value
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function areHashes(values: readonly Uint8Array[]): boolean {
  return values.every((value) => value.length === HASH_BYTES)
}
