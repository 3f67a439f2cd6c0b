/** Arbitrary messages of every kind, as the checks admit them. */
import fc from 'fast-check'

import type { Headers, Kind, Message } from '../../../protocol/wire/messages.ts'

const u32 = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 0xffff_ffff }))
const attempt = u32.map((n) => Math.max(1, n))
const index = fc.integer({ min: 1, max: 7 })
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const note = fc.oneof(name, fc.constant('text\n\n— node1 AAAA\n'))
const maybeNote = fc.oneof(note, fc.constant(''))
const identifier = fc.stringMatching(/^[A-Za-z0-9._:/-]{1,40}$/u)
const digest = fc.stringMatching(/^[0-9a-f]{64}$/u)
const sharings = fc.array(fc.oneof(digest, fc.constant('')), { maxLength: 4 })
const code = fc.stringMatching(/^SH_[A-Z0-9_]{1,30}$/u)
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const encoding = fc.constantFrom('field', 'bits')
const empty = fc.constant({})

const headers: { readonly [K in Kind]: fc.Arbitrary<Headers[K]> } = {
  prepare: fc.record({
    job: identifier,
    attempt,
    requestNote: note,
    planParams: note,
    planHash: digest,
    schemaNotes: fc.array(note, { minLength: 1, maxLength: 3 }),
    versionNotes: fc.array(note, { minLength: 1, maxLength: 3 }),
  }),
  prepared: fc.record({ nonce: bytes32 }),
  refused: fc.record(
    { code, message: name, hint: name },
    { requiredKeys: ['code', 'message'] },
  ) as fc.Arbitrary<Headers['refused']>,
  commit: fc.record({ nonces: fc.array(bytes32, { minLength: 1, maxLength: 7 }) }),
  committed: fc.record({ keyCommitments: fc.array(name, { maxLength: 5 }) }),
  start: fc.record({ startNote: note }),
  progress: fc.record({ op: u32, batch: u32, totalOps: u32 }),
  linksWanted: fc.constant({}),
  links: fc.record({ figures: fc.constant('[]') }),
  done: fc.record({ reportNote: maybeNote, figures: maybeNote }),
  signCompletion: fc.record({ text: note }),
  signed: fc.record({ line: name }),
  abort: fc.record(
    { code, reason: name, party: name, round: u32 },
    { requiredKeys: ['code', 'reason'] },
  ) as fc.Arbitrary<Headers['abort']>,
  jobClosed: empty,
  importBegin: fc.record({
    importId: identifier,
    dataset: name,
    schemaNote: note,
    chunks: fc.array(fc.integer({ min: 1, max: 65_536 }), { minLength: 1, maxLength: 20 }),
  }),
  block: fc.record({ column: name, encoding, chunk: u32, salt: bytes32 }),
  importCommit: fc.record({ root: digest }),
  receipt: fc.record({ note }),
  importUnion: fc.record({ importId: identifier, versionNote: maybeNote }),
  union: fc.record({ rowsPerMember: note }),
  importActivate: fc.record({ versionNote: note }),
  importDrop: fc.record({ importId: identifier }),
  acknowledged: empty,
  columnsBegin: fc.record({
    job: identifier,
    attempt,
    from: index,
    subject: digest,
    sharing: digest,
  }),
  columnsHeld: fc.record({ members: fc.boolean(), sharings }),
  columnsTicket: fc.record({ sharings, line: maybeNote }),
  columnPiece: fc.record({ dataset: name, column: name, encoding, chunk: u32 }),
  columnsEnd: empty,
  members: fc
    .tuple(u32, u32, u32)
    .filter(([, a, b]) => a !== b)
    .map(([part, a, b]) => ({ part, piece: Math.min(a, b), pieces: Math.max(a, b) })),
  hello: fc.record({
    committee: fc.constantFrom('mpc', 'share'),
    job: identifier,
    attempt,
    from: index,
  }),
}

const payloads: { readonly [K in Kind]?: number } = {
  done: 0,
  block: 1,
  columnPiece: 1,
  members: 0,
}

const payloadOf = (kind: Kind): fc.Arbitrary<Uint8Array> => {
  const minLength = payloads[kind]
  if (minLength === undefined) return fc.constant(new Uint8Array(0))
  return fc.uint8Array({ minLength, maxLength: 100 })
}

/** A message of one kind. */
export function messageOf<K extends Kind>(kind: K): fc.Arbitrary<Message<K>> {
  const header: fc.Arbitrary<Headers[K]> = headers[kind]
  return fc
    .tuple(header, payloadOf(kind))
    .map(([its, payload]) => ({ kind, header: { ...its }, payload }))
}

export const KINDS_UNDER_TEST = Object.keys(headers) as Kind[]

/** A message of any kind. */
export const anyMessage: fc.Arbitrary<Message> = fc
  .constantFrom(...KINDS_UNDER_TEST)
  .chain((kind) => messageOf(kind))
