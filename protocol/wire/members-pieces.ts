/**
 * A list of member runs may be longer than a frame: it travels in `members` messages of up to 1 MiB,
 * in order, on the stream of its import or delivery.
 */
import { ShareholdError } from '../../shares/errors.ts'

import { encodeParts } from './codec.ts'
import type { Message } from './messages.ts'

export const MEMBERS_PIECE_BYTES: number = 1024 * 1024

/** The frames (each as parts for FramedStream.send) that carry the list of one part of a dataset. */
export function membersMessages(
  part: number,
  list: Uint8Array,
): (readonly [Uint8Array, Uint8Array])[] {
  const pieces = Math.max(1, Math.ceil(list.length / MEMBERS_PIECE_BYTES))
  return Array.from({ length: pieces }, (_, piece) => {
    const from = piece * MEMBERS_PIECE_BYTES
    return encodeParts(
      'members',
      { part, piece, pieces },
      list.subarray(from, from + MEMBERS_PIECE_BYTES),
    )
  })
}

/** Puts the pieces of one list together again. */
export class MembersCollector {
  readonly #part: number
  readonly #maxBytes: number
  /** As long as the announced pieces may be; what is not written yet takes no memory. */
  #list = new Uint8Array(0)
  #pieces = 0
  #bytes = 0
  #expected: number | undefined

  /** @param maxBytes longest list that is accepted */
  constructor(part: number, maxBytes: number) {
    this.#part = part
    this.#maxBytes = maxBytes
  }

  /**
   * Takes the next message.
   *
   * @returns the whole list after the last piece, until then undefined
   * @throws ShareholdError SH_WIRE_INVALID if it is not the next piece of this part; SH_WIRE_OVERSIZE
   */
  add(message: Message<'members'>): Uint8Array | undefined {
    const { part, piece, pieces } = message.header
    if (this.#expected === undefined) {
      this.#expected = pieces
      this.#list = new Uint8Array(Math.min(pieces * MEMBERS_PIECE_BYTES, this.#maxBytes))
    }
    if (part !== this.#part || piece !== this.#pieces++ || pieces !== this.#expected) {
      throw new ShareholdError('SH_WIRE_INVALID', 'A piece of a member list is out of order.')
    }
    const { payload } = message
    if (payload.length > MEMBERS_PIECE_BYTES) {
      throw new ShareholdError('SH_WIRE_INVALID', 'A piece of a member list is too long.')
    }
    const from = this.#bytes
    this.#bytes += payload.length
    if (this.#bytes > this.#maxBytes) {
      throw new ShareholdError('SH_WIRE_OVERSIZE', 'A member list is longer than the limit.', {
        hint: `The limit is ${this.#maxBytes} bytes.`,
      })
    }
    this.#list.set(payload, from)
    return piece === pieces - 1 ? this.#list.subarray(0, this.#bytes) : undefined
  }
}
