/**
 * Where the rows of each member lie: public, the same for all jobs on a dataset version, and so worked out
 * once for each list of rows.
 *
 * Rows count as ordered if the rows of each member are adjacent and members ascend, as they are within a
 * part; else there is a list that brings them into that order. Memory: a bit a row, and four bytes a row for
 * the list.
 */
import { planeBytes } from '../shares/bits/plane.ts'

import { forEachRun, lanePositions, type Layout } from './layout.ts'

export interface RowOrder {
  /** Position of each row in a plane, ordered; undefined if rows lie ordered, without gaps between them. */
  readonly positions: Uint32Array | undefined
  /** A plane over the ordered rows: 1 in the last row of each member. */
  readonly last: Uint8Array
}

interface Known {
  readonly runs: string
  readonly members: number
  readonly order: RowOrder
}

const knownOrders = new WeakMap<Uint32Array, Known>()

/**
 * The order of the rows of a table.
 * @param memberOfRow index of each row's member, in any order; not to be changed afterwards
 * @param members number of members; each has a row
 * @throws RangeError if memberOfRow does not fit the layout, or a member has no row
 */
export function rowOrder(memberOfRow: Uint32Array, members: number, layout: Layout): RowOrder {
  const runs = layout.runs.join()
  const known = knownOrders.get(memberOfRow)
  if (known?.runs === runs && known.members === members) return known.order
  if (memberOfRow.length !== layout.lanes) {
    throw new RangeError('memberOfRow has not one entry per row')
  }
  const order = isOrdered(memberOfRow, members)
    ? {
        positions: hasGaps(layout) ? lanePositions(layout) : undefined,
        last: lastRows(memberOfRow),
      }
    : sortRows(memberOfRow, members, lanePositions(layout))
  knownOrders.set(memberOfRow, { runs, members, order })
  return order
}

/** The rows in the order of their members, by number; undefined if they lie in it. @see rowOrder */
export function rowsByMember(memberOfRow: Uint32Array, members: number): Uint32Array | undefined {
  if (isOrdered(memberOfRow, members)) return undefined
  const rows = Uint32Array.from({ length: memberOfRow.length }, (_, row) => row)
  return sortRows(memberOfRow, members, rows).positions
}

/** How many rows each member has. @param memberOfRow index of each row's member, in any order */
export function rowsOfMembers(memberOfRow: Uint32Array, members: number): Uint32Array {
  const rows = new Uint32Array(members)
  for (let row = 0; row < memberOfRow.length; row++) rows[memberOfRow[row]!]!++
  return rows
}

/** Whether members ascend without leaving one out. */
function isOrdered(memberOfRow: Uint32Array, members: number): boolean {
  // As if a member -1 came before, and member `members` after.
  let last = -1
  for (let row = 0; row < memberOfRow.length; row++) {
    const member = memberOfRow[row]!
    if (member !== last && member !== last + 1) return false
    last = member
  }
  return last + 1 === members
}

/** Whether padding lies between rows. */
function hasGaps(layout: Layout): boolean {
  let gaps = false
  forEachRun(layout, (firstLane, firstByte) => {
    if (8 * firstByte !== firstLane) gaps = true
  })
  return gaps
}

/** 1 where the next row, if there is one, is another member's. */
function lastRows(memberOfRow: Uint32Array): Uint8Array {
  const plane = new Uint8Array(planeBytes(memberOfRow.length))
  const end = memberOfRow.length
  for (let from = 0; from < end; from += 8) {
    let byte = 0
    for (let row = from; row < from + 8 && row < end; row++) {
      if (row + 1 === end || memberOfRow[row + 1] !== memberOfRow[row]) byte |= 1 << (row & 7)
    }
    plane[from >> 3] = byte
  }
  return plane
}

/** Sorts by member, and leaves the rows of a member as they stand. */
function sortRows(memberOfRow: Uint32Array, members: number, positions: Uint32Array): RowOrder {
  const next = firstPlaces(memberOfRow, members)
  const sorted = new Uint32Array(memberOfRow.length)
  for (let row = 0; row < memberOfRow.length; row++) {
    sorted[next[memberOfRow[row]!]!++] = positions[row]!
  }
  const last = new Uint8Array(planeBytes(memberOfRow.length))
  // By now, each is where the next member begins.
  for (const end of next) last[(end - 1) >> 3]! |= 1 << ((end - 1) & 7)
  return { positions: sorted, last }
}

/** Where each member's rows begin among the sorted rows. */
function firstPlaces(memberOfRow: Uint32Array, members: number): Uint32Array {
  const places = new Uint32Array(members)
  for (let row = 0; row < memberOfRow.length; row++) {
    const member = memberOfRow[row]!
    if (member >= members) throw new RangeError(`no member ${member} of ${members}`)
    places[member]!++
  }
  let before = 0
  for (let member = 0; member < members; member++) {
    const rows = places[member]!
    if (rows === 0) throw new RangeError(`member ${member} has no row`)
    places[member] = before
    before += rows
  }
  return places
}
