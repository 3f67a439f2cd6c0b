/**
 * Two ways to carry bytes between two processes, behind one interface: our round channel, and a stream of
 * a libp2p host as it is, into which bytes are written and from which they are counted.
 */
import type { Stream } from '@libp2p/interface'

import type { RoundChannel } from '../../node/round-channel.ts'
import { newArena, view } from '../../shares/field/memory.ts'
import { publicWords } from '../public-data.ts'

export interface Link {
  /** @returns when there is room for more */
  send(bytes: number): Promise<void>
  /** @returns when as many more have come */
  receive(bytes: number): Promise<void>
  /** @throws Error if what came last is not what the other side has sent */
  check(): void
}

/** A message of a million products. */
const MESSAGE_BYTES = 8_000_000

/** From kernel memory and into kernel memory, as the protocols do. */
export class ChannelLink implements Link {
  readonly #channel: RoundChannel
  readonly #peer: number
  /** The same on both sides. */
  readonly #payload = newArena().bytes(MESSAGE_BYTES)
  readonly #place = newArena().bytes(MESSAGE_BYTES)
  #sent = 0
  #received = 0
  #lastBytes = 0

  constructor(channel: RoundChannel, peer: number) {
    this.#channel = channel
    this.#peer = peer
    const words = publicWords('transport', MESSAGE_BYTES / 4)
    view(this.#payload).set(new Uint8Array(words.buffer))
  }

  async send(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; left -= MESSAGE_BYTES) {
      const tag = { op: 0, batch: 0, step: this.#sent++ }
      const payload = view(this.#payload).subarray(0, Math.min(left, MESSAGE_BYTES))
      await this.#channel.send(this.#peer, tag, payload)
    }
  }

  async receive(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; left -= MESSAGE_BYTES) {
      const tag = { op: 0, batch: 0, step: this.#received++ }
      const length = Math.min(left, MESSAGE_BYTES)
      await this.#channel.receive(this.#peer, tag, length, (piece, offset) =>
        view(this.#place).set(piece, offset),
      )
      this.#lastBytes = length
    }
  }

  check(): void {
    const [sent, come] = [this.#payload, this.#place].map((block) =>
      view(block).subarray(0, this.#lastBytes),
    )
    if (Buffer.compare(sent!, come!) !== 0) throw new Error('other bytes came than were sent')
    view(this.#place).fill(0)
  }
}

const PIECE_BYTES = 256 * 1024
/** As the round channel has it. */
const HIGH_WATER_BYTES = 16 * 1024 * 1024

/** Bytes of the same buffer over and over, and nothing done with what comes. */
export class StreamLink implements Link {
  readonly #stream: Stream
  readonly #piece = new Uint8Array(PIECE_BYTES)
  #unread = 0
  #wake = (): void => {}
  #room = (): void => {}

  constructor(stream: Stream) {
    this.#stream = stream
    stream.addEventListener('message', ({ data }) => {
      this.#unread += data.byteLength
      this.#wake()
    })
    for (const event of ['drain', 'idle'] as const) {
      stream.addEventListener(event, () => this.#room())
    }
  }

  async send(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; left -= PIECE_BYTES) {
      this.#stream.send(this.#piece.subarray(0, Math.min(left, PIECE_BYTES)))
      while (this.#stream.writeBufferLength > HIGH_WATER_BYTES) {
        await new Promise<void>((resolve) => {
          this.#room = resolve
        })
      }
    }
  }

  async receive(bytes: number): Promise<void> {
    while (this.#unread < bytes) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#unread -= bytes
  }

  check(): void {
    if (this.#unread !== 0) throw new Error('more bytes came than were sent')
  }
}
