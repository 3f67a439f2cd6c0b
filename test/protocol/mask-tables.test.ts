/** Signs of numbers that were opened under masks: right for all kinds of widths, at the edges and between. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { circuitStats } from '../../protocol/circuit.ts'
import { flatLayout } from '../../protocol/layout.ts'
import {
  borrowCircuit,
  digitsOf,
  maskTables,
  signsUnderMasks,
  TABLE_ROUNDS,
} from '../../protocol/mask-tables.ts'
import { drawMasks, openSum } from '../../protocol/masked-open.ts'
import { newRing, ringBlock, toBigInts, writeIntegers } from '../../shares/bits/ring.ts'
import { type Arena, view } from '../../shares/field/memory.ts'
import type { BitShare } from '../../shares/replicated.ts'

import { runAll, testCommittee } from './parties.ts'
import { openBits, withArena } from './sharing.ts'

const TAG = { op: 2, batch: 0, step: 0 }
const at = (step: number) => ({ ...TAG, step })

/** The masks in plain. */
function masksOf(
  arena: Arena,
  n: number,
  planes: readonly BitShare[],
  count: number,
  bits: number,
): bigint[] {
  const laneLayout = flatLayout(Math.ceil(count / 128) * 128)
  const all = openBits(arena, n, planes, flatLayout(laneLayout.lanes * bits))
  return Array.from({ length: count }, (_, q) =>
    Array.from({ length: bits }, (_b, i) => BigInt(all[i * laneLayout.lanes + q]!) << BigInt(i)),
  ).map((parts) => parts.reduce((sum, part) => sum + part))
}

async function checkSigns(
  n: number,
  bits: number,
  values: readonly bigint[],
  first: number,
): Promise<void> {
  await withArena(async (arena) => {
    const { parties, network } = await testCommittee(n, bits)
    const count = first + values.length + 2
    const drawn = parties.map((party) => drawMasks(party, arena, TAG, count, bits))
    const masks = masksOf(
      arena,
      n,
      drawn.map(({ planes }) => planes),
      count,
      bits,
    )
    const opened = values.map((value, k) => BigInt.asUintN(bits, value + masks[first + k]!))
    const results = await runAll(parties, network, async (party) => {
      const tables = await maskTables(party, arena, at(1), drawn[party.index - 1]!)
      return signsUnderMasks(party, arena, at(1 + TABLE_ROUNDS), tables, opened, first)
    })
    const signs = openBits(arena, n, results, flatLayout(values.length))
    expect(signs).toEqual(values.map((value) => Number(value < 0n)))
    const { depth } = circuitStats(borrowCircuit(digitsOf(bits)))
    expect(depth).toBe(Math.ceil(Math.log2(digitsOf(bits))))
    expect(network.sent(1, n)).toHaveLength(TABLE_ROUNDS + depth)
  })
}

describe.each([3, 5])('%i parties', (n) => {
  test.each([2, 3, 9, 10, 17, 18, 33, 61])('numbers of %i bits, at the edges', async (bits) => {
    const end = 1n << BigInt(bits - 1)
    await checkSigns(n, bits, [-end, -end + 1n, -1n, 0n, 1n, end - 1n], 0)
  })
})

test('any numbers, from any mask on', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 30 }).chain((bits) => {
        const end = 1n << BigInt(bits - 1)
        const number = fc.bigInt({ min: -end, max: end - 1n })
        return fc.tuple(fc.constant(bits), fc.array(number, { minLength: 1, maxLength: 200 }))
      }),
      fc.nat(3),
      async ([bits, values], first) => checkSigns(3, bits, values, first),
    ),
    { numRuns: 20 },
  )
})

test.each([3, 5, 7])('%i parties open what their numbers add up to', async (n) => {
  await withArena(async (arena) => {
    const { parties, network } = await testCommittee(n)
    const results = await runAll(parties, network, async (party) => {
      const summands = newRing(arena, 128, 2)
      const own = [BigInt(party.index), -5n, 300n]
      writeIntegers(view(ringBlock(summands)), own, 2)
      return toBigInts(await openSum(party, arena, TAG, summands, 3, 12)).slice(0, 3)
    })
    const sum = BigInt((n * (n + 1)) / 2)
    const expected = [sum, 4096n - 5n * BigInt(n), 300n * BigInt(n)]
    expect(results).toEqual(parties.map(() => expected))
    const messages = parties.flatMap(({ index }) =>
      parties.filter((other) => other.index !== index).map((to) => network.sent(index, to.index)),
    )
    expect(messages).toEqual(messages.map(() => [{ ...TAG, bytes: 6 }]))
  })
})
