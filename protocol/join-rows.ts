/**
 * Which rows of several datasets make the rows of a join on the member. Who has rows in which dataset is
 * public to the nodes, so this is local and costs nothing; planner, querier and auditor know sizes only, and
 * so nothing of a plan depends on it.
 *
 * Lanes are all rows of the first dataset, the only one that may have several rows of a member, and behind
 * them all rows of those joined datasets that are marked as `lanes`: of a member without rows in the first
 * one, an outer join may leave a row. A row of the join lies in the lane of the first dataset that takes part
 * in it; lanes that are no row are masked (load-match), as WHERE masks. The lanes of each dataset belong to
 * members of their own: a member has rows of the join in the lanes of one dataset only, so counting members
 * of lanes counts members.
 *
 * Leaks: to the nodes, which pseudonym has rows in which dataset.
 */
import { ShareholdError } from '../shares/errors.ts'

import { datasetsOf } from './layout.ts'
import type { Join, PlanParams } from './plan.ts'

/** More make the table of who may be where too long: it has 2^datasets entries. */
export const MAX_DATASETS = 8

/** Where a lane has no row of a dataset. */
export const NO_ROW = 0xffff_ffff

/** The datasets that a join names, from left to right. */
export function datasetsIn(join: Join): string[] {
  return join.kind === 'dataset'
    ? [join.dataset]
    : [...datasetsIn(join.left), ...datasetsIn(join.right)]
}

/**
 * The rows that one member has in a join of datasets with at most one row a member, as sets of datasets.
 *
 * @param names of the datasets; dataset i is bit i of a set
 * @param present the datasets in which the member has a row
 */
export function rowsOfMember(join: Join, names: readonly string[], present: number): number[] {
  if (join.kind === 'dataset') {
    const bit = 1 << names.indexOf(join.dataset)
    return (present & bit) === 0 ? [] : [bit]
  }
  const left = rowsOfMember(join.left, names, present)
  const right = rowsOfMember(join.right, names, present)
  const bits = join.on?.map((name) => 1 << names.indexOf(name))
  const meets = (row: number, other: number): boolean =>
    bits === undefined || ((row & bits[0]!) !== 0 && (other & bits[1]!) !== 0)
  const matched = left.flatMap((row) =>
    right.flatMap((other) => (meets(row, other) ? [row | other] : [])),
  )
  const lonely = (rows: readonly number[], others: readonly number[], side: 0 | 1): number[] =>
    rows.filter(
      (row) => !others.some((other) => (side === 0 ? meets(row, other) : meets(other, row))),
    )
  const keepsLeft = join.kind === 'left' || join.kind === 'full'
  const keepsRight = join.kind === 'right' || join.kind === 'full'
  return [
    ...matched,
    ...(keepsLeft ? lonely(left, right, 0) : []),
    ...(keepsRight ? lonely(right, left, 1) : []),
  ]
}

/**
 * The row of the join of a member, by the set of datasets that the member is in: a set of datasets, 0 for
 * none; undefined if there is such a set with two rows.
 */
export function rowTable(join: Join, names: readonly string[]): number[] | undefined {
  const table: number[] = []
  for (let present = 0; present < 1 << names.length; present++) {
    const rows = rowsOfMember(join, names, present)
    if (rows.length > 1) return undefined
    table.push(rows[0] ?? 0)
  }
  return table
}

/** The dataset in whose lane a row of the join lies: the first one of the row. @param row not empty */
export function laneDatasetOf(row: number): number {
  return 31 - Math.clz32(row & -row)
}

/** The lanes of a join. */
export interface JoinedRows {
  /** Member of each lane, from 0 on, all present. */
  readonly memberOfRow: Uint32Array
  /** 1 for each lane that is a row of the join. */
  readonly isRow: Uint8Array
  /** Of each dataset: its row in each lane, NO_ROW where it takes no part. */
  readonly rowOfLane: readonly Uint32Array[]
}

/**
 * Joins rows.
 *
 * @param join over the datasets of params (validatePlan)
 * @param memberOfRow of each dataset, first the one whose rows are lanes: the member of each of its rows, by
 *   numbers that mean the same in all of them
 * @throws ShareholdError SH_PROTOCOL_COLUMN if the lists are not those of the params
 */
export function joinRows(
  join: Join,
  params: PlanParams,
  memberOfRow: readonly Uint32Array[],
): JoinedRows {
  const datasets = datasetsOf(params)
  const sizes = datasets.map(({ chunks }) => chunks.reduce((sum, rows) => sum + rows, 0))
  if (sizes.join() !== memberOfRow.map(({ length }) => length).join()) {
    throw wrong('The lists of members have not one entry per row.')
  }
  const names = datasets.map(({ name }) => name)
  const table = rowTable(join, names)
  if (table === undefined) throw new RangeError('a member has two rows in the join')
  const members = memberOfRow.reduce(
    (most, list) => list.reduce((end, member) => Math.max(end, member + 1), most),
    0,
  )
  const present = new Uint8Array(members)
  memberOfRow.forEach((list, dataset) => {
    for (let row = 0; row < list.length; row++) present[list[row]!]! |= 1 << dataset
  })
  const rowOfMember = memberOfRow.map((list, dataset) =>
    dataset === 0 ? undefined : singleRows(list, members),
  )

  const owners = [0, ...(params.joined ?? []).flatMap(({ lanes }, k) => (lanes ? [k + 1] : []))]
  const lanes = owners.reduce((sum, owner) => sum + sizes[owner]!, 0)
  const isRow = new Uint8Array(lanes)
  const memberOfLane = new Uint32Array(lanes)
  const rowOfLane = datasets.map(() => new Uint32Array(lanes).fill(NO_ROW))
  let lane = 0
  let before = 0
  for (const owner of owners) {
    const list = memberOfRow[owner]!
    const numbers = numbersOf(list, members)
    for (let row = 0; row < list.length; row++, lane++) {
      const member = list[row]!
      memberOfLane[lane] = before + numbers.of[member]!
      const joined = table[present[member]!]!
      if (joined === 0 || laneDatasetOf(joined) !== owner) continue
      isRow[lane] = 1
      for (let dataset = owner; dataset < datasets.length; dataset++) {
        if ((joined & (1 << dataset)) === 0) continue
        rowOfLane[dataset]![lane] = dataset === owner ? row : rowOfMember[dataset]![member]!
      }
    }
    before += numbers.count
  }
  return { memberOfRow: memberOfLane, isRow, rowOfLane }
}

/** The row of each member. @throws ShareholdError SH_PROTOCOL_COLUMN if one has two */
function singleRows(memberOfRow: Uint32Array, members: number): Uint32Array {
  const rows = new Uint32Array(members).fill(NO_ROW)
  for (let row = 0; row < memberOfRow.length; row++) {
    const member = memberOfRow[row]!
    if (rows[member] !== NO_ROW) throw wrong('A member has several rows in a joined dataset.')
    rows[member] = row
  }
  return rows
}

/** The members of a list counted from 0 on, in their order. */
function numbersOf(
  memberOfRow: Uint32Array,
  members: number,
): { readonly of: Uint32Array; readonly count: number } {
  const isHere = new Uint8Array(members)
  for (let row = 0; row < memberOfRow.length; row++) isHere[memberOfRow[row]!] = 1
  const of = new Uint32Array(members)
  let count = 0
  for (let member = 0; member < members; member++) if (isHere[member] === 1) of[member] = count++
  return { of, count }
}

function wrong(message: string): ShareholdError {
  return new ShareholdError('SH_PROTOCOL_COLUMN', message)
}
