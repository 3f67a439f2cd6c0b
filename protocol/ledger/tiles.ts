/**
 * Where a log's bytes are (C2SP tlog-tiles): paths of tiles and entry bundles, and their codecs. Pure
 * arithmetic and framing; log.ts reads and writes, tree.ts computes.
 *
 *     checkpoint                    the signed checkpoint
 *     tile/<L>/<N>[.p/<W>]          256 (W if partial) hashes of level L
 *     tile/entries/<N>[.p/<W>]      256 (W if partial) entries, each behind its length as u16 big endian
 */
import { ShareholdError } from '../../shares/errors.ts'
import { concatBytes, HASH_BYTES } from '../../shares/hash.ts'

import { MAX_ENTRY_BYTES } from './entry.ts'

export const CHECKPOINT_PATH = 'checkpoint'

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256

/** One tile or bundle of a tree of some size. */
export interface TilePlace {
  /** 0 for leaf hashes and for entries. */
  readonly level: number
  /** Number within the level, from 0. */
  readonly index: number
  /** 1..256; below 256 the tile is partial. */
  readonly width: number
}

/** Path of a tile of hashes. */
export function tilePath({ level, index, width }: TilePlace): string {
  return `tile/${level}/${numberPath(index)}${widthSuffix(width)}`
}

/** Path of an entry bundle. */
export function bundlePath({ index, width }: Omit<TilePlace, 'level'>): string {
  return `tile/entries/${numberPath(index)}${widthSuffix(width)}`
}

/** All tiles of one level of a tree of `size` entries, the partial one last. Empty above the top. */
export function tilesOfLevel(level: number, size: number): TilePlace[] {
  const hashes = Math.floor(size / TILE_WIDTH ** level)
  const tiles: TilePlace[] = []
  for (let index = 0; index * TILE_WIDTH < hashes; index++) {
    tiles.push({ level, index, width: Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH) })
  }
  return tiles
}

/** All tiles of all levels of a tree of `size` entries, level by level from the leaves. */
export function tilesOfTree(size: number): TilePlace[] {
  const tiles: TilePlace[] = []
  for (let level = 0; TILE_WIDTH ** level <= size; level++) tiles.push(...tilesOfLevel(level, size))
  return tiles
}

/** The bytes of a tile. */
export function encodeTile(hashes: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...hashes)
}

/**
 * Takes a tile apart.
 *
 * @param width expected number of hashes
 * @throws ShareholdError SH_LEDGER_CORRUPT
 */
export function decodeTile(bytes: Uint8Array, width: number): Uint8Array[] {
  if (bytes.length !== width * HASH_BYTES) throw corrupt('a tile has another length')
  return Array.from({ length: width }, (_, i) => bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES))
}

/** The bytes of a bundle of entries, each at most 65535 bytes. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concatBytes(
    ...entries.flatMap((entry) => {
      if (entry.length > MAX_ENTRY_BYTES)
        throw new RangeError('an entry is longer than 65535 bytes')
      return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]
    }),
  )
}

/**
 * Takes a bundle apart.
 *
 * @param width expected number of entries
 * @throws ShareholdError SH_LEDGER_CORRUPT
 */
export function decodeBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  const entries: Uint8Array[] = []
  let at = 0
  while (at < bytes.length) {
    if (at + 2 > bytes.length) throw corrupt('a bundle is cut short')
    const end = at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!)
    if (end > bytes.length) throw corrupt('a bundle is cut short')
    entries.push(bytes.slice(at + 2, end))
    at = end
  }
  if (entries.length !== width) throw corrupt('a bundle has another number of entries')
  return entries
}

/** 1234067 is x001/x234/067. */
function numberPath(index: number): string {
  let path = String(index % 1000).padStart(3, '0')
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`
  }
  return path
}

function widthSuffix(width: number): string {
  return width === TILE_WIDTH ? '' : `.p/${width}`
}

function corrupt(reason: string): ShareholdError {
  return new ShareholdError('SH_LEDGER_CORRUPT', `The ledger's files are damaged: ${reason}.`)
}
