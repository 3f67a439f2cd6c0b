/** The columns of a sub-query: their names, and the expressions behind them. */
import type { Schema } from '../../shares/schema.ts'

import { fieldsOf, listOf, locationOf, namesOf, open, openAs, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import { outputName } from './bind-output.ts'
import type { DerivedTable } from './derived-table.ts'
import { countNodes } from './inline-budget.ts'
import { didYouMean } from './names.ts'
import { sqlError } from './source.ts'
import type { Source } from './source.ts'

export interface InlineColumn {
  readonly name: string
  /** An expression over what the sub-query reads. */
  readonly node: unknown
  /** How large the expression is. */
  readonly nodes: number
  /** Why it may not be named, if it may not: what is not supported, and a way out. */
  readonly refusal?: { readonly what: string; readonly hint: string }
}

/**
 * The columns of a sub-query about datasets.
 *
 * @param select its SELECT, with no sub-query in FROM any more
 * @throws ShareholdError SH_SQL_UNSUPPORTED, SH_SQL_UNKNOWN_COLUMN
 */
export function columnsOf(
  source: Source,
  schemas: ReadonlyMap<string, Schema>,
  select: Fields,
  { columnNames, qualifier, location }: DerivedTable,
): readonly InlineColumn[] {
  const columns = listOf(select, 'targetList').flatMap((node) => {
    const target = openAs(node, 'ResTarget') ?? {}
    const reference = openAs(target['val'], 'ColumnRef')
    const isStar = openAs(listOf(reference ?? {}, 'fields').at(-1), 'A_Star') !== undefined
    if (reference !== undefined && isStar) return starColumns(source, schemas, select, reference)
    const name = textOf(target, 'name') || outputName(target['val'])
    return [{ name, node: asColumn(target['val']) }]
  })
  if (columnNames.length > columns.length) {
    throw sqlError(
      source,
      'SH_SQL_UNKNOWN_COLUMN',
      `The sub-query "${qualifier ?? ''}" has ${columns.length} columns, and ${columnNames.length} names are given.`,
      location,
      'Give at most as many names as there are columns.',
    )
  }
  return columns.map(({ name, node }, index) => ({
    name: columnNames[index] ?? name,
    node,
    nodes: countNodes(node),
  }))
}

/** All columns of the one dataset that is read, the member first. */
export function starColumns(
  source: Source,
  schemas: ReadonlyMap<string, Schema>,
  select: Fields,
  star: Fields,
): readonly Omit<InlineColumn, 'nodes'>[] {
  const location = locationOf(star)
  const from = listOf(select, 'fromClause')
  const table = from.length === 1 ? openAs(from[0], 'RangeVar') : undefined
  const alias = table === undefined ? undefined : fieldsOf(table, 'alias')
  const qualifier =
    alias === undefined ? textOf(table ?? {}, 'relname') : textOf(alias, 'aliasname')
  const [first, ...rest] = namesOf(star, 'fields')
  const fits = first === '' || (first === qualifier && rest.length === 1)
  if (table === undefined || !fits) {
    throw sqlError(
      source,
      'SH_SQL_UNSUPPORTED',
      'A * of this FROM is not supported in a sub-query.',
      location,
      'Name the columns one by one.',
    )
  }
  const dataset = textOf(table, 'relname')
  const schema = schemas.get(dataset)
  if (schema === undefined) {
    throw sqlError(
      source,
      'SH_SQL_UNKNOWN_DATASET',
      `Dataset "${dataset}" does not exist.`,
      locationOf(table),
      didYouMean(dataset, [...schemas.keys()]),
    )
  }
  return [schema.member, ...schema.columns.map(({ name }) => name)].map((name) => ({
    name,
    node: {
      ColumnRef: {
        fields: [{ String: { sval: qualifier } }, { String: { sval: name } }],
        location,
      },
    },
  }))
}

/**
 * A literal as the column of a sub-query: a quoted one is text there, whatever it is compared with outside, and none is the
 * number of an output in GROUP BY or ORDER BY.
 */
export function asColumn(node: unknown): unknown {
  const { kind, fields } = open(node)
  if (kind !== 'A_Const') return node
  const location = locationOf(fields)
  if (fields['ival'] !== undefined || fields['fval'] !== undefined) {
    return {
      A_Expr: { kind: 'AEXPR_OP', name: [{ String: { sval: '+' } }], rexpr: node, location },
    }
  }
  const type = fields['boolval'] === undefined ? 'text' : 'bool'
  return {
    TypeCast: {
      arg: node,
      typeName: { names: [{ String: { sval: type } }], typemod: -1, location },
      location,
    },
  }
}
