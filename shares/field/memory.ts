/**
 * Kernel memory: the one WebAssembly linear memory that all vectors live in, and arenas that own
 * regions of it. Little endian, so memory is the wire format. Blocks are 16-byte aligned.
 *
 * Nothing here is garbage-collected: whoever creates an arena releases it. `view` results must not
 * be held across an allocation (growth detaches them).
 */
import { ShareholdError } from '../errors.ts'

import { allocate, deallocate, sizeClass } from './allocator.ts'
import { kernel, kernelBuffer } from './kernel.ts'

export { liveBytes } from './allocator.ts'

/** A run of bytes in kernel memory. */
export interface Block {
  readonly ptr: number
  readonly bytes: number
}

/** A vector over F_p in kernel memory: `length` canonical little-endian u64 elements (< p) at `ptr`. */
export interface FpVector {
  readonly ptr: number
  readonly length: number
}

/** Anything that lies in kernel memory. */
export interface Placed {
  readonly ptr: number
}

export interface ArenaOptions {
  /**
   * Overwrite memory with zeros when it is given back, so that no later block can leak a share or a
   * plain value through its padding. Costs 0.1 ns an element. Inherited by children. Default true.
   */
  readonly wipe?: boolean
}

/** Owns blocks of kernel memory, and frees them all at once. Make one with `newArena`. */
export class Arena {
  readonly #parent: Arena | undefined
  readonly #wipe: boolean
  readonly #children = new Set<Arena>()
  /** Size class of each owned block, by address. */
  readonly #owned = new Map<number, number>()
  #released = false

  constructor(parent: Arena | undefined, wipe: boolean) {
    this.#parent = parent
    this.#wipe = wipe
  }

  /**
   * A block of `bytes` bytes, 16-byte aligned, NOT zeroed.
   *
   * @throws RangeError if `bytes` is no integer in 0..2^32-1
   * @throws ShareholdError SH_KERNEL_MEMORY if 4 GiB are exhausted
   */
  bytes(bytes: number): Block {
    return { ptr: this.#allocate(bytes), bytes }
  }

  /**
   * A vector of `length` elements, NOT zeroed: write all of it before reading.
   *
   * @throws RangeError if `length` is no integer in 0..2^29-1
   * @throws ShareholdError SH_KERNEL_MEMORY if 4 GiB are exhausted
   */
  elements(length: number): FpVector {
    return { ptr: this.#allocate(length * 8), length }
  }

  /** An arena for temporaries; released with this one at the latest. */
  child(options: ArenaOptions = {}): Arena {
    this.#assertUsable()
    const child = new Arena(this, options.wipe ?? this.#wipe)
    this.#children.add(child)
    return child
  }

  /**
   * Hands ownership of `x` to the parent arena, so that it survives `release`.
   *
   * @throws RangeError if this arena does not own `x` or has no parent
   */
  keep<T extends Placed>(x: T): T {
    const size = this.#owned.get(x.ptr)
    if (size === undefined) throw new RangeError('the arena does not own this block')
    if (this.#parent === undefined) throw new RangeError('a root arena has no parent')
    this.#owned.delete(x.ptr)
    this.#parent.#owned.set(x.ptr, size)
    return x
  }

  /**
   * Gives one block back early.
   *
   * @throws RangeError if this arena does not own `x`
   */
  free(x: Placed): void {
    const size = this.#owned.get(x.ptr)
    if (size === undefined) throw new RangeError('the arena does not own this block')
    this.#owned.delete(x.ptr)
    this.#giveBack(x.ptr, size)
  }

  /** Gives everything back, children included. Repeating it does nothing. */
  release(): void {
    if (this.#released) return
    this.#released = true
    for (const child of this.#children) child.release()
    for (const [ptr, size] of this.#owned) this.#giveBack(ptr, size)
    this.#owned.clear()
    if (this.#parent !== undefined) this.#parent.#children.delete(this)
  }

  #allocate(bytes: number): number {
    this.#assertUsable()
    if (!Number.isInteger(bytes) || bytes < 0 || bytes >= 2 ** 32) {
      throw new RangeError(`no such block size: ${bytes} bytes`)
    }
    const size = sizeClass(bytes)
    const ptr = allocate(size)
    if (ptr === undefined) {
      throw new ShareholdError('SH_KERNEL_MEMORY', `no room for ${bytes} bytes in kernel memory`, {
        hint: 'Lower chunksInFlight, or split the dataset into lanes.',
      })
    }
    this.#owned.set(ptr, size)
    return ptr
  }

  #giveBack(ptr: number, size: number): void {
    if (this.#wipe) kernel.memFill(ptr, 0, size)
    deallocate(ptr, size)
  }

  #assertUsable(): void {
    if (this.#released) throw new RangeError('the arena has been released')
  }
}

/** A root arena. Its creator releases it. */
export function newArena(options: ArenaOptions = {}): Arena {
  return new Arena(undefined, options.wipe ?? true)
}

/** The bytes of a block. Valid until the next allocation. */
export function view(block: Block): Uint8Array<ArrayBuffer> {
  return new Uint8Array(kernelBuffer(), block.ptr, block.bytes)
}

/** The bytes of a vector, 8 per element, as they go on the wire. Valid until the next allocation. */
export function viewFp(vector: FpVector): Uint8Array<ArrayBuffer> {
  return new Uint8Array(kernelBuffer(), vector.ptr, vector.length * 8)
}

/** The elements of a vector as u64. Valid until the next allocation. */
export function viewWords(vector: FpVector): BigUint64Array<ArrayBuffer> {
  return new BigUint64Array(kernelBuffer(), vector.ptr, vector.length)
}

/**
 * Elements from..to-1 of a vector, sharing its memory. A slice owns nothing.
 *
 * @throws RangeError unless 0 <= from <= to <= length
 */
export function sliceFp(vector: FpVector, from: number, to: number): FpVector {
  checkRange(from, to, vector.length)
  return { ptr: vector.ptr + from * 8, length: to - from }
}

/**
 * Bytes from..to-1 of a block, sharing its memory. A slice owns nothing.
 *
 * @throws RangeError unless 0 <= from <= to <= bytes
 */
export function sliceBlock(block: Block, from: number, to: number): Block {
  checkRange(from, to, block.bytes)
  return { ptr: block.ptr + from, bytes: to - from }
}

/** The bytes of a vector as a block, sharing its memory. */
export function blockOf(vector: FpVector): Block {
  return { ptr: vector.ptr, bytes: vector.length * 8 }
}

/** The block that a view shows: it outlasts the view. Undefined if that is not of kernel memory. */
export function blockShown(shown: Uint8Array): Block | undefined {
  return shown.buffer === kernelBuffer()
    ? { ptr: shown.byteOffset, bytes: shown.length }
    : undefined
}

function checkRange(from: number, to: number, length: number): void {
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || from > to || to > length) {
    throw new RangeError(`slice ${from}..${to} does not lie within 0..${length}`)
  }
}
