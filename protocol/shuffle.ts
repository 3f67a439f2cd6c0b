/**
 * Secret shuffle: the rows of shared vectors in an order that is uniform and that no t parties know.
 *
 * For every set S of t+1 parties in turn: its members turn the sharing into an additive one among
 * themselves, locally, put their summands into an order that they draw from the key of S, and deal them to
 * all. One of the sets has no corrupt member, so the order that is the product of all of them is uniform to
 * the t that are corrupt; and what they see, dealings of honest members, is fresh in each turn.
 * Source: re-sharing shuffle of Laur, Willemson, Zhang (ISC 2011), with the committee's CNF sets as the
 * hiding sets and PRG-compressed dealings.
 *
 * Undone by the same turns in the opposite order, each with its order turned round and fresh dealings.
 *
 * Secure against t semi-honest parties. Nobody learns anything, the order included.
 * Cost: C(n,t) rounds (3, 10, 35), in each of which t+1 parties send t times 8 bytes for each element and each
 * word of a row.
 */
import { gatherWords, scatterWords } from '../shares/bits/permute.ts'
import { copy, xor } from '../shares/bits/plane.ts'
import type { Committee } from '../shares/committee.ts'
import {
  type Arena,
  type Block,
  blockOf,
  type FpVector,
  sliceBlock,
  sliceFp,
  view,
} from '../shares/field/memory.ts'
import { lagrange } from '../shares/field/scalar.ts'
import * as vector from '../shares/field/vector.ts'
import { type BitShare, component, newBitShare } from '../shares/replicated.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import { dealXor } from './deal-bits.ts'
import { dealSum } from './deal-field.ts'
import { placeIndices } from './opened-permutation.ts'
import type { Party, Tag } from './party.ts'
import { drawPermutation } from './permutation.ts'
import { sideBySide } from './side-by-side.ts'

/** Rows to be moved together. */
export interface Rows {
  /** How many. */
  readonly length: number
  /** Columns over F_p: `length` elements each. */
  readonly field: readonly ShamirShare[]
  /** Columns of 64 bits: component by component, `length` little-endian words. */
  readonly words: readonly BitShare[]
}

/**
 * The rows in a secret order.
 * @param arena owns the result; the rows stay
 * @param tag of the first round; the others have the steps that follow
 * @param orders that have been drawn for these rows; else they are drawn under the tag
 * @throws ShareholdError SH_ROUND_*
 */
export async function shuffle(
  party: Party,
  arena: Arena,
  tag: Tag,
  rows: Rows,
  orders?: Orders,
): Promise<Rows> {
  const passes = [...party.committee.sets.keys()]
  return inTurns(party, arena, tag, rows, passes, (pass, scratch, at) => {
    const order = orders?.get(pass) ?? drawOrder(party, scratch, at, pass, rows.length)
    return (out, column) => gatherWords(out, column, order)
  })
}

/**
 * The inverse of a shuffle: brings rows back.
 * @param orders of that shuffle
 */
export async function unshuffle(
  party: Party,
  arena: Arena,
  tag: Tag,
  rows: Rows,
  orders: Orders,
): Promise<Rows> {
  const passes = [...party.committee.sets.keys()].toReversed()
  return inTurns(party, arena, tag, rows, passes, (pass) => {
    const order = orders.get(pass)!
    return (out, column) => scatterWords(out, column, order)
  })
}

/** The orders of a shuffle that this party knows: u32 indices, by the number of the set. */
export type Orders = ReadonlyMap<number, Block>

/**
 * Draws the orders of a shuffle that is to be undone later.
 * @param arena owns them: four bytes a row and set
 * @param tag of the shuffle's first round
 */
export function drawOrders(party: Party, arena: Arena, tag: Tag, length: number): Orders {
  const orders = new Map<number, Block>()
  for (const [pass, members] of party.committee.sets.entries()) {
    if (!members.includes(party.index)) continue
    orders.set(pass, drawOrder(party, arena, { ...tag, step: tag.step + pass }, pass, length))
  }
  return orders
}

function drawOrder(party: Party, arena: Arena, tag: Tag, pass: number, length: number): Block {
  return placeIndices(
    arena,
    drawPermutation(party.prg, party.keys.set(pass, 'shuffle', 0), tag, length),
  )
}

/** Moves the words of a column. */
type Move = (out: Block, column: Block) => void

/** How a member of a set moves columns in its turn. */
type MoveOf = (pass: number, scratch: Arena, tag: Tag) => Move

async function inTurns(
  party: Party,
  arena: Arena,
  tag: Tag,
  rows: Rows,
  passes: readonly number[],
  moveOf: MoveOf,
): Promise<Rows> {
  if (rows.length === 0) return rows
  let present = rows
  let owner = arena.child()
  try {
    for (const [turn, pass] of passes.entries()) {
      const next = arena.child()
      const at = { ...tag, step: tag.step + turn }
      try {
        present = await moveAmong(party, next, at, pass, present, moveOf)
      } finally {
        owner.release()
        owner = next
      }
    }
    // Columns over the field lie on end in one block, the first at its start.
    for (const column of [...present.field.slice(0, 1), ...present.words]) owner.keep(column)
    return present
  } finally {
    owner.release()
  }
}

/** The rounds of a shuffle: who deals in each. */
export const shuffleDealers = (committee: Committee): readonly (readonly number[])[] =>
  committee.sets

/** One turn: the members of a set move the rows. */
async function moveAmong(
  party: Party,
  arena: Arena,
  tag: Tag,
  pass: number,
  rows: Rows,
  moveOf: MoveOf,
): Promise<Rows> {
  const { length } = rows
  const members = party.committee.sets[pass]!
  const scratch = arena.child()
  try {
    let summands: { readonly field: FpVector; readonly words: Block } | undefined
    if (members.includes(party.index)) {
      const move = moveOf(pass, scratch, tag)
      summands = {
        field: fieldSummands(party, scratch, members, rows, move),
        words: wordSummands(party, scratch, members, rows, move),
      }
    }
    const elements = length * rows.field.length
    const bytes = 8 * length * rows.words.length
    const [field, words] = await sideBySide<[ShamirShare, BitShare]>(party, [
      (side) => dealSum(side, arena, tag, members, elements, summands?.field),
      (side) => dealXor(side, arena, tag, members, bytes, summands?.words),
    ])
    return {
      length,
      field: rows.field.map((_, k) => asShamirShare(sliceFp(field, k * length, (k + 1) * length))),
      words: rows.words.map((_, k) => cutWords(party, arena, words, k, length)),
    }
  } finally {
    scratch.release()
  }
}

/** lambda_i * share, in the new order: summands of the secret among the members. */
function fieldSummands(
  { index }: Party,
  arena: Arena,
  members: readonly number[],
  { length, field }: Rows,
  move: Move,
): FpVector {
  const lambda = lagrange(members, 0)[members.indexOf(index)]!
  const all = arena.elements(length * field.length)
  for (const [k, column] of field.entries()) {
    const place = sliceFp(all, k * length, (k + 1) * length)
    move(blockOf(place), blockOf(column))
  }
  vector.scale(all, all, lambda)
  return all
}

/** The XOR of the components that are this member's to speak for, in the new order. */
function wordSummands(
  { committee, index }: Party,
  arena: Arena,
  members: readonly number[],
  { length, words }: Rows,
  move: Move,
): Block {
  const own = committee.held[index - 1]!.flatMap((setIndex, position) => {
    const speaker = members.find((member) => committee.sets[setIndex]!.includes(member))
    return speaker === index ? [position] : []
  })
  const all = arena.bytes(8 * length * words.length)
  const sum = arena.bytes(8 * length)
  for (const [k, column] of words.entries()) {
    const [first, ...others] = own.map((position) => component(column, position))
    const place = sliceBlock(all, 8 * k * length, 8 * (k + 1) * length)
    if (first === undefined) {
      view(place).fill(0)
      continue
    }
    copy(sum, first)
    for (const other of others) xor(sum, sum, other)
    move(place, sum)
  }
  return all
}

/** The k-th column of a sharing of several on end. */
function cutWords(
  { committee }: Party,
  arena: Arena,
  all: BitShare,
  k: number,
  length: number,
): BitShare {
  const bytes = 8 * length
  if (all.bytes === bytes) return all
  const column = newBitShare(arena, committee, bytes)
  for (let position = 0; position < all.components; position++) {
    const from = sliceBlock(component(all, position), k * bytes, (k + 1) * bytes)
    copy(component(column, position), from)
  }
  return column
}
