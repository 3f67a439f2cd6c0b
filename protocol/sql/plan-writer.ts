/** A plan under construction: operators in order, each with a line that says what it is for. */
import type { Operator, Plan, Ref } from '../plan.ts'

export class PlanWriter {
  readonly #operators: Operator[] = []
  readonly #purposes: string[] = []
  #header: Pick<Plan, 'join' | 'chunksInFlight'>

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

  /** Appends the operators of a plan over what this one ends with, which read each other only. */
  append({ plan, purposes }: PlanWriter): void {
    if (plan.chunksInFlight !== undefined) this.limitChunks(plan.chunksInFlight)
    const by = this.#operators.length
    this.#operators.push(...plan.operators.map((operator) => shifted(operator, by) as Operator))
    this.#purposes.push(...purposes)
  }

  /** Has the plan take so many chunks at a time at most. */
  limitChunks(most: number): void {
    const { chunksInFlight = most } = this.#header
    this.#header = { ...this.#header, chunksInFlight: Math.min(chunksInFlight, most) }
  }

  get header(): Pick<Plan, 'join' | 'chunksInFlight'> {
    return this.#header
  }

  get plan(): Plan {
    return { version: 1, ...this.#header, operators: this.#operators }
  }

  /** One per operator. */
  get purposes(): readonly string[] {
    return this.#purposes
  }
}

/** The same with all references so many operators later. Gates are numbers of a circuit's own. */
function shifted(node: unknown, by: number): unknown {
  if (typeof node !== 'object' || node === null) return node
  if (Array.isArray(node)) return node.map((item) => shifted(item, by))
  if ('op' in node && 'part' in node) return { ...node, op: Number(node.op) + by }
  return Object.fromEntries(
    Object.entries(node).map(([name, value]) => [
      name,
      name === 'circuit' || name === 'circuits' ? value : shifted(value, by),
    ]),
  )
}
