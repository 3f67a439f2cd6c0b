/**
 * Sealing to a public key: HPKE (RFC 9180) base mode, single shot, with DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256 and ChaCha20-Poly1305. Used for the output shares that only the querier may read.
 *
 * Against whom: anyone without the secret key learns the length only, and cannot alter the message,
 * its `info` or its `aad`. Base mode does not say who sealed: anyone can. Where that matters the hash of
 * the sealed bytes is signed (ledger/records.ts, report). No forward secrecy towards the holder of the
 * secret key: a querier makes a fresh result key for each request, unless it wants to open results again.
 *
 * Cost: 2 scalar multiplications to seal, 1 to open; 48 bytes longer than the plaintext.
 */
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'

import { ShareholdError } from '../shares/errors.ts'
import { concatBytes } from '../shares/hash.ts'

/** Bytes of an X25519 key. */
export const SEAL_KEY_BYTES = 32

/** Bytes that sealing adds: the encapsulated key and the tag. */
export const SEAL_OVERHEAD_BYTES: number = 32 + 16

export interface ResultKey {
  /** 32 bytes, secret. */
  readonly secretKey: Uint8Array
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

const EMPTY = new Uint8Array(0)
const VERSION = ascii('HPKE-v1')
/** "KEM" || DHKEM(X25519, HKDF-SHA256) (RFC 9180 4.1). */
const KEM_SUITE = concatBytes(ascii('KEM'), Uint8Array.of(0x00, 0x20))
/** "HPKE" || kem 0x0020 || kdf 0x0001 || aead 0x0003 (RFC 9180 5.1). */
const SUITE = concatBytes(ascii('HPKE'), Uint8Array.of(0x00, 0x20, 0x00, 0x01, 0x00, 0x03))
const MODE_BASE = Uint8Array.of(0)

/**
 * A fresh key pair.
 *
 * @param rng cryptographic randomness: returns that many bytes
 */
export function generateResultKey(rng: (bytes: number) => Uint8Array): ResultKey {
  return resultKeyOf(rng(SEAL_KEY_BYTES))
}

/** The pair of a secret key. @param secretKey 32 bytes */
export function resultKeyOf(secretKey: Uint8Array): ResultKey {
  return { secretKey, publicKey: x25519.getPublicKey(secretKey) }
}

/**
 * Seals a message.
 *
 * @param publicKey 32 bytes
 * @param info what the message is for; the opener must give the same
 * @param aad context that is authenticated but not contained
 * @param rng cryptographic randomness, 32 bytes are drawn; never the same twice
 * @returns encapsulated key (32 bytes) || ciphertext || tag (16 bytes)
 * @throws TypeError if the public key is not one (wrong length, or a point of small order)
 */
export function seal(
  publicKey: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  rng: (bytes: number) => Uint8Array,
): Uint8Array {
  const ephemeral = generateResultKey(rng)
  const shared = sharedSecret(ephemeral.secretKey, publicKey, ephemeral.publicKey, publicKey)
  if (shared === undefined) throw new TypeError('the public key is not an X25519 key')
  const { key, nonce } = keySchedule(shared, info)
  return concatBytes(ephemeral.publicKey, chacha20poly1305(key, nonce, aad).encrypt(plaintext))
}

/**
 * Opens a sealed message.
 *
 * @param secretKey 32 bytes
 * @param sealed what `seal` returned
 * @throws ShareholdError SH_SEAL_OPEN for another key, another context or a changed message; they
 * cannot be told apart
 */
export function open(
  secretKey: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  if (sealed.length < SEAL_OVERHEAD_BYTES) throw cannotOpen()
  const encapsulated = sealed.subarray(0, SEAL_KEY_BYTES)
  const publicKey = x25519.getPublicKey(secretKey)
  const shared = sharedSecret(secretKey, encapsulated, encapsulated, publicKey)
  if (shared === undefined) throw cannotOpen()
  const { key, nonce } = keySchedule(shared, info)
  try {
    return chacha20poly1305(key, nonce, aad).decrypt(sealed.subarray(SEAL_KEY_BYTES))
  } catch {
    throw cannotOpen()
  }
}

/** RFC 9180 4.1, ExtractAndExpand. Undefined if the peer's key gives the all-zero secret (7.1.4). */
function sharedSecret(
  mine: Uint8Array,
  theirs: Uint8Array,
  encapsulated: Uint8Array,
  recipient: Uint8Array,
): Uint8Array | undefined {
  let dh: Uint8Array
  try {
    dh = x25519.getSharedSecret(mine, theirs)
  } catch {
    return undefined
  }
  const prk = labeledExtract(KEM_SUITE, EMPTY, 'eae_prk', dh)
  return labeledExpand(KEM_SUITE, prk, 'shared_secret', concatBytes(encapsulated, recipient), 32)
}

/** RFC 9180 5.1, KeySchedule with mode_base: the PSK and its id are empty. Sequence number 0 only. */
function keySchedule(
  shared: Uint8Array,
  info: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const pskIdHash = labeledExtract(SUITE, EMPTY, 'psk_id_hash', EMPTY)
  const infoHash = labeledExtract(SUITE, EMPTY, 'info_hash', info)
  const context = concatBytes(MODE_BASE, pskIdHash, infoHash)
  const secret = labeledExtract(SUITE, shared, 'secret', EMPTY)
  return {
    key: labeledExpand(SUITE, secret, 'key', context, 32),
    nonce: labeledExpand(SUITE, secret, 'base_nonce', context, 12),
  }
}

/** RFC 9180 4, LabeledExtract. */
function labeledExtract(
  suite: Uint8Array,
  salt: Uint8Array,
  label: string,
  ikm: Uint8Array,
): Uint8Array {
  return extract(sha256, concatBytes(VERSION, suite, ascii(label), ikm), salt)
}

/** RFC 9180 4, LabeledExpand. */
function labeledExpand(
  suite: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const labeled = concatBytes(Uint8Array.of(0, length), VERSION, suite, ascii(label), info)
  return expand(sha256, prk, labeled, length)
}

function cannotOpen(): ShareholdError {
  return new ShareholdError('SH_SEAL_OPEN', 'The sealed message does not open with this key.', {
    hint: 'It was sealed to another result key, for another job or node, or changed on its way.',
  })
}
