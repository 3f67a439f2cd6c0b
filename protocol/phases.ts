/**
 * What of a plan may run side by side: the definition that the executor and the cost model both start from.
 * An operator may start when those that it reads have ended, and then shares rounds with whatever else runs
 * (lockstep.ts). A function of plan and parameters, so all parties do the same.
 *
 * Batches follow each other, which bounds memory: two of them side by side would take as much of it as
 * batches of twice the chunks, and those have fewer rounds. What runs once, over the whole table, runs
 * beside the last batch as far as it can.
 */
import { committee } from '../shares/committee.ts'

import { type Batch, batchesOf, flatLayout, type Layout, tableLayout } from './layout.ts'
import type { Operator, Plan, PlanParams } from './plan.ts'
import type { Section } from './sections.ts'
import { isLoad, refsOf, type Shape, type Stage, stageOf, WHOLE_TABLE } from './validate-plan.ts'

/** One run of an operator. */
export interface Task {
  readonly op: number
  /** On one batch, or once. An operator that accumulates does both: sums in each batch, the rest once. */
  readonly over: 'batch' | 'table'
  /** Tasks that must have ended, by their places in the phase, each once. */
  readonly after: readonly number[]
  /** Operators whose values it reads, each once. What was collected or summed over batches is none. */
  readonly reads: readonly number[]
  /** Those of them that load. A load starts with the first task that reads it. */
  readonly loads: readonly number[]
  /** Bytes that it reads and makes at one party; 0 if it is local. */
  readonly weight: number
}

/** What runs side by side: nothing of the next phase starts before all of this one has ended. */
export interface Phase {
  /** Undefined if the table is empty. */
  readonly batch: Batch | undefined
  /** In an order in which they could run one after the other. */
  readonly tasks: readonly Task[]
}

/**
 * Tasks side by side read and make no more than this, unless it is one alone: kernel memory ends at 4 GiB
 * and a message at 1 GiB, and long vectors gain little from sharing a round.
 */
const MAX_WEIGHT = 2 ** 28

const LOCAL: ReadonlySet<Operator['kind']> = new Set([
  'load-bits',
  'load-field',
  'load-match',
  'load-beside',
  'constant',
  'total',
  'combine',
  'gather',
  'member-sum',
  'table',
  'enumerate',
  'member-number',
  'member-place',
  'member-rows',
  'append',
  'shift',
  'slice',
  'prefix-sum',
  'pick',
  'output',
])

/** Whether a task may start beside others. @param running sum of their weights */
export function fitsBeside(running: number, { weight }: Task): boolean {
  return weight === 0 || running === 0 || running + weight <= MAX_WEIGHT
}

/** The phases of a section, in order: one a batch; the last batch's has what runs once, too. */
export function* phasesOf(
  plan: Plan,
  shapes: readonly Shape[],
  section: Section,
): Generator<Phase> {
  const { params } = section
  const batches = batchesOf(params)
  const view: View = { plan, shapes, section, params, table: tableLayout(params) }
  for (const batch of batches.slice(0, -1)) yield { batch, tasks: tasksOf(view, batch, false) }
  const last = batches.at(-1)
  yield { batch: last, tasks: tasksOf(view, last, true) }
}

interface View {
  readonly plan: Plan
  readonly shapes: readonly Shape[]
  readonly section: Section
  readonly params: PlanParams
  readonly table: Layout
}

function tasksOf(view: View, batch: Batch | undefined, last: boolean): Task[] {
  const { plan, shapes, section } = view
  const tasks: Task[] = []
  const places = { batch: new Map<number, number>(), table: new Map<number, number>() }
  const add = (op: number, over: Task['over'], layout: Layout): void => {
    const sources = [...new Set(refsOf(plan.operators[op]!).map((ref) => ref.op))]
    const isOverRows = (source: number): boolean => shapes[source]!.domain === 'rows'
    const after = sources.flatMap(
      (source) => places[isOverRows(source) ? 'batch' : 'table'].get(source) ?? [],
    )
    const reads = over === 'batch' ? sources : sources.filter((source) => !isOverRows(source))
    const summed = places.batch.get(op)
    places[over].set(op, tasks.length)
    tasks.push({
      op,
      over,
      after: summed === undefined ? after : [summed],
      reads,
      loads: reads.filter((source) => isLoad(plan.operators[source]!)),
      weight: weightOf(view, op, over, layout),
    })
  }
  const collected = loadsToCollect(plan, section)
  const stages: (readonly [op: number, stage: Stage])[] = []
  for (let op = section.from; op < section.to; op++) stages.push([op, stageOf(plan, shapes, op)])
  for (const [op, stage] of batch === undefined ? [] : stages) {
    const isTask = stage !== 'table' && (!isLoad(plan.operators[op]!) || collected.has(op))
    if (isTask) add(op, 'batch', batch!.layout)
  }
  for (const [op, stage] of last ? stages : []) {
    if (stage !== 'batch') add(op, 'table', view.table)
  }
  return tasks
}

/** Loads of what operators over the whole table read: these do not start them, so they are tasks. */
function loadsToCollect({ operators }: Plan, { from, to }: Section): ReadonlySet<number> {
  const readers = operators.slice(from, to).filter(({ kind }) => WHOLE_TABLE.has(kind))
  const sources = readers.flatMap((operator) => refsOf(operator).map(({ op }) => op))
  return new Set(sources.filter((op) => isLoad(operators[op]!)))
}

/** @param layout of rows, if it reads or makes any */
function weightOf(
  { plan, shapes, params }: View,
  op: number,
  over: Task['over'],
  layout: Layout,
): number {
  const operator = plan.operators[op]!
  const accumulates = stageOf(plan, shapes, op) === 'accumulate'
  if (LOCAL.has(operator.kind) || (accumulates && over === 'batch')) return 0
  const components = committee(params.committee.n).held[0]!.length
  const bytesOf = ({ domain, type, lanes }: Shape): number => {
    const place = domain === 'rows' ? layout : flatLayout(lanes)
    return type === 'field' ? 8 * place.lanes : components * place.planeBytes
  }
  const read = accumulates ? [] : refsOf(operator)
  const own = shapes[op]!
  return read.reduce((sum, ref) => sum + bytesOf(shapes[ref.op]!), own.parts * bytesOf(own))
}
