/**
 * Opening of numbers that the parties hold as summands modulo 2^k, each under a mask of its own: all learn c =
 * a + r. The mask is known bit by bit, CNF-shared, and so c and these bits are a sharing of a for circuits.
 *
 * The bits of r are pseudo-random components (prss.ts), hence r is uniform modulo 2^k to every t parties; a
 * sharing of zero makes the summands themselves uniform but for their sum. So what is opened can be made up
 * without a: secure against t semi-honest parties; nobody learns anything.
 * Cost: 1 round; an element from every party to every other one.
 */
import { copy, planeBytes } from '../shares/bits/plane.ts'
import {
  add,
  keepBits,
  newRing,
  ringBlock,
  type RingVector,
  sliceRing,
  subtract,
} from '../shares/bits/ring.ts'
import { parties, zeroPeers } from '../shares/committee.ts'
import { type Arena, sliceBlock, view } from '../shares/field/memory.ts'
import { ivOf } from '../shares/prg.ts'
import { prssBits } from '../shares/prss.ts'
import type { BitShare } from '../shares/replicated.ts'

import type { Party, Tag } from './party.ts'
import { exchange } from './round.ts'

/** Numbers below 2^bits, uniform to every t parties. */
export interface Masks {
  readonly count: number
  readonly bits: number
  /** `bits` planes on end, least significant first; lane q of each is of mask q. */
  readonly planes: BitShare
}

/** Pseudo-random masks. Local. @param tag no other masks may have it */
export function drawMasks(
  party: Party,
  arena: Arena,
  tag: Tag,
  count: number,
  bits: number,
): Masks {
  const { committee, index, keys, prg } = party
  const keyOf = (setIndex: number): Uint8Array => keys.set(setIndex, 'prss', 0)
  const bytes = bits * planeBytes(count)
  return {
    count,
    bits,
    planes: prssBits(arena, committee, index, keyOf, tag, bytes, prg),
  }
}

/**
 * Opens numbers modulo 2^bits. The parties' numbers may be anything: what is told is their sum.
 * @param arena owns the result
 * @param summands this party's; overwritten
 * @param count of them; what follows in the vector is not sent
 * @returns the numbers
 * @throws ShareholdError SH_ROUND_*
 */
export async function openSum(
  party: Party,
  arena: Arena,
  tag: Tag,
  summands: RingVector,
  count: number,
  bits: number,
): Promise<RingVector> {
  const { committee, index } = party
  const { length, width } = summands
  const scratch = arena.child()
  try {
    addZeroSharing(party, scratch, tag, summands)
    keepBits(scratch, summands, bits)
    const bytes = count * width
    const sent = sliceBlock(ringBlock(summands), 0, bytes)
    const others = parties(committee).filter((other) => other !== index)
    const received = others.map((from) => ({ from, vector: newRing(scratch, length, width) }))
    await exchange(
      party,
      tag,
      others.map((to) => ({ to, payload: sent })),
      received.map(({ from, vector }) => ({ from, into: sliceBlock(ringBlock(vector), 0, bytes) })),
    )
    const sum = newRing(arena, length, width)
    copy(ringBlock(sum), ringBlock(summands))
    for (const { vector } of received) add(sum, sum, vector)
    keepBits(scratch, sum, bits)
    return sum
  } finally {
    scratch.release()
  }
}

/** Adds this party's numbers of a sharing of zeros, as in prss.ts. */
function addZeroSharing(party: Party, arena: Arena, tag: Tag, summands: RingVector): void {
  const { committee, index, keys, prg } = party
  const stream = newRing(arena, summands.length, summands.width)
  for (const peer of zeroPeers(committee, index)) {
    prg.fill(keys.pair(peer, 'przs', 0), ivOf(tag), view(ringBlock(stream)))
    if (peer > index) add(summands, summands, stream)
    else subtract(summands, summands, stream)
  }
}

/**
 * The masks as numbers, from what bitsToRing makes of their planes. Local; overwrites it.
 * @param digits one vector for each bit, on end
 * @returns a part of `digits`
 */
export function maskNumbers({ bits }: Masks, digits: RingVector): RingVector {
  const lanes = digits.length / bits
  const digit = (i: number): RingVector => sliceRing(digits, i * lanes, (i + 1) * lanes)
  const sum = digit(bits - 1)
  for (let i = bits - 2; i >= 0; i--) {
    add(sum, sum, sum)
    add(sum, sum, digit(i))
  }
  return sum
}
