/** Error codes of the querier's last step: opened integers to rows (answer.ts). */
import type { ErrorTable } from '../../shares/errors.ts'

export const ANSWER_ERRORS = {
  SH_ANSWER_INCONSISTENT:
    'The opened values contradict each other or the query: a cohort bit is not 0 or 1, a suppressed value is not 0, or sums do not fit their count.',
  SH_ANSWER_DIVISION_BY_ZERO: 'An expression over the aggregates divides by zero.',
  SH_ANSWER_RANGE: 'A result lies outside the range of its PostgreSQL type.',
  SH_ANSWER_ARGUMENT:
    'A function is not defined for the value of its argument, as the square root of -1.',
  SH_ANSWER_TYPE: 'An operator, function or cast does not exist for the types it is given.',
  SH_ANSWER_LITERAL: 'A text cannot be read as a value of its type.',
} as const satisfies ErrorTable

export type AnswerErrorCode = keyof typeof ANSWER_ERRORS
