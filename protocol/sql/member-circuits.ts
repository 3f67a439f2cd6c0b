/** Circuits over the rows of members, and over members. */
import { leastDepth } from '../carry-circuit.ts'
import { CircuitBuilder, FALSE } from '../circuit-builder.ts'
import type { Planes, Wire } from '../circuit-builder.ts'
import { add, lessThan, select } from '../circuit-gadgets.ts'
import type { Circuit } from '../circuit.ts'

/** @param build the outputs, from the inputs */
export function circuitOf(
  inputs: number,
  build: (builder: CircuitBuilder, inputs: Planes) => readonly Wire[],
): Circuit {
  const builder = new CircuitBuilder()
  return builder.build(build(builder, builder.inputs(inputs)))
}

/** The sum of two numbers, of at most so many planes: circuits with fewer rounds or fewer ANDs. */
export function adderCircuits(planes: number, most: number): readonly Circuit[] {
  return (['tree', 'blocked', 'ripple'] as const).map((shape) =>
    circuitOf(2 * planes, (b, wires) =>
      add(b, wires.slice(0, planes), wires.slice(planes), FALSE, shape).slice(0, most),
    ),
  )
}

/** Rounds of a comparison beyond the least. */
const DEPTHS = [0, 1, 3, Infinity]

/**
 * Of two numbers the larger, or the smaller one; each with a bit that says whether it takes part, if not all do: circuits
 * with fewer rounds or fewer ANDs.
 */
export function furtherCircuits(
  planes: number,
  largest: boolean,
  isAlways: boolean,
): readonly Circuit[] {
  const width = planes + (isAlways ? 0 : 1)
  return DEPTHS.map((extra) =>
    circuitOf(2 * width, (b, wires) => {
      const [x, y] = [wires.slice(0, planes), wires.slice(width, width + planes)]
      const depth = leastDepth(planes, true) + extra
      const further = largest ? lessThan(b, x, y, depth) : lessThan(b, y, x, depth)
      if (isAlways) return select(b, further, y, x)
      const [inX, inY] = [wires[planes]!, wires[width + planes]!]
      const second = b.and(inY, b.or(b.not(inX), further))
      return [...select(b, second, y, x), b.or(inX, inY)]
    }),
  )
}
