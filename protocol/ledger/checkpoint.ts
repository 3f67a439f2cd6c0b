/**
 * Checkpoints (C2SP tlog-checkpoint): what the log's keeper signs about the whole log.
 *
 *     <origin>
 *     <number of entries>
 *     <base64 of the RFC 6962 root>
 *
 *     — <origin> <signature>
 *
 * Extension lines are refused: monitors could not check them. Further signatures (witnesses) are
 * admitted and ignored, as the specification asks.
 */
import { ShareholdError } from '../../shares/errors.ts'
import { HASH_BYTES } from '../../shares/hash.ts'

import { decodeBase64, encodeBase64 } from './base64.ts'
import { isKeyName, openNote, parseVerifierKey, signNote, type VerifySignature } from './note.ts'

export interface Checkpoint {
  /** Name of the log and of the key that signs for it. */
  readonly origin: string
  /** Number of entries. */
  readonly size: number
  /** RFC 6962 root over all entries, 32 bytes. */
  readonly root: Uint8Array
}

/**
 * The text of a checkpoint, unsigned.
 *
 * @throws TypeError for an origin that cannot name a key, a size below 0 or a root of another length
 */
export function encodeCheckpoint({ origin, size, root }: Checkpoint): string {
  if (!isKeyName(origin) || !isSize(size) || root.length !== HASH_BYTES) {
    throw new TypeError('a checkpoint needs an origin, a size and a root of 32 bytes')
  }
  return `${origin}\n${size}\n${encodeBase64(root)}\n`
}

/**
 * Reads the text of a checkpoint; anything that `encodeCheckpoint` would write otherwise is refused.
 *
 * @throws ShareholdError SH_LEDGER_CHECKPOINT
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, digits, base64, end, ...more] = text.split('\n')
  if (origin === undefined || digits === undefined || base64 === undefined) throw malformed()
  if (end !== '' || more.length > 0 || !isKeyName(origin)) throw malformed()
  const size = Number(digits)
  if (!/^(0|[1-9][0-9]{0,15})$/.test(digits) || !isSize(size)) throw malformed()
  let root: Uint8Array
  try {
    root = decodeBase64(base64, HASH_BYTES)
  } catch {
    throw malformed()
  }
  return { origin, size, root }
}

/**
 * Signs a checkpoint with the log's key, whose name is the origin.
 *
 * @returns the signed note, as it is kept under /checkpoint
 * @throws ShareholdError SH_NOTE_KEY
 */
export function signCheckpoint(checkpoint: Checkpoint, skey: string): string {
  return signNote(encodeCheckpoint(checkpoint), [skey])
}

/**
 * Opens a signed checkpoint of the log that `vkey` belongs to.
 *
 * @throws ShareholdError SH_NOTE_*, SH_LEDGER_CHECKPOINT (malformed, or of another log)
 */
export function openCheckpoint(
  note: string,
  vkey: string,
  options: { readonly verify?: VerifySignature } = {},
): Checkpoint {
  const { text } = openNote(note, [vkey], { ...options, unknown: 'ignore' })
  const checkpoint = parseCheckpoint(text)
  if (checkpoint.origin !== parseVerifierKey(vkey).name) {
    throw new ShareholdError('SH_LEDGER_CHECKPOINT', 'The checkpoint belongs to another log.')
  }
  return checkpoint
}

function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0
}

function malformed(): ShareholdError {
  return new ShareholdError('SH_LEDGER_CHECKPOINT', 'The checkpoint is malformed.', {
    hint: 'It has three lines: origin, size, root.',
  })
}
