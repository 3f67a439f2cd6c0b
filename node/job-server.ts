/**
 * A node's side of a job: one conversation with the coordinator per attempt, the same for share-nodes
 * and MPC nodes up to what they compute.
 *
 *     coordinator            node
 *       prepare      ───▶    admits the job by itself (protocol/admission.ts), records nonce and attempt
 *                    ◀───    prepared {nonce} | refused
 *       commit       ───▶    all nonces → jobContext; agrees on fresh keys with its committee
 *                    ◀───    committed {key commitments}
 *       start        ───▶    the start note is on the ledger, and says what was agreed
 *                    ◀───    progress …, done {report}
 *       signCompletion ─▶    (MPC nodes) signs the completion if it says what this node saw
 *                    ◀───    signed
 *       jobClosed    ───▶
 *
 * Either side may say `abort` with a reason; a lost stream is one too.
 */
import { setMaxListeners } from 'node:events'

import type { AdmissionKeys, AdmittedJob } from '../protocol/admission.ts'
import { admit } from '../protocol/admission.ts'
import { canonicalJson } from '../protocol/canonical-json.ts'
import { deriveJobKeys, jobContext, keyCommitment } from '../protocol/job-context.ts'
import type { MasterKeys } from '../protocol/job-context.ts'
import { jsonHash, noteHash, openRecordOfAll } from '../protocol/ledger/records.ts'
import type { JobKeys } from '../protocol/party.ts'
import { encodeFigures } from '../protocol/run-figures.ts'
import type { RunFigures } from '../protocol/run-figures.ts'
import { agreeOnKeys } from '../protocol/setup.ts'
import { PLANNER_VERSION } from '../protocol/sql/planner-version.ts'
import type { Headers } from '../protocol/wire/messages.ts'
import { committee } from '../shares/committee.ts'
import type { Committee } from '../shares/committee.ts'
import { ShareholdError } from '../shares/errors.ts'
import { hexBytes, hexOf } from '../shares/hex.ts'

import { hash, randomFill, rng } from './crypto.ts'
import type { FramedStream } from './framed-stream.ts'
import type { ActorKey } from './keys.ts'
import type { Log } from './log.ts'
import { abortHeader, receiveMessage, refusedHeader, sendMessage } from './message-stream.ts'
import type { Overlay } from './overlay.ts'
import type { RoundChannel } from './round-channel.ts'
import type { Rounds } from './rounds.ts'
import type { Journal } from './store/journal.ts'
import { committeeSize } from './topology.ts'
import type { NodeActor, Topology } from './topology.ts'

export const JOB_PROTOCOL = '/sharehold/job/1.0.0'

/** A coordinator may try a request again after a crash; more often than this no node follows. */
const MOST_ATTEMPTS = 3
const NONCE_BYTES = 32
/** A start note says when the job began; the ledger is worth nothing with times that nobody checks. */
const MOST_CLOCK_DIFFERENCE_SECONDS = 300

/** What a node's own part of a job gets to work with. */
export interface JobRun {
  readonly admitted: AdmittedJob
  readonly attempt: number
  readonly committee: Committee
  readonly index: number
  /** 32 bytes; of this node's committee. */
  readonly context: Uint8Array
  readonly keys: JobKeys
  /** To the other nodes of this node's committee. */
  readonly channel: RoundChannel
  /** As entered in the ledger. */
  readonly startNote: string
  /** Aborted when the coordinator gives the job up. */
  readonly signal: AbortSignal
  progress(header: Headers['progress']): void
}

export interface JobOutcome {
  /** Signed report, or '' (share-nodes). */
  readonly reportNote: string
  /** Sealed output, empty for share-nodes. */
  readonly sealed: Uint8Array
  /** What was measured; absent from share-nodes. */
  readonly figures?: RunFigures
}

export interface JobRole {
  readonly committee: 'mpc' | 'share'
  /** Called after admission and before the node says so; may refuse. The result is undone by `forget`. */
  prepare(admitted: AdmittedJob, attempt: number): Promise<void>
  run(run: JobRun): Promise<JobOutcome>
  /** Checks a completion text and returns the node's signature line. */
  sign(run: JobRun, outcome: JobOutcome, text: string): string
  forget(admitted: AdmittedJob, attempt: number): void
}

export interface JobServerOptions {
  readonly overlay: Overlay
  readonly topology: Topology
  readonly key: ActorKey
  readonly rounds: Rounds
  readonly journal: Journal
  readonly role: JobRole
  readonly log: Log
  /** Unix milliseconds. */
  readonly now: () => number
}

export function admissionKeys(topology: Topology): AdmissionKeys {
  return {
    origin: topology.origin,
    queriers: topology.queriers.map((querier) => querier.vkey),
    repositories: new Map(topology.repositories.map((r) => [r.name, r.vkey])),
    n: committeeSize(topology.mpcNodes),
  }
}

const nodesOf = (topology: Topology, which: 'mpc' | 'share'): readonly NodeActor[] =>
  which === 'mpc' ? topology.mpcNodes : topology.shareNodes

/** The job context of one of the two committees. */
export function contextOf(
  topology: Topology,
  which: 'mpc' | 'share',
  admitted: AdmittedJob,
  attempt: number,
  nonces: readonly Uint8Array[],
): Uint8Array {
  return jobContext({
    signedQuery: new TextEncoder().encode(admitted.requestNote),
    planHash: hexBytes(admitted.compiled.planHash),
    paramsHash: hexBytes(admitted.paramsHash),
    inputRoots: admitted.inputs.flatMap((input) => input.roots.map((root) => hexBytes(root))),
    committee: nodesOf(topology, which).map((node) => node.vkey),
    attempt,
    nonces,
  })
}

/** Answers the coordinator's jobs until the overlay closes. */
export async function serveJobs(options: JobServerOptions): Promise<void> {
  const { overlay, topology, log } = options
  await overlay.handle(JOB_PROTOCOL, async (stream, peer) => {
    if (peer !== topology.coordinator.name) {
      stream.reset('only the coordinator brings jobs')
      return
    }
    await serveJob(options, stream)
    log.debug({}, 'job stream closed')
  })
}

async function serveJob(options: JobServerOptions, stream: FramedStream): Promise<void> {
  const { topology, role, log } = options
  const wait = { timeoutMs: topology.limits.dialTimeoutMs + 3 * topology.roundTimeoutMs }
  const { header: prepare } = await receiveMessage(stream, ['prepare'], wait)
  const { job, attempt } = prepare
  let admitted: AdmittedJob
  try {
    admitted = await admission(options, prepare)
    await role.prepare(admitted, attempt)
  } catch (error) {
    log.warn({ job, attempt, err: describe(error) }, 'job refused')
    await sendMessage(stream, 'refused', refusedHeader(error))
    await stream.close()
    return
  }
  const ended = new AbortController()
  // Every stream of the job waits for it: their number grows with the committees.
  setMaxListeners(0, ended.signal)
  let channel: RoundChannel | undefined
  try {
    const which = role.committee
    const nodes = nodesOf(topology, which)
    const index = options.overlay.self.index
    const nonce = rng(NONCE_BYTES)
    await sendMessage(stream, 'prepared', { nonce })

    const { header: commit } = await receiveMessage(stream, ['commit'], wait)
    if (commit.nonces.length !== nodes.length || !sameHex(commit.nonces[index - 1], nonce)) {
      throw new ShareholdError('SH_AUTH_REPLAY', 'The coordinator did not use this node’s nonce.')
    }
    const context = contextOf(topology, which, admitted, attempt, commit.nonces)
    const size = committee(committeeSize(nodes))
    channel = await options.rounds.join({ committee: which, job, attempt, signal: ended.signal })
    const master = await agreeOnKeys(size, index, channel, context, { fill: randomFill })
    const committed = commitments(master, context)
    const keyCommitments = [...committed].map(([set, commitment]) => `${set}:${commitment}`)
    await sendMessage(stream, 'committed', { keyCommitments })

    const { header: start } = await receiveMessage(stream, ['start'], wait)
    const agreed = which === 'mpc' ? { nonces: commit.nonces, keys: committed } : null
    checkStart(options, start.startNote, admitted, attempt, agreed)

    // From here on the coordinator speaks next when it wants a signature, or to end the job.
    const next = receiveMessage(stream, ['signCompletion', 'jobClosed'])
    next.catch((error: unknown) => ended.abort(error))
    const run: JobRun = {
      admitted,
      attempt,
      committee: size,
      index,
      context,
      keys: deriveJobKeys(master, context),
      channel,
      startNote: start.startNote,
      signal: ended.signal,
      progress(header) {
        // Losing one is no harm; a broken stream shows elsewhere.
        sendMessage(stream, 'progress', header).catch(() => undefined)
      },
    }
    const outcome = await role.run(run)
    await channel.close()
    const figures = outcome.figures === undefined ? '' : encodeFigures(outcome.figures)
    await sendMessage(stream, 'done', { reportNote: outcome.reportNote, figures }, outcome.sealed)
    const message = await next
    if (message.kind === 'signCompletion') {
      const line = role.sign(run, outcome, message.header.text)
      await sendMessage(stream, 'signed', { line })
      await receiveMessage(stream, ['jobClosed'], wait)
    }
    log.info({ job, attempt }, 'job done')
    await stream.close()
  } catch (error) {
    const first: unknown = ended.signal.aborted ? ended.signal.reason : error
    log.warn({ job, attempt, err: describe(first) }, 'job aborted')
    ended.abort(first)
    channel?.abort('its job was given up')
    await sendMessage(stream, 'abort', abortHeader(first)).catch(() => undefined)
    await stream.close().catch(() => undefined)
  } finally {
    role.forget(admitted, attempt)
  }
}

async function admission(
  options: JobServerOptions,
  prepare: Headers['prepare'],
): Promise<AdmittedJob> {
  const { topology, journal, now } = options
  const { job, attempt } = prepare
  const admitted = await admit(prepare, admissionKeys(topology), Math.floor(now() / 1000), hash)
  const replay = (what: string): ShareholdError =>
    new ShareholdError('SH_AUTH_REPLAY', `This node has seen ${what} before.`, {
      hint: 'Sign a new request: each is good for one job.',
    })
  if (attempt > MOST_ATTEMPTS) throw replay('too many attempts of the job')
  if (attempt > 1 && !(await journal.has(`attempt/${job}/${attempt - 1}`))) {
    throw new ShareholdError('SH_AUTH_REPLAY', 'An attempt was left out.')
  }
  const { nonce, expiry } = admitted.request
  const nonceKey = `nonce/${admitted.querier}/${nonce}`
  if (attempt === 1 && !(await journal.recordOnce(nonceKey, (expiry + 1) * 1000))) {
    throw replay('the request’s nonce')
  }
  if (!(await journal.recordOnce(`attempt/${job}/${attempt}`))) throw replay('this attempt')
  return admitted
}

/** What the MPC nodes have agreed on: nonces of all, commitments to the keys of a node's own sets. */
interface Agreed {
  readonly nonces: readonly Uint8Array[]
  readonly keys: ReadonlyMap<number, string>
}

/**
 * The start note is what an auditor reads, so it must say what this node does. Share-nodes were not told
 * what the MPC nodes agreed on.
 */
function checkStart(
  { topology, now }: JobServerOptions,
  note: string,
  admitted: AdmittedJob,
  attempt: number,
  agreed: Agreed | null,
): void {
  const start = openRecordOfAll(note, topology.origin, 'job-start', [topology.coordinator.vkey])
  const vkeys = topology.mpcNodes.map(({ vkey }) => vkey)
  const says =
    start.job === admitted.job &&
    start.attempt === attempt &&
    start.requestNote === admitted.requestNote &&
    start.request === noteHash(admitted.requestNote) &&
    start.plan === admitted.compiled.planHash &&
    start.planner === PLANNER_VERSION &&
    start.params === admitted.paramsHash &&
    jsonHash(start.planParams) === admitted.paramsHash &&
    canonicalJson(start.inputs) === canonicalJson(admitted.inputs) &&
    canonicalJson(start.committee.map(({ vkey }) => vkey)) === canonicalJson(vkeys) &&
    (agreed === null ||
      (canonicalJson(start.nonces) === canonicalJson(agreed.nonces.map(hexOf)) &&
        [...agreed.keys].every(([set, commitment]) => start.keys[set] === commitment)))
  const nowSeconds = Math.floor(now() / 1000)
  const inTime =
    Math.max(start.time, nowSeconds) <= admitted.request.expiry &&
    Math.abs(start.time - nowSeconds) <= MOST_CLOCK_DIFFERENCE_SECONDS
  if (says && inTime) return
  throw new ShareholdError(
    'SH_AUTH_JOB',
    says
      ? 'The start note is too late, or of another time than this node’s.'
      : 'The start note does not say what was agreed.',
    says ? { hint: 'Compare the clocks of the machines, and ask again.' } : {},
  )
}

/** Commitments to the keys of the sets that this node is in, by set index, ascending. */
function commitments(master: MasterKeys, context: Uint8Array): Map<number, string> {
  const sets = [...master.sets.keys()].toSorted((a, b) => a - b)
  return new Map(sets.map((set) => [set, hexOf(keyCommitment(master, set, context))]))
}

const sameHex = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  a !== undefined && hexOf(a) === hexOf(b)

/** For the log: our own errors by code and text, others by their stack. */
function describe(error: unknown): unknown {
  if (error instanceof ShareholdError) {
    return { code: error.code, message: error.message, party: error.party, round: error.round }
  }
  return error instanceof Error ? { message: error.message, stack: error.stack } : String(error)
}
