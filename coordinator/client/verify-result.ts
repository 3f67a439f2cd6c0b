/**
 * Checks, at the querier, that a result is the result of this request: the start note names it, all n
 * MPC nodes have signed the completion of that start, plan and inputs are those that the querier
 * expects, and the sealed outputs are the ones that the nodes have signed for.
 *
 * Against whom: a coordinator that swaps, mixes or withholds results is found out, as is one node alone.
 * That the n output shares agree is checked when they are opened (protocol/output.ts).
 */
import { sha256 } from '@noble/hashes/sha2.js'

import { canonicalJson } from '../../protocol/canonical-json.ts'
import { decodeBase64 } from '../../protocol/ledger/base64.ts'
import {
  inputRoots,
  jsonHash,
  noteHash,
  openRecordOfAll,
  outputRoot,
} from '../../protocol/ledger/records.ts'
import type { CompletionBody, JobStartBody, ReportBody } from '../../protocol/ledger/records.ts'
import { contextOfStart } from '../../protocol/ledger/start-context.ts'
import type { PlanParams } from '../../protocol/plan.ts'
import { ShareholdError } from '../../shares/errors.ts'
import type { Hash } from '../../shares/hash.ts'
import { hexOf } from '../../shares/hex.ts'
import type { JobResult } from '../api-types.ts'

import type { DatasetView } from './dataset-view.ts'
import type { NetworkKeys } from './network-keys.ts'

const hash: Hash = { sha256: (bytes) => sha256(bytes) }

export interface ExpectedResult {
  readonly job: string
  /** As it was submitted. */
  readonly requestNote: string
  /** As compiled by the querier. */
  readonly planHash: string
  readonly view: {
    readonly datasets: readonly Pick<DatasetView, 'version'>[]
    readonly params: PlanParams
  }
  readonly keys: NetworkKeys
}

export interface VerifiedResult {
  readonly start: JobStartBody
  /** Of MPC node 1..n; undefined if the coordinator has not kept them. */
  readonly reports: readonly ReportBody[] | undefined
  /** 32 bytes: what the outputs are sealed for. */
  readonly jobContext: Uint8Array
  /** Of MPC node 1..n. */
  readonly sealed: readonly Uint8Array[]
}

/** What the coordinator has announced. @throws ShareholdError SH_RESULT_INVALID */
export function startOf({ startNote }: JobResult, keys: NetworkKeys): JobStartBody {
  return opened('start note', () =>
    openRecordOfAll(startNote, keys.origin, 'job-start', [keys.coordinator]),
  )
}

/** @throws ShareholdError SH_RESULT_INVALID */
export function verifyResult(result: JobResult, expected: ExpectedResult): VerifiedResult {
  const { keys } = expected
  const start = startOf(result, keys)
  const completion = opened('completion', () =>
    openRecordOfAll(result.completionNote, keys.origin, 'completion', keys.mpcNodes),
  )
  checkStart(start, result, expected)
  checkCompletion(completion, start, result)
  const sealed = opened('sealed outputs', () => result.sealed.map((text) => decodeBase64(text)))
  const hashes = sealed.map((bytes) => hexOf(hash.sha256(bytes)))
  if (sealed.length !== keys.mpcNodes.length || outputRoot(hashes, hash) !== completion.output) {
    throw invalid('the sealed outputs are not those that the nodes have signed for')
  }
  const reports = openReports(result, completion, keys)
  return { start, reports, jobContext: contextOfStart(start), sealed }
}

/** The reports that the completion names, which all nodes have signed for. */
function openReports(
  { reportNotes }: JobResult,
  completion: CompletionBody,
  { origin, mpcNodes }: NetworkKeys,
): ReportBody[] | undefined {
  if (reportNotes === undefined) return undefined
  if (canonicalJson(reportNotes.map(noteHash)) !== canonicalJson(completion.reports)) {
    throw invalid('its reports are not those that the nodes have signed for')
  }
  return opened('reports', () =>
    reportNotes.map((note, at) => openRecordOfAll(note, origin, 'report', [mpcNodes[at]!])),
  )
}

function checkStart(
  start: JobStartBody,
  result: JobResult,
  { job, requestNote, planHash, view, keys }: ExpectedResult,
): void {
  const { datasets, params } = view
  const inputs = datasets.map(({ version }) => ({
    dataset: version.dataset,
    version: version.version,
    roots: inputRoots(version, hash),
  }))
  const committee = keys.mpcNodes.map((vkey, at) => ({ i: at + 1, vkey }))
  const paramsHash = jsonHash(params)
  if (start.job !== job || result.job !== job || start.attempt !== result.attempt) {
    throw invalid('it is about another job')
  }
  if (start.requestNote !== requestNote || start.request !== noteHash(requestNote)) {
    throw invalid('it answers another request')
  }
  if (start.plan !== planHash) {
    throw invalid('the nodes ran another plan than the one that your SQL compiles to')
  }
  if (start.params !== paramsHash || jsonHash(start.planParams) !== paramsHash) {
    throw invalid('the nodes ran with other planParams')
  }
  if (canonicalJson(start.inputs) !== canonicalJson(inputs)) {
    throw invalid('the nodes read another version of the dataset')
  }
  if (canonicalJson(start.committee) !== canonicalJson(committee)) {
    throw invalid('it names another committee')
  }
}

function checkCompletion(
  completion: CompletionBody,
  start: JobStartBody,
  { startNote }: JobResult,
): void {
  if (completion.start !== noteHash(startNote)) throw invalid('it completes another start')
  const { job, attempt, committee, plan, params, inputs, keys } = start
  const announced = { job, attempt, committee, plan, params, inputs, keys }
  const completed = {
    job: completion.job,
    attempt: completion.attempt,
    committee: completion.committee,
    plan: completion.plan,
    params: completion.params,
    inputs: completion.inputs,
    keys: completion.keys,
  }
  if (canonicalJson(announced) !== canonicalJson(completed)) {
    throw invalid('the nodes have signed for something else than was announced')
  }
}

function opened<T>(what: string, open: () => T): T {
  try {
    return open()
  } catch (cause) {
    if (!(cause instanceof ShareholdError)) throw cause
    const party = cause.party === undefined ? '' : ` (${cause.party})`
    throw invalid(`its ${what} is not good: ${cause.message}${party}`, cause)
  }
}

function invalid(why: string, cause?: unknown): ShareholdError {
  return new ShareholdError('SH_RESULT_INVALID', `The result cannot be trusted: ${why}.`, {
    hint: 'Nothing was opened. Have the ledger audited: `sharehold audit --all`.',
    ...(cause === undefined ? {} : { cause }),
  })
}
