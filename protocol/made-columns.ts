import { copy as copyBytes } from '../shares/bits/plane.ts'
/**
 * The columns of a table that a plan has made (`table`), kept for the next section of the plan, which loads them batch after
 * batch like stored ones. Local. Memory: all of them, until that section has run.
 */
import { type Arena, sliceFp } from '../shares/field/memory.ts'
import { copy } from '../shares/field/vector.ts'
import { type BitShare, newBitShare, wholeBlock } from '../shares/replicated.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import { cutPlane } from './gather.ts'
import type { Batch } from './layout.ts'
import type { Party } from './party.ts'
import { type LoadBits, type LoadField, planeOf, type Values, vectorOf } from './run-value.ts'
import type { TableOperator } from './sections.ts'

interface Made {
  readonly planes: readonly BitShare[]
  readonly validity: BitShare | undefined
  readonly field: ShamirShare | undefined
}

export class MadeColumns {
  readonly #party: Party
  readonly #columns: ReadonlyMap<string, Made>

  /** Copies the columns. @param arena owns them */
  constructor(party: Party, arena: Arena, { columns }: TableOperator, values: Values) {
    this.#party = party
    const plane = (share: BitShare): BitShare => {
      const kept = newBitShare(arena, party.committee, share.bytes)
      copyBytes(wholeBlock(kept), wholeBlock(share))
      return kept
    }
    const vector = (share: ShamirShare): ShamirShare => {
      const kept = arena.elements(share.length)
      copy(kept, share)
      return asShamirShare(kept)
    }
    this.#columns = new Map(
      columns.map(({ name, planes, validity, field }) => [
        name,
        {
          planes: planes.map((ref) => plane(planeOf(values, ref))),
          validity: validity && plane(planeOf(values, validity)),
          field: field && vector(vectorOf(values, field)),
        },
      ]),
    )
  }

  /** Lanes lie flat, and chunks are whole numbers of plane blocks, so a batch's bytes are adjacent. */
  bits({ column, validity }: LoadBits, batch: Batch, arena: Arena): Promise<readonly BitShare[]> {
    const made = this.#columns.get(column)!
    const { planeOffset, layout } = batch
    return Promise.resolve(
      [...made.planes, ...(validity ? [made.validity!] : [])].map((plane) =>
        cutPlane(this.#party, arena, plane, planeOffset, planeOffset + layout.planeBytes),
      ),
    )
  }

  field({ column }: LoadField, { firstLane, layout }: Batch): Promise<ShamirShare> {
    const vector = this.#columns.get(column)!.field!
    return Promise.resolve(asShamirShare(sliceFp(vector, firstLane, firstLane + layout.lanes)))
  }
}
