/** Random joins of a table with datasets that have one row a member, by hand-made member numbers. */
import { laneDatasetOf, rowTable } from '../../protocol/join-rows.ts'
import type { Join, JoinedParams, PlanParams } from '../../protocol/plan.ts'

import type { PlainColumn, PlainJoined } from './ideal.ts'
import { classesOf } from './run-plan.ts'

type Below = (limit: number) => number

/**
 * Joins one or two more datasets to a table, of which some members, but not all, have rows in each.
 *
 * @param params of the table alone
 * @param columnOf rows to a random column
 */
export function randomJoin(
  below: Below,
  params: PlanParams,
  columns: Readonly<Record<string, PlainColumn>>,
  memberOfRow: Uint32Array,
  columnOf: (rows: number) => PlainColumn,
): { readonly join: Join; readonly params: PlanParams; readonly joined: PlainJoined } {
  const members = memberOfRow.reduce((most, member) => Math.max(most, member + 1), 0)
  const names = [params.dataset.name, 'people', 'cars'].slice(0, 2 + below(2))
  const lists = names.slice(1).map(() => {
    // Also members whom the table lacks.
    const all = Array.from({ length: members + 5 }, (_, member) => member)
    const chosen = all.filter(() => below(3) > 0)
    for (let k = chosen.length - 1; k > 0; k--) {
      const other = below(k + 1)
      const swapped = chosen[k]!
      chosen[k] = chosen[other]!
      chosen[other] = swapped
    }
    return Uint32Array.from(chosen)
  })
  const join = randomTree(below, names)
  const table = rowTable(join, names)
  if (table === undefined) return randomJoin(below, params, columns, memberOfRow, columnOf)
  const owners = new Set(table.filter((row) => row !== 0).map(laneDatasetOf))
  const joined = lists.map((list, k): JoinedParams => ({
    name: names[k + 1]!,
    version: 1,
    chunks: chunksOf(below, list.length),
    rowsPerMember: classesOf(list),
    // More lanes than needed do no harm.
    lanes: owners.has(k + 1) || below(4) === 0,
  }))
  return {
    join,
    params: { ...params, joined },
    joined: {
      columns: Object.fromEntries(
        names.map((name, k) => [
          name,
          k === 0
            ? columns
            : { a: columnOf(lists[k - 1]!.length), b: columnOf(lists[k - 1]!.length) },
        ]),
      ),
      memberOfRow: [memberOfRow, ...lists],
    },
  }
}

function randomTree(below: Below, names: readonly string[]): Join {
  let order = [...names]
  if (below(2) === 0) order = order.toReversed()
  let join: Join = { kind: 'dataset', dataset: order[0]! }
  for (const [k, dataset] of order.slice(1).entries()) {
    const kind = (['inner', 'left', 'right', 'full'] as const)[below(4)]!
    const on = below(2) === 0 ? { on: [order[below(k + 1)]!, dataset] as const } : {}
    join = { kind, left: join, right: { kind: 'dataset', dataset }, ...on }
  }
  return join
}

function chunksOf(below: Below, rows: number): number[] {
  if (rows < 2 || below(2) === 0) return rows === 0 ? [] : [rows]
  const first = 1 + below(rows - 1)
  return [first, rows - first]
}
