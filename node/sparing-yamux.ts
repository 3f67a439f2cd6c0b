/**
 * yamux with fewer window updates. @libp2p/yamux 8.0.3 answers every data frame with one: a packet back
 * for each message of a round, with a TLS record, a write and a read of its own. The specification asks
 * for none before the window runs low, and other implementations (go-yamux, rust-yamux) wait until half
 * of it is used up. This waits for a quarter, so that three are under way on a long line; and it opens the
 * whole window at once, which saves a stream of rounds the round trips in which it would grow. On the
 * wire it is the same protocol.
 *
 * Data frames are short here. A receiver of @libp2p/yamux takes a frame when all of it is there; and who
 * has waited for credit would send all of it as one frame of many megabytes, which nobody could
 * work on, nor give credit for, before its last byte.
 *
 * No sender starves: it is given new credit as soon as it has used a quarter of its window.
 * A peer can make this process hold one window per stream, as before: then it only took longer.
 *
 * It reaches into what is no interface: `_newStream` of the muxer, window and message sizes of the stream.
 * test/node/sparing-yamux.test.ts notices if they change.
 */
import type { StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { yamux } from '@libp2p/yamux'
import { StreamState } from '@libp2p/yamux/stream'

/** A stream of yamux, as it is inside. */
interface Windowed {
  readonly state: StreamState
  readonly maxStreamWindowSize: number
  /** What the other side may send until it is told to go on. */
  recvWindow: number
  /** What is left of that. */
  readonly recvWindowCapacity: number
  /** Longest data frame; set anew to the peer's credit by each update of it. */
  maxMessageSize: number
  sendWindowUpdate(): void
  handleWindowUpdate(frame: unknown): void
}

const MESSAGE_BYTES = 256 * 1024

/** @param options as for `yamux` of @libp2p/yamux */
export function sparingYamux(options: Parameters<typeof yamux>[0]): () => StreamMuxerFactory {
  const make = yamux(options)
  return () => {
    const factory = make()
    return {
      protocol: factory.protocol,
      createStreamMuxer: (connection) => sparing(factory.createStreamMuxer(connection)),
    }
  }
}

function sparing(muxer: StreamMuxer): StreamMuxer {
  // oxlint-disable no-underscore-dangle -- its own name for it
  const inside = muxer as unknown as { _newStream(...init: unknown[]): Windowed }
  const newStream = inside._newStream.bind(muxer)
  inside._newStream = (...init) => {
    const stream = newStream(...init)
    // Granted by the update that opens the stream or, at the other end, answers its first bytes.
    stream.recvWindow = stream.maxStreamWindowSize
    const update = stream.sendWindowUpdate.bind(stream)
    stream.sendWindowUpdate = () => {
      const { state, recvWindow, recvWindowCapacity } = stream
      const settled = state === StreamState.Established || state === StreamState.SYNSent
      if (settled && recvWindowCapacity > (recvWindow * 3) / 4) return
      update()
    }
    const handle = stream.handleWindowUpdate.bind(stream)
    stream.handleWindowUpdate = (frame) => {
      handle(frame)
      stream.maxMessageSize = Math.min(stream.maxMessageSize, MESSAGE_BYTES)
    }
    return stream
  }
  return muxer
}
