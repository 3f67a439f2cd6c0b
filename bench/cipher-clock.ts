/**
 * What ciphers and hash need for that many bytes, alone: one long stream each, in pieces that stay in the
 * cache, one thread, the fastest of a few. Whatever is spent per message or per TLS record comes on top.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'

const REPEATS = 3
const KEY = new Uint8Array(16)

/** AES-128-CTR keystream. @returns seconds */
export function keystreamSeconds(bytes: number): number {
  return fastest(bytes, 64 * 1024, () => {
    const cipher = createCipheriv('aes-128-ctr', KEY, new Uint8Array(16))
    return (piece) => cipher.update(piece)
  })
}

/** AES-128-GCM, as TLS does it in records of 16 KiB: once encrypted and once decrypted. @returns seconds */
export function encryptionSeconds(bytes: number): number {
  const nonce = new Uint8Array(12)
  return fastest(bytes, 16 * 1024, () => {
    const seal = createCipheriv('aes-128-gcm', KEY, nonce)
    const open = createDecipheriv('aes-128-gcm', KEY, nonce)
    return (piece) => open.update(seal.update(piece))
  })
}

/** SHA-256. @returns seconds */
export function digestSeconds(bytes: number): number {
  return fastest(bytes, 64 * 1024, () => {
    const digest = createHash('sha256')
    return (piece) => digest.update(piece)
  })
}

function fastest(
  bytes: number,
  pieceBytes: number,
  start: () => (piece: Uint8Array) => unknown,
): number {
  const piece = new Uint8Array(pieceBytes)
  let best = Number.POSITIVE_INFINITY
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const take = start()
    const before = performance.now()
    let left = bytes
    for (; left >= pieceBytes; left -= pieceBytes) take(piece)
    if (left > 0) take(piece.subarray(0, left))
    const seconds = (performance.now() - before) / 1000
    // The first run is the warm-up.
    if (repeat > 0) best = Math.min(best, seconds)
  }
  return best
}
