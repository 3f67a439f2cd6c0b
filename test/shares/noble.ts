/** Hash, Prg and Rng from noble, for tests of the pure floors. */
import { ctr } from '@noble/ciphers/aes.js'
import { sha256 } from '@noble/hashes/sha2.js'

import type { StreamingHash } from '../../shares/hash.ts'
import type { Prg } from '../../shares/prg.ts'
import { prgRng, type Rng } from '../../shares/random.ts'

export const hash: StreamingHash = {
  sha256: (bytes) => sha256(bytes),
  start: () => sha256.create(),
}

export const prg: Prg = {
  fill(key, iv, out) {
    // noble wants aligned arrays of its own; kernel memory may be anything.
    out.set(ctr(key, iv).encrypt(new Uint8Array(out.length)))
  },
}

/** A 16-byte key that stands for these parts (any text). */
export function keyOf(...parts: readonly (string | number)[]): Uint8Array {
  return sha256(new TextEncoder().encode(parts.join('|'))).slice(0, 16)
}

/** Reproducible randomness. */
export function seededRng(...parts: readonly (string | number)[]): Rng {
  return prgRng(prg, keyOf('rng', ...parts))
}
