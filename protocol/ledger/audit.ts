/**
 * The audit: replays a ledger from its files and the public keys of the topology, and says check by
 * check whether it holds. Needs no secret and learns none; anyone can run it, anywhere.
 *
 * It proves that nothing was altered, dropped, re-ordered or signed by the wrong hand, and that each
 * completed job is one execution of the announced plan that all n nodes claim (ledger.md F says what
 * that does and does not prove). That two people see the same ledger they find out by comparing
 * checkpoints: keep `signed` and give it as `since` the next time.
 *
 * Cost: one hash of every byte, one signature check (about 1 ms in plain JavaScript) a signature.
 */
import { bytesToHex } from '@noble/hashes/utils.js'

import type { Hash } from '../../shares/hash.ts'

import type { AuditedAttempt } from './audit-attempt.ts'
import type { Schedule } from './audit-completion.ts'
import { auditDatasets } from './audit-datasets.ts'
import { auditJobs } from './audit-jobs.ts'
import { type AuditItem, Checklist, StopAudit } from './audit-report.ts'
import { type AuditKeys, auditSignatures } from './audit-signatures.ts'
import type { CompilePlan } from './audit-start.ts'
import { auditTree, type SoundLedger } from './audit-tree.ts'
import type { LedgerReader } from './files.ts'
import { verifyEd25519, type VerifySignature } from './note.ts'

export type { AuditedAttempt } from './audit-attempt.ts'
export type { PairTraffic, Schedule } from './audit-completion.ts'
export type { CompilePlan } from './audit-start.ts'
export type { AuditItem } from './audit-report.ts'
export type { AuditKeys } from './audit-signatures.ts'

export interface AuditInput {
  readonly files: LedgerReader
  /** From the auditor's own copy of the topology. */
  readonly keys: AuditKeys
  readonly hash: Hash
  /** Text of a signed checkpoint kept from an earlier audit. Without it a rewind cannot be noticed. */
  readonly since?: string | undefined
  /** Check the attempts of this job only; everything that does not belong to a job is checked anyway. */
  readonly job?: string | undefined
  /** Makes plans again. Without it that check is left out, and the schedule with it. */
  readonly compile?: CompilePlan | undefined
  /** The cost model. Without it that check is left out. */
  readonly schedule?: Schedule | undefined
  readonly verify?: VerifySignature | undefined
  /** End with the first check that fails. */
  readonly stopAtFirst?: boolean | undefined
}

export interface AuditReport {
  /** Every check that was made has passed. */
  readonly ok: boolean
  readonly items: readonly AuditItem[]
  readonly firstFailure?: AuditItem
  /** The newest checkpoint, if its signature and its tree hold. */
  readonly checkpoint?: {
    readonly size: number
    /** Hex. */
    readonly root: string
    /** The signed text: keep it, and give it as `since` to the next audit. */
    readonly signed: string
  }
  /** The attempts that were looked at, in the order of their first entries. */
  readonly attempts: readonly AuditedAttempt[]
}

/** Audits a ledger. Does not reject: whatever is wrong, an unreadable file included, is in the report. */
export async function audit(input: AuditInput): Promise<AuditReport> {
  const list = new Checklist(input.stopAtFirst ?? false)
  const attempts: AuditedAttempt[] = []
  let ledger: SoundLedger | undefined
  try {
    ledger = await auditTree(
      { ...input, log: input.keys.log, verify: input.verify ?? verifyEd25519 },
      list,
    )
    if (ledger !== undefined) attempts.push(...(await auditRecords(ledger, input, list)))
  } catch (error) {
    if (!(error instanceof StopAudit)) throw error
  }
  const firstFailure = list.items.find((item) => !item.ok)
  return {
    ok: list.ok,
    items: list.items,
    ...(firstFailure === undefined ? {} : { firstFailure }),
    ...(ledger === undefined
      ? {}
      : {
          checkpoint: {
            size: ledger.checkpoint.size,
            root: bytesToHex(ledger.checkpoint.root),
            signed: ledger.signed,
          },
        }),
    attempts,
  }
}

async function auditRecords(
  ledger: SoundLedger,
  input: AuditInput,
  list: Checklist,
): Promise<AuditedAttempt[]> {
  const { keys } = input
  const verify = input.verify ?? verifyEd25519
  const entries = await auditSignatures(ledger.notes, keys, verify, list)
  if (entries === undefined) return []
  const catalogue = await auditDatasets(entries, list)
  return auditJobs(entries, { ...input, catalogue }, list)
}
