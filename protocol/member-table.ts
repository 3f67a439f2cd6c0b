/**
 * The members of a dataset version: the parts' lists of runs joined. Public to all nodes of a job, as the
 * lists are (members.ts).
 *
 * Cost: each list is ascending, so they are merged, two at a time: members x log2(parts) comparisons.
 */
import { compareMembers, type MemberList } from './members.ts'

const MOST_OF_FEW = 1024

/** [rows, members] pairs, ascending by rows. */
export type RowsPerMember = readonly (readonly [number, number])[]

/** The rows of all parts, in table order, joined with the members of their union. */
export interface MemberTable {
  /** memberOfRow[r]: index of row r's member among all members in ascending order. */
  readonly memberOfRow: Uint32Array
  readonly members: number
  /** planParams.dataset.rowsPerMember. */
  readonly rowsPerMember: RowsPerMember
}

/** Joins the parts of a dataset version (in the order of the version note). */
export function joinMembers(parts: readonly MemberList[]): MemberTable {
  const [only, ...more] = parts
  if (only !== undefined && more.length === 0) return tableOf(only)
  const union = unite(parts, 0, parts.length)
  const memberOfRow = new Uint32Array(parts.reduce((sum, { totalRows }) => sum + totalRows, 0))
  let row = 0
  parts.forEach(({ rows }, part) => {
    const indices = union.indices[part]!
    for (let run = 0; run < rows.length; run++) {
      const member = indices[run]!
      for (let k = rows[run]!; k > 0; k--) memberOfRow[row++] = member
    }
  })
  const members = union.run.length
  return { memberOfRow, members, rowsPerMember: histogram(parts, union) }
}

/** The table of one part, which takes no more memory than it has to: most datasets have few parts. */
function tableOf({ rows, totalRows }: MemberList): MemberTable {
  const memberOfRow = new Uint32Array(totalRows)
  let row = 0
  for (let run = 0; run < rows.length; run++) {
    for (let k = rows[run]!; k > 0; k--) memberOfRow[row++] = run
  }
  return { memberOfRow, members: rows.length, rowsPerMember: countTotals(rows) }
}

/** The histogram alone, of the union of the parts. */
export function rowsPerMemberOf(parts: readonly MemberList[]): RowsPerMember {
  const [only, ...more] = parts
  if (only !== undefined && more.length === 0) return countTotals(only.rows)
  return histogram(parts, unite(parts, 0, parts.length))
}

/** The members of some parts. */
interface Union {
  /** A part and a run in it that names the member, for each member, ascending. */
  readonly part: Uint32Array
  readonly run: Uint32Array
  /** Of each of the parts: the member of each of its runs. */
  readonly indices: readonly Uint32Array[]
}

/** Unites parts[from..to-1]. Of one part the members are its runs. */
function unite(parts: readonly MemberList[], from: number, to: number): Union {
  if (to - from <= 1) {
    const runs = new Uint32Array(parts[from]?.rows.length ?? 0)
    for (let run = 0; run < runs.length; run++) runs[run] = run
    return { part: new Uint32Array(runs.length).fill(from), run: runs, indices: [runs] }
  }
  const half = (from + to) >> 1
  const [left, right] = [unite(parts, from, half), unite(parts, half, to)]
  const most = left.run.length + right.run.length
  const [part, run] = [new Uint32Array(most), new Uint32Array(most)]
  const toLeft = new Uint32Array(left.run.length)
  const toRight = new Uint32Array(right.run.length)
  let members = 0
  for (let i = 0, j = 0; i < toLeft.length || j < toRight.length; members++) {
    const order =
      i === toLeft.length
        ? 1
        : j === toRight.length
          ? -1
          : compareMembers(
              parts[left.part[i]!]!,
              left.run[i]!,
              parts[right.part[j]!]!,
              right.run[j]!,
            )
    part[members] = order <= 0 ? left.part[i]! : right.part[j]!
    run[members] = order <= 0 ? left.run[i]! : right.run[j]!
    if (order <= 0) toLeft[i++] = members
    if (order >= 0) toRight[j++] = members
  }
  return {
    part: part.subarray(0, members),
    run: run.subarray(0, members),
    indices: [
      ...left.indices.map((index) => index.map((member) => toLeft[member]!)),
      ...right.indices.map((index) => index.map((member) => toRight[member]!)),
    ],
  }
}

function histogram(parts: readonly MemberList[], { run, indices }: Union): RowsPerMember {
  const totals = new Float64Array(run.length)
  parts.forEach(({ rows }, part) => {
    const index = indices[part]!
    for (let i = 0; i < rows.length; i++) totals[index[i]!]! += rows[i]!
  })
  return countTotals(totals)
}

/** How many members have how many rows. */
function countTotals(totals: Float64Array | Uint32Array): RowsPerMember {
  // Nearly all members have few rows: counted in an array instead of by sorting all totals.
  const few = new Uint32Array(MOST_OF_FEW)
  const many = new Map<number, number>()
  for (let i = 0; i < totals.length; i++) {
    const total = totals[i]!
    if (total < MOST_OF_FEW) few[total]!++
    else many.set(total, (many.get(total) ?? 0) + 1)
  }
  return [
    ...[...few]
      .map((members, total) => [total, members] as const)
      .filter(([, members]) => members > 0),
    ...[...many].toSorted((a, b) => a[0] - b[0]),
  ]
}
