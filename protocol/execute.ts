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
import { type Arena, newArena } from '../shares/field/memory.ts'
import { type BitShare, newBitShare } from '../shares/replicated.ts'

import { writeBytes } from './gather.ts'
import { type Batch, batchesOf, tableLayout } from './layout.ts'
import type { Party, Tag } from './party.ts'
import type { Operator, Plan, PlanParams } from './plan.ts'
import {
  type ColumnSource,
  keyOf,
  localSums,
  outputBytes,
  overRows,
  overTable,
  type Run,
  type Value,
  type Values,
} from './run-operator.ts'
import { refsOf, type Shape, stageOf, validatePlan } from './validate-plan.ts'

export type { ColumnSource, LoadBits, LoadField } from './run-operator.ts'

export interface Progress {
  /** Index of the operator that starts. */
  readonly op: number
  /** From 0; `batches` for operators over the whole table. */
  readonly batch: number
  readonly batches: number
}

export interface ExecuteHooks {
  /** Called before each operator. */
  readonly progress?: (progress: Progress) => void
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
  if (source.memberOfRow.length !== tableLayout(params).lanes) {
    throw new ShareholdError('SH_PROTOCOL_COLUMN', 'The list of members has not one entry per row.')
  }
  const arena = newArena()
  try {
    const batches = batchesOf(params)
    const run: Run = {
      party,
      plan,
      params,
      source,
      shapes,
      collected: newCollection(party, arena, plan, params, shapes),
      sums: newSums(plan, shapes),
      starts: (op, batch) => hooks.progress?.({ op, batch, batches: batches.length }),
    }
    for (const batch of batches) await runBatch(run, arena, batch)
    return await runTable(run, arena, batches.length)
  } finally {
    arena.release()
  }
}

/** Operators that read planes over all rows at once. */
const WHOLE_TABLE: ReadonlySet<Operator['kind']> = new Set([
  'any-row',
  'popcount',
  'extreme',
  'select',
])

/** All operators over rows, on one batch. */
async function runBatch(run: Run, arena: Arena, batch: Batch): Promise<void> {
  const { plan, shapes } = run
  const inBatch = (op: number): boolean => stageOf(plan, shapes, op) !== 'table'
  const lastReader = lastReaders(plan, inBatch)
  const values: Values = new Map()
  for (const [op, operator] of plan.operators.entries()) {
    if (!inBatch(op)) continue
    run.starts(op, batch.index)
    if (operator.kind === 'dot' || operator.kind === 'total') {
      const sums = run.sums.get(op)!
      localSums(operator, values).forEach((part, lane) => (sums[lane]! += part))
    } else {
      const tag: Tag = { op, batch: batch.index, step: 0 }
      const own = arena.child()
      values.set(op, await overRows(run, operator, tag, own, batch, values))
      collect(run, op, values.get(op)!, batch)
    }
    releaseRead(values, lastReader, op)
  }
}

/** All operators over members and slots. */
async function runTable(run: Run, arena: Arena, batches: number): Promise<Uint8Array> {
  const { plan, shapes } = run
  const inTable = (op: number): boolean => stageOf(plan, shapes, op) !== 'batch'
  const lastReader = lastReaders(plan, inTable)
  const values: Values = new Map()
  for (const [op, operator] of plan.operators.entries()) {
    if (!inTable(op)) continue
    run.starts(op, batches)
    if (operator.kind === 'output') return outputBytes(operator, values)
    const tag: Tag = { op, batch: 0, step: 0 }
    values.set(op, await overTable(run, operator, tag, arena.child(), values))
    releaseRead(values, lastReader, op)
  }
  throw new Error('unreachable: every plan ends with an output')
}

/** Room for the row planes that whole-table operators read. */
function newCollection(
  party: Party,
  arena: Arena,
  plan: Plan,
  params: PlanParams,
  shapes: readonly Shape[],
): Map<string, BitShare> {
  const collected = new Map<string, BitShare>()
  const bytes = tableLayout(params).planeBytes
  for (const operator of plan.operators) {
    if (!WHOLE_TABLE.has(operator.kind)) continue
    for (const ref of refsOf(operator)) {
      if (shapes[ref.op]!.domain !== 'rows' || collected.has(keyOf(ref))) continue
      collected.set(keyOf(ref), newBitShare(arena, party.committee, bytes))
    }
  }
  return collected
}

function collect(run: Run, op: number, value: Value, batch: Batch): void {
  value.bits.forEach((plane, part) => {
    const whole = run.collected.get(keyOf({ op, part }))
    if (whole !== undefined) writeBytes(whole, batch.planeOffset, plane)
  })
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

/** For each operator, the last of the selected ones that reads it; itself if none does. */
function lastReaders(plan: Plan, selected: (op: number) => boolean): number[] {
  const last = plan.operators.map((_, op) => op)
  for (const [op, operator] of plan.operators.entries()) {
    if (!selected(op)) continue
    for (const ref of refsOf(operator)) last[ref.op] = op
  }
  return last
}

/** Gives back every value that operator `op` was the last to read. */
function releaseRead(values: Values, lastReader: readonly number[], op: number): void {
  for (const [owner, value] of values) {
    if (lastReader[owner] !== op) continue
    value.arena.release()
    values.delete(owner)
  }
}
