/**
 * The Channel of protocol/party.ts over the overlay: one framed stream per job attempt and pair of
 * parties. The lower index dials the higher one and says for which job in a `hello` frame; a stream
 * that comes before its job exists here is parked, in bounded number and for a bounded time.
 *
 * Against whom: the overlay proves who a peer is, and `hello` must say the same. A party may still be
 * silent, late, gone, or send anything: each of these ends the job with an error that names it.
 * Messages are counted per direction, so nothing can be replayed, dropped or reordered unnoticed.
 *
 * Who ends a session early says why in a farewell frame. Otherwise one party that is gone would be
 * blamed on those who noticed it first. What a farewell says is hearsay: it becomes an accusation only
 * if this party sees the same by itself.
 *
 * Cost: 28 bytes a fragment of up to 256 KiB; one copy of each message on either side, into
 * the socket's buffers and out of them.
 */
import { setMaxListeners } from 'node:events'

import {
  type Channel,
  type Payload,
  type Place,
  type Tag,
  wholePayload,
} from '../protocol/party.ts'
import { decodeMessage, encodeMessage } from '../protocol/wire/codec.ts'
import {
  decodeFarewell,
  decodeRoundHeader,
  encodeFarewell,
  encodeRoundHeader,
  isFarewell,
  MAX_ROUND_BYTES,
  ROUND_FRAGMENT_BYTES,
  ROUND_HEADER_BYTES,
  roundFragments,
} from '../protocol/wire/round-message.ts'
import { ShareholdError } from '../shares/errors.ts'

import { deadline } from './deadline.ts'
import { type Frame, startOf, wholeOf } from './frame.ts'
import type { FramedStream } from './framed-stream.ts'
import type { Overlay } from './overlay.ts'
import { SilenceClock } from './silence-clock.ts'
import type { NodeActor, Topology } from './topology.ts'

export const ROUNDS_PROTOCOL = '/sharehold/rounds/1.0.0'

/** `send` waits while more than this, besides the message itself, is unsent. */
const SEND_HIGH_WATER_BYTES = 16 * 1024 * 1024

/** How long to look for evidence of one's own before only a party's word is reported. */
const EVIDENCE_MS = 250

export interface RoundSession {
  readonly committee: 'mpc' | 'share'
  readonly job: string
  /** From 1. */
  readonly attempt: number
  /** Ends the session, also while it is being joined. */
  readonly signal?: AbortSignal
  /** How long the others may take to join. Default: the topology's dialTimeoutMs. */
  readonly joinTimeoutMs?: number
  /** How long a party may be silent in a round. Default: the topology's roundTimeoutMs. */
  readonly roundTimeoutMs?: number
}

/** What went over the channel to and from one party. Payload bytes, without headers. */
export interface Traffic {
  /** Party index, 1..n. */
  readonly party: number
  readonly sentMessages: number
  readonly sentBytes: number
  readonly receivedMessages: number
  readonly receivedBytes: number
}

export interface Rounds {
  /**
   * Meets the other parties of the committee.
   *
   * @returns when there is a stream with each of them
   * @throws ShareholdError SH_ROUND_TIMEOUT naming the first that did not come, SH_ROUND_PEER_GONE,
   * SH_NET_UNREACHABLE, SH_NET_PROTOCOL, SH_NET_ABORTED
   */
  join(session: RoundSession): Promise<RoundChannel>
  /** Takes no more streams; aborts the parked ones. Channels that were handed out stay. */
  close(): Promise<void>
}

interface Link {
  readonly index: number
  readonly name: string
  readonly stream: FramedStream
  sentMessages: number
  sentBytes: number
  receivedMessages: number
  receivedBytes: number
  /** Has said why it ends the session: that it ends its stream is no news then. */
  saidFarewell: boolean
  /** Receives of one party wait for each other: messages come in order. */
  tail: Promise<unknown>
}

/** The committee's streams of one job attempt. */
export class RoundChannel implements Channel {
  /** This party's index. */
  readonly index: number
  readonly #links: ReadonlyMap<number, Link>
  readonly #roundTimeoutMs: number
  readonly #maxBytes: number
  readonly #broken = new AbortController()
  #failure: ShareholdError | undefined
  #closed = false

  /** Use `Rounds.join`. @param streams by ascending party index */
  constructor(
    index: number,
    streams: ReadonlyMap<number, FramedStream>,
    options: { roundTimeoutMs: number; maxRoundBytes: number },
  ) {
    this.index = index
    setMaxListeners(0, this.#broken.signal)
    this.#roundTimeoutMs = options.roundTimeoutMs
    this.#maxBytes = Math.min(options.maxRoundBytes, MAX_ROUND_BYTES)
    const links = new Map<number, Link>()
    for (const [party, stream] of streams) {
      links.set(party, {
        index: party,
        name: stream.peer,
        stream,
        sentMessages: 0,
        sentBytes: 0,
        receivedMessages: 0,
        receivedBytes: 0,
        saidFarewell: false,
        tail: Promise.resolve(),
      })
    }
    this.#links = links
    for (const link of links.values()) {
      link.stream.intercept((frame) => {
        const farewell = isFarewell(startOf(frame, ROUND_HEADER_BYTES))
        return farewell && this.#onFarewell(link, frame)
      })
      link.stream.onClose(() => this.#onClose(link))
    }
  }

  /**
   * Queues a message; it is copied before this call returns its promise.
   *
   * @param to party index
   * @returns when there is room for more
   * @throws ShareholdError SH_ROUND_PEER_GONE, SH_ROUND_TIMEOUT (the party does not read), or whatever
   * has broken the channel before; RangeError if there is no such party or the message is too long
   */
  async send(to: number, tag: Tag, message: Payload): Promise<void> {
    const link = this.#link(to)
    if (this.#failure !== undefined) throw this.#failure
    const payload = message instanceof Uint8Array ? message : wholePayload(message)
    const total = payload.length
    if (total > this.#maxBytes) throw new RangeError(`a message of ${total} bytes is too long`)
    const seq = link.sentMessages++
    link.sentBytes += total
    try {
      for (let i = 0; i < roundFragments(total); i++) {
        const offset = i * ROUND_FRAGMENT_BYTES
        const header = encodeRoundHeader(tag, seq, total, offset)
        link.stream.enqueue([header, payload.subarray(offset, offset + ROUND_FRAGMENT_BYTES)])
      }
    } catch (error) {
      throw this.#blame(link, error, seq)
    }
    if (link.stream.unsentBytes > total + SEND_HIGH_WATER_BYTES) {
      await this.#room(link, total + SEND_HIGH_WATER_BYTES, seq)
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
  async receive(from: number, tag: Tag, bytes: number, place?: Place): Promise<Uint8Array> {
    const link = this.#link(from)
    const out = new Uint8Array(place === undefined ? bytes : 0)
    const put = place ?? ((piece, offset) => out.set(piece, offset))
    const received = link.tail.then(() => this.#next(link, tag, bytes, put))
    link.tail = received
    await received
    return out
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
          await this.#drain(link, 0)
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

  #link(party: number): Link {
    const link = this.#links.get(party)
    if (link === undefined) throw new RangeError(`there is no other party ${party}`)
    return link
  }

  async #next(link: Link, tag: Tag, bytes: number, put: Place): Promise<void> {
    const seq = link.receivedMessages
    let got = 0
    do {
      if (this.#failure !== undefined) throw this.#failure
      const frame = link.stream.takeFrame() ?? (await this.#frame(link, seq))
      try {
        const start = startOf(frame, ROUND_HEADER_BYTES)
        const { tag: its, seq: itsSeq, total, offset } = decodeRoundHeader(start, frame.length)
        const place = its.op === tag.op && its.batch === tag.batch && its.step === tag.step
        if (!place || itsSeq !== seq) throw wrongTag(link, tag, its, seq, itsSeq)
        if (total !== bytes || offset !== got) throw wrongLength(link, bytes, total, seq)
      } catch (error) {
        throw this.#blame(link, error, seq)
      }
      let skip = ROUND_HEADER_BYTES
      for (const piece of frame.pieces) {
        const payload = skip === 0 ? piece : piece.subarray(Math.min(skip, piece.length))
        skip -= piece.length - payload.length
        if (payload.length > 0) put(payload, got)
        got += payload.length
      }
    } while (got < bytes)
    link.receivedMessages++
    link.receivedBytes += bytes
  }

  async #frame(link: Link, seq: number): Promise<Frame> {
    const clock = new SilenceClock(this.#roundTimeoutMs)
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const slice = clock.start()
      try {
        const wait = { timeoutMs: slice, signal: this.#broken.signal }
        const frame = await link.stream.receiveFrame(wait)
        if (frame !== null) return frame
        if (link.saidFarewell) await once(this.#broken.signal)
        throw gone(link, seq, 'has ended its round stream')
      } catch (error) {
        if (isCode(error, 'SH_NET_TIMEOUT') && !clock.isOver()) continue
        throw this.#blame(link, error, seq)
      }
    }
  }

  /** Waits for room, and reads whatever comes meanwhile: two parties may both be stuck in sending. */
  async #room(link: Link, bytes: number, seq: number): Promise<void> {
    const stops = [...this.#links.values()].map((one) => one.stream.readAhead())
    try {
      await this.#drain(link, bytes)
    } catch (error) {
      throw this.#blame(link, error, seq)
    } finally {
      for (const stop of stops) stop()
    }
  }

  /** Waits until no more than `bytes` are unsent, for as long as the party reads at all. */
  async #drain(link: Link, bytes: number): Promise<void> {
    let clock = new SilenceClock(this.#roundTimeoutMs)
    for (let unsent = link.stream.unsentBytes; ;) {
      const slice = clock.start()
      try {
        await link.stream.room(bytes, { timeoutMs: slice, signal: this.#broken.signal })
        return
      } catch (error) {
        if (!isCode(error, 'SH_NET_TIMEOUT') || clock.isOver()) throw error
        if (link.stream.unsentBytes < unsent) clock = new SilenceClock(this.#roundTimeoutMs)
        unsent = link.stream.unsentBytes
      }
    }
  }

  #onClose(link: Link): void {
    const { failure } = link.stream
    if (failure === undefined || this.#closed) return
    this.#blame(link, failure, link.receivedMessages)
  }

  #onFarewell(link: Link, frame: Frame): true {
    link.saidFarewell = true
    if (this.#closed) return true // what was sent to the others has to arrive all the same
    try {
      const { reason, party } = decodeFarewell(wholeOf(frame))
      const hearsay = new ShareholdError(
        'SH_ROUND_ABORTED',
        `${link.name} has ended the session. It says: ${reason}`,
        { party: link.name, round: link.receivedMessages, hint: 'Look at the log of that party.' },
      )
      const accused = [...this.#links.values()].find((one) => one.name === party)
      if (accused === undefined || accused === link) this.#break(hearsay)
      else setTimeout(() => this.#judge(accused, hearsay), EVIDENCE_MS)
    } catch (error) {
      this.#blame(link, error, link.receivedMessages)
    }
    return true
  }

  /** By now the accused party's stream has failed by itself, or has at least ended; or there is only hearsay. */
  #judge(accused: Link, hearsay: ShareholdError): void {
    if (this.#closed) return
    const evidence = accused.stream.remoteEnded && !accused.saidFarewell
    if (!evidence) this.#break(hearsay)
    else this.#break(gone(accused, accused.receivedMessages, 'has ended its round stream', hearsay))
  }

  /** Turns an error of a stream into one that names the party and the round, and breaks the channel. */
  #blame(link: Link, error: unknown, seq: number): unknown {
    if (this.#failure !== undefined) return this.#failure
    if (!(error instanceof ShareholdError)) return error
    let named: ShareholdError
    if (error.code === 'SH_NET_TIMEOUT') {
      named = new ShareholdError(
        'SH_ROUND_TIMEOUT',
        `${link.name} was silent for ${this.#roundTimeoutMs} ms in round ${seq}.`,
        {
          party: link.name,
          round: seq,
          hint: 'It is stuck, too slow for roundTimeoutMs, or waits for somebody else.',
          cause: error,
        },
      )
    } else if (error.code === 'SH_NET_CLOSED' || error.code === 'SH_NET_RESET') {
      named = gone(link, seq, 'is gone', error)
    } else if (error.party === link.name && error.round === seq) {
      named = error
    } else {
      named = new ShareholdError(error.code, `${link.name}, round ${seq}: ${error.message}`, {
        party: link.name,
        round: seq,
        cause: error,
      })
    }
    this.#break(named)
    return named
  }

  #break(failure: ShareholdError): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    this.#broken.abort(failure)
    for (const link of this.#links.values()) sayFarewell(link.stream, failure)
  }
}

/** Ends a stream with a reason, and resets it if the other side does not take that soon. */
function sayFarewell(stream: FramedStream, failure: ShareholdError): void {
  try {
    const { code, message, party, round } = failure
    stream.enqueue(
      encodeFarewell({
        code,
        reason: message.slice(0, 1000),
        ...(party === undefined ? {} : { party }),
        ...(round === undefined ? {} : { round }),
      }),
    )
  } catch {
    stream.reset('the session is broken')
    return
  }
  // A failure to flush resets the stream: that says enough.
  stream.close({ timeoutMs: 1000 }).catch(() => {})
}

/** Where the streams of sessions meet: one per overlay. */
export async function acceptRounds(overlay: Overlay): Promise<Rounds> {
  const lobby = new Lobby(overlay)
  await overlay.handle(ROUNDS_PROTOCOL, (stream, peer) => lobby.welcome(stream, peer))
  return {
    join: (session) => join(overlay, lobby, session),
    async close() {
      await overlay.unhandle(ROUNDS_PROTOCOL)
      lobby.close()
    },
  }
}

interface Parked {
  readonly peer: string
  readonly stream: FramedStream
  readonly timer: NodeJS.Timeout
}

/** Streams that wait for their job, and jobs that wait for their streams. */
class Lobby {
  readonly #overlay: Overlay
  readonly #parked = new Map<string, Parked>()
  readonly #wanted = new Map<string, (stream: FramedStream) => void>()

  constructor(overlay: Overlay) {
    this.#overlay = overlay
  }

  async welcome(stream: FramedStream, peer: string): Promise<void> {
    const { topology } = this.#overlay
    const frame = await stream.receive({ timeoutMs: topology.limits.parkedMs })
    const { header } = decodeMessage(frame ?? new Uint8Array(0), 'hello')
    if (members(topology, header.committee)[header.from - 1]?.name !== peer) {
      throw new ShareholdError('SH_ROUND_HELLO', `${peer} said hello as somebody else.`, {
        party: peer,
      })
    }
    const key = sessionKey(header, peer)
    const take = this.#wanted.get(key)
    if (take !== undefined) {
      this.#wanted.delete(key)
      take(stream)
      return
    }
    const waiting = [...this.#parked.values()].filter((one) => one.peer === peer).length
    if (this.#parked.has(key) || waiting >= topology.limits.parkedStreams) {
      throw new ShareholdError('SH_ROUND_HELLO', `${peer} opened too many round streams.`, {
        party: peer,
      })
    }
    const timer = setTimeout(() => stream.reset('nobody came for it'), topology.limits.parkedMs)
    timer.unref()
    this.#parked.set(key, { peer, stream, timer })
    stream.onClose(() => {
      if (this.#parked.get(key)?.stream === stream) this.#unpark(key)
    })
  }

  /** The stream of a peer for a session, as soon as it is there. @throws SH_NET_ABORTED */
  async expect(key: string, signal: AbortSignal): Promise<FramedStream> {
    const parked = this.#unpark(key)
    if (parked !== undefined) return parked
    if (this.#wanted.has(key)) throw new RangeError('the session is being joined already')
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#wanted.delete(key)
        reject(new ShareholdError('SH_NET_ABORTED', 'The wait for a party was given up.'))
      }
      if (signal.aborted) {
        onAbort()
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#wanted.set(key, (stream) => {
        signal.removeEventListener('abort', onAbort)
        resolve(stream)
      })
    })
  }

  close(): void {
    for (const key of this.#parked.keys()) this.#unpark(key)?.reset('the node stops')
  }

  #unpark(key: string): FramedStream | undefined {
    const parked = this.#parked.get(key)
    if (parked === undefined) return undefined
    clearTimeout(parked.timer)
    this.#parked.delete(key)
    return parked.stream
  }
}

async function join(overlay: Overlay, lobby: Lobby, session: RoundSession): Promise<RoundChannel> {
  const { topology, self } = overlay
  const all = members(topology, session.committee)
  if (!all.some((one) => one.name === self.name)) {
    throw new RangeError(`${self.name} is not in the ${session.committee} committee`)
  }
  const timeoutMs = session.joinTimeoutMs ?? topology.limits.dialTimeoutMs
  const failed = new AbortController()
  const givenUp = deadline(undefined, failed.signal, session.signal)
  const limit = deadline(timeoutMs, givenUp.signal)
  const hello = encodeMessage('hello', {
    committee: session.committee,
    job: session.job,
    attempt: session.attempt,
    from: self.index,
  })

  const meet = async (other: NodeActor): Promise<FramedStream> => {
    if (self.index < other.index) {
      const options = { signal: givenUp.signal, timeoutMs }
      const stream = await overlay.open(other.name, ROUNDS_PROTOCOL, options)
      await stream.send(hello)
      return stream
    }
    try {
      return await lobby.expect(sessionKey(session, other.name), limit.signal)
    } catch (error) {
      if (!limit.timedOut) throw error
      throw new ShareholdError(
        'SH_ROUND_TIMEOUT',
        `${other.name} did not join the job within ${timeoutMs} ms.`,
        { party: other.name, round: 0, hint: 'Has it accepted the job, and is it running?' },
      )
    }
  }

  const streams = new Map<number, FramedStream>()
  let failure: unknown
  await Promise.all(
    all.map(async (other) => {
      if (other.name === self.name) return
      try {
        streams.set(other.index, await meet(other))
      } catch (error) {
        failure ??= error
        failed.abort()
      }
    }),
  )
  limit.dispose()
  givenUp.dispose()
  if (failure !== undefined) {
    for (const stream of streams.values()) {
      if (failure instanceof ShareholdError) sayFarewell(stream, failure)
      else stream.reset('joining failed')
    }
    throw failure instanceof Error ? failure : new Error('joining failed', { cause: failure })
  }
  const channel = new RoundChannel(self.index, new Map([...streams].toSorted(byIndex)), {
    roundTimeoutMs: session.roundTimeoutMs ?? topology.roundTimeoutMs,
    maxRoundBytes: topology.limits.maxRoundBytes,
  })
  const giveUp = (): void => channel.abort('its job was given up')
  if (session.signal?.aborted === true) giveUp()
  else session.signal?.addEventListener('abort', giveUp, { once: true })
  return channel
}

const byIndex = (a: readonly [number, unknown], b: readonly [number, unknown]): number =>
  a[0] - b[0]

function members(topology: Topology, committee: 'mpc' | 'share'): readonly NodeActor[] {
  return committee === 'mpc' ? topology.mpcNodes : topology.shareNodes
}

function sessionKey(
  session: { readonly committee: string; readonly job: string; readonly attempt: number },
  peer: string,
): string {
  return JSON.stringify([session.committee, session.job, session.attempt, peer])
}

function gone(link: Link, seq: number, what: string, cause?: unknown): ShareholdError {
  return new ShareholdError('SH_ROUND_PEER_GONE', `${link.name} ${what} (round ${seq}).`, {
    party: link.name,
    round: seq,
    hint: 'Its own log says why; the job can be tried again when it is back.',
    ...(cause === undefined ? {} : { cause }),
  })
}

function wrongTag(link: Link, tag: Tag, its: Tag, seq: number, itsSeq: number): ShareholdError {
  const place = (one: Tag, n: number): string => `${one.op}.${one.batch}.${one.step}#${n}`
  return new ShareholdError(
    'SH_ROUND_TAG',
    `${link.name} sent message ${place(its, itsSeq)} where ${place(tag, seq)} was due.`,
    { party: link.name, round: seq, hint: 'Do all nodes run the same version?' },
  )
}

function wrongLength(link: Link, bytes: number, total: number, seq: number): ShareholdError {
  return new ShareholdError(
    'SH_ROUND_LENGTH',
    `${link.name} sent ${total} bytes where ${bytes} were due (round ${seq}).`,
    { party: link.name, round: seq },
  )
}

/** Resolves when the signal is aborted. */
function once(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof ShareholdError && error.code === code
}
