/**
 * Lanes rearranged by public rules: put on end, moved along, cut out. Local; the rules are public, so nobody
 * learns anything.
 */
import { compressLanes, shiftLanes } from '../shares/bits/lanes.ts'
import { planeBytes, xor, zero } from '../shares/bits/plane.ts'
import {
  type Arena,
  type Block,
  type FpVector,
  sliceBlock,
  sliceFp,
  view,
} from '../shares/field/memory.ts'
import * as vector from '../shares/field/vector.ts'
import { type BitShare, component, newBitShare, wholeBlock } from '../shares/replicated.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import { writeBytes } from './gather.ts'
import type { Party } from './party.ts'
import { newZero, publicComponent } from './public-planes.ts'

/** Lanes of a share, or a public value in all of them. */
export type Stretch<Share> =
  | { readonly lanes: number; readonly share: Share }
  | { readonly lanes: number; readonly value: bigint }

/** One plane of stretches on end. @param arena owns it */
export function appendBits(
  party: Party,
  arena: Arena,
  stretches: readonly Stretch<BitShare>[],
): BitShare {
  const total = stretches.reduce((sum, { lanes }) => sum + lanes, 0)
  const out = newZero(party, arena, planeBytes(total))
  let from = 0
  for (const stretch of stretches) {
    const scratch = arena.child()
    const to = from + stretch.lanes
    if ('share' in stretch) {
      const moved = newZero(party, scratch, out.bytes)
      writeBytes(moved, 0, sliceBits(party, scratch, stretch.share, 0, stretch.lanes))
      const placed = shiftBits(party, scratch, moved, total, from)
      xor(wholeBlock(out), wholeBlock(out), wholeBlock(placed))
    } else if (stretch.value === 1n) {
      const target = publicComponent(party, out)
      if (target !== undefined) xor(target, target, maskOf(scratch, out.bytes, from, to))
    }
    scratch.release()
    from = to
  }
  return out
}

/** One vector of stretches on end. @param arena owns it */
export function appendField(arena: Arena, stretches: readonly Stretch<ShamirShare>[]): ShamirShare {
  const out = arena.elements(stretches.reduce((sum, { lanes }) => sum + lanes, 0))
  let from = 0
  for (const stretch of stretches) {
    const place = sliceFp(out, from, (from += stretch.lanes))
    if ('share' in stretch) vector.copy(place, stretch.share)
    else vector.fill(place, stretch.value) // A constant polynomial.
  }
  return asShamirShare(out)
}

/**
 * Lane i of the result is lane i - by of the plane, or 0 if there is none.
 * @param lanes of both
 */
export function shiftBits(
  party: Party,
  arena: Arena,
  plane: BitShare,
  lanes: number,
  by: number,
): BitShare {
  if (by < 0) {
    const kept = sliceBits(party, arena, plane, Math.min(-by, lanes), lanes)
    const out = newZero(party, arena, plane.bytes)
    writeBytes(out, 0, kept)
    arena.free(kept)
    return out
  }
  const out = newBitShare(arena, party.committee, plane.bytes)
  for (let position = 0; position < out.components; position++) {
    shiftLanes(component(out, position), component(plane, position), by)
  }
  return out
}

/** The same for a vector. */
export function shiftField(arena: Arena, share: ShamirShare, by: number): ShamirShare {
  const { length } = share
  const moved = asShamirShare(arena.elements(length))
  vector.fill(moved, 0n)
  const distance = Math.min(Math.abs(by), length)
  const low = (one: ShamirShare): FpVector => sliceFp(one, 0, length - distance)
  const high = (one: ShamirShare): FpVector => sliceFp(one, distance, length)
  if (by < 0) vector.copy(low(moved), high(share))
  else vector.copy(high(moved), low(share))
  return moved
}

/** Lanes from..to-1 of a plane. @param arena owns the result, whose padding is 0 */
export function sliceBits(
  party: Party,
  arena: Arena,
  plane: BitShare,
  from: number,
  to: number,
): BitShare {
  const out = newBitShare(arena, party.committee, planeBytes(to - from))
  const scratch = arena.child()
  // Whole bytes before the first lane are left aside.
  const skipped = Math.floor(from / 128) * 16
  const read = planeBytes(to) - skipped
  const mask = maskOf(scratch, read, from - 8 * skipped, to - 8 * skipped)
  for (let position = 0; position < out.components; position++) {
    const part = sliceBlock(component(plane, position), skipped, skipped + read)
    compressLanes(component(out, position), part, mask, to - from)
  }
  scratch.release()
  return out
}

/** Elements from..to-1 of a vector. @param arena owns the result */
export function sliceField(
  arena: Arena,
  share: ShamirShare,
  from: number,
  to: number,
): ShamirShare {
  const out = arena.elements(to - from)
  vector.copy(out, sliceFp(share, from, to))
  return asShamirShare(out)
}

/** A public plane with ones in the lanes from..to-1. */
function maskOf(arena: Arena, bytes: number, from: number, to: number): Block {
  const block = arena.bytes(bytes)
  zero(block)
  const mask = view(block)
  const [first, last] = [Math.ceil(from / 8), Math.floor(to / 8)]
  if (first <= last) {
    mask.fill(0xff, first, last)
    for (let lane = from; lane < 8 * first; lane++) mask[lane >> 3]! |= 1 << (lane & 7)
    for (let lane = 8 * last; lane < to; lane++) mask[lane >> 3]! |= 1 << (lane & 7)
  } else {
    for (let lane = from; lane < to; lane++) mask[lane >> 3]! |= 1 << (lane & 7)
  }
  return block
}

/** Lane i of the result is the sum modulo 2 of the lanes 0..i: local, as sharings of bits are sums. */
export function prefixBits({ committee }: Party, arena: Arena, plane: BitShare): BitShare {
  const out = newBitShare(arena, committee, plane.bytes)
  for (let position = 0; position < out.components; position++) {
    const [from, to] = [component(plane, position), component(out, position)].map(wordsOf)
    let carry = 0
    for (let word = 0; word < from!.length; word++) {
      let bits = from![word]!
      for (let by = 1; by < 32; by *= 2) bits ^= bits << by
      bits ^= carry
      to![word] = bits
      // All ones if the last lane is one.
      carry = bits >> 31
    }
  }
  return out
}

/** 32 lanes a word: planes are whole numbers of 16 bytes. Valid until the next allocation in kernel memory. */
function wordsOf(block: Block): Uint32Array {
  const bytes = view(block)
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
}
