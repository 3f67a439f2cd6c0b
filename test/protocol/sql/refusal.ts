/** Refused statements whose place is marked: what stands between « and » is what the error must cover. */
import { expect } from 'vitest'

import { compile } from '../../../protocol/sql/compile.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import type { Position } from '../../../shares/errors.ts'

import { PARAMS, TRIPS } from './trips-schema.ts'

/** The statement without its marks, and the place between them. */
export function unmark(marked: string): { sql: string; position: Position | undefined } {
  const start = marked.indexOf('«')
  const sql = marked.replaceAll(/[«»]/gu, '')
  if (start < 0) return { sql, position: undefined }
  const before = marked.slice(0, start).split('\n')
  const [line = ''] = before.slice(-1)
  const covered = marked.slice(start + 1, marked.indexOf('»'))
  return {
    sql,
    position: {
      line: before.length,
      column: Array.from(line).length + 1,
      // The end of the text has a place too.
      length: Math.max(1, Array.from(covered).length),
    },
  }
}

/** The error with which a statement about `trips` is refused. */
export async function refusal(sql: string): Promise<ShareholdError> {
  try {
    await compile(sql, TRIPS, PARAMS)
  } catch (error) {
    expect(error).toBeInstanceOf(ShareholdError)
    return error as ShareholdError
  }
  throw new Error(`not refused: ${sql.slice(0, 200)}`)
}
