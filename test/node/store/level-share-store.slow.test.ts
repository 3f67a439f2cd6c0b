import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, it } from 'vitest'

import { openLevelShareStore } from '../../../node/store/level-share-store.ts'
import { pattern } from '../network.ts'

const PROGRAM = fileURLToPath(new URL('import-for-ever.ts', import.meta.url))
const KILLS = 12

/** Runs the program until it is killed, so long after some imports. @returns those that it has acknowledged */
async function runAndKill(
  directory: string,
  first: number,
  imports: number,
  afterMs: number,
): Promise<number[]> {
  const child = fork(PROGRAM, [directory, String(first)], { execArgv: ['--import', 'tsx'] })
  const acknowledged: number[] = []
  await new Promise<void>((resolve) => {
    child.on('message', (i: number) => {
      if (acknowledged.push(i) === imports) resolve()
    })
  })
  await new Promise((resolve) => setTimeout(resolve, afterMs))
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
  return acknowledged
}

it('keeps every acknowledged import, and no half of another, over kill -9', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'sharehold-kill-'))
  const acknowledged: number[] = []
  for (let run = 0; run < KILLS; run++) {
    const first = run * 100_000
    acknowledged.push(...(await runAndKill(directory, first, 1 + (run % 3), 10 + run * 37)))
    const store = await openLevelShareStore(directory)
    const chunks = new Map<string, number[]>()
    for (const { importId, chunk } of await store.list({ dataset: 'trips' })) {
      chunks.set(importId, [...(chunks.get(importId) ?? []), chunk])
    }
    for (const found of chunks.values()) expect(found).toEqual([0, 1, 2, 3, 4, 5])
    for (const i of acknowledged) expect(chunks.has(`import-${i}`)).toBe(true)
    // At most one import a run may have been finished without our having heard of it.
    expect(chunks.size).toBeLessThanOrEqual(acknowledged.length + run + 1)
    const last = acknowledged.at(-1) ?? 0
    for (let chunk = 0; chunk < 6; chunk++) {
      const key = {
        dataset: 'trips',
        importId: `import-${last}`,
        column: 'fare',
        encoding: 'bits',
        chunk,
      } as const
      const bytes = pattern(last % 2 === 0 ? 1000 : 3_000_000, last + chunk)
      expect(Buffer.compare(await store.get(key), bytes)).toBe(0)
    }
    await store.close()
  }
  expect(acknowledged.length).toBeGreaterThan(KILLS)
  await rm(directory, { recursive: true, force: true })
})
