/**
 * Sorting the rows of each member among themselves. Whose each row is, is public, and a member's rows lie together:
 * so there is no need to sort all rows, and none to shuffle. A sorting network runs on all members at once
 * (merge-exchange.ts); lanes that meet are compared, and change places where they stand the wrong way round. The place
 * that a row had is the lowest part of its key, so rows of equal keys keep their order.
 *
 * Secure against t semi-honest parties, being a circuit (boolean.ts); nothing is opened. Nobody learns anything
 * but the rows of each member, which are public. Cost for members of up to R rows, k key planes and w planes in all:
 * ceil(log2 R) (ceil(log2 R) + 1) / 2 layers, each of the depth of a comparison of k + ceil(log2 R) planes plus 1; an
 * exchange takes the comparison and w + ceil(log2 R) ANDs. Exactly operator-cost.ts.
 */
import { gatherWords, scatterWords } from '../shares/bits/permute.ts'
import { planeBytes } from '../shares/bits/plane.ts'
import type { Arena } from '../shares/field/memory.ts'
import { type BitShare, component, newBitShare } from '../shares/replicated.ts'

import { CircuitBuilder } from './circuit-builder.ts'
import { lessThan, select } from './circuit-gadgets.ts'
import { type Circuit, layerCircuit } from './circuit.ts'
import { evaluate } from './evaluate.ts'
import { type ExchangeLayer, exchangeLayers, isLower } from './merge-exchange.ts'
import { placeIndices } from './opened-permutation.ts'
import { packRows, unpackRows } from './packed-rows.ts'
import type { Party, Tag } from './party.ts'
import { planesBelow, publicPlanes } from './public-planes.ts'

/** What an exchange is over. */
export interface MemberSort {
  /** Planes of the key, without those of the place. */
  readonly key: number
  /** Rounds that a comparison may take (circuit-gadgets.ts). */
  readonly depth: number
}

/**
 * Two lanes that meet, the lower one's planes first; the smaller one comes out first. The planes of both begin with
 * the key.
 */
export function exchangeCircuit(planes: number, key: number, depth: number): Circuit {
  const builder = new CircuitBuilder()
  const [lower, upper] = [builder.inputs(planes), builder.inputs(planes)]
  const wrong = lessThan(builder, upper.slice(0, key), lower.slice(0, key), depth)
  return builder.build([
    ...select(builder, wrong, upper, lower),
    ...select(builder, wrong, lower, upper),
  ])
}

/**
 * The rows of each member in ascending order of the number that their first `key` planes spell, least significant
 * first; rows of equal keys keep their order.
 * @param arena owns the result
 * @param tag of the first round; the others have the steps that follow
 * @param planes in a flat layout, the rows of a member together
 * @param rowsOfMember in the order of the members
 * @throws ShareholdError SH_ROUND_*
 */
export async function sortWithinMembers(
  party: Party,
  arena: Arena,
  tag: Tag,
  planes: readonly BitShare[],
  rowsOfMember: Uint32Array,
  { key, depth }: MemberSort,
): Promise<BitShare[]> {
  const places = placesWithin(rowsOfMember)
  const longest = rowsOfMember.reduce((most, rows) => Math.max(most, rows), 0)
  const lanes = places.length
  const scratch = arena.child()
  try {
    const added = publicPlanes(party, scratch, places, planesBelow(longest))
    const all = added.length + planes.length
    const circuit = exchangeCircuit(all, added.length + key, depth)
    const rounds = layerCircuit(circuit).length - 1
    const words = packRows(party, scratch, [...added, ...planes], lanes)
    let step = tag.step
    for (const layer of exchangeLayers(longest)) {
      const own = scratch.child()
      const lower = lowerLanes(layer, rowsOfMember)
      const upper = lower.map((lane) => lane + layer.distance)
      const sides = [lower, upper].map((side) => placeIndices(own, side))
      const meeting = sides.flatMap((side) => {
        const taken = words.map((column) => {
          const out = newBitShare(own, party.committee, 8 * lower.length)
          for (let position = 0; position < out.components; position++) {
            gatherWords(component(out, position), component(column, position), side)
          }
          return out
        })
        return unpackRows(party, own, taken, lower.length, 0, all)
      })
      const at = { ...tag, step }
      const left = await evaluate(party, own, at, circuit, meeting, planeBytes(lower.length))
      step += rounds
      for (const [nth, side] of sides.entries()) {
        const half = left.slice(nth * all, (nth + 1) * all)
        for (const [k, packed] of packRows(party, own, half, lower.length).entries()) {
          for (let position = 0; position < packed.components; position++) {
            scatterWords(component(words[k]!, position), component(packed, position), side)
          }
        }
      }
      own.release()
    }
    return unpackRows(party, arena, words, lanes, added.length, all)
  } finally {
    scratch.release()
  }
}

/** The place of each row among those of its member, from 0. @param rowsOfMember in the order of the members */
export function placesWithin(rowsOfMember: Uint32Array): Uint32Array {
  const places = new Uint32Array(rowsOfMember.reduce((sum, rows) => sum + rows, 0))
  let lane = 0
  for (const rows of rowsOfMember) for (let place = 0; place < rows; place++) places[lane++] = place
  return places
}

/** The lower lanes of all exchanges of a layer, ascending. */
function lowerLanes(layer: ExchangeLayer, rowsOfMember: Uint32Array): Uint32Array {
  const lanes: number[] = []
  let first = 0
  for (const rows of rowsOfMember) {
    for (let place = 0; place + layer.distance < rows; place++) {
      if (isLower(layer, place)) lanes.push(first + place)
    }
    first += rows
  }
  return Uint32Array.from(lanes)
}
