/**
 * Second part of an audit: that every entry is a record, signed by exactly those who must sign its kind.
 * Keys come from the auditor's own copy of the topology, never from the ledger.
 *
 *     schema        every repository that it names
 *     receipt       the share-node that it names
 *     version       the importing repository
 *     job-request   one registered querier
 *     job-start     the coordinator; the request inside, one registered querier
 *     report        the MPC node that it names
 *     completion    all MPC nodes
 *     failure       the MPC node that it names
 *     abort         the coordinator; the failure inside, if any, the MPC node that it names
 */
import { Finding, type Checklist } from './audit-report.ts'
import { at } from './audit-tree.ts'
import { parseVerifierKey, type VerifySignature } from './note.ts'
import {
  type JobRequestBody,
  type LedgerRecord,
  openRecord,
  openRecordOfAll,
  peekRecord,
} from './records.ts'

/** The topology's keys, by role. */
export interface AuditKeys {
  /** Signs checkpoints; its name is the origin. */
  readonly log: string
  readonly coordinator: string
  /** In the order of their indices. */
  readonly shareNodes: readonly string[]
  /** In the order of their indices. */
  readonly mpcNodes: readonly string[]
  readonly repositories: readonly string[]
  readonly queriers: readonly string[]
}

/** An entry whose signatures are good. */
export interface SignedEntry {
  readonly seq: number
  readonly note: string
  readonly record: LedgerRecord
  /** The request inside a job-start, opened. */
  readonly request?: SignedRequest
}

/** What a request says, and who asked. */
export interface SignedRequest {
  readonly body: JobRequestBody
  /** Verifier key of the querier. */
  readonly querier: string
}

/** Opens every entry; undefined if one of them does not stand. */
export async function auditSignatures(
  notes: readonly string[],
  keys: AuditKeys,
  verify: VerifySignature,
  list: Checklist,
): Promise<SignedEntry[] | undefined> {
  const entries: SignedEntry[] = []
  const origin = parseVerifierKey(keys.log).name
  const title = 'Every entry is signed by those who must sign it'
  const ok = await list.check('signatures', title, undefined, () => {
    for (const [seq, note] of notes.entries()) {
      entries.push(at(seq, () => ({ seq, note, ...openByRole(note, origin, keys, verify) })))
    }
    return `${entries.length} entries`
  })
  return ok ? entries : undefined
}

function openRequest(
  note: string,
  origin: string,
  keys: AuditKeys,
  verify: VerifySignature,
): SignedRequest {
  const { body, signers } = openRecord(note, origin, 'job-request', keys.queriers, { verify })
  const [querier, ...more] = signers
  if (querier === undefined || more.length > 0) throw new Finding('A request has one author.')
  return { body, querier }
}

function openByRole(
  note: string,
  origin: string,
  keys: AuditKeys,
  verify: VerifySignature,
): Pick<SignedEntry, 'record' | 'request'> {
  const record = peekRecord(note, origin)
  const demand = (vkeys: readonly string[]): void => {
    openRecordOfAll(note, origin, record.kind, vkeys, { verify })
  }
  switch (record.kind) {
    case 'schema':
      demand(record.body.repositories.map((name) => repositoryKey(keys, name)))
      break
    case 'receipt':
      demand([nodeKey(keys.shareNodes, record.body.node)])
      break
    case 'version':
      demand([repositoryKey(keys, record.body.importer)])
      break
    case 'job-request':
      openRequest(note, origin, keys, verify)
      break
    case 'job-start':
      demand([keys.coordinator])
      return { record, request: openRequest(record.body.requestNote, origin, keys, verify) }
    case 'report':
    case 'failure':
      demand([nodeKey(keys.mpcNodes, record.body.index)])
      break
    case 'completion':
      demand(keys.mpcNodes)
      break
    case 'abort':
      demand([keys.coordinator])
      if (record.body.report !== '') openFailure(record.body.report, origin, keys, verify)
      break
  }
  return { record }
}

function openFailure(note: string, origin: string, keys: AuditKeys, verify: VerifySignature): void {
  const failure = peekRecord(note, origin)
  if (failure.kind !== 'failure') throw new Finding('An abort encloses something else.')
  const vkey = nodeKey(keys.mpcNodes, failure.body.index)
  openRecordOfAll(note, origin, 'failure', [vkey], { verify })
}

function repositoryKey(keys: AuditKeys, name: string): string {
  const vkey = keys.repositories.find((key) => parseVerifierKey(key).name === name)
  if (vkey === undefined) throw new Finding(`The topology has no repository "${name}".`)
  return vkey
}

function nodeKey(vkeys: readonly string[], index: number): string {
  const vkey = vkeys[index - 1]
  if (vkey === undefined) throw new Finding(`The topology has no node ${index}.`)
  return vkey
}
