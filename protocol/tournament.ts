/**
 * How a tournament goes (extreme.ts): how many numbers meet at a time, level by level, and the circuits that
 * compare them. Many at a time take few levels, and so few rounds; but every two of them are compared. Which
 * is cheaper depends on how many bytes a round is worth. Only costs depend on what is chosen here.
 */
import { planeBytes } from '../shares/bits/plane.ts'

import { carryOut, leastDepth } from './carry-circuit.ts'
import { CircuitBuilder } from './circuit-builder.ts'
import { circuitFor } from './circuit-cache.ts'
import { circuitStats } from './circuit.ts'
import type { PlanParams } from './plan.ts'

/** x >= y for numbers of `width` planes: those of x, then those of y. The least depth. */
export const atLeastCircuit = circuitFor((width) => {
  const b = new CircuitBuilder()
  const x = b.inputs(width)
  const complement = b.inputs(width).map((wire) => b.not(wire))
  return b.build([carryOut(b, x, complement, leastDepth(width, true))])
})

/** x > y, or x = y and a further bit is 1: that bit, the planes of x, and those of y. The least depth. */
export const beatsCircuit = circuitFor((width) => {
  const b = new CircuitBuilder()
  // As a lowest digit of both, the bit carries iff it is 1.
  const tie = b.input()
  const x = [tie, ...b.inputs(width)]
  const complement = [tie, ...b.inputs(width).map((wire) => b.not(wire))]
  return b.build([carryOut(b, x, complement, leastDepth(width + 1, true))])
})

/** Numbers stand in `parts` parts of `size` units; those at the same place of all parts meet. */
export interface Level {
  readonly parts: number
  readonly size: number
}

export interface Tournament {
  /** Among blocks of 128 lanes, until one is left of each choice. */
  readonly blocks: readonly Level[]
  /**
   * Among the lanes of that block: all at once; or, where there are many choices, among places, each of which
   * has a lane of every choice.
   */
  readonly lanes: 'all at once' | readonly Level[]
}

/** Lanes of a block, and its bytes. */
export const BLOCK_LANES = 128
export const BLOCK_BYTES = 16

/** Most parts that are tried; more than that would be compared in too many pairs. */
const MOST_PARTS = 64

/** What a round is worth in bytes: the time of the one over that of the other. Rough. */
const ROUND_WORTH: Readonly<Record<PlanParams['network'], number>> = {
  loopback: 40_000,
  lan: 60_000,
  wan: 300_000,
}

/** Whether it is found out by counting who beats all others: else by an AND of all. @param others how many */
export function isCounted(others: number, t: number): boolean {
  return Math.ceil(Math.log2(others)) > t + 1
}

/** Rounds that this takes, when all have been compared. */
function winnerRounds(others: number, t: number): number {
  return isCounted(others, t) ? t + 1 : Math.ceil(Math.log2(others))
}

const known = new Map<string, Tournament>()

/**
 * @param lanes of each choice
 * @param blocks of 128 lanes that they lie in
 * @param width planes of a number
 */
export function tournament(
  lanes: number,
  blocks: number,
  choices: number,
  width: number,
  t: number,
  network: PlanParams['network'],
): Tournament {
  const key = [lanes, blocks, choices, width, t, network].join()
  let found = known.get(key)
  if (found === undefined) {
    found = plan(lanes, blocks, choices, width, t, network)
    // A process plans for few tables; should it be many, it begins anew.
    if (known.size >= MOST_KNOWN) known.clear()
    known.set(key, found)
  }
  return found
}

const MOST_KNOWN = 1000

function plan(
  lanes: number,
  blocks: number,
  choices: number,
  width: number,
  t: number,
  network: PlanParams['network'],
): Tournament {
  // The filter goes along as a digit.
  const estimate: Estimate = { width: width + 1, t, roundWorth: ROUND_WORTH[network] }
  const amongBlocks = cheapest(blocks, choices * BLOCK_BYTES, estimate)
  const places = blocks === 1 ? Math.min(lanes, BLOCK_LANES) : BLOCK_LANES
  const amongPlaces = cheapest(places, planeBytes(choices), estimate)
  const pairs = BLOCK_LANES / 2
  const atOnce = levelCost(pairs, BLOCK_LANES - 1, 1, choices * BLOCK_BYTES, estimate)
  return {
    blocks: amongBlocks.levels,
    lanes: atOnce <= amongPlaces.cost ? 'all at once' : amongPlaces.levels,
  }
}

interface Estimate {
  readonly width: number
  readonly t: number
  readonly roundWorth: number
}

/** Rounds and bytes of a level, in bytes. @param bytes of a row of comparisons */
function levelCost(
  rows: number,
  others: number,
  parts: number,
  bytes: number,
  { width, t, roundWorth }: Estimate,
): number {
  const { ands, depth } = circuitStats(atLeastCircuit(width))
  const rounds = depth + winnerRounds(others, t) + 1
  const perOther = isCounted(others, t) ? 8 / 3 : 1
  return (
    rounds * roundWorth +
    bytes * (rows * ands + parts * others * perOther + Math.max(1, parts - 1) * width)
  )
}

interface Levels {
  readonly levels: readonly Level[]
  readonly cost: number
}

/** The cheapest levels from so many units down to one. @param bytes of a unit, of all choices */
function cheapest(units: number, bytes: number, estimate: Estimate): Levels {
  const solved = new Map<number, Levels>()
  const find = (left: number): Levels => {
    if (left <= 1) return { levels: [], cost: 0 }
    let best = solved.get(left)
    if (best !== undefined) return best
    best = { levels: [], cost: Infinity }
    for (let parts = 2; parts <= Math.min(left, MOST_PARTS); parts++) {
      const size = Math.ceil(left / parts)
      const pairs = (parts * (parts - 1)) / 2
      const own = levelCost(pairs, parts - 1, parts, size * bytes, estimate)
      if (own >= best.cost) break
      const rest = find(size)
      if (own + rest.cost >= best.cost) continue
      best = { levels: [{ parts, size }, ...rest.levels], cost: own + rest.cost }
    }
    solved.set(left, best)
    return best
  }
  return find(units)
}
