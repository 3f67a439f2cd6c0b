/**
 * The rounds of the operators that move lanes by an order that is secret, `permute` and `compact`. Part of
 * cost.ts.
 */
import { committee } from '../shares/committee.ts'

import { flatLayout } from './layout.ts'
import type { Tag } from './party.ts'
import type { Operator } from './plan.ts'
import { bitToFieldRounds, type Tally } from './tally.ts'
import type { Shape } from './validate-plan.ts'

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
