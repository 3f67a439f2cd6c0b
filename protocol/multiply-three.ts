/**
 * Multiplication by re-sharing for n = 3 (arithmetic.ts), in one pass over memory: product, dealing and
 * message are made chunk by chunk, while the cache holds them, and what comes is added as it comes. So
 * a long message leaves while the rest of it is made, and nobody holds all of it.
 *
 * Security and cost are those of re-sharing (deal-field.ts): 1 round, 1 element a product and party.
 */
import {
  type Arena,
  type FpVector,
  sliceBlock,
  blockOf,
  sliceFp,
  view,
  viewFp,
} from '../shares/field/memory.ts'
import { lagrange, lagrangeAtZero } from '../shares/field/scalar.ts'
import * as vector from '../shares/field/vector.ts'
import { fillField } from '../shares/prg.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import { dealtTo } from './deal-field.ts'
import type { Party, Place, Tag } from './party.ts'
import { exchange, exchangeField, notCanonical } from './round.ts'

/**
 * Elements made, sent and taken at a time: even, as two of them are a block of the key stream. All that is
 * touched for one chunk fits a second-level cache: seven vectors of 64 KiB.
 */
const CHUNK = 1 << 13
const CHUNK_BYTES: number = 8 * CHUNK

/** Two vectors of equal lengths. */
type Factors = readonly [ShamirShare, ShamirShare]

/** What party i does as a dealer, and of whom it gets what. */
interface Role {
  /** i+1, which derives its share of i's product from their common key, and sends i one of its own. */
  readonly next: number
  /** i-1, which i sends a share, and whose product i derives its share of. */
  readonly previous: number
  readonly lambda: bigint
  /**
   * f(0) = lambda x y and f(next) = random give f at the dealer and at `previous`: coefficients of these two,
   * in this order.
   */
  readonly kept: readonly bigint[]
  readonly sent: readonly bigint[]
}

const roles = new Map<number, Role>()

function roleOf(party: Party): Role {
  const { committee, index } = party
  const known = roles.get(index)
  if (known !== undefined) return known
  const next = committee.prgReceivers[index - 1]![0]!
  const previous = dealtTo(party, index)[0]!
  const role = {
    next,
    previous,
    lambda: lagrangeAtZero(3)[index - 1]!,
    kept: lagrange([0, next], index),
    sent: lagrange([0, next], previous),
  }
  roles.set(index, role)
  return role
}

/**
 * Elementwise products of all pairs, on end.
 *
 * @param party of three
 * @param arena owns the result
 * @param length of all pairs together
 * @throws ShareholdError SH_ROUND_*
 */
export async function multiplyThree(
  party: Party,
  arena: Arena,
  tag: Tag,
  pairs: readonly Factors[],
  length: number,
): Promise<ShamirShare> {
  const result = arena.elements(length)
  const scratch = arena.child()
  try {
    if (length <= CHUNK) await multiplyAtOnce(party, scratch, tag, pairs, result)
    else await new ProductStream(party, scratch, tag, pairs, result).run()
    return asShamirShare(result)
  } catch (error) {
    arena.free(result)
    throw error
  } finally {
    scratch.release()
  }
}

/** With little to send, what can be computed while it is on its way is. */
async function multiplyAtOnce(
  party: Party,
  arena: Arena,
  tag: Tag,
  pairs: readonly Factors[],
  result: FpVector,
): Promise<void> {
  const { keys, prg, index } = party
  const { next, previous } = roleOf(party)
  const random = arena.elements(result.length)
  const sent = arena.elements(result.length)
  fillField(prg, keys.pair(next, 'deal', index), tag, random)
  let at = 0
  for (const [x, y] of pairs) {
    const to = at + x.length
    deal(party, sliceFp(result, at, to), sliceFp(sent, at, to), x, y, sliceFp(random, at, to))
    at = to
  }
  const fromNext = arena.elements(result.length)
  const fromPrevious = random // not needed any more
  const payload = viewFp(sent)
  await exchangeField(party, tag, [{ to: previous, payload }], [next], [fromNext], () => {
    fillField(prg, keys.pair(previous, 'deal', previous), tag, fromPrevious)
    vector.add(result, result, fromPrevious)
  })
  vector.add(result, result, fromNext)
}

/** This party's dealing of x y: its own share and the one that it sends. */
function deal(
  party: Party,
  kept: FpVector,
  sent: FpVector,
  x: FpVector,
  y: FpVector,
  random: FpVector,
): void {
  const role = roleOf(party)
  const [keptD, keptR] = role.kept
  const [sentD, sentR] = role.sent
  vector.mulCombine(kept, sent, x, y, role.lambda, random, keptD!, keptR!, sentD!, sentR!)
}

/**
 * A long multiplication. Both directions go through the result chunk by chunk, each at its own pace: who comes
 * to a chunk first writes it, and the other adds.
 */
class ProductStream {
  readonly #party: Party
  readonly #tag: Tag
  readonly #pairs: readonly Factors[]
  readonly #result: FpVector
  readonly #random: FpVector
  readonly #kept: FpVector
  readonly #sent: FpVector
  readonly #fromNext: FpVector
  readonly #fromPrevious: FpVector
  /** Elements that are made, and that have come: whole chunks. */
  #made = 0
  #taken = 0

  constructor(party: Party, arena: Arena, tag: Tag, pairs: readonly Factors[], result: FpVector) {
    this.#party = party
    this.#tag = tag
    this.#pairs = pairs
    this.#result = result
    this.#random = arena.elements(CHUNK)
    this.#kept = arena.elements(CHUNK)
    this.#sent = arena.elements(CHUNK)
    this.#fromNext = arena.elements(CHUNK)
    this.#fromPrevious = arena.elements(CHUNK)
  }

  run(): Promise<void> {
    const { next, previous } = roleOf(this.#party)
    const bytes = 8 * this.#result.length
    return exchange(
      this.#party,
      this.#tag,
      [{ to: previous, payload: { bytes, pieces: this.#pieces() } }],
      [{ from: next, into: { bytes, take: this.#take } }],
    )
  }

  *#pieces(): Iterable<Uint8Array> {
    const { keys, prg, index } = this.#party
    const { next } = roleOf(this.#party)
    for (let from = 0; from < this.#result.length; from = this.#made) {
      const to = Math.min(from + CHUNK, this.#result.length)
      const chunk = (whole: FpVector): FpVector => sliceFp(whole, 0, to - from)
      const [random, sent] = [chunk(this.#random), chunk(this.#sent)]
      fillField(prg, keys.pair(next, 'deal', index), this.#tag, random, from)
      const share = sliceFp(this.#result, from, to)
      const kept = this.#taken < to ? share : chunk(this.#kept)
      this.#deal(from, to, kept, sent, random)
      if (kept !== share) vector.add(share, share, kept)
      this.#made = to
      yield viewFp(sent)
    }
  }

  /** Deals elements from..to-1 of the products, which may be of several pairs. */
  #deal(from: number, to: number, kept: FpVector, sent: FpVector, random: FpVector): void {
    let start = 0
    for (const [x, y] of this.#pairs) {
      const end = start + x.length
      const [first, last] = [Math.max(from, start), Math.min(to, end)]
      if (first < last) {
        const inChunk = (whole: FpVector): FpVector => sliceFp(whole, first - from, last - from)
        const inPair = (whole: FpVector): FpVector => sliceFp(whole, first - start, last - start)
        deal(this.#party, inChunk(kept), inChunk(sent), inPair(x), inPair(y), inChunk(random))
      }
      start = end
    }
  }

  /** Pieces may end anywhere. */
  readonly #take: Place = (piece, offset) => {
    const total = 8 * this.#result.length
    for (let at = 0; at < piece.length;) {
      const place = offset + at
      const inChunk = place % CHUNK_BYTES
      const bytes = Math.min(piece.length - at, CHUNK_BYTES - inChunk)
      const block = sliceBlock(blockOf(this.#fromNext), inChunk, inChunk + bytes)
      view(block).set(piece.subarray(at, at + bytes))
      at += bytes
      const end = place + bytes
      if (end % CHUNK_BYTES === 0 || end === total) this.#add(this.#taken, end / 8)
    }
  }

  /** Adds what has come of elements from..to-1, and what follows from the key with `previous`. */
  #add(from: number, to: number): void {
    const { keys, prg } = this.#party
    const { next, previous } = roleOf(this.#party)
    const chunk = (whole: FpVector): FpVector => sliceFp(whole, 0, to - from)
    const [fromNext, fromPrevious] = [chunk(this.#fromNext), chunk(this.#fromPrevious)]
    if (!vector.isCanonical(fromNext)) throw notCanonical(next)
    fillField(prg, keys.pair(previous, 'deal', previous), this.#tag, fromPrevious, from)
    const share = sliceFp(this.#result, from, to)
    if (this.#made < to) {
      vector.add(share, fromNext, fromPrevious)
    } else {
      vector.add(share, share, fromNext)
      vector.add(share, share, fromPrevious)
    }
    this.#taken = to
  }
}
