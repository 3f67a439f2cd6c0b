/**
 * The most frequent value of few: counts in binary, a lane for each value, and a knock-out among them. In each level
 * every two neighbours are compared; the place of the winner grows by a bit, whether it came from the right. Of
 * equal ones the left goes on, which is the smaller value, or the right. All groups and aggregates share the levels.
 *
 * Source: mode_final in orderedsetaggs.c (PostgreSQL 18): of values that are equally frequent the first in order.
 */
import { CircuitBuilder, FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import { lessThan } from '../circuit-gadgets.ts'
import type { Circuit } from '../circuit.ts'
import type { PlanParams, Ref } from '../plan.ts'

import type { ModeDemand } from './demand.ts'
import { writeBinary, writeNumbers } from './plan-counts.ts'
import { gatherLanes, lanesOf } from './plan-lanes.ts'
import type { Lane, Slot } from './plan-lanes.ts'
import type { PlanWriter } from './plan-writer.ts'

interface Modes {
  readonly params: PlanParams
  readonly writer: PlanWriter
  readonly bit: (plane: Wire) => Ref
}

/** A value that is still in: its count and its place, least significant bit first. */
interface Contender {
  readonly count: readonly Slot[]
  readonly place: readonly Slot[]
}

/** Where the place of each most frequent value is, once written. */
export function writeModes(
  { params, writer, bit }: Modes,
  demands: readonly ModeDemand[],
): (demand: ModeDemand) => Lane {
  const lanes = new Map<ModeDemand, Lane>()
  const open = demands.filter((demand) => !isPublic(demand))
  for (const demand of demands) {
    if (!isPublic(demand)) continue
    lanes.set(demand, { known: BigInt(Math.max(0, demand.planes.indexOf(TRUE))) })
  }
  if (open.length > 0) {
    const planes = [...new Set(open.flatMap((demand) => demand.planes))]
    const of = { lanes: 'rows', of: 'rows of each value' } as const
    const digits = writeBinary(writer, params, planes.map(bit), of)
    const laneOf = new Map(planes.map((plane, lane) => [plane, lane]))
    const contender = (plane: Wire): Contender => ({
      count: digits.map((from) => ({ from, lane: laneOf.get(plane)! })),
      place: [],
    })
    for (const largest of [false, true]) {
      const alike = open.filter((demand) => demand.largest === largest)
      const winners = knockOut(
        writer,
        alike.map((demand) => demand.planes.map(contender)),
        largest,
      )
      placesOf(writer, winners).forEach((lane, k) => lanes.set(alike[k]!, lane))
    }
  }
  return (demand) => lanes.get(demand)!
}

/** Whether planning tells the value: all rows have it, or none has any. */
export function isPublic({ planes }: ModeDemand): boolean {
  return planes.every((plane) => plane === TRUE || plane === FALSE)
}

/** The winner of each field. */
function knockOut(
  writer: PlanWriter,
  start: readonly (readonly Contender[])[],
  largest: boolean,
): Contender[] {
  let fields = start
  for (let level = 0; fields.some((field) => field.length > 1); level++) {
    const pairs = fields.flatMap((field) =>
      field.flatMap((left, i) =>
        i % 2 === 0 && i + 1 < field.length ? [[left, field[i + 1]!]] : [],
      ),
    )
    const side = (of: 0 | 1): Ref[] =>
      planesOf(
        writer,
        pairs.map((pair) => pair[of]!),
      )
    const width = pairs[0]![0]!.count.length
    const inputs = [...side(0), ...side(1)]
    const circuit = duel(width, level, largest)
    const out = writer.add({ kind: 'circuit', inputs, circuit }, 'the more frequent of two values')
    const won = (lane: number): Contender => ({
      count: Array.from({ length: width }, (_, part) => ({ from: out(part), lane })),
      place: Array.from({ length: level + 1 }, (_, part) => ({ from: out(width + part), lane })),
    })
    // Whoever has no neighbour goes on, from the left.
    const zero: Slot = { from: out(width + level + 1), lane: 0 }
    let next = 0
    fields = fields.map((field) =>
      field.flatMap((one, i) => {
        if (i % 2 === 1) return []
        return i + 1 < field.length ? won(next++) : { ...one, place: [...one.place, zero] }
      }),
    )
  }
  return fields.map((field) => field[0]!)
}

/** Counts and then places of some contenders, as planes with a lane for each. */
function planesOf(writer: PlanWriter, contenders: readonly Contender[]): Ref[] {
  const [first] = contenders
  const parts = first === undefined ? 0 : first.count.length + first.place.length
  return Array.from({ length: parts }, (_, part) => {
    const lanes = contenders.map(({ count, place }) => [...count, ...place][part]!)
    return gatherLanes(writer, lanes, 'values that are compared')
  })
}

/** Count and place of the more frequent of two, the left's first; whether it was the right; and a 0. */
function duel(width: number, level: number, largest: boolean): Circuit {
  const b = new CircuitBuilder()
  const side = (): readonly [Wire[], Wire[]] => [b.inputs(width), b.inputs(level)]
  const [leftCount, leftPlace] = side()
  const [rightCount, rightPlace] = side()
  const right = largest
    ? b.not(lessThan(b, rightCount, leftCount))
    : lessThan(b, leftCount, rightCount)
  const choose = (lefts: readonly Wire[], rights: readonly Wire[]): Wire[] =>
    lefts.map((wire, i) => b.mux(right, rights[i]!, wire))
  return b.build([...choose(leftCount, rightCount), ...choose(leftPlace, rightPlace), right, FALSE])
}

function placesOf(writer: PlanWriter, winners: readonly Contender[]): Lane[] {
  const bits = winners[0]?.place.length ?? 0
  if (bits === 0) return winners.map(() => ({ known: 0n }))
  const planes = Array.from({ length: bits }, (_, part) =>
    gatherLanes(
      writer,
      winners.map(({ place }) => place[part]!),
      'the most frequent values',
    ),
  )
  return lanesOf(writeNumbers(writer, planes, 'the most frequent values'), winners.length)
}
