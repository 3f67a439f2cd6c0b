/**
 * Canonical JSON: RFC 8785 (JCS) for the subset that Sharehold signs and hashes, namely objects,
 * arrays, strings, booleans, null and safe integers. One value has exactly one text, so a hash of the
 * text is a hash of the value. Fractions and big numbers travel as decimal strings.
 *
 * The reader accepts nothing but canonical text: whatever would be written differently (other key
 * order, a space, a duplicate key, `1.0`, `-0`, `\u0041`) is refused, so that no two texts that
 * differ in a byte are ever read as the same statement.
 */
import { ShareholdError } from '../shares/errors.ts'

/** What canonical JSON can express. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

/** Deeper nesting is refused: it has no use here and would let a stranger exhaust the stack. */
const MAX_DEPTH = 128

const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * The canonical text of a value.
 *
 * @throws TypeError for anything outside the subset: undefined (also as a property or an array
 * hole), fractions, unsafe integers, bigint, lone surrogates, class instances, nesting over 128.
 */
export function canonicalJson(value: unknown): string {
  return encode(value, 0)
}

/**
 * Reads canonical text.
 *
 * @throws ShareholdError SH_JSON_NOT_CANONICAL if the text is not exactly what `canonicalJson` would
 * write for the value that it describes.
 */
export function parseCanonicalJson(text: string): unknown {
  let value: unknown
  let again: string
  try {
    value = JSON.parse(text)
    again = canonicalJson(value)
  } catch (cause) {
    // The cause's message may quote the text, which may be long and is a stranger's: left out.
    throw notCanonical(cause instanceof TypeError ? cause.message : 'it is not JSON')
  }
  // Duplicate keys vanish in JSON.parse, so they show here as a difference.
  if (again !== text) throw notCanonical('another text is the canonical one of the same value')
  return value
}

function notCanonical(reason: string): ShareholdError {
  return new ShareholdError('SH_JSON_NOT_CANONICAL', `The text is not canonical JSON: ${reason}.`, {
    hint: 'Write it by RFC 8785: sorted keys, no spaces, integers only.',
  })
}

function encode(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new TypeError('canonical JSON: nested too deeply')
  if (value === null) return 'null'
  if (typeof value === 'string') return encodeString(value)
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return JSON.stringify(value)
    throw new TypeError('canonical JSON: a number is not a safe integer')
  }
  if (Array.isArray(value)) return encodeArray(value, depth)
  if (typeof value === 'object') return encodeObject(value, depth)
  throw new TypeError(`canonical JSON: a value of type ${typeof value}`)
}

function encodeString(text: string): string {
  if (LONE_SURROGATE.test(text)) throw new TypeError('canonical JSON: a lone surrogate')
  // RFC 8785 3.2.2.2 is defined as what ECMAScript's JSON.stringify does.
  return JSON.stringify(text)
}

function encodeArray(items: readonly unknown[], depth: number): string {
  const parts: string[] = []
  for (let i = 0; i < items.length; i++) parts.push(encode(items[i], depth + 1))
  return `[${parts.join(',')}]`
}

function encodeObject(object: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError('canonical JSON: an object that is not plain')
  }
  const parts: string[] = []
  // RFC 8785 3.2.3 sorts by UTF-16 code units, which is what < compares.
  const entries: [string, unknown][] = Object.entries(object)
  for (const [key, item] of entries.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    parts.push(`${encodeString(key)}:${encode(item, depth + 1)}`)
  }
  return `{${parts.join(',')}}`
}
