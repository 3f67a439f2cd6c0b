/** The network of a benchmark: a topology with fresh keys, which are in memory only. */
import { rng } from '../node/crypto.ts'
import { generateKey } from '../protocol/ledger/note.ts'

import type { Authors } from './stored-people.ts'
import type { NetworkClass } from './tasks/task.ts'

/** A busy machine may stop a party for a while; that is no reason to give up a measurement. */
const ROUND_TIMEOUT_MS = 120_000

export interface BenchNetwork {
  /** What a topology file would say. Its ports are made up: nodes say where they really listen. */
  readonly topology: object
  readonly mpcKeys: readonly string[]
  readonly shareKeys: readonly string[]
  readonly authors: Authors
}

/** n MPC nodes and n share-nodes. @param network what its operator says it is */
export function benchNetwork(n: number, network: NetworkClass = 'loopback'): BenchNetwork {
  let port = 1
  const skeys = new Map<string, string>()
  const actor = (name: string): { name: string; key: string } => {
    const { skey, vkey } = generateKey(name, rng)
    skeys.set(name, skey)
    return { name, key: vkey }
  }
  const node = (name: string): object => ({
    ...actor(name),
    address: `/ip4/127.0.0.1/tcp/${port++}`,
  })
  const names = (role: string): string[] => Array.from({ length: n }, (_, i) => `${role}-${i + 1}`)
  const origin = 'bench.example/ledger'
  const topology = {
    origin,
    coordinator: { ...node('coordinator'), http: 'http://127.0.0.1:1' },
    shareNodes: names('share').map(node),
    mpcNodes: names('mpc').map(node),
    repositories: [actor('repository')],
    queriers: [actor('querier')],
    chunksInFlight: 16,
    network,
    roundTimeoutMs: ROUND_TIMEOUT_MS,
    limits: { dialTimeoutMs: ROUND_TIMEOUT_MS },
  }
  return {
    topology,
    mpcKeys: names('mpc').map((name) => skeys.get(name)!),
    shareKeys: names('share').map((name) => skeys.get(name)!),
    authors: {
      origin,
      repository: { name: 'repository', skey: skeys.get('repository')! },
      querier: { skey: skeys.get('querier')! },
    },
  }
}
