/**
 * What a query needs opened: for each group and aggregate a cohort (which planes' members are counted) and
 * values (which planes' rows are counted or summed), each once however often it is asked for.
 *
 * SUM needs no count: where its cohort bit is 1, at least one row contributes, so the cohort lane serves as
 * the count that tells 0 from NULL. Nothing is opened that no shown expression depends on.
 */
import { FALSE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'

import { numbersOf } from './aggregate-functions.ts'
import type { AggregateNumber, Rank } from './aggregate-functions.ts'
import type { AnswerGroup } from './answer-groups.ts'
import type { AggregateSpec, NumberName } from './answer-spec.ts'
import { argumentsOf } from './bound.ts'
import type { BoundAggregate } from './bound.ts'
import type { EmptyGroups } from './empty-groups.ts'
import { divisionsOf, Families } from './families.ts'
import { FALSE_PREDICATE } from './predicate.ts'
import { nullOfValue } from './row-analysis.ts'
import type { RowValue } from './row-value.ts'
import type { SummedRows } from './strategy.ts'

/** A number over the rows of a plane. */
export type ValueDemand = {
  /** Rows that contribute: pass the filter, are in the group, no argument NULL. */
  readonly plane: Wire
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

/** A plane whose distinct members are counted. */
export interface Cohort {
  readonly plane: Wire
  /** If it is of all groups: how many of these are empty for everybody to see, and do not count where second ones are hidden. */
  readonly ruledOut: number
}

/** What an opened bit says: that the cohort is shown, being large enough and not hidden beside another. */
export interface Mask {
  /** Index into cohorts. */
  readonly cohort: number
  /** Indices into families, in each of which a second cohort may have to be hidden. */
  readonly families: readonly number[]
  /** The group whose HAVING must be true too. */
  readonly group: number | undefined
}

/** What is there for an aggregate in a group. Indices into cohorts, families and values. */
export interface AggregateCell {
  readonly cohort: number
  readonly families: readonly number[]
  readonly values: ReadonlyMap<NumberName, number>
}

/** A number, multiplied by a bit before it is opened. Indices into values and masks. */
export interface OpenedValue {
  readonly value: number
  readonly mask: number
}

export interface Demand {
  /** Each once. */
  readonly cohorts: readonly Cohort[]
  /** Cohorts of one aggregate in the groups of one grouping (families.ts). */
  readonly families: readonly (readonly number[])[]
  /** What is computed, each once. */
  readonly values: readonly ValueDemand[]
  /** Planes that the summed values are made of, in the field; none is constant. */
  readonly bits: readonly Wire[]
  /** What is opened: bits, then values. */
  readonly masks: readonly Mask[]
  readonly opened: readonly OpenedValue[]
  /** For each group and aggregate, those of HAVING included. */
  readonly cells: readonly (readonly AggregateCell[])[]
  /** The aggregates, with places in the lanes of a group. */
  readonly specs: readonly AggregateSpec[]
  /** For each group the output lanes that its aggregates read; all bits come before all values. */
  readonly lanes: readonly (readonly number[])[]
}

/** The planes of one group. */
export interface GroupPlanes {
  readonly group: AnswerGroup
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

export interface DemandOptions {
  readonly bits: readonly Wire[]
  readonly kMin: number
  /** Whether groups have a condition that is not public. */
  readonly hasHaving: boolean
  /** Of these groups, which do not count where second ones are hidden. */
  readonly empty?: EmptyGroups
  /** If all groups share their planes: for each aggregate how many of them do not count. */
  readonly ruledOut?: readonly number[]
}

/** Collects what the aggregates of all groups need. */
export function collectDemand(
  aggregates: readonly BoundAggregate[],
  groups: readonly GroupPlanes[],
  summedRows: SummedRows,
  { bits, kMin, hasHaving, empty, ruledOut }: DemandOptions,
): Demand {
  const cohorts = new Distinct<Cohort>((cohort) => `${cohort.plane} ${cohort.ruledOut}`)
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
  const values = new Distinct<ValueDemand>(keyOf)
  const valueOf = (value: ValueDemand): number => values.place(value)
  const cohortsOf = groups.map((group) =>
    aggregates.map((aggregate, index) =>
      cohorts.place({ plane: group.contributing(aggregate), ruledOut: ruledOut?.[index] ?? 0 }),
    ),
  )
  const planes = cohorts.all.map(({ plane }) => plane)
  const families = new Families(kMin)
  const divisions = divisionsOf(groups.map(({ group }) => group))
  const familiesOf = aggregates.map((_, index) => {
    const found = groups.map((): number[] => [])
    for (const rows of divisions) {
      const counting = rows.filter((row) => empty?.[index]![row] !== true)
      const family = families.of(
        counting.map((row) => cohortsOf[row]![index]!),
        planes,
      )
      for (const row of rows) if (family !== undefined) found[row]!.push(family)
    }
    return found
  })
  const masks = new Distinct<Mask>(({ cohort, families: own, group }) =>
    [cohort, own.join('+'), group].join(),
  )
  const opened = new Distinct<OpenedValue>(({ value, mask }) => `${value} ${mask}`)
  const cells = groups.map((group, row) =>
    aggregates.map((aggregate, index): AggregateCell => {
      const plane = group.contributing(aggregate)
      const base = { plane }
      const own = plane === FALSE ? [] : familiesOf[index]![row]!
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
      const numbers = Object.entries(numbersOf(aggregate.template)).flatMap(([name, number]) => {
        const value = indexOf(number)
        return value === undefined
          ? []
          : [[name as NumberName, value] satisfies [NumberName, number]]
      })
      return {
        cohort: cohortsOf[row]![index]!,
        families: [...new Set(own)],
        values: new Map(numbers),
      }
    }),
  )
  // Lanes of values come after all bits, whose number is known at the end.
  const drafts = cells.map((own, row) =>
    own
      .filter((_, index) => aggregates[index]!.inner === undefined)
      .map(({ cohort, families: beside, values: numbers }) => {
        // What is empty for everybody to see is, whatever HAVING says.
        const group = hasHaving && planes[cohort] !== FALSE ? row : undefined
        const mask = masks.place({ cohort, families: beside, group })
        return {
          mask,
          numbers: [...numbers.values()].map((value) => opened.place({ value, mask })),
        }
      }),
  )
  const lanes = drafts.map((draft) =>
    draft.flatMap(({ mask, numbers }) => [
      mask,
      ...numbers.map((number) => masks.all.length + number),
    ]),
  )
  return {
    cohorts: cohorts.all,
    families: families.all,
    values: values.all,
    bits,
    masks: masks.all,
    opened: opened.all,
    cells,
    specs: placeLanes(aggregates.filter(({ inner }) => inner === undefined)),
    lanes,
  }
}

/** Things in the order in which they were first met, each once. */
class Distinct<T> {
  readonly all: T[] = []
  readonly #nameOf: (item: T) => string
  readonly #places = new Map<string, number>()

  constructor(nameOf: (item: T) => string) {
    this.#nameOf = nameOf
  }

  place(item: T): number {
    const name = this.#nameOf(item)
    const known = this.#places.get(name)
    if (known !== undefined) return known
    this.#places.set(name, this.all.length)
    return this.all.push(item) - 1
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
