/**
 * Where the wires of a circuit lie while it is evaluated. Places are numbered: the constants, the inputs, and
 * then slots that gates share, each wire giving its own back after its last use. Worked out once for each
 * circuit: what is left for an evaluation is to turn places into addresses.
 */
import { type Circuit, FIRST_INPUT, layerCircuit } from './circuit.ts'

export interface ProgramLayer {
  /** Triples of places: the result, and the operands. The result is none of the layer's operands. */
  readonly ands: Uint32Array
  /** The same, to be done one after the other after the round; a result may be an operand. */
  readonly xors: Uint32Array
}

export interface Program {
  /** Places in all. */
  readonly places: number
  /** The first of the slots. */
  readonly firstSlot: number
  /** Whether each of the constants 0 and 1 is read. */
  readonly constants: readonly [boolean, boolean]
  readonly layers: readonly ProgramLayer[]
  /** Where the outputs lie in the end. */
  readonly outputs: Uint32Array
}

const programs = new WeakMap<Circuit, Program>()

/** The program of a circuit that `validateCircuit` accepts. */
export function programOf(circuit: Circuit): Program {
  let program = programs.get(circuit)
  if (program === undefined) {
    program = makeProgram(circuit)
    programs.set(circuit, program)
  }
  return program
}

function makeProgram(circuit: Circuit): Program {
  const firstGate = FIRST_INPUT + circuit.inputs
  const readers = countReaders(circuit)
  const place = Uint32Array.from({ length: firstGate + circuit.gates.length }, (_, wire) => wire)
  const constants: readonly [boolean, boolean] = [readers[0]! > 0, readers[1]! > 0]
  const unused: number[] = []
  let places = firstGate
  const occupy = (wire: number): void => {
    place[wire] = unused.pop() ?? places++
    if (readers[wire] === 0) unused.push(place[wire])
  }
  const read = (wire: number): void => {
    readers[wire]!--
    if (readers[wire] === 0 && wire >= firstGate) unused.push(place[wire]!)
  }
  const layers = layerCircuit(circuit).map(({ ands, xors }): ProgramLayer => {
    const list: number[] = []
    for (const index of ands) {
      const [, a, b] = circuit.gates[index]!
      occupy(firstGate + index)
      list.push(place[firstGate + index]!, place[a]!, place[b]!)
    }
    for (const index of ands) {
      const [, a, b] = circuit.gates[index]!
      read(a)
      read(b)
    }
    const after: number[] = []
    for (const index of xors) {
      const [, a, b] = circuit.gates[index]!
      const operands = [place[a]!, place[b]!] as const
      read(a)
      read(b)
      occupy(firstGate + index)
      after.push(place[firstGate + index]!, ...operands)
    }
    return { ands: Uint32Array.from(list), xors: Uint32Array.from(after) }
  })
  const outputs = Uint32Array.from(circuit.outputs, (wire) => place[wire]!)
  return { places, firstSlot: firstGate, constants, layers, outputs }
}

/** How often each wire is read, by gates and by outputs. */
function countReaders(circuit: Circuit): Uint32Array {
  const readers = new Uint32Array(FIRST_INPUT + circuit.inputs + circuit.gates.length)
  for (const [, a, b] of circuit.gates) {
    readers[a]!++
    readers[b]!++
  }
  for (const wire of circuit.outputs) readers[wire]!++
  return readers
}
