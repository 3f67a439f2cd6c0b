/**
 * Boolean circuits over F_2, evaluated on whole bit-planes at once. Wires: 0 is the constant 0, 1 the
 * constant 1, then the inputs, then one wire per gate in order. XOR and NOT (XOR with wire 1) are
 * local; AND costs one bit per lane and party at n=3. All ANDs of equal AND depth share one round.
 */
import { ShareholdError } from '../shares/errors.ts'

/** [1, a, b] is a AND b; [0, a, b] is a XOR b. Operands have smaller wire numbers. */
export type Gate = readonly [kind: 0 | 1, a: number, b: number]

export interface Circuit {
  readonly inputs: number
  readonly gates: readonly Gate[]
  /** Output wires; may be constants or inputs. */
  readonly outputs: readonly number[]
}

/** What a circuit costs: `ands` bits per lane in `depth` rounds, and local work. */
export interface CircuitStats {
  readonly ands: number
  readonly xors: number
  /** AND depth = rounds. */
  readonly depth: number
}

/** The gates of one AND depth, as indices into `gates`, ascending. */
export interface Layer {
  /** Evaluated together, in one round. Empty in layer 0. */
  readonly ands: readonly number[]
  /** Evaluated after the round, in this order. */
  readonly xors: readonly number[]
}

/** First wire that is an input; constants come before. */
export const FIRST_INPUT = 2

/**
 * Checks that a circuit from an untrusted plan can be evaluated.
 * @throws ShareholdError SH_PROTOCOL_CIRCUIT
 */
export function validateCircuit(circuit: Circuit): void {
  if (!Number.isSafeInteger(circuit.inputs) || circuit.inputs < 0) {
    throw malformed('the number of inputs is not a natural number')
  }
  const firstGate = FIRST_INPUT + circuit.inputs
  const isWire = (wire: number, end: number): boolean =>
    Number.isSafeInteger(wire) && wire >= 0 && wire < end
  circuit.gates.forEach((gate, index) => {
    if (gate.length !== 3 || (gate[0] !== 0 && gate[0] !== 1)) {
      throw malformed(`gate ${index} is of no known kind`)
    }
    if (!isWire(gate[1], firstGate + index) || !isWire(gate[2], firstGate + index)) {
      throw malformed(`gate ${index} reads a wire that is not before it`)
    }
  })
  circuit.outputs.forEach((wire, index) => {
    if (!isWire(wire, firstGate + circuit.gates.length)) {
      throw malformed(`output ${index} is not a wire`)
    }
  })
}

const layersOf = new WeakMap<Circuit, readonly Layer[]>()

/**
 * Groups the gates by AND depth: layer d holds the ANDs whose operands are all known after d-1 rounds.
 * Depends on the circuit only, so all parties make the same rounds.
 * @returns depth + 1 layers
 */
export function layerCircuit(circuit: Circuit): readonly Layer[] {
  // A protocol evaluates the same circuit many times.
  let layers = layersOf.get(circuit)
  if (layers === undefined) {
    layers = makeLayers(circuit)
    layersOf.set(circuit, layers)
  }
  return layers
}

function makeLayers(circuit: Circuit): readonly Layer[] {
  const firstGate = FIRST_INPUT + circuit.inputs
  const depth = new Uint32Array(firstGate + circuit.gates.length)
  const layers: { ands: number[]; xors: number[] }[] = [{ ands: [], xors: [] }]
  circuit.gates.forEach(([kind, a, b], index) => {
    const level = Math.max(depth[a]!, depth[b]!) + kind
    depth[firstGate + index] = level
    while (layers.length <= level) layers.push({ ands: [], xors: [] })
    const layer = layers[level]!
    if (kind === 1) layer.ands.push(index)
    else layer.xors.push(index)
  })
  return layers
}

const statsOf = new WeakMap<Circuit, CircuitStats>()

/** Counts gates and AND depth. */
export function circuitStats(circuit: Circuit): CircuitStats {
  let stats = statsOf.get(circuit)
  if (stats === undefined) {
    const ands = circuit.gates.reduce((count, gate) => count + gate[0], 0)
    const depth = layerCircuit(circuit).length - 1
    stats = { ands, xors: circuit.gates.length - ands, depth }
    statsOf.set(circuit, stats)
  }
  return stats
}

/** Which inputs the gates or outputs read. */
export function inputsRead({ inputs, gates, outputs }: Circuit): boolean[] {
  const isRead = Array.from({ length: inputs }, () => false)
  const read = (wire: number): void => {
    if (wire >= FIRST_INPUT && wire < FIRST_INPUT + inputs) isRead[wire - FIRST_INPUT] = true
  }
  for (const [, a, b] of gates) {
    read(a)
    read(b)
  }
  for (const wire of outputs) read(wire)
  return isRead
}

/** The same circuit over some of its inputs. @param kept ascending; all that are read are among them */
export function withInputs(circuit: Circuit, kept: readonly number[]): Circuit {
  const places = new Map(kept.map((input, place) => [FIRST_INPUT + input, FIRST_INPUT + place]))
  const dropped = circuit.inputs - kept.length
  const wire = (old: number): number =>
    old < FIRST_INPUT ? old : (places.get(old) ?? old - dropped)
  return {
    inputs: kept.length,
    gates: circuit.gates.map(([kind, a, b]) => [kind, wire(a), wire(b)]),
    outputs: circuit.outputs.map(wire),
  }
}

/**
 * Evaluates a circuit on plain bits: the ideal function of protocol/evaluate.ts.
 * @param inputs one bit per input wire
 */
export function evaluatePlain(circuit: Circuit, inputs: readonly number[]): number[] {
  const wires: number[] = [0, 1, ...inputs]
  for (const [kind, a, b] of circuit.gates) {
    wires.push(kind === 1 ? wires[a]! & wires[b]! : wires[a]! ^ wires[b]!)
  }
  return circuit.outputs.map((wire) => wires[wire]!)
}

function malformed(what: string): ShareholdError {
  return new ShareholdError('SH_PROTOCOL_CIRCUIT', `Malformed circuit: ${what}.`)
}
