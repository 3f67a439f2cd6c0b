/**
 * Which blocks a job needs, in the order in which every share-node sends them to every MPC node: batch
 * after batch of the plan, in it column after column, and of that chunk after chunk. Both sides compute it.
 * So an operator can start when its columns are here, while the rest of the batch is still on its way.
 */
import type { AdmittedDataset, AdmittedJob } from '../protocol/admission.ts'
import { storedDatasets } from '../protocol/beside.ts'
import { canonicalJson } from '../protocol/canonical-json.ts'
import { datasetsOf, streamedDataset } from '../protocol/join-lanes.ts'
import { batchesOf, layoutOf } from '../protocol/layout.ts'
import type { Plan, PlanParams } from '../protocol/plan.ts'
import { encodingOf, storedLoads } from '../protocol/sections.ts'
import { encodeTuple } from '../protocol/tuple.ts'
import { hexOf } from '../shares/hex.ts'
import type { ReshareBlock } from '../shares/reshare.ts'
import type { Column, Schema } from '../shares/schema.ts'
import type { Encoding } from '../shares/store.ts'

import { hash } from './crypto.ts'

export const COLUMNS_PROTOCOL = '/sharehold/columns/3.0.0'

export interface Load {
  readonly dataset: string
  readonly column: Column
  readonly encoding: Encoding
}

/** What is read of a column for one batch. */
export interface NeededColumn {
  /** Place in the loads of the job. */
  readonly load: number
  readonly batch: number
  readonly blocks: readonly NeededBlock[]
}

export interface NeededBlock extends Load {
  /** Counted over all parts of the dataset. */
  readonly chunk: number
  readonly rows: number
  readonly reshare: ReshareBlock
}

/**
 * What columns are served for: hash of all that the two committees must have been told alike. The job id
 * alone names the request only, by half a hash.
 */
export function subjectOf(admitted: AdmittedJob, attempt: number): string {
  const { requestNote, compiled, paramsHash, inputs } = admitted
  return hexOf(
    hash.sha256(
      encodeTuple([
        'sharehold/columns/v1',
        requestNote,
        compiled.planHash,
        paramsHash,
        canonicalJson(inputs),
        attempt,
      ]),
    ),
  )
}

/**
 * The stored columns that a plan reads, each once: bits before field, each in the order of first use.
 * Conditions need bits, and take many rounds; what is summed up is needed at their end.
 */
export function loadsOf(plan: Plan, schemas: readonly Schema[]): Load[] {
  const loads = new Map<string, Load>()
  for (const encoding of ['bits', 'field'] as const) {
    for (const operator of storedLoads(plan)) {
      if (encodingOf(operator) !== encoding) continue
      const { dataset } = operator
      const column = schemas
        .find((schema) => schema.dataset === dataset)
        ?.columns.find((one) => one.name === operator.column)
      if (column === undefined) {
        throw new RangeError('the plan reads a column that the schemas lack')
      }
      const load = { dataset, column, encoding }
      loads.set(`${JSON.stringify(dataset)} ${nameOf(load)}`, load)
    }
  }
  return [...loads.values()]
}

/** A load's name within its dataset. */
export const nameOf = ({ column, encoding }: Pick<Load, 'column' | 'encoding'>): string =>
  `${encoding}/${column.name}`

/**
 * All that is to be sent, in sending order. Of datasets whose rows are not the lanes, and of those beside the rows, columns
 * are sent whole, with the first batch: any lane may need any of their rows.
 * @param isSent of each load, whether it is among it: warm columns are not
 */
export function neededColumns(
  loads: readonly Load[],
  params: PlanParams,
  isSent: (load: number) => boolean,
): NeededColumn[] {
  const { joined: _, ...alone } = params
  const streamed = streamedDataset(params)
  const inBatches = streamed === undefined ? [] : batchesOf(alone)
  // There is a first batch even if no rows are sent in batches.
  const batches =
    inBatches.length > 0 ? inBatches : [{ index: 0, firstChunk: 0, layout: layoutOf([]) }]
  return batches.flatMap(({ index: batch, firstChunk, layout }) =>
    loads.flatMap((one, load) => {
      if (!isSent(load)) return []
      const isStreamed = one.dataset === streamed?.name
      if (!isStreamed && batch > 0) return []
      const whole = storedDatasets(params).find(({ name }) => name === one.dataset)?.chunks ?? []
      const runs = isStreamed ? layout.runs : whole
      const blocks = runs.map((rows, run) => {
        const chunk = isStreamed ? firstChunk + run : run
        const column = reshareName(one.dataset, one.column.name)
        return { ...one, chunk, rows, reshare: { column, chunk, rotation: load + chunk } }
      })
      return [{ load, batch, blocks }]
    }),
  )
}

/** What seeds of a re-sharing are drawn for: columns of two datasets may have one name. */
function reshareName(dataset: string, column: string): string {
  return JSON.stringify([dataset, column])
}

/** The datasets whose lists of members the MPC nodes are told: of those beside the rows they need none. */
export function withMembers({ datasets, params }: AdmittedJob): readonly AdmittedDataset[] {
  const names = new Set(datasetsOf(params).map(({ name }) => name))
  return datasets.filter(({ version }) => names.has(version.dataset))
}

/** Which share-node sends the lists of members to which MPC node: to all of them is much for one. */
export function membersSender(shareNodes: number, mpcNode: number): number {
  return ((mpcNode - 1) % shareNodes) + 1
}
