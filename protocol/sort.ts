/**
 * Sorting: rows of bits in the order of a key, stable, by radix from the key's lowest digit to its highest.
 *
 * For each digit, in the order that the rows have so far:
 *   1. planes, one for each value of the digit but 0 (a decoder), become 0/1 elements e_v;
 *   2. the place of a row that has value v is the number of rows of smaller values plus the number of rows
 *      of its value up to it: both are prefix sums of e_v, local; summed over v with e_v, one product:
 *          place = sum_v e_v * (before_v + upTo_v);
 *   3. rows and places are shuffled together, and the places are opened: a permutation that is uniform to
 *      every t parties, because they do not know the order of the shuffle. Rows go to their places, locally.
 * Source: Hamada, Ikarashi, Chida, Takahashi (eprint 2014/121); Chida et al. (eprint 2019/695), with several
 * bits a digit, and rows carried along as bits instead of composing permutations of field elements.
 *
 * Secure against t semi-honest parties; what is opened is independent of the rows. Nobody learns anything
 * but their number. Cost: for each digit of d bits the decoder's depth, t+1 rounds of B2A, 1 + C(n,t) + 1;
 * exactly operator-cost.ts. At n=3 and a row, digit and party: 8 * (2^d - 1) + 16 bytes and a shuffle.
 */
import { scatterWords } from '../shares/bits/permute.ts'
import { parties } from '../shares/committee.ts'
import { type Arena, blockOf, type FpVector, viewWords } from '../shares/field/memory.ts'
import { lagrange } from '../shares/field/scalar.ts'
import * as vector from '../shares/field/vector.ts'
import { type BitShare, component, newBitShare } from '../shares/replicated.ts'
import type { ShamirShare } from '../shares/shamir.ts'

import { open } from './arithmetic.ts'
import { bitToField } from './bit-to-field.ts'
import { CircuitBuilder } from './circuit-builder.ts'
import { circuitFor } from './circuit-cache.ts'
import { oneHot } from './circuit-gadgets.ts'
import { type Circuit, layerCircuit } from './circuit.ts'
import { dealSum } from './deal-field.ts'
import { evaluate } from './evaluate.ts'
import { flatLayout } from './layout.ts'
import { openedPermutation } from './opened-permutation.ts'
import { packRows, unpackRows } from './packed-rows.ts'
import type { Party, Tag } from './party.ts'
import { type Rows, shuffle } from './shuffle.ts'

/** One plane for each value 1..2^bits-1 of a digit. */
export const digitCircuit = circuitFor((bits: number): Circuit => {
  const builder = new CircuitBuilder()
  const values = Array.from({ length: 2 ** bits - 1 }, (_, k) => k + 1)
  return builder.build(oneHot(builder, builder.inputs(bits), values))
})

/** The digits of a key, lowest first: [first plane, planes]. */
export function digitsOf(keyPlanes: number, digit: number): readonly (readonly [number, number])[] {
  const digits: [number, number][] = []
  for (let at = 0; at < keyPlanes; at += digit) digits.push([at, Math.min(digit, keyPlanes - at)])
  return digits
}

/**
 * Rows in ascending order of the number that their first `keyPlanes` planes spell, least significant first;
 * rows of equal keys keep their order.
 * @param arena owns the result
 * @param tag of the first round; the others have the steps that follow
 * @param planes in a flat layout of `lanes` lanes
 * @param digit bits sorted by at a time, 1..4
 * @returns the planes in the new order, in the same layout
 * @throws ShareholdError SH_ROUND_*; SH_PROTOCOL_PERMUTATION if what is opened is none
 */
export async function sortRows(
  party: Party,
  arena: Arena,
  tag: Tag,
  planes: readonly BitShare[],
  lanes: number,
  keyPlanes: number,
  digit: number,
): Promise<BitShare[]> {
  const layout = flatLayout(lanes)
  let step = tag.step
  let owner = arena.child()
  try {
    let words = packRows(party, owner, planes, lanes)
    for (const [first, bits] of digitsOf(keyPlanes, digit)) {
      const next = arena.child()
      const scratch = arena.child()
      try {
        const key = unpackRows(party, scratch, words, lanes, first, first + bits)
        const circuit = digitCircuit(bits)
        const at = (): Tag => ({ ...tag, step })
        const hot = await evaluate(party, scratch, at(), circuit, key, layout.planeBytes)
        step += layerCircuit(circuit).length - 1
        const values = await bitToField(party, scratch, at(), hot, layout)
        step += party.committee.t + 1
        const places = await placesOf(party, scratch, at(), values, lanes)
        step += 1
        const rows: Rows = { length: lanes, field: [places], words }
        const shuffled = await shuffle(party, scratch, at(), rows)
        step += party.committee.sets.length
        const order = await open(party, scratch, at(), shuffled.field[0]!)
        step += 1
        const indices = openedPermutation(scratch, blockOf(order), lanes)
        words = shuffled.words.map((column) => {
          const sorted = newBitShare(next, party.committee, column.bytes)
          for (let position = 0; position < column.components; position++) {
            scatterWords(component(sorted, position), component(column, position), indices)
          }
          return sorted
        })
      } finally {
        scratch.release()
        owner.release()
        owner = next
      }
    }
    return unpackRows(party, arena, words, lanes, 0, planes.length)
  } finally {
    owner.release()
  }
}

/** Where each row belongs, from 0: one dealing. */
async function placesOf(
  party: Party,
  arena: Arena,
  tag: Tag,
  values: readonly ShamirShare[],
  lanes: number,
): Promise<ShamirShare> {
  const { committee, index } = party
  const scratch = arena.child()
  try {
    const zero = complementOf(scratch, values, lanes)
    const local = scratch.elements(lanes)
    const upTo = scratch.elements(lanes)
    const product = scratch.elements(lanes)
    vector.fill(local, 0n)
    const before = scratch.elements(lanes)
    vector.fill(before, 0n)
    for (const value of [zero, ...values]) {
      vector.prefixSum(upTo, value)
      vector.add(product, upTo, before)
      vector.mul(product, product, value)
      vector.add(local, local, product)
      // All rows of this value come before those of the next.
      const total = lanes === 0 ? 0n : viewWords(upTo)[lanes - 1]!
      vector.fill(upTo, total)
      vector.add(before, before, upTo)
    }
    vector.scale(local, local, lagrange(parties(committee), 0)[index - 1]!)
    const places = await dealSum(party, arena, tag, parties(committee), lanes, local)
    // Counted from 1 so far.
    vector.fill(product, 1n)
    vector.sub(places, places, product)
    return places
  } finally {
    scratch.release()
  }
}

/** 1 - the sum: the rows with value 0. */
function complementOf(arena: Arena, values: readonly ShamirShare[], lanes: number): FpVector {
  const out = arena.elements(lanes)
  vector.fill(out, 1n)
  for (const value of values) vector.sub(out, out, value)
  return out
}
