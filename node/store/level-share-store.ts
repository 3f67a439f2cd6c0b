/**
 * ShareStore on LevelDB. Three kinds of keys, by their first byte:
 *
 *     s <generation>            importId          a staging that is not committed yet
 *     d <generation> <number>   block             the bytes
 *     k <block key>             generation number where the bytes of a committed block are
 *
 * Blocks are written as they come, synced in groups of some MiB, one group while the next one comes in;
 * nobody sees them, because there is no `k` for them. (Each group is synced because LevelDB syncs one log
 * file at a time: a sync at the end would not reach groups in an older one.) `commit` is one synced batch that adds all `k` and removes `s`. So a crash at any
 * moment leaves either nothing visible or everything. What a crash left behind is found by its `s`
 * and removed when the store is opened. Deleting is one synced batch too, followed by compaction, so
 * that erased shares leave the files (not the disk: that is the file system's and the device's affair).
 *
 * Texts in keys are UTF-16 big endian, so LevelDB's order is the order that `list` promises and no two
 * texts share a key.
 */
import {
  checkBlockKey,
  existingImport,
  missingBlock,
  type BlockKey,
  type BlockPrefix,
  type ImportWriter,
  type ShareStore,
} from '../../shares/store.ts'
import { rng } from '../crypto.ts'

import {
  erase,
  openDatabase,
  SYNCED,
  type BatchOperation,
  type Bytes,
  type Database,
} from './level-database.ts'
import { serial } from './serial.ts'

const GENERATION_BYTES = 16
/** Blocks are kept in memory until there are so many bytes of them, then written and synced together. */
const GROUP_BYTES = 8 * 1024 * 1024

const STAGING = 0x73
const DATA = 0x64
const KEY = 0x6b

export interface LevelShareStore extends ShareStore {
  /** All imports that are stored, in the order of their blocks. */
  imports(): Promise<{ readonly dataset: string; readonly importId: string }[]>
  /** Waits for running operations; open writers end without a commit. */
  close(): Promise<void>
}

/**
 * Opens, or makes, the store in a directory and removes what a crash left staged.
 *
 * @throws ShareholdError SH_STORE_UNAVAILABLE
 */
export async function openLevelShareStore(directory: string): Promise<LevelShareStore> {
  const database = await openDatabase(directory)
  const store = new Store(database)
  await store.cleanUp()
  return store
}

class Store implements LevelShareStore {
  readonly #database: Database
  readonly #serially = serial()
  /** The one writer of each import that may still commit. */
  readonly #writers = new Map<string, Writer>()

  constructor(database: Database) {
    this.#database = database
  }

  async cleanUp(): Promise<void> {
    const left = await this.#database.keys({ gte: tagged(STAGING), lt: tagged(STAGING + 1) }).all()
    for (const marker of left) await this.#drop(marker.subarray(1))
  }

  async stage(importId: string, signal?: AbortSignal): Promise<ImportWriter> {
    signal?.throwIfAborted()
    checkBlockKey({ dataset: 'any', importId, column: 'any', encoding: 'bits', chunk: 0 })
    return this.#serially(async () => {
      signal?.throwIfAborted()
      if (await this.#hasImport(importId)) throw existingImport(importId)
      const older = this.#writers.get(importId)
      if (older !== undefined) await older.finish()
      const generation = rng(GENERATION_BYTES)
      const marker = new TextEncoder().encode(importId)
      await this.#database.put(tagged(STAGING, generation), marker, SYNCED)
      const writer = new Writer(this.#database, importId, generation, {
        serially: this.#serially,
        finished: () => {
          if (this.#writers.get(importId) === writer) this.#writers.delete(importId)
        },
        drop: () => this.#drop(generation),
      })
      this.#writers.set(importId, writer)
      return writer
    })
  }

  async get(key: BlockKey, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted()
    checkBlockKey(key)
    const place = await this.#database.get(blockKey(key))
    const block = place === undefined ? undefined : await this.#database.get(tagged(DATA, place))
    signal?.throwIfAborted()
    if (block === undefined) throw missingBlock(key)
    // A copy already, and nobody else's: LevelDB's own bytes do not leave its binding.
    return new Uint8Array(block.buffer, block.byteOffset, block.length)
  }

  async list(prefix: BlockPrefix, signal?: AbortSignal): Promise<BlockKey[]> {
    signal?.throwIfAborted()
    const keys = await this.#database.keys(rangeOf(prefix)).all()
    signal?.throwIfAborted()
    return keys.map(parseBlockKey)
  }

  async imports(): Promise<{ readonly dataset: string; readonly importId: string }[]> {
    const found: { dataset: string; importId: string }[] = []
    // From the first key of an import to the first one behind all of it.
    for (let from = tagged(KEY); ;) {
      const range = { gte: from, lt: tagged(KEY + 1), limit: 1 }
      const [first] = await this.#database.keys(range).all()
      if (first === undefined) return found
      const { dataset, importId } = parseBlockKey(first)
      found.push({ dataset, importId })
      from = rangeOf({ dataset, importId }).lt
    }
  }

  async delete(prefix: BlockPrefix, signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted()
    return this.#serially(async () => {
      signal?.throwIfAborted()
      const found = await this.#database.iterator(rangeOf(prefix)).all()
      if (found.length === 0) return 0
      const blocks = found
        .map(([, place]) => tagged(DATA, place))
        .toSorted((a, b) => Buffer.compare(a, b))
      // One range per generation: what lies between two generations is none of our business.
      const ranges = new Map<string, { from: Bytes; to: Bytes }>()
      for (const block of blocks) {
        const generation = Buffer.from(block.subarray(0, 1 + GENERATION_BYTES)).toString('hex')
        ranges.set(generation, { from: ranges.get(generation)?.from ?? block, to: block })
      }
      const keys = [...found.map(([key]) => key), ...blocks]
      await erase(this.#database, keys, [...ranges.values()])
      return found.length
    })
  }

  async close(): Promise<void> {
    await this.#serially(() => this.#database.close())
  }

  async #hasImport(importId: string): Promise<boolean> {
    return (await this.imports()).some((one) => one.importId === importId)
  }

  /** Removes what was staged in a generation; its marker last, so that a crash here changes nothing. */
  async #drop(generation: Bytes): Promise<void> {
    const from = tagged(DATA, generation)
    await this.#database.clear({ gte: from, lt: after(from) })
    await this.#database.del(tagged(STAGING, generation), SYNCED)
  }
}

interface WriterHooks {
  readonly serially: <T>(task: () => Promise<T>) => Promise<T>
  /** Tells the store that this writer will not commit any more. */
  readonly finished: () => void
  readonly drop: () => Promise<void>
}

class Writer implements ImportWriter {
  readonly #database: Database
  readonly #importId: string
  readonly #generation: Bytes
  readonly #hooks: WriterHooks
  /** Keys of this writer, as LevelDB has them, by their hex text; and where their bytes are. */
  readonly #places = new Map<string, { key: Bytes; place: Bytes }>()
  readonly #queue = serial()
  #group: BatchOperation[] = []
  #groupBytes = 0
  /** The group before: done when it is synced. */
  #writing: Promise<void> = Promise.resolve()
  /** Why a group could not be written: then nothing can be committed any more. */
  #failure: Error | undefined
  #open = true

  constructor(database: Database, importId: string, generation: Bytes, hooks: WriterHooks) {
    this.#database = database
    this.#importId = importId
    this.#generation = generation
    this.#hooks = hooks
  }

  async put(key: BlockKey, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.#checkOpen()
    checkBlockKey(key)
    if (key.importId !== this.#importId) throw new TypeError('the block is of another import')
    const encoded = blockKey(key)
    const name = Buffer.from(encoded).toString('hex')
    if (this.#places.has(name)) throw new TypeError('the block was put before')
    const place = new Uint8Array(GENERATION_BYTES + 4)
    place.set(this.#generation)
    new DataView(place.buffer).setUint32(GENERATION_BYTES, this.#places.size)
    this.#places.set(name, { key: encoded, place })
    this.#group.push({ type: 'put', key: tagged(DATA, place), value: new Uint8Array(bytes) })
    this.#groupBytes += bytes.length
    if (this.#groupBytes >= GROUP_BYTES) await this.#beginWrite()
  }

  async commit(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.#checkOpen()
    await this.#beginWrite()
    await this.#writing
    await this.#hooks.serially(async () => {
      // The last group may have failed, or another staging of the same import have ended this one.
      this.#checkOpen()
      const batch: BatchOperation[] = [...this.#places.values()].map(({ key, place }) => ({
        type: 'put',
        key,
        value: place,
      }))
      batch.push({ type: 'del', key: tagged(STAGING, this.#generation) })
      await this.#database.batch(batch, SYNCED)
      this.#end()
    })
  }

  async abort(): Promise<void> {
    await this.#hooks.serially(() => this.finish())
  }

  /** Ends this writer and drops what it has staged. Called one at a time. */
  async finish(): Promise<void> {
    if (!this.#open) return
    this.#end()
    await this.#queue(() => this.#hooks.drop())
  }

  #end(): void {
    this.#open = false
    this.#group = []
    this.#hooks.finished()
  }

  #checkOpen(): void {
    if (!this.#open) throw new TypeError('this import writer is finished')
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Begins to write and sync the group, once the one before is synced. */
  async #beginWrite(): Promise<void> {
    await this.#writing
    this.#checkOpen()
    const group = this.#group
    this.#group = []
    this.#groupBytes = 0
    this.#writing = this.#queue(async () => {
      if (!this.#open || group.length === 0) return
      try {
        await this.#database.batch(group, SYNCED)
      } catch (error) {
        // Whoever puts or commits next is told.
        this.#failure = error instanceof Error ? error : new Error(String(error))
      }
    })
  }
}

function tagged(tag: number, rest: Bytes = new Uint8Array(0)): Bytes {
  const out = new Uint8Array(1 + rest.length)
  out[0] = tag
  out.set(rest, 1)
  return out
}

/** The first key behind all keys that begin with `prefix`. */
function after(prefix: Bytes): Bytes {
  const out = new Uint8Array(prefix)
  for (let i = out.length - 1; i >= 0; i--) {
    out[i] = (out[i]! + 1) & 255
    if (out[i] !== 0) return out.subarray(0, i + 1)
  }
  throw new RangeError('there is no key behind this prefix')
}

/** k, then dataset NUL import NUL column NUL encoding NUL chunk, in UTF-16 big endian; chunk as u32. */
function blockKey(key: BlockKey): Bytes {
  const high = String.fromCharCode(key.chunk >>> 16, key.chunk & 0xffff)
  return utf16([key.dataset, key.importId, key.column, key.encoding, high])
}

function rangeOf(prefix: BlockPrefix): { gte: Bytes; lt: Bytes } {
  const parts: string[] = [prefix.dataset]
  if ('importId' in prefix) parts.push(prefix.importId)
  if ('column' in prefix) parts.push(prefix.column)
  if ('encoding' in prefix) parts.push(prefix.encoding)
  const from = utf16([...parts, ''])
  return { gte: from, lt: after(from) }
}

function utf16(parts: readonly string[]): Bytes {
  return tagged(KEY, Buffer.from(parts.join('\0'), 'utf16le').swap16())
}

function parseBlockKey(bytes: Bytes): BlockKey {
  const text = Buffer.from(bytes.subarray(1)).swap16().toString('utf16le')
  const [dataset = '', importId = '', column = '', encoding = ''] = text.split('\0', 4)
  const chunk = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0)
  return { dataset, importId, column, encoding: encoding === 'bits' ? 'bits' : 'field', chunk }
}
