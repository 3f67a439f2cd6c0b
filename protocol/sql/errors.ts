/** Error codes of the compiler: SQL text to plan. All but SH_SQL_INTERNAL carry a position where the text has one. */
import type { ErrorTable } from '../../shares/errors.ts'

export const SQL_ERRORS = {
  SH_SQL_SYNTAX: "The text is not a statement of PostgreSQL's grammar.",
  SH_SQL_TOO_COMPLEX: 'The statement is too long, nested too deeply, or too much to plan.',
  SH_SQL_UNSUPPORTED: 'PostgreSQL knows this construct; this release does not answer it.',
  SH_SQL_UNKNOWN_DATASET: 'The statement names no dataset, several, or one that is not there.',
  SH_SQL_UNKNOWN_COLUMN: 'The dataset has no such column.',
  SH_SQL_AMBIGUOUS:
    'A name can mean two columns of the datasets in FROM, or two output columns in ORDER BY or GROUP BY.',
  SH_SQL_TYPE: 'An operator, function or cast does not exist for the types it is given.',
  SH_SQL_LITERAL: 'A literal cannot be read as a value of the type that its place demands.',
  SH_SQL_CONSTANT: 'A constant expression divides by zero or leaves the range of its type.',
  SH_SQL_GROUPING:
    'A column is neither grouped by nor aggregated, or an aggregate stands where none may.',
  SH_SQL_INTERNAL: 'The compiler failed on a statement that it should accept or refuse.',
  SH_PLAN_OVERFLOW: 'A sum could leave the range that is exact in the field of 61 bits.',
  SH_PLAN_VALUE:
    'PostgreSQL would fail on rows that the schema allows: a division by zero, or a value beyond its type.',
  SH_PLAN_GROUPS: 'The grouping has more groups, or aggregates of groups, than a plan may have.',
  SH_PLAN_JOIN: 'A member could have two rows in a FULL JOIN, of different datasets.',
  SH_PLAN_LANES: 'A join of several rows a member takes more lanes than a plan may have.',
  SH_POLICY_ROW_VALUES:
    'The answer would show values of single rows: only aggregates are answered.',
  SH_POLICY_EXTREME:
    'MIN, MAX, quantiles and the mode show the value of a row; the schema does not allow that of a column.',
  SH_POLICY_LOOKUP:
    'Rows are looked for in a dataset about members, who would not be counted: only reference data is joined on a key.',
  SH_POLICY_MEMBER: 'The statement names the member column, which would single out a member.',
} as const satisfies ErrorTable

export type SqlErrorCode = keyof typeof SQL_ERRORS
