/** The aggregates of this release, by the names that PostgreSQL has for them. */
import type { AggregateSpec } from './answer-spec.ts'

export const AGGREGATE_FUNCTIONS: Readonly<Record<string, AggregateSpec['function']>> = {
  count: 'count',
  sum: 'sum',
  avg: 'avg',
  var_pop: 'var_pop',
  var_samp: 'var_samp',
  variance: 'var_samp',
  stddev_pop: 'stddev_pop',
  stddev_samp: 'stddev_samp',
  stddev: 'stddev_samp',
}

/** Whether the function needs the sum of squares besides sum and count. */
export function needsSquares(name: AggregateSpec['function']): boolean {
  return name !== 'count' && name !== 'sum' && name !== 'avg'
}
