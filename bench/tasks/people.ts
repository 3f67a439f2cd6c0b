/** A synthetic table of people: who lives where, how old they are, what they earn; 1 to 3 rows a member. */
import type { PlanParams } from '../../protocol/plan.ts'
import { CHUNK_ROWS } from '../../protocol/plan.ts'
import type { Committee } from '../../shares/committee.ts'
import type { Schema } from '../../shares/schema.ts'
import { publicWords } from '../public-data.ts'

export const SCHEMA: Schema = {
  dataset: 'people',
  member: 'member',
  kMin: 10,
  purposes: ['benchmark'],
  columns: [
    { name: 'city', type: 'integer', nullable: false, min: 0, max: 15 },
    { name: 'age', type: 'integer', nullable: false, min: 0, max: 120 },
    { name: 'income', type: 'integer', nullable: false, min: 0, max: 1_000_000 },
  ],
}

const CHUNKS_IN_FLIGHT = 16

export interface People {
  /** Codes and values of the columns: all minima are 0, so they are the same. */
  readonly columns: Readonly<Record<string, Uint32Array>>
  /** Ascending. */
  readonly memberOfRow: Uint32Array
}

/** The table, the same in every process. */
export function people(rows: number): People {
  const column = (name: string, values: number): Uint32Array =>
    publicWords(`people/${name}`, rows).map((word) => word % values)
  const memberOfRow = new Uint32Array(rows)
  const counts = publicWords('people/rows', rows)
  for (let row = 0, member = 0; row < rows; member++) {
    const end = Math.min(rows, row + 1 + (counts[member]! % 3))
    memberOfRow.fill(member, row, end)
    row = end
  }
  return {
    columns: {
      city: column('city', 16),
      age: column('age', 121),
      income: column('income', 1_000_001),
    },
    memberOfRow,
  }
}

/** planParams for the table on this committee. */
export function paramsFor(
  { n, t }: Committee,
  { memberOfRow }: People,
  network: PlanParams['network'] = 'loopback',
): PlanParams {
  const rowsOf = new Uint32Array((memberOfRow.at(-1) ?? -1) + 1)
  for (const member of memberOfRow) rowsOf[member]!++
  const classes = new Map<number, number>()
  for (const rows of rowsOf) classes.set(rows, (classes.get(rows) ?? 0) + 1)
  return {
    committee: { n, t },
    security: 'passive',
    dataset: {
      name: SCHEMA.dataset,
      version: 1,
      chunks: chunksOf(memberOfRow.length),
      rowsPerMember: [...classes].toSorted(([a], [b]) => a - b),
    },
    chunksInFlight: CHUNKS_IN_FLIGHT,
    network,
  }
}

/** Rows in chunks, as an import makes them. */
export function chunksOf(rows: number): number[] {
  const chunks: number[] = []
  for (let left = rows; left > 0; left -= CHUNK_ROWS) chunks.push(Math.min(left, CHUNK_ROWS))
  return chunks
}
