/**
 * Which datasets a statement is about, before their schemas are known: those in FROM, or, without FROM, those
 * that its qualified column names start with, joined on the member.
 */
import { MAX_INSTANCES } from '../join-rows.ts'
import type { JoinedPair } from '../plan.ts'

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
import { asDerived, innermostSelect, joinsQueries } from './derived-table.ts'
import type { ScopedSelect } from './derived-table.ts'
import { asShareholdError } from './internal-error.ts'
import { quoteName } from './names.ts'
import { loadParser, parseSelect } from './parse.ts'
import type { ParsedSelect } from './parse.ts'
import { sqlError } from './source.ts'
import type { Source } from './source.ts'
import { startOfQuery, unsupportedFromItem } from './unsupported-from.ts'

export interface NamedDataset {
  readonly kind: 'dataset'
  readonly dataset: string
  /** What the plan calls it: the first time like the dataset. */
  readonly instance: string
  /** What qualified names start with: the alias, else the dataset's name. */
  readonly qualifier: string
  readonly location: number | undefined
}

/** FROM as it is written. */
export type From = NamedDataset | FromJoin

export interface FromJoin {
  readonly kind: JoinedPair['kind']
  readonly left: From
  readonly right: From
  /** USING (names). */
  readonly using?: readonly string[]
  /** Syntax tree of ON. Neither: the member, in a statement without FROM. */
  readonly on?: unknown
  /** Of the right side. */
  readonly location: number | undefined
}

const JOIN_KINDS: Readonly<Record<string, JoinedPair['kind']>> = {
  JOIN_INNER: 'inner',
  JOIN_LEFT: 'left',
  JOIN_RIGHT: 'right',
  JOIN_FULL: 'full',
}

/**
 * The datasets that a statement asks about, in its order, before their schemas are known.
 *
 * @throws ShareholdError SH_SQL_SYNTAX, SH_SQL_UNSUPPORTED, SH_SQL_UNKNOWN_DATASET, SH_SQL_AMBIGUOUS, SH_SQL_TOO_COMPLEX
 */
export async function datasetsOf(sql: string): Promise<string[]> {
  await loadParser()
  try {
    const parsed = parseSelect(sql)
    const names: string[] = []
    collectDatasets(parsed.source, innermostSelect(parsed), names)
    return [...new Set(names)]
  } catch (error) {
    throw asShareholdError(error)
  }
}

/**
 * The datasets of a FROM, and of the sub-queries that it joins.
 *
 * @param names where they are put, each as often as it is there
 * @throws as datasetsOf; SH_SQL_TOO_COMPLEX
 */
export function collectDatasets(
  source: Source,
  { select, scope }: ScopedSelect,
  names: string[],
): void {
  if (!joinsQueries(select, scope)) {
    const from = parseFrom({ source, select })
    names.push(...namedDatasets(from).map(({ dataset }) => dataset))
    return
  }
  const collect = (item: unknown): void => {
    const { kind, fields } = open(item)
    if (names.length >= MAX_INSTANCES) throw tooMany(source, firstLocation(item))
    if (kind === 'JoinExpr') {
      collect(fields['larg'])
      collect(fields['rarg'])
      return
    }
    const query = asDerived(source, item, scope)
    if (query !== undefined) {
      collectDatasets(source, innermostSelect({ source, select: query.select }, query.scope), names)
    } else if (kind === 'RangeVar') names.push(textOf(fields, 'relname'))
    else throw unsupportedFromItem(source, item)
  }
  collect(listOf(select, 'fromClause')[0])
}

/** The datasets in FROM, from left to right. */
export function namedDatasets(from: From): readonly NamedDataset[] {
  return from.kind === 'dataset'
    ? [from]
    : [...namedDatasets(from.left), ...namedDatasets(from.right)]
}

/** FROM, or what the qualified names stand for. @throws as datasetsOf */
export function parseFrom(parsed: ParsedSelect): From {
  const { source } = parsed
  const { select } = innermostSelect(parsed)
  const items = listOf(select, 'fromClause')
  const [item, second] = items
  if (second !== undefined) {
    const isQuery = open(second).kind === 'RangeSubselect'
    throw sqlError(
      source,
      'SH_SQL_UNSUPPORTED',
      'A list of datasets in FROM is not supported: they are joined on the member.',
      isQuery ? startOfQuery(source, second) : firstLocation(second),
      'Write FROM a JOIN b USING (member), with the name of the member column.',
    )
  }
  const from = item === undefined ? fromNames(source, select) : fromItem(source, item)
  const named = namedDatasets(from)
  checkNames(source, named)
  return withInstances(from, new Set(named.map(({ dataset }) => dataset)))
}

/** Names instances: the second `trips` is called `trips 2`. @param taken names; those of datasets come first */
function withInstances(from: From, datasets: ReadonlySet<string>): From {
  const taken = new Set(datasets)
  const seen = new Set<string>()
  const name = (one: From): From => {
    if (one.kind !== 'dataset') return { ...one, left: name(one.left), right: name(one.right) }
    const { dataset } = one
    let instance = dataset
    for (let nth = 2; seen.has(dataset) && taken.has(instance); nth++) {
      instance = `${dataset} ${nth}`
    }
    seen.add(dataset)
    taken.add(instance)
    return { ...one, instance }
  }
  return name(from)
}

/** @param depth of joins around it */
function fromItem(source: Source, item: unknown, depth = 0): From {
  const { kind, fields } = open(item)
  if (kind === 'RangeVar') return fromTable(source, fields)
  if (kind === 'JoinExpr') return fromJoin(source, fields, depth)
  throw unsupportedFromItem(source, item)
}

function fromJoin(source: Source, fields: Fields, depth: number): FromJoin {
  const location = firstLocation(fields['rarg'])
  const refuse = (what: string, hint: string): Error =>
    sqlError(source, 'SH_SQL_UNSUPPORTED', what, location, hint)
  if (depth + 1 >= MAX_INSTANCES) throw tooMany(source, location)
  const kind = JOIN_KINDS[textOf(fields, 'jointype')]
  const names = namesOf(fields, 'usingClause')
  const on = fields['quals']
  const useMember = 'Write JOIN b USING (member), with the name of the member column.'
  if (isSet(fields, 'isNatural')) throw refuse('NATURAL JOIN is not supported.', useMember)
  if (kind === undefined || (names.length === 0 && on === undefined)) {
    throw refuse('CROSS JOIN is not supported: datasets are joined on the member.', useMember)
  }
  if (
    fieldsOf(fields, 'alias') !== undefined ||
    fieldsOf(fields, 'join_using_alias') !== undefined
  ) {
    throw refuse('A name for a join is not supported.', 'Name the datasets: FROM trips AS t.')
  }
  return {
    kind,
    left: fromItem(source, fields['larg'], depth + 1),
    right: fromItem(source, fields['rarg'], depth + 1),
    ...(names.length === 0 ? { on } : { using: names }),
    location,
  }
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
  return { kind: 'dataset', dataset, instance: dataset, qualifier, location }
}

/** Inner joins of all datasets that qualify a name, in the order of their first use. */
function fromNames(source: Source, select: Fields): From {
  const found = new Map<string, number | undefined>()
  collectQualifiers(select, found)
  const [first, ...others] = [...found].map(([dataset, location]): NamedDataset => ({
    kind: 'dataset',
    dataset,
    instance: dataset,
    qualifier: dataset,
    location,
  }))
  if (first === undefined) {
    throw sqlError(
      source,
      'SH_SQL_UNKNOWN_DATASET',
      'The query names no dataset.',
      source.tokens[0]?.start,
      'Add FROM and the name of a dataset, or qualify the columns: trips.fare.',
    )
  }
  return others.reduce<From>(
    (left, right) => ({ kind: 'inner', left, right, location: right.location }),
    first,
  )
}

/** Where an earlier one stands in the text does not matter: the tree has an order of its own. */
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

function checkNames(source: Source, named: readonly NamedDataset[]): void {
  const qualifiers = new Set<string>()
  for (const { qualifier, location } of named) {
    if (qualifiers.has(qualifier)) {
      throw sqlError(
        source,
        'SH_SQL_AMBIGUOUS',
        `"${qualifier}" stands for two datasets in FROM.`,
        location,
        'Give each an alias of its own.',
      )
    }
    qualifiers.add(qualifier)
  }
  const surplus = named[MAX_INSTANCES]
  if (surplus === undefined) return
  throw tooMany(source, surplus.location)
}

function tooMany(source: Source, location: number | undefined): Error {
  return sqlError(
    source,
    'SH_SQL_TOO_COMPLEX',
    `A query joins at most ${MAX_INSTANCES} datasets, one that is joined with itself counted each time.`,
    location,
    'Join fewer.',
  )
}
