/**
 * What PostgreSQL says a query's answer is, with Sharehold's rules written as SQL: all groups of the keys'
 * public domain, and an output is suppressed if fewer than kMin members contribute to an aggregate in it.
 */
import type { PGlite } from '@electric-sql/pglite'

import type { Cell } from '../../../protocol/sql/answer-spec.ts'
import { codecOf, textOfCode } from '../../../shares/column-codec.ts'
import type { Column, Schema } from '../../../shares/schema.ts'

import type { RandomExpression, RandomQuery } from './random-query.ts'
import { postgresType, quote } from './random-table.ts'

/** Names of the types with these numbers in PostgreSQL. */
export const TYPE_NAMES: Readonly<Record<number, string>> = {
  16: 'boolean',
  20: 'bigint',
  23: 'integer',
  25: 'text',
  701: 'double',
  1082: 'date',
  1114: 'timestamp',
  1700: 'numeric',
}

const CODES: Readonly<Record<string, string>> = {
  '22012': 'SH_ANSWER_DIVISION_BY_ZERO',
  '22003': 'SH_ANSWER_RANGE',
}

export interface ExpectedAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: readonly (readonly Cell[])[]
}

export async function expectedAnswer(
  database: PGlite,
  schema: Schema,
  query: RandomQuery,
): Promise<ExpectedAnswer | string> {
  const { alias, keys, outputs, order } = query
  const source = groupsWithRows(schema, query)
  const groupBy = keys.length === 0 ? '' : ` GROUP BY ${keys.map(({ name }) => name).join(', ')}`
  // Named, lest ORDER BY a key mean its text.
  const cells = outputs.flatMap((output, i) => [
    `(${guarded(schema, output)})::text AS cell${i}`,
    `${enough(schema, output.cohorts)} AS enough${i}`,
  ])
  const orderBy = [
    ...order.map((item) => guarded(schema, item) + item.direction),
    'min(place)',
  ].join(', ')
  try {
    const plain = await database.query(
      `SELECT ${query.selectList} FROM ${source} ${alias}${groupBy} LIMIT 0`,
    )
    const { rows } = await database.query<(string | boolean | null)[]>(
      `SELECT ${cells.join(', ')} FROM ${source} ${alias}${groupBy} ORDER BY ${orderBy}${query.limit}`,
      [],
      { rowMode: 'array' },
    )
    return {
      columns: plain.fields.map(({ name, dataTypeID }) => ({
        name,
        type: TYPE_NAMES[dataTypeID]!,
      })),
      rows: rows.map((row) =>
        outputs.map((_, i): Cell => {
          if (row[2 * i + 1] !== true) return { suppressed: true }
          const text = row[2 * i]
          if (typeof text !== 'string') return { null: true }
          // A boolean key is shown as t and f; its cast to text says true and false.
          const isBoolean = plain.fields[i]!.dataTypeID === 16
          return { text: isBoolean ? text.charAt(0) : text }
        }),
      ),
    }
  } catch (error) {
    const code = (error as { code?: string }).code ?? ''
    const known = CODES[code]
    if (known === undefined) throw new Error(`${String(error)}: ${query.sql}`, { cause: error })
    return known
  }
}

/** The largest error of double precision that PostgreSQL adds up in the order of the rows. */
const TOLERANCE = 1e-9

/**
 * An answer, with the expected text wherever a number that is equal up to rounding may stand for it: what differs
 * more stays as it is.
 */
export function upToRounding<T extends ExpectedAnswer | string>(
  answer: T,
  expected: ExpectedAnswer | string,
  { outputs }: RandomQuery,
): T | ExpectedAnswer {
  if (typeof answer === 'string' || typeof expected === 'string') return answer
  return {
    columns: answer.columns,
    rows: answer.rows.map((row, r) =>
      row.map((cell, c) => {
        const other = expected.rows[r]?.[c]
        if (outputs[c]?.approximate !== true || other === undefined) return cell
        return isClose(cell, other) ? other : cell
      }),
    ),
  }
}

function isClose(cell: Cell, other: Cell): boolean {
  if (!('text' in cell) || !('text' in other)) return false
  const [a, b] = [Number(cell.text), Number(other.text)]
  return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(b))
}

/** The rows that pass the filter, and one row of NULLs for each group without any. */
function groupsWithRows(schema: Schema, { keys, where, alias }: RandomQuery): string {
  const filtered = `SELECT * FROM trips ${alias}${where === null ? '' : ` WHERE ${where}`}`
  const domain = keys.map(
    (key, i) => `(VALUES ${domainOf(key, i)}) AS d${i}(${key.name}, place${i})`,
  )
  if (keys.length === 0) return `(SELECT *, 0 AS place FROM (${filtered}) AS f)`
  const place = keys.reduce((sum, key, i) => `(${sum}) * ${sizeOf(key)} + place${i}`, '0')
  // By name: fast-check hands out equal columns of earlier tables.
  const keyNames = new Set(keys.map(({ name }) => name))
  const rest = schema.columns.filter(({ name }) => !keyNames.has(name))
  const match = keys.map(({ name }, i) => `f.${name} IS NOT DISTINCT FROM d${i}.${name}`)
  return (
    `(SELECT ${[
      ...keys.map(({ name }, i) => `d${i}.${name}`),
      ...rest.map(({ name }) => `f.${name}`),
    ].join(', ')}, f.rider, ${place} AS place FROM ${domain.join(' CROSS JOIN ')}` +
    ` LEFT JOIN (${filtered}) AS f ON ${match.join(' AND ')})`
  )
}

function domainOf(key: Column, _index: number): string {
  const type = postgresType(key)
  const values = valuesOf(key).map(quote)
  const all = key.nullable ? [...values, 'NULL'] : values
  return all.map((value, place) => `(${value}::${type}, ${place})`).join(', ')
}

function sizeOf(key: Column): number {
  return valuesOf(key).length + (key.nullable ? 1 : 0)
}

/** All values of the declared domain, in order. */
function valuesOf(key: Column): readonly string[] {
  const { codeMax } = codecOf(key)
  return Array.from({ length: Number(codeMax) + 1 }, (_, code) => textOfCode(key, BigInt(code)))
}

function guarded(schema: Schema, { sql, cohorts }: RandomExpression): string {
  return cohorts.length === 0 ? sql : `CASE WHEN ${enough(schema, cohorts)} THEN ${sql} END`
}

/** Whether every aggregate has at least kMin contributing members. */
function enough(schema: Schema, cohorts: readonly string[]): string {
  const conditions = [...new Set(cohorts)].map(
    (condition) => `count(DISTINCT rider) FILTER (WHERE ${condition}) >= ${schema.kMin}`,
  )
  return conditions.length === 0 ? 'true' : `(${conditions.join(' AND ')})`
}
