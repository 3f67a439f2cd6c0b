/**
 * Whose rows make the lanes of a join (join-lanes.ts): those of the instance that gives the fewest, and behind them
 * those of others for the members that it lacks. A function of the statement and of public sizes, so querier,
 * coordinator and nodes agree on it.
 */
import type { Schema } from '../../shares/schema.ts'
import {
  countLanes,
  instancesOf,
  laneBlocks,
  MAX_JOIN_LANES,
  mostRows,
  streamedDataset,
} from '../join-lanes.ts'
import { ownersOf, rowTable } from '../join-rows.ts'
import type { DatasetParams, InstanceParams, Join, JoinedParams, PlanParams } from '../plan.ts'

import type { Fields } from './ast.ts'
import { namedDatasets, parseFrom } from './dataset.ts'
import type { From } from './dataset.ts'
import { inlineQueries } from './inline-query.ts'
import type { Inlined } from './inline-query.ts'
import { asShareholdError } from './internal-error.ts'
import { bindJoin } from './join.ts'
import { splitFrom } from './lookup-from.ts'
import type { SplitFrom } from './lookup-from.ts'
import { loadParser, parseSelect } from './parse.ts'
import type { ParsedSelect } from './parse.ts'
import { sqlError } from './source.ts'
import type { Source } from './source.ts'

/** What planParams say about datasets. */
export type ArrangedDatasets = Pick<PlanParams, 'dataset' | 'joined' | 'beside'>

/**
 * The datasets of a statement in the order in which a plan takes them.
 *
 * @param datasets of the statement, in any order
 * @throws ShareholdError SH_SQL_*, SH_PLAN_JOIN, SH_PLAN_LANES; never an error of another kind, whatever the text
 */
export async function arrangeDatasets(
  sql: string,
  schemas: readonly Schema[],
  datasets: readonly DatasetParams[],
): Promise<ArrangedDatasets> {
  await loadParser()
  try {
    return arrangeParsed(parseSelect(sql), schemas, datasets)
  } catch (error) {
    throw asShareholdError(error)
  }
}

function arrangeParsed(
  parsed: ParsedSelect,
  schemas: readonly Schema[],
  datasets: readonly DatasetParams[],
): ArrangedDatasets {
  const byName = new Map(schemas.map((schema) => [schema.dataset, schema]))
  const { source } = parsed
  const from = parseFrom({ source, select: innermost(inlineQueries(parsed, byName)) })
  const split = splitFrom(source, from, byName)
  const { join } = bindJoin(source, split.core, byName)
  return arrange(source, split, join, datasets)
}

/** The SELECT that is about datasets. */
function innermost({ select, made }: Inlined): Fields {
  return made === undefined ? select : innermost(made.rows)
}

/** @throws ShareholdError SH_PLAN_JOIN, SH_PLAN_LANES */
export function arrange(
  source: Source,
  { core, lookups }: SplitFrom,
  join: Join,
  datasets: readonly DatasetParams[],
): ArrangedDatasets {
  const lanes = arrangeLanes(source, core, join, datasets)
  const names = [...new Set(lookups.map(({ named }) => named.dataset))]
  if (names.length === 0) return lanes
  return { ...lanes, beside: names.map((name) => sizesOf(datasets, name)) }
}

function sizesOf(datasets: readonly DatasetParams[], dataset: string): DatasetParams {
  const found = datasets.find(({ name }) => name === dataset)
  if (found === undefined) throw new RangeError(`no sizes of dataset ${dataset}`)
  const { name, version, chunks, rowsPerMember } = found
  return { name, version, chunks, rowsPerMember }
}

function arrangeLanes(
  source: Source,
  core: From,
  join: Join,
  datasets: readonly DatasetParams[],
): Pick<PlanParams, 'dataset' | 'joined'> {
  const named = namedDatasets(core)
  const instances = named.map(({ dataset, instance }): InstanceParams => {
    const sizes = sizesOf(datasets, dataset)
    return instance === dataset ? sizes : { ...sizes, instance }
  })
  const [only, ...more] = instances
  if (more.length === 0) return { dataset: only! }
  const candidates = instances.flatMap((first) => {
    const dataset = first
    const others = instances.filter((one) => one !== first)
    const order = instancesOf({ dataset, joined: others.map(withoutLanes) })
    const table = rowTable(join, order)
    if (table === undefined) return []
    const owners = ownersOf(table)
    const joined = others.map((one, k) => ({ ...one, lanes: owners.has(k + 1) }))
    const blocks = laneBlocks({ dataset, joined })
    return [{ dataset, joined, blocks, lanes: countLanes(blocks) }]
  })
  // Of two with as many lanes, one whose columns need not be held whole.
  const held = (one: ArrangedDatasets): number => (streamedDataset(one) === undefined ? 1 : 0)
  const [best] = candidates.toSorted((a, b) => a.lanes - b.lanes || held(a) - held(b))
  if (best === undefined) {
    throw sqlError(
      source,
      'SH_PLAN_JOIN',
      'A member could have two rows in this FULL JOIN, which is not supported.',
      named.at(-1)?.location,
      'Write USING instead of ON, or LEFT JOIN.',
    )
  }
  const { dataset, joined, blocks, lanes } = best
  const isSpread = blocks.some(({ spread }) => spread.length > 0)
  if (isSpread && lanes > MAX_JOIN_LANES) {
    throw sqlError(
      source,
      'SH_PLAN_LANES',
      `${sizesText(instances)} make ${lanes.toLocaleString('en')} lanes when they are joined, and no more than ${MAX_JOIN_LANES.toLocaleString('en')} are computed with.`,
      named.at(-1)?.location,
      'Lanes are the rows of one dataset, times the most rows that a member has in each other one: join fewer datasets, or one with fewer rows a member.',
    )
  }
  return { dataset, joined }
}

const withoutLanes = (one: InstanceParams): JoinedParams => ({ ...one, lanes: false })

/** What the number of lanes is made from. */
function sizesText(instances: readonly InstanceParams[]): string {
  return instances
    .map((one) => {
      const rows = one.chunks.reduce((sum, chunk) => sum + chunk, 0)
      const most = mostRows(one)
      return `${rows.toLocaleString('en')} rows of "${one.name}" (up to ${most.toLocaleString('en')} a member)`
    })
    .join(' and ')
}
