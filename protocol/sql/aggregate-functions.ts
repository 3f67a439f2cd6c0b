/** The aggregates, by the names that PostgreSQL has for them, and what each is computed from. */
import type { AggregateName, AggregateSpec, Fraction, NumberName } from './answer-spec.ts'

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
  min: 'min',
  max: 'max',
  percentile_disc: 'percentile_disc',
  percentile_cont: 'percentile_cont',
  mode: 'mode',
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
  /** How many distinct values there are, or their sum. */
  | { readonly kind: 'distinct'; readonly of: 'count' | 'sum' }
  /** The largest or the smallest value of the argument. */
  | { readonly kind: 'extreme'; readonly largest: boolean }
  | ({ readonly kind: 'rank' } & Rank)
  /** The most frequent value; of several the smallest, or the largest. */
  | { readonly kind: 'mode'; readonly largest: boolean }

/** The value of rank floor((times * count + plus) / over), from 1 for the smallest. */
export interface Rank {
  readonly times: number
  readonly plus: number
  readonly over: number
}

export type AggregateNumbers = Readonly<Partial<Record<NumberName, AggregateNumber>>>

const COUNT = { count: { kind: 'count' } } as const
const SUM = { sum: { kind: 'sum', factors: [0] } } as const
const SQUARES = { squares: { kind: 'sum', factors: [0, 0] } } as const
const SECOND_SUM = { secondSum: { kind: 'sum', factors: [1] } } as const
const SECOND_SQUARES = { secondSquares: { kind: 'sum', factors: [1, 1] } } as const
const PRODUCTS = { products: { kind: 'sum', factors: [0, 1] } } as const

const SPREAD: AggregateNumbers = { ...COUNT, ...SUM, ...SQUARES }
const JOINT: AggregateNumbers = { ...COUNT, ...SUM, ...SECOND_SUM, ...PRODUCTS }

/** Aggregates that WITHIN GROUP (ORDER BY …) belongs to. */
type OrderedSetName = 'percentile_disc' | 'percentile_cont' | 'mode'

/** PostgreSQL calls the first argument of the regression functions Y, the second X. */
const NUMBERS: Readonly<Record<Exclude<AggregateName, OrderedSetName>, AggregateNumbers>> = {
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
  min: { value: { kind: 'extreme', largest: false } },
  max: { value: { kind: 'extreme', largest: true } },
}

const DISTINCT_NUMBERS: Readonly<Partial<Record<AggregateName | 'members', AggregateNumbers>>> = {
  members: { count: { kind: 'members' } },
  count: { count: { kind: 'distinct', of: 'count' } },
  sum: { present: { kind: 'present' }, sum: { kind: 'distinct', of: 'sum' } },
  avg: { count: { kind: 'distinct', of: 'count' }, sum: { kind: 'distinct', of: 'sum' } },
}

/** Whether DISTINCT changes nothing. */
export function isOfDistinctAnyway(name: AggregateName): boolean {
  return name === 'min' || name === 'max' || name === 'bool_and' || name === 'bool_or'
}

/** Whether the function is there over distinct values of one argument. */
export function canBeDistinct(name: AggregateName): boolean {
  return isOfDistinctAnyway(name) || DISTINCT_NUMBERS[name] !== undefined
}

export function isOrderedSet(name: AggregateName): name is OrderedSetName {
  return name === 'percentile_disc' || name === 'percentile_cont' || name === 'mode'
}

/** Whether the result is a value of a row, or between two. */
export function showsValues(name: AggregateName): boolean {
  return name === 'min' || name === 'max' || isOrderedSet(name)
}

/** The numbers that an aggregate is computed from. */
export function numbersOf({
  function: name,
  arguments: { length },
  distinct,
  fraction = { numerator: 0, denominator: 1 },
  descending,
}: AggregateCall): AggregateNumbers {
  if (distinct === true) return DISTINCT_NUMBERS[length === 0 ? 'members' : name] ?? {}
  if (!isOrderedSet(name)) return NUMBERS[name]
  switch (name) {
    case 'percentile_disc':
      return { value: { kind: 'rank', ...rankAt(fraction, descending === true) } }
    case 'percentile_cont':
      return { ...COUNT, ...neighboursOf(ascending(fraction, descending === true)) }
    case 'mode':
      return { value: { kind: 'mode', largest: descending === true } }
  }
}

/** Whether the aggregate looks at the argument's values one by one, in their order. */
export function readsValues(call: AggregateCall): boolean {
  return (
    showsValues(call.function) ||
    Object.values(numbersOf(call)).some(({ kind }) => kind === 'distinct')
  )
}

/** What an aggregate is: the function and what it is applied to. */
export type AggregateCall = Omit<AggregateSpec, 'kind' | 'cohort' | 'places'>

/** The first value whose place, from 1, is at least fraction * count; counted from the largest if descending. */
function rankAt({ numerator: p, denominator: q }: Fraction, descending: boolean): Rank {
  // PostgreSQL takes the first value for a fraction of 0.
  if (p === 0) return descending ? { times: 1, plus: 0, over: 1 } : { times: 0, plus: 1, over: 1 }
  // ceil(p * count / q) from below; from above, count + 1 less that.
  return descending ? { times: q - p, plus: q, over: q } : { times: p, plus: q - 1, over: q }
}

/** The values at the places below and above fraction * (count - 1), from 0: the same if that is an integer. */
function neighboursOf({ numerator: p, denominator: q }: Fraction): AggregateNumbers {
  return {
    lower: { kind: 'rank', times: p, plus: q - p, over: q },
    upper: { kind: 'rank', times: p, plus: 2 * q - p - 1, over: q },
  }
}

/** What is at a fraction from the largest on is at the rest of it from the smallest on. */
function ascending({ numerator, denominator }: Fraction, descending: boolean): Fraction {
  return descending
    ? { numerator: denominator - numerator, denominator }
    : { numerator, denominator }
}

/** How many arguments the function takes. */
export function arityOf(name: AggregateName): 1 | 2 {
  return name === 'corr' || name.startsWith('covar') || name.startsWith('regr') ? 2 : 1
}
