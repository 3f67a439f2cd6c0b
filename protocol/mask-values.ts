/**
 * A plane for each value that a number of up to 8 bits may have: 1 where it has that value. For numbers of more
 * than 4 bits, these are the ANDs of such planes for each half.
 *
 * Secure as AND is (boolean.ts); nobody learns anything. Cost a lane: 11 ANDs in 2 rounds up to 4 bits, 278 in
 * 3 rounds beyond.
 */
import type { Arena } from '../shares/field/memory.ts'
import type { BitShare } from '../shares/replicated.ts'

import { andBits, constantBits } from './boolean.ts'
import { CircuitBuilder } from './circuit-builder.ts'
import { circuitFor } from './circuit-cache.ts'
import { oneHot } from './circuit-gadgets.ts'
import { circuitStats } from './circuit.ts'
import { evaluate } from './evaluate.ts'
import { cutPlane, joinPlanes } from './gather.ts'
import type { Party, Tag } from './party.ts'

/** Bits of half a digit, and the values that it may have. */
export const HALF = 4
export const HALF_VALUES = 2 ** HALF

/** A plane for each value of 4 bits. */
export const halfCircuit = circuitFor((bits) => {
  const b = new CircuitBuilder()
  const planes = b.inputs(bits)
  const values = Array.from({ length: 2 ** bits }, (_, value) => value)
  return b.build(oneHot(b, planes, values))
})(HALF)

/** Rounds of `valuePlanes`. @param bits of the numbers */
export function valueRounds(bits: number): number {
  return circuitStats(halfCircuit).depth + (bits <= HALF ? 0 : 1)
}

export interface ValuePlanes {
  /** Of the numbers: at most HALF, or at most twice that. */
  readonly bits: number
  /** Of each plane. */
  readonly bytes: number
  /** All on end: plane `placeOf` a value says whether the number has it. */
  readonly equal: BitShare
  /** Of numbers of more than HALF bits: plane v says whether the upper half has the value v. */
  readonly upper: BitShare
}

/** Which of the planes is that of a value below 2^bits. */
export function placeOf({ bits }: Pick<ValuePlanes, 'bits'>, value: number): number {
  return bits <= HALF ? value : HALF_VALUES * (value % HALF_VALUES) + (value >> HALF)
}

/**
 * @param arena owns the results
 * @param tag of the first of `valueRounds` rounds
 * @param numbers at most 8 planes, least significant first
 * @throws ShareholdError SH_ROUND_*
 */
export async function valuePlanes(
  party: Party,
  arena: Arena,
  tag: Tag,
  numbers: readonly BitShare[],
): Promise<ValuePlanes> {
  const bits = numbers.length
  const { bytes } = numbers[0]!
  const scratch = arena.child()
  try {
    const none = constantBits(party, scratch, bytes, 0)
    const halves = bits <= HALF ? [0] : [0, HALF]
    const inputs = Array.from({ length: HALF }, (_, b) =>
      joinPlanes(
        party,
        scratch,
        halves.map((from) => numbers[from + b] ?? none),
      ),
    )
    const values = await evaluate(party, scratch, tag, halfCircuit, inputs, halves.length * bytes)
    if (bits <= HALF) {
      const equal = joinPlanes(party, arena, values)
      return { bits, bytes, equal, upper: equal }
    }
    const lower = values.map((plane) => cutPlane(party, scratch, plane, 0, bytes))
    const upper = joinPlanes(
      party,
      arena,
      values.map((plane) => cutPlane(party, scratch, plane, bytes, 2 * bytes)),
    )
    const repeated = <T>(value: T): T[] => Array.from({ length: HALF_VALUES }, () => value)
    const left = joinPlanes(party, scratch, repeated(upper))
    const right = joinPlanes(party, scratch, lower.flatMap(repeated))
    const next = { ...tag, step: tag.step + valueRounds(bits) - 1 }
    const [equal] = await andBits(party, arena, next, [[left, right]])
    return { bits, bytes, equal: equal!, upper }
  } finally {
    scratch.release()
  }
}
