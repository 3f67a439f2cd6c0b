import { afterEach, describe, expect, it } from 'vitest'

import { lineBytes, slowLink } from '../../bench/slow-link.ts'
import type { FramedStream } from '../../node/framed-stream.ts'
import { silent } from '../../node/log.ts'
import { createOverlay, type Overlay } from '../../node/overlay.ts'
import { parseTopology } from '../../node/topology.ts'
import { actors, pattern } from '../node/network.ts'

const SINK = '/test/sink/1.0.0'
const LINK = { roundTripMs: 40, megabits: 80 }

const overlays: Overlay[] = []

afterEach(async () => {
  await Promise.all(overlays.splice(0).map((overlay) => overlay.close()))
})

/** Overlays of mpc-1, mpc-2 ..., each on a slow link of its own. */
async function slowNetwork(count: number): Promise<Overlay[]> {
  const { keys, json } = actors()
  const topology = await parseTopology(json, '/')
  for (let k = 1; k <= count; k++) {
    const options = { topology, listen: ['/ip4/127.0.0.1/tcp/0'], keepAlive: false, log: silent }
    const key = keys.get(`mpc-${k}`)!
    overlays.push(await createOverlay({ ...options, key, wrap: slowLink(LINK) }))
  }
  for (const one of overlays) {
    overlays.forEach((other, k) => {
      if (other !== one) one.setAddress(`mpc-${k + 1}`, other.addresses[0]!)
    })
  }
  return overlays
}

interface Arrival {
  readonly frame: Uint8Array
  readonly atMs: number
}

/** What comes to an overlay, until there are `count` frames. */
async function arrivals(overlay: Overlay, count: number): Promise<Arrival[]> {
  const stream = new Promise<FramedStream>((resolve) => {
    void overlay.handle(SINK, async (incoming) => resolve(incoming))
  })
  const incoming = await stream
  const all: Arrival[] = []
  while (all.length < count) {
    all.push({ frame: (await incoming.receive())!, atMs: performance.now() })
  }
  return all
}

describe('slowLink', () => {
  it('brings everything whole and in order, half a round trip late', async () => {
    const [a, b] = await slowNetwork(2)
    const got = arrivals(b!, 20)
    const stream = await a!.open('mpc-2', SINK)
    const sent: { readonly frame: Uint8Array; readonly atMs: number }[] = []
    for (let k = 0; k < 20; k++) {
      const frame = pattern(k * 3001, k)
      sent.push({ frame, atMs: performance.now() })
      await stream.send(frame)
    }
    for (const [k, { frame, atMs }] of (await got).entries()) {
      expect(Buffer.compare(frame, sent[k]!.frame)).toBe(0)
      expect(atMs - sent[k]!.atMs).toBeGreaterThanOrEqual(LINK.roundTripMs / 2)
    }
  })

  it('shares the uplink among the connections of a node', async () => {
    const [a, b, c] = await slowNetwork(3)
    const got = [arrivals(b!, 1), arrivals(c!, 1)]
    const streams = [await a!.open('mpc-2', SINK), await a!.open('mpc-3', SINK)]
    const frame = pattern(250_000, 1)
    const since = performance.now()
    await Promise.all(streams.map((stream) => stream.send(frame)))
    const all = (await Promise.all(got)).flat()
    for (const one of all) expect(Buffer.compare(one.frame, frame)).toBe(0)
    const bitsPerMs = LINK.megabits * 1000
    const least = (2 * frame.length * 8) / bitsPerMs + LINK.roundTripMs / 2
    expect(Math.max(...all.map(({ atMs }) => atMs)) - since).toBeGreaterThanOrEqual(least)
  })

  it('counts what encryption and packets add: little for long messages, much for short ones', () => {
    expect(lineBytes(1_000_000) / 1_000_000).toBeLessThan(1.05)
    expect(lineBytes(16)).toBe(16 + 22 + 66)
  })
})
