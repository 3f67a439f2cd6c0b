/**
 * node:crypto behind the interfaces that the lower floors ask for: AES-128-CTR keystream (Prg),
 * SHA-256 (Hash, also incremental) and randomness. All synchronous.
 */
import {
  type Cipher,
  createCipheriv,
  createHash,
  hash as digestOf,
  randomFillSync,
} from 'node:crypto'

import type { Prg } from '../protocol/party.ts'
import type { IncrementalHash, StreamingHash } from '../shares/hash.ts'

const BLOCK_BYTES = 16

/**
 * Encrypting zeros gives the keystream; one buffer of them serves all, and nobody writes to it. At this
 * length the keystream is still in the cache when it is copied out (measured: 1.2 to 1.6 times as fast
 * as at 256 KiB, bench/RESULTS.md).
 */
const ZEROS = new Uint8Array(64 * 1024)

/** Up to here it is cheaper to encrypt counters with a cipher that is there already than to make one. */
const SHORT_BYTES = 1024

/** The counters of a short request. */
const counters = Buffer.alloc(SHORT_BYTES)

/** What there is for a key. */
interface Ciphers {
  /** What they were made with: the array that stands for the key may have been overwritten. */
  readonly key: Uint8Array
  /** The bare block cipher. */
  block?: Cipher
  /** The key stream, which goes on at this IV. */
  stream?: { readonly cipher: Cipher; readonly at: Uint8Array }
}

/** Of each key, for as long as somebody holds it: a job's keys go with the job. */
const ciphers = new WeakMap<Uint8Array, Ciphers>()

/**
 * AES-128-CTR keystream with a 16-byte IV (big-endian counter, RFC 3686 style increment of the whole
 * block), written over `out`, which may be a view of kernel memory. Cheapest where it goes on where the
 * last request with the key has ended.
 */
export const prg: Prg = {
  fill(key, iv, out) {
    if (out.length > SHORT_BYTES || !fillShort(key, iv, out)) fillLong(key, iv, out)
  },
}

function fillLong(key: Uint8Array, iv: Uint8Array, out: Uint8Array): void {
  const known = ciphersOf(key)
  const goesOn = known.stream !== undefined && sameBytes(known.stream.at, iv)
  const cipher = goesOn ? known.stream!.cipher : createCipheriv('aes-128-ctr', key, iv)
  for (let at = 0; at < out.length; at += ZEROS.length) {
    const bytes = Math.min(ZEROS.length, out.length - at)
    out.set(cipher.update(bytes === ZEROS.length ? ZEROS : ZEROS.subarray(0, bytes)), at)
  }
  if (out.length % BLOCK_BYTES > 0) delete known.stream
  else known.stream = { cipher, at: advanced(iv, out.length / BLOCK_BYTES) }
}

/** The keystream is the encrypted counters. @returns false, and nothing done, if their last word runs over */
function fillShort(key: Uint8Array, iv: Uint8Array, out: Uint8Array): boolean {
  const blocks = Math.ceil(out.length / BLOCK_BYTES)
  counters.set(iv)
  const first = counters.readUInt32BE(BLOCK_BYTES - 4)
  if (first + blocks > 2 ** 32) return false
  for (let k = 1; k < blocks; k++) {
    counters.copyWithin(k * BLOCK_BYTES, 0, BLOCK_BYTES)
    counters.writeUInt32BE(first + k, (k + 1) * BLOCK_BYTES - 4)
  }
  const known = ciphersOf(key)
  // ECB is nothing but the block cipher; no two blocks that it is given are equal.
  known.block ??= createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  const stream = known.block.update(counters.subarray(0, blocks * BLOCK_BYTES))
  out.set(stream.length === out.length ? stream : stream.subarray(0, out.length))
  return true
}

function ciphersOf(key: Uint8Array): Ciphers {
  let known = ciphers.get(key)
  if (known === undefined || !sameBytes(known.key, key)) {
    known = { key: key.slice() }
    ciphers.set(key, known)
  }
  return known
}

/** The IV so many blocks further. */
function advanced(iv: Uint8Array, blocks: number): Uint8Array {
  const out = iv.slice()
  for (let at = BLOCK_BYTES - 1, carry = blocks; at >= 0 && carry > 0; at--) {
    const sum = out[at]! + carry
    out[at] = sum
    carry = Math.floor(sum / 256)
  }
  return out
}

/** Takes the same time for all contents: they may be keys. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}

/** SHA-256. */
export const hash: StreamingHash = {
  sha256: (bytes) => new Uint8Array(digestOf('sha256', bytes, 'buffer')),
  start: sha256,
}

/** A new incremental SHA-256. */
export function sha256(): IncrementalHash {
  const state = createHash('sha256')
  const self: IncrementalHash = {
    update(bytes) {
      state.update(bytes)
      return self
    },
    digest: () => new Uint8Array(state.digest()),
  }
  return self
}

/** Cryptographic randomness: that many bytes, in an array of their own (not of Node's pool). */
export function rng(bytes: number): Uint8Array {
  return randomFillSync(new Uint8Array(bytes))
}

/** Overwrites `out` with cryptographic randomness. `out` may be a view of kernel memory. */
export function randomFill(out: Uint8Array): void {
  randomFillSync(out)
}
