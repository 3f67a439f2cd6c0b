/**
 * Commitments to share blocks (protocol.md E): a salted RFC 6962 leaf for each block, one Merkle root
 * for all blocks of an import at one party. The party signs the root, the ledger keeps it; later the
 * party, the owner or an auditor can show that a block is the committed one.
 *
 * Binding as far as SHA-256 is collision resistant; hiding because every leaf has a fresh 32-byte salt
 * that only the owner and the party know. The number of blocks is public.
 *
 * Leaf data = "sharehold/leaf/v1" || text(dataset) || text(import id) || text(column) || text(encoding)
 *   || chunk u32 || salt (32 bytes) || length u64 || bytes, where text(s) = length u32 || UTF-8 of s;
 * numbers are big endian. Leaves are ordered as `compareBlockKeys` orders their keys.
 */
import { ShareholdError } from './errors.ts'
import { concatBytes, type Hash } from './hash.ts'
import { inclusionProof, leafHashOf, root, verifyInclusion } from './merkle.ts'
import type { Rng } from './random.ts'
import { type BlockKey, checkBlockKey, compareBlockKeys } from './store.ts'

export const SALT_BYTES = 32

const LEAF_TAG = new TextEncoder().encode('sharehold/leaf/v1')

/** The leaf of one block, as soon as its bytes are at hand. */
export interface BlockLeaf {
  readonly key: BlockKey
  readonly leaf: Uint8Array
}

/** The commitment of one party to one import. */
export interface Commitment {
  readonly root: Uint8Array
  /** In tree order. */
  readonly leaves: readonly BlockLeaf[]
}

/** Shows that a block is under a root. */
export interface BlockProof {
  readonly index: number
  readonly size: number
  readonly path: readonly Uint8Array[]
}

/** A fresh salt, one for each block and party. */
export function drawSalt(rng: Rng): Uint8Array {
  const salt = new Uint8Array(SALT_BYTES)
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- no array
  rng.fill(salt)
  return salt
}

/**
 * The leaf hash of a block. Linear in the block.
 * @param bytes may be a view of kernel memory
 * @param salt 32 bytes
 * @throws TypeError if the key or the salt is malformed
 */
export function blockLeaf(
  key: BlockKey,
  salt: Uint8Array,
  bytes: Uint8Array,
  hash: Hash,
): BlockLeaf {
  checkBlockKey(key)
  if (salt.length !== SALT_BYTES) throw new TypeError('a salt has 32 bytes')
  const head = concatBytes(
    LEAF_TAG,
    prefixed(key.dataset),
    prefixed(key.importId),
    prefixed(key.column),
    prefixed(key.encoding),
    u32(key.chunk),
    salt,
    // u64: no block comes near 2^53 bytes.
    u32(Math.floor(bytes.length / 2 ** 32)),
    u32(bytes.length % 2 ** 32),
  )
  return { key, leaf: leafHashOf([head, bytes], hash) }
}

/**
 * Commits to all blocks of an import.
 * @param leaves in any order
 * @throws TypeError if a key occurs twice
 */
export function commitTo(leaves: readonly BlockLeaf[], hash: Hash): Commitment {
  const sorted = leaves.toSorted((a, b) => compareBlockKeys(a.key, b.key))
  for (const [i, { key }] of sorted.entries()) {
    if (i > 0 && compareBlockKeys(sorted[i - 1]!.key, key) === 0) {
      throw new TypeError('a block occurs twice')
    }
  }
  return {
    root: root(
      sorted.map((each) => each.leaf),
      hash,
    ),
    leaves: sorted,
  }
}

/** Proves that a block is in a commitment. @throws ShareholdError SH_STORE_MISSING if it is not */
export function proveBlock(commitment: Commitment, key: BlockKey, hash: Hash): BlockProof {
  const index = commitment.leaves.findIndex((each) => compareBlockKeys(each.key, key) === 0)
  if (index < 0) {
    throw new ShareholdError('SH_STORE_MISSING', 'the commitment has no such block')
  }
  const hashes = commitment.leaves.map((each) => each.leaf)
  return { index, size: hashes.length, path: inclusionProof(index, hashes, hash) }
}

/** Whether these bytes are the block of that key under the root. */
export function verifyBlock(
  key: BlockKey,
  salt: Uint8Array,
  bytes: Uint8Array,
  proof: BlockProof,
  expectedRoot: Uint8Array,
  hash: Hash,
): boolean {
  const { leaf } = blockLeaf(key, salt, bytes, hash)
  return verifyInclusion(proof.index, proof.size, leaf, proof.path, expectedRoot, hash)
}

/**
 * Checks a block that comes from a disk or a peer.
 * @throws ShareholdError SH_STORE_CORRUPT
 */
export function checkBlock(
  key: BlockKey,
  salt: Uint8Array,
  bytes: Uint8Array,
  proof: BlockProof,
  expectedRoot: Uint8Array,
  hash: Hash,
): void {
  if (verifyBlock(key, salt, bytes, proof, expectedRoot, hash)) return
  throw new ShareholdError(
    'SH_STORE_CORRUPT',
    `block ${key.encoding}/${key.chunk} of column ${key.column}, import ${key.importId}, is not the committed one`,
    { hint: 'Restore the store from a backup, or have the repository send the import again.' },
  )
}

function prefixed(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  return concatBytes(u32(bytes.length), bytes)
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}
