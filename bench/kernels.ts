/**
 * Nanoseconds per element (field) or per lane (bits) of every kernel, hot (4,096 elements, 32 KiB a
 * vector) and cold (1,000,000 elements, 8 MB a vector), one thread. The fastest of many short runs, after
 * warming up. Beside them the same product in BigInt, for comparison.
 *
 *   npx tsx bench/kernels.ts [name...]
 */
import { fileURLToPath } from 'node:url'

import * as plane from '../shares/bits/plane.ts'
import * as transpose from '../shares/bits/transpose.ts'
import { blockOf, newArena, viewWords } from '../shares/field/memory.ts'
import type { Arena, Block, FpVector } from '../shares/field/memory.ts'
import { P, lagrangeAtZero } from '../shares/field/scalar.ts'
import * as vector from '../shares/field/vector.ts'

const HOT = 4096
const COLD = 1_000_000
const MINIMUM_MS = 4
const REPEATS = 40

interface Operands {
  /** Eight vectors of pseudo-random elements. */
  readonly fp: readonly FpVector[]
  /** 64 planes with as many lanes as the vectors have elements. */
  readonly planes: readonly Block[]
  readonly indices: Block
  readonly count: number
}

interface Case {
  readonly name: string
  readonly run: (x: Operands) => void
}

const GENERAL = [1n, 2n, 3n, 4n, 5n, 6n, 7n].map((i) => (P * i) / 11n)

const v = (x: Operands, i: number): FpVector => x.fp[i] ?? { ptr: 0, length: 0 }
const b = (x: Operands, i: number): Block => x.planes[i] ?? { ptr: 0, bytes: 0 }

const CASES: readonly Case[] = [
  { name: 'mul', run: (x) => vector.mul(v(x, 0), v(x, 1), v(x, 2)) },
  { name: 'add', run: (x) => vector.add(v(x, 0), v(x, 1), v(x, 2)) },
  { name: 'sub', run: (x) => vector.sub(v(x, 0), v(x, 1), v(x, 2)) },
  { name: 'neg', run: (x) => vector.neg(v(x, 0), v(x, 1)) },
  { name: 'scale', run: (x) => vector.scale(v(x, 0), v(x, 1), P / 3n) },
  { name: 'addScaled', run: (x) => vector.addScaled(v(x, 0), v(x, 1), P / 3n) },
  {
    name: 'combine 3, small',
    run: (x) => vector.combine(v(x, 0), x.fp.slice(1, 4), lagrangeAtZero(3)),
  },
  {
    name: 'combine 7, small',
    run: (x) => vector.combine(v(x, 0), x.fp.slice(1, 8), lagrangeAtZero(7)),
  },
  {
    name: 'combine 3, general',
    run: (x) => vector.combine(v(x, 0), x.fp.slice(1, 4), GENERAL.slice(0, 3)),
  },
  { name: 'combine 7, general', run: (x) => vector.combine(v(x, 0), x.fp.slice(1, 8), GENERAL) },
  {
    name: 'mulCombine, c0 = 1',
    run: (x) =>
      vector.mulCombine(v(x, 0), v(x, 1), v(x, 2), v(x, 3), 1n, v(x, 4), -2n, 3n, -1n, 2n),
  },
  {
    name: 'mulCombine, small',
    run: (x) =>
      vector.mulCombine(v(x, 0), v(x, 1), v(x, 2), v(x, 3), P / 2n, v(x, 4), 1n, 1n, -1n, 3n),
  },
  {
    name: 'mulCombine, general',
    run: (x) =>
      vector.mulCombine(v(x, 0), v(x, 1), v(x, 2), v(x, 3), 1n, v(x, 4), P / 2n, P / 3n, 3n, 2n),
  },
  { name: 'sum', run: (x) => vector.sum(v(x, 0)) },
  { name: 'dot', run: (x) => vector.dot(v(x, 0), v(x, 1)) },
  { name: 'fill', run: (x) => vector.fill(v(x, 0), 5n) },
  { name: 'copy', run: (x) => vector.copy(v(x, 0), v(x, 1)) },
  { name: 'wipe', run: (x) => plane.zero(blockOf(v(x, 0))) },
  { name: 'maskWords', run: (x) => vector.maskWords(v(x, 0)) },
  { name: 'isCanonical', run: (x) => vector.isCanonical(v(x, 1)) },
  { name: 'equal', run: (x) => vector.equal(v(x, 0), v(x, 0)) },
  { name: 'toNumbers', run: (x) => vector.toNumbers(v(x, 0), v(x, 1)) },
  { name: 'plane xor', run: (x) => plane.xor(b(x, 0), b(x, 1), b(x, 2)) },
  { name: 'plane xorAnd', run: (x) => plane.xorAnd(b(x, 0), b(x, 1), b(x, 2)) },
  {
    name: 'plane and3',
    run: (x) => plane.and3(b(x, 0), b(x, 1), b(x, 2), b(x, 3), b(x, 4), b(x, 5)),
  },
  { name: 'popcount', run: (x) => plane.popcount(b(x, 0)) },
  { name: 'gatherBits', run: (x) => plane.gatherBits(b(x, 0), b(x, 1), x.indices, x.count) },
  {
    name: 'planesFromWords, 8',
    run: (x) => transpose.planesFromWords(x.planes.slice(0, 8), blockOf(v(x, 1)), x.count),
  },
  {
    name: 'planesFromWords, 32',
    run: (x) => transpose.planesFromWords(x.planes.slice(0, 32), blockOf(v(x, 1)), x.count),
  },
  {
    name: 'planesFromWords, 61',
    run: (x) => transpose.planesFromWords(x.planes.slice(0, 61), blockOf(v(x, 1)), x.count),
  },
  {
    name: 'wordsFromPlanes, 8',
    run: (x) => transpose.wordsFromPlanes(blockOf(v(x, 0)), x.planes.slice(0, 8), x.count),
  },
  {
    name: 'wordsFromPlanes, 32',
    run: (x) => transpose.wordsFromPlanes(blockOf(v(x, 0)), x.planes.slice(0, 32), x.count),
  },
  {
    name: 'wordsFromPlanes, 61',
    run: (x) => transpose.wordsFromPlanes(blockOf(v(x, 0)), x.planes.slice(0, 61), x.count),
  },
  { name: 'fpFromPlane', run: (x) => transpose.fpFromPlane(v(x, 0), b(x, 0), x.count) },
  { name: 'select', run: (x) => transpose.select(v(x, 0), v(x, 1), b(x, 0)) },
  { name: 'selectSum', run: (x) => transpose.selectSum(v(x, 1), b(x, 0)) },
  {
    name: 'allocate and release',
    run: (x) => {
      const arena = newArena()
      arena.elements(x.count)
      arena.release()
    },
  },
]

function operands(arena: Arena, count: number): Operands {
  const random = (elements: FpVector): FpVector => {
    let state = 0x9e3779b97f4a7c15n
    const words = viewWords(elements)
    for (let i = 0; i < words.length; i++) {
      // Not random, but no branch or cache of a kernel can tell.
      state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
      words[i] = (state >> 3n) % P
    }
    return elements
  }
  const first = random(arena.elements(count))
  const fp = Array.from({ length: 8 }, () => {
    const copied = arena.elements(count)
    vector.copy(copied, first)
    return copied
  })
  const bytes = plane.planeBytes(count)
  const planes = Array.from({ length: 64 }, () => arena.bytes(bytes))
  transpose.planesFromWords(planes, blockOf(first), count)
  const indices = arena.elements(Math.ceil(count / 2))
  const list = new Uint32Array(viewWords(indices).buffer, indices.ptr, count)
  for (let i = 0; i < count; i++) list[i] = (i * 7919) % count
  return { fp, planes, indices: blockOf(indices), count }
}

/** ns per element: the fastest of REPEATS runs of at least MINIMUM_MS each. */
function measure(body: () => void, count: number): number {
  let loops = 1
  let best = Number.POSITIVE_INFINITY
  for (let repeat = 0; repeat < REPEATS;) {
    const start = performance.now()
    for (let i = 0; i < loops; i++) body()
    const spent = performance.now() - start
    if (spent < MINIMUM_MS) {
      loops = Math.ceil(loops * Math.min(100, (1.3 * MINIMUM_MS) / Math.max(spent, 0.01)))
      continue
    }
    best = Math.min(best, (spent * 1e6) / loops / count)
    repeat++
  }
  return best
}

export interface KernelTiming {
  readonly name: string
  /** ns per element, 4,096 elements. */
  readonly hot: number
  /** ns per element, 1,000,000 elements. */
  readonly cold: number
}

/** Times the kernels whose name contains one of `names`; all of them if there are none. */
export function timeKernels(names: readonly string[] = []): KernelTiming[] {
  const arena = newArena()
  const sizes = { hot: operands(arena, HOT), cold: operands(arena, COLD) }
  const timings = CASES.filter(
    ({ name }) => names.length === 0 || names.some((part) => name.includes(part)),
  ).map(({ name, run }) => ({
    name,
    hot: measure(() => run(sizes.hot), HOT),
    cold: measure(() => run(sizes.cold), COLD),
  }))
  arena.release()
  return timings
}

function bigIntProduct(): number {
  const xs = Array.from({ length: HOT }, (_, i) => (P * BigInt(i)) / BigInt(HOT))
  return measure(() => {
    for (let i = 0; i < HOT; i++) xs[i] = ((xs[i] ?? 0n) * (xs[HOT - 1 - i] ?? 0n)) % P
  }, HOT)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = timeKernels(process.argv.slice(2)).map(({ name, hot, cold }) => [
    name,
    hot.toFixed(3),
    cold.toFixed(3),
  ])
  rows.push(['mul in BigInt', bigIntProduct().toFixed(1), ''])
  console.log(`${'kernel'.padEnd(22)}${'hot ns'.padStart(9)}${'cold ns'.padStart(9)}`)
  for (const [name = '', hot = '', cold = ''] of rows) {
    console.log(`${name.padEnd(22)}${hot.padStart(9)}${cold.padStart(9)}`)
  }
}
