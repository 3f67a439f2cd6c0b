/**
 * Opening of CNF-shared words to all parties. Party i lacks the components of the sets that it is not in;
 * any t of the other 2t parties meet all of these, so the t parties after it, each as the speaker for the sets
 * that hold no earlier one of them, send it one word each: the XOR of the components they speak for.
 *
 * Secure against t semi-honest parties: together they lack one component only, and that follows from what is
 * opened; so everything they receive does, too. Everybody learns the words, and nothing else.
 * Cost: 1 round, t words a party.
 */
import { copy, xor } from '../shares/bits/plane.ts'
import { cyclic } from '../shares/committee.ts'
import type { Arena, Block } from '../shares/field/memory.ts'
import { type BitShare, component } from '../shares/replicated.ts'

import { dealtTo } from './deal-field.ts'
import type { Party, Tag } from './party.ts'
import { exchange } from './round.ts'

/**
 * The opened words.
 * @param arena owns the result
 * @throws ShareholdError SH_ROUND_*
 */
export async function openWords(
  party: Party,
  arena: Arena,
  tag: Tag,
  words: BitShare,
): Promise<Block> {
  const { committee, index } = party
  const scratch = arena.child()
  try {
    const incoming = Array.from({ length: committee.t }, (_, k) => ({
      from: cyclic(committee, index + 1 + k),
      into: scratch.bytes(words.bytes),
    }))
    const outgoing = dealtTo(party, index).map((to) => {
      const payload = scratch.bytes(words.bytes)
      sumOf(payload, words, spokenFor(party, to))
      return { to, payload }
    })
    await exchange(party, tag, outgoing, incoming)
    const opened = arena.bytes(words.bytes)
    sumOf(opened, words, [...committee.held[index - 1]!.keys()])
    for (const { into } of incoming) xor(opened, opened, into)
    return opened
  } finally {
    scratch.release()
  }
}

/** Positions of the components that this party sends to another one. */
function spokenFor({ committee, index }: Party, to: number): number[] {
  const before = (index - to + committee.n) % committee.n
  const earlier = Array.from({ length: before }, (_, k) => cyclic(committee, to + k))
  return committee.held[index - 1]!.flatMap((setIndex, position) =>
    earlier.some((other) => committee.sets[setIndex]!.includes(other)) ? [] : [position],
  )
}

function sumOf(out: Block, words: BitShare, positions: readonly number[]): void {
  const [first, ...others] = positions.map((position) => component(words, position))
  copy(out, first!)
  for (const other of others) xor(out, out, other)
}
