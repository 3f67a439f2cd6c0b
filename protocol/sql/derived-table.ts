/**
 * Tables that a statement makes itself: sub-queries in FROM and the queries of WITH. Which of them a FROM means, by
 * PostgreSQL's rules of scope: a query of WITH sees those before it, and hides a dataset of its name from what comes after.
 */
import {
  fieldsOf,
  firstLocation,
  isSet,
  listOf,
  locationOf,
  namesOf,
  open,
  openAs,
  textOf,
} from './ast.ts'
import type { Fields } from './ast.ts'
import type { ParsedSelect } from './parse.ts'
import { keywordAt, sqlError } from './source.ts'
import type { Source } from './source.ts'
import { startOfQuery, unsupportedFromItem } from './unsupported-from.ts'

/** A query of WITH. */
export interface CommonQuery {
  readonly name: string
  readonly select: Fields
  /** New names of its first columns: WITH x (a, b) AS … */
  readonly columnNames: readonly string[]
  /** The queries that it sees. */
  readonly scope: Scope
  readonly location: number | undefined
}

/** The queries of WITH that a FROM may name, the innermost first. */
export type Scope = readonly CommonQuery[]

export const NO_SCOPE: Scope = []

/** A SELECT, and the queries of WITH that its FROM may name. */
export interface ScopedSelect {
  readonly select: Fields
  readonly scope: Scope
}

/** A sub-query as an item of FROM. */
export interface DerivedTable {
  readonly select: Fields
  readonly scope: Scope
  /** What names of its columns may start with. */
  readonly qualifier: string | undefined
  /** New names of its first columns. */
  readonly columnNames: readonly string[]
  readonly location: number | undefined
}

/** The scope of a SELECT: its own WITH before that around it. @throws ShareholdError SH_SQL_UNSUPPORTED, SH_SQL_AMBIGUOUS */
export function scopeOf(source: Source, select: Fields, outer: Scope): Scope {
  const clause = fieldsOf(select, 'withClause')
  if (clause === undefined) return outer
  if (isSet(clause, 'recursive')) {
    throw sqlError(
      source,
      'SH_SQL_UNSUPPORTED',
      'WITH RECURSIVE is not supported.',
      // The parser leaves the place 0 away.
      locationOf(clause) ?? keywordAt(source, 'with'),
      'A plan has a fixed number of steps: write the steps out, or leave RECURSIVE away.',
    )
  }
  const own: CommonQuery[] = []
  for (const node of listOf(clause, 'ctes')) {
    const query = commonQuery(source, openAs(node, 'CommonTableExpr') ?? {}, [...own, ...outer])
    if (own.some(({ name }) => name === query.name)) {
      throw sqlError(
        source,
        'SH_SQL_AMBIGUOUS',
        `WITH names "${query.name}" twice.`,
        query.location,
        'Give the queries different names.',
      )
    }
    own.push(query)
  }
  return [...own, ...outer]
}

function commonQuery(source: Source, fields: Fields, scope: Scope): CommonQuery {
  const location = locationOf(fields)
  const { kind, fields: select } = open(fields['ctequery'])
  if (kind !== 'SelectStmt') {
    throw sqlError(
      source,
      'SH_SQL_UNSUPPORTED',
      'WITH may hold SELECT only.',
      location,
      'Queries change nothing.',
    )
  }
  return {
    name: textOf(fields, 'ctename'),
    select,
    columnNames: namesOf(fields, 'aliascolnames'),
    scope,
    location,
  }
}

/**
 * The sub-query that a SELECT reads, if its FROM is one alone; undefined if it is about datasets.
 *
 * @param scope of the SELECT
 * @throws ShareholdError SH_SQL_UNSUPPORTED for sub-queries in a list
 */
export function derivedTable(
  source: Source,
  select: Fields,
  scope: Scope,
): DerivedTable | undefined {
  const from = listOf(select, 'fromClause')
  if (from.length === 1) return asDerived(source, from[0], scope)
  refuseInList(source, from, scope)
  return undefined
}

/** Whether FROM is one join, of sub-queries among others. */
export function joinsQueries(select: Fields, scope: Scope): boolean {
  const [item, second] = listOf(select, 'fromClause')
  return (
    second === undefined &&
    open(item).kind === 'JoinExpr' &&
    derivedInside(item, scope) !== undefined
  )
}

/** The sub-query that an item of FROM is, if it is one. @throws ShareholdError SH_SQL_UNSUPPORTED */
export function asDerived(source: Source, item: unknown, scope: Scope): DerivedTable | undefined {
  const { kind, fields } = open(item)
  const alias = fieldsOf(fields, 'alias')
  const aliasName = alias === undefined ? undefined : textOf(alias, 'aliasname')
  const newNames = alias === undefined ? [] : namesOf(alias, 'colnames')
  if (kind === 'RangeSubselect') {
    const select = openAs(fields['subquery'], 'SelectStmt') ?? {}
    if (isSet(fields, 'lateral') || listOf(select, 'valuesLists').length > 0) {
      throw unsupportedFromItem(source, item)
    }
    return {
      select,
      scope,
      qualifier: aliasName,
      columnNames: newNames,
      location: startOfQuery(source, select),
    }
  }
  const query = kind === 'RangeVar' ? namedQuery(fields, scope) : undefined
  if (query === undefined) return undefined
  return {
    select: query.select,
    scope: query.scope,
    qualifier: aliasName ?? query.name,
    columnNames: [...newNames, ...query.columnNames.slice(newNames.length)],
    location: locationOf(fields),
  }
}

function namedQuery(table: Fields, scope: Scope): CommonQuery | undefined {
  if (table['schemaname'] !== undefined || table['catalogname'] !== undefined) return undefined
  const name = textOf(table, 'relname')
  return scope.find((query) => query.name === name)
}

function refuseInList(source: Source, from: readonly unknown[], scope: Scope): void {
  const derived = from.map((item) => derivedInside(item, scope)).find((item) => item !== undefined)
  if (derived === undefined) return
  throw sqlError(
    source,
    'SH_SQL_UNSUPPORTED',
    'A list of items in FROM is not supported: they are joined on the member.',
    open(derived).kind === 'RangeVar' ? firstLocation(derived) : startOfQuery(source, derived),
    'Write FROM a JOIN b USING (member), with the name of the member column.',
  )
}

function derivedInside(item: unknown, scope: Scope): unknown {
  const { kind, fields } = open(item)
  if (kind === 'RangeSubselect') return item
  if (kind === 'RangeVar') return namedQuery(fields, scope) === undefined ? undefined : item
  if (kind !== 'JoinExpr') return undefined
  return derivedInside(fields['larg'], scope) ?? derivedInside(fields['rarg'], scope)
}

/**
 * The SELECT at the bottom of a chain of sub-queries: the one that reads datasets.
 *
 * @throws ShareholdError SH_SQL_UNSUPPORTED, SH_SQL_AMBIGUOUS
 */
export function innermostSelect(
  { source, select }: ParsedSelect,
  outer: Scope = NO_SCOPE,
): ScopedSelect {
  let current = select
  let scope = scopeOf(source, select, outer)
  for (;;) {
    const table = derivedTable(source, current, scope)
    if (table === undefined) return { select: current, scope }
    current = table.select
    scope = scopeOf(source, current, table.scope)
  }
}
