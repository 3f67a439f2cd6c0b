/**
 * `npm run demo` as a stranger runs it: it succeeds, it audits, and nothing is left of it, no process
 * and no file, whether it runs to its end or is interrupted.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { DEMO_QUERIES } from '../../cli/demo/queries.ts'

import { bind, plainEnvironment, until } from './stage.ts'

const ROOT = path.join(import.meta.dirname, '..', '..')
const PROCESSES = 7

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sharehold-e2e-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

/** Processes of the network in our directory: others may run on the same machine. */
async function processes(): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid,args'])
  return stdout.split('\n').filter((line) => line.includes(path.join(directory, 'sharehold-demo-')))
}

const leftovers = async (): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.startsWith('sharehold-'))

interface Demo {
  readonly child: ReturnType<typeof spawn>
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>
}

function demo(command: string, args: readonly string[]): Demo {
  const env = plainEnvironment({ TMPDIR: directory })
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  bind(child)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    stdout,
    stderr,
  }))
  return { child, ended }
}

const allRunning = (): Promise<true> =>
  until('the network', async () => (await processes()).length >= PROCESSES || undefined, 100)

test('the demo succeeds, audits, and leaves nothing behind', async () => {
  const { ended } = demo('npm', ['run', '-s', 'demo'])
  await allRunning()
  const { code, stdout, stderr } = await ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const answered = DEMO_QUERIES.filter((one) => one.refusedWith === undefined)
  expect(stdout.match(/✓ equals PostgreSQL/gu)).toHaveLength(answered.length)
  expect(stdout.match(/✓ refused/gu)).toHaveLength(DEMO_QUERIES.length - answered.length)
  expect(stdout).toMatch(/All \d+ checks passed\./u)
  expect(stdout.match(/attempt 1: completed/gu)).toHaveLength(answered.length)
  expect(await processes()).toEqual([])
  expect(await leftovers()).toEqual([])
})

test.each(['SIGINT', 'SIGTERM'] as const)('nor does an interrupted one (%s)', async (signal) => {
  const { child, ended } = demo(process.execPath, ['--import', 'tsx', 'cli/demo/main.ts'])
  await allRunning()
  child.kill(signal)
  const { code } = await ended
  expect(code).toBe(130)
  expect(await processes()).toEqual([])
  expect(await leftovers()).toEqual([])
})
