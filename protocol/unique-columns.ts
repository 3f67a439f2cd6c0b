/**
 * Columns that a schema declares unique, so that rows of other datasets may look for the row that has a value
 * (sql/lookup.ts). What is guaranteed, and by whom: the importing repository has compared all values of the column
 * (node/unique-values.ts), NULLs apart. Nobody else can: values are shares. So that its word covers the whole dataset,
 * the schema of a dataset with such a column names one repository, and its versions consist of one import, the newest:
 * an import replaces the one before. Everybody who opens a schema or a version checks that. A repository that lies makes
 * a lookup find one of the rows with the value, the same one at all nodes; nothing else is at stake.
 */
import type { Schema } from '../shares/schema.ts'

import type { VersionBody } from './ledger/record-bodies.ts'

/** Whether an import of the dataset replaces those before it. */
export function hasUniqueColumn({ columns }: Pick<Schema, 'columns'>): boolean {
  return columns.some(({ unique }) => unique === true)
}

/** What is wrong with the repositories of a schema, if anything is. */
export function repositoriesFault(
  schema: Schema,
  repositories: readonly string[],
): string | undefined {
  return hasUniqueColumn(schema) && repositories.length !== 1
    ? 'A dataset with a unique column has one repository: it alone can compare the values.'
    : undefined
}

/** What is wrong with the parts of a version, if anything is. */
export function partsFault(
  schema: Schema,
  { parts }: Pick<VersionBody, 'parts'>,
): string | undefined {
  return hasUniqueColumn(schema) && parts.length !== 1
    ? 'A version of a dataset with a unique column consists of one import.'
    : undefined
}
