import { planeBytes } from '../../shares/bits/plane.ts'
/** Circuits that compute the same, of which the one is taken that is estimated to take the least time by itself. */
import type { Circuit } from '../circuit.ts'
import type { PlanParams } from '../plan.ts'
import { circuitRounds, Tally } from '../tally.ts'

import { choose, estimate } from './choices.ts'

/**
 * The cheapest circuit over so many lanes.
 * @param ways at least one
 */
export function cheapestCircuit(
  { committee: { n, t }, network }: PlanParams,
  lanes: number,
  ways: readonly Circuit[],
): Circuit {
  const candidates = ways.map((circuit) => {
    const tally = new Tally(n, t)
    circuitRounds(tally, circuit, { op: 0, batch: 0, step: 0 }, planeBytes(lanes))
    const cost = estimate({ n, t, rounds: tally.rounds.map((round) => [round]) }, network)
    return { name: '', value: circuit, cost }
  })
  return choose('circuit', candidates).value
}
