/**
 * Rows as window functions see them: those of each member sorted by partition and order, with a mark where a partition
 * begins, and where rows begin that are equal in the order (peers).
 *
 * A partition holds rows of one member only. So rows never leave the places of their member, whose boundaries are
 * public: there is no way back to where they came from, because the order of rows within a member means nothing to
 * whoever reads the table that they make. Rows that do not count stand behind all others of their member, as a
 * partition of their own.
 *
 * Secure against t semi-honest parties: circuits, or a radix sort, which opens orders under secret shuffles. Leaks:
 * nothing but rows per member, which are public. Cost: a sort (member-sort.ts, sort.ts), and an AND of the planes of
 * partition and order.
 */
import { CircuitBuilder } from '../circuit-builder.ts'
import { equals } from '../circuit-gadgets.ts'
import type { Circuit } from '../circuit.ts'
import type { Operator, PlanParams, Ref } from '../plan.ts'
import { planesBelow } from '../public-planes.ts'
import { placePlanes } from '../validate-arrangement.ts'
import { memberClasses, membersOf } from '../validate-plan.ts'

import { memberSortTuning } from './member-sort-tuning.ts'
import type { PlanWriter } from './plan-writer.ts'

/** Where window functions are written. */
export interface WindowPlan {
  readonly writer: PlanWriter
  readonly params: PlanParams
}

/** Planes of rows, in slots, the rows of each member together. Numbers are natural, lowest plane first. */
export interface UnsortedRows {
  /** 1 where a row does not count; absent if all do. */
  readonly gone?: Ref
  /** A number that is equal in rows of one partition, among those of a member. */
  readonly partition: readonly Ref[]
  /** A number by which rows stand within a partition. */
  readonly order: readonly Ref[]
  /** What moves along. */
  readonly carried: readonly Ref[]
}

export interface WindowRows {
  readonly gone?: Ref
  readonly carried: readonly Ref[]
  /** The public place of a row among those of its member, from 0. */
  readonly place: readonly Ref[]
  /** 1 in the first row of a partition. */
  readonly start: Ref
  /** 1 in the first row of those that are equal in the order. */
  readonly peer: Ref
  /** Whether rows of a member that count are one partition. */
  readonly wholeMember: boolean
}

/** Most rows of a member: no partition has more. */
export function mostRows(params: PlanParams): number {
  return memberClasses(params).at(-1)?.[0] ?? 0
}

/** Parts from..to-1 of an operator. */
export function refsOf(part: (index: number) => Ref, from: number, to: number): Ref[] {
  return Array.from({ length: to - from }, (_, k) => part(from + k))
}

/** Sorts rows, and marks where partitions and peers begin. */
export function writeWindowRows(
  { writer, params }: WindowPlan,
  { gone, partition, order, carried }: UnsortedRows,
): WindowRows {
  const last = gone === undefined ? [] : [gone]
  const key = [...order, ...partition, ...last]
  const nameOf = ({ op, part }: Ref): string => `${op} ${part}`
  const names = new Set(key.map(nameOf))
  // A plane of the key that moves along moves once.
  const others = carried.filter((ref) => !names.has(nameOf(ref)))
  const inputs = [...key, ...others]
  const sorted = sortedPlanes({ writer, params }, inputs, key.length)
  const places = new Map(inputs.map((ref, place) => [nameOf(ref), sorted[place]!]))
  const placed = writer.add({ kind: 'member-place' }, 'the place of each row among its member’s')
  const place = refsOf(placed, 0, placePlanes(params))
  const compared = sorted.slice(0, key.length)
  const before =
    key.length === 0
      ? []
      : refsOf(
          writer.add({ kind: 'shift', inputs: compared, by: 1 }, 'the row before'),
          0,
          key.length,
        )
  const marks = writer.add(
    {
      kind: 'circuit',
      inputs: [...place, ...compared, ...before],
      circuit: marksCircuit(place.length, order.length, key.length),
    },
    'where partitions begin, and peers',
  )
  return {
    ...(gone === undefined ? {} : { gone: sorted[key.length - 1]! }),
    carried: carried.map((ref) => places.get(nameOf(ref))!),
    place,
    start: marks(0),
    peer: marks(1),
    wholeMember: partition.length === 0,
  }
}

/** All planes in the new order. @param key how many of them are the key */
function sortedPlanes(
  { writer, params }: WindowPlan,
  inputs: readonly Ref[],
  key: number,
): readonly Ref[] {
  if (key === 0 || mostRows(params) < 2) return inputs
  const way = memberSortTuning(params, inputs.length, key)
  if (way.by === 'network') {
    const operator: Operator = { kind: 'member-sort', inputs, key, depth: way.depth }
    return refsOf(writer.add(operator, 'rows of each member in their order'), 0, inputs.length)
  }
  const numbered = writer.add({ kind: 'member-number' }, 'who has each row, as the nodes know it')
  const members = refsOf(numbered, 0, planesBelow(membersOf(params) + 1))
  const whole = [...inputs.slice(0, key), ...members, ...inputs.slice(key)]
  const sorted = writer.add(
    { kind: 'sort', inputs: whole, key: key + members.length, digit: way.digit },
    'rows by member, and in their order',
  )
  return [
    ...refsOf(sorted, 0, key),
    ...refsOf(sorted, key + members.length, inputs.length + members.length),
  ]
}

/** Inputs: the place; order, partition and whether the row is gone; the same of the row before. */
function marksCircuit(places: number, order: number, key: number): Circuit {
  const builder = new CircuitBuilder()
  const [place, here, before] = [builder.inputs(places), builder.inputs(key), builder.inputs(key)]
  const begins = builder.not(builder.orMany(place))
  const same = (from: number, to: number) =>
    equals(builder, here.slice(from, to), before.slice(from, to))
  const start = builder.or(begins, builder.not(same(order, key)))
  return builder.build([start, builder.or(start, builder.not(same(0, order)))])
}
