/** Errors as a person at a terminal reads them: the line, a caret under the place, and the hint. */
import type { ShareholdError } from '../../shares/errors.ts'

import { displayWidth, printable } from './display-width.ts'

/** Longest part of a line that is shown. */
const SHOWN = 100

/**
 * The error as text of several lines, without a final newline:
 *
 *     Column "fair" does not exist. (SH_SQL_UNKNOWN_COLUMN)
 *       line 1, column 12
 *       SELECT AVG(fair) FROM trips
 *                  ^^^^
 *     Hint: Did you mean fare?
 */
export function formatSqlError(sql: string, error: ShareholdError): string {
  const lines = [`${printable(error.message)} (${error.code})`]
  const { position } = error
  const line = position && sql.split(/\r\n|\n|\r/u)[position.line - 1]
  if (position !== undefined && line !== undefined) {
    const characters = Array.from(line.replaceAll('\t', ' '), printable)
    const start = Math.min(position.column - 1, characters.length)
    const from = characters.length <= SHOWN ? 0 : Math.max(0, start - SHOWN / 2)
    const to = from + SHOWN
    const end = Math.min(start + (position.length ?? 1), to)
    const width = (first: number, last: number): number =>
      displayWidth(characters.slice(first, last).join(''))
    lines.push(
      `  line ${position.line}, column ${position.column}`,
      `  ${characters.slice(from, to).join('')}`,
      `  ${' '.repeat(width(from, start))}${'^'.repeat(Math.max(1, width(start, end)))}`,
    )
  }
  if (error.hint !== undefined) lines.push(`Hint: ${printable(error.hint)}`)
  return lines.join('\n')
}
