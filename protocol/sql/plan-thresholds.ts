/**
 * Whether counts reach a public number: in binary, by a comparison with a constant; or in the field, as computed
 * values. A bit for each count.
 */
import { CircuitBuilder } from '../circuit-builder.ts'
import { lessThanConstant } from '../circuit-gadgets.ts'
import type { Ref } from '../plan.ts'

import type { PlanWriter } from './plan-writer.ts'

export interface Threshold {
  readonly least: number
  /** What a bit says, for EXPLAIN. */
  readonly question: string
}

/** @param digits of the counts, lowest first */
export function reachesInBinary(
  writer: PlanWriter,
  digits: readonly Ref[],
  { least, question }: Threshold,
): Ref {
  const builder = new CircuitBuilder()
  const tooFew = lessThanConstant(builder, builder.inputs(digits.length), least)
  const circuit = builder.build([builder.not(tooFew)])
  return writer.add({ kind: 'circuit', inputs: digits, circuit }, question)(0)
}

/** @param counts a vector of them */
export function reachesInField(
  writer: PlanWriter,
  counts: Ref,
  { least, question }: Threshold,
): Ref {
  // least - 1 - count is negative iff there are enough.
  const excess = writer.add(
    { kind: 'combine', inputs: [counts], coefficients: ['-1'], constant: String(least - 1) },
    'what is missing to one too few',
  )(0)
  return writer.add({ kind: 'less-than-zero', inputs: [excess] }, question)(0)
}
