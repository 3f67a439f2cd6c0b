/**
 * One party of a benchmark, a process of its own: the overlay and round channel of an MPC node, keys agreed
 * upon as for a job, a transcript as for a job. The parent tells it what to do when.
 */
import { collectLessOften } from '../node/collector.ts'
import { hash, prg, randomFill } from '../node/crypto.ts'
import { admissionKeys } from '../node/job-server.ts'
import { type KernelThreads, startKernelThreads } from '../node/kernel-threads.ts'
import { ActorKey } from '../node/keys.ts'
import { silent } from '../node/log.ts'
import { MpcColumns } from '../node/mpc-columns.ts'
import { createOverlay, type Overlay } from '../node/overlay.ts'
import { rehearse } from '../node/rehearsal.ts'
import type { RoundChannel } from '../node/round-channel.ts'
import { acceptRounds, type Rounds } from '../node/rounds.ts'
import { parseTopology } from '../node/topology.ts'
import { admit, type AdmittedJob, type JobProposal } from '../protocol/admission.ts'
import { deriveJobKeys } from '../protocol/job-context.ts'
import type { Party, Prg } from '../protocol/party.ts'
import { agreeOnKeys } from '../protocol/setup.ts'
import { TranscriptChannel } from '../protocol/transcript.ts'
import { type Committee, committee as committeeOf } from '../shares/committee.ts'

import { RecordingChannel, type Transfer } from './recording-channel.ts'
import { serveParent } from './serve-parent.ts'
import { type LinkSpeed, slowLink } from './slow-link.ts'
import { SocketReplay } from './socket-replay.ts'
import { taskOf } from './tasks/all.ts'
import type { NetworkClass, Prepared, StoredJob } from './tasks/task.ts'

export interface RunReport {
  readonly seconds: number
  /** Of all threads of this process in that time: what a busy machine changes least. */
  readonly cpuSeconds: number
  /** Payload bytes that this party sent, without headers. */
  readonly sentBytes: number
  /** This party's part of the evidence that the result is right. */
  readonly evidence: Uint8Array
  /** The largest resident memory of this process so far. */
  readonly rssBytes: number
}

interface Node {
  readonly overlay: Overlay
  readonly rounds: Rounds
  readonly committee: Committee
  readonly sockets: SocketReplay
}

interface Session {
  readonly party: Party
  readonly channel: RoundChannel
  /** Of the warm-up only: timed runs are not slowed by it. */
  readonly recording: RecordingChannel | undefined
}

let kernels: KernelThreads | undefined
let node: Node | undefined
let prepared: Prepared | undefined
/** If they come from share-nodes. */
let columns: MpcColumns | undefined
/** How many besides the first. */
let furtherSessions = 0
let sessions: readonly Session[] = []
/** If the columns come from share-nodes. */
let admitted: AdmittedJob | undefined
/** Of each session. */
let transfers: readonly (readonly Transfer[])[] = []

function ready<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('asked too early')
  return value
}

const keystream = (): Prg => kernels?.prg(prg) ?? prg

/** A session as for an attempt of a job, up to the keys. */
async function openSession(job: string, record: boolean): Promise<Session> {
  const { rounds, committee, overlay } = ready(node)
  const { index } = overlay.self
  const channel = await rounds.join({ committee: 'mpc', job, attempt: 1 })
  const context = hash.sha256(new TextEncoder().encode(job))
  const master = await agreeOnKeys(committee, index, channel, context, { fill: randomFill })
  const recording = record ? new RecordingChannel(channel) : undefined
  const keys = deriveJobKeys(master, context)
  const attempt = { job, attempt: 1 }
  const transcript = new TranscriptChannel(recording ?? channel, index, attempt, keys, hash)
  return {
    party: { committee, index, keys, channel: transcript, prg: keystream() },
    channel,
    recording,
  }
}

const program = {
  /** @returns where this party listens */
  async start({
    skey,
    topology: json,
    link,
    rehearsalMs,
  }: {
    skey: string
    topology: object
    link: LinkSpeed | undefined
    rehearsalMs: number
  }): Promise<string> {
    const topology = await parseTopology(json, '/')
    const threads = Number(process.env['SHAREHOLD_THREADS'] ?? 1)
    if (threads > 1) kernels = await startKernelThreads(threads, silent)
    const listen = ['/ip4/127.0.0.1/tcp/0']
    const key = new ActorKey(skey)
    const overlay = await createOverlay({
      key,
      topology,
      listen,
      keepAlive: false,
      log: silent,
      ...(link && { wrap: slowLink(link) }),
    })
    const rounds = await acceptRounds(overlay)
    const { index } = overlay.self
    const committee = committeeOf(topology.mpcNodes.length)
    node = { overlay, rounds, committee, sockets: new SocketReplay(index) }
    const { network } = topology
    const options = { n: committee.n, network, prg: keystream(), budgetMs: rehearsalMs }
    await rehearse(options, new AbortController().signal)
    return ready(overlay.addresses[0])
  },

  async meet(addresses: readonly string[]): Promise<void> {
    const { overlay } = ready(node)
    overlay.topology.mpcNodes.forEach(({ name }, i) => {
      if (name !== overlay.self.name) overlay.setAddress(name, ready(addresses[i]))
    })
    for (const { name, index } of overlay.topology.mpcNodes) {
      if (index > overlay.self.index) await overlay.connect(name)
    }
  },

  async prepare({
    task: name,
    size,
    network,
  }: {
    task: string
    size: number
    network: NetworkClass
  }): Promise<void> {
    const { committee, overlay } = ready(node)
    const task = taskOf(name)
    const stored = task.stored !== undefined
    furtherSessions = task.sessions ?? 0
    if (stored) columns = await MpcColumns.open(overlay, task.stored.warmBytes)
    prepared = await task.prepare({ committee, index: overlay.self.index, size, stored, network })
  },

  /** Opens the sessions of a run. */
  async join({
    job,
    record,
    proposal,
  }: {
    job: string
    record: boolean
    proposal?: JobProposal
  }): Promise<void> {
    const jobs = [job, ...Array.from({ length: furtherSessions }, (_, i) => `${job}/${i + 1}`)]
    sessions = await Promise.all(jobs.map((one) => openSession(one, record)))
    if (proposal === undefined) return
    const { overlay } = ready(node)
    admitted = await admit(proposal, admissionKeys(overlay.topology), Date.now() / 1000, hash)
    ready(columns).expect(admitted, 1)
  },

  async run(): Promise<RunReport> {
    const [{ party }, ...further] = sessions as [Session, ...Session[]]
    const never = new AbortController().signal
    const stored: StoredJob | undefined = admitted && {
      admitted,
      fetch: () => ready(columns).fetch(admitted!.job, 1, party.committee, never),
    }
    const sent = (): number =>
      sessions
        .flatMap(({ channel }) => channel.traffic())
        .reduce((sum, { sentBytes }) => sum + sentBytes, 0)
    const before = sent()
    const others = further.map((session) => session.party)
    const cpuBefore = process.cpuUsage()
    const start = performance.now()
    const finish = await ready(prepared).run(party, stored, others)
    const seconds = (performance.now() - start) / 1000
    const cpu = process.cpuUsage(cpuBefore)
    const cpuSeconds = (cpu.user + cpu.system) / 1e6
    const rssBytes = process.resourceUsage().maxRSS * 1024
    const recorded = sessions.flatMap(({ recording }) => recording?.transfers ?? [])
    if (recorded.length > 0) transfers = sessions.map(({ recording }) => recording!.transfers)
    const evidence = finish()
    if (admitted !== undefined) columns?.forget(admitted.job, 1)
    const sentBytes = sent() - before
    await Promise.all(sessions.map(({ channel }) => channel.close()))
    return { seconds, cpuSeconds, sentBytes, evidence, rssBytes }
  },

  /** Names of the rounds in which this party sent or received in the recorded run. */
  rounds(): string[] {
    const [first, ...further] = transfers.map((session) =>
      session.map(({ tag }) => `${tag.op}/${tag.batch}/${tag.step}`),
    )
    // Further sessions run at a time: what has the same name in two of them counts once.
    const named = [...first!, ...further.flat().map((name) => `further/${name}`)]
    return [...new Set(named)]
  },

  listenBare(): Promise<number> {
    return ready(node).sockets.listen()
  },

  meetBare(ports: readonly number[]): Promise<void> {
    return ready(node).sockets.meet(ports)
  },

  /** @returns seconds */
  replayBare(): Promise<number> {
    return ready(node).sockets.replay(transfers[0]!)
  },
}

export type Worker = typeof program

// As an MPC node does.
collectLessOften()
serveParent(program)
