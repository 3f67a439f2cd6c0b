/** Operands and guarded buffers for the kernel tests. */
import fc from 'fast-check'

import { newArena, sliceFp, sliceBlock, view, viewWords } from '../../../shares/field/memory.ts'
import type { Arena, Block, FpVector } from '../../../shares/field/memory.ts'
import { P } from '../../../shares/field/scalar.ts'

/** Around every place where a carry, a mask or a limb of the kernels changes. */
export const EDGES: readonly bigint[] = [
  0n,
  1n,
  2n,
  (1n << 29n) - 1n,
  1n << 29n,
  (1n << 30n) - 1n,
  1n << 30n,
  (1n << 31n) - 1n,
  1n << 31n,
  (1n << 32n) - 1n,
  1n << 32n,
  (1n << 60n) - 1n,
  1n << 60n,
  (1n << 60n) + 1n,
  P - (1n << 32n),
  P - (1n << 31n),
  P - (1n << 29n),
  P - 2n,
  P - 1n,
]

/** Around every unrolling and every word boundary of the kernels. */
export const LENGTHS: readonly number[] = [
  0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 23, 24, 25, 63, 64, 65, 127, 128, 129,
]

export const element: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(...EDGES),
  fc.bigInt({ min: 0n, max: P - 1n }),
)

export const word: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(...EDGES, P, P + 1n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
)

/** A length that meets the edges more often than chance would. */
export const length: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(...LENGTHS),
  fc.integer({ min: 0, max: 200 }),
)

/** `count` u64 words from a 32-bit seed (splitmix64): cheap enough for long vectors. */
export function pseudoRandomWords(seed: number, count: number): BigUint64Array<ArrayBuffer> {
  const words = new BigUint64Array(count)
  let state = BigInt(seed)
  for (let i = 0; i < count; i++) {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n)
    let z = state
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n)
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn)
    words[i] = z ^ (z >> 31n)
  }
  return words
}

/** Elements from a seed, every fourth one an edge. */
export function pseudoRandomElements(seed: number, count: number): bigint[] {
  return Array.from(pseudoRandomWords(seed, count), (w, i) =>
    i % 4 === 3 ? (EDGES[Number(w % BigInt(EDGES.length))] ?? 0n) : w % P,
  )
}

const GUARD = 0xa5a5_5a5a_dead_beefn

/** Runs `body` with an allocator of vectors and blocks, and checks that nothing wrote beside them. */
export function guarded(
  body: (fp: (values: readonly bigint[]) => FpVector, block: (bytes: Uint8Array) => Block) => void,
): void {
  const arena: Arena = newArena()
  const guards: FpVector[] = []
  const space = (bytes: number): Block => {
    // Two guard words before, and two at the first multiple of 8 after the content.
    const whole = arena.elements(4 + Math.ceil(bytes / 8))
    viewWords(whole).fill(GUARD)
    guards.push(sliceFp(whole, 0, 2), sliceFp(whole, whole.length - 2, whole.length))
    return sliceBlock({ ptr: whole.ptr, bytes: whole.length * 8 }, 16, 16 + bytes)
  }
  try {
    body(
      (values) => {
        const v = { ptr: space(values.length * 8).ptr, length: values.length }
        viewWords(v).set(values)
        return v
      },
      (bytes) => {
        const b = space(bytes.length)
        view(b).set(bytes)
        return b
      },
    )
    for (const guard of guards) {
      if (viewWords(guard).some((w) => w !== GUARD)) throw new Error('a kernel wrote out of bounds')
    }
  } finally {
    arena.release()
  }
}
