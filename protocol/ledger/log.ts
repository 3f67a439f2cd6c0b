/**
 * The log: an append-only list of entries under a signed Merkle root, kept as files that any web server
 * can serve (C2SP tlog-tiles). One keeper writes, everybody reads.
 *
 * Order of writing: bundles, tiles, checkpoint. An entry is in the log when the checkpoint that covers it
 * is durable, and only then `append` resolves. After a crash in between, files beyond the checkpoint
 * are left-overs that nobody has been promised: they are ignored when the log is opened, and the next
 * append writes over them (dropped, not re-appended: whoever entered them saw no success and enters
 * them again; re-appending could enter a note twice).
 *
 * Against whom: the keeper cannot alter or drop an entry without contradicting a checkpoint that it has
 * signed. It may still refuse entries, and show different logs to different people until they compare
 * checkpoints (audit.ts, `since`). Two keepers on one set of files would fork it: lock the directory.
 *
 * Cost of an append: the last bundle and one tile a level are written again, about 256 hashes a level.
 */
import { ShareholdError } from '../../shares/errors.ts'
import { type Hash, sameBytes } from '../../shares/hash.ts'
import { consistencyProof, inclusionProof, leafHash } from '../../shares/merkle.ts'

import { openCheckpoint, signCheckpoint } from './checkpoint.ts'
import { encodeEntry, type Entry, NO_PREVIOUS, parseEntry } from './entry.ts'
import type { LedgerFiles } from './files.ts'
import { parseSignerKey } from './note.ts'
import {
  bundlePath,
  CHECKPOINT_PATH,
  decodeBundle,
  decodeTile,
  encodeBundle,
  encodeTile,
  TILE_WIDTH,
  tilePath,
  type TilePlace,
  tilesOfLevel,
  tilesOfTree,
} from './tiles.ts'
import { EMPTY_TREE, extendTree, type TreeLevels, treeRoot, treeSize } from './tree.ts'

export interface LogOptions {
  readonly files: LedgerFiles
  /** The log's signer key; its name is the origin. */
  readonly skey: string
  readonly hash: Hash
}

export interface Appended {
  /** Position of the first of the entries. */
  readonly seq: number
  /** The signed checkpoint that covers them all. */
  readonly checkpoint: string
}

export class Log {
  readonly origin: string
  readonly vkey: string
  readonly #files: LedgerFiles
  readonly #skey: string
  readonly #hash: Hash
  #levels: TreeLevels
  #checkpoint: string
  #queue: Promise<unknown> = Promise.resolve()
  #broken = false

  private constructor(options: LogOptions, levels: TreeLevels, checkpoint: string) {
    const { name, vkey } = parseSignerKey(options.skey)
    this.origin = name
    this.vkey = vkey
    this.#files = options.files
    this.#skey = options.skey
    this.#hash = options.hash
    this.#levels = levels
    this.#checkpoint = checkpoint
  }

  /**
   * Opens a log, or starts one where there is no checkpoint.
   *
   * @throws ShareholdError SH_NOTE_KEY, SH_NOTE_*, SH_LEDGER_CHECKPOINT (another key's log),
   * SH_LEDGER_MISSING, SH_LEDGER_CORRUPT
   */
  static async open(options: LogOptions): Promise<Log> {
    const { files, skey, hash } = options
    const { name, vkey } = parseSignerKey(skey)
    const note = await files.read(CHECKPOINT_PATH)
    if (note === undefined) {
      const empty = { origin: name, size: 0, root: treeRoot(EMPTY_TREE, hash) }
      const checkpoint = signCheckpoint(empty, skey)
      await files.write(CHECKPOINT_PATH, new TextEncoder().encode(checkpoint))
      return new Log(options, EMPTY_TREE, checkpoint)
    }
    const checkpoint = new TextDecoder('utf-8', { ignoreBOM: true }).decode(note)
    const { size, root } = openCheckpoint(checkpoint, vkey)
    const tiles = tilesOfLevel(0, size).map(async (place) =>
      decodeTile(await readFile(files, tilePath(place)), place.width),
    )
    const levels = extendTree(EMPTY_TREE, (await Promise.all(tiles)).flat(), hash)
    if (!sameBytes(treeRoot(levels, hash), root)) {
      throw corrupt('the tiles do not have the root of the checkpoint')
    }
    return new Log(options, levels, checkpoint)
  }

  /** Number of entries. */
  get size(): number {
    return treeSize(this.#levels)
  }

  /** The newest signed checkpoint. */
  get checkpoint(): string {
    return this.#checkpoint
  }

  /**
   * Enters signed notes, in this order, all or none. Calls are served one after the other.
   *
   * @param notes well-formed signed notes; whether their signers may say what they say is the caller's
   * business
   * @throws ShareholdError SH_NOTE_MALFORMED, SH_LEDGER_ENTRY_SIZE (nothing entered),
   * SH_LEDGER_STORAGE (it is unknown whether they were entered: open the log again)
   */
  append(notes: readonly string[]): Promise<Appended> {
    const result = this.#queue.then(() => this.#append(notes))
    this.#queue = result.catch(() => undefined)
    return result
  }

  /**
   * Entry number `seq`, compared with the tree.
   *
   * @throws ShareholdError SH_LEDGER_RANGE, SH_LEDGER_MISSING, SH_LEDGER_CORRUPT
   */
  async read(seq: number): Promise<Entry> {
    const levels = this.#levels
    if (!Number.isSafeInteger(seq) || seq < 0 || seq >= treeSize(levels)) {
      throw new ShareholdError('SH_LEDGER_RANGE', `The ledger has no entry ${seq}.`)
    }
    const place = tilesOfLevel(0, treeSize(levels))[Math.floor(seq / TILE_WIDTH)]!
    const entries = await this.#readBundle(place, levels)
    return parseEntry(entries[seq % TILE_WIDTH]!, seq, this.#leaf(levels, seq - 1))
  }

  /**
   * Proof that entry `seq` is in the tree of `size` entries. Linear in `size`.
   *
   * @throws ShareholdError SH_LEDGER_RANGE
   */
  inclusionProof(seq: number, size: number = this.size): Uint8Array[] {
    return inRange(() => inclusionProof(seq, this.#leaves(size), this.#hash))
  }

  /**
   * Proof that the tree of `oldSize` entries is a prefix of the one of `size`. Linear in `size`.
   *
   * @throws ShareholdError SH_LEDGER_RANGE
   */
  consistencyProof(oldSize: number, size: number = this.size): Uint8Array[] {
    return inRange(() => consistencyProof(oldSize, this.#leaves(size), this.#hash))
  }

  /**
   * A file of the log as a web server should serve it. A partial tile or bundle that has been
   * superseded is cut from the newer one, since it is a prefix of it.
   *
   * @returns undefined for anything that is not a file of the log
   */
  async file(path: string): Promise<Uint8Array | undefined> {
    if (path === CHECKPOINT_PATH) return new TextEncoder().encode(this.#checkpoint)
    const levels = this.#levels
    const size = treeSize(levels)
    for (const place of tilesOfTree(size)) {
      const wanted = widthOf(path, place, tilePath)
      if (wanted !== undefined) {
        const at = place.index * TILE_WIDTH
        return encodeTile(levels[place.level]!.slice(at, at + wanted))
      }
    }
    for (const place of tilesOfLevel(0, size)) {
      const wanted = widthOf(path, place, bundlePath)
      if (wanted === undefined) continue
      const entries = await this.#readBundle(place, levels)
      return encodeBundle(entries.slice(0, wanted))
    }
    return undefined
  }

  async #append(notes: readonly string[]): Promise<Appended> {
    if (this.#broken) throw storage(undefined)
    const before = this.#levels
    const seq = treeSize(before)
    if (notes.length === 0) return { seq, checkpoint: this.#checkpoint }
    const data: Uint8Array[] = []
    const leaves: Uint8Array[] = []
    let prev = this.#leaf(before, seq - 1)
    for (const [i, note] of notes.entries()) {
      const bytes = encodeEntry({ seq: seq + i, prev, note })
      prev = leafHash(bytes, this.#hash)
      data.push(bytes)
      leaves.push(prev)
    }
    const lastPlace = tilesOfLevel(0, seq).at(-1)
    const open = lastPlace !== undefined && lastPlace.width < TILE_WIDTH ? lastPlace : undefined
    const bundled = open === undefined ? data : [...(await this.#readBundle(open, before)), ...data]
    const levels = extendTree(before, leaves, this.#hash)
    const root = treeRoot(levels, this.#hash)
    const size = treeSize(levels)
    const checkpoint = signCheckpoint({ origin: this.origin, size, root }, this.#skey)
    try {
      await this.#write(before, levels, bundled, checkpoint)
    } catch (cause) {
      // The checkpoint may be durable or not. To sign another one of the same size would be a fork.
      this.#broken = true
      throw storage(cause)
    }
    this.#levels = levels
    this.#checkpoint = checkpoint
    return { seq, checkpoint }
  }

  /** @param bundled the entries of all bundles that change, from the start of the first of them */
  async #write(
    before: TreeLevels,
    levels: TreeLevels,
    bundled: readonly Uint8Array[],
    checkpoint: string,
  ): Promise<void> {
    const firstChanged = Math.floor(treeSize(before) / TILE_WIDTH)
    for (const place of tilesOfLevel(0, treeSize(levels)).slice(firstChanged)) {
      const at = (place.index - firstChanged) * TILE_WIDTH
      const entries = bundled.slice(at, at + place.width)
      await this.#files.write(bundlePath(place), encodeBundle(entries))
    }
    const old = new Set(tilesOfTree(treeSize(before)).map(tilePath))
    for (const place of tilesOfTree(treeSize(levels))) {
      if (old.has(tilePath(place))) continue
      const at = place.index * TILE_WIDTH
      const hashes = levels[place.level]!.slice(at, at + place.width)
      await this.#files.write(tilePath(place), encodeTile(hashes))
    }
    await this.#files.write(CHECKPOINT_PATH, new TextEncoder().encode(checkpoint))
    await this.#prune(before, levels)
  }

  /**
   * Removes the partial tiles that the new checkpoint no longer needs; `file` still serves them. Else
   * 256 single appends would keep 255 copies of the first entry.
   */
  async #prune(before: TreeLevels, levels: TreeLevels): Promise<void> {
    if (this.#files.remove === undefined) return
    const kept = new Set(pathsOfTree(treeSize(levels)))
    for (const path of pathsOfTree(treeSize(before))) {
      if (!kept.has(path)) await this.#files.remove(path)
    }
  }

  async #readBundle(place: TilePlace, levels: TreeLevels): Promise<Uint8Array[]> {
    const entries = decodeBundle(await readFile(this.#files, bundlePath(place)), place.width)
    for (const [i, entry] of entries.entries()) {
      const leaf = levels[0]![place.index * TILE_WIDTH + i]!
      if (!sameBytes(leafHash(entry, this.#hash), leaf)) throw corrupt('an entry was changed')
    }
    return entries
  }

  #leaves(size: number): readonly Uint8Array[] {
    if (!Number.isSafeInteger(size) || size < 0 || size > this.size) {
      throw new RangeError(`no tree of ${size} entries`)
    }
    return this.#levels[0]!.slice(0, size)
  }

  #leaf(levels: TreeLevels, seq: number): Uint8Array {
    return seq < 0 ? NO_PREVIOUS : levels[0]![seq]!
  }
}

/** Paths of all tiles and bundles of a tree. */
function pathsOfTree(size: number): string[] {
  return [...tilesOfTree(size).map(tilePath), ...tilesOfLevel(0, size).map(bundlePath)]
}

/** If `path` is the tile at `place`, or a narrower partial form of it: the width; else undefined. */
function widthOf(
  path: string,
  place: TilePlace,
  pathOf: (place: TilePlace) => string,
): number | undefined {
  if (path === pathOf(place)) return place.width
  const cut = /^(.*)\.p\/([1-9][0-9]{0,2})$/.exec(path)
  if (cut === null || cut[1] !== pathOf({ ...place, width: TILE_WIDTH })) return undefined
  const width = Number(cut[2])
  return width < place.width ? width : undefined
}

async function readFile(files: LedgerFiles, path: string): Promise<Uint8Array> {
  const bytes = await files.read(path)
  if (bytes === undefined) {
    throw new ShareholdError('SH_LEDGER_MISSING', `The ledger's file ${path} is missing.`, {
      hint: 'Restore the ledger from a copy; the checkpoint says what it must contain.',
    })
  }
  return bytes
}

function inRange<T>(compute: () => T): T {
  try {
    return compute()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new ShareholdError('SH_LEDGER_RANGE', 'The ledger has no such entry or size.', { cause })
  }
}

function corrupt(reason: string): ShareholdError {
  return new ShareholdError('SH_LEDGER_CORRUPT', `The ledger's files are damaged: ${reason}.`, {
    hint: 'Restore the ledger from a copy; it cannot be appended to as it is.',
  })
}

function storage(cause: unknown): ShareholdError {
  return new ShareholdError('SH_LEDGER_STORAGE', 'The ledger could not be written.', {
    hint: 'See to the disk, then restart: the log finds out by itself what was entered.',
    cause,
  })
}
