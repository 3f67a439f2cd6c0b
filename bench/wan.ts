/**
 * The query on slow links: what the cost model predicts of it and what it takes, results checked, for six
 * combinations of round trip and bandwidth (slow-link.ts).
 *
 *   npx tsx bench/wan.ts [--n N] [--parties N] [--repeat N] [--json]
 *
 * Predicted is the network's part, by the formula of EXPLAIN with these rates, and what the same plan takes
 * on loopback, run in turn with the slow one: that stands for computing, in which three parties share the
 * cores of one machine. The ratio is measured over predicted.
 */
import { parseArgs } from 'node:util'

import { renderTable } from '../cli/table.ts'
import { bytesSent, schedule } from '../protocol/cost.ts'
import { compile } from '../protocol/sql/compile.ts'
import { ratesOfLink, scheduleSeconds } from '../protocol/sql/network-model.ts'
import { committee as committeeOf } from '../shares/committee.ts'

import { natural, runProgram } from './command-line.ts'
import { Fleet } from './fleet.ts'
import { classOf, lineBytes, type LinkSpeed } from './slow-link.ts'
import { median } from './statistics.ts'
import { paramsFor, people, SCHEMA } from './tasks/people.ts'
import { query, SQL } from './tasks/query.ts'
import type { NetworkClass } from './tasks/task.ts'

const LINKS: readonly LinkSpeed[] = [1, 20, 80].flatMap((roundTripMs) =>
  [100, 1000].map((megabits) => ({ roundTripMs, megabits })),
)

interface Options {
  readonly size: number
  readonly parties: number
  readonly repeat: number
  readonly json: boolean
}

interface Row extends LinkSpeed {
  readonly rounds: number
  readonly bytesPerParty: number
  /** By rounds, bytes and these rates. */
  readonly networkSeconds: number
  /** The same plan on loopback. */
  readonly loopbackSeconds: number
  /** Median of the timed runs, each that of the slowest party. */
  readonly seconds: number
}

const predicted = (row: Row): number => row.networkSeconds + row.loopbackSeconds

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      n: { type: 'string', default: String(query.size) },
      parties: { type: 'string', default: '3' },
      repeat: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  })
  return {
    size: natural('n', values.n),
    parties: committeeOf(natural('parties', values.parties)).n,
    repeat: natural('repeat', values.repeat),
    json: values.json,
  }
}

/** A fleet that is ready to run the query. */
async function fleetFor(
  { parties, size }: Options,
  network: NetworkClass,
  link?: LinkSpeed,
): Promise<Fleet> {
  const fleet = await Fleet.start(parties, [], link)
  await fleet.prepare(query.name, size, network)
  return fleet
}

/** Seconds of one run, of the slowest party. @throws Error if the result is wrong */
async function timed({ parties, size }: Options, fleet: Fleet): Promise<number> {
  const run = await fleet.run(false)
  const evidence = run.map((report) => report.evidence)
  await query.check(committeeOf(parties), size, evidence)
  return Math.max(...run.map(({ seconds }) => seconds))
}

/** Runs on the link and on loopback in turn, so that both meet the same neighbours. */
async function measure(options: Options, link: LinkSpeed): Promise<Row> {
  const network = classOf(link)
  const fleets: Fleet[] = []
  try {
    fleets.push(await fleetFor(options, network), await fleetFor(options, network, link))
    const [loopback, slow] = fleets
    const samples: { readonly fast: number; readonly slow: number }[] = []
    for (let k = 0; k <= options.repeat; k++) {
      samples.push({ fast: await timed(options, loopback!), slow: await timed(options, slow!) })
    }
    // The first runs compile.
    const rest = samples.slice(1)
    return {
      ...link,
      ...(await prediction(options, link)),
      loopbackSeconds: median(rest.map(({ fast }) => fast)),
      seconds: median(rest.map((sample) => sample.slow)),
    }
  } finally {
    await Promise.all(fleets.map((fleet) => fleet.stop()))
  }
}

type Prediction = Pick<Row, 'rounds' | 'bytesPerParty' | 'networkSeconds'>

async function prediction({ parties, size }: Options, link: LinkSpeed): Promise<Prediction> {
  const params = paramsFor(committeeOf(parties), people(size), classOf(link))
  const { plan } = await compile(SQL, SCHEMA, params)
  const cost = schedule(plan, params)
  return {
    rounds: cost.rounds.length,
    bytesPerParty: Math.max(...bytesSent(cost)),
    networkSeconds: scheduleSeconds(cost, ratesOfLink(link)),
  }
}

const HEAD = [
  'round trip',
  'Mbit/s',
  'rounds',
  'sent/party',
  'on the line',
  'network s',
  'loopback s',
  'predicted s',
  'seconds',
  'ratio',
]

function cells(row: Row): string[] {
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`
  return [
    `${row.roundTripMs} ms`,
    String(row.megabits),
    String(row.rounds),
    megabytes(row.bytesPerParty),
    megabytes(lineBytes(row.bytesPerParty)),
    row.networkSeconds.toFixed(3),
    row.loopbackSeconds.toFixed(3),
    predicted(row).toFixed(3),
    row.seconds.toFixed(3),
    (row.seconds / predicted(row)).toFixed(2),
  ]
}

async function main(): Promise<void> {
  const options = readOptions()
  const rows: Row[] = []
  for (const link of LINKS) {
    const row = await measure(options, link)
    rows.push(row)
    if (options.json) process.stdout.write(`${JSON.stringify(row)}\n`)
  }
  if (options.json) return
  const align = HEAD.map(() => 'right' as const)
  process.stdout.write(renderTable(HEAD, rows.map(cells), align))
}

await runProgram(main)
