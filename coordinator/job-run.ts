/**
 * One attempt of a job, the coordinator's side: the mirror image of node/job-server.ts, which has the
 * order of messages. The start note is in the ledger before any node computes, reports and completion
 * before any node forgets the job, and an attempt that fails leaves an abort record with its reason.
 *
 * Trusted for liveness only. It sees requests, plans, key commitments (hashes), signed reports and
 * sealed outputs: no share, no value, no result.
 */
import { hash } from '../node/crypto.ts'
import type { ActorKey } from '../node/keys.ts'
import type { Log as ProcessLog } from '../node/log.ts'
import type { Overlay } from '../node/overlay.ts'
import type { AdmittedJob } from '../protocol/admission.ts'
import { canonicalJson } from '../protocol/canonical-json.ts'
import { stagesOf } from '../protocol/execute.ts'
import type { Log } from '../protocol/ledger/log.ts'
import { isKeyName, joinSignatures } from '../protocol/ledger/note.ts'
import { noteHash, outputRoot, recordText, signRecord } from '../protocol/ledger/records.ts'
import type { CompletionBody, JobStartBody, ReportBody } from '../protocol/ledger/records.ts'
import { contextOfStart } from '../protocol/ledger/start-context.ts'
import { decodeFigures } from '../protocol/run-figures.ts'
import { PLANNER_VERSION } from '../protocol/sql/planner-version.ts'
import { committee } from '../shares/committee.ts'
import { ShareholdError } from '../shares/errors.ts'
import { hexOf } from '../shares/hex.ts'

import type { JobFigures } from './api-types.ts'
import { agreedKeys, checkSignature, compareReports, openReport } from './job-checks.ts'
import { JobNodes } from './job-nodes.ts'
import type { JobNode } from './job-nodes.ts'

const LONGEST_REASON = 2_000

export interface AttemptOptions {
  readonly overlay: Overlay
  readonly key: ActorKey
  readonly ledger: Log
  readonly log: ProcessLog
  /** Unix milliseconds. */
  readonly now: () => number
  readonly admitted: AdmittedJob
  readonly attempt: number
  /** Of the datasets of the job. */
  readonly schemaNotes: readonly string[]
  readonly versionNotes: readonly string[]
  /** Gives the attempt up; its reason is a ShareholdError. */
  readonly signal: AbortSignal
  readonly onProgress: (state: 'preparing' | 'running' | 'signing', share: number) => void
  /** Keeps the outcome; when it resolves it is on disk. Called before the completion is entered. */
  readonly keep: (outcome: AttemptOutcome) => Promise<void>
}

export interface AttemptOutcome {
  readonly startNote: string
  readonly completionNote: string
  /** Of MPC node 1..n. */
  readonly sealed: readonly Uint8Array[]
  readonly seconds: number
  /** Signed reports of MPC node 1..n. */
  readonly reportNotes: readonly string[]
  readonly figures: JobFigures
}

/**
 * Runs an attempt to its end.
 *
 * @returns ledger number of the completion
 * @throws ShareholdError the reason, which is in the ledger too: SH_JOB_* or whatever a node gave
 */
export async function runAttempt(options: AttemptOptions): Promise<{ entry: number }> {
  const nodes = new JobNodes(options.overlay, options.signal)
  try {
    const entry = await attemptJob(options, nodes)
    await nodes.close()
    return { entry }
  } catch (error) {
    const reason = asReason(error, options)
    await Promise.all([nodes.abort(reason), enterAbort(options, reason)])
    throw reason
  }
}

async function attemptJob(options: AttemptOptions, nodes: JobNodes): Promise<number> {
  const { overlay, admitted, attempt, ledger } = options
  const { roundTimeoutMs, limits } = overlay.topology
  const since = performance.now()
  options.onProgress('preparing', 0)
  await nodes.open(Math.min(limits.dialTimeoutMs, roundTimeoutMs))

  const proposal = {
    job: admitted.job,
    attempt,
    requestNote: admitted.requestNote,
    planParams: canonicalJson(admitted.params),
    planHash: admitted.compiled.planHash,
    schemaNotes: options.schemaNotes,
    versionNotes: options.versionNotes,
  }
  const nonceOf = new Map<JobNode, Uint8Array>()
  await nodes.each(nodes.all, async (node) => {
    await nodes.send(node, 'prepare', proposal)
    // A node's first query takes longer: it loads the SQL parser.
    const patience = Math.max(limits.dialTimeoutMs, roundTimeoutMs)
    const { header } = await nodes.receive(node, ['prepared'], patience)
    nonceOf.set(node, header.nonce)
  })

  // Each committee agrees on keys of its own, in a context of its own. Its nodes notice by themselves
  // who does not come; this side waits longer, so that they can say it.
  const nonces = (list: readonly JobNode[]): Uint8Array[] => list.map((node) => nonceOf.get(node)!)
  const saidOf = new Map<JobNode, readonly string[]>()
  await nodes.each(nodes.all, async (node) => {
    const own = node.committee === 'mpc' ? nodes.mpc : nodes.share
    await nodes.send(node, 'commit', { nonces: nonces(own) })
    const patience = limits.dialTimeoutMs + 2 * roundTimeoutMs
    const { header } = await nodes.receive(node, ['committed'], patience)
    saidOf.set(node, header.keyCommitments)
  })
  const said = (list: readonly JobNode[]): { name: string; commitments: readonly string[] }[] =>
    list.map((node) => ({ name: node.actor.name, commitments: saidOf.get(node)! }))
  agreedKeys(committee(nodes.share.length), said(nodes.share))
  const keys = agreedKeys(committee(nodes.mpc.length), said(nodes.mpc))

  const start = startBody(options, keys, nonces(nodes.mpc))
  const startNote = signRecord(ledger.origin, 'job-start', start, [options.key.skey])
  await ledger.append([startNote])
  const started = performance.now()
  options.onProgress('running', 0)
  const progress = new Progress(options, nodes)
  const finished = new Map<JobNode, Finished>()
  await nodes.each(nodes.all, async (node) => {
    await nodes.send(node, 'start', { startNote })
    finished.set(node, await untilDone(nodes, node, progress, roundTimeoutMs))
  })

  const outputs = nodes.mpc.map((node) => finished.get(node)!)
  const jobContext = hexOf(contextOfStart(start))
  const reports = nodes.mpc.map(({ actor }, i) => {
    const { reportNote, sealed } = outputs[i]!
    const context = { ...actor, origin: ledger.origin, start, jobContext }
    return openReport(reportNote, sealed, context, hash)
  })
  compareReports(reports)

  const computed = performance.now()
  options.onProgress('signing', 1)
  const reportNotes = outputs.map(({ reportNote }) => reportNote)
  const completion = completionBody(start, startNote, reports, reportNotes)
  const text = recordText(ledger.origin, 'completion', completion)
  const lines = await nodes.each(nodes.mpc, async (node) => {
    await nodes.send(node, 'signCompletion', { text })
    const { header } = await nodes.receive(node, ['signed'], roundTimeoutMs)
    checkSignature(text, header.line, { ...node.actor, origin: ledger.origin })
    return header.line
  })
  const completionNote = joinSignatures(text, lines)
  const signed = performance.now()
  await options.keep({
    startNote,
    completionNote,
    sealed: outputs.map(({ sealed }) => sealed),
    seconds: (signed - since) / 1000,
    reportNotes,
    figures: {
      preparingSeconds: (started - since) / 1000,
      runningSeconds: (computed - started) / 1000,
      signingSeconds: (signed - computed) / 1000,
      nodes: outputs.map(({ figures }) => decodeFigures(figures) ?? null),
    },
  })
  const { seq } = await ledger.append([...reportNotes, completionNote])
  return seq + reportNotes.length
}

/** How long no node at all may say anything while they compute: they watch each other more closely. */
const SILENT_ROUNDS = 60

/** What a node has to show. */
interface Finished {
  readonly reportNote: string
  readonly sealed: Uint8Array
  readonly figures: string
}

async function untilDone(
  nodes: JobNodes,
  node: JobNode,
  progress: Progress,
  roundTimeoutMs: number,
): Promise<Finished> {
  for (;;) {
    const patience = SILENT_ROUNDS * roundTimeoutMs
    const message = await nodes.receive(node, ['progress', 'done'], patience)
    if (message.kind === 'done') {
      progress.finished(node)
      return { ...message.header, sealed: message.payload }
    }
    progress.at(node, message.header)
  }
}

/** The finished share of the job: the mean over the MPC nodes. */
class Progress {
  readonly #options: AttemptOptions
  readonly #shares = new Map<JobNode, number>()
  readonly #mpc: readonly JobNode[]
  /** What counts as `batch` of a node's progress. */
  readonly #stages: number

  constructor(options: AttemptOptions, nodes: JobNodes) {
    const { params, compiled } = options.admitted
    this.#options = options
    this.#mpc = nodes.mpc
    this.#stages = stagesOf(compiled.plan, params)
  }

  at(
    node: JobNode,
    { op, batch, totalOps }: { op: number; batch: number; totalOps: number },
  ): void {
    this.#set(node, (batch + op / Math.max(totalOps, 1)) / this.#stages)
  }

  finished(node: JobNode): void {
    this.#set(node, 1)
  }

  #set(node: JobNode, share: number): void {
    if (node.committee !== 'mpc') return
    this.#shares.set(node, Math.min(1, Math.max(share, this.#shares.get(node) ?? 0)))
    const sum = this.#mpc.reduce((total, one) => total + (this.#shares.get(one) ?? 0), 0)
    this.#options.onProgress('running', sum / this.#mpc.length)
  }
}

function startBody(
  { overlay, admitted, attempt, now }: AttemptOptions,
  keys: readonly string[],
  nonces: readonly Uint8Array[],
): JobStartBody {
  const time = Math.floor(now() / 1000)
  if (time > admitted.request.expiry) {
    throw new ShareholdError('SH_AUTH_EXPIRED', 'The request expired before the job could start.')
  }
  return {
    job: admitted.job,
    attempt,
    time,
    request: noteHash(admitted.requestNote),
    requestNote: admitted.requestNote,
    plan: admitted.compiled.planHash,
    planner: PLANNER_VERSION,
    planParams: admitted.params,
    params: admitted.paramsHash,
    inputs: admitted.inputs,
    committee: overlay.topology.mpcNodes.map(({ index, vkey }) => ({ i: index, vkey })),
    keys,
    nonces: nonces.map((nonce) => hexOf(nonce)),
  }
}

function completionBody(
  start: JobStartBody,
  startNote: string,
  reports: readonly ReportBody[],
  reportNotes: readonly string[],
): CompletionBody {
  return {
    job: start.job,
    attempt: start.attempt,
    mode: start.planParams.security,
    t: start.planParams.committee.t,
    committee: start.committee,
    start: noteHash(startNote),
    plan: start.plan,
    params: start.params,
    inputs: start.inputs,
    keys: start.keys,
    software: reports[0]!.software,
    reports: reportNotes.map((note) => noteHash(note)),
    output: outputRoot(
      reports.map(({ sealedOutput }) => sealedOutput),
      hash,
    ),
  }
}

function asReason(error: unknown, { log, admitted, attempt }: AttemptOptions): ShareholdError {
  if (error instanceof ShareholdError) return error
  log.error({ job: admitted.job, attempt, err: error }, 'the coordinator failed in a job')
  return new ShareholdError('SH_JOB_FAILED', 'The coordinator failed; its log says more.', {
    cause: error,
  })
}

/** Signs an abort record. A reason that a node gave may be long or name a stranger. */
export function abortNote(
  origin: string,
  key: ActorKey,
  about: { readonly job: string; readonly attempt: number },
  reason: ShareholdError,
): string {
  const blamed = reason.party ?? ''
  const body = {
    ...about,
    code: reason.code,
    reason: reason.message.slice(0, LONGEST_REASON).toWellFormed(),
    blamed: isKeyName(blamed) && blamed.length <= 128 ? blamed : '',
    report: '',
  }
  return signRecord(origin, 'abort', body, [key.skey])
}

async function enterAbort(options: AttemptOptions, reason: ShareholdError): Promise<void> {
  const { admitted, attempt, ledger, key, log } = options
  try {
    const about = { job: admitted.job, attempt }
    await ledger.append([abortNote(ledger.origin, key, about, reason)])
  } catch (error) {
    // The job is over all the same; at the next start it is found unfinished and entered as aborted.
    log.error({ job: admitted.job, attempt, err: error }, 'the abort could not be entered')
  }
}
