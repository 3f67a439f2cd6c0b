/**
 * A ledger entry: the data of one leaf of the log.
 *
 *     seq <n>
 *     prev <base64 leaf hash of entry n-1; of 32 zero bytes for n = 0>
 *     <the author's signed note, verbatim>
 *
 * So the entries form a hash chain by themselves, and the keeper of the log cannot alter what an author
 * signed: it only says in which order the notes came.
 */
import { ShareholdError } from '../../shares/errors.ts'
import { HASH_BYTES, sameBytes } from '../../shares/hash.ts'

import { decodeBase64, encodeBase64 } from './base64.ts'
import { parseNote } from './note.ts'

/** tlog-tiles keeps the length of an entry in 16 bits. */
export const MAX_ENTRY_BYTES = 65_535

/** What the first entry names as its predecessor. */
export const NO_PREVIOUS: Uint8Array = new Uint8Array(HASH_BYTES)

export interface Entry {
  /** Position in the log, from 0. */
  readonly seq: number
  /** Leaf hash of the entry before, 32 bytes. */
  readonly prev: Uint8Array
  /** The author's signed note. Well-formed, its signatures not verified here. */
  readonly note: string
}

/**
 * The leaf data of an entry.
 *
 * @throws ShareholdError SH_NOTE_MALFORMED, SH_LEDGER_ENTRY_SIZE
 * @throws TypeError for a negative position or a hash of another length
 */
export function encodeEntry({ seq, prev, note }: Entry): Uint8Array {
  if (!Number.isSafeInteger(seq) || seq < 0 || prev.length !== HASH_BYTES) {
    throw new TypeError('an entry needs a position and the hash of its predecessor')
  }
  parseNote(note)
  const data = new TextEncoder().encode(`seq ${seq}\nprev ${encodeBase64(prev)}\n${note}`)
  if (data.length > MAX_ENTRY_BYTES) {
    throw new ShareholdError('SH_LEDGER_ENTRY_SIZE', 'The entry is longer than 65535 bytes.', {
      hint: 'Enter the hash of large material instead of the material.',
    })
  }
  return data
}

/**
 * Reads leaf data and checks its place in the chain.
 *
 * @param seq the position where it was found
 * @param prev the leaf hash of the entry before; `NO_PREVIOUS` for position 0
 * @throws ShareholdError SH_LEDGER_ENTRY, SH_NOTE_MALFORMED
 */
export function parseEntry(data: Uint8Array, seq: number, prev: Uint8Array): Entry {
  const entry = decodeEntry(data)
  if (entry.seq !== seq) throw malformed(`it says seq ${entry.seq} at position ${seq}`)
  if (!sameBytes(entry.prev, prev)) throw malformed('it does not name the entry before it')
  return entry
}

/**
 * Reads leaf data, wherever it stands.
 *
 * @throws ShareholdError SH_LEDGER_ENTRY, SH_NOTE_MALFORMED
 */
export function decodeEntry(data: Uint8Array): Entry {
  if (data.length > MAX_ENTRY_BYTES) throw malformed('it is too long')
  let text: string
  try {
    // ignoreBOM keeps a byte order mark in the text: otherwise two leaves would read the same.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data)
  } catch {
    throw malformed('it is not UTF-8')
  }
  const head = /^seq (0|[1-9][0-9]{0,15})\nprev ([A-Za-z0-9+/]{43}=)\n/.exec(text)
  if (head === null) throw malformed('it does not begin with seq and prev')
  const seq = Number(head[1])
  if (!Number.isSafeInteger(seq)) throw malformed('its position is out of range')
  let prev: Uint8Array
  try {
    prev = decodeBase64(head[2]!, HASH_BYTES)
  } catch {
    throw malformed('prev is not canonical base64')
  }
  const note = text.slice(head[0].length)
  parseNote(note)
  return { seq, prev, note }
}

function malformed(reason: string): ShareholdError {
  return new ShareholdError('SH_LEDGER_ENTRY', `The ledger entry is malformed: ${reason}.`)
}
