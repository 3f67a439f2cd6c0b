/**
 * First part of an audit: that the ledger's bytes are exactly what its checkpoint signs, that the
 * entries form one chain, and that nothing has been taken back since an earlier checkpoint.
 *
 * Every byte of every file that the checkpoint covers is read and compared; cheap comparisons first.
 */
import { type Hash, sameBytes } from '../../shares/hash.ts'
import { leafHash } from '../../shares/merkle.ts'

import { Finding, type Checklist } from './audit-report.ts'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { NO_PREVIOUS, parseEntry } from './entry.ts'
import type { LedgerReader } from './files.ts'
import type { VerifySignature } from './note.ts'
import {
  bundlePath,
  CHECKPOINT_PATH,
  decodeBundle,
  decodeTile,
  TILE_WIDTH,
  tilePath,
  tilesOfLevel,
  tilesOfTree,
} from './tiles.ts'
import { EMPTY_TREE, extendTree, type TreeLevels, treeRoot } from './tree.ts'

export interface TreeAudit {
  readonly files: LedgerReader
  /** The log's verifier key. */
  readonly log: string
  /** Text of a signed checkpoint that the auditor kept from an earlier audit. */
  readonly since?: string | undefined
  readonly hash: Hash
  readonly verify: VerifySignature
}

/** A ledger whose bytes are those that the checkpoint signs. */
export interface SoundLedger {
  readonly checkpoint: Checkpoint
  /** The signed checkpoint, to be kept for the next audit. */
  readonly signed: string
  /** The notes of all entries, in order. */
  readonly notes: readonly string[]
}

/** Checks the tree; undefined if a check failed that the rest of an audit would stand on. */
export async function auditTree(
  input: TreeAudit,
  list: Checklist,
): Promise<SoundLedger | undefined> {
  const { files, hash } = input
  let signed = ''
  let checkpoint: Checkpoint | undefined
  await list.check('checkpoint', 'The checkpoint is signed by the log', undefined, async () => {
    const bytes = await readFile(files, CHECKPOINT_PATH)
    signed = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    checkpoint = openCheckpoint(signed, input.log, { verify: input.verify })
    return `${checkpoint.size} entries`
  })
  if (checkpoint === undefined) return undefined
  const { size, root } = checkpoint

  let levels: TreeLevels = EMPTY_TREE
  const tree = await list.check('tree', 'The tiles have the signed root', undefined, async () => {
    levels = extendTree(EMPTY_TREE, await readLeaves(files, size), hash)
    if (!sameBytes(treeRoot(levels, hash), root)) throw new Finding('The root is another one.')
    return compareUpperTiles(files, size, levels)
  })
  if (!tree) return undefined

  if (input.since === undefined) {
    list.skip('since', 'Nothing was taken back', 'no earlier checkpoint was given')
  } else {
    const { since } = input
    await list.check('since', 'Nothing was taken back', undefined, () => {
      const old = openCheckpoint(since, input.log, { verify: input.verify })
      if (old.size > size) {
        throw new Finding(`The ledger had ${old.size} entries and now has ${size}.`)
      }
      const prefix = extendTree(EMPTY_TREE, levels[0]!.slice(0, old.size), hash)
      if (!sameBytes(treeRoot(prefix, hash), old.root)) {
        throw new Finding(`The first ${old.size} entries are others than they were: a fork.`)
      }
      return `the first ${old.size} entries are those of the earlier checkpoint`
    })
  }

  const entries: Uint8Array[] = []
  const read = await list.check(
    'entries',
    'The entries have the signed hashes',
    undefined,
    async () => {
      for (const place of tilesOfLevel(0, size)) {
        const bundle = decodeBundle(await readFile(files, bundlePath(place)), place.width)
        for (const entry of bundle) {
          const seq = entries.length
          if (!sameBytes(leafHash(entry, hash), levels[0]![seq]!)) {
            throw new Finding(`Entry ${seq} was changed.`, seq)
          }
          entries.push(entry)
        }
      }
      return `${entries.length} entries`
    },
  )
  if (!read) return undefined

  const notes: string[] = []
  const chain = await list.check('chain', 'The entries form one chain', undefined, () => {
    for (const [seq, data] of entries.entries()) {
      const prev = seq === 0 ? NO_PREVIOUS : levels[0]![seq - 1]!
      notes.push(at(seq, () => parseEntry(data, seq, prev)).note)
    }
    return `${notes.length} links`
  })
  return chain ? { checkpoint, signed, notes } : undefined
}

/** Runs `body`; whatever it throws is a finding about entry `seq`. */
export function at<T>(seq: number, body: () => T): T {
  try {
    return body()
  } catch (error) {
    if (error instanceof Finding && error.entry !== undefined) throw error
    const reason = error instanceof Error ? error.message : 'it cannot be read'
    throw new Finding(`Entry ${seq}: ${reason}`, seq)
  }
}

async function readLeaves(files: LedgerReader, size: number): Promise<Uint8Array[]> {
  const leaves: Uint8Array[] = []
  for (const place of tilesOfLevel(0, size)) {
    leaves.push(...decodeTile(await readFile(files, tilePath(place)), place.width))
  }
  return leaves
}

/** Tiles above level 0 follow from level 0; they are compared because others rely on them. */
async function compareUpperTiles(
  files: LedgerReader,
  size: number,
  levels: TreeLevels,
): Promise<string> {
  const places = tilesOfTree(size)
  for (const place of places) {
    if (place.level === 0) continue
    const hashes = decodeTile(await readFile(files, tilePath(place)), place.width)
    const first = place.index * TILE_WIDTH
    if (!hashes.every((hash, i) => sameBytes(hash, levels[place.level]![first + i]!))) {
      throw new Finding(`The tile ${tilePath(place)} was changed.`)
    }
  }
  return `${places.length} tiles`
}

async function readFile(files: LedgerReader, path: string): Promise<Uint8Array> {
  const bytes = await files.read(path)
  if (bytes === undefined) throw new Finding(`The file ${path} is missing.`)
  return bytes
}
