/**
 * The querier's whole way from SQL to the answer. Compiles by itself, signs the request, follows the job,
 * checks what comes back, and alone can open it: the result key never leaves this process. Runs in
 * Node and in a browser.
 *
 * Who learns what: the coordinator and all nodes the SQL, purpose and time; the querier the answer and
 * what `compiled.leaks` lists.
 */
import { jobIdOf } from '../../protocol/admission.ts'
import { bytesSent, schedule } from '../../protocol/cost.ts'
import type { Schedule } from '../../protocol/cost.ts'
import { noteHash, signRecord } from '../../protocol/ledger/records.ts'
import { openOutputs } from '../../protocol/output.ts'
import type { NamedRequest } from '../../protocol/result-name.ts'
import { generateResultKey } from '../../protocol/seal.ts'
import type { ResultKey } from '../../protocol/seal.ts'
import { evaluateAnswer } from '../../protocol/sql/answer.ts'
import type { Answer } from '../../protocol/sql/answer.ts'
import { compile } from '../../protocol/sql/compile.ts'
import type { CompiledQuery } from '../../protocol/sql/compile.ts'
import type { MeasuredRun } from '../../protocol/sql/explain-measured.ts'
import { explainStatement } from '../../protocol/sql/explain-statement.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { hexOf } from '../../shares/hex.ts'
import type { Schema } from '../../shares/schema.ts'
import type { JobResult, JobStatus } from '../api-types.ts'

import { viewDatasets } from './dataset-view.ts'
import type { DatasetsView } from './dataset-view.ts'
import { toError } from './http-client.ts'
import type { HttpClient } from './http-client.ts'
import { measuredRun } from './measured-run.ts'
import { sizeOf } from './network-keys.ts'
import type { NetworkKeys } from './network-keys.ts'
import { repeatedResult } from './repeated-result.ts'
import { verifyResult } from './verify-result.ts'
import type { VerifiedResult } from './verify-result.ts'

const EXPIRY_SECONDS = 600

export interface ExplainOptions {
  readonly client: HttpClient
  readonly keys: NetworkKeys
  readonly sql: string
  readonly purpose?: string
  readonly signal?: AbortSignal
}

export interface AskOptions extends ExplainOptions {
  /** The querier's signer key text. */
  readonly skey: string
  readonly purpose: string
  /** Cryptographic randomness. */
  readonly rng: (bytes: number) => Uint8Array
  /** Unix milliseconds. */
  readonly now: () => number
  /**
   * A key that the querier keeps. If it has had the same answer sealed to it before, that is delivered again, and
   * no node does anything. Absent: a fresh key, and a new job.
   */
  readonly resultKey?: ResultKey
  readonly onStatus?: (status: JobStatus) => void
}

export interface Explained {
  readonly compiled: CompiledQuery
  /** Exact, from the plan. */
  readonly cost: Schedule
  readonly view: DatasetsView
}

export interface Asked extends Explained {
  readonly answer: Answer
  readonly job: string
  readonly attempt: number
  /** Number of the completion in the ledger. */
  readonly entry: number
  /** From the coordinator's first message to the last signature. */
  readonly seconds: number
  readonly rounds: number
  /** Payload bytes that the busiest MPC node sent. */
  readonly bytesPerNode: number
  /** What it took, and whether that is what the plan costs; undefined of jobs of earlier releases. */
  readonly measured: MeasuredRun | undefined
  /** Whether it is a result of earlier: then job, seconds and so on are those of that time. */
  readonly repeated: boolean
}

/**
 * Compiles a query without asking it: nothing is signed, and nobody but the coordinator hears of it.
 *
 * @param options with a purpose, which is checked; the SQL may be an EXPLAIN of the query
 * @throws ShareholdError SH_SQL_*, SH_PLAN_*, SH_POLICY_*, SH_CATALOGUE_UNKNOWN_DATASET,
 * SH_COORDINATOR_*, SH_NOTE_*, SH_AUTH_*
 */
export async function explainQuery(options: ExplainOptions): Promise<Explained> {
  const statement = await explainStatement(options.sql)
  return compileQuery(statement === undefined ? options : { ...options, sql: statement.select })
}

/** @param options whose SQL is a SELECT */
async function compileQuery(options: ExplainOptions): Promise<Explained> {
  const { client, keys, sql, purpose, signal } = options
  const view = await viewDatasets(client, keys, sql, signal)
  const schemas = view.datasets.map(({ schema }) => schema)
  if (purpose !== undefined) for (const schema of schemas) checkPurpose(schema, purpose)
  const compiled = await compile(sql, schemas, view.params)
  return { compiled, cost: schedule(compiled.plan, view.params), view }
}

/**
 * Asks a query.
 *
 * @throws ShareholdError as explainQuery; SH_AUTH_* if it is refused; SH_JOB_*, SH_ROUND_* and others if
 * the job is aborted; SH_RESULT_INVALID, SH_SEAL_OPEN, SH_OUTPUT_*, SH_ANSWER_INCONSISTENT if what came
 * back cannot be trusted; SH_ANSWER_* where PostgreSQL fails on the values
 */
export async function ask(options: AskOptions): Promise<Asked> {
  const { client, keys, skey, purpose, signal } = options
  const explained = await compileQuery(options)
  const { compiled, cost, view } = explained
  const { planHash } = compiled
  const resultKey = options.resultKey ?? generateResultKey(options.rng)
  const request: NamedRequest = {
    purpose,
    datasets: view.datasets.map(({ version, versionNote }) => ({
      name: version.dataset,
      version: version.version,
      schemaHash: version.schemaHash,
      versionNote: noteHash(versionNote),
    })),
    resultKey: hexOf(resultKey.publicKey),
    grant: '',
  }
  const before =
    options.resultKey === undefined
      ? undefined
      : await repeatedResult({ client, keys, skey, request, planHash, view, signal })
  const { result, verified } = before ?? (await newResult(options, explained, request))

  const { jobContext, reports, sealed } = verified
  const place = { jobContext, n: sizeOf(keys) }
  const lanes = openOutputs(resultKey.secretKey, place, compiled.answer.lanes, sealed)
  return {
    ...explained,
    answer: evaluateAnswer(compiled.answer, lanes),
    job: result.job,
    attempt: result.attempt,
    entry: result.entry,
    seconds: result.seconds,
    rounds: cost.rounds.length,
    bytesPerNode: Math.max(...bytesSent(cost)),
    measured: reports === undefined ? undefined : measuredRun(cost, reports, result),
    repeated: before !== undefined,
  }
}

/** Signs the request, follows its job, and checks what comes of it. */
async function newResult(
  options: AskOptions,
  { compiled, view }: Explained,
  named: NamedRequest,
): Promise<{ result: JobResult; verified: VerifiedResult }> {
  const { client, keys, skey, sql, rng, now, signal } = options
  const request = {
    ...named,
    sql,
    nonce: hexOf(rng(32)),
    expiry: Math.floor(now() / 1000) + EXPIRY_SECONDS,
  }
  const requestNote = signRecord(keys.origin, 'job-request', request, [skey])
  const { job } = await client.submitJob(requestNote, signal)
  if (job !== jobIdOf(requestNote)) {
    throw new ShareholdError(
      'SH_RESULT_INVALID',
      'The coordinator gave the request another job id than its hash.',
    )
  }
  const status = await client.follow(job, options.onStatus ?? (() => {}), signal)
  if (status.state === 'aborted') throw abortOf(status)
  const result = await client.result(job, signal)
  const { planHash } = compiled
  return { result, verified: verifyResult(result, { job, requestNote, planHash, view, keys }) }
}

/** Every node checks it too; here it costs nobody anything. */
function checkPurpose(schema: Schema, purpose: string): void {
  if (schema.purposes.includes(purpose)) return
  throw new ShareholdError(
    'SH_AUTH_PURPOSE',
    `The dataset "${schema.dataset}" is not open to the purpose "${purpose}".`,
    { hint: `Its repositories have signed: ${schema.purposes.join(', ')}.` },
  )
}

function abortOf({ error }: JobStatus): ShareholdError {
  return error === undefined
    ? new ShareholdError('SH_JOB_FAILED', 'The job was aborted without a reason.')
    : toError(error)
}
