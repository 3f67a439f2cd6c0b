import { describe, expect, test } from 'vitest'

import { anyRow } from '../../protocol/any-row.ts'
import { flatLayout, type Layout, layoutOf } from '../../protocol/layout.ts'
import { popcount } from '../../protocol/popcount.ts'
import { planeBytes } from '../../shares/bits/plane.ts'
import { liveBytes } from '../../shares/field/memory.ts'

import { runAll, testCommittee } from './parties.ts'
import { openBits, randomBits, shareBits, withArena } from './sharing.ts'

const TAG = { op: 1, batch: 0, step: 4 }

/** Counts `planes` in MPC and in plain text. */
async function checkPopcount(
  n: number,
  layout: Layout,
  planes: readonly (readonly number[])[],
  width: number,
): Promise<{ rounds: number; bytesSent: number }> {
  return withArena(async (arena) => {
    const { parties, network } = await testCommittee(n)
    const shares = planes.map((bits, k) => shareBits(arena, n, bits, layout, k))
    const results = await runAll(parties, network, (party) =>
      popcount(
        party,
        arena,
        TAG,
        shares.map((share) => share[party.index - 1]!),
        layout,
        width,
      ),
    )
    const slots = flatLayout(planes.length)
    const counts = planes.map(() => 0)
    for (let w = 0; w < width; w++) {
      const parts = results.map((result) => result[w]!)
      openBits(arena, n, parts, slots).forEach((bit, k) => {
        counts[k]! += bit * 2 ** w
      })
    }
    expect(results[0]).toHaveLength(width)
    expect(counts).toEqual(
      planes.map((bits) => bits.reduce((sum, bit) => sum + bit, 0) % 2 ** width),
    )
    const sent = network.sent(1, n)
    expect(sent.map(({ step }) => step)).toEqual(sent.map((_, k) => TAG.step + k))
    return { rounds: sent.length, bytesSent: sent.reduce((sum, { bytes }) => sum + bytes, 0) }
  })
}

const ones = (lanes: number): number[] => Array.from({ length: lanes }, () => 1)

interface Table {
  readonly layout: Layout
  readonly memberOfRow: Uint32Array
  readonly members: number
}

/** Rows of members 0, 1, 2, ... one after the other. */
function adjacent(layout: Layout, rows: (member: number) => number): Table {
  const memberOfRow = new Uint32Array(layout.lanes)
  let members = 0
  for (let row = 0; row < layout.lanes; members++) {
    const end = Math.min(layout.lanes, row + rows(members))
    memberOfRow.fill(members, row, end)
    row = end
  }
  return { layout, memberOfRow, members }
}

const TABLES: Readonly<Record<string, Table>> = {
  // Member 0 has 100 rows, the others few, in no order.
  'scattered rows': {
    layout: layoutOf([200, 3, 90]),
    memberOfRow: Uint32Array.from({ length: 293 }, (_, row) =>
      row % 3 === 0 ? 0 : row < 80 ? row % 40 : (row * 7) % 40,
    ),
    members: 40,
  },
  'adjacent rows': adjacent(layoutOf([256, 128, 300]), (member) => 1 + ((member * 7) % 3)),
  'adjacent rows in chunks with gaps': adjacent(
    layoutOf([100, 130, 7]),
    (member) => 1 + (member % 5),
  ),
  // From the second round on, few rows are concerned.
  'one row, most of them, and one with many': adjacent(layoutOf([2000]), (member) =>
    member === 300 ? 200 : 1 + (member % 2),
  ),
  'one row each': adjacent(layoutOf([200]), () => 1),
  'all rows': adjacent(layoutOf([300]), () => 300),
}

describe.each([3, 5, 7])('%i parties', (n) => {
  test.each([0, 1, 2, 7, 63, 64, 65, 129, 8192])('popcount of %i lanes', async (lanes) => {
    const planes = [randomBits(lanes, 'x'), ones(lanes), randomBits(lanes, 'y')]
    await checkPopcount(n, flatLayout(lanes), planes, 14)
  })

  test('popcount over chunks, several planes in common rounds', async () => {
    const layout = layoutOf([3000, 1, 128, 5100])
    const planes = Array.from({ length: 3 }, (_, k) =>
      k === 1 ? ones(layout.lanes) : randomBits(layout.lanes, k),
    )
    await checkPopcount(n, layout, planes, 13)
  })

  test.each(Object.entries(TABLES))('any-row of members with %s', async (_name, table) => {
    const { layout, memberOfRow, members } = table
    await withArena(async (arena) => {
      const { parties, network } = await testCommittee(n)
      const planes = [0, 1, 2].map((k) =>
        randomBits(layout.lanes, k).map((bit, row) => (row % 5 === k ? bit : 0)),
      )
      const shares = planes.map((bits, k) => shareBits(arena, n, bits, layout, k))
      const before = liveBytes()
      const results = await runAll(parties, network, (party) =>
        anyRow(
          party,
          arena,
          TAG,
          shares.map((share) => share[party.index - 1]!),
          layout,
          memberOfRow,
          members,
        ),
      )
      const bytes = planeBytes(members)
      expect(liveBytes() - before).toBeLessThanOrEqual(n * planes.length * 20 * 1.25 * bytes)
      planes.forEach((bits, k) => {
        const any = Array.from({ length: members }, () => 0)
        bits.forEach((bit, row) => {
          any[memberOfRow[row]!]! |= bit
        })
        const parts = results.map((result) => result[k]!)
        expect(openBits(arena, n, parts, flatLayout(members))).toEqual(any)
      })
      const rows = Array.from({ length: members }, () => 0)
      for (const member of memberOfRow) rows[member]!++
      const most = Math.max(...rows)
      const expected: number[] = []
      for (let distance = 1; distance < most; distance *= 2) {
        const concerned = rows.reduce((sum, each) => sum + Math.max(0, each - distance), 0)
        const lanes = concerned < layout.lanes / 8 ? concerned : layout.lanes
        expected.push(3 * planeBytes(lanes))
      }
      const sent = network.sent(1, n)
      expect(sent.map(({ bytes: length }) => length)).toEqual(expected)
      expect(sent.map(({ step }) => step)).toEqual(sent.map((_, k) => TAG.step + k))
    })
  })
})

test.each([65_535, 65_536, 65_537])(
  'popcount of %i lanes costs about one AND a lane',
  async (lanes) => {
    const { rounds, bytesSent } = await checkPopcount(
      3,
      layoutOf([lanes - 2, 2]),
      [randomBits(lanes, 'x')],
      17,
    )
    expect(bytesSent * 8).toBeGreaterThan(lanes)
    expect(bytesSent * 8).toBeLessThan(1.3 * lanes)
    expect(rounds).toBeLessThan(36)
  },
)

test('higher bits of the count are dropped', async () => {
  await checkPopcount(3, flatLayout(500), [ones(500)], 5)
})

test('any-row refuses boundaries that do not fit', async () =>
  withArena(async (arena) => {
    const { parties } = await testCommittee(3)
    const layout = flatLayout(4)
    const [share] = shareBits(arena, 3, [0, 1, 0, 1], layout)
    const run = (memberOfRow: number[], members: number) =>
      anyRow(parties[0]!, arena, TAG, [share!], layout, Uint32Array.from(memberOfRow), members)
    await expect(run([0, 0, 1], 2)).rejects.toThrow(RangeError)
    await expect(run([0, 0, 1, 2], 2)).rejects.toThrow(RangeError)
    await expect(run([0, 0, 2, 2], 3)).rejects.toThrow(RangeError)
    await expect(run([0, 0, 1, 1], 3)).rejects.toThrow(RangeError)
    await expect(run([1, 1, 0, 0], 3)).rejects.toThrow(RangeError)
  }))
