/**
 * Kernels on long vectors and planes, cut into pieces that threads work on side by side. Callers notice
 * nothing: a call returns when all pieces are done. What no piece can be cut from (prefix sums,
 * compression), what has scratch memory of its own (transposition), and what is short, runs as before.
 *
 * Local; the pieces are those of public lengths, so the threads tell nothing of the values. This file knows
 * no threads: whoever has some brings a `KernelPool`.
 */
import { type Kernel, kernelBuffer } from './kernel.ts'
import { reduce } from './scalar.ts'

export type KernelName = keyof Kernel
export type KernelValue = number | bigint

/** Arguments as of the kernel's declaration. */
export interface KernelCall {
  readonly name: KernelName
  readonly args: readonly KernelValue[]
}

export interface KernelPool {
  /** How many can work at a time, the caller's thread included. */
  readonly threads: number
  /**
   * Makes the first call in this thread, and each of the others in one of its own.
   * @param calls at most `threads`, none of which writes what another reads or writes
   * @returns what they returned, when all have
   * @throws whatever a pool throws that has lost a thread
   */
  run(calls: readonly KernelCall[]): (KernelValue | undefined)[]
}

export interface ParallelOptions {
  /** Blocks of at least TABLE_BYTES in kernel memory, one for each thread but the caller's: their addresses. */
  readonly scratch: readonly number[]
  /** Elements or lanes of a piece, at least. Default: what takes longer than waking a thread. */
  readonly leastElements?: number
  /** Bytes of a piece of planes, at least. */
  readonly leastBytes?: number
}

/** Operands of `combine`: as many entries as it takes. */
export const TABLE_BYTES = 1024
const ENTRY_BYTES = 16

/** 30 µs and more of the cheapest kernels, measured; a thread is awake after 5 to 50 µs. */
const LEAST_ELEMENTS = 32_768
const LEAST_BYTES = 262_144

/** Pieces begin at multiples of it: whole bytes of planes, whole cache lines. */
const STEP = 512

type Join = (results: readonly (KernelValue | undefined)[]) => KernelValue

const sum: Join = (results) => results.reduce<bigint>((total, one) => total + BigInt(one!), 0n)
const fieldSum: Join = (results) => reduce(sum(results) as bigint)
const all: Join = (results) => Number(results.every((one) => one !== 0))

/**
 * What each argument is, a character each: an address where a unit of the count takes 8 bytes (E, elements),
 * a byte (B) or a bit (L, lanes); the address of a table of operands (T); something that is the same for all
 * pieces (=); the count (n).
 */
const PATTERNS: Partial<Record<KernelName, readonly [pattern: string, join?: Join]>> = {
  fpAdd: ['EEEn'],
  fpSub: ['EEEn'],
  fpNeg: ['EEn'],
  fpMul: ['EEEn'],
  fpScale: ['EE=n'],
  fpAddScaled: ['EE=n'],
  fpCombine: ['ET=n'],
  fpCombineSmall: ['ET=n'],
  fpSum: ['En', fieldSum],
  fpDot: ['EEn', fieldSum],
  fpFill: ['E=n'],
  fpMaskWords: ['En'],
  fpIsCanonical: ['En', all],
  fpMulCombine: ['EEEEE====n'],
  fpMulCombineSmall: ['EEEEE=========n'],
  fpToI64: ['EEn'],
  bitXor: ['BBBn'],
  bitAnd: ['BBBn'],
  bitXorAnd: ['BBBn'],
  bitNot: ['BBn'],
  bitAnd3: ['BBBBBBn'],
  bitAnd3Deal: ['BBBBBBBBn'],
  bitPopcount: ['Bn', sum],
  bitExpand: ['ELn'],
  bitSelect: ['EELn'],
  bitSelectSum: ['ELn', fieldSum],
  memEqual: ['BBn', all],
  memFill: ['B=n'],
}

const UNIT_BITS: Readonly<Record<string, number>> = { E: 64, B: 8, L: 1 }

/** The names of what runs in pieces: for tests. */
export const PARALLEL_KERNELS = Object.keys(PATTERNS) as readonly KernelName[]

/** What each argument of it is, as in PATTERNS. */
export function patternOf(name: KernelName): string | undefined {
  return PATTERNS[name]?.[0]
}

/** @param serial in this thread */
export function parallelKernel(serial: Kernel, pool: KernelPool, options: ParallelOptions): Kernel {
  const kernel: Record<string, unknown> = { ...serial }
  for (const name of PARALLEL_KERNELS) kernel[name] = inPieces(serial, pool, options, name)
  return kernel as unknown as Kernel
}

function inPieces(
  serial: Kernel,
  pool: KernelPool,
  { scratch, leastElements, leastBytes }: ParallelOptions,
  name: KernelName,
): (...args: KernelValue[]) => unknown {
  const [pattern, join] = PATTERNS[name]!
  const whole = serial[name] as (...args: KernelValue[]) => unknown
  const place = pattern.indexOf('n')
  const least = pattern.includes('E')
    ? (leastElements ?? LEAST_ELEMENTS)
    : (leastBytes ?? LEAST_BYTES)
  return (...args) => {
    const count = Number(args[place])
    const pieces = Math.min(pool.threads, Math.floor(count / Math.max(least, STEP)))
    if (pieces < 2) return whole(...args)
    const cuts = Array.from({ length: pieces }, (_, k) => {
      const cut = Math.floor((count * k) / pieces)
      return cut - (cut % STEP)
    })
    const calls = cuts.map((from, k): KernelCall => {
      const length = (cuts[k + 1] ?? count) - from
      const piece = args.map((arg, i) => {
        const what = pattern[i]!
        if (what === 'n') return length
        if (what === '=' || (what === 'T' && k === 0)) return arg
        if (what === 'T') return movedTable(scratch[k - 1]!, Number(arg), Number(args[i + 1]), from)
        return Number(arg) + (from * UNIT_BITS[what]!) / 8
      })
      return { name, args: piece }
    })
    const results = pool.run(calls)
    return join?.(results)
  }
}

/** Copies a table of `entries` vectors, each of which then begins at element `from`. @returns `to` */
function movedTable(to: number, table: number, entries: number, from: number): number {
  const memory = new DataView(kernelBuffer())
  new Uint8Array(kernelBuffer()).copyWithin(to, table, table + entries * ENTRY_BYTES)
  for (let k = 0; k < entries; k++) {
    const at = to + k * ENTRY_BYTES
    memory.setUint32(at, memory.getUint32(at, true) + 8 * from, true)
  }
  return to
}
