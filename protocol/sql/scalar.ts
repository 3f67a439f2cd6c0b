import { evaluateExpression } from './answer-expression.ts'
import { isScalarFunction, literalTypes } from './answer-function.ts'
import type { AnswerExpression, AnswerFunction, ScalarFunction } from './answer-spec.ts'
import { operandsOf } from './answer-tree.ts'
import { castExists, castValue, formatValue, isNumberType } from './answer-value.ts'
import type { Value } from './answer-value.ts'
/**
 * Expressions over literals, and, where the place allows, over group keys and aggregates: SELECT and
 * ORDER BY (bind-output.ts), and constant expressions in WHERE and LIMIT, which are evaluated here. Types
 * are PostgreSQL's: what has no operator there has none here.
 */
import { listOf, locationOf, namesOf, numberOf, open, textOf, openAs } from './ast.ts'
import type { Fields } from './ast.ts'
import { typeOfName } from './casts.ts'
import type { CastTarget } from './casts.ts'
import { fail, locate } from './context.ts'
import type { Context } from './context.ts'
import { formatDate, MICROSECONDS_PER_DAY, parseTimestamp } from './datetime.ts'
import { constantInterval, moveTimestamp } from './interval.ts'
import { readNumber } from './literal.ts'
import { entryOf } from './names.ts'
import { bindConditional } from './scalar-condition.ts'
import { call, settle, typed, typedLiteral, unify } from './typed-scalar.ts'
import type { Leaves, Scalar } from './typed-scalar.ts'
import { unsupportedExpression } from './unsupported.ts'

type BinaryOperator = Extract<AnswerExpression, { kind: 'binary' }>['operator']

const BINARY_OPERATORS: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%'])
const FUNCTIONS: Readonly<Record<string, AnswerFunction>> = {
  lower: 'lower',
  upper: 'upper',
  initcap: 'initcap',
  length: 'length',
  char_length: 'length',
  character_length: 'length',
  substr: 'substring',
  substring: 'substring',
  left: 'left',
  right: 'right',
  btrim: 'btrim',
  ltrim: 'ltrim',
  rtrim: 'rtrim',
  replace: 'replace',
  strpos: 'strpos',
  position: 'strpos',
  starts_with: 'starts_with',
  split_part: 'split_part',
  reverse: 'reverse',
  extract: 'extract',
  date_part: 'date_part',
  date_trunc: 'date_trunc',
  trunc: 'trunc',
  sign: 'sign',
  div: 'div',
  width_bucket: 'width_bucket',
  round: 'round',
  abs: 'abs',
  floor: 'floor',
  ceil: 'ceil',
  ceiling: 'ceil',
  sqrt: 'sqrt',
}

/**
 * Binds an expression.
 *
 * @throws ShareholdError SH_SQL_TYPE, SH_SQL_LITERAL, SH_SQL_UNSUPPORTED and what the leaves throw
 */
export function bindScalar(context: Context, leaves: Leaves, node: unknown): Scalar {
  const { kind, fields } = open(node)
  const location = locationOf(fields)
  const bind = (operand: unknown): Scalar => bindScalar(context, leaves, operand)
  const whole = leaves.whole?.(node)
  if (whole !== undefined) return whole
  const conditional = bindConditional(context, leaves, node, bind)
  if (conditional !== undefined) return conditional
  switch (kind) {
    case 'A_Const':
      return literal(context, fields)
    case 'ColumnRef':
      return leaves.column(fields)
    case 'TypeCast':
      return bindCast(context, leaves, fields)
    case 'A_Expr':
      return bindOperator(context, leaves, fields)
    case 'CoalesceExpr': {
      const operands = listOf(fields, 'args').map((item) => bindScalar(context, leaves, item))
      return call(context, leaves, 'coalesce', unify(context, leaves, operands), location)
    }
    case 'FuncCall': {
      if (fields['over'] !== undefined && leaves.window !== undefined) return leaves.window(fields)
      const names = namesOf(fields, 'funcname')
      const name = names.at(-1) ?? ''
      const aggregate = names.length === 1 ? leaves.aggregate(name, fields) : undefined
      if (aggregate !== undefined) return aggregate
      // EXTRACT(… FROM …), TRIM, SUBSTRING(… FROM …) and POSITION are pg_catalog's to the parser.
      const isPlain = names.length === 1 || textOf(fields, 'funcformat') === 'COERCE_SQL_SYNTAX'
      const modulo = isPlain && name === 'mod' && listOf(fields, 'args').length === 2
      const known = isPlain ? entryOf(FUNCTIONS, name) : undefined
      if ((known === undefined && !modulo) || isModified(fields)) {
        throw unsupportedExpression(context, node)
      }
      if (known !== undefined) return bindCall(context, leaves, known, fields)
      const [left, right] = listOf(fields, 'args').map(bind) as [Scalar, Scalar]
      return bindBinary(context, leaves, '%', left, right, location)
    }
    case 'GroupingFunc':
      if (leaves.grouping !== undefined) return leaves.grouping(fields)
      throw unsupportedExpression(context, node)
    default:
      throw unsupportedExpression(context, node)
  }
}

/** The value of an expression without columns and aggregates. @throws ShareholdError SH_SQL_CONSTANT */
export function constantValue(context: Context, scalar: Scalar): Value | null {
  return locate(context, scalar.location, () =>
    evaluateExpression(scalar.expression, {
      keyTypes: [],
      keys: [],
      aggregate: () => {
        throw new TypeError('A constant holds no aggregate.')
      },
    }),
  )
}

function literal(context: Context, fields: Fields): Scalar {
  const location = locationOf(fields)
  const number = openNumber(fields)
  if (number !== undefined) {
    const value = locate(context, location, () => readNumber(number))
    return typedLiteral(value.type, formatValue(value), location)
  }
  if (fields['boolval'] !== undefined) {
    const value = (fields['boolval'] as Fields)['boolval'] === true
    return typedLiteral('boolean', value ? 't' : 'f', location)
  }
  if (fields['sval'] === undefined && fields['isnull'] !== true) {
    throw unsupportedExpression(context, { A_Const: fields })
  }
  const text = fields['isnull'] === true ? null : textOf(fields['sval'] as Fields, 'sval')
  return { ...typedLiteral('text', text, location), untyped: { text } }
}

/** The number that an A_Const holds, as text. */
function openNumber(fields: Fields): string | undefined {
  if (fields['ival'] !== undefined) return String(numberOf(fields['ival'] as Fields, 'ival'))
  if (fields['fval'] !== undefined) return textOf(fields['fval'] as Fields, 'fval')
  return undefined
}

function bindCast(context: Context, leaves: Leaves, fields: Fields): Scalar {
  const operand = bindScalar(context, leaves, fields['arg'])
  const location = locationOf(fields) ?? operand.location
  const target = typeOfName(context, fields)
  const settled = settle(context, operand, target.type)
  return cast(context, leaves, { ...settled, location }, target)
}

function cast(context: Context, leaves: Leaves, operand: Scalar, target: CastTarget): Scalar {
  const { location } = operand
  const { type, precision, scale } = target
  if (type === operand.type && precision === undefined) return operand
  switch (type) {
    case 'integer':
    case 'bigint':
    case 'numeric': {
      const modifier = precision === undefined ? {} : { precision, scale: scale ?? 0 }
      const expression = {
        kind: 'cast',
        to: type,
        ...modifier,
        operand: operand.expression,
      } as const
      return typed(context, leaves, expression, location)
    }
    case 'text':
    case 'date':
    case 'timestamp':
      if (operand.expression.kind !== 'literal' && castExists(operand.type, type)) {
        const expression = { kind: 'cast', to: type, operand: operand.expression } as const
        return typed(context, leaves, expression, location)
      }
      return castLiteral(context, operand, type)
    case 'boolean':
      return castLiteral(context, operand, type)
  }
}

/** Casts to types that answers cannot compute with are done on literals at plan time. */
function castLiteral(context: Context, operand: Scalar, type: CastTarget['type']): Scalar {
  const { expression, location } = operand
  if (expression.kind === 'literal') {
    const { text } = expression
    if (operand.type === 'timestamp' && type === 'date') {
      const day = text === null ? null : formatDate(parseTimestamp(text))
      return typedLiteral(type, day, location)
    }
    if (operand.type === 'text') {
      return settle(context, { ...operand, untyped: { text } }, type)
    }
    if (operand.type === 'date' && type === 'timestamp') {
      const value = text === null ? null : castValue({ type: 'date', value: text }, type)
      return typedLiteral(type, value === null ? null : formatValue(value), location)
    }
  }
  throw fail(
    context,
    'SH_SQL_UNSUPPORTED',
    `Casts from ${operand.type} to ${type} are not supported.`,
    location,
    'Results may be cast to integer, bigint and numeric.',
  )
}

function bindOperator(context: Context, leaves: Leaves, fields: Fields): Scalar {
  const kind = textOf(fields, 'kind')
  const location = locationOf(fields)
  if (kind === 'AEXPR_NULLIF') {
    const operands = [fields['lexpr'], fields['rexpr']].map((item) =>
      bindScalar(context, leaves, item),
    )
    return call(context, leaves, 'nullif', unify(context, leaves, operands), location)
  }
  const names = namesOf(fields, 'name')
  const operator = names[0] ?? ''
  const isJoin = operator === '||' && fields['lexpr'] !== undefined
  const isKnown = BINARY_OPERATORS.has(operator) || isJoin
  if (kind !== 'AEXPR_OP' || names.length !== 1 || !isKnown) {
    throw unsupportedExpression(context, { A_Expr: fields })
  }
  if (isJoin) {
    const nodes = [fields['lexpr'], fields['rexpr']]
    return callByType(context, leaves, 'join', nodes, location)
  }
  const moved = intervalArithmetic(context, leaves, operator, fields)
  if (moved !== undefined) return moved
  const right = bindScalar(context, leaves, fields['rexpr'])
  if (fields['lexpr'] === undefined) {
    if (operator !== '-' && operator !== '+')
      throw unsupportedExpression(context, { A_Expr: fields })
    return bindSign(context, leaves, operator, right, location)
  }
  const left = bindScalar(context, leaves, fields['lexpr'])
  return bindBinary(context, leaves, operator as BinaryOperator, left, right, location)
}

function bindSign(
  context: Context,
  leaves: Leaves,
  operator: '+' | '-',
  operand: Scalar,
  location: number | undefined,
): Scalar {
  if (operand.untyped !== undefined || !isNumberType(operand.type)) {
    throw fail(
      context,
      'SH_SQL_TYPE',
      `Operator ${operator} does not exist for ${operand.untyped ? 'a literal without a type' : operand.type}.`,
      location,
      'Write a number, without quotes.',
    )
  }
  if (operator === '+') return { ...operand, location }
  return typed(context, leaves, { kind: 'negate', operand: operand.expression }, location)
}

function bindBinary(
  context: Context,
  leaves: Leaves,
  operator: BinaryOperator,
  left: Scalar,
  right: Scalar,
  location: number | undefined,
): Scalar {
  const day = dayArithmetic(context, operator, left, right, location)
  if (day !== undefined) return day
  const first = [left, right].find((operand) => operand.untyped === undefined)
  if (first === undefined) {
    throw fail(
      context,
      'SH_SQL_TYPE',
      `Operator ${operator} needs an operand with a type.`,
      location,
      'Write numbers without quotes.',
    )
  }
  return typed(
    context,
    leaves,
    {
      kind: 'binary',
      operator,
      left: settle(context, left, first.type).expression,
      right: settle(context, right, first.type).expression,
    },
    location,
  )
}

/** A constant date or timestamp, plus or minus a constant interval: a timestamp. */
function intervalArithmetic(
  context: Context,
  leaves: Leaves,
  operator: string,
  fields: Fields,
): Scalar | undefined {
  const location = locationOf(fields)
  const { lexpr: left, rexpr: right } = fields
  if (left === undefined || (operator !== '+' && operator !== '-')) return undefined
  const onRight = constantInterval(context, right)
  const onLeft = operator === '+' ? constantInterval(context, left) : undefined
  const interval = onRight ?? onLeft
  if (interval === undefined || (onRight !== undefined && onLeft !== undefined)) return undefined
  const start = bindScalar(context, leaves, onRight === undefined ? right : left)
  const { expression, type } = start
  if ((type !== 'date' && type !== 'timestamp') || expression.kind !== 'literal') {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'Intervals are added to constant dates and timestamps only.',
      location,
      "Move the interval to the constant: day < DATE '2024-03-01' - INTERVAL '7 days'.",
    )
  }
  const { text } = expression
  const sign = operator === '+' ? 1n : -1n
  const moved =
    text === null ? null : locate(context, location, () => moveTimestamp(text, interval, sign))
  return typedLiteral('timestamp', moved, location)
}

/** Without keys and aggregates. */
function isConstant(expression: AnswerExpression): boolean {
  if (expression.kind === 'key' || expression.kind === 'aggregate') return false
  return operandsOf(expression).every(isConstant)
}

/** date + integer, integer + date, date - integer, date - date, on literals. */
function dayArithmetic(
  context: Context,
  operator: BinaryOperator,
  left: Scalar,
  right: Scalar,
  location: number | undefined,
): Scalar | undefined {
  const day = (scalar: Scalar): bigint | null | undefined =>
    scalar.type !== 'date' || scalar.expression.kind !== 'literal'
      ? undefined
      : scalar.expression.text === null
        ? null
        : parseTimestamp(scalar.expression.text)
  const days = (scalar: Scalar): bigint | null | undefined => {
    if (scalar.type !== 'integer' || !isConstant(scalar.expression)) return undefined
    const value = constantValue(context, scalar)
    return value === null ? null : value.type === 'integer' ? value.value : undefined
  }
  const [leftDay, rightDay] = [day(left), day(right)]
  if (leftDay === undefined && rightDay === undefined) return undefined
  if (operator === '-' && leftDay !== undefined && rightDay !== undefined) {
    if (leftDay === null || rightDay === null) return typedLiteral('integer', null, location)
    return typedLiteral('integer', String((leftDay - rightDay) / MICROSECONDS_PER_DAY), location)
  }
  if (operator !== '+' && operator !== '-') return undefined
  const [start, shift] = leftDay === undefined ? [rightDay, days(left)] : [leftDay, days(right)]
  if (start === undefined || shift === undefined) return undefined
  if (leftDay === undefined && operator === '-') return undefined
  if (start === null || shift === null) return typedLiteral('date', null, location)
  const moved = start + (operator === '+' ? shift : -shift) * MICROSECONDS_PER_DAY
  const text = formatDate(moved)
  // A year that cannot be written in ISO form is out of range.
  locate(context, location, () => parseTimestamp(text))
  return typedLiteral('date', text, location)
}

function bindCall(context: Context, leaves: Leaves, name: AnswerFunction, fields: Fields): Scalar {
  const location = locationOf(fields)
  const nodes = listOf(fields, 'args')
  const bounds = openAs(nodes[1], 'A_ArrayExpr')
  if (name === 'width_bucket' && nodes.length === 2 && bounds !== undefined) {
    const all = [nodes[0], ...listOf(bounds, 'elements')]
    return callByType(context, leaves, 'width_bucket_of', all, location)
  }
  if (isScalarFunction(name)) return callByType(context, leaves, name, nodes, location)
  const operands = nodes.map((item) => bindScalar(context, leaves, item))
  const settled = operands.map((operand, index) => {
    if (operand.untyped === undefined) return operand
    // round(x, '1'): the second argument can only be an integer; the first could be several types.
    if (index === 1) return settle(context, operand, 'integer')
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `The argument of ${name} has no type.`,
      operand.location,
      'Write a number without quotes.',
    )
  })
  return call(context, leaves, name, settled, location)
}

/** A function whose literals take the types of its signature. */
function callByType(
  context: Context,
  leaves: Leaves,
  name: ScalarFunction,
  nodes: readonly unknown[],
  location: number | undefined,
): Scalar {
  const types = literalTypes(name, nodes.length)
  const operands = nodes.map((node, nth) =>
    settle(context, bindScalar(context, leaves, node), types[nth]!),
  )
  return call(context, leaves, name, operands, location ?? operands[0]?.location)
}

function isModified(fields: Fields): boolean {
  return (
    ['agg_star', 'agg_distinct', 'func_variadic', 'agg_within_group'].some(
      (name) => fields[name] === true,
    ) || ['over', 'agg_filter', 'agg_order'].some((name) => fields[name] !== undefined)
  )
}
