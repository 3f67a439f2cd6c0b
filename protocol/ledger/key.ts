/**
 * Keys of signed notes (C2SP signed-note, key type 0x01 = Ed25519), in the text formats of Go's
 * sumdb/note:
 *
 *     verifier key   <name>+<key id, 8 hex digits>+<base64 of 0x01 || public key>
 *     signer key     PRIVATE+KEY+<name>+<key id>+<base64 of 0x01 || seed>
 *
 * key id = first 4 bytes of SHA-256(name || 0x0A || 0x01 || public key). Stricter than Go: the key id
 * is lower-case and the base64 canonical, so a key has exactly one text and texts can be compared.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'

import { ShareholdError } from '../../shares/errors.ts'

import { decodeBase64, encodeBase64 } from './base64.ts'

const ED25519 = 0x01

/** A verifier key, taken apart. */
export interface Verifier {
  readonly name: string
  /** 8 lower-case hex digits. */
  readonly keyId: string
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** The text it was read from. */
  readonly vkey: string
}

/** A signer key, taken apart. Holds a secret: never log it. */
export interface Signer extends Verifier {
  /** 32 bytes, secret. */
  readonly seed: Uint8Array
}

export interface KeyPair {
  /** Secret text: whoever has it can sign. */
  readonly skey: string
  readonly vkey: string
}

/** Whether `name` can name a key: not empty, no Unicode white space, no plus sign, well-formed. */
export function isKeyName(name: string): boolean {
  return name !== '' && !/[\p{White_Space}\p{Surrogate}\p{Cc}+]/u.test(name)
}

/**
 * A new key pair.
 *
 * @param name schemeless URL by convention, e.g. `node1.example/mpc`
 * @param rng cryptographic randomness: returns that many bytes
 * @throws TypeError if the name breaks the rules of `isKeyName`
 */
export function generateKey(name: string, rng: (bytes: number) => Uint8Array): KeyPair {
  return keyFromSeed(name, rng(32))
}

/**
 * The key pair that a seed stands for.
 *
 * @param seed 32 secret bytes
 * @throws TypeError if the name or the seed's length is wrong
 */
export function keyFromSeed(name: string, seed: Uint8Array): KeyPair {
  if (!isKeyName(name)) throw new TypeError('a key name has white space or a plus, or is empty')
  if (seed.length !== 32) throw new TypeError('a seed has 32 bytes')
  const publicKey = ed25519.getPublicKey(seed)
  const keyId = keyIdOf(name, publicKey)
  return {
    skey: `PRIVATE+KEY+${name}+${keyId}+${encodeBase64(typed(seed))}`,
    vkey: `${name}+${keyId}+${encodeBase64(typed(publicKey))}`,
  }
}

/**
 * Reads a verifier key.
 *
 * @throws ShareholdError SH_NOTE_KEY
 */
export function parseVerifierKey(vkey: string): Verifier {
  const [name, keyId, base64, ...more] = vkey.split('+')
  // A '+' may also be a base64 digit: everything behind the second one belongs to the key.
  const key = keyBytes([base64, ...more].join('+'))
  if (name === undefined || !isKeyName(name)) throw badKey('the name is not a key name')
  if (keyId !== keyIdOf(name, key)) throw badKey('the key id does not belong to name and key')
  return { name, keyId, publicKey: key, vkey }
}

/**
 * Reads a signer key.
 *
 * @throws ShareholdError SH_NOTE_KEY; the message never quotes the key
 */
export function parseSignerKey(skey: string): Signer {
  const [first, second, name, keyId, base64, ...more] = skey.split('+')
  if (first !== 'PRIVATE' || second !== 'KEY') throw badKey('a signer key begins with PRIVATE+KEY')
  const seed = keyBytes([base64, ...more].join('+'))
  if (name === undefined || !isKeyName(name)) throw badKey('the name is not a key name')
  const publicKey = ed25519.getPublicKey(seed)
  if (keyId !== keyIdOf(name, publicKey)) throw badKey('the key id does not belong to the key')
  const vkey = `${name}+${keyId}+${encodeBase64(typed(publicKey))}`
  return { name, keyId, publicKey, vkey, seed }
}

/**
 * The verifier key of a signer key.
 *
 * @throws ShareholdError SH_NOTE_KEY
 */
export function verifyKeyOf(skey: string): string {
  return parseSignerKey(skey).vkey
}

/**
 * The same key under another name. An actor that signs in two roles (the coordinator also signs the
 * log's checkpoints, under the name of the log) needs one seed and one entry in the topology.
 *
 * @throws TypeError if the name breaks the rules of `isKeyName`
 * @throws ShareholdError SH_NOTE_KEY
 */
export function renameSignerKey(skey: string, name: string): string {
  return keyFromSeed(name, parseSignerKey(skey).seed).skey
}

/** As `renameSignerKey`, for the verifier key. */
export function renameVerifierKey(vkey: string, name: string): string {
  if (!isKeyName(name)) throw new TypeError('a key name has white space or a plus, or is empty')
  const { publicKey } = parseVerifierKey(vkey)
  return `${name}+${keyIdOf(name, publicKey)}+${encodeBase64(typed(publicKey))}`
}

function keyIdOf(name: string, publicKey: Uint8Array): string {
  const hash = sha256
    .create()
    .update(new TextEncoder().encode(`${name}\n`))
    .update(typed(publicKey))
    .digest()
  return [...hash.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function typed(key: Uint8Array): Uint8Array {
  const out = new Uint8Array(1 + key.length)
  out[0] = ED25519
  out.set(key, 1)
  return out
}

function keyBytes(base64: string): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = decodeBase64(base64)
  } catch {
    throw badKey('the key is not base64')
  }
  if (bytes.length !== 33 || bytes[0] !== ED25519) throw badKey('it is not an Ed25519 key')
  return bytes.subarray(1)
}

function badKey(reason: string): ShareholdError {
  return new ShareholdError('SH_NOTE_KEY', `The key cannot be used: ${reason}.`, {
    hint: 'A verifier key reads name+8 hex digits+base64; copy it whole.',
  })
}
