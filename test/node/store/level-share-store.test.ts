import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { Level } from 'level'
import { describe, expect, it } from 'vitest'

import { openLevelShareStore, type LevelShareStore } from '../../../node/store/level-share-store.ts'
import type { BlockKey } from '../../../shares/store.ts'
import { shareStoreCompliance } from '../../shares/store-compliance.ts'
import { pattern } from '../network.ts'

const MiB = 1024 * 1024

async function temporary(): Promise<{ directory: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sharehold-store-'))
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) }
}

shareStoreCompliance('openLevelShareStore', async () => {
  const { directory, remove } = await temporary()
  const stores: LevelShareStore[] = [await openLevelShareStore(path.join(directory, '0'))]
  return {
    store: stores[0]!,
    async reopen() {
      // What another process would find if this one were killed now: the files as they are.
      const crashed = path.join(directory, String(stores.length))
      await cp(path.join(directory, String(stores.length - 1)), crashed, { recursive: true })
      const store = await openLevelShareStore(crashed)
      stores.push(store)
      return store
    },
    async close() {
      for (const store of stores) await store.close()
      await remove()
    },
  }
})

const key = (chunk: number, importId = 'one'): BlockKey => ({
  dataset: 'trips',
  importId,
  column: 'fare',
  encoding: 'bits',
  chunk,
})

describe('the share store on LevelDB', () => {
  it('leaves nothing of a staging behind, neither aborted nor crashed', async () => {
    const { directory, remove } = await temporary()
    const store = await openLevelShareStore(directory)
    const aborted = await store.stage('aborted')
    const crashed = await store.stage('crashed')
    for (let chunk = 0; chunk < 3; chunk++) {
      await aborted.put(key(chunk, 'aborted'), pattern(5 * MiB, chunk))
      await crashed.put(key(chunk, 'crashed'), pattern(5 * MiB, chunk))
    }
    await aborted.abort()
    await store.close()
    const inside = async (): Promise<number> => {
      const database = new Level(directory)
      const keys = await database.keys().all()
      await database.close()
      return keys.length
    }
    expect(await inside()).toBeGreaterThan(1) // the staging that was in flight
    await (await openLevelShareStore(directory)).close()
    expect(await inside()).toBe(0)
    await remove()
  })

  it('removes the bytes of deleted blocks from its files', async () => {
    const { directory, remove } = await temporary()
    const secret = Buffer.from('the share that has to go')
    const found = async (): Promise<boolean> => {
      const copy = await temporary()
      await cp(directory, copy.directory, { recursive: true })
      const { readdir, readFile } = await import('node:fs/promises')
      const files = await readdir(copy.directory)
      const contents = await Promise.all(files.map((f) => readFile(path.join(copy.directory, f))))
      await copy.remove()
      return contents.some((one) => one.includes(secret))
    }
    const store = await openLevelShareStore(directory)
    const writer = await store.stage('one')
    await writer.put(key(0), secret)
    await writer.put(key(1), pattern(1000, 1))
    await writer.commit()
    expect(await found()).toBe(true)
    await store.delete({ dataset: 'trips' })
    expect(await found()).toBe(false)
    await store.close()
    await remove()
  })

  it('copies what it is given, even a Buffer, and what it gives', async () => {
    const { directory, remove } = await temporary()
    const store = await openLevelShareStore(directory)
    const writer = await store.stage('one')
    const buffer = Buffer.from(pattern(100, 1))
    await writer.put(key(0), buffer)
    buffer.fill(0)
    await writer.commit()
    expect(await store.get(key(0))).toEqual(pattern(100, 1))
    await store.close()
    await remove()
  })

  it('tells whoever goes on that a group could not be written', async () => {
    const { directory, remove } = await temporary()
    const store = await openLevelShareStore(directory)
    const [putting, committing] = [await store.stage('putting'), await store.stage('committing')]
    await store.close()
    await putting.put(key(0, 'putting'), pattern(9 * MiB, 0))
    await expect(
      (async () => {
        await putting.put(key(1, 'putting'), pattern(9 * MiB, 1))
        await putting.put(key(2, 'putting'), pattern(1, 2))
      })(),
    ).rejects.toMatchObject({ code: 'LEVEL_DATABASE_NOT_OPEN' })
    await committing.put(key(0, 'committing'), pattern(1, 0))
    await expect(committing.commit()).rejects.toMatchObject({ code: 'LEVEL_DATABASE_NOT_OPEN' })
    await remove()
  })

  it('says that another process has it', async () => {
    const { directory, remove } = await temporary()
    const store = await openLevelShareStore(directory)
    await expect(openLevelShareStore(directory)).rejects.toMatchObject({
      code: 'SH_STORE_UNAVAILABLE',
      hint: expect.stringContaining('Another process') as string,
    })
    await store.close()
    await remove()
  })
})
