/** A plan under construction: operators in order, each with a line that says what it is for. */
import type { Join, Operator, Plan, Ref } from '../plan.ts'

export class PlanWriter {
  readonly #operators: Operator[] = []
  readonly #purposes: string[] = []
  readonly #join: Join | undefined

  /** @param join of the datasets, if there are several */
  constructor(join?: Join) {
    this.#join = join
  }

  /** Appends an operator; returns a function that refers to its parts. */
  add(operator: Operator, purpose: string): (part: number) => Ref {
    const op = this.#operators.push(operator) - 1
    this.#purposes.push(purpose)
    return (part) => ({ op, part })
  }

  get plan(): Plan {
    const join = this.#join === undefined ? {} : { join: this.#join }
    return { version: 1, ...join, operators: this.#operators }
  }

  /** One per operator. */
  get purposes(): readonly string[] {
    return this.#purposes
  }
}
