/** Opening of words, rows in a shared order, the rows that a shared flag names. */
import { describe, expect, test } from 'vitest'

import { compact } from '../../protocol/compact.ts'
import { flatLayout } from '../../protocol/layout.ts'
import { openWords } from '../../protocol/open-words.ts'
import { permute } from '../../protocol/permute.ts'
import { drawOrders, shuffle, unshuffle } from '../../protocol/shuffle.ts'
import { committee as committeeOf } from '../../shares/committee.ts'
import { type Arena, liveBytes, newArena, view } from '../../shares/field/memory.ts'
import { type BitShare, split } from '../../shares/replicated.ts'
import { seededRng } from '../shares/noble.ts'

import { runAll, settleAll, testCommittee } from './parties.ts'
import {
  openField,
  randomBits,
  randomElements,
  randomWords,
  shareBits,
  shareField,
  withArena,
} from './sharing.ts'

const TAG = { op: 4, batch: 0, step: 3 }

const numbersOf = (bytes: Uint8Array): bigint[] => [...new BigUint64Array(bytes.slice().buffer)]

function shareWords(arena: Arena, n: number, words: BigUint64Array): BitShare[] {
  const block = arena.bytes(8 * words.length)
  view(block).set(new Uint8Array(words.buffer))
  return split(arena, block, committeeOf(n), seededRng('words', words.length))
}

/** A shuffled list of 0..length-1. */
function someOrder(length: number): number[] {
  const weights = randomWords(length, 'order')
  return Array.from({ length }, (_, k) => k).toSorted((a, b) =>
    weights[a]! < weights[b]! ? -1 : 1,
  )
}

describe.each([3, 5, 7])('%i parties', (n) => {
  test('words are opened in one message to each of t', async () =>
    withArena(async (arena) => {
      const { parties, network } = await testCommittee(n)
      const words = randomWords(50, 'open')
      const shares = shareWords(arena, n, words)
      const opened = await runAll(parties, network, (party) =>
        openWords(party, arena, TAG, shares[party.index - 1]!),
      )
      for (const block of opened) expect(numbersOf(view(block))).toEqual([...words])
      const received = parties.map((to) =>
        parties.flatMap((from) =>
          from === to ? [] : network.sent(from.index, to.index).map(({ bytes }) => bytes),
        ),
      )
      const t = (n - 1) / 2
      for (const sizes of received) expect(sizes).toEqual(Array.from({ length: t }, () => 400))
    }))

  test('a shuffle undone leaves everything where it was, freshly shared', async () =>
    withArena(async (arena) => {
      const { parties, network } = await testCommittee(n)
      const plain = randomElements(60, 'rows')
      const field = shareField(arena, n, plain)
      const words = shareWords(arena, n, BigUint64Array.from(plain))
      const back = await runAll(parties, network, async (party) => {
        const rows = {
          length: 60,
          field: [field[party.index - 1]!],
          words: [words[party.index - 1]!],
        }
        const orders = drawOrders(party, arena, TAG, 60)
        const moved = await shuffle(party, arena, TAG, rows, orders)
        const after = { ...TAG, step: TAG.step + party.committee.sets.length }
        return unshuffle(party, arena, after, moved, orders)
      })
      const shares = back.map((rows) => rows.field[0]!)
      expect(openField(arena, n, shares)).toEqual(plain)
      expect(numbersOf(view({ ptr: shares[0]!.ptr, bytes: 480 }))).not.toEqual(
        numbersOf(view({ ptr: field[0]!.ptr, bytes: 480 })),
      )
    }))

  test.each([
    ['from', 1],
    ['from', 77],
    ['to', 77],
  ] as const)('lane k comes %s or goes to order[k], %i lanes', async (direction, lanes) =>
    withArena(async (arena) => {
      const { parties, network } = await testCommittee(n)
      const numbers = someOrder(lanes)
      const planes = [0, 1, 2, 3, 4, 5, 6].slice(0, Math.max(1, Math.ceil(Math.log2(lanes))))
      const order = planes.map((i) =>
        shareBits(
          arena,
          n,
          numbers.map((number) => (number >> i) & 1),
          flatLayout(lanes),
          i,
        ),
      )
      const plain = [randomElements(lanes, 'x'), randomElements(lanes, 'y')]
      const field = plain.map((column, k) => shareField(arena, n, column, k))
      const moved = await runAll(parties, network, (party) => {
        const at = party.index - 1
        const rows = { length: lanes, field: field.map((column) => column[at]!), words: [] }
        return permute(
          party,
          arena,
          TAG,
          rows,
          order.map((plane) => plane[at]!),
          direction,
        )
      })
      for (const [k, column] of plain.entries()) {
        const opened = openField(
          arena,
          n,
          moved.map((rows) => rows.field[k]!),
        )
        const expected = numbers.map((number, lane) =>
          direction === 'from' ? column[number]! : column[numbers.indexOf(lane)]!,
        )
        expect(opened).toEqual(expected)
      }
    }),
  )

  test('flags name the rows that stay; a wrong number of them is noticed', async () =>
    withArena(async (arena) => {
      const lanes = 150
      const plain = randomElements(lanes, 'rows')
      const bits = randomBits(lanes, 'flags')
      const count = bits.reduce((sum, bit) => sum + bit, 0)
      const field = shareField(arena, n, plain)
      const flags = shareBits(arena, n, bits, flatLayout(lanes))
      const kept = async (expected: number) => {
        const { parties, network } = await testCommittee(n)
        return settleAll(parties, network, (party) => {
          const rows = { length: lanes, field: [field[party.index - 1]!], words: [] }
          return compact(party, arena, TAG, rows, flags[party.index - 1]!, expected)
        })
      }
      const ends = await kept(count)
      const shares = ends.map((end) => {
        if (end.status === 'rejected') throw end.reason
        return end.value.field[0]!
      })
      expect(openField(arena, n, shares)).toEqual(plain.filter((_, lane) => bits[lane] === 1))
      for (const wrong of [count - 1, count + 1]) {
        for (const end of await kept(wrong)) {
          expect(end).toMatchObject({
            status: 'rejected',
            reason: { code: 'SH_PROTOCOL_PERMUTATION' },
          })
        }
      }
    }))
})

test('an order that is none is refused, and nothing is kept', async () => {
  const arena = newArena()
  const { parties, network } = await testCommittee(3)
  const order = [0, 1].map((i) => shareBits(arena, 3, [1, 1, 0, 1], flatLayout(4), i))
  const field = shareField(arena, 3, [1n, 2n, 3n, 4n])
  const own = newArena()
  const before = liveBytes()
  const ends = await settleAll(parties, network, (party) => {
    const rows = { length: 4, field: [field[party.index - 1]!], words: [] }
    const planes = order.map((plane) => plane[party.index - 1]!)
    return permute(party, own, TAG, rows, planes, 'from')
  })
  for (const end of ends) {
    expect(end).toMatchObject({ status: 'rejected', reason: { code: 'SH_PROTOCOL_PERMUTATION' } })
  }
  expect(liveBytes()).toBe(before)
  own.release()
  arena.release()
})
