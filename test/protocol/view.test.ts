/**
 * What t parties see together does not depend on the secrets: their input shares, the pseudo-random
 * values that they derive, and every message that they receive, compared between two secrets by a
 * chi-square test on joint cells. Each test has a positive control: the same statistic with the pads
 * taken away must scream.
 */
import { describe, expect, test } from 'vitest'

import { prg } from '../../node/crypto.ts'
import { multiply } from '../../protocol/arithmetic.ts'
import { bitToField } from '../../protocol/bit-to-field.ts'
import { andBits } from '../../protocol/boolean.ts'
import { flatLayout } from '../../protocol/layout.ts'
import type { Message } from '../../protocol/memory-channel.ts'
import type { Party, Prg } from '../../protocol/party.ts'
import { lessThanZero, summandParties } from '../../protocol/share-split.ts'
import { getBit } from '../../shares/bits/plane.ts'
import { committee, productRows } from '../../shares/committee.ts'
import { type Arena, sliceFp, viewFp } from '../../shares/field/memory.ts'
import { lagrange, lagrangeAtZero, reduce } from '../../shares/field/scalar.ts'
import { toBigInts } from '../../shares/field/vector.ts'
import { type BitShare, component } from '../../shares/replicated.ts'
import type { ShamirShare } from '../../shares/shamir.ts'

import { runAll, testCommittee } from './parties.ts'
import { shareBits, shareField, withArena } from './sharing.ts'

const RUNS = 40
/** Each run has that many independent lanes. */
const LANES = 100

/** One lane's view, as a small number. */
type Cells = number[]

interface Experiment {
  /** Runs the protocol on LANES lanes that all hold `secret`, and tells what the corrupt saw, lane by lane. */
  (arena: Arena, parties: readonly Party[], seen: Seen, secret: number, run: number): Promise<Cells>
}

/** Everything that reached the corrupt parties from honest ones, and the streams of their keys. */
interface Seen {
  readonly messages: Message[]
  readonly streams: Uint8Array[]
}

/** Chi-square of homogeneity between two samples, as standard deviations above its mean. */
function excess(first: Cells, second: Cells): number {
  const counts = new Map<number, [number, number]>()
  for (const cell of first) counts.set(cell, [(counts.get(cell)?.[0] ?? 0) + 1, 0])
  for (const cell of second) {
    const [a, b] = counts.get(cell) ?? [0, 0]
    counts.set(cell, [a, b + 1])
  }
  let statistic = 0
  for (const [a, b] of counts.values()) {
    const expected = (a + b) / 2
    statistic += ((a - expected) ** 2 + (b - expected) ** 2) / expected
  }
  const degrees = counts.size - 1
  return (statistic - degrees) / Math.sqrt(2 * Math.max(degrees, 1))
}

async function compare(
  n: number,
  corrupt: readonly number[],
  experiment: Experiment,
  pads: boolean,
): Promise<number> {
  const samples: Cells[] = []
  for (const secret of [0, 1]) {
    const cells: Cells = []
    for (let run = 0; run < RUNS; run++) {
      const seen: Seen = { messages: [], streams: [] }
      const { parties, network } = await testCommittee(n, `${secret}/${run}`, (message) => {
        const { from, to } = message
        if (corrupt.includes(to) && !corrupt.includes(from)) seen.messages.push(message)
        return message
      })
      const watched = parties.map((party) => ({
        ...party,
        prg: watch(pads, corrupt.includes(party.index) ? seen.streams : []),
      }))
      await withArena(async (arena) => {
        const all = watched.map((party, k) => ({ ...party, channel: network.channel(k + 1) }))
        cells.push(...(await experiment(arena, all, seen, secret, run)))
      })
    }
    samples.push(cells)
  }
  return excess(samples[0]!, samples[1]!)
}

/** Notes what it hands out. Without pads, every stream is zero: the positive control. */
function watch(pads: boolean, streams: Uint8Array[]): Prg {
  return {
    fill(key, iv, out) {
      if (pads) prg.fill(key, iv, out)
      else out.fill(0)
      streams.push(out.slice())
    },
  }
}

/** Packs bits to a cell number. */
const cellOf = (bits: readonly number[]): number => bits.reduce((cell, bit) => cell * 2 + bit, 1)

const laneBit = (plane: Uint8Array, lane: number): number => (plane[lane >> 3]! >> (lane & 7)) & 1

const elementAt = (vector: Uint8Array, lane: number): bigint =>
  new DataView(vector.buffer, vector.byteOffset).getBigUint64(8 * lane, true)

const bytesOf = (share: ShamirShare): Uint8Array => viewFp(share).slice()

/** The `bits` highest of the 61 bits of an element. */
function topBits(vector: Uint8Array, lane: number, bits: number): number[] {
  const word = elementAt(vector, lane)
  return Array.from({ length: bits }, (_, k) => Number((word >> BigInt(60 - k)) & 1n))
}

const lanesOf = <T>(value: T): T[] => Array.from({ length: LANES }, () => value)
const lanes = lanesOf(0).map((_, lane) => lane)

/**
 * AND of two equal secret bits. Besides what they see, the corrupt test a guess: if the secret were 0,
 * which would fix the one component that they lack, and nothing were padded, which bit would have come?
 */
function andExperiment(corrupt: readonly number[]): Experiment {
  return async (arena, parties, seen, secret, run) => {
    const layout = flatLayout(LANES)
    const n = parties.length
    const [x, y] = ['x', 'y'].map((name) =>
      shareBits(arena, n, lanesOf(secret), layout, `${name}/${secret}/${run}`),
    )
    await runAll(parties, networkless, (party) =>
      andBits(party, arena, { op: 1, batch: 0, step: 0 }, [
        [x![party.index - 1]!, y![party.index - 1]!],
      ]),
    )
    return lanes.map((lane) => {
      const bits: number[] = []
      for (const index of corrupt) {
        for (const share of [x![index - 1]!, y![index - 1]!]) {
          for (let k = 0; k < share.components; k++) bits.push(getBit(component(share, k), lane))
        }
      }
      const guess = ([x!, y!] as const).map((shares) => guessComponents(n, corrupt, shares, lane))
      const { from, payload } = seen.messages[0]!
      const product = productRows(committee(n), from).reduce((sum, { left, right }) => {
        const held = committee(n).held[from - 1]!
        const factor = right.reduce((bit, k) => bit ^ guess[1]![held[k]!]!, 0)
        return sum ^ (guess[0]![held[left]!]! & factor)
      }, 0)
      // n=3: all of it. n=5: the shares of two parties have too many bits for cells; take their parity.
      const shares = n === 3 ? bits : [bits.reduce((a, b) => a ^ b, 0)]
      return cellOf([
        product ^ laneBit(payload, lane),
        ...shares,
        ...(n === 3 ? seen.streams.map((stream) => laneBit(stream, lane)) : []),
        ...seen.messages.slice(0, 6).map(({ payload }) => laneBit(payload, lane)),
      ])
    })
  }
}

/** All components of one lane if the secret were 0: the one that no corrupt party holds is the XOR of the rest. */
function guessComponents(
  n: number,
  corrupt: readonly number[],
  shares: readonly BitShare[],
  lane: number,
): number[] {
  const { sets, held } = committee(n)
  const known = sets.map((set, index) => {
    const holder = set.find((party) => corrupt.includes(party))
    if (holder === undefined) return undefined
    return getBit(component(shares[holder - 1]!, held[holder - 1]!.indexOf(index)), lane)
  })
  const rest = known.reduce<number>((sum, bit) => sum ^ (bit ?? 0), 0)
  return known.map((bit) => bit ?? rest)
}

/** Stands in where a test needs no network to close. */
const networkless = { close: () => undefined }

describe('AND', () => {
  test.each([1, 2, 3])('party %i of 3 sees nothing', async (party) => {
    expect(await compare(3, [party], andExperiment([party]), true)).toBeLessThan(5)
    expect(await compare(3, [party], andExperiment([party]), false)).toBeGreaterThan(50)
  })

  test('parties 2 and 4 of 5 see nothing', async () => {
    expect(await compare(5, [2, 4], andExperiment([2, 4]), true)).toBeLessThan(5)
    expect(await compare(5, [2, 4], andExperiment([2, 4]), false)).toBeGreaterThan(50)
  })
})

/**
 * A product of two equal secrets, 0 or 1. Besides bits of all that they see, the corrupt test a guess: if
 * the secret were 0 and nothing were padded, which element would have come?
 */
function multiplyExperiment(corrupt: readonly number[]): Experiment {
  return async (arena, parties, seen, secret, run) => {
    const n = parties.length
    const [x, y] = ['x', 'y'].map((name) =>
      shareField(arena, n, lanesOf(BigInt(secret)), `${name}/${secret}/${run}`),
    )
    await runAll(parties, networkless, (party) =>
      multiply(party, arena, { op: 1, batch: 0, step: 0 }, [
        [x![party.index - 1]!, y![party.index - 1]!],
      ]),
    )
    const { prgReceivers, t } = parties[0]!.committee
    const { from, to, payload } = seen.messages[0]!
    const guess = (shares: readonly ShamirShare[]): bigint[] => {
      const known = corrupt.slice(0, t)
      const coefficients = lagrange([0, ...known], from).slice(1)
      return lanes.map((lane) =>
        coefficients.reduce(
          (sum, c, k) => sum + c * toBigInts(sliceFp(shares[known[k]! - 1]!, lane, lane + 1))[0]!,
          0n,
        ),
      )
    }
    const [xs, ys] = [guess(x!), guess(y!)]
    const lambda = lagrangeAtZero(n)[from - 1]!
    const [toReceiver] = lagrange([0, ...prgReceivers[from - 1]!], to)
    return lanes.map((lane) =>
      cellOf([
        +(reduce(lambda * toReceiver! * xs[lane]! * ys[lane]!) === elementAt(payload, lane)),
        ...corrupt.map((index) => topBits(bytesOf(x![index - 1]!), lane, 1)[0]!),
        ...seen.streams.slice(0, 1).flatMap((stream) => topBits(stream, lane, 1)),
        ...seen.messages.slice(0, 2).flatMap((message) => topBits(message.payload, lane, 2)),
      ]),
    )
  }
}

/**
 * Conversion of a secret bit. The first n-th of the lanes is looked at, where party k has role k and which
 * stands first in every vector that is dealt for it.
 */
function bitToFieldExperiment(corrupt: readonly number[]): Experiment {
  return async (arena, parties, seen, secret, run) => {
    const n = parties.length
    const layout = flatLayout(n * 8 * Math.ceil(LANES / 8))
    const bits = Array.from({ length: layout.lanes }, () => secret)
    const b = shareBits(arena, n, bits, layout, `${secret}/${run}`)
    await runAll(parties, networkless, (party) =>
      bitToField(party, arena, { op: 1, batch: 0, step: 0 }, [b[party.index - 1]!], layout),
    )
    return lanes.map((lane) => {
      const held: number[] = corrupt.flatMap((index) => {
        const share = b[index - 1]!
        return Array.from({ length: share.components }, (_, k) => getBit(component(share, k), lane))
      })
      return cellOf([
        ...(n === 3 ? held : [held.at(-1) ?? 0, held.reduce((x, y) => x ^ y, 0)]),
        ...seen.streams.slice(0, 2).flatMap((stream) => topBits(stream, lane, 1)),
        ...seen.messages.slice(0, 4).flatMap(({ payload }) => topBits(payload, lane, 1)),
        ...seen.messages.slice(0, 4).map(({ payload }) => +(elementAt(payload, lane) === 0n)),
      ])
    })
  }
}

/**
 * Comparison of a secret 0 or 1 with zero. The corrupt test a guess: if the secret were 0, their shares would
 * fix that of the dealer who sends them the bits of its summand; are these its bits?
 */
function lessThanZeroExperiment(corrupt: readonly number[]): Experiment {
  return async (arena, parties, seen, secret, run) => {
    const layout = flatLayout(LANES)
    const { n } = parties[0]!.committee
    const a = shareField(arena, n, lanesOf(BigInt(secret)), `${secret}/${run}`)
    // The first summand party deals to those before it.
    const dealer = (Math.max(...corrupt) % n) + 1
    const tag = { op: dealer - 1, batch: 0, step: 0 }
    await runAll(parties, networkless, (party) =>
      lessThanZero(party, arena, tag, [a[party.index - 1]!], layout),
    )
    const dealt = seen.messages.find(({ from, tag: { step } }) => from === dealer && step === 0)!
    const coefficients = lagrange([0, ...corrupt], dealer).slice(1)
    const summands = summandParties(committee(n), tag)
    const lambda = lagrange(summands, 0)[summands.indexOf(dealer)]!
    const shares = corrupt.map((index) => toBigInts(a[index - 1]!))
    return lanes.map((lane) => {
      const guess = coefficients.reduce((sum, c, k) => sum + c * shares[k]![lane]!, 0n)
      const summand = reduce(2n * lambda * guess)
      const plane = (i: number): number =>
        laneBit(dealt.payload.subarray(i * layout.planeBytes), lane)
      return cellOf([
        ...[0, 1, 60].map((i) => plane(i) ^ Number((summand >> BigInt(i)) & 1n)),
        ...corrupt.map((index) => topBits(bytesOf(a[index - 1]!), lane, 1)[0]!),
        ...seen.streams.slice(0, 2).map((stream) => laneBit(stream, lane)),
        ...seen.messages.slice(-3).map(({ payload }) => laneBit(payload, lane)),
      ])
    })
  }
}

describe.each([
  { name: 'less than zero', experiment: lessThanZeroExperiment },
  { name: 'multiplication', experiment: multiplyExperiment },
  { name: 'bit to field', experiment: bitToFieldExperiment },
])('$name', ({ experiment }) => {
  test.each([1, 2, 3])('party %i of 3 sees nothing', async (party) => {
    expect(await compare(3, [party], experiment([party]), true)).toBeLessThan(5)
    expect(await compare(3, [party], experiment([party]), false)).toBeGreaterThan(50)
  })

  test('parties 4 and 5 of 5 see nothing', async () => {
    expect(await compare(5, [4, 5], experiment([4, 5]), true)).toBeLessThan(5)
    expect(await compare(5, [4, 5], experiment([4, 5]), false)).toBeGreaterThan(50)
  })
})
