/**
 * Counts, in the field and in binary. A plane that is in the field anyway is counted for nothing; the others
 * by the way that the strategy names (strategy.ts).
 */
import type { Wire } from '../circuit-builder.ts'
import type { PlanParams, Ref } from '../plan.ts'
import { membersOf, rowsOf } from '../validate-plan.ts'

import type { CountedLanes } from './count-tuning.ts'
import { bitsOf } from './overflow.ts'
import { lanesOf } from './plan-lanes.ts'
import type { Slot } from './plan-lanes.ts'
import type { PlanWriter } from './plan-writer.ts'
import type { Counting } from './strategy.ts'

/** Sums of planes that are in the field. */
export function writeTotals(
  writer: PlanWriter,
  planes: readonly Wire[],
  field: (plane: Wire) => Ref,
): Map<Wire, Slot> {
  if (planes.length === 0) return new Map()
  const total = writer.add({ kind: 'total', inputs: planes.map(field) }, 'counts of rows')(0)
  return slotsOf(planes, total)
}

/** Counts of planes by adders, with or without the conversion of what is left in between. */
export function writeCounts(
  writer: PlanWriter,
  params: PlanParams,
  planes: readonly Wire[],
  refs: readonly Ref[],
  counted: { readonly lanes: CountedLanes; readonly of: string },
  counting: Counting,
): Map<Wire, Slot> {
  if (planes.length === 0) return new Map()
  if (counting.by === 'count') {
    const { addingRounds } = counting
    const count = writer.add({ kind: 'count', inputs: refs, addingRounds }, counted.of)(0)
    return slotsOf(planes, count)
  }
  const digits = writeBinary(writer, params, refs, counted)
  return slotsOf(planes, writeNumbers(writer, digits, counted.of))
}

/** From binary digits to the field, lowest first. @param base of what the digits spell is added */
export function writeNumbers(
  writer: PlanWriter,
  digits: readonly Ref[],
  purpose: string,
  base = 0n,
): Ref {
  const numbers = writer.add({ kind: 'bit-to-field', inputs: digits }, 'the digits as numbers')
  return writer.add(
    {
      kind: 'combine',
      inputs: digits.map((_, place) => numbers(place)),
      coefficients: digits.map((_, place) => String(2n ** BigInt(place))),
      ...(base === 0n ? {} : { constant: String(base) }),
    },
    purpose,
  )(0)
}

/** The binary digits of counts, lowest first, a lane for each plane. */
export function writeBinary(
  writer: PlanWriter,
  params: PlanParams,
  inputs: readonly Ref[],
  { lanes, of }: { readonly lanes: CountedLanes; readonly of: string },
): Ref[] {
  const most = lanes === 'rows' ? rowsOf(params) : membersOf(params)
  const width = Math.max(1, bitsOf(most))
  const counted = writer.add({ kind: 'popcount', inputs, width }, `${of}, in binary`)
  return Array.from({ length: width }, (_, place) => counted(place))
}

function slotsOf(planes: readonly Wire[], vector: Ref): Map<Wire, Slot> {
  const slots = lanesOf(vector, planes.length)
  return new Map(planes.map((plane, k) => [plane, slots[k]!]))
}
