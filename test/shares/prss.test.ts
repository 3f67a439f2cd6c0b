import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { getBit } from '../../shares/bits/plane.ts'
import { committee, heldBy, parties } from '../../shares/committee.ts'
import { type Arena, newArena } from '../../shares/field/memory.ts'
import { add, lagrange, mul, P } from '../../shares/field/scalar.ts'
import * as vector from '../../shares/field/vector.ts'
import { type Counter, fillField, ivOf, ONCE } from '../../shares/prg.ts'
import { przsField, prssBits, prssField } from '../../shares/prss.ts'
import * as replicated from '../../shares/replicated.ts'
import * as shamir from '../../shares/shamir.ts'

import { keyOf, prg } from './noble.ts'
import { isIndependent, subsets, unitPrg } from './views.ts'

let arena: Arena
beforeEach(() => {
  arena = newArena()
})
afterEach(() => arena.release())

const COUNTER: Counter = { op: 3, batch: 1, step: 2 }
const setKey = (setIndex: number): Uint8Array => keyOf('set', setIndex)
const pairKey =
  (party: number) =>
  (peer: number): Uint8Array =>
    keyOf('pair', Math.min(party, peer), Math.max(party, peer))

describe.each([3, 5, 7])('pseudo-random sharings among %i', (n) => {
  const of = committee(n)
  const all = parties(of)

  it.each([0, 1, 65, 8195])(
    'are consistent degree-t sharings of the sum of streams (%i)',
    (length) => {
      const held = all.map((party) => ({
        party,
        share: prssField(arena, of, party, setKey, COUNTER, length, prg),
      }))
      const expected = arena.elements(length)
      const stream = arena.elements(length)
      vector.fill(expected, 0n)
      of.sets.forEach((_, setIndex) => {
        fillField(prg, setKey(setIndex), COUNTER, stream)
        vector.add(expected, expected, stream)
      })
      expect(vector.equal(shamir.reconstruct(arena, of, held), expected)).toBe(true)
    },
  )

  it('depend on the counter', () => {
    const draw = (counter: Counter): bigint[] =>
      vector.toBigInts(prssField(arena, of, 1, setKey, counter, 4, prg))
    expect(draw(COUNTER)).toEqual(draw({ ...COUNTER }))
    for (const other of [ONCE, { ...COUNTER, op: 4 }, { ...COUNTER, batch: 2 }]) {
      expect(draw(other)).not.toEqual(draw(COUNTER))
    }
  })

  it('include zero sharings of degree 2t', () => {
    const shares = all.map((party) =>
      vector.toBigInts(przsField(arena, of, party, pairKey(party), COUNTER, 9, prg)),
    )
    const weights = lagrange(all, 0)
    for (let lane = 0; lane < 9; lane++) {
      const value = shares.reduce((sum, share, i) => add(sum, mul(weights[i]!, share[lane]!)), 0n)
      expect(value).toBe(0n)
    }
    expect(shares.flat().some((share) => share !== 0n)).toBe(true)
  })

  it('hide from t parties all of the zero shares but their sum, exactly', () => {
    const unit = unitPrg('field')
    const shares = all.map((party) =>
      vector.toBigInts(przsField(arena, of, party, pairKey(party), COUNTER, 20, unit.prg)),
    )
    const width = unit.lanes()
    // What t parties know: their own pads. What they must not get: any of t honest products d_i, when
    // d_i + s_i is seen for all honest i. Row: [d of one honest party | d of another | pads].
    const edge = (lane: number, party: number): boolean => shares[party - 1]![lane] !== 0n
    for (const coalition of subsets(all, of.t)) {
      const honest = all.filter((party) => !coalition.includes(party))
      const known = Array.from({ length: width }, (_, lane) => lane)
        .filter((lane) => lane > 0 && coalition.some((party) => edge(lane, party)))
        .map((lane) => Array.from({ length: width }, (_, k) => (k === lane ? 1n : 0n)))
      // The difference of two honest products, keeping sum lambda_i d_i unchanged.
      const weights = lagrange(all, 0)
      const [first, second] = [honest[0]!, honest[1]!]
      const masked = honest.map((party) => {
        const row = shares[party - 1]!.slice(0, width)
        row[0] =
          party === first ? weights[second - 1]! : party === second ? P - weights[first - 1]! : 0n
        return row
      })
      expect(isIndependent([...known, ...masked])).toBe(true)
      // Control: a change of the sum shows.
      const changed = masked.map((row, k) => (k === 0 ? row.with(0, add(row[0]!, 1n)) : row))
      expect(isIndependent([...known, ...changed])).toBe(false)
    }
  })

  it('include bit sharings whose copies agree and differ between sets', () => {
    const bytes = 48
    const held = all.map((party) => ({
      party,
      share: prssBits(arena, of, party, setKey, COUNTER, bytes, prg),
    }))
    const plane = replicated.reconstruct(arena, of, held)
    const stream = new Uint8Array(bytes)
    const expected = new Uint8Array(bytes)
    of.sets.forEach((_, setIndex) => {
      prg.fill(setKey(setIndex), ivOf(COUNTER), stream)
      stream.forEach((byte, i) => {
        expected[i]! ^= byte
      })
    })
    const lanes = Array.from({ length: bytes * 8 }, (_, lane) => getBit(plane, lane))
    expect(lanes).toEqual(lanes.map((_, lane) => (expected[lane >> 3]! >> (lane & 7)) & 1))
  })

  it('ask only for keys that the party has', () => {
    for (const party of all) {
      const asked: number[] = []
      prssField(arena, of, party, (index) => (asked.push(index), setKey(index)), ONCE, 1, prg)
      expect(asked).toEqual(heldBy(of, party))
    }
  })
})

it('refuses counters that are no u32', () => {
  for (const op of [-1, 0.5, 2 ** 32]) expect(() => ivOf({ ...ONCE, op })).toThrow(RangeError)
  expect(ivOf({ op: 1, batch: 0x01020304, step: 0xffffffff })).toEqual(
    Uint8Array.of(0, 0, 0, 1, 1, 2, 3, 4, 255, 255, 255, 255, 0, 0, 0, 0),
  )
})
