/**
 * An expression of the answer with its types resolved: what the files that give expressions their meaning
 * (answer-expression.ts, answer-logic.ts) have in common.
 */
import { ShareholdError } from '../../shares/errors.ts'

import type { AggregateSpec, SqlType } from './answer-spec.ts'
import { commonType } from './answer-value.ts'
import type { Value } from './answer-value.ts'

/** What an expression is evaluated over: one row of the answer. */
export interface RowContext {
  readonly keyTypes: readonly SqlType[]
  /** Values of the group keys in PostgreSQL's text form. */
  readonly keys: readonly (string | null)[]
  /** Value of an aggregate whose cohort bit is 1. */
  readonly aggregate: (spec: AggregateSpec) => Value | null
  /** Value of a window function; where there are none it is not called. */
  readonly window?: (index: number) => Value | null
}

/** An expression with its type resolved; nothing is computed before `evaluate`. */
export interface Bound {
  readonly type: SqlType
  /** A bare NULL, which takes whatever type its neighbour has. */
  readonly untyped?: true
  readonly evaluate: (row: RowContext) => Value | null
}

/** NULL in, NULL out. */
export function strict(operand: Bound, type: SqlType, apply: (value: Value) => Value): Bound {
  return {
    type,
    evaluate: (row) => {
      const value = operand.evaluate(row)
      return value === null ? null : apply(value)
    },
  }
}

/** Common type of operands, of which bare NULLs have no say. */
export function joinedType(operands: readonly Bound[]): SqlType {
  const typed = operands.filter((operand) => operand.untyped === undefined)
  const [first, ...rest] = typed
  return first === undefined
    ? 'text'
    : rest.reduce<SqlType>((type, operand) => commonType(type, operand.type), first.type)
}

export function missing(what: string, operands: readonly Bound[]): ShareholdError {
  const types = operands.map((operand) => operand.type).join(', ')
  return new ShareholdError('SH_ANSWER_TYPE', `${what} does not exist for (${types}).`, {
    hint: 'Cast the arguments, as in ROUND(x::numeric, 2).',
  })
}
