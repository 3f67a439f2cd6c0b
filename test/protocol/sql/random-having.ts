/** Random HAVING clauses in the accepted subset. */
import * as fc from 'fast-check'

import { fieldMagnitude } from '../../../protocol/sql/column-domain.ts'
import type { Column, Schema } from '../../../shares/schema.ts'

import type { InGroup, RandomExpression } from './random-aggregate.ts'

type Gen = fc.GeneratorValue

/** An aggregate, and the rows that contribute to it. */
export interface RandomAggregate {
  readonly sql: string
  readonly cohort: string
}

export interface RandomHaving {
  readonly sql: string
  readonly aggregates: readonly RandomAggregate[]
  /** The condition with something else in place of its aggregates, and of conditions on keys. */
  readonly replaced: Write
}

export interface Replace extends InGroup {
  readonly aggregate: (aggregate: RandomAggregate) => string
}

/** What the clause is made of. */
export interface HavingParts {
  readonly schema: Schema
  readonly keys: readonly Column[]
  readonly nameOf: (column: Column) => string
  /** A boolean aggregate. */
  readonly anyBoolean: () => RandomExpression
  /** A condition on one of these columns. */
  readonly atom: (columns: readonly Column[]) => string
  /** FILTER, now and then. */
  readonly filtered: (plain: RandomExpression) => RandomExpression
}

type Write = (replace: Replace) => string

export function randomHaving(g: Gen, parts: HavingParts): RandomHaving {
  const write = condition(g, parts, 2)
  const aggregates: RandomAggregate[] = []
  const sql = write({
    aggregate: (aggregate) => {
      aggregates.push(aggregate)
      return aggregate.sql
    },
    keys: (text) => text,
    grouping: (keys) => `GROUPING(${keys.map(({ name }) => name).join(', ')})`,
  })
  return { sql, aggregates, replaced: write }
}

const COMPARISONS = ['=', '<>', '<', '<=', '>', '>='] as const

function condition(g: Gen, parts: HavingParts, depth: number): Write {
  const inner = (): Write => condition(g, parts, depth - 1)
  switch (depth === 0 ? 9 : g(fc.integer, { min: 0, max: 9 })) {
    case 0:
    case 1: {
      const [a, b, word] = [inner(), inner(), g(fc.constantFrom, 'AND', 'OR')]
      return (r) => `(${a(r)} ${word} ${b(r)})`
    }
    case 2: {
      const a = inner()
      return (r) => `NOT (${a(r)})`
    }
    case 3: {
      const [a, test] = [inner(), g(fc.constantFrom, 'TRUE', 'NOT FALSE', 'UNKNOWN', 'NOT NULL')]
      return (r) => `((${a(r)}) IS ${test})`
    }
    case 4: {
      const [a, b, c] = [inner(), inner(), inner()]
      // A CASE of bare NULLs would be a text, there as here.
      return (r) => `CASE WHEN ${a(r)} THEN (${b(r)})::boolean ELSE (${c(r)})::boolean END`
    }
    case 5: {
      const [a, b, operator] = [inner(), inner(), g(fc.constantFrom, ...COMPARISONS)]
      return (r) => `((${a(r)}) ${operator} (${b(r)}))`
    }
    default:
      return atom(g, parts)
  }
}

function atom(g: Gen, parts: HavingParts): Write {
  const operator = g(fc.constantFrom, ...COMPARISONS)
  const constant = g(fc.constantFrom, '0', '1', '2', '3.5', '10', '90.25', '-4')
  switch (g(fc.integer, { min: 0, max: 13 })) {
    case 11: {
      const { keys } = parts
      const number = exactNumber(g, parts, 1)
      if (keys.length === 0) return (r) => `${number(r)} ${operator} ${constant}`
      const some = g(fc.shuffledSubarray, [...keys], { minLength: 1 })
      return (r) => `${number(r)} ${operator} ${r.grouping(some)} + 1`
    }
    case 12: {
      const numbers = parts.keys.filter(({ type }) => type === 'integer' || type === 'decimal')
      const number = exactNumber(g, parts, 1)
      if (numbers.length === 0) return (r) => `${number(r)} ${operator} ${constant}`
      const key = parts.nameOf(g(fc.constantFrom, ...numbers))
      return (r) => `(${number(r)})::numeric + ${r.keys(key)} ${operator} ${constant}`
    }
    case 0: {
      const text = parts.keys.length === 0 ? 'NULL' : parts.atom(parts.keys)
      return (r) => r.keys(text)
    }
    case 1: {
      const plain = aggregate(g, parts, ['BOOL'])
      return plain
    }
    case 2: {
      const [a, not] = [anyNumber(g, parts), g(fc.constantFrom, '', ' NOT')]
      return (r) => `${a(r)} IS${not} NULL`
    }
    case 3: {
      const [a, not] = [anyNumber(g, parts), g(fc.constantFrom, '', 'NOT ')]
      return (r) => `${a(r)} ${not}BETWEEN 1 AND ${constant}`
    }
    case 4: {
      const [a, not] = [anyNumber(g, parts), g(fc.constantFrom, '', 'NOT ')]
      return (r) => `${a(r)} ${not}IN (2, ${constant}, NULL)`
    }
    case 5: {
      const a = anyNumber(g, parts)
      return (r) => `${a(r)} IS DISTINCT FROM ${constant}`
    }
    case 6: {
      const [a, b] = [exactNumber(g, parts, 1), exactNumber(g, parts, 1)]
      return (r) => `${a(r)} ${operator} ${b(r)}`
    }
    case 13: {
      const [a, b] = [moment(g, parts), moment(g, parts)]
      if (a === undefined || b === undefined) return (r) => r.keys('TRUE')
      const other = g(fc.boolean) ? b.aggregate : () => b.constant
      return (r) => `${a.aggregate(r)} ${operator} ${other(r)}`
    }
    case 7: {
      const [a, b] = [aggregate(g, parts, ['AVG']), aggregate(g, parts, ['COUNT'])]
      return (r) => `${a(r)} ${operator} ${b(r)}`
    }
    default: {
      const a = anyNumber(g, parts)
      return (r) => `${a(r)} ${operator} ${constant}`
    }
  }
}

/** The first or the last of a column of dates or timestamps, and one that could be. */
function moment(
  g: Gen,
  { schema, nameOf, filtered }: HavingParts,
): { readonly aggregate: Write; readonly constant: string } | undefined {
  const columns = schema.columns.filter(
    (column) =>
      (column.type === 'date' || column.type === 'timestamp') && column.reveal === 'extremes',
  )
  if (columns.length === 0) return undefined
  const column = g(fc.constantFrom, ...columns)
  if (column.type !== 'date' && column.type !== 'timestamp') throw new RangeError('unreachable')
  const { sql, cohorts } = filtered({
    sql: `${g(fc.constantFrom, 'MIN', 'MAX')}(${nameOf(column)})`,
    cohorts: [`${column.name} IS NOT NULL`],
  })
  const text = g(fc.constantFrom, column.min, column.max)
  return {
    aggregate: (replace) => replace.aggregate({ sql, cohort: cohorts[0]! }),
    constant: `${column.type.toUpperCase()} '${text}'`,
  }
}

/** What can be compared with a constant. */
function anyNumber(g: Gen, parts: HavingParts): Write {
  return g(fc.boolean) ? exactNumber(g, parts, 2) : aggregate(g, parts, ['AVG'])
}

function exactNumber(g: Gen, parts: HavingParts, depth: number): Write {
  if (depth === 0 || g(fc.boolean)) return aggregate(g, parts, ['COUNT', 'SUM', 'MIN', 'MAX'])
  const [a, b] = [exactNumber(g, parts, depth - 1), exactNumber(g, parts, depth - 1)]
  switch (g(fc.integer, { min: 0, max: 5 })) {
    case 0: {
      const operator = g(fc.constantFrom, '+', '-')
      return (r) => `(${a(r)} ${operator} ${b(r)})`
    }
    case 1: {
      const factor = g(fc.constantFrom, '2', '0.5', '-3')
      return (r) => `(${a(r)} * ${factor})`
    }
    case 2: {
      const count = aggregate(g, parts, ['COUNT'])
      return (r) => `(${a(r)} * ${count(r)})`
    }
    case 3:
      return (r) => `(- ${a(r)})`
    case 4: {
      const when = parts.keys.length === 0 ? 'TRUE' : parts.atom(parts.keys)
      const otherwise = g(fc.boolean)
      return (r) => `CASE WHEN ${r.keys(when)} THEN ${a(r)}${otherwise ? ` ELSE ${b(r)}` : ''} END`
    }
    default: {
      return (r) => `CAST(${a(r)} AS numeric)`
    }
  }
}

type Kind = 'COUNT' | 'SUM' | 'AVG' | 'BOOL' | 'MIN' | 'MAX'

function aggregate(g: Gen, parts: HavingParts, kinds: readonly Kind[]): Write {
  const { sql, cohorts } = parts.filtered(plain(g, parts, g(fc.constantFrom, ...kinds)))
  const [cohort] = cohorts
  if (cohort === undefined) throw new RangeError('an aggregate has a cohort')
  return (replace) => replace.aggregate({ sql, cohort })
}

function plain(g: Gen, { schema, nameOf, anyBoolean }: HavingParts, kind: Kind): RandomExpression {
  if (kind === 'BOOL') return anyBoolean()
  if (kind === 'COUNT') {
    const form = g(fc.integer, { min: 0, max: 6 })
    if (form < 3) return { sql: 'COUNT(*)', cohorts: ['TRUE'] }
    if (form === 3) return { sql: 'COUNT(DISTINCT rider)', cohorts: ['TRUE'] }
    if (form === 4) {
      const [y, x] = g(fc.constantFrom, ...pairsOfNumbers(schema))
      const cohort = `${y.name} IS NOT NULL AND ${x.name} IS NOT NULL`
      return { sql: `REGR_COUNT(${nameOf(y)}, ${nameOf(x)})`, cohorts: [cohort] }
    }
  }
  const shows = kind === 'MIN' || kind === 'MAX'
  const columns = schema.columns.filter(
    (column) =>
      kind === 'COUNT' ||
      ((column.type === 'integer' || column.type === 'decimal') &&
        fieldMagnitude(column) < 2n ** 33n &&
        // Of the type of the column, with which one computes: not near its ends.
        (!shows ||
          (column.reveal === 'extremes' &&
            (column.type !== 'integer' || fieldMagnitude(column) < 2n ** 20n)))),
  )
  if (columns.length === 0) return { sql: 'COUNT(*)', cohorts: ['TRUE'] }
  const column = g(fc.constantFrom, ...columns)
  return { sql: `${kind}(${nameOf(column)})`, cohorts: [`${column.name} IS NOT NULL`] }
}

function pairsOfNumbers({ columns }: Schema): (readonly [Column, Column])[] {
  const numbers = columns.filter(({ type }) => type === 'integer' || type === 'decimal')
  return numbers.flatMap((y) => numbers.map((x) => [y, x] as const))
}
