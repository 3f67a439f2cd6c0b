/**
 * The carry out of a sum, with the fewest ANDs for a given depth: between a ripple (one AND a digit, as many
 * rounds) and a prefix tree (three, in log2 rounds).
 */
import type { CircuitBuilder, Planes, Wire } from './circuit-builder.ts'

/**
 * The carry out of v + w + 1.
 *
 * Blocks of digits have a pair (generate, propagate). A digit is put above a block for 2 ANDs, since
 * carry' = ((carry ^ v) & (v ^ w)) ^ v needs no generate bit of the digit; two blocks are joined for 2.
 * Where the incoming carry is known, each takes 1. The plan with the fewest ANDs for the given depth is
 * found by dynamic programming: 61 digits take 143 ANDs in 7 rounds, 128 in 8, 61 in 61.
 */
export function carryOut(b: CircuitBuilder, v: Planes, w: Planes, depth: number): Wire {
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
