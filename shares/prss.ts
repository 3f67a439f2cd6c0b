/**
 * Pseudo-random secret sharings without communication, from keys that subsets of the committee hold
 * (CDI05 = Cramer, Damgard, Ishai, TCC 2005; protocol.md A1).
 *
 * [r]      Shamir, degree t: r = sum_A F(k_A), share_j = sum_{A containing j} F(k_A) * f_A(j).
 * <0>_2t   Shamir, degree 2t: z_i = sum_{j>i} F(k_ij) - sum_{j<i} F(k_ij) over the neighbours j in a
 *          (t+1)-connected graph, s_i = z_i / lambda_i. For n = 2t+1 only.
 * <r>_2    CNF over F_2: the components themselves.
 *
 * Any t parties lack k_A for the set A of the others, and the graph stays connected without them: to
 * them r is uniform, and the other parties' zero shares are uniform subject to their sum (the latter
 * derived for this project: protocol.md A1 [der]). Nothing is sent. PRG outputs per element and party:
 * 2, 6, 20 for r; 2, 3-4, 4 for zero.
 *
 * Keys are 16-byte subkeys for one use; no (key, counter) may serve twice (protocol.md 0.2).
 */
import { type Committee, heldBy, setCoefficient, zeroPeers } from './committee.ts'
import { type Arena, type FpVector, sliceFp, view } from './field/memory.ts'
import { inv, lagrangeAtZero, neg } from './field/scalar.ts'
import { combine } from './field/vector.ts'
import { type Counter, fillField, ivOf, type Prg } from './prg.ts'
import { type BitShare, component, newBitShare } from './replicated.ts'
import { asShamirShare, type ShamirShare } from './shamir.ts'

/** Elements of a stream that are made at a time: up to 20 streams then stay in the cache, whatever the length. */
const SLICE = 1 << 13

/** Looks up the subkey of the set with this index; asked only for sets that hold the party. */
export type SetKey = (setIndex: number) => Uint8Array

/** Looks up the subkey that the party shares with this peer; both must get the same. */
export type PairKey = (peer: number) => Uint8Array

/**
 * This party's degree-t share of a pseudo-random vector.
 * @param arena owns the result
 * @param party 1..n
 */
export function prssField(
  arena: Arena,
  of: Committee,
  party: number,
  setKey: SetKey,
  counter: Counter,
  length: number,
  prg: Prg,
): ShamirShare {
  const held = heldBy(of, party)
  const coefficients = held.map((setIndex) => setCoefficient(of, setIndex, party))
  return asShamirShare(combineStreams(arena, held.map(setKey), coefficients, counter, length, prg))
}

/**
 * This party's share of a degree-2t sharing of the zero vector: masks products before they are opened.
 * Not a `ShamirShare`: the degree is 2t.
 * @param arena owns the result
 * @param party 1..n
 */
export function przsField(
  arena: Arena,
  of: Committee,
  party: number,
  pairKey: PairKey,
  counter: Counter,
  length: number,
  prg: Prg,
): FpVector {
  const peers = zeroPeers(of, party)
  const perLambda = inv(lagrangeAtZero(of.n)[party - 1]!)
  const coefficients = peers.map((peer) => (peer > party ? perLambda : neg(perLambda)))
  return combineStreams(arena, peers.map(pairKey), coefficients, counter, length, prg)
}

/**
 * This party's CNF share of a pseudo-random plane.
 * @param arena owns the result
 * @param party 1..n
 * @param bytes of the plane
 */
export function prssBits(
  arena: Arena,
  of: Committee,
  party: number,
  setKey: SetKey,
  counter: Counter,
  bytes: number,
  prg: Prg,
): BitShare {
  const share = newBitShare(arena, of, bytes)
  const iv = ivOf(counter)
  heldBy(of, party).forEach((setIndex, position) => {
    prg.fill(setKey(setIndex), iv, view(component(share, position)))
  })
  return share
}

/** sum of coefficients[i] * F(keys[i], counter). */
function combineStreams(
  arena: Arena,
  keys: readonly Uint8Array[],
  coefficients: readonly bigint[],
  counter: Counter,
  length: number,
  prg: Prg,
): FpVector {
  const sum = arena.elements(length)
  const scratch = arena.child({ wipe: true })
  try {
    const streams = keys.map(() => scratch.elements(Math.min(length, SLICE)))
    for (let from = 0; from < length; from += SLICE) {
      const size = Math.min(SLICE, length - from)
      const parts = streams.map((stream, k) => {
        const part = sliceFp(stream, 0, size)
        fillField(prg, keys[k]!, counter, part, from)
        return part
      })
      combine(sliceFp(sum, from, from + size), parts, coefficients)
    }
    return sum
  } finally {
    scratch.release()
  }
}
