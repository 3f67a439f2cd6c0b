/**
 * The rows of each member put together two by two, by circuits: counted, added up, or the larger one taken. A reduction
 * in the place of a scan: whose each row is is public, so is which two meet, and only these are in a circuit.
 *
 *   rows of each member:  1 2 3 4 5 | 1 2     -> circuit 0 ->  12 34 5 | 12     -> circuit 1 ->  1234 5 | 12  -> ...
 *
 * Secure as AND is (boolean.ts); nobody learns anything. Cost: level k has a pair for each two of the ceil(rows / 2^k)
 * that a member has left, about N / 2^(k+1) for N rows in all; its ANDs a pair, and the rounds of its circuit.
 */
import { planeBytes } from '../shares/bits/plane.ts'
import type { Arena } from '../shares/field/memory.ts'
import type { BitShare } from '../shares/replicated.ts'

import type { Circuit } from './circuit.ts'
import { circuitStats } from './circuit.ts'
import { evaluate } from './evaluate.ts'
import { gatherLanes, joinPlanes, placeLanes } from './gather.ts'
import { lanePositions, type Layout } from './layout.ts'
import type { Party, Tag } from './party.ts'
import { newZero } from './public-planes.ts'
import { rowOrder } from './row-order.ts'

/** How often so many rows are halved until there is one. */
export function levelsFor(rows: number): number {
  return rows <= 1 ? 0 : 32 - Math.clz32(rows - 1)
}

/**
 * @param arena owns the results
 * @param tag of the first round; the others have the steps that follow
 * @param planes in this layout
 * @param rowsOfMember of each member, at least 1
 * @param circuits as in the plan
 * @returns planes over the members
 * @throws ShareholdError SH_ROUND_*
 */
export async function reduceMembers(
  party: Party,
  arena: Arena,
  tag: Tag,
  planes: readonly BitShare[],
  layout: Layout,
  memberOfRow: Uint32Array,
  rowsOfMember: Uint32Array,
  circuits: readonly Circuit[],
): Promise<BitShare[]> {
  const { positions } = rowOrder(memberOfRow, rowsOfMember.length, layout)
  let left = arena.child()
  const order = placeLanes(left, positions ?? lanePositions(layout))
  let current = planes.map((plane) => gatherLanes(party, left, plane, order))
  left.free(order.block)
  let counts = rowsOfMember
  let { step } = tag
  try {
    for (const circuit of circuits) {
      const own = arena.child()
      const next = await level(party, own, { ...tag, step }, current, counts, circuit)
      left.release()
      left = own
      current = next
      counts = counts.map((count) => Math.ceil(count / 2))
      step += circuitStats(circuit).depth
    }
    return current.map((plane) => left.keep(plane))
  } finally {
    left.release()
  }
}

/** One row of each two, in the order of members. @param arena owns the results */
async function level(
  party: Party,
  arena: Arena,
  tag: Tag,
  planes: readonly BitShare[],
  counts: Uint32Array,
  circuit: Circuit,
): Promise<BitShare[]> {
  const { firsts, alone, places } = pairsOf(counts)
  const scratch = arena.child()
  try {
    const list = placeLanes(scratch, firsts)
    const seconds = placeLanes(
      scratch,
      firsts.map((lane) => lane + 1),
    )
    const inputs = [list, seconds].flatMap((lanes) =>
      planes.map((plane) => gatherLanes(party, scratch, plane, lanes)),
    )
    const bytes = planeBytes(firsts.length)
    const paired = await evaluate(party, scratch, tag, circuit, inputs, bytes)
    const rest = placeLanes(scratch, alone)
    const none = newZero(party, scratch, planeBytes(alone.length))
    const order = placeLanes(scratch, places)
    return paired.map((plane, k) => {
      const own = scratch.child()
      const source = planes[k]
      const unpaired = source === undefined ? none : gatherLanes(party, own, source, rest)
      const ordered = gatherLanes(party, arena, joinPlanes(party, own, [plane, unpaired]), order)
      own.release()
      return ordered
    })
  } finally {
    scratch.release()
  }
}

interface Pairs {
  /** Lanes that come first of two; the second is behind it. */
  readonly firsts: Uint32Array
  /** Lanes without a partner. */
  readonly alone: Uint32Array
  /** Where each lane of the result is, in the plane of pairs with that of the others behind it. */
  readonly places: Uint32Array
}

function pairsOf(counts: Uint32Array): Pairs {
  const pairs = counts.reduce((sum, count) => sum + (count >> 1), 0)
  const odd = counts.reduce((sum, count) => sum + (count & 1), 0)
  const firsts = new Uint32Array(pairs)
  const alone = new Uint32Array(odd)
  const places = new Uint32Array(pairs + odd)
  const behind = 8 * planeBytes(pairs)
  let [lane, pair, single, place] = [0, 0, 0, 0]
  for (const count of counts) {
    for (let k = 0; k < count >> 1; k++) {
      places[place++] = pair
      firsts[pair++] = lane + 2 * k
    }
    if ((count & 1) === 1) {
      places[place++] = behind + single
      alone[single++] = lane + count - 1
    }
    lane += count
  }
  return { firsts, alone, places }
}
