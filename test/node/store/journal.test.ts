import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openJournal, type Journal } from '../../../node/store/journal.ts'

let root: string
const open: Journal[] = []

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'sharehold-journal-'))
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((journal) => journal.close()))
  await rm(root, { recursive: true, force: true })
})

async function journal(name: string, now: () => number = () => 1000): Promise<Journal> {
  const opened = await openJournal(path.join(root, name), now)
  open.push(opened)
  return opened
}

describe('journal', () => {
  it('records a key once, also when many ask at the same time', async () => {
    const it = await journal('a')
    const answers = await Promise.all(Array.from({ length: 20 }, () => it.recordOnce('job-1/1')))
    expect(answers.filter(Boolean)).toHaveLength(1)
    expect(await it.recordOnce('job-1/1')).toBe(false)
    expect(await it.recordOnce('job-1/2')).toBe(true)
    expect(await it.has('job-1/2')).toBe(true)
    expect(await it.has('job-1/3')).toBe(false)
  })

  it('remembers over a crash', async () => {
    const before = await journal('a')
    await before.recordOnce('job-1/1')
    await before.recordOnce('nonce', 2000)
    await cp(path.join(root, 'a'), path.join(root, 'b'), { recursive: true })
    const after = await journal('b')
    expect(await after.recordOnce('job-1/1')).toBe(false)
    expect(await after.recordOnce('nonce', 2000)).toBe(false)
  })

  it('forgets a key at its expiry, and not before', async () => {
    let now = 1000
    const first = await journal('a', () => now)
    expect(await first.recordOnce('nonce', 2000)).toBe(true)
    now = 1999
    expect(await first.recordOnce('nonce', 5000)).toBe(false)
    now = 2000
    expect(await first.has('nonce')).toBe(false)
    expect(await first.recordOnce('nonce', 3000)).toBe(true)
    expect(await first.recordOnce('nonce', 3000)).toBe(false)
  })

  it.each([
    ['an empty key', '', undefined],
    ['a very long key', 'x'.repeat(5000), undefined],
    ['no expiry at all', 'x', Number.NaN],
    ['a negative expiry', 'x', -1],
  ])('refuses %s', async (_what, key, expiry) => {
    const it = await journal('a')
    await expect(it.recordOnce(key, expiry)).rejects.toThrow(RangeError)
  })
})
