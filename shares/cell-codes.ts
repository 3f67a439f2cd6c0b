/**
 * Codes straight from the bytes of a text, for the forms in which nearly all values come: plain decimal
 * numbers, ISO dates and times, words. No string is made. Whatever is written in another way, is wrong or
 * is out of range, column-codec.ts decides: what a reader says here is what `codeOf` says, or nothing.
 *
 * Plain values: whoever has them is the owner. Not constant-time, as no parser is.
 */
import { dayNumber, parseDate, parseTimestamp, SECONDS_PER_DAY } from './calendar.ts'
import { BOOLEANS, codecOf } from './column-codec.ts'
import type { Column } from './schema.ts'

/** The code of the UTF-8 text bytes from..to-1, which is not NULL; UNREAD if it has to be read as a text. */
export type CellReader = (bytes: Uint8Array, from: number, to: number) => number

export const UNREAD = -1

const SPACE = 32
const MINUS = 45
const POINT = 46
const ZERO = 48
const COLON = 58
const LETTER_T = 84

/** The reader of a column of a parsed schema. */
export function cellReader(column: Column): CellReader {
  const codec = codecOf(column)
  if (!codec.narrow) return () => UNREAD
  const most = Number(codec.codeMax)
  switch (column.type) {
    case 'boolean':
      return wordReader(BOOLEANS)
    case 'text':
      return wordReader(new Map(column.dictionary.map((text, code) => [text, code])))
    case 'integer':
    case 'decimal':
      return numberReader(codec.scale, Number(codec.fieldMin), most)
    case 'date':
      return timeReader(dateAt, parseDate(column.min)!, 1, most)
    case 'timestamp':
      return timeReader(timestampAt, parseTimestamp(column.min)!, column.resolutionSeconds, most)
  }
}

/** A minus or none, digits, and a point with at most `scale` digits behind it. */
function numberReader(scale: number, min: number, most: number): CellReader {
  const powers = Array.from({ length: scale + 1 }, (_, digits) => 10 ** (scale - digits))
  return (bytes, from, to) => {
    const negative = bytes[from] === MINUS
    let value = 0
    let digits = 0
    // Digits behind the point; -1 before it.
    let fraction = -1
    for (let at = negative ? from + 1 : from; at < to; at++) {
      const digit = bytes[at]! - ZERO
      if (digit >= 0 && digit <= 9) {
        value = value * 10 + digit
        digits++
        if (fraction >= 0) fraction++
      } else if (fraction < 0 && digit === POINT - ZERO) fraction = 0
      else return UNREAD
    }
    if (digits === 0 || fraction > scale) return UNREAD
    value *= powers[Math.max(fraction, 0)]!
    // Rounding does not bring a value from above 2^53 to below.
    if (value > Number.MAX_SAFE_INTEGER) return UNREAD
    const code = (negative ? 0 - value : value) - min
    return code >= 0 && code <= most ? code : UNREAD
  }
}

function timeReader(
  timeAt: (bytes: Uint8Array, from: number, to: number) => number | undefined,
  min: number,
  step: number,
  most: number,
): CellReader {
  return (bytes, from, to) => {
    const time = timeAt(bytes, from, to)
    if (time === undefined) return UNREAD
    const code = (time - min) / step
    return code >= 0 && code <= most && Number.isInteger(code) ? code : UNREAD
  }
}

/** Days of 'YYYY-MM-DD'. */
function dateAt(bytes: Uint8Array, from: number, to: number): number | undefined {
  if (to - from !== 10 || bytes[from + 4] !== MINUS || bytes[from + 7] !== MINUS) return undefined
  const year = twoDigits(bytes, from) * 100 + twoDigits(bytes, from + 2)
  return dayNumber(year, twoDigits(bytes, from + 5), twoDigits(bytes, from + 8))
}

/** Seconds of 'YYYY-MM-DD HH:MM:SS', also with a T. */
function timestampAt(bytes: Uint8Array, from: number, to: number): number | undefined {
  if (to - from !== 19 || bytes[from + 13] !== COLON || bytes[from + 16] !== COLON) return undefined
  if (bytes[from + 10] !== SPACE && bytes[from + 10] !== LETTER_T) return undefined
  const days = dateAt(bytes, from, from + 10)
  const hour = twoDigits(bytes, from + 11)
  const minute = twoDigits(bytes, from + 14)
  const second = twoDigits(bytes, from + 17)
  if (days === undefined || !(hour <= 23 && minute <= 59 && second <= 59)) return undefined
  return days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second
}

/** The number that two digits make; NaN if there are none. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - ZERO
  const ones = bytes[at + 1]! - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

/** Exactly one of some words: a hash table over their bytes. */
function wordReader(words: ReadonlyMap<string, number>): CellReader {
  const encoder = new TextEncoder()
  const entries = Array.from(words, ([word, code]) => ({ bytes: encoder.encode(word), code }))
  const mask = 2 ** Math.ceil(Math.log2(2 * entries.length + 1)) - 1
  // Open addressing: 1 + the index of an entry, 0 where there is none.
  const slots = new Uint32Array(mask + 1)
  for (const [index, { bytes }] of entries.entries()) {
    let slot = hashOf(bytes, 0, bytes.length) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = index + 1
  }
  return (bytes, from, to) => {
    for (let slot = hashOf(bytes, from, to) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const entry = entries[slots[slot]! - 1]!
      if (isAt(entry.bytes, bytes, from, to)) return entry.code
    }
    return UNREAD
  }
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c_9dc5
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193)
  return hash ^ (hash >>> 15)
}

function isAt(word: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (word.length !== to - from) return false
  for (let k = 0; k < word.length; k++) if (word[k] !== bytes[from + k]) return false
  return true
}
