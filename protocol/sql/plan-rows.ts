/**
 * What happens to rows: one circuit for the filter, the groups and the NULLs of the arguments, and from it
 * what the aggregates demand.
 */
import { planesOf } from '../../shares/column-codec.ts'
import type { Column } from '../../shares/schema.ts'
import { CircuitBuilder, FALSE, TRUE } from '../circuit-builder.ts'
import type { Planes, Wire } from '../circuit-builder.ts'
import { oneHot } from '../circuit-gadgets.ts'
import { inputsRead, withInputs } from '../circuit.ts'
import type { Operator, Ref } from '../plan.ts'

import { numbersOf, readsValues } from './aggregate-functions.ts'
import { answerPlanes } from './answer-groups.ts'
import type { AnswerGroup } from './answer-groups.ts'
import { argumentsOf } from './bound.ts'
import type { BoundAggregate, BoundQuery, Predicate } from './bound.ts'
import { inputPlanes, rowPlanes } from './column-planes.ts'
import type { ColumnPlanes } from './column-planes.ts'
import { whereFalse, whereKnown, whereTrue } from './condition-circuit.ts'
import { collectDemand } from './demand.ts'
import type { Demand, GroupPlanes, SumDemand } from './demand.ts'
import type { EmptyGroups } from './empty-groups.ts'
import type { HavingProgram } from './having.ts'
import { orderedDomain, orderedPlanes } from './ordered-planes.ts'
import { isOfKind } from './plan-planes.ts'
import type { PlanWriter } from './plan-writer.ts'
import { MAX_GATES_TRIED, tooManyGates } from './planning-budget.ts'
import { columnsOf, neverTrueWhere, notNullWhenTrue, TRUE_PREDICATE } from './predicate.ts'
import { nullOfValue } from './row-analysis.ts'
import { bitsOfSum, FieldSums } from './row-field.ts'
import type { FieldSum } from './row-field.ts'
import { columnsIn } from './row-value.ts'
import type { RowValue } from './row-value.ts'
import { sortKey } from './sorted-groups.ts'
import type { RowStrategy } from './strategy.ts'
import { ofInstance, storedColumn } from './tables.ts'
import type { StoredColumn } from './tables.ts'

export interface RowPlan {
  readonly demand: Demand
  /** What is summed, in the field. */
  readonly fields: ReadonlyMap<SumDemand, FieldSum>
  /** Values of rows that are chosen among, as numbers in the same order. */
  readonly ordered: ReadonlyMap<RowValue, Planes>
  /** Unless it is public. */
  readonly having: HavingProgram | undefined
  /** Holds the planes that the demand names. */
  readonly builder: CircuitBuilder
  /** Columns in the order of the circuit's inputs. */
  readonly columns: ReadonlyMap<Column, ColumnPlanes>
  /** The number of a row's group, if rows are sorted by it; the demand is then that of a query without groups. */
  readonly key?: Planes
}

/** The one group of a query without keys. */
const ALL_ROWS: AnswerGroup = { grouping: 0, places: [], keys: [], plane: 0 }

/** Builds the planes of all groups and aggregates. @param empty of the groups */
export function planRows(
  query: BoundQuery,
  groups: readonly AnswerGroup[],
  empty: EmptyGroups,
  having: HavingProgram | undefined,
  { grouping, carryDepth, summedRows }: RowStrategy,
): RowPlan {
  const sorted = grouping === 'sort'
  const { filter, aggregates } = query
  // Sorted rows have one plane for all groups.
  const keys = sorted ? [] : query.keys
  const checked = valuesToCheck({ ...query, keys, groupings: sorted ? [[]] : query.groupings })
  const shown = new Set(
    aggregates.flatMap((one) => (readsValues(one.template) ? argumentsOf(one) : [])),
  )
  const filters = aggregates.flatMap(({ filter: own, condition }) =>
    [own, condition].flatMap((one) => one?.condition ?? []),
  )
  const read = new Set([
    ...[filter, ...filters].flatMap(columnsOf),
    ...[...query.keys.map(({ value }) => value), ...checked, ...shown].flatMap(columnsIn),
    ...summedValues(aggregates).flatMap((value) =>
      value.kind === 'computed' ? columnsIn(value) : [],
    ),
  ])
  const builder = new CircuitBuilder(MAX_GATES_TRIED, tooManyGates)
  const columns = inputPlanes(builder, query, read)
  const row = rowPlanes(builder, columns, carryDepth)
  const circuit = { row, whereTrue: (condition: Predicate) => whereTrue(row, condition) }
  const ordered = new Map([...shown].map((value) => [value, orderedPlanes(circuit, value)]))
  const valueBits = (value: RowValue): readonly Wire[] =>
    oneHot(builder, ordered.get(value)!, [...Array(Number(orderedDomain(value).size)).keys()])
  const groupings = sorted ? [[]] : query.groupings
  const wires = answerPlanes(row, { keys, groupings, filter })
  const placeOf = new Map(aggregates.map((aggregate, place) => [aggregate, place]))
  const groupsWithPlanes = (sorted ? [ALL_ROWS] : groups).map((group, index): GroupPlanes => {
    const isEmpty = (aggregate: BoundAggregate): boolean =>
      !sorted && empty[placeOf.get(aggregate)!]![index]!
    const rows = wires[group.plane]!
    const filtered = (aggregate: BoundAggregate): Wire => {
      const { filter: own } = aggregate
      if (isEmpty(aggregate)) return FALSE
      return own === undefined ? rows : builder.and(rows, whereTrue(row, own.condition))
    }
    const valid = (argument: RowValue): Wire => {
      // Within a group a key is NULL everywhere or nowhere.
      const key = keys.findIndex(({ value }) => value === argument)
      if (key >= 0 && group.places[key] !== undefined) {
        return group.keys[key] === null ? FALSE : TRUE
      }
      return checked.has(argument) ? builder.not(whereTrue(row, nullOfValue(argument))) : TRUE
    }
    const contributing = (aggregate: BoundAggregate): Wire => {
      const { condition } = aggregate
      const decided = condition === undefined ? TRUE : whereKnown(row, condition.condition)
      const present = builder.andMany(argumentsOf(aggregate).map(valid))
      return builder.and(filtered(aggregate), builder.and(decided, present))
    }
    return {
      group,
      rows,
      filtered,
      contributing,
      valued: (aggregate) => {
        const over = contributing(aggregate)
        return valueBits(argumentsOf(aggregate)[0]!).map((bit) => builder.and(over, bit))
      },
      having: (aggregate, value) => {
        const condition = aggregate.condition?.condition ?? TRUE_PREDICATE
        const plane = value ? whereTrue(row, condition) : whereFalse(row, condition)
        return builder.and(filtered(aggregate), plane)
      },
    }
  })
  const sums = new FieldSums(circuit)
  const bits = summedValues(aggregates).flatMap((value) => bitsOfSum(sums.of(value)))
  const demand = collectDemand(aggregates, groupsWithPlanes, summedRows, {
    bits: [...new Set(bits)],
    kMin: query.kMin,
    hasHaving: having !== undefined,
    ...(sorted ? { ruledOut: empty.map((rows) => rows.filter(Boolean).length) } : { empty }),
  })
  const fields = new Map(
    demand.values
      .filter((value) => isOfKind(value, 'sum'))
      .map((value) => [value, sums.ofProduct(value.factors)]),
  )
  const bySort = sorted ? { key: sortKey(row, query.keys) } : {}
  return { demand, having, fields, ordered, builder, columns, ...bySort }
}

/**
 * Writes the circuit and the loads of the columns that it reads.
 * @param planes that it puts out, each once; constants too, if it has others
 * @returns where each of them is
 */
export function writeRowCircuit(
  query: Pick<BoundQuery, 'tables' | 'joined'>,
  { builder, columns }: Pick<RowPlan, 'builder' | 'columns'>,
  planes: readonly Wire[],
  writer: PlanWriter,
): (plane: Wire) => Ref {
  if (planes.length === 0) return nowhere
  const whole = builder.build(planes)
  const isRead = inputsRead(whole)
  const inputs: Ref[] = []
  const kept: number[] = []
  let next = 0
  for (const column of columns.keys()) {
    const load = loadOf(storedColumn(query.tables, column, query.joined))
    const parts = load.planes + (load.validity ? 1 : 0)
    const places = Array.from({ length: parts }, () => next++)
    // What has been folded away is not loaded.
    if (!places.some((place) => isRead[place])) continue
    const loaded = writer.add(load.operator, load.purpose)
    kept.push(...places)
    inputs.push(...places.map((_, part) => loaded(part)))
  }
  const circuit = writer.add(
    { kind: 'circuit', inputs, circuit: withInputs(whole, kept) },
    'filter, groups and NULLs, a bit a row for each',
  )
  return lookup(planes, circuit)
}

/** How a column's planes are loaded. */
export function loadOf(stored: StoredColumn): {
  readonly planes: number
  readonly validity: boolean
  readonly operator: Operator
  readonly purpose: string
} {
  if (stored.kind === 'match') {
    const { instance } = stored
    const purpose =
      instance === undefined ? 'lanes that are rows of the join' : `rows with one of ${instance}`
    const about = instance === undefined ? {} : { instance }
    return { planes: 1, validity: false, operator: { kind: 'load-match', ...about }, purpose }
  }
  const { column, table } = stored
  const [planes, validity] = [planesOf(column), column.nullable]
  return {
    planes,
    validity,
    operator: { kind: 'load-bits', ...ofInstance(table), column: column.name, planes, validity },
    purpose: `bits of ${column.name}`,
  }
}

/** Where planes are if there are none. */
export function nowhere(): never {
  throw new RangeError('a plane that no operator computes')
}

/** Where each plane is. @param ref of a plane's place */
export function lookup(planes: readonly Wire[], ref: (part: number) => Ref): (plane: Wire) => Ref {
  const parts = new Map(planes.map((plane, part) => [plane, part]))
  return (plane) => {
    const part = parts.get(plane)
    return part === undefined ? nowhere() : ref(part)
  }
}

/** Arguments of aggregates that are summed, or multiplied to be. */
function summedValues(aggregates: readonly BoundAggregate[]): readonly RowValue[] {
  const all = aggregates.flatMap((aggregate) =>
    Object.values(numbersOf(aggregate.template)).flatMap((number) =>
      number.kind === 'sum' ? number.factors.map((at) => argumentsOf(aggregate)[at]!) : [],
    ),
  )
  return [...new Set(all)]
}

/** Arguments of aggregates that can be NULL on a row that passes the filter. */
function valuesToCheck({ filter, keys, groupings, aggregates }: BoundQuery): ReadonlySet<RowValue> {
  const notNull = notNullWhenTrue(filter) ?? new Set<Column>()
  const checked = new Set<RowValue>()
  for (const argument of aggregates.flatMap(argumentsOf)) {
    if (neverTrueWhere(nullOfValue(argument), notNull)) continue
    const key = keys.findIndex(({ value }) => value === argument)
    // In every group it is NULL everywhere or nowhere.
    if (key < 0 || groupings.some((set) => !set.includes(key))) checked.add(argument)
  }
  return checked
}
