/**
 * Arithmetic and comparison as circuits: numbers are planes, least significant first, unsigned.
 * Comparisons are trees over (less, equal) pairs, so a k-bit one takes ceil(log2 k) rounds and about
 * 1.5k ANDs against a constant, 3k between two numbers; sets of codes share a decoder (query.md).
 */
import { type CircuitBuilder, FALSE, type Planes, TRUE, type Wire } from './circuit-builder.ts'

/** Widest number for which a set of codes is expanded as a truth table (2^16 entries). */
const MAX_TABLE_PLANES = 16

/** Most codes or runs of codes for which a set is also tried as an OR of comparisons. */
const MAX_COMPARISONS = 32

/** x = c. FALSE if c does not fit. */
export function equalsConstant(b: CircuitBuilder, planes: Planes, c: bigint | number): Wire {
  const constant = BigInt(c)
  if (constant < 0n || constant >> BigInt(planes.length) !== 0n) return FALSE
  return b.andMany(planes.map((x, i) => (bit(constant, i) ? x : b.not(x))))
}

/** x < c, for any c. */
export function lessThanConstant(b: CircuitBuilder, planes: Planes, c: bigint | number): Wire {
  const constant = BigInt(c)
  if (constant <= 0n) return FALSE
  if (constant >> BigInt(planes.length) !== 0n) return TRUE
  const digits = planes.map((x, i) =>
    bit(constant, i) ? { less: b.not(x), equal: x } : { less: FALSE, equal: b.not(x) },
  )
  return compare(b, digits, false).less
}

/** low <= x <= high. */
export function betweenConstants(
  b: CircuitBuilder,
  planes: Planes,
  low: bigint | number,
  high: bigint | number,
): Wire {
  if (BigInt(low) === BigInt(high)) return equalsConstant(b, planes, low)
  const above = b.not(lessThanConstant(b, planes, low))
  return b.and(above, lessThanConstant(b, planes, BigInt(high) + 1n))
}

/** x = y; the shorter number is padded with zeros. */
export function equals(b: CircuitBuilder, xs: Planes, ys: Planes): Wire {
  return b.andMany(zip(xs, ys).map(([x, y]) => b.not(b.xor(x, y))))
}

/** x < y; the shorter number is padded with zeros. */
export function lessThan(b: CircuitBuilder, xs: Planes, ys: Planes): Wire {
  const digits = zip(xs, ys).map(([x, y]) => ({
    less: b.and(b.not(x), y),
    equal: b.not(b.xor(x, y)),
  }))
  return compare(b, digits, false).less
}

/** x + y (+ carry), one plane longer than the longer operand; parallel-prefix carries (Sklansky), log depth. */
export function add(b: CircuitBuilder, xs: Planes, ys: Planes, carry: Wire = FALSE): Wire[] {
  const digits = zip(xs, ys)
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
  const sums = digits.map(([x, y], i) => b.xor(b.xor(x, y), prefixes[i]!.generate))
  return [...sums, prefixes[digits.length]!.generate]
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
export function inSet(b: CircuitBuilder, planes: Planes, codes: Iterable<number>): Wire {
  const size = 2 ** planes.length
  const members = [...new Set(codes)].filter((code) => code >= 0 && code < size)
  members.sort((x, y) => x - y)
  const runs = runsOf(members)
  if (members.length === 0) return FALSE
  const ranges = (list: readonly Run[]): Wire =>
    b.orMany(list.map(([low, high]) => betweenConstants(b, planes, low, high)))
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

interface Comparison {
  readonly less: Wire
  /** TRUE stands in where nobody asks. */
  readonly equal: Wire
}

/** Tree over digits, least significant first: x < y iff the high parts say so, or are equal and the low parts do. */
function compare(b: CircuitBuilder, digits: readonly Comparison[], wantEqual: boolean): Comparison {
  if (digits.length === 0) return { less: FALSE, equal: TRUE }
  if (digits.length === 1) return digits[0]!
  const half = digits.length >> 1
  const low = compare(b, digits.slice(0, half), wantEqual)
  const high = compare(b, digits.slice(half), wantEqual || low.less !== FALSE)
  return {
    // Never both: XOR is OR here.
    less: b.xor(high.less, b.and(high.equal, low.less)),
    equal: wantEqual ? b.and(high.equal, low.equal) : TRUE,
  }
}

/**
 * A Boolean function given by its ones. The truth table, seen as a matrix (high half of the code) x (low
 * half), is a sum of rank-many products of a function of the high planes and one of the low planes; those
 * are XORs of monomials, which all products share. ANDs: at most rank + 2^h + 2^l.
 */
function fromTable(b: CircuitBuilder, planes: Planes, members: readonly number[]): Wire {
  const half = planes.length >> 1
  const rowSize = 2 ** half
  const rows = Array.from({ length: 2 ** (planes.length - half) }, () => 0n)
  for (const code of members) {
    rows[Math.floor(code / rowSize)]! |= 1n << BigInt(code % rowSize)
  }
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
  const form = range(2 ** count).map((v) => Number((table >> BigInt(v)) & 1n))
  for (let step = 1; step < form.length; step *= 2) {
    for (let m = 0; m < form.length; m++) {
      if ((m & step) !== 0) form[m]! ^= form[m ^ step]!
    }
  }
  return b.xorMany(form.flatMap((one, m) => (one === 1 ? [monomial(m)] : [])))
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
