/** A plan over a table that the plan has made: its rows, its members, and what is refused. */
import { expect, test } from 'vitest'

import { CircuitBuilder } from '../../protocol/circuit-builder.ts'
import { add } from '../../protocol/circuit-gadgets.ts'
import type { Circuit } from '../../protocol/circuit.ts'
import type { Operator, Ref, TableColumn } from '../../protocol/plan.ts'
import { sectionsOf, storedLoads, tableParams } from '../../protocol/sections.ts'
import { validatePlan } from '../../protocol/validate-plan.ts'

import { testCommittee } from './parties.ts'
import { executeAll, paramsFor } from './run-plan.ts'

const ref = (op: number, part = 0): Ref => ({ op, part })

/** 300 rows in chunks, members of one to six rows, not in order. */
const MEMBER_OF_ROW = Uint32Array.from({ length: 300 }, (_, row) => ((row * row + row) % 97) % 64)
const MEMBERS = [...new Set(MEMBER_OF_ROW)].toSorted((a, b) => a - b)
const DENSE = MEMBER_OF_ROW.map((member) => MEMBERS.indexOf(member))
const COLUMNS = {
  a: {
    codes: Array.from(DENSE, (_, row) => row % 8),
    values: Array.from(DENSE, (_, row) => row - 150),
  },
}
const PARAMS = paramsFor(3, [130, 128, 42], DENSE)

const LOADS: Operator[] = [
  { kind: 'load-bits', dataset: 'trips', column: 'a', planes: 3, validity: false },
  { kind: 'load-field', dataset: 'trips', column: 'a' },
]

function table(rows: 'members' | 'rows', columns: readonly TableColumn[], name = 't'): Operator {
  return { kind: 'table', name, rows, columns }
}

const refused = (...operators: Operator[]): void => {
  expect(() => validatePlan({ version: 1, operators }, PARAMS)).toThrow(
    expect.objectContaining({ code: 'SH_PLAN_INVALID' }),
  )
}

test('a row a member: sums over rows, counted and summed as members', async () => {
  const operators: Operator[] = [
    ...LOADS,
    { kind: 'member-sum', inputs: [ref(1)] },
    { kind: 'any-row', inputs: [ref(0, 2)] },
    table('members', [
      { name: 'high', planes: [ref(3)] },
      { name: 'sum', planes: [], field: ref(2) },
    ]),
    { kind: 'load-bits', dataset: 't', column: 'high', planes: 1, validity: false },
    { kind: 'load-field', dataset: 't', column: 'sum' },
    { kind: 'bit-to-field', inputs: [ref(5)] },
    {
      kind: 'dot',
      pairs: [
        [ref(6), ref(6)],
        [ref(6), ref(7)],
      ],
    },
    { kind: 'any-row', inputs: [ref(5)] },
    { kind: 'count', inputs: [ref(9)], addingRounds: 0 },
    { kind: 'output', inputs: [ref(8), ref(10)] },
  ]
  const plan = { version: 1, operators } as const
  const lanes = await executeAll(await testCommittee(3), plan, PARAMS, COLUMNS, DENSE)
  const sums = MEMBERS.map((_, member) =>
    [...DENSE].reduce((sum, of, row) => (of === member ? sum + row - 150 : sum), 0),
  )
  const high = MEMBERS.map((_, member) => DENSE.some((of, row) => of === member && row % 8 >= 4))
  const total = (of: readonly number[]): number => of.reduce((sum, value) => sum + value, 0)
  const p = 2n ** 61n - 1n
  expect(lanes).toEqual([
    BigInt(total(sums.map((sum) => sum * sum))),
    (BigInt(total(sums.filter((_, member) => high[member]!))) + p) % p,
    BigInt(high.filter((one) => one).length),
  ])
  expect(storedLoads(plan)).toEqual(LOADS)
  expect(sectionsOf(plan, PARAMS).map(({ from, to }) => [from, to])).toEqual([
    [0, 5],
    [5, 12],
  ])
})

/** Of two numbers of `width` planes: their sum, a plane longer. */
function adder(width: number): Circuit {
  const b = new CircuitBuilder()
  return b.build(add(b, b.inputs(width), b.inputs(width)))
}

/** The planes 0..count-1 of an operator's value. */
const parts = (op: number, count: number): Ref[] =>
  Array.from({ length: count }, (_, part) => ref(op, part))

test.each([3, 5])('rows of each member, counted and added up in binary (%i parties)', async (n) => {
  // Members have up to 13 rows: four levels.
  const columns = [
    { name: 'high', planes: parts(1, 5) },
    { name: 'sum', planes: parts(2, 7) },
    { name: 'rows', planes: parts(3, 4) },
  ]
  const loads = columns.map(({ name, planes }): Operator => {
    return { kind: 'load-bits', dataset: 't', column: name, planes: planes.length, validity: false }
  })
  const operators: Operator[] = [
    LOADS[0]!,
    { kind: 'member-reduce', inputs: [ref(0, 2)], circuits: [1, 2, 3, 4].map(adder) },
    { kind: 'member-reduce', inputs: parts(0, 3), circuits: [3, 4, 5, 6].map(adder) },
    { kind: 'member-rows' },
    table('members', columns),
    ...loads,
    { kind: 'sort', inputs: [...parts(5, 5), ...parts(6, 7), ...parts(7, 4)], key: 5, digit: 4 },
    { kind: 'bit-to-field', inputs: parts(8, 16) },
    { kind: 'output', inputs: parts(9, 16) },
  ]
  const params = paramsFor(n, [130, 128, 42], DENSE)
  const plan = { version: 1, operators } as const
  const lanes = await executeAll(await testCommittee(n), plan, params, COLUMNS, DENSE)
  const spelt = (first: number, width: number, member: number): number =>
    Array.from({ length: width }, (_, k) => Number(lanes[(first + k) * MEMBERS.length + member]))
      .map((digit, k) => digit * 2 ** k)
      .reduce((sum, digit) => sum + digit, 0)
  const found = MEMBERS.map((_, k) => [spelt(0, 5, k), spelt(5, 7, k), spelt(12, 4, k)])
  const expected = MEMBERS.map((_, member) => {
    const codes = [...DENSE.keys()].filter((row) => DENSE[row] === member).map((row) => row % 8)
    return [
      codes.filter((code) => code >= 4).length,
      codes.reduce((sum, code) => sum + code, 0),
      codes.length,
    ]
  })
  expect(found).toEqual(expected.toSorted(([a], [b]) => a! - b!))
  expect(new Set(expected.map(([, , rows]) => rows)).size).toBeGreaterThan(3)
})

test('the parameters of a table follow from its rows', () => {
  expect(tableParams({ name: 't', rows: 'rows' }, PARAMS).dataset).toEqual({
    name: 't',
    version: 1,
    chunks: [300],
    rowsPerMember: PARAMS.dataset.rowsPerMember,
  })
  const many = {
    ...PARAMS,
    dataset: { ...PARAMS.dataset, chunks: [], rowsPerMember: [[2, 70_000]] as const },
  }
  expect(tableParams({ name: 't', rows: 'members' }, many).dataset).toEqual({
    name: 't',
    version: 1,
    chunks: [65_536, 4464],
    rowsPerMember: [[1, 70_000]],
  })
  expect(tableParams({ name: 't', rows: 'rows' }, many).dataset.chunks).toEqual([
    65_536, 65_536, 8928,
  ])
})

test('what does not fit is refused', () => {
  const sums: Operator = { kind: 'member-sum', inputs: [ref(1)] }
  const rest: Operator[] = [
    { kind: 'load-field', dataset: 't', column: 'sum' },
    { kind: 'total', inputs: [ref(4)] },
    { kind: 'output', inputs: [ref(5)] },
  ]
  const sum: TableColumn = { name: 'sum', planes: [], field: ref(2) }
  expect(() =>
    validatePlan(
      { version: 1, operators: [...LOADS, sums, table('members', [sum]), ...rest] },
      PARAMS,
    ),
  ).not.toThrow()
  // Lanes of members are no rows, and rows in batches none either.
  refused(...LOADS, sums, table('rows', [sum]), ...rest)
  refused(...LOADS, sums, table('members', [{ ...sum, field: ref(1) }]), ...rest)
  refused(...LOADS, sums, table('members', [{ ...sum, planes: [ref(2)] }]), ...rest)
  // Names.
  refused(...LOADS, sums, table('members', [sum], 'trips'), ...rest)
  refused(...LOADS, sums, table('members', [sum, sum]), ...rest)
  refused(...LOADS, sums, table('members', [{ ...sum, name: 'other' }]), ...rest)
  // What is before the table is over; stored columns too.
  refused(
    ...LOADS,
    sums,
    table('members', [sum]),
    rest[0]!,
    { kind: 'total', inputs: [ref(2)] },
    rest[2]!,
  )
  refused(...LOADS, sums, table('members', [sum]), LOADS[1]!, ...rest.slice(1))
  // An encoding that it lacks; a table at the end.
  refused(
    ...LOADS,
    sums,
    table('members', [sum]),
    { kind: 'load-bits', dataset: 't', column: 'sum', planes: 1, validity: false },
    { kind: 'bit-to-field', inputs: [ref(4)] },
    { kind: 'total', inputs: [ref(5)] },
    { kind: 'output', inputs: [ref(6)] },
  )
  refused(...LOADS, sums, table('members', [sum]))
  // Reductions of too few levels, and of circuits that do not fit.
  refused(LOADS[0]!, { kind: 'member-reduce', inputs: [ref(0)], circuits: [1, 2, 3].map(adder) })
  refused(LOADS[0]!, { kind: 'member-reduce', inputs: [ref(0)], circuits: [1, 2, 2, 4].map(adder) })
})
