import type { MessageStream, Stream, StreamMuxer } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { describe, expect, it } from 'vitest'

import { sparingYamux } from '../../node/sparing-yamux.ts'

import { pattern } from './network.ts'

const KiB = 1024
const WINDOW = 1024 * KiB

type Yamux = () => () => { createStreamMuxer(connection: MessageStream): StreamMuxer }

const ours: Yamux = () =>
  sparingYamux({ streamOptions: { maxStreamWindowSize: WINDOW, maxReadBufferLength: 2 * WINDOW } })
const plain: Yamux = () => yamux({ streamOptions: { maxStreamWindowSize: WINDOW } })

interface Pair {
  readonly near: Stream
  readonly far: Stream
  /** How often something has come to the near end of the connection. */
  readonly answers: () => number
}

async function pair(nearYamux: Yamux, farYamux: Yamux): Promise<Pair> {
  const [a, b] = multiaddrConnectionPair()
  const near = nearYamux()().createStreamMuxer(a)
  const far = farYamux()().createStreamMuxer(b)
  const incoming = new Promise<Stream>((resolve) => {
    far.addEventListener('stream', (event) => resolve(event.detail), { once: true })
  })
  let answers = 0
  a.addEventListener('message', () => answers++)
  const stream = await near.createStream()
  const ends = { near: stream, far: await incoming, answers: () => answers }
  // The dialler's stream is confirmed by what answers its first byte.
  const got = collect(ends.far)
  stream.send(Uint8Array.of(0))
  await expect.poll(() => got.bytes()).toBe(1)
  await turn()
  got.stop()
  return ends
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

interface Collected {
  readonly whole: () => Buffer
  readonly bytes: () => number
  readonly stop: () => void
}

function collect(stream: Stream): Collected {
  const pieces: Uint8Array[] = []
  const take = ({ data }: { data: { subarray(): Uint8Array } }): void =>
    void pieces.push(data.subarray())
  stream.addEventListener('message', take)
  return {
    whole: () => Buffer.concat(pieces),
    bytes: () => pieces.reduce((sum, { length }) => sum + length, 0),
    stop: () => stream.removeEventListener('message', take),
  }
}

describe('sparingYamux', () => {
  it('does not answer short messages', async () => {
    const { near, far, answers } = await pair(ours, ours)
    const got = collect(far)
    const before = answers()
    for (let i = 0; i < 50; i++) {
      near.send(Uint8Array.of(i))
      await new Promise(setImmediate)
    }
    await expect.poll(() => got.bytes()).toBe(50)
    await turn()
    expect(answers()).toBe(before)
  })

  it('opens the whole window at once', async () => {
    const { near, far } = await pair(ours, ours)
    far.pause()
    near.send(new Uint8Array(2 * WINDOW))
    await turn()
    expect(far.readBufferLength).toBe(WINDOW)
    expect(near.writeBufferLength).toBe(WINDOW)
  })

  it('does not put all that has waited into one frame', async () => {
    const { near, far } = await pair(ours, ours)
    const frames: number[] = []
    far.addEventListener('message', ({ data }) => void frames.push(data.byteLength))
    near.send(new Uint8Array(3 * WINDOW))
    await expect.poll(() => frames.reduce((sum, bytes) => sum + bytes, 0)).toBe(3 * WINDOW)
    expect(Math.max(...frames)).toBeLessThanOrEqual(256 * KiB)
  })

  it.each([
    ['itself', ours, ours],
    ['plain yamux that listens', ours, plain],
    ['plain yamux that dials', plain, ours],
  ])('carries far more than the window, both ways, with %s', async (_what, nearYamux, farYamux) => {
    const { near, far } = await pair(nearYamux, farYamux)
    const there = pattern(5 * WINDOW + 17, 1)
    const back = pattern(4 * WINDOW + 3, 2)
    const [atFar, atNear] = [collect(far), collect(near)]
    for (let at = 0; at < there.length; at += 300 * KiB) {
      near.send(there.subarray(at, at + 300 * KiB))
      far.send(back.subarray(at, at + 300 * KiB))
    }
    await expect.poll(() => atFar.bytes() + atNear.bytes()).toBe(there.length + back.length)
    expect(Buffer.compare(atFar.whole(), there)).toBe(0)
    expect(Buffer.compare(atNear.whole(), back)).toBe(0)
  })

  it('goes on after a pause in which the window was used up', async () => {
    const { near, far } = await pair(ours, ours)
    const got = collect(far)
    far.pause()
    const data = pattern(3 * WINDOW, 3)
    near.send(data)
    await turn()
    expect(got.bytes()).toBe(0)
    far.resume()
    await expect.poll(() => got.bytes()).toBe(data.length)
    expect(Buffer.compare(got.whole(), data)).toBe(0)
  })
})
