/**
 * The transfers of a run once more, over bare TCP on loopback: no encryption, no multiplexing, no frames
 * and nothing computed. What the overlay can at best come near to.
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

import type { Transfer } from './recording-channel.ts'

const HOST = '127.0.0.1'

interface Wire {
  readonly socket: Socket
  /** Bytes that came and that nobody has waited for yet. */
  unread: number
  wake: () => void
}

/** One party's sockets to the others. */
export class SocketReplay {
  readonly #self: number
  readonly #server: Server
  readonly #wires = new Map<number, Wire>()
  readonly #accepted = new Map<number, () => void>()

  constructor(self: number) {
    this.#self = self
    this.#server = createServer((socket) => void this.#welcome(socket))
  }

  /** @returns the port */
  async listen(): Promise<number> {
    this.#server.listen(0, HOST)
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  /** Connects with all others; the lower number dials. @param ports of all parties, party 1 first */
  async meet(ports: readonly number[]): Promise<void> {
    await Promise.all(
      ports.map(async (port, i) => {
        const peer = i + 1
        if (peer > this.#self) {
          const socket = connect(port, HOST)
          await once(socket, 'connect')
          socket.write(Uint8Array.of(this.#self))
          this.#attach(peer, socket)
        } else if (peer < this.#self && !this.#wires.has(peer)) {
          await new Promise<void>((resolve) => this.#accepted.set(peer, resolve))
        }
      }),
    )
  }

  /** Does all transfers in order. @returns seconds */
  async replay(transfers: readonly Transfer[]): Promise<number> {
    const payload = new Uint8Array(Math.max(0, ...transfers.map(({ bytes }) => bytes)))
    const start = performance.now()
    for (const { kind, peer, bytes } of transfers) {
      const wire = this.#wires.get(peer)!
      if (kind === 'send') {
        wire.socket.write(payload.subarray(0, bytes))
        continue
      }
      while (wire.unread < bytes) {
        await new Promise<void>((resolve) => {
          wire.wake = resolve
        })
      }
      wire.unread -= bytes
    }
    return (performance.now() - start) / 1000
  }

  close(): void {
    this.#server.close()
    for (const { socket } of this.#wires.values()) socket.destroy()
  }

  async #welcome(socket: Socket): Promise<void> {
    const [first] = (await once(socket, 'data')) as [Uint8Array]
    const peer = first[0]!
    this.#attach(peer, socket, first.length - 1)
    this.#accepted.get(peer)?.()
  }

  #attach(peer: number, socket: Socket, unread = 0): void {
    socket.setNoDelay(true)
    const wire: Wire = { socket, unread, wake() {} }
    socket.on('data', (bytes) => {
      wire.unread += bytes.length
      wire.wake()
    })
    // The other side ends first or last: no news at the end of a run.
    socket.on('error', () => {})
    this.#wires.set(peer, wire)
  }
}
