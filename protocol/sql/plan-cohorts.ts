/**
 * Cohort bits: whether at least kMin distinct members have a row in a plane. In binary, by adders and a
 * comparison with a constant; or in the field, where a count is compared with kMin as a computed value. If
 * every member has one row, rows are counted, and counts that are there already serve. Where the number of
 * members is itself asked for, it is the same count.
 */
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import type { PlanParams, Ref } from '../plan.ts'
import { membersOf } from '../validate-plan.ts'

import type { CountedLanes } from './count-tuning.ts'
import { writeBinary, writeCounts, writeNumbers } from './plan-counts.ts'
import { gatherLanes, lanesOf } from './plan-lanes.ts'
import type { Lane, Slot } from './plan-lanes.ts'
import { hasSingleRows } from './plan-planes.ts'
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
  /** The bit of each cohort, in their order: in the field, or public. */
  readonly bits: readonly Lane[]
  /** Distinct members of a cohort's plane, if they are demanded. */
  readonly members: (plane: Wire) => Lane
}

/** Bits in a vector, and counts if they are demanded. */
interface Counted {
  readonly bits: Ref
  readonly members: readonly Slot[] | undefined
}

export function writeCohorts(
  cohorts: Cohorts,
  planes: readonly Wire[],
  counting: Counting,
): WrittenCohorts {
  const { params, kMin } = cohorts
  const everybody = membersOf(params)
  const varying = planes.filter((plane) => plane !== FALSE && plane !== TRUE)
  const bits = new Map<Wire, Lane>([
    [FALSE, { known: 0n }],
    [TRUE, { known: everybody >= kMin ? 1n : 0n }],
  ])
  const members = new Map<Wire, Lane>([
    [FALSE, { known: 0n }],
    [TRUE, { known: BigInt(everybody) }],
  ])
  if (varying.length > 0) {
    const found =
      counting.by === 'popcount' ? inBinary(cohorts, varying) : inField(cohorts, varying, counting)
    lanesOf(found.bits, varying.length).forEach((slot, k) => bits.set(varying[k]!, slot))
    found.members?.forEach((slot, k) => members.set(varying[k]!, slot))
  }
  return {
    bits: planes.map((plane) => bits.get(plane)!),
    members: (plane) => members.get(plane)!,
  }
}

function inBinary(cohorts: Cohorts, planes: readonly Wire[]): Counted {
  const { params, writer, membersDemanded } = cohorts
  const { refs, counted } = membersIn(cohorts, planes)
  const digits = writeBinary(writer, params, refs, counted)
  const bits = reachesInBinary(writer, digits, thresholdOf(cohorts))
  return {
    bits,
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
  return { bits: reachesInField(writer, vector, thresholdOf(cohorts)), members }
}

function thresholdOf({ kMin }: Cohorts): Threshold {
  return {
    least: kMin,
    question: `at least ${kMin} members?`,
    bits: 'cohort bits as numbers',
  }
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
