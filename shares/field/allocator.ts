/**
 * Allocation in kernel memory: segregated free lists with four size classes an octave (at most 25 %
 * lost to rounding), a bump pointer at the top, and coalescing only when memory would have to grow.
 * All bookkeeping is outside kernel memory, so a kernel that went astray cannot break it unnoticed.
 *
 * Cost: a push and a pop of an array per allocation; sorting the free blocks before a growth.
 */
import { growTo, kernelBytes } from './kernel.ts'

const ALIGNMENT = 16
/**
 * Address 0 is never handed out. Below this address is scratch: tables of operands at 0 (1 KiB),
 * 5 KiB for the transposition.
 */
const FIRST_ADDRESS = 8192

/** Free blocks by size class: addresses, last freed first. */
const bins = new Map<number, number[]>()
/** Coalesced free ranges, ascending by address. */
let extents: { start: number; bytes: number }[] = []
let top = FIRST_ADDRESS
let live = 0

/** The size class that holds `bytes`: the smallest of 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, ... */
export function sizeClass(bytes: number): number {
  if (bytes <= 4 * ALIGNMENT) return Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT
  const quarter = 2 ** (29 - Math.clz32(bytes - 1))
  return Math.ceil(bytes / quarter) * quarter
}

/** Bytes handed out and not given back, rounded up to size classes. */
export function liveBytes(): number {
  return live
}

/**
 * A 16-byte aligned block of `size` bytes, `size` a size class. Not zeroed.
 *
 * @returns its address, or undefined if 4 GiB are exhausted
 */
export function allocate(size: number): number | undefined {
  const ptr = bins.get(size)?.pop() ?? fromExtents(size) ?? fromTop(size)
  if (ptr !== undefined) live += size
  return ptr
}

/** Gives back what `allocate(size)` returned. */
export function deallocate(ptr: number, size: number): void {
  live -= size
  const bin = bins.get(size)
  if (bin === undefined) bins.set(size, [ptr])
  else bin.push(ptr)
}

function fromExtents(size: number): number | undefined {
  const index = extents.findIndex((extent) => extent.bytes >= size)
  const extent = extents[index]
  if (extent === undefined) return undefined
  const ptr = extent.start
  extent.start += size
  extent.bytes -= size
  if (extent.bytes === 0) extents.splice(index, 1)
  return ptr
}

function fromTop(size: number): number | undefined {
  if (top + size > kernelBytes()) {
    coalesce()
    const ptr = fromExtents(size)
    if (ptr !== undefined) return ptr
    if (!growTo(top + size)) return undefined
  }
  const ptr = top
  top += size
  return ptr
}

/** Moves all bins into `extents`, merges neighbours, and lowers `top` if the last range touches it. */
function coalesce(): void {
  const ranges = extents
  for (const [bytes, addresses] of bins) {
    for (const start of addresses) ranges.push({ start, bytes })
  }
  bins.clear()
  ranges.sort((a, b) => a.start - b.start)
  extents = []
  let last: { start: number; bytes: number } | undefined
  for (const range of ranges) {
    if (last !== undefined && last.start + last.bytes === range.start) last.bytes += range.bytes
    else extents.push((last = range))
  }
  if (last !== undefined && last.start + last.bytes === top) {
    top = last.start
    extents.pop()
  }
}
