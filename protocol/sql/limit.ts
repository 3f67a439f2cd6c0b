/** LIMIT and OFFSET: constant numbers of rows of the answer. */
import { locationOf, startOf } from './ast.ts'
import { fail, locate } from './context.ts'
import type { Context } from './context.ts'
import { readLiteral } from './literal.ts'
import { bindScalar, constantValue } from './scalar.ts'
import type { Leaves } from './typed-scalar.ts'

/**
 * The number of rows, null for none given (also LIMIT ALL and LIMIT NULL).
 *
 * @throws ShareholdError SH_SQL_TYPE, SH_SQL_CONSTANT
 */
export function bindCount(
  context: Context,
  node: unknown,
  clause: 'LIMIT' | 'OFFSET',
): number | null {
  if (node === undefined) return null
  const location = startOf(node)
  const notConstant = (at: number | undefined): Error =>
    fail(context, 'SH_SQL_TYPE', `${clause} must be a constant.`, at, 'Write a number of rows.')
  const leaves: Leaves = {
    keyTypes: [],
    column: (reference) => {
      throw notConstant(locationOf(reference))
    },
    aggregate: (_, call) => {
      throw notConstant(locationOf(call))
    },
  }
  const scalar = bindScalar(context, leaves, node)
  const text = scalar.untyped?.text
  const value =
    text === undefined || text === null
      ? constantValue(context, scalar)
      : locate(context, location, () => readLiteral('bigint', text))
  if (value === null) return null
  if (value.type !== 'integer' && value.type !== 'bigint') {
    throw fail(
      context,
      'SH_SQL_TYPE',
      `${clause} must be an integer, not ${value.type}.`,
      location,
      'Write a whole number of rows.',
    )
  }
  if (value.value < 0n) {
    throw fail(context, 'SH_SQL_CONSTANT', `${clause} must not be negative.`, location)
  }
  return Number(
    value.value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : value.value,
  )
}
