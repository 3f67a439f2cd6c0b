/**
 * Sub-queries that list members, each once: `SELECT DISTINCT rider FROM …` and `SELECT rider FROM … GROUP BY rider`. What can be
 * asked of such a list is how many there are, and that is COUNT(DISTINCT rider) of what it reads.
 */
import type { Schema } from '../../shares/schema.ts'

import { fieldsOf, isSet, listOf, namesOf, numberOf, open, openAs } from './ast.ts'
import type { Fields } from './ast.ts'
import { isAggregate } from './plain-query.ts'

/** Whether all that a query shows is a column of the member's name. */
export function listsMembers(select: Fields, schemas: ReadonlyMap<string, Schema>): boolean {
  const [target, second] = listOf(select, 'targetList')
  return second === undefined && isMember(openAs(target, 'ResTarget')?.['val'], schemas)
}

/** The query without DISTINCT or GROUP BY, if it lists members; else undefined. */
export function withoutDuplicates(
  select: Fields,
  schemas: ReadonlyMap<string, Schema>,
): Fields | undefined {
  // HAVING needs the groups.
  if (!listsMembers(select, schemas) || select['havingClause'] !== undefined) return undefined
  const { distinctClause, groupClause, ...plain } = select
  const groups = listOf(select, 'groupClause')
  // Of DISTINCT alone the parser makes a list of one empty node; DISTINCT ON has expressions.
  const distinct = listOf(select, 'distinctClause')
  const isDistinct = distinct.length > 0 && distinct.every((node) => open(node).kind === '')
  if (distinctClause !== undefined && !isDistinct) return undefined
  const [group] = groups
  const isFirst = numberOf(fieldsOf(openAs(group, 'A_Const') ?? {}, 'ival') ?? {}, 'ival') === 1
  const isGrouped = groups.length === 1 && (isFirst || isMember(group, schemas))
  if (groupClause !== undefined && !isGrouped) return undefined
  return isDistinct || isGrouped ? plain : undefined
}

/**
 * A query that reads such a list, with its counts as counts of distinct members; undefined if it aggregates otherwise.
 *
 * @param member the list's column
 */
export function countingMembers(select: Fields, member: unknown): Fields | undefined {
  let isFit = true
  const rewrite = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(rewrite)
    if (typeof node !== 'object' || node === null) return node
    // Another query counts its own rows.
    if (openAs(node, 'SelectStmt') !== undefined) return node
    const call = openAs(node, 'FuncCall')
    if (call !== undefined && isAggregate(call)) {
      const counted = distinctCount(call, member)
      isFit &&= counted !== undefined
      return { FuncCall: counted ?? call }
    }
    return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, rewrite(value)]))
  }
  const rewritten = rewrite(select) as Fields
  return isFit ? rewritten : undefined
}

/** COUNT(*), COUNT(1) and COUNT(member) alike: no member is NULL. */
function distinctCount(call: Fields, member: unknown): Fields | undefined {
  const { agg_star: star, args: _, ...rest } = call
  const [argument, second] = listOf(call, 'args')
  const { kind, fields } = open(argument)
  const counts =
    star === true || kind === 'ColumnRef' || (kind === 'A_Const' && !isSet(fields, 'isnull'))
  if (namesOf(call, 'funcname').at(-1) !== 'count' || second !== undefined || !counts) {
    return undefined
  }
  return { ...rest, args: [kind === 'ColumnRef' ? argument : member], agg_distinct: true }
}

function isMember(node: unknown, schemas: ReadonlyMap<string, Schema>): boolean {
  const reference = openAs(node, 'ColumnRef')
  const name = reference && namesOf(reference, 'fields').at(-1)
  return [...schemas.values()].some(({ member }) => member === name)
}
