/**
 * Compares secret counts with secret ranks: over * (count + 1) <= times * total + plus? The one step of a
 * selection (select-rank.ts) that leaves F_2: counts are summands modulo 2^k (ring-count.ts), opened under
 * masks (masked-open.ts), and compared by tables that were made for these masks (mask-tables.ts).
 *
 * Exact: k bits hold every difference, with its sign. Secure as these are; nobody learns anything.
 */
import { planeBytes, zero } from '../shares/bits/plane.ts'
import {
  newRing,
  ringBlock,
  ringWidth,
  sliceRing,
  sum,
  toBigInts,
  writeIntegers,
} from '../shares/bits/ring.ts'
import { type Arena, view } from '../shares/field/memory.ts'
import type { BitShare } from '../shares/replicated.ts'

import { circuitStats } from './circuit.ts'
import { joinPlanes } from './gather.ts'
import type { Layout } from './layout.ts'
import { borrowCircuit, digitsOf, type MaskTables, signsUnderMasks } from './mask-tables.ts'
import { maskNumbers, openSum } from './masked-open.ts'
import type { Party, Tag } from './party.ts'
import { addBlocks } from './popcount.ts'
import { bitsToRing } from './ring-count.ts'

/** The rank floor((times * count + plus) / over). */
export interface Rank {
  readonly times: number
  readonly plus: number
  /** At least 1. All of over * (lanes + 1), times * lanes and plus together stay below 2^60. */
  readonly over: number
}

const BLOCK_LANES = 128

/** More weights than a table can have lanes for. */
const MAX_WEIGHTS = 40

/** Bits that hold over * (count + 1) - times * total - plus, with its sign, for all these ranks. */
export function rankBits(ranks: readonly Rank[], lanes: number): number {
  const most = ranks.map(
    ({ times, plus, over }) =>
      BigInt(over) * BigInt(lanes + 1) + BigInt(times) * BigInt(lanes) + BigInt(plus),
  )
  return 1 + Math.max(...most.map((value) => value.toString(2).length))
}

/** Takes rounds: the tag of the first of so many. */
export type NextTags = (rounds: number) => Tag

export class RankTest {
  readonly #party: Party
  readonly #ranks: readonly Rank[]
  readonly #tables: MaskTables
  readonly #nextTags: NextTags
  readonly #addingRounds: number
  /** Of each mask, from the first comparison on. */
  #masks: readonly bigint[] | undefined
  /** times * total + plus - over, of each rank. */
  #bounds: readonly bigint[] = []
  #used = 0

  constructor(
    party: Party,
    ranks: readonly Rank[],
    tables: MaskTables,
    nextTags: NextTags,
    addingRounds: number,
  ) {
    this.#party = party
    this.#ranks = ranks
    this.#tables = tables
    this.#nextTags = nextTags
    this.#addingRounds = addingRounds
  }

  /**
   * Whether counts are below the ranks.
   * @param arena owns the result
   * @param counted planes whose ones are counted; the k-th is for rank k modulo their number
   * @param among what the ranks' totals count; looked at in the first comparison only
   * @returns lane k for plane k
   * @throws ShareholdError SH_ROUND_*
   */
  async isBelow(
    arena: Arena,
    counted: readonly BitShare[],
    among: readonly BitShare[],
    layout: Layout,
  ): Promise<BitShare> {
    const party = this.#party
    const { masks } = this.#tables
    const scratch = arena.child()
    try {
      const first = this.#masks === undefined
      const planes = first ? [...counted, ...among] : counted
      const counts = await this.#count(scratch, planes, layout, first)
      const totals = counts.slice(counted.length)
      if (first) {
        this.#bounds = this.#ranks.map(
          ({ times, plus, over }, k) =>
            // What is public is added by one party.
            BigInt(times) * totals[k]! + (party.index === 1 ? BigInt(plus) - BigInt(over) : 0n),
        )
      }
      // over * count - bound <= 0, and so negative with 1 taken away.
      const summands = counted.map((_, k) => {
        const rank = k % this.#ranks.length
        const excess = BigInt(this.#ranks[rank]!.over) * counts[k]! - this.#bounds[rank]!
        return excess - (party.index === 1 ? 1n : 0n) + this.#masks![this.#used + k]!
      })
      const own = newRing(scratch, 8 * planeBytes(summands.length), ringWidth(masks.bits))
      zero(ringBlock(own))
      writeIntegers(view(ringBlock(own)), summands, own.width)
      const tag = this.#nextTags(1)
      const sums = await openSum(party, scratch, tag, own, summands.length, masks.bits)
      const opened = toBigInts(sums).slice(0, summands.length)
      const { depth } = circuitStats(borrowCircuit(digitsOf(masks.bits)))
      const used = this.#used
      this.#used += counted.length
      return await signsUnderMasks(party, arena, this.#nextTags(depth), this.#tables, opened, used)
    } finally {
      scratch.release()
    }
  }

  /** This party's summands of the number of ones in each plane; with the first, those of the masks. */
  async #count(
    arena: Arena,
    planes: readonly BitShare[],
    layout: Layout,
    withMasks: boolean,
  ): Promise<bigint[]> {
    const party = this.#party
    const { masks } = this.#tables
    const { weights, counts } = await addBlocks(
      party,
      arena,
      () => this.#nextTags(1),
      planes,
      layout,
      MAX_WEIGHTS,
      (_counts, rounds) => rounds === this.#addingRounds,
    )
    const parts = weights.flat()
    const joined = joinPlanes(party, arena, withMasks ? [...parts, masks.planes] : parts)
    const tag = this.#nextTags(party.committee.t)
    const ring = await bitsToRing(party, arena, tag, joined, ringWidth(masks.bits))
    const sums = planes.map(() => 0n)
    let from = 0
    for (const [w, count] of counts.entries()) {
      for (const k of planes.keys()) {
        const to = from + count * BLOCK_LANES
        sums[k]! += sum(sliceRing(ring, from, to)) << BigInt(w)
        from = to
      }
    }
    if (withMasks) {
      const bits = sliceRing(ring, from, from + 8 * masks.planes.bytes)
      this.#masks = toBigInts(maskNumbers(masks, bits)).slice(0, masks.count)
    }
    return sums
  }
}
