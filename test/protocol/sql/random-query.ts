/**
 * Random queries in the accepted subset, with what the oracle needs to know beside the text: which
 * aggregates' arguments each output depends on, and where the query's clauses are.
 */
import * as fc from 'fast-check'

import { codecOf } from '../../../shares/column-codec.ts'
import type { Column, Schema } from '../../../shares/schema.ts'

import { booleanAggregate, filtered, randomStatistic } from './random-aggregate.ts'
import type { RandomExpression } from './random-aggregate.ts'
import { Namer, randomAtom, randomCondition } from './random-condition.ts'
import { randomHaving } from './random-having.ts'
import type { RandomHaving } from './random-having.ts'
import { chosenByKeys, ofKeys, randomOfKey, randomScalar } from './random-scalar.ts'

type Gen = fc.GeneratorValue

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

/** Groups in which so many values are looked at: 4,096 in all. */
const MOST_LOOKED_INTO = 100

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
  for (const key of keys) if (g(fc.boolean)) outputs.push(ofKeys(names.of(key)))
  for (const key of keys) {
    if (g(fc.integer, { min: 0, max: 2 }) === 0) {
      outputs.push(ofKeys(randomOfKey(g, key.type, names.of(key))))
    }
  }
  if (keys.length > 0 && g(fc.integer, { min: 0, max: 2 }) === 0) {
    outputs.push(chosenByKeys(g, schema, names, keys))
  }
  const form =
    keys.length === 0 || g(fc.integer, { min: 0, max: 2 }) > 0 ? undefined : randomSets(g, keys)
  if (keys.length > 0 && g(fc.integer, { min: 0, max: 3 }) === 0) {
    const some = g(fc.shuffledSubarray, [...keys], { minLength: 1 })
    const sql = `GROUPING(${some.map((key) => names.of(key)).join(', ')})`
    outputs.push({ sql, cohorts: [], inGroup: ({ grouping }) => grouping(some) })
  }
  const aliases = outputs.map((_, i) =>
    g(fc.boolean) ? ` ${g(fc.constantFrom, 'AS ', '')}o${i}` : '',
  )
  const selectList = outputs.map(({ sql }, i) => sql + aliases[i]).join(', ')
  const groupBy = keys.map((key) => {
    const place = outputs.findIndex(({ sql }) => sql === key.name)
    return place >= 0 && g(fc.boolean) ? String(place + 1) : names.of(key)
  })
  const groupedBy = form?.write(groupBy) ?? groupBy.join(', ')
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
  const groupings = form?.groupings ?? [keys.map((_, place) => place)]
  const written = [selectList, having?.sql ?? '', ...order.map(({ text }) => text)].join(' ')
  const looksInto = /mode\(\)|DISTINCT (?!rider\))/iu.test(written)
  if (looksInto && countGroups(keys, groupings) > MOST_LOOKED_INTO) {
    return randomQuery(g, schema, only)
  }
  const sql =
    `${derived.with}SELECT ${selectList}${derived.from}` +
    (outer === null ? '' : ` WHERE ${outer}`) +
    (keys.length === 0 ? '' : ` GROUP BY ${groupedBy}`) +
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
    groupings,
    groupBy: keys.length === 0 ? '' : ` GROUP BY ${form?.write(plainly) ?? plainly.join(', ')}`,
    outputs,
    having,
    selectList,
    order,
    limit: limit + offset,
  }
}

function countGroups(keys: readonly Column[], groupings: readonly (readonly number[])[]): number {
  const sizes = keys.map((key) => Number(codecOf(key).codeMax) + (key.nullable ? 2 : 1))
  return groupings
    .map((set) => set.reduce((product, key) => product * sizes[key]!, 1))
    .reduce((sum, groups) => sum + groups, 0)
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
