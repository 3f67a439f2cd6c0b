/** What a share-node erases by itself: only what the ledger names in no version, and not at once. */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { hash } from '../../node/crypto.ts'
import { enteredImports } from '../../node/entered-imports.ts'
import { silent } from '../../node/log.ts'
import { openJournal, type Journal } from '../../node/store/journal.ts'
import { openLevelShareStore, type LevelShareStore } from '../../node/store/level-share-store.ts'
import { parseTopology, type Topology } from '../../node/topology.ts'
import { eraseUnregistered, markRegistered } from '../../node/unregistered-imports.ts'
import { memoryFiles } from '../../protocol/ledger/files.ts'
import { Log } from '../../protocol/ledger/log.ts'
import { renameSignerKey } from '../../protocol/ledger/note.ts'
import { signRecord, type VersionBody } from '../../protocol/ledger/records.ts'

import { actors } from './network.ts'

const KEEP_MS = 1000

let directory: string
let topology: Topology
let skeys: ReadonlyMap<string, { readonly skey: string }>
let files: ReturnType<typeof memoryFiles>
let kept: ReturnType<typeof memoryFiles>
let log: Log
let store: LevelShareStore
let journal: Journal
let now: number
let open: string[]
let readings: number

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sharehold-unregistered-'))
  const made = actors(3)
  topology = await parseTopology(made.json, '/')
  skeys = made.keys
  files = memoryFiles()
  kept = memoryFiles()
  log = await Log.open({ files, skey: logKey(), hash })
  store = await openLevelShareStore(path.join(directory, 'shares'))
  now = 1_000_000
  journal = await openJournal(path.join(directory, 'journal'), () => now)
  open = []
  readings = 0
})

afterEach(async () => {
  await store.close()
  await journal.close()
  await rm(directory, { recursive: true, force: true })
})

const skeyOf = (name: string): string => skeys.get(name)!.skey
const logKey = (): string => renameSignerKey(skeyOf('coordinator'), topology.origin)

async function importInto(dataset: string, importId: string): Promise<void> {
  const writer = await store.stage(importId)
  for (const column of ['#manifest', 'fare', 'tip']) {
    const key = { dataset, importId, column, encoding: 'bits', chunk: 0 } as const
    await writer.put(key, Uint8Array.of(1, 2, 3))
  }
  await writer.commit()
}

async function enter(dataset: string, version: number, ...imports: string[]): Promise<void> {
  const some = '0'.repeat(64)
  const body: VersionBody = {
    dataset,
    version,
    importer: 'yellow-cabs',
    schemaHash: some,
    parts: imports.map((importId) => ({
      repository: 'yellow-cabs',
      importId,
      chunks: [1],
      members: some,
      roots: [some, some, some],
      receipts: [some, some, some],
    })),
    rowsPerMember: [[1, imports.length]],
  }
  await log.append([signRecord(topology.origin, 'version', body, [skeyOf('yellow-cabs')])])
}

const look = (): Promise<number> =>
  eraseUnregistered({
    store,
    journal,
    entered() {
      readings++
      return enteredImports(topology, files, kept)
    },
    keepMs: KEEP_MS,
    isOpen: (importId) => open.includes(importId),
    now: () => now,
    log: silent,
  })

const held = async (): Promise<string[]> =>
  (await store.imports()).map(({ dataset, importId }) => `${dataset}/${importId}`)

describe('an import that is in no version', () => {
  test('is erased when it has waited, and its neighbours stay', async () => {
    for (const id of ['aaa', 'bbb', 'ccc']) await importInto('trips', id)
    await importInto('trips2', 'ddd')
    await enter('trips', 1, 'aaa')
    await enter('trips', 2, 'aaa', 'ccc')
    await enter('trips2', 1, 'ddd')
    expect(await look()).toBe(0)
    now += KEEP_MS - 1
    expect(await look()).toBe(0)
    now += 1
    expect(await look()).toBe(1)
    expect(await held()).toEqual(['trips/aaa', 'trips/ccc', 'trips2/ddd'])
  })

  test('waits over a restart, and from the first look', async () => {
    await importInto('trips', 'aaa')
    await enter('trips', 1, 'other')
    now += 10 * KEEP_MS
    expect(await look()).toBe(0)
    await journal.close()
    now += KEEP_MS
    journal = await openJournal(path.join(directory, 'journal'), () => now)
    expect(await look()).toBe(1)
    expect(await held()).toEqual([])
  })

  test('stays as long as its repository speaks of it', async () => {
    await importInto('trips', 'aaa')
    open = ['aaa']
    for (let i = 0; i < 3; i++) {
      expect(await look()).toBe(0)
      now += KEEP_MS
    }
    open = []
    expect(await look()).toBe(0)
    now += KEEP_MS
    expect(await look()).toBe(1)
  })
})

describe('an import that is in a version', () => {
  test('stays, whatever the ledger says later', async () => {
    await importInto('trips', 'aaa')
    await enter('trips', 1, 'aaa')
    expect(await look()).toBe(0)
    files = memoryFiles()
    await Log.open({ files, skey: logKey(), hash })
    now += 10 * KEEP_MS
    expect(await look()).toBe(0)
    now += 10 * KEEP_MS
    expect(await look()).toBe(0)
    expect(await held()).toEqual(['trips/aaa'])
    // It was found once; nobody has read the ledger since.
    expect(readings).toBe(1)
  })

  test('stays if it got there while it waited', async () => {
    await importInto('trips', 'aaa')
    await enter('trips', 1, 'other')
    expect(await look()).toBe(0)
    now += KEEP_MS
    await enter('trips', 2, 'other', 'aaa')
    expect(await look()).toBe(0)
    expect(await held()).toEqual(['trips/aaa'])
  })

  test('need not be looked for if its repository has said so', async () => {
    await importInto('trips', 'aaa')
    await markRegistered(journal, 'trips', 'aaa')
    expect(await look()).toBe(0)
    expect(readings).toBe(0)
  })

  test('of the same name in another dataset does not count', async () => {
    await importInto('trips', 'aaa')
    await enter('tri', 1, 'aaa')
    expect(await look()).toBe(0)
    now += KEEP_MS
    expect(await look()).toBe(1)
  })
})

describe('nothing is erased by a ledger that', () => {
  /** An import waits, long enough, while `spoil` happens to the ledger. */
  async function afterwards(spoil: () => void | Promise<void>): Promise<void> {
    await importInto('trips', 'aaa')
    await enter('trips', 1, 'other')
    await enter('trips', 2, 'other', 'more')
    expect(await look()).toBe(0)
    now += KEEP_MS
    await spoil()
    await expect(look()).rejects.toMatchObject({ code: 'SH_LEDGER_CORRUPT' })
    expect(await held()).toEqual(['trips/aaa'])
  }

  test('cannot be had', () => afterwards(() => files.remove('checkpoint')))

  test('lacks a file', () =>
    afterwards(async () => {
      for (const file of await files.list('tile/entries')) await files.remove(file)
    }))

  test('is older than the one that was read', () =>
    afterwards(async () => {
      files = memoryFiles()
      log = await Log.open({ files, skey: logKey(), hash })
      await enter('trips', 1, 'other')
    }))

  test('is another one, however long', () =>
    afterwards(async () => {
      files = memoryFiles()
      log = await Log.open({ files, skey: logKey(), hash })
      for (let version = 1; version < 5; version++) await enter('trips', version, 'another')
    }))

  test('somebody else has signed', () =>
    afterwards(async () => {
      files = memoryFiles()
      const skey = renameSignerKey(skeyOf('share-1'), topology.origin)
      log = await Log.open({ files, skey, hash })
      for (let version = 1; version < 5; version++) await enter('trips', version, 'other')
    }))
})

test('the store lists its imports', async () => {
  expect(await store.imports()).toEqual([])
  await importInto('trips', 'bbb')
  await importInto('tri', 'zzz')
  await importInto('trips', 'aa')
  await importInto('trips', 'aaa')
  const staged = await store.stage('staged')
  const key = { dataset: 'trips', importId: 'staged', column: 'a', encoding: 'bits', chunk: 0 }
  await staged.put({ ...key, encoding: 'bits' }, Uint8Array.of(1))
  expect(await held()).toEqual(['tri/zzz', 'trips/aa', 'trips/aaa', 'trips/bbb'])
  const copy = path.join(directory, 'copy')
  await cp(path.join(directory, 'shares'), copy, { recursive: true })
  const again = await openLevelShareStore(copy)
  expect((await again.imports()).length).toBe(4)
  await again.close()
})
