import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'

import { sizeClass } from '../../../shares/field/allocator.ts'
import { growTo, kernelBytes } from '../../../shares/field/kernel.ts'
import {
  liveBytes,
  newArena,
  sliceBlock,
  sliceFp,
  view,
  viewFp,
  viewWords,
} from '../../../shares/field/memory.ts'
import type { Arena, Block } from '../../../shares/field/memory.ts'
import * as vector from '../../../shares/field/vector.ts'

afterEach(() => {
  expect(liveBytes()).toBe(0)
})

describe('size classes', () => {
  it('hold the request, lose at most a quarter, and are their own class', () => {
    const sizes = fc.oneof(fc.nat(5000), fc.integer({ min: 0, max: 2 ** 31 }), fc.nat(2 ** 32 - 1))
    fc.assert(
      fc.property(sizes, (bytes) => {
        const size = sizeClass(bytes)
        expect(size).toBeGreaterThanOrEqual(Math.max(bytes, 16))
        expect(size % 16).toBe(0)
        expect(size).toBeLessThanOrEqual(Math.max(bytes + 16, bytes * 1.25))
        expect(sizeClass(size)).toBe(size)
      }),
    )
  })
})

describe('arenas', () => {
  it('hand out aligned blocks that never overlap, through any history', () => {
    const step = fc.record({
      kind: fc.constantFrom('bytes', 'elements', 'free', 'keep', 'child', 'release'),
      size: fc.oneof(fc.nat(300), fc.nat(40_000), fc.nat(400_000)),
      pick: fc.nat(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const root = newArena()
        const arenas: { arena: Arena; parent: number; blocks: Block[]; open: boolean }[] = [
          { arena: root, parent: -1, blocks: [], open: true },
        ]
        const close = (index: number): void => {
          const entry = arenas[index]
          if (entry === undefined) return
          entry.open = false
          entry.blocks = []
          for (const [i, other] of arenas.entries()) if (other.parent === index) close(i)
        }
        for (const { kind, size, pick } of steps) {
          const open = arenas.filter((entry) => entry.open)
          const entry = open[pick % open.length]
          if (entry === undefined) break
          const index = arenas.indexOf(entry)
          const block = entry.blocks[pick % Math.max(1, entry.blocks.length)]
          if (kind === 'bytes') entry.blocks.push(entry.arena.bytes(size))
          if (kind === 'elements') {
            const v = entry.arena.elements(size >> 3)
            entry.blocks.push({ ptr: v.ptr, bytes: v.length * 8 })
          }
          if (kind === 'free' && block !== undefined) {
            entry.arena.free(block)
            entry.blocks.splice(entry.blocks.indexOf(block), 1)
          }
          if (kind === 'keep' && block !== undefined && entry.parent >= 0) {
            expect(entry.arena.keep(block)).toBe(block)
            entry.blocks.splice(entry.blocks.indexOf(block), 1)
            arenas[entry.parent]?.blocks.push(block)
          }
          if (kind === 'child') {
            arenas.push({ arena: entry.arena.child(), parent: index, blocks: [], open: true })
          }
          if (kind === 'release' && index > 0) {
            entry.arena.release()
            close(index)
          }
          const blocks = arenas.flatMap((e) => e.blocks).sort((a, b) => a.ptr - b.ptr)
          let end = 8192
          let total = 0
          for (const b of blocks) {
            expect(b.ptr % 16).toBe(0)
            expect(b.ptr).toBeGreaterThanOrEqual(end)
            end = b.ptr + sizeClass(b.bytes)
            total += sizeClass(b.bytes)
          }
          expect(end).toBeLessThanOrEqual(kernelBytes())
          expect(liveBytes()).toBe(total)
        }
        root.release()
        expect(liveBytes()).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  it('use freed memory again: a loop does not grow the memory', () => {
    const round = (): void => {
      const arena = newArena()
      for (let i = 1; i < 40; i++) arena.elements(i * 1000)
      arena.release()
    }
    round()
    const before = kernelBytes()
    for (let i = 0; i < 50; i++) round()
    expect(kernelBytes()).toBe(before)
  })

  it('merge freed neighbours before they grow the memory', () => {
    const arena = newArena()
    const small = Array.from({ length: 512 }, () => arena.bytes(16_384))
    const before = kernelBytes()
    for (const block of small) arena.free(block)
    // Whatever lies free elsewhere, two thirds of 8 MiB cannot come from one 16 KiB block.
    arena.bytes(6 << 20)
    expect(kernelBytes()).toBe(before)
    arena.release()
  })

  it('survive growth: contents stay, old views are detached, new ones work', () => {
    const arena = newArena()
    const a = arena.elements(1000)
    vector.fill(a, 7n)
    const stale = viewFp(a)
    expect(growTo(kernelBytes() + 1)).toBe(true)
    expect(stale.byteLength).toBe(0)
    const b = arena.elements(1000)
    vector.scale(b, a, 6n)
    expect(vector.sum(b)).toBe(42_000n)
    expect(viewWords(a)[999]).toBe(7n)
    arena.release()
  })

  it('use addresses above 2 GiB, and report exhaustion by its code', () => {
    const arena = newArena()
    // Untouched pages cost no physical memory.
    arena.bytes(0x7000_0000)
    const top = arena.bytes(0x3000_0000)
    const high = { ptr: top.ptr + top.bytes - 800, length: 100 }
    expect(high.ptr).toBeGreaterThan(2 ** 31)
    vector.fromBigInts(
      high,
      Array.from({ length: 100 }, () => 5n),
    )
    vector.mul(high, high, high)
    expect(vector.sum(high)).toBe(2500n)
    expect(vector.dot(high, high)).toBe(62_500n)
    vector.combine(high, [high, high], [2n, -1n])
    expect(vector.toBigInts(high)[99]).toBe(25n)
    expect(() => arena.bytes(0x7000_0000)).toThrow(
      expect.objectContaining({ code: 'SH_KERNEL_MEMORY' }),
    )
    arena.bytes(100)
    arena.release()
  })

  it('wipe what they give back, children and early frees included, unless told otherwise', () => {
    for (const give of ['release', 'free', 'child'] as const) {
      const arena = newArena()
      const owner = give === 'child' ? arena.child() : arena
      const secret = owner.elements(100)
      vector.fill(secret, 99n)
      if (give === 'free') owner.free(secret)
      else arena.release()
      expect(viewWords(secret).every((w) => w === 0n)).toBe(true)
      arena.release()
    }
    const plain = newArena({ wipe: false })
    const block = plain.elements(100)
    vector.fill(block, 99n)
    plain.release()
    expect(viewWords(block).every((w) => w === 99n)).toBe(true)
  })

  it('refuse misuse', () => {
    const root = newArena()
    const child = root.child()
    const mine = root.bytes(10)
    expect(() => child.free(mine)).toThrow(RangeError)
    expect(() => child.keep(mine)).toThrow(RangeError)
    expect(() => root.keep(mine)).toThrow(RangeError)
    root.free(mine)
    expect(() => root.free(mine)).toThrow(RangeError)
    for (const bytes of [-1, 1.5, Number.NaN, 2 ** 32]) {
      expect(() => root.bytes(bytes)).toThrow(RangeError)
    }
    root.release()
    root.release()
    expect(() => root.bytes(1)).toThrow(RangeError)
    expect(() => child.bytes(1)).toThrow(RangeError)
    expect(() => root.child()).toThrow(RangeError)
  })
})

describe('slices', () => {
  it('share memory and stay inside', () => {
    const arena = newArena()
    const v = arena.elements(10)
    vector.fill(v, 0n)
    vector.fill(sliceFp(v, 3, 5), 1n)
    expect(vector.toBigInts(v)).toEqual([0n, 0n, 0n, 1n, 1n, 0n, 0n, 0n, 0n, 0n])
    expect(sliceFp(v, 10, 10).length).toBe(0)
    const b = arena.bytes(10)
    view(b).fill(0)
    view(sliceBlock(b, 1, 3)).fill(255)
    expect(Array.from(view(b))).toEqual([0, 255, 255, 0, 0, 0, 0, 0, 0, 0])
    for (const [from, to] of [
      [-1, 2],
      [3, 2],
      [0, 11],
      [0.5, 2],
      [0, Number.NaN],
    ] as const) {
      expect(() => sliceFp(v, from, to)).toThrow(RangeError)
      expect(() => sliceBlock(b, from, to)).toThrow(RangeError)
    }
    arena.release()
  })
})
