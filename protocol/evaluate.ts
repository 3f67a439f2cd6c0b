/**
 * Evaluates a circuit on CNF-shared planes: all ANDs of one depth in one round, XORs in between,
 * every wire freed after its last use. Security is that of boolean.ts; nobody learns anything.
 * Cost: depth rounds, t bits per AND, lane and party.
 */
import { xor } from '../shares/bits/plane.ts'
import type { Arena } from '../shares/field/memory.ts'
import { type BitShare, newBitShare, wholeBlock } from '../shares/replicated.ts'

import { andBits, complement, constantBits, copyBits } from './boolean.ts'
import { type Circuit, FIRST_INPUT, layerCircuit } from './circuit.ts'
import type { Party, Tag } from './party.ts'

/**
 * The circuit's outputs, one plane each.
 * @param arena owns the results, which are all distinct from each other and from the inputs
 * @param tag of the first round; the d-th has step + d
 * @param inputs one plane per input wire, of `bytes` bytes each
 * @param bytes of every plane, a multiple of 16
 * @throws ShareholdError SH_ROUND_*
 */
export async function evaluate(
  party: Party,
  arena: Arena,
  tag: Tag,
  circuit: Circuit,
  inputs: readonly BitShare[],
  bytes: number,
): Promise<BitShare[]> {
  const firstGate = FIRST_INPUT + circuit.inputs
  const wires = arena.child()
  try {
    const values = new Map<number, BitShare>()
    values.set(0, constantBits(party, wires, bytes, 0))
    values.set(1, constantBits(party, wires, bytes, 1))
    inputs.forEach((input, k) => values.set(FIRST_INPUT + k, input))

    const readers = countReaders(circuit)
    const isOwn = (wire: number): boolean => wire >= firstGate
    const release = (wire: number): void => {
      readers[wire]!--
      if (readers[wire] !== 0 || !isOwn(wire)) return
      wires.free(values.get(wire)!)
      values.delete(wire)
    }
    const set = (wire: number, value: BitShare): void => {
      values.set(wire, value)
      if (readers[wire] !== 0) return
      wires.free(value)
      values.delete(wire)
    }

    for (const [depth, { ands, xors }] of layerCircuit(circuit).entries()) {
      if (ands.length > 0) {
        const gates = ands.map((index) => circuit.gates[index]!)
        const step = tag.step + depth - 1
        const pairs = gates.map(([, a, b]) => [values.get(a)!, values.get(b)!] as const)
        const results = await andBits(party, wires, { ...tag, step }, pairs)
        results.forEach((result, k) => set(firstGate + ands[k]!, result))
        for (const [, a, b] of gates) {
          release(a)
          release(b)
        }
      }
      for (const index of xors) {
        const [, a, b] = circuit.gates[index]!
        set(firstGate + index, xorGate(party, wires, values, a, b, bytes))
        release(a)
        release(b)
      }
    }

    return circuit.outputs.map((wire) => {
      const value = values.get(wire)!
      // The last reader takes the plane itself, the others a copy.
      if (!isOwn(wire) || --readers[wire]! > 0) return copyBits(party, arena, value)
      return wires.keep(value)
    })
  } finally {
    wires.release()
  }
}

function xorGate(
  party: Party,
  arena: Arena,
  values: ReadonlyMap<number, BitShare>,
  a: number,
  b: number,
  bytes: number,
): BitShare {
  const x = values.get(a)!
  const y = values.get(b)!
  // XOR with a constant: touches one component, at its holders.
  if (a <= 1 || b <= 1) {
    const [constant, value] = a <= 1 ? [a, y] : [b, x]
    const copied = copyBits(party, arena, value)
    if (constant === 1) complement(party, copied)
    return copied
  }
  const out = newBitShare(arena, party.committee, bytes)
  xor(wholeBlock(out), wholeBlock(x), wholeBlock(y))
  return out
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
