/**
 * A whole Sharehold network on loopback: one real process a role, started as an operator would start
 * it (`sharehold share-node …`), from a topology file with fresh keys and free ports.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { createKeyFiles, keyFiles } from '../../node/keys.ts'

const CLI = path.join(import.meta.dirname, '..', 'sharehold.mjs')
const STOP_MS = 5_000
const READY_MS = 60_000

export interface NetworkOptions {
  /** Keys, topology, data and logs go here. */
  readonly directory: string
  /** Committee size of the share-nodes and of the MPC nodes: 3, 5 or 7. */
  readonly committee?: number
  readonly repositories: readonly string[]
  readonly queriers: readonly string[]
  readonly roundTimeoutMs?: number
  readonly chunksInFlight?: number
  /** Fixed first port; without it free ports are looked for. */
  readonly firstPort?: number
}

export interface Network {
  readonly directory: string
  readonly topologyFile: string
  /** Names of all processes, e.g. `share-1`. */
  readonly names: readonly string[]
  keyFile(name: string): string
  process(name: string): ChildProcess
  /** Starts one process (again) and waits until it is ready. */
  start(name: string): Promise<void>
  /** Ends all processes; resolves when none is left. */
  stop(): Promise<void>
}

/** Runs `sharehold …` to its end. */
export async function sharehold(
  args: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return {
    code: code ?? -1,
    stdout: Buffer.concat(out).toString(),
    stderr: Buffer.concat(err).toString(),
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(
    servers.map(async (server) => {
      server.close()
      await once(server, 'close')
    }),
  )
  return ports
}

const numbered = (role: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${role}-${i + 1}`)

async function writeTopology(options: NetworkOptions, file: string): Promise<void> {
  const size = options.committee ?? 3
  const share = numbered('share', size)
  const mpc = numbered('mpc', size)
  const ports =
    options.firstPort === undefined
      ? await freePorts(2 + 2 * size)
      : Array.from({ length: 2 + 2 * size }, (_, i) => options.firstPort! + i)
  const entry = (name: string): { name: string; key: { file: string } } => ({
    name,
    key: { file: `keys/${name}.vkey` },
  })
  const at = (port: number): { address: string } => ({ address: `/ip4/127.0.0.1/tcp/${port}` })
  const topology = {
    origin: 'taxi-coop.example/ledger',
    coordinator: {
      ...entry('coordinator'),
      http: `http://127.0.0.1:${ports[0]!}`,
      ...at(ports[1]!),
    },
    shareNodes: share.map((name, i) => ({ ...entry(name), ...at(ports[2 + i]!) })),
    mpcNodes: mpc.map((name, i) => ({ ...entry(name), ...at(ports[2 + size + i]!) })),
    repositories: options.repositories.map(entry),
    queriers: options.queriers.map(entry),
    chunksInFlight: options.chunksInFlight ?? 16,
    network: 'loopback',
    roundTimeoutMs: options.roundTimeoutMs ?? 10_000,
  }
  await writeFile(file, `${JSON.stringify(topology, null, 2)}\n`)
}

/** Makes keys and a topology in the directory (if there is none yet) and starts all processes. */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { directory } = options
  const size = options.committee ?? 3
  const names = ['coordinator', ...numbered('share', size), ...numbered('mpc', size)]
  const topologyFile = path.join(directory, 'topology.json')
  await mkdir(path.join(directory, 'logs'), { recursive: true })
  const fresh = await readFile(topologyFile).then(
    () => false,
    () => true,
  )
  if (fresh) {
    for (const name of [...names, ...options.repositories, ...options.queriers]) {
      await createKeyFiles(path.join(directory, 'keys'), name)
    }
    await writeTopology(options, topologyFile)
  }

  const children = new Map<string, ChildProcess>()
  const keyFile = (name: string): string => keyFiles(path.join(directory, 'keys'), name).skeyFile
  const start = async (name: string): Promise<void> => {
    const role = name.startsWith('share-')
      ? 'share-node'
      : name.startsWith('mpc-')
        ? 'mpc-node'
        : name
    const log = createWriteStream(path.join(directory, 'logs', `${name}.log`), { flags: 'a' })
    const child = spawn(
      process.execPath,
      [CLI, role, '--topology', topologyFile, '--key', keyFile(name)].concat([
        '--data',
        path.join(directory, 'data', name),
      ]),
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    )
    children.set(name, child)
    child.stdout!.pipe(log)
    child.stderr!.pipe(log)
    const ready = once(child, 'message')
    const gone = once(child, 'exit').then(() => 'exit' as const)
    const first = await Promise.race([
      ready,
      gone,
      sleep(READY_MS, 'late' as const, { ref: false }),
    ])
    if (first === 'exit' || first === 'late') {
      const text = await readFile(path.join(directory, 'logs', `${name}.log`), 'utf8').catch(
        () => '',
      )
      throw new Error(`${name} did not become ready:\n${text.slice(-2000)}`)
    }
  }
  const stop = async (): Promise<void> => {
    await Promise.all(
      [...children.values()].map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const exit = once(child, 'exit')
        // A stopped process (SIGSTOP) would not see SIGTERM.
        child.kill('SIGCONT')
        child.kill('SIGTERM')
        const late = await Promise.race([exit, sleep(STOP_MS, 'late' as const, { ref: false })])
        if (late === 'late') {
          child.kill('SIGKILL')
          await exit
        }
      }),
    )
  }
  try {
    await Promise.all(names.map(start))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    directory,
    topologyFile,
    names,
    keyFile,
    process: (name) => children.get(name)!,
    start,
    stop,
  }
}
