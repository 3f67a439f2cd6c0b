/** Faults of a query, shown in the query. */
import { formatSqlError } from '../protocol/sql/format-error.ts'
import { ShareholdError } from '../shares/errors.ts'

import { exitCodeOf } from './exit-codes.ts'

/** Runs a command on a query; a fault with a place in the text is shown there, with a caret. */
export async function withSql(
  sql: string,
  run: () => Promise<number | void>,
): Promise<number | void> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof ShareholdError) || error.position === undefined) throw error
    process.stderr.write(`${formatSqlError(sql, error)}\n`)
    return exitCodeOf(error)
  }
}
