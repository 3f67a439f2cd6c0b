/**
 * Rows of 64-bit words in kernel memory, moved by public index lists: field elements, or up to 64 bits of
 * a row packed into a word. Local, linear-time, allocates nothing.
 */
import { kernel } from '../field/kernel.ts'
import type { Block } from '../field/memory.ts'

/**
 * Word k of `out` = word indices[k] of `src`. `out` must not overlap `src` or `indices`.
 *
 * @param indices u32, little endian, as many as `out` has words
 * @throws RangeError if an index lies outside of `src`, or the blocks do not fit
 */
export function gatherWords(out: Block, src: Block, indices: Block): void {
  const count = countOf(out, indices)
  const done = kernel.wordGather(out.ptr, src.ptr, src.bytes / 8, indices.ptr, count) >>> 0
  if (done !== count) throw new RangeError(`index ${done} lies outside of the source`)
}

/**
 * Word indices[k] of `out` = word k of `src`; words that no index names stay as they are. `out` must not
 * overlap `src` or `indices`.
 *
 * @param indices u32, little endian, as many as `src` has words
 * @throws RangeError if an index lies outside of `out`, or the blocks do not fit
 */
export function scatterWords(out: Block, src: Block, indices: Block): void {
  const count = countOf(src, indices)
  const done = kernel.wordScatter(out.ptr, out.bytes / 8, src.ptr, indices.ptr, count) >>> 0
  if (done !== count) throw new RangeError(`index ${done} lies outside of the result`)
}

function countOf(words: Block, indices: Block): number {
  const count = words.bytes / 8
  if (!Number.isInteger(count) || indices.bytes !== count * 4) {
    throw new RangeError(`${indices.bytes} bytes of indices for ${words.bytes} bytes of words`)
  }
  return count
}
