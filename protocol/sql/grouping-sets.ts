/**
 * GROUP BY to sets of keys: each is a grouping of its own, and the answer has the rows of all. Source:
 * expandGroupingSets in parse_agg.c: every item of GROUP BY is a list of sets, and of several items every
 * combination is a set.
 */
import { listOf, locationOf, open } from './ast.ts'
import { fail } from './context.ts'
import type { Context } from './context.ts'

/** Most sets, as in PostgreSQL. */
const MAX_SETS = 4096
/** Most elements of CUBE, as in PostgreSQL. */
const MAX_CUBE = 12

/**
 * Sets of keys, in the order in which they are written: from the finest for ROLLUP and CUBE.
 *
 * @param place of a key that an expression is
 * @returns ascending places of keys, each once
 * @throws ShareholdError SH_SQL_TOO_COMPLEX
 */
export function expandGroupings(
  context: Context,
  items: readonly unknown[],
  place: (item: unknown) => number,
  location: number | undefined,
): readonly (readonly number[])[] {
  let sets: readonly (readonly number[])[] = [[]]
  for (const item of items) {
    const own = setsOf(context, item, place)
    if (sets.length * own.length > MAX_SETS) {
      throw fail(
        context,
        'SH_SQL_TOO_COMPLEX',
        `GROUP BY has more than ${MAX_SETS} grouping sets.`,
        location,
        'Ask for fewer of them.',
      )
    }
    sets = sets.flatMap((set) => own.map((other) => union([set, other])))
  }
  return sets
}

/** The sets without repetitions: GROUP BY DISTINCT. */
export function distinctSets(sets: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return [...new Map(sets.map((set) => [set.join(), set])).values()]
}

function setsOf(
  context: Context,
  item: unknown,
  place: (item: unknown) => number,
): readonly (readonly number[])[] {
  const { kind, fields } = open(item)
  if (kind !== 'GroupingSet') return [elementOf(item, place)]
  const content = listOf(fields, 'content')
  switch (fields['kind']) {
    case 'GROUPING_SET_EMPTY':
      return [[]]
    case 'GROUPING_SET_ROLLUP': {
      const elements = content.map((element) => elementOf(element, place))
      return Array.from({ length: elements.length + 1 }, (_, left) =>
        union(elements.slice(0, elements.length - left)),
      )
    }
    case 'GROUPING_SET_CUBE': {
      const elements = content.map((element) => elementOf(element, place))
      if (elements.length > MAX_CUBE) {
        throw fail(
          context,
          'SH_SQL_TOO_COMPLEX',
          `CUBE is limited to ${MAX_CUBE} elements.`,
          locationOf(fields),
          'Name the grouping sets that you need: GROUPING SETS.',
        )
      }
      const count = 2 ** elements.length
      return Array.from({ length: count }, (_, left) =>
        union(elements.filter((_element, k) => ((left >> (elements.length - 1 - k)) & 1) === 0)),
      )
    }
    default:
      // GROUPING SETS, nested ones and ROLLUP among them too.
      return content.flatMap((element) => setsOf(context, element, place))
  }
}

/** One expression, or several in parentheses. */
function elementOf(item: unknown, place: (item: unknown) => number): readonly number[] {
  const { kind, fields } = open(item)
  const parts = kind === 'RowExpr' ? listOf(fields, 'args') : [item]
  return union([parts.map(place)])
}

function union(sets: readonly (readonly number[])[]): readonly number[] {
  return [...new Set(sets.flat())].toSorted((a, b) => a - b)
}
