/** The largest (`max`) and the median (`median`, `median-18`) of the rows of a column that a filter admits. */
import { extremes } from '../../protocol/extreme.ts'
import type { Party } from '../../protocol/party.ts'
import type { PlanParams } from '../../protocol/plan.ts'
import { selectRanks } from '../../protocol/select-rank.ts'
import { selectTuning } from '../../protocol/sql/count-tuning.ts'
import type { Committee } from '../../shares/committee.ts'
import { type Arena, newArena, view } from '../../shares/field/memory.ts'
import { type BitShare, wholeBlock } from '../../shares/replicated.ts'
import { ownPlanes, publicWords } from '../public-data.ts'

import { layoutFor } from './comparison.ts'
import { chunksOf } from './people.ts'
import { openBitEvidence } from './task.ts'
import type { Task } from './task.ts'

const TAG = { op: 0, batch: 0, step: 0 }

/** What the planner knows of the table. */
const paramsFor = ({ n, t }: Committee, rows: number): PlanParams => ({
  committee: { n, t },
  security: 'passive',
  dataset: { name: 'choice', version: 1, chunks: chunksOf(rows), rowsPerMember: [[1, rows]] },
  chunksInFlight: 16,
  network: 'loopback',
})

interface Column {
  readonly values: Uint32Array
  /** 1 in nine rows of ten. */
  readonly among: Uint32Array
}

function column(rows: number, bits: number): Column {
  const among = publicWords('choice/among', rows).map((word) => (word % 10 === 0 ? 0 : 1))
  const values = publicWords('choice/values', rows).map((word) => word >>> (32 - bits))
  return { values, among }
}

interface Shared {
  readonly planes: readonly BitShare[]
  readonly among: BitShare
}

/** What is timed. */
type Choose = (party: Party, arena: Arena, shared: Shared) => Promise<BitShare[]>

function choice(
  name: string,
  what: string,
  bits: number,
  rows: number,
  prepareChoice: (committee: Committee, size: number) => Choose,
  plain: (ascending: Uint32Array) => number | undefined,
): Task {
  return {
    name,
    about: `rows of a filtered ${bits}-bit column, their ${what}`,
    size: rows,
    async prepare({ committee, index, size }) {
      const arena = newArena()
      const layout = layoutFor(size)
      const choose = prepareChoice(committee, size)
      const { values, among } = column(size, bits)
      const planes = ownPlanes(arena, committee, index, values, bits, layout, 'values')
      const [filter] = ownPlanes(arena, committee, index, among, 1, layout, 'among')
      return {
        async run(party) {
          const own = newArena()
          const found = await choose(party, own, { planes, among: filter! })
          return () => {
            const parts = found.map((plane) => view(wholeBlock(plane)).slice())
            own.release()
            return Uint8Array.from(parts.flatMap((part) => [...part]))
          }
        },
      }
    },
    async check(committee, size, evidence) {
      const { values, among } = column(size, bits)
      const bytes = evidence[0]!.length / bits
      let found = 0
      for (let i = 0; i < bits; i++) {
        const plane = evidence.map((part) => part.subarray(i * bytes, (i + 1) * bytes))
        found += (openBitEvidence(committee, plane)[0]! & 1) * 2 ** i
      }
      const expected = plain(values.filter((_, row) => among[row] === 1).toSorted())
      if (found !== expected) throw new Error(`${name}: found ${found}, expected ${expected}`)
    },
  }
}

export const maximum: Task = choice(
  'max',
  'largest',
  32,
  10_000,
  (_committee, size) => (party, arena, shared) =>
    extremes(party, arena, TAG, [{ ...shared, largest: true }], layoutFor(size), 'loopback'),
  (ascending) => ascending.at(-1),
)

function medianOf(name: string, bits: number, rows: number): Task {
  return choice(
    name,
    'median',
    bits,
    rows,
    (committee, size) => {
      const tuning = selectTuning(paramsFor(committee, size), 'rows', 1, bits).value
      return (party, arena, shared) => {
        const half = { ...shared, times: 1, plus: 1, over: 2 }
        return selectRanks(party, arena, TAG, [half], layoutFor(size), tuning)
      }
    },
    (ascending) => ascending[Math.ceil(ascending.length / 2) - 1],
  )
}

export const median: Task = medianOf('median', 32, 10_000)

/** Wide as a column of amounts, long as a cooperative. */
export const median18: Task = medianOf('median-18', 18, 1_000_000)
