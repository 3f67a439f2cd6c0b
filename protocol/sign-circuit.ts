/**
 * Sign, zero test and digits of a number modulo a Mersenne prime p = 2^width - 1 that is given as the bits of
 * summands (protocol.md C3). All are exact; `width` is 61 in the protocol and small in tests, which try
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
 *
 * Digits. a is V + W, less p if V + W >= p: modulo 2^width that is V + W, plus 1 if V + W + 1 carries out of the highest
 * bit. So the carry that tells the sign is the one that comes in at the lowest digit (end-around).
 */
import { carryOut } from './carry-circuit.ts'
import { CircuitBuilder, type Planes } from './circuit-builder.ts'
import { add, fullAdder } from './circuit-gadgets.ts'
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

/**
 * The lowest digits of the number.
 *
 * Inputs: the bits of each summand in turn, canonical, least significant first. ANDs: width * (summands - 2), those of the
 * carry, and those of a sum of so many digits (see `add`).
 * @param digits 1..width
 */
export function digitsCircuit(
  summands: number,
  width: number,
  carryDepth: number,
  digits: number,
): Circuit {
  const b = new CircuitBuilder()
  const [v, w] = addUpToTwo(
    b,
    Array.from({ length: summands }, () => b.inputs(width)),
  )
  const carry = carryOut(b, v, w, carryDepth)
  return b.build(add(b, v.slice(0, digits), w.slice(0, digits), carry).slice(0, digits))
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
