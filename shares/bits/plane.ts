/**
 * Packed bit-planes over GF(2) in kernel memory: lane r is bit r & 7 of byte r >> 3. Every operation
 * is local to a party, linear-time (128 lanes an instruction) and allocates nothing.
 *
 * All operations work on whole blocks, padding lanes included; blocks may have any length, multiples
 * of 16 bytes are fastest. `out` may be an input itself (same address); other overlaps are not
 * allowed. Lengths must agree: RangeError otherwise.
 */
import { kernel, kernelBuffer } from '../field/kernel.ts'
import type { Block } from '../field/memory.ts'

/** Bytes of a plane of `lanes` lanes, padded to 16 bytes. */
export function planeBytes(lanes: number): number {
  return Math.ceil(lanes / 128) * 16
}

/** out = a ^ b */
export function xor(out: Block, a: Block, b: Block): void {
  sameLength(out, a, b)
  kernel.bitXor(out.ptr, a.ptr, b.ptr, out.bytes)
}

/** out = a & b */
export function and(out: Block, a: Block, b: Block): void {
  sameLength(out, a, b)
  kernel.bitAnd(out.ptr, a.ptr, b.ptr, out.bytes)
}

/** out = out ^ (a & b) */
export function xorAnd(out: Block, a: Block, b: Block): void {
  sameLength(out, a, b)
  kernel.bitXorAnd(out.ptr, a.ptr, b.ptr, out.bytes)
}

/** out = ~a */
export function not(out: Block, a: Block): void {
  sameLength(out, a)
  kernel.bitNot(out.ptr, a.ptr, out.bytes)
}

/** out = a ^ bit, the same public bit in every lane */
export function xorConst(out: Block, a: Block, bit: 0 | 1): void {
  if (bit === 1) not(out, a)
  else copy(out, a)
}

/** out = a. Overlaps are allowed. */
export function copy(out: Block, a: Block): void {
  sameLength(out, a)
  if (out.ptr !== a.ptr) kernel.memCopy(out.ptr, a.ptr, out.bytes)
}

export function zero(out: Block): void {
  kernel.memFill(out.ptr, 0, out.bytes)
}

/** Every lane = bit. */
export function fillBit(out: Block, bit: 0 | 1): void {
  kernel.memFill(out.ptr, bit === 1 ? 0xff : 0, out.bytes)
}

/** Number of ones in the whole block. */
export function popcount(a: Block): number {
  return Number(kernel.bitPopcount(a.ptr, a.bytes))
}

/**
 * A dealer's correction of the AND at n = 3: its assigned products under a mask,
 *   out = x0 & y0 ^ x0 & y1 ^ x1 & y0 ^ r
 * where (x0, x1) and (y0, y1) are its held components, the one whose square it is assigned first.
 */
export function and3(out: Block, x0: Block, x1: Block, y0: Block, y1: Block, r: Block): void {
  sameLength(out, x0, x1, y0, y1, r)
  kernel.bitAnd3(out.ptr, x0.ptr, x1.ptr, y0.ptr, y1.ptr, r.ptr, out.bytes)
}

/**
 * `and3` that also makes the dealer's own component of the result in the same pass: z = out ^ s,
 * where s is the other dealer's pseudo-random component of that set. `z` may be `s`.
 */
export function and3Deal(
  out: Block,
  z: Block,
  x0: Block,
  x1: Block,
  y0: Block,
  y1: Block,
  r: Block,
  s: Block,
): void {
  sameLength(out, z, x0, x1, y0, y1, r, s)
  kernel.bitAnd3Deal(out.ptr, z.ptr, x0.ptr, x1.ptr, y0.ptr, y1.ptr, r.ptr, s.ptr, out.bytes)
}

/**
 * Lane k of out = lane indices[k] of src for k < count; the lanes from `count` to the block's end
 * become 0. `out` must not overlap `src` or `indices`.
 *
 * @param indices u32, little endian, at least `count` of them, each below 8 * src.bytes
 * @throws RangeError if an index or the count is too large
 */
export function gatherBits(out: Block, src: Block, indices: Block, count: number): void {
  if (!Number.isInteger(count) || count < 0 || count > out.bytes * 8 || count * 4 > indices.bytes) {
    throw new RangeError(`count ${count} does not fit the blocks`)
  }
  const lanes = src.bytes * 8
  // 2^32 lanes or more do not fit the kernel's u32; every u32 index is in range then.
  const limit = Math.min(lanes, 0xffff_ffff)
  const done = kernel.bitGather(out.ptr, out.bytes, src.ptr, limit, indices.ptr, count) >>> 0
  if (done !== count) throw new RangeError(`index ${done} lies outside the source plane`)
}

/** Edges and tests: one lane. */
export function getBit(a: Block, lane: number): 0 | 1 {
  checkLane(a, lane)
  const byte = new DataView(kernelBuffer()).getUint8(a.ptr + (lane >>> 3))
  return ((byte >> (lane & 7)) & 1) === 1 ? 1 : 0
}

/** Edges and tests: sets one lane. */
export function setBit(a: Block, lane: number, bit: 0 | 1): void {
  checkLane(a, lane)
  const memory = new DataView(kernelBuffer())
  const at = a.ptr + (lane >>> 3)
  const cleared = memory.getUint8(at) & ~(1 << (lane & 7))
  memory.setUint8(at, cleared | (bit << (lane & 7)))
}

/** Whether two blocks are the same. Takes the same time wherever they differ. */
export function equal(a: Block, b: Block): boolean {
  sameLength(a, b)
  return kernel.memEqual(a.ptr, b.ptr, a.bytes) !== 0
}

function checkLane(a: Block, lane: number): void {
  if (!Number.isInteger(lane) || lane < 0 || lane >= a.bytes * 8) {
    throw new RangeError(`no lane ${lane} in ${a.bytes} bytes`)
  }
}

function sameLength(first: Block, ...others: readonly Block[]): void {
  for (const other of others) {
    if (first.bytes !== other.bytes) {
      throw new RangeError(`block lengths ${first.bytes} and ${other.bytes} differ`)
    }
  }
}
