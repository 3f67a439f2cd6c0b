/**
 * Which cohorts are shown, by Sharehold's rules over PostgreSQL's counts: at least kMin distinct members; and where
 * exactly one cohort of an aggregate has fewer, the smallest other one is not shown either (the first of several),
 * without those that are empty for everybody to see.
 */
import type { PGlite } from '@electric-sql/pglite'

import type { PlanParams } from '../../../protocol/plan.ts'
import { answerGroups } from '../../../protocol/sql/answer-groups.ts'
import { bindSelect } from '../../../protocol/sql/bind.ts'
import { emptyGroups } from '../../../protocol/sql/empty-groups.ts'
import { parseSelect } from '../../../protocol/sql/parse.ts'
import type { Schema } from '../../../shares/schema.ts'

import type { RandomQuery } from './random-query.ts'
import type { RandomTable } from './random-table.ts'

/** A table, and what Sharehold is asked about if that is a join, of which the table is a view. */
export interface OracleTable extends Pick<RandomTable, 'schema' | 'params'> {
  readonly join?: OracleJoin
}

export interface OracleJoin {
  readonly schemas: readonly Schema[]
  readonly params: PlanParams
  readonly from: string
  /** A text with the names of the view's columns, as they are in the join. */
  readonly write: (text: string) => string
}

/** A group. */
export interface GroupRow {
  /** Among all groups, in the order of the answer. */
  readonly place: number
  readonly grouping: number
  /** Places of the grouping's keys. */
  readonly set: readonly number[]
  /** For each key its value; undefined for what is no key of the grouping. */
  readonly values: readonly (string | null | undefined)[]
}

/** For each cohort, by the condition of the rows that contribute, whether it is shown in each of the groups. */
export type ShownCohorts = ReadonlyMap<string, readonly boolean[]>

/**
 * @param source the rows of all groups, with the `place` of the group
 * @param rows all groups
 * @param kept the groups that are rows of the answer
 */
export async function shownCohorts(
  database: PGlite,
  table: OracleTable,
  query: RandomQuery,
  {
    source,
    rows: all,
    kept,
  }: {
    readonly source: string
    readonly rows: readonly GroupRow[]
    readonly kept: readonly GroupRow[]
  },
): Promise<ShownCohorts> {
  const { outputs, order, having, alias } = query
  const conditions = [
    ...new Set([
      ...[...outputs, ...order].flatMap(({ cohorts }) => cohorts),
      ...(having?.aggregates ?? []).map(({ cohort }) => cohort),
    ]),
  ]
  const { rows } = await database.query<number[]>(
    `SELECT place, ${conditions
      .map((condition) => `count(DISTINCT rider) FILTER (WHERE ${condition})::integer`)
      .concat('0')
      .join(', ')} FROM ${source} ${alias} GROUP BY place ORDER BY place`,
    [],
    { rowMode: 'array' },
  )
  const sizesAt = new Map(rows.map(([place, ...sizes]) => [place!, sizes]))
  const shown = new Map<string, readonly boolean[]>()
  for (const [index, condition] of conditions.entries()) {
    const sizes = kept.map(({ place }) => sizesAt.get(place)?.[index] ?? 0)
    const isEmpty = (): readonly boolean[] => {
      const empty = publiclyEmpty(table, query, condition)
      return kept.map(({ place }) => empty[place]!)
    }
    const bits = shownOf(sizes, table.schema.kMin, divisionsOf(kept), isEmpty)
    const byPlace = all.map(() => false)
    kept.forEach(({ place }, k) => (byPlace[place] = bits[k]!))
    shown.set(condition, byPlace)
  }
  return shown
}

/** Groups of a grouping, all of them, and those that add up to a group of a coarser grouping: by their places in `rows`. */
function divisionsOf(rows: readonly GroupRow[]): readonly (readonly number[])[] {
  const sets = rows.map(({ set }) => set)
  const divisions = new Map<string, Set<number>>()
  rows.forEach(({ grouping, set, values }, k) => {
    for (const coarser of [[], ...sets]) {
      if (coarser.length >= set.length && coarser.length > 0) continue
      if (!coarser.every((key) => set.includes(key))) continue
      const name = JSON.stringify([grouping, coarser, coarser.map((key) => values[key])])
      divisions.set(name, (divisions.get(name) ?? new Set()).add(k))
    }
  })
  return [...divisions.values()].map((places) => [...places])
}

function shownOf(
  sizes: readonly number[],
  kMin: number,
  divisions: readonly (readonly number[])[],
  isEmpty: () => readonly boolean[],
): readonly boolean[] {
  const enough = sizes.map((size) => size >= kMin)
  // Nobody is protected by what is not shown of nobody.
  if (kMin === 1) return enough
  const shown = [...enough]
  let empty: readonly boolean[] | undefined
  for (const rows of divisions) {
    const small = rows.filter((row) => sizes[row]! > 0 && !enough[row])
    if (small.length > 1 || rows.every((row) => enough[row])) continue
    empty ??= isEmpty()
    const lone = rows.filter((row) => !enough[row] && !empty![row]).length === 1
    const others = rows.filter((row) => enough[row])
    if (!lone || others.length === 0) continue
    const least = Math.min(...others.map((row) => sizes[row]!))
    shown[others.find((row) => sizes[row] === least)!] = false
  }
  return shown
}

/** Whether nobody can be in the group, for everybody to see. */
function publiclyEmpty(
  { schema, params, join }: OracleTable,
  { where, alias, groupBy }: RandomQuery,
  condition: string,
): readonly boolean[] {
  const own = alias === schema.dataset ? alias : `${schema.dataset} AS ${alias}`
  const from = join?.from ?? own
  const sql =
    `SELECT COUNT(*) FILTER (WHERE ${condition}) FROM ${from}` +
    (where === null ? '' : ` WHERE ${where}`) +
    groupBy
  const bound = join
    ? bindSelect(
        parseSelect(join.write(sql.replaceAll(`${alias}.`, ''))),
        join.schemas,
        join.params,
      )
    : bindSelect(parseSelect(sql), [schema], params)
  return emptyGroups(bound, answerGroups(bound))[0]!
}
