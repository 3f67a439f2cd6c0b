/**
 * One end of the transport benchmark, a process of its own: an MPC node's overlay with a round session, a
 * second host with the same settings, and a third as libp2p makes it. All stay connected; one at a
 * time is used.
 */
import type { Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

import { collectLessOften } from '../../node/collector.ts'
import { ActorKey } from '../../node/keys.ts'
import { silent } from '../../node/log.ts'
import { createOverlay, type Overlay, startHost } from '../../node/overlay.ts'
import { acceptRounds, type Rounds } from '../../node/rounds.ts'
import { parseTopology } from '../../node/topology.ts'
import { serveParent } from '../serve-parent.ts'

import { ChannelLink, type Link, StreamLink } from './link.ts'

/**
 * `channel` is our round channel; `stream` a stream of a host with our TLS and multiplexer; `libp2p` a
 * stream of a host with libp2p's.
 */
export type Carrier = 'channel' | RawCarrier
type RawCarrier = 'stream' | 'libp2p'
export type Direction = 'one-way' | 'both-ways' | 'round-trip'

export interface TransportReport {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly rssBytes: number
}

const PROTOCOL = '/sharehold/bench/transport/1.0.0'
const LISTEN = '/ip4/127.0.0.1/tcp/0'
const WINDOW_BYTES = 16 * 1024 * 1024
const SMALL = 8

interface RawHost {
  handle(protocol: string, handler: (stream: Stream) => void): Promise<void>
  dialProtocol(address: Multiaddr, protocol: string): Promise<Stream>
  getMultiaddrs(): Multiaddr[]
}

let overlay: Overlay | undefined
let rounds: Rounds | undefined
const hosts = new Map<RawCarrier, RawHost>()
const links = new Map<Carrier, Link>()
/** Streams that the other side has opened. */
const welcomed = new Map<RawCarrier, (stream: Stream) => void>()

/** Where a peer listens: its overlay, and each of its other hosts. */
export interface PeerAddresses {
  readonly overlay: string
  readonly hosts: Readonly<Record<RawCarrier, string>>
}

const program = {
  async start({
    skey,
    topology: json,
  }: {
    skey: string
    topology: object
  }): Promise<PeerAddresses> {
    const topology = await parseTopology(json, '/')
    const key = new ActorKey(skey)
    overlay = await createOverlay({
      key,
      topology,
      listen: [LISTEN],
      keepAlive: false,
      log: silent,
    })
    rounds = await acceptRounds(overlay)
    hosts.set('stream', await startHost(key, topology, overlay.self, [LISTEN], undefined))
    hosts.set(
      'libp2p',
      await createLibp2p({
        addresses: { listen: [LISTEN] },
        transports: [tcp()],
        connectionEncrypters: [tls()],
        streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: WINDOW_BYTES } })],
        connectionMonitor: { enabled: false },
      }),
    )
    for (const [carrier, host] of hosts) {
      await host.handle(PROTOCOL, (stream) => welcomed.get(carrier)?.(stream))
    }
    const address = (carrier: RawCarrier): string => String(hosts.get(carrier)!.getMultiaddrs()[0])
    return {
      overlay: overlay.addresses[0]!,
      hosts: { stream: address('stream'), libp2p: address('libp2p') },
    }
  },

  /** Connects all; parties 1 and 2 are the ends, the others are there because a committee is. */
  async meet(addresses: readonly PeerAddresses[]): Promise<void> {
    const { self, topology } = overlay!
    for (const [i, { name }] of topology.mpcNodes.entries()) {
      if (name !== self.name) overlay!.setAddress(name, addresses[i]!.overlay)
    }
    const index = self.index
    const session = rounds!.join({ committee: 'mpc', job: 'transport', attempt: 1 })
    if (index <= 2) {
      for (const [carrier, host] of hosts) {
        const stream =
          index === 1
            ? await host.dialProtocol(multiaddr(addresses[1]!.hosts[carrier]), PROTOCOL)
            : await new Promise<Stream>((resolve) => welcomed.set(carrier, resolve))
        links.set(carrier, new StreamLink(stream))
      }
    }
    const channel = await session
    links.set('channel', new ChannelLink(channel, 3 - index))
  },

  /** @param count bytes a direction, or round trips */
  async run({
    carrier,
    direction,
    index,
    count,
  }: {
    carrier: Carrier
    direction: Direction
    index: number
    count: number
  }): Promise<TransportReport> {
    const link = links.get(carrier)!
    const cpuBefore = process.cpuUsage()
    const seconds = await timed(link, direction, index, count)
    const cpu = process.cpuUsage(cpuBefore)
    link.check()
    return {
      seconds,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      rssBytes: process.resourceUsage().maxRSS * 1024,
    }
  },
}

/** Both ends meet, then the bytes go. One way they go from 1 to 2, and the clock is at 2. */
async function timed(
  link: Link,
  direction: Direction,
  index: number,
  count: number,
): Promise<number> {
  await Promise.all([link.send(SMALL), link.receive(SMALL)])
  const start = performance.now()
  if (direction === 'both-ways') {
    await Promise.all([link.send(count), link.receive(count)])
  } else if (direction === 'one-way') {
    await (index === 1 ? link.send(count) : link.receive(count))
  } else {
    for (let k = 0; k < count; k++) {
      if (index === 1) await link.send(SMALL)
      await link.receive(SMALL)
      if (index === 2) await link.send(SMALL)
    }
  }
  const seconds = (performance.now() - start) / 1000
  return direction === 'one-way' && index === 1 ? 0 : seconds
}

export type TransportPeer = typeof program

collectLessOften()
serveParent(program)
