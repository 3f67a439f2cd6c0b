/**
 * What a plan costs, from closed formulas over its parameters: every round, every message between every
 * two parties, and the local work. EXPLAIN prints it, auditors compare it with the transcripts that the
 * nodes signed, and a test compares it with what the executor sends, message by message. Written
 * apart from the executor on purpose: nothing is shared but the shapes and circuits.
 *
 * All our protocols are made of dealings, and every dealer i sends the same to the t parties
 * i-1..i-t (around the circle): so a round is a list of dealers and a length.
 */
import { batchesOf } from './layout.ts'
import { laneWise, wholeTable } from './operator-cost.ts'
import type { Tag } from './party.ts'
import type { Plan, PlanParams } from './plan.ts'
import { type Round, Tally } from './tally.ts'
import { stageOf, validatePlan } from './validate-plan.ts'

export type { Round } from './tally.ts'

export interface Schedule {
  readonly n: number
  readonly t: number
  /** In order. */
  readonly rounds: readonly Round[]
  /** Products over F_p that are re-shared; B2A counts t per bit. */
  readonly fieldMultiplications: number
  /** AND gates times lanes, without padding in the rows. */
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

/**
 * The static schedule of a plan.
 * @throws ShareholdError SH_PLAN_INVALID, SH_PROTOCOL_CIRCUIT
 */
export function schedule(plan: Plan, params: PlanParams): Schedule {
  const shapes = validatePlan(plan, params)
  const { n, t } = params.committee
  const tally = new Tally(n, t)
  const operators = [...plan.operators.entries()]
  for (const { index, layout } of batchesOf(params)) {
    for (const [op, operator] of operators) {
      if (stageOf(plan, shapes, op) !== 'batch') continue
      laneWise(tally, operator, { op, batch: index, step: 0 }, layout)
    }
  }
  for (const [op, operator] of operators) {
    if (stageOf(plan, shapes, op) === 'batch') continue
    wholeTable(tally, operator, { op, batch: 0, step: 0 }, shapes, params)
  }
  const { rounds, fieldMultiplications, andGates } = tally
  return { n, t, rounds, fieldMultiplications, andGates }
}

/** What `from` sends `to`, in order. */
export function messagesBetween(
  { n, t, rounds }: Schedule,
  from: number,
  to: number,
): ScheduledMessage[] {
  const distance = (from - to + n) % n
  if (distance === 0 || distance > t) return []
  return rounds
    .filter(({ dealers }) => dealers.includes(from))
    .map(({ op, batch, step, bytes }) => ({ op, batch, step, bytes }))
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

/** Payload bytes that each party sends, party 1 first. */
export function bytesSent({ n, t, rounds }: Schedule): number[] {
  const bytes = Array.from({ length: n }, () => 0)
  for (const round of rounds) {
    for (const dealer of round.dealers) bytes[dealer - 1]! += t * round.bytes
  }
  return bytes
}
