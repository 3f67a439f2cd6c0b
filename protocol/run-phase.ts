/**
 * Runs the tasks of one phase at one party: starts each when what it reads is there, keeps every value until
 * its last reader has ended, and lets those that run at the same time share rounds (lockstep.ts).
 */
import type { Arena } from '../shares/field/memory.ts'

import type { Batch } from './layout.ts'
import { inLockstep, type Program } from './lockstep.ts'
import { MadeColumns } from './made-columns.ts'
import type { Tag } from './party.ts'
import { fitsBeside, type Phase, type Task } from './phases.ts'
import { commonRound, isEmpty, type RoundPart, type Rounds } from './round.ts'
import { localSums, outputBytes, overRows, overTable } from './run-operator.ts'
import type { Run, Values } from './run-value.ts'
import { isLoad } from './validate-plan.ts'

/**
 * @param arena owns what the phase makes; what is left in it afterwards may be given back
 * @returns from the last phase of a section, what that ends with
 * @throws ShareholdError SH_PROTOCOL_COLUMN, SH_ROUND_*, when nothing of the phase runs any more
 */
export async function runPhase(run: Run, arena: Arena, phase: Phase): Promise<Ended | undefined> {
  const running = new RunningPhase(run, arena, phase)
  await inLockstep(
    (parts) => doRound(run, parts),
    () => running.ready(),
  )
  return running.ended
}

/** What a section ends with: the shares that the plan puts out, or a table for the next one. */
export type Ended = { readonly output: Uint8Array } | { readonly table: MadeColumns }

function doRound(run: Run, parts: readonly RoundPart[]): Promise<void> {
  if (run.round === undefined || isEmpty(parts)) return commonRound(run.party.channel, parts)
  run.round('begins')
  return commonRound(run.party.channel, parts).then(() => run.round?.('ends'))
}

class RunningPhase {
  ended: Ended | undefined
  readonly #run: Run
  readonly #arena: Arena
  readonly #phase: Phase
  readonly #values: Values = new Map()
  readonly #loading = new Map<number, Promise<void>>()
  /** Tasks that have yet to read an operator's value. */
  readonly #readers = new Map<number, number>()
  /** For each task: how many others it waits for, and which wait for it. */
  readonly #waits: number[]
  readonly #followers: number[][]
  /** Tasks that wait for nothing and have not started. */
  #ripe: number[] = []
  #weight = 0

  constructor(run: Run, arena: Arena, phase: Phase) {
    this.#run = run
    this.#arena = arena
    this.#phase = phase
    this.#waits = phase.tasks.map(({ after }) => after.length)
    this.#followers = phase.tasks.map(() => [])
    for (const [place, task] of phase.tasks.entries()) {
      for (const before of task.after) this.#followers[before]!.push(place)
      if (task.after.length === 0) this.#ripe.push(place)
      for (const op of task.reads) {
        this.#readers.set(op, (this.#readers.get(op) ?? 0) + 1)
      }
    }
  }

  /** The programs of all tasks that can start now. */
  ready(): Program[] {
    if (this.#ripe.length === 0) return []
    const { tasks } = this.#phase
    const starting: number[] = []
    const left: number[] = []
    for (const place of this.#ripe.toSorted((a, b) => a - b)) {
      const task = tasks[place]!
      if (fitsBeside(this.#weight, task)) {
        this.#weight += task.weight
        starting.push(place)
      } else {
        left.push(place)
      }
    }
    this.#ripe = left
    return starting.map((place) => (rounds) => this.#perform(place, rounds))
  }

  async #perform(place: number, rounds: Rounds): Promise<void> {
    const task = this.#phase.tasks[place]!
    const { op } = task
    const missing = task.loads.filter((load) => !this.#values.has(load))
    if (missing.length > 0) await this.#loadAll(missing)
    const run = { ...this.#run, party: { ...this.#run.party, rounds } }
    await (task.over === 'batch' ? this.#overBatch(run, op) : this.#overTable(run, op))
    this.#end(task, this.#followers[place]!)
  }

  async #overBatch(run: Run, op: number): Promise<void> {
    const operator = run.plan.operators[op]!
    if (isLoad(operator)) return this.#load(op)
    run.starts(op, this.#batch.index)
    if (operator.kind === 'dot' || operator.kind === 'total') {
      const sums = run.sums.get(op)!
      localSums(operator, this.#values).forEach((part, lane) => (sums[lane]! += part))
    } else {
      await this.#makeOverBatch(run, op)
    }
    run.ends(op, this.#batch.index)
  }

  async #makeOverBatch(run: Run, op: number): Promise<void> {
    const batch = this.#batch
    const tag: Tag = { op, batch: batch.index, step: 0 }
    const arena = this.#arena.child()
    const operator = run.plan.operators[op]!
    const value = await overRows(run, operator, tag, arena, batch, this.#values)
    run.collected.add(op, value, batch)
    this.#values.set(op, value)
  }

  async #overTable(run: Run, op: number): Promise<void> {
    const operator = run.plan.operators[op]!
    run.starts(op, 'table')
    if (operator.kind === 'output') {
      this.ended = { output: outputBytes(operator, this.#values) }
      run.ends(op, 'table')
      return
    }
    if (operator.kind === 'table') {
      this.ended = { table: new MadeColumns(run.party, run.made, operator, this.#values) }
      run.ends(op, 'table')
      return
    }
    const tag: Tag = { op, batch: 0, step: 0 }
    const arena = this.#arena.child()
    this.#values.set(op, await overTable(run, operator, tag, arena, this.#values))
    run.collected.readBy(operator)
    run.ends(op, 'table')
  }

  /** Waits for all, even if one fails: they write to an arena that is then given back. */
  async #loadAll(ops: readonly number[]): Promise<void> {
    const ends = await Promise.allSettled(ops.map((op) => this.#load(op)))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  /** Loads a column, once. */
  #load(op: number): Promise<void> {
    let loading = this.#loading.get(op)
    if (loading === undefined) {
      this.#run.starts(op, this.#batch.index)
      loading = this.#makeOverBatch(this.#run, op).then(() => this.#run.ends(op, this.#batch.index))
      this.#loading.set(op, loading)
    }
    return loading
  }

  /** Gives back what nobody reads any more, and looks who is ripe now. */
  #end(task: Task, followers: readonly number[]): void {
    for (const op of task.reads) {
      this.#readers.set(op, this.#readers.get(op)! - 1)
      this.#releaseUnread(op)
    }
    this.#releaseUnread(task.op)
    this.#weight -= task.weight
    for (const place of followers) {
      if (--this.#waits[place]! === 0) this.#ripe.push(place)
    }
  }

  #releaseUnread(op: number): void {
    if ((this.#readers.get(op) ?? 0) > 0) return
    this.#values.get(op)?.arena.release()
    this.#values.delete(op)
  }

  /** There is one wherever there are tasks over a batch. */
  get #batch(): Batch {
    return this.#phase.batch!
  }
}
