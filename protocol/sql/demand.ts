/**
 * What a query needs opened: for each group and aggregate a cohort (which planes' members are counted) and
 * values (which planes' rows are counted or summed), each once however often it is asked for.
 *
 * SUM needs no count: where its cohort bit is 1, at least one row contributes, so the cohort lane serves as
 * the count that tells 0 from NULL. Nothing is opened that no shown expression depends on.
 */
import type { Wire } from '../circuit-builder.ts'

import { numbersOf } from './aggregate-functions.ts'
import type { AggregateNumber, Rank } from './aggregate-functions.ts'
import type { AggregateSpec } from './answer-spec.ts'
import { argumentsOf } from './bound.ts'
import type { BoundAggregate } from './bound.ts'
import { FALSE_PREDICATE } from './predicate.ts'
import { nullOfValue } from './row-analysis.ts'
import type { RowValue } from './row-value.ts'
import type { SummedRows } from './strategy.ts'

/** A number over the rows of a plane, multiplied by the bit of a cohort before it is opened. */
export type ValueDemand = {
  /** Rows that contribute: pass the filter, are in the group, no argument NULL. */
  readonly plane: Wire
  /** Index into cohorts. */
  readonly cohort: number
} & (
  | { readonly kind: 'count' }
  | {
      readonly kind: 'sum'
      /** Of a product of values. */
      readonly factors: readonly RowValue[]
      /** Plane that the sum is taken over: a NULL is 0, so it may have rows where a factor is NULL. */
      readonly summed: Wire
    }
  /** 1 if there is a row in the plane `tested`, else 0. */
  | { readonly kind: 'any'; readonly tested: Wire }
  /** Distinct members. */
  | { readonly kind: 'members' }
  /** The place of a value in its order (ordered-planes.ts): the largest, the smallest, that of a rank. */
  | { readonly kind: 'extreme'; readonly argument: RowValue; readonly largest: boolean }
  | { readonly kind: 'rank'; readonly argument: RowValue; readonly rank: Rank }
  /** The place of the value that most rows have, a plane for each value; among several the least place, or the largest. */
  | { readonly kind: 'mode'; readonly planes: readonly Wire[]; readonly largest: boolean }
  /** How many of these planes have a row, or the sum of what each of those stands for. */
  | {
      readonly kind: 'distinct'
      readonly argument: RowValue
      readonly of: 'count' | 'sum'
      readonly planes: readonly Wire[]
    }
)

export type SumDemand = Extract<ValueDemand, { readonly kind: 'sum' }>

export type ModeDemand = Extract<ValueDemand, { readonly kind: 'mode' }>

export type DistinctDemand = Extract<ValueDemand, { readonly kind: 'distinct' }>

/** Of a value that stands for a row. */
export type ChosenDemand = Extract<ValueDemand, { readonly kind: 'extreme' | 'rank' }>

export interface Demand {
  /** Planes whose distinct members are counted, each once. */
  readonly cohorts: readonly Wire[]
  readonly values: readonly ValueDemand[]
  /** Planes that the summed values are made of, in the field; none is constant. */
  readonly bits: readonly Wire[]
  /** The aggregates, with places in the lanes of a group. */
  readonly specs: readonly AggregateSpec[]
  /** For each group the output lanes that its aggregates read; all cohorts come before all values. */
  readonly lanes: readonly (readonly number[])[]
}

/** The planes of one group. */
export interface GroupPlanes {
  /** Rows in the group that pass the filter. */
  readonly rows: Wire
  /** Of these, the rows that pass the aggregate's own filter. */
  readonly filtered: (aggregate: BoundAggregate) => Wire
  /** Of those, the rows where no argument of the aggregate is NULL. */
  readonly contributing: (aggregate: BoundAggregate) => Wire
  /** Of those, the rows where its argument, a condition, has this value. */
  readonly having: (aggregate: BoundAggregate, value: boolean) => Wire
  /** Of the contributing rows, those with each value of its argument, in the order of ordered-planes.ts. */
  readonly valued: (aggregate: BoundAggregate) => readonly Wire[]
}

/** Collects what the aggregates of all groups need. */
export function collectDemand(
  aggregates: readonly BoundAggregate[],
  groups: readonly GroupPlanes[],
  summedRows: SummedRows,
  bits: readonly Wire[],
): Demand {
  const cohorts = new Map<Wire, number>()
  const values = new Map<string, { readonly index: number; readonly value: ValueDemand }>()
  const cohortOf = (plane: Wire): number => {
    const index = cohorts.get(plane) ?? cohorts.size
    cohorts.set(plane, index)
    return index
  }
  const places = new Map<RowValue, number>()
  const placeOf = (argument: RowValue): number => {
    const place = places.get(argument) ?? places.size
    places.set(argument, place)
    return place
  }
  const keyOf = (value: ValueDemand): string => {
    const { kind, plane } = value
    if (kind === 'sum') {
      const factors = value.factors.map(placeOf).toSorted((a, b) => a - b)
      return [kind, plane, ...factors].join(' ')
    }
    switch (kind) {
      case 'any':
        return [kind, plane, value.tested].join(' ')
      case 'extreme':
        return [kind, plane, placeOf(value.argument), value.largest].join(' ')
      case 'mode':
        return [kind, ...value.planes, value.largest].join(' ')
      case 'distinct':
        return [kind, plane, placeOf(value.argument), value.of].join(' ')
      case 'rank': {
        const { times, plus, over } = value.rank
        return [kind, plane, placeOf(value.argument), times, plus, over].join(' ')
      }
      case 'count':
      case 'members':
        return [kind, plane].join(' ')
    }
  }
  const valueOf = (value: ValueDemand): number => {
    const key = keyOf(value)
    const known = values.get(key)
    if (known !== undefined) return known.index
    const index = values.size
    values.set(key, { index, value })
    return index
  }
  // Lanes of values come after all cohorts, whose number is known at the end.
  const drafts = groups.map((group) =>
    aggregates.map((aggregate) => {
      const plane = group.contributing(aggregate)
      const base = { plane, cohort: cohortOf(plane) }
      const indexOf = (number: AggregateNumber): number | undefined => {
        switch (number.kind) {
          case 'present':
            return undefined
          case 'count':
          case 'members':
            return valueOf({ ...base, kind: number.kind })
          case 'any':
            return valueOf({ ...base, kind: 'any', tested: group.having(aggregate, number.value) })
          case 'extreme':
          case 'rank': {
            const argument = argumentsOf(aggregate)[0]!
            return number.kind === 'extreme'
              ? valueOf({ ...base, kind: 'extreme', argument, largest: number.largest })
              : valueOf({ ...base, kind: 'rank', argument, rank: number })
          }
          case 'mode': {
            const { largest } = number
            return valueOf({ ...base, kind: 'mode', planes: group.valued(aggregate), largest })
          }
          case 'distinct': {
            const argument = argumentsOf(aggregate)[0]!
            const planes = group.valued(aggregate)
            return valueOf({ ...base, kind: 'distinct', argument, of: number.of, planes })
          }
          case 'sum': {
            const factors = number.factors.map((at) => argumentsOf(aggregate)[at]!)
            const summed =
              summedRows === 'group' && isZeroOfNull(aggregate, factors)
                ? group.filtered(aggregate)
                : planeToSum(aggregates, group, aggregate, factors)
            return valueOf({ ...base, kind: 'sum', factors, summed })
          }
        }
      }
      const numbers = Object.values(numbersOf(aggregate.template)).map(indexOf)
      return { cohort: base.cohort, numbers: numbers.filter((number) => number !== undefined) }
    }),
  )
  const lanes = drafts.map((draft) =>
    draft.flatMap(({ cohort, numbers }) => [
      cohort,
      ...numbers.map((value) => cohorts.size + value),
    ]),
  )
  return {
    cohorts: [...cohorts.keys()],
    values: [...values.values()].map(({ value }) => value),
    bits,
    specs: placeLanes(aggregates),
    lanes,
  }
}

/** The aggregates with the places of their lanes: cohort and numbers, one aggregate after the other. */
function placeLanes(aggregates: readonly BoundAggregate[]): AggregateSpec[] {
  let next = 0
  return aggregates.map(({ template }) => {
    const cohort = next++
    const places = Object.entries(numbersOf(template)).map(
      ([name, { kind }]) => [name, kind === 'present' ? cohort : next++] as const,
    )
    return { ...template, cohort, places: Object.fromEntries(places) }
  })
}

/** Whether the product is 0 wherever an argument of the aggregate is NULL: it has all that can be. */
function isZeroOfNull(aggregate: BoundAggregate, factors: readonly RowValue[]): boolean {
  return argumentsOf(aggregate).every(
    (argument) =>
      nullOfValue(argument) === FALSE_PREDICATE ||
      // A computed value is anything where it is NULL.
      (argument.kind === 'column' && factors.includes(argument)),
  )
}

/**
 * The one plane of a group that all sums with this aggregate's filter are taken over, so that it is converted
 * once: the rows that contribute, if those are the same for all (their count then comes free), else all that
 * pass the filter. What is not 0 where an argument is NULL can be summed over contributing rows only.
 */
function planeToSum(
  aggregates: readonly BoundAggregate[],
  group: GroupPlanes,
  aggregate: BoundAggregate,
  factors: readonly RowValue[],
): Wire {
  const own = group.contributing(aggregate)
  if (!isZeroOfNull(aggregate, factors)) return own
  const alike = aggregates.filter((one) => one.filter === aggregate.filter && hasSums(one))
  const planes = new Set(alike.map((one) => group.contributing(one)))
  return planes.size === 1 ? own : group.filtered(aggregate)
}

function hasSums({ template }: BoundAggregate): boolean {
  return Object.values(numbersOf(template)).some(({ kind }) => kind === 'sum')
}
