/**
 * What the planner may know of the network: a round trip and a bandwidth per class. Rough on purpose: it
 * only ranks plans for the same query, and every node must rank them alike, so a node that plans measures
 * nothing. Whoever predicts a run may put measured rates in the place of a class.
 */
import { busiestIn } from '../cost.ts'
import type { Schedule } from '../cost.ts'
import type { PlanParams } from '../plan.ts'

export interface NetworkRates {
  /** From sending a round's messages to having those of the others. */
  readonly roundSeconds: number
  /** Of a party's uplink. */
  readonly bytesPerSecond: number
}

const CLASSES: Readonly<Record<PlanParams['network'], NetworkRates>> = {
  loopback: { roundSeconds: 0.0001, bytesPerSecond: 1e9 },
  lan: { roundSeconds: 0.0005, bytesPerSecond: 1.25e8 },
  wan: { roundSeconds: 0.05, bytesPerSecond: 6.25e6 },
}

/** The rates that stand for a class. */
export function ratesOf(network: PlanParams['network']): NetworkRates {
  return CLASSES[network]
}

/** How a line is sold. */
export interface Link {
  readonly roundTripMs: number
  /** Of a node's uplink, in millions of bits a second. */
  readonly megabits: number
}

/** All send at once, so that a round takes the way there only. */
export function ratesOfLink({ roundTripMs, megabits }: Link): NetworkRates {
  return { roundSeconds: roundTripMs / 2000, bytesPerSecond: megabits * 125_000 }
}

/** The line that has the rates of a class. */
export function linkOfClass(network: PlanParams['network']): Link {
  const { roundSeconds, bytesPerSecond } = ratesOf(network)
  return { roundTripMs: roundSeconds * 2000, megabits: bytesPerSecond / 125_000 }
}

/** What of a schedule takes time on the network. */
type Rounds = Pick<Schedule, 'n' | 't' | 'rounds'>

/**
 * Seconds that a schedule spends on the network: in each round one delay, and the bytes of the party that
 * sends most in it. Headers and encryption are not in it: about 5 % of long messages on Ethernet.
 */
export function scheduleSeconds(cost: Rounds, rates: NetworkRates): number {
  const bytes = cost.rounds.reduce((sum, round) => sum + busiestIn(cost, round), 0)
  return cost.rounds.length * rates.roundSeconds + bytes / rates.bytesPerSecond
}

/** The same for a class of network. */
export function networkSeconds(cost: Rounds, network: PlanParams['network']): number {
  return scheduleSeconds(cost, ratesOf(network))
}

/**
 * Computing that a product through a king takes beyond a re-shared one (pseudo-random words and the sums of
 * them): measured once, on one core. It decides where bandwidth is as cheap as on one machine.
 */
const KING_SECONDS: Readonly<Record<number, number>> = { 3: 0, 5: 2e-8, 7: 8e-8 }

/** Seconds for so many products. */
export function kingSeconds(parties: number, products: number): number {
  return (KING_SECONDS[parties] ?? 0) * products
}
