import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { committee, cyclic, parties } from '../../shares/committee.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { type Arena, newArena, viewWords } from '../../shares/field/memory.ts'
import { add, inv, mul, P } from '../../shares/field/scalar.ts'
import * as vector from '../../shares/field/vector.ts'
import { fillField, ONCE } from '../../shares/prg.ts'
import { prgRng } from '../../shares/random.ts'
import * as shamir from '../../shares/shamir.ts'

import { keyOf, prg, seededRng } from './noble.ts'
import { chiSquare, chiSquareLimit, isIndependent, subsets, unitPrg } from './views.ts'

let arena: Arena
beforeEach(() => {
  arena = newArena()
})
afterEach(() => arena.release())

const EDGES = [0n, 1n, 2n, P - 1n, P - 2n, 1n << 60n, (1n << 60n) - 1n]
const LENGTHS = [0, 1, 7, 8, 63, 64, 65]
const element = fc.oneof(fc.constantFrom(...EDGES), fc.bigInt({ min: 0n, max: P - 1n }))

function secretOf(values: readonly bigint[]): ReturnType<Arena['elements']> {
  const secret = arena.elements(values.length)
  vector.fromBigInts(secret, values)
  return secret
}

function caught(run: () => unknown): ShareholdError {
  try {
    run()
  } catch (error) {
    if (error instanceof ShareholdError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe.each([3, 5, 7])('Shamir among %i', (n) => {
  const of = committee(n)
  const all = parties(of)

  it('reconstructs from every set of t+1 and from all n', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(...LENGTHS)
          .chain((length) => fc.array(element, { minLength: length, maxLength: length })),
        fc.nat(),
        (values, seed) => {
          const shares = shamir.split(arena, secretOf(values), of, seededRng(n, seed))
          for (const size of [of.t + 1, n]) {
            for (const subset of subsets(all, size)) {
              const held = subset
                .toReversed()
                .map((party) => ({ party, share: shares[party - 1]! }))
              expect(vector.toBigInts(shamir.reconstruct(arena, of, held))).toEqual(values)
            }
          }
        },
      ),
      { numRuns: 15 },
    )
  })

  it.each([65_535, 65_536, 65_537])('reconstructs %i elements', (length) => {
    const secret = arena.elements(length)
    fillField(prg, keyOf('secret', length), ONCE, secret)
    const shares = shamir.split(arena, secret, of, seededRng(n, length))
    const held = all.map((party) => ({ party, share: shares[party - 1]! }))
    expect(vector.equal(shamir.reconstruct(arena, of, held), secret)).toBe(true)
  })

  it('deals to any t receivers: their pseudo-random shares stand, all n agree', () => {
    fc.assert(
      fc.property(fc.array(element, { minLength: 3, maxLength: 3 }), fc.nat(n), (values, from) => {
        const receivers = Array.from({ length: of.t }, (_, k) => cyclic(of, from + k))
        const random = receivers.map((party) => {
          const share = arena.elements(3)
          fillField(prg, keyOf(party), ONCE, share)
          return share
        })
        const rest = shamir.dealRest(arena, secretOf(values), of, receivers, random)
        expect(rest.map((held) => held.party)).toEqual(
          all.filter((party) => !receivers.includes(party)),
        )
        const held = [
          ...rest,
          ...receivers.map((party, k) => ({ party, share: shamir.asShamirShare(random[k]!) })),
        ]
        expect(vector.toBigInts(shamir.reconstruct(arena, of, held))).toEqual(values)
      }),
      { numRuns: 20 },
    )
  })

  it('finds one wrong element in one share, and names the party only from n = 5 on', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...all),
        fc.nat(63),
        fc.bigInt({ min: 1n, max: P - 1n }),
        (liar, at, error) => {
          const shares = shamir.split(
            arena,
            secretOf(Array.from({ length: 64 }, () => 5n)),
            of,
            seededRng(n, at),
          )
          const words = viewWords(shares[liar - 1]!)
          words[at] = add(words[at]!, error)
          const held = all.map((party) => ({ party, share: shares[party - 1]! }))
          const thrown = caught(() => shamir.reconstruct(arena, of, held))
          expect(thrown.code).toBe('SH_SHARE_INCONSISTENT')
          expect(thrown.party).toBe(n === 3 ? undefined : String(liar))
          // With t+2 shares the fault is seen, but nobody can be named.
          const few = held
            .filter(({ party }) => party === liar)
            .concat(held.filter(({ party }) => party !== liar).slice(0, of.t + 1))
          expect(caught(() => shamir.reconstruct(arena, of, few)).party).toBeUndefined()
        },
      ),
      { numRuns: 20 },
    )
  })

  it('names the party whose share is not canonical', () => {
    const shares = shamir.split(arena, secretOf([1n, 2n]), of, seededRng(n))
    viewWords(shares[1]!)[1] = P
    const held = all.map((party) => ({ party, share: shares[party - 1]! }))
    expect(caught(() => shamir.reconstruct(arena, of, held))).toMatchObject({
      code: 'SH_SHARE_INCONSISTENT',
      party: '2',
    })
  })

  it('refuses t shares, the same party twice and strangers', () => {
    const shares = shamir.split(arena, secretOf([1n]), of, seededRng(n))
    const held = all.map((party) => ({ party, share: shares[party - 1]! }))
    expect(caught(() => shamir.reconstruct(arena, of, held.slice(0, of.t))).code).toBe(
      'SH_SHARE_TOO_FEW',
    )
    expect(() => shamir.reconstruct(arena, of, [...held, held[0]!])).toThrow(RangeError)
    const stranger = { party: n + 1, share: shares[0]! }
    expect(() => shamir.reconstruct(arena, of, [...held, stranger])).toThrow(RangeError)
    expect(() => shamir.dealRest(arena, secretOf([1n]), of, [], [])).toThrow(RangeError)
  })

  it('hides the secret from any t shares, exactly; not from t+1 (control)', () => {
    const unit = unitPrg('field')
    const secret = secretOf([1n, ...Array.from({ length: of.t }, () => 0n)])
    const rng = prgRng(unit.prg, keyOf('unit'))
    const shares = shamir.split(arena, secret, of, rng).map((share) => vector.toBigInts(share))
    expect(unit.lanes()).toBe(of.t + 1)
    const seen = (coalition: readonly number[]): bigint[][] =>
      coalition.map((party) => shares[party - 1]!)
    for (const coalition of subsets(all, of.t)) expect(isIndependent(seen(coalition))).toBe(true)
    for (const coalition of subsets(all, of.t + 1)) {
      expect(isIndependent(seen(coalition))).toBe(false)
    }
  })

  it('has t shares distributed alike for two secrets (chi-square), unlike a broken dealer', () => {
    const samples = 20_000
    const buckets = 32
    // Interpolates the first t shares at 0 as if the degree were t-1, takes 5 low bits.
    const histogram = (value: bigint, rngSeed: string, broken: boolean): number[] => {
      const secret = arena.elements(samples)
      vector.fill(secret, value)
      const shares = shamir.split(arena, secret, of, seededRng(n, rngSeed))
      if (broken) {
        // A dealer whose polynomial has degree t-1: its top coefficient is missing.
        const wrong = shamir.split(arena, secret, of, seededRng(n, rngSeed, 'low'))
        const top = arena.elements(samples)
        topCoefficient(top, wrong.slice(0, of.t + 1))
        wrong.forEach((share, i) => {
          vector.addScaled(share, top, -(BigInt(i + 1) ** BigInt(of.t)))
          vector.copy(shares[i]!, share)
        })
      }
      const statistic = arena.elements(samples)
      const points = all.slice(0, of.t)
      vector.combine(statistic, shares.slice(0, of.t), lagrangeAt0(points))
      const counts = Array.from({ length: buckets }, () => 0)
      for (const word of viewWords(statistic)) counts[Number(word % BigInt(buckets))]! += 1
      return counts
    }
    const limit = chiSquareLimit(buckets)
    expect(chiSquare(histogram(0n, 'a', false), histogram(1n, 'b', false))).toBeLessThan(limit)
    expect(chiSquare(histogram(0n, 'a', true), histogram(1n, 'b', true))).toBeGreaterThan(limit)
  })
})

function lagrangeAt0(points: readonly number[]): bigint[] {
  return points.map((i) =>
    points.filter((j) => j !== i).reduce((c, j) => mul(c, mul(BigInt(j), inv(BigInt(j - i)))), 1n),
  )
}

/** Coefficient of X^t of the polynomial through shares 1..t+1. */
function topCoefficient(
  out: ReturnType<Arena['elements']>,
  shares: readonly shamir.ShamirShare[],
): void {
  const points = shares.map((_, i) => i + 1)
  const weights = points.map((i) =>
    points.filter((j) => j !== i).reduce((c, j) => mul(c, inv(BigInt(i - j))), 1n),
  )
  vector.combine(out, shares, weights)
}
