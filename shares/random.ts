/**
 * Fresh randomness, handed in: the pure floors have none of their own. Whoever splits a secret needs
 * 16 bytes of true randomness; the bulk comes from a PRG keyed with them.
 */
import { ivOf, ONCE, type Prg, SEED_BYTES } from './prg.ts'

/** Cryptographic randomness (the operating system's in processes and browsers; seeded in tests). */
export interface Rng {
  /** Overwrites `out`, which may be a view of kernel memory. */
  fill(out: Uint8Array): void
}

/** A new single-use 16-byte seed. */
export function drawSeed(rng: Rng): Uint8Array {
  const seed = new Uint8Array(SEED_BYTES)
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- no array
  rng.fill(seed)
  return seed
}

/**
 * A fast Rng whose outputs are the successive streams of `prg` under `key`: pseudo-random to whoever
 * lacks the key, and reproducible for whoever has it. One stream (counter `op`) per call of `fill`.
 * @param key 16 bytes, used for nothing else.
 */
export function prgRng(prg: Prg, key: Uint8Array): Rng {
  let calls = 0
  return {
    fill(out) {
      prg.fill(key, ivOf({ ...ONCE, op: calls++ }), out)
    },
  }
}
