/**
 * Random queries in the accepted subset, with what the oracle needs to know beside the text: which
 * aggregates' arguments each output depends on, and where the query's clauses are.
 */
import * as fc from 'fast-check'

import { fieldBits } from '../../../protocol/sql/column-domain.ts'
import { codecOf, textOfCode } from '../../../shares/column-codec.ts'
import type { Column, Schema } from '../../../shares/schema.ts'

import { randomHaving } from './random-having.ts'
import type { RandomHaving } from './random-having.ts'
import { plusSeconds, quote } from './random-table.ts'

type Gen = fc.GeneratorValue

/** An expression over aggregates and keys; `cohorts`: which rows contribute to each aggregate, as SQL. */
export interface RandomExpression {
  readonly sql: string
  readonly cohorts: readonly string[]
  /** Double precision that PostgreSQL adds up in the order of the rows. */
  readonly approximate?: true
  /** A group key, and nothing else. */
  readonly key?: Column
  /** GROUPING of these keys. */
  readonly grouping?: readonly Column[]
}

export interface RandomQuery {
  /** What Sharehold gets. */
  readonly sql: string
  readonly alias: string
  readonly where: string | null
  readonly keys: readonly Column[]
  /** Places of the keys of each grouping. */
  readonly groupings: readonly (readonly number[])[]
  /** GROUP BY with names, or nothing. */
  readonly groupBy: string
  readonly outputs: readonly RandomExpression[]
  readonly having: RandomHaving | undefined
  /** SELECT list as written. */
  readonly selectList: string
  readonly order: readonly (RandomExpression & { readonly direction: string })[]
  readonly limit: string
}

/** Values of an argument of DISTINCT and mode(), in up to that many groups squared. */
const MOST_DISTINCT = 40n

/** Of a key: two keys of this many make groups enough. */
const MOST_KEY_VALUES = 24n

/** @param only the name of the dataset if it must not have another one */
export function randomQuery(g: Gen, schema: Schema, only?: string): RandomQuery {
  const alias = only ?? g(fc.constantFrom, 'trips', 'trips', 't')
  const names = new Namer(g, alias)
  const groupable = schema.columns.filter((column) => codecOf(column).codeMax < MOST_KEY_VALUES)
  const keys = g(fc.shuffledSubarray, groupable, {
    minLength: 0,
    maxLength: Math.min(2, groupable.length),
  })
  const outer =
    g(fc.integer, { min: 0, max: 5 }) === 0 ? null : randomCondition(g, schema, names, 3)
  const derived = randomDerived(g, schema, names, alias)
  const conditions = [...derived.conditions, outer].filter((condition) => condition !== null)
  const where = conditions.length === 0 ? null : conditions.map((one) => `(${one})`).join(' AND ')
  const count = g(fc.integer, { min: 1, max: 4 })
  const outputs: RandomExpression[] = Array.from({ length: count }, () =>
    g(fc.integer, { min: 0, max: 4 }) === 0
      ? randomStatistic(g, schema, names)
      : randomScalar(g, schema, names, 2),
  )
  for (const key of keys) if (g(fc.boolean)) outputs.push({ sql: names.of(key), cohorts: [], key })
  const form =
    keys.length === 0 || g(fc.integer, { min: 0, max: 2 }) > 0 ? undefined : randomSets(g, keys)
  if (keys.length > 0 && g(fc.integer, { min: 0, max: 3 }) === 0) {
    const some = g(fc.shuffledSubarray, [...keys], { minLength: 1 })
    const sql = `GROUPING(${some.map((key) => names.of(key)).join(', ')})`
    outputs.push({ sql, cohorts: [], grouping: some })
  }
  const aliases = outputs.map((_, i) =>
    g(fc.boolean) ? ` ${g(fc.constantFrom, 'AS ', '')}o${i}` : '',
  )
  const selectList = outputs.map(({ sql }, i) => sql + aliases[i]).join(', ')
  const groupBy = keys.map((key) => {
    const place = outputs.findIndex(({ sql }) => sql === key.name)
    return place >= 0 && g(fc.boolean) ? String(place + 1) : names.of(key)
  })
  const written = form?.write(groupBy) ?? groupBy.join(', ')
  const plainly = keys.map(({ name }) => name)
  // By what is equal up to rounding only, rows cannot be ordered.
  const exact = outputs.flatMap(({ approximate }, i) => (approximate === true ? [] : [i]))
  const orders = exact.length === 0 ? 0 : g(fc.integer, { min: 0, max: 2 })
  const order = Array.from({ length: orders }, () => {
    const place = g(fc.constantFrom, ...exact)
    const direction = g(
      fc.constantFrom,
      '',
      ' ASC',
      ' DESC',
      ' NULLS FIRST',
      ' DESC NULLS LAST',
      ' ASC NULLS LAST',
    )
    const form = g(fc.constantFrom, 'ordinal', 'alias', 'expression')
    const outputAlias = /(o\d+)$/u.exec(aliases[place]!)?.[1]
    if (form === 'ordinal') return { ...outputs[place]!, text: String(place + 1), direction }
    if (form === 'alias' && outputAlias !== undefined) {
      return { ...outputs[place]!, text: outputAlias, direction }
    }
    const fresh = randomScalar(g, schema, names, 1)
    return { ...fresh, text: fresh.sql, direction }
  })
  const limit =
    g(
      fc.constantFrom,
      '',
      '',
      ' LIMIT 2',
      ' LIMIT ALL',
      ' LIMIT 1 + 1',
      ' FETCH FIRST 3 ROWS ONLY',
    ) + ''
  const offset = limit.includes('FETCH') ? '' : g(fc.constantFrom, '', '', ' OFFSET 1')
  const having =
    g(fc.integer, { min: 0, max: 2 }) > 0
      ? undefined
      : randomHaving(g, {
          schema,
          keys,
          nameOf: (column) => names.of(column),
          anyBoolean: () => booleanAggregate(g, schema, names),
          atom: (columns) => randomAtom(g, { ...schema, columns }, names),
          filtered: (plain) => filtered(g, schema, names, plain),
        })
  const sql =
    `${derived.with}SELECT ${selectList}${derived.from}` +
    (outer === null ? '' : ` WHERE ${outer}`) +
    (keys.length === 0 ? '' : ` GROUP BY ${written}`) +
    (having === undefined ? '' : ` HAVING ${having.sql}`) +
    (order.length === 0
      ? ''
      : ` ORDER BY ${order.map(({ text, direction }) => text + direction).join(', ')}`) +
    limit +
    offset
  return {
    sql,
    alias,
    where,
    keys,
    groupings: form?.groupings ?? [keys.map((_, place) => place)],
    groupBy: keys.length === 0 ? '' : ` GROUP BY ${form?.write(plainly) ?? plainly.join(', ')}`,
    outputs,
    having,
    selectList,
    order,
    limit: limit + offset,
  }
}

interface RandomSets {
  readonly write: (keys: readonly string[]) => string
  readonly groupings: readonly (readonly number[])[]
}

/** ROLLUP, CUBE, GROUPING SETS and mixtures of one or two keys. */
function randomSets(g: Gen, keys: readonly Column[]): RandomSets {
  if (keys.length === 1) {
    const forms: readonly RandomSets[] = [
      { write: ([a]) => `ROLLUP (${a})`, groupings: [[0], []] },
      { write: ([a]) => `GROUPING SETS ((), ${a}, ())`, groupings: [[], [0], []] },
      { write: ([a]) => `DISTINCT CUBE (${a}), ROLLUP (${a})`, groupings: [[0], []] },
    ]
    return g(fc.constantFrom, ...forms)
  }
  const forms: readonly RandomSets[] = [
    { write: ([a, b]) => `ROLLUP (${a}, ${b})`, groupings: [[0, 1], [0], []] },
    { write: ([a, b]) => `CUBE (${a}, ${b})`, groupings: [[0, 1], [0], [1], []] },
    { write: ([a, b]) => `${a}, ROLLUP (${b})`, groupings: [[0, 1], [0]] },
    { write: ([a, b]) => `ROLLUP ((${a}, ${b}))`, groupings: [[0, 1], []] },
    { write: ([a, b]) => `GROUPING SETS (${a}, ${b})`, groupings: [[0], [1]] },
    {
      write: ([a, b]) => `GROUPING SETS ((${a}), ROLLUP (${b}), (${b}, ${a}))`,
      groupings: [[0], [1], [], [0, 1]],
    },
    { write: ([a, b]) => `(), (${a}, ${b})`, groupings: [[0, 1]] },
  ]
  return g(fc.constantFrom, ...forms)
}

interface Derived {
  readonly with: string
  readonly from: string
  /** Of sub-queries. */
  readonly conditions: readonly (string | null)[]
}

/** FROM: the dataset, or sub-queries and queries of WITH about it, each with a condition of its own. */
function randomDerived(g: Gen, schema: Schema, names: Namer, alias: string): Derived {
  const { dataset } = schema
  const plain =
    alias === dataset
      ? ` FROM ${dataset}`
      : ` FROM ${dataset}${g(fc.constantFrom, ' AS ', ' ')}${alias}`
  // Of joins there are no sub-queries with a star.
  const depth = dataset === 'trips' ? g(fc.constantFrom, 0, 0, 0, 1, 2) : 0
  const conditions = Array.from({ length: depth }, () =>
    g(fc.boolean) ? randomCondition(g, schema, names, 1) : null,
  )
  let from = plain
  let common = ''
  conditions.forEach((condition, level) => {
    const columns = g(fc.boolean) ? '*' : ['rider', ...schema.columns.map(({ name }) => name)]
    const select =
      `SELECT ${typeof columns === 'string' ? columns : columns.toReversed().join(', ')}${from}` +
      (condition === null ? '' : ` WHERE ${condition}`)
    if (level === depth - 1 && g(fc.boolean)) {
      common = `WITH ${alias} AS (${select}) `
      from = ` FROM ${alias}`
    } else {
      from = ` FROM (${select}) ${g(fc.constantFrom, 'AS ', '')}${alias}`
    }
  })
  return { with: common, from, conditions }
}

/** Writes column names: plain or qualified. */
export class Namer {
  readonly #g: Gen
  readonly #alias: string

  constructor(g: Gen, alias: string) {
    this.#g = g
    this.#alias = alias
  }

  of(column: Column): string {
    const form = this.#g(fc.integer, { min: 0, max: 5 })
    if (form === 0) return `${this.#alias}.${column.name}`
    if (form === 1) return column.name.toUpperCase()
    if (form === 2) return `"${column.name}"`
    return column.name
  }
}

function randomScalar(g: Gen, schema: Schema, names: Namer, depth: number): RandomExpression {
  if (depth === 0 || g(fc.integer, { min: 0, max: 2 }) === 0)
    return randomAggregate(g, schema, names)
  const a = randomScalar(g, schema, names, depth - 1)
  const b = randomScalar(g, schema, names, depth - 1)
  const literal = g(fc.constantFrom, '1', '2.50', '-3', '0.001', "'7'", '1e2')
  const one = (sql: string): RandomExpression => ({ sql, cohorts: a.cohorts })
  const two = (sql: string): RandomExpression => ({ sql, cohorts: [...a.cohorts, ...b.cohorts] })
  switch (g(fc.integer, { min: 0, max: 14 })) {
    case 0:
      return two(`(${a.sql}) + (${b.sql})`)
    case 1:
      return two(`(${a.sql}) - (${b.sql})`)
    case 2:
      return two(`(${a.sql}) * ${g(fc.constantFrom, '1', '2.50', '-3')} + (${b.sql})`)
    case 3:
      return two(`(${a.sql}) / NULLIF((${b.sql}), 0)`)
    case 4:
      return two(`((${a.sql})::numeric) % NULLIF(${b.sql}, 0)::numeric`)
    case 5:
      return one(`-(${a.sql})`)
    case 6:
      return one(`ROUND((${a.sql})::numeric, ${g(fc.constantFrom, '0', '2', '-1', '5')})`)
    case 7:
      return one(`ABS(${a.sql})`)
    case 8:
      return two(`COALESCE(${a.sql}, ${b.sql}, 0)`)
    case 9:
      return one(`NULLIF(${a.sql}, ${g(fc.constantFrom, '1', '2.50', '0')})`)
    case 10:
      return one(`CAST(${a.sql} AS ${g(fc.constantFrom, 'numeric', 'numeric(30,4)', 'bigint')})`)
    case 11: {
      const otherwise = g(fc.boolean) ? ` ELSE ${b.sql}` : ''
      const condition = g(
        fc.constantFrom,
        `${a.sql} >= ${b.sql}`,
        `${a.sql} IS NULL OR ${b.sql} < 3`,
        `${a.sql} NOT BETWEEN 1 AND 20 AND ${b.sql} IN (1, 2.50, ${a.sql})`,
        `${a.sql} IS DISTINCT FROM ${b.sql}`,
      )
      return two(`CASE WHEN ${condition} THEN ${a.sql}${otherwise} END`)
    }
    case 12:
      return two(`CASE ${a.sql} WHEN 3 THEN 3 WHEN ${b.sql} THEN ${b.sql} ELSE NULL END`)
    case 13:
      return two(`${g(fc.constantFrom, 'GREATEST', 'LEAST')}(${a.sql}, NULL, ${b.sql}, 2.50)`)
    default:
      return one(
        `(${a.sql}) ${g(fc.constantFrom, '+', '-', '*')} ${literal === "'7'" ? '7' : literal}`,
      )
  }
}

function randomAggregate(g: Gen, schema: Schema, names: Namer): RandomExpression {
  if (g(fc.integer, { min: 0, max: 9 }) === 0) {
    const { sql, cohorts } = filtered(g, schema, names, booleanAggregate(g, schema, names))
    return { sql: `CAST(${sql} AS integer)`, cohorts }
  }
  return filtered(g, schema, names, plainAggregate(g, schema, names))
}

/** An aggregate, with FILTER now and then. */
function filtered(g: Gen, schema: Schema, names: Namer, plain: RandomExpression): RandomExpression {
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
    fieldBits(column) > 24 ? g(fc.constantFrom, ...sums) : g(fc.constantFrom, ...sums, ...squares)
  return { sql: `${name}(${names.of(column)})`, cohorts: [`${column.name} IS NOT NULL`] }
}

function booleanAggregate(g: Gen, schema: Schema, names: Namer): RandomExpression {
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
function randomStatistic(g: Gen, schema: Schema, names: Namer): RandomExpression {
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
    (column) => (column.type === 'integer' || column.type === 'decimal') && fieldBits(column) <= 24,
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

const COMPARISONS = ['=', '<>', '!=', '<', '<=', '>', '>='] as const

export function randomCondition(g: Gen, schema: Schema, names: Namer, depth: number): string {
  const kind = depth === 0 ? 9 : g(fc.integer, { min: 0, max: 9 })
  const inner = (): string => randomCondition(g, schema, names, depth - 1)
  switch (kind) {
    case 0:
    case 1:
      return `(${inner()} AND ${inner()})`
    case 2:
    case 3:
      return `(${inner()} OR ${inner()})`
    case 4:
      return `NOT (${inner()})`
    case 5:
      return `((${inner()}) IS ${g(fc.constantFrom, '', 'NOT ')}${g(fc.constantFrom, 'TRUE', 'FALSE', 'UNKNOWN')})`
    case 6:
      return `((${inner()}) ${g(fc.constantFrom, '=', '<>', '<', '<=', '>', '>=', 'IS DISTINCT FROM')} (${inner()}))`
    default:
      return randomAtom(g, schema, names)
  }
}

function randomAtom(g: Gen, schema: Schema, names: Namer): string {
  const column = g(fc.constantFrom, ...schema.columns)
  const name = names.of(column)
  const not = g(fc.constantFrom, '', ' NOT')
  const comparison = g(fc.constantFrom, ...COMPARISONS)
  const value = (): string => randomLiteral(g, column)
  switch (g(fc.integer, { min: 0, max: 10 })) {
    case 0:
      return `${name} IS${not} NULL`
    case 1:
      return `${name}${not} BETWEEN ${g(fc.constantFrom, '', 'SYMMETRIC ')}${value()} AND ${value()}`
    case 2:
      return `${name}${not} IN (${value()}, ${value()}, ${value()})`
    case 3:
      return `${value()} ${comparison} ${name}`
    case 4:
      return `${name} IS${not} DISTINCT FROM ${value()}`
    case 5:
    case 6: {
      const others = schema.columns.filter((other) => familyOf(other) === familyOf(column))
      return `${name} ${comparison} ${names.of(g(fc.constantFrom, ...others))}`
    }
    case 7:
      if (column.type === 'text') {
        const pattern = g(
          fc.constantFrom,
          'B%',
          '%o%',
          '_',
          '',
          '%',
          'a\\%b',
          'a!_b',
          'b%N%',
          'ZO_',
          'ω',
        )
        const escape = pattern.includes('!') ? " ESCAPE '!'" : ''
        return `${name}${not} ${g(fc.constantFrom, 'LIKE', 'ILIKE')} ${quote(pattern)}${escape}`
      }
      if (column.type === 'boolean') return name
      return `${name} ${comparison} ${value()}`
    case 8:
      return g(fc.constantFrom, 'TRUE', 'NULL', '1 < 2', "'a' = 'b'", 'FALSE', "'t'")
    default:
      return `${name} ${comparison} ${value()}`
  }
}

function familyOf(column: Column): string {
  if (column.type === 'integer' || column.type === 'decimal') return 'number'
  return column.type === 'timestamp' ? 'date' : column.type
}

/** A constant to compare with: in the range, between its steps, outside, NULL, in many spellings. */
function randomLiteral(g: Gen, column: Column): string {
  if (g(fc.integer, { min: 0, max: 15 }) === 0) return 'NULL'
  if (column.type === 'text') {
    const word = g(fc.constantFrom, ...column.dictionary, 'not there', 'A', '~')
    return quote(word) + g(fc.constantFrom, '', '', '::text', '::varchar')
  }
  if (column.type === 'boolean') {
    return g(fc.constantFrom, 'TRUE', 'FALSE', "'t'", "'no'", "'f'::boolean")
  }
  const { codeMax } = codecOf(column)
  const text = textOfCode(column, g(fc.bigInt, { min: 0n, max: codeMax }))
  switch (column.type) {
    case 'integer': {
      const form = g(fc.integer, { min: 0, max: 6 })
      if (form === 0) return `${text}.5`
      if (form === 1) return quote(` ${text} `)
      if (form === 2) return `(${text} + 1)`
      if (form === 3) return `${column.max + 1}`
      if (form === 4) return `'${text}'::bigint`
      if (form === 5) return `CAST(${text}.4 AS numeric(15,0))`
      return text
    }
    case 'decimal': {
      const form = g(fc.integer, { min: 0, max: 6 })
      if (form === 0) return `${text}${text.includes('.') ? '' : '.'}05`
      if (form === 1) return quote(text)
      if (form === 2) return `${text} * 2 / 3`
      if (form === 3) return `${column.max}e1`
      if (form === 4) return `- (${text})`
      if (form === 5) return `${Math.trunc(Number(text))}`
      return text
    }
    case 'date': {
      const form = g(fc.integer, { min: 0, max: 5 })
      if (form === 0) return `date ${quote(text)}`
      if (form === 1) return `${quote(text)}::date + 1`
      if (form === 2) return `timestamp '${text} 12:30'`
      if (form === 3) return `'1900-1-2'`
      if (form === 4) return `(date ${quote(text)} - 3)`
      return quote(text)
    }
    case 'timestamp': {
      const form = g(fc.integer, { min: 0, max: 5 })
      if (form === 0) return `timestamp ${quote(text)}`
      if (form === 1) return `'${text}.5'::timestamp`
      if (form === 2) return `date '${text.slice(0, 10)}'`
      if (form === 3) return quote(plusSeconds(text, 30))
      if (form === 4) return quote(text.replace(' ', 'T').slice(0, 16))
      return quote(text)
    }
  }
}
