/**
 * Pseudo-random bytes from a 16-byte key: AES-128-CTR, handed in (node:crypto in processes,
 * @noble/ciphers in browsers and tests), and the counter that goes with it (protocol.md 0.2).
 *
 * IV = op u32 || batch u32 || step u32 || block u32, big endian; the block part starts at 0 for each
 * (key, counter). Secure as long as no (key, counter) is ever used for two different purposes: then
 * every output is indistinguishable from uniform to whoever lacks the key. Costs one AES block per
 * 16 bytes; nothing is sent.
 */
import { type FpVector, viewFp } from './field/memory.ts'
import { maskWords } from './field/vector.ts'

/** AES-128-CTR keystream, synchronous. */
export interface Prg {
  /** Overwrites `out` (which may be a view of kernel memory) with the keystream of (key, iv), 16 bytes each. */
  fill(key: Uint8Array, iv: Uint8Array, out: Uint8Array): void
}

/** Bytes of a PRG key or seed. */
export const SEED_BYTES = 16

/** Where in the key's stream a draw stands. A `Tag` (protocol/party.ts) is one. Each part is a u32. */
export interface Counter {
  readonly op: number
  readonly batch: number
  readonly step: number
}

/** The counter of keys that are used for one draw only. */
export const ONCE: Counter = { op: 0, batch: 0, step: 0 }

/**
 * The 16-byte IV at which the stream of this counter starts, or so many blocks of 16 bytes further.
 * @throws RangeError if a part is no u32
 */
export function ivOf(counter: Counter, block = 0): Uint8Array {
  const iv = new Uint8Array(16)
  writeU32(iv, 0, counter.op)
  writeU32(iv, 4, counter.batch)
  writeU32(iv, 8, counter.step)
  writeU32(iv, 12, block)
  return iv
}

/**
 * Overwrites `out` with pseudo-random field elements: the low 61 bits of each 64-bit word, and
 * 2^61-1 stands for 0, so 0 is twice as likely as any other element (distance 2^-61 per element).
 * @param from first element of the counter's stream to take; even
 */
export function fillField(
  prg: Prg,
  key: Uint8Array,
  counter: Counter,
  out: FpVector,
  from = 0,
): void {
  prg.fill(key, ivOf(counter, from / 2), viewFp(out))
  maskWords(out)
}

/** Not by a DataView: that would take longer to make than to do without. */
function writeU32(bytes: Uint8Array, at: number, value: number): void {
  if (value >>> 0 !== value) {
    throw new RangeError('a counter part is not an unsigned 32-bit number')
  }
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
