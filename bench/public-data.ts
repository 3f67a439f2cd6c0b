/**
 * Benchmark data that every party makes by itself: pseudo-random from a public label, so nothing has to
 * be sent before the clock starts, and the parent knows the right answer. Secure against nobody.
 */
import { hash, prg } from '../node/crypto.ts'
import { forEachRun, type Layout } from '../protocol/layout.ts'
import { copy, planeBytes } from '../shares/bits/plane.ts'
import { planesFromWords } from '../shares/bits/transpose.ts'
import type { Committee } from '../shares/committee.ts'
import { blockOf, newArena, sliceBlock, sliceFp, viewWords } from '../shares/field/memory.ts'
import type { Arena, FpVector } from '../shares/field/memory.ts'
import { copy as copyFp } from '../shares/field/vector.ts'
import { fillField, ivOf, ONCE, SEED_BYTES } from '../shares/prg.ts'
import { prgRng, type Rng } from '../shares/random.ts'
import { newBitShare, split as splitBits, wholeBlock } from '../shares/replicated.ts'
import type { BitShare } from '../shares/replicated.ts'
import { asShamirShare, split as splitField } from '../shares/shamir.ts'
import type { ShamirShare } from '../shares/shamir.ts'

/** Lanes that are shared at a time: what is made on the way takes little memory beside the result. */
const PIECE = 65_536

function keyOf(label: string): Uint8Array {
  return hash.sha256(new TextEncoder().encode(`sharehold/bench/${label}`)).slice(0, SEED_BYTES)
}

/** Reproducible stand-in for randomness. */
export function publicRng(label: string): Rng {
  return prgRng(prg, keyOf(label))
}

/** `count` u32 of the label's stream, the same in every process. @param from a multiple of 4 */
export function publicWords(label: string, count: number, from = 0): Uint32Array {
  const words = new Uint32Array(count)
  prg.fill(keyOf(label), ivOf(ONCE, from / 4), new Uint8Array(words.buffer))
  return words
}

/** `count` elements of F_p, the same in every process. @param arena owns the result */
export function publicElements(arena: Arena, label: string, count: number): FpVector {
  const elements = arena.elements(count)
  fillField(prg, keyOf(label), ONCE, elements)
  return elements
}

/**
 * Party `index`'s Shamir share of a vector of small numbers or of whole field elements.
 * @param arena owns the result
 * @param values u64 below p
 */
export function ownField(
  arena: Arena,
  of: Committee,
  index: number,
  values: BigUint64Array,
  label: string,
): ShamirShare {
  const own = arena.elements(values.length)
  const rng = publicRng(`field/${label}`)
  for (let from = 0; from < values.length; from += PIECE) {
    const to = Math.min(from + PIECE, values.length)
    const scratch = newArena()
    const secret = scratch.elements(to - from)
    viewWords(secret).set(values.subarray(from, to))
    copyFp(sliceFp(own, from, to), splitField(scratch, secret, of, rng)[index - 1]!)
    scratch.release()
  }
  return asShamirShare(own)
}

/**
 * Party `index`'s CNF share of each plane of a column of codes.
 * @param arena owns the results
 * @param codes one for each lane of the layout, below 2^planes
 */
export function ownPlanes(
  arena: Arena,
  of: Committee,
  index: number,
  codes: Uint32Array,
  planes: number,
  layout: Layout,
  label: string,
): BitShare[] {
  const rng = publicRng(`bits/${label}`)
  const scratch = newArena()
  const plain = Array.from({ length: planes }, () => scratch.bytes(layout.planeBytes))
  forEachRun(layout, (lane, byte, lanes) => {
    const words = scratch.elements(lanes)
    viewWords(words).set(BigUint64Array.from(codes.subarray(lane, lane + lanes), BigInt))
    const end = byte + planeBytes(lanes)
    planesFromWords(
      plain.map((plane) => sliceBlock(plane, byte, end)),
      blockOf(words),
      lanes,
    )
    scratch.free(words)
  })
  const own = plain.map((plane) => {
    const piece = scratch.child()
    const share = splitBits(piece, plane, of, rng)[index - 1]!
    const kept = newBitShare(arena, of, layout.planeBytes)
    copy(wholeBlock(kept), wholeBlock(share))
    piece.release()
    return kept
  })
  scratch.release()
  return own
}
