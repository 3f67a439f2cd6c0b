/**
 * An MPC node: takes part in the rounds of a job on fresh shares of the columns it reads, seals its
 * shares of the answer to the querier's key, and signs what it saw.
 *
 * Against whom: semi-honest. It learns the SQL, the purpose, row counts, pseudonyms and sizes; of
 * values and answers, together with t-1 others, nothing.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

import { canonicalJson } from '../protocol/canonical-json.ts'
import { execute } from '../protocol/execute.ts'
import { parseNote, signNote } from '../protocol/ledger/note.ts'
import { peerTraffic } from '../protocol/ledger/peer-traffic.ts'
import { noteHash, parseRecordOf, signRecord } from '../protocol/ledger/records.ts'
import type { ReportBody } from '../protocol/ledger/records.ts'
import { sealOutput } from '../protocol/output.ts'
import type { Prg } from '../protocol/party.ts'
import { TranscriptChannel } from '../protocol/transcript.ts'
import type { Transcript } from '../protocol/transcript.ts'
import { ShareholdError } from '../shares/errors.ts'
import { hexBytes, hexOf } from '../shares/hex.ts'

import { collectLessOften } from './collector.ts'
import { hash, prg, rng } from './crypto.ts'
import { serveJobs } from './job-server.ts'
import type { JobOutcome, JobRole, JobRun } from './job-server.ts'
import { startKernelThreads } from './kernel-threads.ts'
import type { ActorKey } from './keys.ts'
import { serveLinks } from './link-meter.ts'
import type { Log } from './log.ts'
import { MpcColumns } from './mpc-columns.ts'
import { createOverlay } from './overlay.ts'
import type { Overlay } from './overlay.ts'
import type { Running } from './process.ts'
import { type Rehearsal, startRehearsal } from './rehearsal.ts'
import { acceptRounds } from './rounds.ts'
import { RunMeter } from './run-meter.ts'
import { openJournal } from './store/journal.ts'
import { actorOf, committeeSize } from './topology.ts'
import type { Topology } from './topology.ts'

export interface NodeOptions {
  readonly topology: Topology
  readonly key: ActorKey
  readonly dataDirectory: string
  readonly log: Log
}

export interface MpcNodeOptions extends NodeOptions {
  /** That compute, the main one included. More than one (the default): one such node a process. */
  readonly threads?: number
  /** How long to rehearse jobs when the node is up (rehearsal.ts), in milliseconds; 0, the default: not at all. */
  readonly rehearsalMs?: number
}

/**
 * What this node says it runs: a hash of the running code (the bundle's entry, which names all other parts by their
 * hashes; from sources this file) and of the locked dependencies. It tells honest operators that their nodes
 * differ; it attests nothing.
 */
function softwareHash(): string {
  const digest = createHash('sha256')
  const entry = path.join(import.meta.dirname, 'sharehold.mjs')
  for (const file of [
    existsSync(entry) ? entry : import.meta.filename,
    path.join(import.meta.dirname, '..', 'package.json'),
    path.join(import.meta.dirname, '..', 'package-lock.json'),
  ]) {
    if (existsSync(file)) digest.update(readFileSync(file))
  }
  return digest.digest('hex')
}

export async function startMpcNode(options: MpcNodeOptions): Promise<Running> {
  const { topology, key, dataDirectory, log } = options
  collectLessOften()
  actorOf(topology, key.name, 'mpc-node')
  const threads = options.threads ?? 1
  const kernels = threads > 1 ? await startKernelThreads(threads, log) : undefined
  const journal = await openJournal(path.join(dataDirectory, 'journal'), () => Date.now())
  const overlay = await createOverlay({ key, topology, log })
  const rounds = await acceptRounds(overlay)
  const columns = await MpcColumns.open(overlay, topology.limits.warmBytes)
  const keystream = kernels?.prg(prg) ?? prg
  const rehearsal = rehearsalOf(options, keystream)
  const running = new Set<string>()
  await serveLinks(overlay, { busy: () => running.size > 0, now: () => performance.now(), log })
  const role = mpcRole(overlay, key, columns, softwareHash(), keystream, running, rehearsal)
  await serveJobs({
    overlay,
    topology,
    key,
    rounds,
    journal,
    role,
    log,
    now: () => Date.now(),
  })
  return {
    async close() {
      await rehearsal?.stop()
      await rounds.close()
      await overlay.close()
      await kernels?.close()
      await journal.close()
    },
  }
}

function rehearsalOf(
  { topology, log, rehearsalMs = 0 }: MpcNodeOptions,
  keystream: Prg,
): Rehearsal | undefined {
  if (rehearsalMs === 0) return undefined
  const n = committeeSize(topology.mpcNodes)
  return startRehearsal(
    { n, network: topology.network, prg: keystream, budgetMs: rehearsalMs },
    log,
  )
}

function mpcRole(
  overlay: Overlay,
  key: ActorKey,
  columns: MpcColumns,
  software: string,
  keystream: Prg,
  running: Set<string>,
  rehearsal: Rehearsal | undefined,
): JobRole {
  const { topology } = overlay
  return {
    committee: 'mpc',
    async prepare(admitted, attempt) {
      await rehearsal?.stop()
      columns.expect(admitted, attempt)
      running.add(`${admitted.job}/${attempt}`)
    },
    forget(admitted, attempt) {
      columns.forget(admitted.job, attempt)
      running.delete(`${admitted.job}/${attempt}`)
    },
    async run(run): Promise<JobOutcome> {
      const { admitted, attempt, index, signal } = run
      const { plan } = admitted.compiled
      const meter = new RunMeter(plan.operators.length, () => performance.now())
      const source = await columns.fetch(admitted.job, attempt, run.committee, signal)
      meter.ended('columnsMicros')
      try {
        const channel = new TranscriptChannel(
          run.channel,
          index,
          { job: admitted.job, attempt },
          run.keys,
          hash,
        )
        const party = { committee: run.committee, index, keys: run.keys, channel, prg: keystream }
        const hooks = meter.hooks(({ op, stage }) =>
          run.progress({ op, batch: stage, totalOps: plan.operators.length }),
        )
        const shares = await execute(party, plan, admitted.params, source, hooks)
        meter.ended('executeMicros')
        const resultKey = hexBytes(admitted.request.resultKey)
        const place = { jobContext: run.context, n: run.committee.n, index }
        const sealed = sealOutput(resultKey, place, shares, rng)
        shares.fill(0)
        meter.ended('sealMicros')
        const report = reportOf(run, channel.transcript(), sealed, software)
        return {
          reportNote: signRecord(topology.origin, 'report', report, [key.skey]),
          sealed,
          figures: meter.figures(source.columns),
        }
      } finally {
        source.release()
      }
    },
    sign(run, outcome, text) {
      checkCompletion(topology, run, outcome, text, software)
      return parseNote(signNote(text, [key.skey])).signatures[0]!.line
    },
  }
}

function reportOf(
  run: JobRun,
  transcript: Transcript,
  sealed: Uint8Array,
  software: string,
): ReportBody {
  return {
    job: run.admitted.job,
    attempt: run.attempt,
    index: run.index,
    jobContext: hexOf(run.context),
    plan: run.admitted.compiled.planHash,
    params: run.admitted.paramsHash,
    software,
    peers: peerTraffic(transcript, run.committee.n, run.index, hash),
    sealedOutput: hexOf(hash.sha256(sealed)),
  }
}

/** A node signs a completion only if it says what the node itself saw. */
function checkCompletion(
  topology: Topology,
  run: JobRun,
  outcome: JobOutcome,
  text: string,
  software: string,
): void {
  const { admitted } = run
  const body = parseRecordOf(text, topology.origin, 'completion')
  // Its signature and what it says were checked before the job ran (job-server.ts).
  const start = parseRecordOf(parseNote(run.startNote).text, topology.origin, 'job-start')
  const agreed =
    body.job === admitted.job &&
    body.attempt === run.attempt &&
    body.start === noteHash(run.startNote) &&
    body.plan === admitted.compiled.planHash &&
    body.params === admitted.paramsHash &&
    body.software === software &&
    body.t === run.committee.t &&
    canonicalJson(body.inputs) === canonicalJson(admitted.inputs) &&
    canonicalJson(body.committee) === canonicalJson(start.committee) &&
    canonicalJson(body.keys) === canonicalJson(start.keys) &&
    body.reports[run.index - 1] === noteHash(outcome.reportNote)
  if (!agreed) {
    throw new ShareholdError('SH_AUTH_JOB', 'The completion does not say what this node saw.')
  }
}
