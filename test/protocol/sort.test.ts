import { describe, expect, test } from 'vitest'

import { prg } from '../../node/crypto.ts'
import { layerCircuit } from '../../protocol/circuit.ts'
import { flatLayout } from '../../protocol/layout.ts'
import { drawPermutation } from '../../protocol/permutation.ts'
import { exchange } from '../../protocol/round.ts'
import { shuffle } from '../../protocol/shuffle.ts'
import { sideBySide } from '../../protocol/side-by-side.ts'
import { digitCircuit, digitsOf, sortRows } from '../../protocol/sort.ts'
import { committee as committeeOf } from '../../shares/committee.ts'
import { liveBytes, newArena, view } from '../../shares/field/memory.ts'
import { reconstruct, split } from '../../shares/replicated.ts'
import { seededRng } from '../shares/noble.ts'

import { runAll, settleAll, testCommittee } from './parties.ts'
import {
  openBits,
  openField,
  randomBits,
  randomWords,
  shareBits,
  shareField,
  withArena,
} from './sharing.ts'

const TAG = { op: 3, batch: 0, step: 2 }

describe('a drawn permutation', () => {
  const key = Uint8Array.from({ length: 16 }, (_, k) => k)

  test('holds every number once, and is the same for the same key and tag', () => {
    for (const length of [0, 1, 2, 3, 1000, 70_000]) {
      const order = drawPermutation(prg, key, TAG, length)
      expect([...order].toSorted((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i))
      expect(drawPermutation(prg, key, TAG, length)).toEqual(order)
    }
    expect(drawPermutation(prg, key, TAG, 50)).not.toEqual(
      drawPermutation(prg, key, { ...TAG, step: 3 }, 50),
    )
  })

  test('is each of the 24 of four numbers equally often', () => {
    const counts = new Map<string, number>()
    const draws = 24_000
    for (let batch = 0; batch < draws; batch++) {
      const name = drawPermutation(prg, key, { op: 0, batch, step: 0 }, 4).join('')
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    const expected = draws / 24
    const chiSquare = [...counts.values()].reduce(
      (sum, count) => sum + (count - expected) ** 2 / expected,
      0,
    )
    // 23 degrees of freedom: above this once in ten million; the key is fixed, so it cannot flicker.
    expect(chiSquare).toBeLessThan(75)
  })
})

describe.each([3, 5, 7])('%i parties', (n) => {
  const { sets, t } = committeeOf(n)

  test.each([0, 1, 2, 129])('shuffle %i rows: the same rows, columns together', async (length) =>
    withArena(async (arena) => {
      const { parties, network } = await testCommittee(n)
      const values = [...randomWords(length, 'values')].map((word) => word >> 4n)
      const other = values.map((value) => value / 3n)
      const bytes = new Uint8Array(BigUint64Array.from(values).buffer)
      const block = arena.bytes(bytes.length)
      view(block).set(bytes)
      const words = split(arena, block, committeeOf(n), seededRng('words', length))
      const field = [shareField(arena, n, values, 1), shareField(arena, n, other, 2)]
      const results = await runAll(parties, network, (party) => {
        const at = party.index - 1
        return shuffle(party, arena, TAG, {
          length,
          field: field.map((column) => column[at]!),
          words: [words[at]!, words[at]!],
        })
      })
      const column = (k: number): bigint[] =>
        openField(
          arena,
          n,
          results.map((rows) => rows.field[k]!),
        )
      const word = (k: number): bigint[] => {
        const held = results.map((rows, i) => ({ party: i + 1, share: rows.words[k]! }))
        const plain = view(reconstruct(arena, committeeOf(n), held)).slice()
        return [...new BigUint64Array(plain.buffer)]
      }
      const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)
      expect(column(0).toSorted(ascending)).toEqual(values.toSorted(ascending))
      if (length > 100) expect(column(0)).not.toEqual(values)
      expect(column(1)).toEqual(column(0).map((value) => value / 3n))
      expect(word(0)).toEqual(column(0))
      expect(word(1)).toEqual(column(0))
      const sent = network.sent(1, n)
      const rounds = sets.filter((set) => set.includes(1)).length
      expect(sent.length).toBe(length === 0 ? 0 : rounds)
      for (const { bytes: size } of sent) expect(size).toBe(4 * 8 * length)
    }),
  )

  test.each([
    [0, 3, 2, 3],
    [1, 1, 0, 1],
    ...(n === 7
      ? [[60, 3, 70, 2]]
      : [
          [200, 5, 0, 1],
          [200, 5, 8, 2],
          [300, 7, 70, 3],
          [97, 9, 1, 4],
        ]),
  ])(
    'sort %i rows by %i bits, %i more with them, %i at a time',
    async (lanes = 0, key = 0, more = 0, digit = 1) =>
      withArena(async (arena) => {
        const { parties, network } = await testCommittee(n)
        const layout = flatLayout(lanes)
        const width = key + more
        const plain = Array.from({ length: width }, (_, k) => randomBits(lanes, 'sort', k))
        const shares = plain.map((bits, k) => shareBits(arena, n, bits, layout, k))
        const results = await runAll(parties, network, (party) =>
          sortRows(
            party,
            arena,
            TAG,
            shares.map((share) => share[party.index - 1]!),
            lanes,
            key,
            digit,
          ),
        )
        const number = (row: number): number =>
          plain.slice(0, key).reduce((sum, bits, k) => sum + (bits[row] ?? 0) * 2 ** k, 0)
        const order = Array.from({ length: lanes }, (_, row) => row).toSorted(
          (a, b) => number(a) - number(b) || a - b,
        )
        for (let k = 0; k < width; k++) {
          const opened = openBits(
            arena,
            n,
            results.map((planes) => planes[k]!),
            layout,
          )
          expect(opened).toEqual(order.map((row) => plain[k]![row]))
        }
        const rounds = digitsOf(key, digit).reduce(
          (sum, [, bits]) =>
            sum + layerCircuit(digitCircuit(bits)).length - 1 + (t + 1) + 1 + sets.length + 1,
          0,
        )
        const steps = parties.flatMap(({ index }) =>
          parties.flatMap((peer) =>
            peer.index === index ? [] : network.sent(index, peer.index).map(({ step }) => step),
          ),
        )
        if (lanes > 0) expect(Math.max(...steps)).toBe(TAG.step + rounds - 1)
      }),
  )
})

test('nothing is kept but the result', async () => {
  const arena = newArena()
  const { parties, network } = await testCommittee(3)
  const shares = [0, 1, 2].map((k) => shareBits(arena, 3, randomBits(500, k), flatLayout(500), k))
  const own = parties.map(() => newArena())
  const before = liveBytes()
  const results = await runAll(parties, network, (party) =>
    sortRows(
      party,
      own[party.index - 1]!,
      TAG,
      shares.map((s) => s[party.index - 1]!),
      500,
      3,
      2,
    ),
  )
  const bytes = results
    .flat()
    .reduce((sum, { bytes: size, components }) => sum + size * components, 0)
  expect(liveBytes() - before).toBeLessThan(2 * bytes)
  for (const one of own) one.release()
  expect(liveBytes()).toBe(before)
  arena.release()
})

describe('parts side by side', () => {
  test('share their rounds, and the longer goes on alone', async () => {
    const { parties, network } = await testCommittee(3)
    const ping = (rounds: number, byte: number) => async (party: (typeof parties)[number]) => {
      const arena = newArena()
      const into = arena.bytes(1)
      const from = (party.index % 3) + 1
      const to = ((party.index + 1) % 3) + 1
      for (let k = 0; k < rounds; k++) {
        const payload = Uint8Array.of(byte + k)
        await exchange(party, { ...TAG, step: k }, [{ to, payload }], [{ from, into }])
        expect(view(into)[0]).toBe(byte + k)
      }
      arena.release()
      return byte
    }
    const results = await runAll(parties, network, (party) =>
      sideBySide<[number, number]>(party, [ping(2, 10), ping(3, 20)]),
    )
    expect(results).toEqual([
      [10, 20],
      [10, 20],
      [10, 20],
    ])
    expect(network.sent(1, 3).map(({ bytes }) => bytes)).toEqual([2, 2, 1])
  })

  test('fail together with the first failure', async () => {
    const { parties, network } = await testCommittee(3)
    const arena = newArena()
    const ends = await settleAll(parties, network, (party) =>
      sideBySide<[void, void]>(party, [
        async (side) => {
          const into = arena.bytes(1)
          const from = (party.index % 3) + 1
          await exchange(side, TAG, [], [{ from, into }])
        },
        async () => {
          throw new Error('spoilt')
        },
      ]),
    )
    for (const end of ends) {
      expect(end.status === 'rejected' && (end.reason as Error).message).toBe('spoilt')
    }
    arena.release()
  })
})
