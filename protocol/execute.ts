/**
 * Runs a plan at one party: the whole computation of a job, from shares of columns to shares of the
 * answer. A pure function of plan, shares, keys and received messages: no clock, no randomness, no
 * order of arrival, so a run can be replayed.
 *
 * Secure against t semi-honest parties, since every operator is; nobody learns anything but the plan
 * and its parameters, which are public. Cost: exactly cost.ts. Memory: one batch of the values that are
 * still needed, and the planes that whole-table operators read.
 */
import { ShareholdError } from '../shares/errors.ts'
import { newArena } from '../shares/field/memory.ts'

import { Collection } from './collection.ts'
import { JoinedColumns } from './join-columns.ts'
import { type JoinedRows, joinRows } from './join-rows.ts'
import { batchesOf, tableLayout } from './layout.ts'
import type { Party } from './party.ts'
import { phasesOf } from './phases.ts'
import type { Join, Plan, PlanParams } from './plan.ts'
import { runPhase } from './run-phase.ts'
import type { ColumnSource, Run } from './run-value.ts'
import { type Shape, stageOf, validatePlan } from './validate-plan.ts'

export type { ColumnSource, LoadBits, LoadField } from './run-value.ts'

export interface Progress {
  /** Index of the operator that starts. */
  readonly op: number
  /** From 0; `batches` for operators over the whole table. */
  readonly batch: number
  readonly batches: number
}

/** What happens when, for whoever has a clock. */
export interface ExecuteHooks {
  /** Called before each operator. */
  readonly progress?: (progress: Progress) => void
  /** Called after each operator that `progress` was called for. */
  readonly ended?: (progress: Progress) => void
  /** Called before and after each round in which this party sends or receives anything. */
  readonly round?: (when: 'begins' | 'ends') => void
}

/**
 * Runs the plan.
 * @returns this party's Shamir shares of all output lanes: 8 bytes a lane, canonical u64, little endian
 * @throws ShareholdError SH_PLAN_INVALID, SH_PROTOCOL_CIRCUIT before anything is sent;
 *   SH_PROTOCOL_COLUMN if the source does not keep its contract; SH_ROUND_* naming a party
 */
export async function execute(
  party: Party,
  plan: Plan,
  params: PlanParams,
  source: ColumnSource,
  hooks: ExecuteHooks = {},
): Promise<Uint8Array> {
  const shapes = validatePlan(plan, params)
  if (params.committee.n !== party.committee.n) {
    throw new ShareholdError('SH_PLAN_INVALID', 'The plan is for a committee of another size.')
  }
  const rows = plan.join === undefined ? undefined : rowsOfJoin(plan.join, params, source)
  const memberOfRow = rows?.memberOfRow ?? source.memberOfRow
  if (memberOfRow.length !== tableLayout(params).lanes) {
    throw new ShareholdError('SH_PROTOCOL_COLUMN', 'The list of members has not one entry per row.')
  }
  const arena = newArena()
  try {
    const joined = rows && new JoinedColumns(party, arena.child(), params, rows, source)
    const batches = batchesOf(params).length
    const run: Run = {
      party,
      plan,
      params,
      source: joined ?? source,
      ...(joined === undefined ? {} : { joined }),
      memberOfRow,
      shapes,
      collected: new Collection(arena, plan, params, shapes),
      sums: newSums(plan, shapes),
      starts: (op, batch) =>
        hooks.progress?.({ op, batch: batch === 'table' ? batches : batch, batches }),
      ends: (op, batch) =>
        hooks.ended?.({ op, batch: batch === 'table' ? batches : batch, batches }),
      ...(hooks.round === undefined ? {} : { round: hooks.round }),
    }
    let output: Uint8Array | undefined
    for (const phase of phasesOf(plan, shapes, params)) output = await runPhase(run, arena, phase)
    if (output === undefined) throw new TypeError('a plan without an output')
    return output
  } finally {
    arena.release()
  }
}

function rowsOfJoin(join: Join, params: PlanParams, source: ColumnSource): JoinedRows {
  // One that is joined with itself only has its own list.
  return joinRows(join, params, source.joinedMembers ?? [source.memberOfRow])
}

function newSums(plan: Plan, shapes: readonly Shape[]): Map<number, bigint[]> {
  const sums = new Map<number, bigint[]>()
  shapes.forEach(({ lanes }, op) => {
    if (stageOf(plan, shapes, op) !== 'accumulate') return
    sums.set(
      op,
      Array.from({ length: lanes }, () => 0n),
    )
  })
  return sums
}
