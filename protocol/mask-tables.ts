/**
 * Comparison of numbers that are opened under masks (masked-open.ts), in one round for 16 bits: what depends on
 * the masks alone is worked out for every outcome beforehand, and then looked up.
 *
 * a = c - r modulo 2^k has the highest bit of c, XOR that of r, XOR a borrow: whether the other bits of c are
 * less than those of r. These are cut into digits of 8. For each digit of r there is a plane for every value
 * that it may have (mask-values.ts); which of them says whether c's digit equals r's is public, and so is
 * which ones add up to whether it is less. Digits are joined as those of any carry.
 *
 * Secure as AND is (boolean.ts); nobody learns anything. Cost for D digits and Q masks: beforehand 278 ANDs for
 * each digit and mask in 3 rounds; for a number, 2(D-1) ANDs at most in ceil(log2 D) rounds.
 */
import { planeBytes, xor, zero } from '../shares/bits/plane.ts'
import { type Arena, type Block, sliceBlock, view } from '../shares/field/memory.ts'
import { type BitShare, component, newBitShare, wholeBlock } from '../shares/replicated.ts'

import { constantBits, maskBits, xorBits } from './boolean.ts'
import { CircuitBuilder, type Wire } from './circuit-builder.ts'
import { circuitFor } from './circuit-cache.ts'
import { evaluate } from './evaluate.ts'
import { cutPlane, gatherLanes, joinPlanes, placeLanes } from './gather.ts'
import {
  HALF,
  HALF_VALUES,
  placeOf,
  type ValuePlanes,
  valuePlanes,
  valueRounds,
} from './mask-values.ts'
import type { Masks } from './masked-open.ts'
import type { Party, Tag } from './party.ts'

/** Bits of a digit. */
const DIGIT = 2 * HALF

/** Rounds of `maskTables`. */
export const TABLE_ROUNDS = valueRounds(DIGIT)

/** Digits of what is compared in a sign: all bits but the highest. */
export function digitsOf(bits: number): number {
  return Math.ceil((bits - 1) / DIGIT)
}

/**
 * The borrow out of digits: for each, lowest first, the planes "less" and "equal"; ceil(log2 digits) rounds.
 * No digits, no borrow.
 */
export const borrowCircuit = circuitFor((digits) => {
  const b = new CircuitBuilder()
  const pairs = Array.from({ length: digits }, () => ({ less: b.input(), equal: b.input() }))
  const borrow = (from: number, to: number): { less: Wire; equal: Wire } => {
    if (to - from === 1) return pairs[from]!
    const middle = from + ((to - from) >> 1)
    const [low, high] = [borrow(from, middle), borrow(middle, to)]
    return {
      less: b.xor(high.less, b.and(high.equal, low.less)),
      equal: b.and(high.equal, low.equal),
    }
  }
  return b.build(digits === 0 ? [b.constant(false)] : [borrow(0, digits).less])
})

/** Lane d * laneBytes * 8 + q of every plane is of digit d of mask q. */
export interface MaskTables {
  readonly masks: Masks
  /** Bytes of a plane of one digit. */
  readonly laneBytes: number
  readonly values: ValuePlanes
  /** Planes on end. Plane v: 1 if the upper half of the digit is greater than v. */
  readonly upperAbove: BitShare
  /** At the place of a value: 1 if the upper half is that value's, and the lower half greater than its. */
  readonly lowerAbove: BitShare
}

/**
 * Prepares the comparison of as many numbers as there are masks.
 * @param arena owns the tables
 * @param tag of the first of TABLE_ROUNDS rounds
 * @throws ShareholdError SH_ROUND_*
 */
export async function maskTables(
  party: Party,
  arena: Arena,
  tag: Tag,
  masks: Masks,
): Promise<MaskTables> {
  const digits = digitsOf(masks.bits)
  const laneBytes = planeBytes(masks.count)
  const bytes = digits * laneBytes
  const scratch = arena.child()
  try {
    const none = constantBits(party, scratch, laneBytes, 0)
    const ofMasks = (bit: number): BitShare =>
      cutPlane(party, scratch, masks.planes, bit * laneBytes, (bit + 1) * laneBytes)
    const numbers = Array.from({ length: DIGIT }, (_, b) => {
      const planes = Array.from({ length: digits }, (_d, d) =>
        DIGIT * d + b < masks.bits - 1 ? ofMasks(DIGIT * d + b) : none,
      )
      return joinPlanes(party, scratch, planes)
    })
    const values = await valuePlanes(party, arena, tag, numbers)
    return {
      masks,
      laneBytes,
      values,
      upperAbove: sumsAbove(party, arena, values.upper, bytes),
      lowerAbove: sumsAbove(party, arena, values.equal, HALF_VALUES * bytes),
    }
  } finally {
    scratch.release()
  }
}

/** Block v of the result is the XOR of the blocks v+1, ..., 15 of a plane. */
function sumsAbove(party: Party, arena: Arena, plane: BitShare, bytes: number): BitShare {
  const out = newBitShare(arena, party.committee, plane.bytes)
  for (let position = 0; position < out.components; position++) {
    const block = (of: BitShare, v: number): Block =>
      sliceBlock(component(of, position), v * bytes, (v + 1) * bytes)
    zero(block(out, HALF_VALUES - 1))
    for (let v = HALF_VALUES - 2; v >= 0; v--)
      xor(block(out, v), block(out, v + 1), block(plane, v + 1))
  }
  return out
}

/**
 * The highest bits of c - r modulo 2^bits: whether numbers are negative.
 * @param arena owns the result
 * @param tag of the first of ceil(log2 digits) rounds
 * @param opened numbers under the masks `first`, `first` + 1, ...
 * @returns a lane for each
 * @throws ShareholdError SH_ROUND_*
 */
export async function signsUnderMasks(
  party: Party,
  arena: Arena,
  tag: Tag,
  tables: MaskTables,
  opened: readonly bigint[],
  first: number,
): Promise<BitShare> {
  const { masks } = tables
  const digits = digitsOf(masks.bits)
  const scratch = arena.child()
  try {
    const inputs = Array.from({ length: digits }, (_, d) =>
      lookUp(party, scratch, tables, opened, first, d),
    ).flat()
    const bytes = planeBytes(opened.length)
    const [borrow] = await evaluate(party, scratch, tag, borrowCircuit(digits), inputs, bytes)
    const top = (masks.bits - 1) * 8 * tables.laneBytes + first
    const tops = Uint32Array.from(opened, (_, k) => top + k)
    const ofMasks = gatherLanes(party, scratch, masks.planes, placeLanes(scratch, tops))
    const difference = xorBits(party, scratch, borrow!, ofMasks)
    const known = scratch.bytes(bytes)
    zero(known)
    const plane = view(known)
    opened.forEach((number, k) => {
      if ((number >> BigInt(masks.bits - 1)) & 1n) plane[k >> 3]! |= 1 << (k & 7)
    })
    const ones = constantBits(party, scratch, bytes, 1)
    return xorBits(party, arena, difference, maskBits(party, scratch, ones, known))
  } finally {
    scratch.release()
  }
}

/** "Less" and "equal" of a digit. */
function lookUp(
  party: Party,
  arena: Arena,
  tables: MaskTables,
  opened: readonly bigint[],
  first: number,
  d: number,
): readonly [BitShare, BitShare] {
  const { masks, values, laneBytes } = tables
  const planeLanes = 8 * values.bytes
  const whole = new Uint32Array(opened.length)
  const upper = new Uint32Array(opened.length)
  opened.forEach((number, k) => {
    const below = BigInt.asUintN(masks.bits - 1, number)
    const digit = Number((below >> BigInt(DIGIT * d)) & 0xffn)
    const lane = 8 * d * laneBytes + first + k
    whole[k] = placeOf(values, digit) * planeLanes + lane
    upper[k] = (digit >> HALF) * planeLanes + lane
  })
  const list = placeLanes(arena, whole)
  const less = gatherLanes(party, arena, tables.lowerAbove, list)
  const above = gatherLanes(party, arena, tables.upperAbove, placeLanes(arena, upper))
  xor(wholeBlock(less), wholeBlock(less), wholeBlock(above))
  return [less, gatherLanes(party, arena, values.equal, list)]
}
