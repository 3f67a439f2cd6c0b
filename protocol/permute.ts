/**
 * Rows in an order that is shared: a permutation that nobody knows, spelt in binary, one number a lane.
 *
 * Gathering, lane k from lane order[k]: the numbers are shuffled and opened, everybody fetches the rows that
 * they name, in the order in which they were opened, and the shuffle is undone on the rows.
 * Scattering, lane k to lane order[k]: rows and numbers are shuffled together, the numbers are opened, and
 * rows go where they say.
 * Source: Chida et al. (eprint 2019/695), ApplyPerm and its inverse, over CNF sharing.
 *
 * Secure against t semi-honest parties: what is opened is the order after a shuffle that they do not know,
 * uniform whatever the order was. Nobody learns anything.
 * Cost: C(n,t) rounds for a shuffle, one opening; gathering undoes the shuffle, C(n,t) rounds more.
 */
import { gatherWords, scatterWords } from '../shares/bits/permute.ts'
import { planeBytes } from '../shares/bits/plane.ts'
import { type Arena, type Block, blockOf } from '../shares/field/memory.ts'
import { type BitShare, component, newBitShare } from '../shares/replicated.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import { openWords } from './open-words.ts'
import { openedPermutation } from './opened-permutation.ts'
import { packRows } from './packed-rows.ts'
import type { Party, Tag } from './party.ts'
import { drawOrders, type Rows, shuffle, unshuffle } from './shuffle.ts'

/** Whether lane k comes from lane order[k], or goes there. */
export type Direction = 'from' | 'to'

/**
 * The rows in their new order.
 * @param arena owns the result
 * @param tag of the first round; the others have the steps that follow
 * @param order planes, lowest first, of the numbers 0..rows.length-1, each once
 * @throws ShareholdError SH_ROUND_*; SH_PROTOCOL_PERMUTATION if what is opened is none
 */
export async function permute(
  party: Party,
  arena: Arena,
  tag: Tag,
  rows: Rows,
  order: readonly BitShare[],
  direction: Direction,
): Promise<Rows> {
  const { length } = rows
  if (order.some(({ bytes }) => bytes !== planeBytes(length)) || order.length > 32) {
    throw new RangeError('an order of another length')
  }
  const scratch = arena.child()
  try {
    const numbers = packRows(party, scratch, order, length)
    const passes = length === 0 ? 0 : party.committee.sets.length
    const after = (step: number): Tag => ({ ...tag, step: tag.step + step })
    if (direction === 'to') {
      const together = { ...rows, words: [...numbers, ...rows.words] }
      const shuffled = await shuffle(party, scratch, tag, together)
      const [places, ...words] = shuffled.words
      const opened = await openWords(party, scratch, after(passes), places!)
      const indices = openedPermutation(scratch, opened, length)
      return moveRows(party, arena, { ...shuffled, words }, (out, column) =>
        scatterWords(out, column, indices),
      )
    }
    const orders = drawOrders(party, scratch, tag, length)
    const names = { length, field: [], words: numbers }
    const shuffled = await shuffle(party, scratch, tag, names, orders)
    const opened = await openWords(party, scratch, after(passes), shuffled.words[0]!)
    const indices = openedPermutation(scratch, opened, length)
    const fetched = moveRows(party, scratch, rows, (out, column) =>
      gatherWords(out, column, indices),
    )
    return await unshuffle(party, arena, after(passes + 1), fetched, orders)
  } finally {
    scratch.release()
  }
}

/** The same public moves for all columns. Local. */
export function moveRows(
  { committee }: Party,
  arena: Arena,
  rows: Rows,
  move: (out: Block, column: Block) => void,
  length: number = rows.length,
): Rows {
  const field = rows.field.map((column): ShamirShare => {
    const moved = arena.elements(length)
    move(blockOf(moved), blockOf(column))
    return asShamirShare(moved)
  })
  const words = rows.words.map((column): BitShare => {
    const moved = newBitShare(arena, committee, 8 * length)
    for (let position = 0; position < moved.components; position++) {
      move(component(moved, position), component(column, position))
    }
    return moved
  })
  return { length, field, words }
}
