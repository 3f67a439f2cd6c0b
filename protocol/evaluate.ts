/**
 * Evaluates a circuit on CNF-shared planes: all ANDs of one depth in one round, XORs in between, in as
 * little memory as wires that are still needed take (circuit-program.ts). Security is that of boolean.ts;
 * nobody learns anything. Cost: depth rounds, t bits per AND, lane and party.
 */
import { gatesBytes, placeGates, xorGates } from '../shares/bits/gates.ts'
import type { Arena } from '../shares/field/memory.ts'
import { asBitShare, type BitShare, componentCount } from '../shares/replicated.ts'

import { andGates, constantBits, copyBits } from './boolean.ts'
import { programOf } from './circuit-program.ts'
import { type Circuit, FIRST_INPUT } from './circuit.ts'
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
  const program = programOf(circuit)
  const components = componentCount(party.committee)
  const size = components * bytes
  const scratch = arena.child()
  try {
    const addresses = new Uint32Array(program.places)
    program.constants.forEach((isRead, bit) => {
      if (isRead) addresses[bit] = constantBits(party, scratch, bytes, bit === 1 ? 1 : 0).ptr
    })
    inputs.forEach(({ ptr }, k) => {
      addresses[FIRST_INPUT + k] = ptr
    })
    const slots = scratch.bytes((program.places - program.firstSlot) * size)
    for (let place = program.firstSlot; place < program.places; place++) {
      addresses[place] = slots.ptr + (place - program.firstSlot) * size
    }
    const located = (places: Uint32Array): Uint32Array => places.map((place) => addresses[place]!)

    for (const [depth, { ands, xors }] of program.layers.entries()) {
      if (depth > 0) {
        const step = tag.step + depth - 1
        await andGates(party, scratch, { ...tag, step }, located(ands), bytes)
      }
      if (xors.length === 0) continue
      const memory = scratch.bytes(gatesBytes(xors.length / 3))
      xorGates(placeGates(memory, located(xors)), size)
      scratch.free(memory)
    }
    return Array.from(program.outputs, (place) =>
      copyBits(party, arena, asBitShare({ ptr: addresses[place]!, bytes: size }, components)),
    )
  } finally {
    scratch.release()
  }
}
