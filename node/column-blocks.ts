/**
 * Which blocks a job needs, in the order in which every share-node sends them to every MPC node: chunk
 * after chunk, and within a chunk in the order of the plan's load operators. Both sides compute it.
 */
import type { AdmittedJob } from '../protocol/admission.ts'
import { canonicalJson } from '../protocol/canonical-json.ts'
import type { Plan } from '../protocol/plan.ts'
import type { PlanParams } from '../protocol/plan.ts'
import { encodeTuple } from '../protocol/tuple.ts'
import { hexOf } from '../shares/hex.ts'
import type { ReshareBlock } from '../shares/reshare.ts'
import type { Column, Schema } from '../shares/schema.ts'
import type { Encoding } from '../shares/store.ts'

import { hash } from './crypto.ts'

export const COLUMNS_PROTOCOL = '/sharehold/columns/1.0.0'

export interface Load {
  readonly column: Column
  readonly encoding: Encoding
}

export interface NeededBlock extends Load {
  /** Counted over all parts. */
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

/** The stored columns that a plan reads, each once, in the order of first use. */
export function loadsOf(plan: Plan, schema: Schema): Load[] {
  const loads = new Map<string, Load>()
  for (const operator of plan.operators) {
    if (operator.kind !== 'load-bits' && operator.kind !== 'load-field') continue
    const encoding = operator.kind === 'load-bits' ? 'bits' : 'field'
    const column = schema.columns.find((one) => one.name === operator.column)
    if (column === undefined) throw new RangeError('the plan reads a column that the schema lacks')
    loads.set(`${encoding}/${column.name}`, { column, encoding })
  }
  return [...loads.values()]
}

/** All blocks of a job, in sending order. */
export function neededBlocks(loads: readonly Load[], params: PlanParams): NeededBlock[] {
  return params.dataset.chunks.flatMap((rows, chunk) =>
    loads.map((load, index) => ({
      ...load,
      chunk,
      rows,
      reshare: { column: load.column.name, chunk, rotation: index + chunk },
    })),
  )
}
