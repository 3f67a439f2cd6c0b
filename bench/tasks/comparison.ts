/** Comparisons of two stored columns of 32 bits: x < y (`lt`) and x = y (`eq`), a bit a row as the result. */
import { CircuitBuilder, type Planes, type Wire } from '../../protocol/circuit-builder.ts'
import { equals, lessThan } from '../../protocol/circuit-gadgets.ts'
import { evaluate } from '../../protocol/evaluate.ts'
import { forEachRun, layoutOf, type Layout } from '../../protocol/layout.ts'
import { newArena, view } from '../../shares/field/memory.ts'
import { wholeBlock } from '../../shares/replicated.ts'
import { ownPlanes, publicWords } from '../public-data.ts'

import { chunksOf } from './people.ts'
import { openBitEvidence } from './task.ts'
import type { Task } from './task.ts'

const BITS = 32

/** Two columns; in one row of four they are equal. */
export function columns(rows: number): { readonly x: Uint32Array; readonly y: Uint32Array } {
  const x = publicWords('comparison/x', rows)
  const y = publicWords('comparison/y', rows)
  for (let row = 0; row < rows; row += 4) y[row] = x[row]!
  return { x, y }
}

export function layoutFor(rows: number): Layout {
  return layoutOf(chunksOf(rows))
}

function comparison(
  name: string,
  about: string,
  gadget: (builder: CircuitBuilder, x: Planes, y: Planes) => Wire,
  plain: (x: number, y: number) => boolean,
): Task {
  return {
    name,
    about,
    size: 100_000,
    async prepare({ committee, index, size }) {
      const arena = newArena()
      const layout = layoutFor(size)
      const { x, y } = columns(size)
      const inputs = [
        ...ownPlanes(arena, committee, index, x, BITS, layout, 'x'),
        ...ownPlanes(arena, committee, index, y, BITS, layout, 'y'),
      ]
      const builder = new CircuitBuilder()
      const wire = gadget(builder, builder.inputs(BITS), builder.inputs(BITS))
      const circuit = builder.build([wire])
      const tag = { op: 0, batch: 0, step: 0 }
      return {
        async run(party) {
          const own = newArena()
          const [result] = await evaluate(party, own, tag, circuit, inputs, layout.planeBytes)
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

/** Checks the bit of every row. */
export function checkRows(name: string, plain: (x: number, y: number) => boolean): Task['check'] {
  return async (committee, size, evidence) => {
    const bits = openBitEvidence(committee, evidence)
    const { x, y } = columns(size)
    forEachRun(layoutFor(size), (lane, byte, lanes) => {
      for (let k = 0; k < lanes; k++) {
        const bit = (bits[byte + (k >> 3)]! >> (k & 7)) & 1
        if (bit !== Number(plain(x[lane + k]!, y[lane + k]!))) {
          throw new Error(`${name} is wrong in row ${lane + k}`)
        }
      }
    })
  }
}

export const lessThans: Task = comparison(
  'lt',
  'comparisons x < y of 32-bit columns',
  lessThan,
  (x, y) => x < y,
)

export const equalities: Task = comparison(
  'eq',
  'equalities x = y of 32-bit columns',
  equals,
  (x, y) => x === y,
)
