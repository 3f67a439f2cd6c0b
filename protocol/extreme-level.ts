/**
 * One level of a tournament (extreme.ts): numbers meet, and the one that beats all others is picked out.
 *
 * Security and cost are those of the parts; see extreme.ts.
 */
import { foldRows, parities, turnLanes } from '../shares/bits/lanes.ts'
import { copy, planeBytes, xor, zero } from '../shares/bits/plane.ts'
import { type Arena, type Block, sliceBlock, view } from '../shares/field/memory.ts'
import { type BitShare, component, newBitShare } from '../shares/replicated.ts'

import { andBits, type BitPair, constantBits, maskBits, notBits } from './boolean.ts'
import { type Circuit, circuitStats } from './circuit.ts'
import { evaluate } from './evaluate.ts'
import { cutPlane } from './gather.ts'
import type { Party, Tag } from './party.ts'
import { sideBySide } from './side-by-side.ts'
import { atLeastCircuit, beatsCircuit, BLOCK_BYTES, BLOCK_LANES, type Level } from './tournament.ts'
import {
  findWinner,
  prepareWinner,
  preparingRounds,
  winnerRounds,
  type WinnerTables,
} from './winner.ts'

/** Numbers, and who is admitted. */
export interface Field {
  /** Least significant first. */
  readonly planes: readonly BitShare[]
  /** Undefined once the others are 0: after the last level. */
  readonly filter: BitShare | undefined
}

/** How the lanes of a plane are to be taken: each choice has as many units, on end. */
export interface Shape {
  readonly choices: number
  readonly units: number
  readonly unitBytes: number
}

export interface Run {
  readonly party: Party
  /** The tag of the first of so many rounds. */
  readonly nextTags: (rounds: number) => Tag
}

/**
 * A level among parts.
 * @param arena owns the result
 * @param last whether who is not admitted becomes 0
 * @returns the largest at each place: planes of level.size units of each choice
 * @throws ShareholdError SH_ROUND_*
 */
export async function playLevel(
  run: Run,
  arena: Arena,
  field: Field,
  shape: Shape,
  level: Level,
  last: boolean,
): Promise<Field> {
  const { party, nextTags } = run
  const { parts, size } = level
  const row = shape.choices * size * shape.unitBytes
  const scratch = arena.child()
  try {
    const arranged = mapField(field, (plane) => inParts(party, scratch, plane, shape, level))
    // For every distance, the parts that have one that far behind, and those behind them.
    const pairs = distances(parts)
    const side = (from: (distance: number) => number): BitShare[] =>
      digitsOf(arranged).map((plane) =>
        rowsOf(
          party,
          scratch,
          pairs.map((distance): Piece => [plane, from(distance), parts - distance]),
          row,
        ),
      )
    const comparison = {
      circuit: atLeastCircuit(digitsOf(arranged).length),
      inputs: [...side(() => 0), ...side((distance) => distance)],
    }
    const met = await meet(run, scratch, arranged, comparison, parts - 1, last, (atLeast) => {
      const less = notBits(party, scratch, atLeast)
      const first = (distance: number): number =>
        pairs.slice(0, distance - 1).reduce((sum, before) => sum + parts - before, 0)
      // Against the part that far behind; for the last ones, against those at the beginning.
      const pieces = pairs.flatMap((distance): Piece[] => [
        [atLeast, first(distance), parts - distance],
        [less, first(parts - distance), distance],
      ])
      return rowsOf(party, scratch, pieces, row)
    })
    // The last part's number, and for the winner among the others the difference to that.
    const end = (parts - 1) * row
    const winner = cutPlane(party, scratch, met.winner, 0, end)
    const products = await andBits(
      party,
      scratch,
      nextTags(1),
      met.numbers.map((plane): BitPair => [winner, differences(party, scratch, plane, row)]),
    )
    const winners = products.map((product, i) => {
      const out = newBitShare(arena, party.committee, row)
      for (let position = 0; position < out.components; position++) {
        const target = component(out, position)
        foldRows(target, component(product, position), parts - 1)
        xor(target, target, sliceBlock(component(met.numbers[i]!, position), end, end + row))
      }
      return out
    })
    return last
      ? { planes: winners, filter: undefined }
      : { planes: winners.slice(0, -1), filter: winners.at(-1) }
  } finally {
    scratch.release()
  }
}

/** Each row but the last, XOR the last. */
function differences(party: Party, arena: Arena, plane: BitShare, row: number): BitShare {
  const out = newBitShare(arena, party.committee, plane.bytes - row)
  for (let position = 0; position < out.components; position++) {
    const [to, from] = [component(out, position), component(plane, position)]
    const last = sliceBlock(from, out.bytes, plane.bytes)
    for (let at = 0; at < out.bytes; at += row) {
      xor(sliceBlock(to, at, at + row), sliceBlock(from, at, at + row), last)
    }
  }
  return out
}

/**
 * The last level, among all lanes of one block of each choice.
 * @param arena owns the result
 * @returns lane k for choice k
 * @throws ShareholdError SH_ROUND_*
 */
export async function playLast(
  run: Run,
  arena: Arena,
  field: Field,
  choices: number,
): Promise<BitShare[]> {
  const { party, nextTags } = run
  const scratch = arena.child()
  try {
    // Lane i meets lane i + d, around the block, for d = 1..64: so every two lanes meet, those half a block
    // apart twice. If they are equal, the lower lane wins.
    const rows = BLOCK_LANES / 2
    const turned = (plane: BitShare, first: number, by: number): BitShare =>
      turn(party, scratch, plane, { rows, planes: choices, each: false, first, by })
    const digits = digitsOf(field)
    const comparison = {
      circuit: beatsCircuit(digits.length),
      inputs: [
        lowerLanes(party, scratch, rows, choices),
        ...digits.map((plane) => turned(plane, 0, 0)),
        ...digits.map((plane) => turned(plane, 1, 1)),
      ],
    }
    const others = BLOCK_LANES - 1
    const met = await meet(run, scratch, field, comparison, others, true, (beats) => {
      const row = choices * BLOCK_BYTES
      const beaten = notBits(party, scratch, beats)
      const turning = { rows, planes: choices, each: true, first: -1, by: -1 }
      const behind = turn(party, scratch, beaten, turning)
      return rowsOf(
        party,
        scratch,
        [
          [beats, 0, rows],
          [behind, 0, rows - 1],
        ],
        row,
      )
    })
    const pairs = met.numbers.map((plane): BitPair => [met.winner, plane])
    const products = await andBits(party, scratch, nextTags(1), pairs)
    return products.map((product) => {
      const out = newBitShare(arena, party.committee, planeBytes(choices))
      for (let position = 0; position < out.components; position++) {
        parities(component(out, position), component(product, position))
      }
      return out
    })
  } finally {
    scratch.release()
  }
}

/** Planes of the digits that are compared: the filter is the highest. */
function digitsOf({ planes, filter }: Field): readonly BitShare[] {
  return filter === undefined ? planes : [...planes, filter]
}

interface Comparison {
  readonly circuit: Circuit
  readonly inputs: readonly BitShare[]
}

interface Met {
  /** 1 where the winner stands. */
  readonly winner: BitShare
  /** Planes of the numbers: of those admitted, or of all with the filter as the highest. */
  readonly numbers: readonly BitShare[]
}

/**
 * Who beats all others.
 * @param last whether who is not admitted becomes 0, beside the comparisons
 * @param outcomesOf from the comparison's result: for each of the others, a plane of who beats it
 */
async function meet(
  { party, nextTags }: Run,
  arena: Arena,
  field: Field,
  { circuit, inputs }: Comparison,
  others: number,
  last: boolean,
  outcomesOf: (result: BitShare) => BitShare,
): Promise<Met> {
  const { t } = party.committee
  const { planes, filter } = field
  const { bytes } = planes[0]!
  const admits = last && filter !== undefined
  const forComparison = nextTags(circuitStats(circuit).depth)
  const forFilter = nextTags(admits ? 1 : 0)
  const forTables = nextTags(preparingRounds(others, t))
  const [[result], numbers, tables] = await sideBySide<
    [readonly BitShare[], readonly BitShare[], WinnerTables | undefined]
  >(party, [
    (own) => evaluate(own, arena, forComparison, circuit, inputs, inputs[0]!.bytes),
    async (own) => (admits ? admitted(own, arena, forFilter, planes, filter) : digitsOf(field)),
    (own) => prepareWinner(own, arena, forTables, others, bytes),
  ])
  const outcomes = outcomesOf(result!)
  const forWinner = nextTags(winnerRounds(others, t))
  return { winner: await findWinner(party, arena, forWinner, outcomes, bytes, tables), numbers }
}

/** Numbers with 0 for who is not admitted. One round. */
export function admitted(
  party: Party,
  arena: Arena,
  tag: Tag,
  planes: readonly BitShare[],
  filter: BitShare,
): Promise<BitShare[]> {
  return andBits(
    party,
    arena,
    tag,
    planes.map((plane): BitPair => [plane, filter]),
  )
}

function mapField({ planes, filter }: Field, map: (plane: BitShare) => BitShare): Field {
  return { planes: planes.map(map), filter: filter === undefined ? undefined : map(filter) }
}

/** 1, ..., parts - 1 */
function distances(parts: number): number[] {
  return Array.from({ length: parts - 1 }, (_, k) => k + 1)
}

/** Part after part, and in each the choices; zeros where there are no units left. */
function inParts(
  party: Party,
  arena: Arena,
  plane: BitShare,
  { choices, units, unitBytes }: Shape,
  { parts, size }: Level,
): BitShare {
  const bytes = size * unitBytes
  const out = newBitShare(arena, party.committee, parts * choices * bytes)
  for (let position = 0; position < out.components; position++) {
    const [to, from] = [component(out, position), component(plane, position)]
    if (parts * size > units) zero(to)
    for (let part = 0; part < parts; part++) {
      const length = Math.max(0, Math.min(size, units - part * size)) * unitBytes
      for (let choice = 0; choice < choices; choice++) {
        const at = (part * choices + choice) * bytes
        const start = (choice * units + part * size) * unitBytes
        if (length === 0) continue
        copy(sliceBlock(to, at, at + length), sliceBlock(from, start, start + length))
      }
    }
  }
  return out
}

/** Rows of a plane: the first one, and how many. */
type Piece = readonly [plane: BitShare, first: number, rows: number]

/** Rows of so many bytes, on end. */
function rowsOf(party: Party, arena: Arena, pieces: readonly Piece[], row: number): BitShare {
  const rows = pieces.reduce((sum, [, , count]) => sum + count, 0)
  const out = newBitShare(arena, party.committee, rows * row)
  for (let position = 0; position < out.components; position++) {
    const to = component(out, position)
    let at = 0
    for (const [plane, first, count] of pieces) {
      const end = at + count * row
      const from = sliceBlock(component(plane, position), first * row, (first + count) * row)
      copy(sliceBlock(to, at, end), from)
      at = end
    }
  }
  return out
}

function turn(
  party: Party,
  arena: Arena,
  plane: BitShare,
  turning: Parameters<typeof turnLanes>[2],
): BitShare {
  const out = newBitShare(arena, party.committee, turning.rows * turning.planes * BLOCK_BYTES)
  for (let position = 0; position < out.components; position++) {
    const from = component(plane, position)
    turnLanes(
      component(out, position),
      turning.each ? sliceBlock(from, 0, out.bytes) : from,
      turning,
    )
  }
  return out
}

/** Public planes: in row d - 1, 1 in the lanes that have one d lanes behind them in the block. */
function lowerLanes(party: Party, arena: Arena, rows: number, choices: number): BitShare {
  const ones = constantBits(party, arena, rows * choices * BLOCK_BYTES, 1)
  const mask: Block = arena.bytes(ones.bytes)
  const bytes = view(mask)
  bytes.fill(0)
  for (let row = 0; row < rows; row++) {
    for (let lane = 0; lane < BLOCK_LANES - row - 1; lane++) {
      for (let choice = 0; choice < choices; choice++) {
        bytes[(row * choices + choice) * BLOCK_BYTES + (lane >> 3)]! |= 1 << (lane & 7)
      }
    }
  }
  return maskBits(party, arena, ones, mask)
}
