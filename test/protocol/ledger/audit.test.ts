import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'

import { audit, type AuditInput, type AuditReport } from '../../../protocol/ledger/audit.ts'
import { memoryFiles } from '../../../protocol/ledger/files.ts'
import { Log } from '../../../protocol/ledger/log.ts'
import { keyFromSeed, type VerifySignature, verifyEd25519 } from '../../../protocol/ledger/note.ts'
import {
  type CompletionBody,
  type JobStartBody,
  jsonHash,
  noteHash,
  type RecordBodies,
  type RecordKind,
  type ReportBody,
  schemaHash,
  signRecord,
} from '../../../protocol/ledger/records.ts'
import { PLANNER_VERSION } from '../../../protocol/sql/planner-version.ts'
import type { Schema } from '../../../shares/schema.ts'

import { hash } from './hash.ts'
import {
  type Edit,
  type Making,
  sampleLedger,
  type SampleLedger,
  type SampleNote,
  type SampleOptions,
} from './sample-ledger.ts'
import { JOB, KEYS, ORIGIN, PARAMS, PLAN, SCHEMA, TRAFFIC, value } from './sample.ts'

/** Verifies each signature once. */
const memory = new Map<string, boolean>()
const verify: VerifySignature = (signature, message, publicKey) => {
  const key = [signature, message, publicKey].map((b) => Buffer.from(b).toString('latin1')).join()
  const known = memory.get(key) ?? verifyEd25519(signature, message, publicKey)
  memory.set(key, known)
  return known
}

const vkeyOf = ({ vkey }: { readonly vkey: string }) => vkey
const keys = {
  log: KEYS.log.vkey,
  coordinator: KEYS.coordinator.vkey,
  shareNodes: KEYS.shareNodes.map(vkeyOf),
  mpcNodes: KEYS.mpcNodes.map(vkeyOf),
  repositories: KEYS.repositories.map(vkeyOf),
  queriers: [KEYS.querier.vkey],
}
const pairs = [1, 2, 3].flatMap((from) =>
  [1, 2, 3].filter((to) => to !== from).map((to) => Object.assign({ from, to }, TRAFFIC)),
)
const input = (ledger: Pick<SampleLedger, 'files'>): AuditInput => ({
  files: ledger.files,
  keys,
  hash,
  verify,
  compile: () => PLAN,
  schedule: () => pairs,
})

/** Edits the body of one record. */
function editing<K extends RecordKind>(
  kind: K,
  making: Making,
  change: (body: RecordBodies[K]) => Partial<RecordBodies[K]>,
): Edit {
  return ((made: RecordKind, body: RecordBodies[K], at: Making) => {
    const here =
      made === kind && Object.entries(making).every(([name, n]) => Reflect.get(at, name) === n)
    return here ? { ...body, ...change(body) } : body
  }) as Edit
}

async function auditOf(options: SampleOptions, more: Partial<AuditInput> = {}) {
  return audit({ ...input(await sampleLedger(options)), ...more })
}

function failures(report: AuditReport): string[] {
  return report.items.filter(({ ok }) => !ok).map(({ id }) => id)
}

describe('audit of a sound ledger', () => {
  let ledger: SampleLedger
  beforeAll(async () => {
    ledger = await sampleLedger({ batch: 4 })
  })

  it('passes every check and leaves none out', async () => {
    const report = await audit({ ...input(ledger), since: ledger.checkpoints[1] })
    expect(failures(report)).toEqual([])
    expect(report.ok).toBe(true)
    expect(report.firstFailure).toBeUndefined()
    expect(report.items.filter(({ skipped }) => skipped)).toEqual([])
    expect(report.items.map(({ id }) => id)).toEqual([
      'checkpoint',
      'tree',
      'since',
      'entries',
      'chain',
      'signatures',
      'dataset/trips/1',
      'dataset/trips/2',
      'job/job-1/1/order',
      'job/job-1/1/abort',
      'job/job-1/1/request',
      'job/job-1/1/start',
      'job/job-1/1/plan',
      'job/job-1/2/order',
      'job/job-1/2/request',
      'job/job-1/2/start',
      'job/job-1/2/plan',
      'job/job-1/2/completion',
      'job/job-1/2/reports',
      'job/job-1/2/traffic',
      'job/job-1/2/schedule',
      'job/job-1/2/output',
    ])
    expect(report.attempts).toEqual([
      { job: JOB, attempt: 1, outcome: 'aborted', entry: 10 },
      { job: JOB, attempt: 2, outcome: 'completed', entry: 15 },
    ])
    expect(report.checkpoint).toMatchObject({ size: 16, signed: ledger.checkpoints.at(-1) })
  })

  it('says what it left out', async () => {
    const report = await audit({ files: ledger.files, keys, hash, verify })
    expect(report.ok).toBe(true)
    expect(report.items.filter(({ skipped }) => skipped).map(({ id }) => id)).toEqual([
      'since',
      'job/job-1/1/plan',
      'job/job-1/2/plan',
      'job/job-1/2/schedule',
    ])
  })

  it('looks at one job when asked to', async () => {
    const report = await audit({ ...input(ledger), job: JOB })
    expect(report.ok).toBe(true)
    expect(report.attempts).toHaveLength(2)
    expect(failures(await audit({ ...input(ledger), job: 'other' }))).toEqual(['job'])
  })

  it('passes an empty ledger', async () => {
    const files = memoryFiles()
    await Log.open({ files, skey: KEYS.log.skey, hash })
    expect((await audit(input({ files }))).ok).toBe(true)
  })

  it('accepts every earlier checkpoint', async () => {
    for (const since of ledger.checkpoints) {
      expect((await audit({ ...input(ledger), since })).ok).toBe(true)
    }
  })
})

describe('audit against an earlier checkpoint', () => {
  it('notices truncation', async () => {
    const whole = await sampleLedger()
    const short = await sampleLedger({ reorder: (notes) => notes.slice(0, -1) })
    expect((await audit(input(short))).ok).toBe(true)
    const report = await audit({ ...input(short), since: whole.checkpoints.at(-1) })
    expect(failures(report)).toEqual(['since'])
    expect(report.firstFailure?.detail).toContain('had 16 entries and now has 15')
  })

  it('notices a rewritten past of the same and of greater length', async () => {
    const old = await sampleLedger()
    const swap = (notes: readonly SampleNote[]) => [
      notes[0]!,
      notes[2]!,
      notes[1]!,
      ...notes.slice(3),
    ]
    const rewritten = await sampleLedger({ reorder: swap })
    expect((await audit(input(rewritten))).ok).toBe(true)
    for (const since of [
      old.checkpoints.at(-1),
      (await sampleLedger({ batch: 3 })).checkpoints[1],
    ]) {
      const report = await audit({ ...input(rewritten), since })
      expect(failures(report)).toEqual(['since'])
      expect(report.firstFailure?.detail).toContain('fork')
    }
  })

  it('refuses a checkpoint that the log did not sign', async () => {
    const ledger = await sampleLedger()
    const other = keyFromSeed(ORIGIN, new Uint8Array(32).fill(99))
    const files = memoryFiles()
    const { checkpoint } = await Log.open({ files, skey: other.skey, hash })
    expect(failures(await audit({ ...input(ledger), since: checkpoint }))).toEqual(['since'])
    expect(failures(await audit({ ...input(ledger), since: 'nonsense' }))).toEqual(['since'])
  })
})

describe('audit of files', () => {
  it('notices every missing, cut, lengthened or swapped file', async () => {
    const { files } = await sampleLedger()
    const paths = await files.list('')
    expect(paths.toSorted()).toEqual(['checkpoint', 'tile/0/000.p/16', 'tile/entries/000.p/16'])
    for (const path of paths) {
      const good = (await files.read(path))!
      const broken = [undefined, good.subarray(0, -1), Uint8Array.of(...good, 0), new Uint8Array(0)]
      for (const bad of broken) {
        if (bad === undefined) await files.remove(path)
        else await files.write(path, bad)
        const report = await audit(input({ files }))
        expect(report.ok, path).toBe(false)
        expect(report.attempts).toEqual([])
      }
      await files.write(path, good)
    }
    expect((await audit(input({ files }))).ok).toBe(true)
  })

  it('notices a flipped bit (a sample; all of them: bit-flip.slow.test.ts)', async () => {
    const { files } = await sampleLedger()
    const paths = await files.list('')
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.nat(), async (path, n) => {
        const good = (await files.read(path))!
        const bit = n % (good.length * 8)
        await files.write(path, good.with(bit >> 3, good[bit >> 3]! ^ (1 << (bit & 7))))
        expect((await audit(input({ files }))).ok).toBe(false)
        await files.write(path, good)
      }),
    )
  })

  it('notices a changed tile above the leaves', async () => {
    const files = memoryFiles()
    const log = await Log.open({ files, skey: KEYS.log.skey, hash })
    const [schema] = (await sampleLedger()).notes
    await log.append(Array.from({ length: 300 }, () => schema!.note))
    expect((await audit(input({ files }))).ok).toBe(true)
    const path = 'tile/1/000.p/1'
    const good = (await files.read(path))!
    await files.write(path, good.with(0, good[0]! ^ 1))
    expect(failures(await audit(input({ files })))).toEqual(['tree'])
  })

  it('reports a source of files that fails', async () => {
    const broken = { read: () => Promise.reject(new Error('no route to host')) }
    const report = await audit({ ...input(await sampleLedger()), files: broken })
    expect(failures(report)).toEqual(['checkpoint'])
    expect(report.firstFailure?.detail).toContain('no route')
  })

  it('ends with the first failure if asked to', async () => {
    const edit = editing('version', { version: 2 }, () => ({ rowsPerMember: [[1, 1]] as const }))
    const report = await auditOf({ edit }, { stopAtFirst: true })
    expect(report.items.at(-1)).toEqual(report.firstFailure)
    expect(report.firstFailure?.id).toBe('dataset/trips/2')
  })
})

describe('audit of signatures', () => {
  const stranger = keyFromSeed('stranger', new Uint8Array(32).fill(98))

  it.each(
    Object.entries(KEYS).flatMap(([role, pair]) =>
      (Array.isArray(pair) ? pair : [pair]).map((one, i) => [role, i, one] as const),
    ),
  )('needs the registered key: %s %i', async (role, i, pair) => {
    const ledger = await sampleLedger()
    const forged = keyFromSeed(pair.vkey.split('+')[0]!, new Uint8Array(32).fill(97)).vkey
    const name = role === 'querier' ? 'queriers' : role
    const found: unknown = Reflect.get(keys, name)
    const replaced: unknown = Array.isArray(found) ? found.with(i, forged) : forged
    const report = await audit({ ...input(ledger), keys: { ...keys, [name]: replaced } })
    expect(report.firstFailure?.id).toBe(role === 'log' ? 'checkpoint' : 'signatures')
  })

  const wrong: [string, RecordKind, readonly string[]][] = [
    ['a schema that one repository has not signed', 'schema', [KEYS.repositories[0]!.skey]],
    ['a receipt of another share-node', 'receipt', [KEYS.shareNodes[2]!.skey]],
    ['a version of another repository', 'version', [KEYS.repositories[1]!.skey]],
    ['a start by a node', 'job-start', [KEYS.mpcNodes[0]!.skey]],
    ['a report of another node', 'report', [KEYS.mpcNodes[2]!.skey]],
    [
      'a completion that one node has not signed',
      'completion',
      KEYS.mpcNodes.slice(1).map((k) => k.skey),
    ],
    ['an abort by a node', 'abort', [KEYS.mpcNodes[0]!.skey]],
    ['a stranger beside the coordinator', 'abort', [KEYS.coordinator.skey, stranger.skey]],
  ]
  it.each(wrong)('refuses %s', async (_name, kind, skeys) => {
    const { records } = await sampleLedger()
    const record = records.find((one) => one.kind === kind)!
    const bad = signRecord(ORIGIN, kind, record.body as never, skeys)
    let at = -1
    const reorder = (notes: readonly SampleNote[]) => {
      at = notes.findIndex((one) => one.kind === kind)
      return notes.with(at, { ...notes[at]!, note: bad })
    }
    const report = await auditOf({ reorder })
    expect(failures(report)).toEqual(['signatures'])
    expect(report.firstFailure?.entry).toBe(at)
  })

  it('refuses an entry that is no record', async () => {
    const { skey } = keyFromSeed(ORIGIN, new Uint8Array(32).fill(1))
    const note = signRecord('elsewhere.example', 'abort', abortBody, [skey])
    const reorder = (notes: readonly SampleNote[]) => [
      ...notes,
      { kind: 'abort', making: {}, note } as const,
    ]
    expect(failures(await auditOf({ reorder }))).toEqual(['signatures'])
  })

  it('refuses a request by someone who is not registered', async () => {
    const edit: Edit = (kind, body, making) =>
      kind === 'job-start' && making.attempt === 2 ? forge(body) : body
    const forge = <T>(body: T): T => {
      const { requestNote } = body as JobStartBody
      const { datasets } = JSON.parse(requestNote.split('\n')[1]!) as RecordBodies['job-request']
      const own = { ...requestBody, datasets }
      const note = signRecord(ORIGIN, 'job-request', own, [stranger.skey])
      return { ...body, requestNote: note, request: noteHash(note) }
    }
    expect(failures(await auditOf({ edit }))).toEqual(['signatures'])
  })

  it('refuses a failure inside an abort that its node has not signed', async () => {
    const failure = { job: JOB, attempt: 1, index: 1, code: 'SH_X', blamed: '', round: -1 }
    const note = signRecord(ORIGIN, 'failure', failure, [KEYS.mpcNodes[1]!.skey])
    const edit = editing('abort', {}, () => ({ report: note }))
    expect(failures(await auditOf({ edit }))).toEqual(['signatures'])
  })
})

const abortBody = { job: JOB, attempt: 9, code: 'SH_X', reason: '', blamed: '', report: '' }
const requestBody = {
  sql: 'SELECT 1',
  purpose: 'planning',
  datasets: [{ name: 'trips', version: 2, schemaHash: schemaHash(SCHEMA), versionNote: value(3) }],
  resultKey: value(1),
  nonce: value(2),
  expiry: 1_800_000_000,
  grant: '',
}

describe('audit of datasets', () => {
  const one = { version: 1 }
  const two = { version: 2 }
  const cases: [string, string[], SampleOptions][] = [
    [
      'a receipt about other shares',
      ['dataset/trips/1', 'dataset/trips/2'],
      {
        edit: editing('version', one, ({ parts }) => ({
          parts: [{ ...parts[0]!, members: value(1) }],
        })),
      },
    ],
    [
      'a version before its receipts',
      ['dataset/trips/1'],
      {
        reorder: (notes) => [
          notes[0]!,
          notes[1]!,
          notes[2]!,
          notes[4]!,
          notes[3]!,
          ...notes.slice(5),
        ],
      },
    ],
    [
      'a number that is not the next',
      ['dataset/trips/3'],
      { edit: editing('version', two, () => ({ version: 3 })) },
    ],
    [
      'another repository’s part dropped',
      ['dataset/trips/2'],
      {
        edit: editing('version', two, ({ parts }) => ({
          parts: parts.slice(1),
          rowsPerMember: [[1, 50]] as const,
        })),
      },
    ],
    [
      'an import counted twice',
      ['dataset/trips/2'],
      {
        edit: editing('version', two, ({ parts }) => ({
          parts: [...parts, parts[1]!],
          rowsPerMember: [[1, 200]] as const,
        })),
      },
    ],
    [
      'rows by member that do not add up',
      ['dataset/trips/2'],
      { edit: editing('version', two, () => ({ rowsPerMember: [[1, 149]] as const })) },
    ],
    [
      'a schema that nobody signed',
      ['dataset/trips/2'],
      { edit: editing('version', two, () => ({ schemaHash: value(1) })) },
    ],
    [
      'a receipt for a schema of another hash',
      ['dataset/trips/1', 'dataset/trips/2'],
      { edit: editing('receipt', { version: 1, node: 2 }, () => ({ schemaHash: value(1) })) },
    ],
    [
      'a receipt for another import',
      ['dataset/trips/2'],
      { edit: editing('receipt', { version: 2, node: 3 }, () => ({ importId: 'other' })) },
    ],
  ]
  it.each(cases)('notices %s', async (_name, expected, options) => {
    const found = failures(await auditOf(options)).filter((id) => id.startsWith('dataset/'))
    expect(found).toEqual(expected)
  })
})

describe('audit of jobs', () => {
  const start = (change: (body: JobStartBody) => Partial<JobStartBody>) => ({
    edit: editing('job-start', { attempt: 2 }, change),
  })
  const completion = (change: (body: CompletionBody) => Partial<CompletionBody>) => ({
    edit: editing('completion', {}, change),
  })
  const report = (node: number, change: (body: ReportBody) => Partial<ReportBody>) => ({
    edit: editing('report', { node }, change),
  })
  const move = (kind: RecordKind, to: (notes: readonly SampleNote[]) => number) => ({
    reorder: (notes: readonly SampleNote[]) => {
      const at = notes.findLastIndex((one) => one.kind === kind)
      const rest = notes.toSpliced(at, 1)
      return rest.toSpliced(to(rest), 0, notes[at]!)
    },
  })
  const drop = (kind: RecordKind) => ({
    reorder: (notes: readonly SampleNote[]) =>
      notes.toSpliced(
        notes.findLastIndex((one) => one.kind === kind),
        1,
      ),
  })
  const twice = (kind: RecordKind) => ({
    reorder: (notes: readonly SampleNote[]) => [...notes, notes.findLast((n) => n.kind === kind)!],
  })
  const sentTo = (body: ReportBody, peer: number, change: object) => ({
    peers: body.peers.map((row) =>
      row.peer === peer ? { ...row, sent: { ...row.sent, ...change } } : row,
    ),
  })
  const otherParams = { ...PARAMS, chunksInFlight: 1 }

  const cases: [string, string[], SampleOptions][] = [
    ['a start that was entered twice', ['order'], twice('job-start')],
    ['a completion that was entered twice', ['order'], twice('completion')],
    ['a report that was entered twice', ['order', 'reports', 'output'], twice('report')],
    ['a completion before the reports', ['order'], move('completion', (rest) => rest.length - 3)],
    ['a completion before the start', ['order'], move('completion', () => 11)],
    ['a job that was never started', ['order'], drop('job-start')],
    ['a missing report', ['reports', 'traffic', 'output'], drop('report')],

    ['a request that had expired', ['request'], start(() => ({ time: 1_800_000_001 }))],
    ['another request hash', ['request'], start(() => ({ request: value(1) }))],

    [
      'another committee',
      ['start'],
      start(({ committee }) => ({
        committee: committee.with(0, { i: 1, vkey: KEYS.shareNodes[0]!.vkey }),
      })),
    ],
    ['planParams of another hash', ['start'], start(() => ({ planParams: otherParams }))],
    [
      'planParams of another committee size',
      ['start', 'completion'],
      start(() => {
        const planParams = { ...PARAMS, committee: { n: 5, t: 2 } }
        return { planParams, params: jsonHash(planParams) }
      }),
    ],
    [
      'planParams of other row counts',
      ['start'],
      start(() => {
        const planParams = { ...PARAMS, dataset: { ...PARAMS.dataset, chunks: [150] } }
        return { planParams, params: jsonHash(planParams) }
      }),
    ],
    [
      'planParams of another dataset',
      ['start', 'plan'],
      start(() => {
        const planParams = { ...PARAMS, dataset: { ...PARAMS.dataset, name: 'other' } }
        return { planParams, params: jsonHash(planParams) }
      }),
    ],
    [
      'inputs of another version',
      ['start'],
      start(({ inputs }) => ({
        inputs: [{ ...inputs[0]!, version: 1 }],
      })),
    ],
    [
      'other input roots',
      ['start'],
      start(({ inputs }) => ({
        inputs: [{ ...inputs[0]!, roots: inputs[0]!.roots.toReversed() }],
      })),
    ],
    [
      'a key commitment too many',
      ['start'],
      start(() => ({
        keys: Array.from({ length: 10 }, () => value(1)),
      })),
    ],

    ['another plan', ['plan'], start(() => ({ plan: value(1) }))],
    [
      'another plan of the same planner',
      ['plan'],
      start(() => ({ plan: value(1), planner: PLANNER_VERSION })),
    ],

    ['a completion of another start', ['completion'], completion(() => ({ start: value(1) }))],
    [
      'a completion of another plan',
      ['completion', 'reports'],
      completion(() => ({ plan: value(1) })),
    ],
    [
      'a completion of other params',
      ['completion', 'reports'],
      completion(() => ({ params: value(1) })),
    ],
    [
      'a completion with other inputs',
      ['completion'],
      completion(({ inputs }) => ({
        inputs: [{ ...inputs[0]!, version: 1 }],
      })),
    ],
    [
      'a completion with other keys',
      ['completion'],
      completion(({ keys: own }) => ({ keys: own.toReversed() })),
    ],
    [
      'a completion of another committee',
      ['completion'],
      completion(({ committee }) => ({
        committee: committee.with(0, { i: 1, vkey: 'x' }),
      })),
    ],
    ['a completion with another threshold', ['completion'], completion(() => ({ t: 2 }))],
    [
      'a completion that names another report',
      ['reports'],
      completion(({ reports }) => ({
        reports: reports.with(1, value(1)),
      })),
    ],
    ['a completion of other software', ['reports'], completion(() => ({ software: value(1) }))],
    ['another output root', ['output'], completion(() => ({ output: value(1) }))],

    ['a report of another context', ['reports'], report(2, () => ({ jobContext: value(1) }))],
    ['a report of another plan', ['reports'], report(2, () => ({ plan: value(1) }))],
    ['a report of other params', ['reports'], report(2, () => ({ params: value(1) }))],
    ['a report of other software', ['reports'], report(3, () => ({ software: value(1) }))],
    [
      'a report on a peer that is none',
      ['reports', 'traffic', 'schedule'],
      report(1, ({ peers }) => ({
        peers: [peers[0]!, { ...peers[1]!, peer: 5 }],
      })),
    ],
    [
      'another transcript root',
      ['traffic'],
      report(1, (body) => sentTo(body, 2, { root: value(1) })),
    ],
    [
      'another number of messages',
      ['traffic', 'schedule'],
      report(1, (body) => sentTo(body, 3, { messages: 5 })),
    ],
    [
      'another number of bytes',
      ['traffic', 'schedule'],
      report(3, (body) => sentTo(body, 1, { bytes: 319 })),
    ],
  ]
  it.each(cases)('notices %s', async (_name, expected, options) => {
    const found = failures(await auditOf(options))
    const checks = found
      .filter((id) => id.startsWith(`job/${JOB}/2/`))
      .map((id) => id.split('/')[3])
    expect(checks).toEqual(expected)
    expect(found).toHaveLength(expected.length)
  })

  it('notices traffic that both sides report but the plan does not demand', async () => {
    const schedule = () => pairs.with(0, { ...pairs[0]!, bytes: 1 })
    expect(failures(await auditOf({}, { schedule }))).toEqual(['job/job-1/2/schedule'])
    expect(failures(await auditOf({}, { schedule: () => [] }))).toEqual(['job/job-1/2/schedule'])
  })

  it('says which planner made a plan that it cannot make again, and does not confirm it', async () => {
    const detailOf = async (planner: object, compile?: () => typeof PLAN): Promise<string> => {
      const edit = start(() => ({ plan: value(1), ...planner }))
      const report = await auditOf(edit, compile === undefined ? {} : { compile })
      const item = report.items.find(({ id }) => id === `job/${JOB}/2/plan`)!
      expect(item.ok).toBe(false)
      return item.detail
    }
    const refuse = () => {
      throw new Error('cannot be planned')
    }
    const own = { planner: PLANNER_VERSION }
    const next = { planner: PLANNER_VERSION + 1 }
    expect(await detailOf({})).toMatch(/^SH_AUDIT_PLANNER: .*planner version 1;/u)
    expect(await detailOf(next)).toContain(`planner version ${PLANNER_VERSION + 1}; this is`)
    expect(await detailOf(next, refuse)).toContain('SH_AUDIT_PLANNER')
    expect(await detailOf(own)).toBe('It compiles to a plan with another hash.')
    expect(await detailOf(own, refuse)).toBe('cannot be planned')
    // A plan that comes out the same is confirmed, whoever made it.
    const same = await auditOf(start(() => next))
    expect(failures(same)).toEqual([])
  })

  it('hands SQL, schemas and planParams to the compiler, and reports its refusal', async () => {
    const calls: [string, readonly Schema[], unknown][] = []
    const compile = (sql: string, schemas: readonly Schema[], params: unknown) => {
      calls.push([sql, schemas, params])
      return Promise.resolve(PLAN)
    }
    expect((await auditOf({}, { compile })).ok).toBe(true)
    expect(calls[1]).toEqual(['SELECT COUNT(*) FROM trips', [SCHEMA], PARAMS])
    const refuse = () => {
      throw new Error('cannot be planned')
    }
    const report = await auditOf({}, { compile: refuse })
    expect(failures(report)).toEqual(['job/job-1/1/plan', 'job/job-1/2/plan'])
    expect(report.items.find(({ id }) => id.endsWith('2/schedule'))).toMatchObject({
      skipped: true,
    })
  })

  it('notices requests for what is not there', async () => {
    const asked = (change: Partial<RecordBodies['job-request']>) =>
      auditOf({ edit: editing('job-request', {}, () => change) })
    const both = ['job/job-1/1/request', 'job/job-1/2/request']
    expect(failures(await asked({ purpose: 'marketing' }))).toEqual(both)
    for (const wrong of [
      { schemaHash: value(1) },
      { version: 3 },
      { name: 'other' },
      { versionNote: value(3) },
    ]) {
      const report = await auditOf({
        edit: editing('job-request', {}, ({ datasets }) => ({
          datasets: [{ ...datasets[0]!, ...wrong }],
        })),
      })
      expect(failures(report)).toEqual(expect.arrayContaining(both))
    }
  })

  it('notices a request that is run again, and one with a used nonce', async () => {
    const again = (body: Partial<JobStartBody>, edit?: Partial<RecordBodies['job-request']>) =>
      auditOf({
        reorder: (notes) => {
          const first = notes.find(({ kind }) => kind === 'job-start')!
          const old = JSON.parse(first.note.split('\n')[1]!) as JobStartBody
          const asked = JSON.parse(old.requestNote.split('\n')[1]!) as RecordBodies['job-request']
          const request =
            edit === undefined
              ? old.requestNote
              : signRecord(ORIGIN, 'job-request', { ...asked, ...edit }, [KEYS.querier.skey])
          const changed = { ...old, ...body, requestNote: request, request: noteHash(request) }
          const note = signRecord(ORIGIN, 'job-start', changed, [KEYS.coordinator.skey])
          return [...notes, { kind: 'job-start', making: {}, note }]
        },
      })
    expect(failures(await again({ job: 'job-2', attempt: 1 }))).toEqual(['job/job-2/1/request'])
    expect(failures(await again({ attempt: 3 }))).toEqual(['job/job-1/3/order'])
    const second = { job: 'job-2', attempt: 1 }
    expect(failures(await again(second, { sql: 'SELECT 1' }))).toEqual(['job/job-2/1/request'])
    const fresh = { sql: 'SELECT 1', nonce: value(2) }
    expect(failures(await again(second, fresh))).toEqual([])
  })

  it('notices a nonce too many', async () => {
    const edit = editing('job-start', { attempt: 1 }, ({ nonces }) => ({
      nonces: [...nonces, value(1), value(2)],
    }))
    expect(failures(await auditOf({ edit }))).toEqual(['job/job-1/1/start'])
  })

  it('notices a failure inside an abort that is about another attempt', async () => {
    const edit = editing('failure', {}, () => ({ attempt: 2 }))
    expect(failures(await auditOf({ edit }))).toEqual(['job/job-1/1/abort'])
  })

  it('lists an attempt that has not ended', async () => {
    const report = await auditOf({ reorder: (notes) => notes.slice(0, 13) })
    expect(report.ok).toBe(true)
    expect(report.attempts.at(-1)).toEqual({
      job: JOB,
      attempt: 2,
      outcome: 'unfinished',
      entry: 11,
    })
  })
})
