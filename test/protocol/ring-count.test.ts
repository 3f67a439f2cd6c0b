/** Bits as numbers modulo 2^k: they add up, in the stated rounds and bytes, and are hidden. */
import { describe, expect, test } from 'vitest'

import { flatLayout } from '../../protocol/layout.ts'
import { bitsToRing, rangeBytes } from '../../protocol/ring-count.ts'
import { ringBlock } from '../../shares/bits/ring.ts'
import { liveBytes, view } from '../../shares/field/memory.ts'

import { runAll, testCommittee } from './parties.ts'
import { randomBits, shareBits, withArena } from './sharing.ts'

const TAG = { op: 1, batch: 0, step: 4 }

describe.each([3, 5, 7])('%i parties', (n) => {
  const t = (n - 1) / 2

  test.each([1, 2, 4, 8] as const)('numbers of %i bytes add up to the bits', async (width) => {
    for (const lanes of [0, 128, 384, 1024]) {
      await withArena(async (arena) => {
        const layout = flatLayout(lanes)
        const bits = randomBits(lanes, width)
        const shares = shareBits(arena, n, bits, layout)
        const { parties, network } = await testCommittee(n, lanes)
        const before = liveBytes()
        const results = await runAll(parties, network, (party) =>
          bitsToRing(party, arena, TAG, shares[party.index - 1]!, width),
        )
        const range = rangeBytes(layout.planeBytes, n)
        expect(liveBytes() - before).toBeLessThanOrEqual(n * 1.25 * n * 8 * range * width + n * 16)
        const sums = Array.from({ length: n * 8 * range }, () => 0n)
        for (const result of results) {
          expect(result.length).toBe(sums.length)
          const bytes = view(ringBlock(result))
          for (let lane = 0; lane < sums.length; lane++) {
            for (let k = 0; k < width; k++) {
              sums[lane]! += BigInt(bytes[lane * width + k]!) << BigInt(8 * k)
            }
          }
        }
        expect(sums.map((sum) => Number(BigInt.asUintN(8 * width, sum)))).toEqual(
          sums.map((_, lane) => bits[lane] ?? 0),
        )
        const expected = Array.from({ length: t }, (_, k) => ({
          step: TAG.step + k,
          bytes: (k === 0 ? t : n) * 8 * range * width,
        }))
        for (const { index } of parties) {
          const to = index === 1 ? n : index - 1
          const sent = network.sent(index, to).map(({ step, bytes }) => ({ step, bytes }))
          expect(sent).toEqual(lanes === 0 ? [] : expected)
        }
      })
    }
  })
})
