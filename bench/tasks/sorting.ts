import { sortRows } from '../../protocol/sort.ts'
/** Rows of a 32-bit column put in ascending order. */
import { newArena, view } from '../../shares/field/memory.ts'
import { wholeBlock } from '../../shares/replicated.ts'
import { ownPlanes, publicWords } from '../public-data.ts'

import { layoutFor } from './comparison.ts'
import { openBitEvidence } from './task.ts'
import type { Task } from './task.ts'

const BITS = 32
const DIGIT = 3
const TAG = { op: 0, batch: 0, step: 0 }

export const sorting: Task = {
  name: 'sort',
  about: 'rows sorted by a 32-bit key',
  size: 100_000,
  async prepare({ committee, index, size }) {
    const arena = newArena()
    const layout = layoutFor(size)
    const values = publicWords('sort/values', size)
    const planes = ownPlanes(arena, committee, index, values, BITS, layout, 'values')
    return {
      async run(party) {
        const own = newArena()
        const sorted = await sortRows(party, own, TAG, planes, size, BITS, DIGIT)
        return () => {
          const bytes = Buffer.concat(sorted.map((plane) => view(wholeBlock(plane))))
          own.release()
          return new Uint8Array(bytes)
        }
      },
    }
  },
  async check(committee, size, evidence) {
    const bytes = evidence[0]!.length / BITS
    const found = new Uint32Array(size)
    for (let i = 0; i < BITS; i++) {
      const plane = evidence.map((part) => part.subarray(i * bytes, (i + 1) * bytes))
      const opened = openBitEvidence(committee, plane)
      for (let row = 0; row < size; row++) {
        if (((opened[row >> 3]! >> (row & 7)) & 1) === 1) found[row]! |= 2 ** i
      }
    }
    const expected = publicWords('sort/values', size).toSorted()
    if (found.some((value, row) => value !== expected[row])) throw new Error('sort: out of order')
  },
}
