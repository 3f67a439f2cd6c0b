/**
 * Sign and zero test of a number modulo a Mersenne prime p = 2^width - 1 that is given as the bits of
 * summands (protocol.md C3). Both are exact; `width` is 61 in the protocol and small in tests, which try
 * all summands.
 *
 * Modulo 2^width - 1, doubling is a rotation and so is the carry of an adder: more than two summands
 * become two by full adders whose carry planes are rotated by one, `width` ANDs and one round each.
 *
 * Sign. a is negative (above p/2) iff 2a mod p is odd. Let V + W = 2a with V, W <= p, not both p: then 2a
 * mod p is V + W, less p if V + W >= p, that is, if V + W + 1 carries out of the highest bit. p is odd, so
 * the lowest bit is V_0 ^ W_0 ^ carry. V = W = p comes of full adders only if all summands are p, and
 * canonical summands are not.
 *
 * Zero. V + W = 0 modulo p iff V and W are complements, or both 0, or both p. The first summand is given
 * as a number of 1..p and the others of 0..p-1: so they are neither all 0 nor all p, and full adders
 * keep that. What is left is one comparison of bits.
 */
import { CircuitBuilder, type Planes, type Wire } from './circuit-builder.ts'
import { fullAdder } from './circuit-gadgets.ts'
import type { Circuit } from './circuit.ts'

/**
 * 1 iff the number is negative.
 *
 * Inputs: the bits of 2u mod p, canonical, for each summand u in turn, least significant first.
 * ANDs: width * (summands - 2), and those of the carry (see `carryOut`), in `carryDepth` rounds.
 * @param summands at least 2
 * @param carryDepth at least ceil(log2 width) + 1
 */
export function signCircuit(summands: number, width: number, carryDepth: number): Circuit {
  const b = new CircuitBuilder()
  const [v, w] = addUpToTwo(
    b,
    Array.from({ length: summands }, () => b.inputs(width)),
  )
  const carry = carryOut(b, v, w, carryDepth)
  return b.build([b.xorMany([v[0]!, w[0]!, carry])])
}

/**
 * 1 iff the number is 0.
 *
 * Inputs: the bits of -u mod p, canonical, for the first summand u, and of u for each other one; least
 * significant first. ANDs: width * (summands - 2) + width - 1; rounds: ceil(log2 width) after the adders.
 * @param summands at least 2
 */
export function zeroCircuit(summands: number, width: number): Circuit {
  const b = new CircuitBuilder()
  // The complement of -u, which is in 0..p-1, is u as a number of 1..p.
  const first = b.inputs(width).map((wire) => b.not(wire))
  const others = Array.from({ length: summands - 1 }, () => b.inputs(width))
  const [v, w] = addUpToTwo(b, [first, ...others])
  return b.build([b.andMany(v.map((wire, i) => b.xor(wire, w[i]!)))])
}

/** Two numbers with the same sum modulo 2^width - 1. */
function addUpToTwo(b: CircuitBuilder, summands: readonly Planes[]): readonly [Planes, Planes] {
  let left = summands
  while (left.length > 2) {
    const [x, y, z, ...rest] = left
    const digits = x!.map((wire, i) => fullAdder(b, wire, y![i]!, z![i]!))
    const carries = digits.map(({ carry }) => carry)
    left = [...rest, digits.map(({ sum }) => sum), [...carries.slice(-1), ...carries.slice(0, -1)]]
  }
  return [left[0]!, left[1]!]
}

/**
 * The carry out of v + w + 1.
 *
 * Blocks of digits have a pair (generate, propagate). A digit is put above a block for 2 ANDs, since
 * carry' = ((carry ^ v) & (v ^ w)) ^ v needs no generate bit of the digit; two blocks are joined for 2.
 * Where the incoming carry is known, each takes 1. The plan with the fewest ANDs for the given depth is
 * found by dynamic programming: 61 digits take 143 ANDs in 7 rounds, 128 in 8, 61 in 61.
 */
function carryOut(b: CircuitBuilder, v: Planes, w: Planes, depth: number): Wire {
  const plan = cheapestCarry(v.length, depth)
  const propagateOf = (i: number): Wire => b.xor(v[i]!, w[i]!)
  const above = (i: number, carry: Wire): Wire =>
    b.xor(b.and(b.xor(carry, v[i]!), propagateOf(i)), v[i]!)
  const block = (from: number, to: number, within: number): Block => {
    if (to - from === 1)
      return { generate: b.and(v[from]!, w[from]!), propagate: propagateOf(from) }
    const middle = from + plan.block(to - from, within).low
    const low = block(from, middle, within - 1)
    if (middle === to - 1) {
      return {
        generate: above(middle, low.generate),
        propagate: b.and(propagateOf(middle), low.propagate),
      }
    }
    const high = block(middle, to, within - 1)
    return {
      generate: b.xor(high.generate, b.and(high.propagate, low.generate)),
      propagate: b.and(high.propagate, low.propagate),
    }
  }
  const carry = (to: number, within: number): Wire => {
    if (to === 1) return b.or(v[0]!, w[0]!)
    const middle = plan.carry(to, within).low
    const low = carry(middle, within - 1)
    if (middle === to - 1) return above(middle, low)
    const high = block(middle, to, within - 1)
    return b.xor(high.generate, b.and(high.propagate, low))
  }
  return carry(v.length, depth)
}

interface Block {
  readonly generate: Wire
  readonly propagate: Wire
}

/** How many of the digits come into the lower part, and what it all costs. */
interface Split {
  readonly low: number
  readonly ands: number
}

interface CarryPlan {
  /** For (generate, propagate) of so many digits, at least 2, within so many rounds. */
  block(digits: number, depth: number): Split
  /** For the carry out of so many digits, at least 2, the incoming one being known. */
  carry(digits: number, depth: number): Split
}

/** @throws RangeError if the depth is too small */
function cheapestCarry(digits: number, depth: number): CarryPlan {
  const blocks = new Map<string, Split>()
  const carries = new Map<string, Split>()
  const key = (count: number, within: number): string => `${count}/${within}`
  const none: Split = { low: 0, ands: Infinity }
  const single: Split = { low: 0, ands: 1 }
  const find = (known: Map<string, Split>, count: number, within: number): Split =>
    within < 1 ? none : count === 1 ? single : known.get(key(count, within))!

  for (let within = 1; within <= depth; within++) {
    for (let count = 2; count <= digits; count++) {
      let [block, carry] = [none, none]
      for (let low = 1; low < count; low++) {
        // A single digit on top needs no pair of its own.
        const high = low === count - 1 ? 0 : find(blocks, count - low, within - 1).ands
        const ofBlock = find(blocks, low, within - 1).ands + high + 2
        const ofCarry = find(carries, low, within - 1).ands + high + 1
        if (ofBlock < block.ands) block = { low, ands: ofBlock }
        if (ofCarry < carry.ands) carry = { low, ands: ofCarry }
      }
      blocks.set(key(count, within), block)
      carries.set(key(count, within), carry)
    }
  }
  if (find(carries, digits, depth).ands === Infinity) {
    throw new RangeError(`a carry over ${digits} digits takes more than ${depth} rounds`)
  }
  return {
    block: (count, within) => find(blocks, count, within),
    carry: (count, within) => find(carries, count, within),
  }
}
