/**
 * Arithmetic on Shamir sharings over F_p, n = 2t+1: addition is local, multiplication re-shares the
 * degree-2t products (protocol.md A2).
 *
 * Secure against t semi-honest parties. Multiplication and inner products: 1 round, t elements per
 * party and product, whatever the length of the inner product; nobody learns anything. Opening: 1
 * round, t elements per party; everybody learns the vector and nothing else, as the sharing was random.
 * Source: Gennaro, Rabin, Rabin, PODC 1998, with PRG-compressed dealing (deal-field.ts).
 */
import { parties } from '../shares/committee.ts'
import type { Arena, FpVector } from '../shares/field/memory.ts'
import { sliceFp, viewFp } from '../shares/field/memory.ts'
import { lagrange, lagrangeAtZero } from '../shares/field/scalar.ts'
import * as vector from '../shares/field/vector.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import { dealSum, dealtTo } from './deal-field.ts'
import { multiplyThree } from './multiply-three.ts'
import type { Party, Tag } from './party.ts'
import { exchangeField } from './round.ts'

declare const opened: unique symbol

/** A vector that all parties know. */
export interface OpenedVector extends FpVector {
  readonly [opened]: true
}

export type SharePair = readonly [ShamirShare, ShamirShare]

/** x + y. Local. */
export function addShares(arena: Arena, x: ShamirShare, y: ShamirShare): ShamirShare {
  const out = arena.elements(x.length)
  vector.add(out, x, y)
  return asShamirShare(out)
}

/** x - y. Local. */
export function subtractShares(arena: Arena, x: ShamirShare, y: ShamirShare): ShamirShare {
  const out = arena.elements(x.length)
  vector.sub(out, x, y)
  return asShamirShare(out)
}

/** Public factor times x. Local. */
export function scaleShare(arena: Arena, x: ShamirShare, factor: bigint): ShamirShare {
  const out = arena.elements(x.length)
  vector.scale(out, x, factor)
  return asShamirShare(out)
}

/** x + a public vector: a constant polynomial, so everybody adds it. Local. */
export function addPublic(arena: Arena, x: ShamirShare, constant: FpVector): ShamirShare {
  const out = arena.elements(x.length)
  vector.add(out, x, constant)
  return asShamirShare(out)
}

/**
 * constant + sum of coefficients[i] * xs[i]. Local.
 * @param xs at least one, of equal lengths
 * @param coefficients public integers, taken modulo p
 * @param constant likewise
 */
export function combineShares(
  arena: Arena,
  xs: readonly ShamirShare[],
  coefficients: readonly bigint[],
  constant = 0n,
): ShamirShare {
  const out = arena.elements(xs[0]!.length)
  // A constant polynomial: everybody has the same share.
  vector.fill(out, constant)
  for (let from = 0; from < xs.length; from += vector.MAX_TERMS - 1) {
    const to = from + vector.MAX_TERMS - 1
    vector.combine(out, [out, ...xs.slice(from, to)], [1n, ...coefficients.slice(from, to)])
  }
  return asShamirShare(out)
}

/**
 * Elementwise products of all pairs, in one round.
 * @param arena owns the results, which lie on end in one vector
 * @param pairs the two of a pair have equal lengths
 * @throws ShareholdError SH_ROUND_*
 */
export async function multiply(
  party: Party,
  arena: Arena,
  tag: Tag,
  pairs: readonly SharePair[],
): Promise<ShamirShare[]> {
  const ends: number[] = []
  for (const [x] of pairs) ends.push((ends.at(-1) ?? 0) + x.length)
  const product =
    party.committee.n === 3
      ? await multiplyThree(party, arena, tag, pairs, ends.at(-1) ?? 0)
      : await multiplyAny(party, arena, tag, pairs, ends)
  return ends.map((end, k) => asShamirShare(sliceFp(product, ends[k - 1] ?? 0, end)))
}

async function multiplyAny(
  party: Party,
  arena: Arena,
  tag: Tag,
  pairs: readonly SharePair[],
  ends: readonly number[],
): Promise<ShamirShare> {
  const { committee, index } = party
  const length = ends.at(-1) ?? 0
  const scratch = arena.child()
  try {
    const products = scratch.elements(length)
    pairs.forEach(([x, y], k) => vector.mul(sliceFp(products, ends[k - 1] ?? 0, ends[k]!), x, y))
    // sum over i of lambda_i x_i y_i = x y: a sharing of degree 2t has n = 2t+1 points.
    vector.scale(products, products, lagrangeAtZero(committee.n)[index - 1]!)
    return scratch.keep(await dealSum(party, scratch, tag, parties(committee), length, products))
  } finally {
    scratch.release()
  }
}

/** This party's part of inner products: sums of products of shares, as numbers below p. Local. */
export function innerProductsLocal(pairs: readonly SharePair[]): bigint[] {
  return pairs.map(([x, y]) => vector.dot(x, y))
}

/**
 * Turns local inner products (which may be sums over many batches) into sharings, in one round.
 * @param sums from `innerProductsLocal`, one per lane
 * @returns one lane per sum
 * @throws ShareholdError SH_ROUND_*
 */
export async function shareInnerProducts(
  party: Party,
  arena: Arena,
  tag: Tag,
  sums: readonly bigint[],
): Promise<ShamirShare> {
  const { committee, index } = party
  const lambda = lagrangeAtZero(committee.n)[index - 1]!
  const scratch = arena.child()
  try {
    const local = scratch.elements(sums.length)
    vector.fromBigInts(
      local,
      sums.map((sum) => lambda * sum),
    )
    return scratch.keep(await dealSum(party, scratch, tag, parties(committee), sums.length, local))
  } finally {
    scratch.release()
  }
}

/**
 * Opens a sharing to everybody: party i takes the shares of i+1..i+t.
 * @throws ShareholdError SH_ROUND_*
 */
export async function open(
  party: Party,
  arena: Arena,
  tag: Tag,
  share: ShamirShare,
): Promise<OpenedVector> {
  const { committee, index } = party
  const senders = committee.prgReceivers[index - 1]!
  const scratch = arena.child()
  try {
    const shares = senders.map(() => scratch.elements(share.length))
    await exchangeField(
      party,
      tag,
      dealtTo(party, index).map((to) => ({ to, payload: viewFp(share) })),
      senders,
      shares,
    )
    const out = arena.elements(share.length)
    vector.combine(out, [share, ...shares], lagrange([index, ...senders], 0))
    return asOpened(out)
  } finally {
    scratch.release()
  }
}

function asOpened(value: FpVector): OpenedVector {
  return value as OpenedVector
}
