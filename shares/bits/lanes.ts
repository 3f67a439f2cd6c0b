/**
 * Lanes of packed bit-planes moved by public rules: shifted, picked out by a mask and put back, folded.
 * Local to a party, linear-time, allocates nothing.
 *
 * Planes are multiples of 16 bytes. `out` must not overlap an input. RangeError if lengths do not fit.
 */
import { kernel } from '../field/kernel.ts'
import type { Block } from '../field/memory.ts'

/** Lane i of out = lane i - by of a; the first `by` lanes become 0. */
export function shiftLanes(out: Block, a: Block, by: number): void {
  checkPlanes(out, a)
  if (!Number.isInteger(by) || by < 0) throw new RangeError(`no such distance: ${by}`)
  kernel.bitShift(out.ptr, a.ptr, a.bytes, Math.min(by, 8 * a.bytes))
}

/**
 * The lanes of a where the mask has a 1, on end; the lanes after them become 0.
 * @throws RangeError if the mask has more ones than `out` has lanes: `count` is how many it has
 */
export function compressLanes(out: Block, a: Block, mask: Block, count: number): void {
  checkPlanes(a, mask)
  checkWhole(out)
  if (count > 8 * out.bytes) throw new RangeError(`${count} lanes do not fit ${out.bytes} bytes`)
  const done = kernel.bitCompress(out.ptr, out.bytes, a.ptr, mask.ptr, a.bytes)
  if (done !== count) throw new RangeError(`a mask of ${done} lanes, not ${count}`)
}

/**
 * The inverse: where the mask has a 1, the next lane of a, and elsewhere 0.
 * @throws RangeError if a has fewer lanes than `count`, the number of ones of the mask
 */
export function depositLanes(out: Block, a: Block, mask: Block, count: number): void {
  checkPlanes(out, mask)
  if (count > 8 * a.bytes) throw new RangeError(`${a.bytes} bytes have not ${count} lanes`)
  kernel.bitDeposit(out.ptr, a.ptr, mask.ptr, out.bytes)
}

/** XOR of `rows` blocks of out.bytes bytes each (any number), on end in a. `out` may be the first of them. */
export function foldRows(out: Block, a: Block, rows: number): void {
  if (!Number.isInteger(rows) || rows < 1 || a.bytes < rows * out.bytes) {
    throw new RangeError(`${a.bytes} bytes are not ${rows} rows of ${out.bytes}`)
  }
  kernel.bitFold(out.ptr, a.ptr, rows, out.bytes)
}

/** Rows of planes of 128 lanes each, and how they are turned. */
export interface Turning {
  /** Rows of `out`, each of `planes` planes. */
  readonly rows: number
  readonly planes: number
  /** Whether each row of `out` is made of a row of `a`, or all of one and the same. */
  readonly each: boolean
  /** Lane i of a plane in row r is lane i + first + r * by, modulo 128; may be negative. */
  readonly first: number
  readonly by: number
}

/** Turns planes of 128 lanes around, each row by another distance. */
export function turnLanes(out: Block, a: Block, { rows, planes, each, first, by }: Turning): void {
  const row = 16 * planes
  if (out.bytes !== rows * row || a.bytes !== (each ? out.bytes : row)) {
    throw new RangeError(`${a.bytes} and ${out.bytes} bytes are not ${rows} rows of ${planes}`)
  }
  const stride = each ? row : 0
  kernel.bitRotateRows(out.ptr, a.ptr, rows, planes, stride, first & 127, by & 127)
}

/** Lane k of out = the parity of the k-th 128 lanes of a; the lanes after them become 0. */
export function parities(out: Block, a: Block): void {
  checkWhole(a)
  const blocks = a.bytes / 16
  if (blocks > 8 * out.bytes) throw new RangeError(`${out.bytes} bytes for ${blocks} lanes`)
  kernel.bitParities(out.ptr, out.bytes, a.ptr, blocks)
}

function checkWhole(plane: Block): void {
  if (plane.bytes % 16 !== 0) throw new RangeError(`a plane of ${plane.bytes} bytes`)
}

function checkPlanes(x: Block, y: Block): void {
  checkWhole(x)
  if (x.bytes !== y.bytes) throw new RangeError(`planes of ${x.bytes} and ${y.bytes} bytes`)
}
