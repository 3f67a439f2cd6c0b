/**
 * Which dataset a statement is about: the one in FROM, or, without FROM, the one that its qualified
 * column names start with.
 */
import {
  fieldsOf,
  firstLocation,
  listOf,
  locationOf,
  namesOf,
  open,
  openAs,
  textOf,
} from './ast.ts'
import type { Fields } from './ast.ts'
import { innermostSelect } from './derived-table.ts'
import { quoteName } from './names.ts'
import { loadParser, parseSelect } from './parse.ts'
import type { ParsedSelect } from './parse.ts'
import { keywordAt, sqlError } from './source.ts'
import type { Source } from './source.ts'
import { startOfQuery, unsupportedFromItem } from './unsupported-from.ts'

export interface NamedDataset {
  readonly dataset: string
  /** What qualified names start with: the alias, else the dataset's name. */
  readonly qualifier: string
  readonly location: number | undefined
}

/**
 * The dataset that a statement asks about, before its schema is known.
 *
 * @throws ShareholdError SH_SQL_SYNTAX, SH_SQL_UNSUPPORTED, SH_SQL_UNKNOWN_DATASET
 */
export async function datasetOf(sql: string): Promise<string> {
  await loadParser()
  return namedDataset(parseSelect(sql)).dataset
}

/** The dataset in FROM or in the qualified names. @throws as datasetOf */
export function namedDataset(parsed: ParsedSelect): NamedDataset {
  const { source } = parsed
  const select = innermostSelect(parsed)
  const from = listOf(select, 'fromClause')
  if (from.length === 0) return fromNames(source, select)
  const [item, second] = from
  if (second !== undefined) {
    const isQuery = open(second).kind === 'RangeSubselect'
    throw joins(source, isQuery ? startOfQuery(source, second) : firstLocation(second))
  }
  const { kind, fields } = open(item)
  if (kind === 'JoinExpr') throw joins(source, keywordAt(source, 'join') ?? firstLocation(item))
  if (kind !== 'RangeVar') throw unsupportedFromItem(source, item)
  return fromTable(source, fields)
}

function fromTable(source: Source, table: Fields): NamedDataset {
  const location = locationOf(table)
  const dataset = textOf(table, 'relname')
  const alias = fieldsOf(table, 'alias')
  const refuse = (what: string, hint: string): Error =>
    sqlError(source, 'SH_SQL_UNSUPPORTED', what, location, hint)
  if (table['schemaname'] !== undefined || table['catalogname'] !== undefined) {
    throw refuse(
      'Datasets have no schema or catalogue in front of their name.',
      `Write FROM ${quoteName(dataset)}.`,
    )
  }
  if (table['inh'] !== true) throw refuse('FROM ONLY is not supported.', 'Leave ONLY away.')
  if (alias !== undefined && listOf(alias, 'colnames').length > 0) {
    throw refuse('New names for all columns are not supported.', 'Give the dataset an alias only.')
  }
  const qualifier = alias === undefined ? dataset : textOf(alias, 'aliasname')
  return { dataset, qualifier, location }
}

function fromNames(source: Source, select: Fields): NamedDataset {
  const found = new Map<string, number | undefined>()
  collectQualifiers(select, found)
  const [first, second] = [...found]
  if (second !== undefined) throw joins(source, second[1])
  if (first === undefined) {
    throw sqlError(
      source,
      'SH_SQL_UNKNOWN_DATASET',
      'The query names no dataset.',
      source.tokens[0]?.start,
      'Add FROM and the name of a dataset, or qualify the columns: trips.fare.',
    )
  }
  return { dataset: first[0], qualifier: first[0], location: first[1] }
}

function collectQualifiers(node: unknown, found: Map<string, number | undefined>): void {
  if (typeof node !== 'object' || node === null) return
  const reference = openAs(node, 'ColumnRef')
  if (reference !== undefined) {
    const names = namesOf(reference, 'fields')
    const [qualifier = ''] = names
    if (names.length > 1 && !found.has(qualifier)) found.set(qualifier, locationOf(reference))
    return
  }
  for (const child of Object.values(node)) collectQualifiers(child, found)
}

function joins(source: Source, location: number | undefined): Error {
  return sqlError(
    source,
    'SH_SQL_UNSUPPORTED',
    'A query is about one dataset: joins come in a later release.',
    location,
    'Ask about one dataset at a time.',
  )
}
