/**
 * The opened bits: a cohort is shown, and HAVING is true of the group. As numbers, since values are multiplied by
 * them; each is a fresh sharing.
 */
import { CircuitBuilder } from '../circuit-builder.ts'
import type { Ref } from '../plan.ts'

import type { Demand, Mask } from './demand.ts'
import type { WrittenCohorts } from './plan-cohorts.ts'
import { gatherBits, isKnown, lanesOf } from './plan-lanes.ts'
import type { Lane, Slot } from './plan-lanes.ts'
import type { PlanWriter } from './plan-writer.ts'

const PURPOSE = 'cohort bits as numbers'

/**
 * @param having a plane with a lane for each group, if there is a condition
 * @returns the bits of the demand's masks, in their order: in the field, or public
 */
export function writeMasks(
  writer: PlanWriter,
  { masks }: Demand,
  { shown }: WrittenCohorts,
  having: Ref | undefined,
): Lane[] {
  const bits = masks.map(({ cohort, families }) => shown(cohort, families))
  return having === undefined
    ? withoutHaving(writer, bits)
    : withHaving(writer, masks, bits, having)
}

/** Whole planes are converted: they hold little else. */
function withoutHaving(writer: PlanWriter, bits: readonly Lane[]): Lane[] {
  const slots = bits.filter((bit): bit is Slot => !isKnown(bit))
  if (slots.length === 0) return [...bits]
  const nameOf = ({ from }: Slot): string => `${from.op} ${from.part}`
  const planes = new Map(slots.map((slot) => [nameOf(slot), slot.from]))
  const numbers = writer.add({ kind: 'bit-to-field', inputs: [...planes.values()] }, PURPOSE)
  const parts = new Map([...planes.keys()].map((name, part) => [name, part]))
  return bits.map((bit) =>
    isKnown(bit) ? bit : { from: numbers(parts.get(nameOf(bit))!), lane: bit.lane },
  )
}

function withHaving(
  writer: PlanWriter,
  masks: readonly Mask[],
  bits: readonly Lane[],
  having: Ref,
): Lane[] {
  // What is hidden for everybody to see stays so.
  const open = masks.flatMap(({ group }, k) => {
    const bit = bits[k]!
    if (group === undefined || (isKnown(bit) && bit.known === 0n)) return []
    return [{ k, bit, condition: { from: having, lane: group } }]
  })
  if (open.length === 0) return [...bits]
  const builder = new CircuitBuilder()
  const circuit = builder.build([builder.and(builder.input(), builder.input())])
  const inputs = [
    gatherBits(
      writer,
      open.map(({ bit }) => bit),
      'whether each value is shown',
    ),
    gatherBits(
      writer,
      open.map(({ condition }) => condition),
      'HAVING of each value',
    ),
  ]
  const both = writer.add({ kind: 'circuit', inputs, circuit }, 'shown, and HAVING is true')
  const numbers = writer.add({ kind: 'bit-to-field', inputs: [both(0)] }, PURPOSE)
  const lanes = lanesOf(numbers(0), open.length)
  const places = new Map(open.map(({ k }, nth) => [k, lanes[nth]!]))
  return bits.map((bit, k) => places.get(k) ?? bit)
}
