/**
 * Bit-planes as rows of 64-bit words, one a lane, and back: the form in which lanes are moved one by one
 * (shuffle.ts). Local.
 */
import { planeBytes } from '../shares/bits/plane.ts'
import { planesFromWords, wordsFromPlanes } from '../shares/bits/transpose.ts'
import type { Arena } from '../shares/field/memory.ts'
import { type BitShare, component, newBitShare } from '../shares/replicated.ts'

import type { Party } from './party.ts'

/** Planes that travel in one word. */
export const WORD_PLANES = 64

/**
 * Planes to words, 64 planes a column: plane k of a column is bit k of its words.
 * @param arena owns the columns
 * @param planes in a flat layout of `lanes` lanes
 */
export function packRows(
  { committee }: Party,
  arena: Arena,
  planes: readonly BitShare[],
  lanes: number,
): BitShare[] {
  const columns: BitShare[] = []
  for (let at = 0; at < planes.length; at += WORD_PLANES) {
    const column = newBitShare(arena, committee, 8 * lanes)
    const group = planes.slice(at, at + WORD_PLANES)
    for (let position = 0; position < column.components; position++) {
      const parts = group.map((plane) => component(plane, position))
      wordsFromPlanes(component(column, position), parts, lanes)
    }
    columns.push(column)
  }
  return columns
}

/** The inverse: planes from..to-1 of the rows. @param arena owns the planes */
export function unpackRows(
  { committee }: Party,
  arena: Arena,
  words: readonly BitShare[],
  lanes: number,
  from: number,
  to: number,
): BitShare[] {
  const bytes = planeBytes(lanes)
  const planes = Array.from({ length: to - from }, () => newBitShare(arena, committee, bytes))
  const scratch = arena.child()
  const unused = scratch.bytes(bytes)
  for (const [k, column] of words.entries()) {
    const first = k * WORD_PLANES
    const last = Math.min(first + WORD_PLANES, to)
    if (last <= from || first >= to) continue
    for (let position = 0; position < column.components; position++) {
      const places = Array.from({ length: last - first }, (_, bit) => {
        const plane = planes[first + bit - from]
        return plane === undefined ? unused : component(plane, position)
      })
      planesFromWords(places, component(column, position), lanes)
    }
  }
  scratch.release()
  return planes
}
