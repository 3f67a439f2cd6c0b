/**
 * All jobs: admits requests, runs several at once, tells whoever watches how they stand, and serves
 * results. What it knows of earlier jobs comes from the ledger.
 *
 * A job is one signed request, and its id is the request's hash: the same request twice is the same job,
 * and refused. A job that was cut off by the coordinator's end is entered as aborted at the next start;
 * the querier asks again with a new request.
 */
import { setMaxListeners } from 'node:events'

import { hash } from '../node/crypto.ts'
import { admissionKeys } from '../node/job-server.ts'
import type { ActorKey } from '../node/keys.ts'
import type { Log as ProcessLog } from '../node/log.ts'
import type { Overlay } from '../node/overlay.ts'
import { admit, datasetParams, jobIdOf, openRequest, proposeParams } from '../protocol/admission.ts'
import type { AdmissionKeys, AdmittedJob } from '../protocol/admission.ts'
import { canonicalJson } from '../protocol/canonical-json.ts'
import { encodeBase64 } from '../protocol/ledger/base64.ts'
import type { Log } from '../protocol/ledger/log.ts'
import { peekRecord } from '../protocol/ledger/records.ts'
import type { JobRequestBody, JobStartBody } from '../protocol/ledger/records.ts'
import { resultName } from '../protocol/result-name.ts'
import { arrangeDatasets } from '../protocol/sql/arrange.ts'
import { compile } from '../protocol/sql/compile.ts'
import { ShareholdError } from '../shares/errors.ts'

import type { JobResult, JobStatus } from './api-types.ts'
import { errorBody } from './api.ts'
import type { Catalogue, CurrentVersion } from './catalogue.ts'
import { abortNote, runAttempt } from './job-run.ts'
import type { LedgerEntry } from './ledger-entries.ts'
import type { ResultFiles } from './result-files.ts'

/** More than this wait for their turn: on one machine they would only slow each other down. */
const JOBS_AT_ONCE = 4
/** Watchers hear of progress in steps of this size. */
const PROGRESS_STEP = 0.01

export interface JobsOptions {
  readonly overlay: Overlay
  readonly key: ActorKey
  readonly ledger: Log
  readonly catalogue: Catalogue
  readonly results: ResultFiles
  readonly log: ProcessLog
  /** Unix milliseconds. */
  readonly now: () => number
}

type Watcher = (status: JobStatus) => void

interface Job {
  status: JobStatus
  /** Ledger number of the completion. */
  entry?: number
  /** What its result is found by; known once it is admitted. */
  resultName?: string
  readonly watchers: Set<Watcher>
}

/** An admitted request and the versions that it is about. */
interface Ready {
  readonly admitted: AdmittedJob
  readonly current: readonly CurrentVersion[]
}

export class Jobs {
  readonly #options: JobsOptions
  readonly #keys: AdmissionKeys
  readonly #jobs = new Map<string, Job>()
  /** Request nonces that have been used: no two jobs may have the same. */
  readonly #nonces = new Set<string>()
  /** Finished jobs by what their results depend on; of several the newest. */
  readonly #byResult = new Map<string, Job>()
  readonly #running = new Set<Promise<void>>()
  readonly #waiting: (() => void)[] = []
  #slots = JOBS_AT_ONCE
  readonly #closing = new AbortController()

  constructor(options: JobsOptions) {
    this.#options = options
    this.#keys = admissionKeys(options.overlay.topology)
    setMaxListeners(0, this.#closing.signal)
  }

  /** Takes note of an entry of the ledger, at the start. */
  enter({ seq, record }: LedgerEntry): void {
    if (record.kind === 'job-start') {
      const { job, attempt, requestNote } = record.body
      const started = this.#put({ job, attempt, state: 'running', progress: 0 })
      const request = peekRecord(requestNote, this.#keys.origin)
      if (request.kind === 'job-request') this.#nonces.add(request.body.nonce)
      const name = this.#resultNameOf(record.body)
      if (name !== undefined) started.resultName = name
    }
    if (record.kind === 'completion') {
      const { job, attempt } = record.body
      this.#done(this.#put({ job, attempt, state: 'done', progress: 1 }), seq)
    }
    if (record.kind === 'abort') {
      const { job, attempt, code, reason, blamed } = record.body
      const error = { code, message: reason, ...(blamed === '' ? {} : { party: blamed }) }
      this.#put({ job, attempt, state: 'aborted', progress: 0, error })
    }
  }

  /** Enters attempts as aborted that were running when the coordinator ended without doing so. */
  async settle(): Promise<void> {
    const { ledger, key } = this.#options
    const reason = new ShareholdError(
      'SH_JOB_CLOSED',
      'The coordinator was stopped while the job was running.',
      { hint: 'Ask again.' },
    )
    for (const job of this.#jobs.values()) {
      const { state, job: id, attempt } = job.status
      if (state === 'done' || state === 'aborted') continue
      await ledger.append([abortNote(ledger.origin, key, { job: id, attempt }, reason)])
      this.#update(job, { ...job.status, state: 'aborted', error: errorBody(reason) })
    }
  }

  /**
   * Admits a request and starts its job.
   *
   * @returns once it is admitted
   * @throws ShareholdError SH_JOB_DUPLICATE, SH_AUTH_*, SH_CATALOGUE_UNKNOWN_DATASET, SH_SQL_*,
   * SH_PLAN_*, SH_POLICY_*, SH_NOTE_*, SH_LEDGER_RECORD, SH_JOB_CLOSED
   */
  async submit(requestNote: string): Promise<{ job: string }> {
    this.#closing.signal.throwIfAborted()
    // The signature first: a stranger must not make this process compile.
    const { request } = openRequest(requestNote, this.#keys)
    const id = jobIdOf(requestNote)
    if (this.#jobs.has(id)) {
      throw new ShareholdError('SH_JOB_DUPLICATE', 'This very request was submitted before.', {
        hint: 'Follow that job, or sign a new request.',
      })
    }
    if (this.#nonces.has(request.nonce)) {
      throw new ShareholdError('SH_AUTH_REPLAY', 'Another request had the same nonce.', {
        hint: 'Sign a new request: each needs a fresh nonce.',
      })
    }
    // Taken before the first await, given back if the request is refused.
    const job = this.#put({ job: id, attempt: 1, state: 'preparing', progress: 0 })
    this.#nonces.add(request.nonce)
    let ready: Ready
    try {
      ready = await this.#admit(id, requestNote, request)
      this.#closing.signal.throwIfAborted()
    } catch (error) {
      this.#jobs.delete(id)
      this.#nonces.delete(request.nonce)
      throw error
    }
    const { querier, compiled, paramsHash } = ready.admitted
    job.resultName = resultName(querier, request, compiled.planHash, paramsHash)
    const run = this.#run(job, ready).finally(() => this.#running.delete(run))
    this.#running.add(run)
    return { job: id }
  }

  /** @throws ShareholdError SH_JOB_UNKNOWN */
  status(id: string): JobStatus {
    return this.#job(id).status
  }

  /** @throws ShareholdError SH_JOB_UNKNOWN, SH_JOB_NOT_DONE */
  async result(id: string): Promise<JobResult> {
    const { status, entry } = this.#job(id)
    if (status.state !== 'done' || entry === undefined) {
      const why = status.error === undefined ? status.state : `aborted: ${status.error.message}`
      throw new ShareholdError('SH_JOB_NOT_DONE', `The job has no result: it is ${why}.`)
    }
    const kept = await this.#options.results.read(id)
    if (kept === undefined) {
      throw new ShareholdError('SH_JOB_NOT_DONE', 'The sealed result is not kept any more.')
    }
    return { ...kept, job: id, entry, sealed: kept.sealed.map((bytes) => encodeBase64(bytes)) }
  }

  /**
   * The newest result that depends on just this (protocol/result-name.ts): nothing is computed.
   * @throws ShareholdError SH_JOB_UNKNOWN
   */
  async findResult(name: string): Promise<JobResult> {
    const id = this.#byResult.get(name)?.status.job
    const kept = id === undefined ? undefined : await this.#options.results.read(id)
    if (id !== undefined && kept !== undefined) return this.result(id)
    throw new ShareholdError('SH_JOB_UNKNOWN', 'There is no finished result of that name.')
  }

  /**
   * Calls back with the status now and at every change.
   *
   * @returns how to stop that
   * @throws ShareholdError SH_JOB_UNKNOWN
   */
  watch(id: string, changed: Watcher): () => void {
    const job = this.#job(id)
    // A function of its own: the same callback may watch twice.
    const watcher: Watcher = (status) => changed(status)
    job.watchers.add(watcher)
    changed(job.status)
    return () => void job.watchers.delete(watcher)
  }

  /** Aborts what is running and resolves when that is in the ledger. */
  async close(): Promise<void> {
    this.#closing.abort(
      new ShareholdError('SH_JOB_CLOSED', 'The coordinator is being stopped.', {
        hint: 'Ask again when it is back.',
      }),
    )
    for (const wake of this.#waiting.splice(0)) wake()
    await Promise.all(this.#running)
  }

  /** The same rules as every node applies, so that a refusal costs no node anything. */
  async #admit(job: string, requestNote: string, request: JobRequestBody): Promise<Ready> {
    const { catalogue, overlay, now } = this.#options
    const current = request.datasets.map(({ name, version: asked }) => {
      const found = catalogue.current(name)
      const { version } = found.version
      if (asked === version) return found
      throw new ShareholdError(
        'SH_AUTH_DATASET',
        `The request is for version ${asked} of "${name}", which is at version ${version}.`,
        { hint: 'An import came in between: ask again.' },
      )
    })
    const schemas = current.map(({ schema }) => schema.schema)
    const sizes = current.map(({ version }) => datasetParams(version))
    const arranged = await arrangeDatasets(request.sql, schemas, sizes)
    const params = proposeParams(arranged, this.#keys.n, overlay.topology)
    const { planHash } = await compile(request.sql, schemas, params)
    const proposal = {
      job,
      requestNote,
      schemaNotes: current.map(({ schemaNote }) => schemaNote),
      versionNotes: current.map(({ versionNote }) => versionNote),
      planParams: canonicalJson(params),
      planHash,
    }
    const nowSeconds = Math.floor(now() / 1000)
    return { current, admitted: await admit(proposal, this.#keys, nowSeconds, hash) }
  }

  /** From admission to the end. Never rejects. */
  async #run(job: Job, { admitted, current }: Ready): Promise<void> {
    const { overlay, key, ledger, results, log, now } = this.#options
    const { attempt, job: id } = job.status
    await this.#slot()
    try {
      log.info({ job: id, querier: admitted.querier }, 'job begins')
      const { entry } = await runAttempt({
        overlay,
        key,
        ledger,
        log,
        now,
        admitted,
        attempt,
        schemaNotes: current.map(({ schemaNote }) => schemaNote),
        versionNotes: current.map(({ versionNote }) => versionNote),
        signal: this.#closing.signal,
        onProgress: (state, progress) => this.#update(job, { ...job.status, state, progress }),
        keep: (outcome) => results.write(id, attempt, outcome),
      })
      this.#done(job, entry)
      this.#update(job, { ...job.status, state: 'done', progress: 1 })
      log.info({ job: id, entry }, 'job done')
    } catch (error) {
      const reason = errorBody(error)
      this.#update(job, { ...job.status, state: 'aborted', error: reason })
      log.warn({ job: id, ...reason }, 'job aborted')
    } finally {
      this.#slots++
      this.#waiting.shift()?.()
    }
  }

  /** Waits for a turn. When the coordinator closes, everybody gets one, and finds that out. */
  async #slot(): Promise<void> {
    while (this.#slots <= 0 && !this.#closing.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
    this.#slots--
  }

  #done(job: Job, entry: number): void {
    job.entry = entry
    if (job.resultName !== undefined) this.#byResult.set(job.resultName, job)
  }

  /** Undefined if the querier is none any more. */
  #resultNameOf({ requestNote, plan, params }: JobStartBody): string | undefined {
    try {
      const { request, querier } = openRequest(requestNote, this.#keys)
      return resultName(querier, request, plan, params)
    } catch {
      return undefined
    }
  }

  #put(status: JobStatus): Job {
    const known = this.#jobs.get(status.job)
    if (known !== undefined) {
      known.status = status
      return known
    }
    const job: Job = { status, watchers: new Set() }
    this.#jobs.set(status.job, job)
    return job
  }

  #update(job: Job, status: JobStatus): void {
    const before = job.status
    const small = status.progress - before.progress < PROGRESS_STEP
    if (before.state === status.state && small && status.progress < 1) return
    job.status = status
    for (const watcher of job.watchers) watcher(status)
  }

  #job(id: string): Job {
    const job = this.#jobs.get(id)
    if (job !== undefined) return job
    throw new ShareholdError('SH_JOB_UNKNOWN', 'There is no job of that id.', {
      hint: '`sharehold ledger` lists the jobs that were started.',
    })
  }
}
