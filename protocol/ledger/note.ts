/**
 * Signed notes (C2SP signed-note v1, Ed25519 only): a text, a blank line, one line a signature:
 *
 *     <text, ends with a newline>
 *
 *     — <name> <base64 of key id || signature over the text>
 *
 * Against whom: nobody without a signer's key can change a byte of the text, and nobody at all can
 * add, drop or re-encode a signature line unnoticed where the expected signers are given: an unknown
 * key is refused unless the caller asks otherwise. Compatible with Go's sumdb/note in both directions.
 */
import { ed25519 } from '@noble/curves/ed25519.js'

import { ShareholdError } from '../../shares/errors.ts'

import { decodeBase64, encodeBase64 } from './base64.ts'
import { isKeyName, parseSignerKey, parseVerifierKey, type Verifier } from './key.ts'

export {
  generateKey,
  isKeyName,
  keyFromSeed,
  parseSignerKey,
  parseVerifierKey,
  renameSignerKey,
  renameVerifierKey,
  verifyKeyOf,
} from './key.ts'
export type { KeyPair, Signer, Verifier } from './key.ts'

/** As Go: more lines than this are refused before any is verified. */
const MAX_SIGNATURES = 100

const LINE_START = '— '

/** Control characters other than the newline, and lone surrogates, have no place in a note. */
const FORBIDDEN = /[^\P{Control}\n\u007F-\u009F]|\p{Surrogate}/u

/** Verifies an Ed25519 signature. Lets processes hand in a native one, and audits a memory. */
export type VerifySignature = (
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
) => boolean

/** RFC 8032 verification in plain JavaScript, strict: small-order keys and large S are refused. */
export const verifyEd25519: VerifySignature = (signature, message, publicKey) => {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false })
  } catch {
    return false
  }
}

export interface OpenOptions {
  /**
   * What to do with a signature line of a key that is not among the given ones. `ignore` is for
   * checkpoints, which witnesses may cosign; anything else should stay with `refuse` (the default).
   */
  readonly unknown?: 'refuse' | 'ignore'
  readonly verify?: VerifySignature
}

export interface OpenedNote {
  readonly text: string
  /** Verifier keys (texts, as given) whose signatures were there and good, in the order of the lines. */
  readonly signers: readonly string[]
}

/** A note taken apart, nothing verified. */
export interface ParsedNote {
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

export interface NoteSignature {
  readonly name: string
  readonly keyId: string
  /** What follows the 4 bytes of the key id. */
  readonly signature: Uint8Array
  /** The whole line, newline included. */
  readonly line: string
}

/**
 * Signs a text with each key.
 *
 * @param text non-empty, ends with a newline, no control characters but newlines
 * @param skeys signer keys, each once
 * @throws TypeError if the text cannot be a note's text
 * @throws ShareholdError SH_NOTE_KEY
 */
export function signNote(text: string, skeys: readonly string[]): string {
  if (skeys.length === 0 || new Set(skeys).size !== skeys.length) {
    throw new TypeError('a note needs at least one signer, each only once')
  }
  return `${text}\n${skeys.map((skey) => signatureLine(text, skey)).join('')}`
}

/**
 * Adds signatures to a note; those that are there stay, unverified.
 *
 * @throws ShareholdError SH_NOTE_MALFORMED, SH_NOTE_KEY
 */
export function addSignatures(note: string, skeys: readonly string[]): string {
  const { text } = parseNote(note)
  return mergeNotes([note, signNote(text, skeys)])
}

/**
 * One note with all the signatures of several notes of the same text, in order of first appearance.
 * Nothing is verified here.
 *
 * @throws ShareholdError SH_NOTE_MALFORMED if a note is malformed, the texts differ, or one key has
 * two different signatures
 */
export function mergeNotes(notes: readonly string[]): string {
  const parsed = notes.map(parseNote)
  const first = parsed[0]
  if (first === undefined) throw new TypeError('there is no note to merge')
  const lines = new Map<string, string>()
  for (const { text, signatures } of parsed) {
    if (text !== first.text) throw malformed('the notes to merge have different texts')
    for (const { name, keyId, line } of signatures) {
      const key = `${name}+${keyId}`
      if ((lines.get(key) ?? line) !== line) throw malformed('a key has signed twice')
      lines.set(key, line)
    }
  }
  return `${first.text}\n${[...lines.values()].join('')}`
}

/**
 * A note from its text and the lines that `signatureLine` made elsewhere. Nothing is verified here.
 *
 * @throws ShareholdError SH_NOTE_MALFORMED
 */
export function joinSignatures(text: string, lines: readonly string[]): string {
  const note = `${text}\n${lines.join('')}`
  // A line that smuggles in a line break would move the border between text and signatures.
  if (parseNote(note).text !== text) throw malformed('a signature line is not one line')
  return note
}

/**
 * Opens a note: every line of a known key must hold a good signature, no key may sign twice, and at
 * least one known key must have signed.
 *
 * @param vkeys the keys that are expected to sign, from the topology, never from the ledger
 * @throws ShareholdError SH_NOTE_MALFORMED, SH_NOTE_KEY (a bad vkey), SH_NOTE_SIGNATURE,
 * SH_NOTE_UNKNOWN_SIGNER, SH_NOTE_UNSIGNED (no signature of any of the keys)
 */
export function openNote(
  note: string,
  vkeys: readonly string[],
  options: OpenOptions = {},
): OpenedNote {
  const { text, signatures } = parseNote(note)
  const known = new Map<string, Verifier>()
  for (const vkey of vkeys) {
    const verifier = parseVerifierKey(vkey)
    known.set(`${verifier.name}+${verifier.keyId}`, verifier)
  }
  const message = new TextEncoder().encode(text)
  const verify = options.verify ?? verifyEd25519
  const signers: string[] = []
  for (const { name, keyId, signature } of signatures) {
    const verifier = known.get(`${name}+${keyId}`)
    if (verifier === undefined) {
      if (options.unknown === 'ignore') continue
      throw new ShareholdError('SH_NOTE_UNKNOWN_SIGNER', 'A signature of an unexpected key.', {
        party: `${name}+${keyId}`,
        hint: 'Compare the key with the one in topology.json.',
      })
    }
    if (signature.length !== 64 || !verify(signature, message, verifier.publicKey)) {
      throw new ShareholdError('SH_NOTE_SIGNATURE', 'A signature does not fit the note.', {
        party: name,
        hint: 'The note was changed after it was signed, or was never signed by this key.',
      })
    }
    signers.push(verifier.vkey)
  }
  if (signers.length === 0) {
    throw new ShareholdError('SH_NOTE_UNSIGNED', 'None of the expected keys has signed the note.')
  }
  return { text, signers }
}

/**
 * Opens a note that must carry the signature of every one of `vkeys` and of nobody else.
 *
 * @returns the signed text
 * @throws ShareholdError as `openNote`; SH_NOTE_UNSIGNED naming the first key that has not signed
 */
export function openNoteOfAll(
  note: string,
  vkeys: readonly string[],
  options: Pick<OpenOptions, 'verify'> = {},
): string {
  const { text, signers } = openNote(note, vkeys, options)
  const missing = vkeys.find((vkey) => !signers.includes(vkey))
  if (missing !== undefined) {
    throw new ShareholdError('SH_NOTE_UNSIGNED', 'A signature is missing.', {
      party: parseVerifierKey(missing).name,
    })
  }
  return text
}

/**
 * Takes a note apart without verifying anything.
 *
 * @throws ShareholdError SH_NOTE_MALFORMED, also when one key signs twice
 */
export function parseNote(note: string): ParsedNote {
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n')) throw malformed('there is no signature block')
  const text = note.slice(0, split + 1)
  const lines = note.slice(split + 2, -1).split('\n')
  if (!isNoteText(text)) throw malformed('its text is empty or has control characters')
  if (lines.length > MAX_SIGNATURES) throw malformed('it has too many signatures')
  const signatures = lines.map(parseLine)
  if (new Set(signatures.map((s) => `${s.name}+${s.keyId}`)).size !== signatures.length) {
    throw malformed('a key has signed twice')
  }
  return { text, signatures }
}

function parseLine(line: string): NoteSignature {
  const [name, base64, ...more] = line.startsWith(LINE_START)
    ? line.slice(LINE_START.length).split(' ')
    : []
  if (name === undefined || base64 === undefined || more.length > 0 || !isKeyName(name)) {
    throw malformed('a signature line is not "— name base64"')
  }
  let bytes: Uint8Array
  try {
    bytes = decodeBase64(base64)
  } catch {
    throw malformed('a signature is not canonical base64')
  }
  if (bytes.length < 5) throw malformed('a signature is too short')
  const keyId = [...bytes.subarray(0, 4)].map((b) => b.toString(16).padStart(2, '0')).join('')
  return { name, keyId, signature: bytes.subarray(4), line: `${line}\n` }
}

/**
 * One key's signature line under `text`, newline included: what a co-signer sends to whoever joins them.
 *
 * @throws TypeError if the text cannot be a note's text
 * @throws ShareholdError SH_NOTE_KEY
 */
export function signatureLine(text: string, skey: string): string {
  if (!isNoteText(text)) throw new TypeError('a note text ends with a newline and is plain text')
  const { name, keyId, seed } = parseSignerKey(skey)
  const signature = ed25519.sign(new TextEncoder().encode(text), seed)
  const bytes = new Uint8Array(4 + signature.length)
  bytes.set([0, 2, 4, 6].map((at) => Number.parseInt(keyId.slice(at, at + 2), 16)))
  bytes.set(signature, 4)
  return `${LINE_START}${name} ${encodeBase64(bytes)}\n`
}

function isNoteText(text: string): boolean {
  return text.endsWith('\n') && !FORBIDDEN.test(text)
}

function malformed(reason: string): ShareholdError {
  return new ShareholdError('SH_NOTE_MALFORMED', `The note is malformed: ${reason}.`)
}
