/**
 * Cohort bits: whether at least kMin distinct members have a row in a plane. In binary, by adders and a
 * comparison with a constant; or in the field, where a count is compared with kMin as a computed value. If
 * every member has one row, rows are counted, and counts that are there already serve.
 */
import { CircuitBuilder, FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import { lessThanConstant } from '../circuit-gadgets.ts'
import type { PlanParams, Ref } from '../plan.ts'
import { membersOf } from '../validate-plan.ts'

import type { CountedLanes } from './count-tuning.ts'
import { writeBinary, writeCounts } from './plan-counts.ts'
import { gatherLanes, lanesOf } from './plan-lanes.ts'
import type { Lane, Slot } from './plan-lanes.ts'
import { hasSingleRows } from './plan-planes.ts'
import type { PlanWriter } from './plan-writer.ts'
import type { Counting } from './strategy.ts'

interface Cohorts {
  readonly params: PlanParams
  readonly kMin: number
  readonly writer: PlanWriter
  readonly bit: (plane: Wire) => Ref
  /** Counts of rows that are in the field. */
  readonly counts: ReadonlyMap<Wire, Slot>
}

/** The bit of each cohort, in their order: in the field, or public. */
export function writeCohorts(
  cohorts: Cohorts,
  planes: readonly Wire[],
  counting: Counting,
): Lane[] {
  const { params, kMin } = cohorts
  const everybody = membersOf(params) >= kMin ? 1n : 0n
  const varying = planes.filter((plane) => plane !== FALSE && plane !== TRUE)
  const bits = new Map<Wire, Lane>([
    [FALSE, { known: 0n }],
    [TRUE, { known: everybody }],
  ])
  if (varying.length > 0) {
    const vector =
      counting.by === 'popcount' ? inBinary(cohorts, varying) : inField(cohorts, varying, counting)
    lanesOf(vector, varying.length).forEach((slot, k) => bits.set(varying[k]!, slot))
  }
  return planes.map((plane) => bits.get(plane)!)
}

function inBinary(cohorts: Cohorts, planes: readonly Wire[]): Ref {
  const { params, kMin, writer } = cohorts
  const { refs, counted } = membersIn(cohorts, planes)
  const digits = writeBinary(writer, params, refs, counted)
  const builder = new CircuitBuilder()
  const tooFew = lessThanConstant(builder, builder.inputs(digits.length), kMin)
  const circuit = builder.build([builder.not(tooFew)])
  const enough = writer.add(
    { kind: 'circuit', inputs: digits, circuit },
    `at least ${kMin} members?`,
  )
  return asNumbers(writer, enough(0))
}

function inField(cohorts: Cohorts, planes: readonly Wire[], counting: Counting): Ref {
  const { params, kMin, writer } = cohorts
  const known = hasSingleRows(params) ? cohorts.counts : new Map<Wire, Slot>()
  const unknown = planes.filter((plane) => !known.has(plane))
  let counts = known
  if (unknown.length > 0) {
    const { refs, counted } = membersIn(cohorts, unknown)
    const found = writeCounts(writer, params, unknown, refs, counted, counting)
    counts = new Map([...known, ...found])
  }
  const lanes = planes.map((plane) => counts.get(plane)!)
  const vector = gatherLanes(writer, lanes, 'distinct members of each cohort')
  // kMin - 1 - count is negative iff there are enough.
  const excess = writer.add(
    { kind: 'combine', inputs: [vector], coefficients: ['-1'], constant: String(kMin - 1) },
    'what is missing to one member too few',
  )(0)
  const enough = writer.add(
    { kind: 'less-than-zero', inputs: [excess] },
    `at least ${kMin} members?`,
  )
  return asNumbers(writer, enough(0))
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

function asNumbers(writer: PlanWriter, plane: Ref): Ref {
  return writer.add({ kind: 'bit-to-field', inputs: [plane] }, 'cohort bits as numbers')(0)
}
