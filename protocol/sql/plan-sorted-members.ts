/** Distinct members of groups, among sorted rows (plan-sorted.ts). */
import { CircuitBuilder, FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import type { PlanParams, Ref } from '../plan.ts'
import { memberClasses } from '../validate-plan.ts'

import { hasSingleRows } from './plan-planes.ts'
import type { Sorted } from './plan-sorted-rows.ts'
import type { PlanWriter } from './plan-writer.ts'

/**
 * For each cohort a plane with a 1 for each of its members and groups: in the last of the member's rows in the
 * group, if any of them contributes. FALSE has none.
 */
export function writeMembers(
  params: PlanParams,
  sorted: Sorted,
  cohorts: readonly Wire[],
  writer: PlanWriter,
): ReadonlyMap<Wire, Ref> {
  const varying = [...new Set(cohorts)].filter((wire) => wire !== FALSE)
  if (hasSingleRows(params)) return new Map(varying.map((wire) => [wire, sorted.plane(wire)]))
  const { member } = sorted
  const before = writer.add({ kind: 'shift', inputs: member, by: 1 }, 'the members before')
  let same = writer.add(
    {
      kind: 'circuit',
      inputs: [...member, ...member.map((_, k) => before(k))],
      circuit: equalityCircuit(member.length),
    },
    'whether the row before is the same member’s, in the same group',
  )(0)
  const next = writer.add({ kind: 'shift', inputs: [same], by: -1 }, 'the same of the row after')(0)

  // Whether any of the rows up to this one contributes; all rows do if the plane is TRUE.
  let any = varying.map((wire) => sorted.plane(wire))
  const most = memberClasses(params).at(-1)?.[0] ?? 1
  const scanned = varying.flatMap((wire, k) => (wire === TRUE ? [] : [k]))
  for (let distance = 1; distance < most && scanned.length > 0; distance *= 2) {
    const further = 2 * distance < most
    const inputs = [...scanned.map((k) => any[k]!), ...(further ? [same] : [])]
    const moved = writer.add({ kind: 'shift', inputs, by: distance }, `${distance} rows before`)
    const level = writer.add(
      {
        kind: 'circuit',
        inputs: [same, ...inputs, ...inputs.map((_, k) => moved(k))],
        circuit: scanCircuit(scanned.length, further),
      },
      'whether any of the member’s rows so far contributes',
    )
    any = any.map((ref, k) => (scanned.includes(k) ? level(scanned.indexOf(k)) : ref))
    if (further) same = level(scanned.length)
  }
  const builder = new CircuitBuilder()
  const [after, ...contributes] = builder.inputs(1 + any.length)
  const last = builder.not(after!)
  const circuit = builder.build(contributes.map((wire) => builder.and(wire, last)))
  const found = writer.add(
    { kind: 'circuit', inputs: [next, ...any], circuit },
    'members of each group, at their last row',
  )
  return new Map(varying.map((wire, k) => [wire, found(k)]))
}

/** Whether two numbers are equal. */
function equalityCircuit(width: number): ReturnType<CircuitBuilder['build']> {
  const builder = new CircuitBuilder()
  const [x, y] = [builder.inputs(width), builder.inputs(width)]
  const alike = x.map((wire, k) => builder.not(builder.xor(wire, y[k]!)))
  return builder.build([builder.andMany(alike)])
}

/** x OR (same AND x before), for each x; and same AND same before. */
function scanCircuit(planes: number, further: boolean): ReturnType<CircuitBuilder['build']> {
  const builder = new CircuitBuilder()
  const same = builder.input()
  const here = builder.inputs(planes + (further ? 1 : 0))
  const before = builder.inputs(here.length)
  const outputs = here.map((wire, k) =>
    k < planes ? builder.or(wire, builder.and(same, before[k]!)) : builder.and(same, before[k]!),
  )
  return builder.build(outputs)
}
