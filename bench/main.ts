/**
 * `npm run bench`: what the engine does in how long, between processes on this machine.
 *
 * Each benchmark runs at n parties, a process each, over the overlay; every result is checked. Seconds are
 * those of the slowest party: the median of --repeat runs after a first one that is told apart. The
 * limit is what its kernels, its keystream and its bytes on bare sockets take by themselves.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

import { renderTable } from '../cli/table.ts'
import { committee as committeeOf } from '../shares/committee.ts'

import { Child, killChildren } from './child-process.ts'
import type { ComputeLimit, ComputeLimiter } from './compute-limit.ts'
import { Fleet } from './fleet.ts'
import { TASKS, taskOf } from './tasks/all.ts'
import type { Task } from './tasks/task.ts'
import type { RunReport } from './worker.ts'

const USAGE = `npm run bench -- [options]
  --only NAME,…   ${TASKS.map(({ name }) => name).join(', ')}
  --n N           rows or operations, instead of each one's own number
  --parties N     3 (default), 5 or 7
  --repeat N      timed runs, 5 by default
  --json          a JSON object a line
  --no-limit      leave out what it would take without us
  --kernels       also print the time in each kernel, on stderr
  --flags='A B'   for the Node of each party, such as '--cpu-prof --cpu-prof-dir=/tmp/profiles'
`

interface Options {
  readonly tasks: readonly Task[]
  readonly size: number | undefined
  readonly parties: number
  readonly repeat: number
  readonly json: boolean
  readonly limit: boolean
  readonly kernels: boolean
  readonly flags: readonly string[]
}

/** One line of the result. */
interface Measurement {
  readonly name: string
  readonly mode: 'passive'
  readonly parties: number
  /** Rows or operations. */
  readonly n: number
  readonly repeat: number
  /** Median of `repeat` runs, each that of the slowest party. */
  readonly seconds: number
  /** Payload bytes sent by the party that sends most. */
  readonly bytesPerParty: number
  readonly rounds: number
  /** Largest resident memory of the largest party, making of the data included. */
  readonly rssBytes: number
  readonly limitSeconds?: number
}

interface Limits {
  readonly compute: ComputeLimit
  readonly socketSeconds: number
  readonly cores: number
}

interface Measured {
  readonly measurement: Measurement
  readonly firstSeconds: number
  /** Median over the timed runs of what the party that computes most spends of processor time. */
  readonly cpuSeconds: number
  readonly limits: Limits | undefined
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
      flags: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  return {
    tasks: values.only === undefined ? TASKS : values.only.split(',').map(taskOf),
    size: values.n === undefined ? undefined : natural('n', values.n),
    parties: committeeOf(natural('parties', values.parties)).n,
    repeat: natural('repeat', values.repeat),
    json: values.json,
    limit: !values['no-limit'],
    kernels: values.kernels,
    flags: values.flags.split(' ').filter((flag) => flag !== ''),
  }
}

function natural(name: string, text: string): number {
  const value = Number(text.replaceAll(/[_,]/gu, ''))
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`--${name} is no count`)
  return value
}

async function measure(task: Task, options: Options): Promise<Measured> {
  const { parties, repeat } = options
  const size = options.size ?? task.size
  const committee = committeeOf(parties)
  const fleet = await Fleet.start(parties, options.flags)
  try {
    await fleet.prepare(task.name, size)
    const seconds: number[] = []
    const cpuSeconds: number[] = []
    let last: readonly RunReport[] = []
    for (let k = 0; k <= repeat; k++) {
      last = await fleet.run(k === 0)
      await task.check(
        committee,
        size,
        last.map(({ evidence }) => evidence),
      )
      seconds.push(Math.max(...last.map((report) => report.seconds)))
      if (k > 0) cpuSeconds.push(Math.max(...last.map((report) => report.cpuSeconds)))
    }
    const [first, ...timed] = seconds
    const rounds = await fleet.rounds()
    const socketSeconds = options.limit ? await fleet.bareSeconds(repeat) : undefined
    await fleet.stop()
    const limits =
      socketSeconds === undefined
        ? undefined
        : { compute: await computeLimit(task, size, parties), socketSeconds, cores: cores(parties) }
    return {
      firstSeconds: first!,
      cpuSeconds: median(cpuSeconds),
      limits,
      measurement: {
        name: task.name,
        mode: 'passive',
        parties,
        n: size,
        repeat,
        seconds: median(timed),
        bytesPerParty: Math.max(...last.map(({ sentBytes }) => sentBytes)),
        rounds,
        rssBytes: Math.max(...last.map(({ rssBytes }) => rssBytes)),
        ...(limits === undefined ? {} : { limitSeconds: limitOf(limits) }),
      },
    }
  } finally {
    await fleet.stop()
  }
}

async function computeLimit(task: Task, size: number, n: number): Promise<ComputeLimit> {
  const limiter = new Child<ComputeLimiter>(
    'compute limit',
    new URL('compute-limit.ts', import.meta.url),
  )
  try {
    return await limiter.ask('measure', { task: task.name, size, n })
  } finally {
    await limiter.stop()
  }
}

/** Cores that the parties can use at a time. */
function cores(parties: number): number {
  return Math.min(parties, availableParallelism())
}

/** Computation spread evenly over the cores, and then the bytes. */
function limitOf({ compute, socketSeconds, cores: spread }: Limits): number {
  return (compute.kernelSeconds + compute.aesSeconds) / spread + socketSeconds
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

const count = (value: number): string => value.toLocaleString('en-US')
const inSeconds = (value: number | undefined): string => value?.toFixed(4) ?? ''
const inMegabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1)} MB`

const HEAD = [
  'benchmark',
  'n',
  'parties',
  'first s',
  'seconds',
  'CPU s',
  'sent/party',
  'rounds',
  'RSS/node',
  'kernels s',
  'AES s',
  'socket s',
  'limit s',
  'ratio',
]

function row({ measurement: m, firstSeconds, cpuSeconds, limits }: Measured): string[] {
  const spread = limits?.cores ?? 1
  return [
    m.name,
    count(m.n),
    String(m.parties),
    inSeconds(firstSeconds),
    inSeconds(m.seconds),
    inSeconds(cpuSeconds),
    inMegabytes(m.bytesPerParty),
    count(m.rounds),
    inMegabytes(m.rssBytes),
    inSeconds(limits && limits.compute.kernelSeconds / spread),
    inSeconds(limits && limits.compute.aesSeconds / spread),
    inSeconds(limits?.socketSeconds),
    inSeconds(m.limitSeconds),
    m.limitSeconds === undefined ? '' : (m.seconds / m.limitSeconds).toFixed(1),
  ]
}

/** Where the kernels' time goes, all parties together. */
function printKernels(name: string, { kernels, aesBytes }: ComputeLimit): void {
  const rows = kernels.map((kernel) => [
    kernel.name,
    count(kernel.calls),
    (kernel.seconds * 1000).toFixed(2),
  ])
  const align = ['left', 'right', 'right'] as const
  process.stderr.write(`\n${name}: kernels of all parties; ${inMegabytes(aesBytes)} of AES\n`)
  process.stderr.write(renderTable(['kernel', 'calls', 'ms'], rows, align))
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options === undefined) {
    process.stdout.write(USAGE)
    return
  }
  const all: Measured[] = []
  for (const task of options.tasks) {
    if (!options.json && process.stderr.isTTY) process.stderr.write(`${task.name} …\n`)
    const measured = await measure(task, options)
    all.push(measured)
    if (options.json) process.stdout.write(`${JSON.stringify(measured.measurement)}\n`)
    if (options.kernels && measured.limits !== undefined) {
      printKernels(task.name, measured.limits.compute)
    }
  }
  if (options.json) return
  const align = HEAD.map((_, i) => (i === 0 ? 'left' : 'right'))
  process.stdout.write(renderTable(HEAD, all.map(row), align))
  for (const { name, about } of options.tasks) process.stdout.write(`${name}: ${about}\n`)
}

function giveUp(code: number): void {
  killChildren()
  process.exit(code)
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => giveUp(code))
}

// tsx, which runs this program and passes signals on, may be killed without a chance to do so.
const parent = process.ppid
setInterval(() => process.ppid !== parent && giveUp(1), 1000).unref()

try {
  await main()
} catch (error) {
  killChildren()
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
