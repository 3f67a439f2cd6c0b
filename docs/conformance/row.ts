/** One row of the conformance table of docs/sql.md: a construct, what it looks like, what becomes of it. */
import type { SqlErrorCode } from '../../protocol/sql/errors.ts'

export interface ConformanceRow {
  /** Markdown. */
  readonly construct: string
  /** A whole statement about the dataset of test/protocol/sql/trips-schema.ts and those of joined-tables.ts. */
  readonly example: string
  /** `yes`: it is answered, as PostgreSQL answers it. Else the code with which it is refused. */
  readonly status: 'yes' | SqlErrorCode
  /** Markdown. */
  readonly note?: string
  /**
   * What PostgreSQL is asked instead of the example, where it would not take it; null if PostgreSQL's
   * answer is another one by design (docs/sql.md, "Where the meaning differs").
   */
  readonly postgres?: string | null
}

export interface ConformanceTable {
  /** What the place in docs/sql.md is called: `<!-- table: name -->`. */
  readonly name: string
  /** Heading of the last column, where rows have notes. */
  readonly notes?: string
  readonly rows: readonly ConformanceRow[]
}
