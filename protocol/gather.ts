/**
 * Public rearrangement of the lanes of CNF-shared planes. Local; the order is public, so nobody learns
 * anything.
 */
import { copy, gatherBits, planeBytes } from '../shares/bits/plane.ts'
import { type Arena, type Block, sliceBlock, view } from '../shares/field/memory.ts'
import { type BitShare, component, newBitShare } from '../shares/replicated.ts'

import type { Party } from './party.ts'

/** A list of lane numbers in kernel memory, u32 little endian. */
export interface LaneList {
  readonly block: Block
  readonly count: number
}

/** Copies lane numbers to kernel memory. */
export function placeLanes(arena: Arena, lanes: Uint32Array): LaneList {
  const block = arena.bytes(4 * lanes.length)
  view(block).set(new Uint8Array(lanes.buffer, lanes.byteOffset, lanes.byteLength))
  return { block, count: lanes.length }
}

/**
 * Lane k of the result is lane lanes[k] of the source; padding is a sharing of zeros.
 * @throws RangeError if a lane is not in the source
 */
export function gatherLanes(
  party: Party,
  arena: Arena,
  source: BitShare,
  lanes: LaneList,
): BitShare {
  const out = newBitShare(arena, party.committee, planeBytes(lanes.count))
  for (let position = 0; position < out.components; position++) {
    const from = component(source, position)
    gatherBits(component(out, position), from, lanes.block, lanes.count)
  }
  return out
}

/** Planes on end, as one longer plane: plane k starts at the sum of the bytes before it. */
export function joinPlanes(party: Party, arena: Arena, planes: readonly BitShare[]): BitShare {
  const bytes = planes.reduce((sum, plane) => sum + plane.bytes, 0)
  const out = newBitShare(arena, party.committee, bytes)
  let at = 0
  for (const plane of planes) {
    writeBytes(out, at, plane)
    at += plane.bytes
  }
  return out
}

/** Bytes from..to-1 of a plane, as a plane of its own. */
export function cutPlane(
  party: Party,
  arena: Arena,
  plane: BitShare,
  from: number,
  to: number,
): BitShare {
  const out = newBitShare(arena, party.committee, to - from)
  for (let position = 0; position < out.components; position++) {
    copy(component(out, position), sliceBlock(component(plane, position), from, to))
  }
  return out
}

/** Overwrites the bytes of `target` from `at` on with a shorter plane. */
export function writeBytes(target: BitShare, at: number, plane: BitShare): void {
  for (let position = 0; position < target.components; position++) {
    const place = sliceBlock(component(target, position), at, at + plane.bytes)
    copy(place, component(plane, position))
  }
}
