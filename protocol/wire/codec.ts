/**
 * Messages to bytes and back:
 *
 *     header length u32 big-endian | protobuf Envelope | payload, to the end
 *
 * Strict: there is exactly one encoding of a message, and everything else is refused with
 * SH_WIRE_INVALID, naming the field but never quoting a value. Decoding copies nothing of the payload.
 */
import protobuf from 'protobufjs'

import { ShareholdError } from '../../shares/errors.ts'
import { sameBytes } from '../../shares/hash.ts'

import { HEADER_CHECKS, PAYLOADS } from './checks.ts'
import type { Headers, Kind, Message } from './messages.ts'
import { PROTO } from './proto.ts'

const LENGTH_BYTES = 4

/** Longest protobuf part: notes and plan parameters, never bulk. */
export const MAX_HEADER_BYTES: number = 4 * 1024 * 1024

const NOTHING = new Uint8Array(0)

const envelope = protobuf.parse(PROTO).root.lookupType('sharehold.wire.v1.Envelope')

/** The kinds, in the order of their field numbers. */
export const KINDS: readonly Kind[] = envelope.fieldsArray.map((field) => field.name).filter(isKind)

/**
 * Encodes one message.
 *
 * @param payload raw bytes; only for kinds that have one
 * @throws TypeError if the header breaks the rules of its kind; ShareholdError SH_WIRE_OVERSIZE
 */
export function encodeMessage<K extends Kind>(
  kind: K,
  header: Headers[K],
  payload: Uint8Array = NOTHING,
): Uint8Array {
  const [head, body] = encodeParts(kind, header, payload)
  const out = new Uint8Array(head.length + body.length)
  out.set(head)
  out.set(body, head.length)
  return out
}

/** As encodeMessage, in two pieces and without copying the payload: for FramedStream.send. */
export function encodeParts<K extends Kind>(
  kind: K,
  header: Headers[K],
  payload: Uint8Array = NOTHING,
): readonly [Uint8Array, Uint8Array] {
  const fault = headerFault(kind, header) ?? payloadFault(kind, payload)
  if (fault !== undefined) throw new TypeError(`cannot make a message "${kind}": ${fault}`)
  const bytes = envelope.encode({ [kind]: header }).finish()
  if (bytes.length > MAX_HEADER_BYTES) throw oversize()
  const head = new Uint8Array(LENGTH_BYTES + bytes.length)
  new DataView(head.buffer).setUint32(0, bytes.length)
  head.set(bytes, LENGTH_BYTES)
  return [head, payload]
}

/**
 * Decodes one message.
 *
 * @param kinds what may come here; any kind if absent
 * @returns the message; its payload is a view of `bytes`
 * @throws ShareholdError SH_WIRE_INVALID, SH_WIRE_OVERSIZE
 */
export function decodeMessage<K extends Kind = Kind>(
  bytes: Uint8Array,
  ...kinds: readonly K[]
): Message<K> {
  if (bytes.length < LENGTH_BYTES) throw invalid('it is shorter than its length')
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  if (length > MAX_HEADER_BYTES) throw oversize()
  const end = LENGTH_BYTES + length
  if (end > bytes.length) throw invalid('its header is cut off')
  const message = decodeEnvelope(bytes.subarray(LENGTH_BYTES, end))
  const payload = bytes.subarray(end)
  const fault = headerFault(message.kind, message.header) ?? payloadFault(message.kind, payload)
  if (fault !== undefined) throw invalid(`"${message.kind}": ${fault}`)
  if (kinds.length > 0 && !kinds.some((kind) => kind === message.kind)) {
    throw invalid(`"${message.kind}" came where only ${kinds.join(', ')} may come`)
  }
  // The checks above are what makes this true.
  return { ...message, payload } as Message<K>
}

function decodeEnvelope(bytes: Uint8Array): { kind: Kind; header: unknown } {
  let decoded: protobuf.Message
  try {
    decoded = envelope.decode(bytes)
    // One encoding only: this refuses unknown fields, repeated ones, long varints and bad UTF-8.
    if (!sameBytes(envelope.encode(decoded).finish(), bytes)) throw invalid('it is not canonical')
  } catch (cause) {
    if (cause instanceof ShareholdError) throw cause
    throw invalid('it is not protobuf of the agreed form')
  }
  const [kind, ...more] = Object.keys(decoded)
  if (kind === undefined || more.length > 0 || !isKind(kind)) {
    throw invalid('it has not exactly one body')
  }
  const type = envelope.fields[kind]?.resolvedType
  const body: unknown = Reflect.get(decoded, kind)
  if (!(type instanceof protobuf.Type) || typeof body !== 'object' || body === null) {
    throw invalid('it has not exactly one body')
  }
  return { kind, header: plain(type, body) }
}

/** A decoded protobuf message as a plain object; its byte fields are copied out of the frame. */
function plain(type: protobuf.Type, body: object): unknown {
  const out: Record<string, unknown> = {}
  for (const field of type.fieldsArray) {
    const value: unknown = Reflect.get(body, field.name)
    if (field.repeated) out[field.name] = Array.isArray(value) ? value.map(own) : []
    else if (Object.hasOwn(body, field.name)) out[field.name] = own(value)
  }
  return out
}

function own(value: unknown): unknown {
  return value instanceof Uint8Array ? new Uint8Array(value) : value
}

function headerFault(kind: Kind, header: unknown): string | undefined {
  const result = HEADER_CHECKS[kind].safeParse(header)
  if (result.success) return undefined
  const issue = result.error.issues[0]
  return `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is wrong'}`.trim()
}

function payloadFault(kind: Kind, payload: Uint8Array): string | undefined {
  const rule = PAYLOADS[kind]
  if (rule === undefined && payload.length > 0) return 'bytes follow the header'
  if (rule === 'always' && payload.length === 0) return 'the payload is missing'
  return undefined
}

function isKind(text: string): text is Kind {
  return Object.hasOwn(HEADER_CHECKS, text)
}

function invalid(why: string): ShareholdError {
  return new ShareholdError('SH_WIRE_INVALID', `A message is malformed: ${why}.`, {
    hint: 'Do both sides run the same version?',
  })
}

// The announced length is not quoted: on a misread frame it could be the beginning of a secret.
function oversize(): ShareholdError {
  return new ShareholdError(
    'SH_WIRE_OVERSIZE',
    `A message header is longer than ${MAX_HEADER_BYTES} bytes.`,
  )
}
