/**
 * Kernel memory: the one WebAssembly linear memory that all vectors live in, and arenas that own
 * regions of it. Little endian, so memory is the wire format. Blocks are 16-byte aligned.
 *
 * Nothing here is garbage-collected: whoever creates an arena releases it. `view` results must not
 * be held across an allocation (growth detaches them).
 */

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
