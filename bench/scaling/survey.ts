/**
 * The table of the scale benchmark, which is made a batch at a time: any range of rows can be had without
 * those before it.
 */
import { CHUNK_ROWS, type PlanParams } from '../../protocol/plan.ts'
import type { Committee } from '../../shares/committee.ts'
import type { Schema } from '../../shares/schema.ts'
import { publicWords } from '../public-data.ts'
import { chunksOf } from '../tasks/people.ts'

const labels = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${what} ${String(i).padStart(3, '0')}`)

export const REGIONS = labels('region', 10)
export const DISTRICTS = labels('district', 100)

export const SURVEY: Schema = {
  dataset: 'survey',
  member: 'member',
  kMin: 10,
  purposes: ['benchmark'],
  columns: [
    { name: 'city', type: 'integer', nullable: false, min: 0, max: 15 },
    { name: 'age', type: 'integer', nullable: false, min: 0, max: 120 },
    { name: 'income', type: 'integer', nullable: false, min: 0, max: 1_000_000 },
    { name: 'region', type: 'text', nullable: false, dictionary: REGIONS },
    { name: 'district', type: 'text', nullable: false, dictionary: DISTRICTS },
  ],
}

/** How many values each column has. */
export const VALUES: Readonly<Record<string, number>> = {
  city: 16,
  age: 121,
  income: 1_000_001,
  region: REGIONS.length,
  district: DISTRICTS.length,
}

/** Codes of `count` rows of a column; for numbers they are the values. @param from a multiple of 4 */
export function codesOf(column: string, from: number, count: number): Uint32Array {
  const words = publicWords(`survey/${column}`, count, from)
  const values = VALUES[column]!
  for (let i = 0; i < count; i++) words[i]! %= values
  return words
}

/** Member of each row, ascending; 1 to 3 rows a member. */
export function memberOfRow(rows: number): Uint32Array {
  const members = new Uint32Array(rows)
  let row = 0
  for (let from = 0; row < rows; from += CHUNK_ROWS) {
    const counts = publicWords('survey/rows', CHUNK_ROWS, from)
    for (let k = 0; k < CHUNK_ROWS && row < rows; k++) {
      const end = Math.min(rows, row + 1 + (counts[k]! % 3))
      members.fill(from + k, row, end)
      row = end
    }
  }
  return members
}

/** planParams for the table on this committee. @param members as `memberOfRow` gives them */
export function surveyParams({ n, t }: Committee, members: Uint32Array): PlanParams {
  const classes = new Map<number, number>()
  for (let row = 0, first = 0; row < members.length; row++) {
    if (members[row] === members[row + 1]) continue
    const rows = row + 1 - first
    classes.set(rows, (classes.get(rows) ?? 0) + 1)
    first = row + 1
  }
  return {
    committee: { n, t },
    security: 'passive',
    dataset: {
      name: SURVEY.dataset,
      version: 1,
      chunks: chunksOf(members.length),
      rowsPerMember: [...classes].toSorted(([a], [b]) => a - b),
    },
    chunksInFlight: 16,
    network: 'loopback',
  }
}
