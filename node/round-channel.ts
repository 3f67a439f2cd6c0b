/**
 * The Channel of protocol/party.ts over the overlay, for one attempt of one job: a link to each of the
 * other parties (round-link.ts), which have met already (rounds.ts).
 *
 * Against whom: a party may be silent, late, gone, or send anything: each of these ends the session for
 * all links, with an error that names it. What a farewell says (farewell.ts) is reported as
 * hearsay, unless this party has seen the same by itself, or was itself kept waiting by another.
 */
import { setMaxListeners } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'

import {
  type Channel,
  type Payload,
  payloadBytes,
  type Place,
  type Tag,
} from '../protocol/party.ts'
import { isFarewell, MAX_ROUND_BYTES, ROUND_HEADER_BYTES } from '../protocol/wire/round-message.ts'
import { ShareholdError } from '../shares/errors.ts'

import { deadline } from './deadline.ts'
import { type Farewell, gone, named, readFarewell, sayFarewell, silent } from './farewell.ts'
import { type Frame, startOf } from './frame.ts'
import type { FramedStream } from './framed-stream.ts'
import { type Blame, RoundLink } from './round-link.ts'
import { SilenceClock, type Watched } from './silence-clock.ts'
import type { Topology } from './topology.ts'

/** `send` waits while more than this, besides the message itself, is unsent. */
const SEND_HIGH_WATER_BYTES = 16 * 1024 * 1024

/**
 * How much of a long message is made in a turn of the event loop, and how much of that may be unsent at the
 * next one, by the class of network. Short turns cost: a quarter of the first took a tenth more
 * processor time. They pay where the line takes longer than making what it carries; loopback never does,
 * so there only memory bounds a turn.
 */
const MADE_AT_ONCE_BYTES: Readonly<Record<Topology['network'], number>> = {
  wan: 1024 * 1024,
  lan: 1024 * 1024,
  loopback: SEND_HIGH_WATER_BYTES,
}

/** How long to look for evidence of one's own before only a party's word is reported. */
const EVIDENCE_MS = 250

/** What a send returns that need not wait. */
const DONE = Promise.resolve()

/** What went over the channel to and from one party. Payload bytes, without headers. */
export interface Traffic {
  /** Party index, 1..n. */
  readonly party: number
  readonly sentMessages: number
  readonly sentBytes: number
  readonly receivedMessages: number
  readonly receivedBytes: number
}

/** The committee's streams of one job attempt. */
export class RoundChannel implements Channel {
  /** This party's index. */
  readonly index: number
  readonly #name: string
  readonly #links: ReadonlyMap<number, RoundLink>
  readonly #clock: SilenceClock
  readonly #roundTimeoutMs: number
  readonly #maxBytes: number
  readonly #madeAtOnce: number
  readonly #broken = new AbortController()
  #failure: ShareholdError | undefined
  #closed = false

  /**
   * Use `Rounds.join`.
   *
   * @param self this party's index and its name in the topology
   * @param streams by ascending party index
   */
  constructor(
    self: { readonly index: number; readonly name: string },
    streams: ReadonlyMap<number, FramedStream>,
    options: {
      roundTimeoutMs: number
      maxRoundBytes: number
      network: Topology['network']
    },
  ) {
    this.index = self.index
    this.#name = self.name
    setMaxListeners(0, this.#broken.signal)
    this.#roundTimeoutMs = options.roundTimeoutMs
    this.#maxBytes = Math.min(options.maxRoundBytes, MAX_ROUND_BYTES)
    this.#madeAtOnce = MADE_AT_ONCE_BYTES[options.network]
    this.#clock = new SilenceClock(options.roundTimeoutMs)
    const blame: Blame = (link, error, round) => this.#blame(link, error, round)
    const links = new Map<number, RoundLink>()
    for (const [party, stream] of streams) {
      links.set(party, new RoundLink(party, stream, this.#clock, this.#roundTimeoutMs, blame))
    }
    this.#links = links
    for (const link of links.values()) {
      link.stream.intercept((frame) => {
        // No operator has such a number. Nearly all frames are told by their first byte.
        if (frame.pieces[0]?.[0] !== 0xff) return false
        return isFarewell(startOf(frame, ROUND_HEADER_BYTES)) && this.#onFarewell(link, frame)
      })
      link.stream.onClose(() => this.#onClose(link))
    }
  }

  /**
   * Queues a message; it is copied before this call returns its promise. A long one in pieces goes out as
   * the pieces are made, over several turns of the event loop if it is very long or the network slow: what
   * is made leaves while the next is made, and what comes meanwhile is taken.
   *
   * @param to party index
   * @returns when there is room for more
   * @throws ShareholdError SH_ROUND_PEER_GONE, SH_ROUND_TIMEOUT (the party does not read), or whatever
   * has broken the channel before; RangeError if there is no such party, the message is too long, or
   * its pieces are not as long as they say (which ends the session)
   */
  send(to: number, tag: Tag, message: Payload): Promise<void> {
    try {
      const link = this.#links.get(to)
      if (link === undefined) throw noSuchParty(to)
      if (this.#failure !== undefined) throw this.#failure
      const total = payloadBytes(message)
      if (total > this.#maxBytes) throw new RangeError(`a message of ${total} bytes is too long`)
      const seq = link.sentMessages
      const frames = this.#made(() => link.send(tag, message))
      if (frames !== undefined) return this.#sendAsMade(link, frames, seq)
      const enough = total + SEND_HIGH_WATER_BYTES
      return link.stream.unsentBytes > enough ? this.#room(link, enough, seq) : DONE
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * The next message of a party. The clock starts now, starts anew with each fragment that comes, and
   * stands still while this process computes.
   *
   * @param from party index
   * @param bytes exact length
   * @param place takes the message as it comes, in pieces that are views
   * @returns an array of its own, not a view; an empty one if there is `place`
   * @throws ShareholdError SH_ROUND_TIMEOUT, SH_ROUND_PEER_GONE (any party, not only this one),
   * SH_ROUND_ABORTED, SH_ROUND_TAG, SH_ROUND_LENGTH, SH_WIRE_INVALID, SH_WIRE_OVERSIZE, SH_WIRE_TRUNCATED, all with party and round; SH_NET_ABORTED
   */
  receive(from: number, tag: Tag, bytes: number, place?: Place): Promise<Uint8Array> {
    const link = this.#links.get(from)
    if (link === undefined) return Promise.reject(noSuchParty(from))
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (place !== undefined) return link.receive(tag, bytes, place)
    const out = new Uint8Array(bytes)
    return link.receive(tag, bytes, (piece, offset) => out.set(piece, offset)).then(() => out)
  }

  /** What has gone over the channel so far, by ascending party. */
  traffic(): Traffic[] {
    return [...this.#links.values()].map((link) => ({
      party: link.index,
      sentMessages: link.sentMessages,
      sentBytes: link.sentBytes,
      receivedMessages: link.receivedMessages,
      receivedBytes: link.receivedBytes,
    }))
  }

  /**
   * Ends the session in order: what was sent still arrives, for as long as the others read it.
   *
   * @returns when everything has been handed to the connections, or a party did not read for
   * roundTimeoutMs; an overlay that is closed right then may still cut off what is under way
   */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#failure !== undefined) return
    await Promise.allSettled(
      [...this.#links.values()].map(async (link) => {
        try {
          await this.#drain(link, 0, link.sentMessages)
        } finally {
          await link.stream.close()
        }
      }),
    )
  }

  /**
   * Ends the session at once. Whatever waits here fails with SH_NET_ABORTED, at the others with
   * SH_ROUND_ABORTED naming this party. Does nothing after `close`.
   *
   * @param reason told to the others
   */
  abort(reason: string): void {
    if (this.#closed) return
    this.#break(new ShareholdError('SH_NET_ABORTED', `The session was given up: ${reason}.`))
  }

  async #sendAsMade(link: RoundLink, frames: Iterable<Uint8Array>, seq: number): Promise<void> {
    const rest = frames[Symbol.iterator]()
    for (let queued = 0; ;) {
      if (this.#failure !== undefined) throw this.#failure
      const { value: frame, done } = this.#made(() => rest.next())
      if (done === true) return
      link.enqueue(frame)
      queued += frame.length
      if (queued < this.#madeAtOnce) continue
      queued = 0
      if (link.stream.unsentBytes > this.#madeAtOnce) {
        await this.#room(link, this.#madeAtOnce, seq)
      } else {
        await nextTurn()
      }
    }
  }

  /** What `make` returns. If it fails, the session is over: the others would wait for the rest. */
  #made<T>(make: () => T): T {
    try {
      return make()
    } catch (error) {
      if (this.#failure === undefined) this.abort('a message could not be made')
      throw error
    }
  }

  /** Waits for room, and reads whatever comes meanwhile: two parties may both be stuck in sending. */
  async #room(link: RoundLink, bytes: number, seq: number): Promise<void> {
    const stops = [...this.#links.values()].map((one) => one.stream.readAhead())
    try {
      await this.#drain(link, bytes, seq)
    } catch (error) {
      throw this.#blame(link, error, seq)
    } finally {
      for (const stop of stops) stop()
    }
  }

  /** Waits until no more than `bytes` are unsent, for as long as the party reads at all. */
  async #drain(link: RoundLink, bytes: number, seq: number): Promise<void> {
    if (link.stream.unsentBytes <= bytes) return
    const late = new AbortController()
    const reads: Watched = {
      overdue: () => late.abort(silent(link.name, seq, this.#roundTimeoutMs)),
    }
    const limit = deadline(undefined, this.#broken.signal, late.signal)
    this.#clock.start(reads)
    try {
      const progress = (): void => this.#clock.start(reads)
      await link.stream.room(bytes, { signal: limit.signal, progress })
    } catch (error) {
      throw late.signal.aborted ? late.signal.reason : error
    } finally {
      this.#clock.stop(reads)
      limit.dispose()
    }
  }

  #onClose(link: RoundLink): void {
    const { failure } = link.stream
    if (failure === undefined || this.#closed) return
    this.#blame(link, failure, link.receivedMessages)
  }

  #onFarewell(link: RoundLink, frame: Frame): true {
    link.saidFarewell = true
    if (this.#closed) return true // what was sent to the others has to arrive all the same
    try {
      this.#consider(link, readFarewell(frame, link.name, link.receivedMessages))
    } catch (error) {
      this.#blame(link, error, link.receivedMessages)
    }
    return true
  }

  #consider(link: RoundLink, { hearsay, code, accused: name }: Farewell): void {
    const accused = [...this.#links.values()].find((one) => one.name === name)
    if (accused !== undefined && accused !== link) {
      // By then its stream has failed by itself, or has at least ended; or there is only hearsay.
      setTimeout(() => this.#judge(accused, hearsay), EVIDENCE_MS)
    } else if (name === this.#name && code === 'SH_ROUND_TIMEOUT') {
      this.#break(this.#keptWaiting(hearsay) ?? hearsay)
    } else {
      this.#break(hearsay)
    }
  }

  #judge(accused: RoundLink, hearsay: ShareholdError): void {
    if (this.#closed) return
    const evidence = accused.stream.remoteEnded && !accused.saidFarewell
    if (!evidence) this.#break(hearsay)
    else {
      const ended = 'has ended its round stream'
      this.#break(gone(accused.name, accused.receivedMessages, ended, hearsay))
    }
  }

  /**
   * This party is said to be silent: if it has itself waited for another for nearly as long, that
   * one is.
   */
  #keptWaiting(hearsay: ShareholdError): ShareholdError | undefined {
    let longest: RoundLink | undefined
    for (const link of this.#links.values()) {
      if (link.waitedMs > (longest?.waitedMs ?? this.#roundTimeoutMs / 2)) longest = link
    }
    if (longest === undefined) return undefined
    const { name, receivedMessages, waitedMs } = longest
    return silent(name, receivedMessages, Math.round(waitedMs), hearsay)
  }

  /** Turns an error of a stream into one that names the party and the round, and breaks the channel. */
  #blame(link: RoundLink, error: unknown, seq: number): unknown {
    if (this.#failure !== undefined) return this.#failure
    if (!(error instanceof ShareholdError)) return error
    const failure = named(error, link.name, seq)
    this.#break(failure)
    return failure
  }

  #break(failure: ShareholdError): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    this.#broken.abort(failure)
    for (const link of this.#links.values()) {
      sayFarewell(link.stream, failure)
      link.giveUp(failure)
    }
  }
}

function noSuchParty(index: number): RangeError {
  return new RangeError(`there is no other party ${index}`)
}
