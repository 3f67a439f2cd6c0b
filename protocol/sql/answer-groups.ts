/**
 * The groups that are rows of the answer: for each grouping every combination of its keys' values, whether rows are
 * in it or not. What is not a key of the grouping is NULL, and GROUPING tells that from a NULL among the values.
 *
 * Groups of a grouping are disjoint, so the plane of a coarser group is the sum of the planes of the finer groups in
 * it, without an AND.
 */
import { ShareholdError } from '../../shares/errors.ts'
import type { Wire } from '../circuit-builder.ts'

import type { SqlType } from './answer-spec.ts'
import type { BoundKey, BoundQuery, KeyValue } from './bound.ts'
import type { RowPlanes } from './column-planes.ts'
import { whereTrue } from './condition-circuit.ts'
import { countGroups, groupPlanes, MAX_GROUPS } from './groups.ts'
import { textOfValue } from './row-text.ts'

/** What groups are made from. */
export type Groupings = Pick<BoundQuery, 'keys' | 'groupings' | 'groupingCalls'>

export interface AnswerGroup {
  /** Place of its grouping. */
  readonly grouping: number
  /** For each key the place of its value; undefined for what is no key of the grouping. */
  readonly places: readonly (number | undefined)[]
  /** What the answer's expressions see: keys, then calls of GROUPING. */
  readonly keys: readonly KeyValue[]
  /** Among all groups, in whose order their planes are. */
  readonly plane: number
}

/** Types of what the answer's expressions see as keys. */
export function keyTypesOf({ keys, groupingCalls }: Groupings): readonly SqlType[] {
  return [...keys.map(({ type }) => type), ...groupingCalls.map((): SqlType => 'integer')]
}

/** How many groups there are; 1 without GROUP BY. */
export function countAnswerGroups({ keys, groupings }: Groupings): bigint {
  return groupings.reduce((sum, set) => sum + countGroups(keysOf(keys, set)), 0n)
}

/**
 * The groups in the order of the answer's rows: grouping after grouping, the last key running fastest.
 *
 * @param most groups that are possible
 * @throws ShareholdError SH_PLAN_GROUPS
 */
export function answerGroups(query: Groupings, most = MAX_GROUPS): readonly AnswerGroup[] {
  const { keys, groupings, groupingCalls } = query
  checkCount(query, most)
  const values = keys.map((key) => key.values())
  let plane = 0
  return groupings.flatMap((set, grouping) => {
    // GROUPING has a bit for each argument, 1 where it is no key, the last one lowest.
    const calls = groupingCalls.map((call) =>
      String(call.reduce((bits, key) => 2 * bits + (set.includes(key) ? 0 : 1), 0)),
    )
    return combinations(keys, set).map((places): AnswerGroup => ({
      grouping,
      places,
      keys: [
        ...places.map((place, key) => (place === undefined ? null : values[key]![place]!)),
        ...calls,
      ],
      plane: plane++,
    }))
  })
}

function checkCount(query: Groupings, most: number): void {
  const count = countAnswerGroups(query)
  if (count <= most) return
  const sizes = query.keys.map((key) => `${textOfValue(key.value)} ${key.size}`).join(', ')
  throw new ShareholdError(
    'SH_PLAN_GROUPS',
    `The grouping has ${count} groups (values: ${sizes}); at most ${most} are possible.`,
    {
      hint: 'Group by fewer columns, or by one that the schema declares with a narrower range; restrict the others in WHERE.',
    },
  )
}

function keysOf(keys: readonly BoundKey[], set: readonly number[]): readonly BoundKey[] {
  return set.map((key) => keys[key]!)
}

function combinations(
  keys: readonly BoundKey[],
  set: readonly number[],
): (readonly (number | undefined)[])[] {
  let found: (readonly (number | undefined)[])[] = [keys.map(() => undefined)]
  for (const key of set) {
    const places = Array.from({ length: Number(keys[key]!.size) }, (_, place) => place)
    found = found.flatMap((one) => places.map((place) => one.with(key, place)))
  }
  return found
}

/** One plane per group, in the order of answerGroups: 1 where the row passes the filter and is in the group. */
export function answerPlanes(
  row: RowPlanes,
  { keys, groupings, filter }: Pick<BoundQuery, 'keys' | 'groupings' | 'filter'>,
): Wire[] {
  const made = new Map<string, readonly Wire[]>()
  // The finest first: others are sums of them.
  for (const set of groupings.toSorted((a, b) => b.length - a.length)) {
    if (made.has(set.join())) continue
    const finer = groupings
      .filter((one) => made.has(one.join()) && set.every((key) => one.includes(key)))
      .toSorted((a, b) => a.length - b.length)[0]
    made.set(
      set.join(),
      set.length === 0
        ? [whereTrue(row, filter)]
        : finer === undefined
          ? groupPlanes(row, keysOf(keys, set), filter)
          : sumsOf(row, keys, set, { set: finer, planes: made.get(finer.join())! }),
    )
  }
  return groupings.flatMap((set) => made.get(set.join())!)
}

function sumsOf(
  { builder }: RowPlanes,
  keys: readonly BoundKey[],
  set: readonly number[],
  finer: { readonly set: readonly number[]; readonly planes: readonly Wire[] },
): Wire[] {
  const parts = new Map<string, Wire[]>(
    combinations(keys, set).map((places) => [places.join(), []]),
  )
  combinations(keys, finer.set).forEach((places, k) => {
    const own = places.map((place, key) => (set.includes(key) ? place : undefined))
    parts.get(own.join())!.push(finer.planes[k]!)
  })
  return [...parts.values()].map((planes) => builder.xorMany(planes))
}
