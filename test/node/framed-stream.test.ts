import { setTimeout as sleep } from 'node:timers/promises'

import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'

import { FramedStream, type FramedOptions } from '../../node/framed-stream.ts'

import { pattern, startNetwork, type Network } from './network.ts'

const MiB = 1024 * 1024

interface Pair {
  readonly framed: FramedStream
  readonly raw: Stream
}

/** A framed stream and, at the other end, the bare stream. */
async function pair(options: Partial<FramedOptions> = {}): Promise<Pair> {
  const [raw, other] = await streamPair()
  return { framed: new FramedStream(other, { peer: 'mpc-2', ...options }), raw }
}

function frame(...bytes: number[]): Uint8Array {
  return Uint8Array.from([0, 0, 0, bytes.length, ...bytes])
}

const closed = (stream: Stream): Promise<Error | undefined> =>
  new Promise((resolve) => {
    stream.addEventListener('close', (event) => resolve(event.error), { once: true })
  })

describe('FramedStream, byte by byte', () => {
  it('finds the frames however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 }),
        async (frames, cuts) => {
          const { framed, raw } = await pair()
          const bytes = Buffer.concat(frames.map((one) => frame(...one)))
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const end = Math.min(at + cuts[i % cuts.length]!, bytes.length)
            raw.send(Uint8Array.from(bytes.subarray(at, end)))
            at = end
          }
          for (const one of frames) expect(await framed.receive()).toEqual(one)
          await raw.close()
          expect(await framed.receive()).toBeNull()
          expect(await framed.receive()).toBeNull()
        },
      ),
      { numRuns: 25 },
    )
  })

  it('notices that the stream was given up before it was framed', async () => {
    const [raw, other] = await streamPair()
    raw.abort(new Error('no'))
    await expect.poll(() => other.status).toBe('reset')
    const framed = new FramedStream(other, { peer: 'mpc-2' })
    await expect(framed.receive({ timeoutMs: 2_000 })).rejects.toMatchObject({
      code: 'SH_NET_RESET',
    })
  })

  it('resets the stream when a frame above the limit is announced', async () => {
    const { framed, raw } = await pair({ maxFrameBytes: 1000 })
    const reset = closed(raw)
    raw.send(frame(1, 2, 3))
    raw.send(Uint8Array.of(0, 0, 3, 233)) // 1001
    expect(await framed.receive()).toEqual(Uint8Array.of(1, 2, 3))
    await expect(framed.receive()).rejects.toMatchObject({
      code: 'SH_WIRE_OVERSIZE',
      party: 'mpc-2',
    })
    await expect(framed.send(Uint8Array.of(1))).rejects.toMatchObject({ code: 'SH_WIRE_OVERSIZE' })
    expect((await reset)?.name).toBe('StreamResetError')
  })

  it('takes a frame of exactly the limit, and refuses to send a longer one', async () => {
    const { framed, raw } = await pair({ maxFrameBytes: 1000 })
    raw.send(Uint8Array.of(0, 0, 3, 232, ...pattern(1000, 3)))
    expect(await framed.receive()).toEqual(pattern(1000, 3))
    await framed.send([pattern(999, 1), Uint8Array.of(7)])
    await expect(framed.send([pattern(1000, 1), Uint8Array.of(7)])).rejects.toMatchObject({
      code: 'SH_WIRE_OVERSIZE',
    })
  })

  it.each([
    ['in its length', Uint8Array.of(0, 0)],
    ['in its body', Uint8Array.of(0, 0, 0, 9, 1, 2, 3)],
    ['before its body', Uint8Array.of(0, 0, 0, 1)],
  ])('says so when the stream ends in the middle of a frame, %s', async (_where, bytes) => {
    const { framed, raw } = await pair()
    raw.send(frame(5))
    raw.send(bytes)
    await raw.close()
    expect(await framed.receive()).toEqual(Uint8Array.of(5))
    await expect(framed.receive()).rejects.toMatchObject({
      code: 'SH_WIRE_TRUNCATED',
      party: 'mpc-2',
    })
  })

  it('names a reset, to those who wait and to those who come later', async () => {
    const { framed, raw } = await pair()
    const waiting = framed.receive()
    setTimeout(() => raw.abort(new Error('whatever')), 10)
    await expect(waiting).rejects.toMatchObject({ code: 'SH_NET_RESET', party: 'mpc-2' })
    await expect(framed.receive()).rejects.toMatchObject({ code: 'SH_NET_RESET' })
    await expect(framed.send(frame(1))).rejects.toMatchObject({ code: 'SH_NET_RESET' })
  })

  it('gives all that came before a side was ended, though it was reset afterwards', async () => {
    const { framed, raw } = await pair()
    raw.send(frame(1))
    raw.send(frame(2))
    await raw.close()
    const over = new Promise<void>((resolve) => framed.onClose(resolve))
    setTimeout(() => raw.abort(new Error('does not wait')), 10)
    await over
    expect(await framed.receive()).toEqual(Uint8Array.of(1))
    expect(await framed.receive()).toEqual(Uint8Array.of(2))
    expect(await framed.receive()).toBeNull()
    expect(framed.failure).toBeUndefined()
    await expect(framed.send(frame(1))).rejects.toMatchObject({ code: 'SH_NET_CLOSED' })
  })

  it('gives up a wait by time or signal, and stays usable', async () => {
    const { framed, raw } = await pair()
    await expect(framed.receive({ timeoutMs: 20 })).rejects.toMatchObject({
      code: 'SH_NET_TIMEOUT',
    })
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 10)
    await expect(framed.receive({ signal: controller.signal })).rejects.toMatchObject({
      code: 'SH_NET_ABORTED',
    })
    await expect(framed.receive({ signal: controller.signal })).rejects.toMatchObject({
      code: 'SH_NET_ABORTED',
    })
    raw.send(frame(1))
    raw.send(frame(2))
    expect(await framed.receive()).toEqual(Uint8Array.of(1))
    expect(await framed.receive()).toEqual(Uint8Array.of(2))
  })

  it('copies what it sends before the call returns', async () => {
    const { framed, raw } = await pair()
    const got: number[] = []
    raw.addEventListener('message', (event) => got.push(...event.data.subarray()))
    const buffer = Uint8Array.of(1, 2, 3)
    const sent = framed.send(buffer)
    buffer.fill(9)
    await sent
    await framed.end()
    await expect.poll(() => got).toEqual([0, 0, 0, 3, 1, 2, 3])
  })
})

describe('FramedStream over the network', () => {
  let network: Network | undefined
  afterEach(() => network?.close())

  async function streams(): Promise<[FramedStream, FramedStream]> {
    network = await startNetwork(['mpc-1', 'mpc-2'])
    const incoming = new Promise<FramedStream>((resolve) => {
      void network!.overlay('mpc-2').handle('/test/1', (stream) => resolve(stream))
    })
    const outgoing = await network.overlay('mpc-1').open('mpc-2', '/test/1')
    await outgoing.send(Uint8Array.of(0))
    const other = await incoming
    await other.receive()
    return [outgoing, other]
  }

  it('holds the sender back while nobody reads, and loses nothing', async () => {
    const [from, to] = await streams()
    const frames = 160
    const size = 512 * 1024
    let sent = 0
    const sending = (async () => {
      for (; sent < frames; sent++) await from.send(pattern(size, sent))
      await from.end()
    })()
    // It comes to a stop: the same count for half a second.
    let last = -1
    await expect
      .poll(
        () => {
          const still = sent === last && sent > 0
          last = sent
          return still
        },
        { interval: 500, timeout: 20_000 },
      )
      .toBe(true)
    // Stopped by the limits of stream, window and sockets together, far below the 80 MiB.
    expect(sent).toBeLessThan(frames - 20)
    expect(to.unreadBytes).toBeLessThan(40 * MiB)
    for (let i = 0; i < frames; i++) {
      const got = (await to.receive())!
      if (Buffer.compare(got, pattern(size, i)) !== 0) throw new Error(`frame ${i} differs`)
    }
    expect(await to.receive()).toBeNull()
    await sending
    expect(sent).toBe(frames)
  })

  it('holds the sender back for one who reads slowly, again and again', async () => {
    const [from, to] = await streams()
    const frames = 200
    const sending = (async () => {
      for (let i = 0; i < frames; i++) await from.send(pattern(512 * 1024, i))
      await from.end()
    })()
    for (let i = 0; i < frames; i++) {
      expect((await to.receive())?.length).toBe(512 * 1024)
      expect(to.unreadBytes).toBeLessThan(40 * MiB)
      await sleep(5)
    }
    expect(await to.receive()).toBeNull()
    await sending
  })

  it('lets two that only send go on, when they read ahead', async () => {
    const [a, b] = await streams()
    const stops = [a.readAhead(), b.readAhead()]
    const frames = 120
    const send = async (stream: FramedStream): Promise<void> => {
      for (let i = 0; i < frames; i++) await stream.send(pattern(512 * 1024, i))
    }
    await Promise.all([send(a), send(b)])
    for (const stop of stops) stop()
    for (const stream of [a, b]) {
      for (let i = 0; i < frames; i++) expect((await stream.receive())!.length).toBe(512 * 1024)
    }
  })

  it('takes answers after it has ended its own side', async () => {
    const [from, to] = await streams()
    await from.send(Uint8Array.of(1))
    await from.end()
    expect(await to.receive()).toEqual(Uint8Array.of(1))
    expect(await to.receive()).toBeNull()
    await to.send(Uint8Array.of(2))
    await to.close()
    expect(await from.receive()).toEqual(Uint8Array.of(2))
    expect(await from.receive()).toBeNull()
    expect(from.failure).toBeUndefined()
  })

  it('says when it is over', async () => {
    const [from, to] = await streams()
    const over = Promise.all([
      new Promise<void>((resolve) => from.onClose(resolve)),
      new Promise<void>((resolve) => to.onClose(resolve)),
    ])
    from.reset('test')
    await over
    expect(from.failure).toMatchObject({ code: 'SH_NET_ABORTED' })
    expect(to.failure).toMatchObject({ code: 'SH_NET_RESET', party: 'mpc-1' })
    let late = false
    to.onClose(() => (late = true))
    expect(late).toBe(true)
  })
})
