/** Lines between MPC nodes, measured over real overlays on loopback. */
import { afterAll, beforeAll, expect, test } from 'vitest'

import { Links } from '../../coordinator/links.ts'
import { askLinks, ECHO_PROTOCOL, LINKS_PROTOCOL, serveLinks } from '../../node/link-meter.ts'
import { silent } from '../../node/log.ts'

import { startNetwork, type Network } from './network.ts'

const MPC = ['mpc-1', 'mpc-2', 'mpc-3']

let network: Network
/** Nodes that run a job. */
const busy = new Set<string>()
let later = 0
const now = (): number => performance.now() + later

beforeAll(async () => {
  network = await startNetwork(['coordinator', 'share-1', ...MPC])
  for (const name of MPC) {
    await serveLinks(network.overlay(name), { busy: () => busy.has(name), now, log: silent })
  }
})
afterAll(() => network.close())

const ask = (index: number) =>
  askLinks(network.overlay('coordinator'), network.topology.mpcNodes[index - 1]!, 60_000)

test('a node that runs a job measures nothing', async () => {
  busy.add('mpc-1')
  expect(await ask(1)).toEqual([])
  busy.clear()
})

test('a node tells its line to each other one, and measures again after ten minutes', async () => {
  const first = await ask(1)
  expect(first.map(({ peer }) => peer)).toEqual([2, 3])
  for (const { roundTripMicros, bytesPerSecond, ageMs } of first) {
    expect(roundTripMicros).toBeGreaterThan(0)
    expect(bytesPerSecond).toBeGreaterThan(1)
    expect(ageMs).toBeGreaterThanOrEqual(0)
  }
  const lines = (figures: typeof first) =>
    figures.map(({ peer, roundTripMicros, bytesPerSecond }) => [
      peer,
      roundTripMicros,
      bytesPerSecond,
    ])
  later += 9 * 60_000
  const second = await ask(1)
  expect(lines(second)).toEqual(lines(first))
  for (const { ageMs } of second) expect(ageMs).toBeGreaterThanOrEqual(9 * 60_000)
  later += 2 * 60_000
  const third = await ask(1)
  for (const { ageMs } of third) expect(ageMs).toBeLessThan(9 * 60_000)
})

test('the coordinator lists all lines, from memory if they are young', async () => {
  let clock = 0
  const links = new Links(network.overlay('coordinator'), silent, () => clock)
  let info = await links.info()
  // A slow machine may need longer than whoever asks first waits.
  for (let tries = 0; tries < 100 && info.nodes.some(({ peers }) => peers.length < 2); tries++) {
    info = await links.info()
  }
  expect(info.network).toBe('loopback')
  expect(info.nodes.map(({ node, peers }) => [node, peers.map(({ peer }) => peer)])).toEqual([
    [1, [2, 3]],
    [2, [1, 3]],
    [3, [1, 2]],
  ])
  clock += 1_000
  const again = await links.info()
  expect(again.nodes[0]!.peers[0]!.ageMs).toBe(info.nodes[0]!.peers[0]!.ageMs + 1_000)
})

test('nobody else is answered', async () => {
  const stranger = network.overlay('share-1')
  for (const protocol of [ECHO_PROTOCOL, LINKS_PROTOCOL]) {
    const stream = await stranger.open('mpc-1', protocol)
    await expect(stream.receive({ timeoutMs: 60_000 })).rejects.toMatchObject({
      code: 'SH_NET_RESET',
    })
  }
})
