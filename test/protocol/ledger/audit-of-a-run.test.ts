/** Executor, transcripts, cost model, sealing and ledger together: what honest nodes do passes an audit. */
import { describe, expect, it } from 'vitest'

import { schedule, trafficOf } from '../../../protocol/cost.ts'
import { execute } from '../../../protocol/execute.ts'
import { jobContext } from '../../../protocol/job-context.ts'
import { audit, type AuditReport } from '../../../protocol/ledger/audit.ts'
import { memoryFiles } from '../../../protocol/ledger/files.ts'
import { Log } from '../../../protocol/ledger/log.ts'
import { keyFromSeed } from '../../../protocol/ledger/note.ts'
import { peerTraffic } from '../../../protocol/ledger/peer-traffic.ts'
import {
  inputRoots,
  type JobStartBody,
  jsonHash,
  noteHash,
  outputRoot,
  type PeerTraffic,
  schemaHash,
  signRecord,
  type VersionBody,
} from '../../../protocol/ledger/records.ts'
import { openOutputs, sealOutput } from '../../../protocol/output.ts'
import { generateResultKey } from '../../../protocol/seal.ts'
import { TranscriptChannel } from '../../../protocol/transcript.ts'
import type { Schema } from '../../../shares/schema.ts'
import { hash as streamingHash } from '../../shares/noble.ts'
import { runAll, testCommittee } from '../parties.ts'
import { randomCase, type RandomCase } from '../random-plan.ts'
import { executeAll, plainSource } from '../run-plan.ts'

import { hash } from './hash.ts'
import { value } from './sample.ts'

const ORIGIN = 'coop.example/ledger'
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))
let drawn = 0
const rng = (n: number) => hash.sha256(Uint8Array.of(++drawn)).subarray(0, n)

/** Runs the plan at n parties and enters everything that an honest network would. */
async function runAndAudit(
  n: number,
  { plan, params, columns, memberOfRow }: RandomCase,
  tamper: (peers: PeerTraffic[], index: number) => PeerTraffic[] = (peers) => peers,
): Promise<{ report: AuditReport; lanes: bigint[] }> {
  const key = (name: string, i: number) =>
    keyFromSeed(name, hash.sha256(new TextEncoder().encode(`${name} ${i}`)))
  const nodes = (role: string) =>
    Array.from({ length: n }, (_, i) => key(`${role}-${i + 1}`, i + 1))
  const keys = {
    log: key(ORIGIN, 0),
    coordinator: key('coordinator', 0),
    repository: key('east', 0),
    querier: key('ann', 0),
    share: nodes('share'),
    mpc: nodes('mpc'),
  }
  const schema: Schema = {
    dataset: params.dataset.name,
    member: 'driver',
    kMin: 2,
    purposes: ['planning'],
    columns: [{ name: 'a', type: 'boolean', nullable: true }],
  }
  const pinned = schemaHash(schema)
  const { chunks } = params.dataset
  const importId = 'import-1'
  const schemaBody = { repositories: ['east'], schema }
  const receipts = keys.share.map(({ skey }, i) => {
    const body = {
      dataset: schema.dataset,
      importId,
      repository: 'east',
      node: i + 1,
      schemaHash: pinned,
      chunks,
      members: value(1),
      root: value(10 + i),
    }
    return signRecord(ORIGIN, 'receipt', body, [skey])
  })
  const version: VersionBody = {
    dataset: schema.dataset,
    version: 1,
    importer: 'east',
    schemaHash: pinned,
    parts: [
      {
        repository: 'east',
        importId,
        chunks,
        members: value(1),
        roots: receipts.map((_, i) => value(10 + i)),
        receipts: receipts.map((note) => noteHash(note)),
      },
    ],
    rowsPerMember: params.dataset.rowsPerMember,
  }
  const versionNote = signRecord(ORIGIN, 'version', version, [keys.repository.skey])
  const resultKey = generateResultKey(rng)
  const requestNote = signRecord(
    ORIGIN,
    'job-request',
    {
      sql: 'SELECT COUNT(*) FROM trips',
      purpose: 'planning',
      datasets: [
        {
          name: schema.dataset,
          version: 1,
          schemaHash: pinned,
          versionNote: noteHash(versionNote),
        },
      ],
      resultKey: hex(resultKey.publicKey),
      nonce: value(2),
      expiry: 100,
      grant: '',
    },
    [keys.querier.skey],
  )
  const { parties, network } = await testCommittee(n, 5)
  const start: JobStartBody = {
    job: 'job-1',
    attempt: 1,
    time: 99,
    request: noteHash(requestNote),
    requestNote,
    plan: jsonHash(plan),
    planParams: params,
    params: jsonHash(params),
    inputs: [{ dataset: schema.dataset, version: 1, roots: inputRoots(version, hash) }],
    committee: keys.mpc.map(({ vkey }, i) => ({ i: i + 1, vkey })),
    keys: parties[0]!.committee.sets.map((_, i) => value(30 + i)),
    nonces: keys.mpc.map((_, i) => value(70 + i)),
  }
  const context = jobContext({
    signedQuery: new TextEncoder().encode(requestNote),
    planHash: bytes(start.plan),
    paramsHash: bytes(start.params),
    inputRoots: start.inputs.flatMap(({ roots }) => roots.map(bytes)),
    committee: keys.mpc.map(({ vkey }) => vkey),
    attempt: 1,
    nonces: start.nonces.map(bytes),
  })
  const ends = await runAll(parties, network, async (party) => {
    const { index } = party
    const about = { job: 'job-1', attempt: 1 }
    const channel = new TranscriptChannel(party.channel, index, about, party.keys, streamingHash)
    const source = plainSource(index, n, params, columns, memberOfRow)
    const shares = await execute({ ...party, channel }, plan, params, source)
    const place = { jobContext: context, n, index }
    const sealed = sealOutput(resultKey.publicKey, place, shares, rng)
    const body = {
      ...about,
      index,
      jobContext: hex(context),
      plan: start.plan,
      params: start.params,
      software: value(3),
      peers: tamper(peerTraffic(channel.transcript(), n, index, hash), index),
      sealedOutput: hex(hash.sha256(sealed)),
    }
    const note = signRecord(ORIGIN, 'report', body, [keys.mpc[index - 1]!.skey])
    return { sealed, note, sealedOutput: body.sealedOutput, lanes: shares.length / 8 }
  })
  const startNote = signRecord(ORIGIN, 'job-start', start, [keys.coordinator.skey])
  const completion = {
    job: 'job-1',
    attempt: 1,
    mode: 'passive' as const,
    t: (n - 1) / 2,
    committee: start.committee,
    start: noteHash(startNote),
    plan: start.plan,
    params: start.params,
    inputs: start.inputs,
    keys: start.keys,
    software: value(3),
    reports: ends.map(({ note }) => noteHash(note)),
    output: outputRoot(
      ends.map(({ sealedOutput }) => sealedOutput),
      hash,
    ),
  }
  const signers = keys.mpc.map(({ skey }) => skey)
  const files = memoryFiles()
  const log = await Log.open({ files, skey: keys.log.skey, hash })
  await log.append([
    signRecord(ORIGIN, 'schema', schemaBody, [keys.repository.skey]),
    ...receipts,
    versionNote,
    startNote,
    ...ends.map(({ note }) => note),
    signRecord(ORIGIN, 'completion', completion, signers),
  ])
  const vkeyOf = ({ vkey }: { readonly vkey: string }) => vkey
  const report = await audit({
    files,
    keys: {
      log: keys.log.vkey,
      coordinator: keys.coordinator.vkey,
      shareNodes: keys.share.map(vkeyOf),
      mpcNodes: keys.mpc.map(vkeyOf),
      repositories: [keys.repository.vkey],
      queriers: [keys.querier.vkey],
    },
    hash,
    since: log.checkpoint,
    compile: () => plan,
    schedule: (given, sizes) => trafficOf(schedule(given, sizes)),
  })
  const lanes = openOutputs(
    resultKey.secretKey,
    { jobContext: context, n },
    ends[0]!.lanes,
    ends.map(({ sealed }) => sealed),
  )
  return { report, lanes }
}

describe.each([3, 5, 7])('a run of %i nodes', (n) => {
  it('passes the audit, and the querier opens what the nodes computed', async () => {
    const run = randomCase(n, 1)
    const { report, lanes } = await runAndAudit(n, run)
    expect(report.items.filter(({ ok, skipped }) => !ok || skipped)).toEqual([])
    expect(report.attempts).toMatchObject([{ outcome: 'completed' }])
    const committee = await testCommittee(n, 6)
    const { plan, params, columns, memberOfRow } = run
    expect(lanes).toEqual(await executeAll(committee, plan, params, columns, memberOfRow))
  })

  it('fails it when a node denies one byte that it sent', async () => {
    const { report } = await runAndAudit(n, randomCase(n, 1), (peers, index) =>
      index === 1
        ? peers.map(({ peer, sent, received }) => ({
            peer,
            sent: { ...sent, bytes: Math.max(0, sent.bytes - 1) },
            received,
          }))
        : peers,
    )
    expect(report.items.filter(({ ok }) => !ok).map(({ id }) => id.split('/').at(-1))).toEqual([
      'traffic',
      'schedule',
    ])
  })
})
