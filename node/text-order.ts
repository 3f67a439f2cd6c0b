/**
 * The order of many texts that lie in one array as UTF-8: by UTF-16 code units, as JavaScript compares
 * strings, but without making any. Stable: equal texts stay in the order in which they were.
 *
 * Radix sort from the front (MSD), insertion sort of what is left in small groups. Cost: about one look a
 * text for each byte that tells it from the others.
 */

/** Text `i` is the UTF-8 in `bytes`, starts[i]..starts[i + 1]-1. */
export interface Texts {
  readonly bytes: Uint8Array
  readonly starts: Uint32Array
  readonly count: number
}

/** Groups up to this size are sorted by comparing. */
const SMALL = 20

/**
 * Where a byte stands in the order, 1..; 0 is the end of a text. Bytes of UTF-8 are ordered as code points;
 * code units differ from those in one thing: surrogates (lead bytes f0..f4) come before U+E000..U+FFFF
 * (lead bytes ee and ef).
 */
const RANK = Uint8Array.from({ length: 256 }, (_, byte) => {
  const rank = byte < 0xee ? byte : byte < 0xf0 ? byte + 5 : byte - 2
  return Math.min(rank, 254) + 1
})

/** The indices of the texts, in ascending order of the texts. */
export function orderOf(texts: Texts): Uint32Array {
  const { bytes, starts, count } = texts
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  const aside = new Uint32Array(count)
  const ranks = new Uint8Array(count)
  const ends = new Uint32Array(256)
  // Groups that agree in their first `depth` bytes: [from, to, depth, ...].
  const groups = [0, count, 0]
  while (groups.length > 0) {
    const depth = groups.pop()!
    const to = groups.pop()!
    const from = groups.pop()!
    if (to - from <= SMALL) {
      sortFew(texts, order, from, to, depth)
      continue
    }
    ends.fill(0)
    for (let i = from; i < to; i++) {
      const text = order[i]!
      const at = starts[text]! + depth
      const rank = at < starts[text + 1]! ? RANK[bytes[at]!]! : 0
      ranks[i] = rank
      ends[rank]!++
    }
    const first = ranks[from]!
    if (ends[first] === to - from) {
      if (first > 0) groups.push(from, to, depth + 1)
      continue
    }
    for (let rank = 0, end = from; rank < 256; rank++) {
      const size = ends[rank]!
      // `ends` holds where each rank begins until its texts have been placed.
      ends[rank] = end
      end += size
      if (rank > 0 && size > 1) groups.push(end - size, end, depth + 1)
    }
    for (let i = from; i < to; i++) aside[ends[ranks[i]!]!++] = order[i]!
    order.set(aside.subarray(from, to), from)
  }
  return order
}

/** Whether two texts are the same. */
export function sameText({ bytes, starts }: Texts, a: number, b: number): boolean {
  const from = starts[a]!
  const other = starts[b]!
  const length = starts[a + 1]! - from
  if (starts[b + 1]! - other !== length) return false
  for (let k = 0; k < length; k++) if (bytes[from + k] !== bytes[other + k]) return false
  return true
}

/** Insertion sort of order[from..to-1], whose texts agree in their first `depth` bytes. */
function sortFew(texts: Texts, order: Uint32Array, from: number, to: number, depth: number): void {
  for (let i = from + 1; i < to; i++) {
    const text = order[i]!
    let at = i
    for (; at > from && isLess(texts, text, order[at - 1]!, depth); at--) order[at] = order[at - 1]!
    order[at] = text
  }
}

function isLess({ bytes, starts }: Texts, a: number, b: number, depth: number): boolean {
  let i = starts[a]! + depth
  let k = starts[b]! + depth
  const end = starts[a + 1]!
  const other = starts[b + 1]!
  for (; i < end && k < other; i++, k++) {
    const x = bytes[i]!
    const y = bytes[k]!
    if (x !== y) return RANK[x]! < RANK[y]!
  }
  return i === end && k < other
}
