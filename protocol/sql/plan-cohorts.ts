/**
 * Cohort bits: whether at least kMin distinct members have a row in a plane. In binary, by adders and a
 * comparison with a constant; or in the field, where a count is compared with kMin as a computed value. If
 * every member has one row, rows are counted, and counts that are there already serve. Where the number of
 * members is itself asked for, it is the same count. Where a second cohort may have to be hidden, sizes are counted
 * in binary.
 */
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import type { PlanParams, Ref } from '../plan.ts'
import { membersOf } from '../validate-plan.ts'

import type { CountedLanes } from './count-tuning.ts'
import type { Demand } from './demand.ts'
import { writeBinary, writeCounts, writeNumbers } from './plan-counts.ts'
import { gatherLanes, lanesOf } from './plan-lanes.ts'
import type { Lane, Slot } from './plan-lanes.ts'
import { hasSingleRows } from './plan-planes.ts'
import { hideSecond } from './plan-second.ts'
import type { ShownIn } from './plan-second.ts'
import { reachesInBinary, reachesInField } from './plan-thresholds.ts'
import type { Threshold } from './plan-thresholds.ts'
import type { PlanWriter } from './plan-writer.ts'
import type { Counting } from './strategy.ts'

interface Cohorts {
  readonly params: PlanParams
  readonly kMin: number
  readonly writer: PlanWriter
  readonly bit: (plane: Wire) => Ref
  /** Counts of rows that are in the field. */
  readonly counts: ReadonlyMap<Wire, Slot>
  /** Whether the number of members is demanded of any plane. */
  readonly membersDemanded: boolean
}

export interface WrittenCohorts {
  /** Whether a cohort is shown, as one of some families: a bit, or public. */
  readonly shown: (cohort: number, families: readonly number[]) => Lane
  /** Distinct members of a cohort's plane, if they are demanded. */
  readonly members: (plane: Wire) => Lane
}

/** A plane of bits, digits of the counts if they are there, and counts if they are demanded. */
interface Counted {
  readonly enough: Ref
  readonly digits?: readonly Ref[]
  readonly members: readonly Slot[] | undefined
}

export function writeCohorts(cohorts: Cohorts, demand: Demand, counting: Counting): WrittenCohorts {
  const { params, kMin } = cohorts
  const everybody = membersOf(params)
  const planes = demand.cohorts.map(({ plane }) => plane)
  const varying = planes.filter((plane) => plane !== FALSE && plane !== TRUE)
  const members = new Map<Wire, Lane>([
    [FALSE, { known: 0n }],
    [TRUE, { known: BigInt(everybody) }],
  ])
  let shownIn: ShownIn | undefined
  if (varying.length > 0) {
    const found =
      counting.by === 'popcount' ? inBinary(cohorts, varying) : inField(cohorts, varying, counting)
    found.members?.forEach((slot, k) => members.set(varying[k]!, slot))
    shownIn = writeShown(cohorts, demand, varying, found)
  }
  const lanes = new Map(varying.map((plane, lane) => [plane, lane]))
  return {
    shown: (cohort, families) => {
      const plane = planes[cohort]!
      if (plane === FALSE) return { known: 0n }
      if (plane === TRUE) return { known: everybody >= kMin ? 1n : 0n }
      const lane = lanes.get(plane)!
      return { from: shownIn!(lane, families), lane }
    },
    members: (plane) => members.get(plane)!,
  }
}

/** Cohorts are shown that are large enough, and not hidden beside a smaller one. */
function writeShown(
  { writer }: Cohorts,
  { cohorts, families, cells }: Demand,
  varying: readonly Wire[],
  { enough, digits }: Counted,
): ShownIn {
  if (families.length === 0) return () => enough
  if (digits === undefined) throw new RangeError('sizes are compared in binary')
  const hasNobody = families.flat().some((cohort) => cohorts[cohort]!.plane === FALSE)
  const planes = hasNobody ? [...varying, FALSE] : varying
  const lanes = new Map(planes.map((plane, lane) => [plane, lane]))
  const laneOf = (cohort: number): number | undefined => lanes.get(cohorts[cohort]!.plane)
  const asked = cells.flat().flatMap(({ cohort, families: own }) => {
    const lane = laneOf(cohort)
    return lane === undefined ? [] : [{ lane, families: own }]
  })
  return hideSecond(
    writer,
    {
      count: planes.length,
      ...(hasNobody ? withNobody(writer, enough, digits, varying.length) : { enough, digits }),
    },
    families.map((family) => family.map((cohort) => laneOf(cohort)!)),
    asked,
  )
}

/** Counts of so many cohorts, and of one that has no members. */
function withNobody(
  writer: PlanWriter,
  enough: Ref,
  digits: readonly Ref[],
  count: number,
): { readonly enough: Ref; readonly digits: readonly Ref[] } {
  const lanes = [...Array(count).keys(), null]
  const wider = writer.add(
    { kind: 'pick', inputs: [enough, ...digits], lanes },
    'and a cohort that nobody can be in',
  )
  return { enough: wider(0), digits: digits.map((_, k) => wider(1 + k)) }
}

function inBinary(cohorts: Cohorts, planes: readonly Wire[]): Counted {
  const { params, writer, membersDemanded } = cohorts
  const { refs, counted } = membersIn(cohorts, planes)
  const digits = writeBinary(writer, params, refs, counted)
  const enough = reachesInBinary(writer, digits, thresholdOf(cohorts))
  return {
    enough,
    digits,
    members: membersDemanded
      ? lanesOf(writeNumbers(writer, digits, counted.of), planes.length)
      : undefined,
  }
}

function inField(cohorts: Cohorts, planes: readonly Wire[], counting: Counting): Counted {
  const { params, writer } = cohorts
  const known = hasSingleRows(params) ? cohorts.counts : new Map<Wire, Slot>()
  const unknown = planes.filter((plane) => !known.has(plane))
  let counts = known
  if (unknown.length > 0) {
    const { refs, counted } = membersIn(cohorts, unknown)
    const found = writeCounts(writer, params, unknown, refs, counted, counting)
    counts = new Map([...known, ...found])
  }
  const members = planes.map((plane) => counts.get(plane)!)
  const vector = gatherLanes(writer, members, 'distinct members of each cohort')
  return { enough: reachesInField(writer, vector, thresholdOf(cohorts)), members }
}

function thresholdOf({ kMin }: Cohorts): Threshold {
  return { least: kMin, question: `at least ${kMin} members?` }
}

interface Members {
  readonly refs: readonly Ref[]
  readonly counted: { readonly lanes: CountedLanes; readonly of: string }
}

/** What is to be counted for the members in some planes. */
function membersIn({ params, writer, bit }: Cohorts, planes: readonly Wire[]): Members {
  const inputs = planes.map(bit)
  const of = 'distinct members of each cohort'
  if (hasSingleRows(params)) return { refs: inputs, counted: { lanes: 'rows', of } }
  const anyRow = writer.add(
    { kind: 'any-row', inputs },
    'members with at least one contributing row',
  )
  return { refs: planes.map((_, part) => anyRow(part)), counted: { lanes: 'members', of } }
}
