import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { rng } from '../../node/crypto.ts'
import { keptResultKey } from '../../node/result-key-file.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sharehold-result-key-'))
})
afterAll(() => rm(directory, { recursive: true }))

test('is made once, for its owner alone, and read from then on', async () => {
  const file = path.join(directory, 'private', 'ann.rkey')
  const [made, beside] = await Promise.all([keptResultKey(file, rng), keptResultKey(file, rng)])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(path.dirname(file))).mode & 0o777).toBe(0o700)
  expect(beside).toEqual(made)
  expect(await keptResultKey(file, rng)).toEqual(made)
  expect(await keptResultKey(path.join(directory, 'other'), rng)).not.toEqual(made)
})

test('that others may read is refused, and never changed', async () => {
  const file = path.join(directory, 'open')
  await keptResultKey(file, rng)
  const before = await readFile(file, 'utf8')
  await chmod(file, 0o640)
  await expect(keptResultKey(file, rng)).rejects.toMatchObject({ code: 'SH_KEYS_PERMISSIONS' })
  expect(await readFile(file, 'utf8')).toBe(before)
})

test.each(['', 'RESULT+KEY+1+abc', 'PRIVATE+KEY+ann+x'])('%j is none', async (text) => {
  const file = path.join(directory, 'none')
  await writeFile(file, text, { mode: 0o600 })
  const error: unknown = await keptResultKey(file, rng).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'SH_KEYS_INVALID' })
  expect(String(error)).not.toContain('abc')
})
