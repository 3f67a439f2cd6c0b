/**
 * The largest or the smallest of the numbers in the lanes that a filter admits, without a number leaving F_2: a
 * tournament (query.md, MIN and MAX).
 *
 * Lanes that are not admitted count as less than 0, padding too; the smallest is the complement of the largest of the
 * complements. In each level (tournament.ts) the lanes are dealt into parts, and those at the same place of
 * all parts meet: every two are compared, the earlier one winning if they are equal, and the one that beats
 * all others goes on (winner.ts). The filter goes along as the highest digit; beside the comparisons of the
 * last level, lanes that are not admitted become 0. All choices are treated in common rounds.
 *
 * Secure as AND and what winner.ts is made of; nobody learns anything. Cost for parts of N lanes of w bits, k
 * of them: k(k-1)/2 comparisons of about 2.1w ANDs a lane and (k-1)w ANDs, in ceil(log2 (w+2)) + 1 rounds and those
 * of winner.ts. 10,000 lanes of 32 bits take 27 rounds.
 */
import { planeBytes } from '../shares/bits/plane.ts'
import { type Arena, view } from '../shares/field/memory.ts'
import type { BitShare } from '../shares/replicated.ts'

import { constantBits, maskBits, notBits, xorBits } from './boolean.ts'
import { admitted, type Field, playLast, playLevel, type Run, type Shape } from './extreme-level.ts'
import { gatherLanes, joinPlanes, placeLanes } from './gather.ts'
import { laneMask, type Layout } from './layout.ts'
import type { Party, Tag } from './party.ts'
import type { PlanParams } from './plan.ts'
import { BLOCK_BYTES, BLOCK_LANES, type Level, tournament } from './tournament.ts'

/** One tournament. */
export interface Extreme {
  /** The numbers, least significant plane first. */
  readonly planes: readonly BitShare[]
  /** 1 in the lanes that take part. */
  readonly among: BitShare
  readonly largest: boolean
}

/**
 * The largest or smallest number of each choice. Where no lane takes part, the largest is 0 and the
 * smallest all ones.
 * @param arena owns the results
 * @param tag of the first round; the others have the steps that follow
 * @param choices at least one; narrower numbers than the widest are padded with zeros
 * @param layout of all planes
 * @param network changes the cost only
 * @returns as many planes as the widest choice has, least significant first; lane k for choice k
 * @throws ShareholdError SH_ROUND_*
 */
export async function extremes(
  party: Party,
  arena: Arena,
  tag: Tag,
  choices: readonly Extreme[],
  layout: Layout,
  network: PlanParams['network'],
): Promise<BitShare[]> {
  const scratch = arena.child()
  try {
    let step = tag.step
    const run: Run = {
      party,
      nextTags: (rounds) => ({ ...tag, step: (step += rounds) - rounds }),
    }
    const count = choices.length
    const inverted = scratch.bytes(planeBytes(count))
    view(inverted).fill(0)
    choices.forEach(({ largest }, k) => {
      if (!largest) view(inverted)[k >> 3]! |= 1 << (k & 7)
    })
    const winners = await play(run, scratch, choices, layout, network)
    const ones = constantBits(party, scratch, inverted.bytes, 1)
    const flips = maskBits(party, scratch, ones, inverted)
    return winners.map((winner) => xorBits(party, arena, winner, flips))
  } finally {
    scratch.release()
  }
}

/** The largest numbers, or complements of the smallest. */
async function play(
  run: Run,
  arena: Arena,
  choices: readonly Extreme[],
  layout: Layout,
  network: PlanParams['network'],
): Promise<readonly BitShare[]> {
  const { party } = run
  const count = choices.length
  const field = fieldOf(party, arena, choices, layout)
  const units = layout.planeBytes / BLOCK_BYTES
  if (units === 0) return field.planes.map(() => constantBits(party, arena, planeBytes(count), 0))
  const { t } = party.committee
  const plan = tournament(layout.lanes, units, count, field.planes.length, t, network)
  const blocks: Shape = { choices: count, units, unitBytes: BLOCK_BYTES }
  const left = await playLevels(run, arena, field, blocks, plan.blocks, false)
  if (plan.lanes === 'all at once') return playLast(run, arena, left, count)
  const places: Shape = {
    choices: 1,
    units: units === 1 ? Math.min(layout.lanes, BLOCK_LANES) : BLOCK_LANES,
    unitBytes: planeBytes(count),
  }
  const ordered = byPlaces(party, arena, left, count, places)
  const { planes, filter } = await playLevels(run, arena, ordered, places, plan.lanes, true)
  // A single lane meets nobody.
  return filter === undefined ? planes : admitted(party, arena, run.nextTags(1), planes, filter)
}

/** @param last whether no other levels follow */
async function playLevels(
  run: Run,
  arena: Arena,
  start: Field,
  shape: Shape,
  levels: readonly Level[],
  last: boolean,
): Promise<Field> {
  let field = start
  let { units } = shape
  for (const [k, level] of levels.entries()) {
    const ends = last && k === levels.length - 1
    const next = await playLevel(run, arena, field, { ...shape, units }, level, ends)
    for (const plane of [...field.planes, field.filter!]) arena.free(plane)
    field = next
    units = level.size
  }
  return field
}

/** From a block for each choice to a unit for each place in these blocks, with a lane for every choice. */
function byPlaces(
  party: Party,
  arena: Arena,
  { planes, filter }: Field,
  choices: number,
  { units, unitBytes }: Shape,
): Field {
  // The lanes after those of the choices repeat one: nobody looks at them.
  const lanes = Uint32Array.from({ length: units * 8 * unitBytes }, (_, at) => {
    const choice = at % (8 * unitBytes)
    return (choice < choices ? choice : 0) * BLOCK_LANES + Math.floor(at / (8 * unitBytes))
  })
  const list = placeLanes(arena, lanes)
  const order = (plane: BitShare): BitShare => gatherLanes(party, arena, plane, list)
  return { planes: planes.map(order), filter: filter === undefined ? undefined : order(filter) }
}

/** The numbers, those of the smallest complemented, and the filters without padding; choices on end. */
function fieldOf(party: Party, arena: Arena, choices: readonly Extreme[], layout: Layout): Field {
  const width = Math.max(...choices.map(({ planes }) => planes.length))
  const scratch = arena.child()
  try {
    const mask = scratch.bytes(layout.planeBytes)
    view(mask).set(laneMask(layout))
    const filters = choices.map(({ among }) => maskBits(party, scratch, among, mask))
    const none = constantBits(party, scratch, layout.planeBytes, 0)
    const planes = Array.from({ length: width }, (_, i) => {
      const parts = choices.map(({ planes: own, largest }) =>
        largest ? (own[i] ?? none) : notBits(party, scratch, own[i] ?? none),
      )
      return joinPlanes(party, arena, parts)
    })
    return { planes, filter: joinPlanes(party, arena, filters) }
  } finally {
    scratch.release()
  }
}
