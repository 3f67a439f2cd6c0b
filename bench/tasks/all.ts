/** All benchmarks of the engine, in the order in which they are printed. */
import { chain, innerProduct, multiplications } from './arithmetic.ts'
import { maximum, median } from './choice.ts'
import { equalities, lessThans } from './comparison.ts'
import { computedEqualities, computedLessThans } from './computed-comparison.ts'
import { query } from './query.ts'
import { queryCold } from './stored-query.ts'
import type { Task } from './task.ts'

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
  query,
  queryCold,
]

/** @throws RangeError if there is none of that name */
export function taskOf(name: string): Task {
  const found = TASKS.find((task) => task.name === name)
  if (found !== undefined) return found
  const names = TASKS.map((task) => task.name).join(', ')
  throw new RangeError(`there is no benchmark "${name}": choose of ${names}`)
}
