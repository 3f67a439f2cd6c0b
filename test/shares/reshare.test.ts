import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { equal, getBit, setBit, zero } from '../../shares/bits/plane.ts'
import { type Committee, committee, heldBy, isMember, parties } from '../../shares/committee.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { type Arena, newArena, view, viewFp } from '../../shares/field/memory.ts'
import { P } from '../../shares/field/scalar.ts'
import * as vector from '../../shares/field/vector.ts'
import { fillField, ivOf, ONCE, type Prg } from '../../shares/prg.ts'
import { prgRng } from '../../shares/random.ts'
import * as replicated from '../../shares/replicated.ts'
import { dealBits, receiveBits } from '../../shares/reshare-bits.ts'
import { dealField, receiveField } from '../../shares/reshare-field.ts'
import * as reshare from '../../shares/reshare.ts'
import * as shamir from '../../shares/shamir.ts'

import { hash, keyOf, prg, seededRng } from './noble.ts'
import { isIndependent, isIndependentBits, subsets, unitPrg } from './views.ts'

let arena: Arena
beforeEach(() => {
  arena = newArena()
})
afterEach(() => arena.release())

const SIZES = [3, 5, 7] as const
const PAIRS = SIZES.flatMap((n) => SIZES.map((m) => [n, m] as const))
const seed: reshare.ReshareSeed = (purpose, from, to, column, chunk) =>
  keyOf('seed', purpose, from, to, column, chunk)
const blockOf = (rotation: number): reshare.ReshareBlock => ({
  column: 'fare',
  chunk: rotation % 7,
  rotation,
})

/** messages.get(from).get(to) */
type Messages = Map<number, Map<number, Uint8Array>>

/** What one new party got. */
const inbox = (messages: Messages, to: number): Map<number, Uint8Array> =>
  new Map([...messages].flatMap(([from, sent]) => (sent.has(to) ? [[from, sent.get(to)!]] : [])))

/** The messages' sizes in the form of a schedule. */
const sizes = (messages: Messages): reshare.ReshareMessage[] =>
  [...messages]
    .flatMap(([from, sent]) => [...sent].map(([to, { length }]) => ({ from, to, bytes: length })))
    .toSorted((a, b) => a.from - b.from || a.to - b.to)

function dealAllField(
  from: Committee,
  to: Committee,
  shares: readonly shamir.ShamirShare[],
  block: reshare.ReshareBlock,
  seeds = seed,
  by: Prg = prg,
): Messages {
  return new Map(
    parties(from).map((i) => [i, dealField(from, to, i, shares[i - 1]!, block, seeds, by)]),
  )
}

function dealAllBits(
  from: Committee,
  to: Committee,
  shares: readonly replicated.BitShare[],
  block: reshare.ReshareBlock,
  seeds = seed,
  by: Prg = prg,
): Messages {
  return new Map(
    parties(from).map((i) => [i, dealBits(from, to, i, shares[i - 1]!, block, seeds, by, hash)]),
  )
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

describe.each(PAIRS)('re-sharing from %i to %i parties', (n, m) => {
  const from = committee(n)
  const to = committee(m)
  const rotation = fc.nat(200)

  it('gives a fresh, consistent sharing of the same vector, at the scheduled bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 7, 64, 65), rotation, (rows, turn) => {
        const secret = arena.elements(rows)
        fillField(prg, keyOf('secret', turn), ONCE, secret)
        const old = shamir.split(arena, secret, from, seededRng(n, turn))
        const messages = dealAllField(from, to, old, blockOf(turn))
        const size = { encoding: 'field', rows } as const
        expect(sizes(messages)).toEqual(reshare.reshareSchedule(from, to, size, turn))
        const held = parties(to).map((party) => ({
          party,
          share: receiveField(
            arena,
            from,
            to,
            party,
            rows,
            blockOf(turn),
            inbox(messages, party),
            prg,
          ),
        }))
        const opened = shamir.reconstruct(arena, to, held)
        expect(vector.equal(opened, secret)).toBe(true)
        if (rows > 0 && n === m) {
          for (const { party, share } of held) {
            expect(vector.equal(share, old[party - 1]!)).toBe(false)
          }
        }
      }),
      { numRuns: 8 },
    )
  })

  it('gives a fresh, consistent sharing of the same planes, at the scheduled bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 16, 48, 65), rotation, (bytes, turn) => {
        const plane = arena.bytes(bytes)
        prg.fill(keyOf('plane', turn), ivOf(ONCE), view(plane))
        const old = replicated.split(arena, plane, from, seededRng(n, turn))
        const messages = dealAllBits(from, to, old, blockOf(turn))
        const size = { encoding: 'bits', bytes } as const
        expect(sizes(messages)).toEqual(reshare.reshareSchedule(from, to, size, turn))
        const held = parties(to).map((party) => ({
          party,
          share: receiveBits(
            arena,
            from,
            to,
            party,
            bytes,
            blockOf(turn),
            inbox(messages, party),
            prg,
            hash,
          ),
        }))
        expect(equal(replicated.reconstruct(arena, to, held), plane)).toBe(true)
      }),
      { numRuns: 4 },
    )
  })

  it('costs what its head says', () => {
    const total = (size: reshare.ReshareSize, turn: number): number =>
      reshare.reshareSchedule(from, to, size, turn).reduce((sum, { bytes }) => sum + bytes, 0)
    const sets = from.sets.length
    for (const turn of [0, 1, 17]) {
      expect(total({ encoding: 'field', rows: 1000 }, turn)).toBe(
        (from.t + 1) * ((m - to.t) * 8000 + to.t * 16),
      )
      expect(total({ encoding: 'bits', bytes: 1000 }, turn)).toBe(
        sets * ((to.t + 1) * 1000 + (to.sets.length - 1) * (to.t + 1) * 16 + from.t * m * 32),
      )
    }
  })

  it('spreads work evenly over a full turn', () => {
    const turns = n * (from.t + 1) * to.sets.length
    const senders = new Map<number, number>()
    const corrected = new Map<number, number>()
    for (let turn = 0; turn < turns; turn++) {
      for (const dealer of reshare.fieldDealers(from, turn)) {
        senders.set(dealer, (senders.get(dealer) ?? 0) + 1)
      }
      const sender = reshare.bitsSender(from, 0, turn)
      corrected.set(sender * 100, (corrected.get(sender * 100) ?? 0) + 1)
      const target = reshare.correctionSet(to, 0, turn)
      corrected.set(target, (corrected.get(target) ?? 0) + 1)
      expect(isMember(from, 0, sender)).toBe(true)
    }
    expect(new Set(senders.values())).toEqual(new Set([(turns * (from.t + 1)) / n]))
    expect(new Set(corrected.values())).toEqual(
      new Set([turns / (from.t + 1), turns / to.sets.length]),
    )
  })

  it('catches any change to a bit message, and names nobody unless it is malformed', () => {
    const plane = arena.bytes(16)
    const turn = 5
    zero(plane)
    const old = replicated.split(arena, plane, from, seededRng(n))
    const messages = dealAllBits(from, to, old, blockOf(turn))
    fc.assert(
      fc.property(
        fc.constantFrom(...parties(from)),
        fc.constantFrom(...parties(to)),
        fc.nat(),
        (liar, victim, at) => {
          const received = inbox(messages, victim)
          const receive = (): unknown =>
            receiveBits(arena, from, to, victim, 16, blockOf(turn), received, prg, hash)
          const good = received.get(liar)!
          const bad = good.slice()
          bad[at % bad.length]! ^= 1 << (at & 7)
          received.set(liar, bad)
          const error = caught(receive)
          expect(error.code).toBe('SH_SHARE_INCONSISTENT')
          expect(error.party).toBeUndefined()
          received.set(liar, good.subarray(1))
          expect(caught(receive)).toMatchObject({
            code: 'SH_SHARE_INCONSISTENT',
            party: String(liar),
          })
          received.delete(liar)
          expect(caught(receive)).toMatchObject({ code: 'SH_SHARE_TOO_FEW', party: String(liar) })
        },
      ),
      { numRuns: 10 },
    )
  })

  it('names the dealer of a missing, short or non-canonical vector', () => {
    const secret = arena.elements(2)
    vector.fill(secret, 3n)
    const block = blockOf(1)
    const messages = dealAllField(from, to, shamir.split(arena, secret, from, seededRng(n)), block)
    for (const dealer of reshare.fieldDealers(from, 1)) {
      const seeded = reshare.fieldSeedReceivers(to, dealer, 1)
      const victim = parties(to).find((party) => !seeded.includes(party))!
      const received = inbox(messages, victim)
      const receive = (): unknown => receiveField(arena, from, to, victim, 2, block, received, prg)
      const bad = received.get(dealer)!.slice()
      new DataView(bad.buffer).setBigUint64(8, P, true)
      for (const message of [bad, bad.subarray(8), new Uint8Array(0)]) {
        received.set(dealer, message)
        expect(caught(receive)).toMatchObject({
          code: 'SH_SHARE_INCONSISTENT',
          party: String(dealer),
        })
      }
      received.delete(dealer)
      expect(caught(receive)).toMatchObject({ code: 'SH_SHARE_TOO_FEW', party: String(dealer) })
    }
  })

  describe('hides the values from t old and t new parties together, exactly', () => {
    // For 7 parties a sample of the coalitions; by symmetry under rotation little is lost.
    const some = (of: Committee, size: number): number[][] => {
      const all = subsets(parties(of), size)
      return of.n === 7 ? all.filter((_, k) => k % 11 === 3) : all
    }

    it('field', () => {
      /** Whether any coalition of these sizes learns something, for one way to derive seeds. */
      const learns = (
        oldSize: number,
        newSize: number,
        every: boolean,
        seeds: reshare.ReshareSeed,
      ): boolean => {
        const unit = unitPrg('field')
        const rows = 1 + from.t + (from.t + 1) * to.t
        const secret = arena.elements(rows)
        vector.fill(secret, 0n)
        vector.fromBigInts(secret, [1n, ...Array.from({ length: rows - 1 }, () => 0n)])
        const old = shamir.split(arena, secret, from, prgRng(unit.prg, keyOf('old')))
        const messages = dealAllField(from, to, old, blockOf(2), seeds, unit.prg)
        const row = (bytes: Uint8Array): bigint[] => {
          const got = arena.elements(rows)
          if (bytes.length === 16) fillField(unit.prg, bytes, ONCE, got)
          else viewFp(got).set(bytes)
          return vector.toBigInts(got)
        }
        const results = some(from, oldSize).flatMap((corruptOld) =>
          some(to, newSize).map((corruptNew) => {
            const view = [
              ...corruptOld.map((party) => vector.toBigInts(old[party - 1]!)),
              // Old parties know what they send, new parties what they receive.
              ...corruptOld.flatMap((party) => [...messages.get(party)!.values()].map(row)),
              ...corruptNew.flatMap((party) => [...inbox(messages, party).values()].map(row)),
            ]
            return !isIndependent(view)
          }),
        )
        return every ? results.every(Boolean) : results.some(Boolean)
      }
      expect(learns(from.t, to.t, false, seed)).toBe(false)
      // Controls: one party more on either side, or one pad for all dealings.
      expect(learns(from.t + 1, 0, true, seed)).toBe(true)
      expect(learns(0, to.t + 1, true, seed)).toBe(true)
      expect(learns(from.t, to.t, false, () => keyOf('the same for all'))).toBe(true)
    })

    it('bits', () => {
      const learns = (
        oldSize: number,
        newSize: number,
        every: boolean,
        seeds: reshare.ReshareSeed,
      ): boolean => {
        const unit = unitPrg('bits')
        const lanes = from.sets.length * (1 + to.sets.length)
        const bytes = (lanes >> 3) + 1
        const plane = arena.bytes(bytes)
        zero(plane)
        setBit(plane, 0, 1)
        const old = replicated.split(arena, plane, from, prgRng(unit.prg, keyOf('old')))
        const block = blockOf(2)
        const messages = dealAllBits(from, to, old, block, seeds, unit.prg)
        const bitsOf = (packed: Uint8Array): (0 | 1)[] =>
          Array.from({ length: lanes }, (_, lane) =>
            ((packed[lane >> 3]! >> (lane & 7)) & 1) === 1 ? 1 : 0,
          )
        // One array per seed, so that what several parties know counts once.
        const streams = new Map<string, (0 | 1)[]>()
        const stream = (key: Uint8Array): (0 | 1)[] => {
          const name = key.join()
          let bits = streams.get(name)
          if (bits === undefined) {
            const out = new Uint8Array(bytes)
            unit.prg.fill(key, ivOf(ONCE), out)
            bits = bitsOf(out)
            streams.set(name, bits)
          }
          return bits
        }
        const knownToOld = (party: number): (0 | 1)[][] =>
          heldBy(from, party).flatMap((setIndex, position) => {
            const part = replicated.component(old[party - 1]!, position)
            const mine = Array.from({ length: lanes }, (_, lane) => getBit(part, lane))
            const rest = to.sets.map((_, target) =>
              stream(seeds('bits', setIndex, target, block.column, block.chunk)),
            )
            return rest.concat([mine])
          })
        const knownToNew = (party: number): (0 | 1)[][] =>
          parties(from).flatMap((sender) => {
            let at = 0
            return reshare.bitsParts(from, to, sender, party, block.rotation).flatMap((part) => {
              const size = reshare.partBytes(part, bytes)
              const data = messages
                .get(sender)!
                .get(party)!
                .slice(at, at + size)
              at += size
              // A digest of data that the same party receives tells it nothing new.
              if (part.kind === 'digest') return []
              const keys = part.seeds.map((_, k) => stream(data.slice(k * 16, k * 16 + 16)))
              const rest = data.slice(part.seeds.length * 16)
              return part.correction ? keys.concat([bitsOf(rest)]) : keys
            })
          })
        const olds = new Map(parties(from).map((party) => [party, knownToOld(party)]))
        const news = new Map(parties(to).map((party) => [party, knownToNew(party)]))
        const results = some(from, oldSize).flatMap((corruptOld, i) =>
          some(to, newSize)
            // Large pairs: one new coalition for each old one.
            .filter((_, k, { length }) => n + m < 12 || k === i % length)
            .map((corruptNew) => {
              const seen = [
                ...corruptOld.flatMap((party) => olds.get(party)!),
                ...corruptNew.flatMap((party) => news.get(party)!),
              ]
              return !isIndependentBits([...new Set(seen)])
            }),
        )
        return every ? results.every(Boolean) : results.some(Boolean)
      }
      expect(learns(from.t, to.t, false, seed)).toBe(false)
      // Controls: one party more on either side, or one seed for all sub-components of a component.
      expect(learns(from.t + 1, 0, true, seed)).toBe(true)
      expect(learns(0, to.t + 1, true, seed)).toBe(true)
      const careless: reshare.ReshareSeed = (purpose, a, _, column, chunk) =>
        seed(purpose, a, 0, column, chunk)
      expect(learns(from.t, to.t, false, careless)).toBe(true)
    })
  })
})

it('re-shares whole chunks', () => {
  const from = committee(3)
  const to = committee(5)
  const rows = 65_537
  const secret = arena.elements(rows)
  fillField(prg, keyOf('chunk'), ONCE, secret)
  const old = shamir.split(arena, secret, from, seededRng('chunk'))
  const messages = dealAllField(from, to, old, blockOf(0))
  const held = parties(to).map((party) => ({
    party,
    share: receiveField(arena, from, to, party, rows, blockOf(0), inbox(messages, party), prg),
  }))
  expect(vector.equal(shamir.reconstruct(arena, to, held), secret)).toBe(true)
})
