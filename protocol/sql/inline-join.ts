/**
 * Sub-queries among the datasets of a join, written into it: each gives way to the datasets that it reads. Names of their
 * columns are replaced as in inline-query.ts, and their conditions go to WHERE, which is where they hold as long as no row
 * can do without a row of the sub-query.
 *
 * Where one can (the right side of a LEFT JOIN), a condition of the sub-query would decide about the partner and not about
 * the row, and a computed column would have to become NULL: these are refused.
 */
import type { ShareholdError } from '../../shares/errors.ts'
import type { Schema } from '../../shares/schema.ts'

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
import { asDerived, NO_SCOPE } from './derived-table.ts'
import type { DerivedTable, Scope } from './derived-table.ts'
import type { InlineBudget } from './inline-budget.ts'
import { columnsOf } from './inline-columns.ts'
import type { InlineColumn } from './inline-columns.ts'
import { InlineNames } from './inline-names.ts'
import type { Visible, VisibleTable } from './inline-names.ts'
import type { Inlined } from './inline-query.ts'
import { didYouMean } from './names.ts'
import { sqlError } from './source.ts'
import type { Source } from './source.ts'
import { startOfQuery } from './unsupported-from.ts'

/** A join of datasets alone. */
export interface FlatJoin extends Visible {
  /** The item of FROM. */
  readonly node: unknown
  /** Of sub-queries. */
  readonly conditions: readonly unknown[]
  /** Sub-queries; what of their columns nothing names must be right all the same. */
  readonly queries: readonly VisibleTable[]
  /** Expressions that must be right all the same, of sub-queries further inside. */
  readonly unused: readonly unknown[]
  /** What a USING around it takes for the member, by name. */
  readonly members: ReadonlyMap<string, unknown>
}

export interface JoinInlining {
  readonly source: Source
  readonly schemas: ReadonlyMap<string, Schema>
  readonly budget: InlineBudget
  /** The sub-query as a plain one. */
  readonly inline: (table: DerivedTable) => Inlined
}

interface Place {
  readonly scope: Scope
  /** Whether a row of the whole may be without one of this item. */
  readonly isOptional: boolean
  /** Whether it is the FROM of a sub-query. */
  readonly isInner: boolean
  /** What a dataset's columns are to be qualified with, whatever they are in the text. */
  readonly aliasOf: (qualifier: string) => string
}

/**
 * An item of FROM without sub-queries.
 *
 * @throws ShareholdError SH_SQL_UNSUPPORTED, SH_SQL_UNKNOWN_DATASET, SH_SQL_UNKNOWN_COLUMN, SH_SQL_AMBIGUOUS
 */
export function flattenJoin(inlining: JoinInlining, item: unknown, scope: Scope): FlatJoin {
  return flatten(inlining, item, {
    scope,
    isOptional: false,
    isInner: false,
    aliasOf: (qualifier) => qualifier,
  })
}

function flatten(inlining: JoinInlining, item: unknown, place: Place): FlatJoin {
  const { kind, fields } = open(item)
  if (kind === 'JoinExpr') return flattenPair(inlining, fields, place)
  const table = asDerived(inlining.source, item, place.scope)
  if (table !== undefined) return flattenQuery(inlining, table, place)
  return kind === 'RangeVar' ? dataset(inlining, fields, place) : asItIs(item)
}

/** What is refused later. */
function asItIs(node: unknown): FlatJoin {
  const none = { tables: [], plain: [], conditions: [], queries: [], unused: [] }
  return { node, ...none, members: new Map() }
}

function dataset({ source, schemas }: JoinInlining, table: Fields, { aliasOf }: Place): FlatJoin {
  const name = textOf(table, 'relname')
  const schema = schemas.get(name)
  if (schema === undefined) {
    throw sqlError(
      source,
      'SH_SQL_UNKNOWN_DATASET',
      `Dataset "${name}" does not exist.`,
      locationOf(table),
      didYouMean(name, [...schemas.keys()]),
    )
  }
  const alias = fieldsOf(table, 'alias')
  const written = alias === undefined ? name : textOf(alias, 'aliasname')
  const qualifier = aliasOf(written)
  const columns = [schema.member, ...schema.columns.map((column) => column.name)].map((column) => ({
    name: column,
    node: reference([qualifier, column]),
    nodes: 4,
  }))
  return {
    node: {
      RangeVar: { ...table, alias: { ...alias, aliasname: qualifier } },
    },
    tables: [{ qualifier: written, columns }],
    plain: columns,
    conditions: [],
    queries: [],
    unused: [],
    members: new Map([[schema.member, columns[0]!.node]]),
  }
}

function flattenQuery(inlining: JoinInlining, table: DerivedTable, place: Place): FlatJoin {
  const { source, schemas, budget } = inlining
  const { qualifier, location } = table
  const { select, made, unused } = inlining.inline(table)
  const [from, second] = listOf(select, 'fromClause')
  if (made !== undefined || from === undefined || second !== undefined) {
    throw unsupported(
      source,
      made === undefined
        ? 'A sub-query without FROM in a join'
        : 'A sub-query with groups in a join',
      location,
      made === undefined ? 'Name its datasets in FROM.' : 'Ask about it alone, or join datasets.',
    )
  }
  const isJoin = open(from).kind === 'JoinExpr'
  const inner = flatten(inlining, from, {
    scope: NO_SCOPE,
    isOptional: false,
    isInner: true,
    aliasOf: (own) => (qualifier === undefined ? own : isJoin ? `${qualifier}.${own}` : qualifier),
  })
  const names = new InlineNames(source, inner, budget)
  const condition = select['whereClause']
  if (condition !== undefined && place.isOptional) {
    throw unsupported(
      source,
      'WHERE in a sub-query whose rows the join can do without',
      firstLocation(condition) ?? location,
      'It would say which rows are partners: use JOIN, or count with FILTER (WHERE …) outside.',
    )
  }
  const columns = columnsOf(source, schemas, select, table).map((column): InlineColumn => {
    const node = names.rewrite(column.node)
    const isComputed = openAs(node, 'ColumnRef') === undefined
    return { ...column, node, ...(isComputed && place.isOptional ? { refusal: COMPUTED } : {}) }
  })
  const own = { qualifier, columns }
  return {
    node: inner.node,
    tables: [own],
    plain: columns,
    conditions: condition === undefined ? [] : [names.rewrite(condition)],
    queries: [own],
    unused: unused.map((node) => names.rewrite(node)),
    members: inner.members,
  }
}

const COMPUTED = {
  what: 'A computed column of a sub-query whose rows the join can do without is not supported.',
  hint: 'Compute outside of the sub-query, or use JOIN.',
}

function flattenPair(inlining: JoinInlining, fields: Fields, place: Place): FlatJoin {
  const { source, budget } = inlining
  const kind = textOf(fields, 'jointype')
  const within = (isOptional: boolean): Place => ({
    ...place,
    isOptional: place.isOptional || isOptional,
  })
  const left = flatten(
    inlining,
    fields['larg'],
    within(kind === 'JOIN_RIGHT' || kind === 'JOIN_FULL'),
  )
  const right = flatten(
    inlining,
    fields['rarg'],
    within(kind === 'JOIN_LEFT' || kind === 'JOIN_FULL'),
  )
  const tables = [...left.tables, ...right.tables]
  const both = { tables, plain: [...left.plain, ...right.plain] }
  const rest = {
    conditions: [...left.conditions, ...right.conditions],
    queries: [...left.queries, ...right.queries],
    unused: [...left.unused, ...right.unused],
  }
  const { quals } = fields
  const [name, another] = namesOf(fields, 'usingClause')
  const on =
    quals === undefined ? {} : { quals: new InlineNames(source, both, budget).rewrite(quals) }
  const node = { JoinExpr: { ...fields, ...on, larg: left.node, rarg: right.node } }
  if (name === undefined || another !== undefined) {
    return { node, ...both, ...rest, members: new Map([...left.members, ...right.members]) }
  }
  const { rarg } = fields
  const isQuery = open(rarg).kind === 'RangeSubselect'
  const location = isQuery ? startOfQuery(source, rarg) : firstLocation(rarg)
  const [a, b] = [left, right].map((side) => memberNamed(source, side, name, location))
  const merged: InlineColumn = {
    name,
    nodes: 4,
    ...({
      JOIN_RIGHT: { node: b!.node },
      // The first that is not NULL: it has no name but this one.
      JOIN_FULL: {
        node: reference([name]),
        ...(place.isInner ? { refusal: FULL } : {}),
      },
    }[kind] ?? { node: a!.node }),
  }
  const others = both.plain.filter((column) => column !== a && column !== b)
  const members = new Map([...left.members, ...right.members, [name, merged.node]])
  return { node, tables, plain: [merged, ...others], ...rest, members }
}

const FULL = {
  what: 'The member column that a FULL JOIN in a sub-query makes is not supported outside.',
  hint: 'Name the member column of one of its datasets.',
}

/** The column that USING takes of a side: under its own name, and if it is the member's, that which it would take inside. */
function memberNamed(
  source: Source,
  { plain, members, queries }: FlatJoin,
  name: string,
  location: number | undefined,
): InlineColumn {
  const [found, second] = plain.filter((column) => column.name === name)
  if (second !== undefined) {
    throw sqlError(
      source,
      'SH_SQL_AMBIGUOUS',
      `"${name}" in USING stands for several columns of the datasets before.`,
      location,
      'Write ON and the two columns.',
    )
  }
  if (found === undefined) {
    throw sqlError(
      source,
      'SH_SQL_UNKNOWN_COLUMN',
      `Column "${name}" in USING does not exist on both sides of the join.`,
      location,
      queries.length === 0
        ? `The member column is ${[...members.keys()].join(', ')}: if the names differ, write ON and both.`
        : 'Add the member column to the columns of the sub-query.',
    )
  }
  const isMember = members.has(name)
  const inside = partsIn(found.node)
  const isSame = isMember
    ? JSON.stringify(inside) === JSON.stringify(partsIn(members.get(name)))
    : inside.at(-1) === name
  if (isSame) return found
  throw unsupported(
    source,
    `USING with "${name}", which is another column inside,`,
    location,
    'Write ON and the two columns.',
  )
}

/** The parts of the name that a node is; none if it is no name. */
function partsIn(node: unknown): string[] {
  return namesOf(openAs(node, 'ColumnRef') ?? {}, 'fields')
}

function reference(parts: readonly string[]): unknown {
  return { ColumnRef: { fields: parts.map((sval) => ({ String: { sval } })) } }
}

function unsupported(
  source: Source,
  what: string,
  location: number | undefined,
  hint: string,
): ShareholdError {
  return sqlError(source, 'SH_SQL_UNSUPPORTED', `${what} is not supported.`, location, hint)
}
