/**
 * Comparisons of two operands: types resolved as PostgreSQL does, then decided at plan time as far as
 * constants allow. A column against a constant becomes a set of codes; two columns stay to be compared.
 */
import type { ShareholdError } from '../../shares/errors.ts'
import type { Column } from '../../shares/schema.ts'

import type { AnswerExpression, SqlType } from './answer-spec.ts'
import { castValue, commonType, compareValues, formatValue, isNumberType } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import type { Predicate } from './bound.ts'
import { codesOf, codesWhere } from './code-set.ts'
import type { Comparison, Fraction } from './code-set.ts'
import { checkDictionaries } from './column-comparison.ts'
import { domainOf } from './column-domain.ts'
import { fail, locate } from './context.ts'
import type { Context } from './context.ts'
import { parseTimestamp } from './datetime.ts'
import { readLiteral } from './literal.ts'
import { powerOfTen } from './numeric.ts'
import {
  andPredicate,
  booleanColumn,
  codesPredicate,
  columnsPredicate,
  conditionsPredicate,
  constantPredicate,
  isNullPredicate,
  isTruePredicate,
  isUnknownPredicate,
  orPredicate,
  relateOperands,
  UNKNOWN_PREDICATE,
} from './predicate.ts'
import { conditionOf, nullOf } from './row-analysis.ts'

/** A side of a comparison. */
export type Operand =
  | {
      readonly kind: 'column'
      readonly column: Column
      readonly type: SqlType
      readonly location: number | undefined
    }
  | {
      readonly kind: 'constant'
      readonly type: SqlType
      readonly value: Value | null
      /** Set for a quoted literal or a bare NULL, whose type the other side decides. */
      readonly untyped?: { readonly text: string | null }
      readonly location: number | undefined
    }
  /** Computed from columns, not boolean: its keys are the columns of the schema. */
  | {
      readonly kind: 'value'
      readonly type: SqlType
      readonly expression: AnswerExpression
      readonly location: number | undefined
    }
  | {
      readonly kind: 'condition'
      readonly type: 'boolean'
      readonly condition: Predicate
      readonly location: number | undefined
    }

type Constant = Extract<Operand, { kind: 'constant' }>

const MIRRORED: Readonly<Record<Comparison, Comparison>> = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}

/**
 * left comparison right.
 *
 * @param location of the operator
 * @throws ShareholdError SH_SQL_TYPE, SH_SQL_LITERAL, SH_SQL_UNSUPPORTED
 */
export function compare(
  context: Context,
  comparison: Comparison,
  left: Operand,
  right: Operand,
  location: number | undefined,
): Predicate {
  const [a, b] = settlePair(context, comparison, left, right, location)
  if (a.kind === 'constant' && b.kind === 'constant') return ofConstants(comparison, a, b)
  if (a.kind === 'condition' || b.kind === 'condition') {
    return relateOperands(
      comparison,
      asCondition(context, a, ''),
      asCondition(context, b, ''),
      conditionsPredicate,
    )
  }
  if (a.kind === 'value' || b.kind === 'value') {
    const { columns } = context
    const [x, y] = [expressionOf(context, a), expressionOf(context, b)]
    const expression = { kind: 'compare', operator: comparison, left: x, right: y } as const
    return locate(context, location, () => conditionOf(expression, columns))
  }
  if (a.kind === 'column' && b.kind === 'column') {
    if (a.type === 'boolean') {
      const [x, y] = [booleanColumn(a.column), booleanColumn(b.column)]
      return relateOperands(comparison, x, y, conditionsPredicate)
    }
    const [x, y] = [a.column, b.column]
    locate(context, location, () => checkDictionaries(comparison, x, y))
    return relateOperands(comparison, x, y, columnsPredicate)
  }
  if (a.kind === 'column') return ofColumn(context, comparison, a.column, b as Constant)
  return ofColumn(context, MIRRORED[comparison], (b as Operand & { kind: 'column' }).column, a)
}

/** left IS NOT DISTINCT FROM right: equal, or both NULL; never unknown. */
export function notDistinct(
  context: Context,
  left: Operand,
  right: Operand,
  location: number | undefined,
): Predicate {
  const equal = compare(context, '=', left, right, location)
  return orPredicate([
    isTruePredicate(equal),
    andPredicate([isNull(context, left), isNull(context, right)]),
  ])
}

/** operand IS NULL. */
export function isNull(context: Context, operand: Operand): Predicate {
  switch (operand.kind) {
    case 'column':
      return isNullPredicate(operand.column)
    case 'constant':
      return constantPredicate(
        operand.untyped ? operand.untyped.text === null : operand.value === null,
      )
    case 'condition':
      return isUnknownPredicate(operand.condition)
    case 'value':
      return locate(context, operand.location, () => nullOf(operand.expression, context.columns))
  }
}

/** An operand that is no condition as an expression over the row. */
function expressionOf(context: Context, operand: Operand): AnswerExpression {
  switch (operand.kind) {
    case 'column':
      return { kind: 'key', index: context.columns.indexOf(operand.column) }
    case 'constant': {
      const { type, value } = operand
      return { kind: 'literal', type, text: value === null ? null : formatValue(value) }
    }
    case 'value':
      return operand.expression
    case 'condition':
      throw new RangeError('a condition among values')
  }
}

/**
 * An operand as a condition.
 *
 * @param role where it stands, as in "argument of WHERE"
 * @throws ShareholdError SH_SQL_TYPE, SH_SQL_LITERAL
 */
export function asCondition(context: Context, operand: Operand, role: string): Predicate {
  if (operand.kind === 'condition') return operand.condition
  const settled = settleOperand(context, operand, 'boolean')
  if (settled.type !== 'boolean') {
    throw fail(
      context,
      'SH_SQL_TYPE',
      `The argument of ${role} must be boolean, not ${settled.type}.`,
      settled.location,
      'Write a comparison, as in x > 0.',
    )
  }
  if (settled.kind === 'column') return booleanColumn(settled.column)
  if (settled.kind === 'condition') return settled.condition
  if (settled.kind === 'value') throw new RangeError('a boolean value is a condition')
  return constantPredicate(settled.value === null ? null : settled.value.value === 't')
}

/** Gives a quoted literal or a bare NULL the type; everything else stays. @throws ShareholdError SH_SQL_LITERAL */
export function settleOperand(context: Context, operand: Operand, type: SqlType): Operand {
  if (operand.kind !== 'constant' || operand.untyped === undefined) return operand
  const { text } = operand.untyped
  const value = locate(context, operand.location, () =>
    text === null ? null : readLiteral(type, text),
  )
  return { kind: 'constant', type, value, location: operand.location }
}

/** The type that all operands of IN are brought to; undefined if there is none, or all are untyped. */
export function typeOfList(operands: readonly Operand[]): SqlType | undefined {
  const types = operands
    .filter((operand) => operand.kind !== 'constant' || operand.untyped === undefined)
    .map((operand) => operand.type)
  if (!types.every((type) => sameFamily(type, types[0]!))) return undefined
  return types.length === 0 ? undefined : types.reduce((type, other) => commonType(type, other))
}

export function noOperator(
  context: Context,
  operator: string,
  left: SqlType,
  right: SqlType,
  location: number | undefined,
): ShareholdError {
  return fail(
    context,
    'SH_SQL_TYPE',
    `Operator does not exist: ${left} ${operator} ${right}.`,
    location,
    left === 'text' || right === 'text'
      ? 'Text is compared with text: put the value into single quotes.'
      : 'Compare values of the same type.',
  )
}

/** Both sides with types that PostgreSQL has an operator for. */
function settlePair(
  context: Context,
  comparison: Comparison,
  left: Operand,
  right: Operand,
  location: number | undefined,
): readonly [Operand, Operand] {
  const isUntyped = (operand: Operand): boolean =>
    operand.kind === 'constant' && operand.untyped !== undefined
  const bothUntyped = isUntyped(left) && isUntyped(right)
  const a = settleOperand(context, left, bothUntyped ? 'text' : right.type)
  const b = settleOperand(context, right, bothUntyped ? 'text' : left.type)
  if (!sameFamily(a.type, b.type)) throw noOperator(context, comparison, a.type, b.type, location)
  for (const operand of [a, b]) {
    if (operand.type === 'double' && [a, b].some(({ kind }) => kind === 'column')) {
      throw fail(
        context,
        'SH_SQL_UNSUPPORTED',
        'Columns cannot be compared with double precision values.',
        operand.location,
        'Cast the value to numeric.',
      )
    }
  }
  return [a, b]
}

function sameFamily(a: SqlType, b: SqlType): boolean {
  const isDay = (type: SqlType): boolean => type === 'date' || type === 'timestamp'
  return a === b || (isNumberType(a) && isNumberType(b)) || (isDay(a) && isDay(b))
}

function ofConstants(comparison: Comparison, left: Constant, right: Constant): Predicate {
  if (left.value === null || right.value === null) return UNKNOWN_PREDICATE
  const type = commonType(left.type, right.type)
  const order = compareValues(castValue(left.value, type), castValue(right.value, type))
  return constantPredicate(holds(comparison, order))
}

function ofColumn(
  context: Context,
  comparison: Comparison,
  column: Column,
  { value, location }: Constant,
): Predicate {
  if (value === null) return UNKNOWN_PREDICATE
  if (column.type === 'text') {
    const members = column.dictionary.map((word) =>
      holds(comparison, compareValues({ type: 'text', value: word }, value)),
    )
    return codesPredicate(column, codesOf(members))
  }
  const fraction = locate(context, location, () => fractionOf(value))
  return codesPredicate(column, codesWhere(domainOf(column), comparison, fraction))
}

/** A constant in the unit of its family's columns (column-domain.ts). */
function fractionOf(value: Value): Fraction {
  switch (value.type) {
    case 'integer':
    case 'bigint':
      return { numerator: value.value, denominator: 1n }
    case 'numeric':
      return { numerator: value.value.digits, denominator: powerOfTen(value.value.scale) }
    case 'boolean':
      return { numerator: value.value === 't' ? 1n : 0n, denominator: 1n }
    case 'date':
    case 'timestamp':
      return { numerator: parseTimestamp(value.value), denominator: 1n }
    case 'double':
    case 'text':
      throw new TypeError(`A constant of type ${value.type} has no unit.`)
  }
}

function holds(comparison: Comparison, order: number): boolean {
  switch (comparison) {
    case '=':
      return order === 0
    case '<>':
      return order !== 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
  }
}
