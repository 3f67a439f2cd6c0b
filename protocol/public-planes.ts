import { planeBytes, zero } from '../shares/bits/plane.ts'
/**
 * Planes of numbers that everybody knows, as sharings: the value is one component, the others are 0. Local.
 */
import { planesFromWords } from '../shares/bits/transpose.ts'
import { type Arena, type Block, view } from '../shares/field/memory.ts'
import { type BitShare, component, newBitShare, wholeBlock } from '../shares/replicated.ts'

import { PUBLIC_SET } from './boolean.ts'
import type { Party } from './party.ts'

/** Planes that spell the numbers below `size`. */
export function planesBelow(size: number): number {
  return size <= 1 ? 0 : 32 - Math.clz32(size - 1)
}

/** Planes that spell all digits. */
export function enumerationPlanes(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + planesBelow(size), 0)
}

/** Combinations of the digits. */
export function enumerationLanes(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => product * size, 1)
}

/**
 * Every combination of digits, one a lane, the last digit running fastest.
 * @param sizes numbers that each digit can be; they take 32 planes at most
 * @returns the planes of the last digit first, each digit's lowest first
 */
export function enumerate(party: Party, arena: Arena, sizes: readonly number[]): BitShare[] {
  const lanes = enumerationLanes(sizes)
  const numbers = new Uint32Array(lanes)
  let shift = 0
  /** Lanes between two values of the digit. */
  let run = 1
  for (const size of sizes.toReversed()) {
    for (let lane = 0; lane < lanes; lane++) {
      numbers[lane]! |= (Math.floor(lane / run) % size) << shift
    }
    shift += planesBelow(size)
    run *= size
  }
  return publicPlanes(party, arena, numbers, shift)
}

/** The planes of public numbers, lowest first. @param width planes, 0..32 */
export function publicPlanes(
  party: Party,
  arena: Arena,
  numbers: Uint32Array,
  width: number,
): BitShare[] {
  const bytes = planeBytes(numbers.length)
  const scratch = arena.child()
  try {
    const words = scratch.bytes(8 * numbers.length)
    const halves = new Uint32Array(view(words).buffer, words.ptr, 2 * numbers.length)
    for (let lane = 0; lane < numbers.length; lane++) {
      halves[2 * lane] = numbers[lane]!
      halves[2 * lane + 1] = 0
    }
    const planes = Array.from({ length: width }, () => newZero(party, arena, bytes))
    const targets = planes.map((plane) => publicComponent(party, plane))
    if (targets[0] !== undefined) {
      planesFromWords(
        targets.map((target) => target!),
        words,
        numbers.length,
      )
    }
    return planes
  } finally {
    scratch.release()
  }
}

/** A sharing of zeros. @param bytes of the plane */
export function newZero({ committee }: Party, arena: Arena, bytes: number): BitShare {
  const plane = newBitShare(arena, committee, bytes)
  zero(wholeBlock(plane))
  return plane
}

/** The component that public values are added to, if this party has it. */
export function publicComponent({ committee, index }: Party, plane: BitShare): Block | undefined {
  const position = committee.held[index - 1]!.indexOf(PUBLIC_SET)
  return position < 0 ? undefined : component(plane, position)
}
