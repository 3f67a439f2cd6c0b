/**
 * What PostgreSQL says a query's answer is, with Sharehold's rules: all groups of the keys' public domain, and an
 * output is suppressed if an aggregate in it is (oracle-cohorts.ts).
 */
import type { PGlite } from '@electric-sql/pglite'

import type { AnswerSpec, Cell } from '../../../protocol/sql/answer-spec.ts'
import { codecOf, textOfCode } from '../../../shares/column-codec.ts'
import type { Column, Schema } from '../../../shares/schema.ts'

import { shownCohorts } from './oracle-cohorts.ts'
import type { GroupRow, OracleTable, ShownCohorts } from './oracle-cohorts.ts'
import type { InGroup, RandomExpression } from './random-aggregate.ts'
import type { RandomQuery } from './random-query.ts'
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
  table: OracleTable,
  query: RandomQuery,
  answer: AnswerSpec,
): Promise<ExpectedAnswer | string> {
  const { schema } = table
  const { alias, keys, outputs, order, having } = query
  const rows = rowsOf(query)
  const kept = keptRows(rows, answer)
  const places = kept.map(({ place }) => place)
  const source = `(SELECT * FROM (${groupsWithRows(schema, query)}) AS one WHERE place IN (${[...places, -1].join()}))`
  const shown = await shownCohorts(database, table, query, { source, rows, kept })
  const inGroup: InGroup = {
    keys: (text) => ofGroup(text, query),
    grouping: (some) => {
      const own = some.map((one) => keys.findIndex(({ name }) => name === one.name))
      const values = rows.map(({ set }) =>
        own.reduce((bits, key) => 2 * bits + (set.includes(key) ? 0 : 1), 0),
      )
      return `('{${values.join()}}'::integer[])[min(place) + 1]`
    },
  }
  // A group whose HAVING is not true looks like a suppressed one.
  const passes =
    having === undefined
      ? 'true'
      : `((${having.replaced({
          aggregate: ({ sql, cohort }) => `CASE WHEN ${allShown(shown, [cohort])} THEN ${sql} END`,
          ...inGroup,
        })}) IS TRUE)`
  const groupBy = ` GROUP BY ${['place', ...keys.map(({ name }) => `g_${name}`)].join(', ')}`
  const asWritten = (expression: RandomExpression): RandomExpression => ({
    ...expression,
    sql: expression.inGroup?.(inGroup) ?? expression.sql,
  })
  // Named, lest ORDER BY a key mean its text.
  const cells = outputs
    .map(asWritten)
    .flatMap((output, i) => [
      `(${guarded(shown, passes, output)})::text AS cell${i}`,
      `${isShown(shown, passes, output)} AS enough${i}`,
    ])
  const orderBy = [
    ...order.map((item) => guarded(shown, passes, asWritten(item)) + item.direction),
    'min(place)',
  ].join(', ')
  try {
    const plain = await database.query(
      `SELECT ${query.selectList} FROM ${schema.dataset} ${alias}${query.groupBy} LIMIT 0`,
    )
    const { rows: found } = await database.query<(string | boolean | null)[]>(
      `SELECT ${cells.join(', ')} FROM ${source} ${alias}${groupBy} ORDER BY ${orderBy}${query.limit}`,
      [],
      { rowMode: 'array' },
    )
    return {
      columns: plain.fields.map(({ name, dataTypeID }) => ({
        name,
        type: TYPE_NAMES[dataTypeID]!,
      })),
      rows: found.map((row) =>
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

/** A condition on keys where it is about the group: there a key is NULL that is none of its grouping. */
function ofGroup(condition: string, { alias, keys }: RandomQuery): string {
  return keys.reduce(
    (text, { name }) =>
      text.replace(new RegExp(`(?:\\b${alias}\\.)?"?\\b${name}\\b"?`, 'giu'), `g_${name}`),
    condition,
  )
}

/** All groups of all groupings, in the order of the answer. */
function rowsOf({ keys, groupings }: RandomQuery): readonly GroupRow[] {
  const domains = keys.map(
    (key) => [...valuesOf(key), ...(key.nullable ? [null] : [])] as readonly (string | null)[],
  )
  let place = 0
  return groupings.flatMap((set, grouping) => {
    let found: (readonly (string | null | undefined)[])[] = [keys.map(() => undefined)]
    for (const key of set) {
      found = found.flatMap((one) => domains[key]!.map((value) => one.with(key, value)))
    }
    return found.map((values): GroupRow => ({ place: place++, grouping, set, values }))
  })
}

/** The groups that are rows of the answer: HAVING may rule some out for everybody to see. */
function keptRows(rows: readonly GroupRow[], answer: AnswerSpec): readonly GroupRow[] {
  const nameOf = (grouping: number, values: readonly (string | null | undefined)[]): string =>
    JSON.stringify([grouping, values.map((value) => value ?? null)])
  const count = rows[0]!.values.length
  const names = new Set(
    answer.rows.map(({ grouping, keys }) => nameOf(grouping, keys.slice(0, count))),
  )
  return rows.filter(({ grouping, values }) => names.has(nameOf(grouping, values)))
}

/**
 * For each group the rows that pass the filter, or one row of NULLs if there is none. What the group is by a key is
 * g_ and the key's name: a row has values of its own in what is no key of the grouping.
 */
function groupsWithRows(schema: Schema, { keys, groupings, where, alias }: RandomQuery): string {
  const filtered = `SELECT * FROM ${schema.dataset} ${alias}${where === null ? '' : ` WHERE ${where}`}`
  let before = 0
  const parts = groupings.map((set) => {
    const own = set.map((key) => keys[key]!)
    const domains = own.map((key) => `(VALUES ${domainOf(key)}) AS d_${key.name}(value, place)`)
    const place = own.reduce((sum, key) => `(${sum}) * ${sizeOf(key)} + d_${key.name}.place`, '0')
    const columns = [
      ...schema.columns.map(({ name }) => `f.${name}`),
      'f.rider',
      ...keys.map(
        (key) =>
          `${own.includes(key) ? `d_${key.name}.value` : `NULL::${postgresType(key)}`} AS g_${key.name}`,
      ),
      `${before} + ${place} AS place`,
    ]
    const match = own.map(({ name }) => `f.${name} IS NOT DISTINCT FROM d_${name}.value`)
    before += own.reduce((product, key) => product * sizeOf(key), 1)
    return `SELECT ${columns.join(', ')} FROM ${['(SELECT 1) AS one', ...domains].join(' CROSS JOIN ')} LEFT JOIN (${filtered}) AS f ON ${['true', ...match].join(' AND ')}`
  })
  return parts.join(' UNION ALL ')
}

function domainOf(key: Column): string {
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

function guarded(shown: ShownCohorts, passes: string, expression: RandomExpression): string {
  const { sql, cohorts } = expression
  return cohorts.length === 0
    ? sql
    : `CASE WHEN ${isShown(shown, passes, expression)} THEN ${sql} END`
}

/** What holds no aggregate always is. */
function isShown(shown: ShownCohorts, passes: string, { cohorts }: RandomExpression): string {
  return cohorts.length === 0 ? 'true' : `(${allShown(shown, cohorts)} AND ${passes})`
}

/** Whether every aggregate is shown in the group. */
function allShown(shown: ShownCohorts, cohorts: readonly string[]): string {
  const conditions = [...new Set(cohorts)].map((condition) => {
    const bits = shown.get(condition)!.map((one) => (one ? 't' : 'f'))
    return `('{${bits.join()}}'::boolean[])[min(place) + 1]`
  })
  return conditions.length === 0 ? 'true' : `(${conditions.join(' AND ')})`
}
