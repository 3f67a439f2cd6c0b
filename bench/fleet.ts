/**
 * The parties of a benchmark: one process each, on loopback, with fresh keys that are in memory only.
 * They listen on ports that the system picks and are told each other's.
 */
import { bundled } from './bundle.ts'
import { Child } from './child-process.ts'
import { type BenchNetwork, benchNetwork } from './network.ts'
import { ShareFleet } from './share-fleet.ts'
import type { ServeReport } from './share-worker.ts'
import { classOf, type LinkSpeed } from './slow-link.ts'
import { taskOf } from './tasks/all.ts'
import type { NetworkClass } from './tasks/task.ts'
import type { RunReport, Worker } from './worker.ts'

export class Fleet {
  readonly #parties: readonly Child<Worker>[]
  readonly #network: BenchNetwork
  readonly #flags: readonly string[]
  /** Where the parties listen. */
  #addresses: readonly string[] = []
  #shares: ShareFleet | undefined
  readonly #served: (readonly ServeReport[])[] = []
  #sessions = 0

  private constructor(
    parties: readonly Child<Worker>[],
    network: BenchNetwork,
    flags: readonly string[],
  ) {
    this.#parties = parties
    this.#network = network
    this.#flags = flags
  }

  /**
   * @param flags for the Node of each party
   * @param link what the parties' connections are like; as loopback is, if undefined
   * @param rehearsalMs how long each party rehearses, as an MPC node does (node/rehearsal.ts)
   */
  static async start(
    n: number,
    flags: readonly string[] = [],
    link?: LinkSpeed,
    rehearsalMs = 0,
  ): Promise<Fleet> {
    const network = benchNetwork(n, link && classOf(link))
    const { topology, mpcKeys } = network
    const program = bundled(new URL('worker.ts', import.meta.url))
    // Parties start it by themselves, from where they are.
    bundled(new URL('scaling/column-maker.ts', import.meta.url))
    const parties = mpcKeys.map((_, i) => new Child<Worker>(`party ${i + 1}`, program, flags))
    const fleet = new Fleet(parties, network, flags)
    try {
      fleet.#addresses = await Promise.all(
        parties.map((party, i) =>
          party.ask('start', { skey: mpcKeys[i]!, topology, link, rehearsalMs }),
        ),
      )
      await fleet.#all((party) => party.ask('meet', fleet.#addresses))
      return fleet
    } catch (error) {
      await fleet.stop()
      throw error
    }
  }

  /** What the share-nodes spent, run by run; empty if there are none. */
  get served(): readonly (readonly ServeReport[])[] {
    return this.#served
  }

  /** Makes the data at all parties. @param network what the planner is told */
  async prepare(task: string, size: number, network: NetworkClass = 'loopback'): Promise<void> {
    const { stored } = taskOf(task)
    if (stored !== undefined) {
      const { topology, shareKeys: skeys, authors } = this.#network
      const { sql } = stored
      const options = { topology, skeys, authors, mpc: this.#addresses, flags: this.#flags }
      this.#shares = await ShareFleet.start({ ...options, rows: size, sql })
    }
    await this.#all((party) => party.ask('prepare', { task, size, network }))
  }

  /** One run, with a session and keys of its own. @param record its transfers, for `rounds` and `bareSeconds` */
  async run(record: boolean): Promise<RunReport[]> {
    const shares = this.#shares
    const proposal = shares?.propose()
    const job = proposal?.job ?? `benchmark-${this.#sessions++}`
    const join = { job, record, ...(proposal === undefined ? {} : { proposal }) }
    await Promise.all([
      this.#all((party) => party.ask('join', join)),
      proposal && shares?.join(proposal),
    ])
    const [reports, served] = await Promise.all([
      this.#all((party) => party.ask('run', undefined)),
      shares?.serve(),
    ])
    if (served !== undefined) this.#served.push(served)
    return reports
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
    await Promise.all([...this.#parties.map((party) => party.stop()), this.#shares?.stop()])
  }

  #all<T>(ask: (party: Child<Worker>) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#parties.map(ask))
  }
}
