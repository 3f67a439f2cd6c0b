/**
 * Opening of numbers that the parties hold as summands modulo 2^k, each under a mask of its own: all learn c =
 * a + r. The mask is known bit by bit, CNF-shared, and so c and these bits are a sharing of a for circuits.
 *
 * The bits of r are pseudo-random components (prss.ts), hence r is uniform modulo 2^k to every t parties; a
 * sharing of zero makes the summands themselves uniform but for their sum. So what is opened can be made up
 * without a: secure against t semi-honest parties; nobody learns anything.
 * Cost: 1 round; an element from every party to every other one.
 */
import { planeBytes } from '../shares/bits/plane.ts'
import { readIntegers, type RingWidth, writeIntegers } from '../shares/bits/ring.ts'
import { parties, zeroPeers } from '../shares/committee.ts'
import { type Arena, view } from '../shares/field/memory.ts'
import { ivOf } from '../shares/prg.ts'
import { prssBits } from '../shares/prss.ts'
import type { BitShare } from '../shares/replicated.ts'

import type { Party, Tag } from './party.ts'
import { exchange } from './round.ts'

/** Numbers below 2^bits. */
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
 * @param arena for what it needs
 * @param summands this party's
 * @param width of an element in the message
 * @throws ShareholdError SH_ROUND_*
 */
export async function openSum(
  party: Party,
  arena: Arena,
  tag: Tag,
  summands: readonly bigint[],
  bits: number,
  width: RingWidth,
): Promise<bigint[]> {
  const { committee, index } = party
  const scratch = arena.child()
  try {
    const zeros = zeroSharing(party, scratch, tag, summands.length, width)
    const own = summands.map((summand, k) => BigInt.asUintN(bits, summand + zeros[k]!))
    const bytes = summands.length * width
    const sent = scratch.bytes(bytes)
    writeIntegers(view(sent), own, width)
    const others = parties(committee).filter((other) => other !== index)
    const incoming = others.map((from) => ({ from, into: scratch.bytes(bytes) }))
    await exchange(
      party,
      tag,
      others.map((to) => ({ to, payload: sent })),
      incoming,
    )
    const received = incoming.map(({ into }) => readIntegers(view(into), width))
    return own.map((number, k) =>
      BigInt.asUintN(
        bits,
        received.reduce((sum, numbers) => sum + numbers[k]!, number),
      ),
    )
  } finally {
    scratch.release()
  }
}

/** This party's numbers of a sharing of zeros, as in prss.ts. */
function zeroSharing(
  { committee, index, keys, prg }: Party,
  arena: Arena,
  tag: Tag,
  count: number,
  width: RingWidth,
): bigint[] {
  const stream = arena.bytes(count * width)
  const sums = Array.from({ length: count }, () => 0n)
  for (const peer of zeroPeers(committee, index)) {
    prg.fill(keys.pair(peer, 'przs', 0), ivOf(tag), view(stream))
    readIntegers(view(stream), width).forEach((number, k) => {
      sums[k]! += peer > index ? number : -number
    })
  }
  return sums
}
