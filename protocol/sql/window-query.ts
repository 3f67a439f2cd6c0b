/**
 * Sub-queries with window functions: `SELECT rider, day - lag(day) OVER (PARTITION BY rider ORDER BY day) AS gap FROM trips`.
 * Such a query is split in two: a table that the plan makes, with the columns that are read and one for each call, and
 * a plain query over it. So everything that can be asked of a dataset can be asked of it.
 */
import type { Schema } from '../../shares/schema.ts'

import { listOf, locationOf, namesOf, open, openAs, textOf, withoutLocations } from './ast.ts'
import type { Fields } from './ast.ts'
import { outputName } from './bind-output.ts'
import { columnNamed } from './grouped-query.ts'
import { starColumns } from './inline-columns.ts'
import type { Inlined } from './inline-query.ts'
import { windowCallIn } from './plain-query.ts'
import { sqlError } from './source.ts'
import type { Source } from './source.ts'
import { namedWindows } from './window-call.ts'

/** Calls of window functions in a statement: each may take a sort of its own, and all nodes plan them. */
const MAX_CALLS = 32

/** A call of a window function, as columns of the table that is made. */
export interface CallColumns {
  /** No column of a dataset has a name like this. */
  readonly name: string
  /** Whether a row has the row that LAG or LEAD asks for: what the third argument depends on. */
  readonly inside?: string
  /** Without a third argument. */
  readonly call: Fields
}

/** The half of a sub-query with window functions that makes a table, with the rows that it reads. */
export interface WindowSelect {
  readonly kind: 'windows'
  /** FROM and WHERE of the sub-query, and nothing else. */
  readonly rows: Inlined
  /** WINDOW, by name. */
  readonly windows: ReadonlyMap<string, Fields>
  readonly calls: readonly CallColumns[]
  /** What the member column is called. */
  readonly member: readonly string[]
  readonly location: number | undefined
}

/** How many calls the tables below have: names go on from there. */
function callsBelow({ made }: Inlined): number {
  if (made === undefined) return 0
  return (made.kind === 'windows' ? made.calls.length : 0) + callsBelow(made.rows)
}

/**
 * Splits a query with window functions.
 *
 * @returns a plain query over the table that it makes
 * @throws ShareholdError SH_SQL_UNSUPPORTED, SH_SQL_UNKNOWN_DATASET, SH_SQL_TOO_COMPLEX
 */
export function splitWindows(
  source: Source,
  { select, unused, made }: Inlined,
  schemas: ReadonlyMap<string, Schema>,
): Inlined {
  const { fromClause, whereClause, windowClause: _, targetList, ...others } = select
  const from = fromClause === undefined ? {} : { fromClause }
  const below = made === undefined ? {} : { made }
  const calls = new Calls(source, callsBelow({ select, unused, ...below }))
  const targets = listOf({ targetList }, 'targetList').flatMap((node) => {
    const target = openAs(node, 'ResTarget') ?? {}
    const reference = openAs(target['val'], 'ColumnRef')
    if (reference !== undefined && namesOf(reference, 'fields').at(-1) === '') {
      return starColumns(source, schemas, select, reference).map((column) => ({
        ...target,
        name: column.name,
        val: columnNamed(column.name, locationOf(reference)),
      }))
    }
    const name = textOf(target, 'name') || outputName(target['val'])
    return [{ ...target, name, val: calls.rewrite(target['val']) }]
  })
  const location = locationOf(windowCallIn(targetList) ?? {})
  const rows: Inlined = {
    select: { ...from, ...(whereClause === undefined ? {} : { whereClause }) },
    // Names are right if those are that stand in the text.
    unused: [...unused, ...calls.references],
    ...below,
  }
  return {
    select: { ...others, targetList: targets.map((target) => ({ ResTarget: target })) },
    unused: [],
    made: {
      kind: 'windows',
      rows,
      windows: namedWindows(select),
      calls: calls.all,
      member: made?.member.slice(-1) ?? memberNames(from, schemas),
      location,
    },
  }
}

/** The name of the member column of the one dataset that is read; of all that there are, if it is not named in FROM. */
function memberNames(from: Fields, schemas: ReadonlyMap<string, Schema>): readonly string[] {
  const [item] = listOf(from, 'fromClause')
  const named = schemas.get(textOf(openAs(item, 'RangeVar') ?? {}, 'relname'))
  return (named === undefined ? [...schemas.values()] : [named]).map(({ member }) => member)
}

/** Collects the calls of a query, each once, and puts their columns in their places. */
class Calls {
  readonly all: CallColumns[] = []
  /** Columns outside of calls. */
  readonly references: unknown[] = []
  readonly #source: Source
  readonly #before: number
  readonly #byTree = new Map<string, CallColumns>()

  constructor(source: Source, before: number) {
    this.#source = source
    this.#before = before
  }

  rewrite(node: unknown): unknown {
    if (Array.isArray(node)) return node.map((item) => this.rewrite(item))
    if (typeof node !== 'object' || node === null) return node
    const { kind, fields } = open(node)
    if (kind === 'FuncCall' && fields['over'] !== undefined) return this.#call(fields)
    if (kind === 'ColumnRef') {
      this.references.push(node)
      return columnNamed(namesOf(fields, 'fields').at(-1) ?? '', locationOf(fields))
    }
    if (kind === 'SubLink') return node
    return Object.fromEntries(
      Object.entries(node).map(([field, value]) => [
        field,
        field === 'typeName' ? value : this.rewrite(value),
      ]),
    )
  }

  /** LAG(x, n, y) is y where there is no such row. */
  #call(call: Fields): unknown {
    const location = locationOf(call)
    const called = namesOf(call, 'funcname').at(-1) ?? ''
    const args = listOf(call, 'args')
    const hasDefault = ['lag', 'lead'].includes(called) && args.length === 3
    const plain = hasDefault ? { ...call, args: args.slice(0, 2) } : call
    const column = this.#columnOf(plain, called, hasDefault)
    const value = columnNamed(column.name, location)
    if (!hasDefault) return value
    const when = { expr: columnNamed(column.inside!, location), result: value, location }
    return {
      CaseExpr: { args: [{ CaseWhen: when }], defresult: this.rewrite(args[2]), location },
    }
  }

  #columnOf(call: Fields, called: string, hasDefault: boolean): CallColumns {
    const tree = withoutLocations({ call, hasDefault })
    const known = this.#byTree.get(tree)
    if (known !== undefined) return known
    const number = this.#before + this.all.length + 1
    if (number > MAX_CALLS) {
      throw sqlError(
        this.#source,
        'SH_SQL_TOO_COMPLEX',
        `A query has at most ${MAX_CALLS} different calls of window functions.`,
        locationOf(call),
        'Ask in several queries.',
      )
    }
    const name = `${called} ${number}`
    const column = { name, ...(hasDefault ? { inside: `${name} there` } : {}), call }
    this.#byTree.set(tree, column)
    this.all.push(column)
    return column
  }
}
