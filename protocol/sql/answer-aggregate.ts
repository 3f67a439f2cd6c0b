/**
 * Aggregates from exact integers: number of values, their sum and the sum of their squares, as the
 * nodes compute them. The digits are PostgreSQL's, since it sums exactly too and rounds once.
 *
 * Source: numeric_avg, numeric_stddev_internal and int8_avg in numeric.c (PostgreSQL 18).
 */
import { ShareholdError } from '../../shares/errors.ts'

import type { AggregateSpec, SqlType } from './answer-spec.ts'
import type { Value } from './answer-value.ts'
import {
  divideNumeric,
  divideToScale,
  numericFromInteger,
  quotientScale,
  sqrtToScale,
} from './numeric.ts'

/** What an aggregate's lanes hold; sums are 0 where the function needs none. */
export interface AggregateSums {
  /** Contributing values, not NULL. */
  readonly count: bigint
  /** Sum of the values times 10^scale. */
  readonly sum: bigint
  /** Sum of the squared values times 10^(2 * scale). */
  readonly sumSquares: bigint
}

/**
 * PostgreSQL's result type of an aggregate.
 *
 * @throws SH_ANSWER_TYPE if the function does not exist for the argument's type.
 */
export function aggregateType(spec: Pick<AggregateSpec, 'function' | 'argument'>): SqlType {
  if (spec.function === 'count') return 'bigint'
  if (spec.argument === undefined || spec.argument.type === 'boolean') {
    throw new ShareholdError(
      'SH_ANSWER_TYPE',
      `Function ${spec.function} does not exist for ${spec.argument?.type ?? 'no'} argument.`,
    )
  }
  return spec.function === 'sum' && spec.argument.type === 'integer' ? 'bigint' : 'numeric'
}

/**
 * The value of an aggregate, or null for PostgreSQL's NULL: no values, or one value of a sample statistic.
 *
 * @throws SH_ANSWER_TYPE as aggregateType; SH_ANSWER_INCONSISTENT if no values have such sums.
 */
export function aggregateValue(
  spec: Pick<AggregateSpec, 'function' | 'argument'>,
  sums: AggregateSums,
): Value | null {
  const type = aggregateType(spec)
  const { count, sum, sumSquares } = sums
  const contradiction = count < 0n || (count === 0n && (sum !== 0n || sumSquares !== 0n))
  if (contradiction) throw inconsistent()
  const scale = spec.argument?.scale ?? 0
  switch (spec.function) {
    case 'count':
      return { type: 'bigint', value: count }
    case 'sum':
      if (count === 0n) return null
      return type === 'bigint'
        ? { type: 'bigint', value: sum }
        : { type: 'numeric', value: { digits: sum, scale } }
    case 'avg': {
      if (count === 0n) return null
      const mean = divideNumeric({ digits: sum, scale }, numericFromInteger(count))
      return { type: 'numeric', value: mean }
    }
    case 'var_pop':
    case 'var_samp':
    case 'stddev_pop':
    case 'stddev_samp':
      return dispersion(spec.function, scale, sums)
  }
}

function dispersion(
  name: 'var_pop' | 'var_samp' | 'stddev_pop' | 'stddev_samp',
  scale: number,
  { count, sum, sumSquares }: AggregateSums,
): Value | null {
  const sample = name === 'var_samp' || name === 'stddev_samp'
  if (count === 0n || (sample && count === 1n)) return null
  const excess = count * sumSquares - sum * sum
  // By Cauchy and Schwarz no values at all have a negative excess.
  if (excess < 0n) throw inconsistent()
  // Without spread PostgreSQL returns a bare 0, whatever the scale.
  if (excess === 0n) return { type: 'numeric', value: numericFromInteger(0n) }
  const numerator = { digits: excess, scale: 2 * scale }
  const divisor = numericFromInteger(count * (sample ? count - 1n : count))
  const resultScale = quotientScale(numerator, divisor)
  const variance = divideToScale(numerator, divisor, resultScale)
  const root = name === 'stddev_pop' || name === 'stddev_samp'
  return { type: 'numeric', value: root ? sqrtToScale(variance, resultScale) : variance }
}

function inconsistent(): ShareholdError {
  return new ShareholdError(
    'SH_ANSWER_INCONSISTENT',
    'The opened count, sum and sum of squares of an aggregate contradict each other.',
    { hint: 'The share openings are wrong: ask again, and report the job.' },
  )
}
