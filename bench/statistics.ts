/**
 * How sure one may be that one program is faster than another, from a few timed runs of each.
 *
 * Runs come in blocks: what was run at a stretch. Block k of one side was run next to block k of the
 * other, so the two share the machine's state of that moment, and only their ratio counts: the result is
 * the geometric mean over blocks of the ratio of the blocks' medians. The interval is a percentile bootstrap
 * over blocks, and over the runs within each (Efron and Tibshirani, An Introduction to the Bootstrap, 13).
 * With one block a side that is the plain bootstrap of a ratio of medians, which knows nothing of what
 * changes between two stretches: then the interval is too narrow by the machine's own drift.
 */
import { publicWords } from './public-data.ts'

/** Runs of one side that were made at a stretch, in seconds. */
export type Block = readonly number[]

export interface Ratio {
  /** Second side over first. */
  readonly ratio: number
  /** Bounds of the 95 % interval. */
  readonly low: number
  readonly high: number
}

export type Verdict = 'faster' | 'slower' | 'no difference shown'

const RESAMPLES = 4000
const TAIL = 0.025
/** With 4 runs a side, chance alone puts all of one side before all of the other in 2 of 70 cases. */
const FEWEST_RUNS = 5

/** The middle value, or the mean of the two middle ones. @throws RangeError if there is none */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('there is no median of nothing')
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/**
 * Ratio of the medians, with its interval. The same for the same input: the resampling is seeded.
 * @param first blocks of the side that counts as 1
 * @param second as many blocks
 * @throws RangeError if the numbers of blocks differ, a block is empty or a time is not positive
 */
export function ratioOfMedians(first: readonly Block[], second: readonly Block[]): Ratio {
  if (first.length !== second.length || first.length === 0) {
    throw new RangeError(`${first.length} blocks cannot be set beside ${second.length}`)
  }
  if ([...first, ...second].some((block) => block.length === 0 || !block.every(isTime))) {
    throw new RangeError('a block needs times, all of them positive')
  }
  const draw = drawing()
  const resampled = (block: Block): Block => block.map(() => block[draw(block.length)]!)
  const estimates = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0
    for (let k = 0; k < first.length; k++) {
      const block = draw(first.length)
      sum += logRatio(resampled(first[block]!), resampled(second[block]!))
    }
    return sum / first.length
  }).sort()
  const at = (quantile: number): number => {
    const last = estimates.length - 1
    return Math.exp(estimates[Math.round(quantile * last)]!)
  }
  const logs = first.map((block, k) => logRatio(block, second[k]!))
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length
  return { ratio: Math.exp(mean), low: at(TAIL), high: at(1 - TAIL) }
}

/** What the interval shows of the second side. @param runs of the side with fewer */
export function verdictOf({ low, high }: Ratio, runs: number): Verdict {
  if (runs < FEWEST_RUNS || (low <= 1 && high >= 1)) return 'no difference shown'
  return high < 1 ? 'faster' : 'slower'
}

const isTime = (value: number): boolean => Number.isFinite(value) && value > 0

function logRatio(first: Block, second: Block): number {
  return Math.log(median(second) / median(first))
}

/** Numbers below a bound, pseudo-random and the same each time; a bias below 2^-20 does not matter here. */
function drawing(): (below: number) => number {
  const words = 1 << 16
  let stretch = 0
  let pool: Uint32Array = new Uint32Array(0)
  let at = 0
  return (below) => {
    if (at === pool.length) {
      pool = publicWords(`bootstrap/${stretch++}`, words)
      at = 0
    }
    return pool[at++]! % below
  }
}
