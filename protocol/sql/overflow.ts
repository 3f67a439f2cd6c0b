/** Sums that provably stay in the exact range of the field, from the ranges that the schema declares. */
import { ShareholdError } from '../../shares/errors.ts'

import { numbersOf } from './aggregate-functions.ts'
import type { NumberName } from './answer-spec.ts'
import { argumentsOf } from './bound.ts'
import type { BoundAggregate } from './bound.ts'
import { fieldMagnitude } from './column-domain.ts'
import { orderedDomain } from './ordered-planes.ts'
import { analysisOf } from './row-analysis.ts'
import { textOfValue } from './row-text.ts'
import type { RowValue } from './row-value.ts'

/** Below it a sum has its sign in the field: p is 2^61 - 1. */
const SUM_BOUND = 2n ** 60n

/** Bits of a number, 0 for 0; bitsOf(n - 1) is ceil(log2 n). */
export function bitsOf(value: number): number {
  return value === 0 ? 0 : value.toString(2).length
}

/**
 * Refuses an aggregate one of whose sums over `rows` rows could be too large: SUM and AVG are of rows times the largest
 * magnitude, VAR and STDDEV of rows times its square, those of two numbers of rows times the product.
 *
 * @throws ShareholdError SH_PLAN_OVERFLOW (without position)
 */
export function checkOverflow(aggregate: BoundAggregate, rows: number): void {
  const { template } = aggregate
  const values = argumentsOf(aggregate)
  const largest = values.map(magnitudeOf)
  for (const number of Object.values(numbersOf(template))) {
    if (number.kind === 'distinct' && number.of === 'sum') {
      checkDistinctSum(values[0]!)
      continue
    }
    if (number.kind !== 'sum') continue
    const { factors } = number
    const most = factors.reduce((product, at) => product * largest[at]!, BigInt(rows))
    if (most < SUM_BOUND) continue
    const names = [...new Set(factors)].map((at) => textOfValue(values[at]!))
    const narrower = values.every(({ kind }) => kind === 'column')
      ? `Declare a narrower range or a smaller scale for ${names.join(' or ')}`
      : 'Declare narrower ranges or smaller scales for its columns, or ROUND it'
    const sumFits =
      factors.length > 1 && factors.every((at) => BigInt(rows) * largest[at]! < SUM_BOUND)
    throw new ShareholdError(
      'SH_PLAN_OVERFLOW',
      `${template.function.toUpperCase()}(${values.map((value) => textOfValue(value)).join(', ')}) could overflow: ` +
        `${rows} rows of up to ${productText(factors, largest)} units of the last decimal can make 2^60 or more.`,
      { hint: sumFits ? `${narrower}; SUM and AVG of it fit.` : `${narrower}.` },
    )
  }
}

/** Each value is in the sum once at most. */
function checkDistinctSum(value: RowValue): void {
  const { size } = orderedDomain(value)
  if (BigInt(size) * magnitudeOf(value) < SUM_BOUND) return
  throw new ShareholdError(
    'SH_PLAN_OVERFLOW',
    `SUM(DISTINCT ${textOfValue(value)}) could overflow: ${size} values of up to ${magnitudeOf(value)} units of the last decimal.`,
    { hint: `Declare a narrower range or a smaller scale for ${textOfValue(value)}.` },
  )
}

function productText(factors: readonly (0 | 1)[], largest: readonly bigint[]): string {
  const [a, b] = factors.map((at) => largest[at]!)
  if (b === undefined) return String(a)
  return factors[0] === factors[1] ? `${a}^2` : `${a} * ${b}`
}

/** The largest magnitude that a value's field element can have. */
function magnitudeOf(value: RowValue): bigint {
  if (value.kind === 'column') return fieldMagnitude(value.column)
  const { shape } = analysisOf(value)
  if (shape.kind !== 'numbers') return 0n
  const [least, most] = [shape.least, shape.most].map((end) => (end < 0n ? -end : end))
  return least! > most! ? least! : most!
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
    return factors.reduce((product, at) => product * magnitudeOf(values[at]!), BigInt(rows))
  }
}
