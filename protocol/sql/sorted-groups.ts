/**
 * Which groupings can be made by sort, and the key that rows are sorted by: the codes of all keys on end, the
 * last one's planes lowest, so that groups come in the order of the answer's rows.
 */
import type { Wire } from '../circuit-builder.ts'
import { FALSE } from '../circuit-builder.ts'
import type { PlanParams } from '../plan.ts'
import { planesBelow } from '../public-planes.ts'
import { rowsOf } from '../validate-plan.ts'

import { numbersOf } from './aggregate-functions.ts'
import type { AggregateNumber } from './aggregate-functions.ts'
import type { BoundKey, BoundQuery } from './bound.ts'
import { domainOf } from './column-domain.ts'
import type { RowPlanes } from './column-planes.ts'
import { countGroups } from './groups.ts'

/** Most groups of a plan that sorts. */
export const MAX_SORTED_GROUPS = 65_536

/** Below this, planes of groups are cheaper by far, and the question is not asked. */
const FEW_GROUPS = 64

/**
 * Most lanes that are sorted, by the parties: kernel memory ends at 4 GiB. Measured at n = 3, 0.7 kB a lane; more
 * parties hold more components of each word, and convert bits in more steps.
 */
export const MAX_SORTED_LANES: Readonly<Record<number, number>> = {
  3: 2 ** 22,
  5: 2 ** 20,
  7: 2 ** 19,
}

/** What prefix sums give. */
const SORTED_NUMBERS: ReadonlySet<AggregateNumber['kind']> = new Set([
  'present',
  'count',
  'sum',
  'any',
  'members',
])

/** Whether the query's groups can be found by sort, and are so many that it may pay. */
export function isSortable(query: BoundQuery, params: PlanParams): boolean {
  return countGroups(query.keys) > FEW_GROUPS && canSort(query, params)
}

/** Whether the query's groups can be found by sort. */
export function canSort({ keys, groupings, aggregates }: BoundQuery, params: PlanParams): boolean {
  const groups = countGroups(keys)
  if (groupings.length !== 1) return false
  if (params.joined !== undefined) return false
  if (groups < 2n || groups > BigInt(MAX_SORTED_GROUPS)) return false
  const numbers = aggregates.flatMap(({ template }) => Object.values(numbersOf(template)))
  if (!numbers.every(({ kind }) => SORTED_NUMBERS.has(kind))) return false
  const lanes = rowsOf(params) + Number(groups)
  const most = MAX_SORTED_LANES[params.committee.n] ?? 0
  return lanes <= most && keys.every(({ value }) => value.kind === 'column')
}

/** The number of values of each key: digits of the groups' numbers. */
export function keySizes(keys: readonly BoundKey[]): number[] {
  return keys.map(({ size }) => Number(size))
}

/** The planes of the key, lowest first. NULL comes after all values: a NULL has code 0, so it takes no AND. */
export function sortKey({ builder, columns }: RowPlanes, keys: readonly BoundKey[]): Wire[] {
  return keys.toReversed().flatMap((key) => {
    if (key.value.kind !== 'column') throw new RangeError('rows are sorted by columns only')
    const { column } = key.value
    const { code, valid } = columns.get(column)!
    const isNull = builder.not(valid)
    const width = planesBelow(Number(key.size))
    const ofNull = Number(domainOf(column).size)
    return Array.from({ length: width }, (_, i) => {
      const wire = code[i] ?? FALSE
      return column.nullable && (ofNull >> i) & 1 ? builder.xor(wire, isNull) : wire
    })
  })
}
