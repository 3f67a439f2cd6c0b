import { rng } from '../../node/crypto.ts'
import { ActorKey } from '../../node/keys.ts'
import { silent } from '../../node/log.ts'
/** A network in one process: overlays of a made-up topology on loopback, each on a free port. */
import { createOverlay, type Overlay } from '../../node/overlay.ts'
import { parseTopology, type Topology } from '../../node/topology.ts'
import { generateKey } from '../../protocol/ledger/note.ts'

export interface Actors {
  readonly keys: ReadonlyMap<string, ActorKey>
  /** What a topology file would say; ports are made up. */
  readonly json: Record<string, unknown>
}

/** Keys and a topology with `n` share-nodes (share-1 ..) and `n` MPC nodes (mpc-1 ..). */
export function actors(n = 3, overrides: Record<string, unknown> = {}): Actors {
  const keys = new Map<string, ActorKey>()
  let port = 20_000
  const actor = (name: string): { name: string; key: string } => {
    const key = new ActorKey(generateKey(name, rng).skey)
    keys.set(name, key)
    return { name, key: key.vkey }
  }
  const node = (name: string): object => ({
    ...actor(name),
    address: `/ip4/127.0.0.1/tcp/${port++}`,
  })
  const committee = (role: string): object[] =>
    Array.from({ length: n }, (_, i) => node(`${role}-${i + 1}`))
  const json = {
    origin: 'coop.example/ledger',
    coordinator: { ...node('coordinator'), http: 'http://127.0.0.1:7400' },
    shareNodes: committee('share'),
    mpcNodes: committee('mpc'),
    repositories: [actor('yellow-cabs')],
    queriers: [actor('analyst')],
    chunksInFlight: 16,
    network: 'loopback',
    roundTimeoutMs: 10_000,
    ...overrides,
  }
  return { keys, json }
}

export interface Network {
  readonly topology: Topology
  readonly json: unknown
  readonly keys: ReadonlyMap<string, ActorKey>
  overlay(name: string): Overlay
  /** One more overlay; the others do not know its port. */
  start(name: string, topology?: Topology): Promise<Overlay>
  /** Closes what is still open. */
  close(): Promise<void>
}

/** Starts overlays for some actors and tells each the others' ports. Nobody dials before it has to. */
export async function startNetwork(
  names: readonly string[],
  options: { n?: number; overrides?: Record<string, unknown> } = {},
): Promise<Network> {
  const { keys, json } = actors(options.n, options.overrides)
  const topology = await parseTopology(json, '/')
  const all: Overlay[] = []
  const byName = new Map<string, Overlay>()
  const start = async (name: string, its: Topology = topology): Promise<Overlay> => {
    const listen = ['/ip4/127.0.0.1/tcp/0']
    const key = keys.get(name)!
    const overlay = await createOverlay({
      key,
      topology: its,
      listen,
      keepAlive: false,
      log: silent,
    })
    all.push(overlay)
    return overlay
  }
  for (const name of names) byName.set(name, await start(name))
  for (const overlay of all) {
    for (const [name, other] of byName) {
      if (other !== overlay) overlay.setAddress(name, other.addresses[0]!)
    }
  }
  return {
    topology,
    json,
    keys,
    overlay: (name) => byName.get(name)!,
    start,
    async close() {
      await Promise.all(all.map((overlay) => overlay.close()))
    },
  }
}

/** Bytes that tell where they came from. */
export function pattern(length: number, seed: number): Uint8Array {
  const out = new Uint8Array(length)
  for (let i = 0; i < length; i++) out[i] = (i * 31 + (i >>> 8) * 7 + seed) & 255
  return out
}
