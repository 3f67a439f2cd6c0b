import fc from 'fast-check'
import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'

import { HEADER_CHECKS } from '../../../protocol/wire/checks.ts'
import {
  decodeMessage,
  encodeMessage,
  encodeParts,
  KINDS,
  MAX_HEADER_BYTES,
} from '../../../protocol/wire/codec.ts'
import type { Message } from '../../../protocol/wire/messages.ts'
import { PROTO } from '../../../protocol/wire/proto.ts'
import { ShareholdError } from '../../../shares/errors.ts'

import { anyMessage, KINDS_UNDER_TEST, messageOf } from './messages.ts'

const encode = ({ kind, header, payload }: Message): Uint8Array =>
  encodeMessage(kind, header, payload)

/** The codes that decoding may fail with; anything else thrown fails the test. */
function fateOf(bytes: Uint8Array): 'ok' | 'SH_WIRE_INVALID' | 'SH_WIRE_OVERSIZE' {
  try {
    decodeMessage(bytes)
    return 'ok'
  } catch (error) {
    if (!(error instanceof ShareholdError)) throw error
    if (error.code === 'SH_WIRE_INVALID' || error.code === 'SH_WIRE_OVERSIZE') return error.code
    throw error
  }
}

const u32 = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]

/** A frame around protobuf bytes of one's own making. */
const frame = (envelope: readonly number[], payload: readonly number[] = []): Uint8Array =>
  Uint8Array.from([...u32(envelope.length), ...envelope, ...payload])

describe('the table of messages', () => {
  const root = protobuf.parse(PROTO).root
  const envelope = root.lookupType('sharehold.wire.v1.Envelope')

  it('has the same kinds in proto.ts, checks.ts and this test', () => {
    const kinds = envelope.fieldsArray.map((field) => field.name)
    expect(kinds.toSorted()).toEqual(Object.keys(HEADER_CHECKS).toSorted())
    expect(KINDS).toEqual(kinds)
    expect(KINDS_UNDER_TEST.toSorted()).toEqual(kinds.toSorted())
  })

  it('has the same fields in proto.ts as the messages have', () => {
    for (const kind of KINDS) {
      const type = envelope.fields[kind]!.resolve().resolvedType as protobuf.Type
      const fields = type.fieldsArray
      for (const { header } of fc.sample(messageOf(kind), 20)) {
        const keys = Object.keys(header)
        const required = fields.filter((one) => one.required || one.repeated)
        expect(keys).toEqual(expect.arrayContaining(required.map((one) => one.name)))
        expect(fields.map((one) => one.name)).toEqual(expect.arrayContaining(keys))
      }
    }
  })
})

describe('codec', () => {
  it('gives every message back, and has one encoding for it', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const bytes = encode(message)
        const decoded = decodeMessage(bytes)
        expect(decoded).toEqual(message)
        expect(encode(decoded)).toEqual(bytes)
        const [head, payload] = encodeParts(message.kind, message.header, message.payload)
        expect(Uint8Array.from([...head, ...payload])).toEqual(bytes)
      }),
      { numRuns: 500 },
    )
  })

  it('works at any place in a larger buffer', () => {
    fc.assert(
      fc.property(anyMessage, fc.integer({ min: 0, max: 9 }), (message, offset) => {
        const bytes = encode(message)
        const outer = new Uint8Array(bytes.length + offset + 5).fill(0x55)
        outer.set(bytes, offset)
        expect(decodeMessage(outer.subarray(offset, offset + bytes.length))).toEqual(message)
      }),
    )
  })

  it('does not tie header bytes to the frame', () => {
    const bytes = encodeMessage('prepared', { nonce: new Uint8Array(32).fill(7) })
    const { header } = decodeMessage(bytes, 'prepared')
    bytes.fill(0)
    expect(header.nonce).toEqual(new Uint8Array(32).fill(7))
  })

  it('refuses every truncation of a message without payload', () => {
    fc.assert(
      fc.property(
        anyMessage.filter((one) => one.payload.length === 0),
        fc.nat(),
        (message, cut) => {
          const bytes = encode(message)
          expect(fateOf(bytes.subarray(0, cut % bytes.length))).toBe('SH_WIRE_INVALID')
        },
      ),
      { numRuns: 300 },
    )
  })

  it('refuses bytes behind a message without payload', () => {
    fc.assert(
      fc.property(
        anyMessage.filter(
          ({ kind }) => !['done', 'block', 'columnPiece', 'members'].includes(kind),
        ),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        (message, more) => {
          expect(fateOf(Uint8Array.from([...encode(message), ...more]))).toBe('SH_WIRE_INVALID')
        },
      ),
      { numRuns: 300 },
    )
  })

  it('never fails with anything but a ShareholdError, and is canonical where it accepts', () => {
    const mutation = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) })
    let accepted = 0
    fc.assert(
      fc.property(
        anyMessage,
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(), { nil: undefined }),
        (message, mutations, cut) => {
          let bytes = encode(message)
          for (const { at, to } of mutations) bytes[at % bytes.length] = to
          if (cut !== undefined) bytes = bytes.subarray(0, cut % (bytes.length + 1))
          if (fateOf(bytes) === 'ok') {
            accepted++
            expect(encode(decodeMessage(bytes))).toEqual(Uint8Array.from(bytes))
          }
        },
      ),
      { numRuns: 3000 },
    )
    expect(accepted).toBeGreaterThan(10) // or the mutations never reach past the first check
  })

  it('never fails with anything but a ShareholdError on any bytes at all', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => frame([...bytes])),
    )
    fc.assert(
      fc.property(anything, (bytes) => void fateOf(bytes)),
      { numRuns: 2000 },
    )
  })

  const nonce = Array.from({ length: 32 }, (_, i) => i)
  const prepared = [0x12, 34, 0x0a, 32, ...nonce] // field 2: { field 1: 32 bytes }

  it('reads the bytes that the protobuf of proto.ts means', () => {
    expect(decodeMessage(frame(prepared))).toEqual({
      kind: 'prepared',
      header: { nonce: Uint8Array.from(nonce) },
      payload: new Uint8Array(0),
    })
    expect(decodeMessage(frame([0x62, 0])).kind).toBe('jobClosed')
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['no header', frame([])],
    ['a length that is cut', Uint8Array.of(0, 0, 0)],
    ['an unknown kind', frame([0xfa, 0x3f, 0])],
    ['two bodies', frame([0x62, 0, ...prepared])],
    ['the same body twice', frame([...prepared, ...prepared])],
    ['a missing field', frame([0x12, 0])],
    ['a short field', frame([0x12, 33, 0x0a, 31, ...nonce.slice(1)])],
    ['an unknown field', frame([0x12, 36, 0x0a, 32, ...nonce, 0x10, 1])],
    ['an unknown field beside the body', frame([...prepared, 0xd0, 0x0f, 1])],
    ['a field twice', frame([0x12, 68, 0x0a, 32, ...nonce, 0x0a, 32, ...nonce])],
    ['a long varint', frame([0x12, 0xa2, 0, 0x0a, 32, ...nonce])],
    ['a field of another wire type', frame([0x12, 2, 0x08, 1])],
    ['an end group', frame([0x12, 1, 0x0c])],
    ['bytes in front', frame([0, ...prepared])],
    ['a payload where there is none', frame(prepared, [1])],
    ['text that is not UTF-8', frame([0x52, 4, 0x0a, 2, 0xc3, 0x28])],
    ['fields out of order', frame([0x3a, 6, 0x10, 1, 0x08, 1, 0x18, 1])],
    [
      'a number above 32 bits',
      frame([0x3a, 10, 0x08, 0x80, 0x80, 0x80, 0x80, 0x10, 0x10, 1, 0x18, 1]),
    ],
    ['a header that is longer than the frame', Uint8Array.of(0, 0, 0, 9, 1, 2)],
  ])('refuses %s', (_what, bytes) => {
    expect(fateOf(bytes)).toBe('SH_WIRE_INVALID')
  })

  it('refuses a header above the limit before it looks at it', () => {
    expect(fateOf(Uint8Array.from(u32(MAX_HEADER_BYTES + 1)))).toBe('SH_WIRE_OVERSIZE')
    const note = 'x'.repeat(1_000_000)
    expect(() =>
      encodeMessage('prepare', {
        job: 'j',
        attempt: 1,
        requestNote: note,
        planParams: note,
        planHash: '0'.repeat(64),
        schemaNotes: [note, note],
        versionNotes: [note],
      }),
    ).toThrow(expect.objectContaining({ code: 'SH_WIRE_OVERSIZE' }) as Error)
  })

  it('refuses a kind that may not come here', () => {
    const bytes = encodeMessage('jobClosed', {})
    expect(decodeMessage(bytes, 'prepared', 'jobClosed').kind).toBe('jobClosed')
    expect(() => decodeMessage(bytes, 'prepared', 'refused')).toThrow(
      expect.objectContaining({ code: 'SH_WIRE_INVALID' }) as Error,
    )
  })

  const digest = '0'.repeat(64)
  const begin = { job: 'j', attempt: 1, from: 1, subject: digest, sharing: digest }
  const wrong: readonly (readonly [string, () => unknown])[] = [
    ['a short nonce', () => encodeMessage('prepared', { nonce: new Uint8Array(31) })],
    ['attempt 0', () => encodeMessage('columnsBegin', { ...begin, attempt: 0 })],
    ['party 8', () => encodeMessage('columnsBegin', { ...begin, from: 8 })],
    ['a fraction', () => encodeMessage('progress', { op: 0.5, batch: 0, totalOps: 0 })],
    ['a negative number', () => encodeMessage('progress', { op: -1, batch: 0, totalOps: 0 })],
    ['a job with a space', () => encodeMessage('importDrop', { importId: 'a b' })],
    ['a lone surrogate', () => encodeMessage('signed', { line: '\ud800' })],
    ['a piece that is not there', () => encodeMessage('members', { part: 0, piece: 1, pieces: 1 })],
    [
      'a chunk that is too long',
      () =>
        encodeMessage('importBegin', {
          importId: 'i',
          dataset: 'd',
          schemaNote: 'n',
          chunks: [65_537],
        }),
    ],
    ['an upper-case digest', () => encodeMessage('importCommit', { root: 'A'.repeat(64) })],
    [
      'a field too many',
      () => encodeMessage('jobClosed', { x: 1 } as unknown as Record<string, never>),
    ],
    ['a payload too many', () => encodeMessage('jobClosed', {}, Uint8Array.of(1))],
    [
      'a payload too few',
      () => encodeMessage('columnPiece', { dataset: 'd', column: 'c', encoding: 'bits', chunk: 0 }),
    ],
  ]

  it.each(wrong)('does not make a message with %s', (_what, make) => {
    expect(make).toThrow(TypeError)
  })

  it('never quotes a value', () => {
    const secret = 'xyzzy-7'
    const make = (): unknown => encodeMessage('importCommit', { root: secret })
    expect(make).toThrow(/root/u)
    expect(make).not.toThrow(new RegExp(secret, 'u'))
  })
})
