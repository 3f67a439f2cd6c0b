/** Numbers and bits of all members that everybody knows, as operators; each is written when it is needed first. */
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { PlanParams, Ref } from '../plan.ts'
import { mostRowsOf } from '../validate-plan.ts'

import { circuitOf } from './member-circuits.ts'
import { bitsOf } from './overflow.ts'
import type { PlanWriter } from './plan-writer.ts'

/** Planes of a number of rows of a member. */
export function countWidth(params: PlanParams): number {
  return Math.max(1, bitsOf(mostRowsOf(params)))
}

export class MemberConstants {
  readonly #writer: PlanWriter
  readonly #width: number
  #rows: readonly Ref[] | undefined
  #bits: readonly [Ref, Ref] | undefined

  constructor(writer: PlanWriter, params: PlanParams) {
    this.#writer = writer
    this.#width = countWidth(params)
  }

  /** The number of rows of each member, in binary, lowest plane first. */
  rows(): readonly Ref[] {
    if (this.#rows === undefined) {
      const purpose = 'rows of each member, as the nodes know them'
      const digits = this.#writer.add({ kind: 'member-rows' }, purpose)
      this.#rows = Array.from({ length: this.#width }, (_, part) => digits(part))
    }
    return this.#rows
  }

  /** The same bit for all. */
  bit(value: boolean): Ref {
    if (this.#bits === undefined) {
      const inputs = this.rows().slice(0, 1)
      const circuit = circuitOf(1, () => [FALSE, TRUE])
      const both = this.#writer.add({ kind: 'circuit', inputs, circuit }, 'what is public')
      this.#bits = [both(0), both(1)]
    }
    return this.#bits[value ? 1 : 0]
  }
}
