/**
 * Checks of an attempt's end: that all nodes claim the same execution, and that it has the shape of the
 * plan (ledger.md F, auditor checks 2, 3, 4 and 6).
 */
import { bytesToHex } from '@noble/hashes/utils.js'

import type { Hash } from '../../shares/hash.ts'
import { canonicalJson } from '../canonical-json.ts'
import type { Plan, PlanParams } from '../plan.ts'

import { byIndex, type Found, type FoundStart, same } from './audit-attempt.ts'
import { Finding } from './audit-report.ts'
import { type CompletionBody, noteHash, outputRoot, type ReportBody } from './records.ts'
import { contextOfStart } from './start-context.ts'

/** What one node sends another in a whole attempt. */
export interface PairTraffic {
  readonly from: number
  readonly to: number
  readonly messages: number
  /** Payload bytes. */
  readonly bytes: number
}

/** What a plan must cost (protocol/cost.ts): pairs that are not listed send nothing. */
export type Schedule = (plan: Plan, params: PlanParams) => readonly PairTraffic[]

/** That the completion says again what was announced. */
export function checkCompletion(completion: CompletionBody, start: FoundStart): string {
  const { body } = start
  if (completion.start !== noteHash(start.note)) {
    throw new Finding('It is about another start note.')
  }
  if (
    completion.t !== body.planParams.committee.t ||
    completion.mode !== body.planParams.security
  ) {
    throw new Finding('It states another threshold or mode.')
  }
  for (const field of ['committee', 'plan', 'params', 'inputs', 'keys'] as const) {
    same(completion[field], body[field], `Its "${field}" is not the one that was announced.`)
  }
  return `${completion.committee.length} signatures`
}

/** That all n reports are there, are those of the completion, and are about this attempt. */
export function checkReports(
  reports: readonly Found<ReportBody>[],
  completion: CompletionBody,
  { body: start }: FoundStart,
): string {
  const n = start.committee.length
  if (reports.length !== n) throw new Finding(`There are ${reports.length} reports of ${n} nodes.`)
  const context = bytesToHex(contextOfStart(start))
  for (const [at, { seq, note, body }] of byIndex(reports).entries()) {
    if (body.index !== at + 1) throw new Finding(`The report of node ${at + 1} is missing.`)
    if (completion.reports[at] !== noteHash(note)) {
      throw new Finding(`The completion names another report of node ${at + 1}.`, seq)
    }
    if (body.jobContext !== context) throw new Finding('A report has another job context.', seq)
    for (const field of ['plan', 'params', 'software'] as const) {
      if (body[field] !== completion[field]) {
        throw new Finding(`Node ${at + 1} reports another "${field}".`, seq)
      }
    }
    const others = Array.from({ length: n }, (_, i) => i + 1).filter((i) => i !== body.index)
    const peers = body.peers.map(({ peer }) => peer)
    if (canonicalJson(peers) !== canonicalJson(others)) {
      throw new Finding(`Node ${at + 1} does not report on every other node.`, seq)
    }
  }
  return `${n} reports`
}

/** That sender and receiver agree, for every ordered pair: messages, bytes and transcript root. */
export function checkTraffic(reports: readonly Found<ReportBody>[]): string {
  let messages = 0
  for (const { body: sender, seq } of reports) {
    for (const { peer, sent } of sender.peers) {
      const receiver = reports.find(({ body }) => body.index === peer)
      const received = receiver?.body.peers.find((row) => row.peer === sender.index)?.received
      if (received === undefined || canonicalJson(sent) !== canonicalJson(received)) {
        throw new Finding(
          `Node ${sender.index} and node ${peer} differ on what the first sent the second.`,
          seq,
        )
      }
      messages += sent.messages
    }
  }
  return `${messages} messages`
}

/** That messages and bytes are those that the plan demands: the schedule does not depend on data. */
export function checkSchedule(
  reports: readonly Found<ReportBody>[],
  expected: readonly PairTraffic[],
): string {
  const demanded = new Map(expected.map((pair) => [`${pair.from} ${pair.to}`, pair]))
  let bytes = 0
  for (const { body, seq } of reports) {
    for (const { peer, sent } of body.peers) {
      const pair = demanded.get(`${body.index} ${peer}`) ?? { messages: 0, bytes: 0 }
      if (pair.messages !== sent.messages || pair.bytes !== sent.bytes) {
        throw new Finding(
          `Node ${body.index} sent node ${peer} ${sent.messages} messages, ${sent.bytes} bytes; ` +
            `the plan demands ${pair.messages} messages, ${pair.bytes} bytes.`,
          seq,
        )
      }
      bytes += sent.bytes
    }
  }
  return `${bytes} bytes`
}

/** That the output root is over the sealed outputs that the nodes report. */
export function checkOutput(
  reports: readonly Found<ReportBody>[],
  completion: CompletionBody,
  hash: Hash,
): string {
  const hashes = byIndex(reports).map(({ body }) => body.sealedOutput)
  if (outputRoot(hashes, hash) !== completion.output) {
    throw new Finding('The root over the sealed outputs is another one.')
  }
  return `${hashes.length} sealed outputs`
}
