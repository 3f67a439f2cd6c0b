/** What binding carries along: the text, and the datasets in FROM. */
import { ShareholdError } from '../../shares/errors.ts'
import type { Column } from '../../shares/schema.ts'

import { listOf, locationOf, open, openAs, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import type { SqlErrorCode } from './errors.ts'
import type { MemberColumn } from './join.ts'
import { didYouMean, quoteName } from './names.ts'
import { positionOf, sqlError } from './source.ts'
import type { Source } from './source.ts'
import type { BoundTable } from './tables.ts'

export interface Context {
  readonly source: Source
  /** At least one, in the order of FROM. */
  readonly tables: readonly BoundTable[]
  /** Those of all tables: what an expression over a row is about (row-value.ts). */
  readonly columns: readonly Column[]
  /** The member columns that FROM has, those merged by USING as one. */
  readonly members: readonly MemberColumn[]
  /** Whether it is a sub-query whose values are computed with and not shown: then the schema's `reveal` does not matter. */
  readonly isInner?: true
  /** Columns that USING has merged into others: only qualified names mean them. */
  readonly hidden?: ReadonlySet<Column>
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

/** Whether a dataset has a column of this name: the member column does not count. */
export function hasColumn({ tables }: Context, name: string): boolean {
  return tables.some(({ columns }) => columns.some((column) => column.name === name))
}

/**
 * The column that a ColumnRef names.
 *
 * @throws ShareholdError SH_SQL_UNKNOWN_COLUMN, SH_SQL_UNKNOWN_DATASET, SH_SQL_AMBIGUOUS, SH_POLICY_MEMBER,
 * SH_POLICY_ROW_VALUES
 */
export function resolveColumn(context: Context, reference: Fields): Column {
  const location = locationOf(reference)
  const parts = listOf(reference, 'fields').map((part) => {
    const { kind, fields } = open(part)
    return kind === 'String' ? textOf(fields, 'sval') : undefined
  })
  const name = parts.at(-1)
  if (parts.length > 2) {
    const meant = context.tables.find(({ qualifier }) => parts.includes(qualifier))
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'Datasets have no schema or catalogue in front of their name.',
      location,
      `Write ${quoteName((meant ?? context.tables[0]!).qualifier)}.column.`,
    )
  }
  const tables =
    parts.length === 1
      ? context.tables
      : context.tables.filter(({ qualifier }) => qualifier === parts[0])
  if (tables.length === 0) throw wrongDataset(context, parts[0], location)
  if (name === undefined) {
    throw fail(
      context,
      'SH_POLICY_ROW_VALUES',
      'A * stands for the values of single rows; only aggregates are answered.',
      location,
      'Write COUNT(*) to count rows, or aggregate the columns one by one.',
    )
  }
  const found = tables
    .flatMap(({ columns }) => columns.filter((column) => column.name === name))
    .filter((column) => parts.length > 1 || context.hidden?.has(column) !== true)
  const isMember = tables.some(({ schema }) => schema.member === name)
  if (isMember && found.length === 0) {
    throw fail(
      context,
      'SH_POLICY_MEMBER',
      `Column "${name}" identifies the member, so no query may use it.`,
      location,
      `Ask about groups of members, by the other columns; COUNT(DISTINCT ${quoteName(name)}) counts them.`,
    )
  }
  const [column] = found
  if (column === undefined) throw unknownColumn(context, tables, name, location)
  if (found.length === 1 && !isMember) return column
  const having = tables.filter(
    ({ schema, columns }) =>
      schema.member === name || columns.some((candidate) => candidate.name === name),
  )
  throw fail(
    context,
    'SH_SQL_AMBIGUOUS',
    `Column "${name}" is in several datasets.`,
    location,
    `Write ${having.map(({ qualifier }) => `${quoteName(qualifier)}.${quoteName(name)}`).join(' or ')}.`,
  )
}

/**
 * The member column that a name of one or two parts stands for, if it does.
 *
 * @throws ShareholdError SH_SQL_AMBIGUOUS
 */
export function memberColumn(
  context: Context,
  parts: readonly string[],
  location: number | undefined,
): MemberColumn | undefined {
  const name = parts.at(-1)
  if (parts.length === 2) {
    const table = context.tables.find(({ qualifier }) => qualifier === parts[0])
    if (table === undefined || table.schema.member !== name) return undefined
    if (table.isLookedUp === true) {
      throw fail(
        context,
        'SH_SQL_UNSUPPORTED',
        `The members of "${table.schema.dataset}" are not counted: rows are looked for in it by key.`,
        location,
        'Count the members of the rows that look, or the distinct values of a column.',
      )
    }
    return { name, instances: [table.instance], isNeverNull: table.isThere === undefined }
  }
  const [found, other] = context.members.filter((member) => member.name === name)
  if (other === undefined) return found
  throw fail(
    context,
    'SH_SQL_AMBIGUOUS',
    `Column "${name ?? ''}" is in several datasets.`,
    location,
    'Write the dataset before it, or join with USING.',
  )
}

function unknownColumn(
  context: Context,
  tables: readonly BoundTable[],
  name: string,
  location: number | undefined,
): ShareholdError {
  if (tables.some(({ qualifier }) => qualifier === name)) {
    return fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `"${name}" is the dataset: whole rows are no values here.`,
      location,
      'Write COUNT(*) to count rows.',
    )
  }
  const datasets = tables.map(({ schema }) => `"${schema.dataset}"`)
  return fail(
    context,
    'SH_SQL_UNKNOWN_COLUMN',
    `Column "${name}" does not exist in dataset ${datasets.join(' or ')}.`,
    location,
    unknownHint(context, tables, name, location),
  )
}

/** The nearest column; and that double quotes make a name of what may have been meant as a text. */
function unknownHint(
  { source }: Context,
  tables: readonly BoundTable[],
  name: string,
  location: number | undefined,
): string {
  const nearest = didYouMean(
    name,
    tables.flatMap(({ columns }) => columns.map((candidate) => candidate.name)),
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
  const { tables } = context
  const aliased = tables.find(({ schema }) => schema.dataset === name)
  const qualifiers = tables.map(({ qualifier }) => quoteName(qualifier))
  return fail(
    context,
    'SH_SQL_UNKNOWN_DATASET',
    `There is no dataset "${name ?? '*'}" in FROM.`,
    location,
    aliased === undefined
      ? `The query is about ${qualifiers.join(', ')}.`
      : `It is called ${quoteName(aliased.qualifier)} in this query.`,
  )
}
