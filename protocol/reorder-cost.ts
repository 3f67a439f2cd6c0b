/**
 * The rounds of the operators that move lanes by an order that is secret, `permute`, `compact` and `member-sort`.
 * Part of cost.ts.
 */
import { planeBytes } from '../shares/bits/plane.ts'
import { committee } from '../shares/committee.ts'

import { circuitStats } from './circuit.ts'
import { flatLayout } from './layout.ts'
import { exchangeCircuit } from './member-sort.ts'
import { countExchanges, exchangeLayers } from './merge-exchange.ts'
import type { Tag } from './party.ts'
import type { Operator, PlanParams } from './plan.ts'
import { planesBelow } from './public-planes.ts'
import { bitToFieldRounds, circuitRounds, type Tally } from './tally.ts'
import { memberClasses, type Shape } from './validate-plan.ts'

/** A shuffle and an opening of the order; and with `from`, the rows shuffled the other way. */
export function permuteRounds(
  tally: Tally,
  { direction }: Extract<Operator, { kind: 'permute' }>,
  tag: Tag,
  { type, parts, lanes }: Shape,
): void {
  const columns = type === 'field' ? parts : Math.ceil(parts / 64)
  const shuffled = direction === 'to' ? 1 + columns : 1
  let step = shuffleRounds(tally, shuffled * lanes, tag, 0)
  tally.round(tag, step, 8 * lanes)
  step += 1
  if (direction === 'from') shuffleRounds(tally, columns * lanes, tag, step, true)
}

/** A plane converted, a dealing of numbers, a shuffle of them and the rows, an opening. */
export function compactRounds(
  tally: Tally,
  { inputs }: Extract<Operator, { kind: 'compact' }>,
  tag: Tag,
  lanes: number,
  type: Shape['type'],
): void {
  const columns = type === 'field' ? inputs.length : Math.ceil(inputs.length / 64)
  let step = bitToFieldRounds(tally, 1, flatLayout(lanes), tag)
  tally.round(tag, step, 8 * lanes)
  tally.fieldMultiplications += lanes
  step += 1
  step += shuffleRounds(tally, (1 + columns) * lanes, tag, step)
  tally.round(tag, step, 8 * lanes)
}

/** An exchange of every two rows of a member that meet, layer after layer. */
export function memberSortRounds(
  tally: Tally,
  { inputs, key, depth }: Extract<Operator, { kind: 'member-sort' }>,
  tag: Tag,
  params: PlanParams,
): void {
  const classes = memberClasses(params)
  const longest = classes.at(-1)?.[0] ?? 0
  const added = planesBelow(longest)
  const circuit = exchangeCircuit(added + inputs.length, added + key, depth)
  const { ands } = circuitStats(circuit)
  let step = tag.step
  for (const layer of exchangeLayers(longest)) {
    const lanes = classes.reduce(
      (sum, [rows, members]) => sum + members * countExchanges(layer, rows),
      0,
    )
    step += circuitRounds(tally, circuit, { ...tag, step }, planeBytes(lanes))
    tally.andGates += ands * lanes
  }
}

/**
 * Every set of t+1 deals once, the last first if a shuffle is undone.
 * @param words that each of them deals
 * @returns the rounds
 */
function shuffleRounds(
  tally: Tally,
  words: number,
  tag: Tag,
  step: number,
  undone = false,
): number {
  if (words === 0) return 0
  const { sets } = committee(tally.n)
  const turns = undone ? sets.toReversed() : sets
  for (const [turn, members] of turns.entries()) tally.round(tag, step + turn, 8 * words, members)
  return sets.length
}
