import { createServer } from 'node:net'

import { afterEach, describe, expect, it } from 'vitest'

import type { FramedStream } from '../../node/framed-stream.ts'
import { silent } from '../../node/log.ts'
import { createOverlay, type Overlay } from '../../node/overlay.ts'
import { parseTopology } from '../../node/topology.ts'

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

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
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

  it('refuses a stranger that dials in', async () => {
    network = await startNetwork(['mpc-1'])
    const victim = network.overlay('mpc-1')
    let streams = 0
    await victim.handle(ECHO, () => void streams++)
    // The stranger has a topology of its own, in which it is mpc-2 and the victim is what it is.
    const foreign = actors()
    const theirs = structuredClone(foreign.json) as { mpcNodes: { name: string; key: string }[] }
    theirs.mpcNodes[0]!.key = network.keys.get('mpc-1')!.vkey
    const stranger = await createOverlay({
      key: foreign.keys.get('mpc-2')!,
      topology: await parseTopology(theirs, '/'),
      listen: [],
      log: silent,
    })
    more.push(stranger)
    stranger.setAddress('mpc-1', victim.addresses[0]!)
    await expect(stranger.open('mpc-1', ECHO, { timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'SH_NET_UNREACHABLE',
      party: 'mpc-1',
    })
    expect(victim.connected()).toEqual([])
    expect(streams).toBe(0)
  })

  it('refuses a querier, which has no business on the overlay', async () => {
    network = await startNetwork(['mpc-1'])
    await expect(network.start('analyst')).rejects.toMatchObject({ code: 'SH_NET_STRANGER' })
    await expect(network.overlay('mpc-1').open('analyst', ECHO)).rejects.toMatchObject({
      code: 'SH_NET_STRANGER',
    })
  })

  it('does not talk to somebody else at a peer’s address', async () => {
    network = await startNetwork(['mpc-1', 'share-1'])
    const a = network.overlay('mpc-1')
    await network.overlay('share-1').handle(ECHO, echo)
    a.setAddress('mpc-2', network.overlay('share-1').addresses[0]!)
    await expect(a.open('mpc-2', ECHO, { timeoutMs: 800 })).rejects.toMatchObject({
      code: 'SH_NET_UNREACHABLE',
      party: 'mpc-2',
    })
  })

  it('starts only with the key of its topology entry', async () => {
    const { keys, json } = actors()
    const topology = await parseTopology(json, '/')
    const key = keys.get('mpc-2')!
    await expect(
      createOverlay({ key, topology, self: 'mpc-1', listen: [], log: silent }),
    ).rejects.toMatchObject({ code: 'SH_NET_STRANGER' })
  })

  it('says that a port is taken', async () => {
    network = await startNetwork(['mpc-1'])
    const [taken] = network.overlay('mpc-1').addresses
    const key = network.keys.get('mpc-2')!
    const listen = [taken!.split('/p2p/')[0]!]
    await expect(
      createOverlay({ key, topology: network.topology, listen, log: silent }),
    ).rejects.toMatchObject({ code: 'SH_NET_LISTEN' })
  })

  it('names the peer that cannot be reached, does not speak the protocol, or is not there', async () => {
    network = await startNetwork(['mpc-1', 'mpc-2'])
    const a = network.overlay('mpc-1')
    await expect(a.open('mpc-3', ECHO, { timeoutMs: 500 })).rejects.toMatchObject({
      code: 'SH_NET_UNREACHABLE',
      party: 'mpc-3',
    })
    await expect(a.open('mpc-2', ECHO, { timeoutMs: 500 })).rejects.toMatchObject({
      code: 'SH_NET_PROTOCOL',
      party: 'mpc-2',
    })
    await expect(a.open('mpc-9', ECHO)).rejects.toMatchObject({ code: 'SH_NET_STRANGER' })
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 50)
    await expect(a.open('mpc-3', ECHO, { signal: controller.signal })).rejects.toMatchObject({
      code: 'SH_NET_ABORTED',
    })
  })

  it('goes on dialling until the peer comes up, and again after it was down', async () => {
    const port = await freePort()
    network = await startNetwork(['mpc-1'])
    const { topology, keys } = network
    const patient = await createOverlay({
      key: keys.get('mpc-3')!,
      topology,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      keepAlive: true,
      log: silent,
    })
    more.push(patient)
    patient.setAddress('mpc-2', `/ip4/127.0.0.1/tcp/${port}`)
    const start = async (): Promise<Overlay> => {
      const key = keys.get('mpc-2')!
      const listen = [`/ip4/127.0.0.1/tcp/${port}`]
      const overlay = await createOverlay({ key, topology, listen, keepAlive: false, log: silent })
      await overlay.handle(ECHO, echo)
      return overlay
    }
    const opening = patient.open('mpc-2', ECHO)
    const first = await start()
    const stream = await opening
    await stream.send(pattern(10, 1))
    expect(await stream.receive()).toEqual(pattern(10, 1))

    let gone = 0
    patient.onPeerGone('mpc-2', () => gone++)
    const stop = patient.onPeerGone('mpc-2', () => (gone += 100))
    stop()
    await first.close()
    await expect.poll(() => gone).toBe(1)
    expect(patient.connected()).not.toContain('mpc-2')
    more.push(await start())
    await expect.poll(() => patient.connected(), { timeout: 15_000 }).toContain('mpc-2')
  })

  it('opens far more streams at once than libp2p’s default of 32', async () => {
    network = await startNetwork(['mpc-1', 'mpc-2'])
    await network.overlay('mpc-2').handle(ECHO, echo)
    const a = network.overlay('mpc-1')
    const streams = await Promise.all(Array.from({ length: 150 }, () => a.open('mpc-2', ECHO)))
    await Promise.all(streams.map((stream, i) => stream.send(pattern(100, i))))
    for (const [i, stream] of streams.entries()) {
      expect(await stream.receive()).toEqual(pattern(100, i))
    }
    await Promise.all(streams.map((stream) => stream.close()))
    // Or libp2p warns of too many listeners when it closes so many streams at once.
    await Promise.all(
      streams.map((stream) => new Promise<void>((resolve) => stream.onClose(resolve))),
    )
  })

  it('gives bulk data a connection of its own, once', async () => {
    network = await startNetwork(['mpc-1', 'mpc-2'])
    const b = network.overlay('mpc-2')
    await b.handle(ECHO, echo)
    const a = network.overlay('mpc-1')
    let gone = 0
    b.onPeerGone('mpc-1', () => gone++)
    const rounds = await a.open('mpc-2', ECHO)
    const bulk = await Promise.all(
      Array.from({ length: 3 }, () => a.open('mpc-2', ECHO, { bulk: true })),
    )
    expect(a.connections('mpc-2')).toBe(2)
    for (const stream of [rounds, ...bulk]) {
      await stream.send(pattern(10, 1))
      expect(await stream.receive()).toEqual(pattern(10, 1))
    }
    await a.close()
    await expect.poll(() => gone).toBe(1)
  })

  it('resets the stream of a handler that fails', async () => {
    network = await startNetwork(['mpc-1', 'mpc-2'])
    await network.overlay('mpc-2').handle(ECHO, async (stream) => {
      await stream.receive()
      throw new Error('no')
    })
    const stream = await network.overlay('mpc-1').open('mpc-2', ECHO)
    await stream.send(pattern(10, 1))
    await expect(stream.receive()).rejects.toMatchObject({ code: 'SH_NET_RESET', party: 'mpc-2' })
  })
})
