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
    const { rows: all, place } = rowsByMember(memberOfRow, members, lanePositions(layout))
    let rows = all
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
    const order = placeLanes(scratch, pick(rows.lanes, place))
    return current.map((plane) => gatherLanes(party, arena, plane, order))
  } finally {
    scratch.release()
  }
}

/** The members that have the same number of rows left. */
interface RowClass {
  readonly rows: number
  readonly members: number
}

/**
 * Lanes of the current planes, class after class; within a class the first row of every member, then
 * the second of every member, and so on. So whatever is done to the k-th rows of a class is done to a
 * run of the list, without a branch per member.
 */
interface MemberRows {
  readonly lanes: Uint32Array
  readonly classes: readonly RowClass[]
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

function halve({ lanes, classes }: MemberRows): Level {
  const pairs = classes.reduce((sum, { rows, members }) => sum + (rows >> 1) * members, 0)
  const left = new Uint32Array(pairs)
  const right = new Uint32Array(pairs)
  const rest = new Uint32Array(lanes.length - 2 * pairs)
  let pair = 0
  let single = 0
  let at = 0
  for (const { rows, members } of classes) {
    for (let k = 0; k < rows >> 1; k++, at += 2 * members) {
      for (let m = 0; m < members; m++) {
        left[pair] = lanes[at + m]!
        right[pair++] = lanes[at + members + m]!
      }
    }
    if (rows % 2 === 0) continue
    for (let m = 0; m < members; m++) rest[single++] = lanes[at++]!
  }
  const next = (restAt: number): MemberRows => {
    const nextLanes = new Uint32Array(pairs + rest.length)
    let nextPair = 0
    let nextSingle = restAt
    let to = 0
    for (const { rows, members } of classes) {
      for (let k = (rows >> 1) * members; k > 0; k--) nextLanes[to++] = nextPair++
      if (rows % 2 === 0) continue
      for (let m = 0; m < members; m++) nextLanes[to++] = nextSingle++
    }
    const nextClasses = classes.map(({ rows, members }) => ({ rows: (rows + 1) >> 1, members }))
    return { lanes: nextLanes, classes: nextClasses }
  }
  return { left, right, rest, next }
}

/** list[at[0]], list[at[1]], ... */
function pick(list: Uint32Array, at: Uint32Array): Uint32Array {
  const out = new Uint32Array(at.length)
  for (let i = 0; i < at.length; i++) out[i] = list[at[i]!]!
  return out
}

interface SortedRows {
  readonly rows: MemberRows
  /** Where each member's first row stands among the first rows of all, once every member has one row. */
  readonly place: Uint32Array
}

/** Sorts the rows' lanes by classes of members, in row order within each member. */
function rowsByMember(
  memberOfRow: Uint32Array,
  members: number,
  positions: Uint32Array,
): SortedRows {
  if (memberOfRow.length !== positions.length) {
    throw new RangeError('memberOfRow has not one entry per row')
  }
  // One loop a function: so each is compiled as soon as it is hot.
  const rowsOf = countRows(memberOfRow, members)
  const membersWith = histogram(rowsOf)
  if (membersWith[0]! > 0) throw new RangeError(`member ${rowsOf.indexOf(0)} has no row`)
  const classes = Array.from(membersWith, (count, rows) => ({ rows, members: count })).filter(
    (one) => one.members > 0,
  )
  const lanesBefore = new Uint32Array(membersWith.length)
  const membersBefore = new Uint32Array(membersWith.length)
  let lane = 0
  let member = 0
  for (const { rows, members: count } of classes) {
    lanesBefore[rows] = lane
    membersBefore[rows] = member
    lane += rows * count
    member += count
  }
  const place = enumerate(rowsOf, membersBefore)
  const firstLane = enumerate(rowsOf, lanesBefore)
  const lanes = sortLanes(memberOfRow, positions, rowsOf, membersWith, firstLane)
  return { rows: { lanes, classes }, place }
}

function countRows(memberOfRow: Uint32Array, members: number): Uint32Array {
  const rowsOf = new Uint32Array(members)
  for (let row = 0; row < memberOfRow.length; row++) {
    const member = memberOfRow[row]!
    if (member >= members) throw new RangeError(`no member ${member} of ${members}`)
    rowsOf[member]!++
  }
  return rowsOf
}

/** How many members have 0, 1, 2, ... rows. */
function histogram(rowsOf: Uint32Array): Uint32Array {
  let most = 0
  for (let m = 0; m < rowsOf.length; m++) most = Math.max(most, rowsOf[m]!)
  const membersWith = new Uint32Array(most + 1)
  for (let m = 0; m < rowsOf.length; m++) membersWith[rowsOf[m]!]!++
  return membersWith
}

/** Numbers the members of each class consecutively. @param next the first number of each class; changed */
function enumerate(rowsOf: Uint32Array, next: Uint32Array): Uint32Array {
  const numbers = new Uint32Array(rowsOf.length)
  for (let m = 0; m < rowsOf.length; m++) numbers[m] = next[rowsOf[m]!]!++
  return numbers
}

/** @param target where the next row of each member belongs; changed */
function sortLanes(
  memberOfRow: Uint32Array,
  positions: Uint32Array,
  rowsOf: Uint32Array,
  membersWith: Uint32Array,
  target: Uint32Array,
): Uint32Array {
  const lanes = new Uint32Array(memberOfRow.length)
  for (let row = 0; row < memberOfRow.length; row++) {
    const member = memberOfRow[row]!
    const to = target[member]!
    lanes[to] = positions[row]!
    target[member] = to + membersWith[rowsOf[member]!]!
  }
  return lanes
}
