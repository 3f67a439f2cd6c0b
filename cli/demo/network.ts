/**
 * A whole Sharehold network on loopback: one real process a role, started as an operator would start
 * it (`sharehold share-node …`), from a topology file with fresh keys and free ports.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
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
  /** Ends one process at once, as a power cut would; resolves when it is gone. */
  kill(name: string): Promise<void>
  /** Ends all processes; resolves when none is left. */
  stop(): Promise<void>
}

export interface RunOptions {
  /** Ends the command early; it is gone when the promise rejects. */
  readonly signal?: AbortSignal
  readonly cwd?: string
  /** In place of this process's own environment. */
  readonly env?: NodeJS.ProcessEnv
}

export interface RunResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `sharehold …` to its end. @throws the signal's reason */
export async function sharehold(
  args: readonly string[],
  { signal, ...options }: RunOptions = {},
): Promise<RunResult> {
  signal?.throwIfAborted()
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  const stop = (): void => void child.kill('SIGKILL')
  signal?.addEventListener('abort', stop, { once: true })
  const [code] = (await once(child, 'close')) as [number | null]
  signal?.removeEventListener('abort', stop)
  signal?.throwIfAborted()
  return {
    code: code ?? -1,
    stdout: Buffer.concat(out).toString(),
    stderr: Buffer.concat(err).toString(),
  }
}

/**
 * Starts `sharehold <role> …`, which runs until it is told to end, or until this process is gone.
 *
 * @param logFile gets its output, behind what is there already
 */
export function launch(
  args: readonly string[],
  logFile: string,
  options: Omit<RunOptions, 'signal'> = {},
): ChildProcess {
  // The file itself, not a pipe through this process: what a killed process said last is there too.
  const log = openSync(logFile, 'a')
  try {
    return spawn(process.execPath, [CLI, ...args], {
      stdio: ['ignore', log, log, 'ipc'],
      ...options,
    })
  } finally {
    closeSync(log)
  }
}

/** Waits until a launched process says that it is ready. @throws Error with the end of its log */
export async function untilReady(child: ChildProcess, logFile: string): Promise<void> {
  const waiting = new AbortController()
  const { signal } = waiting
  const first = await Promise.race([
    once(child, 'message', { signal }).then(() => 'ready' as const),
    once(child, 'exit', { signal }).then(() => 'exit' as const),
    sleep(READY_MS, 'late' as const, { signal }),
  ])
  waiting.abort()
  if (first === 'ready') return
  const text = await readFile(logFile, 'utf8').catch(() => '')
  throw new Error(`${path.basename(logFile, '.log')} did not become ready:\n${text.slice(-2000)}`)
}

/** Ends a launched process, in order if it can; resolves when it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  // A stopped process (SIGSTOP) would not see SIGTERM.
  child.kill('SIGCONT')
  child.kill('SIGTERM')
  const late = await Promise.race([exit, sleep(STOP_MS, 'late' as const, { ref: false })])
  if (late !== 'late') return
  child.kill('SIGKILL')
  await exit
}

/**
 * Ports that nobody listens on. Below the range from which the system takes ports for outgoing
 * connections: one of those could take the port of a process that is being restarted.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(20_000, 32_000)
    if (!ports.has(port) && (await isFree(port))) ports.add(port)
  }
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
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
    const logFile = path.join(directory, 'logs', `${name}.log`)
    const data = path.join(directory, 'data', name)
    const child = launch(
      [role, '--topology', topologyFile, '--key', keyFile(name), '--data', data],
      logFile,
    )
    children.set(name, child)
    await untilReady(child, logFile)
  }
  const kill = async (name: string): Promise<void> => {
    const child = children.get(name)!
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  const stop = async (): Promise<void> => {
    await Promise.all([...children.values()].map(end))
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
    kill,
    stop,
  }
}
