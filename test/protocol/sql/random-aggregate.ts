/** Random aggregates, with the rows that contribute to them. */
import * as fc from 'fast-check'

import { fieldMagnitude } from '../../../protocol/sql/column-domain.ts'
import { codecOf } from '../../../shares/column-codec.ts'
import type { Column, Schema } from '../../../shares/schema.ts'

import { randomCondition } from './random-condition.ts'
import type { Namer } from './random-condition.ts'

type Gen = fc.GeneratorValue

/** An expression over aggregates and keys; `cohorts`: which rows contribute to each aggregate, as SQL. */
export interface RandomExpression {
  readonly sql: string
  readonly cohorts: readonly string[]
  /** Double precision that PostgreSQL adds up in the order of the rows. */
  readonly approximate?: true
  /** The same where it is about a group, if it names keys: outside its aggregates. */
  readonly inGroup?: (group: InGroup) => string
}

/** How to say what is about the group as a whole. */
export interface InGroup {
  /** An expression over keys. */
  readonly keys: (text: string) => string
  /** GROUPING of these keys. */
  readonly grouping: (keys: readonly Column[]) => string
}

/** Values of an argument of DISTINCT and mode(). */
const MOST_DISTINCT = 40n

export function randomAggregate(g: Gen, schema: Schema, names: Namer): RandomExpression {
  if (g(fc.integer, { min: 0, max: 9 }) === 0) {
    const { sql, cohorts } = filtered(g, schema, names, booleanAggregate(g, schema, names))
    return { sql: `CAST(${sql} AS integer)`, cohorts }
  }
  return filtered(g, schema, names, plainAggregate(g, schema, names))
}

/** An aggregate, with FILTER now and then. */
export function filtered(
  g: Gen,
  schema: Schema,
  names: Namer,
  plain: RandomExpression,
): RandomExpression {
  if (g(fc.integer, { min: 0, max: 3 }) > 0) return plain
  const condition = randomCondition(g, schema, names, 1)
  return {
    ...plain,
    sql: `${plain.sql} FILTER (WHERE ${condition})`,
    cohorts: plain.cohorts.map((contributes) => `(${condition}) AND ${contributes}`),
  }
}

function plainAggregate(g: Gen, schema: Schema, names: Namer): RandomExpression {
  const numbers = schema.columns.filter(({ type }) => type === 'integer' || type === 'decimal')
  const kind = g(fc.integer, { min: 0, max: 10 })
  const shown = numbers.filter(({ reveal }) => reveal !== undefined)
  if (kind === 7 || kind === 8) {
    const column = g(fc.constantFrom, ...(shown.length > 0 ? shown : numbers))
    const cohorts = [`${column.name} IS NOT NULL`]
    if (shown.length === 0) return { sql: `AVG(${names.of(column)})`, cohorts }
    const name = g(fc.constantFrom, 'MIN', 'max', 'MAX(DISTINCT', 'percentile_cont')
    if (name === 'percentile_cont') return { sql: quantile(g, name, names.of(column)), cohorts }
    const open = name.includes('(') ? ' ' : '('
    return { sql: `${name}${open}${names.of(column)})`, cohorts }
  }
  if (kind === 9) {
    const few = schema.columns.filter((column) => codecOf(column).codeMax < MOST_DISTINCT)
    const fewNumbers = few.filter((column) => numbers.includes(column))
    const name = g(fc.constantFrom, 'COUNT', 'SUM', 'AVG')
    const candidates = name === 'COUNT' ? few : fewNumbers
    if (candidates.length > 0) {
      const column = g(fc.constantFrom, ...candidates)
      return {
        sql: `${name}(DISTINCT ${names.of(column)})`,
        cohorts: [`${column.name} IS NOT NULL`],
      }
    }
  }
  if (kind === 5) {
    return { sql: `COUNT(DISTINCT ${g(fc.constantFrom, 'rider', 'RIDER')})`, cohorts: ['TRUE'] }
  }
  if (kind === 6) {
    const [y, x] = [g(fc.constantFrom, ...numbers), g(fc.constantFrom, ...numbers)]
    return { sql: `REGR_COUNT(${names.of(y)}, ${names.of(x)})`, cohorts: [bothPresent(y, x)] }
  }
  if (kind === 0) return { sql: g(fc.constantFrom, 'COUNT(*)', 'count(1)'), cohorts: ['TRUE'] }
  if (kind === 1) {
    const column = g(fc.constantFrom, ...schema.columns)
    return { sql: `COUNT(${names.of(column)})`, cohorts: [`${column.name} IS NOT NULL`] }
  }
  const column = g(fc.constantFrom, ...numbers)
  const sums = ['SUM', 'AVG', 'avg'] as const
  const squares = [
    'VAR_POP',
    'VAR_SAMP',
    'VARIANCE',
    'STDDEV_POP',
    'STDDEV_SAMP',
    'stddev',
  ] as const
  // Squares of wide values would not fit the field: refused, and tested elsewhere.
  const name =
    fieldMagnitude(column) >= 2n ** 24n
      ? g(fc.constantFrom, ...sums)
      : g(fc.constantFrom, ...sums, ...squares)
  return { sql: `${name}(${names.of(column)})`, cohorts: [`${column.name} IS NOT NULL`] }
}

export function booleanAggregate(g: Gen, schema: Schema, names: Namer): RandomExpression {
  const condition = randomCondition(g, schema, names, 1)
  const name = g(fc.constantFrom, 'BOOL_AND', 'bool_or', 'EVERY')
  return { sql: `${name}(${condition})`, cohorts: [`(${condition}) IS NOT UNKNOWN`] }
}

const MOMENTS = [
  'COVAR_POP',
  'COVAR_SAMP',
  'REGR_AVGX',
  'REGR_AVGY',
  'REGR_SXX',
  'REGR_SYY',
  'REGR_SXY',
]
const QUOTIENTS = ['CORR', 'REGR_R2', 'REGR_SLOPE', 'REGR_INTERCEPT']

/** Aggregates that are no exact numbers: of conditions, of two numbers, values of rows. */
export function randomStatistic(g: Gen, schema: Schema, names: Namer): RandomExpression {
  return filtered(g, schema, names, plainStatistic(g, schema, names))
}

const FRACTIONS = ['0.5', '0', '1', '0.25', '.9', '1 - 0.1', '0.333', '0.75']

function quantile(g: Gen, name: string, column: string): string {
  const direction = g(fc.constantFrom, '', '', ' DESC', ' ASC NULLS FIRST')
  return `${name}(${g(fc.constantFrom, ...FRACTIONS)}) WITHIN GROUP (ORDER BY ${column}${direction})`
}

/** Of values of any type. */
function chosenValue(g: Gen, schema: Schema, names: Namer): RandomExpression | undefined {
  const shown = schema.columns.filter(({ reveal }) => reveal !== undefined)
  if (shown.length === 0) return undefined
  const column = g(fc.constantFrom, ...shown)
  const name = names.of(column)
  const cohorts = [`${column.name} IS NOT NULL`]
  switch (g(fc.integer, { min: 0, max: 2 })) {
    case 0:
      return { sql: quantile(g, 'percentile_disc', name), cohorts }
    case 1:
      if (codecOf(column).codeMax >= MOST_DISTINCT) return undefined
      return {
        sql: `mode() WITHIN GROUP (ORDER BY ${name}${g(fc.constantFrom, '', ' DESC')})`,
        cohorts,
      }
    default:
      if (column.type === 'boolean') return undefined
      return { sql: `${g(fc.constantFrom, 'MIN', 'MAX')}(${name})`, cohorts }
  }
}

function plainStatistic(g: Gen, schema: Schema, names: Namer): RandomExpression {
  const chosen = g(fc.boolean) ? chosenValue(g, schema, names) : undefined
  if (chosen !== undefined) return chosen
  // Products of wide values would not fit the field: refused, and tested elsewhere.
  const numbers = schema.columns.filter(
    (column) =>
      (column.type === 'integer' || column.type === 'decimal') &&
      fieldMagnitude(column) < 2n ** 24n,
  )
  // Of equal decimals PostgreSQL can see a spread, once it has added them up; of integers it does not.
  const integers = numbers.filter(({ type }) => type === 'integer')
  const isQuotient = integers.length > 0 && g(fc.boolean)
  const columns = isQuotient ? integers : numbers
  if (columns.length === 0 || g(fc.integer, { min: 0, max: 2 }) === 0) {
    return booleanAggregate(g, schema, names)
  }
  const name = g(fc.constantFrom, ...(isQuotient ? QUOTIENTS : MOMENTS))
  const [y, x] = [g(fc.constantFrom, ...columns), g(fc.constantFrom, ...columns)]
  return {
    sql: `${name}(${names.of(y)}, ${names.of(x)})`,
    cohorts: [bothPresent(y, x)],
    approximate: true,
  }
}

function bothPresent(y: Column, x: Column): string {
  return `${y.name} IS NOT NULL AND ${x.name} IS NOT NULL`
}
