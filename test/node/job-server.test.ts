/** What nodes do with a coordinator that does not keep to the rules: real nodes, a scripted coordinator. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { rng } from '../../node/crypto.ts'
import type { FramedStream } from '../../node/framed-stream.ts'
import { JOB_PROTOCOL, serveJobs, type JobRole } from '../../node/job-server.ts'
import { silent } from '../../node/log.ts'
import { receiveMessage, sendMessage } from '../../node/message-stream.ts'
import { createOverlay, type Overlay } from '../../node/overlay.ts'
import { acceptRounds } from '../../node/rounds.ts'
import type { Journal } from '../../node/store/journal.ts'
import { datasetParams, jobIdOf, proposeParams } from '../../protocol/admission.ts'
import { canonicalJson } from '../../protocol/canonical-json.ts'
import {
  inputRoots,
  jsonHash,
  noteHash,
  signRecord,
  type JobStartBody,
} from '../../protocol/ledger/records.ts'
import { compile } from '../../protocol/sql/compile.ts'
import { PLANNER_VERSION } from '../../protocol/sql/planner-version.ts'
import { committee, heldBy } from '../../shares/committee.ts'
import { hexOf } from '../../shares/hex.ts'
import {
  SCHEMA,
  nextVersion,
  paperNetwork,
  requestNote,
  schemaNote,
  skey,
  type Import,
  type Paper,
} from '../coordinator/fixture.ts'
import { hash } from '../shares/noble.ts'

const NODES = ['mpc-1', 'mpc-2', 'mpc-3']
const WAIT = { timeoutMs: 20_000 }

let paper: Paper
let version: Import
const overlays = new Map<string, Overlay>()
const streams: FramedStream[] = []

/** Computes nothing. */
const role: JobRole = {
  committee: 'mpc',
  prepare: () => Promise.resolve(),
  run: () => Promise.resolve({ reportNote: '', sealed: new Uint8Array(0) }),
  sign: () => '',
  forget: () => {},
}

function memoryJournal(): Journal {
  const keys = new Set<string>()
  return {
    recordOnce: (key) => Promise.resolve(!keys.has(key) && keys.add(key) !== undefined),
    has: (key) => Promise.resolve(keys.has(key)),
    close: () => Promise.resolve(),
  }
}

beforeAll(async () => {
  paper = await paperNetwork()
  version = nextVersion(paper, 'east')
  const { topology } = paper
  for (const name of ['coordinator', 'share-1', ...NODES]) {
    const key = paper.keys.get(name)!
    const listen = ['/ip4/127.0.0.1/tcp/0']
    const overlay = await createOverlay({ key, topology, listen, keepAlive: false, log: silent })
    overlays.set(name, overlay)
  }
  for (const [name, overlay] of overlays) {
    for (const [other, its] of overlays) {
      if (other !== name) overlay.setAddress(other, its.addresses[0]!)
    }
  }
  for (const name of NODES) {
    const overlay = overlays.get(name)!
    const rounds = await acceptRounds(overlay)
    const key = paper.keys.get(name)!
    const journal = memoryJournal()
    const now = (): number => Date.now()
    await serveJobs({ overlay, topology, key, rounds, journal, role, log: silent, now })
  }
})

afterEach(() => {
  for (const stream of streams.splice(0)) stream.reset('the test is over')
})

afterAll(async () => {
  for (const overlay of overlays.values()) await overlay.close()
})

interface Job {
  readonly note: string
  readonly attempt: number
  readonly planHash: string
  readonly streams: readonly FramedStream[]
}

/** Brings a job to all nodes. */
async function bring(note: string, attempt = 1): Promise<Job> {
  const params = proposeParams({ dataset: datasetParams(version.body) }, 3, paper.topology)
  const { planHash } = await compile('SELECT COUNT(*) FROM trips', SCHEMA, params)
  const opened = await Promise.all(
    NODES.map((name) => overlays.get('coordinator')!.open(name, JOB_PROTOCOL)),
  )
  streams.push(...opened)
  for (const stream of opened) {
    await sendMessage(stream, 'prepare', {
      job: jobIdOf(note),
      attempt,
      requestNote: note,
      planParams: canonicalJson(params),
      planHash,
      schemaNotes: [schemaNote(paper, ['east', 'west'])],
      versionNotes: [version.note],
    })
  }
  return { note, attempt, planHash, streams: opened }
}

async function nonces(job: Job): Promise<Uint8Array[]> {
  const answers = job.streams.map((stream) => receiveMessage(stream, ['prepared'], WAIT))
  return (await Promise.all(answers)).map(({ header }) => header.nonce)
}

/** What each node is told of all nonces. @returns what it answers, or how it fails */
function commit(
  job: Job,
  told: (node: number) => readonly Uint8Array[],
): Promise<PromiseSettledResult<readonly string[]>[]> {
  return Promise.allSettled(
    job.streams.map(async (stream, i) => {
      await sendMessage(stream, 'commit', { nonces: told(i) })
      return (await receiveMessage(stream, ['committed'], WAIT)).header.keyCommitments
    }),
  )
}

/** The start note that belongs to it all. */
async function startOf(job: Job): Promise<JobStartBody> {
  const all = await nonces(job)
  const said = await commit(job, () => all)
  const keys = new Map<number, string>()
  said.forEach((answer, i) => {
    if (answer.status !== 'fulfilled') throw answer.reason
    heldBy(committee(3), i + 1).forEach((set, k) => keys.set(set, answer.value[k]!.split(':')[1]!))
  })
  const planParams = proposeParams({ dataset: datasetParams(version.body) }, 3, paper.topology)
  return {
    job: jobIdOf(job.note),
    attempt: job.attempt,
    time: Math.floor(Date.now() / 1000),
    request: noteHash(job.note),
    requestNote: job.note,
    plan: job.planHash,
    planner: PLANNER_VERSION,
    planParams,
    params: jsonHash(planParams),
    inputs: [{ dataset: 'trips', version: 1, roots: inputRoots(version.body, hash) }],
    committee: paper.topology.mpcNodes.map(({ index, vkey }) => ({ i: index, vkey })),
    keys: [0, 1, 2].map((set) => keys.get(set)!),
    nonces: all.map((nonce) => hexOf(nonce)),
  }
}

const codeOf = (end: PromiseSettledResult<unknown>): unknown =>
  end.status === 'rejected' ? (end.reason as { code?: string }).code : undefined

/** How each node takes a start note. */
async function begin(job: Job, body: JobStartBody, signer = 'coordinator'): Promise<unknown[]> {
  const startNote = signRecord(paper.topology.origin, 'job-start', body, [skey(paper, signer)])
  const ends = await Promise.allSettled(
    job.streams.map(async (stream) => {
      await sendMessage(stream, 'start', { startNote })
      return receiveMessage(stream, ['done'], WAIT)
    }),
  )
  return ends.map((end) => codeOf(end) ?? 'done')
}

const ALL = (code: string): string[] => NODES.map(() => code)

describe('nonces', () => {
  test('a node notices that its own is not used', async () => {
    const job = await bring(requestNote(paper))
    const all = await nonces(job)
    const [stream] = job.streams
    await sendMessage(stream!, 'commit', { nonces: [rng(32), ...all.slice(1)] })
    await expect(receiveMessage(stream!, ['committed'], WAIT)).rejects.toMatchObject({
      code: 'SH_AUTH_REPLAY',
    })
  })

  test('different ones told to different nodes: nobody gets keys', async () => {
    const job = await bring(requestNote(paper))
    const all = await nonces(job)
    const other = rng(32)
    const ends = await commit(job, (node) => (node === 0 ? [all[0]!, all[1]!, other] : all))
    expect(ends.map(({ status }) => status)).toEqual(ALL('rejected'))
    expect(ends.map(codeOf)).toContain('SH_PROTOCOL_SETUP')
  })
})

describe('replay', () => {
  test('a request is good for one job, attempts come in order, and end', async () => {
    const note = requestNote(paper)
    const refusal = async (attempt: number): Promise<unknown[]> =>
      (await Promise.allSettled([nonces(await bring(note, attempt))])).map(codeOf)
    expect(await refusal(1)).toEqual([undefined])
    expect(await refusal(1)).toEqual(['SH_AUTH_REPLAY'])
    expect(await refusal(3)).toEqual(['SH_AUTH_REPLAY'])
    expect(await refusal(2)).toEqual([undefined])
    expect(await refusal(3)).toEqual([undefined])
    expect(await refusal(4)).toEqual(['SH_AUTH_REPLAY'])
  })

  test('another request with the nonce of an earlier one is refused', async () => {
    const nonce = hexOf(rng(32))
    await nonces(await bring(requestNote(paper, { nonce })))
    const again = await bring(requestNote(paper, { nonce, resultKey: hexOf(rng(32)) }))
    await expect(nonces(again)).rejects.toMatchObject({ code: 'SH_AUTH_REPLAY' })
  })
})

describe('a start note', () => {
  test('that says what was agreed starts the job', async () => {
    const job = await bring(requestNote(paper))
    expect(await begin(job, await startOf(job))).toEqual(ALL('done'))
  })

  test('by somebody else does not', async () => {
    const job = await bring(requestNote(paper))
    expect(await begin(job, await startOf(job), 'mpc-1')).toEqual(ALL('SH_NOTE_UNKNOWN_SIGNER'))
  })

  const edits: [string, (body: JobStartBody) => Partial<JobStartBody>][] = [
    ['for another attempt', () => ({ attempt: 2 })],
    ['for another plan', ({ params }) => ({ plan: params })],
    ['by another planner', () => ({ planner: PLANNER_VERSION + 1 })],
    ['with another nonce', ({ nonces: [a, b] }) => ({ nonces: [a!, b!, hexOf(rng(32))] })],
    ['without its key commitments', () => ({ keys: [0, 1, 2].map(() => hexOf(rng(32))) })],
    [
      'with planParams of another hash',
      ({ planParams }) => ({ planParams: { ...planParams, chunksInFlight: 1 } }),
    ],
    ['for a request of another hash', ({ plan }) => ({ request: plan })],
    ['after the request has expired', ({ time }) => ({ time: time + 3600 })],
    ['of long ago', ({ time }) => ({ time: time - 3600 })],
  ]
  test.each(edits)('%s does not', async (_what, edit) => {
    const job = await bring(requestNote(paper))
    const body = await startOf(job)
    expect(await begin(job, { ...body, ...edit(body) })).toEqual(ALL('SH_AUTH_JOB'))
  })
})

test('nobody but the coordinator brings jobs', async () => {
  const stream = await overlays.get('share-1')!.open('mpc-1', JOB_PROTOCOL)
  await expect(stream.receive(WAIT)).rejects.toMatchObject({ code: 'SH_NET_RESET' })
})
