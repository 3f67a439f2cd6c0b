/**
 * Whether counts reach a public number: in binary, by a comparison with a constant; or in the field, as computed
 * values. A bit of 0 or 1 in the field for each count.
 */
import { CircuitBuilder } from '../circuit-builder.ts'
import { lessThanConstant } from '../circuit-gadgets.ts'
import type { Ref } from '../plan.ts'

import type { PlanWriter } from './plan-writer.ts'

export interface Threshold {
  readonly least: number
  /** What a bit says, for EXPLAIN. */
  readonly question: string
  /** What the bits are, as numbers. */
  readonly bits: string
}

/** @param digits of the counts, lowest first */
export function reachesInBinary(
  writer: PlanWriter,
  digits: readonly Ref[],
  { least, question, bits }: Threshold,
): Ref {
  const builder = new CircuitBuilder()
  const tooFew = lessThanConstant(builder, builder.inputs(digits.length), least)
  const circuit = builder.build([builder.not(tooFew)])
  const enough = writer.add({ kind: 'circuit', inputs: digits, circuit }, question)
  return asNumbers(writer, enough(0), bits)
}

/** @param counts a vector of them */
export function reachesInField(
  writer: PlanWriter,
  counts: Ref,
  { least, question, bits }: Threshold,
): Ref {
  // least - 1 - count is negative iff there are enough.
  const excess = writer.add(
    { kind: 'combine', inputs: [counts], coefficients: ['-1'], constant: String(least - 1) },
    'what is missing to one too few',
  )(0)
  const enough = writer.add({ kind: 'less-than-zero', inputs: [excess] }, question)
  return asNumbers(writer, enough(0), bits)
}

function asNumbers(writer: PlanWriter, plane: Ref, purpose: string): Ref {
  return writer.add({ kind: 'bit-to-field', inputs: [plane] }, purpose)(0)
}
