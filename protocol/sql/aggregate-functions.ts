/** The aggregates, by the names that PostgreSQL has for them, and what each is computed from. */
import type { AggregateName, AggregateSpec, NumberName } from './answer-spec.ts'

export const AGGREGATE_FUNCTIONS: Readonly<Record<string, AggregateName>> = {
  count: 'count',
  sum: 'sum',
  avg: 'avg',
  var_pop: 'var_pop',
  var_samp: 'var_samp',
  variance: 'var_samp',
  stddev_pop: 'stddev_pop',
  stddev_samp: 'stddev_samp',
  stddev: 'stddev_samp',
  covar_pop: 'covar_pop',
  covar_samp: 'covar_samp',
  corr: 'corr',
  regr_count: 'regr_count',
  regr_avgx: 'regr_avgx',
  regr_avgy: 'regr_avgy',
  regr_sxx: 'regr_sxx',
  regr_syy: 'regr_syy',
  regr_sxy: 'regr_sxy',
  regr_slope: 'regr_slope',
  regr_intercept: 'regr_intercept',
  regr_r2: 'regr_r2',
  bool_and: 'bool_and',
  every: 'bool_and',
  bool_or: 'bool_or',
}

/** What a number is, over the rows that contribute to the aggregate. */
export type AggregateNumber =
  /** Whether there are enough members: the cohort bit, which is there anyway. */
  | { readonly kind: 'present' }
  | { readonly kind: 'count' }
  /** The sum of a product of arguments, by their places. */
  | { readonly kind: 'sum'; readonly factors: readonly (0 | 1)[] }
  /** 1 if the argument, a condition, is `value` on any of them. */
  | { readonly kind: 'any'; readonly value: boolean }
  /** Distinct members. */
  | { readonly kind: 'members' }

export type AggregateNumbers = Readonly<Partial<Record<NumberName, AggregateNumber>>>

const COUNT = { count: { kind: 'count' } } as const
const SUM = { sum: { kind: 'sum', factors: [0] } } as const
const SQUARES = { squares: { kind: 'sum', factors: [0, 0] } } as const
const SECOND_SUM = { secondSum: { kind: 'sum', factors: [1] } } as const
const SECOND_SQUARES = { secondSquares: { kind: 'sum', factors: [1, 1] } } as const
const PRODUCTS = { products: { kind: 'sum', factors: [0, 1] } } as const

const SPREAD: AggregateNumbers = { ...COUNT, ...SUM, ...SQUARES }
const JOINT: AggregateNumbers = { ...COUNT, ...SUM, ...SECOND_SUM, ...PRODUCTS }

/** PostgreSQL calls the first argument of the regression functions Y, the second X. */
const NUMBERS: Readonly<Record<AggregateName, AggregateNumbers>> = {
  count: COUNT,
  // Where the cohort bit is 1 there is a value: no count is opened to tell 0 from NULL.
  sum: { present: { kind: 'present' }, ...SUM },
  avg: { ...COUNT, ...SUM },
  var_pop: SPREAD,
  var_samp: SPREAD,
  stddev_pop: SPREAD,
  stddev_samp: SPREAD,
  covar_pop: JOINT,
  covar_samp: JOINT,
  corr: { ...JOINT, ...SQUARES, ...SECOND_SQUARES },
  regr_count: COUNT,
  regr_avgx: { ...COUNT, ...SECOND_SUM },
  regr_avgy: { ...COUNT, ...SUM },
  regr_sxx: { ...COUNT, ...SECOND_SUM, ...SECOND_SQUARES },
  regr_syy: SPREAD,
  regr_sxy: JOINT,
  regr_slope: { ...JOINT, ...SECOND_SQUARES },
  regr_intercept: { ...JOINT, ...SECOND_SQUARES },
  regr_r2: { ...JOINT, ...SQUARES, ...SECOND_SQUARES },
  bool_and: { any: { kind: 'any', value: false } },
  bool_or: { any: { kind: 'any', value: true } },
}

/** The numbers that an aggregate is computed from. */
export function numbersOf({
  function: name,
  arguments: { length },
  distinct,
}: Pick<AggregateSpec, 'function' | 'arguments' | 'distinct'>): AggregateNumbers {
  if (name === 'count' && distinct === true && length === 0) return { count: { kind: 'members' } }
  return NUMBERS[name]
}

/** How many arguments the function takes. */
export function arityOf(name: AggregateName): 1 | 2 {
  return name === 'corr' || name.startsWith('covar') || name.startsWith('regr') ? 2 : 1
}
