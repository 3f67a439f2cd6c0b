/** Numbers in ORDER BY and GROUP BY, which stand for outputs. */
import { fieldsOf, locationOf, numberOf } from './ast.ts'
import type { Fields } from './ast.ts'
import { fail } from './context.ts'
import type { Context } from './context.ts'

/**
 * The output that a number in ORDER BY or GROUP BY names, from 0.
 *
 * @throws ShareholdError SH_SQL_SYNTAX if it is no integer or there is no such output.
 */
export function ordinalOf(
  context: Context,
  constant: Fields,
  clause: string,
  count: number,
): number {
  const integer = fieldsOf(constant, 'ival')
  const position = integer === undefined ? undefined : numberOf(integer, 'ival')
  if (position !== undefined && position >= 1 && position <= count) return position - 1
  throw fail(
    context,
    'SH_SQL_SYNTAX',
    position === undefined
      ? `${clause} holds a constant that is no integer.`
      : `${clause} position ${position} is not in the SELECT list.`,
    locationOf(constant),
    `Use a column, or a number from 1 to ${count}.`,
  )
}
