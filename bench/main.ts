/**
 * `npm run bench`: what the engine does in how long, between processes on this machine.
 *
 * Each benchmark runs at n parties, a process each, over the overlay; every result is checked. Seconds are
 * those of the slowest party: the median of --repeat runs after a first one that is told apart. Beside
 * them the limit (limit.ts).
 */
import { parseArgs } from 'node:util'

import { renderTable } from '../cli/table.ts'
import { committee as committeeOf } from '../shares/committee.ts'

import type { Benchmark, Setting } from './benchmark.ts'
import { benchmarkOf, BENCHMARKS } from './benchmarks.ts'
import { natural, runProgram } from './command-line.ts'
import type { KernelTime } from './kernel-clock.ts'
import { LIMIT_LEGEND } from './limit.ts'
import { keyOf, type Measurement } from './measurement.ts'
import type { LinkSpeed } from './slow-link.ts'

const nameList = (onRequest: boolean): string =>
  BENCHMARKS.filter((benchmark) => (benchmark.onRequest === true) === onRequest)
    .map(({ name }) => name)
    .join(', ')

const USAGE = `npm run bench -- [options]
  --only NAME,…   ${nameList(false)}; and, only if asked for: ${nameList(true)}
  --n N           rows or operations, instead of each one's own number
  --parties N     3 (default), 5 or 7
  --repeat N      timed runs, 5 by default
  --json          a JSON object a line
  --no-limit      leave out what it would take without us
  --kernels       also print the time in each kernel, on stderr
  --rtt MS --mbit N   slow connections between the parties: round trip, and rate of each party's uplink
  --rehearse MS   how long each party rehearses before its first run; 2000 by default, as an MPC node
  --flags='A B'   for the Node of each party, such as '--cpu-prof --cpu-prof-dir=/tmp/profiles'
`

interface Options extends Omit<Setting, 'size' | 'before'> {
  readonly benchmarks: readonly Benchmark[]
  readonly size: number | undefined
  readonly json: boolean
  readonly kernels: boolean
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      n: { type: 'string' },
      parties: { type: 'string', default: '3' },
      repeat: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
      'no-limit': { type: 'boolean', default: false },
      kernels: { type: 'boolean', default: false },
      rtt: { type: 'string' },
      mbit: { type: 'string' },
      flags: { type: 'string', default: '' },
      rehearse: { type: 'string', default: '2000' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const link = linkOf(values.rtt, values.mbit)
  const parties = committeeOf(natural('parties', values.parties)).n
  const unfit = (benchmark: Benchmark): string | undefined => unfitFor(benchmark, parties, link)
  const asked = values.only?.split(',').map(benchmarkOf)
  const reason = asked?.map(unfit).find((one) => one !== undefined)
  if (reason !== undefined) throw new RangeError(reason)
  return {
    benchmarks: asked ?? BENCHMARKS.filter((one) => isDefault(one) && unfit(one) === undefined),
    size: values.n === undefined ? undefined : natural('n', values.n),
    parties,
    repeat: natural('repeat', values.repeat),
    json: values.json,
    limit: !values['no-limit'],
    kernels: values.kernels,
    rehearsalMs: values.rehearse === '0' ? 0 : natural('rehearse', values.rehearse),
    flags: values.flags.split(' ').filter((flag) => flag !== ''),
    ...(link && { link }),
  }
}

/** @throws RangeError if only one of the two is given */
function linkOf(rtt: string | undefined, mbit: string | undefined): LinkSpeed | undefined {
  if (rtt === undefined && mbit === undefined) return undefined
  if (rtt === undefined || mbit === undefined) throw new RangeError('give both --rtt and --mbit')
  return { roundTripMs: natural('rtt', rtt), megabits: natural('mbit', mbit) }
}

/** Why a benchmark cannot be run like this, if it cannot. */
function unfitFor(
  { name, parties: only, loopbackOnly }: Benchmark,
  parties: number,
  link: LinkSpeed | undefined,
): string | undefined {
  if (only !== undefined && only !== parties) return `${name} is measured with ${only} parties only`
  if (link !== undefined && loopbackOnly === true) return `${name} knows no --rtt and --mbit`
  return undefined
}

const isDefault = (benchmark: Benchmark): boolean => benchmark.onRequest !== true

const count = (value: number): string => value.toLocaleString('en-US')
const inSeconds = (value: number | undefined): string => value?.toFixed(4) ?? ''
const inMegabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1)} MB`

const COLUMNS: readonly (readonly [head: string, cell: (m: Measurement) => string])[] = [
  ['benchmark', ({ name, mode }) => (mode === 'passive' ? name : `${name}, ${mode}`)],
  ['n', ({ n }) => count(n)],
  ['parties', ({ parties }) => String(parties)],
  ['first s', ({ firstSeconds }) => inSeconds(firstSeconds)],
  ['seconds', ({ seconds }) => inSeconds(seconds)],
  ['CPU s', ({ cpuSeconds }) => inSeconds(cpuSeconds)],
  ['sent/party', ({ bytesPerParty }) => inMegabytes(bytesPerParty)],
  ['rounds', ({ rounds }) => (rounds === undefined ? '' : count(rounds))],
  ['RSS/node', ({ rssBytes }) => inMegabytes(rssBytes)],
  ['kernels', ({ limit }) => inSeconds(limit?.kernels)],
  ['keystream', ({ limit }) => inSeconds(limit?.keystream)],
  ['transcript', ({ limit }) => inSeconds(limit?.transcript)],
  ['encryption', ({ limit }) => inSeconds(limit?.encryption)],
  ['socket', ({ limit }) => inSeconds(limit?.socket)],
  ['limit s', ({ limitSeconds }) => inSeconds(limitSeconds)],
  [
    'ratio',
    ({ seconds, limitSeconds }) => (limitSeconds ? (seconds / limitSeconds).toFixed(1) : ''),
  ],
]

function tableOf(measurements: readonly Measurement[]): string {
  const used = COLUMNS.filter(([, cell]) => measurements.some((one) => cell(one) !== ''))
  return renderTable(
    used.map(([head]) => head),
    measurements.map((one) => used.map(([, cell]) => cell(one))),
    used.map((_, i) => (i === 0 ? 'left' : 'right')),
  )
}

/** Where the kernels' time goes, all parties together. */
function printKernels(title: string, kernels: readonly KernelTime[]): void {
  const rows = kernels.map(({ name, calls, seconds }) => [
    name,
    count(calls),
    (seconds * 1000).toFixed(2),
  ])
  process.stderr.write(`\n${title}: kernels of all parties\n`)
  process.stderr.write(renderTable(['kernel', 'calls', 'ms'], rows, ['left', 'right', 'right']))
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options === undefined) {
    process.stdout.write(USAGE)
    return
  }
  const all: Measurement[] = []
  const notes: string[] = []
  for (const benchmark of options.benchmarks) {
    if (!options.json && process.stderr.isTTY) process.stderr.write(`${benchmark.name} …\n`)
    const size = options.size ?? benchmark.size
    const { measurements, note, kernels } = await benchmark.measure({
      ...options,
      size,
      before: all,
    })
    all.push(...measurements)
    if (note !== undefined) notes.push(note)
    if (options.json)
      process.stdout.write(measurements.map((one) => `${JSON.stringify(one)}\n`).join(''))
    if (options.kernels && kernels !== undefined) printKernels(keyOf(measurements[0]!), kernels)
  }
  if (options.json) return
  process.stdout.write(tableOf(all))
  if (all.some(({ limit }) => limit !== undefined)) process.stdout.write(LIMIT_LEGEND)
  for (const { name, about } of options.benchmarks) process.stdout.write(`${name}: ${about}\n`)
  for (const note of notes) process.stdout.write(`\n${note}`)
}

await runProgram(main)
