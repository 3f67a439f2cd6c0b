/** What binding carries along: the text, the schema, how the dataset is called in the statement. */
import { ShareholdError } from '../../shares/errors.ts'
import type { Column, Schema } from '../../shares/schema.ts'

import { listOf, locationOf, open, openAs, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import type { SqlErrorCode } from './errors.ts'
import { didYouMean, quoteName } from './names.ts'
import { positionOf, sqlError } from './source.ts'
import type { Source } from './source.ts'

export interface Context {
  readonly source: Source
  readonly schema: Schema
  /** The alias in FROM, else the dataset's name: what a qualified name must start with. */
  readonly qualifier: string
}

/** Codes of the evaluator, and what they mean when they come up at plan time. */
const AT_PLAN_TIME: Readonly<Record<string, SqlErrorCode>> = {
  SH_ANSWER_TYPE: 'SH_SQL_TYPE',
  SH_ANSWER_LITERAL: 'SH_SQL_LITERAL',
  SH_ANSWER_RANGE: 'SH_SQL_CONSTANT',
  SH_ANSWER_DIVISION_BY_ZERO: 'SH_SQL_CONSTANT',
  SH_ANSWER_ARGUMENT: 'SH_SQL_CONSTANT',
}

/** An error at a place of the statement. */
export function fail(
  context: Context,
  code: SqlErrorCode,
  message: string,
  location: number | undefined,
  hint?: string,
): ShareholdError {
  return sqlError(context.source, code, message, location, hint)
}

/** Runs what throws errors without a place and gives them one. */
export function locate<T>(context: Context, location: number | undefined, compute: () => T): T {
  try {
    return compute()
  } catch (error) {
    if (!(error instanceof ShareholdError) || error.position !== undefined) throw error
    throw new ShareholdError(AT_PLAN_TIME[error.code] ?? error.code, error.message, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(location === undefined ? {} : { position: positionOf(context.source, location) }),
      cause: error,
    })
  }
}

/** The unqualified name that a ColumnRef of the text consists of, if it is one (inline-names.ts makes others). */
export function plainName(node: unknown): string | undefined {
  const reference = openAs(node, 'ColumnRef')
  if (reference === undefined || reference['inlined'] === true) return undefined
  const parts = listOf(reference, 'fields')
  const name = parts.length === 1 ? openAs(parts[0], 'String') : undefined
  return name === undefined ? undefined : textOf(name, 'sval')
}

export function findColumn(schema: Schema, name: string): Column | undefined {
  return schema.columns.find((column) => column.name === name)
}

/**
 * The column that a ColumnRef names.
 *
 * @throws ShareholdError SH_SQL_UNKNOWN_COLUMN, SH_SQL_UNKNOWN_DATASET, SH_POLICY_MEMBER, SH_POLICY_ROW_VALUES
 */
export function resolveColumn(context: Context, reference: Fields): Column {
  const { schema, qualifier } = context
  const location = locationOf(reference)
  const parts = listOf(reference, 'fields').map((part) => {
    const { kind, fields } = open(part)
    return kind === 'String' ? textOf(fields, 'sval') : undefined
  })
  const name = parts.at(-1)
  if (parts.length > 2) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'Datasets have no schema or catalogue in front of their name.',
      location,
      `Write ${quoteName(qualifier)}.column.`,
    )
  }
  if (parts.length === 2 && parts[0] !== qualifier) throw wrongDataset(context, parts[0], location)
  if (name === undefined) {
    throw fail(
      context,
      'SH_POLICY_ROW_VALUES',
      'A * stands for the values of single rows; only aggregates are answered.',
      location,
      'Write COUNT(*) to count rows, or aggregate the columns one by one.',
    )
  }
  if (name === schema.member) {
    throw fail(
      context,
      'SH_POLICY_MEMBER',
      `Column "${name}" identifies the member, so no query may use it.`,
      location,
      `Ask about groups of members, by the other columns; COUNT(DISTINCT ${quoteName(name)}) counts them.`,
    )
  }
  const column = findColumn(schema, name)
  if (column !== undefined) return column
  if (name === qualifier) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `"${name}" is the dataset: whole rows are no values here.`,
      location,
      'Write COUNT(*) to count rows.',
    )
  }
  throw fail(
    context,
    'SH_SQL_UNKNOWN_COLUMN',
    `Column "${name}" does not exist in dataset "${schema.dataset}".`,
    location,
    unknownHint(context, name, location),
  )
}

/** The nearest column; and that double quotes make a name of what may have been meant as a text. */
function unknownHint(
  { source, schema }: Context,
  name: string,
  location: number | undefined,
): string {
  const nearest = didYouMean(
    name,
    schema.columns.map((candidate) => candidate.name),
  )
  const token = source.tokens.find(({ start }) => start === location)
  if (token?.text.startsWith('"') !== true || nearest.startsWith('Did you')) return nearest
  return `A text stands in single quotes: '${name.replaceAll("'", "''")}'. ${nearest}`
}

function wrongDataset(
  context: Context,
  name: string | undefined,
  location: number | undefined,
): ShareholdError {
  const { schema, qualifier } = context
  const aliased = name === schema.dataset
  return fail(
    context,
    'SH_SQL_UNKNOWN_DATASET',
    `There is no dataset "${name ?? '*'}" in FROM.`,
    location,
    aliased
      ? `It is called ${quoteName(qualifier)} in this query.`
      : `The query is about ${quoteName(qualifier)}.`,
  )
}
