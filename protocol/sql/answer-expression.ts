/**
 * Expressions over aggregates, keys and literals: static types first, as PostgreSQL resolves operators
 * and functions, then values, lazily (COALESCE does not evaluate what comes after its result).
 *
 * An expression that contains a suppressed aggregate is suppressed as a whole, COALESCE included: what
 * it would show otherwise depends on that aggregate.
 */

import { aggregateType } from './answer-aggregate.ts'
import { joinedType, missing, strict } from './answer-bound.ts'
import type { Bound, RowContext } from './answer-bound.ts'
import { bindFunction, isScalarFunction } from './answer-function.ts'
import { bindCase, bindComparison, bindConnective, bindNot, bindTest } from './answer-logic.ts'
import type { AnswerExpression, SqlType } from './answer-spec.ts'
import {
  castExists,
  castValue,
  compareValues,
  isNumberType,
  noCast,
  parseValue,
} from './answer-value.ts'
import type { Value } from './answer-value.ts'
import { formatDate, MICROSECONDS_PER_DAY, parseTimestamp } from './datetime.ts'
import { doubleArithmetic, roundDouble, sqrtDouble } from './double.ts'
import { checkInteger, integerArithmetic } from './integer.ts'
import {
  absoluteNumeric,
  addNumeric,
  castNumeric,
  ceilNumeric,
  divideNumeric,
  floorNumeric,
  moduloNumeric,
  multiplyNumeric,
  negateNumeric,
  roundNumeric,
  sqrtNumeric,
  subtractNumeric,
} from './numeric.ts'
import type { Numeric } from './numeric.ts'

type BinaryOperator = (AnswerExpression & { kind: 'binary' })['operator']
type CallExpression = AnswerExpression & { kind: 'call' }
type CastExpression = AnswerExpression & { kind: 'cast' }

/**
 * PostgreSQL's type of an expression.
 *
 * @throws SH_ANSWER_TYPE if an operator, function or cast does not exist; SH_ANSWER_LITERAL, SH_ANSWER_RANGE
 *   for a literal that is none of its type.
 */
export function expressionType(
  expression: AnswerExpression,
  keyTypes: readonly SqlType[],
): SqlType {
  return bindExpression(expression, keyTypes).type
}

/**
 * The value of an expression, null for NULL.
 *
 * @throws what expressionType throws, and SH_ANSWER_RANGE, SH_ANSWER_DIVISION_BY_ZERO, SH_ANSWER_ARGUMENT
 *   where PostgreSQL fails.
 */
export function evaluateExpression(expression: AnswerExpression, row: RowContext): Value | null {
  return bindExpression(expression, row.keyTypes).evaluate(row)
}

/** An expression made ready for many rows. @throws what expressionType throws */
export function bindExpression(expression: AnswerExpression, keyTypes: readonly SqlType[]): Bound {
  switch (expression.kind) {
    case 'aggregate':
      return {
        type: aggregateType(expression),
        evaluate: (row) => row.aggregate(expression),
      }
    case 'window': {
      const { index, type } = expression
      return { type, evaluate: (row) => row.window!(index) }
    }
    case 'key': {
      const { index } = expression
      const type = keyTypes[index]
      if (type === undefined) throw new RangeError(`There is no group key ${index}.`)
      return {
        type,
        evaluate: (row) => {
          const text = row.keys[index]
          if (text === undefined) throw new RangeError(`A row has no group key ${index}.`)
          return text === null ? null : parseValue(type, text)
        },
      }
    }
    case 'literal': {
      const { type, text } = expression
      const value = text === null ? null : parseValue(type, text)
      const evaluate = (): Value | null => value
      return value === null && type === 'text'
        ? { type, untyped: true, evaluate }
        : { type, evaluate }
    }
    case 'binary':
      return bindBinary(
        expression.operator,
        bindExpression(expression.left, keyTypes),
        bindExpression(expression.right, keyTypes),
      )
    case 'negate':
      return bindNegate(bindExpression(expression.operand, keyTypes))
    case 'cast':
      return bindCast(expression, bindExpression(expression.operand, keyTypes))
    case 'compare':
      return bindComparison(
        expression.operator,
        bindExpression(expression.left, keyTypes),
        bindExpression(expression.right, keyTypes),
      )
    case 'and':
    case 'or':
      return bindConnective(
        expression.kind,
        expression.operands.map((operand) => bindExpression(operand, keyTypes)),
      )
    case 'not':
      return bindNot(bindExpression(expression.operand, keyTypes))
    case 'is':
      return bindTest(expression.test, bindExpression(expression.operand, keyTypes))
    case 'case':
      return bindCase(
        expression.branches.map(({ when, result }) => ({
          when: bindExpression(when, keyTypes),
          result: bindExpression(result, keyTypes),
        })),
        expression.otherwise && bindExpression(expression.otherwise, keyTypes),
      )
    case 'call':
      return bindCall(
        expression,
        expression.arguments.map((argument) => bindExpression(argument, keyTypes)),
      )
  }
}

function bindBinary(operator: BinaryOperator, left: Bound, right: Bound): Bound {
  const days = bindDays(operator, left, right)
  if (days !== undefined) return days
  const type = joinedType([left, right])
  if (!isNumberType(type) || (type === 'double' && operator === '%')) {
    throw missing(`Operator ${operator}`, [left, right])
  }
  return {
    type,
    evaluate: (row) => {
      const a = left.evaluate(row)
      const b = right.evaluate(row)
      return a === null || b === null
        ? null
        : arithmetic(operator, castValue(a, type), castValue(b, type))
    },
  }
}

/** date + integer, integer + date, date - integer, date - date. */
function bindDays(operator: BinaryOperator, left: Bound, right: Bound): Bound | undefined {
  const types = `${left.type} ${operator} ${right.type}`
  const both = (row: RowContext, apply: (a: Value, b: Value) => Value): Value | null => {
    const [a, b] = [left.evaluate(row), right.evaluate(row)]
    return a === null || b === null ? null : apply(a, b)
  }
  switch (types) {
    case 'date - date':
      return {
        type: 'integer',
        evaluate: (row) => both(row, (a, b) => ({ type: 'integer', value: dayOf(a) - dayOf(b) })),
      }
    case 'date + integer':
    case 'integer + date':
    case 'date - integer':
      return {
        type: 'date',
        evaluate: (row) =>
          both(row, (a, b) => {
            const sum = operator === '+' ? dayOf(a) + dayOf(b) : dayOf(a) - dayOf(b)
            return { type: 'date', value: checkedDate(sum) }
          }),
      }
    default:
      return undefined
  }
}

/** Days since 2000-01-01, or a number of days. */
function dayOf(value: Value): bigint {
  if (value.type === 'date') return parseTimestamp(value.value) / MICROSECONDS_PER_DAY
  if (value.type === 'integer') return value.value
  throw new TypeError('Days need dates and integers.')
}

/** A year that cannot be written in ISO form is out of range. */
function checkedDate(days: bigint): string {
  const text = formatDate(days * MICROSECONDS_PER_DAY)
  parseTimestamp(text)
  return text
}

/** left operator right, both of the same number type. */
function arithmetic(operator: BinaryOperator, left: Value, right: Value): Value {
  if (left.type === 'numeric' && right.type === 'numeric') {
    return { type: 'numeric', value: NUMERIC_ARITHMETIC[operator](left.value, right.value) }
  }
  if (left.type === 'double' && right.type === 'double' && operator !== '%') {
    return { type: 'double', value: doubleArithmetic(operator, left.value, right.value) }
  }
  if (
    (left.type === 'integer' && right.type === 'integer') ||
    (left.type === 'bigint' && right.type === 'bigint')
  ) {
    const value = integerArithmetic(left.type, operator, left.value, right.value)
    return { type: left.type, value }
  }
  throw new TypeError('Arithmetic needs two numbers of one type.')
}

const NUMERIC_ARITHMETIC: Readonly<
  Record<BinaryOperator, (left: Numeric, right: Numeric) => Numeric>
> = {
  '+': addNumeric,
  '-': subtractNumeric,
  '*': multiplyNumeric,
  '/': divideNumeric,
  '%': moduloNumeric,
}

function bindNegate(operand: Bound): Bound {
  if (!isNumberType(operand.type)) throw missing('Operator -', [operand])
  return strict(operand, operand.type, (value) => {
    switch (value.type) {
      case 'integer':
      case 'bigint':
        return { type: value.type, value: checkInteger(value.type, -value.value) }
      case 'numeric':
        return { type: 'numeric', value: negateNumeric(value.value) }
      case 'double':
        return { type: 'double', value: -value.value }
      case 'text':
      case 'boolean':
      case 'date':
      case 'timestamp':
        throw missing('Operator -', [operand])
    }
  })
}

function bindCast(cast: CastExpression, operand: Bound): Bound {
  const { to, precision, scale } = cast
  if (!castExists(operand.type, to)) throw noCast(operand.type, to)
  return strict(operand, to, (value) => {
    const result = castValue(value, to)
    return result.type === 'numeric' && precision !== undefined
      ? { type: 'numeric', value: castNumeric(result.value, precision, scale ?? 0) }
      : result
  })
}

function bindCall(call: CallExpression, operands: readonly Bound[]): Bound {
  const [first, second] = operands
  if (isScalarFunction(call.function)) return bindFunction(call.function, operands)
  if (call.function === 'coalesce' && first !== undefined) return bindCoalesce(operands)
  if ((call.function === 'greatest' || call.function === 'least') && first !== undefined) {
    return bindExtreme(call.function, operands)
  }
  if (call.function === 'nullif' && operands.length === 2 && first && second) {
    return bindNullif(first, second)
  }
  if (call.function === 'round' && operands.length === 2 && first && second) {
    return bindRoundToScale(first, second)
  }
  if (
    operands.length !== 1 ||
    first === undefined ||
    !isNumberType(first.type) ||
    call.function === 'coalesce' ||
    call.function === 'nullif' ||
    call.function === 'greatest' ||
    call.function === 'least'
  ) {
    throw missing(`Function ${call.function}`, operands)
  }
  const name = call.function
  // Only abs is defined for integers; for the others PostgreSQL prefers double precision to numeric.
  const type = first.type === 'numeric' || name === 'abs' ? first.type : 'double'
  return strict(first, type, (value) => ofOneNumber(name, castValue(value, type)))
}

function ofOneNumber(name: 'round' | 'abs' | 'floor' | 'ceil' | 'sqrt', value: Value): Value {
  switch (value.type) {
    case 'integer':
    case 'bigint': {
      const magnitude = value.value < 0n ? -value.value : value.value
      return { type: value.type, value: checkInteger(value.type, magnitude) }
    }
    case 'numeric':
      return { type: 'numeric', value: NUMERIC_FUNCTIONS[name](value.value) }
    case 'double':
      return { type: 'double', value: DOUBLE_FUNCTIONS[name](value.value) }
    case 'text':
    case 'boolean':
    case 'date':
    case 'timestamp':
      throw new TypeError(`${name} needs a number.`)
  }
}

const NUMERIC_FUNCTIONS = {
  round: (value: Numeric) => roundNumeric(value, 0),
  abs: absoluteNumeric,
  floor: floorNumeric,
  ceil: ceilNumeric,
  sqrt: sqrtNumeric,
} as const

const DOUBLE_FUNCTIONS = {
  round: roundDouble,
  abs: Math.abs,
  floor: Math.floor,
  ceil: Math.ceil,
  sqrt: sqrtDouble,
} as const

/** round(x, n) exists for numeric only: integers become numeric, double precision does not. */
function bindRoundToScale(operand: Bound, decimals: Bound): Bound {
  const exists =
    isNumberType(operand.type) &&
    operand.type !== 'double' &&
    (decimals.type === 'integer' || decimals.untyped === true)
  if (!exists) throw missing('Function round', [operand, decimals])
  return {
    type: 'numeric',
    evaluate: (row) => {
      const value = operand.evaluate(row)
      const scale = decimals.evaluate(row)
      if (value === null || scale === null || typeof scale.value !== 'bigint') return null
      const numeric = castValue(value, 'numeric')
      return numeric.type === 'numeric'
        ? { type: 'numeric', value: roundNumeric(numeric.value, Number(scale.value)) }
        : null
    },
  }
}

function bindCoalesce(operands: readonly Bound[]): Bound {
  const type = joinedType(operands)
  return {
    type,
    evaluate: (row) => {
      for (const operand of operands) {
        const value = operand.evaluate(row)
        if (value !== null) return castValue(value, type)
      }
      return null
    },
  }
}

/** The first operand that is not NULL and that no other exceeds: NULLs are passed over. */
function bindExtreme(name: 'greatest' | 'least', operands: readonly Bound[]): Bound {
  const type = joinedType(operands)
  return {
    type,
    evaluate: (row) => {
      let best: Value | null = null
      for (const operand of operands) {
        const value = operand.evaluate(row)
        if (value === null) continue
        const candidate = castValue(value, type)
        const order = best === null ? 0 : compareValues(candidate, best)
        if (best === null || (name === 'greatest' ? order > 0 : order < 0)) best = candidate
      }
      return best
    },
  }
}

function bindNullif(left: Bound, right: Bound): Bound {
  const joined = joinedType([left, right])
  // int4 and int8 are compared as they are, so the result keeps the left type; others are cast first.
  const type = joined === 'bigint' && left.type === 'integer' ? 'integer' : joined
  return {
    type,
    evaluate: (row) => {
      const a = left.evaluate(row)
      const b = right.evaluate(row)
      if (a === null) return null
      const equal = b !== null && compareValues(castValue(a, joined), castValue(b, joined)) === 0
      return equal ? null : castValue(a, type)
    },
  }
}
