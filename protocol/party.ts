/**
 * One party's view of a committee in one attempt of one job: who it is, which keys it shares with
 * whom, and the channel to the others. Everything that computes takes a Party; nothing below this
 * knows of sockets, clocks or files. Tests drive all n parties in one process.
 */
import type { Committee } from '../shares/committee.ts'
import type { Prg } from '../shares/prg.ts'

import type { Rounds } from './round.ts'

export type { Prg } from '../shares/prg.ts'

/**
 * Names one message or one pseudo-random range: operator, batch of chunks, step within the
 * operator. Comes from the plan's position, never from order of arrival (protocol.md 0.2).
 */
export interface Tag {
  readonly op: number
  readonly batch: number
  readonly step: number
}

/**
 * Takes a piece of a message, of at least one byte, and where it belongs in the message. The piece is
 * only to be read, and only during the call. Pieces come in order.
 */
export type Place = (piece: Uint8Array, offset: number) => void

/**
 * A message in pieces, which may be made while they are asked for. Each is only read, and before the next
 * is asked for; `bytes` is their sum. They can be walked once. A channel may send those of a long message
 * as they are made, and wait between two of them.
 */
export interface Pieces {
  readonly bytes: number
  readonly pieces: Iterable<Uint8Array>
}

export type Payload = Uint8Array | Pieces

/** Its length in bytes. */
export const payloadBytes = (payload: Payload): number =>
  payload instanceof Uint8Array ? payload.length : payload.bytes

export const piecesOf = (payload: Payload): Iterable<Uint8Array> =>
  payload instanceof Uint8Array ? [payload] : payload.pieces

/** The whole message in an array of its own. @throws RangeError if `bytes` is not the pieces' sum */
export function wholePayload(payload: Payload): Uint8Array {
  const whole = new Uint8Array(payloadBytes(payload))
  let at = 0
  for (const piece of piecesOf(payload)) {
    whole.set(piece, at)
    at += piece.length
  }
  if (at !== whole.length) throw new RangeError(`a message of ${whole.length} bytes has ${at}`)
  return whole
}

/** Ordered, authenticated, confidential messages between the members of a committee. */
export interface Channel {
  /**
   * Queues a message. It may be a view of kernel memory: that is copied before the call returns its promise.
   * Pieces are asked for until the promise resolves, or until another message is sent to the party.
   */
  send(to: number, tag: Tag, payload: Payload): Promise<void>
  /**
   * The next message of party `from`.
   * @param place takes the message, all of it before the promise resolves: saves the array between
   * @returns the message, or an empty array if there is `place`
   * @throws ShareholdError SH_ROUND_* naming the party if it is gone, late, or sent another tag or another length.
   */
  receive(from: number, tag: Tag, bytes: number, place?: Place): Promise<Uint8Array>
}

/** What a subkey may be used for; one subkey per (key, use, dealer). */
export type KeyUse =
  | 'prss'
  | 'przs'
  | 'deal'
  | 'input-bits'
  | 'and'
  | 'b2a'
  | 'open'
  | 'reshare'
  | 'shuffle'
  | 'transcript'

export interface JobKeys {
  /** 16-byte subkey of the CNF set with this index into committee.sets; only sets that hold this party. */
  set(setIndex: number, use: KeyUse, dealer: number): Uint8Array
  /** 16-byte subkey of the key known to exactly this party and `peer`. */
  pair(peer: number, use: KeyUse, dealer: number): Uint8Array
}

export interface Party {
  readonly committee: Committee
  /** 1..n */
  readonly index: number
  readonly keys: JobKeys
  readonly channel: Channel
  /** Takes the rounds of an operator that runs beside others (lockstep.ts); else they go to the channel. */
  readonly rounds?: Rounds
  readonly prg: Prg
}
