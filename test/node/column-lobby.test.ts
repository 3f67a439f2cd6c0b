/** Where share-nodes bring columns: only those that a job expects, and only for what it was told. */
import { afterAll, beforeAll, expect, test } from 'vitest'

import { COLUMNS_PROTOCOL, subjectOf } from '../../node/column-blocks.ts'
import { ColumnLobby } from '../../node/column-lobby.ts'
import type { FramedStream } from '../../node/framed-stream.ts'
import { receiveMessage, sendMessage } from '../../node/message-stream.ts'
import type { AdmittedJob } from '../../protocol/admission.ts'

import { startNetwork, type Network } from './network.ts'

const SHARE_NODES = ['share-1', 'share-2', 'share-3']
const SUBJECT = 'a'.repeat(64)
const SHARING = 'c'.repeat(64)
const HELD = { members: true, sharings: ['', 'd'.repeat(64)] }
const never = new AbortController().signal

let network: Network
let lobby: ColumnLobby

beforeAll(async () => {
  network = await startNetwork(['mpc-1', ...SHARE_NODES])
  lobby = new ColumnLobby(network.overlay('mpc-1'))
  const overlay = network.overlay('mpc-1')
  await overlay.handle(COLUMNS_PROTOCOL, (stream, peer) => lobby.welcome(stream, peer))
})

afterAll(() => network.close())

async function bring(
  name: string,
  begin: { job: string; from?: number; subject?: string; sharing?: string },
): Promise<FramedStream> {
  const stream = await network.overlay(name).open('mpc-1', COLUMNS_PROTOCOL)
  const from = SHARE_NODES.indexOf(name) + 1
  const usual = { from, subject: SUBJECT, sharing: SHARING, attempt: 1 }
  await sendMessage(stream, 'columnsBegin', { ...usual, ...begin })
  return stream
}

test('hands out the streams of all share-nodes, in order', async () => {
  lobby.expect('good', 1, SUBJECT, HELD)
  const taken = lobby.take('good', 1, 5_000, never)
  for (const name of SHARE_NODES.toReversed()) await bring(name, { job: 'good' })
  const { streams, sharing } = await taken
  expect(streams.map(({ peer }) => peer)).toEqual(SHARE_NODES)
  expect(sharing).toBe(SHARING)
})

test('tells each share-node what this node holds', async () => {
  lobby.expect('holding', 1, SUBJECT, HELD)
  for (const name of SHARE_NODES) {
    const stream = await bring(name, { job: 'holding' })
    const { header } = await receiveMessage(stream, ['columnsHeld'], { timeoutMs: 5_000 })
    expect(header).toEqual(HELD)
  }
})

test('refuses share-nodes that deal in different job contexts', async () => {
  lobby.expect('split', 1, SUBJECT, HELD)
  const taken = lobby.take('split', 1, 5_000, never)
  for (const name of SHARE_NODES) {
    const sharing = name === 'share-3' ? 'e'.repeat(64) : SHARING
    await bring(name, { job: 'split', sharing })
  }
  await expect(taken).rejects.toMatchObject({ code: 'SH_PROTOCOL_COLUMN' })
})

test('refuses a share-node that was told something else, and names it', async () => {
  lobby.expect('other', 1, SUBJECT, HELD)
  const taken = lobby.take('other', 1, 5_000, never)
  for (const name of SHARE_NODES) {
    await bring(name, { job: 'other', ...(name === 'share-2' ? { subject: 'b'.repeat(64) } : {}) })
  }
  await expect(taken).rejects.toMatchObject({ code: 'SH_PROTOCOL_COLUMN', party: 'share-2' })
})

test('takes no stream in another node’s name, and says who did not come', async () => {
  lobby.expect('posed', 1, SUBJECT, HELD)
  const taken = lobby.take('posed', 1, 1_000, never)
  await bring('share-1', { job: 'posed' })
  await bring('share-2', { job: 'posed' })
  await bring('share-2', { job: 'posed', from: 3 })
  await expect(taken).rejects.toMatchObject({ code: 'SH_NET_TIMEOUT', party: 'share-3' })
})

test('the subject is another for everything that both committees are told', () => {
  const admitted = (change: object): AdmittedJob =>
    ({
      requestNote: 'request',
      compiled: { planHash: '11' },
      paramsHash: '22',
      inputs: [{ dataset: 'trips', version: 1, roots: ['33'] }],
      ...change,
    }) as unknown as AdmittedJob
  const subjects = [
    subjectOf(admitted({}), 1),
    subjectOf(admitted({}), 2),
    subjectOf(admitted({ requestNote: 'Request' }), 1),
    subjectOf(admitted({ compiled: { planHash: '12' } }), 1),
    subjectOf(admitted({ paramsHash: '23' }), 1),
    subjectOf(admitted({ inputs: [{ dataset: 'trips', version: 1, roots: ['34'] }] }), 1),
  ]
  expect(new Set(subjects).size).toBe(subjects.length)
  expect(subjectOf(admitted({}), 1)).toBe(subjects[0])
})
