/**
 * Boolean operations on CNF-shared bit-planes: XOR and NOT are local, AND takes one round.
 *
 * AND: every product x_A & y_B is computed by one party that holds both components (productRows); each
 * party XORs its products and deals that plane: its components are pseudo-random, from the keys of
 * their sets, except the one that takes the correction and is sent to that set's t other members
 * (protocol.md C3). Secure against t semi-honest parties: for every honest dealer there is a set that
 * contains it and no corrupt party, whose component they cannot tell from random. Nobody learns anything.
 * Cost: 1 round, t bits per lane and party; at n=3 that is 1 bit, and two PRG bits where Araki et al.
 * (CCS 2016, eprint 2016/768) need four.
 */
import { and3Gates, gatesBytes, placeGates, sumGates } from '../shares/bits/gates.ts'
import { and3Deal, copy, not, xor, xorAnd, zero, and as andPlanes } from '../shares/bits/plane.ts'
import { productRows } from '../shares/committee.ts'
import { type Arena, type Block, sliceBlock, view } from '../shares/field/memory.ts'
import { ivOf } from '../shares/prg.ts'
import {
  asBitShare,
  type BitShare,
  component,
  componentCount,
  newBitShare,
  wholeBlock,
} from '../shares/replicated.ts'

import { dealtTo } from './deal-field.ts'
import type { Party, Tag } from './party.ts'
import { exchange } from './round.ts'

export type BitPair = readonly [BitShare, BitShare]

/** The component to which public constants are added (by whoever holds it). */
export const PUBLIC_SET = 0

/** x ^ y. Local. */
export function xorBits(party: Party, arena: Arena, x: BitShare, y: BitShare): BitShare {
  const out = newBitShare(arena, party.committee, x.bytes)
  xor(wholeBlock(out), wholeBlock(x), wholeBlock(y))
  return out
}

/** NOT x, in every lane. Local. */
export function notBits(party: Party, arena: Arena, x: BitShare): BitShare {
  const out = copyBits(party, arena, x)
  complement(party, out)
  return out
}

/** x := NOT x. Local. */
export function complement(party: Party, x: BitShare): void {
  const position = party.committee.held[party.index - 1]!.indexOf(PUBLIC_SET)
  if (position < 0) return
  const publicComponent = component(x, position)
  not(publicComponent, publicComponent)
}

/** The same public bit in all lanes. Local. @param bytes of the plane */
export function constantBits(party: Party, arena: Arena, bytes: number, bit: 0 | 1): BitShare {
  const out = newBitShare(arena, party.committee, bytes)
  zero(wholeBlock(out))
  if (bit === 1) complement(party, out)
  return out
}

/** A copy. Local. */
export function copyBits(party: Party, arena: Arena, x: BitShare): BitShare {
  const out = newBitShare(arena, party.committee, x.bytes)
  copy(wholeBlock(out), wholeBlock(x))
  return out
}

/** x in the lanes where the public plane `mask` is 1, else 0. Local. */
export function maskBits(party: Party, arena: Arena, x: BitShare, mask: Block): BitShare {
  const out = newBitShare(arena, party.committee, x.bytes)
  for (let position = 0; position < x.components; position++) {
    andPlanes(component(out, position), component(x, position), mask)
  }
  return out
}

/**
 * AND of all pairs, in one round.
 * @param arena owns the results
 * @param pairs the two of a pair have equal lengths, multiples of 16 bytes; pairs may differ
 * @throws ShareholdError SH_ROUND_*
 */
export async function andBits(
  party: Party,
  arena: Arena,
  tag: Tag,
  pairs: readonly BitPair[],
): Promise<BitShare[]> {
  return party.committee.n === 3
    ? andThree(party, arena, tag, pairs)
    : andAny(party, arena, tag, pairs)
}

/**
 * n = 3. Party i deals to the sets {i, i-1}, which takes its correction, and {i, i+1}, where its
 * component is r; so each set has one correction and one pseudo-random component.
 */
async function andThree(
  party: Party,
  arena: Arena,
  tag: Tag,
  pairs: readonly BitPair[],
): Promise<BitShare[]> {
  const { committee, index, keys, prg } = party
  const { corrected, random, square, previous, next, sets } = roleOfThree(party)
  const scratch = arena.child()
  try {
    const places = placesOf(pairs)
    const total = places.at(-1)?.to ?? 0
    const r = scratch.bytes(total)
    const s = scratch.bytes(total)
    const correction = scratch.bytes(total)
    prg.fill(keys.set(sets[random]!, 'and', index), ivOf(tag), view(r))
    prg.fill(keys.set(sets[corrected]!, 'and', previous), ivOf(tag), view(s))
    const results = pairs.map(([x, y], k) => {
      const { from, to } = places[k]!
      const result = newBitShare(arena, committee, x.bytes)
      and3Deal(
        sliceBlock(correction, from, to),
        component(result, corrected),
        component(x, square),
        component(x, 1 - square),
        component(y, square),
        component(y, 1 - square),
        sliceBlock(r, from, to),
        sliceBlock(s, from, to),
      )
      return result
    })
    const received = s // not needed any more
    await exchange(
      party,
      tag,
      [{ to: previous, payload: view(correction) }],
      [{ from: next, into: received }],
    )
    results.forEach((result, k) => {
      const { from, to } = places[k]!
      xor(component(result, random), sliceBlock(r, from, to), sliceBlock(received, from, to))
    })
    return results
  } finally {
    scratch.release()
  }
}

/**
 * ANDs of planes of one length, given by their addresses, in one round: what `andBits` does, without an object a
 * plane.
 * @param arena for what it needs
 * @param triples of addresses of shares: of the result, which is none of the operands, and of the operands
 * @param bytes of a component
 * @throws ShareholdError SH_ROUND_*
 */
export async function andGates(
  party: Party,
  arena: Arena,
  tag: Tag,
  triples: Uint32Array,
  bytes: number,
): Promise<void> {
  if (party.committee.n === 3) return andGatesOfThree(party, arena, tag, triples, bytes)
  const { committee } = party
  const components = componentCount(committee)
  const shareAt = (k: number): BitShare =>
    asBitShare({ ptr: triples[k]!, bytes: components * bytes }, components)
  const pairs = Array.from({ length: triples.length / 3 }, (_, k): BitPair => [
    shareAt(3 * k + 1),
    shareAt(3 * k + 2),
  ])
  const results = await andAny(party, arena, tag, pairs)
  results.forEach((result, k) => {
    copy(wholeBlock(shareAt(3 * k)), wholeBlock(result))
    arena.free(result)
  })
}

async function andGatesOfThree(
  party: Party,
  arena: Arena,
  tag: Tag,
  triples: Uint32Array,
  bytes: number,
): Promise<void> {
  const { keys, prg } = party
  const { corrected, random, square, previous, next, sets } = roleOfThree(party)
  const scratch = arena.child()
  try {
    const count = triples.length / 3
    const gates = placeGates(scratch.bytes(gatesBytes(count)), triples)
    const [r, s, correction] = [0, 1, 2].map(() => scratch.bytes(count * bytes))
    prg.fill(keys.set(sets[random]!, 'and', party.index), ivOf(tag), view(r!))
    prg.fill(keys.set(sets[corrected]!, 'and', previous), ivOf(tag), view(s!))
    and3Gates(gates, { bytes, square, corrected, correction: correction!, r: r!, s: s! })
    const received = s! // not needed any more
    const outgoing = [{ to: previous, payload: correction! }]
    await exchange(party, tag, outgoing, [{ from: next, into: received }])
    sumGates(gates, bytes, random, r!, received)
  } finally {
    scratch.release()
  }
}

/** What a party does in an AND at n = 3. */
interface RoleOfThree {
  /** Its sets, by position. */
  readonly sets: readonly number[]
  /** Positions of the component that it corrects, of the one that is random, and of the one whose square it owns. */
  readonly corrected: number
  readonly random: number
  readonly square: number
  /** To whom its correction goes, and from whom it gets one. */
  readonly previous: number
  readonly next: number
}

/** By the party's number. */
const rolesOfThree = new Map<number, RoleOfThree>()

function roleOfThree(party: Party): RoleOfThree {
  let role = rolesOfThree.get(party.index)
  if (role === undefined) rolesOfThree.set(party.index, (role = makeRole(party)))
  return role
}

function makeRole(party: Party): RoleOfThree {
  const { committee, index } = party
  const sets = committee.held[index - 1]!
  const corrected = sets.indexOf(committee.correction[index - 1]!)
  return {
    sets,
    corrected,
    random: 1 - corrected,
    // The party owns x0 y0, x0 y1 and x1 y0, where x0 is the component whose square it owns.
    square: productRows(committee, index).find((row) => row.right.length === 2)!.left,
    previous: dealtTo(party, index)[0]!,
    next: committee.prgReceivers[index - 1]![0]!,
  }
}

/** Any n = 2t+1. */
async function andAny(
  party: Party,
  arena: Arena,
  tag: Tag,
  pairs: readonly BitPair[],
): Promise<BitShare[]> {
  const { committee, index, keys, prg } = party
  const held = committee.held[index - 1]!
  const scratch = arena.child()
  try {
    const places = placesOf(pairs)
    const total = places.at(-1)?.to ?? 0
    const correction = scratch.bytes(total)
    pairs.forEach(([x, y], k) => {
      const { from, to } = places[k]!
      ownProducts(party, scratch, sliceBlock(correction, from, to), x, y)
    })

    const results = pairs.map(([x]) => newBitShare(arena, committee, x.bytes))
    const addTo = (position: number, plane: Block): void =>
      results.forEach((result, k) => {
        const { from, to } = places[k]!
        const target = component(result, position)
        xor(target, target, sliceBlock(plane, from, to))
      })
    const stream = scratch.bytes(total)
    held.forEach((setIndex, position) => {
      for (const result of results) zero(component(result, position))
      for (const dealer of committee.sets[setIndex]!) {
        if (committee.correction[dealer - 1] === setIndex) continue
        prg.fill(keys.set(setIndex, 'and', dealer), ivOf(tag), view(stream))
        addTo(position, stream)
        if (dealer === index) xor(correction, correction, stream)
      }
    })

    const dealers = committee.prgReceivers[index - 1]!
    const incoming = dealers.map((from) => ({ from, into: scratch.bytes(total) }))
    await exchange(
      party,
      tag,
      dealtTo(party, index).map((to) => ({ to, payload: view(correction) })),
      incoming,
      () => addTo(held.indexOf(committee.correction[index - 1]!), correction),
    )
    for (const { from, into } of incoming) {
      addTo(held.indexOf(committee.correction[from - 1]!), into)
    }
    return results
  } finally {
    scratch.release()
  }
}

/** out = the XOR of the products x_A & y_B that this party owns. */
function ownProducts(party: Party, arena: Arena, out: Block, x: BitShare, y: BitShare): void {
  const sum = arena.bytes(out.bytes)
  zero(out)
  for (const { left, right } of productRows(party.committee, party.index)) {
    const [first, ...others] = right.map((position) => component(y, position))
    let factor = first!
    for (const other of others) {
      xor(sum, factor, other)
      factor = sum
    }
    xorAnd(out, component(x, left), factor)
  }
  arena.free(sum)
}

interface Place {
  readonly from: number
  readonly to: number
}

/** Where each pair's plane lies in the round's messages: on end. */
function placesOf(pairs: readonly BitPair[]): Place[] {
  let end = 0
  return pairs.map(([x]) => ({ from: end, to: (end += x.bytes) }))
}
