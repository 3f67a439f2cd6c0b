/**
 * Datasets that stand beside the rows of a plan: rows of theirs are no lanes and belong to no member of the lanes, but
 * are looked for by key (sql/plan-lookup.ts). Their columns are loaded whole, as slots (`load-beside`).
 *
 * Leaks: nothing but their sizes, which planParams say. MPC nodes are not told whose rows they are.
 */
import { datasetsOf } from './join-lanes.ts'
import { layoutOf } from './layout.ts'
import type { Batch } from './layout.ts'
import type { DatasetParams, PlanParams } from './plan.ts'

/** What planParams say of datasets. */
type Datasets = Pick<PlanParams, 'dataset' | 'joined' | 'beside'>

/** All datasets that a plan loads columns of: those of its rows first, in their order. */
export function storedDatasets(params: Datasets): readonly DatasetParams[] {
  return [...datasetsOf(params), ...(params.beside ?? [])]
}

/** The dataset of this name that stands beside the rows, if there is one. */
export function besideOf({ beside = [] }: PlanParams, name: string): DatasetParams | undefined {
  return beside.find((dataset) => dataset.name === name)
}

/** Rows of a dataset. */
export function datasetRows({ chunks }: Pick<DatasetParams, 'chunks'>): number {
  return chunks.reduce((sum, rows) => sum + rows, 0)
}

/** A whole dataset as one batch: how its columns are asked for. */
export function wholeBatch({ chunks }: Pick<DatasetParams, 'chunks'>): Batch {
  return { index: 0, firstChunk: 0, firstLane: 0, planeOffset: 0, layout: layoutOf(chunks) }
}
