/**
 * Adds up what a plan costs: the list of rounds, and the rounds of the protocols that several operators
 * are made of. Part of cost.ts, and like all of it written apart from the executor.
 */
import { type Circuit, layerCircuit } from './circuit.ts'
import type { Tag } from './party.ts'

/** One round of an operator: each of `dealers` sends `bytes` bytes to the t parties before it. */
export interface Round extends Tag {
  /** Ascending. */
  readonly dealers: readonly number[]
  readonly bytes: number
}

/** Of a committee. */
export interface Size {
  readonly n: number
  readonly t: number
}

export class Tally implements Size {
  readonly n: number
  readonly t: number
  readonly rounds: Round[] = []
  fieldMultiplications = 0
  andGates = 0

  constructor(n: number, t: number) {
    this.n = n
    this.t = t
  }

  /**
   * A round in which these parties deal, all if not told. One without bytes counts too: the operator waits
   * for it, and it may be common to others that have some.
   */
  round(tag: Tag, step: number, bytes: number, dealers = range(1, this.n)): void {
    this.rounds.push({ ...tag, step: tag.step + step, dealers, bytes })
  }
}

/** first..last */
function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, k) => first + k)
}

/** Bytes that `from` sends `to` in a round of an operator. */
export function bytesBetween({ n, t }: Size, round: Round, from: number, to: number): number {
  const distance = (from - to + n) % n
  const sends = distance > 0 && distance <= t && round.dealers.includes(from)
  return sends ? round.bytes : 0
}

/** One round per AND depth. @returns their number */
export function circuitRounds(tally: Tally, circuit: Circuit, tag: Tag, bytes: number): number {
  const layers = layerCircuit(circuit)
  layers.slice(1).forEach(({ ands }, depth) => tally.round(tag, depth, ands.length * bytes))
  return layers.length - 1
}

/** Inputs of P_1..P_t, t-1 multiplications by all, a last dealing by P_{t+1}..P_n. @returns t + 1 */
export function bitToFieldRounds(tally: Tally, bits: number, tag: Tag): number {
  const { n, t } = tally
  tally.round(tag, 0, 8 * bits, range(1, t))
  for (let k = 1; k < t; k++) tally.round(tag, k, 8 * bits)
  tally.round(tag, t, 8 * bits, range(t + 1, n))
  tally.fieldMultiplications += t * bits
  return t + 1
}

/** 61 planes from each of t+1 parties, which turn with the tag; then the circuit. @returns all rounds */
export function signRounds(tally: Tally, circuit: Circuit, tag: Tag, bytes: number): number {
  const { n, t } = tally
  const first = tag.op + tag.batch + tag.step
  const dealers = range(0, t).map((k) => ((first + k) % n) + 1)
  tally.round(
    tag,
    0,
    61 * bytes,
    dealers.toSorted((a, b) => a - b),
  )
  return 1 + circuitRounds(tally, circuit, { ...tag, step: tag.step + 1 }, bytes)
}
