/** How many distinct values there are, or their sum: of each value a bit, whether any row has it, and a weight. */
import type { Wire } from '../circuit-builder.ts'
import type { Ref } from '../plan.ts'

import type { DistinctDemand } from './demand.ts'
import { parseNumeric, powerOfTen } from './numeric.ts'
import { orderedDomain } from './ordered-planes.ts'
import { gatherLanes, isKnown, lanesOf } from './plan-lanes.ts'
import type { Lane } from './plan-lanes.ts'
import type { PlanWriter } from './plan-writer.ts'
import { analysisOf } from './row-analysis.ts'
import { textOfValue } from './row-text.ts'

/** @param any 1 or 0 for a plane, whether it has a row */
export function writeDistinct(
  writer: PlanWriter,
  demands: readonly DistinctDemand[],
  any: (plane: Wire) => Lane,
): (demand: DistinctDemand) => Lane {
  const lanes = new Map<DistinctDemand, Lane>()
  // Those of one argument have the same weights.
  const kinds: DistinctDemand[][] = []
  for (const demand of demands) {
    const { of, argument } = demand
    const alike = kinds.find(([one]) => one!.of === of && one!.argument === argument)
    if (alike === undefined) kinds.push([demand])
    else alike.push(demand)
  }
  for (const alike of kinds) {
    const [first] = alike
    if (first === undefined) continue
    const weights = weightsOf(first)
    const inputs: Ref[] = []
    const coefficients: string[] = []
    for (const [place, weight] of weights.entries()) {
      const bits = alike.map(({ planes }) => any(planes[place]!))
      if (weight === 0n || bits.every((bit) => isKnown(bit) && bit.known === 0n)) continue
      inputs.push(gatherLanes(writer, bits, 'whether a row has the value'))
      coefficients.push(String(weight))
    }
    if (inputs.length === 0) {
      for (const demand of alike) lanes.set(demand, { known: 0n })
      continue
    }
    const purpose = `${first.of} of distinct ${textOfValue(first.argument)}`
    const vector = writer.add({ kind: 'combine', inputs, coefficients }, purpose)(0)
    lanesOf(vector, alike.length).forEach((slot, k) => lanes.set(alike[k]!, slot))
  }
  return (demand) => lanes.get(demand)!
}

/** Sums are of numbers times 10^scale. */
function weightsOf({ argument, of, planes }: DistinctDemand): bigint[] {
  if (of === 'count') return planes.map(() => 1n)
  const { origin, step, texts } = orderedDomain(argument)
  if (texts === undefined) {
    return planes.map((_, place) => BigInt(origin) + BigInt(step) * BigInt(place))
  }
  const { shape } = analysisOf(argument)
  const scale = shape.kind === 'numbers' ? shape.scale : 0
  return texts.map((text) => {
    const { digits, scale: own } = parseNumeric(text === '' ? '0' : text)
    return digits * powerOfTen(scale - own)
  })
}
