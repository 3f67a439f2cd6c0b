/** What opened numbers can be, whatever the data are: all that the querier can check by itself. */
import { ShareholdError } from '../../shares/errors.ts'

import type { NumberName } from './answer-spec.ts'

/** The numbers of an aggregate. Sums are times 10^scale of each of the factors. */
export type OpenedNumbers = (name: NumberName) => bigint

/** A count, which may be of no values only if these have sums of 0. @throws SH_ANSWER_INCONSISTENT */
export function checkCount(count: bigint, ...sums: readonly bigint[]): bigint {
  if (count < 0n || (count === 0n && sums.some((sum) => sum !== 0n))) throw inconsistent()
  return count
}

export function inconsistent(): ShareholdError {
  return new ShareholdError(
    'SH_ANSWER_INCONSISTENT',
    'The opened numbers of an aggregate contradict each other.',
    { hint: 'The share openings are wrong: ask again, and report the job.' },
  )
}
