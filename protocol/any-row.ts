import { compressLanes, depositLanes, shiftLanes } from '../shares/bits/lanes.ts'
/**
 * From rows to members: for each member, whether any of its rows has the bit set (a segmented OR).
 *
 * Which row belongs to whom is public. With the rows of each member adjacent (row-order.ts), every row
 * takes the OR of itself and the row 1, then 2, 4, ... rows before it, if that is the same member's; then
 * the last row of each member has the OR of all. Shifts and masks are public, so nothing is looked up row
 * by row. In a round that concerns few rows, they are picked out beforehand.
 *
 * Secure as AND is (boolean.ts); nobody learns anything. Cost: ceil(log2 of the most rows of a member)
 * rounds, all planes in the same; in each an AND a row and plane, or one for each row that has another one
 * of its member so far before it, if these are fewer than an eighth of all.
 */
import { and, not, planeBytes, popcount, xor } from '../shares/bits/plane.ts'
import { type Arena, type Block, view } from '../shares/field/memory.ts'
import { type BitShare, component, newBitShare, wholeBlock } from '../shares/replicated.ts'

import { andBits, type BitPair, maskBits } from './boolean.ts'
import { gatherLanes, placeLanes } from './gather.ts'
import type { Layout } from './layout.ts'
import type { Party, Tag } from './party.ts'
import { rowOrder } from './row-order.ts'

/** Where fewer rows than one in so many are concerned, they are picked out. */
const SPARSE = 8

/**
 * One plane over the members for each plane over the rows.
 * @param arena owns the results
 * @param tag of the first round; the others have the steps that follow
 * @param planes in this layout
 * @param memberOfRow index of each row's member, not to be changed afterwards; rows of a member need not
 *   be adjacent
 * @param members number of members; each has a row
 * @throws ShareholdError SH_ROUND_*
 * @throws RangeError if memberOfRow does not fit the layout, or a member has no row
 */
export async function anyRow(
  party: Party,
  arena: Arena,
  tag: Tag,
  planes: readonly BitShare[],
  layout: Layout,
  memberOfRow: Uint32Array,
  members: number,
): Promise<BitShare[]> {
  const { positions, last } = rowOrder(memberOfRow, members, layout)
  const scratch = arena.child()
  try {
    const ends = scratch.bytes(last.length)
    view(ends).set(last)
    let current: readonly BitShare[] = planes
    if (positions !== undefined) {
      const list = placeLanes(scratch, positions)
      current = planes.map((plane) => gatherLanes(party, scratch, plane, list))
      scratch.free(list.block)
    }
    const within = sameAsBefore(scratch, ends, layout.lanes)
    for (let round = 0; ; round++) {
      const distance = 2 ** round
      const concerned = popcount(within)
      if (concerned === 0) break
      const temporary = scratch.child()
      try {
        const level = SPARSE * concerned < layout.lanes ? pickedLevel : wholeLevel
        const at = { ...tag, step: tag.step + round }
        const next = await level(party, temporary, at, current, { distance, within, concerned })
        if (current !== planes) for (const plane of current) scratch.free(plane)
        current = next
        // Twice as far is the same member's if both halves of the way are.
        const before = temporary.bytes(within.bytes)
        shiftLanes(before, within, distance)
        and(within, within, before)
      } finally {
        temporary.release()
      }
    }
    return current.map((plane) => pick(party, arena, plane, ends, members))
  } finally {
    scratch.release()
  }
}

/** 1 where the row before is the same member's: the complement of the last rows, one row later. */
function sameAsBefore(arena: Arena, ends: Block, rows: number): Block {
  const inner = arena.bytes(ends.bytes)
  not(inner, ends)
  const within = arena.bytes(ends.bytes)
  shiftLanes(within, inner, 1)
  arena.free(inner)
  const bytes = view(within)
  bytes.fill(0, Math.ceil(rows / 8))
  if (rows % 8 !== 0) bytes[rows >> 3]! &= (1 << (rows & 7)) - 1
  return within
}

interface Level {
  readonly distance: number
  /** 1 in the rows that have another one of their member that far before them. */
  readonly within: Block
  /** How many these are. */
  readonly concerned: number
}

/** @param arena for what the round needs; its parent owns the results */
type RunLevel = (
  party: Party,
  arena: Arena,
  tag: Tag,
  planes: readonly BitShare[],
  level: Level,
) => Promise<BitShare[]>

/** x OR (y AND within) for all rows, y being that far before x: x + y + xy. */
const wholeLevel: RunLevel = async (party, arena, tag, planes, { distance, within }) => {
  const pairs = planes.map((plane): BitPair => {
    const before = shifted(party, arena, plane, distance)
    return [plane, maskBits(party, arena, before, within)]
  })
  const ors = await andBits(party, arena, tag, pairs)
  ors.forEach((or, k) => {
    for (const operand of pairs[k]!) xor(wholeBlock(or), wholeBlock(or), wholeBlock(operand))
  })
  return ors.map((or) => arena.keep(or))
}

/** The same for the rows concerned alone: x changes by y + xy. */
const pickedLevel: RunLevel = async (party, arena, tag, planes, level) => {
  const { distance, within, concerned } = level
  const pairs = planes.map((plane): BitPair => {
    const before = shifted(party, arena, plane, distance)
    const operands: BitPair = [
      pick(party, arena, plane, within, concerned),
      pick(party, arena, before, within, concerned),
    ]
    arena.free(before)
    return operands
  })
  const products = await andBits(party, arena, tag, pairs)
  return planes.map((plane, k) => {
    const change = products[k]!
    xor(wholeBlock(change), wholeBlock(change), wholeBlock(pairs[k]![1]))
    const next = newBitShare(arena, party.committee, plane.bytes)
    for (let position = 0; position < next.components; position++) {
      depositLanes(component(next, position), component(change, position), within, concerned)
    }
    xor(wholeBlock(next), wholeBlock(next), wholeBlock(plane))
    return arena.keep(next)
  })
}

function shifted(party: Party, arena: Arena, plane: BitShare, by: number): BitShare {
  const out = newBitShare(arena, party.committee, plane.bytes)
  for (let position = 0; position < out.components; position++) {
    shiftLanes(component(out, position), component(plane, position), by)
  }
  return out
}

/** The lanes where a public mask has one of its `count` ones. */
function pick(party: Party, arena: Arena, plane: BitShare, mask: Block, count: number): BitShare {
  const out = newBitShare(arena, party.committee, planeBytes(count))
  for (let position = 0; position < out.components; position++) {
    compressLanes(component(out, position), component(plane, position), mask, count)
  }
  return out
}
