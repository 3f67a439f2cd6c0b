import { describe, expect, test } from 'vitest'

import {
  addPublic,
  addShares,
  combineShares,
  innerProductsLocal,
  multiply,
  open,
  scaleShare,
  shareInnerProducts,
  subtractShares,
} from '../../protocol/arithmetic.ts'
import { fromBigInts, toBigInts } from '../../shares/field/vector.ts'

import { P } from './ideal.ts'
import { runAll, testCommittee } from './parties.ts'
import { openField, randomElements, shareField, withArena } from './sharing.ts'

const TAG = { op: 1, batch: 2, step: 3 }
const LENGTHS = [0, 1, 7, 64, 1000]

const mod = (x: bigint): bigint => ((x % P) + P) % P
const dot = (xs: readonly bigint[], ys: readonly bigint[]): bigint =>
  mod(xs.reduce((sum, x, i) => sum + x * ys[i]!, 0n))

describe.each([3, 5, 7])('%i parties', (n) => {
  test.each(LENGTHS)(
    'multiply: several pairs in one round, %i elements and fewer',
    async (length) =>
      withArena(async (arena) => {
        const { parties, network } = await testCommittee(n)
        const lengths = [length, length >> 1, 3]
        const plain = lengths.map((l, k) => [randomElements(l, 'x', k), randomElements(l, 'y', k)])
        const shared = plain.map(([x, y], k) => [
          shareField(arena, n, x!, `x${k}`),
          shareField(arena, n, y!, `y${k}`),
        ])
        const results = await runAll(parties, network, (party) =>
          multiply(
            party,
            arena,
            TAG,
            shared.map(([x, y]) => [x![party.index - 1]!, y![party.index - 1]!]),
          ),
        )
        plain.forEach(([x, y], k) => {
          const product = openField(
            arena,
            n,
            results.map((result) => result[k]!),
          )
          expect(product).toEqual(x!.map((value, i) => mod(value * y![i]!)))
        })
      }),
  )

  test('products are fresh sharings: a product with zero is a random sharing of zero', async () =>
    withArena(async (arena) => {
      const { parties, network } = await testCommittee(n)
      const x = shareField(arena, n, randomElements(20, 'x'))
      const zero = shareField(
        arena,
        n,
        Array.from({ length: 20 }, () => 0n),
      )
      const results = await runAll(parties, network, (party) =>
        multiply(party, arena, TAG, [[x[party.index - 1]!, zero[party.index - 1]!]]),
      )
      const shares = results.map((result) => toBigInts(result[0]!))
      for (const share of shares) expect(new Set(share).size).toBe(20)
    }))

  test('inner products of any length take one element a lane', async () =>
    withArena(async (arena) => {
      const { parties, network } = await testCommittee(n)
      const plain = [0, 1, 333].map((l) => [randomElements(l, 'x', l), randomElements(l, 'y', l)])
      const shared = plain.map(([x, y], k) => [
        shareField(arena, n, x!, `x${k}`),
        shareField(arena, n, y!, `y${k}`),
      ])
      const results = await runAll(parties, network, (party) =>
        shareInnerProducts(
          party,
          arena,
          TAG,
          innerProductsLocal(shared.map(([x, y]) => [x![party.index - 1]!, y![party.index - 1]!])),
        ),
      )
      expect(openField(arena, n, results)).toEqual(plain.map(([x, y]) => dot(x!, y!)))
      const { t } = parties[0]!.committee
      const sent = parties.flatMap((party) =>
        party.index === 1 ? [] : network.sent(1, party.index),
      )
      expect(sent).toEqual(Array.from({ length: t }, () => ({ ...TAG, bytes: 24 })))
    }))

  test('open gives the value to everybody', async () =>
    withArena(async (arena) => {
      const { parties, network } = await testCommittee(n)
      const x = randomElements(65, 'x')
      const shares = shareField(arena, n, x)
      const results = await runAll(parties, network, (party) =>
        open(party, arena, TAG, shares[party.index - 1]!),
      )
      for (const result of results) expect(toBigInts(result)).toEqual(x)
    }))

  test('linear operations are local', async () =>
    withArena(async (arena) => {
      const { parties } = await testCommittee(n)
      const [x, y] = [randomElements(33, 'x'), randomElements(33, 'y')]
      const [xs, ys] = [shareField(arena, n, x, 'x'), shareField(arena, n, y, 'y')]
      const constant = arena.elements(33)
      fromBigInts(constant, y)
      const at = (i: number) => [xs[i]!, ys[i]!] as const
      const check = (
        ideal: (x: bigint, y: bigint) => bigint,
        local: (x: (typeof xs)[0], y: (typeof xs)[0]) => (typeof xs)[0],
      ): void => {
        const results = parties.map((party) => local(...at(party.index - 1)))
        expect(openField(arena, n, results)).toEqual(x.map((v, i) => mod(ideal(v, y[i]!))))
      }
      check(
        (a, b) => a + b,
        (a, b) => addShares(arena, a, b),
      )
      check(
        (a, b) => a - b,
        (a, b) => subtractShares(arena, a, b),
      )
      check(
        (a) => a * -5n,
        (a) => scaleShare(arena, a, -5n),
      )
      check(
        (a, b) => a + b,
        (a) => addPublic(arena, a, constant),
      )
      check(
        (a, b) => 50n * a - 100n * b,
        (a, b) =>
          combineShares(
            arena,
            Array.from({ length: 150 }, (_, k) => (k < 50 ? a : b)),
            Array.from({ length: 150 }, (_, k) => (k < 50 ? 1n : -1n)),
          ),
      )
    }))
})

test.each([65_535, 65_536, 65_537])('multiply %i elements', async (length) =>
  withArena(async (arena) => {
    const { parties, network } = await testCommittee(3)
    const [x, y] = [randomElements(length, 'x'), randomElements(length, 'y')]
    const [xs, ys] = [shareField(arena, 3, x, 'x'), shareField(arena, 3, y, 'y')]
    const results = await runAll(parties, network, (party) =>
      multiply(party, arena, TAG, [[xs[party.index - 1]!, ys[party.index - 1]!]]),
    )
    const product = openField(
      arena,
      3,
      results.map((result) => result[0]!),
    )
    const wrong = product.findIndex((value, i) => value !== mod(x[i]! * y[i]!))
    expect(wrong).toBe(-1)
  }),
)
