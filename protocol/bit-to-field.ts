/**
 * B2A: bits that are CNF-shared over F_2 become 0/1 elements, Shamir-shared over F_p.
 *
 * b is the XOR of C(n,t) components. Give the parties roles 1..n, and group the components by the first
 * role in their set: the groups 1..t are each known to one party, the last, of the set {t+1..n} alone, to
 * those t+1 parties (protocol.md C3).
 *   1. The roles 1..t deal their groups' bits over F_p.
 *   2. x := x + y - 2xy folds the groups 2..t into the first: t-1 multiplications.
 *   3. Each j in {t+1..n} re-deals lambda_j * (x_j (1 - 2g) + g), where g is the last group's bit: the
 *      shares of x and the public-to-them g give shares of x XOR g without a multiplication.
 * At n=3 this is the protocol of ORQ `b2a_bit` and MP-SPDZ `buffer_dabits`, with the additive sharing
 * between P_2 and P_3 written as their two points of a line.
 *
 * In each n-th of the lanes another party has the first role, and the others follow around the circle. So
 * all send alike in each round; with one and the same role each, half of them would wait for the others.
 *
 * Secure against t semi-honest parties: every message is a fresh sharing (deal-field.ts). Nobody learns
 * anything. Cost: t+1 rounds; t*t + (t-1)*n*t + (t+1)*t elements per bit in all (3, 20, 63). With step 2
 * through a king, 2t rounds; t*t + (t-1)*3t + (t+1)*t elements (3, 16, 39).
 */
import { copy, xor } from '../shares/bits/plane.ts'
import { fpFromPlane } from '../shares/bits/transpose.ts'
import { type Committee, cyclic, parties } from '../shares/committee.ts'
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
import { dealEach } from './deal-field.ts'
import { multiplyThroughKing } from './king.ts'
import { cutLanes, forEachRun, type Layout } from './layout.ts'
import type { Party, Tag } from './party.ts'
import type { Via } from './plan.ts'

/** Lanes from..to-1 of all planes on end, in which this party has role 1. */
interface Turn {
  readonly first: number
  readonly from: number
  readonly to: number
}

/** What one party deals in a round: vectors for some turns, on end. */
interface Part {
  readonly turn: Turn
  readonly role: number
  /** Elements from..to-1 of the party's vector. */
  readonly from: number
  readonly to: number
}

/** Fills `out` with what this party deals in a part. */
type Make = (part: Part, out: FpVector) => void

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
  const { n, t } = party.committee
  const [product, rounds] = via === 'king' ? [multiplyThroughKing, 2] : [multiply, 1]
  const turns = turnsOf(party.committee, layout, planes.length)
  const at = (step: number): Tag => ({ ...tag, step: tag.step + step })
  const scratch = arena.child()
  try {
    // 1. The groups that one party knows: of each turn, one for each of the roles 1..t.
    const folded = scratch.child()
    const inputs = await dealTurns(party, folded, at(0), turns, [1, t], (part, out) =>
      groupBits(party, scratch, out, planes, layout, part, part.role),
    )

    // 2. x XOR y = x + y - 2xy.
    const xs = inputs.map(([x]) => x!)
    let step = 1
    for (let k = 1; k < t; k++, step += rounds) {
      const pairs = inputs.map((shares, turn) => [xs[turn]!, shares[k]!] as const)
      const products = await product(party, scratch, at(step), pairs)
      for (const [turn, [x, y]] of pairs.entries()) {
        vector.combine(x, [x, y, products[turn]!], [1n, 1n, -2n])
      }
      scratch.free(products[0]!) // all of them: they lie on end
    }

    // 3. The group that t+1 parties know.
    const make: Make = (part, out) => {
      groupBits(party, scratch, out, planes, layout, part, t + 1)
      const last = Array.from({ length: t + 1 }, (_, k) =>
        holderOf(party.committee, part.turn, t + 1 + k),
      )
      const lambda = lagrange(last, 0)[last.indexOf(party.index)]!
      xorKnown(scratch, out, xs[turns.indexOf(part.turn)]!, lambda)
    }
    const roles = [t + 1, n] as const
    // At many lanes the vectors are what takes the memory: each goes as soon as nobody reads it.
    const dealt = await dealTurns(party, scratch, at(step), turns, roles, make, () =>
      folded.release(),
    )
    const result = arena.elements(planes.length * layout.lanes)
    for (const [turn, { from, to }] of turns.entries()) {
      const [first, second, ...others] = dealt[turn]!
      const sum = sliceFp(result, from, to)
      vector.add(sum, first!, second!)
      for (const share of others) vector.add(sum, sum, share)
    }
    return planes.map((_, k) =>
      asShamirShare(sliceFp(result, k * layout.lanes, (k + 1) * layout.lanes)),
    )
  } finally {
    scratch.release()
  }
}

function turnsOf(of: Committee, layout: Layout, planes: number): Turn[] {
  const cuts = cutLanes(layout, planes, of.n)
  return parties(of).map((first, k) => ({ first, from: cuts[k]!, to: cuts[k + 1]! }))
}

/** The party that has this role. */
function holderOf(of: Committee, { first }: Turn, role: number): number {
  return cyclic(of, first + role - 1)
}

/** The role of this party. */
function roleOf({ n }: Committee, { first }: Turn, index: number): number {
  return ((index - first + n) % n) + 1
}

function partsOf(of: Committee, turns: readonly Turn[], roles: Roles, dealer: number): Part[] {
  let end = 0
  return turns.flatMap((turn) => {
    const role = roleOf(of, turn, dealer)
    if (role < roles[0] || role > roles[1]) return []
    const from = end
    end += turn.to - turn.from
    return [{ turn, role, from, to: end }]
  })
}

/** First and last. */
type Roles = readonly [number, number]

/**
 * One round, in which the parties that have one of these roles in a turn deal a vector of its length.
 * @param made called when this party's own vector is made
 * @returns for each turn, the shares by role
 */
async function dealTurns(
  party: Party,
  arena: Arena,
  tag: Tag,
  turns: readonly Turn[],
  roles: Roles,
  make: Make,
  made?: () => void,
): Promise<ShamirShare[][]> {
  const { committee, index } = party
  const parts = parties(committee).map((dealer) => partsOf(committee, turns, roles, dealer))
  const dealings = parts.map((list, k) => ({ dealer: k + 1, length: list.at(-1)?.to ?? 0 }))
  const own = arena.elements(dealings[index - 1]!.length)
  for (const part of parts[index - 1]!) make(part, sliceFp(own, part.from, part.to))
  made?.()
  const shares = await dealEach(party, arena, tag, dealings, own, () => arena.free(own))
  return turns.map((turn) =>
    Array.from({ length: roles[1] - roles[0] + 1 }, (_, k) => {
      const dealer = holderOf(committee, turn, roles[0] + k)
      const part = parts[dealer - 1]!.find((one) => one.turn === turn)!
      return asShamirShare(sliceFp(shares[dealer - 1]!, part.from, part.to))
    }),
  )
}

/** g := lambda * (x XOR g) = lambda * (x + g - 2xg), for g that the party knows. */
function xorKnown(arena: Arena, g: FpVector, x: ShamirShare, lambda: bigint): void {
  const product = arena.elements(x.length)
  vector.mul(product, x, g)
  vector.combine(g, [x, g, product], [lambda, lambda, -2n * lambda])
  arena.free(product)
}

/** out = the XOR of the components whose first role is `group`, in the lanes of a turn, as 0/1 elements. */
function groupBits(
  party: Party,
  arena: Arena,
  out: FpVector,
  planes: readonly BitShare[],
  layout: Layout,
  { turn }: Part,
  group: number,
): void {
  const { committee, index } = party
  const positions = committee.held[index - 1]!.flatMap((setIndex, position) => {
    const roles = committee.sets[setIndex]!.map((member) => roleOf(committee, turn, member))
    return Math.min(...roles) === group ? [position] : []
  })
  const bits = arena.bytes(layout.planeBytes)
  planes.forEach((plane, k) => {
    const from = Math.max(turn.from, k * layout.lanes)
    const to = Math.min(turn.to, (k + 1) * layout.lanes)
    if (from >= to) return
    positions.forEach((position, nth) => {
      if (nth === 0) copy(bits, component(plane, position))
      else xor(bits, bits, component(plane, position))
    })
    const start = k * layout.lanes
    expand(sliceFp(out, from - turn.from, to - turn.from), bits, layout, from - start)
  })
  arena.free(bits)
}

/** 0/1 elements from a plane, without the padding. @param first lane, which begins a byte */
function expand(out: FpVector, plane: Block, layout: Layout, first: number): void {
  const end = first + out.length
  forEachRun(layout, (firstLane, firstByte, lanes) => {
    const from = Math.max(first, firstLane)
    const to = Math.min(end, firstLane + lanes)
    if (from >= to) return
    const bytes = sliceBlock(plane, firstByte + ((from - firstLane) >> 3), plane.bytes)
    fpFromPlane(sliceFp(out, from - first, to - first), bytes, to - from)
  })
}
