/**
 * Standard base64 (RFC 4648 section 4, with padding), strict: every byte string has one text, and any
 * other text is refused. Lenient decoders ignore the unused low bits of the last digit; then a flipped
 * bit in a signature line or a root would go unnoticed.
 */
import { ShareholdError } from '../../shares/errors.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

const VALUES: ReadonlyMap<string, number> = new Map(Array.from(ALPHABET, (char, i) => [char, i]))

/** The base64 text of `bytes`. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text += ALPHABET[word >>> 18]! + ALPHABET[(word >>> 12) & 63]!
    text += left > 1 ? ALPHABET[(word >>> 6) & 63]! : '='
    text += left > 2 ? ALPHABET[word & 63]! : '='
  }
  return text
}

/**
 * The bytes of a base64 text.
 *
 * @param length expected number of bytes; any other is refused.
 * @throws ShareholdError SH_LEDGER_BASE64 unless `text` is what `encodeBase64` writes.
 */
export function decodeBase64(text: string, length?: number): Uint8Array {
  if (text.length % 4 !== 0) throw malformed()
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  if (length !== undefined && bytes.length !== length) throw malformed()
  const digits = text.length - padding
  let word = 0
  let out = 0
  for (let i = 0; i < digits; i++) {
    const value = VALUES.get(text[i]!)
    if (value === undefined) throw malformed()
    word = (word << 6) | value
    if (i % 4 !== 0) bytes[out++] = (word >>> (6 - 2 * (i % 4))) & 0xff
    if (i % 4 === 3) word = 0
  }
  // Unused low bits of the last digit: 4 with '==', 2 with '='.
  if (padding > 0 && (word & (padding === 2 ? 15 : 3)) !== 0) throw malformed()
  return bytes
}

function malformed(): ShareholdError {
  return new ShareholdError('SH_LEDGER_BASE64', 'The text is not canonical base64.')
}
