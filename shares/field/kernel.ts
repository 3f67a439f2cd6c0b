/**
 * The one instance of the WebAssembly kernels and its linear memory. Only the files of `field/` and
 * `bits/` call kernels; everybody else uses vector.ts, plane.ts and transpose.ts, which check
 * lengths. The kernels themselves check nothing.
 *
 * Instantiation is synchronous (25 KB of code; no browser has run it yet), so importing this
 * module is all it takes.
 */
import { KERNEL_WASM } from './kernel-wasm.ts'
import { sharedImport } from './shared-import.ts'

/** Addresses and counts are u32; bigint stands for u64. Documented where they are implemented, in assembly/. */
export interface Kernel {
  fpAdd(o: number, a: number, b: number, n: number): void
  fpSub(o: number, a: number, b: number, n: number): void
  fpNeg(o: number, a: number, n: number): void
  fpMul(o: number, a: number, b: number, n: number): void
  fpScale(o: number, a: number, c: bigint, n: number): void
  fpAddScaled(o: number, a: number, c: bigint, n: number): void
  fpCombine(o: number, table: number, k: number, n: number): void
  fpCombineSmall(o: number, table: number, k: number, n: number): void
  fpPrefixSum(o: number, a: number, n: number): void
  fpSum(a: number, n: number): bigint
  fpDot(a: number, b: number, n: number): bigint
  fpFill(o: number, c: bigint, n: number): void
  fpMaskWords(a: number, n: number): void
  fpIsCanonical(a: number, n: number): number
  fpMulCombine(
    oa: number,
    ob: number,
    a: number,
    b: number,
    r: number,
    ca: bigint,
    ra: bigint,
    cb: bigint,
    rb: bigint,
    n: number,
  ): void
  fpMulCombineSmall(
    oa: number,
    ob: number,
    a: number,
    b: number,
    r: number,
    c: bigint,
    ca: bigint,
    sca: bigint,
    ra: bigint,
    sra: bigint,
    cb: bigint,
    scb: bigint,
    rb: bigint,
    srb: bigint,
    n: number,
  ): void
  fpFromI64(a: number, n: number): number
  fpFromF64(a: number, n: number): number
  fpToI64(o: number, a: number, n: number): void
  bitXor(o: number, a: number, b: number, n: number): void
  bitAnd(o: number, a: number, b: number, n: number): void
  bitXorAnd(o: number, a: number, b: number, n: number): void
  bitNot(o: number, a: number, n: number): void
  bitAnd3(o: number, x0: number, x1: number, y0: number, y1: number, r: number, n: number): void
  bitAnd3Deal(
    o: number,
    z: number,
    x0: number,
    x1: number,
    y0: number,
    y1: number,
    r: number,
    s: number,
    n: number,
  ): void
  bitPopcount(a: number, n: number): bigint
  bitGather(o: number, n: number, a: number, lanes: number, indices: number, count: number): number
  bitPlanesFromWords(table: number, planes: number, n: number, words: number, count: number): void
  bitWordsFromPlanes(words: number, table: number, planes: number, count: number): void
  bitExpand(o: number, a: number, count: number): void
  bitSelect(o: number, v: number, a: number, count: number): void
  bitSelectSum(v: number, a: number, count: number): bigint
  wordGather(o: number, a: number, words: number, indices: number, count: number): number
  wordScatter(o: number, words: number, a: number, indices: number, count: number): number
  bitShift(o: number, a: number, n: number, s: number): void
  bitCompress(o: number, room: number, a: number, m: number, n: number): number
  bitDeposit(o: number, a: number, m: number, n: number): void
  bitFold(o: number, a: number, rows: number, n: number): void
  bitXorGates(program: number, count: number, n: number): void
  bitAnd3Gates(
    program: number,
    count: number,
    n: number,
    square: number,
    corrected: number,
    c: number,
    r: number,
    s: number,
  ): void
  bitSumGates(
    program: number,
    count: number,
    n: number,
    position: number,
    r: number,
    a: number,
  ): void
  bitRotateRows(
    o: number,
    a: number,
    rows: number,
    inner: number,
    stride: number,
    first: number,
    by: number,
  ): void
  bitParities(o: number, n: number, a: number, blocks: number): void
  ringSubFromBits(o: number, plane: number, r: number, count: number, w: number): void
  ringFlip(o: number, v: number, plane: number, count: number, w: number, one: number): void
  ringAdd(o: number, a: number, b: number, count: number, w: number): void
  ringSub(o: number, a: number, b: number, count: number, w: number): void
  ringAddProduct(o: number, a: number, b: number, c: number, count: number, w: number): void
  ringSum(a: number, count: number, w: number): bigint
  memEqual(a: number, b: number, n: number): number
  memCopy(o: number, a: number, n: number): void
  memFill(o: number, byte: number, n: number): void
}

interface LinearMemory {
  /** A SharedArrayBuffer if the memory is shared: to everybody here it is the same. */
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/** What another thread needs to run the same kernels on the same memory. */
export interface SharedKernel {
  /** A WebAssembly.Module that imports the memory as `env.memory`. */
  readonly module: object
  readonly memory: object
  /** Its functions in this thread. */
  readonly kernel: Kernel
}

/** The part of the WebAssembly interface used here: neither `types: []` nor @types/node 20 declares it. */
interface WebAssemblyEngine {
  readonly Memory: new (limits: {
    initial: number
    maximum: number
    shared?: boolean
  }) => LinearMemory
  readonly Module: new (code: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: Kernel }
}

const PAGE_BYTES = 65_536
const INITIAL_PAGES = 16
/** One page short of 4 GiB: an end address must not wrap to 0. */
const MAXIMUM_PAGES = 65_535

declare const WebAssembly: WebAssemblyEngine

const code = Uint8Array.from(atob(KERNEL_WASM), (character) => character.charCodeAt(0))

let memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAXIMUM_PAGES })

export let kernel: Kernel = new WebAssembly.Instance(new WebAssembly.Module(code), {
  env: { memory },
}).exports

let current = memory.buffer

/** The buffer behind all addresses. Detached by the next `growTo`: fetch it each time. */
export function kernelBuffer(): ArrayBuffer {
  return current
}

/**
 * Goes over to a memory that threads can share. What lies in the old one is lost.
 *
 * @throws Error if the kernels' module is not as `sharedImport` expects it
 */
export function shareKernel(): SharedKernel {
  const pages = current.byteLength / PAGE_BYTES
  memory = new WebAssembly.Memory({ initial: pages, maximum: MAXIMUM_PAGES, shared: true })
  current = memory.buffer
  const module = new WebAssembly.Module(sharedImport(code, MAXIMUM_PAGES))
  kernel = new WebAssembly.Instance(module, { env: { memory } }).exports
  return { module, memory, kernel }
}

/** Has all calls go through this one from now on. */
export function replaceKernel(by: Kernel): void {
  kernel = by
}

/** Size of the memory in bytes. */
export function kernelBytes(): number {
  return current.byteLength
}

/**
 * Makes the memory at least `bytes` long, and half as long again as it was if that is possible.
 *
 * @returns false if the engine refuses or 4 GiB would be exceeded
 */
export function growTo(bytes: number): boolean {
  const have = current.byteLength / PAGE_BYTES
  const need = Math.ceil(bytes / PAGE_BYTES) - have
  if (need <= 0) return true
  if (have + need > MAXIMUM_PAGES) return false
  const generous = Math.max(need, Math.min(have >> 1, MAXIMUM_PAGES - have))
  for (const pages of new Set([generous, need])) {
    try {
      memory.grow(pages)
      current = memory.buffer
      return true
    } catch {
      // The engine has no room for that much: try the smaller step.
    }
  }
  return false
}
