/**
 * How the querier turns the opened output lanes into the rows of the answer: public data that the
 * compiler makes beside the plan. Nothing here is evaluated by a node.
 *
 * Lanes are numbered over the concatenated inputs of the plan's `output` operator. A cohort lane holds
 * 1 if enough distinct members contribute, else 0; a value lane holds value * cohort bit, as an element of F_p
 * (negative values as p - |v|).
 */

/** PostgreSQL result types that an answer can have. `scale` is the declared scale of a stored DECIMAL. */
export type SqlType =
  | 'bigint'
  | 'integer'
  | 'numeric'
  /** Double precision: what ROUND(x), FLOOR, CEIL and SQRT of an integer or bigint are in PostgreSQL. */
  | 'double'
  | 'text'
  | 'boolean'
  | 'date'
  | 'timestamp'

/** Aggregate functions; synonyms (VARIANCE, EVERY) have gone. */
export type AggregateName =
  | 'count'
  | 'sum'
  | 'avg'
  | 'var_pop'
  | 'var_samp'
  | 'stddev_pop'
  | 'stddev_samp'
  | 'covar_pop'
  | 'covar_samp'
  | 'corr'
  | 'regr_count'
  | 'regr_avgx'
  | 'regr_avgy'
  | 'regr_sxx'
  | 'regr_syy'
  | 'regr_sxy'
  | 'regr_slope'
  | 'regr_intercept'
  | 'regr_r2'
  | 'bool_and'
  | 'bool_or'
  | 'min'
  | 'max'
  | 'percentile_disc'
  | 'percentile_cont'
  | 'mode'

/**
 * Type of an aggregate's argument: 'bigint' when PostgreSQL would hold it as int8 (range beyond int4), whose SUM
 * is numeric, while that of an integer is bigint. Numbers stand in lanes times 10^scale; scale is 0 but for numeric.
 */
export interface ArgumentType {
  readonly type: SqlType
  readonly scale: number
}

/** A number that aggregates are computed from, opened in a lane of its own. */
export type NumberName =
  /** 1: the cohort bit itself, which tells that there are values. */
  | 'present'
  /** How many rows contribute, or distinct values of them. */
  | 'count'
  /** Sums over these rows, of the first argument, its squares, the second, its squares, their products. */
  | 'sum'
  | 'squares'
  | 'secondSum'
  | 'secondSquares'
  | 'products'
  /** Whether any of these rows has the value that decides. */
  | 'any'
  /** A value of a row, by its place in the domain; of two that are interpolated between, the lower and the upper. */
  | 'value'
  | 'lower'
  | 'upper'

/**
 * The values that the places 0, 1, … stand for, ascending: origin + step * place, in units of 10^-scale for numbers
 * and in microseconds since 2000-01-01 for dates and timestamps (decimal texts); or those that are listed, in
 * PostgreSQL's text form.
 */
export interface ValueDomain {
  readonly size: string
  readonly origin: string
  readonly step: string
  readonly texts?: readonly string[]
}

/** numerator / denominator in lowest terms, from 0 to 1. */
export interface Fraction {
  readonly numerator: number
  readonly denominator: number
}

/**
 * One aggregate, over opened integers. What it reads differs from row to row: its numbers are places in the row's
 * `lanes`.
 */
export interface AggregateSpec {
  readonly kind: 'aggregate'
  readonly function: AggregateName
  /** In the order of the call; none for COUNT(*) and for COUNT(DISTINCT member). */
  readonly arguments: readonly ArgumentType[]
  /** Over distinct values. */
  readonly distinct?: true
  /** What a quantile is at, and whether it counts from the largest value on. */
  readonly fraction?: Fraction
  readonly descending?: true
  /** Of functions that show values of their argument. */
  readonly domain?: ValueDomain
  /** Place of the cohort lane. */
  readonly cohort: number
  /** Places of the numbers that the function needs (aggregate-functions.ts). */
  readonly places: Readonly<Partial<Record<NumberName, number>>>
}

export type AnswerFunction =
  | 'round'
  | 'abs'
  | 'floor'
  | 'ceil'
  | 'nullif'
  | 'coalesce'
  | 'sqrt'
  | 'greatest'
  | 'least'
  | ScalarFunction

/** Functions by signature (answer-function.ts). */
export type ScalarFunction =
  | 'lower'
  | 'upper'
  | 'initcap'
  | 'length'
  | 'substring'
  | 'left'
  | 'right'
  | 'btrim'
  | 'ltrim'
  | 'rtrim'
  | 'replace'
  | 'strpos'
  | 'starts_with'
  | 'split_part'
  | 'reverse'
  /** The operator ||. */
  | 'join'
  /** Text, pattern, escape character. */
  | 'like'
  | 'ilike'
  | 'extract'
  | 'date_part'
  | 'date_trunc'
  | 'trunc'
  | 'sign'
  | 'div'
  | 'width_bucket'
  /** width_bucket of a value and bounds, which are further arguments here. */
  | 'width_bucket_of'

export type AnswerComparison = '=' | '<>' | '<' | '<=' | '>' | '>='

export type AnswerExpression =
  | AggregateSpec
  /** Value of the row's k-th group key. */
  | { readonly kind: 'key'; readonly index: number }
  /** Value of the k-th window function in the row. */
  | { readonly kind: 'window'; readonly index: number; readonly type: SqlType }
  /** A literal in PostgreSQL's text form; null is the NULL of that type. */
  | { readonly kind: 'literal'; readonly type: SqlType; readonly text: string | null }
  | {
      readonly kind: 'binary'
      readonly operator: '+' | '-' | '*' | '/' | '%'
      readonly left: AnswerExpression
      readonly right: AnswerExpression
    }
  | { readonly kind: 'negate'; readonly operand: AnswerExpression }
  | {
      readonly kind: 'call'
      readonly function: AnswerFunction
      readonly arguments: readonly AnswerExpression[]
    }
  /** NULL where either side is. */
  | {
      readonly kind: 'compare'
      readonly operator: AnswerComparison
      readonly left: AnswerExpression
      readonly right: AnswerExpression
    }
  /** Three-valued. */
  | { readonly kind: 'and' | 'or'; readonly operands: readonly AnswerExpression[] }
  | { readonly kind: 'not'; readonly operand: AnswerExpression }
  /** Never NULL. */
  | {
      readonly kind: 'is'
      readonly test: 'null' | 'true' | 'false'
      readonly operand: AnswerExpression
    }
  /** The first branch whose condition is true; NULL if none is and there is no `otherwise`. */
  | {
      readonly kind: 'case'
      readonly branches: readonly {
        readonly when: AnswerExpression
        readonly result: AnswerExpression
      }[]
      readonly otherwise?: AnswerExpression
    }
  | {
      readonly kind: 'cast'
      readonly to: 'integer' | 'bigint' | 'numeric' | 'text' | 'date' | 'timestamp'
      readonly precision?: number
      readonly scale?: number
      readonly operand: AnswerExpression
    }

export type AnswerWindowFunction =
  | 'row_number'
  | 'rank'
  | 'dense_rank'
  | 'lag'
  | 'lead'
  | 'first_value'
  | 'last_value'
  | 'count'
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'

export interface AnswerOrder {
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** A window function over the rows of the answer (answer-window.ts): computed by the querier from what is opened. */
export interface AnswerWindow {
  readonly function: AnswerWindowFunction
  /** Absent for what is about rows. */
  readonly argument?: AnswerExpression
  /** Of LAG and LEAD, of the argument's type: what there is beyond the partition, else NULL. */
  readonly otherwise?: AnswerExpression
  /** Of LAG: rows back; of LEAD: less than 0; else 0. */
  readonly by: number
  readonly partition: readonly AnswerExpression[]
  readonly order: readonly AnswerExpression[]
  readonly orderBy: readonly AnswerOrder[]
  /** To the row, to the last one that the order leaves equal to it, or the whole partition. */
  readonly frame: 'rows' | 'peers' | 'partition'
  readonly type: SqlType
}

export interface AnswerRowSpec {
  /** Place of the row's grouping: 0 but for grouping sets. */
  readonly grouping: number
  /**
   * Group key values in PostgreSQL's text form, null for the NULL group and for what is no key of the grouping; then
   * the values of calls of GROUPING. [] without GROUP BY.
   */
  readonly keys: readonly (string | null)[]
  /** Output lanes that the row's aggregates read, in an order that all rows have in common. */
  readonly lanes: readonly number[]
}

export interface AnswerSpec {
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[]
  readonly keyTypes: readonly SqlType[]
  /** Number of output lanes. */
  readonly lanes: number
  /** One expression per output column, the same for all rows. */
  readonly cells: readonly AnswerExpression[]
  /** One expression per ORDER BY item. */
  readonly order: readonly AnswerExpression[]
  readonly rows: readonly AnswerRowSpec[]
  readonly orderBy: readonly AnswerOrder[]
  /** Window functions, by the index that expressions have for them; absent if there are none. */
  readonly windows?: readonly AnswerWindow[]
  readonly limit: number | null
  readonly offset: number
}

/** A cell: PostgreSQL's text form, NULL, or suppressed (fewer than k_min contributing members). */
export type Cell =
  | { readonly text: string }
  | { readonly null: true }
  | { readonly suppressed: true }
