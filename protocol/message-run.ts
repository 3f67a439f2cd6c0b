/**
 * What is hashed of the messages of one direction between two parties (transcript.ts): runs of
 * consecutive messages. A run ends with the message that brings it to 64 messages or 4096 bytes of
 * payload, or with the transcript; so both ends cut alike, a short message costs next to nothing, and a
 * long one has at most 63 short ones beside it. The bytes of a run are those of its messages:
 *
 *     op u32 | batch u32 | step u32 | bytes u32 | payload                              (big-endian)
 *
 * Cost: one SHA-256 pass over the payload and 16 bytes a message; 8 KiB of memory.
 */
import type { IncrementalHash, StreamingHash } from '../shares/hash.ts'

import type { Tag } from './party.ts'

/** A run of so many messages is full, */
export const RUN_MESSAGES = 64
/** and one of so many bytes of payload, or more. */
export const RUN_BYTES = 4096

/** Before each message's payload. */
export const RUN_HEADER_BYTES = 16

/** Room for all that a run of short messages has. */
const BUFFER_BYTES: number = RUN_BYTES + RUN_MESSAGES * RUN_HEADER_BYTES

/** The run that is under way. */
export class MessageRun {
  readonly #hash: StreamingHash
  readonly #buffer = new Uint8Array(BUFFER_BYTES)
  readonly #view = new DataView(this.#buffer.buffer)
  #buffered = 0
  /** What came before that, once the buffer was too short: in a run that its last message fills. */
  #state: IncrementalHash | undefined
  #messages = 0
  #bytes = 0

  constructor(hash: StreamingHash) {
    this.#hash = hash
  }

  get messages(): number {
    return this.#messages
  }

  /** Payload bytes. */
  get bytes(): number {
    return this.#bytes
  }

  get full(): boolean {
    return this.#messages >= RUN_MESSAGES || this.#bytes >= RUN_BYTES
  }

  /** Begins a message; the run must not be full. @param bytes how many bytes `add` will bring */
  begin({ op, batch, step }: Tag, bytes: number): void {
    const at = this.#buffered
    this.#view.setUint32(at, op)
    this.#view.setUint32(at + 4, batch)
    this.#view.setUint32(at + 8, step)
    this.#view.setUint32(at + 12, bytes)
    this.#buffered = at + RUN_HEADER_BYTES
    this.#messages++
    this.#bytes += bytes
  }

  /** A piece of the message. Does not keep it. */
  add(piece: Uint8Array): void {
    if (this.#buffered + piece.length > BUFFER_BYTES) {
      this.#state ??= this.#hash.start()
      this.#state.update(this.#buffer.subarray(0, this.#buffered))
      this.#buffered = 0
    }
    if (piece.length > BUFFER_BYTES) {
      this.#state!.update(piece)
    } else {
      this.#buffer.set(piece, this.#buffered)
      this.#buffered += piece.length
    }
  }

  /** SHA-256 of the run. If it is full, only once. */
  digest(): Uint8Array {
    const rest = this.#buffer.subarray(0, this.#buffered)
    return this.#state === undefined ? this.#hash.sha256(rest) : this.#state.update(rest).digest()
  }

  /** The next run begins. */
  reset(): void {
    this.#buffered = 0
    this.#state = undefined
    this.#messages = 0
    this.#bytes = 0
  }
}
