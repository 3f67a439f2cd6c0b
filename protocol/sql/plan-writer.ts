/** A plan under construction: operators in order, each with a line that says what it is for. */
import type { Operator, Plan, Ref } from '../plan.ts'

export class PlanWriter {
  readonly #operators: Operator[] = []
  readonly #purposes: string[] = []
  readonly #header: Pick<Plan, 'join' | 'chunksInFlight'>

  /** @param header the join of the datasets, if there are several; chunks at a time, if fewer than there may be */
  constructor(header: Pick<Plan, 'join' | 'chunksInFlight'> = {}) {
    this.#header = header
  }

  /** Appends an operator; returns a function that refers to its parts. */
  add(operator: Operator, purpose: string): (part: number) => Ref {
    const op = this.#operators.push(operator) - 1
    this.#purposes.push(purpose)
    return (part) => ({ op, part })
  }

  get plan(): Plan {
    return { version: 1, ...this.#header, operators: this.#operators }
  }

  /** One per operator. */
  get purposes(): readonly string[] {
    return this.#purposes
  }
}
