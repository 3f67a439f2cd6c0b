/**
 * jiff-mpc beside us, per operation, in the same run: three parties and their relay, a process each, on
 * loopback. Like ours: semi-honest with an honest majority, inputs already shared, everything that is made
 * beforehand included, messages encrypted. Unlike ours: a prime of 25 bits instead of 61, and few operations,
 * since it works on single values; what is per operation does not get cheaper with more of them.
 */
import { renderTable } from '../../cli/table.ts'
import type { Benchmark, Result, Setting } from '../benchmark.ts'
import { bundled } from '../bundle.ts'
import { Child } from '../child-process.ts'
import type { Measurement } from '../measurement.ts'
import { median } from '../statistics.ts'

import { expectedResults, type JiffOperation, openLine, operands } from './operations.ts'
import type { JiffParty, JiffReport } from './party.ts'
import type { JiffRelay } from './server.ts'

const PARTIES = 3

/** What is measured how often: a comparison takes it about a second. */
const PROGRAMME: readonly {
  readonly operation: JiffOperation
  readonly what: string
  readonly most: number
  readonly mostRuns: number
}[] = [
  { operation: 'mul', what: 'multiplication', most: 1000, mostRuns: 3 },
  { operation: 'dot', what: 'term of an inner product', most: 1000, mostRuns: 3 },
  { operation: 'computed-eq', what: 'equality of two secrets', most: 8, mostRuns: 1 },
  { operation: 'computed-lt', what: 'comparison of two secrets', most: 4, mostRuns: 1 },
]

/** @param own our benchmarks of the same names, for when this run has not measured them yet */
export function jiffBenchmark(own: (name: JiffOperation) => Benchmark): Benchmark {
  return {
    name: 'jiff',
    about: 'operations by jiff-mpc 1.0.0, fewer where they take long, and ours beside them',
    size: PROGRAMME[0]!.most,
    parties: PARTIES,
    loopbackOnly: true,
    async measure(setting) {
      const theirs = await measureJiff(setting)
      const measurements: Measurement[] = []
      const rows: string[][] = []
      for (const [i, jiff] of theirs.entries()) {
        const { operation, what } = PROGRAMME[i]!
        const ours = await ownOf(own(operation), setting)
        measurements.push(jiff)
        const [one, other] = [ours, jiff].map(({ seconds, n }) => seconds / n)
        rows.push([what, perOperation(one!), perOperation(other!), (other! / one!).toFixed(0)])
      }
      const head = ['per operation', 'ours', 'jiff-mpc', 'times ours']
      return {
        measurements,
        note: renderTable(head, rows, ['left', 'right', 'right', 'right']),
      }
    },
  }
}

/** Our figure of this run, or one that is measured now. */
async function ownOf(benchmark: Benchmark, setting: Setting): Promise<Measurement> {
  const before = setting.before.find(
    ({ name, mode }) => name === benchmark.name && mode === 'passive',
  )
  if (before !== undefined) return before
  const { size } = benchmark
  const result: Result = await benchmark.measure({ ...setting, size, limit: false })
  return result.measurements[0]!
}

async function measureJiff({ size, repeat }: Setting): Promise<Measurement[]> {
  const party = bundled(new URL('party.ts', import.meta.url))
  const server = bundled(new URL('server.ts', import.meta.url))
  const relay = new Child<JiffRelay>('JIFF relay', server)
  const parties = Array.from(
    { length: PARTIES },
    (_, i) => new Child<JiffParty>(`JIFF party ${i + 1}`, party),
  )
  try {
    const port = await relay.ask('start', undefined)
    await Promise.all(parties.map((party, i) => party.ask('connect', { port, index: i + 1 })))
    const measurements: Measurement[] = []
    for (const { operation, most, mostRuns } of PROGRAMME) {
      const count = Math.min(size, most)
      const timed = Math.min(repeat, mostRuns)
      const runs: JiffReport[][] = []
      // The first run only warms up, with few operations.
      for (const n of [Math.min(count, 2), ...Array<number>(timed).fill(count)]) {
        const run = await Promise.all(
          parties.map((party) => party.ask('run', { operation, count: n })),
        )
        check(operation, n, run)
        runs.push(run)
      }
      measurements.push(measurementOf(operation, count, runs.slice(1)))
    }
    return measurements
  } finally {
    await Promise.all([relay, ...parties].map((child) => child.stop()))
  }
}

/** @throws Error if a result is wrong or the shares do not agree */
function check(operation: JiffOperation, count: number, run: readonly JiffReport[]): void {
  const expected = expectedResults(operation, operands(count))
  expected.forEach((value, i) => {
    const opened = openLine(run.map(({ shares }) => shares[i]!))
    if (opened !== value) throw new Error(`JIFF, ${operation}: ${opened} instead of ${value}`)
  })
}

function measurementOf(name: JiffOperation, n: number, runs: readonly JiffReport[][]): Measurement {
  const worst = (field: Exclude<keyof JiffReport, 'shares'>): number[] =>
    runs.map((run) => Math.max(...run.map((report) => report[field])))
  const samples = worst('seconds')
  const cpuSamples = worst('cpuSeconds')
  return {
    name,
    mode: 'jiff',
    parties: PARTIES,
    n,
    repeat: runs.length,
    seconds: median(samples),
    samples,
    cpuSeconds: median(cpuSamples),
    cpuSamples,
    bytesPerParty: Math.max(...worst('sentBytes')),
    rssBytes: Math.max(...worst('rssBytes')),
  }
}

/** In the unit that leaves few digits. */
function perOperation(seconds: number): string {
  const [unit, factor] = UNITS.find(([, one]) => seconds * one >= 1) ?? UNITS.at(-1)!
  const value = seconds * factor
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`
}

const UNITS: readonly (readonly [unit: string, perSecond: number])[] = [
  ['s', 1],
  ['ms', 1e3],
  ['µs', 1e6],
  ['ns', 1e9],
]
