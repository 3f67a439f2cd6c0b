/** Plain values to the shares of all parties and back, for tests. */
import { forEachRun, type Layout } from '../../protocol/layout.ts'
import { committee as committeeOf } from '../../shares/committee.ts'
import { type Arena, newArena, view } from '../../shares/field/memory.ts'
import { fromBigInts, toBigInts } from '../../shares/field/vector.ts'
import * as replicated from '../../shares/replicated.ts'
import type { BitShare } from '../../shares/replicated.ts'
import * as shamir from '../../shares/shamir.ts'
import type { ShamirShare } from '../../shares/shamir.ts'
import { seededRng } from '../shares/noble.ts'

/** Runs a test with an arena and gives all memory back. */
export async function withArena<T>(body: (arena: Arena) => Promise<T>): Promise<T> {
  const arena = newArena()
  try {
    return await body(arena)
  } finally {
    arena.release()
  }
}

/** Packs bits by layout; padding lanes are filled with ones, so that whoever counts them is found out. */
export function packBits(bits: ArrayLike<number>, layout: Layout): Uint8Array {
  const plane = new Uint8Array(layout.planeBytes).fill(0xff)
  forEachRun(layout, (firstLane, firstByte, lanes) => {
    for (let k = 0; k < lanes; k++) {
      const mask = 1 << (k & 7)
      const at = firstByte + (k >> 3)
      plane[at] = bits[firstLane + k] === 1 ? plane[at]! | mask : plane[at]! & ~mask
    }
  })
  return plane
}

export function unpackBits(plane: Uint8Array, layout: Layout): number[] {
  const bits: number[] = []
  forEachRun(layout, (_firstLane, firstByte, lanes) => {
    for (let k = 0; k < lanes; k++) bits.push((plane[firstByte + (k >> 3)]! >> (k & 7)) & 1)
  })
  return bits
}

/** Shares of a plane, in the order of parties. */
export function shareBits(
  arena: Arena,
  n: number,
  bits: ArrayLike<number>,
  layout: Layout,
  seed: string | number = 0,
): BitShare[] {
  const block = arena.bytes(layout.planeBytes)
  view(block).set(packBits(bits, layout))
  return replicated.split(arena, block, committeeOf(n), seededRng('bits', seed, bits.length))
}

/** The bits, after checking that all copies of all components agree. */
export function openBits(
  arena: Arena,
  n: number,
  shares: readonly BitShare[],
  layout: Layout,
): number[] {
  const held = shares.map((share, k) => ({ party: k + 1, share }))
  return unpackBits(view(replicated.reconstruct(arena, committeeOf(n), held)), layout)
}

/** Shares of a vector, in the order of parties. */
export function shareField(
  arena: Arena,
  n: number,
  values: readonly bigint[],
  seed: string | number = 0,
): ShamirShare[] {
  const secret = arena.elements(values.length)
  fromBigInts(secret, values)
  return shamir.split(arena, secret, committeeOf(n), seededRng('field', seed, values.length))
}

/** The values, after checking that all shares lie on one polynomial of degree t. */
export function openField(arena: Arena, n: number, shares: readonly ShamirShare[]): bigint[] {
  const held = shares.map((share, k) => ({ party: k + 1, share }))
  return toBigInts(shamir.reconstruct(arena, committeeOf(n), held))
}

/** Reproducible test data. */
export function randomWords(count: number, ...seed: readonly (string | number)[]): BigUint64Array {
  const words = new BigUint64Array(count)
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- no array
  seededRng('words', ...seed, count).fill(new Uint8Array(words.buffer))
  return words
}

export function randomBits(count: number, ...seed: readonly (string | number)[]): number[] {
  return Array.from(randomWords(count, 'bits', ...seed), (word) => Number(word & 1n))
}

/** Elements of F_p, edge values among them. */
export function randomElements(count: number, ...seed: readonly (string | number)[]): bigint[] {
  const p = 2n ** 61n - 1n
  const edges = [0n, 1n, p - 1n, 2n ** 60n, 2n ** 32n - 1n]
  return Array.from(randomWords(count, 'field', ...seed), (word, k) =>
    word % 5n === 0n ? edges[k % edges.length]! : word % p,
  )
}
