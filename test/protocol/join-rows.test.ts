/** Rows of joins, by hand; and lists of members that are not those of the dataset versions. */
import { describe, expect, test } from 'vitest'

import { joinRows, NO_ROW } from '../../protocol/join-rows.ts'
import type { Join, PlanParams } from '../../protocol/plan.ts'

import { classesOf } from './run-plan.ts'

const X = NO_ROW
const [a, b] = ['a', 'b'].map((instance): Join => ({ kind: 'instance', instance }))
const left: Join = { kind: 'left', left: a!, right: b! }

function paramsOf(lists: readonly (readonly number[])[], lanes = false): PlanParams {
  const [dataset, ...joined] = lists.map((list, k) => ({
    name: 'abc'[k]!,
    version: 1,
    chunks: [list.length],
    rowsPerMember: classesOf(Uint32Array.from(list)),
  }))
  return {
    committee: { n: 3, t: 1 },
    security: 'passive',
    dataset: dataset!,
    joined: joined.map((one) => ({ ...one, lanes })),
    chunksInFlight: 1,
    network: 'lan',
  }
}

const lanesOf = (join: Join, params: PlanParams, lists: readonly (readonly number[])[]) => {
  const rows = joinRows(
    join,
    params,
    lists.map((list) => Uint32Array.from(list)),
  )
  return {
    members: [...rows.memberOfRow],
    isRow: [...rows.isRow],
    rows: rows.rowOfLane.map((list) => [...list]),
  }
}

test('a row without a partner is there once, a row with fewer than the most has masked lanes', () => {
  // Member 0 has rows 0 and 2 of a, and row 1 of b; member 1 row 1 of a, none of b; member 2 has rows 0 and 2 of b.
  const lists = [
    [0, 1, 0],
    [2, 0, 2],
  ]
  expect(lanesOf(left, paramsOf(lists), lists)).toEqual({
    members: [0, 0, 1, 1, 0, 0],
    isRow: [1, 0, 1, 0, 1, 0],
    rows: [
      [0, X, 1, X, 2, X],
      [1, X, X, X, 1, X],
    ],
  })
})

test('of a full join, who is missing in the first has lanes behind', () => {
  const lists = [[0], [2, 0, 2]]
  expect(lanesOf({ ...left, kind: 'full' }, paramsOf(lists, true), lists)).toEqual({
    members: [0, 0, 2, 1, 2],
    isRow: [1, 0, 1, 0, 1],
    rows: [
      [0, X, X, X, X],
      [1, X, 0, X, 2],
    ],
  })
})

test('a dataset with itself has as many lanes of a member as pairs of rows', () => {
  const lists = [[1, 0, 1]]
  const { dataset, ...params } = paramsOf(lists)
  const again = { ...dataset, instance: 'a 2', lanes: false }
  const second: Join = { kind: 'instance', instance: 'a 2' }
  const join: Join = { kind: 'inner', left: a!, right: second }
  expect(lanesOf(join, { ...params, dataset, joined: [again] }, lists)).toEqual({
    members: [1, 1, 0, 1, 1],
    isRow: [1, 1, 1, 1, 1],
    rows: [
      [0, 0, 1, 2, 2],
      [0, 2, 1, 0, 2],
    ],
  })
})

describe('lists that are not those of the versions are refused', () => {
  const stated = [
    [0, 1, 0],
    [2, 0, 2],
  ]
  const single = [
    [0, 1, 2],
    [0, 1, 2],
  ]
  test.each([
    ['a row too few', stated, [[0, 1], stated[1]!]],
    ['more rows of a member', stated, [stated[0]!, [0, 0, 0]]],
    ['a member with several rows where none has', single, [single[0]!, [0, 0, 1]]],
  ])('%s', (_what, versions, lists) => {
    expect(() => lanesOf(left, paramsOf(versions), lists)).toThrow(
      expect.objectContaining({ code: 'SH_PROTOCOL_COLUMN' }),
    )
  })

  test('other numbers of rows where a dataset is joined with itself', () => {
    const { dataset, ...params } = paramsOf([[0, 1, 0, 1]])
    const again = { ...dataset, instance: 'a 2', lanes: false }
    const second: Join = { kind: 'instance', instance: 'a 2' }
    const join: Join = { kind: 'inner', left: a!, right: second }
    expect(() => lanesOf(join, { ...params, dataset, joined: [again] }, [[0, 0, 0, 1]])).toThrow(
      expect.objectContaining({ code: 'SH_PROTOCOL_COLUMN' }),
    )
  })
})
