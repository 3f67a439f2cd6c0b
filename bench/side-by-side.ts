/**
 * Measurements of two sides, set side by side: for each benchmark the ratio of the second's time to the
 * first's, with its 95 % interval (statistics.ts), and what that shows. Several measurements of one
 * benchmark are blocks of runs; the k-th of one side is set beside the k-th of the other.
 */
import { renderTable } from '../cli/table.ts'

import { keyOf, type Measurement } from './measurement.ts'
import { median, ratioOfMedians, verdictOf } from './statistics.ts'

export interface ComparisonOptions {
  /** Leaves out what only one side has. */
  readonly common: boolean
  /** Processor seconds instead of seconds. */
  readonly cpu: boolean
}

/** The blocks of one benchmark of one side. */
type Blocks = readonly Measurement[]

function byKey(side: readonly Measurement[]): Map<string, Measurement[]> {
  const blocks = new Map<string, Measurement[]>()
  for (const measurement of side) {
    const key = keyOf(measurement)
    blocks.set(key, [...(blocks.get(key) ?? []), measurement])
  }
  return blocks
}

/**
 * The measurements of these names, or all.
 * @param source named in the error
 * @throws RangeError if there is none of one of the names
 */
export function selected(
  side: readonly Measurement[],
  only: readonly string[] | undefined,
  source: string,
): readonly Measurement[] {
  const unknown = only?.find((name) => !side.some((one) => one.name === name))
  if (unknown === undefined) return side.filter(({ name }) => only?.includes(name) ?? true)
  const names = [...new Set(side.map(({ name }) => name))].join(', ')
  throw new RangeError(`${source} has no benchmark "${unknown}": it has ${names}`)
}

/** The benchmarks of both sides. @throws Error if one side has what the other has not */
function pairs(
  first: Map<string, Blocks>,
  second: Map<string, Blocks>,
  common: boolean,
): [string, Blocks, Blocks][] {
  const found: [string, Blocks, Blocks][] = []
  const alone: string[] = []
  for (const key of new Set([...first.keys(), ...second.keys()])) {
    const [one, other] = [first.get(key), second.get(key)]
    if (one === undefined || other === undefined) {
      alone.push(`${key} is only in the ${one === undefined ? 'second' : 'first'}`)
    } else if (one.length !== other.length) {
      throw new Error(
        `${key} is ${one.length} times in the first and ${other.length} times in the second`,
      )
    } else {
      found.push([key, one, other])
    }
  }
  if (found.length > 0 && (common || alone.length === 0)) return found
  throw new Error(
    [...alone, 'There is nothing to set it beside. --common leaves it out.'].join('\n'),
  )
}

/** Times of one block: its single runs, or what it has of them. */
function timesOf(measurement: Measurement, cpu: boolean): readonly number[] {
  const { seconds, samples, cpuSeconds, cpuSamples } = measurement
  if (!cpu) return samples ?? [seconds]
  const times = cpuSamples ?? (cpuSeconds === undefined ? [] : [cpuSeconds])
  if (times.length > 0) return times
  throw new Error(`${keyOf(measurement)} has no processor seconds`)
}

const inSeconds = (value: number): string => value.toPrecision(3)

/**
 * The table: a line for each benchmark.
 * @throws Error if one side has what the other has not, or nothing is left
 */
export function sideBySide(
  first: readonly Measurement[],
  second: readonly Measurement[],
  options: ComparisonOptions,
): string {
  const rows = pairs(byKey(first), byKey(second), options.common).map(([key, one, other]) => {
    const [a, b] = [one, other].map((side) => side.map((block) => timesOf(block, options.cpu)))
    const ratio = ratioOfMedians(a!, b!)
    const runs = Math.min(a!.flat().length, b!.flat().length)
    return [
      key,
      inSeconds(median(a!.flat())),
      inSeconds(median(b!.flat())),
      ratio.ratio.toFixed(3),
      `${ratio.low.toFixed(3)}–${ratio.high.toFixed(3)}`,
      String(runs),
      verdictOf(ratio, runs),
    ]
  })
  const what = options.cpu ? 'CPU s' : 's'
  const head = [
    'benchmark',
    `first ${what}`,
    `second ${what}`,
    'ratio',
    '95 %',
    'runs',
    'second is',
  ]
  return renderTable(head, rows, ['left', 'right', 'right', 'right', 'right', 'right', 'left'])
}
