/**
 * Who beats all others: from the outcomes of all comparisons to a plane that is 1 for the winner.
 *
 * Few outcomes are joined by ANDs. Of many, the ones are counted modulo 2^k (ring-count.ts), the counts opened
 * under masks (masked-open.ts), and whether a count is that of all is looked up among the values that the mask
 * may have (mask-values.ts), which are known by then. Secure as these are; nobody learns anything.
 * Cost for m others: ceil(log2 m) rounds and m - 1 ANDs a lane; or t + 1 rounds, and at n = 3 a third of 8m bits
 * a lane besides 11 ANDs (278, if m > 15) in 3 rounds at most, which are beside what comes before.
 */
import { zero } from '../shares/bits/plane.ts'
import { add, newRing, ringBlock, type RingVector, sliceRing } from '../shares/bits/ring.ts'
import { type Arena, view } from '../shares/field/memory.ts'
import type { BitShare } from '../shares/replicated.ts'

import { andBits } from './boolean.ts'
import { cutPlane, gatherLanes, joinPlanes, placeLanes } from './gather.ts'
import { placeOf, type ValuePlanes, valuePlanes, valueRounds } from './mask-values.ts'
import { drawMasks, maskNumbers, type Masks, openSum } from './masked-open.ts'
import type { Party, Tag } from './party.ts'
import { bitsToRing } from './ring-count.ts'
import { isCounted } from './tournament.ts'

/** What is prepared for counting. */
export interface WinnerTables {
  readonly masks: Masks
  readonly values: ValuePlanes
}

/** Bits of a count of up to so many. */
export function countBits(others: number): number {
  return Math.floor(Math.log2(others)) + 1
}

/** Rounds of `prepareWinner`. */
export function preparingRounds(others: number, t: number): number {
  return isCounted(others, t) ? valueRounds(countBits(others)) : 0
}

/** Rounds of `findWinner`. */
export function winnerRounds(others: number, t: number): number {
  return isCounted(others, t) ? t + 1 : Math.ceil(Math.log2(others))
}

/**
 * What does not depend on the outcomes.
 * @param arena owns the result
 * @param tag of the first of `preparingRounds` rounds
 * @param bytes of a plane of candidates
 * @returns undefined if the winner is not found by counting
 * @throws ShareholdError SH_ROUND_*
 */
export async function prepareWinner(
  party: Party,
  arena: Arena,
  tag: Tag,
  others: number,
  bytes: number,
): Promise<WinnerTables | undefined> {
  if (!isCounted(others, party.committee.t)) return undefined
  const scratch = arena.child()
  try {
    const bits = countBits(others)
    const masks = drawMasks(party, arena, tag, 8 * bytes, bits)
    const digits = Array.from({ length: bits }, (_, i) =>
      cutPlane(party, scratch, masks.planes, i * bytes, (i + 1) * bytes),
    )
    return { masks, values: await valuePlanes(party, arena, tag, digits) }
  } finally {
    scratch.release()
  }
}

/**
 * @param arena owns the result
 * @param tag of the first of `winnerRounds` rounds
 * @param outcomes one plane of candidates for each other, on end: 1 if the candidate beats it
 * @param bytes of a plane, a multiple of 16
 * @param tables of `prepareWinner`
 * @throws ShareholdError SH_ROUND_*
 */
export async function findWinner(
  party: Party,
  arena: Arena,
  tag: Tag,
  outcomes: BitShare,
  bytes: number,
  tables: WinnerTables | undefined,
): Promise<BitShare> {
  return tables === undefined
    ? joinOutcomes(party, arena, tag, outcomes, bytes)
    : countOutcomes(party, arena, tag, outcomes, bytes, tables)
}

async function joinOutcomes(
  party: Party,
  arena: Arena,
  tag: Tag,
  outcomes: BitShare,
  bytes: number,
): Promise<BitShare> {
  const scratch = arena.child()
  try {
    let left = cutPlane(party, scratch, outcomes, 0, outcomes.bytes)
    for (let step = tag.step; left.bytes > bytes; step++) {
      const half = Math.floor(left.bytes / bytes / 2) * bytes
      const part = (from: number, to: number): BitShare => cutPlane(party, scratch, left, from, to)
      const pair = [part(0, half), part(half, 2 * half)] as const
      const [both] = await andBits(party, scratch, { ...tag, step }, [pair])
      left = joinPlanes(party, scratch, [both!, part(2 * half, left.bytes)])
    }
    return scratch.keep(left)
  } finally {
    scratch.release()
  }
}

async function countOutcomes(
  party: Party,
  arena: Arena,
  tag: Tag,
  outcomes: BitShare,
  bytes: number,
  { masks, values }: WinnerTables,
): Promise<BitShare> {
  const others = outcomes.bytes / bytes
  const lanes = 8 * bytes
  const scratch = arena.child()
  try {
    const joined = joinPlanes(party, scratch, [outcomes, masks.planes])
    const ring = await bitsToRing(party, scratch, tag, joined, 1)
    const sum = newRing(scratch, lanes, 1)
    zero(ringBlock(sum))
    const addPart = (part: RingVector): void => add(sum, sum, part)
    for (let k = 0; k < others; k++) addPart(sliceRing(ring, k * lanes, (k + 1) * lanes))
    const end = others * lanes
    addPart(maskNumbers(masks, sliceRing(ring, end, end + masks.bits * lanes)))

    const next = { ...tag, step: tag.step + party.committee.t }
    const opened = await openSum(party, scratch, next, sum, lanes, masks.bits)
    // The count is that of all iff the mask is what was opened less that.
    const places = new Uint32Array(lanes)
    const numbers = view(ringBlock(opened))
    for (let lane = 0; lane < lanes; lane++) {
      const value = (numbers[lane]! - others) & (2 ** masks.bits - 1)
      places[lane] = placeOf(values, value) * lanes + lane
    }
    return gatherLanes(party, arena, values.equal, placeLanes(scratch, places))
  } finally {
    scratch.release()
  }
}
