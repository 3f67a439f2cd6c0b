/**
 * Choices of the planner: ways to compute the same, of which the one with the lowest estimate is taken. What
 * is compared is always the whole plan, so that rounds which one part shares with another are not
 * counted twice. Every node chooses alike: an estimate is a function of plan and planParams.
 */
import { bytesSent, schedule } from '../cost.ts'
import type { Plan, PlanParams } from '../plan.ts'

import { count, seconds, size } from './figures.ts'
import { networkSeconds } from './network-model.ts'

/** A way, and what the whole plan would cost with it. */
export interface Alternative {
  readonly name: string
  readonly rounds: number
  /** Payload bytes that the busiest party sends. */
  readonly bytes: number
  /** Estimate for the network class of planParams. */
  readonly seconds: number
}

/** A choice that was made, for EXPLAIN. */
export interface Choice {
  /** What was to be chosen. */
  readonly question: string
  readonly chosen: Alternative
  /** Cheapest first. */
  readonly rejected: readonly Alternative[]
}

/** A way that can be chosen. */
export interface Candidate<T> {
  readonly name: string
  readonly value: T
  readonly plan: Plan
  /** Computing that only this way takes, in seconds; what all have in common does not matter. */
  readonly localSeconds?: number
}

export interface Decision<T> {
  readonly value: T
  /** Absent if there was nothing to choose: one candidate, or all cost the same. */
  readonly choice?: Choice
}

/**
 * The candidate with the lowest estimate, the first of equals.
 * @param candidates at least one; a later one that costs what an earlier one does is left out
 */
export function choose<T>(
  question: string,
  candidates: readonly Candidate<T>[],
  params: PlanParams,
): Decision<T> {
  const [only] = candidates
  if (only === undefined) throw new RangeError('no candidate')
  if (candidates.length === 1) return { value: only.value }
  const rated = candidates.map(({ name, value, plan, localSeconds = 0 }) => {
    const cost = schedule(plan, params)
    const alternative: Alternative = {
      name,
      rounds: cost.rounds.length,
      bytes: Math.max(...bytesSent(cost)),
      seconds: networkSeconds(cost, params.network) + localSeconds,
    }
    return { value, alternative }
  })
  const distinct = rated.filter(
    ({ alternative }, k) => !rated.slice(0, k).some((one) => alike(one.alternative, alternative)),
  )
  // Stable: the first of equals stays first.
  const [best, ...others] = distinct.toSorted(
    (a, b) => a.alternative.seconds - b.alternative.seconds,
  )
  if (others.length === 0) return { value: best!.value }
  return {
    value: best!.value,
    choice: {
      question,
      chosen: best!.alternative,
      rejected: others.map(({ alternative }) => alternative),
    },
  }
}

/** The choices as text, with an empty line after them; nothing if there were none. */
export function choiceLines(choices: readonly Choice[]): string[] {
  if (choices.length === 0) return []
  return [
    'Chosen, for the whole plan',
    ...choices.flatMap(({ question, chosen, rejected }) => [
      `  ${question}: ${chosen.name} (${costOf(chosen)})`,
      ...rejected.map((other) => `    rather than ${other.name} (${costOf(other)})`),
    ]),
    '',
  ]
}

function costOf(alternative: Alternative): string {
  const { rounds, bytes } = alternative
  return `${count(rounds)} rounds, ${size(bytes)}, about ${seconds(alternative.seconds)}`
}

function alike(a: Alternative, b: Alternative): boolean {
  return a.rounds === b.rounds && a.bytes === b.bytes && a.seconds === b.seconds
}
