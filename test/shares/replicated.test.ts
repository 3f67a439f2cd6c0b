import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { equal, getBit, setBit, zero } from '../../shares/bits/plane.ts'
import { committee, heldBy, parties } from '../../shares/committee.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { type Arena, type Block, newArena, view } from '../../shares/field/memory.ts'
import { prgRng } from '../../shares/random.ts'
import * as replicated from '../../shares/replicated.ts'

import { keyOf, prg, seededRng } from './noble.ts'
import { chiSquare, chiSquareLimit, isIndependentBits, subsets, unitPrg } from './views.ts'

let arena: Arena
beforeEach(() => {
  arena = newArena()
})
afterEach(() => arena.release())

function planeOf(bytes: Uint8Array): Block {
  const block = arena.bytes(bytes.length)
  view(block).set(bytes)
  return block
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

describe.each([3, 5, 7])('replicated sharing among %i', (n) => {
  const of = committee(n)
  const all = parties(of)
  const holding = (
    shares: readonly replicated.BitShare[],
    who: readonly number[],
  ): replicated.HeldBits[] => who.map((party) => ({ party, share: shares[party - 1]! }))

  it('reconstructs from every set of t+1 and from all n', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(0, 1, 7, 8, 63, 64, 65)
          .chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
        fc.nat(),
        (bytes, seed) => {
          const shares = replicated.split(arena, planeOf(bytes), of, seededRng(n, seed))
          expect(shares.map((share) => share.components)).toEqual(
            all.map(() => ({ 3: 2, 5: 6, 7: 20 })[n]),
          )
          for (const size of [of.t + 1, n]) {
            for (const subset of subsets(all, size)) {
              const plane = replicated.reconstruct(arena, of, holding(shares, subset.toReversed()))
              expect(view(plane)).toEqual(bytes)
            }
          }
        },
      ),
      { numRuns: 12 },
    )
  })

  it.each([8191, 8192, 8193])('reconstructs a plane of %i bytes', (length) => {
    const plane = planeOf(new Uint8Array(length))
    prg.fill(keyOf('plane'), new Uint8Array(16), view(plane))
    const shares = replicated.split(arena, plane, of, seededRng(n, length))
    expect(equal(replicated.reconstruct(arena, of, holding(shares, all)), plane)).toBe(true)
  })

  it('finds a flipped bit wherever there is a second copy; names the party only from n = 5 on', () => {
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.nat(), fc.nat(127), (liar, which, lane) => {
        const plane = planeOf(new Uint8Array(16))
        const shares = replicated.split(arena, plane, of, seededRng(n, which))
        const part = replicated.component(shares[liar - 1]!, which % heldBy(of, liar).length)
        setBit(part, lane, getBit(part, lane) === 1 ? 0 : 1)
        const thrown = caught(() => replicated.reconstruct(arena, of, holding(shares, all)))
        expect(thrown.code).toBe('SH_SHARE_INCONSISTENT')
        expect(thrown.party).toBe(n === 3 ? undefined : String(liar))
      }),
      { numRuns: 25 },
    )
  })

  it('refuses t shares, the same party twice and shares of another committee', () => {
    const shares = replicated.split(arena, planeOf(new Uint8Array(16)), of, seededRng(n))
    const few = holding(shares, all.slice(0, of.t))
    expect(caught(() => replicated.reconstruct(arena, of, few)).code).toBe('SH_SHARE_TOO_FEW')
    const twice = holding(shares, [...all, 1])
    expect(() => replicated.reconstruct(arena, of, twice)).toThrow(RangeError)
    const other = replicated.newBitShare(arena, committee(n === 3 ? 5 : 3), 16)
    const mixed = [...holding(shares, all.slice(1)), { party: 1, share: other }]
    expect(() => replicated.reconstruct(arena, of, mixed)).toThrow(RangeError)
    expect(() => replicated.component(shares[0]!, shares[0]!.components)).toThrow(RangeError)
  })

  it('hides the plane from any t shares, exactly; not from t+1 (control)', () => {
    const unit = unitPrg('bits')
    const plane = arena.bytes(16)
    zero(plane)
    setBit(plane, 0, 1)
    const shares = replicated.split(arena, plane, of, prgRng(unit.prg, keyOf('unit')))
    expect(unit.lanes()).toBe(of.sets.length)
    const seen = (coalition: readonly number[]): (0 | 1)[][] =>
      coalition.flatMap((party) =>
        heldBy(of, party).map((_, position) => {
          const part = replicated.component(shares[party - 1]!, position)
          return Array.from({ length: unit.lanes() }, (__, lane) => getBit(part, lane))
        }),
      )
    for (const who of subsets(all, of.t)) expect(isIndependentBits(seen(who))).toBe(true)
    for (const who of subsets(all, of.t + 1)) expect(isIndependentBits(seen(who))).toBe(false)
  })

  it('has t shares distributed alike for two planes (chi-square), unlike a broken dealer', () => {
    const bytes = 4096
    const held = heldBy(of, 1).slice(0, 6)
    const histogram = (value: 0 | 255, seed: string, broken: boolean): number[] => {
      const plane = planeOf(new Uint8Array(bytes).fill(value))
      const shares = replicated.split(arena, plane, of, seededRng(n, seed))
      if (broken) {
        // A dealer that forgets the key of the set without party 1: its component stays zero.
        const rest = all.filter((party) => party !== 1).slice(0, of.t + 1)
        const missing = of.sets.findIndex((set) => set.join() === rest.join())
        const position = heldBy(of, rest[0]!).indexOf(missing)
        const lost = replicated.component(shares[rest[0]! - 1]!, position)
        const first = replicated.component(shares[0]!, 0)
        view(lost).forEach((byte, i) => {
          view(first)[i]! ^= byte
        })
      }
      // Parity of all of party 1's components, and five components' bits, as one of 2^k patterns.
      const counts = Array.from({ length: 64 }, () => 0)
      const known = heldBy(of, 1).map((_, k) => replicated.component(shares[0]!, k))
      const others = broken ? otherComponents(shares, of.sets.length) : []
      for (let lane = 0; lane < bytes * 8; lane++) {
        let parity = 0
        for (const part of [...known, ...others]) parity ^= getBit(part, lane)
        let pattern = parity
        for (let k = 0; k < held.length - 1; k++) pattern |= getBit(known[k]!, lane) << (k + 1)
        counts[pattern]! += 1
      }
      return counts
    }
    // What a wider coalition would see: the control's parity runs over all components.
    const otherComponents = (shares: readonly replicated.BitShare[], sets: number): Block[] =>
      Array.from({ length: sets }, (_, index) => index).flatMap((index) => {
        if (heldBy(of, 1).includes(index)) return []
        const owner = of.sets[index]![0]!
        const rest = all.filter((party) => party !== 1).slice(0, of.t + 1)
        if (of.sets[index]!.join() === rest.join()) return []
        return [replicated.component(shares[owner - 1]!, heldBy(of, owner).indexOf(index))]
      })
    const limit = chiSquareLimit(64)
    expect(chiSquare(histogram(0, 'a', false), histogram(255, 'b', false))).toBeLessThan(limit)
    expect(chiSquare(histogram(0, 'a', true), histogram(255, 'b', true))).toBeGreaterThan(limit)
  })
})
