/** The ways to go about a query that the planner chooses between (questions.ts). None changes what is computed. */
import type { Via } from '../plan.ts'

/**
 * Which rows a sum is taken over: those that contribute to it, or all rows of the group, where a NULL adds
 * 0. Either may be the cheaper: the plane of one may be needed anyway, or be constant, or be counted.
 */
export type SummedRows = 'contributing' | 'group'

/**
 * How rows come to their groups: a plane for each group (`one-hot`: about an AND a row and group), or rows sorted
 * by the number of their group (`sort`: a sort by a few bits, however many groups there are).
 */
export type Grouping = 'one-hot' | 'sort'

/** What shapes the circuit over rows. */
export interface RowStrategy {
  readonly grouping: Grouping
  /** Rounds that a comparison by size may take (circuit-gadgets.ts); 0 for the least. */
  readonly carryDepth: number
  readonly summedRows: SummedRows
}

/**
 * How ones are counted: by adders in F_2 and one conversion of the binary digits (`popcount`: a bit a row,
 * rounds with the logarithm of the rows), or by some rounds of adders, or none, and the conversion of what is
 * left (`count`: more bytes, up to 8 and more a row, and fewer rounds).
 */
export type Counting =
  | { readonly by: 'popcount' }
  | { readonly by: 'count'; readonly addingRounds: number }

export interface Strategy extends RowStrategy {
  /** Of planes that no sum needs in the field. */
  readonly counts: Counting
  /** Of members; with `popcount` they stay in binary for the comparison with kMin. */
  readonly cohorts: Counting
  /** Of products over rows, those within conversions too. */
  readonly via?: Via
}

export const FIRST_STRATEGY: Strategy = {
  grouping: 'one-hot',
  carryDepth: 0,
  summedRows: 'contributing',
  counts: { by: 'popcount' },
  cohorts: { by: 'popcount' },
}

/** Tells strategies apart. */
export function nameOf({
  grouping,
  carryDepth,
  summedRows,
  counts,
  cohorts,
  via,
}: Strategy): string {
  const way = (counting: Counting): string =>
    counting.by === 'count' ? `count ${counting.addingRounds}` : counting.by
  return [grouping, carryDepth, summedRows, way(counts), way(cohorts), via ?? ''].join('/')
}
