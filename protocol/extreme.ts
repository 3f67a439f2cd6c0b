/**
 * The largest or the smallest of the numbers in the lanes that a filter admits, without leaving F_2: a
 * tournament (query.md, MIN and MAX).
 *
 * Lanes that are not admitted become 0, padding too; the smallest is the complement of the largest of the
 * complements. In each level the lanes are dealt into 4 (or 2) parts, which may overlap: nothing is lost
 * when a number meets itself. Every two parts are compared lane by lane, and the winner of each lane
 * goes on. All choices are treated in common rounds.
 *
 * Secure as AND is (boolean.ts); nobody learns anything. Cost for N lanes of w bits: about 7w ANDs a lane
 * in fours, 4w in twos; a level takes ceil(log2 w) + 4 rounds in fours, + 2 in twos. Fours while there are
 * at most 65,536 lanes: 10,000 lanes of 32 bits take 63 rounds.
 */
import { planeBytes, xor } from '../shares/bits/plane.ts'
import { type Arena, view } from '../shares/field/memory.ts'
import { type BitShare, wholeBlock } from '../shares/replicated.ts'

import {
  andBits,
  type BitPair,
  constantBits,
  copyBits,
  maskBits,
  notBits,
  xorBits,
} from './boolean.ts'
import { carryOut, leastDepth } from './carry-circuit.ts'
import { CircuitBuilder, TRUE, type Wire } from './circuit-builder.ts'
import { circuitFor } from './circuit-cache.ts'
import { type Circuit, circuitStats } from './circuit.ts'
import { evaluate } from './evaluate.ts'
import { cutPlane, gatherLanes, joinPlanes, placeLanes } from './gather.ts'
import { laneMask, lanePositions, type Layout } from './layout.ts'
import type { Party, Tag } from './party.ts'

const BLOCK_BYTES = 16
const BLOCK_LANES = 128

/** With so few blocks of 128 lanes, lanes are dealt into parts instead of blocks. */
const FEW_BLOCKS = 32

/** One tournament. */
export interface Extreme {
  /** The numbers, least significant plane first. */
  readonly planes: readonly BitShare[]
  /** 1 in the lanes that take part. */
  readonly among: BitShare
  readonly largest: boolean
}

/** x < y for numbers of `width` planes: those of x, then those of y. The least depth. */
export const lessThanCircuit = circuitFor((width) => {
  const b = new CircuitBuilder()
  const x = b.inputs(width)
  const y = b.inputs(width)
  // x >= y iff x + (2^width - 1 - y) + 1 carries out.
  const complement = y.map((wire) => b.not(wire))
  return b.build([b.not(carryOut(b, x, complement, leastDepth(width, true)))])
})

/**
 * Who wins among `count`: for each but the last, 1 iff it is the first of the largest. Inputs: "p is less
 * than q" for the pairs of `pairsOf`.
 */
export const winnerCircuit = circuitFor((count) => {
  const b = new CircuitBuilder()
  const less = new Map<string, Wire>(pairsOf(count).map((pair) => [pair.join('<'), b.input()]))
  const beats = (p: number, q: number): Wire =>
    p === q ? TRUE : p < q ? b.not(less.get(`${p}<${q}`)!) : less.get(`${q}<${p}`)!
  const all = Array.from({ length: count }, (_, p) => p)
  return b.build(all.slice(0, -1).map((p) => b.andMany(all.map((q) => beats(p, q)))))
})

/** 0 <= p < q < count, in lexicographic order. */
export function pairsOf(count: number): (readonly [number, number])[] {
  return Array.from({ length: count }, (_, p) =>
    Array.from({ length: count - 1 - p }, (_q, k) => [p, p + 1 + k] as const),
  ).flat()
}

/** How many meet at once when so many lanes are left, of all choices together. */
function arityFor(lanes: number): number {
  return lanes <= 65_536 ? 4 : 2
}

/**
 * The largest or smallest number of each choice. Where no lane takes part, the largest is 0 and the
 * smallest all ones.
 * @param arena owns the results
 * @param tag of the first round; the others have the steps that follow
 * @param choices at least one; narrower numbers than the widest are padded with zeros
 * @param layout of all planes
 * @returns as many planes as the widest choice has, least significant first; lane k for choice k
 * @throws ShareholdError SH_ROUND_*
 */
export async function extremes(
  party: Party,
  arena: Arena,
  tag: Tag,
  choices: readonly Extreme[],
  layout: Layout,
): Promise<BitShare[]> {
  const scratch = arena.child()
  try {
    let step = tag.step
    const nextTags = (rounds: number): Tag => ({ ...tag, step: (step += rounds) - rounds })
    const count = choices.length
    const admitted = await admit(party, scratch, nextTags(1), choices, layout)
    const blocks = layout.planeBytes / BLOCK_BYTES
    const winners =
      blocks > FEW_BLOCKS
        ? await amongBlocks(party, scratch, nextTags, admitted, count, blocks)
        : await amongLanes(party, scratch, nextTags, admitted, firstLanes(layout, count))
    const inverted = scratch.bytes(planeBytes(count))
    view(inverted).fill(0)
    choices.forEach(({ largest }, k) => {
      if (!largest) view(inverted)[k >> 3]! |= 1 << (k & 7)
    })
    const ones = constantBits(party, scratch, inverted.bytes, 1)
    const flips = maskBits(party, scratch, ones, inverted)
    return winners.map((winner) => xorBits(party, arena, winner, flips))
  } finally {
    scratch.release()
  }
}

type NextTags = (rounds: number) => Tag

/** The numbers with 0 for who does not take part, those of the smallest complemented; choices on end. */
async function admit(
  party: Party,
  arena: Arena,
  tag: Tag,
  choices: readonly Extreme[],
  layout: Layout,
): Promise<BitShare[]> {
  const width = Math.max(...choices.map(({ planes }) => planes.length))
  const scratch = arena.child()
  try {
    const mask = scratch.bytes(layout.planeBytes)
    view(mask).set(laneMask(layout))
    const filters = choices.map(({ among }) => maskBits(party, scratch, among, mask))
    const filter = joinPlanes(party, scratch, filters)
    const none = constantBits(party, scratch, layout.planeBytes, 0)
    const pairs = Array.from({ length: width }, (_, i): BitPair => {
      const parts = choices.map(({ planes, largest }) =>
        largest ? (planes[i] ?? none) : notBits(party, scratch, planes[i] ?? none),
      )
      return [joinPlanes(party, scratch, parts), filter]
    })
    return await andBits(party, arena, tag, pairs)
  } finally {
    scratch.release()
  }
}

/** Levels on whole blocks until few are left, then on lanes. @param count choices, of `blocks` blocks each */
async function amongBlocks(
  party: Party,
  arena: Arena,
  nextTags: NextTags,
  planes: readonly BitShare[],
  count: number,
  blocks: number,
): Promise<BitShare[]> {
  let current = planes
  let left = blocks
  while (left > FEW_BLOCKS) {
    const arity = arityFor(count * left * BLOCK_LANES)
    const size = Math.ceil(left / arity)
    const round = arena.child()
    try {
      const parts = partStarts(left, arity, size).map((start) =>
        current.map((plane) => {
          const cuts = Array.from({ length: count }, (_, k) => {
            const from = (k * left + start) * BLOCK_BYTES
            return cutPlane(party, round, plane, from, from + size * BLOCK_BYTES)
          })
          return count === 1 ? cuts[0]! : joinPlanes(party, round, cuts)
        }),
      )
      const next = await level(party, arena, nextTags, parts)
      for (const plane of current) arena.free(plane)
      current = next
      left = size
    } finally {
      round.release()
    }
  }
  const lanes = Array.from({ length: count }, (_, k) =>
    Uint32Array.from({ length: left * BLOCK_LANES }, (_lane, i) => k * left * BLOCK_LANES + i),
  )
  return amongLanes(party, arena, nextTags, current, lanes)
}

/** Where each choice's lanes lie when its planes are on end. */
function firstLanes(layout: Layout, count: number): Uint32Array[] {
  const positions = lanePositions(layout)
  return Array.from({ length: count }, (_, k) =>
    positions.map((position) => k * layout.planeBytes * 8 + position),
  )
}

/** Levels on lanes until one is left. @param lanes of each choice, equally many; @returns lane k for choice k */
async function amongLanes(
  party: Party,
  arena: Arena,
  nextTags: NextTags,
  planes: readonly BitShare[],
  lanes: readonly Uint32Array[],
): Promise<BitShare[]> {
  let current = planes
  let lists = lanes
  for (;;) {
    const count = lists.length
    const left = lists[0]!.length
    if (left === 0) {
      return planes.map(() => constantBits(party, arena, planeBytes(count), 0))
    }
    const arity = Math.min(left, arityFor(count * left))
    const size = Math.ceil(left / arity)
    const round = arena.child()
    try {
      const parts = partStarts(left, arity, size).map((start) => {
        const picked = new Uint32Array(count * size)
        for (const [k, list] of lists.entries()) {
          picked.set(list.subarray(start, start + size), k * size)
        }
        const placed = placeLanes(round, picked)
        return current.map((plane) => gatherLanes(party, round, plane, placed))
      })
      const next = await level(party, arena, nextTags, parts)
      for (const plane of current) arena.free(plane)
      current = next
      lists = lists.map((_, k) => Uint32Array.from({ length: size }, (_lane, j) => k * size + j))
      if (size === 1) return [...current]
    } finally {
      round.release()
    }
  }
}

/** Parts of equal size that cover 0..total-1; the last ones may overlap those before. */
function partStarts(total: number, arity: number, size: number): number[] {
  return Array.from({ length: arity }, (_, p) => Math.min(p * size, total - size))
}

/** The largest of the parts in each lane. @param parts numbers as planes of equal lengths */
async function level(
  party: Party,
  arena: Arena,
  nextTags: NextTags,
  parts: readonly (readonly BitShare[])[],
): Promise<BitShare[]> {
  const last = parts.at(-1)!
  const { bytes } = last[0]!
  if (parts.length === 1) return last.map((plane) => copyBits(party, arena, plane))
  const run = async (circuit: Circuit, inputs: readonly BitShare[]): Promise<BitShare[]> => {
    const tag = nextTags(circuitStats(circuit).depth)
    return evaluate(party, scratch, tag, circuit, inputs, inputs[0]!.bytes)
  }
  const scratch = arena.child()
  try {
    const pairs = pairsOf(parts.length)
    const joined = ([0, 1] as const).flatMap((side) =>
      last.map((_, i) =>
        joinPlanes(
          party,
          scratch,
          pairs.map((pair) => parts[pair[side]]![i]!),
        ),
      ),
    )
    const [less] = await run(lessThanCircuit(last.length), joined)
    const comparisons = pairs.map((_, k) =>
      cutPlane(party, scratch, less!, k * bytes, (k + 1) * bytes),
    )
    const winners = await run(winnerCircuit(parts.length), comparisons)

    // The last part's number, and for the winner among the others the difference to that.
    const result = joinPlanes(party, scratch, last)
    const products = await andBits(
      party,
      scratch,
      nextTags(1),
      winners.map((winner, p): BitPair => {
        const differences = parts[p]!.map((plane, i) => xorBits(party, scratch, plane, last[i]!))
        return [
          joinPlanes(
            party,
            scratch,
            last.map(() => winner),
          ),
          joinPlanes(party, scratch, differences),
        ]
      }),
    )
    for (const product of products) xor(wholeBlock(result), wholeBlock(result), wholeBlock(product))
    return last.map((_, i) => cutPlane(party, arena, result, i * bytes, (i + 1) * bytes))
  } finally {
    scratch.release()
  }
}
