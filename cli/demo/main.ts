/**
 * `npm run demo`: seven real processes on loopback answer questions about real taxi rides, each answer
 * compared with PostgreSQL on the pooled plain table; then the ledger is audited. `--stay` (`npm run
 * dev`) keeps the network up instead and says how to ask it something.
 */
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import pc from 'picocolors'
import { parse as parseYaml } from 'yaml'

import { HttpClient } from '../../coordinator/client/http-client.ts'
import { networkKeys } from '../../coordinator/client/network-keys.ts'
import type { NetworkKeys } from '../../coordinator/client/network-keys.ts'
import { ask } from '../../coordinator/client/querier.ts'
import type { Asked } from '../../coordinator/client/querier.ts'
import { rng } from '../../node/crypto.ts'
import { readKeyFile } from '../../node/keys.ts'
import { readTopology } from '../../node/topology.ts'
import { formatSqlError } from '../../protocol/sql/format-error.ts'
import { renderTable } from '../../protocol/sql/render.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { parseSchema } from '../../shares/parse-schema.ts'

import { sharehold, startNetwork } from './network.ts'
import type { Network, RunResult } from './network.ts'
import { difference, openOracle } from './oracle.ts'
import type { Oracle } from './oracle.ts'
import { DEMO_QUERIES, oracleOf, sqlOf } from './queries.ts'
import type { DemoQuery } from './queries.ts'
import { TRIPS_SCHEMA, readTrips, writeTripFiles } from './trips.ts'

const REPOSITORIES = ['yellow-cabs', 'green-cabs']
const QUERIER = 'analyst'
const PURPOSE = 'city-planning'
const DEV_PORT = 7400
/** Exit code, as shells have it for SIGINT. */
const INTERRUPTED = 130

const print = (line = ''): void => void process.stdout.write(`${line}\n`)
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`

/** Aborted when the demo is interrupted. */
const interruption = new AbortController()
/** The command that is running, or was the last. */
let command: Promise<RunResult> | undefined

function cli(...args: string[]): Promise<RunResult> {
  command = sharehold(args, { signal: interruption.signal })
  return command
}

/** Runs a command that must succeed. */
async function run(...args: string[]): Promise<RunResult> {
  const result = await cli(...args)
  if (result.code === 0) return result
  throw new Error(`sharehold ${args.join(' ')} ended with ${result.code}:\n${result.stderr}`)
}

async function importTrips(network: Network): Promise<void> {
  const { directory, topologyFile: topology } = network
  const files = await writeTripFiles(path.join(directory, 'csv'))
  const common = ['--topology', topology, '--schema', TRIPS_SCHEMA]
  for (const name of REPOSITORIES) {
    await run('repository', 'sign', ...common, '--key', network.keyFile(name))
  }
  for (const [name, file] of [
    ['yellow-cabs', files.yellow],
    ['green-cabs', files.green],
  ] as const) {
    const begun = performance.now()
    const { stderr } = await run(
      'repository',
      'import',
      file,
      ...common,
      '--key',
      network.keyFile(name),
      '--data',
      path.join(directory, name),
    )
    print(`${pc.green('✓')} ${name}: ${stderr.trim().split('\n').at(-1)} ${pc.dim(seconds(begun))}`)
  }
}

interface Desk {
  readonly client: HttpClient
  readonly keys: NetworkKeys
  readonly skey: string
  readonly oracle: Oracle
}

/** Asks a question, prints the answer, compares it. @returns what is wrong, or null */
async function askAndCompare(desk: Desk, query: DemoQuery): Promise<string | null> {
  const { client, keys, skey, oracle } = desk
  const sql = sqlOf(query)
  print(`\n${pc.bold(query.title)}\n${pc.cyan(sql)}`)
  let asked: Asked
  try {
    asked = await ask({ client, keys, skey, sql, purpose: PURPOSE, rng, now: () => Date.now() })
  } catch (error) {
    if (!(error instanceof ShareholdError)) throw error
    print(formatSqlError(sql, error))
    const meant = query.refusedWith !== undefined && error.code.startsWith(query.refusedWith)
    return meant ? null : `it failed with ${error.code}`
  }
  if (query.refusedWith !== undefined) return 'it was not refused as it must be'
  const { answer, compiled } = asked
  const { kMin } = compiled.explain
  print(renderTable(answer, { kMin }).trimEnd())
  const kilobytes = (asked.bytesPerNode / 1000).toFixed(0)
  print(
    pc.dim(
      `${asked.rounds} rounds, ${kilobytes} kB sent per node, ${asked.seconds.toFixed(2)} s, ledger entry ${asked.entry}`,
    ),
  )
  const keyColumns = compiled.answer.cells.filter((cell) => cell.kind === 'key').length
  return difference(
    answer.rows,
    await oracle.ask(oracleOf(query, kMin, compiled.answer.rows.length)),
    keyColumns,
  )
}

async function demo(network: Network): Promise<number> {
  const topology = await readTopology(network.topologyFile)
  const schema = parseSchema(parseYaml(await readFile(TRIPS_SCHEMA, 'utf8')))
  const oracle = await openOracle(schema, await readTrips())
  const desk: Desk = {
    client: new HttpClient(topology.coordinator.http),
    keys: networkKeys(topology),
    skey: (await readKeyFile(network.keyFile(QUERIER), QUERIER)).skey,
    oracle,
  }
  let failures = 0
  try {
    for (const query of DEMO_QUERIES) {
      const wrong = await askAndCompare(desk, query)
      if (wrong !== null) failures++
      print(
        wrong === null
          ? pc.green(query.refusedWith === undefined ? '✓ equals PostgreSQL' : '✓ refused')
          : pc.red(`✗ ${wrong}`),
      )
    }
  } finally {
    await oracle.close()
  }
  print(`\n${pc.bold('The audit: from the ledger and public keys alone')}`)
  const audit = await cli('audit', '--all', '--topology', network.topologyFile)
  print(audit.stdout.trimEnd())
  if (audit.code !== 0) {
    print(audit.stderr)
    failures++
  }
  return failures
}

function howToAsk(network: Network): void {
  const topology = path.relative(process.cwd(), network.topologyFile)
  print(`
The network is up; in another terminal:

  ${pc.cyan(`export SHAREHOLD_TOPOLOGY=${topology}`)}
  ${pc.cyan(`npx sharehold datasets`)}
  ${pc.cyan(`npx sharehold query "SELECT payment, AVG(tip) FROM trips GROUP BY payment" --purpose ${PURPOSE}`)}
  ${pc.cyan(`npx sharehold explain "SELECT COUNT(*) FROM trips WHERE fare > 20"`)}
  ${pc.cyan(`npx sharehold audit --all`)}

Ctrl-C ends it; its data stay in ${path.dirname(topology)}.`)
}

/** Imports what is not there yet, then either asks and audits or stays. */
async function show(network: Network, stay: boolean, begun: number): Promise<number> {
  print(
    `${pc.green('✓')} ${network.names.length} processes: ${network.names.join(', ')} ${pc.dim(seconds(begun))}`,
  )
  const { stdout } = await run('datasets', '--topology', network.topologyFile, '--format', 'json')
  if ((JSON.parse(stdout) as unknown[]).length === 0) await importTrips(network)
  if (stay) {
    howToAsk(network)
    return 0
  }
  const failures = await demo(network)
  print(
    failures === 0
      ? pc.green(`\nAll answers equal PostgreSQL's, and the audit is clean. ${seconds(begun)}`)
      : pc.red(`\n${failures} failed.`),
  )
  return failures === 0 ? 0 : 1
}

async function main(): Promise<number> {
  const stay = process.argv.includes('--stay')
  const directory = stay
    ? path.resolve('.dev')
    : await mkdtemp(path.join(tmpdir(), 'sharehold-demo-'))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interruption.abort())
  }
  const interrupted = once(interruption.signal, 'abort').then(() => 'interrupted' as const)
  const begun = performance.now()
  const starting = startNetwork({
    directory,
    repositories: REPOSITORIES,
    queriers: [QUERIER],
    ...(stay ? { firstPort: DEV_PORT } : {}),
  })
  try {
    const showing = starting.then((network) => show(network, stay, begun))
    const code = await Promise.race([showing, interrupted])
    if (code === 'interrupted') return INTERRUPTED
    if (stay) await interrupted
    return code
  } finally {
    // Also if it was interrupted while they were starting: no process is left behind.
    const network = await starting.catch(() => undefined)
    await command?.catch(() => undefined)
    await network?.stop()
    if (!stay) await rm(directory, { recursive: true, force: true })
  }
}

// What an interrupted demo was still waiting for must not keep the process.
process.exit(await main())
