import { afterEach, describe, expect, it } from 'vitest'

import { createOverlay, type Overlay } from '../../node/overlay.ts'
import { ActorKey } from '../../node/keys.ts'
import { silent } from '../../node/log.ts'
import { parseTopology } from '../../node/topology.ts'
import type { FramedStream } from '../../node/framed-stream.ts'

import { actors, pattern, startNetwork, type Network } from './network.ts'

const ECHO = '/test/echo/1.0.0'

let network: Network | undefined
const more: Overlay[] = []

afterEach(async () => {
  await Promise.all(more.splice(0).map((overlay) => overlay.close()))
  await network?.close()
  network = undefined
})

async function echo(stream: FramedStream): Promise<void> {
  for (;;) {
    const frame = await stream.receive()
    if (frame === null) break
    await stream.send(frame)
  }
  await stream.close()
}

describe('overlay', () => {
  it('opens streams by name, both ways, and says who is connected', async () => {
    network = await startNetwork(['mpc-1', 'mpc-2'])
    const [a, b] = [network.overlay('mpc-1'), network.overlay('mpc-2')]
    const peers: string[] = []
    for (const overlay of [a, b]) {
      await overlay.handle(ECHO, async (stream, peer) => {
        peers.push(peer)
        expect(stream.peer).toBe(peer)
        await echo(stream)
      })
    }
    for (const [from, to] of [
      [a, 'mpc-2'],
      [b, 'mpc-1'],
    ] as const) {
      const stream = await from.open(to, ECHO)
      expect(stream.peer).toBe(to)
      for (const length of [0, 1, 3, 1000, 300_000, 16 * 1024 * 1024]) {
        const frame = pattern(length, length)
        await stream.send(frame)
        expect(Buffer.compare((await stream.receive())!, frame)).toBe(0)
      }
      await stream.end()
      expect(await stream.receive()).toBeNull()
    }
    expect(peers).toEqual(['mpc-1', 'mpc-2'])
    expect(a.connected()).toEqual(['mpc-2'])
    expect(b.connected()).toEqual(['mpc-1'])
  })
})
