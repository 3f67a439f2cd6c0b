/**
 * Whose rows are the lanes of a join: those of the one dataset that may have several rows of a member, and
 * behind them those of others for the members that it lacks. A function of the statement and of public sizes,
 * so querier, coordinator and nodes agree on it.
 */
import type { ShareholdError } from '../../shares/errors.ts'
import type { Schema } from '../../shares/schema.ts'
import { datasetsIn, laneDatasetOf, rowTable } from '../join-rows.ts'
import type { DatasetParams, Join, PlanParams } from '../plan.ts'

import { namedDatasets, parseFrom } from './dataset.ts'
import type { From, NamedDataset } from './dataset.ts'
import { bindJoin } from './join.ts'
import { loadParser, parseSelect } from './parse.ts'
import { sqlError } from './source.ts'
import type { Source } from './source.ts'

/** What planParams say about datasets. */
export type ArrangedDatasets = Pick<PlanParams, 'dataset' | 'joined' | 'beside'>

/**
 * The datasets of a statement in the order in which a plan takes them.
 *
 * @param datasets of the statement, in any order
 * @throws ShareholdError SH_SQL_*, SH_PLAN_JOIN
 */
export async function arrangeDatasets(
  sql: string,
  schemas: readonly Schema[],
  datasets: readonly DatasetParams[],
): Promise<ArrangedDatasets> {
  const [only, ...more] = datasets
  if (only !== undefined && more.length === 0) return { dataset: only }
  await loadParser()
  const parsed = parseSelect(sql)
  const from = parseFrom(parsed)
  const byName = new Map(schemas.map((schema) => [schema.dataset, schema]))
  const { join } = bindJoin(parsed.source, from, byName)
  return arrange(parsed.source, from, join, datasets)
}

/** @throws ShareholdError SH_PLAN_JOIN */
export function arrange(
  source: Source,
  from: From,
  join: Join,
  datasets: readonly DatasetParams[],
): ArrangedDatasets {
  // In the order of FROM.
  const sizes = datasetsIn(join).map((name) => {
    const found = datasets.find((dataset) => dataset.name === name)
    if (found === undefined) throw new RangeError(`no sizes of dataset ${name}`)
    return found
  })
  const several = sizes.filter((one) => (one.rowsPerMember.at(-1)?.[0] ?? 0) > 1)
  const [lead, second] = several
  const located = namedDatasets(from)
  const refuse = (at: NamedDataset | undefined, message: string, hint: string): ShareholdError =>
    sqlError(source, 'SH_PLAN_JOIN', message, at?.location, hint)
  if (lead !== undefined && second !== undefined) {
    throw refuse(
      located.find(({ dataset }) => dataset === second.name),
      `Members have several rows in "${lead.name}" and in "${second.name}", so their join is not supported.`,
      'Join a dataset with one row a member, or ask about the two one after the other.',
    )
  }
  const candidates = (lead === undefined ? sizes : [lead]).flatMap((first) => {
    const order = [first, ...sizes.filter((one) => one !== first)]
    const names = order.map(({ name }) => name)
    const table = rowTable(join, names)
    if (table === undefined) return []
    const owners = new Set(table.filter((row) => row !== 0).map(laneDatasetOf))
    const lanes = order.reduce(
      (sum, one, k) => sum + (k === 0 || owners.has(k) ? rowsIn(one) : 0),
      0,
    )
    return [{ order, owners, lanes }]
  })
  const [best] = candidates.toSorted((a, b) => a.lanes - b.lanes)
  if (best === undefined) {
    throw refuse(
      located.at(-1),
      'A member could have two rows in this FULL JOIN, which is not supported.',
      'Write USING instead of ON, or LEFT JOIN.',
    )
  }
  const [dataset, ...others] = best.order
  if (others.length === 0) return { dataset: dataset! }
  const joined = others.map(({ name, version, chunks, rowsPerMember }, k) => ({
    name,
    version,
    chunks,
    rowsPerMember,
    lanes: best.owners.has(k + 1),
  }))
  const { name, version, chunks, rowsPerMember } = dataset!
  return { dataset: { name, version, chunks, rowsPerMember }, joined }
}

function rowsIn({ chunks }: DatasetParams): number {
  return chunks.reduce((sum, rows) => sum + rows, 0)
}
