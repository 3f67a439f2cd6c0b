/** All that `npm run bench` can measure, in the order in which it is printed. */
import { type Benchmark, onFleet } from './benchmark.ts'
import { importing } from './import.ts'
import { jiffBenchmark } from './jiff/benchmark.ts'
import { FURTHER_TASKS, TASKS, taskOf } from './tasks/all.ts'
import { transport } from './transport/benchmark.ts'

export const BENCHMARKS: readonly Benchmark[] = [
  ...TASKS.map(onFleet),
  importing,
  transport,
  jiffBenchmark((name) => onFleet(taskOf(name))),
  ...FURTHER_TASKS.map((task) => ({ ...onFleet(task), onRequest: true })),
]

/** @throws RangeError if there is none of that name */
export function benchmarkOf(name: string): Benchmark {
  const found = BENCHMARKS.find((benchmark) => benchmark.name === name)
  if (found !== undefined) return found
  const names = BENCHMARKS.map((benchmark) => benchmark.name).join(', ')
  throw new RangeError(`there is no benchmark "${name}": choose of ${names}`)
}
