/**
 * The lanes that a shared bit names, in their order, where how many there are is public: the ends of groups
 * among sorted rows, say.
 *
 * Each of them gets its number among them, from 1, and the others 0: the bit times its prefix sum. Rows and
 * numbers are shuffled together, and the numbers are opened: 1 to the count, each once, and zeros, in an order
 * that is uniform to every t parties, because they do not know that of the shuffle. Source: protocol.md C4,
 * with the shuffle of Laur, Willemson, Zhang [der].
 *
 * Secure against t semi-honest parties. Nobody learns anything.
 * Cost: t+1 rounds of B2A for a plane, one dealing, C(n,t) rounds of a shuffle, one opening.
 */
import { gatherWords } from '../shares/bits/permute.ts'
import { parties } from '../shares/committee.ts'
import { type Arena, type Block, blockOf, type FpVector, view } from '../shares/field/memory.ts'
import { lagrange } from '../shares/field/scalar.ts'
import * as vector from '../shares/field/vector.ts'
import type { BitShare } from '../shares/replicated.ts'

import { open } from './arithmetic.ts'
import { bitToField } from './bit-to-field.ts'
import { dealSum } from './deal-field.ts'
import { flatLayout } from './layout.ts'
import { noPermutation, placeIndices } from './opened-permutation.ts'
import type { Party, Tag } from './party.ts'
import { moveRows } from './permute.ts'
import { type Rows, shuffle } from './shuffle.ts'

/**
 * The rows whose flag is 1.
 * @param arena owns the result
 * @param tag of the first round; the others have the steps that follow
 * @param flags a plane over the rows
 * @param count how many flags are 1
 * @throws ShareholdError SH_ROUND_*; SH_PROTOCOL_PERMUTATION if there are more or fewer
 */
export async function compact(
  party: Party,
  arena: Arena,
  tag: Tag,
  rows: Rows,
  flags: BitShare,
  count: number,
): Promise<Rows> {
  const { committee, index } = party
  const { length } = rows
  const scratch = arena.child()
  try {
    let step = tag.step
    const next = (rounds: number): Tag => ({ ...tag, step: (step += rounds) - rounds })
    const layout = flatLayout(length)
    const [bits] = await bitToField(party, scratch, next(committee.t + 1), [flags], layout)
    const product = scratch.elements(length)
    vector.prefixSum(product, bits!)
    vector.mul(product, product, bits!)
    vector.scale(product, product, lagrange(parties(committee), 0)[index - 1]!)
    const numbers = await dealSum(party, scratch, next(1), parties(committee), length, product)
    const together = { ...rows, field: [numbers, ...rows.field] }
    const passes = length === 0 ? 0 : committee.sets.length
    const shuffled = await shuffle(party, scratch, next(passes), together)
    const [places, ...field] = shuffled.field
    const opened = await open(party, scratch, next(1), places!)
    const indices = placesOf(scratch, opened, count)
    return moveRows(
      party,
      arena,
      { ...shuffled, field },
      (out, column) => gatherWords(out, column, indices),
      count,
    )
  } finally {
    scratch.release()
  }
}

/** Where the numbers 1..count are. @throws ShareholdError SH_PROTOCOL_PERMUTATION */
function placesOf(arena: Arena, opened: FpVector, count: number): Block {
  const { length, ptr } = opened
  const halves = new Uint32Array(view(blockOf(opened)).buffer, ptr, 2 * length)
  const places = new Uint32Array(count)
  const seen = new Uint8Array(count)
  let found = 0
  for (let row = 0; row < length; row++) {
    const number = halves[2 * row]!
    if (halves[2 * row + 1] !== 0 || number > count) throw noPermutation()
    if (number === 0) continue
    if (seen[number - 1] === 1) throw noPermutation()
    seen[number - 1] = 1
    places[number - 1] = row
    found++
  }
  if (found !== count) throw noPermutation()
  return placeIndices(arena, places)
}
