/**
 * Decimal texts as scaled integers, exactly: '-12.5' with scale 2 is -1250. Plain notation only: an
 * optional sign, digits, and a point. Nothing is ever rounded: digits beyond the scale must be zeros.
 */

const SPACE = 32
const PLUS = 43
const MINUS = 45
const POINT = 46
const ZERO = 48
/** Most digits of which every value is exact in a number. */
const NUMBER_DIGITS = 15

/**
 * Reads a decimal text; spaces around it are ignored.
 * @param scale digits after the point that count, 0..18
 * @returns value * 10^scale: a number if it has up to 15 digits, else a bigint; 'syntax' if the text
 *   is no decimal number, 'digits' if it has more digits after the point than `scale`
 */
export function parseScaled(text: string, scale: number): number | bigint | 'syntax' | 'digits' {
  let from = 0
  let to = text.length
  while (from < to && text.charCodeAt(from) === SPACE) from++
  while (to > from && text.charCodeAt(to - 1) === SPACE) to--
  const sign = text.charCodeAt(from)
  const negative = sign === MINUS
  if (negative || sign === PLUS) from++

  let value = 0
  let digits = 0
  let fraction = -1
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (code === POINT && fraction < 0) {
      fraction = 0
      continue
    }
    const digit = code - ZERO
    if (!(digit >= 0 && digit <= 9)) return 'syntax'
    digits++
    if (fraction >= 0 && ++fraction > scale) {
      if (digit !== 0) return excess(text, i + 1, to)
      continue
    }
    value = value * 10 + digit
  }
  if (digits === 0) return 'syntax'
  const missing = scale - Math.min(Math.max(fraction, 0), scale)
  if (digits + missing > NUMBER_DIGITS) return parseLong(text.slice(from, to), scale, negative)
  for (let i = 0; i < missing; i++) value *= 10
  // Avoids -0.
  return negative && value !== 0 ? -value : value
}

/** The decimal text of a scaled integer, with exactly `scale` digits after the point. */
export function formatScaled(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0')
  const point = digits.length - scale
  const sign = value < 0n ? '-' : ''
  return scale === 0
    ? `${sign}${digits}`
    : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** A digit that does not count is not zero; whether the rest is a number at all decides the complaint. */
function excess(text: string, from: number, to: number): 'syntax' | 'digits' {
  return /^\d*$/u.test(text.slice(from, to)) ? 'digits' : 'syntax'
}

/** As `parseScaled`, for a checked text without sign that is too long for a number. */
function parseLong(text: string, scale: number, negative: boolean): bigint {
  const [whole = '', fraction = ''] = text.split('.')
  const value = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'))
  return negative ? -value : value
}
