/** Parts of one operator in common rounds: all messages, in as many rounds as the longest part has. */
import { expect, test } from 'vitest'

import { andBits } from '../../protocol/boolean.ts'
import { flatLayout } from '../../protocol/layout.ts'
import type { Party } from '../../protocol/party.ts'
import { sideBySide } from '../../protocol/side-by-side.ts'
import type { Arena } from '../../shares/field/memory.ts'
import type { BitShare } from '../../shares/replicated.ts'

import { runAll, settleAll, testCommittee } from './parties.ts'
import { openBits, randomBits, shareBits, withArena } from './sharing.ts'

const LANES = 100

/** x AND y as many times as told. */
async function conjunctions(
  party: Party,
  arena: Arena,
  step: number,
  times: number,
  [x, y]: readonly [BitShare, BitShare],
): Promise<BitShare> {
  let result = x
  for (let k = 0; k < times; k++) {
    const [next] = await andBits(party, arena, { op: 0, batch: 0, step: step + k }, [[result, y]])
    result = next!
  }
  return result
}

test.each([
  [3, 1],
  [1, 3],
  [2, 2],
  [0, 2],
  [2, 0],
  [0, 0],
])('%i rounds beside %i', async (first, second) => {
  await withArena(async (arena) => {
    const { parties, network } = await testCommittee(3)
    const layout = flatLayout(LANES)
    const bits = ['x', 'y', 'u', 'v'].map((name) => randomBits(LANES, name))
    const shares = bits.map((plain, k) => shareBits(arena, 3, plain, layout, k))
    const results = await runAll(parties, network, (party) => {
      const [x, y, u, v] = shares.map((share) => share[party.index - 1]!)
      return sideBySide(party, [
        (own) => conjunctions(own, arena, 0, first, [x!, y!]),
        (own) => conjunctions(own, arena, 10, second, [u!, v!]),
      ])
    })
    const opened = ([0, 1] as const).map((part) =>
      openBits(
        arena,
        3,
        results.map((result) => result[part]),
        layout,
      ),
    )
    const conjunction = (times: number, x: number[], y: number[]): number[] =>
      times === 0 ? x : x.map((bit, lane) => bit & y[lane]!)
    expect(opened).toEqual([
      conjunction(first, bits[0]!, bits[1]!),
      conjunction(second, bits[2]!, bits[3]!),
    ])
    const expected = Array.from({ length: Math.max(first, second) }, (_, k) => ({
      op: 0,
      batch: 0,
      step: k < first ? k : 10 + k,
      bytes: layout.planeBytes * (Number(k < first) + Number(k < second)),
    }))
    expect(network.sent(1, 3)).toEqual(expected)
  })
})

test('when one part fails, so does the whole, and no peer is left waiting', async () => {
  await withArena(async (arena) => {
    const { parties, network } = await testCommittee(3)
    const x = shareBits(arena, 3, randomBits(LANES), flatLayout(LANES))
    const results = await settleAll(parties, network, (party) => {
      const own = x[party.index - 1]!
      return sideBySide(party, [
        (mine) => conjunctions(mine, arena, 0, 3, [own, own]),
        async (mine) => {
          await conjunctions(mine, arena, 10, 1, [own, own])
          if (party.index === 2) throw new RangeError('a defect')
          return conjunctions(mine, arena, 11, 2, [own, own])
        },
      ])
    })
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(results[1]).toMatchObject({ reason: new RangeError('a defect') })
  })
})
