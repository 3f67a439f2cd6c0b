/** Random queries whose groups can be found by sort: about one in twenty can. */
import type * as fc from 'fast-check'

import type { PlanParams } from '../../../protocol/plan.ts'
import { answerGroups } from '../../../protocol/sql/answer-groups.ts'
import { bindSelect } from '../../../protocol/sql/bind.ts'
import type { BoundQuery } from '../../../protocol/sql/bound.ts'
import { parseSelect } from '../../../protocol/sql/parse.ts'
import { decideHaving } from '../../../protocol/sql/public-having.ts'
import { canSort, MAX_SORTED_GROUPS } from '../../../protocol/sql/sorted-groups.ts'
import type { Schema } from '../../../shares/schema.ts'

import { randomQuery } from './random-query.ts'
import type { RandomQuery } from './random-query.ts'

const MOST_TRIES = 2000

/** Draws until there is one; the parser must be loaded. */
export function sortableQuery(
  g: fc.GeneratorValue,
  schema: Schema,
  params: PlanParams,
): { readonly query: RandomQuery; readonly bound: BoundQuery } {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const query = randomQuery(g, schema)
    // Cheaper to tell than by binding.
    if (query.keys.length === 0) continue
    const bound = bindSelect(parseSelect(query.sql), [schema], params)
    if (!canSort(bound, params)) continue
    // What HAVING says of keys leaves groups out; sorted are all.
    const groups = answerGroups(bound, MAX_SORTED_GROUPS)
    const left = decideHaving(bound, params, groups).groups.length
    if (left === groups.length) return { query, bound }
  }
  throw new RangeError('no query whose groups can be found by sort')
}
