import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { newArena, sliceFp, viewWords } from '../../../shares/field/memory.ts'
import type { FpVector } from '../../../shares/field/memory.ts'
import { P, inv, lagrange, mul, reduce, toSigned } from '../../../shares/field/scalar.ts'
import * as vector from '../../../shares/field/vector.ts'

import { EDGES, LENGTHS, element, guarded, length, pseudoRandomElements, word } from './samples.ts'

type Elements = readonly bigint[]

/** An operation on vectors a, b, r and coefficients c beside its model on BigInts. */
interface Operation {
  readonly name: string
  readonly run: (out: FpVector, a: FpVector, b: FpVector, c: Elements) => void
  readonly model: (a: bigint, b: bigint, c: Elements, out: bigint) => bigint
}

const at = (c: Elements, i: number): bigint => c[i] ?? 0n

const OPERATIONS: readonly Operation[] = [
  { name: 'add', run: (o, a, b) => vector.add(o, a, b), model: (a, b) => a + b },
  { name: 'sub', run: (o, a, b) => vector.sub(o, a, b), model: (a, b) => a - b },
  { name: 'neg', run: (o, a) => vector.neg(o, a), model: (a) => -a },
  { name: 'mul', run: (o, a, b) => vector.mul(o, a, b), model: (a, b) => a * b },
  { name: 'square', run: (o, a) => vector.mul(o, a, a), model: (a) => a * a },
  {
    name: 'scale',
    run: (o, a, _, c) => vector.scale(o, a, at(c, 0)),
    model: (a, _, c) => a * at(c, 0),
  },
  {
    name: 'addScaled',
    run: (o, a, _, c) => vector.addScaled(o, a, at(c, 0)),
    model: (a, _, c, o) => o + a * at(c, 0),
  },
  {
    name: 'combine',
    run: (o, a, b, c) => vector.combine(o, [a, b, a], c.slice(0, 3)),
    model: (a, b, c) => a * at(c, 0) + b * at(c, 1) + a * at(c, 2),
  },
  { name: 'copy', run: (o, a) => vector.copy(o, a), model: (a) => a },
  { name: 'fill', run: (o, _a, _b, c) => vector.fill(o, at(c, 0)), model: (_a, _b, c) => at(c, 0) },
]

const coefficient = fc.oneof(
  element,
  fc.bigInt({ min: -40n, max: 40n }),
  fc.bigInt({ min: -(1n << 80n), max: 1n << 80n }),
)
const coefficients = fc.array(coefficient, { minLength: 5, maxLength: 5 })
const vectors = (count: number): fc.Arbitrary<bigint[][]> =>
  length.chain((n) =>
    fc.array(fc.array(element, { minLength: n, maxLength: n }), {
      minLength: count,
      maxLength: count,
    }),
  )

describe('elementwise operations', () => {
  it.each(OPERATIONS)('$name agrees with BigInt on every pair of edges', ({ run, model }) => {
    const pairs = EDGES.flatMap((a) => EDGES.map((b) => [a, b] as const))
    const as = pairs.map(([a]) => a)
    const bs = pairs.map(([, b]) => b)
    for (const c of [EDGES.slice(0, 5), EDGES.slice(8, 13), EDGES.slice(-5), [3n, -3n, 1n]]) {
      guarded((fp) => {
        const out = fp(bs)
        run(out, fp(as), fp(bs), c)
        expect(vector.toBigInts(out)).toEqual(pairs.map(([a, b]) => reduce(model(a, b, c, b))))
      })
    }
  })

  it.each(OPERATIONS)('$name agrees with BigInt at every length', ({ run, model }) => {
    const c = [P - 1n, 12_345_678_901n, -7n]
    for (const n of [...LENGTHS, 65_537]) {
      const as = pseudoRandomElements(n, n)
      const bs = pseudoRandomElements(n + 1, n)
      guarded((fp) => {
        const out = fp(bs)
        run(out, fp(as), fp(bs), c)
        const want = as.map((a, i) => reduce(model(a, at(bs, i), c, at(bs, i))))
        // toEqual on 65,537 BigInts is slow.
        expect(vector.toBigInts(out).findIndex((x, i) => x !== want[i])).toBe(-1)
      })
    }
  })

  it.each(OPERATIONS)('$name may write onto an input', ({ run, model }) => {
    fc.assert(
      fc.property(vectors(2), coefficients, ([as = [], bs = []], c) => {
        guarded((fp) => {
          const [a, b] = [fp(as), fp(bs)]
          run(a, a, b, c)
          expect(vector.toBigInts(a)).toEqual(as.map((x, i) => reduce(model(x, at(bs, i), c, x))))
          expect(vector.toBigInts(b)).toEqual(bs)
        })
        guarded((fp) => {
          const [a, b] = [fp(as), fp(bs)]
          run(b, a, b, c)
          const want = as.map((x, i) => reduce(model(x, at(bs, i), c, at(bs, i))))
          expect(vector.toBigInts(b)).toEqual(want)
          expect(vector.toBigInts(a)).toEqual(as)
        })
      }),
      { numRuns: 40 },
    )
  })

  it.each(OPERATIONS)('$name works at odd addresses of a longer vector', ({ run, model }) => {
    const as = pseudoRandomElements(1, 40)
    const c = [5n, -1n, 1n << 60n]
    for (const from of [0, 1, 2, 3]) {
      guarded((fp) => {
        const out = fp(as)
        run(sliceFp(out, from, 37), sliceFp(fp(as), from, 37), sliceFp(fp(as), 3, 40 - from), c)
        const want = as.map((a, i) =>
          i < from || i >= 37 ? a : reduce(model(a, at(as, i + 3 - from), c, a)),
        )
        expect(vector.toBigInts(out)).toEqual(want)
      })
    }
  })
})

describe('combine', () => {
  it('agrees with BigInt for any number of vectors and any coefficients', () => {
    const terms = fc.tuple(length, fc.integer({ min: 0, max: 12 })).chain(([n, k]) =>
      fc
        .array(fc.tuple(fc.array(element, { minLength: n, maxLength: n }), coefficient), {
          minLength: k,
          maxLength: k,
        })
        .map((list) => ({ n, list })),
    )
    fc.assert(
      fc.property(terms, ({ n, list }) => {
        guarded((fp) => {
          const out = fp(Array.from({ length: n }, () => 77n))
          vector.combine(
            out,
            list.map(([values]) => fp(values)),
            list.map(([, c]) => c),
          )
          const want = Array.from({ length: n }, (_, i) =>
            reduce(list.reduce((s, [values, c]) => s + at(values, i) * c, 0n)),
          )
          expect(vector.toBigInts(out)).toEqual(want)
        })
      }),
    )
  })

  it('holds the largest sums: MAX_TERMS vectors of p-1, extreme coefficients', () => {
    const all = (x: bigint): bigint[] => Array.from({ length: 19 }, () => x)
    for (const c of [P - 1n, -1n, 1n << 31n, -(1n << 31n), (1n << 24n) - 1n, -35n, 1n << 60n]) {
      for (const k of [1, 2, 3, 4, 5, 7, 8, 9, 35, vector.MAX_TERMS]) {
        guarded((fp) => {
          const out = fp(all(0n))
          const a = fp(all(P - 1n))
          vector.combine(
            out,
            Array.from({ length: k }, () => a),
            Array.from({ length: k }, () => c),
          )
          expect(vector.toBigInts(out)).toEqual(all(reduce(-c * BigInt(k))))
        })
      }
    }
  })
})

describe('sum and dot', () => {
  it('agree with BigInt', () => {
    fc.assert(
      fc.property(vectors(2), ([as = [], bs = []]) => {
        guarded((fp) => {
          const [a, b] = [fp(as), fp(bs)]
          expect(vector.sum(a)).toBe(reduce(as.reduce((s, x) => s + x, 0n)))
          expect(vector.dot(a, b)).toBe(reduce(as.reduce((s, x, i) => s + x * at(bs, i), 0n)))
        })
      }),
    )
  })

  it('hold the largest sums at every length', () => {
    for (const n of [...LENGTHS, 65_537]) {
      for (const x of [P - 1n, (1n << 60n) - 1n, P - (1n << 31n), (1n << 31n) - 1n]) {
        guarded((fp) => {
          const a = fp(Array.from({ length: n }, () => x))
          expect(vector.sum(a)).toBe(reduce(BigInt(n) * x))
          expect(vector.dot(a, a)).toBe(reduce(BigInt(n) * x * x))
        })
      }
    }
  })
})

describe('mulCombine', () => {
  it('agrees with BigInt, onto its inputs too', () => {
    fc.assert(
      fc.property(vectors(3), coefficients, ([as = [], bs = [], rs = []], c) => {
        const [c0, ad, ar, bd, br] = [at(c, 0), at(c, 1), at(c, 2), at(c, 3), at(c, 4)]
        const outA = as.map((a, i) => reduce(ad * c0 * a * at(bs, i) + ar * at(rs, i)))
        const outB = as.map((a, i) => reduce(bd * c0 * a * at(bs, i) + br * at(rs, i)))
        guarded((fp) => {
          const [a, b, r, x, y] = [fp(as), fp(bs), fp(rs), fp(as), fp(as)]
          vector.mulCombine(x, y, a, b, c0, r, ad, ar, bd, br)
          expect(vector.toBigInts(x)).toEqual(outA)
          expect(vector.toBigInts(y)).toEqual(outB)
          vector.mulCombine(r, a, a, b, c0, r, ad, ar, bd, br)
          expect(vector.toBigInts(r)).toEqual(outA)
          expect(vector.toBigInts(a)).toEqual(outB)
        })
      }),
    )
  })
})

describe('mulCombine with small coefficients', () => {
  it('agrees with BigInt for every sign and magnitude, each c0 and length', () => {
    const small = [-7n, -4n, -3n, -2n, -1n, 0n, 1n, 2n, 3n, 4n, 7n]
    for (const c0 of [1n, -1n, P - 1n, 3n, P / 2n]) {
      for (const n of [1, 4, 5, 19]) {
        const as = Array.from({ length: n }, (_, i) => at(EDGES, i))
        const bs = Array.from({ length: n }, (_, i) => at(EDGES, (i * 5) % EDGES.length))
        const rs = Array.from({ length: n }, (_, i) => at(EDGES, (i * 7 + 18) % EDGES.length))
        guarded((fp) => {
          const [a, b, r, x, y] = [fp(as), fp(bs), fp(rs), fp(as), fp(as)]
          for (const ad of small) {
            for (const ar of small) {
              // The second output takes the coefficients the other way round.
              vector.mulCombine(x, y, a, b, c0, r, ad, ar, -ar, ad)
              const want = (d: bigint, s: bigint): bigint[] =>
                as.map((u, i) => reduce(d * c0 * u * at(bs, i) + s * at(rs, i)))
              expect(vector.toBigInts(x)).toEqual(want(ad, ar))
              expect(vector.toBigInts(y)).toEqual(want(-ar, ad))
            }
          }
        })
      }
    }
  })

  it('deals a line through d and alpha * r, as the n = 3 multiplication does', () => {
    fc.assert(
      fc.property(
        vectors(3),
        fc.constantFrom(1n, 2n, 3n),
        ([as = [], bs = [], rs = []], dealer) => {
          const lambda = [3n, -3n, 1n][Number(dealer) - 1] ?? 0n
          const [alpha, other] = [(dealer % 3n) + 1n, ((dealer + 1n) % 3n) + 1n]
          guarded((fp) => {
            const [x, y] = [fp(as), fp(as)]
            const c0 = mul(reduce(lambda), inv(alpha))
            const line = (point: bigint): [bigint, bigint] => [alpha - point, point]
            vector.mulCombine(x, y, fp(as), fp(bs), c0, fp(rs), ...line(dealer), ...line(other))
            for (const [i, a] of as.entries()) {
              const shares = [
                at(vector.toBigInts(x), i),
                at(vector.toBigInts(y), i),
                alpha * at(rs, i),
              ]
              const pairs = [
                [0, 1],
                [1, 2],
                [0, 2],
              ] as const
              const points = [dealer, other, alpha]
              for (const [j, k] of pairs) {
                const [w = 0n, z = 0n] = lagrange([at(points, j), at(points, k)], 0)
                const opened = reduce(w * at(shares, j) + z * at(shares, k))
                expect(opened).toBe(reduce(lambda * a * at(bs, i)))
              }
            }
          })
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('words and codecs', () => {
  it('maskWords keeps 61 bits and turns p into 0; isCanonical tells', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 140 }), (words) => {
        guarded((fp) => {
          const v = fp(words)
          expect(vector.isCanonical(v)).toBe(words.every((w) => w < P))
          vector.maskWords(v)
          const want = words.map((w) => ((w & P) === P ? 0n : w & P))
          expect(vector.toBigInts(v)).toEqual(want)
          expect(vector.isCanonical(v)).toBe(true)
        })
      }),
    )
  })

  it('isCanonical finds one bad word wherever it hides', () => {
    for (const n of LENGTHS) {
      for (let i = 0; i < n; i++) {
        for (const bad of [P, P + 1n, (1n << 64n) - 1n, 1n << 61n, 1n << 63n]) {
          guarded((fp) => {
            const v = fp(Array.from({ length: n }, () => P - 1n))
            expect(vector.isCanonical(v)).toBe(true)
            viewWords(v)[i] = bad
            expect(vector.isCanonical(v)).toBe(false)
          })
        }
      }
    }
  })

  it('equal finds one changed bit', () => {
    fc.assert(
      fc.property(vectors(1), fc.nat(), fc.integer({ min: 0, max: 60 }), ([as = []], k, bit) => {
        guarded((fp) => {
          const [a, b] = [fp(as), fp(as)]
          expect(vector.equal(a, b)).toBe(true)
          if (as.length === 0) return
          viewWords(b)[k % as.length] = at(as, k % as.length) ^ (1n << BigInt(bit))
          expect(vector.equal(a, b)).toBe(false)
        })
      }),
    )
  })

  it('numbers survive the way in and out', () => {
    const big = fc.oneof(
      fc.constantFrom(0n, 1n, -1n, (1n << 60n) - 1n, 1n - (1n << 60n)),
      fc.bigInt({ min: 1n - (1n << 60n), max: (1n << 60n) - 1n }),
    )
    const small = fc.oneof(
      fc.constantFrom(-0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
      fc.maxSafeInteger(),
    )
    fc.assert(
      fc.property(
        fc.array(big, { maxLength: 70 }),
        fc.array(small, { maxLength: 70 }),
        (xs, ys) => {
          guarded((fp) => {
            const v = fp(xs.map(() => 5n))
            vector.fromNumbers(v, BigInt64Array.from(xs))
            expect(vector.toBigInts(v)).toEqual(xs.map(reduce))
            expect(vector.toBigInts(v).map(toSigned)).toEqual(xs)
            expect(Array.from(vector.toNumbers(v, fp(xs)))).toEqual(xs)
            expect(Array.from(vector.toNumbers(v, v))).toEqual(xs)

            const w = fp(ys.map(() => 5n))
            vector.fromNumbers(w, Float64Array.from(ys))
            expect(Array.from(vector.toNumbers(w, w))).toEqual(ys.map(BigInt))
          })
        },
      ),
    )
  })

  it('fromNumbers names the first value out of range', () => {
    const floats = [0.5, Number.NaN, Number.POSITIVE_INFINITY, -(2 ** 53), 2 ** 53, -1e-300, 1e300]
    for (const bad of floats) {
      guarded((fp) => {
        const v = fp([1n, 1n, 1n])
        const run = (): void => vector.fromNumbers(v, new Float64Array([1, bad, bad]))
        expect(run).toThrow(new RangeError('value 1 is no integer in range'))
      })
    }
    for (const bad of [1n << 60n, -(1n << 60n), (1n << 63n) - 1n, -(1n << 63n)]) {
      guarded((fp) => {
        const v = fp([1n, 1n, 1n])
        const run = (): void => vector.fromNumbers(v, new BigInt64Array([1n, 1n, bad]))
        expect(run).toThrow(new RangeError('value 2 is no integer in range'))
      })
    }
  })

  it('a slice of a typed array is read at its own offset', () => {
    guarded((fp) => {
      const v = fp([0n, 0n])
      vector.fromNumbers(v, new Float64Array([7, 8, 9, 10]).subarray(1, 3))
      expect(vector.toBigInts(v)).toEqual([8n, 9n])
    })
  })
})

describe('lengths', () => {
  it('every operation refuses vectors of different lengths', () => {
    const arena = newArena()
    const [a, b, c] = [arena.elements(4), arena.elements(4), arena.elements(5)]
    const calls: readonly (() => unknown)[] = [
      () => vector.add(a, b, c),
      () => vector.add(c, a, b),
      () => vector.sub(a, c, b),
      () => vector.neg(a, c),
      () => vector.mul(a, b, c),
      () => vector.scale(a, c, 1n),
      () => vector.addScaled(c, a, 1n),
      () => vector.combine(a, [b, c], [1n, 1n]),
      () => vector.combine(a, [b], [1n, 1n]),
      () =>
        vector.combine(
          a,
          Array.from({ length: 61 }, () => b),
          Array.from({ length: 61 }, () => 1n),
        ),
      () => vector.dot(a, c),
      () => vector.copy(a, c),
      () => vector.equal(a, c),
      () => vector.mulCombine(a, b, a, b, 1n, c, 1n, 1n, 1n, 1n),
      () => vector.mulCombine(a, c, a, b, 1n, b, 1n, 1n, 1n, 1n),
      () => vector.fromBigInts(a, [1n]),
      () => vector.fromNumbers(a, new Float64Array(5)),
      () => vector.toNumbers(a, c),
    ]
    for (const call of calls) expect(call).toThrow(RangeError)
    arena.release()
  })
})
