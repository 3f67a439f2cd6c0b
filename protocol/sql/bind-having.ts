/** HAVING: a condition over aggregates and group keys, of which nothing is opened that SELECT and ORDER BY do not show. */
import type { AggregateList } from './bind-aggregate.ts'
import { bindOutput } from './bind-output.ts'
import type { BoundAggregate, BoundHaving, BoundKey } from './bound.ts'
import { fail } from './context.ts'
import type { Context } from './context.ts'

/**
 * Binds the clause.
 *
 * @param shown the aggregates of SELECT and ORDER BY; grows by new calls of GROUPING
 * @returns the condition, and the aggregates that only it reads
 * @throws ShareholdError SH_SQL_TYPE and what bindOutput throws
 */
export function bindHaving(
  context: Context,
  keys: readonly BoundKey[],
  shown: AggregateList,
  node: unknown,
): { readonly having: BoundHaving; readonly inner: readonly BoundAggregate[] } {
  const list: AggregateList = { ...shown, aggregates: [...shown.aggregates] }
  const scalar = bindOutput(context, keys, list, node, 'boolean')
  if (scalar.type !== 'boolean') {
    throw fail(
      context,
      'SH_SQL_TYPE',
      `The argument of HAVING must be boolean, not ${scalar.type}.`,
      scalar.location,
      'Compare it with something.',
    )
  }
  return {
    having: { condition: scalar.expression, location: scalar.location },
    inner: list.aggregates
      .slice(shown.aggregates.length)
      .map((aggregate): BoundAggregate => ({ ...aggregate, inner: true })),
  }
}
