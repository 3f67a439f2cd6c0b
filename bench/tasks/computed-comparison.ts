/**
 * Comparisons of computed values: the difference of two Shamir-shared vectors of 32-bit numbers with zero,
 * x < y (`computed-lt`) and x = y (`computed-eq`), a bit a row as the result.
 */
import { subtractShares } from '../../protocol/arithmetic.ts'
import { equalsZero, lessThanZero } from '../../protocol/share-split.ts'
import { newArena, view } from '../../shares/field/memory.ts'
import { wholeBlock } from '../../shares/replicated.ts'
import { ownField } from '../public-data.ts'

import { checkRows, columns, layoutFor } from './comparison.ts'
import type { Task } from './task.ts'

function comparison(
  name: string,
  about: string,
  withZero: typeof lessThanZero,
  plain: (x: number, y: number) => boolean,
): Task {
  return {
    name,
    about,
    size: 100_000,
    async prepare({ committee, index, size }) {
      const arena = newArena()
      const { x, y } = columns(size)
      const share = (label: string, numbers: Uint32Array) =>
        ownField(arena, committee, index, BigUint64Array.from(numbers, BigInt), label)
      const [first, second] = [share('x', x), share('y', y)]
      const tag = { op: 0, batch: 0, step: 0 }
      return {
        async run(party) {
          const own = newArena()
          const difference = subtractShares(own, first, second)
          const [result] = await withZero(party, own, tag, [difference], layoutFor(size))
          return () => {
            const evidence = view(wholeBlock(result!)).slice()
            own.release()
            return evidence
          }
        },
      }
    },
    check: checkRows(name, plain),
  }
}

export const computedLessThans: Task = comparison(
  'computed-lt',
  'comparisons x < y of shared 32-bit numbers',
  lessThanZero,
  (x, y) => x < y,
)

export const computedEqualities: Task = comparison(
  'computed-eq',
  'equalities x = y of shared 32-bit numbers',
  equalsZero,
  (x, y) => x === y,
)
