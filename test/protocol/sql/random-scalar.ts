/** Random expressions over aggregates and group keys. */
import * as fc from 'fast-check'

import type { Column, Schema } from '../../../shares/schema.ts'

import { randomAggregate } from './random-aggregate.ts'
import type { RandomExpression } from './random-aggregate.ts'
import { randomAtom } from './random-condition.ts'
import type { Namer } from './random-condition.ts'

type Gen = fc.GeneratorValue

export function ofKeys(sql: string): RandomExpression {
  return { sql, cohorts: [], inGroup: ({ keys }) => keys(sql) }
}

/** One aggregate or another by the group's keys. */
export function chosenByKeys(
  g: Gen,
  schema: Schema,
  names: Namer,
  keys: readonly Column[],
): RandomExpression {
  const when = randomAtom(g, { ...schema, columns: keys }, names)
  const a = randomScalar(g, schema, names, 1)
  const b = randomScalar(g, schema, names, 0)
  const write = (condition: string): string =>
    `CASE WHEN ${condition} THEN ${a.sql} ELSE ${b.sql} END`
  return {
    sql: write(when),
    cohorts: [...a.cohorts, ...b.cohorts],
    inGroup: (group) => write(group.keys(when)),
  }
}

/** A function of a group key. */
export function randomOfKey(g: Gen, type: Column['type'], key: string): string {
  switch (type) {
    case 'text':
      return g(
        fc.constantFrom,
        `lower(${key})`,
        `upper(left(${key}, 2))`,
        `reverse(${key}) || '-'`,
        `length(${key})`,
        `COALESCE(${key}, 'none')`,
        `substring(${key} FROM 2 FOR 2)`,
        `replace(initcap(${key}), 'o', '0')`,
        `strpos(${key}, 'o')`,
        `split_part(${key}, '_', 1)`,
        `${key} LIKE '%o%'`,
      )
    case 'integer':
    case 'decimal':
      return g(
        fc.constantFrom,
        `${key} + 1`,
        `${key} * 2.5`,
        `- ${key}`,
        `${key}::text || '%'`,
        `${key}::numeric / 7`,
        `TRUNC(${key}::numeric, 1)`,
        `${key} % 3`,
        `CAST(${key} AS integer)`,
        `GREATEST(${key}, 2)`,
      )
    case 'boolean':
      return g(
        fc.constantFrom,
        `NOT ${key}`,
        `${key}::integer`,
        `${key}::text`,
        `COALESCE(${key}, 't')`,
      )
    case 'date':
      return g(
        fc.constantFrom,
        `${key} + 1`,
        `EXTRACT(month FROM ${key})`,
        `${key} - DATE '2019-03-01'`,
        `date_trunc('year', ${key}::timestamp)`,
        `${key}::text`,
      )
    case 'timestamp':
      return g(
        fc.constantFrom,
        `EXTRACT(hour FROM ${key})`,
        `date_trunc('hour', ${key})`,
        `${key}::date`,
      )
  }
}

export function randomScalar(
  g: Gen,
  schema: Schema,
  names: Namer,
  depth: number,
): RandomExpression {
  if (depth === 0 || g(fc.integer, { min: 0, max: 2 }) === 0)
    return randomAggregate(g, schema, names)
  const a = randomScalar(g, schema, names, depth - 1)
  const b = randomScalar(g, schema, names, depth - 1)
  const literal = g(fc.constantFrom, '1', '2.50', '-3', '0.001', "'7'", '1e2')
  const one = (sql: string): RandomExpression => ({ sql, cohorts: a.cohorts })
  const two = (sql: string): RandomExpression => ({ sql, cohorts: [...a.cohorts, ...b.cohorts] })
  switch (g(fc.integer, { min: 0, max: 18 })) {
    case 15: {
      const name = g(fc.constantFrom, 'FLOOR', 'CEIL', 'SIGN', 'TRUNC', 'TRUNC')
      const digits = name === 'TRUNC' ? g(fc.constantFrom, '', ', 1', ', -1', ', 3') : ''
      return one(`${name}((${a.sql})::numeric${digits})`)
    }
    case 16:
      return one(`SQRT(ABS(${a.sql})::numeric)`)
    case 17:
      return two(
        `${g(fc.constantFrom, 'DIV', 'MOD')}((${a.sql})::numeric, NULLIF((${b.sql})::numeric, 0))`,
      )
    case 18:
      return one(
        `width_bucket((${a.sql})::numeric, ${g(fc.constantFrom, '0, 50, 5', '9.5, -3, 7')})`,
      )
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
