/**
 * How many lanes a join has, from public sizes alone, so that querier, coordinator, nodes and auditor agree on
 * it, and nothing depends on who has how many rows in which dataset.
 *
 * Lanes come in blocks. A block belongs to an instance, its owner, and holds for each of the owner's rows, in
 * the order of the table, one lane for each way of choosing a row of the same member in every later instance
 * with several rows a member: as many ways as any member has rows there, or, in another instance of the owner's
 * own dataset, exactly as many as the owner's member has. Which lanes are rows of the join: join-rows.ts.
 */
import { CHUNK_ROWS } from './plan.ts'
import type { DatasetParams, InstanceParams, PlanParams } from './plan.ts'

/**
 * Most lanes of a join whose rows are multiplied. Nodes keep 5 bytes a lane, and 4 more for each instance, beside what the
 * operators take.
 */
export const MAX_JOIN_LANES = 2 ** 24

/** A dataset as it stands in FROM once. */
export interface Instance extends DatasetParams {
  readonly instance: string
}

/** The choice of a row in an instance: how many ways there are for every member. */
export interface Spread {
  /** Its place among the instances. */
  readonly instance: number
  /** Absent: as many as the member has rows in the owner of the block. */
  readonly times?: number
}

export interface LaneBlock {
  /** Its place among the instances. */
  readonly owner: number
  /** The last choice runs fastest. Of none: the rows of the owner are the lanes. */
  readonly spread: readonly Spread[]
  /** How many members have how many lanes: [lanes, members], ascending by lanes. */
  readonly lanesPerMember: readonly (readonly [number, number])[]
}

/** What planParams say of datasets. */
export type LaneParams = Pick<PlanParams, 'dataset' | 'joined'>

/** The instances of all datasets, in the order in which their rows are looked for. */
export function instancesOf({ dataset, joined = [] }: LaneParams): readonly Instance[] {
  return [dataset, ...joined].map((one: InstanceParams) => ({
    ...one,
    instance: one.instance ?? one.name,
  }))
}

/** The datasets, each once, that of the first instance first. */
export function datasetsOf(params: LaneParams): readonly DatasetParams[] {
  const datasets = new Map<string, DatasetParams>()
  for (const one of instancesOf(params)) if (!datasets.has(one.name)) datasets.set(one.name, one)
  return [...datasets.values()]
}

/** The lanes, block after block. Without a join: the rows. */
export function laneBlocks(params: LaneParams): readonly LaneBlock[] {
  const { dataset, joined } = params
  if (joined === undefined) {
    return [{ owner: 0, spread: [], lanesPerMember: dataset.rowsPerMember }]
  }
  const instances = instancesOf(params)
  const owners = [0, ...joined.flatMap(({ lanes }, k) => (lanes ? [k + 1] : []))]
  return owners.map((owner) => blockOf(instances, owner))
}

function blockOf(instances: readonly Instance[], owner: number): LaneBlock {
  const { name, rowsPerMember } = instances[owner]!
  const spread = instances.flatMap((one, instance): Spread[] => {
    const times = mostRows(one)
    if (instance <= owner || times <= 1) return []
    return [one.name === name ? { instance } : { instance, times }]
  })
  const lanesPerMember = rowsPerMember.map(
    ([rows, members]) => [rows * waysOf(spread, rows), members] as const,
  )
  return { owner, spread, lanesPerMember }
}

/** The lanes of some blocks. */
export function countLanes(blocks: readonly LaneBlock[]): number {
  return blocks
    .flatMap(({ lanesPerMember }) => lanesPerMember)
    .reduce((sum, [each, members]) => sum + each * members, 0)
}

/** How many lanes there are of each row of a member. @param rows of the member in the owner of the block */
export function waysOf(spread: readonly Spread[], rows: number): number {
  return spread.reduce((product, { times }) => product * (times ?? rows), 1)
}

/** The most rows that a member has. */
export function mostRows({ rowsPerMember }: Pick<DatasetParams, 'rowsPerMember'>): number {
  return rowsPerMember.at(-1)?.[0] ?? 0
}

/** Lanes of each run (layout.ts), block after block: the chunks of the owner, if nothing is spread. */
export function laneRuns(params: LaneParams): readonly number[] {
  const instances = instancesOf(params)
  return laneBlocks(params).flatMap((block) =>
    block.spread.length === 0 ? instances[block.owner]!.chunks : runsOf(countLanes([block])),
  )
}

function runsOf(lanes: number): number[] {
  const runs = Array.from({ length: Math.floor(lanes / CHUNK_ROWS) }, () => CHUNK_ROWS)
  return lanes % CHUNK_ROWS === 0 ? runs : [...runs, lanes % CHUNK_ROWS]
}

/**
 * The dataset whose columns come batch after batch, as its rows are the first lanes; undefined if they are not,
 * or are looked up in other lanes as well: then all columns are taken whole.
 */
export function streamedDataset(params: LaneParams): DatasetParams | undefined {
  const [first] = laneBlocks(params)
  const isOnce = (params.joined ?? []).every(({ name }) => name !== params.dataset.name)
  return isOnce && first!.spread.length === 0 ? params.dataset : undefined
}
