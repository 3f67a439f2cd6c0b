/**
 * Lists of gates over shares of planes, each list in one call of a kernel: a circuit on few lanes spends its
 * time between the gates. Local to a party, linear-time, allocates nothing.
 */
import { kernel } from '../field/kernel.ts'
import { type Block, view } from '../field/memory.ts'

/** Gates in kernel memory. */
export interface Gates {
  readonly program: Block
  readonly count: number
}

/** Bytes of the memory for so many gates. */
export function gatesBytes(count: number): number {
  return 12 * count
}

/**
 * Copies gates to kernel memory.
 * @param triples of addresses: of the result, and of the two operands
 * @throws RangeError if they do not fit
 */
export function placeGates(program: Block, triples: Uint32Array): Gates {
  view(program).set(new Uint8Array(triples.buffer, triples.byteOffset, triples.byteLength))
  return { program, count: triples.length / 3 }
}

/** XORs, one after the other. A result may be an operand. @param bytes of each, a multiple of 16 */
export function xorGates({ program, count }: Gates, bytes: number): void {
  checkWhole(bytes)
  kernel.bitXorGates(program.ptr, count, bytes)
}

/** What a dealer of n = 3 does in ANDs (`and3Deal` in plane.ts). */
export interface And3 {
  /** Bytes of a component, a multiple of 16; a share has two. */
  readonly bytes: number
  /** The component whose square the dealer is assigned, and that which it corrects. */
  readonly square: number
  readonly corrected: number
  /** `bytes` for each gate: the correction that is sent, its mask, and that of the other dealer. */
  readonly correction: Block
  readonly r: Block
  readonly s: Block
}

/** The corrections, and in every result the corrected component. No result is an operand. */
export function and3Gates({ program, count }: Gates, how: And3): void {
  const { bytes, square, corrected, correction, r, s } = how
  checkWhole(bytes)
  checkBlocks(bytes * count, correction, r, s)
  kernel.bitAnd3Gates(program.ptr, count, bytes, square, corrected, correction.ptr, r.ptr, s.ptr)
}

/** In every result, one component: the XOR of its parts of two blocks. */
export function sumGates(
  { program, count }: Gates,
  bytes: number,
  position: number,
  r: Block,
  a: Block,
): void {
  checkWhole(bytes)
  checkBlocks(bytes * count, r, a)
  kernel.bitSumGates(program.ptr, count, bytes, position, r.ptr, a.ptr)
}

function checkWhole(bytes: number): void {
  if (bytes % 16 !== 0) throw new RangeError(`planes of ${bytes} bytes`)
}

function checkBlocks(bytes: number, ...blocks: readonly Block[]): void {
  if (blocks.some((block) => block.bytes !== bytes)) {
    throw new RangeError(`blocks of other lengths than ${bytes} bytes`)
  }
}
