/** Random joins of a table with others that have no, one or several rows a member, and with itself. */
import { countLanes, datasetsOf, laneBlocks } from '../../protocol/join-lanes.ts'
import type { Instance } from '../../protocol/join-lanes.ts'
import { ownersOf, rowTable } from '../../protocol/join-rows.ts'
import type { Join, PlanParams } from '../../protocol/plan.ts'

import type { PlainColumn, PlainJoined } from './ideal.ts'
import { classesOf } from './run-plan.ts'

/** More would take the ideal machine long. */
const MOST_LANES = 8_000

type Below = (limit: number) => number

/** A join, and whatever it is about. */
export interface RandomJoin {
  readonly join: Join
  readonly params: PlanParams
  readonly joined: PlainJoined
}

/**
 * Joins a table with `people`, of whom some, but not all, are its members, and perhaps with more.
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
): RandomJoin {
  const members = memberOfRow.reduce((most, member) => Math.max(most, member + 1), 0)
  const table: Instance = { ...params.dataset, instance: params.dataset.name }
  const lists = new Map([[table.name, memberOfRow]])
  const stored = new Map([[table.name, columns]])
  const other = (name: string): Instance => {
    const list = randomMembers(below, members)
    lists.set(name, list)
    stored.set(name, { a: columnOf(list.length), b: columnOf(list.length) })
    const rowsPerMember = classesOf(list)
    return {
      name,
      instance: name,
      version: 1,
      chunks: chunksOf(below, list.length),
      rowsPerMember,
    }
  }
  const instances = [table, other('people')]
  if (below(3) === 0) instances.push(other('cars'))
  if (below(3) === 0) {
    const twin = instances[below(instances.length)]!
    instances.push({ ...twin, instance: `${twin.name} 2` })
  }
  const join = randomTree(
    below,
    shuffled(below, instances).map(({ instance }) => instance),
  )
  const order = shuffled(below, instances)
  const found = rowTable(join, order)
  const again = (): RandomJoin => randomJoin(below, params, columns, memberOfRow, columnOf)
  if (found === undefined) return again()
  const owners = ownersOf(found)
  const [dataset, ...others] = order.map(named)
  const joined = others.map((one, k) => ({
    ...one,
    // More lanes than needed do no harm.
    lanes: owners.has(k + 1) || below(4) === 0,
  }))
  const arranged = { dataset: dataset!, joined }
  if (countLanes(laneBlocks(arranged)) > MOST_LANES) return again()
  return {
    join,
    params: { ...params, ...arranged },
    joined: {
      columns: Object.fromEntries(stored),
      memberOfRow: datasetsOf(arranged).map(({ name }) => lists.get(name)!),
    },
  }
}

/** As planParams have it. */
function named({ instance, name, ...sizes }: Instance): Omit<Instance, 'instance'> & {
  readonly instance?: string
} {
  return instance === name ? { name, ...sizes } : { name, instance, ...sizes }
}

/** A member for each row: some of the table's, and others, with one row each or up to three. */
function randomMembers(below: Below, members: number): Uint32Array {
  const most = below(2) === 0 ? 1 : 3
  const all = Array.from({ length: members + 5 }, (_, member) => member)
  const chosen = all
    .filter(() => below(3) > 0)
    .flatMap((member) => Array.from({ length: 1 + below(most) }, () => member))
  return Uint32Array.from(shuffled(below, chosen))
}

function shuffled<T>(below: Below, list: readonly T[]): T[] {
  const order = [...list]
  for (let k = order.length - 1; k > 0; k--) {
    const other = below(k + 1)
    const swapped = order[k]!
    order[k] = order[other]!
    order[other] = swapped
  }
  return order
}

function randomTree(below: Below, order: readonly string[]): Join {
  let join: Join = { kind: 'instance', instance: order[0]! }
  for (const [k, instance] of order.slice(1).entries()) {
    const kind = (['inner', 'left', 'right', 'full'] as const)[below(4)]!
    const on = below(2) === 0 ? { on: [order[below(k + 1)]!, instance] as const } : {}
    join = { kind, left: join, right: { kind: 'instance', instance }, ...on }
  }
  return join
}

function chunksOf(below: Below, rows: number): number[] {
  if (rows < 2 || below(2) === 0) return rows === 0 ? [] : [rows]
  const first = 1 + below(rows - 1)
  return [first, rows - first]
}
