/**
 * Checks the parameters of a plan, and the join of what they describe: they come from the coordinator, which may
 * send anything.
 */
import { ShareholdError } from '../shares/errors.ts'

import { storedDatasets } from './beside.ts'
import { countLanes, instancesOf, laneBlocks, MAX_JOIN_LANES } from './join-lanes.ts'
import { instancesIn, MAX_INSTANCES, ownersOf, rowTable } from './join-rows.ts'
import { CHUNK_ROWS } from './plan.ts'
import type { DatasetParams, Join, PlanParams } from './plan.ts'
import { isIndex } from './shape.ts'

const MAX_CHUNKS = 1 << 20
const MAX_MEMBER_CLASSES = 1 << 20
const MAX_CHUNKS_IN_FLIGHT = 256

/**
 * Range-checks the parameters.
 * @throws ShareholdError SH_PLAN_INVALID
 */
export function validateParams(params: PlanParams): void {
  const { committee, dataset, joined, chunksInFlight, network } = params
  const { n, t } = committee
  require([3, 5, 7].includes(n) && t === (n - 1) / 2, 'the committee is not 3, 5 or 7 with t < n/2')
  require(params.security === 'passive', 'the security mode is unknown')
  require(['loopback', 'lan', 'wan'].includes(network), 'the network class is unknown')
  require(isIndex(chunksInFlight, MAX_CHUNKS_IN_FLIGHT + 1) &&
    chunksInFlight > 0, 'chunksInFlight is out of range')
  validateDataset(dataset)
  validateBeside(params)
  if (joined === undefined) return
  require(joined.length > 0 && joined.length < MAX_INSTANCES, 'no datasets are joined, or too many')
  const sizes = new Map<string, string>()
  for (const one of [dataset, ...joined]) {
    validateDataset(one)
    const { name, version, chunks, rowsPerMember } = one
    const said = JSON.stringify([version, chunks, rowsPerMember])
    require((sizes.get(name) ?? said) === said, 'a dataset has two sizes')
    sizes.set(name, said)
  }
  const blocks = laneBlocks(params)
  const isSpread = blocks.some(({ spread }) => spread.length > 0)
  require(!isSpread || countLanes(blocks) <= MAX_JOIN_LANES, 'the join has too many lanes')
}

function validateBeside(params: PlanParams): void {
  const { beside } = params
  if (beside === undefined) return
  require(beside.length > 0, 'no datasets stand beside the rows')
  beside.forEach(validateDataset)
  const names = storedDatasets(params).map(({ name }) => name)
  require(names.length <= MAX_INSTANCES, 'it is about too many datasets')
  require(beside.every(
    ({ name }) => names.indexOf(name) === names.lastIndexOf(name),
  ), 'a dataset stands beside itself')
}

function validateDataset({ version, chunks, rowsPerMember }: DatasetParams): void {
  require(isIndex(version, 2 ** 32) && version > 0, 'the version is out of range')
  require(chunks.length <= MAX_CHUNKS &&
    chunks.every(
      (rows) => isIndex(rows, CHUNK_ROWS + 1) && rows > 0,
    ), 'a chunk is empty or too long, or there are too many')
  require(rowsPerMember.length <= MAX_MEMBER_CLASSES &&
    rowsPerMember.every(
      ([rows, members], k) =>
        isIndex(rows, 2 ** 32) &&
        isIndex(members, 2 ** 32) &&
        members > 0 &&
        rows > (rowsPerMember[k - 1]?.[0] ?? 0),
    ), 'rowsPerMember is not ascending')
  const counted = rowsPerMember.reduce((sum, [each, members]) => sum + each * members, 0)
  const stated = chunks.reduce((sum, rows) => sum + rows, 0)
  require(counted === stated, 'rowsPerMember and chunks have different numbers of rows')
}

/**
 * That the instances of the parameters are joined, so that every row of the join has a lane.
 * @throws ShareholdError SH_PLAN_INVALID
 */
export function validateJoin(join: Join | undefined, params: PlanParams): void {
  const { joined = [] } = params
  if (join === undefined) {
    require(joined.length === 0, 'datasets are joined in no way')
    return
  }
  const instances = instancesOf(params)
  const names = instances.map(({ instance }) => instance)
  const named = instancesIn(join)
  require(joined.length > 0 &&
    named.length === names.length &&
    new Set([...names, ...named]).size ===
      names.length, 'it joins other datasets than those of the parameters')
  require(onBothSides(join), 'a join compares datasets that are not on its two sides')
  const table = rowTable(join, instances)
  require(table !== undefined, 'a member may have two rows of single datasets')
  const owners = ownersOf(table!)
  require(joined.every(
    ({ lanes }, k) => lanes || !owners.has(k + 1),
  ), 'rows of the join have no lane')
}

function onBothSides(join: Join): boolean {
  if (join.kind === 'instance') return true
  const { left, right, on } = join
  const isPlaced =
    on === undefined || (instancesIn(left).includes(on[0]) && instancesIn(right).includes(on[1]))
  return isPlaced && onBothSides(left) && onBothSides(right)
}

/** @throws ShareholdError SH_PLAN_INVALID */
export function require(condition: boolean, what: string): void {
  if (!condition) throw new ShareholdError('SH_PLAN_INVALID', `The plan cannot run: ${what}.`)
}
