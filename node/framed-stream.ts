/**
 * Frames (frame.ts) over one libp2p stream. Bounded both ways: `send` waits while much is unsent, and the stream is paused while much is unread.
 *
 * Why not libp2p's own helpers (3.3.11, utils 7.4.1): `onDrain()` does not re-arm, iterating a stream
 * queues without bound, and `lpStream` aborts above 4 MiB. See transport.md, Pitfalls.
 *
 * Security: none of its own. The stream below is encrypted and the peer proven by the handshake; the
 * peer may still send anything, so a frame above the limit, or half a frame, resets the stream.
 */
import type { Stream } from '@libp2p/interface'

import { ShareholdError } from '../shares/errors.ts'

import { deadline } from './deadline.ts'
import { type Frame, FrameReader, keepable, LENGTH_BYTES, newFrame, wholeOf } from './frame.ts'

const MiB = 1024 * 1024

export interface FramedOptions {
  /** Name of the peer, for errors. */
  readonly peer: string
  /** Longest frame, either way. Default 16 MiB. */
  readonly maxFrameBytes?: number
  /** `send` waits while more than this is unsent. Default 1 MiB. */
  readonly sendHighWaterBytes?: number
  /** The stream is paused while more than this is received and unread. Default 8 MiB. */
  readonly receiveHighWaterBytes?: number
}

export interface WaitOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

export interface RoomOptions extends WaitOptions {
  /** Called whenever something has been sent. */
  readonly progress?: () => void
}

/** Somebody who is given the next frame, once, without a promise between. */
export interface FrameWaiter {
  /** Only to be read, and only during the call; null after the other side has ended its side. */
  take(frame: Frame | null): void
  fail(error: ShareholdError): void
}

export class FramedStream {
  /** Topology name of the peer. */
  readonly peer: string
  readonly #stream: Stream
  readonly #maxFrame: number
  readonly #sendHigh: number
  readonly #receiveHigh: number
  readonly #reader: FrameReader
  // whole frames that nobody has asked for yet
  #queue: Frame[] = []
  #queuedBytes = 0
  #unbounded = 0
  #waiters: FrameWaiter[] = []
  #remoteEnded = false
  #over = false
  #discarding = false
  #resuming = false
  #failure: ShareholdError | undefined
  #roomWaiters: (() => void)[] = []
  #closeCallbacks: (() => void)[] = []
  #intercept: ((frame: Frame) => boolean) | undefined

  constructor(stream: Stream, options: FramedOptions) {
    this.peer = options.peer
    this.#stream = stream
    this.#maxFrame = options.maxFrameBytes ?? 16 * MiB
    this.#reader = new FrameReader(this.#maxFrame)
    this.#sendHigh = options.sendHighWaterBytes ?? MiB
    this.#receiveHigh = options.receiveHighWaterBytes ?? 8 * MiB
    // Listeners are attached at once: what came before is delivered in a microtask.
    stream.addEventListener('message', (event) => {
      const data = event.data
      if (data instanceof Uint8Array) this.#take(data)
      else for (const piece of data) this.#take(piece)
      if (this.#remoteEnded) this.#settle()
    })
    stream.addEventListener('drain', () => this.#wakeSenders())
    stream.addEventListener('remoteCloseWrite', () => {
      this.#remoteEnded = true
      this.#settle()
    })
    stream.addEventListener('close', (event) => this.#onClose(event.error))
    // The other side may have given it up while it was being negotiated: that event is over.
    if (stream.status === 'reset' || stream.status === 'aborted') {
      this.#onClose(new Error(`the stream was ${stream.status}`))
    }
  }

  /** Bytes that wait to be sent. */
  get unsentBytes(): number {
    return this.#stream.writeBufferLength
  }

  /** Bytes of whole frames that wait to be read. */
  get unreadBytes(): number {
    return this.#queuedBytes
  }

  /** Whether the other side has ended its side, in order; there may still be unread frames. */
  get remoteEnded(): boolean {
    return this.#remoteEnded
  }

  /** Why the stream is broken, if it is. */
  get failure(): ShareholdError | undefined {
    return this.#failure
  }

  /**
   * Queues one frame made of `parts`, which are copied before this call returns its promise: they may
   * be views of kernel memory. Order of calls is order on the wire.
   *
   * @returns when there is room for more
   * @throws ShareholdError SH_NET_CLOSED, SH_NET_RESET, SH_NET_ABORTED; SH_WIRE_OVERSIZE
   */
  async send(parts: Uint8Array | readonly Uint8Array[], wait: WaitOptions = {}): Promise<void> {
    this.enqueue(parts)
    await this.room(this.#sendHigh, wait)
  }

  /** The first half of `send`: copies and queues, and does not wait. */
  enqueue(parts: Uint8Array | readonly Uint8Array[]): void {
    const list = parts instanceof Uint8Array ? [parts] : parts
    let length = 0
    for (const part of list) length += part.length
    if (length > this.#maxFrame) throw this.#tooLong(length)
    // One buffer, one write.
    const frame = newFrame(length)
    let at = LENGTH_BYTES
    for (const part of list) {
      frame.set(part, at)
      at += part.length
    }
    this.enqueueFrame(frame)
  }

  /**
   * Queues a frame of `newFrame`, filled, which nobody may write to any more.
   *
   * @throws ShareholdError as `send`
   */
  enqueueFrame(frame: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure
    if (frame.length - LENGTH_BYTES > this.#maxFrame) throw this.#tooLong(frame.length)
    try {
      this.#stream.send(frame)
    } catch (cause) {
      throw this.#failure ?? this.#fault('SH_NET_CLOSED', 'The stream cannot be written to', cause)
    }
  }

  /** The second half of `send`: waits while more than `bytes` bytes are unsent. */
  async room(bytes: number, wait: RoomOptions = {}): Promise<void> {
    while (this.#stream.writeBufferLength > bytes) {
      if (this.#failure !== undefined) throw this.#failure
      if (this.#over) throw this.#fault('SH_NET_CLOSED', 'The stream is over')
      let wake: (() => void) | undefined
      await this.#bounded<void>(wait, (resolve) => {
        wake = () => resolve()
        this.#roomWaiters.push(wake)
        // Only while somebody waits: there is such an event after each message.
        this.#stream.addEventListener('idle', wake)
      }).finally(() => {
        if (wake === undefined) return
        this.#stream.removeEventListener('idle', wake)
        this.#drop(this.#roomWaiters, wake)
      })
      wait.progress?.()
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  /**
   * The next frame, which now belongs to the caller; null after the other side has ended its side.
   *
   * @throws ShareholdError as `receiveFrame`
   */
  async receive(wait: WaitOptions = {}): Promise<Uint8Array | null> {
    const frame = await this.receiveFrame(wait)
    return frame === null ? null : wholeOf(frame)
  }

  /**
   * The next frame in the pieces in which it came, for whoever copies it elsewhere; null after the other
   * side has ended its side.
   *
   * @throws ShareholdError SH_NET_TIMEOUT, SH_NET_ABORTED (the stream stays usable after these two);
   * SH_NET_CLOSED, SH_NET_RESET; SH_WIRE_OVERSIZE, SH_WIRE_TRUNCATED
   */
  async receiveFrame(wait: WaitOptions = {}): Promise<Frame | null> {
    const frame = this.takeFrame()
    if (frame !== undefined) return frame
    if (this.#failure !== undefined) throw this.#failure
    if (this.#remoteEnded) return null
    let waiter: FrameWaiter | undefined
    return this.#bounded<Frame | null>(wait, (resolve, reject) => {
      waiter = { take: (next) => resolve(next && keepable(next)), fail: reject }
      this.#waiters.push(waiter)
    }).finally(() => {
      if (waiter !== undefined) this.forget(waiter)
    })
  }

  /** Gives the next frame to `waiter`: at once, if it is there or if there will be none. */
  awaitFrame(waiter: FrameWaiter): void {
    const frame = this.takeFrame()
    if (frame !== undefined) waiter.take(frame)
    else if (this.#failure !== undefined) waiter.fail(this.#failure)
    else if (this.#remoteEnded) waiter.take(null)
    else this.#waiters.push(waiter)
  }

  /** Gives it nothing any more. */
  forget(waiter: FrameWaiter): void {
    this.#drop(this.#waiters, waiter)
  }

  /** The next frame if it is there already: what waits for many frames need not wait for each. */
  takeFrame(): Frame | undefined {
    const frame = this.#queue.shift()
    if (frame === undefined) return undefined
    this.#queuedBytes -= frame.length
    this.#resumeIfRoom()
    return frame
  }

  /**
   * Reads on without bound until the returned function is called: whoever is stuck in sending lets the
   * others send meanwhile, or two that send to each other would wait for ever.
   */
  readAhead(): () => void {
    this.#unbounded++
    this.#resumeIfRoom()
    let done = false
    return () => {
      if (done) return
      done = true
      this.#unbounded--
      this.#pauseIfFull()
    }
  }

  /**
   * Shows each frame to `callback` as soon as it is whole, those that are queued first. A frame for
   * which it returns true is taken out of the queue: that is how something urgent overtakes.
   */
  intercept(callback: (frame: Frame) => boolean): void {
    this.#intercept = callback
    this.#queue = this.#queue.filter((frame) => {
      if (!callback(frame)) return true
      this.#queuedBytes -= frame.length
      return false
    })
    this.#resumeIfRoom()
  }

  /** Calls back once, when the stream is over in both directions or broken. At once if it is already. */
  onClose(callback: () => void): void {
    if (this.#over) callback()
    else this.#closeCallbacks.push(callback)
  }

  /** Flushes and ends this side; the other side's frames can still be received. */
  async end(wait: WaitOptions = {}): Promise<void> {
    const limit = deadline(wait.timeoutMs ?? 10_000, wait.signal)
    try {
      await this.#stream.close({ signal: limit.signal })
    } catch (cause) {
      this.reset('it could not be flushed')
      throw this.#failure ?? this.#fault('SH_NET_CLOSED', 'The stream could not be flushed', cause)
    } finally {
      limit.dispose()
    }
  }

  /** Ends this side, throws away what still comes; resets the stream if the other side does not end it too. */
  async close(wait: WaitOptions = {}): Promise<void> {
    this.#discarding = true
    this.#queue = []
    this.#queuedBytes = 0
    this.#resumeIfRoom()
    await this.end(wait)
    if (!this.#over) {
      const linger = setTimeout(() => this.reset('the other side did not end it'), 10_000)
      linger.unref()
      this.onClose(() => clearTimeout(linger))
    }
  }

  /** Gives the stream up: the other side sees a reset, without the reason. */
  reset(reason: string): void {
    const failure = this.#fault('SH_NET_ABORTED', `The stream was given up: ${reason}`)
    this.#failure ??= failure
    this.#stream.abort(failure)
    this.#settle()
  }

  #take(data: Uint8Array): void {
    if (this.#failure !== undefined || this.#discarding) return
    this.#reader.push(data, (frame) => this.#deliver(frame))
    const { oversize } = this.#reader
    if (oversize === undefined) return
    this.#failure = this.#fault(
      'SH_WIRE_OVERSIZE',
      `A frame of ${oversize} bytes was announced, the limit is ${this.#maxFrame}`,
    )
    this.#stream.abort(this.#failure)
    this.#settle()
  }

  #deliver(frame: Frame): void {
    if (this.#intercept?.(frame) === true) return
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) {
      waiter.take(frame)
      return
    }
    this.#queue.push(keepable(frame))
    this.#queuedBytes += frame.length
    this.#pauseIfFull()
  }

  #pauseIfFull(): void {
    if (
      !this.#resuming &&
      this.#unbounded === 0 &&
      this.#queuedBytes > this.#receiveHigh &&
      this.#stream.readStatus === 'readable'
    ) {
      this.#stream.pause()
    }
  }

  #resumeIfRoom(): void {
    if (
      (this.#unbounded > 0 || this.#queuedBytes <= this.#receiveHigh / 2) &&
      this.#stream.readStatus === 'paused'
    ) {
      // What has come meanwhile is delivered within this call, and may fill the queue again. But whoever
      // pauses a stream within its `resume` is given no peace: libp2p goes on granting credit, until
      // its buffer is too full and it resets the stream.
      this.#resuming = true
      this.#stream.resume()
      this.#resuming = false
      this.#pauseIfFull()
    }
  }

  #onClose(error: Error | undefined): void {
    this.#over = true
    // Once the other side has said all it had to say, how the stream ends is no failure: it need not
    // wait for what this side may still send.
    if (this.#failure === undefined && !this.#remoteEnded) {
      this.#failure =
        error === undefined
          ? this.#fault('SH_NET_CLOSED', 'The connection was lost')
          : this.#fault('SH_NET_RESET', 'The other side gave the stream up', error)
    }
    this.#settle()
    for (const callback of this.#closeCallbacks.splice(0)) callback()
  }

  /** After the end: tells everybody who waits. Nobody waits for a frame while frames are queued or paused. */
  #settle(): void {
    this.#wakeSenders()
    if (this.#remoteEnded && this.#reader.midFrame && this.#stream.readBufferLength === 0) {
      this.#failure ??= this.#fault(
        'SH_WIRE_TRUNCATED',
        'The stream ended in the middle of a frame',
      )
    }
    if (this.#failure === undefined && !this.#remoteEnded) return
    for (const waiter of this.#waiters.splice(0)) {
      if (this.#failure === undefined) waiter.take(null)
      else waiter.fail(this.#failure)
    }
  }

  #wakeSenders(): void {
    for (const wake of this.#roomWaiters.splice(0)) wake()
  }

  #drop<T>(list: T[], item: T): void {
    const at = list.indexOf(item)
    if (at >= 0) list.splice(at, 1)
  }

  /** A promise that also ends by time or by signal. */
  #bounded<T>(
    wait: WaitOptions,
    start: (resolve: (value: T) => void, reject: (error: ShareholdError) => void) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { signal, timeoutMs } = wait
      let timer: NodeJS.Timeout | undefined
      const finish = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      const onAbort = (): void => {
        finish()
        reject(this.#fault('SH_NET_ABORTED', 'The wait was given up', signal?.reason))
      }
      if (signal?.aborted === true) {
        onAbort()
        return
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      if (timeoutMs !== undefined) {
        timer = setTimeout(() => {
          finish()
          reject(this.#fault('SH_NET_TIMEOUT', `Nothing moved for ${timeoutMs} ms`))
        }, timeoutMs)
      }
      start(
        (value) => {
          finish()
          resolve(value)
        },
        (error) => {
          finish()
          reject(error)
        },
      )
    })
  }

  #tooLong(length: number): ShareholdError {
    return new ShareholdError(
      'SH_WIRE_OVERSIZE',
      `A frame of ${length} bytes is too long to send.`,
      { hint: `The limit is ${this.#maxFrame} bytes.` },
    )
  }

  #fault(code: string, what: string, cause?: unknown): ShareholdError {
    return new ShareholdError(code, `${what} (peer ${this.peer}).`, {
      party: this.peer,
      ...(cause === undefined ? {} : { cause }),
    })
  }
}
