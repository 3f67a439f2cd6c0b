/**
 * node:crypto behind the interfaces that the lower floors ask for: AES-128-CTR keystream (Prg),
 * SHA-256 (Hash, also incremental) and randomness. All synchronous.
 */
import { createCipheriv, createHash, randomFillSync } from 'node:crypto'

import type { Prg } from '../protocol/party.ts'
import type { Hash, IncrementalHash } from '../shares/hash.ts'

/**
 * Encrypting zeros gives the keystream; one buffer of them serves all, and nobody writes to it. At this
 * length the keystream is still in the cache when it is copied out (measured: 1.2 to 1.6 times as fast
 * as at 256 KiB, bench/RESULTS.md).
 */
const ZEROS = new Uint8Array(64 * 1024)

/**
 * AES-128-CTR keystream with a 16-byte IV (big-endian counter, RFC 3686 style increment of the whole
 * block), written over `out`, which may be a view of kernel memory.
 */
export const prg: Prg = {
  fill(key, iv, out) {
    const cipher = createCipheriv('aes-128-ctr', key, iv)
    for (let at = 0; at < out.length; at += ZEROS.length) {
      const bytes = Math.min(ZEROS.length, out.length - at)
      out.set(cipher.update(bytes === ZEROS.length ? ZEROS : ZEROS.subarray(0, bytes)), at)
    }
  },
}

/** SHA-256. */
export const hash: Hash = {
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
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
