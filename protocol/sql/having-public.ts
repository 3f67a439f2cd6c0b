/** Expressions in HAVING that hold no aggregate: their value in a row is public. */
import { bindExpression } from './answer-expression.ts'
import type { AnswerExpression, SqlType } from './answer-spec.ts'
import { isTrue } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import type { KeyValue } from './bound.ts'

/** A condition's value. */
export function truthOf(value: Value | null): boolean | null {
  if (value === null) return null
  return value.type === 'boolean' && isTrue(value.value)
}

/** The value in a row with these keys. */
export function evaluateAt(
  expression: AnswerExpression,
  keyTypes: readonly SqlType[],
  keys: readonly KeyValue[],
): Value | null {
  return bindExpression(expression, keyTypes).evaluate({
    keyTypes,
    keys,
    aggregate: () => {
      throw new TypeError('A public expression holds no aggregate.')
    },
  })
}
