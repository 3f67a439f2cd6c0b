/** What the parser itself refuses, with its place and, where it looks like a slip or a habit of other systems, a hint. */
import { ShareholdError } from '../../shares/errors.ts'
import type { Position } from '../../shares/errors.ts'

import { slipOf } from './names.ts'
import { positionOf, positionOfCharacters } from './source.ts'
import type { Source } from './source.ts'

/**
 * The error for what libpg-query threw.
 *
 * @param source without tokens if it is the scanner that failed
 */
export function parserError(source: Source, cause: unknown): ShareholdError {
  const details =
    cause instanceof Error && 'sqlDetails' in cause
      ? (cause.sqlDetails as { message?: unknown; cursorPosition?: unknown } | undefined)
      : undefined
  // The stack was too small after all.
  if (typeof details?.message !== 'string') {
    return new ShareholdError('SH_SQL_TOO_COMPLEX', 'The statement is nested too deeply.', {
      hint: 'Remove a few levels of parentheses.',
    })
  }
  const { message, cursorPosition } = details
  const cursor = Math.max(0, typeof cursorPosition === 'number' ? cursorPosition : 0)
  const near = / at or near "([^]*)"$/u.exec(message)?.[1]
  const hint = hintFor(source, message, near, cursor)
  return new ShareholdError(
    message.startsWith('memory exhausted') ? 'SH_SQL_TOO_COMPLEX' : 'SH_SQL_SYNTAX',
    `${message.charAt(0).toUpperCase()}${message.slice(1)}.`,
    { ...(hint === undefined ? {} : { hint }), position: placeOf(source, near, cursor) },
  )
}

/** @param cursor code points before the place */
function placeOf(source: Source, near: string | undefined, cursor: number): Position {
  const { sql, tokens } = source
  if (near !== undefined) return positionOfCharacters(sql, cursor, Array.from(near).length)
  const bytes = bytesBefore(sql, cursor)
  // At the end of the input there is no token to cover.
  const isCovered = tokens.some(({ start, end }) => start <= bytes && bytes < end)
  return isCovered ? positionOf(source, bytes) : positionOfCharacters(sql, cursor, 1)
}

function bytesBefore(sql: string, cursor: number): number {
  return new TextEncoder().encode(Array.from(sql).slice(0, cursor).join('')).length
}

/** What people bring from other systems, and what to write instead. */
const HABITS: readonly (readonly [message: RegExp, hint: string])[] = [
  [/at or near "`"/u, 'Names stand in double quotes: "name".'],
  [/at or near ":"/u, 'Write the value itself: there are no parameters.'],
  [/at or near "\["/u, 'Names stand in double quotes: "name".'],
  [/at or near "=>"/u, 'Write >=.'],
  [/LIMIT #,# syntax/u, 'Write LIMIT 10 OFFSET 20.'],
  [/^WITH TIES cannot/u, 'Write LIMIT.'],
  [/^unterminated quoted string/u, "A quote inside a text is written twice: 'it''s'."],
  [/^unterminated quoted identifier/u, 'A name that starts with a double quote ends with one.'],
  [/syntax error at end of input/u, 'The statement stops in the middle.'],
]

const KEYWORDS =
  `select from where group by having order limit offset and or not in is null true false between like ilike join left inner
  using on as case when then else end with union filter distinct asc desc nulls first last cast`.split(
    /\s+/u,
  )

function hintFor(
  { sql, tokens }: Source,
  message: string,
  near: string | undefined,
  cursor: number,
): string | undefined {
  const habit = HABITS.find(([pattern]) => pattern.test(message))?.[1]
  if (habit !== undefined) return habit
  const bytes = bytesBefore(sql, cursor)
  // A misspelt keyword is taken for a name, and only what follows it is wrong.
  const before = tokens.findLast(({ end }) => end <= bytes)?.text
  if (before?.toLowerCase() === 'top') return 'Write LIMIT at the end of the statement.'
  if (before === ',') return 'Remove the comma, or write what is missing after it.'
  const slip = [near, before].flatMap((word) => slipOf(word ?? '', KEYWORDS) ?? [])[0]
  return slip === undefined ? undefined : `Did you mean ${slip.toUpperCase()}?`
}
