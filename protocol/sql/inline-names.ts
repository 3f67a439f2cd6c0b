/** Names inside a query that reads a sub-query: each is a column of it, and gives way to the expression behind that. */
import type { ShareholdError } from '../../shares/errors.ts'

import { listOf, locationOf, open, openAs, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import type { SqlErrorCode } from './errors.ts'
import type { InlineBudget } from './inline-budget.ts'
import type { InlineColumn } from './inline-columns.ts'
import { didYouMean, quoteName } from './names.ts'
import { sqlError } from './source.ts'
import type { Source } from './source.ts'

/** Parts of the tree that name no columns: types, and sub-queries in expressions, which are refused as such. */
const OPAQUE: ReadonlySet<string> = new Set(['typeName', 'SubLink'])

/** A sub-query or a dataset in FROM, as its columns can be named. */
export interface VisibleTable {
  readonly qualifier: string | undefined
  readonly columns: readonly InlineColumn[]
}

/** What a FROM shows. */
export interface Visible {
  readonly tables: readonly VisibleTable[]
  /** What can be named alone: columns of the tables, of two that USING makes one only that. */
  readonly plain: readonly InlineColumn[]
}

/** What rewriting needs of names. */
export type ColumnNames = Pick<InlineNames, 'all' | 'ambiguous' | 'has' | 'rewrite'>

export class InlineNames {
  readonly #source: Source
  readonly #visible: Visible
  readonly #budget: InlineBudget
  readonly #used = new Set<InlineColumn>()

  constructor(source: Source, visible: Visible, budget: InlineBudget) {
    this.#source = source
    this.#visible = visible
    this.#budget = budget
  }

  has(name: string): boolean {
    return this.#visible.plain.some((column) => column.name === name)
  }

  /** The columns that a star stands for. @throws ShareholdError SH_SQL_UNKNOWN_DATASET */
  all(star: Fields): readonly InlineColumn[] {
    const location = locationOf(star)
    const [qualifier = ''] = partsOf(star)
    const columns =
      qualifier === '' ? this.#visible.plain : this.#table(qualifier, location).columns
    return columns.map((column) => ({ ...column, node: this.#use(column, location) }))
  }

  /** Expressions of a table's columns that were never named. */
  unused({ columns }: VisibleTable): readonly unknown[] {
    return columns.filter((column) => !this.#used.has(column)).map(({ node }) => node)
  }

  /** The tree with every name of a column replaced. @throws ShareholdError SH_SQL_UNKNOWN_COLUMN, SH_SQL_AMBIGUOUS … */
  rewrite(node: unknown): unknown {
    if (Array.isArray(node)) return node.map((item) => this.rewrite(item))
    if (typeof node !== 'object' || node === null) return node
    const reference = openAs(node, 'ColumnRef')
    if (reference !== undefined) return this.#lookUp(reference)
    return Object.fromEntries(
      Object.entries(node).map(([name, value]) => [
        name,
        OPAQUE.has(name) ? value : this.rewrite(value),
      ]),
    )
  }

  ambiguous(location: number | undefined, name: string): ShareholdError {
    return this.#error(
      'SH_SQL_AMBIGUOUS',
      `"${name}" could mean different columns.`,
      location,
      'Give the columns different names.',
    )
  }

  #lookUp(reference: Fields): unknown {
    const location = locationOf(reference)
    const parts = partsOf(reference)
    const name = parts.at(-1)
    if (parts.length > 2) {
      throw this.#error(
        'SH_SQL_UNSUPPORTED',
        'Sub-queries have no schema or catalogue in front of their name.',
        location,
        'Write the name of the column alone.',
      )
    }
    const { tables, plain } = this.#visible
    const columns = parts.length === 2 ? this.#table(parts[0]!, location).columns : plain
    if (name === undefined || name === '') {
      throw this.#error(
        'SH_POLICY_ROW_VALUES',
        'A * stands for the values of single rows; only aggregates are answered.',
        location,
        'Write COUNT(*) to count rows, or aggregate the columns one by one.',
      )
    }
    const found = columns.filter((column) => column.name === name)
    if (found.length > 1) throw this.ambiguous(location, name)
    const [column] = found
    if (column !== undefined) return this.#use(column, location)
    if (parts.length === 1 && tables.some(({ qualifier }) => qualifier === name)) {
      throw this.#error(
        'SH_SQL_UNSUPPORTED',
        `"${name}" is the sub-query: whole rows are no values here.`,
        location,
        'Write COUNT(*) to count rows.',
      )
    }
    throw this.#error(
      'SH_SQL_UNKNOWN_COLUMN',
      `Column "${name}" does not exist in ${this.#textOf(parts.length === 2 ? parts[0] : undefined)}.`,
      location,
      didYouMean(
        name,
        columns.map((candidate) => candidate.name),
      ),
    )
  }

  /** What a column was looked for in. */
  #textOf(qualifier: string | undefined): string {
    const { tables } = this.#visible
    const names = tables.flatMap((table) => table.qualifier ?? [])
    const quoted = (qualifier === undefined ? names : [qualifier]).map((one) => `"${one}"`)
    const one = quoted.length === 0 ? 'the sub-query' : `the sub-query ${quoted.join(' or ')}`
    return tables.length === 1 ? one : quoted.join(' or ')
  }

  #use(column: InlineColumn, location: number | undefined): unknown {
    const { refusal } = column
    if (refusal !== undefined) {
      throw this.#error('SH_SQL_UNSUPPORTED', refusal.what, location, refusal.hint)
    }
    this.#used.add(column)
    this.#budget.spend(column.nodes, location)
    return marked(column.node, location)
  }

  #table(name: string, location: number | undefined): VisibleTable {
    const { tables } = this.#visible
    const found = tables.find(({ qualifier }) => qualifier === name)
    if (found !== undefined) return found
    const qualifiers = tables.flatMap(({ qualifier = [] }) => qualifier)
    throw this.#error(
      'SH_SQL_UNKNOWN_DATASET',
      `There is no "${name}" in FROM.`,
      location,
      qualifiers.length === 0
        ? 'The sub-query has no name: write the name of the column alone.'
        : `The query is about ${qualifiers.map(quoteName).join(', ')}.`,
    )
  }

  #error(
    code: SqlErrorCode,
    message: string,
    location: number | undefined,
    hint: string,
  ): ShareholdError {
    return sqlError(this.#source, code, message, location, hint)
  }
}

/** The parts of a name; '' for a star, which no column is called. */
function partsOf(reference: Fields): string[] {
  return listOf(reference, 'fields').map((part) => textOf(openAs(part, 'String') ?? {}, 'sval'))
}

/**
 * What stands for a name. A bare column keeps the place of the name, and is marked: it must not be taken for the name of
 * an output, which GROUP BY and ORDER BY look at as well.
 */
function marked(node: unknown, location: number | undefined): unknown {
  const { kind, fields } = open(node)
  return kind === 'ColumnRef' ? { ColumnRef: { ...fields, location, inlined: true } } : node
}
