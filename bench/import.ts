/**
 * The import benchmark: from a CSV file to a dataset version, with real share-nodes (LevelDB on disk), a
 * real coordinator and the real repository, a process each, on loopback. What was stored is opened and
 * compared with the file at the end.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { freePorts } from '../cli/demo/network.ts'
import { rng } from '../node/crypto.ts'
import { blockBytes, blocksOf } from '../node/import-blocks.ts'
import { generateKey } from '../protocol/ledger/note.ts'
import { committee as committeeOf } from '../shares/committee.ts'

import type { Benchmark, Setting } from './benchmark.ts'
import { bundled } from './bundle.ts'
import { Child } from './child-process.ts'
import type { ImportActor, ImportReport, Usage } from './import-actor.ts'
import { checkImport } from './import-check.ts'
import { peopleSchema, writePeople } from './import-data.ts'
import type { Measurement } from './measurement.ts'
import { median } from './statistics.ts'
import { chunksOf } from './tasks/people.ts'

interface Run {
  readonly repository: ImportReport
  /** Node 1 first. */
  readonly nodes: readonly Usage[]
}

interface Actors {
  readonly coordinator: Child<ImportActor>
  readonly repository: Child<ImportActor>
  readonly nodes: readonly Child<ImportActor>[]
}

export const importing: Benchmark = {
  name: 'import',
  about: 'rows of a file with a pseudonym and four columns, imported from CSV to a dataset version',
  size: 1_000_000,
  loopbackOnly: true,
  async measure(setting) {
    const [first, ...timed] = await runImports(setting)
    const samples = timed.map(({ repository }) => repository.seconds)
    const cpuSamples = timed.map(({ repository }) => repository.cpuSeconds)
    const runs = [first!, ...timed]
    const measurement: Measurement = {
      name: 'import',
      mode: 'passive',
      parties: setting.parties,
      n: setting.size,
      repeat: setting.repeat,
      seconds: median(samples),
      samples,
      firstSeconds: first!.repository.seconds,
      cpuSeconds: median(cpuSamples),
      cpuSamples,
      bytesPerParty: setting.parties * bytesPerNode(setting),
      rounds: 0,
      rssBytes: Math.max(...runs.map(({ repository }) => repository.rssBytes)),
    }
    return { measurements: [measurement], note: noteOf(setting, runs, timed) }
  },
}

/** The table's columns are about the repository; this says where its time goes, and what a node takes. */
function noteOf(setting: Setting, all: readonly Run[], timed: readonly Run[]): string {
  const of = (read: (run: Run) => number): string => median(timed.map(read)).toFixed(2)
  const nodeCpu = of(({ nodes }) => Math.max(...nodes.map(({ cpuSeconds }) => cpuSeconds)))
  const nodeRss = Math.max(...all.flatMap(({ nodes }) => nodes.map(({ rssBytes }) => rssBytes)))
  const rate = setting.size / median(timed.map(({ repository }) => repository.seconds))
  const words = [
    `import: ${Math.round(rate).toLocaleString('en-US')} rows/s`,
    `${of(({ repository }) => repository.readSeconds)} s until the first block left`,
    `${of(({ repository }) => repository.sendSeconds)} s until the last one had`,
    `a share-node took ${nodeCpu} s of processor time, ${(nodeRss / 1e6).toFixed(0)} MB at most`,
    `${(bytesPerNode(setting) / 1e6).toFixed(1)} MB of blocks each`,
  ]
  return `${words.join('; ')}\n`
}

/** One more run than is timed. */
async function runImports({ size, parties, repeat, flags }: Setting): Promise<Run[]> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sharehold-import-'))
  let actors: Actors | undefined
  try {
    const csvFile = path.join(directory, 'people.csv')
    const expected = await writePeople(csvFile, size)
    actors = await startActors(directory, parties, flags)
    const runs: Run[] = []
    for (let k = 0; k <= repeat; k++) {
      for (const node of actors.nodes) await node.ask('usage', undefined)
      const repository = await actors.repository.ask('import', { csvFile, dataset: `people_${k}` })
      const nodes = await Promise.all(actors.nodes.map((node) => node.ask('usage', undefined)))
      runs.push({ repository, nodes })
    }
    await Promise.all(actors.nodes.map((node) => node.ask('close', undefined)))
    const stores = actors.nodes.map(({ name }) => path.join(directory, name, 'shares'))
    for (const k of new Set([0, repeat])) {
      await checkImport(stores, peopleSchema(`people_${k}`), expected)
    }
    return runs
  } finally {
    if (actors !== undefined) {
      const { coordinator, repository, nodes } = actors
      await Promise.all([coordinator, repository, ...nodes].map((child) => child.stop()))
    }
    await rm(directory, { recursive: true, force: true })
  }
}

async function startActors(
  directory: string,
  parties: number,
  flags: readonly string[],
): Promise<Actors> {
  const { topology, skeys } = await network(parties)
  const file = bundled(new URL('import-actor.ts', import.meta.url))
  const start = async (name: string, its: readonly string[]): Promise<Child<ImportActor>> => {
    const child = new Child<ImportActor>(name, file, its)
    await child.ask('be', {
      skey: skeys.get(name)!,
      topology,
      directory: path.join(directory, name),
    })
    return child
  }
  const names = Array.from({ length: parties }, (_, i) => `share-${i + 1}`)
  const [coordinator, repository, ...nodes] = await Promise.all([
    start('coordinator', []),
    start('repository', flags),
    ...names.map((name) => start(name, flags)),
  ])
  await coordinator.ask('startCoordinator', undefined)
  await Promise.all(nodes.map((node) => node.ask('startShareNode', undefined)))
  return { coordinator, repository, nodes }
}

/** What a topology file would say. There are no MPC nodes: nobody computes. */
async function network(
  n: number,
): Promise<{ readonly topology: object; readonly skeys: ReadonlyMap<string, string> }> {
  const ports = await freePorts(2 + 2 * n)
  const skeys = new Map<string, string>()
  const actor = (name: string): { name: string; key: string } => {
    const { skey, vkey } = generateKey(name, rng)
    skeys.set(name, skey)
    return { name, key: vkey }
  }
  const node = (name: string): object => ({
    ...actor(name),
    address: `/ip4/127.0.0.1/tcp/${ports.pop()}`,
  })
  const committee = (role: string): object[] =>
    Array.from({ length: n }, (_, i) => node(`${role}-${i + 1}`))
  const topology = {
    origin: 'bench.example/ledger',
    coordinator: { ...node('coordinator'), http: `http://127.0.0.1:${ports.pop()}` },
    shareNodes: committee('share'),
    mpcNodes: committee('mpc'),
    repositories: [actor('repository')],
    queriers: [],
    chunksInFlight: 16,
    network: 'loopback',
    roundTimeoutMs: 120_000,
    limits: { dialTimeoutMs: 120_000 },
  }
  return { topology, skeys }
}

/** Of blocks, without their heads. */
function bytesPerNode({ size, parties }: Setting): number {
  const of = committeeOf(parties)
  const places = blocksOf(peopleSchema('people'), chunksOf(size))
  return places.reduce((bytes, place) => bytes + blockBytes(place, of), 0)
}
