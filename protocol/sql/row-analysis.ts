/**
 * What an expression over a row is made of: as a condition, a Predicate; where it is NULL, a Predicate too; as a
 * number or text, how it is computed and what it can be. All of it is public and decided when a query is
 * planned. An expression is computed as it is written, operator by operator, or looked up in a table
 * (row-table.ts): what has no circuit must be small enough for a table.
 */
import { ShareholdError } from '../../shares/errors.ts'
import type { Column } from '../../shares/schema.ts'

import { expressionType } from './answer-expression.ts'
import type { AnswerExpression, SqlType } from './answer-spec.ts'
import { operandsOf } from './answer-tree.ts'
import { isNumberType } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import type { Predicate } from './bound.ts'
import { checkDictionaries } from './column-comparison.ts'
import { MICROSECONDS_PER_DAY } from './datetime.ts'
import {
  andPredicate,
  booleanColumn,
  columnsPredicate,
  codesPredicate,
  conditionsPredicate,
  constantPredicate,
  FALSE_PREDICATE,
  isNullPredicate,
  isTruePredicate,
  isUnknownPredicate,
  notPredicate,
  orPredicate,
  relateOperands,
  TRUE_PREDICATE,
  UNKNOWN_PREDICATE,
} from './predicate.ts'
import { asCase } from './row-desugar.ts'
import type { CaseExpression } from './row-desugar.ts'
import {
  atScale,
  checkPlanes,
  checkType,
  negated,
  product,
  shapeOfColumn,
  shapeOfResults,
  sum,
  union,
} from './row-shape.ts'
import type { NumbersShape, Shape } from './row-shape.ts'
import { codesOfTable, columnTable, constantOf, jointTable, resultsOf } from './row-table.ts'
import type { ColumnTable, Table } from './row-table.ts'
import { textOfRow } from './row-text.ts'
import { columnAt, placesIn, typesOf } from './row-value.ts'
import type { RowValue, Scope } from './row-value.ts'

/** Most pieces of a column's codes that are looked up where there is a circuit too. */
const MAX_SMALL_TABLE = 64

/** How a value is computed, and what it can be. */
export type Analysis = { readonly shape: Shape } & (
  | { readonly by: 'constant'; readonly value: Value | null }
  | { readonly by: 'column'; readonly column: Column }
  | { readonly by: 'table'; readonly table: Table }
  /** Of arithmetic and casts: from its operands. */
  | { readonly by: 'operands' }
  | { readonly by: 'case'; readonly expression: CaseExpression }
  /** A condition: false is 0, true is 1. */
  | { readonly by: 'condition'; readonly condition: Predicate }
)

const analyses = new WeakMap<AnswerExpression, Analysis>()
const conditions = new WeakMap<AnswerExpression, Predicate>()
const nulls = new WeakMap<AnswerExpression, Predicate>()

/** The analysis of a value, a stored column's too. */
export function analysisOf(value: RowValue): Analysis {
  return value.kind === 'column'
    ? { by: 'column', column: value.column, shape: shapeOfColumn(value.column) }
    : analyse(value.expression, value.scope)
}

/** Where a value is NULL: a condition that is never unknown. */
export function nullOfValue(value: RowValue): Predicate {
  return value.kind === 'column'
    ? isNullPredicate(value.column)
    : nullOf(value.expression, value.scope)
}

/**
 * How an expression is computed. Arithmetic that needs no circuit comes first, then a small table, a circuit, a table.
 *
 * @throws ShareholdError SH_PLAN_VALUE if PostgreSQL could fail on a row, SH_PLAN_OVERFLOW, SH_SQL_UNSUPPORTED
 */
export function analyse(expression: AnswerExpression, scope: Scope): Analysis {
  let analysis = analyses.get(expression)
  if (analysis === undefined) {
    analysis = findAnalysis(expression, scope)
    analyses.set(expression, analysis)
  }
  return analysis
}

function findAnalysis(expression: AnswerExpression, scope: Scope): Analysis {
  const places = placesIn(expression)
  if (places.length === 0) {
    const value = constantOf(expression, scope)
    return { by: 'constant', value, shape: shapeOfResults(value === null ? [] : [value]) }
  }
  if (expression.kind === 'key') {
    const column = columnAt(scope, expression.index)
    return { by: 'column', column, shape: shapeOfColumn(column) }
  }
  const circuit = attempt(() => circuitOf(expression, scope))
  if (circuit.found?.by === 'operands' && isLinear(expression)) return circuit.found
  const table = attempt(() => columnTable(expression, scope))
  const small = table.found !== undefined && table.found.pieces.length <= MAX_SMALL_TABLE
  if (small) return lookup(table.found)
  if (circuit.found !== undefined) return circuit.found
  const found = table.found ?? jointTable(expression, scope)
  if (found !== undefined) return lookup(found)
  throw circuit.error ?? table.error ?? tooWide(expression, scope)
}

interface Attempt<T> {
  readonly found?: T
  readonly error?: ShareholdError
}

function attempt<T>(find: () => T | undefined): Attempt<T> {
  try {
    const found = find()
    return found === undefined ? {} : { found }
  } catch (error) {
    if (error instanceof ShareholdError) return { error }
    throw error
  }
}

function lookup(table: Table): Analysis {
  return { by: 'table', table, shape: shapeOfResults(resultsOf(table)) }
}

/** Additions, and products with constants: they take no gate before somebody asks for planes. */
function isLinear(expression: AnswerExpression): boolean {
  if (expression.kind !== 'binary' || expression.operator !== '*') return true
  return [expression.left, expression.right].some((side) => placesIn(side).length === 0)
}

/** The way without a table; undefined if there is none. */
function circuitOf(expression: AnswerExpression, scope: Scope): Analysis | undefined {
  const type = typeOf(expression, scope)
  if (type === 'boolean') {
    const condition = conditionOf(expression, scope)
    return { by: 'condition', condition, shape: truth() }
  }
  if (type === 'double') return undefined
  const text = (): string => textOfRow(expression, scope)
  const chosen = asCase(expression)
  if (chosen !== undefined) {
    const shape = clamped(expression, scope, shapeOfCase(chosen, scope))
    if (shape.kind === 'numbers') checkPlanes(shape, text)
    return { by: 'case', expression: chosen, shape }
  }
  const shape = shapeOfArithmetic(expression, scope, type)
  if (shape === undefined) return undefined
  if (shape.kind === 'numbers') {
    checkType(type, shape, text)
    if (!isLinear(expression)) checkPlanes(shape, text)
  }
  return { by: 'operands', shape }
}

const truth = (): Shape => ({ kind: 'numbers', least: 0n, most: 1n, scale: 0 })

function shapeOfCase(expression: CaseExpression, scope: Scope): Shape {
  return branchesOf(expression, scope)
    .map(({ result }) => analyse(result, scope).shape)
    .reduce(union, { kind: 'none' })
}

/** |x| is not negative, which CASE does not tell. */
function clamped(expression: AnswerExpression, scope: Scope, shape: Shape): Shape {
  if (expression.kind !== 'call' || expression.function !== 'abs') return shape
  const operand = analyse(expression.arguments[0]!, scope).shape
  if (shape.kind !== 'numbers' || operand.kind !== 'numbers') return shape
  const opposite = negated(operand)
  const most = operand.most > opposite.most ? operand.most : opposite.most
  const crosses = operand.least <= 0n && operand.most >= 0n
  const nearest = operand.least > 0n ? operand.least : opposite.least
  return { ...shape, least: crosses ? 0n : nearest, most }
}

function shapeOfArithmetic(
  expression: AnswerExpression,
  scope: Scope,
  type: SqlType,
): Shape | undefined {
  const shapes = (operands: readonly AnswerExpression[]): NumbersShape[] | 'none' | undefined => {
    const found = operands.map((operand) => analyse(operand, scope).shape)
    if (found.some(({ kind }) => kind === 'none')) return 'none'
    const numbers = found.filter((shape) => shape.kind === 'numbers')
    return numbers.length === operands.length ? numbers : undefined
  }
  if (!isNumberType(type)) return undefined
  const operandTypes = operandsOf(expression).map((operand) => typeOf(operand, scope))
  if (operandTypes.includes('date')) return shapeOfDays(expression, scope)
  if (operandTypes.some((operand) => !isNumberType(operand) && operand !== 'boolean')) {
    return undefined
  }
  const operands = shapes(operandsOf(expression))
  if (operands === undefined) return undefined
  if (operands === 'none') return { kind: 'none' }
  const [a, b] = operands
  if (a === undefined) return undefined
  switch (expression.kind) {
    case 'negate':
      return negated(a)
    case 'binary':
      if (b === undefined) return undefined
      if (expression.operator === '+') return sum(a, b)
      if (expression.operator === '-') return sum(a, negated(b))
      return expression.operator === '*' ? product(a, b) : undefined
    case 'cast':
      return shapeOfCast(expression, a)
    case 'aggregate':
    case 'window':
    case 'and':
    case 'call':
    case 'case':
    case 'compare':
    case 'is':
    case 'key':
    case 'literal':
    case 'not':
    case 'or':
      return undefined
  }
}

/** date - date, in days. */
function shapeOfDays(expression: AnswerExpression, scope: Scope): Shape | undefined {
  if (!isDifferenceOfDates(expression, scope)) return undefined
  const [a, b] = operandsOf(expression).map((operand) => analyse(operand, scope).shape)
  if (a?.kind === 'none' || b?.kind === 'none') return { kind: 'none' }
  if (a?.kind !== 'numbers' || b?.kind !== 'numbers') return undefined
  const { least, most } = sum(a, negated(b))
  const [from, to] = [least / MICROSECONDS_PER_DAY, most / MICROSECONDS_PER_DAY]
  return { kind: 'numbers', least: from, most: to, scale: 0 }
}

/** Whether an expression is a number of days between two dates, whose numbers count in microseconds. */
export function isDifferenceOfDates(expression: AnswerExpression, scope: Scope): boolean {
  if (expression.kind !== 'binary' || expression.operator !== '-') return false
  return operandsOf(expression).every((operand) => typeOf(operand, scope) === 'date')
}

/** Casts that only add decimals; others round. */
function shapeOfCast(
  { to, precision, scale = 0 }: Extract<AnswerExpression, { kind: 'cast' }>,
  operand: NumbersShape,
): NumbersShape | undefined {
  if (to !== 'numeric') return operand.scale === 0 ? operand : undefined
  if (precision === undefined) return operand
  if (scale < operand.scale) return undefined
  const shape = atScale(operand, scale)
  const limit = 10n ** BigInt(precision)
  return shape.least > -limit && shape.most < limit ? shape : undefined
}

const types = new WeakMap<AnswerExpression, SqlType>()

function typeOf(expression: AnswerExpression, scope: Scope): SqlType {
  let type = types.get(expression)
  if (type === undefined) {
    type = expressionType(expression, typesOf(scope))
    types.set(expression, type)
  }
  return type
}

/** A branch of a CASE that can be taken: never unknown, and exclusive. */
export interface Branch {
  readonly taken: Predicate
  readonly result: AnswerExpression
}

interface Branches {
  readonly taken: readonly Branch[]
  /** Where none is taken: never unknown. */
  readonly none: Predicate
}

const branches = new WeakMap<CaseExpression, Branches>()

/** The branches that can be taken, ELSE among them. */
export function branchesOf(expression: CaseExpression, scope: Scope): readonly Branch[] {
  return findBranches(expression, scope).taken
}

function findBranches(expression: CaseExpression, scope: Scope): Branches {
  const known = branches.get(expression)
  if (known !== undefined) return known
  const found: Branch[] = []
  let rest: Predicate = TRUE_PREDICATE
  for (const { when, result } of expression.branches) {
    const holds = isTruePredicate(conditionOf(when, scope))
    const taken = andPredicate([rest, holds])
    if (taken !== FALSE_PREDICATE) found.push({ taken, result })
    rest = andPredicate([rest, notPredicate(holds)])
    if (rest === FALSE_PREDICATE) break
  }
  const { otherwise } = expression
  if (rest !== FALSE_PREDICATE && otherwise !== undefined) {
    found.push({ taken: rest, result: otherwise })
  }
  const result = { taken: found, none: otherwise === undefined ? rest : FALSE_PREDICATE }
  branches.set(expression, result)
  return result
}

/** A boolean expression as a condition. @throws as analyse */
export function conditionOf(expression: AnswerExpression, scope: Scope): Predicate {
  let condition = conditions.get(expression)
  if (condition === undefined) {
    condition = findCondition(expression, scope)
    conditions.set(expression, condition)
  }
  return condition
}

function findCondition(expression: AnswerExpression, scope: Scope): Predicate {
  const of = (operand: AnswerExpression): Predicate => conditionOf(operand, scope)
  if (placesIn(expression).length === 0) return truthOf(constantOf(expression, scope))
  switch (expression.kind) {
    case 'key':
      return booleanColumn(columnAt(scope, expression.index))
    case 'and':
      return andPredicate(expression.operands.map(of))
    case 'or':
      return orPredicate(expression.operands.map(of))
    case 'not':
      return notPredicate(of(expression.operand))
    case 'is': {
      const { test, operand } = expression
      if (test === 'null') return nullOf(operand, scope)
      return isTruePredicate(test === 'true' ? of(operand) : notPredicate(of(operand)))
    }
    case 'compare':
      return ofComparison(expression, scope)
    case 'aggregate':
    case 'window':
    case 'binary':
    case 'call':
    case 'case':
    case 'cast':
    case 'literal':
    case 'negate': {
      const chosen = asCase(expression)
      if (chosen !== undefined) return ofCase(chosen, scope, of)
      const table = columnTable(expression, scope) ?? jointTable(expression, scope)
      if (table === undefined) throw tooWide(expression, scope)
      return ofTable(table)
    }
  }
}

function ofCase(
  expression: CaseExpression,
  scope: Scope,
  of: (result: AnswerExpression) => Predicate,
): Predicate {
  const { taken, none } = findBranches(expression, scope)
  return orPredicate([
    ...taken.map((branch) => andPredicate([branch.taken, of(branch.result)])),
    andPredicate([none, UNKNOWN_PREDICATE]),
  ])
}

type Compare = Extract<AnswerExpression, { kind: 'compare' }>

function ofComparison(expression: Compare, scope: Scope): Predicate {
  const { operator, left, right } = expression
  if (typeOf(left, scope) === 'boolean' || typeOf(right, scope) === 'boolean') {
    const [a, b] = [conditionOf(left, scope), conditionOf(right, scope)]
    return relateOperands(operator, a, b, conditionsPredicate)
  }
  const table = attempt(() => columnTable(expression, scope))
  if (table.found !== undefined) return ofTable(table.found)
  const distributed = distribute(expression)
  if (distributed !== undefined) return conditionOf(distributed, scope)
  const values = attempt(() => ofValues(expression, scope))
  if (values.found !== undefined) return values.found
  const joint = jointTable(expression, scope)
  if (joint !== undefined) return ofTable(joint)
  throw table.error ?? values.error ?? tooWide(expression, scope)
}

/** CASE … THEN x … END < 3 is CASE … THEN x < 3 … END. */
function distribute(expression: Compare): CaseExpression | undefined {
  const { operator, left, right } = expression
  if (left.kind === 'case' && placesIn(right).length === 0) {
    return into(left, (result) => ({ kind: 'compare', operator, left: result, right }))
  }
  if (right.kind === 'case' && placesIn(left).length === 0) {
    return into(right, (result) => ({ kind: 'compare', operator, left, right: result }))
  }
  return undefined
}

function into(
  expression: CaseExpression,
  apply: (result: AnswerExpression) => AnswerExpression,
): CaseExpression {
  const { branches: all, otherwise } = expression
  return {
    kind: 'case',
    branches: all.map(({ when, result }) => ({ when, result: apply(result) })),
    ...(otherwise === undefined ? {} : { otherwise: apply(otherwise) }),
  }
}

/** Two numbers, or two texts, compared on planes. */
function ofValues({ operator, left, right }: Compare, scope: Scope): Predicate | undefined {
  if (left.kind === 'key' && right.kind === 'key') {
    const [a, b] = [columnAt(scope, left.index), columnAt(scope, right.index)]
    checkDictionaries(operator, a, b)
    return relateOperands(operator, a, b, columnsPredicate)
  }
  const shapes = [left, right].map((side) => analyse(side, scope).shape)
  if (shapes.some(({ kind }) => kind === 'none')) return UNKNOWN_PREDICATE
  if (shapes[0]!.kind !== shapes[1]!.kind || typesOfSides(left, right, scope).has('double')) {
    return undefined
  }
  const known = notPredicate(orPredicate([nullOf(left, scope), nullOf(right, scope)]))
  return relateOperands(operator, left, right, (relation, a, b) => ({
    kind: 'values',
    relation,
    left: a,
    right: b,
    scope,
    known,
  }))
}

function typesOfSides(
  left: AnswerExpression,
  right: AnswerExpression,
  scope: Scope,
): ReadonlySet<SqlType> {
  return new Set([typeOf(left, scope), typeOf(right, scope)])
}

/** Where an expression is NULL: never unknown. @throws as analyse */
export function nullOf(expression: AnswerExpression, scope: Scope): Predicate {
  let isNull = nulls.get(expression)
  if (isNull === undefined) {
    isNull = findNull(expression, scope)
    nulls.set(expression, isNull)
  }
  return isNull
}

function findNull(expression: AnswerExpression, scope: Scope): Predicate {
  if (placesIn(expression).length === 0) {
    return constantPredicate(constantOf(expression, scope) === null)
  }
  if (expression.kind === 'key') return isNullPredicate(columnAt(scope, expression.index))
  if (typeOf(expression, scope) === 'boolean') {
    return isUnknownPredicate(conditionOf(expression, scope))
  }
  const chosen = asCase(expression)
  if (chosen !== undefined) {
    const { taken, none } = findBranches(chosen, scope)
    return orPredicate([
      ...taken.map((branch) => andPredicate([branch.taken, nullOf(branch.result, scope)])),
      none,
    ])
  }
  // All operators and functions that are left are NULL exactly where an operand is.
  return orPredicate(operandsOf(expression).map((operand) => nullOf(operand, scope)))
}

/** A boolean table as a condition. */
function ofTable(table: Table): Predicate {
  return table.kind === 'joint' ? { kind: 'table', table } : ofColumnTable(table)
}

function ofColumnTable(table: ColumnTable): Predicate {
  const { column, whenNull } = table
  const where = (asked: boolean | null): Predicate => {
    const codes = codesOfTable(table, (result) => truthValue(result) === asked)
    const known = isTruePredicate(codesPredicate(column, codes))
    const orNull =
      column.nullable && truthValue(whenNull) === asked ? isNullPredicate(column) : FALSE_PREDICATE
    return orPredicate([known, orNull])
  }
  const unknownCodes = codesOfTable(table, (result) => result === null)
  if (whenNull === null && unknownCodes.length === 0) {
    // Unknown just where the column is NULL.
    return codesPredicate(
      column,
      codesOfTable(table, (result) => truthValue(result) === true),
    )
  }
  return orPredicate([where(true), andPredicate([where(null), UNKNOWN_PREDICATE])])
}

function truthValue(result: Value | null): boolean | null {
  return result === null ? null : result.value === 't'
}

function truthOf(result: Value | null): Predicate {
  return constantPredicate(truthValue(result))
}

/** What has no circuit and too many codes for a table. */
function tooWide(expression: AnswerExpression, scope: Scope): ShareholdError {
  const places = placesIn(expression)
  const column = columnAt(scope, places[0]!)
  const text = textOfRow(expression, scope)
  const type = typeOf(expression, scope)
  const declared = `{ ${declarationOf(expression, column, type)}, derived: "${text}" }`
  return new ShareholdError(
    'SH_SQL_UNSUPPORTED',
    places.length === 1
      ? `${text} cannot be computed on shares: column "${column.name}" has too many values to list.`
      : `${text} cannot be computed on shares, and its columns have too many values to list.`,
    { hint: `Have the repositories declare it as a column: ${declared}.` },
  )
}

const UNIT_RANGES: Readonly<Record<string, readonly [number, number]>> = {
  second: [0, 59],
  minute: [0, 59],
  hour: [0, 23],
  day: [1, 31],
  month: [1, 12],
  quarter: [1, 4],
  week: [1, 53],
  dow: [0, 6],
  isodow: [1, 7],
  doy: [1, 366],
}

/** How a derived column of the expression could be declared: name, type, range. */
function declarationOf(expression: AnswerExpression, column: Column, type: SqlType): string {
  const nullable = column.nullable ? ', nullable: true' : ''
  if (
    expression.kind === 'call' &&
    (expression.function === 'extract' || expression.function === 'date_part')
  ) {
    const [unit] = expression.arguments
    const name = unit?.kind === 'literal' ? (unit.text ?? '') : ''
    const [min, max] = UNIT_RANGES[name] ?? [0, 9999]
    return `name: ${column.name}_${name}, type: integer, min: ${min}, max: ${max}${nullable}`
  }
  const name = `name: ${column.name}_part`
  switch (type) {
    case 'text':
      return `${name}, type: text, dictionary: [...]${nullable}`
    case 'boolean':
      return `${name}, type: boolean${nullable}`
    case 'date':
      return `${name}, type: date, min: 2000-01-01, max: 2030-12-31${nullable}`
    case 'timestamp':
      return `${name}, type: timestamp, resolutionSeconds: 86400, min: ..., max: ...${nullable}`
    case 'integer':
    case 'bigint':
    case 'numeric':
    case 'double':
      return `${name}, type: integer, min: 0, max: 100${nullable}`
  }
}
