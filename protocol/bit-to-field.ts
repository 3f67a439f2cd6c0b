/**
 * B2A: bits that are CNF-shared over F_2 become 0/1 elements, Shamir-shared over F_p.
 *
 * b is the XOR of C(n,t) components. Group them by the first member of their set: the groups 1..t are
 * each known to one party, the last, of the set {t+1..n} alone, to those t+1 parties (protocol.md C3).
 *   1. P_1..P_t deal their groups' bits over F_p.
 *   2. x := x + y - 2xy folds the groups 2..t into the first: t-1 multiplications.
 *   3. Each j in {t+1..n} re-deals lambda_j * (x_j (1 - 2g) + g), where g is the last group's bit: the
 *      shares of x and the public-to-them g give shares of x XOR g without a multiplication.
 * At n=3 this is the protocol of ORQ `b2a_bit` and MP-SPDZ `buffer_dabits`, with the additive sharing
 * between P_2 and P_3 written as their two points of a line.
 *
 * Secure against t semi-honest parties: every message is a fresh sharing (deal-field.ts). Nobody learns
 * anything. Cost: t+1 rounds; t*t + (t-1)*n*t + (t+1)*t elements per bit in all (3, 20, 63). With step 2
 * through a king, 2t rounds; t*t + (t-1)*3t + (t+1)*t elements (3, 16, 39).
 */
import { copy, xor } from '../shares/bits/plane.ts'
import { fpFromPlane } from '../shares/bits/transpose.ts'
import {
  type Arena,
  type Block,
  type FpVector,
  sliceBlock,
  sliceFp,
} from '../shares/field/memory.ts'
import { lagrange } from '../shares/field/scalar.ts'
import * as vector from '../shares/field/vector.ts'
import { type BitShare, component } from '../shares/replicated.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import { multiply } from './arithmetic.ts'
import { dealEach, dealSum } from './deal-field.ts'
import { multiplyThroughKing } from './king.ts'
import { forEachRun, type Layout } from './layout.ts'
import type { Party, Tag } from './party.ts'
import type { Via } from './plan.ts'

/**
 * Converts planes, all in the same rounds.
 * @param arena owns the results, which lie on end in one vector
 * @param tag of the first round; the others have the steps that follow
 * @param planes in this layout
 * @param via of step 2
 * @returns one 0/1 vector of layout.lanes elements per plane
 * @throws ShareholdError SH_ROUND_*
 */
export async function bitToField(
  party: Party,
  arena: Arena,
  tag: Tag,
  planes: readonly BitShare[],
  layout: Layout,
  via?: Via,
): Promise<ShamirShare[]> {
  const { committee, index } = party
  const { t } = committee
  const [product, rounds] = via === 'king' ? [multiplyThroughKing, 2] : [multiply, 1]
  const length = planes.length * layout.lanes
  const singles = Array.from({ length: t }, (_, k) => k + 1)
  const last = Array.from({ length: t + 1 }, (_, k) => t + 1 + k)
  const at = (step: number): Tag => ({ ...tag, step: tag.step + step })
  const scratch = arena.child()
  try {
    // 1. The groups that one party knows.
    const own = index <= t ? groupBits(party, scratch, planes, layout, index) : undefined
    const inputs = await dealEach(party, scratch, at(0), singles, length, own)
    if (own !== undefined) scratch.free(own)

    // 2. x XOR y = x + y - 2xy.
    const x = inputs[0]!
    for (const [k, y] of inputs.slice(1).entries()) {
      const [xy] = await product(party, scratch, at(1 + rounds * k), [[x, y]])
      vector.combine(x, [x, y, xy!], [1n, 1n, -2n])
      scratch.free(y)
      scratch.free(xy!)
    }

    // 3. The group that t+1 parties know.
    let dealt: FpVector | undefined
    if (index > t) {
      const g = groupBits(party, scratch, planes, layout, t + 1)
      dealt = xorKnown(scratch, x, g, lagrange(last, 0)[last.indexOf(index)]!)
      scratch.free(g)
    }
    scratch.free(x)
    const result = scratch.keep(
      await dealSum(party, scratch, at(1 + rounds * (t - 1)), last, length, dealt),
    )
    return planes.map((_, k) =>
      asShamirShare(sliceFp(result, k * layout.lanes, (k + 1) * layout.lanes)),
    )
  } finally {
    scratch.release()
  }
}

/** lambda * (x XOR g) = lambda * (x + g - 2xg), for g that the party knows. */
function xorKnown(arena: Arena, x: ShamirShare, g: FpVector, lambda: bigint): FpVector {
  const out = arena.elements(x.length)
  vector.mul(out, x, g)
  vector.combine(out, [x, g, out], [lambda, lambda, -2n * lambda])
  return out
}

/** The XOR of the components whose set starts with `first`, as 0/1 elements, plane after plane. */
function groupBits(
  party: Party,
  arena: Arena,
  planes: readonly BitShare[],
  layout: Layout,
  first: number,
): FpVector {
  const { committee, index } = party
  const positions = committee.held[index - 1]!.flatMap((setIndex, position) =>
    committee.sets[setIndex]![0] === first ? [position] : [],
  )
  const out = arena.elements(planes.length * layout.lanes)
  const bits = arena.bytes(layout.planeBytes)
  planes.forEach((plane, k) => {
    positions.forEach((position, nth) => {
      if (nth === 0) copy(bits, component(plane, position))
      else xor(bits, bits, component(plane, position))
    })
    expand(sliceFp(out, k * layout.lanes, (k + 1) * layout.lanes), bits, layout)
  })
  arena.free(bits)
  return out
}

/** 0/1 elements from a plane, without the padding. */
function expand(out: FpVector, plane: Block, layout: Layout): void {
  forEachRun(layout, (firstLane, firstByte, lanes) => {
    const bytes = sliceBlock(plane, firstByte, plane.bytes)
    fpFromPlane(sliceFp(out, firstLane, firstLane + lanes), bytes, lanes)
  })
}
