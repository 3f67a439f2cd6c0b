/**
 * Linear forms of numbers with public integer factors, as circuits: their sign and whether they are zero, which
 * a comparison of numbers of different scales and offsets comes to, and their digits; and products of two numbers.
 *
 * In two's complement a form is a heap of bits, some of each weight: x * 2^i is its planes moved up by i, and
 * -x its complement plus a public constant. Full adders leave two bits of each weight (carry-save, one AND
 * an adder), so no carry travels until the end. Then V + W + 1 = form, and the sign is the highest digit
 * with its carry; the form is 0 iff V + W = -1, that is, iff V and W are complements.
 *
 * Cost for a x + b y + c with k planes each: no adder if a and b are 1 or -1 and c is 0 (a plain comparison),
 * k ANDs and one round for another c, k more for each further binary digit of a and b; then the carry of
 * about k digits (carry-circuit.ts), or an AND of as many.
 */
import { carryOut, leastDepth } from './carry-circuit.ts'
import { type CircuitBuilder, FALSE, type Planes, TRUE, type Wire } from './circuit-builder.ts'
import { add, fullAdder } from './circuit-gadgets.ts'
import type { AdderShape } from './circuit-gadgets.ts'

/** factor * number */
export interface Term {
  /** A natural number, least significant plane first. */
  readonly planes: Planes
  /** What the number is at most; all planes ones if not told. */
  readonly most?: bigint
  readonly factor: bigint
}

/** sum of terms + constant < 0. @param depth of the carry, see circuit-gadgets.ts */
export function isNegative(
  b: CircuitBuilder,
  terms: readonly Term[],
  constant: bigint,
  depth = 0,
): Wire {
  const { least, most } = rangeOf(terms, constant)
  if (least >= 0n) return FALSE
  if (most < 0n) return TRUE
  const { v, w } = twoSummands(b, terms, constant, digitsFor(least, most))
  const top = v.length - 1
  const within = Math.max(depth, leastDepth(top, true))
  const carry = carryOut(b, v.slice(0, top), w.slice(0, top), within)
  return b.xorMany([v[top]!, w[top]!, carry])
}

/** sum of terms + constant = 0 */
export function isZero(b: CircuitBuilder, terms: readonly Term[], constant: bigint): Wire {
  const { least, most } = rangeOf(terms, constant)
  if (least > 0n || most < 0n) return FALSE
  const { v, w } = twoSummands(b, terms, constant, digitsFor(least, most))
  return b.andMany(v.map((wire, i) => b.xor(wire, w[i]!)))
}

/**
 * sum of terms + constant, modulo 2^digits. No gate where every weight has one bit.
 * @param depth 0: carries in the least rounds; Infinity: with the fewest ANDs; else in between
 */
export function sumOf(
  b: CircuitBuilder,
  terms: readonly Term[],
  constant: bigint,
  digits: number,
  depth = 0,
): Wire[] {
  const { heap, rest } = heapOf(b, terms, constant, digits)
  return addHeap(b, withConstant(heap, rest), depth)
}

/** x * y, as many planes as both have. k * l ANDs for the bits of products, and the adders of their sum. */
export function productOf(b: CircuitBuilder, xs: Planes, ys: Planes, depth = 0): Wire[] {
  const heap: Wire[][] = Array.from({ length: xs.length + ys.length }, () => [])
  const isSquare = xs.length === ys.length && xs.every((x, i) => x === ys[i])
  for (const [i, x] of xs.entries()) {
    for (const [j, y] of ys.entries()) {
      // Of a square, x_i x_j comes twice.
      if (isSquare && j < i) continue
      const weight = isSquare && j > i ? i + j + 1 : i + j
      const bit = b.and(x, y)
      if (bit !== FALSE) heap[weight]!.push(bit)
    }
  }
  return addHeap(b, heap, depth)
}

function addHeap(b: CircuitBuilder, heap: readonly Wire[][], depth: number): Wire[] {
  const left = addUpToTwo(b, heap)
  const start = left.findIndex((column) => column.length > 1)
  const single = (column: readonly Wire[]): Wire => column[0] ?? FALSE
  if (start < 0) return left.map(single)
  const upper = left.slice(start)
  const shape: AdderShape = depth === 0 ? 'tree' : depth === Infinity ? 'ripple' : 'blocked'
  const sums = add(
    b,
    upper.map(single),
    upper.map(([, y]) => y ?? FALSE),
    FALSE,
    shape,
  )
  return [...left.slice(0, start).map(single), ...sums.slice(0, upper.length)]
}

function rangeOf(
  terms: readonly Term[],
  constant: bigint,
): { readonly least: bigint; readonly most: bigint } {
  let [least, most] = [constant, constant]
  for (const { planes, factor, most: bound } of terms) {
    const end = factor * (bound ?? (1n << BigInt(planes.length)) - 1n)
    if (end > 0n) most += end
    else least += end
  }
  return { least, most }
}

/** Digits of a number in two's complement, at least two. */
function digitsFor(least: bigint, most: bigint): number {
  let digits = 2
  while (least < -(1n << BigInt(digits - 1)) || most >= 1n << BigInt(digits - 1)) digits++
  return digits
}

/** V and W with V + W + 1 = the form, modulo 2^digits. */
function twoSummands(
  b: CircuitBuilder,
  terms: readonly Term[],
  constant: bigint,
  digits: number,
): { readonly v: Planes; readonly w: Planes } {
  const { heap, rest } = heapOf(b, terms, constant - 1n, digits)
  const left = addUpToTwo(b, withConstant(heap, rest))
  return { v: left.map(([x]) => x ?? FALSE), w: left.map(([, y]) => y ?? FALSE) }
}

/** The bits of a form by weight, and what of its constant is still to be added. */
function heapOf(
  b: CircuitBuilder,
  terms: readonly Term[],
  constant: bigint,
  digits: number,
): { readonly heap: Wire[][]; readonly rest: bigint } {
  const heap: Wire[][] = Array.from({ length: digits }, () => [])
  let rest = constant
  // In an order of their own, so that the same form is the same circuit however it is written.
  const ordered = terms.toSorted((x, y) => (x.planes[0] ?? 0) - (y.planes[0] ?? 0))
  for (const { planes, factor } of ordered) {
    const size = factor < 0n ? -factor : factor
    for (let place = 0; size >> BigInt(place) !== 0n; place++) {
      if (((size >> BigInt(place)) & 1n) === 0n) continue
      planes.forEach((plane, i) => {
        if (place + i >= digits) return
        heap[place + i]!.push(factor < 0n ? b.not(plane) : plane)
        // -x = NOT x - 1, bit by bit.
        if (factor < 0n) rest -= 1n << BigInt(place + i)
      })
    }
  }
  return { heap, rest }
}

function withConstant(heap: readonly Wire[][], constant: bigint): readonly Wire[][] {
  // First, as it makes a half adder free.
  return heap.map((column, i) =>
    ((constant >> BigInt(i)) & 1n) === 1n ? [TRUE, ...column] : column,
  )
}

/**
 * At most two bits of each weight with the same sum, modulo 2^digits. In the least rounds, with the fewest
 * adders for that (Dadda, 1965): each round only brings all weights down to the next of 2, 3, 4, 6, 9, ...
 */
function addUpToTwo(b: CircuitBuilder, heap: readonly Wire[][]): readonly Wire[][] {
  const highest = Math.max(0, ...heap.map((column) => column.length))
  const targets: number[] = []
  for (let target = 2; target < highest; target = Math.floor((target * 3) / 2)) {
    targets.unshift(target)
  }
  let current = heap
  for (const target of targets) {
    const next: Wire[][] = current.map(() => [])
    for (const [i, column] of current.entries()) {
      const left = [...column]
      let excess = left.length + next[i]!.length - target
      while (excess > 0) {
        const [x, y, z] = left.splice(0, excess === 1 ? 2 : 3)
        const { sum, carry } = fullAdder(b, x!, y!, z ?? FALSE)
        next[i]!.push(sum)
        next[i + 1]?.push(carry)
        excess -= z === undefined ? 1 : 2
      }
      next[i]!.push(...left)
    }
    current = next
  }
  return current
}
