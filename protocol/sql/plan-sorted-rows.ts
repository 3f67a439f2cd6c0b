/**
 * Rows sorted by group, with one public row for each group behind its own: what grouping by sort begins with
 * (plan-sorted.ts).
 */
import { CircuitBuilder, FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import type { Piece, PlanParams, Ref } from '../plan.ts'
import { enumerationPlanes, planesBelow } from '../public-planes.ts'
import { membersOf, rowsOf } from '../validate-plan.ts'

import type { BoundQuery } from './bound.ts'
import type { Demand } from './demand.ts'
import { countGroups } from './groups.ts'
import { hasSingleRows } from './plan-planes.ts'
import { lookup, nowhere, writeRowCircuit } from './plan-rows.ts'
import type { RowPlan } from './plan-rows.ts'
import type { PlanWriter } from './plan-writer.ts'
import { sortTuning } from './sort-tuning.ts'
import { keySizes } from './sorted-groups.ts'

/** The rows and one public row a group, sorted by group. */
export interface Sorted {
  readonly lanes: number
  readonly groups: number
  /** 1 in the public rows: the last of each group. */
  readonly end: Ref
  /** 1 in the others. */
  readonly row: Ref
  /** Of a plane over the rows that the demand names; 0 in public rows. */
  readonly plane: (wire: Wire) => Ref
  /** A plane over the rows before they were sorted: of those, and of the bits that sums are made of. */
  readonly rowPlane: (wire: Wire) => Ref
  /** Number of the row's member, lowest plane first; empty if every member has one row. */
  readonly member: readonly Ref[]
  /** Which lane of the unsorted rows it was. */
  readonly order: readonly Ref[]
}

export function writeSortedRows(
  query: BoundQuery,
  params: PlanParams,
  rowPlan: RowPlan,
  writer: PlanWriter,
): Sorted {
  const { demand, key } = rowPlan
  if (key === undefined) throw new RangeError('rows without a key')
  const [rows, groups] = [rowsOf(params), Number(countGroups(query.keys))]
  const lanes = rows + groups
  const wires = planesToSort(demand)
  const planes = [...new Set([...key, ...wires, ...withoutConstants(demand.bits)])]
  const rowPlane = writeRowCircuit(query, rowPlan, planes, writer)

  const code = writer.add(
    { kind: 'enumerate', sizes: keySizes(query.keys) },
    'a public row for each group: its key',
  )
  const codePlanes = enumerationPlanes(keySizes(query.keys))
  if (codePlanes !== key.length) throw new RangeError('keys of different lengths')
  const single = hasSingleRows(params)
  const width = single ? 0 : planesBelow(membersOf(params) + 1)
  const member = single
    ? nowhere
    : writer.add({ kind: 'member-number' }, 'who has each row, as the nodes know it')
  const order = writer.add({ kind: 'enumerate', sizes: [lanes] }, 'numbers of the rows')
  const known = (value: number): Piece => ({ lanes: groups, value: String(value) })
  const parts: (readonly Piece[])[] = [
    ...key.map((wire, k) => [rowPlane(wire), code(k)]),
    [{ lanes: rows, value: '0' }, known(1)],
    // Public rows are nobody's: their member is one beyond the last.
    ...Array.from({ length: width }, (_, k) => [member(k), known((membersOf(params) >> k) & 1)]),
    ...wires.map((wire) => [rowPlane(wire), known(0)]),
  ]
  const together = writer.add(
    { kind: 'append', parts },
    'rows in the order of their members, and one for each group',
  )
  const orderPlanes = planesBelow(lanes)
  const inputs = [
    ...parts.map((_, k) => together(k)),
    ...Array.from({ length: orderPlanes }, (_, k) => order(k)),
  ]
  const digit = sortTuning(params, lanes, inputs.length, key.length)
  const sorted = writer.add(
    { kind: 'sort', inputs, key: key.length, digit },
    'rows by group, those of a member together',
  )
  const end = sorted(key.length)
  const row = writer.add({ kind: 'circuit', inputs: [end], circuit: NOT }, 'whether it is a row')(0)
  const firstWire = key.length + 1 + width
  const plane = lookup(wires, (part) => sorted(firstWire + part))
  return {
    lanes,
    groups,
    end,
    row,
    plane: (wire) => (wire === TRUE ? row : plane(wire)),
    rowPlane,
    member: Array.from({ length: width }, (_, k) => sorted(key.length + 1 + k)),
    order: Array.from({ length: orderPlanes }, (_, k) => sorted(firstWire + wires.length + k)),
  }
}

/** Planes that take part in the sort: rows that count for something. */
function planesToSort({ cohorts, values }: Demand): Wire[] {
  const ofValues = values
    .filter(({ plane }) => plane !== FALSE)
    .map((value) =>
      value.kind === 'sum' ? value.summed : value.kind === 'any' ? value.tested : value.plane,
    )
  return withoutConstants([...new Set([...cohorts.map(({ plane }) => plane), ...ofValues])])
}

function withoutConstants(wires: readonly Wire[]): Wire[] {
  return wires.filter((wire) => wire !== TRUE && wire !== FALSE)
}

const NOT = ((): ReturnType<CircuitBuilder['build']> => {
  const builder = new CircuitBuilder()
  return builder.build([builder.not(builder.input())])
})()
