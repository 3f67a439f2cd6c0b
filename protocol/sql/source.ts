/**
 * The text of a statement and its tokens, to say where something stands. libpg-query counts its tree
 * and its tokens in UTF-8 bytes and its error cursor in code points; a Position counts lines and
 * characters (code points) from 1.
 */
import { ShareholdError } from '../../shares/errors.ts'
import type { Position } from '../../shares/errors.ts'

import type { SqlErrorCode } from './errors.ts'

/** A token, in UTF-8 bytes. */
export interface Token {
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface Source {
  readonly sql: string
  readonly tokens: readonly Token[]
}

const LINE_END = /\r\n|\n|\r/u
const NAME = /^(?:[\p{L}_][^\s]*|[uU]&"[^]*|"[^]*)$/u

/**
 * An error at a place in the text.
 *
 * @param location byte offset of a token; the error covers that token, of a qualified name all parts.
 */
export function sqlError(
  source: Source,
  code: SqlErrorCode,
  message: string,
  location: number | undefined,
  hint?: string,
): ShareholdError {
  return new ShareholdError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(location === undefined ? {} : { position: positionOf(source, location) }),
  })
}

/**
 * Byte offset of the first token with this text: outside parentheses if there is one, as a statement may be in
 * parentheses itself. Keywords are matched in any case.
 */
export function keywordAt(source: Source, keyword: string, after = 0): number | undefined {
  let depth = 0
  let inside: number | undefined
  let before = ''
  for (const token of source.tokens) {
    if (token.text === '(') depth++
    if (token.text === ')') depth--
    const word = token.text.toLowerCase()
    // WITHIN GROUP belongs to a call: it begins no clause.
    const isClause = before !== 'within'
    before = word
    if (token.start < after || word !== keyword || !isClause) continue
    if (depth === 0) return token.start
    inside ??= token.start
  }
  return inside
}

/** Position of the token (or qualified name) that starts at or covers a byte offset. */
export function positionOf(source: Source, location: number): Position {
  const index = source.tokens.findIndex((token) => location < token.end)
  const token = source.tokens[index]
  if (token === undefined) return positionOfBytes(source.sql, location, location + 1)
  let end = token.end
  let next = index + 1
  while (
    NAME.test(token.text) &&
    source.tokens[next]?.text === '.' &&
    source.tokens[next + 1] !== undefined
  ) {
    end = source.tokens[next + 1]!.end
    next += 2
  }
  return positionOfBytes(source.sql, token.start, end)
}

/** Position of the bytes start..end; the length stops at the end of the line. */
export function positionOfBytes(sql: string, start: number, end: number): Position {
  const bytes = new TextEncoder().encode(sql)
  const decoder = new TextDecoder()
  const before = Array.from(decoder.decode(bytes.subarray(0, start))).length
  const length = Array.from(decoder.decode(bytes.subarray(start, end))).length
  return positionOfCharacters(sql, before, length)
}

/** Position of `length` characters from character `start` (code points, from 0). */
export function positionOfCharacters(sql: string, start: number, length: number): Position {
  const characters = Array.from(sql)
  const lines = characters.slice(0, start).join('').split(LINE_END)
  const covered = characters
    .slice(start, start + length)
    .join('')
    .split(LINE_END, 1)[0]
  return {
    line: lines.length,
    column: Array.from(lines.at(-1) ?? '').length + 1,
    length: Math.max(1, Array.from(covered ?? '').length),
  }
}
