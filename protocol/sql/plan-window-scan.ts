/**
 * Scans over the rows of partitions: what each row gets from those before it, or behind it, in its partition. In steps of
 * 1, 2, 4, ... rows (Hillis and Steele, CACM 29 (1986)), as far as a member has rows.
 *
 * Secure against t semi-honest parties, being circuits; nothing is opened. Cost for N rows and members of up to R:
 * ceil(log2 R) steps; a copy of p planes takes (p + 2) N ANDs in 1 round a step, a running value N times the
 * ANDs of its circuit and one more, in its depth.
 */
import { CircuitBuilder } from '../circuit-builder.ts'
import type { Planes, Wire } from '../circuit-builder.ts'
import type { Circuit } from '../circuit.ts'
import type { Ref } from '../plan.ts'
import { rowsOf } from '../validate-plan.ts'

import { cheapestCircuit } from './circuit-tuning.ts'
import { mostRows, refsOf } from './plan-window-rows.ts'
import type { WindowPlan } from './plan-window-rows.ts'

/** Where a value comes from: the nearest marked row up to this one, or from this one on. */
export type Direction = 'before' | 'behind'

/**
 * For each row the planes of the nearest marked row, itself if it is marked. There must be one within its member.
 * @param mark a plane over rows
 */
export function writeCopy(
  { writer, params }: WindowPlan,
  mark: Ref,
  planes: readonly Ref[],
  direction: Direction,
): readonly Ref[] {
  const longest = mostRows(params)
  if (longest < 2 || planes.length === 0) return planes
  const { length } = planes
  const masked = writer.add(
    { kind: 'circuit', inputs: [mark, ...planes], circuit: maskCircuit(length) },
    'what is copied, where it is',
  )
  let found = mark
  let copied = refsOf(masked, 0, length)
  for (let distance = 1; distance < longest; distance *= 2) {
    const further = 2 * distance < longest
    const state = [found, ...copied]
    const by = direction === 'before' ? distance : -distance
    const moved = writer.add(
      { kind: 'shift', inputs: state, by },
      `the row ${distance} ${direction}`,
    )
    const step = writer.add(
      {
        kind: 'circuit',
        inputs: [...state, ...refsOf(moved, 0, state.length)],
        circuit: copyCircuit(length, further),
      },
      'copied to rows that have none yet',
    )
    copied = refsOf(step, 0, length)
    if (further) found = step(length)
  }
  return copied
}

/**
 * Puts two stretches of rows together, if `open` is 1: they are of one partition; else the later one is the result. As many
 * planes as each, or more.
 */
export type Combine = (
  builder: CircuitBuilder,
  open: Wire,
  later: Planes,
  earlier: Planes,
) => Planes

/**
 * For each row the planes of all rows of its partition up to it, put together.
 * @param start a plane over rows, 1 where a partition begins
 * @param ways to put stretches together, at least one: they differ in what they cost
 */
export function writeRunning(
  { writer, params }: WindowPlan,
  start: Ref,
  planes: readonly Ref[],
  ways: readonly Combine[],
  purpose: string,
): readonly Ref[] {
  const longest = mostRows(params)
  let running = planes
  // 1 where a partition begins within the stretch that ends with a row; at first, in the row itself.
  let broken = start
  for (let distance = 1; distance < longest; distance *= 2) {
    const further = 2 * distance < longest
    const state = [broken, ...running]
    const moved = writer.add(
      { kind: 'shift', inputs: state, by: distance },
      `the row ${distance} before`,
    )
    const circuits = ways.map((combine) => runningCircuit(running.length, combine, further))
    const circuit = cheapestCircuit(params, rowsOf(params), circuits)
    const inputs = [...state, ...refsOf(moved, 0, state.length)]
    const step = writer.add({ kind: 'circuit', inputs, circuit }, purpose)
    const length = circuit.outputs.length - (further ? 1 : 0)
    running = refsOf(step, 0, length)
    if (further) broken = step(length)
  }
  return running
}

function maskCircuit(planes: number): Circuit {
  const builder = new CircuitBuilder()
  const [mark, ...wires] = builder.inputs(1 + planes)
  return builder.build(wires.map((wire) => builder.and(wire, mark!)))
}

/** Inputs: found, planes; the same of another row. Where nothing was found yet, planes are zeros. */
function copyCircuit(planes: number, further: boolean): Circuit {
  const builder = new CircuitBuilder()
  const [found, ...here] = builder.inputs(1 + planes)
  const [foundThere, ...there] = builder.inputs(1 + planes)
  const take = builder.not(found!)
  const outputs = here.map((wire, k) => builder.xor(wire, builder.and(take, there[k]!)))
  return builder.build(further ? [...outputs, builder.or(found!, foundThere!)] : outputs)
}

/** Inputs: broken, planes; the same of an earlier row. */
function runningCircuit(planes: number, combine: Combine, further: boolean): Circuit {
  const builder = new CircuitBuilder()
  const [broken, ...later] = builder.inputs(1 + planes)
  const [brokenBefore, ...earlier] = builder.inputs(1 + planes)
  const outputs = combine(builder, builder.not(broken!), later, earlier)
  return builder.build(further ? [...outputs, builder.or(broken!, brokenBefore!)] : outputs)
}
