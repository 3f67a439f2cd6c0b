/**
 * The one error class of Sharehold. Every failure that a user can meet has a stable code
 * (`SH_<AREA>_<WHAT>`) and a hint; no message ever carries a secret, a share, a seed or a token.
 */

/** A place in a text that the user wrote: both counted from 1, in characters as an editor shows them. */
export interface Position {
  readonly line: number
  readonly column: number
  /** Length of the offending text, for the caret line; 1 if unknown. */
  readonly length?: number
}

export interface ErrorDetail {
  /** What the reader can do about it. */
  readonly hint?: string
  /** Name or index of the party that can be blamed. Absent when nobody can. */
  readonly party?: string
  /** Round (message number between the pair) in which it happened. */
  readonly round?: number
  readonly position?: Position
  readonly cause?: unknown
}

export class ShareholdError extends Error {
  readonly code: string
  readonly hint: string | undefined
  readonly party: string | undefined
  readonly round: number | undefined
  readonly position: Position | undefined

  constructor(code: string, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.name = 'ShareholdError'
    this.code = code
    this.hint = detail.hint
    this.party = detail.party
    this.round = detail.round
    this.position = detail.position
  }
}

/** A table of codes: one sentence each. Every folder exports one; docs/errors.md is made from them. */
export type ErrorTable = Readonly<Record<string, string>>

export const SHARES_ERRORS = {
  SH_SHARE_INCONSISTENT:
    'The shares do not lie on one polynomial, or two copies of a component differ.',
  SH_SHARE_TOO_FEW: 'Fewer shares were given than the threshold needs.',
  SH_ENCODE_RANGE: 'A value lies outside the range that the schema declares.',
  SH_ENCODE_DICTIONARY: 'A text is not in the dictionary that the schema declares.',
  SH_ENCODE_TYPE: 'A text cannot be read as a value of the declared type.',
  SH_ENCODE_DERIVED: 'The expression of a derived column fails on the values of a row.',
  SH_ENCODE_NULL: 'A column that is not nullable has an empty value.',
  SH_SCHEMA_INVALID: 'The schema breaks a rule of the schema format.',
  SH_SCHEMA_DERIVED:
    'The expression of a derived column is none over the other columns, or of another type.',
  SH_KERNEL_MEMORY: 'Vectors and planes need more than the 4 GiB that kernel memory can have.',
  SH_STORE_MISSING: 'The store has no such block.',
  SH_STORE_EXISTS: 'The store holds this import already.',
  SH_STORE_CORRUPT: 'A stored block does not match its commitment.',
} as const satisfies ErrorTable
