/** Whatever goes wrong with a stranger's text, as an error of the compiler's own table. */
import { ShareholdError } from '../../shares/errors.ts'

export function asShareholdError(error: unknown): ShareholdError {
  if (error instanceof ShareholdError) return error
  // V8 reports an exhausted stack as a RangeError of this message.
  if (error instanceof RangeError && error.message.includes('call stack')) {
    return new ShareholdError('SH_SQL_TOO_COMPLEX', 'The statement is nested too deeply.', {
      hint: 'Remove a few levels of parentheses.',
      cause: error,
    })
  }
  return new ShareholdError('SH_SQL_INTERNAL', 'The compiler failed on this statement.', {
    hint: 'Please report the statement and the schema.',
    cause: error,
  })
}
