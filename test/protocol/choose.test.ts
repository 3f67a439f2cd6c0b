/** Extremes and selection by rank, against sorting. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { evaluatePlain } from '../../protocol/circuit.ts'
import { extremes } from '../../protocol/extreme.ts'
import { flatLayout, type Layout, layoutOf } from '../../protocol/layout.ts'
import type { Party } from '../../protocol/party.ts'
import type { PlanParams } from '../../protocol/plan.ts'
import { selectRanks } from '../../protocol/select-rank.ts'
import { atLeastCircuit, beatsCircuit, tournament } from '../../protocol/tournament.ts'
import { type Arena, liveBytes } from '../../shares/field/memory.ts'
import type { BitShare } from '../../shares/replicated.ts'

import { runAll, testCommittee } from './parties.ts'
import { openBits, randomBits, randomWords, shareBits, withArena } from './sharing.ts'

interface Numbers {
  readonly values: readonly number[]
  readonly width: number
  readonly among: readonly number[]
}

interface Shared {
  readonly planes: readonly BitShare[]
  readonly among: BitShare
}

/** Runs a protocol on shared numbers, checks its memory, and puts the numbers together that it gives. */
async function choose(
  n: number,
  layout: Layout,
  columns: readonly Numbers[],
  protocol: (party: Party, arena: Arena, shared: readonly Shared[]) => Promise<BitShare[]>,
): Promise<number[]> {
  return withArena(async (arena) => {
    const { parties, network } = await testCommittee(n)
    const shares = columns.map(({ values, width, among }, c) => ({
      planes: Array.from({ length: width }, (_, i) =>
        shareBits(
          arena,
          n,
          values.map((value) => Math.floor(value / 2 ** i) % 2),
          layout,
          `${c}/${i}`,
        ),
      ),
      among: shareBits(arena, n, among, layout, `among ${c}`),
    }))
    const before = liveBytes()
    const results = await runAll(parties, network, (party) =>
      protocol(
        party,
        arena,
        shares.map(({ planes, among }) => ({
          planes: planes.map((plane) => plane[party.index - 1]!),
          among: among[party.index - 1]!,
        })),
      ),
    )
    expect(liveBytes() - before).toBeLessThan(n * 32 * 20 * 32)
    expect(results[0]).toHaveLength(Math.max(...columns.map(({ width }) => width)))
    const numbers = columns.map(() => 0)
    for (const i of results[0]!.keys()) {
      const plane = results.map((result) => result[i]!)
      openBits(arena, n, plane, flatLayout(columns.length)).forEach((bit, c) => {
        numbers[c]! += bit * 2 ** i
      })
    }
    return numbers
  })
}

const TAG = { op: 3, batch: 0, step: 2 }

const admitted = ({ values, among }: Numbers): number[] =>
  values.filter((_, i) => among[i] === 1).toSorted((a, b) => a - b)

async function checkExtremes(
  n: number,
  layout: Layout,
  columns: readonly (Numbers & { largest: boolean })[],
  network: PlanParams['network'] = 'loopback',
): Promise<void> {
  const found = await choose(n, layout, columns, (party, arena, shared) =>
    extremes(
      party,
      arena,
      TAG,
      shared.map((one, k) => ({ ...one, largest: columns[k]!.largest })),
      layout,
      network,
    ),
  )
  const width = Math.max(...columns.map((column) => column.width))
  expect(found).toEqual(
    columns.map((column) =>
      column.largest ? (admitted(column).at(-1) ?? 0) : (admitted(column)[0] ?? 2 ** width - 1),
    ),
  )
}

type RankOf = { readonly times: number; readonly plus: number; readonly over: number }

async function checkRanks(
  n: number,
  layout: Layout,
  columns: readonly (Numbers & RankOf)[],
  tuning = { digit: 2, addingRounds: 1 },
): Promise<void> {
  const found = await choose(n, layout, columns, (party, arena, shared) =>
    selectRanks(
      party,
      arena,
      TAG,
      shared.map((one, k) => {
        const { times, plus, over } = columns[k]!
        return { ...one, times, plus, over }
      }),
      layout,
      tuning,
    ),
  )
  const width = Math.max(...columns.map((column) => column.width))
  expect(found).toEqual(
    columns.map((column) => {
      const sorted = admitted(column)
      const rank = Math.floor((column.times * sorted.length + column.plus) / column.over)
      return rank === 0 ? 0 : (sorted[rank - 1] ?? 2 ** width - 1)
    }),
  )
}

function randomNumbers(lanes: number, width: number, seed: string | number): Numbers {
  return {
    values: Array.from(randomWords(lanes, seed), (word) => Number(word % 2n ** BigInt(width))),
    width,
    among: randomBits(lanes, `among ${seed}`),
  }
}

const MEDIAN: RankOf = { times: 1, plus: 1, over: 2 }

describe.each([3, 5, 7])('%i parties', (n) => {
  test.each(n === 7 ? [1, 65] : [0, 1, 2, 3, 5, 63, 64, 65, 129, 1000])(
    '%i lanes: largest, smallest, median, quantiles, in common rounds',
    async (lanes) => {
      const layout = flatLayout(lanes)
      const a = randomNumbers(lanes, 9, 'a')
      const b = randomNumbers(lanes, 4, 'b')
      await checkExtremes(n, layout, [
        { ...a, largest: true },
        { ...b, largest: false },
        { ...a, largest: false },
      ])
      await checkRanks(n, layout, [
        { ...a, ...MEDIAN },
        { ...b, times: 9, plus: 9, over: 10 },
        { ...a, times: 0, plus: 3, over: 1 },
      ])
    },
  )

  test('among none, among equals, and ranks out of range', async () => {
    const layout = layoutOf([20, 3])
    const none = { ...randomNumbers(23, 5, 'x'), among: randomBits(23).map(() => 0) }
    const same = { values: none.values.map(() => 21), width: 5, among: none.among.map(() => 1) }
    await checkExtremes(n, layout, [
      { ...none, largest: true },
      { ...none, largest: false },
      { ...same, largest: true },
      { ...same, largest: false },
    ])
    await checkRanks(n, layout, [
      { ...none, ...MEDIAN },
      { ...same, times: 0, plus: 0, over: 1 },
      { ...same, times: 0, plus: 23, over: 1 },
      { ...same, times: 0, plus: 24, over: 1 },
      { ...same, times: 2, plus: 0, over: 1 },
    ])
  })

  test('every k-th smallest of a few, for every tuning', async () => {
    const layout = flatLayout(6)
    const numbers = { ...randomNumbers(6, 5, 'few'), among: [1, 0, 1, 1, 1, 1] }
    const columns = Array.from({ length: 7 }, (_, k) => ({
      ...numbers,
      times: 0,
      plus: k,
      over: 1,
    }))
    for (const digit of n === 7 ? [3] : [1, 2, 3, 4]) {
      for (const addingRounds of [0, 2]) {
        await checkRanks(n, layout, columns, { digit, addingRounds })
      }
    }
  })
})

test.each([
  [[4096, 100, 5000], 2],
  [[9000], 1],
])('chunks %j: %i choices among blocks', async (runs, choices) => {
  const layout = layoutOf(runs)
  const columns = Array.from({ length: choices }, (_, k) => randomNumbers(layout.lanes, 7 + k, k))
  await checkExtremes(
    3,
    layout,
    columns.map((column, k) => ({ ...column, largest: k === 0 })),
  )
  await checkRanks(
    3,
    layout,
    columns.map((column) => ({ ...column, ...MEDIAN })),
    { digit: 3, addingRounds: 4 },
  )
})

test.each(['loopback', 'lan', 'wan'] as const)('a long column, %s', async (network) => {
  const column = { ...randomNumbers(70_000, 2, 'long'), largest: false }
  const rare = column.values.map((value, i) => (value === 0 ? 0 : +(i % 1000 === 7)))
  await checkExtremes(3, layoutOf([65_536, 4464]), [{ ...column, among: rare }], network)
})

test.each([
  [3, 40, 5],
  [3, 130, 200],
  [3, 70, 500],
  [5, 30, 90],
])('%i parties, %i choices among %i lanes', async (n, choices, lanes) => {
  const columns = Array.from({ length: choices }, (_, k) => ({
    ...randomNumbers(lanes, 1 + (k % 4), k),
    largest: k % 2 === 0,
  }))
  await checkExtremes(n, flatLayout(lanes), columns)
})

describe('tournaments', () => {
  const plan = (lanes: number, choices: number, network: PlanParams['network'] = 'loopback') =>
    tournament(lanes, Math.ceil(lanes / 128), choices, 32, 1, network)

  test('come down to one', () => {
    for (const network of ['loopback', 'lan', 'wan'] as const) {
      for (const lanes of [1, 128, 129, 1000, 10_000, 1_000_000]) {
        let left = Math.ceil(lanes / 128)
        for (const { parts, size } of plan(lanes, 1, network).blocks) {
          expect(size).toBe(Math.ceil(left / parts))
          left = size
        }
        expect(left).toBe(1)
      }
    }
  })

  test('all lanes of a block meet at once, but among many choices', () => {
    expect(plan(10_000, 1)).toEqual({
      blocks: [
        { parts: 5, size: 16 },
        { parts: 16, size: 1 },
      ],
      lanes: 'all at once',
    })
    const { lanes } = plan(10_000, 1000)
    expect(lanes).not.toBe('all at once')
    expect(lanes.length).toBeGreaterThan(1)
  })

  test('fewer levels where rounds are dear', () => {
    const long = 1_000_000
    expect(plan(long, 1, 'wan').blocks.length).toBeLessThan(plan(long, 1).blocks.length)
  })
})

test('any numbers, filters and ranks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(255), fc.nat(1)), { maxLength: 40 }),
      fc.record({ times: fc.nat(7), plus: fc.nat(9), over: fc.integer({ min: 1, max: 7 }) }),
      fc.record({ digit: fc.integer({ min: 1, max: 4 }), addingRounds: fc.nat(3) }),
      async (rows, rank, tuning) => {
        const numbers = {
          values: rows.map(([value]) => value),
          among: rows.map(([, one]) => one),
          width: 8,
        }
        const layout = flatLayout(rows.length)
        await checkRanks(3, layout, [{ ...numbers, ...rank }], tuning)
        await checkExtremes(3, layout, [{ ...numbers, largest: rank.times > 3 }])
      },
    ),
    { numRuns: 25 },
  )
})

test('circuits of a tournament, for all small numbers', () => {
  const bitsOf = (value: number): number[] => [value & 1, (value >> 1) & 1, value >> 2]
  for (let x = 0; x < 8; x++) {
    for (let y = 0; y < 8; y++) {
      const both = [...bitsOf(x), ...bitsOf(y)]
      expect(evaluatePlain(atLeastCircuit(3), both)).toEqual([+(x >= y)])
      expect(evaluatePlain(beatsCircuit(3), [0, ...both])).toEqual([+(x > y)])
      expect(evaluatePlain(beatsCircuit(3), [1, ...both])).toEqual([+(x >= y)])
    }
  }
})
