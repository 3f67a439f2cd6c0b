/** Window functions as plans: what a plain loop over partitions gives, on shares too, at their exact cost. */
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import { messagesBetween, schedule } from '../../../protocol/cost.ts'
import type { PlanParams, Ref } from '../../../protocol/plan.ts'
import { refsOf, writeWindowRows } from '../../../protocol/sql/plan-window-rows.ts'
import {
  type Frame,
  rangeOfSums,
  writeCount,
  writeDenseRank,
  writeExtreme,
  writeFirstValue,
  writeLastValue,
  writeOtherRow,
  writeRank,
  writeRowNumber,
  writeSum,
} from '../../../protocol/sql/plan-window.ts'
import { PlanWriter } from '../../../protocol/sql/plan-writer.ts'
import { idealExecute } from '../ideal.ts'
import { testCommittee } from '../parties.ts'
import { executeAll, paramsFor } from '../run-plan.ts'

vi.setConfig({ testTimeout: 240_000 })

interface Row {
  readonly member: number
  readonly gone: number
  readonly part: number
  readonly order: number
  /** -4..3 on 3 planes. */
  readonly value: number | null
  /** 0..7 */
  readonly other: number
}

interface Case {
  readonly rows: readonly Row[]
  readonly byPart: boolean
  readonly byOrder: boolean
  readonly someGone: boolean
  readonly frame: Frame
  readonly by: number
  readonly network: PlanParams['network']
}

const OFFSET = 4
const RANGE = { least: -4n, most: 3n }

/** Members are numbered as they come. */
const cases: fc.Arbitrary<Case> = fc.record({
  rows: fc
    .array(
      fc.record({
        member: fc.nat(4),
        gone: fc.integer({ min: 0, max: 1 }),
        part: fc.nat(2),
        order: fc.nat(3),
        value: fc.option(fc.integer({ min: -4, max: 3 })),
        other: fc.nat(7),
      }),
      { minLength: 1, maxLength: 40 },
    )
    .map((rows) => {
      const members = [...new Set(rows.map(({ member }) => member))]
      return rows.map((row) => ({ ...row, member: members.indexOf(row.member) }))
    }),
  byPart: fc.boolean(),
  byOrder: fc.boolean(),
  someGone: fc.boolean(),
  frame: fc.constantFrom('rows', 'peers', 'partition'),
  by: fc.constantFrom(1, -1, 2, -3),
  network: fc.constantFrom('loopback', 'lan', 'wan'),
})

/** What each function is called, the planes that it gives, and what they count from. */
type Written = readonly { readonly planes: readonly Ref[]; readonly valid?: Ref }[]

function planOf({ rows, byPart, byOrder, someGone, frame, by, network }: Case, n: number) {
  const memberOfRow = Uint32Array.from(rows, ({ member }) => member)
  const params = { ...paramsFor(n, [rows.length], memberOfRow), network }
  const writer = new PlanWriter()
  const load = (column: string, planes: number, validity: boolean) =>
    writer.add({ kind: 'load-bits', dataset: 'trips', column, planes, validity }, column)
  const stored = [
    ...refsOf(load('gone', 1, false), 0, 1),
    ...refsOf(load('part', 2, false), 0, 2),
    ...refsOf(load('order', 2, false), 0, 2),
    ...refsOf(load('value', 3, true), 0, 4),
    ...refsOf(load('other', 3, false), 0, 3),
  ]
  const slots = writer.add({ kind: 'append', parts: stored.map((ref) => [ref]) }, 'rows')
  const window = { writer, params }
  const sorted = writeWindowRows(window, {
    ...(someGone ? { gone: slots(0) } : {}),
    partition: byPart ? [slots(1), slots(2)] : [],
    order: byOrder ? [slots(3), slots(4)] : [],
    carried: stored.map((_, part) => slots(part)),
  })
  const value = { planes: sorted.carried.slice(5, 8), valid: sorted.carried[8]! }
  const other = { planes: sorted.carried.slice(9, 12) }
  const written: Written = [
    writeRowNumber(window, sorted),
    writeRank(window, sorted),
    writeDenseRank(window, sorted),
    writeOtherRow(window, sorted, value, by),
    writeOtherRow(window, sorted, other, by),
    writeFirstValue(window, sorted, value),
    writeLastValue(window, sorted, value, frame),
    writeCount(window, sorted, undefined, frame),
    writeCount(window, sorted, value.valid, frame),
    writeSum(window, sorted, value, RANGE, frame),
    writeSum(window, sorted, other, { least: 0n, most: 7n }, frame),
    writeSum(window, sorted, other, { least: 5n, most: 12n }, frame),
    writeSum(window, sorted, other, { least: -3n, most: 4n }, frame),
    writeExtreme(window, sorted, value, true, frame),
    writeExtreme(window, sorted, value, false, frame),
    writeExtreme(window, sorted, other, false, frame),
  ]
  const lists = [
    sorted.carried,
    ...written.map(({ planes, valid }) => [...planes, ...(valid ? [valid] : [])]),
  ]
  const outputs = lists
    .filter((planes) => planes.length > 0)
    .map((inputs) => {
      const part = writer.add({ kind: 'bit-to-field', inputs }, 'to be seen')
      return refsOf(part, 0, inputs.length)
    })
  writer.add({ kind: 'output', inputs: outputs.flat() }, 'output')
  const widths = lists.map((planes) => planes.length)
  const valids = written.map(({ valid }) => valid !== undefined)
  const column = (of: (row: Row) => number | null) => ({ codes: rows.map(of), values: [] })
  const columns = {
    gone: column(({ gone }) => gone),
    part: column(({ part }) => part),
    order: column(({ order }) => order),
    value: column(({ value: one }) => (one === null ? null : one + OFFSET)),
    other: column(({ other: one }) => one),
  }
  return { plan: writer.plan, params, columns, memberOfRow, widths, valids }
}

/** The rows in their new order, and for each what the functions give: natural numbers, null for NULL. */
function read(
  lanes: readonly bigint[],
  rows: number,
  { widths, valids }: Pick<ReturnType<typeof planOf>, 'widths' | 'valids'>,
) {
  let at = 0
  const lists = widths.map((width) =>
    Array.from({ length: width }, () => lanes.slice(at, (at += rows))),
  )
  const [carried, ...written] = lists
  const numberOf = (planes: readonly (readonly bigint[])[], row: number): number =>
    planes.reduce((sum, plane, k) => sum + Number(plane[row]) * 2 ** k, 0)
  return Array.from({ length: rows }, (_, row) => {
    const [gone, part, order] = [
      numberOf(carried!.slice(0, 1), row),
      numberOf(carried!.slice(1, 3), row),
      numberOf(carried!.slice(3, 5), row),
    ]
    const value = carried![8]![row] === 0n ? null : numberOf(carried!.slice(5, 8), row) - OFFSET
    const other = numberOf(carried!.slice(9, 12), row)
    const results = written.map((planes, k) => {
      if (!valids[k]) return numberOf(planes, row)
      const number = numberOf(planes.slice(0, -1), row)
      if (planes.at(-1)[row] === 1n) return number
      // What is NULL is 0.
      if (gone === 0 || number !== 0) expect(number).toBe(0)
      return null
    })
    return { gone, part, order, value, other, results }
  })
}

type Seen = ReturnType<typeof read>[number]

/** Checks every row that counts against a plain loop over the rows of its partition. */
function check({ rows, byPart, byOrder, someGone, frame, by }: Case, seen: readonly Seen[]) {
  const members = rows.map(({ member }) => member).toSorted((a, b) => a - b)
  // Rows stay with their member.
  const text = (of: Omit<Row, 'member'>, member: number): string =>
    JSON.stringify([member, of.gone, of.part, of.order, of.value, of.other])
  expect(seen.map((row, k) => text(row, members[k]!)).toSorted()).toEqual(
    rows.map((row) => text(row, row.member)).toSorted(),
  )
  const most = Math.max(...members.map((member) => members.filter((one) => one === member).length))
  const natural = (values: readonly number[], least: number): number | null =>
    values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) - least
  for (const [k, row] of seen.entries()) {
    if (someGone && row.gone === 1) continue
    const partition = seen.filter(
      (one, i) =>
        members[i] === members[k] &&
        (!someGone || one.gone === 0) &&
        (!byPart || one.part === row.part),
    )
    const at = partition.indexOf(row)
    const orderOf = (one: Seen): number => (byOrder ? one.order : 0)
    expect(partition.map(orderOf)).toEqual(partition.map(orderOf).toSorted((a, b) => a - b))
    const peers = partition.filter((one) => orderOf(one) === orderOf(row))
    const before = partition.filter((one) => orderOf(one) < orderOf(row))
    const upTo = {
      rows: partition.slice(0, at + 1),
      peers: [...before, ...peers],
      partition,
    }[frame]
    const values = upTo.flatMap(({ value }) => (value === null ? [] : [value]))
    const others = upTo.map(({ other }) => other)
    const last = upTo.at(-1)
    const code = (value: number | null | undefined): number | null =>
      value === null || value === undefined ? null : value + OFFSET
    const sums = (least: bigint, of: bigint): number =>
      Number(rangeOfSums({ least, most: of }, most).least)
    expect(row.results).toEqual([
      at,
      before.length,
      new Set(before.map(orderOf)).size,
      code(partition[at - by]?.value),
      partition[at - by]?.other ?? null,
      code(partition[0]!.value),
      code(last.value),
      upTo.length,
      values.length,
      natural(values, sums(-4n, 3n)),
      natural(others, 0),
      natural(
        others.map((one) => one + 5),
        0,
      ),
      natural(
        others.map((one) => one - 3),
        sums(-3n, 4n),
      ),
      values.length === 0 ? null : code(Math.max(...values)),
      values.length === 0 ? null : code(Math.min(...values)),
      Math.min(...others),
    ])
  }
}

test('what a loop over partitions gives', () => {
  fc.assert(
    fc.property(cases, (one) => {
      const made = planOf(one, 3)
      const lanes = idealExecute(made.plan, made.params, made.columns, made.memberOfRow)
      check(one, read(lanes, one.rows.length, made))
    }),
    { numRuns: 150 },
  )
})

test.each([
  [3, 8],
  [5, 3],
  [7, 1],
] as const)('on shares, and what it sends is what it costs: %i parties', async (n, numRuns) => {
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      const made = planOf(one, n)
      const committee = await testCommittee(n)
      const lanes = await executeAll(
        committee,
        made.plan,
        made.params,
        made.columns,
        made.memberOfRow,
      )
      check(one, read(lanes, one.rows.length, made))
      const cost = schedule(made.plan, made.params)
      for (let to = 2; to <= n; to++) {
        expect(committee.network.sent(1, to)).toEqual(messagesBetween(cost, 1, to))
      }
    }),
    { numRuns },
  )
})

test('members of few rows are sorted by a network, a member of very many with all others', () => {
  const kindsFor = (members: readonly number[], network: PlanParams['network']) => {
    const rows = members.map((member, row) => ({
      member,
      gone: 0,
      part: 0,
      order: row % 4,
      value: null,
      other: 0,
    }))
    const one = { byPart: true, byOrder: true, someGone: true, frame: 'rows', by: 1 } as const
    const { plan } = planOf({ ...one, rows, network }, 3)
    return new Set(plan.operators.map(({ kind }) => kind))
  }
  const few = kindsFor(
    Array.from({ length: 400 }, (_, row) => Math.floor(row / 4)),
    'lan',
  )
  const many = kindsFor(
    Array.from({ length: 400 }, () => 0),
    'wan',
  )
  expect([few.has('member-sort'), few.has('sort')]).toEqual([true, false])
  expect([many.has('member-sort'), many.has('sort')]).toEqual([false, true])
})
