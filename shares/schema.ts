/**
 * The schema of a dataset: what its columns mean and which range each value has. Ranges are
 * mandatory: they fix the number of planes and prove that sums do not overflow. A schema is signed
 * by every repository of the dataset and pinned by hash in each dataset version.
 *
 * Two encodings (architecture.md). Bit-planes hold the code, an unsigned integer counted from the
 * range's minimum. Field elements hold the scaled value itself (integer; decimal * 10^scale; boolean
 * 0/1), negative values as p - |v|, so that a sum of shares is a share of the sum; for text, date and
 * timestamp the field element is the code. A NULL is 0 in every encoding, with validity bit 0.
 */
interface AnyColumn {
  readonly name: string
  readonly nullable: boolean
  /**
   * An SQL expression over the other columns of the row, which repositories compute when they import
   * (protocol/sql/derived.ts); their files do not have the column. Absent: stored as it comes.
   */
  readonly derived?: string
  /**
   * What may be answered besides sums and counts: `extremes` are MIN, MAX, quantiles and the mode, which show the
   * value of a single row. Absent: nothing.
   */
  readonly reveal?: 'extremes'
  /**
   * No two rows of the dataset have the same value, NULLs apart: other datasets may be joined on it. Such a dataset has
   * one repository, and each import replaces the one before (protocol/unique-columns.ts). Absent: values may repeat.
   */
  readonly unique?: true
}

export type Column = AnyColumn &
  (
    | { readonly type: 'boolean' }
    /** Value range as decimal integers. Code = value - min. */
    | { readonly type: 'integer'; readonly min: number; readonly max: number }
    /** DECIMAL(precision, scale); min and max are decimal texts. Code = (value - min) * 10^scale. */
    | {
        readonly type: 'decimal'
        readonly precision: number
        readonly scale: number
        readonly min: string
        readonly max: string
      }
    /** Seconds resolution; min and max as 'YYYY-MM-DD HH:MM:SS'. Code = (value - min) / resolutionSeconds, without remainder. */
    | {
        readonly type: 'timestamp'
        readonly resolutionSeconds: number
        readonly min: string
        readonly max: string
      }
    /** Code = days since min. */
    | { readonly type: 'date'; readonly min: string; readonly max: string }
    /** Code = index in the dictionary. */
    | { readonly type: 'text'; readonly dictionary: readonly string[] }
  )

export interface Schema {
  readonly dataset: string
  /** Name of the pseudonym column in the source files: public to all nodes, not a queryable column. */
  readonly member: string
  /** Fewest distinct contributing members for an aggregate to be shown. */
  readonly kMin: number
  readonly purposes: readonly string[]
  readonly columns: readonly Column[]
}
