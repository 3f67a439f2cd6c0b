/** Expressions over the columns of one row: in WHERE, in arguments of aggregates, in GROUP BY. */
import { AGGREGATE_FUNCTIONS } from './aggregate-functions.ts'
import { locationOf, startOf } from './ast.ts'
import { fail, locate, resolveColumn } from './context.ts'
import type { Context } from './context.ts'
import { readDerived } from './derived-expression.ts'
import { typesOf } from './row-value.ts'
import { checkWeight } from './row-weight.ts'
import { bindScalar } from './scalar.ts'
import { typed } from './typed-scalar.ts'
import type { Leaves, Scalar } from './typed-scalar.ts'

/** What to say of an aggregate among the columns of a row. */
export interface AggregateRefusal {
  readonly message: string
  readonly hint: string
}

/**
 * Binds an expression; its keys are columns, by their places among those of all datasets.
 *
 * @throws ShareholdError SH_SQL_GROUPING for an aggregate, SH_SQL_TOO_COMPLEX, and what bindScalar throws
 */
export function bindRow(context: Context, node: unknown, refusal: AggregateRefusal): Scalar {
  const { columns } = context
  const leaves: Leaves = {
    keyTypes: typesOf(columns),
    column: (reference) => {
      const index = columns.indexOf(resolveColumn(context, reference))
      return typed(context, leaves, { kind: 'key', index }, locationOf(reference))
    },
    aggregate: (name, call) => {
      if (!Object.hasOwn(AGGREGATE_FUNCTIONS, name)) return undefined
      throw fail(context, 'SH_SQL_GROUPING', refusal.message, locationOf(call), refusal.hint)
    },
  }
  const written = bindScalar(context, leaves, node)
  const scalar = { ...written, expression: readDerived(context, written.expression) }
  locate(context, startOf(node) ?? scalar.location, () => checkWeight(scalar.expression, columns))
  return scalar
}
