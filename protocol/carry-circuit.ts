/**
 * The carry through a row of digits, with the fewest ANDs for a given depth: between a ripple (one AND a
 * digit, as many rounds) and a prefix tree (three, in log2 rounds). Comparison is such a carry, as x >= y
 * iff x + NOT y + 1 carries out.
 *
 * A digit with a carry coming in generates one or propagates it. Blocks of digits have a pair (generate,
 * propagate); two are joined for 2 ANDs, and where the incoming carry is known, a block takes 1. The best
 * way to split is found by dynamic programming over all of them.
 *
 * Digits of two secret bits: a pair takes an AND of its own, but a single digit is put above a block for 2
 * and above a carry for 1 without it, since carry' = ((carry ^ v) & (v ^ w)) ^ v. What a block generates is
 * needed a round later than what it propagates, if it is the upper one of two. So 61 digits take 145 ANDs in
 * 6 rounds, 130 in 7, 125 in 8, 61 in 61.
 *
 * Digits of a secret and a public bit: a pair is free. Where all public bits of a block are 1 it generates
 * NOT of what it propagates, where all are 0 it generates nothing; what is above such a block is joined to
 * it for 1 AND. So 32 digits take 31 ANDs in 8 rounds at most, and 42 at most in 5.
 */
import { type CircuitBuilder, FALSE, type Planes, type Wire } from './circuit-builder.ts'

/** A digit of a sum. */
interface Digit {
  /** The pair; the bit that is generated may take an AND. */
  pair(): Pair
  /** The carry out of the digit: one AND. */
  above(carry: Wire): Wire
  readonly propagate: Wire
}

interface Pair {
  readonly generate: Wire
  readonly propagate: Wire
}

/** What matters for how to go about it. */
interface Row {
  readonly digits: number
  readonly publicBits?: readonly boolean[]
}

/**
 * The carry out of v + w + 1.
 * @param v at least one plane, and as many as w
 * @param depth at least `leastDepth`; Infinity for the fewest ANDs
 * @throws RangeError if the depth is too small
 */
export function carryOut(b: CircuitBuilder, v: Planes, w: Planes, depth: number): Wire {
  const digits = v.map((x, i): Digit => {
    const y = w[i]!
    const propagate = b.xor(x, y)
    return {
      pair: () => ({ generate: b.and(x, y), propagate }),
      above: (carry) => b.xor(b.and(b.xor(carry, x), propagate), x),
      propagate,
    }
  })
  const first = (): Wire => b.or(v[0]!, w[0]!)
  return build(b, digits, first, cheapestCarry({ digits: v.length }, Math.min(depth, v.length)))
}

/**
 * The carry out of v + c + 1.
 * @param c not all ones (then everything carries)
 * @param depth at least `leastDepth`; Infinity for the fewest ANDs
 * @throws RangeError if the depth is too small
 */
export function carryOutOfConstant(
  b: CircuitBuilder,
  v: Planes,
  c: readonly boolean[],
  depth: number,
): Wire {
  // Whatever is below the lowest 0 of c carries.
  const lowest = c.indexOf(false)
  const publicBits = c.slice(lowest)
  const digits = v.slice(lowest).map((x, i): Digit => {
    const one = publicBits[i]!
    const propagate = one ? b.not(x) : x
    return {
      pair: () => ({ generate: one ? x : FALSE, propagate }),
      above: (carry) => (one ? b.or(x, carry) : b.and(x, carry)),
      propagate,
    }
  })
  const row = { digits: digits.length, publicBits }
  const first = (): Wire => digits[0]!.propagate
  const least = leastDepth(digits.length, false)
  const plan = planOfConstant(row, Math.min(depth, least + AMPLE_ROUNDS))
  if (depth >= digits.length && plan.ands > digits.length - 1) {
    return runByRun(b, v.slice(lowest), publicBits)
  }
  return build(b, digits, first, plan)
}

/** The least depth for so many digits. @param secret whether both summands are */
export function leastDepth(digits: number, secret: boolean): number {
  return Math.ceil(Math.log2(secret ? digits + 1 : digits))
}

/** The fewest ANDs, and as few rounds as they allow: a run of equal public bits is one OR or AND. */
function runByRun(b: CircuitBuilder, v: Planes, publicBits: readonly boolean[]): Wire {
  let carry: Wire = v[0]!
  for (let from = 1; from < v.length;) {
    const one = publicBits[from]!
    const end = publicBits.indexOf(!one, from)
    const to = end < 0 ? v.length : end
    const run = [carry, ...v.slice(from, to)]
    carry = one ? b.orMany(run) : b.andMany(run)
    from = to
  }
  return carry
}

function build(
  b: CircuitBuilder,
  digits: readonly Digit[],
  first: () => Wire,
  plan: CarryPlan,
): Wire {
  const block = (from: number, to: number, within: Within): Pair => {
    if (to - from === 1) return digits[from]!.pair()
    const middle = plan.block(from, to, within).middle
    const low = block(from, middle, lowerWithin(within))
    const top = digits[middle]!
    if (middle === to - 1) {
      return { generate: top.above(low.generate), propagate: b.and(top.propagate, low.propagate) }
    }
    const high = block(middle, to, upperWithin(within))
    return {
      generate: b.xor(high.generate, b.and(high.propagate, low.generate)),
      propagate: b.and(high.propagate, low.propagate),
    }
  }
  const carry = (to: number, depth: number): Wire => {
    if (to === 1) return first()
    const middle = plan.carry(to, depth).middle
    const low = carry(middle, depth - 1)
    if (middle === to - 1) return digits[middle]!.above(low)
    const high = block(middle, to, upperOfCarry(depth))
    return b.xor(high.generate, b.and(high.propagate, low))
  }
  return carry(digits.length, plan.depth)
}

/**
 * With so many rounds above the least, an AND a digit almost always suffices with public digits; more are
 * not worth searching.
 */
const AMPLE_ROUNDS = 4

/** Where the upper part begins, and what it all costs. */
interface Split {
  readonly middle: number
  readonly ands: number
}

/** Rounds after which a block's pair is needed. */
interface Within {
  readonly generate: number
  /** At most as many. */
  readonly propagate: number
}

/** For the lower one of two blocks that are joined. */
const lowerWithin = ({ generate, propagate }: Within): Within => ({
  generate: generate - 1,
  propagate: propagate - 1,
})

/** For the upper one: what it generates is XORed at the end. */
const upperWithin = ({ generate, propagate }: Within): Within => ({
  generate,
  propagate: propagate - 1,
})

/** For a block above a carry. */
const upperOfCarry = (depth: number): Within => ({ generate: depth, propagate: depth - 1 })

interface CarryPlan {
  readonly ands: number
  /** The least that still has the fewest ANDs. */
  readonly depth: number
  /** For the pair of the digits from..to-1, at least 2, within so many rounds. */
  block(from: number, to: number, within: Within): Split
  /** For the carry out of the digits 0..to-1, at least 2, the incoming one being known. */
  carry(to: number, depth: number): Split
}

/** A planner asks for the same constant in trial after trial. */
const MAX_REMEMBERED = 256
const plansOfConstants = new Map<string, CarryPlan>()

function planOfConstant(row: Row & { readonly publicBits: readonly boolean[] }, depth: number) {
  const key = `${row.publicBits.map(Number).join('')}/${depth}`
  let plan = plansOfConstants.get(key)
  if (plan === undefined) {
    plan = cheapestCarry(row, depth)
    if (plansOfConstants.size === MAX_REMEMBERED) plansOfConstants.clear()
    plansOfConstants.set(key, plan)
  }
  return plan
}

const IMPOSSIBLE: Split = { middle: 0, ands: Infinity }

/** What is known of rows of secret digits, which are all alike. */
const SECRET_BLOCKS = new Map<number, Split>()
const SECRET_CARRIES = new Map<number, Split>()

/** @throws RangeError if the depth is too small */
function cheapestCarry({ digits, publicBits }: Row, depth: number): CarryPlan {
  const single: Split = { middle: 0, ands: publicBits === undefined ? 1 : 0 }
  const least = single.ands
  /** How many of the public bits before this one are 1. */
  const ones = [0]
  let count = 0
  for (const one of publicBits ?? []) ones.push((count += one ? 1 : 0))
  /** Whether joining a block to this one below takes one AND, not two. */
  const isPlain = (from: number, to: number): boolean => {
    if (publicBits === undefined) return false
    const among = ones[to]! - ones[from]!
    return among === 0 || among === to - from
  }
  /** Bounds: each join takes an AND at least, two if digits are secret. */
  const fewestOfBlock = (size: number): number =>
    publicBits === undefined ? 2 * size - 1 : size - 1
  const fewestOfCarry = (size: number): number => size - 1 + least
  const blocks = publicBits === undefined ? SECRET_BLOCKS : new Map<number, Split>()
  const carries = publicBits === undefined ? SECRET_CARRIES : new Map<number, Split>()

  const block = (from: number, to: number, wanted: Within): Split => {
    const size = to - from
    // More rounds than digits are of no use. Secret digits are alike wherever they stand.
    const within = {
      generate: Math.min(wanted.generate, size),
      propagate: Math.min(wanted.propagate, size - 1),
    }
    if (within.generate < least || within.propagate < 0) return IMPOSSIBLE
    if (size === 1) return single
    if (within.propagate < 1) return IMPOSSIBLE
    if (publicBits === undefined && from > 0) {
      const { middle, ands } = block(0, size, within)
      return { middle: from + middle, ands }
    }
    const key = ((from * 512 + to) * 512 + within.generate) * 512 + within.propagate
    let best = blocks.get(key)
    if (best !== undefined) return best
    best = IMPOSSIBLE
    const [lower, upper] = [lowerWithin(within), upperWithin(within)]
    for (let middle = to - 1; middle > from && best.ands > fewestOfBlock(size); middle--) {
      const join = isPlain(from, middle) ? 1 : 2
      // A single digit on top needs no pair of its own.
      const isSingle = middle === to - 1
      const highAtLeast = isSingle ? 0 : fewestOfBlock(to - middle)
      if (fewestOfBlock(middle - from) + highAtLeast + join >= best.ands) continue
      const below = block(from, middle, lower).ands
      if (below + highAtLeast + join >= best.ands) continue
      const ands = below + (isSingle ? 0 : block(middle, to, upper).ands) + join
      if (ands < best.ands) best = { middle, ands }
    }
    blocks.set(key, best)
    return best
  }
  const carry = (to: number, depthLeft: number): Split => {
    const within = Math.min(depthLeft, to)
    if (within < least) return IMPOSSIBLE
    if (to === 1) return single
    if (within < 1) return IMPOSSIBLE
    const key = to * 512 + within
    let best = carries.get(key)
    if (best !== undefined) return best
    best = IMPOSSIBLE
    for (let middle = to - 1; middle > 0 && best.ands > fewestOfCarry(to); middle--) {
      const isSingle = middle === to - 1
      const highAtLeast = isSingle ? 0 : fewestOfBlock(to - middle)
      if (fewestOfCarry(middle) + highAtLeast + 1 >= best.ands) continue
      const below = carry(middle, within - 1).ands
      if (below + highAtLeast + 1 >= best.ands) continue
      const ands = below + (isSingle ? 0 : block(middle, to, upperOfCarry(within)).ands) + 1
      if (ands < best.ands) best = { middle, ands }
    }
    carries.set(key, best)
    return best
  }

  // What fewer rounds allow is looked at first: often they leave nothing to be saved.
  let enough = Math.min(depth, leastDepth(digits, publicBits === undefined))
  while (enough < depth && carry(digits, enough).ands > fewestOfCarry(digits)) enough++
  const fewest = carry(digits, enough).ands
  if (fewest === Infinity) {
    throw new RangeError(`a carry over ${digits} digits takes more than ${depth} rounds`)
  }
  while (enough > 0 && carry(digits, enough - 1).ands === fewest) enough--
  return { ands: fewest, depth: enough, block, carry }
}
