/**
 * Fourth part of an audit: that each attempt of a job ran as it was announced (ledger.md F, auditor
 * checks 1-4 and 6; check 5 comes with active security).
 *
 * Proves: all n nodes claim the same execution of the plan that the querier's SQL compiles to. It does
 * not prove that the answer is right if more than t nodes collude, nor anything about privacy.
 */
import type { Hash } from '../../shares/hash.ts'
import type { Plan } from '../plan.ts'

import { type Attempt, type AuditedAttempt, groupAttempts, outcomeOf } from './audit-attempt.ts'
import {
  checkCompletion,
  checkOutput,
  checkReports,
  checkSchedule,
  checkTraffic,
  type Schedule,
} from './audit-completion.ts'
import type { Catalogue } from './audit-datasets.ts'
import { type Checklist, Finding } from './audit-report.ts'
import type { AuditKeys, SignedEntry } from './audit-signatures.ts'
import {
  checkRequest,
  checkStart,
  type CompilePlan,
  type History,
  remakePlan,
} from './audit-start.ts'
import { parseVerifierKey } from './note.ts'
import { type AbortBody, peekRecord } from './records.ts'

export interface JobsAudit {
  readonly keys: AuditKeys
  readonly catalogue: Catalogue
  readonly hash: Hash
  readonly compile?: CompilePlan | undefined
  readonly schedule?: Schedule | undefined
  /** Only the attempts of this job. */
  readonly job?: string | undefined
}

/** Checks every attempt, or those of one job; what it returns are the attempts that it checked. */
export async function auditJobs(
  entries: readonly SignedEntry[],
  input: JobsAudit,
  list: Checklist,
): Promise<AuditedAttempt[]> {
  const history: History = {
    jobOfRequest: new Map(),
    requestOfJob: new Map(),
    requestOfNonce: new Map(),
    last: new Map(),
  }
  const audited: AuditedAttempt[] = []
  for (const attempt of groupAttempts(entries)) {
    if (input.job === undefined || attempt.job === input.job) {
      await auditAttempt(attempt, input, history, list)
      audited.push(outcomeOf(attempt))
    }
    remember(attempt, history)
  }
  if (input.job !== undefined && audited.length === 0) {
    await list.check('job', 'The job is in the ledger', undefined, () => {
      throw new Finding(`There is no job "${input.job}".`)
    })
  }
  return audited
}

async function auditAttempt(
  attempt: Attempt,
  input: JobsAudit,
  history: History,
  list: Checklist,
): Promise<void> {
  const id = (check: string): string => `job/${attempt.job}/${attempt.attempt}/${check}`
  const [start] = attempt.starts
  const [completion] = attempt.completions
  const [abort] = attempt.aborts
  const { entry } = outcomeOf(attempt)

  await list.check(id('order'), 'It was announced once, then ended once', entry, () =>
    checkOrder(attempt, history),
  )
  if (abort !== undefined) {
    await list.check(id('abort'), 'The abort is about this attempt', abort.seq, () =>
      checkAbort(abort.body, parseVerifierKey(input.keys.log).name),
    )
  }
  if (start === undefined) return
  await list.check(id('request'), 'A registered querier asked for it, in time', start.seq, () =>
    checkRequest(start, input.catalogue, history),
  )
  await list.check(id('start'), 'It started with the registered nodes and inputs', start.seq, () =>
    checkStart(start, input.keys.mpcNodes, input.catalogue, input.hash),
  )
  let plan: Plan | undefined
  const { compile, schedule } = input
  const planTitle = 'The plan is what the SQL compiles to'
  if (compile === undefined) list.skip(id('plan'), planTitle, 'no compiler was given')
  else {
    await list.check(id('plan'), planTitle, start.seq, async () => {
      plan = await remakePlan(start, input.catalogue, compile)
      return `${plan.operators.length} operators`
    })
  }
  if (completion === undefined) return
  const { reports } = attempt
  const check = (name: string, title: string, body: () => string): Promise<boolean> =>
    list.check(id(name), title, completion.seq, body)
  await check('completion', 'All nodes signed for what was announced', () =>
    checkCompletion(completion.body, start),
  )
  await check('reports', 'The reports of all nodes are there and agree', () =>
    checkReports(reports, completion.body, start),
  )
  await check('traffic', 'What each node sent is what the other received', () =>
    checkTraffic(reports),
  )
  const scheduleTitle = 'Numbers and sizes of messages are those of the plan'
  if (plan === undefined || schedule === undefined) {
    list.skip(id('schedule'), scheduleTitle, 'no plan or no cost model to compare with')
  } else {
    const expected = plan
    await check('schedule', scheduleTitle, () =>
      checkSchedule(reports, schedule(expected, start.body.planParams)),
    )
  }
  await check('output', 'The sealed outputs are those of the reports', () =>
    checkOutput(reports, completion.body, input.hash),
  )
}

function checkOrder(attempt: Attempt, history: History): string {
  const { starts, completions, aborts, reports } = attempt
  if (starts.length > 1) throw new Finding('It was started twice.', starts[1]!.seq)
  if (completions.length + aborts.length > 1) throw new Finding('It ended twice.')
  const start = starts[0]
  if (start === undefined && completions.length + reports.length > 0) {
    throw new Finding('It was never started.')
  }
  for (const { seq } of [...reports, ...completions, ...aborts]) {
    if (start !== undefined && seq < start.seq) throw new Finding('It ended before it began.', seq)
  }
  const end = completions[0]
  const late = reports.find(({ seq }) => end !== undefined && seq > end.seq)
  if (late !== undefined) throw new Finding('A report came after the end.', late.seq)
  const before = history.last.get(attempt.job)
  if (before !== undefined && (before.completed || before.attempt >= attempt.attempt)) {
    throw new Finding('It repeats an attempt, or a job that was completed.')
  }
  return outcomeOf(attempt).outcome
}

function checkAbort(body: AbortBody, origin: string): string {
  if (body.report !== '') {
    const failure = peekRecord(body.report, origin)
    if (
      failure.kind !== 'failure' ||
      failure.body.job !== body.job ||
      failure.body.attempt !== body.attempt
    ) {
      throw new Finding('The node’s statement inside is about something else.')
    }
  }
  return body.blamed === '' ? body.code : `${body.code}, blames ${body.blamed}`
}

function remember({ job, attempt, starts, completions }: Attempt, history: History): void {
  history.last.set(job, { attempt, completed: completions.length > 0 })
  for (const { body, request } of starts) {
    history.jobOfRequest.set(body.request, job)
    history.requestOfJob.set(job, body.request)
    history.requestOfNonce.set(request.body.nonce, body.request)
  }
}
