/**
 * Sums over the rows of each member. Whose each row is is public, so this is local: rows are brought into the order of
 * their members and summed up from the first on; a member's sum is the difference between its last row and the last
 * row before.
 */
import { gatherWords } from '../shares/bits/permute.ts'
import { type Arena, blockOf } from '../shares/field/memory.ts'
import { prefixSum, sub } from '../shares/field/vector.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import { shiftField } from './arrange.ts'
import { placeIndices } from './opened-permutation.ts'
import { rowsByMember } from './row-order.ts'

/**
 * @param arena owns the sums, a lane a member
 * @param vectors over all rows, in the order of the table
 * @param memberOfRow index of each row's member; each of `members` has a row
 */
export function memberSums(
  arena: Arena,
  vectors: readonly ShamirShare[],
  memberOfRow: Uint32Array,
  members: number,
): ShamirShare[] {
  const scratch = arena.child()
  const order = vectorOrder(scratch, memberOfRow, members)
  const ends = placeIndices(scratch, lastPlaces(memberOfRow, members))
  const sums = vectors.map((vector) => {
    const own = scratch.child()
    const upTo = own.elements(vector.length)
    prefixSum(upTo, order(own, vector))
    const atEnds = asShamirShare(own.elements(members))
    gatherWords(blockOf(atEnds), blockOf(upTo), ends)
    const sum = arena.elements(members)
    sub(sum, atEnds, shiftField(own, atEnds, 1))
    own.release()
    return asShamirShare(sum)
  })
  scratch.release()
  return sums
}

/** Brings vectors over all rows into the order of their members. @param arena owns the list of rows */
export function vectorOrder(
  arena: Arena,
  memberOfRow: Uint32Array,
  members: number,
): (own: Arena, vector: ShamirShare) => ShamirShare {
  const order = rowsByMember(memberOfRow, members)
  if (order === undefined) return (_own, vector) => vector
  const indices = placeIndices(arena, order)
  return (own, vector) => {
    const ordered = own.elements(vector.length)
    gatherWords(blockOf(ordered), blockOf(vector), indices)
    return asShamirShare(ordered)
  }
}

/** Where the last row of each member is, in the order of members. */
function lastPlaces(memberOfRow: Uint32Array, members: number): Uint32Array {
  const places = new Uint32Array(members)
  for (let row = 0; row < memberOfRow.length; row++) places[memberOfRow[row]!]!++
  let end = 0
  for (let member = 0; member < members; member++) {
    end += places[member]!
    places[member] = end - 1
  }
  return places
}
