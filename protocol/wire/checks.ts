/** The value ranges of message headers, checked when a message is made and again when it arrives. */
import { z } from 'zod'

import type { Headers, Kind } from './messages.ts'

const U32 = 0xffff_ffff
const NONCE_BYTES = 32
const SALT_BYTES = 32
const NOTE_CHARACTERS = 1_000_000

const text = (low: number, high: number): z.ZodType<string> =>
  z
    .string()
    .min(low)
    .max(high)
    .refine((value) => value.isWellFormed(), 'is not well-formed Unicode')

const identifier = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\p{Cc}\p{Cs}\p{White_Space}]+$/u, 'has white space or control characters')
const name = text(1, 256)

const note = text(1, NOTE_CHARACTERS)
const u32 = z.int().min(0).max(U32)
const attempt = z.int().min(1).max(U32)
const index = z.int().min(1).max(7)
const digest = z.string().regex(/^[0-9a-f]{64}$/u, 'is not a SHA-256 in lower-case hex')
/** As many as a schema has columns in both encodings, at most. */
const sharings = z
  .array(z.string().regex(/^(?:[0-9a-f]{64})?$/u, 'is neither empty nor a SHA-256'))
  .max(2000)
const encoding = z.enum(['field', 'bits'])
const code = z.string().regex(/^SH_[A-Z0-9_]{1,60}$/u, 'is not an error code')
const bytes = (length: number): z.ZodType<Uint8Array> =>
  z
    .instanceof(Uint8Array)
    .refine((value) => value.length === length, `does not have ${length} bytes`)

const empty = z.strictObject({})

/** One check per kind. Strict: a field that is not in the table is refused. */
export const HEADER_CHECKS: { readonly [K in Kind]: z.ZodType<Headers[K]> } = {
  prepare: z.strictObject({
    job: identifier,
    attempt,
    requestNote: note,
    planParams: note,
    planHash: digest,
    schemaNotes: z.array(note).min(1).max(64),
    versionNotes: z.array(note).min(1).max(64),
  }),
  prepared: z.strictObject({ nonce: bytes(NONCE_BYTES) }),
  refused: z.strictObject({
    code,
    message: text(1, 10_000),
    hint: text(1, 10_000).exactOptional(),
  }),
  commit: z.strictObject({ nonces: z.array(bytes(NONCE_BYTES)).min(1).max(64) }),
  committed: z.strictObject({ keyCommitments: z.array(name).max(1000) }),
  start: z.strictObject({ startNote: note }),
  progress: z.strictObject({ op: u32, batch: u32, totalOps: u32 }),
  done: z.strictObject({
    reportNote: text(0, NOTE_CHARACTERS),
    figures: text(0, NOTE_CHARACTERS),
  }),
  signCompletion: z.strictObject({ text: note }),
  signed: z.strictObject({ line: text(1, 10_000) }),
  abort: z.strictObject({
    code,
    reason: text(1, 10_000),
    party: name.exactOptional(),
    round: u32.exactOptional(),
  }),
  jobClosed: empty,

  importBegin: z.strictObject({
    importId: identifier,
    dataset: name,
    schemaNote: note,
    chunks: z.array(z.int().min(1).max(65_536)).min(1).max(65_536),
  }),
  block: z.strictObject({ column: name, encoding, chunk: u32, salt: bytes(SALT_BYTES) }),
  importCommit: z.strictObject({ root: digest }),
  receipt: z.strictObject({ note }),
  importUnion: z.strictObject({ importId: identifier, versionNote: text(0, NOTE_CHARACTERS) }),
  union: z.strictObject({ rowsPerMember: note }),
  importActivate: z.strictObject({ versionNote: note }),
  importDrop: z.strictObject({ importId: identifier }),
  acknowledged: empty,

  columnsBegin: z.strictObject({
    job: identifier,
    attempt,
    from: index,
    subject: digest,
    sharing: digest,
  }),
  columnsHeld: z.strictObject({ members: z.boolean(), sharings }),
  columnsTicket: z.strictObject({ sharings, line: text(0, 10_000) }),
  columnPiece: z.strictObject({ dataset: name, column: name, encoding, chunk: u32 }),
  columnsEnd: empty,

  linksWanted: empty,
  links: z.strictObject({ figures: text(1, 10_000) }),

  members: z
    .strictObject({ part: u32, piece: u32, pieces: z.int().min(1).max(U32) })
    .refine(({ piece, pieces }) => piece < pieces, 'the piece is not one of the pieces'),
  hello: z.strictObject({
    committee: z.enum(['mpc', 'share']),
    job: identifier,
    attempt,
    from: index,
  }),
}

/** Whether messages of a kind carry a payload; `maybe` means that it may be empty. */
export const PAYLOADS: { readonly [K in Kind]?: 'always' | 'maybe' } = {
  done: 'maybe',
  block: 'always',
  columnPiece: 'always',
  members: 'maybe',
}
