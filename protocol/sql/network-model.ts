/**
 * What the planner may know of the network: a round trip and a bandwidth per class. Rough on purpose: it
 * only ranks two plans for the same query, and every node must rank them alike (nobody measures).
 */
import { bytesSent } from '../cost.ts'
import type { Schedule } from '../cost.ts'
import type { PlanParams } from '../plan.ts'

export interface NetworkClass {
  readonly roundSeconds: number
  /** Of a party's uplink. */
  readonly bytesPerSecond: number
}

const CLASSES: Readonly<Record<PlanParams['network'], NetworkClass>> = {
  loopback: { roundSeconds: 0.0001, bytesPerSecond: 1e9 },
  lan: { roundSeconds: 0.0005, bytesPerSecond: 1.25e8 },
  wan: { roundSeconds: 0.05, bytesPerSecond: 6.25e6 },
}

/** Seconds that a schedule spends on the network: one delay a round, and the bytes of the busiest party. */
export function networkSeconds(cost: Schedule, network: PlanParams['network']): number {
  const { roundSeconds, bytesPerSecond } = CLASSES[network]
  return cost.rounds.length * roundSeconds + Math.max(...bytesSent(cost)) / bytesPerSecond
}
