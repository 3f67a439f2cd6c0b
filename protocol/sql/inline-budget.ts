/**
 * How much a statement may grow when its sub-queries are written into it: a column that is named twice is there twice, and
 * thirty sub-queries that each double one would fill any memory.
 */
import { sqlError } from './source.ts'
import type { Source } from './source.ts'

/** Nodes of the syntax tree: about as many as the longest statement has. */
export const MAX_INLINED_NODES = 30_000

export class InlineBudget {
  readonly #source: Source
  #left = MAX_INLINED_NODES

  constructor(source: Source) {
    this.#source = source
  }

  /** @throws ShareholdError SH_SQL_TOO_COMPLEX */
  spend(nodes: number, location: number | undefined): void {
    this.#left -= nodes
    if (this.#left >= 0) return
    throw sqlError(
      this.#source,
      'SH_SQL_TOO_COMPLEX',
      'The statement is too long with its sub-queries written out.',
      location,
      'Name the long expressions of its sub-queries less often.',
    )
  }
}

/** Objects of a syntax tree. */
export function countNodes(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 0
  let count = 1
  for (const child of Object.values(node)) count += countNodes(child)
  return count
}
