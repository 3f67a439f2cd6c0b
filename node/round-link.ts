/**
 * One other party of a session of rounds: cuts what is sent to it into frames, and puts together what
 * comes from it. Messages are counted in either direction, so nothing can be replayed, dropped or
 * reordered unnoticed; each has to be the one that is due, in tag, number and length.
 *
 * Cost: 28 bytes a fragment of up to 256 KiB; one copy of each message on either side, into the
 * socket's buffers and out of them. No timer, and no promise but the one that a receive returns.
 */
import { type Payload, payloadBytes, piecesOf, type Place, type Tag } from '../protocol/party.ts'
import {
  decodeRoundHeader,
  isRoundHeader,
  ROUND_FRAGMENT_BYTES,
  ROUND_HEADER_BYTES,
  writeRoundHeader,
} from '../protocol/wire/round-message.ts'
import type { ShareholdError } from '../shares/errors.ts'

import { gone, silent, wrongLength, wrongTag } from './farewell.ts'
import { type Frame, LENGTH_BYTES, newFrame, startOf } from './frame.ts'
import type { FramedStream, FrameWaiter } from './framed-stream.ts'
import type { SilenceClock, Watched } from './silence-clock.ts'

/** A message that is due. */
interface Due {
  readonly tag: Tag
  readonly bytes: number
  readonly place: Place
}

interface AwaitedMessage extends Due {
  readonly resolve: (nothing: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

const ENDED = 'has ended its round stream'

/** What a receive returns that finds its message there already. */
const NOTHING = new Uint8Array(0)
const DONE = Promise.resolve(NOTHING)

/**
 * Is given every error, and returns what those who wait are told. A ShareholdError ends the session.
 * @param round that of the message at fault
 */
export type Blame = (link: RoundLink, error: unknown, round: number) => unknown

export class RoundLink implements FrameWaiter, Watched {
  /** Party index, 1..n. */
  readonly index: number
  readonly name: string
  readonly stream: FramedStream
  sentMessages = 0
  sentBytes = 0
  receivedMessages = 0
  receivedBytes = 0
  /** It has said why it ends the session: that it ends its stream is no news then. */
  saidFarewell = false
  readonly #clock: SilenceClock
  readonly #timeoutMs: number
  readonly #blame: Blame
  /** The frames of the last message that was sent, unless it is queued. */
  #unsent: Iterable<Uint8Array> | undefined
  /** In the order of the calls, which is that of the messages. */
  readonly #awaited: AwaitedMessage[] = []
  /** Bytes of the next message that are there. */
  #got = 0
  #failure: { readonly error: unknown } | undefined

  /**
   * @param timeoutMs how long it may be silent
   */
  constructor(
    index: number,
    stream: FramedStream,
    clock: SilenceClock,
    timeoutMs: number,
    blame: Blame,
  ) {
    this.index = index
    this.name = stream.peer
    this.stream = stream
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#blame = blame
  }

  /**
   * Queues a message. Whole messages and short ones are copied before this returns.
   *
   * @returns of a long message in pieces: its frames, to be queued by `enqueue`, which makes the pieces as
   * they are asked for. The next `send` queues what is left of them
   * @throws ShareholdError if the stream is broken; what making a piece throws; RangeError if the pieces are
   * not as long as they say
   */
  send(tag: Tag, message: Payload): Iterable<Uint8Array> | undefined {
    this.#queueRest()
    const total = payloadBytes(message)
    const seq = this.sentMessages++
    this.sentBytes += total
    const whole = message instanceof Uint8Array
    if (whole && total <= ROUND_FRAGMENT_BYTES) {
      const frame = newFragment(tag, seq, total, 0)
      frame.set(message, LENGTH_BYTES + ROUND_HEADER_BYTES)
      this.enqueue(frame)
      return undefined
    }
    this.#unsent = fragmentsOf(tag, seq, message)
    if (!whole && total > ROUND_FRAGMENT_BYTES) return this.#unsent
    this.#queueRest()
    return undefined
  }

  enqueue(frame: Uint8Array): void {
    try {
      this.stream.enqueueFrame(frame)
    } catch (error) {
      throw this.#blame(this, error, this.sentMessages - 1)
    }
  }

  #queueRest(): void {
    if (this.#unsent === undefined) return
    for (const frame of this.#unsent) this.enqueue(frame)
    this.#unsent = undefined
  }

  /** The next message. @returns an empty array, when all of it has been given to `place` */
  receive(tag: Tag, bytes: number, place: Place): Promise<Uint8Array> {
    const first = this.#awaited.length === 0
    try {
      if (this.#failure !== undefined) throw this.#failure.error
      if (first && this.#readQueued({ tag, bytes, place })) return DONE
    } catch (error) {
      return Promise.reject(this.#fail(error))
    }
    return new Promise((resolve, reject) => {
      this.#awaited.push({ tag, bytes, place, resolve, reject })
      if (first) this.#wait()
    })
  }

  /** For how many milliseconds it has been waited for; 0 if it is not. */
  get waitedMs(): number {
    return this.#clock.waited(this)
  }

  /** Whoever waits is told so, and whoever comes later. */
  giveUp(error: unknown): void {
    this.#failure ??= { error }
    this.#clock.stop(this)
    this.stream.forget(this)
    for (const { reject } of this.#awaited.splice(0)) reject(this.#failure.error)
  }

  take(frame: Frame | null): void {
    this.#clock.stop(this)
    if (frame === null) {
      // After a farewell, those who wait are told what comes of it.
      if (!this.saidFarewell) this.#fail(gone(this.name, this.receivedMessages, ENDED))
      return
    }
    try {
      const [first] = this.#awaited
      let done = this.#read(frame, first!) || this.#readQueued(first!)
      while (done) {
        this.#awaited.shift()!.resolve(NOTHING)
        const [next] = this.#awaited
        if (next === undefined) return
        done = this.#readQueued(next)
      }
      this.#wait()
    } catch (error) {
      this.#fail(error)
    }
  }

  fail(error: ShareholdError): void {
    this.#fail(error)
  }

  overdue(): void {
    this.#fail(silent(this.name, this.receivedMessages, this.#timeoutMs))
  }

  #wait(): void {
    this.#clock.start(this)
    this.stream.awaitFrame(this)
  }

  #fail(error: unknown): unknown {
    this.giveUp(
      this.#failure === undefined ? this.#blame(this, error, this.receivedMessages) : error,
    )
    return this.#failure!.error
  }

  /** Reads what is there of a message. @returns whether that is all */
  #readQueued(due: Due): boolean {
    for (;;) {
      const frame = this.stream.takeFrame()
      if (frame === undefined) return false
      if (this.#read(frame, due)) return true
    }
  }

  /** Reads one fragment of a message. @returns whether it is the last one */
  #read(frame: Frame, { tag, bytes, place }: Due): boolean {
    const [whole] = frame.pieces
    const start =
      whole !== undefined && whole.length >= ROUND_HEADER_BYTES
        ? whole
        : startOf(frame, ROUND_HEADER_BYTES)
    if (!isRoundHeader(start, frame.length, tag, this.receivedMessages, bytes, this.#got)) {
      throw this.#refusal(start, frame.length, tag, bytes)
    }
    let skip = ROUND_HEADER_BYTES
    for (const piece of frame.pieces) {
      const payload = skip === 0 ? piece : piece.subarray(Math.min(skip, piece.length))
      skip -= piece.length - payload.length
      if (payload.length > 0) place(payload, this.#got)
      this.#got += payload.length
    }
    if (this.#got < bytes) return false
    this.#got = 0
    this.receivedMessages++
    this.receivedBytes += bytes
    return true
  }

  /** What is wrong with a fragment. */
  #refusal(start: Uint8Array, frameBytes: number, tag: Tag, bytes: number): unknown {
    const seq = this.receivedMessages
    try {
      const { tag: its, seq: itsSeq, total } = decodeRoundHeader(start, frameBytes)
      const place = its.op === tag.op && its.batch === tag.batch && its.step === tag.step
      return !place || itsSeq !== seq
        ? wrongTag(this.name, tag, its, seq, itsSeq)
        : wrongLength(this.name, bytes, total, seq)
    } catch (error) {
      return error
    }
  }
}

/** The frames of a message. Each piece is copied before any of them is handed out: it may be a view. */
function* fragmentsOf(tag: Tag, seq: number, message: Payload): Iterable<Uint8Array> {
  const total = payloadBytes(message)
  const full: Uint8Array[] = []
  let offset = 0
  let frame = newFragment(tag, seq, total, offset)
  let at = LENGTH_BYTES + ROUND_HEADER_BYTES
  for (const piece of piecesOf(message)) {
    if (offset + piece.length > total) throw otherLength(total)
    for (let from = 0; from < piece.length;) {
      if (at === frame.length) {
        full.push(frame)
        frame = newFragment(tag, seq, total, offset)
        at = LENGTH_BYTES + ROUND_HEADER_BYTES
      }
      const bytes = Math.min(piece.length - from, frame.length - at)
      frame.set(bytes === piece.length ? piece : piece.subarray(from, from + bytes), at)
      at += bytes
      from += bytes
      offset += bytes
    }
    yield* full.splice(0)
  }
  if (offset !== total) throw otherLength(total)
  yield frame
}

/** A frame with its header, to be filled with payload. */
function newFragment(tag: Tag, seq: number, total: number, offset: number): Uint8Array {
  const payload = Math.min(total - offset, ROUND_FRAGMENT_BYTES)
  const frame = newFrame(ROUND_HEADER_BYTES + payload)
  writeRoundHeader(frame, LENGTH_BYTES, tag, seq, total, offset)
  return frame
}

function otherLength(total: number): RangeError {
  return new RangeError(`the pieces of a message of ${total} bytes are not as long`)
}
