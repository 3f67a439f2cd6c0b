/** What aggregates that look at values one by one may take, before anything is built for them. */
import { ShareholdError } from '../../shares/errors.ts'
import type { PlanParams } from '../plan.ts'
import { rowsOf } from '../validate-plan.ts'

import { numbersOf } from './aggregate-functions.ts'
import { argumentsOf } from './bound.ts'
import type { BoundAggregate } from './bound.ts'
import { orderedDomain } from './ordered-planes.ts'

/** Most values of arguments of mode() and DISTINCT, over all groups: each is a plane that is counted. */
const MAX_VALUE_PLANES = 4096

/**
 * Most bits of numbers that are chosen among, over all groups and aggregates: they lie in memory at once, a quarter of
 * a GiB for each component of a share, and as much while they are compared.
 */
const MAX_CHOICE_BITS = 2 ** 31

/** @throws ShareholdError SH_PLAN_GROUPS (without position) */
export function checkGroups(
  aggregates: readonly BoundAggregate[],
  groups: number,
  params: PlanParams,
): void {
  let values = 0
  let bits = 0
  for (const aggregate of aggregates) {
    const [argument] = argumentsOf(aggregate)
    if (argument === undefined) continue
    const kinds = new Set(Object.values(numbersOf(aggregate.template)).map(({ kind }) => kind))
    const size = (): bigint => BigInt(orderedDomain(argument).size)
    if (kinds.has('mode') || kinds.has('distinct')) values += Number(size())
    if (kinds.has('extreme') || kinds.has('rank')) {
      bits += (size() - 1n).toString(2).length * rowsOf(params)
    }
  }
  if (values * groups > MAX_VALUE_PLANES) {
    throw new ShareholdError(
      'SH_PLAN_GROUPS',
      `mode() and DISTINCT would look at ${values} values in each of ${groups} groups: more than ${MAX_VALUE_PLANES} in all.`,
      { hint: 'Group by fewer columns, or by one with a narrower range.' },
    )
  }
  if (bits * groups > MAX_CHOICE_BITS) {
    throw new ShareholdError(
      'SH_PLAN_GROUPS',
      `Choosing values in each of ${groups} groups of ${rowsOf(params)} rows would take too much memory.`,
      {
        hint: 'Group by fewer columns, or by one with a narrower range; restrict the others in WHERE.',
      },
    )
  }
}
