/**
 * Programs that do what their parent asks, from the parent's side: one question at a time, over Node's own IPC
 * (the child's: serve-parent.ts). A child ends when its parent is gone; `killChildren` ends all that are left.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

import type { Answer, Program, Question } from './serve-parent.ts'

type Argument<F> = F extends (argument: infer A) => unknown ? A : never
type Result<F> = F extends (argument: never) => infer R ? Awaited<R> : never

const STOP_MS = 5_000
const living = new Set<ChildProcess>()

/** The parent's side of one child. */
export class Child<P extends Program> {
  readonly name: string
  readonly #process: ChildProcess

  /**
   * @param program path of its bundle (bundle.ts)
   * @param flags for its Node
   */
  constructor(name: string, program: string, flags: readonly string[] = []) {
    this.name = name
    // The new space is that of a node (cli/sharehold.mjs).
    const execArgv = ['--max-semi-space-size=1', ...flags]
    this.#process = fork(program, { execArgv, serialization: 'advanced' })
    living.add(this.#process)
    this.#process.once('exit', () => living.delete(this.#process))
  }

  /** @throws Error with the child's stack, or if it ends */
  async ask<K extends keyof P & string>(name: K, argument: Argument<P[K]>): Promise<Result<P[K]>> {
    if (!this.#process.connected) throw new Error(`${this.name} has ended`)
    const settled = new AbortController()
    const { signal } = settled
    try {
      const replied = once(this.#process, 'message', { signal })
      const ended = once(this.#process, 'exit', { signal }).then(([code]) => {
        throw new Error(`${this.name} ended with code ${String(code)} while it was to ${name}`)
      })
      this.#process.send({ name, argument } satisfies Question)
      const [reply] = (await Promise.race([replied, ended])) as [Answer]
      if ('error' in reply) throw new Error(`${this.name} failed to ${name}: ${reply.error}`)
      return reply.result as Result<P[K]>
    } finally {
      settled.abort()
    }
  }

  /** Lets the child end by itself (a profiler writes its file then), or else kills it. */
  async stop(): Promise<void> {
    const child = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    if (child.connected) child.disconnect()
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await exit
    clearTimeout(late)
  }
}

/**
 * Runs a TypeScript program of any checkout to its end, as a child as well.
 * @param folder where the program's own packages are
 * @param file within the folder
 * @returns what it printed
 * @throws Error if it failed; what it said of that is on stderr
 */
export async function runElsewhere(
  folder: string,
  file: string,
  args: readonly string[],
): Promise<string> {
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  living.add(child)
  const ended = once(child, 'exit')
  const printed = await text(child.stdout)
  const [code] = await ended
  living.delete(child)
  if (code !== 0) throw new Error(`${file} in ${folder} ended with code ${String(code)}`)
  return printed
}

/** Kills all children at once, for when there is no time to wait. */
export function killChildren(): void {
  for (const child of living) child.kill('SIGKILL')
}
