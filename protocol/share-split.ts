/**
 * Comparison of computed values with zero, and their digits: Shamir-shared vectors to one bit a lane, or to some,
 * CNF-shared (protocol.md C3, share-split). Nothing is masked and nothing is opened.
 *
 * t+1 Shamir shares times their Lagrange coefficients are summands u_i of the value, each known to one
 * party. Each of these parties deals the bits of its summand: its components are pseudo-random, from
 * the keys of its sets, except the one that takes the correction and goes to that set's t other
 * members; sets without the dealer have 0. A circuit (sign-circuit.ts) then works on the bits of all
 * summands. It is exact for every element: negative means above p/2.
 *
 * Secure against t semi-honest parties: for every honest dealer there is a set of honest parties with
 * the dealer in it, whose component hides the bits; what follows are ANDs (boolean.ts). Nobody learns
 * anything. In active security a dealer could lie about its summand: do not use it there.
 *
 * Cost, n = 3 / 5 / 7: dealing 1 round, 61t bits per lane of each of the t+1 summand parties; then
 * less than zero: 0 / 61 / 122 and 130 ANDs, 7 / 8 / 9 rounds; equals zero: 60 / 121 / 182 ANDs,
 * 6 / 7 / 8 rounds; k digits: the ANDs of less than zero and about k log2 k, in ceil(log2 k) + 1 rounds more. An AND is t bits per lane and party. Which parties are summand parties turns
 * with the tag, so that no party deals more than others in the long run.
 */
import { xor, zero } from '../shares/bits/plane.ts'
import { planesFromWords } from '../shares/bits/transpose.ts'
import { type Committee, cyclic } from '../shares/committee.ts'
import {
  type Arena,
  type Block,
  blockOf,
  type FpVector,
  sliceBlock,
  sliceFp,
  view,
} from '../shares/field/memory.ts'
import { lagrange } from '../shares/field/scalar.ts'
import * as vector from '../shares/field/vector.ts'
import { ivOf } from '../shares/prg.ts'
import { type BitShare, component, newBitShare } from '../shares/replicated.ts'
import type { ShamirShare } from '../shares/shamir.ts'

import { circuitFor } from './circuit-cache.ts'
import type { Circuit } from './circuit.ts'
import { dealtTo } from './deal-field.ts'
import { evaluate } from './evaluate.ts'
import { cutPlane } from './gather.ts'
import { forEachRun, type Layout, layoutOf } from './layout.ts'
import type { Party, Tag } from './party.ts'
import { exchange } from './round.ts'
import { digitsCircuit, signCircuit, zeroCircuit } from './sign-circuit.ts'

/** Bits of an element. */
export const WIDTH = 61

/** Rounds for the carry: one more than the least, which saves 15 of 145 ANDs. */
const CARRY_DEPTH = 7

/** The circuit after the dealing, for t+1 summands. */
export const lessThanZeroCircuit = circuitFor((summands) =>
  signCircuit(summands, WIDTH, CARRY_DEPTH),
)

/** The circuit after the dealing, for t+1 summands. */
export const equalsZeroCircuit = circuitFor((summands) => zeroCircuit(summands, WIDTH))

/** The circuit after the dealing, for t+1 summands. @param width digits, 1..60 */
export function fieldToBitsCircuit(summands: number, width: number): Circuit {
  return digitsCircuits(100 * summands + width)
}

const digitsCircuits = circuitFor((size) =>
  digitsCircuit(Math.floor(size / 100), WIDTH, CARRY_DEPTH, size % 100),
)

/** The t+1 parties whose shares are the summands under this tag, ascending. */
export function summandParties(of: Committee, { op, batch, step }: Tag): number[] {
  const first = (op + batch + step) % of.n
  return Array.from({ length: of.t + 1 }, (_, k) => cyclic(of, 1 + first + k)).toSorted(
    (a, b) => a - b,
  )
}

/**
 * 1 in the lanes that hold -2^60 < a < 0.
 * @param arena owns the results
 * @param tag of the first round; the others have the steps that follow
 * @param inputs of layout.lanes elements each; all in common rounds
 * @returns one plane per input, in this layout
 * @throws ShareholdError SH_ROUND_*
 */
export async function lessThanZero(
  party: Party,
  arena: Arena,
  tag: Tag,
  inputs: readonly ShamirShare[],
  layout: Layout,
): Promise<BitShare[]> {
  const circuitOf = lessThanZeroCircuit
  const [planes] = await splitAndEvaluate(party, arena, tag, inputs, layout, circuitOf, () => 2n)
  return planes!
}

/** 1 in the lanes that hold 0. Parameters as `lessThanZero`. */
export async function equalsZero(
  party: Party,
  arena: Arena,
  tag: Tag,
  inputs: readonly ShamirShare[],
  layout: Layout,
): Promise<BitShare[]> {
  const first = summandParties(party.committee, tag)[0]!
  const circuitOf = equalsZeroCircuit
  const factorOf = (dealer: number): bigint => (dealer === first ? -1n : 1n)
  const [planes] = await splitAndEvaluate(party, arena, tag, inputs, layout, circuitOf, factorOf)
  return planes!
}

/**
 * The lowest binary digits of the elements as numbers below p, lowest first, for each input in turn. Parameters as `lessThanZero`.
 * @param width 1..60
 */
export async function fieldToBits(
  party: Party,
  arena: Arena,
  tag: Tag,
  inputs: readonly ShamirShare[],
  layout: Layout,
  width: number,
): Promise<BitShare[]> {
  const circuitOf = (summands: number): Circuit => fieldToBitsCircuit(summands, width)
  const digits = await splitAndEvaluate(party, arena, tag, inputs, layout, circuitOf, () => 1n)
  return inputs.flatMap((_, k) => digits.map((planes) => planes[k]!))
}

/** @returns for each output of the circuit a plane per input, in this layout */

async function splitAndEvaluate(
  party: Party,
  arena: Arena,
  tag: Tag,
  inputs: readonly ShamirShare[],
  layout: Layout,
  circuitOf: (summands: number) => Circuit,
  factorOf: (dealer: number) => bigint,
): Promise<BitShare[][]> {
  const { committee, index } = party
  const dealers = summandParties(committee, tag)
  const joined = layoutOf(inputs.flatMap(() => layout.runs))
  const scratch = arena.child()
  try {
    let own: FpVector | undefined
    if (dealers.includes(index)) {
      own = scratch.elements(joined.lanes)
      const factor = factorOf(index) * lagrange(dealers, 0)[dealers.indexOf(index)]!
      for (const [k, input] of inputs.entries()) {
        vector.scale(sliceFp(own, k * layout.lanes, (k + 1) * layout.lanes), input, factor)
      }
    }
    const planes = await dealWords(party, scratch, tag, dealers, joined, own)
    if (own !== undefined) scratch.free(own)
    const next = { ...tag, step: tag.step + 1 }
    const circuit = circuitOf(dealers.length)
    const results = await evaluate(party, scratch, next, circuit, planes, joined.planeBytes)
    return results.map((result) =>
      inputs.map((_, k) =>
        cutPlane(party, arena, result, k * layout.planeBytes, (k + 1) * layout.planeBytes),
      ),
    )
  } finally {
    scratch.release()
  }
}

/**
 * Shares the bits of a vector of each dealer, in one round.
 * @param arena owns the results
 * @param own this party's vector, if it is a dealer
 * @returns 61 planes for each dealer in turn, least significant first
 */
async function dealWords(
  party: Party,
  arena: Arena,
  tag: Tag,
  dealers: readonly number[],
  layout: Layout,
  own: FpVector | undefined,
): Promise<BitShare[]> {
  const { committee, index, keys, prg } = party
  const held = committee.held[index - 1]!
  const bytes = layout.planeBytes
  const total = WIDTH * bytes
  const scratch = arena.child()
  try {
    const planes = dealers.map(() =>
      Array.from({ length: WIDTH }, () => newBitShare(arena, committee, bytes)),
    )
    const put = (dealer: number, position: number, from: Block): void => {
      for (const [i, plane] of planes[dealers.indexOf(dealer)]!.entries()) {
        const target = component(plane, position)
        view(target).set(view(sliceBlock(from, i * bytes, (i + 1) * bytes)))
      }
    }
    const correction = scratch.bytes(own === undefined ? 0 : total)
    if (own !== undefined) planesOf(correction, own, layout)
    const stream = scratch.bytes(total)
    for (const [k, dealer] of dealers.entries()) {
      for (const [position, setIndex] of held.entries()) {
        if (!committee.sets[setIndex]!.includes(dealer)) {
          for (const plane of planes[k]!) zero(component(plane, position))
        } else if (committee.correction[dealer - 1] !== setIndex) {
          prg.fill(keys.set(setIndex, 'input-bits', dealer), ivOf(tag), view(stream))
          put(dealer, position, stream)
          if (dealer === index) xor(correction, correction, stream)
        }
      }
    }

    const corrected = (dealer: number): number => held.indexOf(committee.correction[dealer - 1]!)
    const incoming = dealers
      .filter((dealer) => dealtTo(party, dealer).includes(index))
      .map((from) => ({ from, into: scratch.bytes(total) }))
    await exchange(
      party,
      tag,
      own === undefined
        ? []
        : dealtTo(party, index).map((to) => ({ to, payload: view(correction) })),
      incoming,
      () => own !== undefined && put(index, corrected(index), correction),
    )
    for (const { from, into } of incoming) put(from, corrected(from), into)
    return planes.flat()
  } finally {
    scratch.release()
  }
}

/** The bits of a vector as planes on end; padding lanes are 0. */
function planesOf(out: Block, words: FpVector, layout: Layout): void {
  const bytes = layout.planeBytes
  forEachRun(layout, (firstLane, firstByte, lanes) => {
    const to = firstByte + layoutOf([lanes]).planeBytes
    const planes = Array.from({ length: WIDTH }, (_, i) =>
      sliceBlock(out, i * bytes + firstByte, i * bytes + to),
    )
    planesFromWords(planes, blockOf(sliceFp(words, firstLane, firstLane + lanes)), lanes)
  })
}
