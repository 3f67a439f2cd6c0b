/**
 * Between words and bit-planes, in kernel memory: codes to planes and back, planes to 0/1 field
 * elements, and selection of field elements by a plane. Local, linear-time, allocates nothing.
 */
import { kernel, kernelBuffer } from '../field/kernel.ts'
import type { Block, FpVector } from '../field/memory.ts'

/**
 * Plane j takes bit j of every word; lanes from `count` to each plane's end become 0.
 *
 * @param outPlanes at most 64 planes of the same length, at least ceil(count / 8) bytes each
 * @param words `count` little-endian u64, 8-byte aligned
 * @throws RangeError if the blocks are too small, unequal or too many
 */
export function planesFromWords(outPlanes: readonly Block[], words: Block, count: number): void {
  const bytes = outPlanes[0]?.bytes ?? 0
  const table = planeTable(outPlanes, words, count)
  kernel.bitPlanesFromWords(table, outPlanes.length, bytes, words.ptr, count)
}

/**
 * The inverse: bit j of each word is taken from plane j; bits from planes.length on are 0.
 *
 * @param outWords room for `count` little-endian u64, 8-byte aligned
 * @param planes as in `planesFromWords`
 * @throws RangeError if the blocks are too small, unequal or too many
 */
export function wordsFromPlanes(outWords: Block, planes: readonly Block[], count: number): void {
  const table = planeTable(planes, outWords, count)
  kernel.bitWordsFromPlanes(outWords.ptr, table, planes.length, count)
}

/**
 * out[i] = lane i of the plane as 0 or 1.
 *
 * @throws RangeError if out.length is not `count` or the plane has fewer lanes
 */
export function fpFromPlane(out: FpVector, plane: Block, count: number): void {
  checkLanes(plane, count, out.length)
  kernel.bitExpand(out.ptr, plane.ptr, count)
}

/**
 * out[i] = a[i] where the plane has a 1, else 0. `out` may be `a`. The plane is public or local to
 * the caller: this is no operation on sharings.
 *
 * @throws RangeError if the lengths differ or the plane has fewer lanes
 */
export function select(out: FpVector, a: FpVector, plane: Block): void {
  checkLanes(plane, a.length, out.length)
  kernel.bitSelect(out.ptr, a.ptr, plane.ptr, a.length)
}

/**
 * The sum of a[i] over the lanes where the plane has a 1. The plane is public or local to the caller.
 *
 * @throws RangeError if the plane has fewer lanes than `a`
 */
export function selectSum(a: FpVector, plane: Block): bigint {
  checkLanes(plane, a.length, a.length)
  return kernel.bitSelectSum(a.ptr, plane.ptr, a.length)
}

/** Writes the planes' addresses to the scratch memory at address 0, and checks all sizes. */
function planeTable(planes: readonly Block[], words: Block, count: number): number {
  const bytes = planes[0]?.bytes ?? 0
  if (planes.length > 64 || planes.some((plane) => plane.bytes !== bytes)) {
    throw new RangeError(`${planes.length} planes, or planes of different lengths`)
  }
  checkCount(count)
  if (words.bytes < count * 8 || (planes.length > 0 && bytes * 8 < count)) {
    throw new RangeError(`blocks too small for ${count} lanes`)
  }
  new Uint32Array(kernelBuffer(), 0, planes.length).set(planes.map((plane) => plane.ptr))
  return 0
}

function checkLanes(plane: Block, count: number, length: number): void {
  checkCount(count)
  if (count !== length || plane.bytes * 8 < count) {
    throw new RangeError(`${length} elements, ${count} lanes, plane of ${plane.bytes} bytes`)
  }
}

function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 0) throw new RangeError(`no such count: ${count}`)
}
