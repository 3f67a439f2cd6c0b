/**
 * Choices of the planner: ways to compute the same, of which the one with the lowest estimate is taken. What
 * is compared is the whole plan, so that rounds which one part shares with another are not counted twice.
 * Every node chooses alike: an estimate is a function of plan and planParams.
 */
import { bytesSent } from '../cost.ts'
import type { Schedule } from '../cost.ts'
import type { PlanParams } from '../plan.ts'

import { count, seconds, size } from './figures.ts'
import { networkSeconds } from './network-model.ts'

/** What a plan would cost. */
export interface Estimate {
  readonly rounds: number
  /** Payload bytes that the busiest party sends. */
  readonly bytes: number
  /** For the network class of planParams. */
  readonly seconds: number
}

/** A way, and what the whole plan would cost with it. */
export interface Alternative extends Estimate {
  readonly name: string
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
  readonly cost: Estimate
}

export interface Decision<T> {
  readonly value: T
  /** Absent if there was nothing to choose: one candidate, or all cost the same. */
  readonly choice?: Choice
}

/** A question, and the ways that are possible: one at least. */
export interface Question<Strategy> {
  readonly question: string
  readonly options: readonly { readonly name: string; readonly strategy: Strategy }[]
}

/** Answers to all questions, and what they were chosen from. */
export interface Way<Strategy> {
  readonly strategy: Strategy
  readonly choices: readonly Choice[]
}

/** Answers may depend on later ones, so questions are asked again until nothing changes, or so often. */
const MAX_PASSES = 3

/**
 * Asks questions, each with the answers so far.
 *
 * @param first answers to begin with
 * @param nameOf tells strategies apart
 */
export function answerQuestions<Strategy>(
  first: Strategy,
  questions: readonly ((soFar: Strategy) => Question<Strategy>)[],
  costOf: (strategy: Strategy) => Estimate,
  nameOf: (strategy: Strategy) => string,
): Way<Strategy> {
  let strategy = first
  let choices: Choice[] = []
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const before = nameOf(strategy)
    choices = []
    for (const ask of questions) {
      const { question, options } = ask(strategy)
      const { value, choice } =
        options.length === 1
          ? { value: options[0]!.strategy }
          : choose(
              question,
              options.map((option) => ({
                name: option.name,
                value: option.strategy,
                cost: costOf(option.strategy),
              })),
            )
      strategy = value
      if (choice !== undefined) choices.push(choice)
    }
    if (nameOf(strategy) === before) break
  }
  return { strategy, choices }
}

/** @param localSeconds of computing that other ways do not take; what all take does not matter */
export function estimate(
  cost: Pick<Schedule, 'n' | 't' | 'rounds'>,
  network: PlanParams['network'],
  localSeconds = 0,
): Estimate {
  return {
    rounds: cost.rounds.length,
    bytes: Math.max(...bytesSent(cost)),
    seconds: networkSeconds(cost, network) + localSeconds,
  }
}

/**
 * The candidate with the lowest estimate, the first of equals.
 * @param candidates at least one; a later one that costs what an earlier one does is left out
 */
export function choose<T>(question: string, candidates: readonly Candidate<T>[]): Decision<T> {
  const distinct = candidates.filter(
    ({ cost }, k) => !candidates.slice(0, k).some((one) => alike(one.cost, cost)),
  )
  // Stable: the first of equals stays first.
  const [best, ...others] = distinct.toSorted((a, b) => a.cost.seconds - b.cost.seconds)
  if (best === undefined) throw new RangeError('no candidate')
  if (others.length === 0) return { value: best.value }
  const alternative = ({ name, cost }: Candidate<T>): Alternative => ({ name, ...cost })
  const choice = { question, chosen: alternative(best), rejected: others.map(alternative) }
  return { value: best.value, choice }
}

/**
 * The choices as text, with an empty line after them; nothing if there were none.
 * @param network the class that they were made for
 */
export function choiceLines(choices: readonly Choice[], network: PlanParams['network']): string[] {
  if (choices.length === 0) return []
  return [
    `Chosen, for the whole plan and the class ${network}`,
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

function alike(a: Estimate, b: Estimate): boolean {
  return a.rounds === b.rounds && a.bytes === b.bytes && a.seconds === b.seconds
}
