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

import { Collection } from './collection.ts'
import { JoinedColumns } from './join-columns.ts'
import { type JoinedRows, joinRows } from './join-rows.ts'
import { batchesOf, tableLayout } from './layout.ts'
import type { Party } from './party.ts'
import { phasesOf } from './phases.ts'
import type { Join, Plan, PlanParams } from './plan.ts'
import { rowsByMember } from './row-order.ts'
import { type Ended, runPhase } from './run-phase.ts'
import type { ColumnSource, Run } from './run-value.ts'
import { type Section, sectionsOf } from './sections.ts'
import { membersOf, type Shape, stageOf, validatePlan } from './validate-plan.ts'

export type { ColumnSource, LoadBits, LoadField } from './run-value.ts'

export interface Progress {
  /** Index of the operator that starts. */
  readonly op: number
  /** From 0: the batches of each section, and after them its operators over the whole table as one more (`stagesOf`). */
  readonly stage: number
}

/** How many stages a run of a plan has. */
export function stagesOf(plan: Plan, params: PlanParams): number {
  return sectionsOf(plan, params).reduce(
    (sum, section) => sum + batchesOf(section.params).length + 1,
    0,
  )
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
  const arena = newArena()
  try {
    const sections = sectionsOf(plan, params)
    const sums = newSums(plan, shapes)
    let stored: Stored | undefined = storedRows(party, arena.child(), plan, params, source)
    let before = 0
    for (const section of sections) {
      const batches = batchesOf(section.params).length
      const at = (op: number, batch: number | 'table'): Progress => ({
        op,
        stage: before + (batch === 'table' ? batches : batch),
      })
      const own = arena.child()
      const made = arena.child()
      const { arena: read, ...rows }: Stored = stored
      const run: Run = {
        party,
        plan,
        params: section.params,
        beside: source,
        ...rows,
        shapes,
        collected: new Collection(own, plan, section, shapes),
        made,
        sums,
        starts: (op, batch) => hooks.progress?.(at(op, batch)),
        ends: (op, batch) => hooks.ended?.(at(op, batch)),
        ...(hooks.round === undefined ? {} : { round: hooks.round }),
      }
      let ended: Ended | undefined
      for (const phase of phasesOf(plan, shapes, section)) ended = await runPhase(run, own, phase)
      own.release()
      read.release()
      if (ended === undefined) throw new TypeError('a section without an end')
      if ('output' in ended) return ended.output
      stored = { ...tableRows(section, run), source: ended.table, arena: made }
      before += batches + 1
    }
    throw new TypeError('a plan without an output')
  } finally {
    arena.release()
  }
}

/** What a section reads. */
interface Stored extends Pick<Run, 'source' | 'joined' | 'memberOfRow'> {
  /** Owns what is kept of it. */
  readonly arena: Arena
}

/** The stored columns, joined if they are of several datasets. */
function storedRows(
  party: Party,
  arena: Arena,
  plan: Plan,
  params: PlanParams,
  source: ColumnSource,
): Stored {
  const rows = plan.join === undefined ? undefined : rowsOfJoin(plan.join, params, source)
  const memberOfRow = rows?.memberOfRow ?? source.memberOfRow
  if (memberOfRow.length !== tableLayout(params).lanes) {
    throw new ShareholdError('SH_PROTOCOL_COLUMN', 'The list of members has not one entry per row.')
  }
  if (rows === undefined) return { source, memberOfRow, arena }
  const joined = new JoinedColumns(party, arena, params, rows, source)
  return { source: joined, joined, memberOfRow, arena }
}

/** The member of each row of the table that a section ends with. */
function tableRows({ params, to }: Section, { plan, memberOfRow }: Run): Pick<Run, 'memberOfRow'> {
  const members = membersOf(params)
  const table = plan.operators[to - 1]
  if (table?.kind === 'table' && table.rows === 'members') {
    return { memberOfRow: Uint32Array.from({ length: members }, (_, member) => member) }
  }
  const order = rowsByMember(memberOfRow, members)
  return { memberOfRow: order?.map((row) => memberOfRow[row]!) ?? memberOfRow }
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
