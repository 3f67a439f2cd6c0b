/**
 * A wide area network on one machine: connections whose bytes arrive half a round trip late, at no more
 * than the rate of the sender's uplink, which all connections of a node share. For benchmarks only: an
 * overlay takes it as `OverlayOptions.wrap`, and every overlay must have one of the same kind.
 *
 * Nobody waits at the sender. It works out when each segment would arrive (all processes of a machine
 * have the same monotonic clock), writes that before it, and sends at once; the receiver keeps the
 * segment until then. So what is under way is under way: the delay is not paid twice when a party computes
 * meanwhile, segments follow each other in the pipe, their order is kept, and a sender is told to wait
 * when more is queued for the uplink than a kernel would take.
 *
 * It stands between the multiplexer and the encryption, so handshakes of connections are not delayed. What
 * encryption, TCP and IP would add on the line is counted. TCP's slow start, loss and windows are not
 * there: `tc netem` (docs/operate.md) has those.
 */
import type { MessageStream } from '@libp2p/interface'
import { AbstractMessageStream, type SendResult } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'

import type { Link } from '../protocol/sql/network-model.ts'

export type LinkSpeed = Link

/** The class of network that an operator would say it is. */
export function classOf({ roundTripMs }: LinkSpeed): 'lan' | 'wan' {
  return roundTripMs < 5 ? 'lan' : 'wan'
}

/** Each has a time of its own: about one TLS record. */
const SEGMENT_BYTES = 16 * 1024
/** u32 length, f64 time of arrival in ms; not counted as bytes on the line. */
const HEADER_BYTES = 12
/** Header and tag of a record. */
const RECORD_BYTES = 22
/** Payload of a packet; and its Ethernet, IPv4 and TCP headers, with time stamps. */
const PACKET_PAYLOAD = 1448
const PACKET_HEADERS = 66
/** What Linux lets one connection have unsent, unless told otherwise. */
const BACKLOG_BYTES = 4 * 1024 * 1024
/** Timers are this late at times: what is due sooner is polled for. */
const TIMER_MS = 2
const POLL_MS = 0.1

const nap = new Int32Array(new SharedArrayBuffer(4))

/** Milliseconds; the same in all processes of a machine. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6

/** Bytes on the line for so many bytes of a stream, sent in one go. */
export function lineBytes(bytes: number): number {
  const encrypted = bytes + RECORD_BYTES * Math.ceil(bytes / SEGMENT_BYTES)
  return encrypted + PACKET_HEADERS * Math.ceil(encrypted / PACKET_PAYLOAD)
}

/** What one node's connections have in common. */
class Uplink {
  readonly #delayMs: number
  readonly #bytesPerMs: number
  #freeAt = 0

  constructor({ roundTripMs, megabits }: LinkSpeed) {
    this.#delayMs = roundTripMs / 2
    this.#bytesPerMs = megabits * 125
  }

  /** Queues so many bytes. @returns when the last of them arrives */
  arrival(bytes: number): number {
    this.#freeAt = Math.max(this.#freeAt, now()) + lineBytes(bytes) / this.#bytesPerMs
    return this.#freeAt + this.#delayMs
  }

  /** Milliseconds until no more than this is queued. */
  timeUntil(bytes: number): number {
    return this.#freeAt - now() - bytes / this.#bytesPerMs
  }
}

/** Makes a node's connections slow; one call for each node. */
export function slowLink(speed: LinkSpeed): (fast: MessageStream) => MessageStream {
  const uplink = new Uplink(speed)
  return (fast) => new SlowConnection(fast, uplink)
}

interface Segment {
  readonly due: number
  readonly data: Uint8ArrayList
}

class SlowConnection extends AbstractMessageStream {
  readonly #fast: MessageStream
  readonly #uplink: Uplink
  /** What came and is no whole segment yet. */
  readonly #coming = new Uint8ArrayList()
  readonly #arriving: Segment[] = []
  #waits = false

  constructor(fast: MessageStream, uplink: Uplink) {
    const { log, direction, inactivityTimeout, maxReadBufferLength } = fast
    super({ log, direction, inactivityTimeout, maxReadBufferLength })
    this.#fast = fast
    this.#uplink = uplink
    fast.addEventListener('message', ({ data }) => {
      this.#coming.append(data)
      this.#readSegments()
      this.#deliver()
    })
    fast.addEventListener('drain', () => this.#resumeSending())
    fast.addEventListener('close', ({ error, local }) => {
      // Nobody waits for the rest of a connection that is over.
      this.#deliver(Number.POSITIVE_INFINITY)
      if (error === undefined) this.onTransportClosed()
      else if (local === true) this.abort(error)
      else this.onRemoteReset()
    })
  }

  override sendData(data: Uint8ArrayList): SendResult {
    const framed = new Uint8ArrayList()
    for (let at = 0; at < data.byteLength; at += SEGMENT_BYTES) {
      const segment = data.sublist(at, Math.min(at + SEGMENT_BYTES, data.byteLength))
      const header = new DataView(new ArrayBuffer(HEADER_BYTES))
      header.setUint32(0, segment.byteLength)
      header.setFloat64(4, this.#uplink.arrival(segment.byteLength))
      framed.append(new Uint8Array(header.buffer), segment)
    }
    const taken = this.#fast.send(framed)
    const wait = this.#uplink.timeUntil(BACKLOG_BYTES)
    if (wait > 0) setTimeout(() => this.#resumeSending(), this.#uplink.timeUntil(BACKLOG_BYTES / 2))
    return { sentBytes: data.byteLength, canSendMore: taken && wait <= 0 }
  }

  override sendReset(error: Error): void {
    this.#fast.abort(error)
  }

  override sendPause(): void {
    this.#fast.pause()
  }

  override sendResume(): void {
    this.#fast.resume()
  }

  override async close(...options: Parameters<MessageStream['close']>): Promise<void> {
    await this.#fast.close(...options)
  }

  #resumeSending(): void {
    if (this.#uplink.timeUntil(BACKLOG_BYTES) > 0) return
    if (!this.#fast.writableNeedsDrain) this.safeDispatchEvent('drain')
  }

  #readSegments(): void {
    while (this.#coming.byteLength >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#coming.getUint32(0)
      if (this.#coming.byteLength < end) return
      const due = this.#coming.getFloat64(4)
      this.#arriving.push({ due, data: this.#coming.sublist(HEADER_BYTES, end) })
      this.#coming.consume(end)
    }
  }

  /** Hands on what is due by then, and comes back for the rest. */
  #deliver(by = now()): void {
    const arrived = new Uint8ArrayList()
    let count = 0
    for (const { due, data } of this.#arriving) {
      if (due > by) break
      arrived.append(data)
      count++
    }
    this.#arriving.splice(0, count)
    if (count > 0) this.onData(arrived)
    if (this.#arriving.length > 0 && !this.#waits) this.#waitFor(this.#arriving[0]!.due)
  }

  #waitFor(due: number): void {
    this.#waits = true
    const wait = due - now()
    if (wait > TIMER_MS) {
      setTimeout(() => this.#awake(), wait - TIMER_MS)
      return
    }
    setImmediate(() => {
      const left = Math.min(due - now(), POLL_MS)
      if (left > 0) Atomics.wait(nap, 0, 0, left)
      this.#awake()
    })
  }

  #awake(): void {
    this.#waits = false
    this.#deliver()
  }
}
