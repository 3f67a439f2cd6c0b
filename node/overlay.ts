/**
 * The libp2p host of a process: TCP, TLS 1.3 (or Noise), yamux, Ed25519 identities. A connection proves
 * the peer's key; only keys of the topology get one, in either direction. On top of it: framed streams
 * between actors by their topology names.
 *
 * Security: who is not in the topology learns that a node listens there and its public key, no more.
 * Peers learn nothing of each other that is not in the topology (no identify, no discovery, no relay).
 * Queriers are in the topology but have no business here: they are refused as well.
 *
 * The settings are transport.md's, each for a pitfall that was reproduced there.
 */
// oxlint-disable-next-line import/no-unassigned-import -- it must run before libp2p does
import './polyfill.ts'
import { randomInt } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

import type {
  Connection,
  ConnectionEncrypter,
  ConnectionGater,
  Libp2p,
  MessageStream,
  PeerId,
} from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping, type Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

import { ShareholdError } from '../shares/errors.ts'

import { deadline } from './deadline.ts'
import { FramedStream } from './framed-stream.ts'
import type { ActorKey } from './keys.ts'
import type { Log } from './log.ts'
import { nativeTls } from './native-tls.ts'
import { sparingYamux } from './sparing-yamux.ts'
import { actorOf, type Actor, type Role, type Topology } from './topology.ts'

const MiB = 1024 * 1024

/**
 * The same on both sides, always: a peer with a smaller window resets the connection. Three quarters of it
 * bound what is under way (sparing-yamux.ts): enough for 1 Gbit/s and a round trip of 100 ms.
 */
const WINDOW_BYTES = 16 * MiB
const STREAMS_PER_PROTOCOL = 1024

export type Host = Libp2p<{ ping: Ping }>

const ROLES: readonly Role[] = ['coordinator', 'share-node', 'mpc-node', 'repository']

export interface OverlayOptions {
  readonly key: ActorKey
  readonly topology: Topology
  /** Who this process is; the key's name if absent. */
  readonly self?: string
  /** Multiaddrs to listen on. Default: the actor's own address; none if it has no address. */
  readonly listen?: readonly string[]
  /** Whether to keep connections to all nodes of the topology. Default: yes if it listens. */
  readonly keepAlive?: boolean
  /** Stands between the multiplexer and each encrypted connection: benchmarks make them slow that way. */
  readonly wrap?: (connection: MessageStream) => MessageStream
  readonly log: Log
}

export interface OpenOptions {
  readonly signal?: AbortSignal
  /** How long to try. Default: the topology's dialTimeoutMs. */
  readonly timeoutMs?: number
  /** Bulk data takes a connection of its own, so that rounds do not queue behind it. */
  readonly bulk?: boolean
}

/** Takes an incoming stream. A rejection resets the stream and is logged; resolving does not close it. */
export type StreamHandler = (stream: FramedStream, peerName: string) => void | Promise<void>

export interface Overlay {
  readonly self: Actor
  readonly topology: Topology
  /** Where this process listens: multiaddrs with /p2p, real ports. */
  readonly addresses: readonly string[]
  /** Answers streams of a protocol. One handler a protocol, before or after peers connect. */
  handle(protocol: string, handler: StreamHandler): Promise<void>
  /** Stops answering streams of a protocol. */
  unhandle(protocol: string): Promise<void>
  /**
   * Opens a stream, dialling with back-off until it works.
   * @throws ShareholdError SH_NET_STRANGER, SH_NET_UNREACHABLE, SH_NET_PROTOCOL, SH_NET_ABORTED
   */
  open(peerName: string, protocol: string, options?: OpenOptions): Promise<FramedStream>
  /** Names of the peers that are connected now. */
  connected(): string[]
  /** How many connections there are with a peer: a second one is for bulk data. */
  connections(peerName: string): number
  /**
   * Waits until there is a connection with the peer.
   * @throws ShareholdError SH_NET_STRANGER, SH_NET_UNREACHABLE, SH_NET_ABORTED
   */
  connect(peerName: string, options?: OpenOptions): Promise<void>
  /**
   * Whether a peer's process answers within the time: one that is stopped, hangs or is cut off does not.
   * @throws ShareholdError SH_NET_STRANGER, and nothing else
   */
  responds(peerName: string, timeoutMs: number): Promise<boolean>
  /** Calls back each time the last connection with the peer is lost; returns how to stop that. */
  onPeerGone(peerName: string, callback: () => void): () => void
  /** Says that a peer listens elsewhere than its topology entry says (tests on port 0, port forwarding). */
  setAddress(peerName: string, address: string): void
  /** Closes all streams and connections. */
  close(): Promise<void>
}

/**
 * Starts the host.
 *
 * @throws ShareholdError SH_NET_STRANGER if the key is not the topology's key of `self`; SH_NET_LISTEN
 */
export async function createOverlay(options: OverlayOptions): Promise<Overlay> {
  const { key, topology, log } = options
  const self = actorOf(topology, options.self ?? key.name, ...ROLES)
  if (self.vkey !== key.vkey) {
    throw new ShareholdError(
      'SH_NET_STRANGER',
      `The topology has another key for "${self.name}".`,
      {
        hint: 'Start with the secret key that belongs to the vkey in topology.json.',
      },
    )
  }
  const listen = options.listen ?? (self.address === undefined ? [] : [self.address])
  const host = await startHost(key, topology, self, listen, options.wrap)
  return new Libp2pOverlay(host, self, topology, log, options.keepAlive ?? listen.length > 0)
}

/**
 * The host alone, with the overlay's settings, for whoever measures what the overlay adds.
 * @throws ShareholdError SH_NET_LISTEN
 */
export async function startHost(
  key: ActorKey,
  topology: Topology,
  self: Actor,
  listen: readonly string[],
  wrap: OverlayOptions['wrap'],
): Promise<Host> {
  try {
    return await createLibp2p({
      privateKey: await key.identity(),
      nodeInfo: { name: 'sharehold', userAgent: 'sharehold' },
      addresses: { listen: [...listen] },
      transports: [tcp()],
      // In this order: Noise where a peer offers nothing else. See native-tls.ts for what TLS saves.
      connectionEncrypters: [wrapped(nativeTls(), wrap), wrapped(noise(), wrap)],
      streamMuxers: [
        sparingYamux({
          maxInboundStreams: 4 * STREAMS_PER_PROTOCOL,
          maxOutboundStreams: 4 * STREAMS_PER_PROTOCOL,
          maxEarlyStreams: 256,
          streamOptions: {
            // initialStreamWindowSize stays 256 KiB: that is the specification.
            maxStreamWindowSize: WINDOW_BYTES,
            // Below the window, pause() would reset the stream under load.
            maxReadBufferLength: WINDOW_BYTES + MiB,
          },
        }),
      ],
      connectionGater: allowList(topology, self),
      connectionManager: {
        maxConnections: 1000,
        inboundConnectionThreshold: 200, // a second and remote host; the default 5 breaks one-host networks
        maxIncomingPendingConnections: 200,
        maxParallelDials: 100,
      },
      // A party may compute for longer than a ping may take: never cut it off for that. Who is really
      // gone is noticed by the round timeout.
      connectionMonitor: { enabled: true, abortConnectionOnPingFailure: false },
      services: { ping: ping({ maxInboundStreams: 64, maxOutboundStreams: 64 }) },
    })
  } catch (cause) {
    throw new ShareholdError('SH_NET_LISTEN', `Cannot listen on ${listen.join(', ')}.`, {
      hint: 'Is another process using the port, or is the address not of this machine?',
      cause,
    })
  }
}

/** The encrypter, with something around every connection that it has secured. */
function wrapped<C>(
  encrypter: (components: C) => ConnectionEncrypter,
  wrap: OverlayOptions['wrap'],
): (components: C) => ConnectionEncrypter {
  if (wrap === undefined) return encrypter
  return (components) => {
    const inner = encrypter(components)
    const around = async (
      secured: ReturnType<ConnectionEncrypter['secureInbound']>,
    ): ReturnType<ConnectionEncrypter['secureInbound']> => {
      const done = await secured
      return { ...done, connection: wrap(done.connection) }
    }
    return {
      protocol: inner.protocol,
      secureInbound: (...one) => around(inner.secureInbound(...one)),
      secureOutbound: (...one) => around(inner.secureOutbound(...one)),
    }
  }
}

/** Ids are checked after the handshake has proved them, and before a dial. */
function allowList(topology: Topology, self: Actor): ConnectionGater {
  const deny = (peer: PeerId): boolean => {
    const actor = topology.byPeerId.get(peer.toString())
    return actor === undefined || actor.name === self.name || !ROLES.includes(actor.role)
  }
  return {
    denyDialPeer: deny,
    denyDialMultiaddr: () => false,
    denyInboundEncryptedConnection: deny,
    denyOutboundEncryptedConnection: deny,
  }
}

/** 100 ms, doubling to 5 s, each shortened by up to a quarter so that two nodes do not dial in step. */
function backOffMs(attempt: number): number {
  const ms = Math.min(100 * 2 ** attempt, 5000)
  return ms - randomInt(Math.ceil(ms / 4))
}

class Libp2pOverlay implements Overlay {
  readonly self: Actor
  readonly topology: Topology
  readonly #host: Host
  readonly #log: Log
  readonly #addresses = new Map<string, string>()
  readonly #bulk = new Map<string, Promise<Connection>>()
  readonly #bulkIds = new Set<string>()
  readonly #goneCallbacks = new Map<string, Set<() => void>>()
  readonly #stopped = new AbortController()

  constructor(host: Host, self: Actor, topology: Topology, log: Log, keepAlive: boolean) {
    this.#host = host
    this.self = self
    this.topology = topology
    this.#log = log
    for (const actor of topology.byName.values()) {
      if (actor.address !== undefined) this.#addresses.set(actor.name, actor.address)
    }
    setMaxListeners(0, this.#stopped.signal)
    host.addEventListener('peer:connect', (event) => {
      const peer = topology.byPeerId.get(event.detail.toString())
      if (peer !== undefined) log.debug({ peer: peer.name }, 'peer connected')
    })
    host.addEventListener('peer:disconnect', (event) => this.#onDisconnect(event.detail))
    if (!keepAlive) return
    for (const actor of topology.byName.values()) {
      if (actor.address !== undefined && actor.name !== self.name) void this.#keepAlive(actor)
    }
  }

  get addresses(): readonly string[] {
    return this.#host.getMultiaddrs().map(String)
  }

  async handle(protocol: string, handler: StreamHandler): Promise<void> {
    await this.#host.handle(
      protocol,
      (raw, connection) => {
        const peer = this.topology.byPeerId.get(connection.remotePeer.toString())
        if (peer === undefined) {
          raw.abort(new Error('not in the topology'))
          return
        }
        const stream = new FramedStream(raw, this.#framing(peer.name))
        // Not awaited by libp2p: a handler may live as long as its stream.
        void this.#run(handler, stream, peer.name, protocol)
      },
      { maxInboundStreams: STREAMS_PER_PROTOCOL, maxOutboundStreams: STREAMS_PER_PROTOCOL },
    )
  }

  async unhandle(protocol: string): Promise<void> {
    await this.#host.unhandle(protocol)
  }

  async open(peerName: string, protocol: string, options: OpenOptions = {}): Promise<FramedStream> {
    const peer = this.#peer(peerName)
    return this.#persist(peer, options, async (signal) => {
      const connection = await this.#connection(peer, options.bulk === true, signal)
      const raw = await connection.newStream(protocol, {
        signal,
        maxOutboundStreams: STREAMS_PER_PROTOCOL,
      })
      return new FramedStream(raw, this.#framing(peerName))
    })
  }

  connected(): string[] {
    const names = this.#host
      .getPeers()
      .map((id) => this.topology.byPeerId.get(id.toString())?.name)
      .filter((one) => one !== undefined)
    return names.toSorted()
  }

  connections(peerName: string): number {
    return this.#host.getConnections(peerIdFromString(this.#peer(peerName).peerId)).length
  }

  async connect(peerName: string, options: OpenOptions = {}): Promise<void> {
    const peer = this.#peer(peerName)
    await this.#persist(peer, options, (signal) => this.#connection(peer, false, signal))
  }

  async responds(peerName: string, timeoutMs: number): Promise<boolean> {
    const peer = this.#peer(peerName)
    const limit = deadline(timeoutMs, this.#stopped.signal)
    try {
      const { signal } = limit
      await this.#connection(peer, false, signal)
      await this.#host.services.ping.ping(peerIdFromString(peer.peerId), { signal })
      return true
    } catch {
      return false
    } finally {
      limit.dispose()
    }
  }

  onPeerGone(peerName: string, callback: () => void): () => void {
    const peer = this.#peer(peerName)
    const callbacks = this.#goneCallbacks.get(peer.name) ?? new Set()
    this.#goneCallbacks.set(peer.name, callbacks)
    // A function of its own: the same callback may be registered twice.
    const entry = (): void => callback()
    callbacks.add(entry)
    return () => void callbacks.delete(entry)
  }

  setAddress(peerName: string, address: string): void {
    this.#addresses.set(this.#peer(peerName).name, address.split('/p2p/')[0] ?? address)
  }

  async close(): Promise<void> {
    this.#stopped.abort()
    await this.#host.stop()
  }

  #peer(peerName: string): Actor {
    return actorOf(this.topology, peerName, ...ROLES)
  }

  #framing(peer: string): { peer: string; maxFrameBytes: number } {
    return { peer, maxFrameBytes: this.topology.limits.maxFrameBytes }
  }

  async #run(
    handler: StreamHandler,
    stream: FramedStream,
    peer: string,
    protocol: string,
  ): Promise<void> {
    try {
      await handler(stream, peer)
    } catch (error) {
      const code = error instanceof ShareholdError ? error.code : undefined
      this.#log.warn({ peer, protocol, code, error: messageOf(error) }, 'stream handler failed')
      stream.reset('its handler failed')
    }
  }

  /** Tries again with back-off until it works, time is up, or somebody gives up. */
  async #persist<T>(
    peer: Actor,
    options: OpenOptions,
    attempt: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const timeoutMs = options.timeoutMs ?? this.topology.limits.dialTimeoutMs
    const limit = deadline(timeoutMs, this.#stopped.signal, options.signal)
    const { signal } = limit
    let last: unknown
    try {
      for (let tries = 0; !signal.aborted; tries++) {
        try {
          return await attempt(signal)
        } catch (error) {
          if (!signal.aborted || last === undefined) last = error
          await sleep(backOffMs(tries), undefined, { signal }).catch(() => {})
        }
      }
    } finally {
      limit.dispose()
    }
    if (!limit.timedOut) {
      throw new ShareholdError(
        'SH_NET_ABORTED',
        `The attempt to reach ${peer.name} was given up.`,
        { party: peer.name },
      )
    }
    if (last instanceof Error && last.name === 'UnsupportedProtocolError') {
      throw new ShareholdError('SH_NET_PROTOCOL', `${peer.name} does not speak the protocol.`, {
        party: peer.name,
        hint: 'Do both sides run the same version, and is the peer of the right role?',
        cause: last,
      })
    }
    throw new ShareholdError(
      'SH_NET_UNREACHABLE',
      `${peer.name} could not be reached within ${timeoutMs} ms.`,
      { party: peer.name, hint: 'Is it running, and is its address right?', cause: last },
    )
  }

  async #connection(peer: Actor, bulk: boolean, signal: AbortSignal): Promise<Connection> {
    if (!bulk) return this.#existing(peer) ?? this.#dial(peer, false, signal)
    const pending = this.#bulk.get(peer.name)
    const known = await pending?.catch(() => undefined)
    if (known?.status === 'open') return known
    // Whoever comes first dials; others that come meanwhile wait for the same promise.
    if (this.#bulk.get(peer.name) === pending) {
      this.#bulk.set(peer.name, this.#dial(peer, true, signal))
    }
    return this.#bulk.get(peer.name)!
  }

  /** The oldest open connection that this side has not opened for bulk data. */
  #existing(peer: Actor): Connection | undefined {
    return this.#host
      .getConnections(peerIdFromString(peer.peerId))
      .filter((one) => one.status === 'open' && !this.#bulkIds.has(one.id))
      .toSorted((a, b) => a.timeline.open - b.timeline.open)[0]
  }

  async #dial(peer: Actor, bulk: boolean, signal: AbortSignal): Promise<Connection> {
    const address = this.#addresses.get(peer.name)
    if (address === undefined) throw new Error('it has no address: it has to connect by itself')
    const target = multiaddr(`${address}/p2p/${peer.peerId}`)
    const connection = await this.#host.dial(target, { signal, force: bulk })
    if (bulk) {
      this.#bulkIds.add(connection.id)
      connection.addEventListener('close', () => this.#bulkIds.delete(connection.id))
    }
    return connection
  }

  /** Keeps dialling for as long as the process lives: libp2p does not by itself. */
  async #keepAlive(peer: Actor): Promise<void> {
    const { signal } = this.#stopped
    const patience = { timeoutMs: 24 * 3600 * 1000 }
    for (let shortLived = 0; !signal.aborted;) {
      const since = performance.now()
      try {
        await this.connect(peer.name, patience)
        await this.#untilGone(peer)
      } catch (error) {
        if (!signal.aborted) {
          this.#log.warn({ peer: peer.name, error: messageOf(error) }, 'peer cannot be reached')
        }
      }
      // A peer that accepts and hangs up at once (it has another topology) is not dialled in a tight loop.
      shortLived = performance.now() - since < 10_000 ? shortLived + 1 : 0
      await sleep(backOffMs(shortLived), undefined, { signal }).catch(() => {})
    }
  }

  #untilGone(peer: Actor): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#stopped
      const done = (): void => {
        stop()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const stop = this.onPeerGone(peer.name, done)
      signal.addEventListener('abort', done, { once: true })
      if (this.#existing(peer) === undefined) done()
    })
  }

  #onDisconnect(id: PeerId): void {
    const peer = this.topology.byPeerId.get(id.toString())
    if (peer === undefined) return
    this.#log.debug({ peer: peer.name }, 'peer gone')
    const callbacks = Array.from(this.#goneCallbacks.get(peer.name) ?? [])
    for (const callback of callbacks) callback()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
