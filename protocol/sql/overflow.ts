/** Sums that provably stay in the exact range of the field, from the ranges that the schema declares. */
import { ShareholdError } from '../../shares/errors.ts'

import { numbersOf } from './aggregate-functions.ts'
import type { NumberName } from './answer-spec.ts'
import { argumentsOf } from './bound.ts'
import type { BoundAggregate } from './bound.ts'
import { fieldBits } from './column-domain.ts'
import { orderedDomain } from './ordered-planes.ts'
import { analysisOf } from './row-analysis.ts'
import { textOfValue } from './row-text.ts'
import type { RowValue } from './row-value.ts'

/** |sum| < 2^59: below p/2 with its sign, and a bit to spare. */
export const MAX_SUM_BITS = 59

/** Bits of a number, 0 for 0; bitsOf(n - 1) is ceil(log2 n). */
export function bitsOf(value: number): number {
  return value === 0 ? 0 : value.toString(2).length
}

/**
 * Refuses an aggregate one of whose sums over `rows` rows could be too large: SUM and AVG need k + ceil(log2 rows)
 * bits for values of k bits, VAR and STDDEV 2k + ceil(log2 rows), a product of two values the bits of both.
 *
 * @throws ShareholdError SH_PLAN_OVERFLOW (without position)
 */
export function checkOverflow(aggregate: BoundAggregate, rows: number): void {
  const { template } = aggregate
  const values = argumentsOf(aggregate)
  const valueBits = values.map((value) => magnitudeBits(value))
  const rowBits = bitsOf(Math.max(rows, 1) - 1)
  for (const number of Object.values(numbersOf(template))) {
    if (number.kind === 'distinct' && number.of === 'sum') {
      checkDistinctSum(values[0]!)
      continue
    }
    if (number.kind !== 'sum') continue
    const { factors } = number
    const bits = factors.reduce((sum: number, at) => sum + valueBits[at]!, rowBits)
    if (bits <= MAX_SUM_BITS) continue
    const names = [...new Set(factors)].map((at) => textOfValue(values[at]!))
    const narrower = values.every(({ kind }) => kind === 'column')
      ? `Declare a narrower range or a smaller scale for ${names.join(' or ')}`
      : 'Declare narrower ranges or smaller scales for its columns, or ROUND it'
    const sumFits =
      factors.length > 1 && factors.every((at) => valueBits[at]! + rowBits <= MAX_SUM_BITS)
    throw new ShareholdError(
      'SH_PLAN_OVERFLOW',
      `${template.function.toUpperCase()}(${values.map((value) => textOfValue(value)).join(', ')}) could overflow: ` +
        `${bitsOfProduct(factors, valueBits)} and ${rowBits} bits for ${rows} rows ` +
        `make ${bits}, more than ${MAX_SUM_BITS}.`,
      { hint: sumFits ? `${narrower}; SUM and AVG of it fit.` : `${narrower}.` },
    )
  }
}

/** Each value is in the sum once at most. */
function checkDistinctSum(value: RowValue): void {
  const bits = magnitudeBits(value) + bitsOf(Number(orderedDomain(value).size) - 1)
  if (bits <= MAX_SUM_BITS) return
  throw new ShareholdError(
    'SH_PLAN_OVERFLOW',
    `SUM(DISTINCT ${textOfValue(value)}) could need ${bits} bits, more than ${MAX_SUM_BITS}.`,
    { hint: `Declare a narrower range or a smaller scale for ${textOfValue(value)}.` },
  )
}

function bitsOfProduct(factors: readonly (0 | 1)[], valueBits: readonly number[]): string {
  const [a, b] = factors.map((at) => valueBits[at]!)
  if (b === undefined) return `${a} bits of a value`
  return factors[0] === factors[1]
    ? `twice ${a} bits of a value`
    : `${a} and ${b} bits of two values`
}

/** Bits of the largest magnitude that a value's field element can have. */
function magnitudeBits(value: RowValue): number {
  if (value.kind === 'column') return fieldBits(value.column)
  const { shape } = analysisOf(value)
  if (shape.kind !== 'numbers') return 0
  return Math.max(
    ...[shape.least, shape.most].map((end) => (end < 0n ? -end : end).toString(2).length),
  )
}

/** The largest magnitude of a number that an aggregate is computed from, over so many rows. */
export function largestNumber(
  rows: number,
): (aggregate: BoundAggregate, name: NumberName) => bigint {
  return (aggregate, name) => {
    const number = numbersOf(aggregate.template)[name]
    if (number === undefined) throw new RangeError(`an aggregate without ${name}`)
    if (number.kind === 'any' || number.kind === 'present') return 1n
    const values = argumentsOf(aggregate)
    if (number.kind === 'extreme' || number.kind === 'rank' || number.kind === 'mode') {
      return BigInt(orderedDomain(values[0]!).size) - 1n
    }
    const isDistinctSum = number.kind === 'distinct' && number.of === 'sum'
    const factors = number.kind === 'sum' ? number.factors : isDistinctSum ? ([0] as const) : []
    return factors.reduce(
      (product, at) => product * (2n ** BigInt(magnitudeBits(values[at]!)) - 1n),
      BigInt(rows),
    )
  }
}
