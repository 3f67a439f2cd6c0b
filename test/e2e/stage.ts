/**
 * What the end-to-end tests stand on: a temporary directory, real processes in it, and the command
 * line as a user types it. Whatever happens, nothing is left behind: processes end with the test's
 * process, and directories are removed after the file's last test.
 */
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll } from 'vitest'

import { sharehold, startNetwork } from '../../cli/demo/network.ts'
import type { Network, NetworkOptions, RunResult } from '../../cli/demo/network.ts'

/** Far longer than anything takes, on a loaded machine too: only to end a test that hangs. */
const PATIENCE_MS = 100_000

/** The environment without what the test runner adds: no colours, no options for Node. */
export function plainEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _colour, NODE_OPTIONS: _options, ...env } = process.env
  return { ...env, NO_COLOR: '1', ...more }
}

const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Sees to it that a child process does not outlive this one, even if it is stopped (SIGSTOP). */
export function bind(child: ChildProcess): ChildProcess {
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

export interface Place {
  readonly directory: string
  /** Path of a file in the directory. */
  readonly file: (...parts: string[]) => string
  /** Runs `sharehold …` there with the environment's topology; ends it if it hangs. */
  readonly cli: (...args: string[]) => Promise<RunResult>
  /** As `cli`, and the command must end with 0. */
  readonly ok: (...args: string[]) => Promise<RunResult>
}

/**
 * A directory for the tests of the file, removed after the last one.
 *
 * @param topologyFile relative to the directory
 */
export function usePlace(topologyFile: string): Place {
  let directory: string | undefined
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'sharehold-e2e-'))
  })
  afterAll(async () => {
    if (directory === undefined) return
    // To look at the logs of a failure.
    if (process.env['SHAREHOLD_KEEP'] === '1') console.log(`kept: ${directory}`)
    else await rm(directory, { recursive: true, force: true })
  })
  const cli = (...args: string[]): Promise<RunResult> =>
    sharehold(args, {
      cwd: directory!,
      env: plainEnvironment({ SHAREHOLD_TOPOLOGY: topologyFile }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
  return {
    get directory() {
      return directory!
    },
    file: (...parts) => path.join(directory!, ...parts),
    cli,
    async ok(...args) {
      const result = await cli(...args)
      if (result.code === 0) return result
      throw new Error(`sharehold ${args.join(' ')} ended with ${result.code}:\n${result.stderr}`)
    },
  }
}

export interface Stage extends Place {
  readonly network: Network
  /** Starts a process again and waits until it is ready. */
  readonly restart: (name: string) => Promise<void>
  /** What a process has logged so far. */
  readonly log: (name: string) => Promise<string>
}

/** A whole network for the tests of the file; it ends after the last one. */
export function useStage(options: Omit<NetworkOptions, 'directory'>): Stage {
  const place = usePlace('topology.json')
  let network: Network | undefined
  beforeAll(async () => {
    network = await startNetwork({ ...options, directory: place.directory })
    for (const name of network.names) bind(network.process(name))
  })
  // Runs before the directory is removed: hooks of this kind run in reverse order.
  afterAll(async () => {
    await network?.stop()
  })
  return {
    ...place,
    get directory() {
      return place.directory
    },
    get network() {
      return network!
    },
    async restart(name) {
      await network!.start(name)
      bind(network!.process(name))
    },
    log: (name) => readFile(place.file('logs', `${name}.log`), 'utf8'),
  }
}

/** Waits until `look` finds something. @throws Error saying what did not come */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  pauseMs = 10,
): Promise<T> {
  const end = performance.now() + PATIENCE_MS
  while (performance.now() < end) {
    const found = await look()
    if (found !== undefined) return found
    await sleep(pauseMs)
  }
  throw new Error(`${what} did not happen`)
}
