/**
 * Whether planes have a row at all, and nothing more about how many: a count, compared with 1 (BOOL_AND: is any
 * row false?). Counted as other planes are.
 */
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import type { PlanParams, Ref } from '../plan.ts'
import { rowsOf } from '../validate-plan.ts'

import { writeBinary, writeCounts } from './plan-counts.ts'
import { gatherLanes, lanesOf } from './plan-lanes.ts'
import type { Lane } from './plan-lanes.ts'
import { reachesInBinary, reachesInField } from './plan-thresholds.ts'
import type { PlanWriter } from './plan-writer.ts'
import type { Counting } from './strategy.ts'

const THRESHOLD = { least: 1, question: 'any row?' }
const COUNTED = { lanes: 'rows', of: 'rows that decide' } as const

/** For each plane 1 or 0, in the field, or public. */
export function writeAny(
  writer: PlanWriter,
  params: PlanParams,
  planes: readonly Wire[],
  bit: (plane: Wire) => Ref,
  counting: Counting,
): (plane: Wire) => Lane {
  const known = new Map<Wire, Lane>([
    [FALSE, { known: 0n }],
    [TRUE, { known: rowsOf(params) > 0 ? 1n : 0n }],
  ])
  if (planes.length > 0) {
    const refs = planes.map(bit)
    const reached = (): Ref => {
      if (counting.by === 'popcount') {
        return reachesInBinary(writer, writeBinary(writer, params, refs, COUNTED), THRESHOLD)
      }
      const counts = writeCounts(writer, params, planes, refs, COUNTED, counting)
      const lanes = planes.map((plane) => counts.get(plane)!)
      return reachesInField(writer, gatherLanes(writer, lanes, COUNTED.of), THRESHOLD)
    }
    const inputs = [reached()]
    const numbers = writer.add({ kind: 'bit-to-field', inputs }, 'whether there is a row')(0)
    lanesOf(numbers, planes.length).forEach((slot, k) => known.set(planes[k]!, slot))
  }
  return (plane) => known.get(plane)!
}
