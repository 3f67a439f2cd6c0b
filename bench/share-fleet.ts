/**
 * The share-nodes of a benchmark: one process each, with the table in a store of its own in a temporary
 * directory, which goes when the benchmark does.
 */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import type { JobProposal } from '../protocol/admission.ts'
import { committee as committeeOf } from '../shares/committee.ts'

import { bundled } from './bundle.ts'
import { Child } from './child-process.ts'
import type { ServeReport, ShareWorker } from './share-worker.ts'
import { type Authors, type PeopleVersion, proposeJob, versionOfPeople } from './stored-people.ts'

const program = (): string => bundled(new URL('share-worker.ts', import.meta.url))

export interface ShareFleetOptions {
  readonly topology: object
  /** Of the share-nodes, in order. */
  readonly skeys: readonly string[]
  readonly authors: Authors
  /** Where the MPC nodes listen. */
  readonly mpc: readonly string[]
  /** For the Node of each. */
  readonly flags: readonly string[]
  readonly rows: number
  readonly sql: string
}

export class ShareFleet {
  readonly #nodes: Child<ShareWorker>[] = []
  readonly #directory: string
  readonly #options: ShareFleetOptions
  #version: PeopleVersion | undefined
  readonly #removeAtExit = (): void => rmSync(this.#directory, { recursive: true, force: true })

  private constructor(directory: string, options: ShareFleetOptions) {
    this.#directory = directory
    this.#options = options
    // Also when this program is given up.
    process.once('exit', this.#removeAtExit)
  }

  /** Makes the stores and starts the share-nodes. */
  static async start(options: ShareFleetOptions): Promise<ShareFleet> {
    const directory = await mkdtemp(path.join(tmpdir(), 'sharehold-bench-'))
    const fleet = new ShareFleet(directory, options)
    try {
      await fleet.#start()
      return fleet
    } catch (error) {
      await fleet.stop()
      throw error
    }
  }

  /** Makes the next job known to the share-nodes. */
  propose(): JobProposal {
    const { authors, sql } = this.#options
    return proposeJob(authors, this.#version!, sql)
  }

  async join(proposal: JobProposal): Promise<void> {
    await this.#all((node) => node.ask('join', proposal))
  }

  serve(): Promise<ServeReport[]> {
    return this.#all((node) => node.ask('serve', undefined))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()))
    process.off('exit', this.#removeAtExit)
    this.#removeAtExit()
  }

  async #start(): Promise<void> {
    const { authors, flags, mpc, rows, skeys, sql, topology } = this.#options
    const n = skeys.length
    const directoryOf = (i: number): string => path.join(this.#directory, `share-${i + 1}`)
    const roots = await Promise.all(
      skeys.map(async (_, i) => {
        const maker = new Child<ShareWorker>(`store ${i + 1}`, program())
        this.#nodes.push(maker)
        const root = await maker.ask('make', { directory: directoryOf(i), index: i + 1, n, rows })
        await maker.stop()
        return root
      }),
    )
    this.#nodes.length = 0
    skeys.forEach((_, i) => this.#nodes.push(new Child(`share-node ${i + 1}`, program(), flags)))
    const share = await Promise.all(
      this.#nodes.map((node, i) =>
        node.ask('start', { skey: skeys[i]!, topology, directory: directoryOf(i) }),
      ),
    )
    await this.#all((node) => node.ask('meet', { share, mpc }))
    this.#version = await versionOfPeople(authors, committeeOf(n), rows, roots, sql)
  }

  #all<T>(ask: (node: Child<ShareWorker>) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#nodes.map(ask))
  }
}
