/**
 * The coordinator's streams to all nodes of a job: one each, in step. When something goes wrong it
 * listens for a moment to what the others have to say, and then decides on the reason to give.
 *
 * Whom to name. A node that leaves takes others down: they abort as well, and those who wait for them
 * blame them. So blame is followed: if A names B, and B itself has said why it gave up, or has vanished,
 * that is the reason. A node can lie about whom it blames; the reason says who reported it.
 *
 * A node that hangs keeps its connections, and those who wait for it may be waited for themselves, and
 * be accused first: an accusation of silence, heard directly or as what an accused party passes on, falls
 * on whoever does not answer the coordinator either, if somebody does not.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { deadline } from '../node/deadline.ts'
import type { Deadline } from '../node/deadline.ts'
import type { FramedStream } from '../node/framed-stream.ts'
import { JOB_PROTOCOL } from '../node/job-server.ts'
import { abortHeader, receiveMessage, sendMessage } from '../node/message-stream.ts'
import type { Overlay } from '../node/overlay.ts'
import type { NodeActor, Topology } from '../node/topology.ts'
import type { Headers, Kind, Message } from '../protocol/wire/messages.ts'
import { ShareholdError } from '../shares/errors.ts'

/** How long the others may take to say what they know, after the first failure. */
const HEARING_MS = 400
/** How long a node may take to show that it is alive, after somebody was accused of silence. */
const SIGN_OF_LIFE_MS = 3_000
/** How long to try to tell a node that the job is over. */
const FAREWELL_MS = 1_000

export interface JobNode {
  readonly actor: NodeActor
  readonly committee: 'mpc' | 'share'
}

/** What went wrong with one node. */
export interface Failure {
  /** Its name. */
  readonly node: string
  readonly error: unknown
}

export class JobNodes {
  readonly mpc: readonly JobNode[]
  readonly share: readonly JobNode[]
  readonly #overlay: Overlay
  readonly #topology: Topology
  readonly #streams = new Map<JobNode, FramedStream>()
  readonly #failures: Failure[] = []
  readonly #ended = new AbortController()
  readonly #deadline: Deadline
  readonly #signal: AbortSignal

  /** @param signal gives the job up, with a ShareholdError as its reason */
  constructor(overlay: Overlay, signal: AbortSignal) {
    this.#overlay = overlay
    this.#topology = overlay.topology
    this.#deadline = deadline(undefined, signal, this.#ended.signal)
    this.#signal = this.#deadline.signal
    this.mpc = overlay.topology.mpcNodes.map((actor) => ({ actor, committee: 'mpc' }))
    this.share = overlay.topology.shareNodes.map((actor) => ({ actor, committee: 'share' }))
  }

  get all(): readonly JobNode[] {
    return [...this.share, ...this.mpc]
  }

  /** Opens all streams. @throws ShareholdError SH_JOB_NODE_MISSING */
  async open(timeoutMs: number): Promise<void> {
    await this.each(this.all, async (node) => {
      const { name } = node.actor
      try {
        const options = { signal: this.#signal, timeoutMs }
        this.#streams.set(node, await this.#overlay.open(name, JOB_PROTOCOL, options))
      } catch (cause) {
        this.#throwIfEnded()
        throw new ShareholdError('SH_JOB_NODE_MISSING', `${name} cannot be reached.`, {
          party: name,
          hint: 'Is it running? Its log and `sharehold topology check` help to find out.',
          cause,
        })
      }
    })
  }

  /**
   * One step with each of these nodes at the same time.
   *
   * @returns the results, in the order of `nodes`
   * @throws what the step throws, of the node that is at the root of it
   */
  async each<T>(nodes: readonly JobNode[], step: (node: JobNode) => Promise<T>): Promise<T[]> {
    const steps = nodes.map(async (node) => {
      try {
        return await step(node)
      } catch (error) {
        this.#failures.push({ node: node.actor.name, error })
        throw error
      }
    })
    try {
      return await Promise.all(steps)
    } catch {
      this.#throwIfEnded()
      const heard = new AbortController()
      const hearing = sleep(HEARING_MS, undefined, { signal: heard.signal }).catch(() => undefined)
      await Promise.race([Promise.allSettled(steps), hearing])
      heard.abort()
      throw await this.#checked(reasonAmong(this.#failures))
    }
  }

  /** The reason, or that another node than the accused one hangs. */
  async #checked(reason: unknown): Promise<unknown> {
    if (!(reason instanceof ShareholdError) || !maySaySilence(reason.code)) return reason
    const names = this.all.map(({ actor }) => actor.name)
    const alive = await Promise.all(
      names.map((name) => this.#overlay.responds(name, SIGN_OF_LIFE_MS)),
    )
    const hung = names.filter((_, i) => !alive[i])
    const [first] = hung
    if (first === undefined || hung.includes(reason.party ?? '')) return reason
    return new ShareholdError('SH_JOB_TIMEOUT', `${first} does not answer any more.`, {
      party: first,
      hint: 'Is its machine overloaded or suspended? Its log may say more.',
      cause: reason,
    })
  }

  async send<K extends Kind>(node: JobNode, kind: K, header: Headers[K]): Promise<void> {
    try {
      await sendMessage(this.#stream(node), kind, header, undefined, { signal: this.#signal })
    } catch (error) {
      this.#throwIfEnded()
      throw lost(node, error)
    }
  }

  /**
   * The next message of a node.
   * @throws ShareholdError the node's reason if it aborts or refuses; SH_JOB_NODE_GONE, SH_JOB_TIMEOUT,
   * SH_WIRE_*, all naming somebody
   */
  async receive<K extends Kind>(
    node: JobNode,
    kinds: readonly K[],
    timeoutMs: number,
  ): Promise<Message<K>> {
    let message: Message<K | 'abort' | 'refused'>
    try {
      const expected: (K | 'abort' | 'refused')[] = [...kinds, 'abort', 'refused']
      const wait = { timeoutMs, signal: this.#signal }
      message = await receiveMessage(this.#stream(node), expected, wait)
    } catch (error) {
      this.#throwIfEnded()
      throw lost(node, error)
    }
    if (message.kind === 'abort') throw this.#aborted(node, (message as Message<'abort'>).header)
    if (message.kind === 'refused') throw refusal(node, (message as Message<'refused'>).header)
    return message as Message<K>
  }

  /** Tells all nodes that the job is over, as well as that can be done in a short time. */
  async abort(reason: ShareholdError): Promise<void> {
    this.#ended.abort(reason)
    this.#deadline.dispose()
    await Promise.all(
      [...this.#streams.values()].map(async (stream) => {
        const wait = { timeoutMs: FAREWELL_MS }
        await sendMessage(stream, 'abort', abortHeader(reason), undefined, wait).catch(() => {})
        void stream.close(wait).catch(() => {})
      }),
    )
  }

  /** Tells all nodes that the job is in the ledger. Who does not hear it forgets the job by itself. */
  async close(): Promise<void> {
    this.#deadline.dispose()
    await Promise.all(
      [...this.#streams.values()].map(async (stream) => {
        const wait = { timeoutMs: FAREWELL_MS }
        await sendMessage(stream, 'jobClosed', {}, undefined, wait).catch(() => {})
        void stream.close(wait).catch(() => {})
      }),
    )
  }

  #stream(node: JobNode): FramedStream {
    return this.#streams.get(node)!
  }

  #throwIfEnded(): void {
    this.#signal.throwIfAborted()
  }

  #aborted(node: JobNode, { code, reason, party, round }: Headers['abort']): ShareholdError {
    const blamed = this.#nameOf(node, party) ?? (isOwnFault(code) ? node.actor.name : undefined)
    return new ShareholdError(code, `${reason} (reported by ${node.actor.name})`, {
      ...(blamed === undefined ? {} : { party: blamed }),
      ...(round === undefined ? {} : { round }),
    })
  }

  /** A party is named by its name, its key, or its index in the committee of whoever names it. */
  #nameOf(node: JobNode, party: string | undefined): string | undefined {
    if (party === undefined) return undefined
    const committee = node.committee === 'mpc' ? this.mpc : this.share
    const byIndex = committee.find(({ actor }) => String(actor.index) === party)?.actor.name
    const name = this.#topology.byName.get(party.split('+')[0] ?? '')?.name
    return name ?? byIndex
  }
}

/** Codes with which a node gives up for a reason of its own. */
const isOwnFault = (code: string): boolean => /^SH_(?:JOB_FAILED|STORE_|KERNEL_)/u.test(code)

/** Codes of a party that was waited for in vain, or of one that was told that it was. */
const maySaySilence = (code: string): boolean =>
  code.endsWith('_TIMEOUT') || code === 'SH_ROUND_ABORTED'

/** The failure that the others follow from. @param failures in the order of their arrival, not empty */
export function reasonAmong(failures: readonly Failure[]): unknown {
  let reason = failures[0]!
  const seen = new Set([reason.node])
  for (;;) {
    const accused = reason.error instanceof ShareholdError ? reason.error.party : undefined
    const next = failures.find(({ node }) => node === accused && !seen.has(node))
    if (next === undefined) return reason.error
    seen.add(next.node)
    reason = next
  }
}

function refusal(node: JobNode, { code, message, hint }: Headers['refused']): ShareholdError {
  const detail = hint === undefined ? {} : { hint }
  return new ShareholdError(code, `${node.actor.name} refuses the job: ${message}`, detail)
}

/** A stream that broke, or on which nothing came. */
function lost(node: JobNode, cause: unknown): unknown {
  const { name } = node.actor
  if (!(cause instanceof ShareholdError)) return cause
  if (cause.code === 'SH_NET_TIMEOUT') {
    return new ShareholdError('SH_JOB_TIMEOUT', `${name} did not answer in time.`, {
      party: name,
      hint: 'Is its machine overloaded or suspended? Its log may say more.',
      cause,
    })
  }
  if (!cause.code.startsWith('SH_NET_') && cause.code !== 'SH_WIRE_TRUNCATED') return cause
  return new ShareholdError('SH_JOB_NODE_GONE', `${name} went away while the job was running.`, {
    party: name,
    hint: 'Start it again, then ask again.',
    cause,
  })
}
