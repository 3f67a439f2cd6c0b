/**
 * ShareStore: where a share-node keeps its blocks. A block is one (dataset, import, column, encoding,
 * chunk) of one party's shares, opaque bytes here. Blocks never change: an import is written once as
 * a whole, and deleted.
 *
 * A store must survive kill -9 at any moment: before `commit` resolves nothing of an import is seen,
 * afterwards all of it is, for good. test/shares/store-compliance.ts holds the rules as tests, and
 * every implementation runs them; `memoryStore` is the one for tests and browsers.
 *
 * Whoever reads a store without the other parties' stores learns the sizes and, of the values, nothing.
 */
import { ShareholdError } from './errors.ts'

/** How the values of a block are shared: `field` Shamir vectors (shamir.ts), `bits` CNF planes (replicated.ts). */
export type Encoding = 'field' | 'bits'

/** Names one block. Texts are non-empty well-formed Unicode without NUL; chunk is a u32. */
export interface BlockKey {
  readonly dataset: string
  readonly importId: string
  readonly column: string
  readonly encoding: Encoding
  readonly chunk: number
}

/** All blocks that agree with the given parts; each part may only be given with those before it. */
export type BlockPrefix =
  | { readonly dataset: string }
  | { readonly dataset: string; readonly importId: string }
  | { readonly dataset: string; readonly importId: string; readonly column: string }
  | {
      readonly dataset: string
      readonly importId: string
      readonly column: string
      readonly encoding: Encoding
    }

/** Writes one import. Finish with exactly one of `commit` and `abort`. */
export interface ImportWriter {
  /**
   * Adds a block. The bytes are copied or written before the promise resolves.
   * @throws TypeError if the key is malformed, of another import, or was put before, or the writer is finished
   */
  put(key: BlockKey, bytes: Uint8Array, signal?: AbortSignal): Promise<void>
  /** Makes all blocks visible at once. Resolves only when they are synced to disk. */
  commit(signal?: AbortSignal): Promise<void>
  /** Drops everything that was put. */
  abort(): Promise<void>
}

/** All methods reject with the signal's reason when it is aborted, and then have had no effect. */
export interface ShareStore {
  /**
   * Begins an import. Whatever was staged under this id and never committed (a crash) is dropped.
   * @throws ShareholdError SH_STORE_EXISTS if blocks of this import are stored
   */
  stage(importId: string, signal?: AbortSignal): Promise<ImportWriter>
  /**
   * The bytes of a block, the caller's own copy.
   * @throws ShareholdError SH_STORE_MISSING
   */
  get(key: BlockKey, signal?: AbortSignal): Promise<Uint8Array>
  /** Keys of stored blocks, ordered by dataset, import, column, encoding (text order) and chunk. */
  list(prefix: BlockPrefix, signal?: AbortSignal): Promise<BlockKey[]>
  /**
   * Deletes blocks, all or none; resolves only when that is synced.
   * @returns how many there were
   */
  delete(prefix: BlockPrefix, signal?: AbortSignal): Promise<number>
}

/**
 * Checks a key's parts.
 * @throws TypeError
 */
export function checkBlockKey(key: BlockKey): void {
  for (const text of [key.dataset, key.importId, key.column]) checkName(text)
  if (key.encoding !== 'field' && key.encoding !== 'bits') throw new TypeError('no such encoding')
  if (!Number.isInteger(key.chunk) || key.chunk < 0 || key.chunk > 0xffff_ffff) {
    throw new TypeError('a chunk number is an unsigned 32-bit number')
  }
}

/** Whether a block belongs to a prefix. */
export function hasPrefix(key: BlockKey, prefix: BlockPrefix): boolean {
  return (
    key.dataset === prefix.dataset &&
    (!('importId' in prefix) || key.importId === prefix.importId) &&
    (!('column' in prefix) || key.column === prefix.column) &&
    (!('encoding' in prefix) || key.encoding === prefix.encoding)
  )
}

/** The order of `list`. Texts compare by UTF-16 code units. */
export function compareBlockKeys(a: BlockKey, b: BlockKey): number {
  return (
    compareText(a.dataset, b.dataset) ||
    compareText(a.importId, b.importId) ||
    compareText(a.column, b.column) ||
    compareText(a.encoding, b.encoding) ||
    a.chunk - b.chunk
  )
}

/** SH_STORE_MISSING for a block. */
export function missingBlock(key: BlockKey): ShareholdError {
  return new ShareholdError(
    'SH_STORE_MISSING',
    `no block ${key.encoding}/${key.chunk} of column ${key.column}, import ${key.importId}, dataset ${key.dataset}`,
    { hint: 'The import was never committed here, or it was erased.' },
  )
}

/** SH_STORE_EXISTS for an import. */
export function existingImport(importId: string): ShareholdError {
  return new ShareholdError('SH_STORE_EXISTS', `import ${importId} is stored already`, {
    hint: 'Imports never change: use a new import id, or delete the old one first.',
  })
}

/** A store in memory, for tests and browsers. Keeps nothing beyond the process. */
export function memoryStore(): ShareStore {
  const blocks = new Map<string, Stored>()
  const staged = new Map<string, Map<string, Stored>>()
  const matching = (prefix: BlockPrefix): Stored[] =>
    [...blocks.values()]
      .filter((stored) => hasPrefix(stored.key, prefix))
      .toSorted((a, b) => compareBlockKeys(a.key, b.key))

  return {
    async stage(importId, signal) {
      signal?.throwIfAborted()
      checkName(importId)
      if ([...blocks.values()].some(({ key }) => key.importId === importId)) {
        throw existingImport(importId)
      }
      const mine = new Map<string, Stored>()
      staged.set(importId, mine)
      const checkOpen = (): void => {
        if (staged.get(importId) !== mine) throw new TypeError('this import writer is finished')
      }
      return {
        async put(key, bytes, putSignal) {
          putSignal?.throwIfAborted()
          checkOpen()
          checkBlockKey(key)
          if (key.importId !== importId) throw new TypeError('the block is of another import')
          const name = nameOf(key)
          if (mine.has(name)) throw new TypeError('the block was put before')
          mine.set(name, { key: { ...key }, bytes: new Uint8Array(bytes) })
        },
        async commit(commitSignal) {
          commitSignal?.throwIfAborted()
          checkOpen()
          for (const [name, stored] of mine) blocks.set(name, stored)
          staged.delete(importId)
        },
        async abort() {
          if (staged.get(importId) === mine) staged.delete(importId)
        },
      }
    },
    async get(key, signal) {
      signal?.throwIfAborted()
      checkBlockKey(key)
      const stored = blocks.get(nameOf(key))
      if (stored === undefined) throw missingBlock(key)
      return new Uint8Array(stored.bytes)
    },
    async list(prefix, signal) {
      signal?.throwIfAborted()
      return matching(prefix).map(({ key }) => key)
    },
    async delete(prefix, signal) {
      signal?.throwIfAborted()
      const gone = matching(prefix)
      for (const { key } of gone) blocks.delete(nameOf(key))
      return gone.length
    },
  }
}

interface Stored {
  readonly key: BlockKey
  readonly bytes: Uint8Array
}

function nameOf(key: BlockKey): string {
  return [key.dataset, key.importId, key.column, key.encoding, key.chunk].join('\0')
}

function checkName(text: string): void {
  if (text === '' || text.includes('\0') || /\p{Surrogate}/u.test(text)) {
    throw new TypeError('a name is empty, contains NUL or is no well-formed Unicode')
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
