/**
 * Sub-queries with a row for each member: `SELECT rider, COUNT(*) AS n FROM trips WHERE … GROUP BY rider HAVING …`. Such a query
 * is split in two: a table that the plan makes, with a column for each of its aggregates, and a plain query over it, whose
 * expressions compute with these columns and whose WHERE is the HAVING. So everything that can be asked of a dataset can
 * be asked of it.
 */
import type { Schema } from '../../shares/schema.ts'

import { fieldsOf, listOf, locationOf, namesOf, numberOf, openAs, textOf } from './ast.ts'
import { open, withoutLocations } from './ast.ts'
import type { Fields } from './ast.ts'
import { outputName } from './bind-output.ts'
import type { Inlined } from './inline-query.ts'
import { aggregateIn, isAggregate } from './plain-query.ts'
import { sqlError } from './source.ts'
import type { Source } from './source.ts'

/** An aggregate of a sub-query, as a column of the table that is made. */
export interface AggregateColumn {
  /** Of the columns each another one, and none that of the member. */
  readonly name: string
  /** Syntax tree of the call. */
  readonly call: unknown
}

/** The half of a grouped sub-query that makes a table, with a row for each member. */
export interface MemberSelect {
  readonly kind: 'members'
  /** FROM and WHERE of the sub-query, and nothing else. */
  readonly rows: Inlined
  /** What it is grouped by: the parts of the member column's name. */
  readonly member: readonly string[]
  readonly columns: readonly AggregateColumn[]
  readonly location: number | undefined
}

/** Whether a query has groups, or aggregates. */
export function isGrouped(select: Fields): boolean {
  return (
    select['groupClause'] !== undefined ||
    select['havingClause'] !== undefined ||
    aggregateIn(select['targetList']) !== undefined
  )
}

/**
 * The column of the member that a query is grouped by, as it is named; undefined if it is grouped by anything else.
 *
 * @param rows the query, with no sub-query in FROM any more
 */
export function groupingMember(
  { select, made }: Inlined,
  schemas: ReadonlyMap<string, Schema>,
): readonly string[] | undefined {
  const names = new Set(
    made === undefined ? [...schemas.values()].map(({ member }) => member) : made.member.slice(-1),
  )
  const [item, second] = listOf(select, 'groupClause')
  if (second !== undefined) return undefined
  const memberOf = (node: unknown): readonly string[] | undefined => {
    const reference = openAs(node, 'ColumnRef')
    const parts = reference === undefined ? [] : namesOf(reference, 'fields')
    return names.has(parts.at(-1) ?? '') ? parts : undefined
  }
  const targets = listOf(select, 'targetList').map((node) => openAs(node, 'ResTarget') ?? {})
  const constant = openAs(item, 'A_Const')
  if (constant !== undefined) {
    const place = numberOf(fieldsOf(constant, 'ival') ?? {}, 'ival')
    return memberOf(targets[place - 1]?.['val'])
  }
  const named = memberOf(item)
  if (named !== undefined) return named
  // A name that no column has may be that of an output.
  const alias = namesOf(openAs(item, 'ColumnRef') ?? {}, 'fields')
  const [target, other] = targets.filter((one) => alias.length === 1 && one['name'] === alias[0])
  return other === undefined ? memberOf(target?.['val']) : undefined
}

/**
 * Splits a query that is grouped by the member.
 *
 * @returns a plain query over the table that it makes
 * @throws ShareholdError SH_SQL_GROUPING, SH_SQL_UNKNOWN_COLUMN
 */
export function splitGrouped(
  source: Source,
  { select, unused, made }: Inlined,
  member: readonly string[],
  schemas: ReadonlyMap<string, Schema>,
): Inlined {
  const { fromClause, whereClause, targetList, havingClause, groupClause, ...others } = select
  const rows: Inlined = {
    select: {
      ...(fromClause === undefined ? {} : { fromClause }),
      ...(whereClause === undefined ? {} : { whereClause }),
    },
    unused,
    ...(made === undefined ? {} : { made }),
  }
  // Over a table that the plan makes, all names have been looked up already.
  const names = [...schemas.values()].flatMap((schema) => schema.columns.map(({ name }) => name))
  const columns = new Columns(source, member, made === undefined ? names : undefined)
  const targets = listOf({ targetList }, 'targetList').map((node) => {
    const target = openAs(node, 'ResTarget') ?? {}
    const name = textOf(target, 'name') || outputName(target['val'])
    return { ResTarget: { ...target, name, val: columns.rewrite(target['val'], name) } }
  })
  const condition = havingClause === undefined ? undefined : columns.rewrite(havingClause)
  const location = listOf({ groupClause }, 'groupClause').map((item) =>
    locationOf(open(item).fields),
  )[0]
  return {
    select: {
      ...others,
      targetList: targets,
      ...(condition === undefined ? {} : { whereClause: condition }),
    },
    unused: [],
    made: { kind: 'members', rows, member, columns: columns.all, location },
  }
}

/** Collects the aggregates of a query, each once, and puts their columns in their places. */
class Columns {
  readonly all: AggregateColumn[] = []
  readonly #source: Source
  readonly #member: readonly string[]
  readonly #byTree = new Map<string, string>()
  readonly #known: readonly string[] | undefined

  /** @param known names of columns that could be meant, if any might be none */
  constructor(source: Source, member: readonly string[], known: readonly string[] | undefined) {
    this.#source = source
    this.#member = member
    this.#known = known
  }

  /** @param name that the column gets if the expression is one aggregate */
  rewrite(node: unknown, name?: string): unknown {
    if (Array.isArray(node)) return node.map((item) => this.rewrite(item))
    if (typeof node !== 'object' || node === null) return node
    const { kind, fields } = open(node)
    if (kind === 'FuncCall' && isAggregate(fields)) {
      return columnNamed(this.#nameOf(node, name ?? outputName(node)), locationOf(fields))
    }
    if (kind === 'ColumnRef') return this.#key(fields)
    if (kind === 'SubLink' || kind === 'typeName') return node
    return Object.fromEntries(
      Object.entries(node).map(([field, value]) => [
        field,
        field === 'typeName' ? value : this.rewrite(value),
      ]),
    )
  }

  #nameOf(call: unknown, wanted: string): string {
    const tree = withoutLocations(call)
    const known = this.#byTree.get(tree)
    if (known !== undefined) return known
    const taken = new Set([...this.all.map((column) => column.name), ...this.#member.slice(-1)])
    let name = wanted
    for (let nth = 2; taken.has(name); nth++) name = `${wanted} ${nth}`
    this.#byTree.set(tree, name)
    this.all.push({ name, call })
    return name
  }

  /** A column outside of aggregates: the member, or an error. */
  #key(reference: Fields): unknown {
    const location = locationOf(reference)
    const parts = namesOf(reference, 'fields')
    const shorter = Math.min(parts.length, this.#member.length)
    const isMember =
      parts.length > 0 && parts.slice(-shorter).join('.') === this.#member.slice(-shorter).join('.')
    if (isMember) return columnNamed(this.#member.at(-1)!, location)
    const name = parts.at(-1) ?? ''
    if (name !== '' && this.#known?.includes(name) === false) {
      throw sqlError(
        this.#source,
        'SH_SQL_UNKNOWN_COLUMN',
        `Column "${name}" does not exist in what the sub-query reads.`,
        location,
        'Names of outputs are for the query around it: write the aggregate again.',
      )
    }
    throw sqlError(
      this.#source,
      'SH_SQL_GROUPING',
      name === ''
        ? 'A * in a sub-query with GROUP BY stands for columns that are not in it.'
        : `Column "${name}" must appear in GROUP BY or be used in an aggregate.`,
      location,
      'The sub-query has a row for each member: aggregate the column.',
    )
  }
}

/** The name of a column of the made table, which no output can be meant by (context.ts). */
export function columnNamed(name: string, location: number | undefined): unknown {
  return { ColumnRef: { fields: [{ String: { sval: name } }], location, inlined: true } }
}
