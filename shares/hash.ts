/**
 * SHA-256, handed in: node:crypto in processes, @noble/hashes in browsers and tests. Synchronous, so
 * that whoever hashes stays a plain function.
 */
export interface Hash {
  /** SHA-256 of `bytes`: a new array of 32 bytes. Does not keep `bytes`. */
  sha256(bytes: Uint8Array): Uint8Array
  /** SHA-256 of a text in pieces, where that can be had. */
  readonly start?: () => IncrementalHash
}

/** One with which it can be had. */
export interface StreamingHash extends Hash {
  readonly start: () => IncrementalHash
}

export interface IncrementalHash {
  /** Goes on with `bytes`, and does not keep them. */
  update(bytes: Uint8Array): IncrementalHash
  /** Ends the hash: a new array of 32 bytes. */
  digest(): Uint8Array
}

/** Bytes of a SHA-256 digest. */
export const HASH_BYTES = 32

/** Concatenates into one new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Whether two public byte strings are equal (not in constant time: never for secrets). */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
