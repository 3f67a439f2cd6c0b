import { committee as committeeOf } from '../shares/committee.ts'

import { Fleet } from './fleet.ts'
/**
 * What `npm run bench` can measure. Most benchmarks are tasks of a fleet of MPC parties (`onFleet`); one that
 * needs other processes, or another engine, brings its own `measure` and is listed in benchmarks.ts.
 */
import type { KernelTime } from './kernel-clock.ts'
import { measureLimit, sumOf } from './limit.ts'
import type { Measurement } from './measurement.ts'
import type { ServeReport } from './share-worker.ts'
import { classOf, type LinkSpeed } from './slow-link.ts'
import { median } from './statistics.ts'
import type { Task } from './tasks/task.ts'
import type { RunReport } from './worker.ts'

export interface Setting {
  /** What the benchmark counts. */
  readonly size: number
  readonly parties: number
  /** Timed runs, after a first one that is told apart. */
  readonly repeat: number
  /** Whether to measure the limit as well, where there is one. */
  readonly limit: boolean
  /** For the Node of each party. */
  readonly flags: readonly string[]
  /** What the parties' connections are like; as loopback is, if absent. */
  readonly link?: LinkSpeed
  /** How long each party rehearses before its first run, in milliseconds. */
  readonly rehearsalMs: number
  /** What this run has measured so far. */
  readonly before: readonly Measurement[]
}

export interface Benchmark {
  readonly name: string
  /** What `size` counts, for the legend of the table. */
  readonly about: string
  /** Size unless --n says otherwise. */
  readonly size: number
  /** Runs only if it is asked for by name. */
  readonly onRequest?: boolean
  /** The only number of parties that it knows, if it does not take any. */
  readonly parties?: number
  /** Its connections cannot be slowed. */
  readonly loopbackOnly?: boolean
  /** @throws Error if any result is wrong */
  measure(setting: Setting): Promise<Result>
}

export interface Result {
  readonly measurements: readonly Measurement[]
  /** Printed after the table. */
  readonly note?: string
  /** All parties together, most expensive first. */
  readonly kernels?: readonly KernelTime[]
}

/** The benchmark that runs this task at n parties, a process each, over the overlay. */
export function onFleet(task: Task): Benchmark {
  const { name, about, size } = task
  return { name, about, size, measure: (setting) => measureTask(task, setting) }
}

async function measureTask(task: Task, setting: Setting): Promise<Result> {
  const { size, parties, repeat, flags, link, rehearsalMs } = setting
  // Bare sockets are not slowed: what a slow link allows is predicted (wan.ts). And they have one session.
  const wanted = setting.limit && link === undefined && task.sessions === undefined
  const committee = committeeOf(parties)
  const fleet = await Fleet.start(parties, flags, link, rehearsalMs)
  try {
    await fleet.prepare(task.name, size, link && classOf(link))
    const runs: (readonly RunReport[])[] = []
    for (let k = 0; k <= repeat; k++) {
      const run = await fleet.run(k === 0)
      await task.check(
        committee,
        size,
        run.map(({ evidence }) => evidence),
      )
      runs.push(run)
    }
    const rounds = await fleet.rounds()
    const socketSeconds = wanted ? await fleet.bareSeconds(repeat) : undefined
    await fleet.stop()
    const [firstSeconds, ...samples] = runs.map((run) => largest(run, 'seconds'))
    const [, ...cpuSamples] = runs.map((run) => largest(run, 'cpuSeconds'))
    const last = runs[repeat]!
    const sentBytes = last.reduce((sum, report) => sum + report.sentBytes, 0)
    const work = { task: task.name, size, parties, sentBytes }
    const limit = socketSeconds === undefined ? undefined : await measureLimit(work, socketSeconds)
    const measurement: Measurement = {
      name: task.name,
      mode: 'passive',
      parties,
      n: size,
      repeat,
      ...(link && { link }),
      seconds: median(samples),
      samples,
      firstSeconds: firstSeconds!,
      cpuSeconds: median(cpuSamples),
      cpuSamples,
      bytesPerParty: largest(last, 'sentBytes'),
      rounds,
      rssBytes: largest(last, 'rssBytes'),
      ...(limit && { limitSeconds: sumOf(limit.parts), limit: limit.parts }),
    }
    const served = fleet.served.slice(1)
    return {
      measurements: [measurement],
      ...(limit && { kernels: limit.compute.kernels }),
      ...(served.length > 0 && { note: `${task.name}: ${aboutShareNodes(served)}\n` }),
    }
  } finally {
    await fleet.stop()
  }
}

/** What the share-node that spends most took in the timed runs. */
function aboutShareNodes(served: readonly (readonly ServeReport[])[]): string {
  const cpu = median(served.map((run) => Math.max(...run.map(({ cpuSeconds }) => cpuSeconds))))
  const rss = Math.max(...served.flat().map(({ rssBytes }) => rssBytes))
  return `a share-node ${cpu.toFixed(3)} CPU s, ${(rss / 1e6).toFixed(0)} MB RSS`
}

function largest(run: readonly RunReport[], field: Exclude<keyof RunReport, 'evidence'>): number {
  return Math.max(...run.map((report) => report[field]))
}
