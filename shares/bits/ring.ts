/**
 * Vectors of integers modulo 2^8, 2^16, 2^32 or 2^64 in kernel memory, little endian: what bits are
 * counted in. Local to a party, linear-time, allocates nothing.
 *
 * Lengths are multiples of 128 elements, so that they are those of whole planes (16 bytes). `out` may be an
 * input. RangeError if lengths or widths differ.
 */
import { kernel, kernelBuffer } from '../field/kernel.ts'
import { type Arena, type Block, sliceBlock, view } from '../field/memory.ts'

import { and } from './plane.ts'

/** Bytes of an element. */
export type RingWidth = 1 | 2 | 4 | 8

export interface RingVector {
  readonly ptr: number
  /** Elements. */
  readonly length: number
  readonly width: RingWidth
}

/** The narrowest ring in which `bits` bits fit. @throws RangeError beyond 64 bits */
export function ringWidth(bits: number): RingWidth {
  if (!(bits <= 64)) throw new RangeError(`no ring of ${bits} bits`)
  return bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8
}

/** A vector, NOT zeroed. @throws RangeError if the length is no multiple of 128 */
export function newRing(arena: Arena, length: number, width: RingWidth): RingVector {
  if (length % 128 !== 0) throw new RangeError(`a ring vector of ${length} elements`)
  return { ptr: arena.bytes(length * width).ptr, length, width }
}

/** Its bytes, sharing its memory. */
export function ringBlock({ ptr, length, width }: RingVector): Block {
  return { ptr, bytes: length * width }
}

/** Elements from..to-1, sharing memory. */
export function sliceRing(vector: RingVector, from: number, to: number): RingVector {
  const { width } = vector
  const { ptr } = sliceBlock(ringBlock(vector), from * width, to * width)
  return { ptr, length: to - from, width }
}

/** out = the bits of the plane, as 0 or 1, less r. */
export function subtractFromBits(out: RingVector, plane: Block, r: RingVector): void {
  alike(out, r)
  fits(plane, out)
  kernel.ringSubFromBits(out.ptr, plane.ptr, r.ptr, out.length, out.width)
}

/** out = one - v in the lanes where the plane is 1, and v in the others. */
export function flipWhere(out: RingVector, v: RingVector, plane: Block, one: 0 | 1): void {
  alike(out, v)
  fits(plane, out)
  kernel.ringFlip(out.ptr, v.ptr, plane.ptr, out.length, out.width, one)
}

/** out = a + b */
export function add(out: RingVector, a: RingVector, b: RingVector): void {
  alike(out, a, b)
  kernel.ringAdd(out.ptr, a.ptr, b.ptr, out.length, out.width)
}

/** out = a - b */
export function subtract(out: RingVector, a: RingVector, b: RingVector): void {
  alike(out, a, b)
  kernel.ringSub(out.ptr, a.ptr, b.ptr, out.length, out.width)
}

/** out = out + factor * a * b, element by element; `factor` is a small integer. */
export function addProduct(out: RingVector, a: RingVector, b: RingVector, factor: number): void {
  alike(out, a, b)
  kernel.ringAddProduct(out.ptr, a.ptr, b.ptr, factor, out.length, out.width)
}

/** Keeps the `bits` lowest bits of every element. @param arena for what it needs */
export function keepBits(arena: Arena, vector: RingVector, bits: number): void {
  if (bits >= 8 * vector.width) return
  const block = ringBlock(vector)
  const mask = arena.bytes(block.bytes)
  const pattern = (2n ** BigInt(bits) - 1n) & ((1n << BigInt(8 * vector.width)) - 1n)
  let words = 0n
  for (let at = 0; at < 64; at += 8 * vector.width) words |= pattern << BigInt(at)
  new BigUint64Array(kernelBuffer(), mask.ptr, block.bytes / 8).fill(words)
  and(block, block, mask)
  arena.free(mask)
}

/** The sum of all elements, as a number below 2^(8 width). */
export function sum(vector: RingVector): bigint {
  return BigInt.asUintN(8 * vector.width, kernel.ringSum(vector.ptr, vector.length, vector.width))
}

/** The elements, below 2^(8 width). */
export function toBigInts(vector: RingVector): bigint[] {
  return readIntegers(view(ringBlock(vector)), vector.width)
}

/** Little-endian integers of `width` bytes each. */
export function readIntegers(bytes: Uint8Array, width: RingWidth): bigint[] {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const read = {
    1: (at: number) => BigInt(data.getUint8(at)),
    2: (at: number) => BigInt(data.getUint16(at, true)),
    4: (at: number) => BigInt(data.getUint32(at, true)),
    8: (at: number) => data.getBigUint64(at, true),
  }[width]
  return Array.from({ length: bytes.length / width }, (_, k) => read(k * width))
}

/** The same, written; of any integer, what it is modulo 2^(8 width). */
export function writeIntegers(
  bytes: Uint8Array,
  integers: readonly bigint[],
  width: RingWidth,
): void {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const write = {
    1: (at: number, value: bigint) => data.setUint8(at, Number(value)),
    2: (at: number, value: bigint) => data.setUint16(at, Number(value), true),
    4: (at: number, value: bigint) => data.setUint32(at, Number(value), true),
    8: (at: number, value: bigint) => data.setBigUint64(at, value, true),
  }[width]
  integers.forEach((value, k) => write(k * width, BigInt.asUintN(8 * width, value)))
}

function alike(first: RingVector, ...others: readonly RingVector[]): void {
  for (const { length, width } of [first, ...others]) {
    if (length % 128 !== 0 || length !== first.length || width !== first.width) {
      throw new RangeError('ring vectors of different kinds')
    }
  }
}

function fits(plane: Block, { length }: RingVector): void {
  if (plane.bytes * 8 !== length) throw new RangeError(`${plane.bytes} bytes, ${length} elements`)
}
