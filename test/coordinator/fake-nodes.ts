/**
 * Scripted nodes over real overlays on loopback: they follow the coordinator through a job as
 * node/job-server.ts does, without computing anything, and misbehave where a test says so. Their
 * "answer" is a constant: every node's share of a lane is the lane.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { hash, rng } from '../../node/crypto.ts'
import type { FramedStream } from '../../node/framed-stream.ts'
import { contextOf, JOB_PROTOCOL } from '../../node/job-server.ts'
import { silent } from '../../node/log.ts'
import { receiveMessage, sendMessage } from '../../node/message-stream.ts'
import { createOverlay, type Overlay } from '../../node/overlay.ts'
import type { NodeActor } from '../../node/topology.ts'
import type { AdmittedJob } from '../../protocol/admission.ts'
import { signatureLine } from '../../protocol/ledger/note.ts'
import { openRecordOfAll, signRecord, type ReportBody } from '../../protocol/ledger/records.ts'
import { sealOutput } from '../../protocol/output.ts'
import type { Headers } from '../../protocol/wire/messages.ts'
import { committee, heldBy } from '../../shares/committee.ts'
import { hexBytes, hexOf } from '../../shares/hex.ts'

import { skey, type Paper } from './fixture.ts'

/** Where a node can misbehave: just before it would say this. */
export type Stage = 'prepared' | 'committed' | 'progress' | 'done' | 'signed' | 'closed'

export interface Act {
  readonly overlay: Pick<Overlay, 'close'>
  readonly stream: FramedStream
  readonly node: NodeActor
}

/** Resolves to `stop` if the node says nothing more. */
export type Misbehave = (act: Act) => Promise<'stop' | 'go on'>

export interface Script {
  /** By name of the node and stage. */
  readonly at?: Readonly<Record<string, Partial<Record<Stage, Misbehave>>>>
  /** What a node commits to for a key set, instead of what all say. */
  readonly commitment?: (name: string, set: number) => string | undefined
  readonly report?: (name: string, body: ReportBody) => ReportBody
  /** What a node says it has measured. */
  readonly figures?: (name: string) => string
  /** What a node signs instead of the completion text. */
  readonly signs?: (name: string, text: string) => string
  /** What a node's shares of all lanes of the answer are; 1 if absent. */
  readonly lane?: (name: string) => bigint
}

/** Ends all connections, as kill -9 does. */
export const vanish: Misbehave = async ({ overlay }) => {
  await overlay.close()
  return 'stop'
}

/** Stays connected and says nothing, as a stopped process. */
export const hang: Misbehave = async () => 'stop'

/** Gives up, naming somebody. */
export const abortWith =
  (header: Headers['abort']): Misbehave =>
  async ({ stream }) => {
    await sendMessage(stream, 'abort', header)
    await stream.close()
    return 'stop'
  }

export const after =
  (ms: number, then: Misbehave): Misbehave =>
  async (act) => {
    await sleep(ms)
    return then(act)
  }

type Told = { readonly kind: string; readonly header: Partial<Headers['abort']> }

export interface FakeOptions {
  /** Of the coordinator; without it one is made. */
  readonly coordinator?: Overlay
  /** How a node opens a proposal: the same for all. */
  readonly admit: (header: Headers['prepare']) => Promise<AdmittedJob>
}

/** A node for each entry of the topology, started again when it has vanished. */
export class FakeNetwork {
  /** What the nodes do in the jobs to come. */
  script: Script = {}
  readonly coordinator: Overlay
  readonly #paper: Paper
  readonly #options: FakeOptions
  readonly #overlays = new Map<string, Overlay>()
  /** What each node was told last about a job: `abort`, `jobClosed`, or nothing yet. */
  readonly #told = new Map<string, Told>()

  private constructor(paper: Paper, options: FakeOptions, coordinator: Overlay) {
    this.#paper = paper
    this.#options = options
    this.coordinator = coordinator
  }

  static async start(paper: Paper, options: FakeOptions): Promise<FakeNetwork> {
    const coordinator = options.coordinator ?? (await startOverlay(paper, 'coordinator'))
    const network = new FakeNetwork(paper, options, coordinator)
    await network.revive()
    return network
  }

  /** Starts what is not there, but for `absent`. */
  async revive(absent: readonly string[] = []): Promise<void> {
    const { shareNodes, mpcNodes } = this.#paper.topology
    await Promise.all([...shareNodes, ...mpcNodes].map((node) => this.#revive(node, absent)))
  }

  /** What a node was told in the end of a job, once it has been told. */
  async told(job: string, name: string): Promise<Told | undefined> {
    const key = `${job} ${name}`
    for (let tries = 0; tries < 150 && !this.#told.has(key); tries++) await sleep(20)
    return this.#told.get(key)
  }

  async close(): Promise<void> {
    const own = this.#options.coordinator === undefined ? [this.coordinator] : []
    await Promise.all([...this.#overlays.values(), ...own].map((overlay) => overlay.close()))
  }

  async #revive(node: NodeActor, absent: readonly string[]): Promise<void> {
    const { name } = node
    if (absent.includes(name)) {
      await this.#overlays.get(name)?.close()
      this.#overlays.delete(name)
      // A port where nobody listens.
      this.coordinator.setAddress(name, '/ip4/127.0.0.1/tcp/9')
      return
    }
    if (this.#overlays.has(name)) return
    const overlay = await startOverlay(this.#paper, name)
    this.#overlays.set(name, overlay)
    this.coordinator.setAddress(name, overlay.addresses[0]!)
    const vanishing = {
      close: () => {
        this.#overlays.delete(name)
        return overlay.close()
      },
    }
    await overlay.handle(JOB_PROTOCOL, async (stream) => {
      const told: Teller = (job, kind, header) =>
        void this.#told.set(`${job} ${name}`, { kind, header })
      const act = { overlay: vanishing, stream, node }
      try {
        await follow(act, this.#paper, this.script, this.#options.admit, told)
      } catch {
        // Aborted by the coordinator, or the stream is gone: the tests look at the other side.
      }
    })
  }
}

function startOverlay(paper: Paper, name: string): Promise<Overlay> {
  return createOverlay({
    key: paper.keys.get(name)!,
    topology: paper.topology,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    keepAlive: false,
    log: silent,
  })
}

type Teller = (job: string, kind: string, header: object) => void

async function follow(
  act: Act,
  paper: Paper,
  script: Script,
  admit: FakeOptions['admit'],
  tell: Teller,
): Promise<void> {
  const { stream, node } = act
  const { name } = node
  const { origin, coordinator, mpcNodes, shareNodes } = paper.topology
  const which = node.role === 'mpc-node' ? 'mpc' : 'share'
  const nodes = which === 'mpc' ? mpcNodes : shareNodes
  const silent = async (stage: Stage): Promise<boolean> => {
    const stops = (await script.at?.[name]?.[stage]?.(act)) === 'stop'
    if (stops) void listen()
    return stops
  }
  /** A node that says nothing any more still hears. */
  const listen = async (): Promise<void> => {
    const message = await receiveMessage(stream, ['abort', 'jobClosed', 'commit', 'start']).catch(
      () => undefined,
    )
    if (message !== undefined) told(message.kind, message.header)
  }
  const receive = async <K extends 'prepare' | 'commit' | 'start' | 'signCompletion' | 'jobClosed'>(
    kind: K,
  ): Promise<Headers[K]> => {
    const message = await receiveMessage(stream, [kind, 'abort'])
    if (message.kind === 'abort' || message.kind === 'jobClosed') told(message.kind, message.header)
    if (message.kind === 'abort') throw new Error('aborted')
    return message.header as Headers[K]
  }

  const prepare = await receive('prepare')
  const told = (kind: string, header: object): void => tell(prepare.job, kind, header)
  const admitted = await admit(prepare)
  const nonce = rng(32)
  if (await silent('prepared')) return
  await sendMessage(stream, 'prepared', { nonce })

  const { nonces } = await receive('commit')
  if (hexOf(nonces[node.index - 1]!) !== hexOf(nonce)) throw new Error('another nonce')
  const context = contextOf(paper.topology, which, admitted, prepare.attempt, nonces)
  const plain = (set: number): string => hexOf(hash.sha256(new Uint8Array([...context, set])))
  if (await silent('committed')) return
  const keyCommitments = heldBy(committee(nodes.length), node.index).map(
    (set) => `${set}:${script.commitment?.(name, set) ?? plain(set)}`,
  )
  await sendMessage(stream, 'committed', { keyCommitments })

  const { startNote } = await receive('start')
  const start = openRecordOfAll(startNote, origin, 'job-start', [coordinator.vkey])
  if (await silent('progress')) return
  const totalOps = admitted.compiled.plan.operators.length
  await sendMessage(stream, 'progress', { op: 0, batch: 0, totalOps })
  if (await silent('done')) return
  if (which === 'share') {
    await sendMessage(stream, 'done', { reportNote: '', figures: '' })
    if (await silent('closed')) return
    await receive('jobClosed')
    return
  }
  const lanes = new BigUint64Array(admitted.compiled.answer.lanes).fill(script.lane?.(name) ?? 1n)
  const sealed = sealOutput(
    hexBytes(admitted.request.resultKey),
    { jobContext: context, n: nodes.length, index: node.index },
    new Uint8Array(lanes.buffer),
    rng,
  )
  const none = { messages: 0, bytes: 0, root: hexOf(hash.sha256(new Uint8Array(0))) }
  const body: ReportBody = {
    job: start.job,
    attempt: start.attempt,
    index: node.index,
    jobContext: hexOf(context),
    plan: start.plan,
    params: start.params,
    software: 'cd'.repeat(32),
    peers: nodes
      .filter((other) => other !== node)
      .map((other) => ({ peer: other.index, sent: none, received: none })),
    sealedOutput: hexOf(hash.sha256(sealed)),
  }
  const report = script.report?.(name, body) ?? body
  const reportNote = signRecord(origin, 'report', report, [skey(paper, name)])
  const figures = script.figures?.(name) ?? ''
  await sendMessage(stream, 'done', { reportNote, figures }, sealed)

  const { text } = await receive('signCompletion')
  if (await silent('signed')) return
  const line = signatureLine(script.signs?.(name, text) ?? text, skey(paper, name))
  await sendMessage(stream, 'signed', { line })
  if (await silent('closed')) return
  await receive('jobClosed')
}
