/**
 * What operators over the whole table read of the rows: planes over all rows, put together batch after
 * batch, each until its last reader has ended. Memory: one bit a row, plane and component.
 */
import { committee } from '../shares/committee.ts'
import type { Arena } from '../shares/field/memory.ts'
import { type BitShare, newBitShare } from '../shares/replicated.ts'

import { writeBytes } from './gather.ts'
import { type Batch, tableLayout } from './layout.ts'
import type { Operator, Plan, PlanParams, Ref } from './plan.ts'
import { refsOf, type Shape, WHOLE_TABLE } from './validate-plan.ts'

interface Collected {
  readonly plane: BitShare
  /** Operators that have not read it yet. */
  readers: number
}

export class Collection {
  readonly #arena: Arena
  readonly #shapes: readonly Shape[]
  readonly #planes = new Map<string, Collected>()

  /** @param arena owns the planes */
  constructor(arena: Arena, plan: Plan, params: PlanParams, shapes: readonly Shape[]) {
    this.#arena = arena
    this.#shapes = shapes
    const of = committee(params.committee.n)
    const bytes = tableLayout(params).planeBytes
    for (const operator of plan.operators) {
      for (const key of this.#keysOf(operator)) {
        const known = this.#planes.get(key)
        if (known === undefined) {
          this.#planes.set(key, { plane: newBitShare(arena, of, bytes), readers: 1 })
        } else {
          known.readers++
        }
      }
    }
  }

  /** Copies what is needed of an operator's planes over one batch. */
  add(op: number, planes: readonly BitShare[], { planeOffset }: Batch): void {
    planes.forEach((plane, part) => {
      const whole = this.#planes.get(keyOf({ op, part }))?.plane
      if (whole !== undefined) writeBytes(whole, planeOffset, plane)
    })
  }

  /** A plane over all rows, of which all batches have been added. */
  plane(ref: Ref): BitShare {
    return this.#planes.get(keyOf(ref))!.plane
  }

  /** Gives back the planes that nobody reads after this operator. */
  readBy(operator: Operator): void {
    for (const key of this.#keysOf(operator)) {
      const collected = this.#planes.get(key)!
      if (--collected.readers > 0) continue
      this.#arena.free(collected.plane)
      this.#planes.delete(key)
    }
  }

  /** The planes over rows that an operator reads from here, each once. */
  #keysOf(operator: Operator): ReadonlySet<string> {
    if (!WHOLE_TABLE.has(operator.kind)) return new Set()
    const overRows = refsOf(operator).filter(({ op }) => this.#shapes[op]!.domain === 'rows')
    return new Set(overRows.map(keyOf))
  }
}

function keyOf({ op, part }: Ref): string {
  return `${op}/${part}`
}
