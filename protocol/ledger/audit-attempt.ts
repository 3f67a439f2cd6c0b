/**
 * An attempt of a job as the ledger has it: all entries about it, in one place. Shared by the checks of
 * audit-start.ts and audit-completion.ts.
 */
import { canonicalJson } from '../canonical-json.ts'

import { Finding } from './audit-report.ts'
import type { SignedEntry, SignedRequest } from './audit-signatures.ts'
import type { AbortBody, CompletionBody, JobStartBody, ReportBody } from './records.ts'

/** An entry of a known kind. */
export interface Found<T> {
  readonly seq: number
  readonly note: string
  readonly body: T
}

/** A start note and the request inside it, whose signature is good. */
export interface FoundStart extends Found<JobStartBody> {
  readonly request: SignedRequest
}

export interface Attempt {
  readonly job: string
  readonly attempt: number
  readonly starts: FoundStart[]
  readonly reports: Found<ReportBody>[]
  readonly completions: Found<CompletionBody>[]
  readonly aborts: Found<AbortBody>[]
}

/** An attempt and how it ended. */
export interface AuditedAttempt {
  readonly job: string
  readonly attempt: number
  readonly outcome: 'completed' | 'aborted' | 'unfinished'
  /** Entry of the completion, abort or start note. */
  readonly entry: number
}

/** The attempts of a ledger, in the order of their first entries. */
export function groupAttempts(entries: readonly SignedEntry[]): Attempt[] {
  const attempts = new Map<string, Attempt>()
  const of = ({ job, attempt }: { readonly job: string; readonly attempt: number }): Attempt => {
    const key = `${attempt} ${job}`
    let found = attempts.get(key)
    if (found === undefined) {
      found = { job, attempt, starts: [], reports: [], completions: [], aborts: [] }
      attempts.set(key, found)
    }
    return found
  }
  for (const { seq, note, record, request } of entries) {
    if (record.kind === 'job-start' && request !== undefined) {
      of(record.body).starts.push({ seq, note, body: record.body, request })
    }
    if (record.kind === 'report') of(record.body).reports.push({ seq, note, body: record.body })
    if (record.kind === 'completion') {
      of(record.body).completions.push({ seq, note, body: record.body })
    }
    if (record.kind === 'abort') of(record.body).aborts.push({ seq, note, body: record.body })
  }
  return [...attempts.values()]
}

/** How an attempt ended. */
export function outcomeOf({
  job,
  attempt,
  starts,
  reports,
  completions,
  aborts,
}: Attempt): AuditedAttempt {
  const end = completions[0] ?? aborts[0]
  const outcome =
    completions.length > 0 ? 'completed' : aborts.length > 0 ? 'aborted' : 'unfinished'
  return { job, attempt, outcome, entry: (end ?? starts[0] ?? reports[0])!.seq }
}

/** Reports by the index of their node. */
export function byIndex(reports: readonly Found<ReportBody>[]): readonly Found<ReportBody>[] {
  return reports.toSorted((a, b) => a.body.index - b.body.index)
}

/** @throws Finding with this text unless both values have the same canonical JSON. */
export function same(found: unknown, expected: unknown, otherwise: string): void {
  if (canonicalJson(found) !== canonicalJson(expected)) throw new Finding(otherwise)
}
