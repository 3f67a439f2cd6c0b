/**
 * An expression of SELECT or ORDER BY with its type, and how literals without a type get one.
 */
import { expressionType } from './answer-expression.ts'
import type { AnswerExpression, AnswerFunction, SqlType } from './answer-spec.ts'
import { formatValue } from './answer-value.ts'
import type { Fields } from './ast.ts'
import { locate } from './context.ts'
import type { Context } from './context.ts'
import { readLiteral } from './literal.ts'

/** An expression with its type. */
export interface Scalar {
  readonly expression: AnswerExpression
  readonly type: SqlType
  /** Set for a quoted literal or a bare NULL, whose type its neighbours decide. */
  readonly untyped?: { readonly text: string | null }
  readonly location: number | undefined
}

/** What may stand at the leaves besides literals. */
export interface Leaves {
  readonly column: (reference: Fields) => Scalar
  /** Undefined if the function is no aggregate. */
  readonly aggregate: (name: string, call: Fields) => Scalar | undefined
  /** A whole expression that has a meaning of its own here, as a group key; undefined if it has none. */
  readonly whole?: (node: unknown) => Scalar | undefined
  /** A call of a window function, where they are allowed. */
  readonly window?: (call: Fields) => Scalar
  /** A call of GROUPING, where it is allowed. */
  readonly grouping?: (call: Fields) => Scalar
  /** Types of the group keys that `column` may refer to. */
  readonly keyTypes: readonly SqlType[]
}

/** Gives a quoted literal or a bare NULL a type; others stay. @throws ShareholdError SH_SQL_LITERAL */
export function settle(context: Context, scalar: Scalar, type: SqlType): Scalar {
  if (scalar.untyped === undefined) return scalar
  const { text } = scalar.untyped
  const read = locate(context, scalar.location, () =>
    text === null ? null : formatValue(readLiteral(type, text)),
  )
  return typedLiteral(type, read, scalar.location)
}

export function typedLiteral(
  type: SqlType,
  text: string | null,
  location: number | undefined,
): Scalar {
  return { expression: { kind: 'literal', type, text }, type, location }
}

/** A Scalar of an expression just made: its type, or the error that PostgreSQL would give, at `location`. */
export function typed(
  context: Context,
  leaves: Leaves,
  expression: AnswerExpression,
  location: number | undefined,
): Scalar {
  const type = locate(context, location, () => expressionType(expression, leaves.keyTypes))
  return { expression, type, location }
}

export function call(
  context: Context,
  leaves: Leaves,
  name: AnswerFunction,
  operands: readonly Scalar[],
  location: number | undefined,
): Scalar {
  const expression = {
    kind: 'call',
    function: name,
    arguments: operands.map((operand) => operand.expression),
  } as const
  return typed(context, leaves, expression, location)
}

/** Gives untyped operands the common type of the others: text if there are none. */
export function unify(
  context: Context,
  leaves: Leaves,
  operands: readonly Scalar[],
): readonly Scalar[] {
  const others = operands.filter((operand) => operand.untyped === undefined)
  if (others.length === operands.length) return operands
  const type =
    others.length === 0
      ? 'text'
      : call(context, leaves, 'coalesce', others, others[0]?.location).type
  return operands.map((operand) => settle(context, operand, type))
}
