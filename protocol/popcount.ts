/**
 * Counts the ones of CNF-shared planes, in binary, without leaving F_2.
 *
 * A carry-save tree: in each round, of all bits of equal weight, every three become a sum bit of that
 * weight and a carry bit of the next (a full adder: one AND), until at most two of each weight are
 * left; one logarithmic adder finishes. First whole blocks of 128 lanes are added, then lanes. The
 * schedule depends on the number of lanes only.
 *
 * Secure as AND is (boolean.ts); nobody learns anything. Cost for N lanes, all planes in the same rounds:
 * about N ANDs per plane; about 1.7 log2 N + 7 rounds. Source: Wallace, 1964, on shares.
 */
import { planeBytes, xor } from '../shares/bits/plane.ts'
import { type Arena, view } from '../shares/field/memory.ts'
import { type BitShare, wholeBlock } from '../shares/replicated.ts'

import { andBits, type BitPair, maskBits, xorBits } from './boolean.ts'
import { CircuitBuilder, FALSE, type Wire } from './circuit-builder.ts'
import { add } from './circuit-gadgets.ts'
import type { Circuit } from './circuit.ts'
import { evaluate } from './evaluate.ts'
import { cutPlane, gatherLanes, joinPlanes, placeLanes } from './gather.ts'
import { laneMask, lanePositions, type Layout } from './layout.ts'
import type { Party, Tag } from './party.ts'

const BLOCK_BYTES = 16
const BLOCK_LANES = 128

/**
 * When so few blocks are left per plane, lanes are added instead of blocks: the tail of the tree has as
 * many rounds for blocks as for lanes, so it should come once.
 */
const FEW_BLOCKS = 64

/**
 * Number of ones among the lanes of each plane, padding not counted.
 * @param arena owns the results
 * @param tag of the first round; the others have the steps that follow
 * @param planes in this layout
 * @param width planes of the result; higher bits of the count are dropped
 * @returns `width` planes, least significant first; lane k is the count of plane k
 * @throws ShareholdError SH_ROUND_*
 */
export async function popcount(
  party: Party,
  arena: Arena,
  tag: Tag,
  planes: readonly BitShare[],
  layout: Layout,
  width: number,
): Promise<BitShare[]> {
  const scratch = arena.child()
  try {
    let step = tag.step
    const nextTag = (): Tag => ({ ...tag, step: step++ })
    const heap =
      layout.planeBytes <= FEW_BLOCKS * BLOCK_BYTES
        ? heapOfLanes(party, scratch, planes, layout)
        : heapOfBlocks(
            party,
            scratch,
            await addBlocks(party, scratch, nextTag, planes, layout, width, isFew),
          )
    const rest = await addLanes(party, scratch, nextTag, heap, planes.length, width)
    return await addLastTwo(party, arena, nextTag(), rest, planes.length, width)
  } finally {
    scratch.release()
  }
}

/**
 * One round of the tree: how many full adders work on the bits of each weight, and how many bits are left.
 * @param counts counts[w] = bits of weight 2^w
 */
export function compress(
  counts: readonly number[],
  width: number,
): { readonly adders: number[]; readonly left: number[] } {
  const adders = counts.map((count) => Math.floor(count / 3))
  const left: number[] = []
  for (let w = 0; w < Math.min(width, counts.length + 1); w++) {
    left.push((counts[w] ?? 0) - 2 * (adders[w] ?? 0) + (adders[w - 1] ?? 0))
  }
  while (left.length > 1 && left.at(-1) === 0) left.pop()
  return { adders, left }
}

/** Adds the (at most two) bits that are left of each weight: inputs weight by weight, outputs `width` planes. */
export function lastAdder(counts: readonly number[], width: number): Circuit {
  const b = new CircuitBuilder()
  const bits: Wire[][] = counts.map((count) => b.inputs(count))
  const sum = add(
    b,
    bits.map(([x]) => x ?? FALSE),
    bits.map(([, y]) => y ?? FALSE),
  )
  return b.build(Array.from({ length: width }, (_, w) => sum[w] ?? FALSE))
}

/** Bits of all weights, in one long plane: lists[w] are the lanes of weight 2^w, k for each bit. */
interface Heap {
  readonly pool: BitShare
  readonly lists: readonly Uint32Array[]
}

/** Every lane of every plane has weight 1. */
function heapOfLanes(
  party: Party,
  arena: Arena,
  planes: readonly BitShare[],
  layout: Layout,
): Heap {
  const positions = lanePositions(layout)
  const list = new Uint32Array(positions.length * planes.length)
  positions.forEach((position, i) => {
    for (let k = 0; k < planes.length; k++) {
      list[i * planes.length + k] = k * layout.planeBytes * 8 + position
    }
  })
  return { pool: joinPlanes(party, arena, planes), lists: [list] }
}

/** Bits of all weights, in blocks of 128 lanes. */
export interface Blocks {
  /** weights[w][k]: the blocks of weight 2^w of plane k, on end. */
  readonly weights: readonly (readonly BitShare[])[]
  /** Blocks of each weight, of one plane. */
  readonly counts: readonly number[]
}

/**
 * Adds blocks of 128 lanes, lane by lane, one round after the other.
 * @param arena owns the results
 * @param nextTag called for each round
 * @param width weights from 2^width on are dropped
 * @param isEnough told the blocks of each weight and the rounds so far, of one plane; ends it
 */
export async function addBlocks(
  party: Party,
  arena: Arena,
  nextTag: () => Tag,
  planes: readonly BitShare[],
  layout: Layout,
  width: number,
  isEnough: (counts: readonly number[], rounds: number) => boolean,
): Promise<Blocks> {
  let weights = [withoutPadding(party, arena, planes, layout)]
  let counts = [layout.planeBytes / BLOCK_BYTES]
  for (let rounds = 0; ; rounds++) {
    const { adders, left } = compress(counts, width)
    if (isEnough(counts, rounds) || adders.every((count) => count === 0)) break
    const round = arena.child()
    try {
      const thirds = weights.map((ofWeight, w) =>
        ofWeight.map((plane) => threeParts(party, round, plane, adders[w]! * BLOCK_BYTES)),
      )
      const added = await addThree(party, round, nextTag(), thirds.flat())
      // The result for weight w of plane k, in the order of `thirds`.
      const resultOf = (w: number, k: number): Added | undefined => added[w * planes.length + k]
      const before = weights
      weights = left.map((_, w) =>
        planes.map((_plane, k) => {
          const parts = [resultOf(w, k)?.sum, thirds[w]?.[k]?.rest, resultOf(w - 1, k)?.carry]
          return joinPlanes(
            party,
            arena,
            parts.filter((part) => part !== undefined),
          )
        }),
      )
      for (const plane of before.flat()) arena.free(plane)
      counts = left
    } finally {
      round.release()
    }
  }
  return { weights, counts }
}

/** Whether `counts` blocks (of each weight) per plane are better added lane by lane. */
export function isFew(counts: readonly number[]): boolean {
  return counts.reduce((sum, count) => sum + count, 0) <= FEW_BLOCKS
}

/** The lanes of blocks that were added block by block. */
function heapOfBlocks(party: Party, arena: Arena, { weights, counts }: Blocks): Heap {
  let base = 0
  const lists = weights.map((planes, w) => {
    const lanes = counts[w]! * BLOCK_LANES
    const list = new Uint32Array(lanes * planes.length)
    for (let lane = 0; lane < lanes; lane++) {
      for (let k = 0; k < planes.length; k++) {
        list[lane * planes.length + k] = base + k * lanes + lane
      }
    }
    base += list.length
    return list
  })
  return { pool: joinPlanes(party, arena, weights.flat()), lists }
}

/** Adds lanes until at most two of each weight are left; all weights and planes on end in one plane. */
async function addLanes(
  party: Party,
  arena: Arena,
  nextTag: () => Tag,
  heap: Heap,
  k: number,
  width: number,
): Promise<Heap> {
  let { pool, lists } = heap
  for (;;) {
    const { adders, left } = compress(
      lists.map((list) => list.length / k),
      width,
    )
    if (adders.every((count) => count === 0)) return { pool, lists }
    const round = arena.child()
    try {
      // Part 0, 1, 2 of each weight's bits go into the adders, part 3 is left over.
      const gatherPart = (part: number): BitShare => {
        const parts = lists.map((list, w) => {
          const size = adders[w]! * k
          return list.subarray(part * size, part === 3 ? list.length : (part + 1) * size)
        })
        return gatherLanes(party, round, pool, placeLanes(round, concatenate(parts)))
      }
      const rest = gatherPart(3)
      const [added] = await addThree(party, round, nextTag(), [
        { x: gatherPart(0), y: gatherPart(1), z: gatherPart(2) },
      ])
      const { sum, carry } = added!
      arena.free(pool)
      pool = joinPlanes(party, arena, [sum, carry, rest])

      const take = counter()
      const sums = adders.map((count) => take(count * k))
      take.to(8 * sum.bytes)
      const carries = adders.map((count) => take(count * k))
      take.to(8 * (sum.bytes + carry.bytes))
      const rests = lists.map((list, w) => take(list.length - 3 * adders[w]! * k))
      const none = new Uint32Array(0)
      lists = left.map((_, w) =>
        concatenate([sums[w] ?? none, rests[w] ?? none, carries[w - 1] ?? none]),
      )
    } finally {
      round.release()
    }
  }
}

/** The last addition, on planes with one lane per counted plane. */
async function addLastTwo(
  party: Party,
  arena: Arena,
  tag: Tag,
  { pool, lists }: Heap,
  k: number,
  width: number,
): Promise<BitShare[]> {
  const scratch = arena.child()
  try {
    const inputs = lists.flatMap((list) =>
      Array.from({ length: list.length / k }, (_, bit) => {
        const lanes = placeLanes(scratch, list.slice(bit * k, (bit + 1) * k))
        return gatherLanes(party, scratch, pool, lanes)
      }),
    )
    const circuit = lastAdder(
      lists.map((list) => list.length / k),
      width,
    )
    const sum = await evaluate(party, scratch, tag, circuit, inputs, planeBytes(k))
    return sum.map((plane) => scratch.keep(plane))
  } finally {
    scratch.release()
  }
}

interface Three {
  readonly x: BitShare
  readonly y: BitShare
  readonly z: BitShare
}

interface Added {
  readonly sum: BitShare
  readonly carry: BitShare
}

/** Full adders: x + y + z = sum + 2 carry, with sum = x^y^z and carry = ((x^z) & (y^z)) ^ z. One round. */
async function addThree(
  party: Party,
  arena: Arena,
  tag: Tag,
  operands: readonly Three[],
): Promise<Added[]> {
  const pairs = operands.map(({ x, y, z }): BitPair => [
    xorBits(party, arena, x, z),
    xorBits(party, arena, y, z),
  ])
  const carries = await andBits(party, arena, tag, pairs)
  return operands.map(({ y, z }, i) => {
    const [sum] = pairs[i]!
    const carry = carries[i]!
    xor(wholeBlock(sum), wholeBlock(sum), wholeBlock(y))
    xor(wholeBlock(carry), wholeBlock(carry), wholeBlock(z))
    return { sum, carry }
  })
}

/** Three parts of `bytes` bytes each, and what is left. */
function threeParts(
  party: Party,
  arena: Arena,
  plane: BitShare,
  bytes: number,
): Three & { readonly rest: BitShare } {
  const part = (from: number, to: number): BitShare => cutPlane(party, arena, plane, from, to)
  return {
    x: part(0, bytes),
    y: part(bytes, 2 * bytes),
    z: part(2 * bytes, 3 * bytes),
    rest: part(3 * bytes, plane.bytes),
  }
}

/** The planes with zeros in the lanes that are padding. */
function withoutPadding(
  party: Party,
  arena: Arena,
  planes: readonly BitShare[],
  layout: Layout,
): BitShare[] {
  const bytes = laneMask(layout)
  const mask = arena.bytes(bytes.length)
  view(mask).set(bytes)
  const masked = planes.map((plane) => maskBits(party, arena, plane, mask))
  arena.free(mask)
  return masked
}

/** Hands out ranges of lane numbers, one after the other. */
function counter(): ((count: number) => Uint32Array) & { to(lane: number): void } {
  let next = 0
  const take = (count: number): Uint32Array => {
    const range = new Uint32Array(count)
    for (let i = 0; i < count; i++) range[i] = next++
    return range
  }
  return Object.assign(take, {
    to: (lane: number): void => {
      next = lane
    },
  })
}

function concatenate(lists: readonly Uint32Array[]): Uint32Array {
  const out = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0))
  let at = 0
  for (const list of lists) {
    out.set(list, at)
    at += list.length
  }
  return out
}
