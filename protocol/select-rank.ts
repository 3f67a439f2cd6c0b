/**
 * The number of a given rank among those in the lanes that a filter admits, found digit by digit from the
 * top without sorting (query.md, percentiles). The rank may depend on the secret count of admitted lanes:
 * it is floor((times * count + plus) / over), from 1. Rank k is 0, k, 1; percentile_disc(p/q) is p, q-1, q;
 * the lower and upper neighbours of percentile_cont(p/q) are p, q-p, q and p, 2q-p-1, q.
 *
 * Lanes are candidates (they share the digits found so far) or known to be less than the result. For each
 * value j of the next digit, count the lanes that are less with j in its place: the digit is the largest
 * j for which that count is below the rank, i.e. over * (count + 1) <= times * total + plus. Counts stay
 * summands modulo 2^k (ring-count.ts), so nothing is divided; they are compared by opening them under
 * masks, where all that depends on the masks has been worked out before (mask-tables.ts). The secret digit
 * then says who remains a candidate.
 *
 * Secure as AND, the counts and the masked openings are; nobody learns anything, not the count either. Cost
 * for N lanes, digits of d bits, R = 2^d, r rounds of adding, in each of ceil(w/d) digits: (R-1) N ANDs in 1
 * round; r rounds of full adders and t of counting what is left of R-1 planes, a third of k bits a bit and
 * party at n = 3; 1 round to open; none to 3 to compare, 1 for k up to 17; 2(R-1) N ANDs in 1 round, but for
 * the last. Besides, once and beside each other: the digits' thresholds, and the tables, in 3 rounds with the
 * first digit's ANDs. All choices in common rounds.
 */
import { fillBit, getBit, xor } from '../shares/bits/plane.ts'
import { type Arena, view } from '../shares/field/memory.ts'
import { type BitShare, component, newBitShare, wholeBlock } from '../shares/replicated.ts'

import { andBits, type BitPair, constantBits, copyBits, maskBits, xorBits } from './boolean.ts'
import { CircuitBuilder } from './circuit-builder.ts'
import { circuitFor } from './circuit-cache.ts'
import { lessThanConstant } from './circuit-gadgets.ts'
import { circuitStats } from './circuit.ts'
import { evaluate } from './evaluate.ts'
import { cutPlane, gatherLanes, joinPlanes, placeLanes } from './gather.ts'
import { laneMask, type Layout } from './layout.ts'
import { maskTables, TABLE_ROUNDS } from './mask-tables.ts'
import { drawMasks } from './masked-open.ts'
import type { Party, Tag } from './party.ts'
import { type NextTags, type Rank, rankBits, RankTest } from './rank-test.ts'
import { sideBySide } from './side-by-side.ts'

/** One selection, of the number of that rank. */
export interface Ranked extends Rank {
  /** The numbers, least significant plane first. */
  readonly planes: readonly BitShare[]
  /** 1 in the lanes that take part. */
  readonly among: BitShare
}

/** How to go about it: changes the cost only. */
export interface SelectTuning {
  /** Bits found at a time, 1..4. */
  readonly digit: number
  /** Rounds of full adders before what is left is counted. */
  readonly addingRounds: number
}

/** "Less than j" for j = 1 .. 2^digit - 1, of a digit with its least significant plane first. */
export const thresholdCircuit = circuitFor((digit) => {
  const b = new CircuitBuilder()
  const planes = b.inputs(digit)
  return b.build(
    Array.from({ length: 2 ** digit - 1 }, (_, j) => lessThanConstant(b, planes, j + 1)),
  )
})

/**
 * Selects from each choice. Rank 0 gives 0, and a rank beyond the count all ones.
 * @param arena owns the results
 * @param tag of the first round; the others have the steps that follow
 * @param choices at least one; narrower numbers than the widest are padded with zeros
 * @param layout of all planes
 * @returns as many planes as the widest choice has, least significant first; lane k for choice k
 * @throws ShareholdError SH_ROUND_*
 */
export async function selectRanks(
  party: Party,
  arena: Arena,
  tag: Tag,
  choices: readonly Ranked[],
  layout: Layout,
  { digit, addingRounds }: SelectTuning,
): Promise<BitShare[]> {
  const width = Math.max(...choices.map(({ planes }) => planes.length))
  const count = Math.ceil(width / digit)
  const scratch = arena.child()
  try {
    let step = tag.step
    const nextTags: NextTags = (rounds) => ({ ...tag, step: (step += rounds) - rounds })
    const run: Run = { party, nextTags, layout, choices: choices.length, digit, addingRounds }
    const among = admitted(run, scratch, choices)
    let state: State = {
      candidates: among.map((plane) => copyBits(party, scratch, plane)),
      less: among.map(() => constantBits(party, scratch, layout.planeBytes, 0)),
    }
    const masks = drawMasks(
      party,
      scratch,
      nextTags(0),
      count * (2 ** digit - 1) * choices.length,
      rankBits(choices, layout.lanes),
    )
    const forThresholds = nextTags(circuitStats(thresholdCircuit(digit)).depth)
    const forFirst = nextTags(1)
    const forTables = nextTags(TABLE_ROUNDS)
    const [{ thresholds, first }, tables] = await sideBySide(party, [
      async (own) => {
        const all = await allThresholds(
          { ...run, party: own },
          scratch,
          forThresholds,
          choices,
          count,
        )
        const at = { ...run, party: own }
        return {
          thresholds: all,
          first: await smallerCandidates(at, scratch, forFirst, state, all.at(-1) ?? []),
        }
      },
      (own) => maskTables(own, scratch, forTables, masks),
    ])
    const test = new RankTest(party, choices, tables, nextTags, addingRounds)
    let smaller = first
    const digits: BitShare[][] = []
    for (;;) {
      const round = scratch.child()
      try {
        const counted = smaller.flatMap((planes) =>
          planes.map((plane, k) => xorBits(party, round, plane, state.less[k]!)),
        )
        const reached = await test.isBelow(round, counted, among, layout)
        digits.unshift(binaryDigit(run, scratch, reached))
        if (digits.length === count) break
        const next = await narrow(run, scratch, state, smaller, reached)
        for (const plane of [...state.candidates, ...state.less, ...smaller.flat()]) {
          scratch.free(plane)
        }
        state = next
        const below = thresholds[count - 1 - digits.length]!
        smaller = await smallerCandidates(run, scratch, nextTags(1), state, below)
      } finally {
        round.release()
      }
    }
    const bits = digits.flat().slice(0, width)
    return bits.map((plane) => scratch.keep(plane))
  } finally {
    scratch.release()
  }
}

interface Run extends SelectTuning {
  readonly party: Party
  readonly nextTags: NextTags
  readonly layout: Layout
  /** Number of choices. */
  readonly choices: number
}

/** One plane per choice each; disjoint; 0 in the padding. */
interface State {
  /** Equal to the result in the digits found so far. */
  readonly candidates: readonly BitShare[]
  /** Less than the result by these. */
  readonly less: readonly BitShare[]
}

/** The filters without the padding. */
function admitted({ party, layout }: Run, arena: Arena, choices: readonly Ranked[]): BitShare[] {
  const mask = arena.bytes(layout.planeBytes)
  view(mask).set(laneMask(layout))
  return choices.map(({ among }) => maskBits(party, arena, among, mask))
}

/** [digit, lowest first][j - 1][choice]: 1 where the choice's digit is less than j. */
async function allThresholds(
  { party, layout, digit }: Run,
  arena: Arena,
  tag: Tag,
  choices: readonly Ranked[],
  digits: number,
): Promise<BitShare[][][]> {
  const bytes = layout.planeBytes
  const scratch = arena.child()
  try {
    const none = constantBits(party, scratch, bytes, 0)
    const inputs = Array.from({ length: digit }, (_, i) =>
      joinPlanes(
        party,
        scratch,
        Array.from({ length: digits }, (_d, d) =>
          choices.map(({ planes }) => planes[d * digit + i] ?? none),
        ).flat(),
      ),
    )
    const circuit = thresholdCircuit(digit)
    const below = await evaluate(party, scratch, tag, circuit, inputs, inputs[0]!.bytes)
    return Array.from({ length: digits }, (_, d) =>
      below.map((planes) =>
        choices.map((_choice, k) => {
          const from = (d * choices.length + k) * bytes
          return cutPlane(party, arena, planes, from, from + bytes)
        }),
      ),
    )
  } finally {
    scratch.release()
  }
}

/** [j - 1][choice]: the candidates with a digit less than j. */
async function smallerCandidates(
  { party, choices }: Run,
  arena: Arena,
  tag: Tag,
  { candidates }: State,
  below: readonly (readonly BitShare[])[],
): Promise<BitShare[][]> {
  const pairs = below.flatMap((planes) =>
    planes.map((plane, k): BitPair => [candidates[k]!, plane]),
  )
  const smaller = await andBits(party, arena, tag, pairs)
  return below.map((_, j) => smaller.slice(j * choices, (j + 1) * choices))
}

/** The digit in binary, from "at least j" for all j: bit i is the parity of the multiples of 2^i reached. */
function binaryDigit({ party, choices, digit }: Run, arena: Arena, reached: BitShare): BitShare[] {
  const atLeast = Array.from({ length: 2 ** digit - 1 }, (_, j) => {
    const lanes = Uint32Array.from({ length: choices }, (_k, k) => j * choices + k)
    const list = placeLanes(arena, lanes)
    const plane = gatherLanes(party, arena, reached, list)
    arena.free(list.block)
    return plane
  })
  return Array.from({ length: digit }, (_, i) => {
    const [first, ...others] = atLeast.filter((_plane, j) => (j + 1) % 2 ** i === 0)
    const sum = copyBits(party, arena, first!)
    for (const other of others) xor(wholeBlock(sum), wholeBlock(sum), wholeBlock(other))
    return sum
  })
}

/**
 * The state after a digit. With z_j the candidates whose digit is less than j and y_j those whose digit is
 * j, the new candidates are y_digit = y_0 + sum over j of [digit >= j] (y_j - y_{j-1}), and z_digit is
 * likewise added to the less.
 */
async function narrow(
  { party, nextTags, layout, choices }: Run,
  arena: Arena,
  { candidates, less }: State,
  smaller: readonly (readonly BitShare[])[],
  reached: BitShare,
): Promise<State> {
  const scratch = arena.child()
  try {
    const next = {
      candidates: smaller[0]!.map((plane) => copyBits(party, arena, plane)),
      less: less.map((plane) => copyBits(party, arena, plane)),
    }
    const pairs = smaller.flatMap((planes, j) =>
      planes.flatMap((z, k): BitPair[] => {
        const above = smaller[j + 1]?.[k] ?? candidates[k]!
        const before = smaller[j - 1]?.[k]
        const step = before === undefined ? z : xorBits(party, scratch, z, before)
        // y_j - y_{j-1} = (z_{j+1} - z_j) - (z_j - z_{j-1}); z_j is smaller[j - 1]
        const change = xorBits(party, scratch, xorBits(party, scratch, above, z), step)
        const bit = everywhere(party, scratch, reached, j * choices + k, layout.planeBytes)
        return [
          [bit, change],
          [bit, step],
        ]
      }),
    )
    const products = await andBits(party, scratch, nextTags(1), pairs)
    for (const [at, product] of products.entries()) {
      const target = (at % 2 === 0 ? next.candidates : next.less)[(at >> 1) % choices]!
      xor(wholeBlock(target), wholeBlock(target), wholeBlock(product))
    }
    return next
  } finally {
    scratch.release()
  }
}

/** One lane of a plane, in every lane of another. Local. */
function everywhere(
  party: Party,
  arena: Arena,
  plane: BitShare,
  lane: number,
  bytes: number,
): BitShare {
  const out = newBitShare(arena, party.committee, bytes)
  for (let position = 0; position < out.components; position++) {
    fillBit(component(out, position), getBit(component(plane, position), lane))
  }
  return out
}
