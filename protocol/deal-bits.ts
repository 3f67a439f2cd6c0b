/**
 * Dealing bit strings: some parties each have one, and everybody gets a CNF sharing of each, or of their
 * XOR. A dealer's components are pseudo-random, from the keys of their sets, except the one that takes the
 * correction (committee.ts) and is sent to that set's t other members; components of sets without the
 * dealer are 0.
 *
 * Secure against t semi-honest parties: for every honest dealer there is a set that holds it and no corrupt
 * party, whose component they cannot tell from random. Nobody learns anything.
 * Cost: 1 round, t bits per bit and dealer. Source: protocol.md C3; CNF as Ito, Saito, Nishizeki 1987.
 */
import { xor, zero } from '../shares/bits/plane.ts'
import { type Arena, type Block, view } from '../shares/field/memory.ts'
import { ivOf } from '../shares/prg.ts'
import { type BitShare, component, newBitShare, wholeBlock } from '../shares/replicated.ts'

import { dealtTo } from './deal-field.ts'
import type { Party, Tag } from './party.ts'
import { exchange } from './round.ts'

/**
 * Shares the XOR of the dealers' bit strings.
 * @param arena owns the share
 * @param bytes of each string
 * @param own this party's string, if it is a dealer; overwritten
 * @throws ShareholdError SH_ROUND_*
 */
export async function dealXor(
  party: Party,
  arena: Arena,
  tag: Tag,
  dealers: readonly number[],
  bytes: number,
  own: Block | undefined,
): Promise<BitShare> {
  const { committee, index, keys, prg } = party
  const held = committee.held[index - 1]!
  const correctedBy = (dealer: number): number => held.indexOf(committee.correction[dealer - 1]!)
  const scratch = arena.child()
  try {
    const result = newBitShare(arena, committee, bytes)
    zero(wholeBlock(result))
    const stream = scratch.bytes(bytes)
    for (const [position, setIndex] of held.entries()) {
      const target = component(result, position)
      for (const dealer of dealers) {
        if (!committee.sets[setIndex]!.includes(dealer)) continue
        if (committee.correction[dealer - 1] === setIndex) continue
        prg.fill(keys.set(setIndex, 'input-bits', dealer), ivOf(tag), view(stream))
        xor(target, target, stream)
        if (dealer === index) xor(own!, own!, stream)
      }
    }
    const incoming = dealers
      .filter((dealer) => dealtTo(party, dealer).includes(index))
      .map((from) => ({ from, into: scratch.bytes(bytes) }))
    await exchange(
      party,
      tag,
      own === undefined ? [] : dealtTo(party, index).map((to) => ({ to, payload: own })),
      incoming,
    )
    const corrections = incoming.map(({ from, into }) => ({ dealer: from, plane: into }))
    if (own !== undefined) corrections.push({ dealer: index, plane: own })
    for (const { dealer, plane } of corrections) {
      const target = component(result, correctedBy(dealer))
      xor(target, target, plane)
    }
    return result
  } finally {
    scratch.release()
  }
}
