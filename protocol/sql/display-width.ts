/**
 * How many columns a terminal gives a text: two for East Asian wide characters and emoji, none for
 * combining marks, one for the rest; and how to show a text without letting it command the terminal.
 *
 * Source: Unicode Standard Annex #11, as ranges coarse enough to keep; ambiguous widths count as one.
 */

/** First and last code points that terminals show two columns wide. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x17000, 0x18cff],
  [0x1b000, 0x1b2ff],
  [0x20000, 0x3fffd],
]

const EMOJI = /\p{Emoji_Presentation}|\uFE0F/u
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\u200B-\u200D\u2060\uFEFF]+$/u
/** Control characters, lone surrogates, line separators and what turns the writing direction. */
const UNSAFE = /[\p{Cc}\p{Cs}\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Columns that a text without control characters takes. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment)
  return width
}

/** The text with control and direction characters as escapes, so that it stays in its line and place. */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    const short = SHORT_ESCAPES[character]
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return short ?? `\\u${code.padStart(4, '0')}`
  })
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function graphemeWidth(grapheme: string): number {
  if (ZERO_WIDTH.test(grapheme)) return 0
  const code = grapheme.codePointAt(0) ?? 0
  const wide = WIDE.some(([first, last]) => code >= first && code <= last)
  return wide || EMOJI.test(grapheme) ? 2 : 1
}
