/**
 * One share-node of a benchmark, a process of its own: overlay, keys and store as of a share-node, and
 * what serves the columns of a job. The parent tells it what to do when.
 */
import { collectLessOften } from '../node/collector.ts'
import { serveColumns } from '../node/column-server.ts'
import { hash, randomFill } from '../node/crypto.ts'
import { admissionKeys } from '../node/job-server.ts'
import type { JobRun } from '../node/job-server.ts'
import { ActorKey } from '../node/keys.ts'
import { silent } from '../node/log.ts'
import { createOverlay, type Overlay } from '../node/overlay.ts'
import type { RoundChannel } from '../node/round-channel.ts'
import { acceptRounds, type Rounds } from '../node/rounds.ts'
import { type LevelShareStore, openLevelShareStore } from '../node/store/level-share-store.ts'
import { parseTopology } from '../node/topology.ts'
import { admit, type JobProposal } from '../protocol/admission.ts'
import { deriveJobKeys } from '../protocol/job-context.ts'
import { agreeOnKeys } from '../protocol/setup.ts'
import { committee as committeeOf } from '../shares/committee.ts'

import { serveParent } from './serve-parent.ts'
import { storePeople } from './stored-people.ts'

export interface ServeReport {
  readonly cpuSeconds: number
  /** The largest resident memory of this process so far. */
  readonly rssBytes: number
}

let self: ActorKey | undefined
let overlay: Overlay | undefined
let rounds: Rounds | undefined
let store: LevelShareStore | undefined
let next: { readonly run: JobRun; readonly channel: RoundChannel } | undefined

function ready<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('asked too early')
  return value
}

const program = {
  /** Writes the table; in a process of its own, so that the memory of that is not the share-node's. */
  async make({
    directory,
    index,
    n,
    rows,
  }: {
    directory: string
    index: number
    n: number
    rows: number
  }): Promise<string> {
    const made = await openLevelShareStore(directory)
    const root = await storePeople(made, committeeOf(n), index, rows)
    await made.close()
    return root
  },

  /** @returns where this share-node listens */
  async start({
    skey,
    topology: json,
    directory,
  }: {
    skey: string
    topology: object
    directory: string
  }): Promise<string> {
    const topology = await parseTopology(json, '/')
    const listen = ['/ip4/127.0.0.1/tcp/0']
    self = new ActorKey(skey)
    overlay = await createOverlay({ key: self, topology, listen, keepAlive: false, log: silent })
    rounds = await acceptRounds(overlay)
    store = await openLevelShareStore(directory)
    return ready(overlay.addresses[0])
  },

  async meet({ share, mpc }: { share: readonly string[]; mpc: readonly string[] }): Promise<void> {
    const { self: actor, topology } = ready(overlay)
    const addresses = new Map<string, string>()
    topology.shareNodes.forEach(({ name }, i) => addresses.set(name, ready(share[i])))
    topology.mpcNodes.forEach(({ name }, i) => addresses.set(name, ready(mpc[i])))
    addresses.delete(actor.name)
    for (const [name, address] of addresses) ready(overlay).setAddress(name, address)
    for (const name of addresses.keys()) await ready(overlay).connect(name)
  },

  /** Admits a job and agrees on keys. */
  async join(proposal: JobProposal): Promise<void> {
    const { self: actor, topology } = ready(overlay)
    const { index } = actor
    const admitted = await admit(proposal, admissionKeys(topology), Date.now() / 1000, hash)
    const { job } = proposal
    const channel = await ready(rounds).join({ committee: 'share', job, attempt: 1 })
    const committee = committeeOf(topology.shareNodes.length)
    const context = hash.sha256(new TextEncoder().encode(job))
    const master = await agreeOnKeys(committee, index, channel, context, { fill: randomFill })
    const run: JobRun = {
      admitted,
      attempt: 1,
      committee,
      index,
      context,
      keys: deriveJobKeys(master, context),
      channel,
      startNote: '',
      signal: new AbortController().signal,
      progress() {},
    }
    next = { run, channel }
  },

  /** Serves the columns of the job. */
  async serve(): Promise<ServeReport> {
    const { run, channel } = ready(next)
    const before = process.cpuUsage()
    await serveColumns(run, ready(overlay), ready(store), ready(self))
    const { user, system } = process.cpuUsage(before)
    await channel.close()
    return {
      cpuSeconds: (user + system) / 1e6,
      rssBytes: process.resourceUsage().maxRSS * 1024,
    }
  },
}

export type ShareWorker = typeof program

// As a share-node does.
collectLessOften()
serveParent(program)
