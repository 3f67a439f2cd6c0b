/**
 * What operators over the whole table read of the rows: planes and vectors over all rows, put together batch
 * after batch, each until its last reader has ended. Memory: one bit a row, plane and component; 8 bytes a row
 * and vector.
 */
import { committee } from '../shares/committee.ts'
import { type Arena, type Placed, sliceFp } from '../shares/field/memory.ts'
import { copy } from '../shares/field/vector.ts'
import { type BitShare, newBitShare } from '../shares/replicated.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import { writeBytes } from './gather.ts'
import { type Batch, tableLayout } from './layout.ts'
import type { Operator, Plan, Ref } from './plan.ts'
import type { Section } from './sections.ts'
import { refsOf, type Shape, WHOLE_TABLE } from './validate-plan.ts'

interface Collected<Share extends Placed> {
  readonly whole: Share
  /** Operators that have not read it yet. */
  readers: number
}

export class Collection {
  readonly #arena: Arena
  readonly #shapes: readonly Shape[]
  readonly #planes = new Map<string, Collected<BitShare>>()
  readonly #vectors = new Map<string, Collected<ShamirShare>>()

  /** @param arena owns the planes */
  constructor(arena: Arena, plan: Plan, { from, to, params }: Section, shapes: readonly Shape[]) {
    this.#arena = arena
    this.#shapes = shapes
    const of = committee(params.committee.n)
    const { planeBytes, lanes } = tableLayout(params)
    for (const operator of plan.operators.slice(from, to)) {
      for (const { op, part } of this.#refsOf(operator)) {
        if (shapes[op]!.type === 'bits') {
          addReader(this.#planes, keyOf({ op, part }), () => newBitShare(arena, of, planeBytes))
        } else {
          addReader(this.#vectors, keyOf({ op, part }), () => asShamirShare(arena.elements(lanes)))
        }
      }
    }
  }

  /** Copies what is needed of an operator's value over one batch. */
  add(op: number, { bits, field }: Parts, { planeOffset, firstLane }: Batch): void {
    for (const [part, plane] of bits.entries()) {
      const whole = this.#planes.get(keyOf({ op, part }))?.whole
      if (whole !== undefined) writeBytes(whole, planeOffset, plane)
    }
    for (const [part, vector] of field.entries()) {
      const whole = this.#vectors.get(keyOf({ op, part }))?.whole
      if (whole !== undefined) copy(sliceFp(whole, firstLane, firstLane + vector.length), vector)
    }
  }

  /** A plane over all rows, of which all batches have been added. */
  plane(ref: Ref): BitShare {
    return this.#planes.get(keyOf(ref))!.whole
  }

  /** A vector over all rows, likewise. */
  vector(ref: Ref): ShamirShare {
    return this.#vectors.get(keyOf(ref))!.whole
  }

  /** Gives back what nobody reads after this operator. */
  readBy(operator: Operator): void {
    for (const ref of this.#refsOf(operator)) {
      const key = keyOf(ref)
      for (const all of [this.#planes, this.#vectors]) {
        const collected = all.get(key)
        if (collected === undefined || --collected.readers > 0) continue
        this.#arena.free(collected.whole)
        all.delete(key)
      }
    }
  }

  /** What an operator reads from here, each once. */
  #refsOf(operator: Operator): readonly Ref[] {
    if (!WHOLE_TABLE.has(operator.kind)) return []
    const overRows = refsOf(operator).filter(({ op }) => this.#shapes[op]!.domain === 'rows')
    return [...new Map(overRows.map((ref) => [keyOf(ref), ref])).values()]
  }
}

interface Parts {
  readonly bits: readonly BitShare[]
  readonly field: readonly ShamirShare[]
}

function addReader<Share extends Placed>(
  all: Map<string, Collected<Share>>,
  key: string,
  make: () => Share,
): void {
  const known = all.get(key)
  if (known === undefined) all.set(key, { whole: make(), readers: 1 })
  else known.readers++
}

function keyOf({ op, part }: Ref): string {
  return `${op}/${part}`
}
