/**
 * Counts the ones of CNF-shared planes, as elements of F_p: some rounds of a carry-save tree in F_2, and
 * what is left converted and summed. Few rounds of adding suit a short table, where rounds matter, many a
 * long one, where conversion does.
 *
 * Secure as AND and B2A are (boolean.ts, bit-to-field.ts); nobody learns anything. Cost for N lanes and r
 * rounds of adding, all planes in common rounds: r + t + 1 rounds (fewer if there is nothing left to
 * add); about N (1 - (2/3)^r) ANDs and the conversion of about N (2/3)^r bits a plane.
 */
import { type Arena, sliceFp } from '../shares/field/memory.ts'
import * as vector from '../shares/field/vector.ts'
import type { BitShare } from '../shares/replicated.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import { bitToField } from './bit-to-field.ts'
import { joinPlanes } from './gather.ts'
import { flatLayout, type Layout } from './layout.ts'
import type { Party, Tag } from './party.ts'
import { addBlocks } from './popcount.ts'

const BLOCK_LANES = 128

/** More weights than a table can have lanes for. */
const MAX_WEIGHTS = 40

/**
 * Number of ones among the lanes of each plane, padding not counted.
 * @param arena owns the result
 * @param nextTags called before each step, with the rounds that it takes
 * @param addingRounds of full adders at most
 * @returns one lane per plane
 * @throws ShareholdError SH_ROUND_*
 */
export async function countToField(
  party: Party,
  arena: Arena,
  nextTags: (rounds: number) => Tag,
  planes: readonly BitShare[],
  layout: Layout,
  addingRounds: number,
): Promise<ShamirShare> {
  const scratch = arena.child()
  try {
    const { weights, counts } = await addBlocks(
      party,
      scratch,
      () => nextTags(1),
      planes,
      layout,
      MAX_WEIGHTS,
      (_counts, rounds) => rounds === addingRounds,
    )
    const joined = joinPlanes(party, scratch, weights.flat())
    const tag = nextTags(party.committee.t + 1)
    const [bits] = await bitToField(party, scratch, tag, [joined], flatLayout(8 * joined.bytes))
    const sums = planes.map(() => 0n)
    let from = 0
    for (const [w, count] of counts.entries()) {
      for (const k of planes.keys()) {
        const to = from + count * BLOCK_LANES
        sums[k]! += vector.sum(sliceFp(bits!, from, to)) << BigInt(w)
        from = to
      }
    }
    const out = arena.elements(planes.length)
    vector.fromBigInts(out, sums)
    return asShamirShare(out)
  } finally {
    scratch.release()
  }
}
