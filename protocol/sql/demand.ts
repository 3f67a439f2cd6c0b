/**
 * What a query needs opened: for each group and aggregate a cohort (which planes' members are counted) and
 * values (which planes' rows are counted or summed), each once however often it is asked for.
 *
 * SUM needs no count: where its cohort bit is 1, at least one row contributes, so the cohort lane serves as
 * the count that tells 0 from NULL. Nothing is opened that no shown expression depends on.
 */
import type { Wire } from '../circuit-builder.ts'

import { needsSquares } from './aggregate-functions.ts'
import type { AggregateSpec } from './answer-spec.ts'
import type { BoundAggregate } from './bound.ts'
import type { RowValue } from './row-value.ts'
import type { SummedRows } from './strategy.ts'

/** A number over the rows of a plane, multiplied by the bit of a cohort before it is opened. */
export interface ValueDemand {
  readonly kind: 'count' | 'sum' | 'squares'
  /** Rows that contribute: pass the filter, are in the group, argument not NULL. */
  readonly plane: Wire
  /** Plane that the sum is taken over: a NULL is 0, so it may have rows with NULLs. Equals `plane` for counts. */
  readonly summed: Wire
  /** Absent for counts. */
  readonly argument?: RowValue
  /** Index into cohorts. */
  readonly cohort: number
}

export interface Demand {
  /** Planes whose distinct members are counted, each once. */
  readonly cohorts: readonly Wire[]
  readonly values: readonly ValueDemand[]
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
  /** Of those, the rows where an aggregate's argument is not NULL. */
  readonly contributing: (aggregate: BoundAggregate) => Wire
}

/** Collects what the aggregates of all groups need. */
export function collectDemand(
  aggregates: readonly BoundAggregate[],
  groups: readonly GroupPlanes[],
  summedRows: SummedRows,
): Demand {
  const cohorts = new Map<Wire, number>()
  const values = new Map<string, { readonly index: number; readonly value: ValueDemand }>()
  const cohortOf = (plane: Wire): number => {
    const index = cohorts.get(plane) ?? cohorts.size
    cohorts.set(plane, index)
    return index
  }
  const places = new Map<RowValue | undefined, number>()
  const placeOf = (argument: RowValue | undefined): number => {
    const place = places.get(argument) ?? places.size
    places.set(argument, place)
    return place
  }
  const valueOf = (value: ValueDemand): number => {
    const key = [value.kind, value.plane, placeOf(value.argument)].join(' ')
    const known = values.get(key)
    if (known !== undefined) return known.index
    const index = values.size
    values.set(key, { index, value })
    return index
  }
  // Lanes of values come after all cohorts, whose number is known at the end.
  const drafts = groups.map((group) => {
    const summedBy = (aggregate: BoundAggregate): Wire =>
      summedRows === 'group' ? group.filtered(aggregate) : planeToSum(aggregates, group, aggregate)
    return aggregates.map((aggregate) => {
      const plane = group.contributing(aggregate)
      const cohort = cohortOf(plane)
      const { argument } = aggregate
      const numbers = numbersOf(aggregate).map((kind) =>
        kind === 'count' || argument === undefined
          ? valueOf({ kind: 'count', plane, summed: plane, cohort })
          : valueOf({ kind, plane, summed: summedBy(aggregate), argument, cohort }),
      )
      return { cohort, numbers }
    })
  })
  const lanes = drafts.map((draft) =>
    draft.flatMap(({ cohort, numbers }) => [
      cohort,
      ...numbers.map((value) => cohorts.size + value),
    ]),
  )
  return {
    cohorts: [...cohorts.keys()],
    values: [...values.values()].map(({ value }) => value),
    specs: placeLanes(aggregates),
    lanes,
  }
}

/** What is opened for an aggregate besides its cohort bit, in the order of its lanes. */
function numbersOf({ template, argument }: BoundAggregate): readonly ValueDemand['kind'][] {
  if (argument === undefined || template.function === 'count') return ['count']
  if (template.function === 'sum') return ['sum']
  return needsSquares(template.function) ? ['count', 'sum', 'squares'] : ['count', 'sum']
}

/** The aggregates with the places of their lanes: cohort and numbers, one aggregate after the other. */
function placeLanes(aggregates: readonly BoundAggregate[]): AggregateSpec[] {
  let next = 0
  return aggregates.map((aggregate) => {
    const cohort = next++
    const place = new Map(numbersOf(aggregate).map((kind) => [kind, next++]))
    const [sum, sumSquares] = [place.get('sum'), place.get('squares')]
    return {
      ...aggregate.template,
      cohort,
      count: place.get('count') ?? cohort,
      ...(sum === undefined ? {} : { sum }),
      ...(sumSquares === undefined ? {} : { sumSquares }),
    }
  })
}

/**
 * The one plane of a group that all sums with this aggregate's filter are taken over, so that it is converted
 * once: the rows that contribute, if those are the same for all (their count then comes free), else all that
 * pass the filter.
 */
function planeToSum(
  aggregates: readonly BoundAggregate[],
  group: GroupPlanes,
  aggregate: BoundAggregate,
): Wire {
  const planes = new Set(
    aggregates
      .filter(
        ({ template, filter }) => template.function !== 'count' && filter === aggregate.filter,
      )
      .map((one) => group.contributing(one)),
  )
  const [only] = planes
  return planes.size === 1 && only !== undefined ? only : group.filtered(aggregate)
}
