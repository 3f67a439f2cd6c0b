/**
 * The parties of a benchmark: one process each, on loopback, with fresh keys that are in memory only.
 * They listen on ports that the system picks and are told each other's.
 */
import { rng } from '../node/crypto.ts'
import { generateKey } from '../protocol/ledger/note.ts'

import { Child } from './child-process.ts'
import type { RunReport, Worker } from './worker.ts'

/** A busy machine may stop a party for a while; that is no reason to give up a measurement. */
const ROUND_TIMEOUT_MS = 120_000

export class Fleet {
  readonly #parties: readonly Child<Worker>[]
  #sessions = 0

  private constructor(workers: readonly Child<Worker>[]) {
    this.#parties = workers
  }

  /** @param flags for the Node of each party */
  static async start(n: number, flags: readonly string[] = []): Promise<Fleet> {
    const { topology, skeys } = network(n)
    const file = new URL('worker.ts', import.meta.url)
    const fleet = new Fleet(skeys.map((_, i) => new Child(`party ${i + 1}`, file, flags)))
    try {
      const addresses = await Promise.all(
        fleet.#parties.map((party, i) => party.ask('start', { skey: skeys[i]!, topology })),
      )
      await fleet.#all((party) => party.ask('meet', addresses))
      return fleet
    } catch (error) {
      await fleet.stop()
      throw error
    }
  }

  /** Makes the data at all parties. */
  async prepare(task: string, size: number): Promise<void> {
    await this.#all((party) => party.ask('prepare', { task, size }))
  }

  /** One run, with a session and keys of its own. @param record its transfers, for `rounds` and `bareSeconds` */
  async run(record: boolean): Promise<RunReport[]> {
    const job = `benchmark-${this.#sessions++}`
    await this.#all((party) => party.ask('join', { job, record }))
    return this.#all((party) => party.ask('run', undefined))
  }

  /** Rounds of the recorded run. */
  async rounds(): Promise<number> {
    const names = await this.#all((party) => party.ask('rounds', undefined))
    return new Set(names.flat()).size
  }

  /** The recorded transfers alone, on bare sockets: the fastest of `repeat` times. */
  async bareSeconds(repeat: number): Promise<number> {
    const ports = await this.#all((party) => party.ask('listenBare', undefined))
    await this.#all((party) => party.ask('meetBare', ports))
    let best = Number.POSITIVE_INFINITY
    for (let k = 0; k <= repeat; k++) {
      const seconds = await this.#all((party) => party.ask('replayBare', undefined))
      if (k > 0) best = Math.min(best, Math.max(...seconds))
    }
    return best
  }

  async stop(): Promise<void> {
    await Promise.all(this.#parties.map((party) => party.stop()))
  }

  #all<T>(ask: (party: Child<Worker>) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#parties.map(ask))
  }
}

/** What a topology file would say. Its ports are made up: parties say where they really listen. */
function network(n: number): { readonly topology: object; readonly skeys: readonly string[] } {
  let port = 1
  const skeys: string[] = []
  const actor = (name: string): { name: string; key: string } => {
    const { skey, vkey } = generateKey(name, rng)
    if (name.startsWith('mpc-')) skeys.push(skey)
    return { name, key: vkey }
  }
  const node = (name: string): object => ({
    ...actor(name),
    address: `/ip4/127.0.0.1/tcp/${port++}`,
  })
  const committee = (role: string): object[] =>
    Array.from({ length: n }, (_, i) => node(`${role}-${i + 1}`))
  const topology = {
    origin: 'bench.example/ledger',
    coordinator: { ...node('coordinator'), http: 'http://127.0.0.1:1' },
    shareNodes: committee('share'),
    mpcNodes: committee('mpc'),
    repositories: [actor('repository')],
    queriers: [],
    chunksInFlight: 16,
    network: 'loopback',
    roundTimeoutMs: ROUND_TIMEOUT_MS,
    limits: { dialTimeoutMs: ROUND_TIMEOUT_MS },
  }
  return { topology, skeys }
}
