/**
 * Which rows of several datasets make the rows of a join on the member. Who has rows in which dataset is
 * public to the nodes, so this is local and costs nothing; planner, querier and auditor know sizes only, and
 * so nothing of a plan depends on it.
 *
 * All rows that a member has in an instance meet the same others, so a join of them is the join of one row each,
 * with every choice of rows: one set of instances for each set in which the member has any. A row of the join lies
 * in the block of lanes (join-lanes.ts) of the first instance that takes part in it, in the lane of that row and of
 * the other rows' places among those of the member, in the order of the table. Lanes that are no row are masked
 * (load-match), as WHERE masks. Blocks count members apart: a member has rows of the join in one block only, so
 * counting members of lanes counts members.
 *
 * Leaks: to the nodes, which pseudonym has how many rows in which dataset.
 */
import { ShareholdError } from '../shares/errors.ts'

import { countLanes, datasetsOf, instancesOf, laneBlocks, waysOf } from './join-lanes.ts'
import type { LaneBlock } from './join-lanes.ts'
import type { Join, PlanParams } from './plan.ts'

/** More make the table of who may be where too long: it has 2^instances entries. */
export const MAX_INSTANCES = 8

/** Where a lane has no row of an instance. */
export const NO_ROW = 0xffff_ffff

/** The instances that a join names, from left to right. */
export function instancesIn(join: Join): string[] {
  return join.kind === 'instance'
    ? [join.instance]
    : [...instancesIn(join.left), ...instancesIn(join.right)]
}

/**
 * The rows that one member has in a join of instances with at most one row a member, as sets of instances.
 *
 * @param names of the instances; instance i is bit i of a set
 * @param present the instances in which the member has a row
 */
export function rowsOfMember(join: Join, names: readonly string[], present: number): number[] {
  if (join.kind === 'instance') {
    const bit = 1 << names.indexOf(join.instance)
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

/** An instance, and the dataset that it is of. */
export interface NamedInstance {
  readonly instance: string
  readonly name: string
}

/** The sets of instances in which a member may have rows: of one dataset, all or none. */
export function presences(instances: readonly NamedInstance[]): number[] {
  const twins = instances.map(({ name }) =>
    instances.reduce((set, other, k) => (other.name === name ? set | (1 << k) : set), 0),
  )
  const isPossible = (present: number): boolean =>
    twins.every((set) => (present & set) === 0 || (present & set) === set)
  return [...Array(1 << instances.length).keys()].filter(isPossible)
}

/**
 * The row of the join of a member with one row each, by the set of instances that the member is in: a set of
 * instances, 0 for none; undefined if there is such a set with two rows.
 */
export function rowTable(
  join: Join,
  instances: readonly NamedInstance[],
): ReadonlyMap<number, number> | undefined {
  const names = instances.map(({ instance }) => instance)
  const table = new Map<number, number>()
  for (const present of presences(instances)) {
    const rows = rowsOfMember(join, names, present)
    if (rows.length > 1) return undefined
    table.set(present, rows[0] ?? 0)
  }
  return table
}

/** The instance in whose block a row of the join lies: the first one of the row. @param row not empty */
export function ownerOf(row: number): number {
  return 31 - Math.clz32(row & -row)
}

/** The instances that own rows of a join. */
export function ownersOf(table: ReadonlyMap<number, number>): ReadonlySet<number> {
  return new Set([...table.values()].filter((row) => row !== 0).map(ownerOf))
}

/** The lanes of a join. */
export interface JoinedRows {
  /** Member of each lane, from 0 on, all present. */
  readonly memberOfRow: Uint32Array
  /** 1 for each lane that is a row of the join. */
  readonly isRow: Uint8Array
  /** Of each instance: its row in each lane, NO_ROW where it takes no part. */
  readonly rowOfLane: readonly Uint32Array[]
}

/**
 * Joins rows.
 *
 * @param join over the instances of params (validatePlan)
 * @param memberOfRow of each dataset (datasetsOf): the member of each of its rows, by numbers that mean the same
 *   in all of them
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
  const members = memberOfRow.reduce(
    (most, list) => list.reduce((end, member) => Math.max(end, member + 1), most),
    0,
  )
  const lists = memberOfRow.map((list) => rowsByMember(list, members))
  const instances = instancesOf(params)
  const listOf = instances.map(({ name }) => lists[datasets.findIndex((one) => one.name === name)]!)
  const table = rowTable(join, instances)
  if (table === undefined) throw new RangeError('a member has two rows in the join')
  const rowOf = (member: number): number => {
    const present = listOf.reduce(
      (set, list, k) => (list.count(member) > 0 ? set | (1 << k) : set),
      0,
    )
    return table.get(present)!
  }
  const rowsOf = Uint32Array.from({ length: members }, (_, member) => rowOf(member))

  const blocks = laneBlocks(params)
  const lanes = countLanes(blocks)
  const joined: JoinedRows = {
    memberOfRow: new Uint32Array(lanes),
    isRow: new Uint8Array(lanes),
    rowOfLane: instances.map(() => new Uint32Array(lanes).fill(NO_ROW)),
  }
  let [lane, before] = [0, 0]
  for (const block of blocks) {
    const numbers = numbersOf(listOf[block.owner]!, members)
    lane = fillBlock(joined, block, { lane, before, numbers: numbers.of, rowsOf, listOf })
    before += numbers.count
  }
  if (lane !== lanes) throw wrong('The members have other numbers of rows than the version states.')
  return joined
}

interface Filling {
  readonly lane: number
  /** Members of the blocks before. */
  readonly before: number
  /** Of each member in this block. */
  readonly numbers: Uint32Array
  /** The row of the join that each member has. */
  readonly rowsOf: Uint32Array
  /** Of each instance. */
  readonly listOf: readonly RowsByMember[]
}

/** @returns the lane behind the block */
function fillBlock(
  { memberOfRow, isRow, rowOfLane }: JoinedRows,
  { owner, spread }: LaneBlock,
  { lane: first, before, numbers, rowsOf, listOf }: Filling,
): number {
  const { members } = listOf[owner]!
  const single = listOf.flatMap((_, k) =>
    k > owner && !spread.some(({ instance }) => instance === k) ? [k] : [],
  )
  const choice = spread.map(() => 0)
  let lane = first
  for (let row = 0; row < members.length; row++) {
    const member = members[row]!
    const own = listOf[owner]!.count(member)
    const joined = rowsOf[member]!
    const isOwn = joined !== 0 && ownerOf(joined) === owner
    for (const { instance, times } of spread) {
      if (listOf[instance]!.count(member) > (times ?? own)) throw wrong(TOO_MANY)
    }
    for (const instance of single) if (listOf[instance]!.count(member) > 1) throw wrong(TOO_MANY)
    choice.fill(0)
    for (let way = waysOf(spread, own); way > 0; way--, lane++) {
      memberOfRow[lane] = before + numbers[member]!
      // Where an instance takes no part, the first choice stands for that.
      const isHere =
        isOwn &&
        spread.every(({ instance }, k) =>
          (joined & (1 << instance)) === 0
            ? choice[k] === 0
            : choice[k]! < listOf[instance]!.count(member),
        )
      if (isHere) {
        isRow[lane] = 1
        rowOfLane[owner]![lane] = row
        for (const instance of single) {
          if ((joined & (1 << instance)) !== 0) {
            rowOfLane[instance]![lane] = listOf[instance]!.row(member, 0)
          }
        }
        spread.forEach(({ instance }, k) => {
          if ((joined & (1 << instance)) !== 0) {
            rowOfLane[instance]![lane] = listOf[instance]!.row(member, choice[k]!)
          }
        })
      }
      for (let k = spread.length - 1; k >= 0; k--) {
        choice[k]!++
        if (choice[k]! < (spread[k]!.times ?? own)) break
        choice[k] = 0
      }
    }
  }
  return lane
}

const TOO_MANY = 'A member has more rows in a dataset than its version states.'

/** The rows of a dataset by member. */
interface RowsByMember {
  /** Member of each row. */
  readonly members: Uint32Array
  count(member: number): number
  /** The member's nth row, from 0 on, in the order of the table. */
  row(member: number, nth: number): number
}

function rowsByMember(memberOfRow: Uint32Array, members: number): RowsByMember {
  const starts = new Uint32Array(members + 1)
  for (let row = 0; row < memberOfRow.length; row++) starts[memberOfRow[row]! + 1]!++
  for (let member = 0; member < members; member++) starts[member + 1]! += starts[member]!
  const next = starts.slice()
  const rows = new Uint32Array(memberOfRow.length)
  for (let row = 0; row < memberOfRow.length; row++) rows[next[memberOfRow[row]!]!++] = row
  return {
    members: memberOfRow,
    count: (member) => starts[member + 1]! - starts[member]!,
    row: (member, nth) => rows[starts[member]! + nth]!,
  }
}

/** The members with rows, counted from 0 on, in their order. */
function numbersOf(
  list: RowsByMember,
  members: number,
): { readonly of: Uint32Array; readonly count: number } {
  const of = new Uint32Array(members)
  let count = 0
  for (let member = 0; member < members; member++) if (list.count(member) > 0) of[member] = count++
  return { of, count }
}

function wrong(message: string): ShareholdError {
  return new ShareholdError('SH_PROTOCOL_COLUMN', message)
}
