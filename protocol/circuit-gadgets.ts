/**
 * Arithmetic and comparison as circuits: numbers are planes, least significant first, unsigned.
 *
 * A comparison by size is a carry (carry-circuit.ts), and so takes the fewest ANDs for a given depth: the
 * parameter `depth` of what follows, or more if it cannot be had in so many rounds; 0 stands for the least.
 * ANDs and rounds of k planes, from the least depth to the fewest ANDs:
 *   against a constant   at most about 1.3k in ceil(log2 k), k - 1 in one to three rounds more
 *   of two numbers       about 2.3k in ceil(log2 (k + 1)), 2k in one round more, k in k
 *   equality             k - 1 in ceil(log2 k)
 *   sum                  see `add`
 * Sets of codes share a decoder (query.md).
 */
import { carryOut, carryOutOfConstant, leastDepth } from './carry-circuit.ts'
import { type CircuitBuilder, FALSE, type Planes, TRUE, type Wire } from './circuit-builder.ts'

/** Widest number for which a set of codes is expanded as a truth table (2^16 entries). */
const MAX_TABLE_PLANES = 16

/** Bits of a word of a bit set. */
const WORD = 32

/** Most codes or runs of codes for which a set is also tried as an OR of comparisons. */
const MAX_COMPARISONS = 32

/** x = c. FALSE if c does not fit. */
export function equalsConstant(b: CircuitBuilder, planes: Planes, c: bigint | number): Wire {
  const constant = BigInt(c)
  if (constant < 0n || constant >> BigInt(planes.length) !== 0n) return FALSE
  return b.andMany(planes.map((x, i) => (bit(constant, i) ? x : b.not(x))))
}

/** x < c, for any c. */
export function lessThanConstant(
  b: CircuitBuilder,
  planes: Planes,
  c: bigint | number,
  depth = 0,
): Wire {
  const constant = BigInt(c)
  if (constant <= 0n) return FALSE
  if (constant >> BigInt(planes.length) !== 0n) return TRUE
  // x >= c iff x + NOT c + 1 carries out; where c ends in zeros, so many planes do not matter.
  const complement = planes.map((_, i) => !bit(constant, i))
  const digits = planes.length - complement.indexOf(false)
  const within = Math.max(depth, leastDepth(digits, false))
  return b.not(carryOutOfConstant(b, planes, complement, within))
}

/** low <= x <= high. */
export function betweenConstants(
  b: CircuitBuilder,
  planes: Planes,
  low: bigint | number,
  high: bigint | number,
  depth = 0,
): Wire {
  if (BigInt(low) === BigInt(high)) return equalsConstant(b, planes, low)
  const above = b.not(lessThanConstant(b, planes, low, depth))
  return b.and(above, lessThanConstant(b, planes, BigInt(high) + 1n, depth))
}

/** x = y; the shorter number is padded with zeros. */
export function equals(b: CircuitBuilder, xs: Planes, ys: Planes): Wire {
  return b.andMany(zip(xs, ys).map(([x, y]) => b.not(b.xor(x, y))))
}

/** x < y; the shorter number is padded with zeros. */
export function lessThan(b: CircuitBuilder, xs: Planes, ys: Planes, depth = 0): Wire {
  const common = Math.min(xs.length, ys.length)
  const larger = b.orMany(ys.slice(common))
  const smaller = b.orMany(xs.slice(common))
  if (common === 0) return larger
  const complement = ys.slice(0, common).map((y) => b.not(y))
  const within = Math.max(depth, leastDepth(common, true))
  const less = b.not(carryOut(b, xs.slice(0, common), complement, within))
  return b.or(larger, b.and(b.not(smaller), less))
}

/** How carries travel in `add`. */
export type AdderShape = 'ripple' | 'blocked' | 'tree'

/** Digits of a block. */
const BLOCK_DIGITS = 4

/**
 * x + y (+ carry), one plane longer than the longer operand. ANDs and rounds for k planes:
 *   ripple    k in k
 *   blocked   about 3.6k in k/4 + 4: carries go from block to block of four digits
 *   tree      about k log2 k in ceil(log2 k) + 1 (Sklansky)
 */
export function add(
  b: CircuitBuilder,
  xs: Planes,
  ys: Planes,
  carry: Wire = FALSE,
  shape: AdderShape = 'tree',
): Wire[] {
  const digits = zip(xs, ys)
  const carries = {
    ripple: () => rippleCarries(b, digits, carry),
    blocked: () => blockedCarries(b, digits, carry),
    tree: () => prefixCarries(b, digits, carry),
  }[shape]()
  const sums = digits.map(([x, y], i) => b.xor(b.xor(x, y), carries[i]!))
  return [...sums, carries[digits.length]!]
}

type SumDigit = readonly [Wire, Wire]

/** The carry into each digit, and out of the last. */
function rippleCarries(b: CircuitBuilder, digits: readonly SumDigit[], carry: Wire): Wire[] {
  let last = carry
  return [carry, ...digits.map(([x, y]) => (last = fullAdder(b, x, y, last).carry))]
}

function blockedCarries(b: CircuitBuilder, digits: readonly SumDigit[], carry: Wire): Wire[] {
  const carries: Wire[] = []
  let into = carry
  for (let from = 0; from < digits.length; from += BLOCK_DIGITS) {
    const block = digits.slice(from, from + BLOCK_DIGITS)
    carries.push(...rippleCarries(b, block, into).slice(0, -1))
    // What the block generates and propagates is known before the carry arrives.
    const generated = prefixCarries(b, block, FALSE)[block.length]!
    const propagated = b.andMany(block.map(([x, y]) => b.xor(x, y)))
    into = b.xor(generated, b.and(propagated, into))
  }
  return [...carries, into]
}

/** Parallel prefixes (Sklansky). */
function prefixCarries(b: CircuitBuilder, digits: readonly SumDigit[], carry: Wire): Wire[] {
  // (generate, propagate) of the positions 0..i; the incoming carry is position -1.
  const prefixes = [
    { generate: carry, propagate: FALSE },
    ...digits.map(([x, y]) => ({ generate: b.and(x, y), propagate: b.xor(x, y) })),
  ]
  for (let span = 1; span < prefixes.length; span *= 2) {
    for (let i = 0; i < prefixes.length; i++) {
      if ((i & span) === 0) continue
      const low = prefixes[(i & ~(2 * span - 1)) + span - 1]!
      const { generate, propagate } = prefixes[i]!
      prefixes[i] = {
        generate: b.xor(generate, b.and(propagate, low.generate)),
        propagate: b.and(propagate, low.propagate),
      }
    }
  }
  return prefixes.map(({ generate }) => generate)
}

/** One full adder: x + y + z = sum + 2*carry, one AND. */
export function fullAdder(
  b: CircuitBuilder,
  x: Wire,
  y: Wire,
  z: Wire,
): { sum: Wire; carry: Wire } {
  const xz = b.xor(x, z)
  return { sum: b.xor(xz, y), carry: b.xor(b.and(xz, b.xor(y, z)), z) }
}

/** condition ? whenTrue : whenFalse, plane by plane. */
export function select(
  b: CircuitBuilder,
  condition: Wire,
  whenTrue: Planes,
  whenFalse: Planes,
): Wire[] {
  return zip(whenTrue, whenFalse).map(([x, y]) => b.mux(condition, x, y))
}

/**
 * x is one of `codes`. Chooses by the number of ANDs between an OR of equalities, an OR of ranges, and a
 * truth table (each also for the complement, where shorter). Codes that do not fit are ignored.
 */
export function inSet(b: CircuitBuilder, planes: Planes, codes: Iterable<number>, depth = 0): Wire {
  const size = 2 ** planes.length
  const members = ascending(codes, size)
  const runs = runsOf(members)
  if (members.length === 0) return FALSE
  const ranges = (list: readonly Run[]): Wire =>
    b.orMany(list.map(([low, high]) => betweenConstants(b, planes, low, high, depth)))
  const candidates: (() => Wire)[] = []
  if (runs.length <= MAX_COMPARISONS) candidates.push(() => ranges(runs))
  if (members.length <= MAX_COMPARISONS) {
    candidates.push(() => b.orMany(members.map((code) => equalsConstant(b, planes, code))))
  }
  const gaps = gapsOf(runs, size)
  if (gaps.length <= MAX_COMPARISONS) candidates.push(() => b.not(ranges(gaps)))
  if (planes.length <= MAX_TABLE_PLANES) candidates.push(() => fromTable(b, planes, members))
  if (candidates.length === 0) candidates.push(() => ranges(runs))
  return b.cheapest(candidates)
}

/**
 * One wire per code, 1 iff x is that code. Halves share their decoders; of a complete row or column of
 * codes the last is the rest, so that all 2^k codes take 2^k - k - 1 ANDs.
 */
export function oneHot(b: CircuitBuilder, planes: Planes, codes: readonly number[]): Wire[] {
  if (planes.length === 0) return codes.map((code) => (code === 0 ? TRUE : FALSE))
  if (planes.length === 1) {
    return codes.map((code) => (code === 0 ? b.not(planes[0]!) : code === 1 ? planes[0]! : FALSE))
  }
  const half = planes.length >> 1
  const rowSize = 2 ** half
  const columnSize = 2 ** (planes.length - half)
  const fitting = new Set(codes.filter((code) => code >= 0 && code < rowSize * columnSize))
  const lows = distinct([...fitting].map((code) => code % rowSize))
  const highs = distinct([...fitting].map((code) => Math.floor(code / rowSize)))
  const lowWires = new Map(zipKeys(lows, oneHot(b, planes.slice(0, half), lows)))
  const highWires = new Map(zipKeys(highs, oneHot(b, planes.slice(half), highs)))
  const rowFull = (high: number): boolean =>
    range(rowSize).every((l) => fitting.has(high * rowSize + l))
  const columnFull = (low: number): boolean =>
    range(columnSize).every((h) => fitting.has(h * rowSize + low))
  const built = new Map<number, Wire>()
  const minterm = (high: number, low: number): Wire => {
    const code = high * rowSize + low
    let wire = built.get(code)
    if (wire !== undefined) return wire
    if (low === rowSize - 1 && rowFull(high)) {
      wire = b.xorMany([highWires.get(high)!, ...range(low).map((l) => minterm(high, l))])
    } else if (high === columnSize - 1 && columnFull(low)) {
      wire = b.xorMany([lowWires.get(low)!, ...range(high).map((h) => minterm(h, low))])
    } else {
      wire = b.and(highWires.get(high)!, lowWires.get(low)!)
    }
    built.set(code, wire)
    return wire
  }
  return codes.map((code) =>
    fitting.has(code) ? minterm(Math.floor(code / rowSize), code % rowSize) : FALSE,
  )
}

/**
 * A Boolean function given by its ones. The truth table, seen as a matrix (high half of the code) x (low
 * half), is a sum of rank-many products of a function of the high planes and one of the low planes; those
 * are XORs of monomials, which all products share. ANDs: at most rank + 2^h + 2^l.
 */
function fromTable(b: CircuitBuilder, planes: Planes, members: readonly number[]): Wire {
  const half = planes.length >> 1
  const rowSize = 2 ** half
  const rows = rowsOf(members, 2 ** (planes.length - half), rowSize)
  const lowMonomials = monomials(b, planes.slice(0, half))
  const highMonomials = monomials(b, planes.slice(half))
  const products = factorise(rows).map(({ column, row }) =>
    b.and(
      sumOfMonomials(b, planes.length - half, highMonomials, column),
      sumOfMonomials(b, half, lowMonomials, row),
    ),
  )
  return b.xorMany(products)
}

/** A matrix as bit sets: row after row, a one for each member. */
function rowsOf(members: readonly number[], count: number, rowSize: number): bigint[] {
  const words = Math.ceil(rowSize / WORD)
  const bits = new Uint32Array(count * words)
  for (const code of members) {
    const [row, place] = [Math.floor(code / rowSize), code % rowSize]
    bits[row * words + Math.floor(place / WORD)]! |= 1 << (place % WORD)
  }
  return Array.from({ length: count }, (_, row) => {
    let set = 0n
    for (let word = words - 1; word >= 0; word--) {
      set = (set << BigInt(WORD)) | BigInt(bits[row * words + word]!)
    }
    return set
  })
}

/** Writes a matrix over F_2 (rows as bit sets) as a sum of rank-many products column * row. */
function factorise(matrix: readonly bigint[]): { column: bigint; row: bigint }[] {
  const pivots: { row: bigint; bit: bigint; column: bigint }[] = []
  matrix.forEach((original, index) => {
    let rest = original
    for (const pivot of pivots) {
      if ((rest & pivot.bit) === 0n) continue
      rest ^= pivot.row
      pivot.column |= 1n << BigInt(index)
    }
    if (rest === 0n) return
    pivots.push({ row: rest, bit: rest & -rest, column: 1n << BigInt(index) })
  })
  return pivots
}

/** Lazily built products of planes: monomial m is the AND of the planes whose bits are set in m. */
function monomials(b: CircuitBuilder, planes: Planes): (m: number) => Wire {
  const built = new Map<number, Wire>([[0, TRUE]])
  const monomial = (m: number, from: number, count: number): Wire => {
    const known = built.get(m)
    if (known !== undefined) return known
    let wire: Wire
    if (count === 1) {
      wire = planes[from]!
    } else {
      const half = count >> 1
      const lowMask = (2 ** half - 1) * 2 ** from
      const low = monomial(m & lowMask, from, half)
      wire = b.and(low, monomial(m & ~lowMask, from + half, count - half))
    }
    built.set(m, wire)
    return wire
  }
  return (m) => monomial(m, 0, planes.length)
}

/**
 * The function of `count` planes with this truth table (bit v = value at v), as the XOR of monomials: its
 * algebraic normal form, by the Moebius transform.
 */
function sumOfMonomials(
  b: CircuitBuilder,
  count: number,
  monomial: (m: number) => Wire,
  table: bigint,
): Wire {
  const form = new Uint8Array(2 ** count)
  for (let from = 0; from < form.length; from += WORD) {
    const word = Number(BigInt.asUintN(WORD, table >> BigInt(from)))
    for (let v = from; v < from + WORD && v < form.length; v++) form[v] = (word >>> (v - from)) & 1
  }
  for (let step = 1; step < form.length; step *= 2) {
    for (let m = 0; m < form.length; m++) {
      if ((m & step) !== 0) form[m]! ^= form[m ^ step]!
    }
  }
  let sum = FALSE
  for (let m = 0; m < form.length; m++) if (form[m] === 1) sum = b.xor(sum, monomial(m))
  return sum
}

/** Codes below `size`, each once. */
function ascending(codes: Iterable<number>, size: number): number[] {
  const fitting: number[] = []
  let isAscending = true
  let last = -1
  for (const code of codes) {
    if (code < 0 || code >= size) continue
    if (code <= last) isAscending = false
    fitting.push((last = code))
  }
  return isAscending ? fitting : [...new Set(fitting)].toSorted((x, y) => x - y)
}

type Run = readonly [low: number, high: number]

function runsOf(ascending: readonly number[]): Run[] {
  const runs: [number, number][] = []
  for (const code of ascending) {
    const last = runs.at(-1)
    if (last !== undefined && last[1] === code - 1) last[1] = code
    else runs.push([code, code])
  }
  return runs
}

function gapsOf(runs: readonly Run[], size: number): Run[] {
  const gaps: Run[] = []
  let next = 0
  for (const [low, high] of runs) {
    if (next < low) gaps.push([next, low - 1])
    next = high + 1
  }
  if (next < size) gaps.push([next, size - 1])
  return gaps
}

function zip(xs: Planes, ys: Planes): (readonly [Wire, Wire])[] {
  return range(Math.max(xs.length, ys.length)).map((i) => [xs[i] ?? FALSE, ys[i] ?? FALSE])
}

function zipKeys<T>(keys: readonly number[], values: readonly T[]): [number, T][] {
  return keys.map((key, i) => [key, values[i]!])
}

function distinct(numbers: readonly number[]): number[] {
  return [...new Set(numbers)]
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

function bit(value: bigint, i: number): boolean {
  return ((value >> BigInt(i)) & 1n) === 1n
}
