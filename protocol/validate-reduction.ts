/** The shape of what the rows of each member are put together to. Part of validate-plan.ts. */
import { validateCircuit } from './circuit.ts'
import { levelsFor } from './member-reduce.ts'
import type { Operator, PlanParams } from './plan.ts'
import { type Check, MAX_PARTS, membersOf, mostRowsOf, type Shape } from './shape.ts'

/** As many as a circuit of the plan may have. */
const MAX_GATES = 1 << 20

/** @param operator whose inputs are planes over rows */
export function shapeOfReduction(
  { inputs, circuits }: Extract<Operator, { kind: 'member-reduce' }>,
  params: PlanParams,
  check: Check,
): Shape {
  check(circuits.length === levelsFor(mostRowsOf(params)), 'has another number of levels')
  let width = inputs.length
  for (const circuit of circuits) {
    validateCircuit(circuit)
    check(circuit.inputs === 2 * width, 'has a circuit of another number of inputs')
    check(circuit.gates.length <= MAX_GATES, 'has too many gates')
    const { length } = circuit.outputs
    check(length >= width && length <= MAX_PARTS, 'has a circuit of too few outputs, or too many')
    width = length
  }
  return { domain: 'members', type: 'bits', parts: width, lanes: membersOf(params) }
}
