import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'

import type { JobStatus } from '../../coordinator/api-types.ts'
import { ledgerKey, networkKeys } from '../../coordinator/client/network-keys.ts'
import { explainQuery } from '../../coordinator/client/querier.ts'
import { startCoordinator } from '../../coordinator/coordinator.ts'
import { hash } from '../../node/crypto.ts'
import { silent } from '../../node/log.ts'
import { ledgerDirectory } from '../../node/store/ledger-directory.ts'
import { jobIdOf } from '../../protocol/admission.ts'
import { audit } from '../../protocol/ledger/audit.ts'
import { Log } from '../../protocol/ledger/log.ts'
import { renameSignerKey } from '../../protocol/ledger/note.ts'
import { noteHash, peekRecord, signRecord } from '../../protocol/ledger/records.ts'
import { compile } from '../../protocol/sql/compile.ts'
import type { ShareholdError } from '../../shares/errors.ts'

import { after, hang, vanish } from './fake-nodes.ts'
import { requestNote, skey } from './fixture.ts'
import { openStage, type Stage } from './stage.ts'

const SQL = 'SELECT COUNT(*) AS rides FROM trips WHERE shared'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

const failure = (promise: Promise<unknown>): Promise<ShareholdError> =>
  promise.then(
    () => expect.unreachable(),
    (error: ShareholdError) => error,
  )

async function auditStage(): Promise<Awaited<ReturnType<typeof audit>>> {
  const { topology } = stage.paper
  const vkeys = (list: readonly { vkey: string }[]): string[] => list.map(({ vkey }) => vkey)
  return audit({
    files: { read: async (file) => (await stage.client.ledgerFile(file)) ?? undefined },
    keys: {
      log: ledgerKey(networkKeys(topology)),
      coordinator: topology.coordinator.vkey,
      shareNodes: vkeys(topology.shareNodes),
      mpcNodes: vkeys(topology.mpcNodes),
      repositories: vkeys(topology.repositories),
      queriers: vkeys(topology.queriers),
    },
    hash,
    compile: async (sql, schemas, params) => (await compile(sql, schemas, params)).plan,
  })
}

describe('a querier', () => {
  it('gets the opened answer, and the ledger stands an audit', async () => {
    // Every lane holds 1: enough members, and one ride.
    const asked = await stage.ask(SQL)
    expect(asked.answer).toEqual({
      columns: [{ name: 'rides', type: 'bigint' }],
      rows: [[{ text: '1' }]],
    })
    expect(asked.entry).toBe(4 + 1 + 3 + 1)
    const report = await auditStage()
    expect(report.items.filter(({ ok }) => !ok)).toEqual([])
    expect(report.attempts).toMatchObject([{ job: asked.job, outcome: 'completed' }])
  })

  it('can have several jobs at once', async () => {
    const asked = await Promise.all([stage.ask(SQL), stage.ask(SQL), stage.ask(SQL)])
    expect(new Set(asked.map(({ job }) => job)).size).toBe(3)
    expect(asked.map(({ answer }) => answer.rows)).toEqual(asked.map(() => [[{ text: '1' }]]))
  })

  it('is told who left, and the ledger too', async () => {
    const error = await failure(stage.ask(SQL, { at: { 'mpc-2': { done: vanish } } }))
    expect(error).toMatchObject({ code: 'SH_JOB_NODE_GONE', party: 'mpc-2' })
    await stage.nodes.revive()
    const report = await auditStage()
    expect(report.ok).toBe(true)
    expect(report.attempts.at(-1)).toMatchObject({ outcome: 'aborted' })
    expect((await stage.ask(SQL)).answer.rows).toHaveLength(1)
  })

  it('does not take lanes for an answer that cannot be one', async () => {
    // A cohort bit of 5 is no bit.
    const error = await failure(stage.ask(SQL, { lane: () => 5n }))
    expect(error.code).toBe('SH_ANSWER_INCONSISTENT')
  })

  it('finds out that output shares contradict each other', async () => {
    const lane = (name: string): bigint => (name === 'mpc-2' ? 2n : 1n)
    const error = await failure(stage.ask(SQL, { lane }))
    expect(error.code).toBe('SH_OUTPUT_INCONSISTENT')
  })

  it.each([
    ['SELECT COUNT(*) FROM rides', 'SH_CATALOGUE_UNKNOWN_DATASET'],
    ['SELECT COUNT(*) FROM trips WHERE fare > 2', 'SH_SQL_UNKNOWN_COLUMN'],
    ['SELECT seats FROM trips', 'SH_POLICY_ROW_VALUES'],
    ['SELEC', 'SH_SQL_SYNTAX'],
  ])('hears at once what is wrong with %s', async (sql, code) => {
    const entries = async (): Promise<number> => (await auditStage()).checkpoint!.size
    const before = await entries()
    expect(await failure(stage.ask(sql))).toMatchObject({ code })
    expect(await entries()).toBe(before)
  })

  it('can have a query explained without asking', async () => {
    const keys = networkKeys(stage.paper.topology)
    const explained = await explainQuery({ client: stage.client, keys, sql: SQL })
    expect(explained.cost.rounds.length).toBeGreaterThan(0)
    expect(explained.compiled.explain).toMatchObject({ dataset: 'trips', rows: 10, kMin: 2 })
  })

  it('is not fooled by another network’s keys', async () => {
    const { topology } = stage.paper
    const keys = networkKeys({ ...topology, repositories: topology.queriers })
    const error = await failure(explainQuery({ client: stage.client, keys, sql: SQL }))
    expect(error.code).toBe('SH_AUTH_SCHEMA')
  })
})

describe('requests', () => {
  it.each<[string, string, Parameters<typeof requestNote>[1]]>([
    ['with a purpose that nobody signed', 'SH_AUTH_PURPOSE', { purpose: 'marketing' }],
    ['that have expired', 'SH_AUTH_EXPIRED', { expiry: 1_000_000_000 }],
    ['that would never expire', 'SH_AUTH_EXPIRY', { expiry: 9_000_000_000 }],
    ['for another version', 'SH_AUTH_DATASET', { version: 2 }],
    ['by a repository', 'SH_AUTH_SIGNATURE', { signer: 'east' }],
    ['for single rows', 'SH_POLICY_ROW_VALUES', { sql: 'SELECT seats FROM trips' }],
  ])('%s are refused', async (_, code, edit) => {
    const note = requestNote(stage.paper, edit)
    expect(await failure(stage.client.submitJob(note))).toMatchObject({ code })
    // A refusal leaves no trace: the same text is refused for the same reason again.
    expect(await failure(stage.client.submitJob(note))).toMatchObject({ code })
  })

  it('are good for one job', async () => {
    stage.nodes.script = {}
    const nonce = '5a'.repeat(32)
    const note = requestNote(stage.paper, { nonce })
    const both = await Promise.allSettled([
      stage.client.submitJob(note),
      stage.client.submitJob(note),
    ])
    const refused = both.filter((one) => one.status === 'rejected')
    expect(refused).toHaveLength(1)
    expect(refused[0]!.reason).toMatchObject({ code: 'SH_JOB_DUPLICATE' })
    const other = requestNote(stage.paper, { nonce, sql: SQL })
    expect(await failure(stage.client.submitJob(other))).toMatchObject({ code: 'SH_AUTH_REPLAY' })
    const { job } = (both.find((one) => one.status === 'fulfilled') as { value: { job: string } })
      .value
    await stage.client.follow(job, () => {})
  })
})

describe('watching a job', () => {
  it('tells every change to everybody, and ends', async () => {
    stage.nodes.script = { at: { 'mpc-1': { done: after(300, async () => 'go on') } } }
    const { job } = await stage.client.submitJob(requestNote(stage.paper))
    const seen: JobStatus['state'][][] = [[], []]
    const ends = await Promise.all(
      seen.map((states) => stage.client.follow(job, ({ state }) => states.push(state))),
    )
    expect(ends.map(({ state }) => state)).toEqual(['done', 'done'])
    for (const states of seen) {
      expect(states).toContain('running')
      const order = ['preparing', 'running', 'signing', 'done', 'aborted']
      const places = states.map((state) => order.indexOf(state))
      expect(places).toEqual(places.toSorted((a, b) => a - b))
    }
  })

  it('that nobody knows closes the socket with its code', async () => {
    const url = stage.coordinator.http.replace('http', 'ws')
    const socket = new WebSocket(`${url}/v1/jobs/nothing/progress`)
    const [code, reason] = await new Promise<[number, string]>((resolve) => {
      socket.on('close', (closed, text) => resolve([closed, String(text)]))
    })
    expect([code, reason]).toEqual([4404, 'SH_JOB_UNKNOWN'])
  })

  it('that is not done has no result', async () => {
    stage.nodes.script = { at: { 'mpc-1': { done: hang } } }
    const { job } = await stage.client.submitJob(requestNote(stage.paper))
    expect(await failure(stage.client.result(job))).toMatchObject({ code: 'SH_JOB_NOT_DONE' })
  })
})

describe('a coordinator that starts again', () => {
  it('serves results, knows requests, and enters what it left unfinished as aborted', async () => {
    stage.nodes.script = {}
    const note = requestNote(stage.paper)
    const { job } = await stage.client.submitJob(note)
    await stage.client.follow(job, () => {})
    const before = await stage.client.result(job)
    stage.nodes.script = { at: { 'mpc-1': { done: hang } } }
    const left = await stage.client.submitJob(requestNote(stage.paper))
    await stage.restart()
    expect(await stage.client.result(job)).toEqual(before)
    expect(await stage.client.status(job)).toMatchObject({ state: 'done', progress: 1 })
    expect(await failure(stage.client.submitJob(note))).toMatchObject({ code: 'SH_JOB_DUPLICATE' })
    expect(await stage.client.status(left.job)).toMatchObject({
      state: 'aborted',
      error: { code: 'SH_JOB_CLOSED' },
    })
    expect((await stage.client.datasets())[0]).toMatchObject({ dataset: 'trips', version: 1 })
    expect((await auditStage()).ok).toBe(true)
    expect((await stage.ask(SQL)).answer.rows).toHaveLength(1)
  })

  it('ends, in the ledger, an attempt that a crash cut off', async () => {
    // What a crash leaves: a start note without an end.
    const { topology } = stage.paper
    const request = requestNote(stage.paper, { sql: SQL })
    await stage.nodes.close()
    await stage.coordinator.close()
    const key = skey(stage.paper, 'coordinator')
    const log = await Log.open({
      files: ledgerDirectory(`${stage.directory}/ledger`),
      skey: renameSignerKey(key, topology.origin),
      hash,
    })
    const starts: string[] = []
    for (let seq = 0; seq < log.size; seq++) {
      const { note } = await log.read(seq)
      if (peekRecord(note, topology.origin).kind === 'job-start') starts.push(note)
    }
    const record = peekRecord(starts[0]!, topology.origin)
    if (record.kind !== 'job-start') return expect.unreachable()
    const job = jobIdOf(request)
    const body = { ...record.body, job, request: noteHash(request), requestNote: request }
    await log.append([signRecord(topology.origin, 'job-start', body, [key])])
    await stage.restart()
    expect(await stage.client.status(job)).toMatchObject({
      state: 'aborted',
      error: { code: 'SH_JOB_CLOSED' },
    })
    expect(await failure(stage.client.submitJob(request))).toMatchObject({
      code: 'SH_JOB_DUPLICATE',
    })
    expect((await auditStage()).attempts.at(-1)).toMatchObject({ job, outcome: 'aborted' })
    await stage.restart()
    expect((await auditStage()).ok).toBe(true)
  })

  it('does not share its data directory', async () => {
    const start = startCoordinator({
      topology: stage.paper.topology,
      key: stage.paper.keys.get('coordinator')!,
      dataDirectory: stage.directory,
      log: silent,
      now: () => Date.now(),
      listen: { http: { host: '127.0.0.1', port: 0 }, overlay: ['/ip4/127.0.0.1/tcp/0'] },
    })
    expect(await failure(start)).toMatchObject({ code: 'SH_STORE_UNAVAILABLE' })
  })

  it('says when the HTTP port is taken', async () => {
    const port = Number(new URL(stage.coordinator.http).port)
    const start = startCoordinator({
      topology: stage.paper.topology,
      key: stage.paper.keys.get('coordinator')!,
      dataDirectory: `${stage.directory}/second`,
      log: silent,
      now: () => Date.now(),
      listen: { http: { host: '127.0.0.1', port }, overlay: ['/ip4/127.0.0.1/tcp/0'] },
    })
    expect(await failure(start)).toMatchObject({ code: 'SH_COORDINATOR_LISTEN' })
  })
})
