/** Expressions over one column that only rise, or only fall, with its codes. */
import type { AnswerExpression } from './answer-spec.ts'
import { isNumberType } from './answer-value.ts'
import { columnAt, placesIn, typesOf } from './row-value.ts'
import type { Scope } from './row-value.ts'
import { risesWithTime, unitOf } from './time-functions.ts'

/** Weakly: results may stay equal. `still` is a constant. */
export type Direction = 'rising' | 'falling' | 'still'

/** Undefined if it may do both, or nothing is known. NULLs are left aside. */
export function directionOf(expression: AnswerExpression, scope: Scope): Direction | undefined {
  if (placesIn(expression).length === 0) return 'still'
  const of = (operand: AnswerExpression): Direction | undefined => directionOf(operand, scope)
  switch (expression.kind) {
    case 'key': {
      // The codes of a text are in the order of its dictionary.
      const { type } = columnAt(scope, expression.index)
      return type === 'text' ? undefined : 'rising'
    }
    case 'negate':
      return turned(of(expression.operand))
    case 'cast':
      if (expression.to === 'text') return undefined
      return isOrdered(expression.operand, scope) ? of(expression.operand) : undefined
    case 'binary':
      return ofArithmetic(expression, scope)
    case 'compare': {
      // false comes before true.
      const [left, right] = [of(expression.left), of(expression.right)]
      if (expression.operator === '=' || expression.operator === '<>') return undefined
      const more = expression.operator === '>' || expression.operator === '>='
      return more ? both(left, turned(right)) : both(turned(left), right)
    }
    case 'call': {
      const [first, ...others] = expression.arguments
      if (first === undefined) return undefined
      const name: string = expression.function
      switch (name) {
        case 'round':
        case 'floor':
        case 'ceil':
        case 'sqrt':
          return others.every((other) => of(other) === 'still') ? of(first) : undefined
        case 'greatest':
        case 'least':
          return expression.arguments.map(of).reduce(both)
        case 'extract':
        case 'date_part':
          return first.kind === 'literal' && risesWithTime(unitOf(first.text ?? ''))
            ? of(others[0]!)
            : undefined
        case 'date_trunc':
          return first.kind === 'literal' ? of(others[0]!) : undefined
        case 'trunc':
        case 'width_bucket_of':
          return others.every((other) => of(other) === 'still') ? of(first) : undefined
        case 'width_bucket': {
          const [low, high] = others.map((bound) => (bound.kind === 'literal' ? bound.text : null))
          if (low === null || high === null) return undefined
          return Number(low) < Number(high) ? of(first) : turned(of(first))
        }
        default:
          return undefined
      }
    }
    case 'literal':
    case 'aggregate':
    case 'window':
    case 'and':
    case 'or':
    case 'not':
    case 'is':
    case 'case':
      return undefined
  }
}

function ofArithmetic(
  { operator, left, right }: Extract<AnswerExpression, { kind: 'binary' }>,
  scope: Scope,
): Direction | undefined {
  const [a, b] = [directionOf(left, scope), directionOf(right, scope)]
  switch (operator) {
    case '+':
      return both(a, b)
    case '-':
      return both(a, turned(b))
    case '*':
      if (b === 'still') return bySign(a, right)
      return a === 'still' ? bySign(b, left) : undefined
    case '/':
      return b === 'still' ? bySign(a, right) : undefined
    case '%':
      return undefined
  }
}

/** Times a constant. */
function bySign(
  direction: Direction | undefined,
  constant: AnswerExpression,
): Direction | undefined {
  const literal = constant.kind === 'negate' ? constant.operand : constant
  if (literal.kind !== 'literal' || literal.text === null) return undefined
  const isNegative = literal.text.startsWith('-') !== (constant.kind === 'negate')
  return isNegative ? turned(direction) : direction
}

function isOrdered(expression: AnswerExpression, scope: Scope): boolean {
  if (expression.kind !== 'key') return expression.kind !== 'literal'
  const type = typesOf(scope)[expression.index]!
  return isNumberType(type) || type === 'date' || type === 'timestamp'
}

function turned(direction: Direction | undefined): Direction | undefined {
  return direction === 'rising' ? 'falling' : direction === 'falling' ? 'rising' : direction
}

function both(a: Direction | undefined, b: Direction | undefined): Direction | undefined {
  if (a === 'still') return b
  return b === 'still' || a === b ? a : undefined
}
