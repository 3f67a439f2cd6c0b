/**
 * How an MPC node measures its lines to the others of its committee: a few short frames to and fro for the round trip, then
 * bursts that grow until one takes long enough, for the bandwidth of the connection that rounds take too. It measures
 * when the coordinator asks, not more often than every ten minutes, and not while a job runs.
 *
 * Against whom: only MPC nodes of the topology are answered, up to a bounded number of bytes a stream. What is sent are
 * zeros. A peer can make a line look slow, and predictions with it; nothing else depends on them.
 */
import { decodeLinks, encodeLinks } from '../protocol/link-figures.ts'
import type { LinkFigures } from '../protocol/link-figures.ts'

import type { FramedStream } from './framed-stream.ts'
import type { Log } from './log.ts'
import { receiveMessage, sendMessage } from './message-stream.ts'
import type { Overlay } from './overlay.ts'
import type { NodeActor } from './topology.ts'

/** The coordinator asks a node for its figures. */
export const LINKS_PROTOCOL = '/sharehold/links/1.0.0'
/** An MPC node measures its line to another: every frame is answered by one byte. */
export const ECHO_PROTOCOL = '/sharehold/echo/1.0.0'

const PINGS = 5
const FRAME_BYTES = 256 * 1024
/** Frames of the bursts, one after the other until one takes LONG_MS. */
const BURSTS = [1, 4, 16, 64]
const LONG_MS = 200
/** More than all bursts together. */
const MOST_ECHO_BYTES = 32 * 1024 * 1024
const WAIT = { timeoutMs: 10_000 }
const MEASURED_FOR_MS = 10 * 60_000

export interface LinkMeterOptions {
  /** Whether a job runs. */
  readonly busy: () => boolean
  /** Milliseconds that only grow. */
  readonly now: () => number
  readonly log: Log
}

interface Measured {
  readonly peer: number
  readonly roundTripMs: number
  readonly bytesPerSecond: number
  readonly at: number
}

/** Answers the other MPC nodes, and the coordinator with what was measured. */
export async function serveLinks(overlay: Overlay, options: LinkMeterOptions): Promise<void> {
  const { topology, self } = overlay
  const { busy, now, log } = options
  const others = topology.mpcNodes.filter(({ name }) => name !== self.name)
  const measured = new Map<number, Measured>()
  let measuring: Promise<void> | undefined
  const measureAll = async (): Promise<void> => {
    // One after the other: they share this node's uplink.
    for (const other of others) {
      if (busy()) return
      const before = measured.get(other.index)
      if (before !== undefined && now() - before.at < MEASURED_FOR_MS) continue
      try {
        measured.set(other.index, { ...(await measure(overlay, other, now)), at: now() })
      } catch (error) {
        log.debug({ peer: other.name, err: error }, 'the line could not be measured')
      }
    }
  }
  await overlay.handle(ECHO_PROTOCOL, async (stream, peer) => {
    if (others.some(({ name }) => name === peer)) await answer(stream)
    else stream.reset('only MPC nodes measure')
  })
  await overlay.handle(LINKS_PROTOCOL, async (stream, peer) => {
    if (peer !== topology.coordinator.name) {
      stream.reset('only the coordinator asks')
      return
    }
    await receiveMessage(stream, ['linksWanted'], WAIT)
    measuring ??= measureAll().finally(() => {
      measuring = undefined
    })
    await measuring
    const figures = [...measured.values()].map(
      ({ roundTripMs, bytesPerSecond, at, ...line }): LinkFigures[number] => ({
        ...line,
        roundTripMicros: Math.round(1000 * roundTripMs),
        bytesPerSecond: Math.max(1, Math.round(bytesPerSecond)),
        ageMs: Math.max(0, Math.round(now() - at)),
      }),
    )
    await sendMessage(stream, 'links', {
      figures: encodeLinks(figures.toSorted((a, b) => a.peer - b.peer)),
    })
    await stream.close()
  })
}

/**
 * Asks a node what it has measured.
 * @throws ShareholdError SH_NET_*, SH_WIRE_*
 */
export async function askLinks(
  overlay: Overlay,
  node: NodeActor,
  timeoutMs: number,
): Promise<LinkFigures> {
  const stream = await overlay.open(node.name, LINKS_PROTOCOL, { timeoutMs })
  try {
    await sendMessage(stream, 'linksWanted', {})
    const { header } = await receiveMessage(stream, ['links'], { timeoutMs })
    return decodeLinks(header.figures)
  } finally {
    void stream.close({ timeoutMs: 1_000 }).catch(() => {})
  }
}

async function measure(
  overlay: Overlay,
  other: NodeActor,
  now: () => number,
): Promise<Omit<Measured, 'at'>> {
  const stream = await overlay.open(other.name, ECHO_PROTOCOL, WAIT)
  try {
    /** Milliseconds from the first byte to the last answer. */
    const take = async (frames: number, frame: Uint8Array): Promise<number> => {
      const since = now()
      const answers = (async () => {
        for (let k = 0; k < frames; k++) await stream.receive(WAIT)
      })()
      for (let k = 0; k < frames; k++) await stream.send(frame, WAIT)
      await answers
      return now() - since
    }
    let roundTripMs = Infinity
    const short = new Uint8Array(1)
    for (let k = 0; k < PINGS; k++) roundTripMs = Math.min(roundTripMs, await take(1, short))
    const long = new Uint8Array(FRAME_BYTES)
    let bytesPerSecond = 1
    for (const frames of BURSTS) {
      const ms = await take(frames, long)
      // The last answer's way back is not the burst's.
      const own = Math.max(ms - roundTripMs, ms / 4, 0.001)
      bytesPerSecond = (1000 * frames * FRAME_BYTES) / own
      if (ms >= LONG_MS) break
    }
    return { peer: other.index, roundTripMs, bytesPerSecond }
  } finally {
    void stream.close({ timeoutMs: 1_000 }).catch(() => {})
  }
}

async function answer(stream: FramedStream): Promise<void> {
  const one = new Uint8Array(1)
  for (let bytes = 0; bytes <= MOST_ECHO_BYTES;) {
    const frame = await stream.receive(WAIT)
    if (frame === null) {
      await stream.close(WAIT)
      return
    }
    bytes += frame.length
    await stream.send(one, WAIT)
  }
  stream.reset('too much')
}
