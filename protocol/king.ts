/**
 * Multiplication through a king, for n >= 5: fewer elements than re-sharing (arithmetic.ts), in twice the
 * rounds. Source: Damgard, Nielsen, CRYPTO 2007, with double sharings from keys instead of messages
 * (Cramer, Damgard, Ishai, TCC 2005; prss.ts), and a king who returns a sharing with t zero shares
 * (protocol.md A2).
 *
 * With [r] a pseudo-random sharing of degree t and <0> one of zero of degree 2t, both local:
 *   1. Party i sends the king d_i = x_i y_i + r_i + <0>_i. These are points of a polynomial of degree 2t
 *      with e = xy + r at 0, and the king has all n = 2t+1 of them.
 *   2. The king sends e to the t parties before it. With A these and the king, [e] = e * f_A is the sharing
 *      with f_A(0) = 1 that is 0 at everybody else (committee.ts), who therefore need not be told.
 *   [xy] = [e] - [r], local.
 *
 * Secure against t semi-honest parties; nobody learns anything. Let H be the t+1 honest parties. To the
 * others, the values of <0> on H are uniform among those with sum lambda_i <0>_i given (prss.ts), and the key
 * of the set H adds a uniform k to r and k * f_H(i) to r_i. As f_H is 0 outside H, sum over H of
 * lambda_i f_H(i) = f_H(0) = 1: k moves exactly the one direction that <0> leaves fixed. So the d_i of H are
 * uniform and independent of x and y, even if the king is corrupt, and e is a function of all d_i. The
 * corrupt parties' shares of xy are functions of e and their keys; the honest ones are then fixed by xy, as
 * in any sharing of degree t. (The argument for <0> from pairwise keys is derived for this project; a test
 * checks the whole view by linear algebra, for every set of t parties.)
 *
 * Cost: 2 rounds; 3t elements a product in all, 2t to the king and t from it: 1.2 and 1.29 a party at n =
 * 5 and 7, where re-sharing takes 2 and 3 (at n=3 both take 1). Each party is king of an n-th of the lanes,
 * so all send alike. PRG words a product and party: 9 or 10, and 24, against 4 and 6.
 */
import { type Committee, cyclic, parties, setCoefficient } from '../shares/committee.ts'
import { type Arena, type FpVector, sliceFp, viewFp } from '../shares/field/memory.ts'
import { lagrangeAtZero } from '../shares/field/scalar.ts'
import * as vector from '../shares/field/vector.ts'
import { przsField, prssField } from '../shares/prss.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import type { SharePair } from './arithmetic.ts'
import { dealtTo } from './deal-field.ts'
import type { Party, Tag } from './party.ts'
import { exchangeField } from './round.ts'

/** Lanes from..to-1 go through this king. */
export interface Reign {
  readonly king: number
  readonly from: number
  readonly to: number
}

/** Who is king of which lanes: an n-th each; who gets the lanes that are left over turns with the tag. */
export function reignsOf(of: Committee, { op, batch, step }: Tag, length: number): Reign[] {
  const least = Math.floor(length / of.n)
  const larger = length % of.n
  return parties(of).map((_, k) => ({
    king: cyclic(of, 1 + op + batch + step + k),
    from: k * least + Math.min(k, larger),
    to: (k + 1) * least + Math.min(k + 1, larger),
  }))
}

/**
 * Elementwise products of all pairs, in two rounds.
 * @param arena owns the results, which lie on end in one vector
 * @param tag of the first round; the second has the step that follows
 * @param pairs the two of a pair have equal lengths
 * @throws ShareholdError SH_ROUND_*
 */
export async function multiplyThroughKing(
  party: Party,
  arena: Arena,
  tag: Tag,
  pairs: readonly SharePair[],
): Promise<ShamirShare[]> {
  const ends: number[] = []
  for (const [x] of pairs) ends.push((ends.at(-1) ?? 0) + x.length)
  const length = ends.at(-1) ?? 0
  const reigns = reignsOf(party.committee, tag, length)
  const scratch = arena.child()
  try {
    const r = pseudoRandom(party, scratch, tag, length)
    const masked = maskedProducts(party, scratch, tag, pairs, ends, r)
    const own = await gather(party, scratch, tag, masked, reigns)
    scratch.free(masked)
    const next = { ...tag, step: tag.step + 1 }
    const product = scratch.keep(await unmask(party, scratch, next, own, reigns, r))
    return ends.map((end, k) => asShamirShare(sliceFp(product, ends[k - 1] ?? 0, end)))
  } finally {
    scratch.release()
  }
}

/** [r] */
function pseudoRandom(party: Party, arena: Arena, tag: Tag, length: number): ShamirShare {
  const { committee, index, keys, prg } = party
  const keyOf = (setIndex: number): Uint8Array => keys.set(setIndex, 'prss', 0)
  return prssField(arena, committee, index, keyOf, tag, length, prg)
}

/** This party's d_i of all products, on end. */
function maskedProducts(
  party: Party,
  arena: Arena,
  tag: Tag,
  pairs: readonly SharePair[],
  ends: readonly number[],
  r: ShamirShare,
): FpVector {
  const { committee, index, keys, prg } = party
  const keyOf = (peer: number): Uint8Array => keys.pair(peer, 'przs', 0)
  const zero = przsField(arena, committee, index, keyOf, tag, r.length, prg)
  const masked = arena.elements(r.length)
  pairs.forEach(([x, y], k) => vector.mul(sliceFp(masked, ends[k - 1] ?? 0, ends[k]!), x, y))
  vector.combine(masked, [masked, r, zero], [1n, 1n, 1n])
  arena.free(zero)
  return masked
}

/** Round 1. @returns e in the lanes of which this party is king */
async function gather(
  party: Party,
  arena: Arena,
  tag: Tag,
  masked: FpVector,
  reigns: readonly Reign[],
): Promise<FpVector> {
  const { committee, index } = party
  const others = parties(committee).filter((one) => one !== index)
  const own = reigns.find(({ king }) => king === index)!
  const points = new Map(others.map((one) => [one, arena.elements(own.to - own.from)]))
  await exchangeField(
    party,
    tag,
    reigns
      .filter(({ king }) => king !== index)
      .map(({ king, from, to }) => ({ to: king, payload: viewFp(sliceFp(masked, from, to)) })),
    others,
    [...points.values()],
  )
  points.set(index, sliceFp(masked, own.from, own.to))
  const e = arena.elements(own.to - own.from)
  const all = parties(committee).map((one) => points.get(one)!)
  vector.combine(e, all, lagrangeAtZero(committee.n))
  for (const one of others) arena.free(points.get(one)!)
  return e
}

/** Round 2. @param own from `gather`; @returns [e] - [r], all lanes */
async function unmask(
  party: Party,
  arena: Arena,
  tag: Tag,
  own: FpVector,
  reigns: readonly Reign[],
  r: ShamirShare,
): Promise<FpVector> {
  const { committee, index } = party
  const kings = committee.prgReceivers[index - 1]!
  const told = kings.map((king) => {
    const { from, to } = reigns.find((reign) => reign.king === king)!
    return arena.elements(to - from)
  })
  await exchangeField(
    party,
    tag,
    dealtTo(party, index).map((to) => ({ to, payload: viewFp(own) })),
    kings,
    told,
  )
  const product = arena.elements(r.length)
  for (const { king, from, to } of reigns) {
    const part = sliceFp(product, from, to)
    const e = king === index ? own : told[kings.indexOf(king)]
    const ofR = sliceFp(r, from, to)
    if (e === undefined) {
      vector.neg(part, ofR)
    } else {
      const ofE = setCoefficient(committee, committee.correction[king - 1]!, index)
      vector.combine(part, [e, ofR], [ofE, -1n])
    }
  }
  return product
}
