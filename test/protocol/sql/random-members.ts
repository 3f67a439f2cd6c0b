/** Random sub-queries that are grouped by the member, and what the query around them sees. */
import * as fc from 'fast-check'

import { bindSelect } from '../../../protocol/sql/bind.ts'
import { parseSelect } from '../../../protocol/sql/parse.ts'
import { codecOf } from '../../../shares/column-codec.ts'
import type { Column, Schema } from '../../../shares/schema.ts'

import { Namer, randomCondition } from './random-condition.ts'
import type { RandomTable } from './random-table.ts'

type Gen = fc.GeneratorValue

/** Values of an argument of DISTINCT. */
const MOST_DISTINCT = 40n

export interface RandomMembers {
  /** The sub-query. */
  readonly sql: string
  /** The table that it makes, as PostgreSQL holds it under the name of the dataset; the member is there too. */
  readonly table: Pick<RandomTable, 'schema' | 'params'>
}

/** What the sub-query reads, if that is a join, of which the dataset is a view. */
export interface MembersOfJoin {
  readonly schemas: readonly Schema[]
  readonly from: string
  /** Names of the member of every row. */
  readonly members: readonly string[]
  /** A text with the names of the view's columns, as they are in the join. */
  readonly write: (text: string) => string
}

/**
 * The parser must have been loaded.
 *
 * @param name of the table
 */
export function randomMembers(
  g: Gen,
  { schema, params }: Pick<RandomTable, 'schema' | 'params'>,
  name: string,
  join?: MembersOfJoin,
): RandomMembers {
  const { dataset } = schema
  const names = new Namer(g, dataset)
  const count = g(fc.integer, { min: 1, max: 4 })
  const aggregates = Array.from({ length: count }, (_, k) => {
    const filter =
      g(fc.integer, { min: 0, max: 3 }) === 0
        ? ` FILTER (WHERE ${randomCondition(g, schema, names, 1)})`
        : ''
    // Of numbers there is one at least.
    const aggregate = k === 0 ? randomCount(g, schema, names) : randomAggregate(g, schema, names)
    return `${aggregate}${filter} AS a${k}`
  })
  const named = g(fc.constantFrom, ...(join?.members ?? ['rider', `${dataset}.rider`]))
  const member = g(fc.constantFrom, named, `${named} AS rider`)
  const targets = g(fc.boolean) ? [member, ...aggregates] : [...aggregates, member]
  const key = g(fc.constantFrom, named, String(targets.indexOf(member) + 1))
  const where =
    g(fc.integer, { min: 0, max: 2 }) === 0 ? '' : ` WHERE ${randomCondition(g, schema, names, 2)}`
  const having = g(fc.boolean) ? '' : ` HAVING ${randomHaving(g, schema, names)}`
  const text = (join?.write ?? String)(
    `SELECT ${targets.join(', ')} FROM «»${where} GROUP BY ${key}${having}`,
  )
  const sql = text.replace('«»', join?.from ?? dataset)
  const query = parseSelect(`SELECT COUNT(*) FROM (${sql}) q`)
  const { made } = bindSelect(query, join?.schemas ?? [schema], params)
  if (made === undefined) throw new TypeError('no table is made')
  const columns = made.schema.columns.filter((column) => /^a\d$/u.test(column.name))
  return {
    sql,
    table: { schema: { ...made.schema, dataset: name, columns }, params: made.params },
  }
}

function numbersOf({ columns }: Schema): readonly Column[] {
  return columns.filter(({ type }) => type === 'integer' || type === 'decimal')
}

function randomCount(g: Gen, schema: Schema, names: Namer): string {
  return g(fc.boolean) ? 'COUNT(*)' : `COUNT(${names.of(g(fc.constantFrom, ...schema.columns))})`
}

function randomAggregate(g: Gen, schema: Schema, names: Namer): string {
  const numbers = numbersOf(schema)
  const of = (columns: readonly Column[]): string => names.of(g(fc.constantFrom, ...columns))
  switch (g(fc.integer, { min: 0, max: 8 })) {
    case 0:
    case 1:
      return randomCount(g, schema, names)
    case 2:
    case 3:
      return `SUM(${of(numbers)})`
    case 4:
      return `${g(fc.constantFrom, 'BOOL_AND', 'BOOL_OR')}(${randomCondition(g, schema, names, 1)})`
    case 8: {
      const few = schema.columns.filter((column) => codecOf(column).codeMax < MOST_DISTINCT)
      return few.length === 0 ? 'COUNT(*)' : `COUNT(DISTINCT ${of(few)})`
    }
    case 5:
      return g(
        fc.constantFrom,
        'SUM(3)',
        'COUNT(1)',
        `SUM(0.5 * ${of(numbers)} + 1)`,
        `MAX(CASE WHEN ${randomCondition(g, schema, names, 1)} THEN 1 ELSE 0 END)`,
        `MIN(CASE WHEN ${randomCondition(g, schema, names, 1)} THEN 30 WHEN ${randomCondition(g, schema, names, 1)} THEN -4 END)`,
        'sum(-1)',
      )
    default:
      return `${g(fc.constantFrom, 'MIN', 'MAX')}(${of(schema.columns.filter(({ type }) => type !== 'boolean'))})`
  }
}

function randomHaving(g: Gen, schema: Schema, names: Namer): string {
  const comparison = g(fc.constantFrom, '=', '<>', '<', '<=', '>', '>=')
  const number = g(fc.integer, { min: -2, max: 40 })
  const aggregate = randomAggregate(g, schema, names)
  switch (g(fc.integer, { min: 0, max: 3 })) {
    case 0:
      return `COUNT(*) ${comparison} ${Math.max(1, number % 4)}`
    case 1:
      return `${aggregate} IS ${g(fc.constantFrom, '', 'NOT ')}NULL`
    case 2:
      return `NOT (SUM(${names.of(numbersOf(schema)[0]!)}) ${comparison} ${number})`
    default:
      return `BOOL_OR(${randomCondition(g, schema, names, 1)}) OR COUNT(*) > 2`
  }
}
