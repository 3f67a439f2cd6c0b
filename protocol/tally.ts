/**
 * Adds up what a plan costs: the list of rounds, and the rounds of the protocols that several operators
 * are made of. Part of cost.ts, and like all of it written apart from the executor.
 */
import { type Circuit, layerCircuit } from './circuit.ts'
import { cutLanes, type Layout } from './layout.ts'
import type { Tag } from './party.ts'
import type { Via } from './plan.ts'

/** One round of an operator. */
export type Round = Dealing | UnevenDealing | KingRound | Opening

/** Each of `dealers` sends `bytes` bytes to the t parties before it. */
export interface Dealing extends Tag {
  /** Ascending. */
  readonly dealers: readonly number[]
  readonly bytes: number
}

/** Every party sends bytes of its own number to the t parties before it. */
export interface UnevenDealing extends Tag {
  /** [dealer - 1] */
  readonly bytesOfDealer: readonly number[]
  /** Of all dealers. */
  readonly bytes: number
}

/** Every party sends `bytes` bytes to all others. */
export interface Opening extends Tag {
  readonly to: 'all'
  readonly bytes: number
}

/** Every king hears from all others as many bytes as its lanes have, or tells them to the t parties before it. */
export interface KingRound extends Tag {
  readonly kings: 'hear' | 'tell'
  /** [king - 1] */
  readonly bytesOfKing: readonly number[]
  /** Of all kings. */
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

  /** A round in which all parties deal, so many bytes each. @param bytesOfDealer [dealer - 1] */
  unevenRound(tag: Tag, step: number, bytesOfDealer: readonly number[]): void {
    const bytes = bytesOfDealer.reduce((sum, some) => sum + some, 0)
    this.rounds.push({ ...tag, step: tag.step + step, bytesOfDealer, bytes })
  }

  /** A round in which all tell all. */
  opening(tag: Tag, step: number, bytes: number): void {
    this.rounds.push({ ...tag, step: tag.step + step, to: 'all', bytes })
  }

  /** Products through kings: an n-th of them each, and who takes those left over turns with the tag. */
  kingRounds(tag: Tag, step: number, products: number): void {
    const { n } = this
    const at = { ...tag, step: tag.step + step }
    const first = at.op + at.batch + at.step
    const bytesOfKing = Array.from({ length: n }, (_, k) => {
      const place = (((k - first) % n) + n) % n
      return 8 * (Math.floor(products / n) + (place < products % n ? 1 : 0))
    })
    const bytes = 8 * products
    this.rounds.push({ ...at, kings: 'hear', bytesOfKing, bytes })
    this.rounds.push({ ...at, step: at.step + 1, kings: 'tell', bytesOfKing, bytes })
  }
}

/** first..last */
function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, k) => first + k)
}

/** Bytes that `from` sends `to` in a round of an operator. */
export function bytesBetween({ n, t }: Size, round: Round, from: number, to: number): number {
  if (from === to) return 0
  if ('to' in round) return round.bytes
  if ('kings' in round && round.kings === 'hear') return round.bytesOfKing[to - 1]!
  if ((from - to + n) % n > t) return 0
  if ('kings' in round) return round.bytesOfKing[from - 1]!
  if ('bytesOfDealer' in round) return round.bytesOfDealer[from - 1]!
  return round.dealers.includes(from) ? round.bytes : 0
}

/** One round per AND depth. @returns their number */
export function circuitRounds(tally: Tally, circuit: Circuit, tag: Tag, bytes: number): number {
  const layers = layerCircuit(circuit)
  layers.slice(1).forEach(({ ands }, depth) => tally.round(tag, depth, ands.length * bytes))
  return layers.length - 1
}

/** Products by all in one round, or through kings in two. @returns the rounds */
export function multiplyRounds(
  tally: Tally,
  products: number,
  tag: Tag,
  step: number,
  via: Via | undefined,
): number {
  tally.fieldMultiplications += products
  if (via === 'king') tally.kingRounds(tag, step, products)
  else tally.round(tag, step, 8 * products)
  return via === 'king' ? 2 : 1
}

/**
 * Inputs of the roles 1..t, t-1 multiplications, a last dealing by the roles t+1..n; in each piece of the
 * lanes another party has role 1.
 * @returns the rounds
 */
export function bitToFieldRounds(
  tally: Tally,
  planes: number,
  layout: Layout,
  tag: Tag,
  via?: Via,
): number {
  const { n, t } = tally
  const bits = planes * layout.lanes
  const cuts = cutLanes(layout, planes, n)
  const dealt = (first: number, last: number): number[] =>
    range(1, n).map((party) => {
      const roles = range(1, n).map((piece) => ((party - piece + n) % n) + 1)
      return roles.reduce((sum, role, k) => {
        const deals = role >= first && role <= last
        return deals ? sum + 8 * (cuts[k + 1]! - cuts[k]!) : sum
      }, 0)
    })
  tally.unevenRound(tag, 0, dealt(1, t))
  let step = 1
  for (let k = 1; k < t; k++) step += multiplyRounds(tally, bits, tag, step, via)
  tally.unevenRound(tag, step, dealt(t + 1, n))
  tally.fieldMultiplications += bits
  return step + 1
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
