/** Multiplication through a king: products, load, freshness, and what t parties see, exactly. */
import { describe, expect, test } from 'vitest'

import { multiplyThroughKing, reignsOf } from '../../protocol/king.ts'
import type { Message } from '../../protocol/memory-channel.ts'
import type { JobKeys, Prg } from '../../protocol/party.ts'
import { committee as committeeOf, parties as partiesOf } from '../../shares/committee.ts'
import { liveBytes } from '../../shares/field/memory.ts'
import { fromBigInts, toBigInts } from '../../shares/field/vector.ts'
import { asShamirShare } from '../../shares/shamir.ts'
import { isIndependent, subsets, unitPrg } from '../shares/views.ts'

import { P } from './ideal.ts'
import { runAll, testCommittee } from './parties.ts'
import { openField, randomElements, shareField, withArena } from './sharing.ts'

const TAG = { op: 1, batch: 2, step: 3 }

describe.each([3, 5, 7])('%i parties', (n) => {
  test.each([0, 1, 3, 64, 9001])('several pairs, %i elements and fewer', async (length) =>
    withArena(async (arena) => {
      const { parties, network } = await testCommittee(n)
      const lengths = [length, length >> 1, 3]
      const plain = lengths.map((l, k) => [randomElements(l, 'x', k), randomElements(l, 'y', k)])
      const shared = plain.map(([x, y], k) => [
        shareField(arena, n, x!, `x${k}`),
        shareField(arena, n, y!, `y${k}`),
      ])
      const before = liveBytes()
      const results = await runAll(parties, network, (party) =>
        multiplyThroughKing(
          party,
          arena,
          TAG,
          shared.map(([x, y]) => [x![party.index - 1]!, y![party.index - 1]!]),
        ),
      )
      const elements = lengths.reduce((sum, l) => sum + l, 0)
      expect(liveBytes() - before).toBeLessThan(n * (16 * elements + 64))
      plain.forEach(([x, y], k) => {
        const shares = results.map((result) => result[k]!)
        expect(openField(arena, n, shares)).toEqual(x!.map((a, i) => (a * y![i]!) % P))
      })

      const sent = partiesOf(committeeOf(n)).map((from) =>
        partiesOf(committeeOf(n)).reduce(
          (sum, to) => sum + (from === to ? 0 : bytesBetween(network.sent(from, to))),
          0,
        ),
      )
      const total = sent.reduce((sum, bytes) => sum + bytes, 0)
      expect(total).toBe(8 * 3 * ((n - 1) / 2) * elements)
      expect(Math.max(...sent) - Math.min(...sent)).toBeLessThanOrEqual(8 * (n - 1))
    }),
  )

  test('everybody is king of an n-th of the lanes, in turn', () => {
    for (const length of [0, 1, n, 100, 101, 104]) {
      for (let op = 0; op < n; op++) {
        const reigns = reignsOf(committeeOf(n), { ...TAG, op }, length)
        expect(reigns.map(({ king }) => king).toSorted((a, b) => a - b)).toEqual(
          partiesOf(committeeOf(n)),
        )
        let next = 0
        for (const { from, to } of reigns) {
          expect(from).toBe(next)
          expect(to - from - Math.floor(length / n)).toBeOneOf([0, 1])
          next = to
        }
        expect(next).toBe(length)
        expect(reigns[0]!.king).toBe(((TAG.batch + TAG.step + op) % n) + 1)
      }
    }
  })

  test('products with zero are fresh sharings of zero', async () =>
    withArena(async (arena) => {
      const { parties, network } = await testCommittee(n)
      const x = shareField(arena, n, randomElements(20, 'x'))
      const none = Array.from({ length: 20 }, () => 0n)
      const zero = shareField(arena, n, none)
      const results = await runAll(parties, network, (party) =>
        multiplyThroughKing(party, arena, TAG, [[x[party.index - 1]!, zero[party.index - 1]!]]),
      )
      const shares = results.map((result) => result[0]!)
      expect(openField(arena, n, shares)).toEqual(none)
      for (const share of shares) expect(new Set(toBigInts(share)).size).toBe(20)
    }))
})

function bytesBetween(messages: readonly { readonly bytes: number }[]): number {
  return messages.reduce((sum, { bytes }) => sum + bytes, 0)
}

/**
 * The view is affine in the streams of the keys, with the honest parties' local products as offset. In lane
 * k the k-th stream is 1; in each of the last lanes one honest party's product is. All have the same king.
 */
describe.each([3, 5, 7])('%i parties: t of them learn nothing of any honest product', (n) => {
  const committee = committeeOf(n)
  const LANES = 64
  const all = partiesOf(committee)
  const laneOf = (honest: number): number => LANES - honest
  let messages: Message[] = []
  const committeeMade = testCommittee(n, 0, (message) => {
    messages.push(message)
    return message
  })

  /** Whether the view of these parties under this king is independent of each honest product. */
  async function learnNothing(
    coalition: readonly number[],
    king: number,
    changed: Partial<JobKeys> = {},
  ): Promise<boolean> {
    const { parties, network } = await committeeMade
    messages = []
    const honest = all.filter((one) => !coalition.includes(one))
    const unit = unitPrg('field')
    const streams: Uint8Array[] = []
    await withArena(async (arena) => {
      await runAll(parties, network, (party) => {
        const prg: Prg = {
          fill(key, iv, out) {
            unit.prg.fill(key, iv, out)
            if (coalition.includes(party.index)) streams.push(out.slice())
          },
        }
        const factor = arena.elements(n * LANES)
        fromBigInts(
          factor,
          Array.from({ length: n * LANES }, (_, lane) =>
            honest.includes(party.index) && lane === laneOf(party.index) ? 1n : 0n,
          ),
        )
        const share = asShamirShare(factor)
        const keys = { ...party.keys, ...changed }
        const tag = { op: king - 1, batch: 0, step: 0 }
        return multiplyThroughKing({ ...party, prg, keys }, arena, tag, [[share, share]])
      })
    })
    const received = messages.filter(({ from, to, tag }) => {
      // Of the lanes in question: the king's.
      const ofReign = tag.step === 0 ? to === king : from === king
      return ofReign && coalition.includes(to) && !coalition.includes(from)
    })
    const seen = [...streams, ...received.map(({ payload }) => payload)]
    const element = (bytes: Uint8Array, lane: number): bigint =>
      new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8 * lane, true)
    const streamLanes = Array.from({ length: unit.lanes() - 1 }, (_, k) => 1 + k)
    expect(streamLanes.length).toBeLessThan(LANES - n)
    return honest.every((one) =>
      isIndependent(
        seen.map((bytes) => [laneOf(one), ...streamLanes].map((lane) => element(bytes, lane))),
      ),
    )
  }

  test.each(subsets(all, committee.t).map((coalition) => ({ coalition })))(
    'the parties $coalition',
    async ({ coalition }) => {
      for (const king of all) expect(await learnNothing(coalition, king)).toBe(true)
    },
  )

  test('control: if all pads of the zero sharing are known, a king learns something', async () => {
    const pair = (): Uint8Array => new Uint8Array(16)
    const coalition = all.slice(0, committee.t)
    expect(await learnNothing(coalition, 1, { pair })).toBe(false)
    expect(await learnNothing(coalition, n, { pair })).toBe(true)
  })

  test('control: if r is known, everybody who hears of e learns something', async () => {
    const set = (): Uint8Array => new Uint8Array(16)
    const coalition = all.slice(0, committee.t)
    expect(await learnNothing(coalition, committee.t + 1, { set })).toBe(false)
  })
})
