/** Sums that provably stay in the exact range of the field, from the ranges that the schema declares. */
import { ShareholdError } from '../../shares/errors.ts'

import type { BoundAggregate } from './bound.ts'
import { fieldBits } from './column-domain.ts'
import { columnOf, textOfValue } from './row-value.ts'

/** |sum| < 2^59: below p/2 with its sign, and a bit to spare. */
export const MAX_SUM_BITS = 59

/** Bits of a number, 0 for 0; bitsOf(n - 1) is ceil(log2 n). */
export function bitsOf(value: number): number {
  return value === 0 ? 0 : value.toString(2).length
}

/**
 * Refuses an aggregate whose sum over `rows` rows could be too large: SUM and AVG need k + ceil(log2 rows)
 * bits for values of k bits, VAR and STDDEV 2k + ceil(log2 rows).
 *
 * @throws ShareholdError SH_PLAN_OVERFLOW (without position)
 */
export function checkOverflow({ template, argument }: BoundAggregate, rows: number): void {
  if (argument === undefined || template.function === 'count') return
  const name = textOfValue(argument)
  const squared = template.sumSquares !== undefined
  const valueBits = fieldBits(columnOf(argument))
  const rowBits = bitsOf(Math.max(rows, 1) - 1)
  const bits = (squared ? 2 * valueBits : valueBits) + rowBits
  if (bits <= MAX_SUM_BITS) return
  const narrower = `Declare a narrower range or a smaller scale for ${name}`
  const sumFits = squared && valueBits + rowBits <= MAX_SUM_BITS
  throw new ShareholdError(
    'SH_PLAN_OVERFLOW',
    `${template.function.toUpperCase()}(${name}) could overflow: ` +
      `${squared ? `twice ${valueBits}` : valueBits} bits of a value and ${rowBits} bits for ${rows} rows ` +
      `make ${bits}, more than ${MAX_SUM_BITS}.`,
    { hint: sumFits ? `${narrower}; SUM and AVG of it fit.` : `${narrower}.` },
  )
}
