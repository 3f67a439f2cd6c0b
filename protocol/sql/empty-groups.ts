/**
 * Groups that are empty for everybody to see: no row that the schema allows can contribute to an aggregate there, by what
 * the text of the query says about the keys. They do not count where second groups are hidden (families.ts).
 *
 * A group is empty if a part of WHERE, FILTER or "no argument is NULL" cannot be true with the keys at the group's
 * values, each part and each column looked at by itself (ruled-out.ts). Only the bound query decides: the same
 * groups are empty whichever way the planner takes, and however it folds its circuits.
 */
import type { Column } from '../../shares/schema.ts'

import type { AnswerGroup } from './answer-groups.ts'
import { argumentsOf } from './bound.ts'
import type { BoundAggregate, BoundKey, BoundQuery, Predicate } from './bound.ts'
import { intersection } from './code-set.ts'
import { domainOf } from './column-domain.ts'
import {
  andPredicate,
  columnsOf,
  isUnknownPredicate,
  neverTrue,
  notPredicate,
} from './predicate.ts'
import { nullOfValue } from './row-analysis.ts'
import { statesOfKey } from './row-key.ts'
import type { KeyStates } from './row-key.ts'
import { anyState, outcomesOf } from './ruled-out.ts'
import type { ColumnState, KnownStates } from './ruled-out.ts'
import type { BoundTable } from './tables.ts'

/** For each aggregate whether each group is empty. */
export type EmptyGroups = readonly (readonly boolean[])[]

/** What decides. */
export type Emptiable = Pick<BoundQuery, 'keys' | 'filter' | 'aggregates' | 'tables'>

export function emptyGroups(query: Emptiable, groups: readonly AnswerGroup[]): EmptyGroups {
  const { keys, filter, aggregates, tables } = query
  const told = keys.map((key) => columnsTold(key, tables))
  const clash = keysThatClash(told)
  return aggregates.map((aggregate) => {
    const parts = partsOf(filter, aggregate)
    if (neverTrue(parts)) return groups.map(() => true)
    const tests = [...parts.map((part) => isRuledOut(part, told)), clash]
    const values = argumentsOf(aggregate)
    const own = [...keys.keys()].filter((key) => values.includes(keys[key]!.value))
    return groups.map(
      (group) =>
        tests.some((test) => test(group)) ||
        // A key that is an argument too.
        own.some((key) => group.places[key] !== undefined && group.keys[key] === null),
    )
  })
}

/** What a row must meet to contribute, condition by condition. */
function partsOf(filter: Predicate, aggregate: BoundAggregate): readonly Predicate[] {
  const whole = andPredicate([
    filter,
    ...(aggregate.filter === undefined ? [] : [aggregate.filter.condition]),
    ...(aggregate.condition === undefined
      ? []
      : [notPredicate(isUnknownPredicate(aggregate.condition.condition))]),
    ...argumentsOf(aggregate).map((argument) => notPredicate(nullOfValue(argument))),
  ])
  return whole.kind === 'and' ? whole.operands : [whole]
}

/** Columns of which a key tells something, by the place of its value. */
type ToldColumns = readonly KeyStates[]

function columnsTold({ value, size }: BoundKey, tables: readonly BoundTable[]): ToldColumns {
  if (value.kind === 'computed') {
    const own = statesOfKey(value)
    return own === undefined ? [] : [own]
  }
  const { column } = value
  const count = domainOf(column).size
  const states = Array.from({ length: Number(size) }, (_, place): ColumnState => {
    const code = BigInt(place)
    return code < count ? { codes: [[code, code]], isNull: false } : NULL_STATE
  })
  return [{ column, states }, ...columnsBeside(column, states, tables)]
}

const NULL_STATE: ColumnState = { codes: [], isNull: true }

/** Where a join leaves a column NULL that never is otherwise, all columns of its dataset are NULL. */
function columnsBeside(
  column: Column,
  own: readonly ColumnState[],
  tables: readonly BoundTable[],
): ToldColumns {
  const table = tables.find(({ columns }) => columns.includes(column))
  if (table?.isThere === undefined) return []
  const isEverNull = table.schema.columns[table.columns.indexOf(column)]!.nullable
  const isThere: KeyStates = {
    column: table.isThere,
    states: own.map(({ isNull }) => ({
      codes: isNull ? [[0n, isEverNull ? 1n : 0n]] : [[1n, 1n]],
      isNull: false,
    })),
  }
  if (isEverNull) return [isThere]
  const others = table.columns.filter((other) => other !== column)
  return [
    isThere,
    ...others.map((other) => ({
      column: other,
      states: own.map(({ isNull }) => (isNull ? NULL_STATE : anyState(other))),
    })),
  ]
}

type Test = (group: AnswerGroup) => boolean

/** Whether the condition cannot be true in a group. */
function isRuledOut(condition: Predicate, told: readonly ToldColumns[]): Test {
  const read = new Set(columnsOf(condition))
  return byKeys(tellingOf(told, read), (states) => !outcomesOf(condition, states).true)
}

/** Whether keys want different things of a column. */
function keysThatClash(told: readonly ToldColumns[]): Test {
  const all = told.flatMap((own) => own.map(({ column }) => column))
  const several = new Set(all.filter((column, at) => all.indexOf(column) < at))
  return byKeys(tellingOf(told, several), (states) =>
    [...states.values()].some(({ codes, isNull }) => codes.length === 0 && !isNull),
  )
}

/** A key, and what it tells. */
interface Telling {
  readonly key: number
  readonly own: ToldColumns
}

function tellingOf(told: readonly ToldColumns[], about: ReadonlySet<Column>): readonly Telling[] {
  return told.flatMap((columns, key) => {
    const own = columns.filter(({ column }) => about.has(column))
    return own.length === 0 ? [] : [{ key, own }]
  })
}

/** A test that asks once for each combination of the keys that tell. */
function byKeys(telling: readonly Telling[], test: (states: KnownStates) => boolean): Test {
  const known = new Map<number | string | undefined, boolean>()
  const [only] = telling
  return ({ places }) => {
    const name =
      only === undefined || telling.length > 1
        ? telling.map(({ key }) => places[key]).join()
        : places[only.key]
    let found = known.get(name)
    if (found === undefined) known.set(name, (found = test(statesAt(telling, places))))
    return found
  }
}

function statesAt(telling: readonly Telling[], places: AnswerGroup['places']): KnownStates {
  const states = new Map<Column, ColumnState>()
  for (const { key, own } of telling) {
    const place = places[key]
    if (place === undefined) continue
    for (const { column, states: list } of own) {
      const [before, state] = [states.get(column), list[place]!]
      states.set(column, before === undefined ? state : both(column, before, state))
    }
  }
  return states
}

function both(column: Column, one: ColumnState, other: ColumnState): ColumnState {
  return {
    codes: intersection([one.codes, other.codes], domainOf(column).size),
    isNull: one.isNull && other.isNull,
  }
}
