/** All tasks that a fleet of parties can be given, in the order in which they are printed. */
import { LANE_TASKS } from '../lanes/tasks.ts'
import { SCALE_TASKS } from '../scaling/tasks.ts'

import { chain, innerProduct, multiplications } from './arithmetic.ts'
import { maximum, median, median18 } from './choice.ts'
import { equalities, lessThans } from './comparison.ts'
import { computedEqualities, computedLessThans } from './computed-comparison.ts'
import { groups } from './groups.ts'
import { lookup } from './lookup.ts'
import { query } from './query.ts'
import { sorting } from './sorting.ts'
import { queryCold, queryWarm } from './stored-query.ts'
import type { Task } from './task.ts'

/** Those that are run unless others are asked for. */
export const TASKS: readonly Task[] = [
  multiplications,
  innerProduct,
  chain,
  lessThans,
  equalities,
  computedLessThans,
  computedEqualities,
  maximum,
  median,
  median18,
  sorting,
  groups,
  lookup,
  query,
  queryCold,
  queryWarm,
]

/** Those that have to be asked for. */
export const FURTHER_TASKS: readonly Task[] = [...SCALE_TASKS, ...LANE_TASKS]

/** @throws RangeError if there is none of that name */
export function taskOf(name: string): Task {
  const found = [...TASKS, ...FURTHER_TASKS].find((task) => task.name === name)
  if (found !== undefined) return found
  const names = TASKS.map((task) => task.name).join(', ')
  throw new RangeError(`there is no benchmark "${name}": choose of ${names}`)
}
