/**
 * Unambiguous encoding of tuples that are hashed or keyed: every element is preceded by its length,
 * so no two different tuples have the same bytes. Big endian throughout.
 */

/** Text is UTF-8, a number is a u32, a bigint a u64. */
export type TuplePart = string | Uint8Array | number | bigint

/**
 * Concatenates length u32 || bytes for every part.
 * @throws RangeError if a number does not fit
 */
export function encodeTuple(parts: readonly TuplePart[]): Uint8Array {
  const encoded = parts.map(encodePart)
  const out = new Uint8Array(encoded.reduce((sum, bytes) => sum + 4 + bytes.length, 0))
  const view = new DataView(out.buffer)
  let at = 0
  for (const bytes of encoded) {
    view.setUint32(at, bytes.length)
    out.set(bytes, at + 4)
    at += 4 + bytes.length
  }
  return out
}

function encodePart(part: TuplePart): Uint8Array {
  if (typeof part === 'string') return new TextEncoder().encode(part)
  if (part instanceof Uint8Array) return part
  const bytes = new Uint8Array(typeof part === 'bigint' ? 8 : 4)
  const view = new DataView(bytes.buffer)
  if (typeof part === 'bigint') {
    if (part < 0n || part >> 64n !== 0n) throw new RangeError('not an unsigned 64-bit number')
    view.setBigUint64(0, part)
  } else {
    if (!Number.isInteger(part) || part < 0 || part > 0xffff_ffff) {
      throw new RangeError('not an unsigned 32-bit number')
    }
    view.setUint32(0, part)
  }
  return bytes
}
