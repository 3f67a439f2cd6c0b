import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { layoutOf } from '../../protocol/layout.ts'
import { equalsZero, lessThanZero, summandParties } from '../../protocol/share-split.ts'
import { committee } from '../../shares/committee.ts'
import { liveBytes } from '../../shares/field/memory.ts'
import { fromSigned } from '../../shares/field/scalar.ts'

import { runAll, testCommittee } from './parties.ts'
import { openBits, randomElements, shareField, withArena } from './sharing.ts'

const MOST = 2n ** 60n - 1n
const P = 2n ** 61n - 1n
const EDGES = [
  0n,
  1n,
  -1n,
  2n,
  -2n,
  MOST,
  -MOST,
  MOST - 1n,
  1n - MOST,
  2n ** 32n,
  -(2n ** 32n),
].map(fromSigned)

/** Compares vectors with zero in MPC and in plain text. */
async function check(
  n: number,
  runs: readonly number[],
  vectors: readonly (readonly bigint[])[],
  op = 1,
): Promise<void> {
  return withArena(async (arena) => {
    const layout = layoutOf(runs)
    const { parties, network } = await testCommittee(n)
    const shares = vectors.map((values, k) => shareField(arena, n, values, k))
    const before = liveBytes()
    const results = await runAll(parties, network, async (party) => {
      const own = shares.map((share) => share[party.index - 1]!)
      const tag = { op, batch: 2, step: 5 }
      return {
        negative: await lessThanZero(party, arena, tag, own, layout),
        zero: await equalsZero(party, arena, { ...tag, op: op + 1 }, own, layout),
      }
    })
    const planes = results.flatMap(({ negative, zero }) => [...negative, ...zero])
    const held = planes.reduce((bytes, plane) => bytes + plane.bytes * plane.components, 0)
    expect(liveBytes() - before).toBeLessThanOrEqual(4 * held + 4096)
    vectors.forEach((values, k) => {
      const open = (kind: 'negative' | 'zero'): number[] =>
        openBits(
          arena,
          n,
          results.map((result) => result[kind][k]!),
          layout,
        )
      expect(open('negative')).toEqual(values.map((a) => (a > P / 2n ? 1 : 0)))
      expect(open('zero')).toEqual(values.map((a) => (a === 0n ? 1 : 0)))
    })
  })
}

describe.each([3, 5, 7])('%i parties', (n) => {
  test('edge values', async () => check(n, [EDGES.length], [EDGES]))

  test.each(n === 7 ? [1, 65] : [0, 1, 7, 8, 63, 64, 65, 1000])('%i lanes', async (lanes) =>
    check(n, [lanes], [randomElements(lanes, 'a')]),
  )

  test('several vectors over several runs, for every choice of summand parties', async () => {
    for (let op = 1; op <= n; op++) {
      await check(n, [130, 1, 0, 77], [randomElements(208, op), randomElements(208, -op)], op)
    }
  })

  test('any elements', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.bigInt(0n, P - 1n), fc.constantFrom(...EDGES)), { maxLength: 40 }),
        (values) => check(n, [values.length], [values]),
      ),
      { numRuns: n === 3 ? 20 : n === 5 ? 6 : 2 },
    )
  })

  test('every party is a summand party equally often', () => {
    const chosen = Array.from({ length: n }, (_, op) =>
      summandParties(committee(n), { op, batch: 3, step: 0 }),
    ).flat()
    const counts = Array.from({ length: n }, (_, k) => chosen.filter((i) => i === k + 1).length)
    expect(counts).toEqual(counts.map(() => (n + 1) / 2))
  })
})

test.each([65_535, 65_536, 65_537])('%i lanes', async (lanes) =>
  check(3, [lanes - 2, 2], [randomElements(lanes, 'a')]),
)
