import { jobContext } from '../../../protocol/job-context.ts'
/**
 * A small ledger with every kind of entry, all consistent, which tests then break: two dataset
 * versions, an attempt that was aborted, and one that was completed.
 *
 * `edit` changes a body before it is signed; what refers to it by hash is made from the changed one, so
 * that only the check that the test is about can notice.
 */
import { memoryFiles } from '../../../protocol/ledger/files.ts'
import { Log } from '../../../protocol/ledger/log.ts'
import { parseVerifierKey } from '../../../protocol/ledger/note.ts'
import {
  type CompletionBody,
  inputRoots,
  type JobStartBody,
  jsonHash,
  type LedgerRecord,
  noteHash,
  outputRoot,
  type RecordBodies,
  type RecordKind,
  type ReceiptBody,
  type ReportBody,
  schemaHash,
  signRecord,
  type VersionBody,
  type VersionPart,
} from '../../../protocol/ledger/records.ts'

import { hash } from './hash.ts'
import { JOB, KEYS, ORIGIN, PARAMS, PLAN, SCHEMA, TRAFFIC, value } from './sample.ts'

/** Which record of its kind is being made: attempt, version or index of the node. */
export interface Making {
  readonly attempt?: number
  readonly version?: number
  readonly node?: number
}

export type Edit = <K extends RecordKind>(
  kind: K,
  body: RecordBodies[K],
  making: Making,
) => RecordBodies[K]

export interface SampleOptions {
  readonly edit?: Edit
  /** Changes the list of notes before they are entered. */
  readonly reorder?: (notes: readonly SampleNote[]) => readonly SampleNote[]
  /** Notes a call of append. Default: all at once. */
  readonly batch?: number
}

export interface SampleNote {
  readonly kind: RecordKind
  readonly making: Making
  readonly note: string
}

export interface SampleLedger {
  readonly files: ReturnType<typeof memoryFiles>
  readonly notes: readonly SampleNote[]
  /** One of each kind and more, as they were signed. */
  readonly records: readonly LedgerRecord[]
  /** Signed checkpoints, after each batch. */
  readonly checkpoints: readonly string[]
}

const skeyOf = (pair: { readonly skey: string }): string => pair.skey

export async function sampleLedger(options: SampleOptions = {}): Promise<SampleLedger> {
  const notes: SampleNote[] = []
  const records: LedgerRecord[] = []
  const edit: Edit = options.edit ?? ((_kind, body) => body)
  const make = <K extends RecordKind>(
    kind: K,
    original: RecordBodies[K],
    skeys: readonly string[],
    making: Making = {},
  ): { readonly body: RecordBodies[K]; readonly note: string } => {
    const body = edit(kind, original, making)
    records.push({ kind, body } as LedgerRecord)
    return { body, note: signRecord(ORIGIN, kind, body, skeys) }
  }
  const enter = (kind: RecordKind, note: string, making: Making = {}): string => {
    notes.push({ kind, note, making })
    return note
  }

  const repositories = KEYS.repositories.map(({ vkey }) => parseVerifierKey(vkey).name)
  const schemaBody = { repositories, schema: SCHEMA }
  const schema = make('schema', schemaBody, KEYS.repositories.map(skeyOf))
  enter('schema', schema.note)

  const parts: VersionPart[] = []
  const versions: VersionBody[] = []
  const versionNotes: string[] = []
  for (const [at, repository] of repositories.entries()) {
    const version = at + 1
    const { chunks, rowsPerMember } =
      version === 1
        ? { chunks: [100], rowsPerMember: [[1, 100]] as const }
        : { chunks: [50], rowsPerMember: PARAMS.dataset.rowsPerMember }
    const importId = `import-${version}`
    const pinned = schemaHash(schema.body.schema)
    const receipts = KEYS.shareNodes.map((pair, i) => {
      const body: ReceiptBody = {
        dataset: SCHEMA.dataset,
        importId,
        repository,
        node: i + 1,
        schemaHash: pinned,
        chunks,
        members: value(50 + version),
        root: value(60 + 10 * version + i),
      }
      const making = { version, node: i + 1 }
      const receipt = make('receipt', body, [pair.skey], making)
      enter('receipt', receipt.note, making)
      return receipt
    })
    parts.push({
      repository,
      importId,
      chunks,
      members: value(50 + version),
      roots: receipts.map(({ body }) => body.root),
      receipts: receipts.map(({ note }) => noteHash(note)),
    })
    const body: VersionBody = {
      dataset: SCHEMA.dataset,
      version,
      importer: repository,
      schemaHash: pinned,
      parts: [...parts],
      rowsPerMember,
    }
    const made = make('version', body, [KEYS.repositories[at]!.skey], { version })
    enter('version', made.note, { version })
    versions.push(made.body)
    versionNotes.push(made.note)
  }

  const request = make(
    'job-request',
    {
      sql: 'SELECT COUNT(*) FROM trips',
      purpose: 'planning',
      datasets: [
        {
          name: 'trips',
          version: 2,
          schemaHash: schemaHash(schema.body.schema),
          versionNote: noteHash(versionNotes[1]!),
        },
      ],
      resultKey: value(90),
      nonce: value(91),
      expiry: 1_800_000_000,
      grant: '',
    },
    [KEYS.querier.skey],
  )
  const startBody = (attempt: number): JobStartBody => ({
    job: JOB,
    attempt,
    time: 1_799_999_999,
    request: noteHash(request.note),
    requestNote: request.note,
    plan: jsonHash(PLAN),
    planParams: PARAMS,
    params: jsonHash(PARAMS),
    inputs: [{ dataset: 'trips', version: 2, roots: inputRoots(versions[1]!, hash) }],
    committee: KEYS.mpcNodes.map(({ vkey }, i) => ({ i: i + 1, vkey })),
    keys: [value(100), value(101), value(102)],
    nonces: [value(110 + attempt), value(120 + attempt), value(130 + attempt)],
  })

  const aborted = make('job-start', startBody(1), [KEYS.coordinator.skey], { attempt: 1 })
  enter('job-start', aborted.note, { attempt: 1 })
  const failure = make(
    'failure',
    { job: JOB, attempt: 1, index: 2, code: 'SH_ROUND_TIMEOUT', blamed: 'mpc-3', round: 4 },
    [KEYS.mpcNodes[1]!.skey],
    { attempt: 1 },
  )
  const abort = make(
    'abort',
    {
      job: JOB,
      attempt: 1,
      code: 'SH_ROUND_TIMEOUT',
      reason: 'mpc-3 did not answer',
      blamed: 'mpc-3',
      report: failure.note,
    },
    [KEYS.coordinator.skey],
    { attempt: 1 },
  )
  enter('abort', abort.note, { attempt: 1 })

  const start = make('job-start', startBody(2), [KEYS.coordinator.skey], { attempt: 2 })
  enter('job-start', start.note, { attempt: 2 })
  const reports = KEYS.mpcNodes.map((pair, i) => {
    const making = { attempt: 2, node: i + 1 }
    const report = make('report', reportBody(start.body, i + 1), [pair.skey], making)
    enter('report', report.note, making)
    return report
  })
  const completionBody: CompletionBody = {
    job: JOB,
    attempt: 2,
    mode: 'passive',
    t: 1,
    committee: start.body.committee,
    start: noteHash(start.note),
    plan: start.body.plan,
    params: start.body.params,
    inputs: start.body.inputs,
    keys: start.body.keys,
    software: value(140),
    reports: reports.map(({ note }) => noteHash(note)),
    output: outputRoot(
      reports.map(({ body }) => body.sealedOutput),
      hash,
    ),
  }
  const completion = make('completion', completionBody, KEYS.mpcNodes.map(skeyOf), { attempt: 2 })
  enter('completion', completion.note, { attempt: 2 })

  const entered = options.reorder?.(notes) ?? notes
  const files = memoryFiles()
  const log = await Log.open({ files, skey: KEYS.log.skey, hash })
  const checkpoints: string[] = [log.checkpoint]
  const batch = options.batch ?? entered.length
  for (let at = 0; at < entered.length; at += batch) {
    const { checkpoint } = await log.append(entered.slice(at, at + batch).map(({ note }) => note))
    checkpoints.push(checkpoint)
  }
  return { files, notes: entered, records, checkpoints }
}

function reportBody(start: JobStartBody, index: number): ReportBody {
  const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
  const context = jobContext({
    signedQuery: new TextEncoder().encode(start.requestNote),
    planHash: bytes(start.plan),
    paramsHash: bytes(start.params),
    inputRoots: start.inputs.flatMap(({ roots }) => roots.map(bytes)),
    committee: start.committee.map(({ vkey }) => vkey),
    attempt: start.attempt,
    nonces: start.nonces.map(bytes),
  })
  const traffic = (from: number, to: number) => ({ ...TRAFFIC, root: value(200 + 10 * from + to) })
  return {
    job: start.job,
    attempt: start.attempt,
    index,
    jobContext: Buffer.from(context).toString('hex'),
    plan: start.plan,
    params: start.params,
    software: value(140),
    peers: [1, 2, 3]
      .filter((peer) => peer !== index)
      .map((peer) => ({ peer, sent: traffic(index, peer), received: traffic(peer, index) })),
    sealedOutput: value(150 + index),
  }
}
