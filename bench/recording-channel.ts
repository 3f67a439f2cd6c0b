/** A channel that notes what is sent and awaited, in order: for counting rounds and for replay on a bare socket. */
import { type Channel, type Payload, payloadBytes, type Tag } from '../protocol/party.ts'

export interface Transfer {
  readonly kind: 'send' | 'receive'
  readonly peer: number
  readonly tag: Tag
  readonly bytes: number
}

export class RecordingChannel implements Channel {
  readonly transfers: Transfer[] = []
  readonly #inner: Channel

  constructor(inner: Channel) {
    this.#inner = inner
  }

  send(peer: number, tag: Tag, payload: Payload): Promise<void> {
    this.transfers.push({ kind: 'send', peer, tag, bytes: payloadBytes(payload) })
    return this.#inner.send(peer, tag, payload)
  }

  receive(...message: Parameters<Channel['receive']>): Promise<Uint8Array> {
    const [peer, tag, bytes] = message
    this.transfers.push({ kind: 'receive', peer, tag, bytes })
    return this.#inner.receive(...message)
  }
}
