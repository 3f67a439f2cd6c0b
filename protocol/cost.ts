/**
 * What a plan costs, from closed formulas over its parameters: every round, every message between every
 * two parties, and the local work. EXPLAIN prints it, auditors compare it with the transcripts that the
 * nodes signed, and a test compares it with what the executor sends, message by message. Written apart
 * from the executor on purpose: nothing is shared but the shapes, the circuits and what may run when.
 *
 * Two patterns of messages are enough for all our protocols: dealings, where every dealer i sends the same to
 * the t parties i-1..i-t (around the circle), and products through kings (tally.ts).
 */
import { laneWise, wholeTable } from './operator-cost.ts'
import type { Tag } from './party.ts'
import { fitsBeside, type Phase, phasesOf, type Task } from './phases.ts'
import type { Plan, PlanParams } from './plan.ts'
import { sectionsOf } from './sections.ts'
import { bytesBetween, type Round, type Size, Tally } from './tally.ts'
import { type Shape, validatePlan } from './validate-plan.ts'

export type { Round } from './tally.ts'

/**
 * What operators that run side by side do in one round, ascending by operator; at least one of them sends.
 * A message has what they all send, on end, and the tag of the first.
 */
export type CommonRound = readonly Round[]

export interface Schedule extends Size {
  /** In order. */
  readonly rounds: readonly CommonRound[]
  /** Products over F_p that are re-shared; B2A counts t per bit. */
  readonly fieldMultiplications: number
  /** AND gates times lanes, without padding in the rows. */
  readonly andGates: number
  /** The part of each operator in both, by index. */
  readonly work: readonly OperatorWork[]
}

/** What an operator computes in rounds, in all batches. */
export interface OperatorWork {
  readonly fieldMultiplications: number
  readonly andGates: number
}

/** A message that one party sends another. */
export interface ScheduledMessage extends Tag {
  readonly bytes: number
}

/** All that one party sends another in a job. */
export interface PairTraffic {
  readonly from: number
  readonly to: number
  readonly messages: number
  /** Payload bytes. */
  readonly bytes: number
}

/** One operator's part of a schedule. */
export interface OperatorCost {
  /** Rounds in which it sends. */
  readonly rounds: number
  /** The first and the last of them among all rounds of the schedule, from 1; 0 if there are none. */
  readonly first: number
  readonly last: number
  /** Payload bytes that the party sends that sends most of them. */
  readonly bytes: number
}

/**
 * The static schedule of a plan.
 * @throws ShareholdError SH_PLAN_INVALID, SH_PROTOCOL_CIRCUIT
 */
export function schedule(plan: Plan, params: PlanParams): Schedule {
  const shapes = validatePlan(plan, params)
  const { n, t } = params.committee
  const rounds: CommonRound[] = []
  const work = plan.operators.map(() => ({ fieldMultiplications: 0, andGates: 0 }))
  const phases = sectionsOf(plan, params).flatMap((section) =>
    [...phasesOf(plan, shapes, section)].map((phase) => ({ ...phase, params: section.params })),
  )
  for (const phase of phases) {
    const tallies = phase.tasks.map((task) => tallyOf(plan, shapes, phase.params, phase, task))
    for (const [place, tally] of tallies.entries()) {
      const own = work[phase.tasks[place]!.op]!
      own.fieldMultiplications += tally.fieldMultiplications
      own.andGates += tally.andGates
    }
    for (const round of sideBySide(
      phase.tasks,
      tallies.map((tally) => tally.rounds),
    )) {
      if (round.some(({ bytes }) => bytes > 0)) rounds.push(round)
    }
  }
  const sum = (of: keyof OperatorWork): number => work.reduce((all, own) => all + own[of], 0)
  return {
    n,
    t,
    rounds,
    fieldMultiplications: sum('fieldMultiplications'),
    andGates: sum('andGates'),
    work,
  }
}

/** A task by itself. */
function tallyOf(
  plan: Plan,
  shapes: readonly Shape[],
  params: PlanParams,
  { batch }: Phase,
  { op, over }: Task,
): Tally {
  const { n, t } = params.committee
  const tally = new Tally(n, t)
  const operator = plan.operators[op]!
  if (over === 'table') {
    wholeTable(tally, operator, { op, batch: 0, step: 0 }, shapes, params)
  } else {
    laneWise(tally, operator, { op, batch: batch!.index, step: 0 }, batch!.layout)
  }
  return tally
}

/** The rounds of tasks that each start as soon as they may. @param rounds of each task by itself */
function* sideBySide(
  tasks: readonly Task[],
  rounds: readonly (readonly Round[])[],
): Generator<CommonRound> {
  const missing = tasks.map(({ after }) => after.length)
  const readers = tasks.map((): number[] => [])
  for (const [place, { after }] of tasks.entries()) {
    for (const before of after) readers[before]!.push(place)
  }
  let running: { readonly place: number; done: number }[] = []
  let ripe = [...tasks.keys()].filter((place) => missing[place] === 0)
  /** Starts what may start; what has no rounds ends at once, and lets others start. */
  const start = (): void => {
    while (ripe.length > 0) {
      let weight = running.reduce((sum, { place }) => sum + tasks[place]!.weight, 0)
      const candidates = ripe.toSorted((a, b) => a - b)
      const left: number[] = []
      const local: number[] = []
      for (const place of candidates) {
        const task = tasks[place]!
        if (!fitsBeside(weight, task)) {
          left.push(place)
          continue
        }
        weight += task.weight
        if (rounds[place]!.length === 0) local.push(place)
        else running.push({ place, done: 0 })
      }
      ripe = left
      if (left.length === candidates.length) return
      for (const place of local) end(place)
    }
  }
  const end = (place: number): void => {
    for (const reader of readers[place]!) if (--missing[reader]! === 0) ripe.push(reader)
  }
  start()
  while (running.length > 0) {
    yield running.map(({ place, done }) => rounds[place]![done]!).toSorted((a, b) => a.op - b.op)
    for (const task of running) task.done++
    const left = running.filter(({ place, done }) => done < rounds[place]!.length)
    if (left.length === running.length) continue
    for (const { place } of running.filter((task) => !left.includes(task))) end(place)
    running = left
    start()
  }
}

/** What `from` sends `to`, in order. */
export function messagesBetween(cost: Schedule, from: number, to: number): ScheduledMessage[] {
  return cost.rounds.flatMap((round) => {
    const bytes = round.reduce((sum, part) => sum + bytesBetween(cost, part, from, to), 0)
    const { op, batch, step } = round[0]!
    return bytes === 0 ? [] : [{ op, batch, step, bytes }]
  })
}

/** Messages and bytes of every ordered pair that exchanges any. */
export function trafficOf(cost: Schedule): PairTraffic[] {
  const parties = Array.from({ length: cost.n }, (_, i) => i + 1)
  return parties.flatMap((from) =>
    parties.flatMap((to) => {
      const sent = messagesBetween(cost, from, to)
      const bytes = sent.reduce((sum, message) => sum + message.bytes, 0)
      return sent.length === 0 ? [] : [{ from, to, messages: sent.length, bytes }]
    }),
  )
}

/** Rounds in which each party sends or receives anything, party 1 first: of a few lanes not all have a part. */
export function roundsOfParties(cost: Pick<Schedule, 'n' | 't' | 'rounds'>): number[] {
  const parties = Array.from({ length: cost.n }, (_, i) => i + 1)
  return parties.map((party) => {
    const hasPart = (part: Round): boolean =>
      parties.some(
        (peer) => bytesBetween(cost, part, party, peer) + bytesBetween(cost, part, peer, party) > 0,
      )
    return cost.rounds.filter((round) => round.some(hasPart)).length
  })
}

/** Payload bytes that each party sends, party 1 first. */
export function bytesSent(cost: Pick<Schedule, 'n' | 't' | 'rounds'>): number[] {
  const bytes = Array.from({ length: cost.n }, () => 0)
  for (const part of cost.rounds.flat()) addBytes(cost, part, bytes)
  return bytes
}

/** Payload bytes that the party sends that sends most in this round. */
export function busiestIn(size: Size, round: CommonRound): number {
  const bytes = Array.from({ length: size.n }, () => 0)
  for (const part of round) addBytes(size, part, bytes)
  return Math.max(...bytes)
}

/** @param sent by each party; the round's bytes are added */
function addBytes(size: Size, round: Round, sent: number[]): void {
  for (const from of sent.keys()) {
    for (let to = 1; to <= size.n; to++) sent[from]! += bytesBetween(size, round, from + 1, to)
  }
}

/** The parts of all operators, by index. @param operators their number */
export function operatorCosts(cost: Schedule, operators: number): OperatorCost[] {
  const costs = Array.from({ length: operators }, () => ({
    rounds: 0,
    first: 0,
    last: 0,
    sent: Array.from({ length: cost.n }, () => 0),
  }))
  for (const [index, round] of cost.rounds.entries()) {
    for (const part of round) {
      if (part.bytes === 0) continue
      const own = costs[part.op]!
      own.rounds++
      own.first ||= index + 1
      own.last = index + 1
      addBytes(cost, part, own.sent)
    }
  }
  return costs.map(({ sent, ...own }) => ({ ...own, bytes: Math.max(...sent) }))
}
