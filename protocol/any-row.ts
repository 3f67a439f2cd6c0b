/**
 * From rows to members: for each member, whether any of its rows has the bit set (a segmented OR).
 *
 * Which row belongs to whom is public. In each round the rows left of every member are paired and each
 * pair is replaced by its OR, so a member with r rows is done after ceil(log2 r) rounds; nothing
 * happens across members, so nothing but the public boundaries shapes the rounds.
 *
 * Secure as AND is (boolean.ts); nobody learns anything. Cost: rows - members ANDs per plane;
 * ceil(log2 of the most rows of a member) rounds, all planes in the same.
 */
import { xor } from '../shares/bits/plane.ts'
import type { Arena } from '../shares/field/memory.ts'
import { type BitShare, wholeBlock } from '../shares/replicated.ts'

import { andBits } from './boolean.ts'
import { gatherLanes, joinPlanes, placeLanes } from './gather.ts'
import { lanePositions, type Layout } from './layout.ts'
import type { Party, Tag } from './party.ts'

/**
 * One plane over the members for each plane over the rows.
 * @param arena owns the results
 * @param tag of the first round; the others have the steps that follow
 * @param planes in this layout
 * @param memberOfRow index of each row's member; rows of a member need not be adjacent
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
  const scratch = arena.child()
  try {
    let rows = rowsByMember(memberOfRow, members, lanePositions(layout))
    let current: readonly BitShare[] = planes
    for (let step = tag.step; rows.lanes.length > members; step++) {
      const level = halve(rows)
      const round = scratch.child()
      try {
        const left = placeLanes(round, level.left)
        const right = placeLanes(round, level.right)
        const rest = placeLanes(round, level.rest)
        const pairs = current.map(
          (plane) =>
            [
              gatherLanes(party, round, plane, left),
              gatherLanes(party, round, plane, right),
            ] as const,
        )
        const ors = await andBits(party, round, { ...tag, step }, pairs)
        const next = ors.map((or, k) => {
          // x OR y = xy + x + y.
          for (const operand of pairs[k]!) xor(wholeBlock(or), wholeBlock(or), wholeBlock(operand))
          const alone = gatherLanes(party, round, current[k]!, rest)
          return joinPlanes(party, scratch, [or, alone])
        })
        if (current !== planes) for (const plane of current) scratch.free(plane)
        current = next
        rows = level.next(8 * ors[0]!.bytes)
      } finally {
        round.release()
      }
    }
    const order = placeLanes(scratch, rows.lanes)
    return current.map((plane) => gatherLanes(party, arena, plane, order))
  } finally {
    scratch.release()
  }
}

/** Lanes of the current planes, member after member: those of member m are lanes[starts[m]..starts[m+1]-1]. */
interface MemberRows {
  readonly lanes: Uint32Array
  readonly starts: Uint32Array
}

interface Level {
  /** left[i] and right[i] are paired. */
  readonly left: Uint32Array
  readonly right: Uint32Array
  /** The last row of each member with an odd number of them. */
  readonly rest: Uint32Array
  /** The rows of the next level, where pairs come first and the rest from lane `restAt` on. */
  next(restAt: number): MemberRows
}

function halve({ lanes, starts }: MemberRows): Level {
  const members = starts.length - 1
  const nextStarts = new Uint32Array(members + 1)
  let pairs = 0
  for (let m = 0; m < members; m++) {
    const count = starts[m + 1]! - starts[m]!
    pairs += count >> 1
    nextStarts[m + 1] = nextStarts[m]! + ((count + 1) >> 1)
  }
  const left = new Uint32Array(pairs)
  const right = new Uint32Array(pairs)
  const rest = new Uint32Array(nextStarts[members]! - pairs)
  let pair = 0
  let single = 0
  for (let m = 0; m < members; m++) {
    let at = starts[m]!
    for (; at + 1 < starts[m + 1]!; at += 2) {
      left[pair] = lanes[at]!
      right[pair++] = lanes[at + 1]!
    }
    if (at < starts[m + 1]!) rest[single++] = lanes[at]!
  }
  const next = (restAt: number): MemberRows => {
    const nextLanes = new Uint32Array(nextStarts[members]!)
    let nextPair = 0
    let nextSingle = restAt
    for (let m = 0; m < members; m++) {
      let at = nextStarts[m]!
      const count = starts[m + 1]! - starts[m]!
      for (let p = 0; p < count >> 1; p++) nextLanes[at++] = nextPair++
      if (count % 2 === 1) nextLanes[at] = nextSingle++
    }
    return { lanes: nextLanes, starts: nextStarts }
  }
  return { left, right, rest, next }
}

/** Sorts the rows' lanes by member, in row order within each. */
function rowsByMember(
  memberOfRow: Uint32Array,
  members: number,
  positions: Uint32Array,
): MemberRows {
  if (memberOfRow.length !== positions.length) {
    throw new RangeError('memberOfRow has not one entry per row')
  }
  const starts = new Uint32Array(members + 1)
  for (const member of memberOfRow) {
    if (member >= members) throw new RangeError(`no member ${member} of ${members}`)
    starts[member + 1]!++
  }
  for (let m = 0; m < members; m++) {
    if (starts[m + 1] === 0) throw new RangeError(`member ${m} has no row`)
    starts[m + 1]! += starts[m]!
  }
  const lanes = new Uint32Array(memberOfRow.length)
  const filled = starts.slice()
  for (let row = 0; row < memberOfRow.length; row++) {
    lanes[filled[memberOfRow[row]!]!++] = positions[row]!
  }
  return { lanes, starts }
}
