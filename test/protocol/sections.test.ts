/** A plan over a table that the plan has made: its rows, its members, and what is refused. */
import { expect, test } from 'vitest'

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
})
