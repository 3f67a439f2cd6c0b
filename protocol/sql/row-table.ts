/**
 * Expressions over few codes, evaluated for every code when a query is planned: exactly what PostgreSQL would
 * say, whatever the expression holds. Of one column, the codes with equal results make pieces; a wide column
 * has pieces too, where an expression only rises or falls in few steps (row-monotone.ts). Of several
 * columns, every combination is an entry.
 */
import { planesOf, textOfCode } from '../../shares/column-codec.ts'
import { ShareholdError } from '../../shares/errors.ts'
import type { Column } from '../../shares/schema.ts'

import { bindExpression } from './answer-expression.ts'
import type { AnswerExpression } from './answer-spec.ts'
import { operandsOf } from './answer-tree.ts'
import { formatValue } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import type { CodeSet } from './code-set.ts'
import { domainOf } from './column-domain.ts'
import { spendEvaluation } from './planning-budget.ts'
import { directionOf } from './row-monotone.ts'
import { columnAt, placesIn, typesOf } from './row-value.ts'
import type { Scope } from './row-value.ts'

/** Most codes, or combinations of codes, for which an expression is evaluated. */
export const MAX_CODES = 65_536
/** Below this, steps are not looked for: all codes are as soon looked at. */
const FEW_CODES = 1024n
/** Most planes of a table's columns together. */
const MAX_PLANES = 16
/** Most steps of an expression over a wider column. */
const MAX_STEPS = 4096
/** Places at which a wider column is looked at before its steps are counted. */
const PROBES = 64n

export interface ColumnTable {
  readonly kind: 'column'
  readonly column: Column
  /** Ascending, the first from 0: all codes up to the next piece have the result. */
  readonly pieces: readonly { readonly from: bigint; readonly result: Value | null }[]
  /** Where the column is NULL; null if it never is. */
  readonly whenNull: Value | null
}

export interface JointTable {
  readonly kind: 'joint'
  readonly columns: readonly Column[]
  readonly entries: readonly Entry[]
}

export interface Entry {
  /** A code of each column, undefined for NULL. */
  readonly codes: readonly (bigint | undefined)[]
  readonly result: Value | null
}

export type Table = ColumnTable | JointTable

const columnTables = new WeakMap<AnswerExpression, ColumnTable | null>()
const jointTables = new WeakMap<AnswerExpression, JointTable | null>()

/** An evaluator of the expression on texts of its columns, by their places. @throws ShareholdError of the row */
export function evaluatorOf(
  expression: AnswerExpression,
  scope: Scope,
): (texts: ReadonlyMap<number, string | null>) => Value | null {
  const bound = bindExpression(expression, typesOf(scope))
  const keyTypes = typesOf(scope)
  return (texts) => {
    spendEvaluation(expression, scope)
    const keys: (string | null)[] = []
    for (const [place, text] of texts) keys[place] = text
    const aggregate = (): never => {
      throw new TypeError('A row holds no aggregate.')
    }
    try {
      return bound.evaluate({ keyTypes, keys, aggregate })
    } catch (error) {
      throw error instanceof ShareholdError ? failsOnRows(error) : error
    }
  }
}

/** PostgreSQL fails on such rows, and whether there are any is nobody's business. */
function failsOnRows(error: ShareholdError): ShareholdError {
  if (error.code === 'SH_ANSWER_DIVISION_BY_ZERO') {
    return new ShareholdError(
      'SH_PLAN_VALUE',
      'A row that the schema allows would divide by zero.',
      {
        hint: 'Divide by NULLIF(x, 0).',
        cause: error,
      },
    )
  }
  return new ShareholdError(
    'SH_PLAN_VALUE',
    `PostgreSQL would fail on a row that the schema allows: ${error.message}`,
    { hint: error.hint ?? 'Exclude such values with CASE, or cast to numeric.', cause: error },
  )
}

/** The result of an expression without columns. */
export function constantOf(expression: AnswerExpression, scope: Scope): Value | null {
  return evaluatorOf(expression, scope)(new Map())
}

/** The table of an expression over one column; undefined if that has too many codes and steps. */
export function columnTable(expression: AnswerExpression, scope: Scope): ColumnTable | undefined {
  const known = columnTables.get(expression)
  if (known !== undefined) return known ?? undefined
  const [place, ...others] = placesIn(expression)
  const table =
    place === undefined || others.length > 0 ? undefined : tabulate(expression, scope, place)
  columnTables.set(expression, table ?? null)
  return table
}

function tabulate(
  expression: AnswerExpression,
  scope: Scope,
  place: number,
): ColumnTable | undefined {
  const column = columnAt(scope, place)
  const { size } = domainOf(column)
  const steps = size <= FEW_CODES ? undefined : stepsOf(expression, scope, place, new Map())
  if (steps === undefined && size > MAX_CODES) return undefined
  const starts = steps ?? Array.from({ length: Number(size) }, (_, code) => BigInt(code))
  const evaluate = evaluatorOf(expression, scope)
  const at = (text: string | null): Value | null => evaluate(new Map([[place, text]]))
  const pieces: { from: bigint; result: Value | null }[] = []
  for (const from of starts) {
    const result = at(textOfCode(column, from))
    const last = pieces.at(-1)
    if (last === undefined || !sameResult(last.result, result)) pieces.push({ from, result })
  }
  return { kind: 'column', column, pieces, whenNull: column.nullable ? at(null) : null }
}

/** Equal, scale and type included. */
export function sameResult(left: Value | null, right: Value | null): boolean {
  if (left === null || right === null) return left === right
  return left.type === right.type && formatValue(left) === formatValue(right)
}

type Steps = readonly bigint[] | undefined

/** Codes from which on the expression may have another result, ascending, 0 first. */
function stepsOf(
  expression: AnswerExpression,
  scope: Scope,
  place: number,
  known: Map<AnswerExpression, Steps>,
): Steps {
  if (known.has(expression)) return known.get(expression)
  const steps = findSteps(expression, scope, place, known)
  known.set(expression, steps)
  return steps
}

function findSteps(
  expression: AnswerExpression,
  scope: Scope,
  place: number,
  known: Map<AnswerExpression, Steps>,
): Steps {
  if (placesIn(expression).length === 0) return [0n]
  if (expression.kind === 'key') return undefined
  if (directionOf(expression, scope) !== undefined) return bisect(expression, scope, place)
  const cut = cutOf(expression, scope)
  if (cut !== undefined) return stepsOf(cut, scope, place, known)
  const operands = operandsOf(expression).map((operand) => stepsOf(operand, scope, place, known))
  const whole = joined(operands)
  if (whole !== undefined || expression.kind !== 'compare') return whole
  // Equal where neither less nor more.
  const { left, right } = expression
  return joined(
    (['<', '>'] as const).map((operator) => {
      const side: AnswerExpression = { kind: 'compare', operator, left, right }
      return directionOf(side, scope) === undefined ? undefined : bisect(side, scope, place)
    }),
  )
}

const CUTS: Readonly<Record<string, string>> = {
  month: 'month',
  quarter: 'quarter',
  week: 'week',
  day: 'day',
  dow: 'day',
  isodow: 'day',
  doy: 'day',
  hour: 'hour',
  minute: 'minute',
}

/** A part of a timestamp changes only where the timestamp cut to it does, and that rises. */
function cutOf(expression: AnswerExpression, scope: Scope): AnswerExpression | undefined {
  if (expression.kind !== 'call') return undefined
  const { function: name, arguments: operands } = expression
  if (name !== 'extract' && name !== 'date_part') return undefined
  const [unit, source] = operands
  if (unit?.kind !== 'literal' || source === undefined) return undefined
  const { type } = bindExpression(source, typesOf(scope))
  const cut = CUTS[(unit.text ?? '').toLowerCase()]
  if (cut === undefined || type !== 'timestamp') return undefined
  const literal: AnswerExpression = { kind: 'literal', type: 'text', text: cut }
  return { kind: 'call', function: 'date_trunc', arguments: [literal, source] }
}

function joined(lists: readonly Steps[]): Steps {
  const all = new Set<bigint>([0n])
  for (const list of lists) {
    if (list === undefined) return undefined
    for (const step of list) all.add(step)
  }
  return all.size > MAX_STEPS ? undefined : [...all].toSorted((a, b) => (a < b ? -1 : 1))
}

/** The steps of what only rises or only falls: equal ends have nothing between them. */
function bisect(expression: AnswerExpression, scope: Scope, place: number): Steps {
  const column = columnAt(scope, place)
  const last = domainOf(column).size - 1n
  const evaluate = evaluatorOf(expression, scope)
  const results = new Map<bigint, Value | null>()
  const at = (code: bigint): Value | null => {
    let result = results.get(code)
    if (result === undefined) {
      result = evaluate(new Map([[place, textOfCode(column, code)]]))
      results.set(code, result)
    }
    return result
  }
  let different = 0n
  for (let probe = 0n; probe < PROBES; probe++) {
    const code = (probe * (last - 1n)) / PROBES
    if (!sameResult(at(code), at(code + 1n))) different++
  }
  // Every other code a step: no use in counting them.
  if (different * 2n > PROBES) return undefined
  const steps = [0n]
  const search = (low: bigint, high: bigint): boolean => {
    if (sameResult(at(low), at(high))) return true
    if (high === low + 1n) return steps.push(high) <= MAX_STEPS
    const middle = (low + high) / 2n
    return search(low, middle) && search(middle, high)
  }
  return search(0n, last) ? steps : undefined
}

/** The table of an expression over several columns; undefined if they have too many codes together. */
export function jointTable(expression: AnswerExpression, scope: Scope): JointTable | undefined {
  const known = jointTables.get(expression)
  if (known !== undefined) return known ?? undefined
  const table = tabulateJointly(expression, scope)
  jointTables.set(expression, table ?? null)
  return table
}

function tabulateJointly(expression: AnswerExpression, scope: Scope): JointTable | undefined {
  const places = placesIn(expression)
  const columns = places.map((place) => columnAt(scope, place))
  const planes = columns.reduce(
    (sum, column) => sum + planesOf(column) + (column.nullable ? 1 : 0),
    0,
  )
  if (planes > MAX_PLANES) return undefined
  const evaluate = evaluatorOf(expression, scope)
  let combinations: (readonly (bigint | undefined)[])[] = [[]]
  for (const column of columns) {
    const codes = Array.from({ length: Number(domainOf(column).size) }, (_, code) => BigInt(code))
    const all = column.nullable ? [...codes, undefined] : codes
    combinations = combinations.flatMap((codes) => all.map((code) => [...codes, code]))
  }
  const entries = combinations.map((codes): Entry => {
    const texts = new Map(
      codes.map((code, nth) => [
        places[nth]!,
        code === undefined ? null : textOfCode(columns[nth]!, code),
      ]),
    )
    return { codes, result: evaluate(texts) }
  })
  return { kind: 'joint', columns, entries }
}

/** All results of a table that are not NULL. */
export function resultsOf(table: Table): readonly Value[] {
  const results =
    table.kind === 'column'
      ? [...table.pieces.map(({ result }) => result), table.whenNull]
      : table.entries.map(({ result }) => result)
  return results.filter((result) => result !== null)
}

/** The codes whose result passes. */
export function codesOfTable(
  { column, pieces }: ColumnTable,
  passes: (result: Value | null) => boolean,
): CodeSet {
  const { size } = domainOf(column)
  const set: [bigint, bigint][] = []
  for (const [nth, { from, result }] of pieces.entries()) {
    if (!passes(result)) continue
    const end = (pieces[nth + 1]?.from ?? size) - 1n
    const last = set.at(-1)
    if (last !== undefined && last[1] === from - 1n) last[1] = end
    else set.push([from, end])
  }
  return set
}
