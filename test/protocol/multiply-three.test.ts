import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { multiply } from '../../protocol/arithmetic.ts'
import { type Channel, payloadBytes, piecesOf } from '../../protocol/party.ts'
import { type Arena, liveBytes } from '../../shares/field/memory.ts'
import { toBigInts } from '../../shares/field/vector.ts'
import { reconstruct, type ShamirShare } from '../../shares/shamir.ts'

import { P } from './ideal.ts'
import { runAll, settleAll, testCommittee } from './parties.ts'
import { randomElements, shareField, withArena } from './sharing.ts'

const TAG = { op: 1, batch: 2, step: 3 }
const CHUNK = 8192

interface Pace {
  /** Turns between pieces that are sent, and between pieces that are received. */
  readonly sends: number
  readonly receives: number
  /** Length of the latter. */
  readonly cut: number
}

const turns = async (count: number): Promise<void> => {
  for (let k = 0; k < count; k++) await new Promise(setImmediate)
}

/** A channel that makes and takes messages piece by piece, at this pace. */
function paced(inner: Channel, { sends, receives, cut }: Pace): Channel {
  return {
    async send(to, tag, payload) {
      const whole = new Uint8Array(payloadBytes(payload))
      let at = 0
      for (const piece of piecesOf(payload)) {
        whole.set(piece, at)
        at += piece.length
        await turns(sends)
      }
      await inner.send(to, tag, whole)
    },
    async receive(from, tag, bytes, place) {
      const whole = await inner.receive(from, tag, bytes)
      for (let at = 0; at < bytes; at += cut) {
        place!(whole.subarray(at, at + cut), at)
        await turns(receives)
      }
      return new Uint8Array(0)
    },
  }
}

interface Case {
  readonly xs: readonly ShamirShare[][]
  readonly ys: readonly ShamirShare[][]
  readonly products: readonly bigint[][]
}

function sharedPairs(arena: Arena, lengths: readonly number[]): Case {
  const plain = lengths.map((l, k) => [randomElements(l, 'x', k), randomElements(l, 'y', k)])
  return {
    xs: plain.map(([x], k) => shareField(arena, 3, x!, `x${k}`)),
    ys: plain.map(([, y], k) => shareField(arena, 3, y!, `y${k}`)),
    products: plain.map(([x, y]) => x!.map((value, i) => (value * y![i]!) % P)),
  }
}

const pairsOf = ({ xs, ys }: Case, index: number): (readonly [ShamirShare, ShamirShare])[] =>
  xs.map((x, k) => [x[index - 1]!, ys[k]![index - 1]!] as const)

describe('a long multiplication', () => {
  test.each([
    ['as much as a chunk', [CHUNK]],
    ['one more', [CHUNK + 1]],
    ['several chunks', [3 * CHUNK + 5]],
    ['pairs that end anywhere', [1, CHUNK - 2, 0, 2 * CHUNK + 3, 7, 5000]],
  ])('is right, of %s, at any pace', async (_what, lengths) => {
    const pace = fc.record({
      sends: fc.nat(3),
      receives: fc.nat(3),
      cut: fc.constantFrom(999, 8 * CHUNK, 100_003, 1 << 30),
    })
    await fc.assert(
      fc.asyncProperty(pace, pace, pace, fc.nat(), async (a, b, c, seed) =>
        withArena(async (arena) => {
          const shared = sharedPairs(arena, lengths)
          const { parties, network } = await testCommittee(3, seed)
          const paces = [a, b, c]
          const results = await runAll(parties, network, (party) => {
            const channel = paced(party.channel, paces[party.index - 1]!)
            return multiply({ ...party, channel }, arena, TAG, pairsOf(shared, party.index))
          })
          for (const [k, expected] of shared.products.entries()) {
            const held = results.map((result, i) => ({ party: i + 1, share: result[k]! }))
            expect(toBigInts(reconstruct(arena, parties[0]!.committee, held))).toEqual(expected)
          }
        }),
      ),
      { numRuns: 6 },
    )
  })

  test('names the party that sends what is no element, wherever it stands', async () =>
    withArena(async (arena) => {
      for (const lane of [0, CHUNK - 1, CHUNK, 2 * CHUNK + 4]) {
        const shared = sharedPairs(arena, [2 * CHUNK + 5])
        const { parties, network } = await testCommittee(3, lane, (message) => {
          if (message.from === 2) message.payload.fill(0xff, 8 * lane, 8 * lane + 8)
          return message
        })
        const before = liveBytes()
        const ended = await settleAll(parties, network, (party) =>
          multiply(party, arena, TAG, pairsOf(shared, party.index)),
        )
        // Party 2 sends to party 1.
        expect(ended[0]).toMatchObject({
          status: 'rejected',
          reason: { code: 'SH_ROUND_CANONICAL', party: '2' },
        })
        const kept = ended.filter(({ status }) => status === 'fulfilled').length
        expect(liveBytes() - before).toBeLessThanOrEqual(kept * 1.25 * 8 * (2 * CHUNK + 5))
      }
    }))

  test('leaves what it multiplies as it was', async () =>
    withArena(async (arena) => {
      const shared = sharedPairs(arena, [CHUNK + 9])
      const before = shared.xs.concat(shared.ys).flat().map(toBigInts)
      const { parties, network } = await testCommittee(3)
      await runAll(parties, network, (party) =>
        multiply(party, arena, TAG, pairsOf(shared, party.index)),
      )
      expect(shared.xs.concat(shared.ys).flat().map(toBigInts)).toEqual(before)
    }))
})
