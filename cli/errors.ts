/** Error codes of the command line itself. */
import type { ErrorTable } from '../shares/errors.ts'

export const CLI_ERRORS = {
  SH_CLI_OPTION: 'An option has a value that cannot be used, or is missing.',
  SH_CLI_FILE: 'A file that an option names cannot be read or written.',
  SH_AUDIT_FAILED: 'An audit found something wrong; the check list says what.',
} as const satisfies ErrorTable
