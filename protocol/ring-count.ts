/**
 * Bits that are CNF-shared over F_2 become numbers modulo 2^8, 2^16, 2^32 or 2^64 that add up to the bits, one
 * from each party: sums and multiples of bits are then local. Cheaper than B2A (bit-to-field.ts) by the width
 * of the field and by its last dealing, which a sum needs once and not for every bit.
 *
 * The lanes are cut into n ranges. In range r, parties are taken in the order r, r+1, ..., around the circle,
 * and the components of a bit in groups by the first member of their set in this order. The groups 1..t are
 * each known to one party; the last one, of the set G of the t+1 last parties alone, to all of G.
 *   1. The t first parties deal their groups' bits x over the ring: components are pseudo-random, from the
 *      keys of the sets, except the one that takes the correction and goes to that set's t other members.
 *   2. x XOR y = x + y - 2xy folds these into one; a product is dealt as that of an AND is (boolean.ts).
 *   3. Every component of x is held by somebody in G, who knows the last group's bit g: x XOR g =
 *      sum of x_A (1 - 2g), and g, which the first of G adds.
 *
 * Secure against t semi-honest parties: every message is padded with a component of a set that some honest
 * dealer shares with honest parties only. Nobody learns anything. A party's numbers are not uniform given
 * those of others: to open them, add a sharing of zero.
 * Cost: t rounds; in the first, t of n ranges of elements from every party to each of t others, in the others
 * n ranges of n. At n = 3, that is a third of an element a bit and party.
 */
import { copy, xor, zero } from '../shares/bits/plane.ts'
import {
  add,
  addProduct,
  flipWhere,
  newRing,
  ringBlock,
  type RingVector,
  type RingWidth,
  sliceRing,
  subtract,
  subtractFromBits,
} from '../shares/bits/ring.ts'
import { cyclic, isMember, productRows, setIndexOf } from '../shares/committee.ts'
import { type Arena, type Block, sliceBlock, view } from '../shares/field/memory.ts'
import { ivOf } from '../shares/prg.ts'
import { type BitShare, component } from '../shares/replicated.ts'

import { dealtTo } from './deal-field.ts'
import type { Party, Tag } from './party.ts'
import { exchange } from './round.ts'

/** Bytes of a plane that each of the n ranges has: all have as many, the last one perhaps beyond the plane. */
export function rangeBytes(planeBytes: number, n: number): number {
  return 16 * Math.ceil(planeBytes / 16 / n)
}

/**
 * This party's numbers: with those of the other parties, they add up to the bits.
 * @param arena owns the result
 * @param tag of the first of t rounds; the others have the steps that follow
 * @param plane a multiple of 16 bytes
 * @returns an element a lane; there may be some more, of lanes that hold 0
 * @throws ShareholdError SH_ROUND_*
 */
export async function bitsToRing(
  party: Party,
  arena: Arena,
  tag: Tag,
  plane: BitShare,
  width: RingWidth,
): Promise<RingVector> {
  const { committee, index } = party
  const { n, t } = committee
  const scratch = arena.child()
  try {
    const bytes = rangeBytes(plane.bytes, n)
    const ranges = Array.from({ length: n }, (_, k) => rangeOf(party, scratch, plane, k + 1, bytes))
    // 1. The k-th party of range r, from 1, is r + k - 1.
    const own = Array.from(
      { length: t },
      (_, k) => ranges[cyclic(committee, index - k) - 1]!.group!,
    )
    const dealt = await deal(party, scratch, tag, t * 8 * bytes, width, (out, pad) =>
      own.forEach((group, k) => subtractFromBits(cut(out, k, bytes), group, cut(pad, k, bytes))),
    )
    const dealtBy = (r: number, k: number): Components =>
      cutAll(dealt.get(cyclic(committee, r + k))!, k, bytes)
    let x = ranges.map((_, r) => dealtBy(r + 1, 0))
    // 2.
    for (let k = 1; k < t; k++) {
      const y = ranges.map((_, r) => dealtBy(r + 1, k))
      const next = { ...tag, step: tag.step + k }
      x = await xorRanges(party, scratch, next, x, y, bytes, width)
    }
    // 3.
    const result = newRing(arena, n * 8 * bytes, width)
    zero(ringBlock(result))
    for (const [r, { last, adds, counts }] of ranges.entries()) {
      if (last === undefined) continue
      const out = cut(result, r, bytes)
      const [summand, ...others] = counts.flatMap((position) => x[r]!.get(position) ?? [])
      for (const other of others) add(summand!, summand!, other)
      flipWhere(out, summand ?? out, last, adds ? 1 : 0)
    }
    return result
  } finally {
    scratch.release()
  }
}

/** Components of a ring vector by their positions among those held; those that are 0 are left out. */
type Components = ReadonlyMap<number, RingVector>

interface Range {
  /** The bits of the group that this party alone knows, if it is among the first t. */
  readonly group: Block | undefined
  /** The bits of the last group, if it knows that. */
  readonly last: Block | undefined
  /** Whether it adds the last group's bits itself. */
  readonly adds: boolean
  /** Positions of the components that it counts. */
  readonly counts: readonly number[]
}

function rangeOf(party: Party, arena: Arena, plane: BitShare, first: number, bytes: number): Range {
  const { committee, index } = party
  const { n, t, sets } = committee
  const order = Array.from({ length: n }, (_, k) => cyclic(committee, first + k))
  const place = order.indexOf(index)
  const held = committee.held[index - 1]!
  const from = (first - 1) * bytes
  const bitsOf = (positions: readonly number[]): Block => {
    const out = arena.bytes(bytes)
    zero(out)
    const length = Math.max(0, Math.min(bytes, plane.bytes - from))
    const target = sliceBlock(out, 0, length)
    for (const position of length === 0 ? [] : positions) {
      const bits = sliceBlock(component(plane, position), from, from + length)
      if (position === positions[0]) copy(target, bits)
      else xor(target, target, bits)
    }
    return out
  }
  const all = [...held.keys()]
  const among = (position: number, k: number): boolean =>
    isMember(committee, held[position]!, order[k]!)
  if (place < t) {
    const group = all.filter(
      (position) => !order.slice(0, place).some((_, k) => among(position, k)),
    )
    return { group: bitsOf(group), last: undefined, adds: false, counts: [] }
  }
  const lastSet = setIndexOf(committee, order.slice(t))
  const counts = all.filter((position) => {
    const counting = order.slice(t).find((one) => sets[held[position]!]!.includes(one))
    return counting === index
  })
  return { group: undefined, last: bitsOf([held.indexOf(lastSet)]), adds: place === t, counts }
}

/** x + y - 2xy, range by range. One round. */
async function xorRanges(
  party: Party,
  arena: Arena,
  tag: Tag,
  x: readonly Components[],
  y: readonly Components[],
  bytes: number,
  width: RingWidth,
): Promise<Components[]> {
  const { committee, index } = party
  const products = newRing(arena, x.length * 8 * bytes, width)
  zero(ringBlock(products))
  x.forEach((ofX, r) => {
    for (const { left, right } of productRows(committee, index)) {
      const factor = ofX.get(left)
      for (const position of factor === undefined ? [] : right) {
        const other = y[r]!.get(position)
        if (other !== undefined) addProduct(cut(products, r, bytes), factor!, other, 1)
      }
    }
  })
  const dealt = await deal(party, arena, tag, products.length, width, (out, pad) =>
    subtract(out, products, pad),
  )
  return x.map((ofX, r) => {
    const sum = new Map<number, RingVector>()
    for (const position of committee.held[index - 1]!.keys()) {
      const out = newRing(arena, 8 * bytes, width)
      zero(ringBlock(out))
      for (const part of [ofX.get(position), y[r]!.get(position)]) {
        if (part !== undefined) add(out, out, part)
      }
      for (const components of dealt.values()) {
        const part = components.get(position)
        if (part === undefined) continue
        for (let twice = 0; twice < 2; twice++) subtract(out, out, cut(part, r, bytes))
      }
      sum.set(position, out)
    }
    return sum
  })
}

/**
 * Every party deals a vector. One round.
 * @param start writes this party's vector less the first pad
 * @returns this party's components of each dealer's vector
 */
async function deal(
  party: Party,
  arena: Arena,
  tag: Tag,
  length: number,
  width: RingWidth,
  start: (out: RingVector, pad: RingVector) => void,
): Promise<ReadonlyMap<number, Components>> {
  const { committee, index, keys, prg } = party
  const held = committee.held[index - 1]!
  const dealt = new Map(committee.held.map((_, i) => [i + 1, new Map<number, RingVector>()]))
  const drawPads = (dealer: number): void => {
    for (const [position, setIndex] of held.entries()) {
      const isPad = committee.correction[dealer - 1] !== setIndex
      if (!isPad || !isMember(committee, setIndex, dealer)) continue
      const pad = newRing(arena, length, width)
      prg.fill(keys.set(setIndex, 'b2a', dealer), ivOf(tag), view(ringBlock(pad)))
      dealt.get(dealer)!.set(position, pad)
    }
  }
  drawPads(index)
  const correction = newRing(arena, length, width)
  const [first, ...others] = [...dealt.get(index)!.values()]
  start(correction, first!)
  for (const pad of others) subtract(correction, correction, pad)
  const take = (dealer: number, vector: RingVector): void => {
    dealt.get(dealer)!.set(held.indexOf(committee.correction[dealer - 1]!), vector)
  }
  take(index, correction)
  const incoming = committee.prgReceivers[index - 1]!.map((from) => {
    const vector = newRing(arena, length, width)
    take(from, vector)
    return { from, into: ringBlock(vector) }
  })
  await exchange(
    party,
    tag,
    dealtTo(party, index).map((to) => ({ to, payload: ringBlock(correction) })),
    incoming,
    () => {
      for (const dealer of dealt.keys()) if (dealer !== index) drawPads(dealer)
    },
  )
  return dealt
}

/** The k-th part of a vector, of a range's lanes. */
function cut(vector: RingVector, k: number, bytes: number): RingVector {
  return sliceRing(vector, k * 8 * bytes, (k + 1) * 8 * bytes)
}

function cutAll(components: Components, k: number, bytes: number): Components {
  return new Map([...components].map(([position, vector]) => [position, cut(vector, k, bytes)]))
}
