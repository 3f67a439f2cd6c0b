import { ShareholdError } from '../../shares/errors.ts'
/**
 * Expressions that a derived column holds already: where a query writes one of them, the column is read, and nothing
 * computed. That the values are equal, type and scale included, is what the declaration and the import's checks say;
 * where a declaration rounds, or casts, its expression is not the column.
 */
import type { Column, Schema } from '../../shares/schema.ts'

import type { AnswerExpression, SqlType } from './answer-spec.ts'
import { mapOperands } from './answer-tree.ts'
import { sqlTypeOf } from './column-domain.ts'
import type { Context } from './context.ts'
import { bindDeclared } from './derived.ts'

/** An expression whose keys are the context's columns, and what reads the column that holds it. */
interface Stored {
  readonly expression: AnswerExpression
  readonly reading: AnswerExpression
}

const storedIn = new WeakMap<Context['columns'], readonly Stored[]>()

/** The expression, reading derived columns instead of computing them anew: the largest parts that they hold. */
export function readDerived(context: Context, expression: AnswerExpression): AnswerExpression {
  let stored = storedIn.get(context.columns)
  if (stored === undefined) storedIn.set(context.columns, (stored = storedExpressions(context)))
  return stored.length === 0 ? expression : replaced(expression, stored)
}

function replaced(expression: AnswerExpression, stored: readonly Stored[]): AnswerExpression {
  const found = stored.find((one) => isSame(one.expression, expression))
  if (found !== undefined) return found.reading
  return mapOperands(expression, (operand) => replaced(operand, stored))
}

function storedExpressions({ tables, columns }: Context): readonly Stored[] {
  return tables.flatMap(({ schema, columns: own, isThere }) =>
    // Of a row that is not there the column is NULL, whatever the expression makes of NULLs.
    isThere !== undefined
      ? []
      : own.flatMap((column) => {
          const declared = expressionOf(schema, column)
          if (declared === undefined) return []
          const { expression, sources, to } = declared
          const places = sources.map((source) => columns.indexOf(source))
          const key: AnswerExpression = { kind: 'key', index: columns.indexOf(column) }
          const reading: AnswerExpression =
            to === undefined ? key : { kind: 'cast', to, operand: key }
          return [{ expression: renumbered(expression, places), reading }]
        }),
  )
}

interface Held {
  readonly expression: AnswerExpression
  readonly sources: readonly Column[]
  /** Its type, if that is another one than the column's, wider and as exact: EXTRACT is numeric, its column an integer. */
  readonly to: 'bigint' | 'numeric' | undefined
}

/** The declared expression, if the column holds just its values. */
function expressionOf(schema: Schema, column: Column): Held | undefined {
  if (column.derived === undefined) return undefined
  try {
    const { scalar, sources } = bindDeclared(schema, column, column.derived)
    const { expression, type } = scalar
    const own = sqlTypeOf(column)
    const to = type !== own && isWider(type, own) ? type : undefined
    if (type !== own && to === undefined) return undefined
    // Numbers keep the digits that they have been written with.
    const scale = column.type === 'decimal' ? column.scale : 0
    if (type === 'numeric' && scaleOf(expression, sources) !== scale) return undefined
    return { expression, sources, to }
  } catch (error) {
    // What is misdeclared is refused elsewhere, where it is signed (SH_SCHEMA_DERIVED).
    if (error instanceof ShareholdError) return undefined
    throw error
  }
}

function isWider(type: SqlType, than: SqlType): type is 'bigint' | 'numeric' {
  if (type === 'numeric') return than === 'integer' || than === 'bigint'
  return type === 'bigint' && than === 'integer'
}

/** Parts of a time that are whole numbers. */
const WHOLE_UNITS: ReadonlySet<string> = new Set(
  'century day decade dow doy hour isodow isoyear millennium minute month quarter week year'.split(
    ' ',
  ),
)

/** Digits after the point that every value of a number has; undefined if that cannot be told by its form. */
function scaleOf(expression: AnswerExpression, columns: readonly Column[]): number | undefined {
  const of = (operand: AnswerExpression): number | undefined => scaleOf(operand, columns)
  switch (expression.kind) {
    case 'key': {
      const column = columns[expression.index]!
      return column.type === 'decimal' ? column.scale : column.type === 'integer' ? 0 : undefined
    }
    case 'negate':
      return of(expression.operand)
    case 'binary': {
      const [left, right] = [of(expression.left), of(expression.right)]
      if (left === undefined || right === undefined) return undefined
      if (expression.operator === '*') return left + right
      return expression.operator === '+' || expression.operator === '-'
        ? Math.max(left, right)
        : undefined
    }
    case 'literal':
      return /^-?\d+$/u.test(expression.text ?? '')
        ? 0
        : /^-?\d*\.(?<digits>\d+)$/u.exec(expression.text ?? '')?.groups?.['digits']?.length
    case 'call': {
      const [first, second] = expression.arguments
      const literal = (one: AnswerExpression | undefined): string =>
        one?.kind === 'literal' ? (one.text ?? '') : ''
      const name: string = expression.function
      switch (name) {
        case 'floor':
        case 'ceil':
          return 0
        case 'extract':
          return WHOLE_UNITS.has(literal(first).toLowerCase()) ? 0 : undefined
        case 'round':
          return /^\d+$/u.test(literal(second)) ? Number(literal(second)) : undefined
        default:
          return undefined
      }
    }
    case 'aggregate':
    case 'window':
    case 'and':
    case 'case':
    case 'cast':
    case 'compare':
    case 'is':
    case 'not':
    case 'or':
      return undefined
  }
}

function renumbered(expression: AnswerExpression, places: readonly number[]): AnswerExpression {
  return expression.kind === 'key'
    ? { kind: 'key', index: places[expression.index]! }
    : mapOperands(expression, (operand) => renumbered(operand, places))
}

function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null) {
    return one === other
  }
  const [a, b] = [Object.entries(one), Object.entries(other)]
  return (
    a.length === b.length &&
    a.every(([name, part]) => isSame(part, (other as Record<string, unknown>)[name]))
  )
}
