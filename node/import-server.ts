/**
 * A share-node's side of an import: takes one repository's blocks, stages them, and acknowledges with
 * a signed receipt over their Merkle root only after all of them are synced to disk. A conversation
 * that breaks off before that leaves nothing behind.
 *
 *     repository              share-node
 *       importBegin, members, block …
 *       importCommit    ───▶  compares the root, writes everything at once, synced
 *                       ◀───  receipt {signed note}
 *       importUnion     ───▶  (again after a conflict) ◀─── union
 *       importActivate  ───▶  the version is on the ledger   ◀─── acknowledged
 *       importDrop      ───▶  the version was not made: deletes   ◀─── acknowledged
 *
 * Against whom: only a repository of the dataset's signed schema may import into it, and only what
 * the schema declares is taken. The node learns pseudonyms and row counts, and of values nothing.
 */
import { openSchema, openVersion } from '../protocol/admission.ts'
import type { VersionBody } from '../protocol/ledger/records.ts'
import { recordText, schemaHash, signRecord } from '../protocol/ledger/records.ts'
import { rowsPerMemberOf } from '../protocol/member-table.ts'
import { decodeMembers } from '../protocol/members.ts'
import { MembersCollector } from '../protocol/wire/members-pieces.ts'
import type { Message } from '../protocol/wire/messages.ts'
import { blockLeaf, commitTo } from '../shares/commit.ts'
import type { BlockLeaf } from '../shares/commit.ts'
import { committee } from '../shares/committee.ts'
import { ShareholdError } from '../shares/errors.ts'
import { newArena, viewFp } from '../shares/field/memory.ts'
import { isCanonical } from '../shares/field/vector.ts'
import { hexOf } from '../shares/hex.ts'
import type { ShareStore } from '../shares/store.ts'

import { hash } from './crypto.ts'
import type { FramedStream } from './framed-stream.ts'
import { heldMembers } from './held-parts.ts'
import {
  IMPORT_PROTOCOL,
  MAX_BLOCKS,
  MAX_MEMBERS_BYTES,
  blockBytes,
  blocksOf,
} from './import-blocks.ts'
import { admissionKeys } from './job-server.ts'
import type { ActorKey } from './keys.ts'
import type { Log } from './log.ts'
import { receiveMessage, refusedHeader, sendMessage } from './message-stream.ts'
import type { Overlay } from './overlay.ts'
import { readMembers, writeManifest } from './store/manifest.ts'
import type { Manifest } from './store/manifest.ts'
import { committeeSize } from './topology.ts'

export interface ImportServerOptions {
  readonly overlay: Overlay
  readonly key: ActorKey
  readonly store: ShareStore
  readonly log: Log
}

type Begin = Message<'importBegin'>['header']

export async function serveImports(options: ImportServerOptions): Promise<void> {
  const { overlay, log } = options
  await overlay.handle(IMPORT_PROTOCOL, async (stream, peer) => {
    try {
      await serveImport(options, stream, peer)
      await stream.close()
    } catch (error) {
      log.warn(
        { peer, code: error instanceof ShareholdError ? error.code : String(error) },
        'import failed',
      )
      await sendMessage(stream, 'refused', refusedHeader(error)).catch(() => undefined)
      await stream.close().catch(() => undefined)
    }
  })
}

async function serveImport(
  options: ImportServerOptions,
  stream: FramedStream,
  repository: string,
): Promise<void> {
  const { store, log } = options
  const wait = { timeoutMs: 60_000 }
  const { header: begin } = await receiveMessage(stream, ['importBegin'], wait)
  const { dataset, importId } = begin
  log.info({ repository, dataset, importId }, 'import begins')
  const manifest = await takeBlocks(options, stream, repository, begin)
  log.info({ repository, dataset, importId }, 'import stored')
  for (;;) {
    const message = await receiveMessage(
      stream,
      ['importUnion', 'importActivate', 'importDrop'],
      wait,
    )
    if (message.kind === 'importUnion') {
      const version = openVersionNote(options, manifest, message.header.versionNote)
      const pairs = await unionOf(options, manifest, version)
      await sendMessage(stream, 'union', { rowsPerMember: JSON.stringify(pairs) })
    } else if (message.kind === 'importActivate') {
      await sendMessage(stream, 'acknowledged', {})
      return
    } else {
      await store.delete({ dataset, importId })
      log.info({ repository, importId }, 'import dropped')
      await sendMessage(stream, 'acknowledged', {})
      return
    }
  }
}

async function takeBlocks(
  options: ImportServerOptions,
  stream: FramedStream,
  repository: string,
  begin: Begin,
): Promise<Manifest> {
  const { overlay, key, store } = options
  const { topology } = overlay
  const keys = admissionKeys(topology)
  const of = committee(committeeSize(topology.shareNodes))
  const { schema, repositories } = openSchema(begin.schemaNote, keys)
  if (schema.dataset !== begin.dataset || !repositories.includes(repository)) {
    throw new ShareholdError(
      'SH_IMPORT_DENIED',
      `${repository} is not a repository of the dataset "${begin.dataset}".`,
      { hint: 'The signed schema names the repositories of a dataset.' },
    )
  }
  const receipt = {
    dataset: begin.dataset,
    importId: begin.importId,
    repository,
    node: overlay.self.index,
    schemaHash: schemaHash(schema),
    chunks: begin.chunks,
  }
  // Before anything is taken: the block list has to fit memory, and what a receipt cannot say, nobody
  // could acknowledge or drop later.
  if (2 * schema.columns.length * begin.chunks.length > MAX_BLOCKS) {
    throw badBlocks(`The import has more than ${MAX_BLOCKS} blocks.`)
  }
  try {
    const none = '0'.repeat(64)
    recordText(topology.origin, 'receipt', { ...receipt, members: none, root: none })
  } catch {
    throw badBlocks('The id or the chunks of the import are not what a receipt can state.')
  }
  const wait = { timeoutMs: 60_000 }
  const writer = await store.stage(begin.importId)
  try {
    const memberBytes = await takeMembers(stream)
    const { totalRows } = decodeMembers(memberBytes)
    if (totalRows !== begin.chunks.reduce((sum, chunk) => sum + chunk, 0)) {
      throw badBlocks('Member runs and chunks have different row counts.')
    }
    const leaves: BlockLeaf[] = []
    const salts: string[] = []
    for (const place of blocksOf(schema, begin.chunks)) {
      const { header, payload } = await receiveMessage(stream, ['block'], wait)
      if (
        header.column !== place.column.name ||
        header.encoding !== place.encoding ||
        header.chunk !== place.chunk ||
        payload.length !== blockBytes(place, of)
      ) {
        throw badBlocks('A block is missing or has the wrong size.')
      }
      if (header.encoding === 'field' && !holdsElements(payload)) {
        throw badBlocks('A block holds something that is not below the field’s order.')
      }
      const blockKey = {
        dataset: begin.dataset,
        importId: begin.importId,
        column: header.column,
        encoding: header.encoding,
        chunk: header.chunk,
      }
      leaves.push(blockLeaf(blockKey, header.salt, payload, hash))
      salts.push(hexOf(header.salt))
      await writer.put(blockKey, payload)
    }
    const root = hexOf(commitTo(leaves, hash).root)
    const { header: commit } = await receiveMessage(stream, ['importCommit'], wait)
    if (commit.root !== root) {
      throw new ShareholdError('SH_IMPORT_ROOT', 'The blocks do not have the announced root.', {
        party: overlay.self.name,
      })
    }
    const manifest: Manifest = {
      dataset: begin.dataset,
      importId: begin.importId,
      repository,
      schemaHash: receipt.schemaHash,
      schemaNote: begin.schemaNote,
      chunks: begin.chunks,
      members: hexOf(hash.sha256(memberBytes)),
      root,
      leaves: leaves.map(({ leaf }) => hexOf(leaf)),
      salts,
    }
    await writeManifest(writer, manifest, memberBytes)
    await writer.commit()
    const statement = { ...receipt, members: manifest.members, root }
    const note = signRecord(topology.origin, 'receipt', statement, [key.skey])
    await sendMessage(stream, 'receipt', { note })
    return manifest
  } catch (error) {
    await writer.abort().catch(() => undefined)
    throw error
  }
}

async function takeMembers(stream: FramedStream): Promise<Uint8Array> {
  const collector = new MembersCollector(0, MAX_MEMBERS_BYTES)
  for (;;) {
    const list = collector.add(await receiveMessage(stream, ['members'], { timeoutMs: 60_000 }))
    if (list !== undefined) return list
  }
}

function openVersionNote(
  { overlay }: ImportServerOptions,
  manifest: Manifest,
  note: string,
): VersionBody | null {
  if (note === '') return null
  const keys = admissionKeys(overlay.topology)
  return openVersion(note, keys, openSchema(manifest.schemaNote, keys))
}

/**
 * Histogram of rows per member over a version and a new import. It tells who asks how many rows members
 * have in others' imports, so only parts that are as the version says are joined: those of repositories
 * that have signed the same schema.
 */
async function unionOf(
  { overlay, store }: ImportServerOptions,
  manifest: Manifest,
  version: VersionBody | null,
): Promise<readonly (readonly [number, number])[]> {
  const { dataset, importId } = manifest
  const held = version === null ? [] : await heldMembers(store, overlay.self.index, version)
  const own = decodeMembers(await readMembers(store, dataset, importId))
  return rowsPerMemberOf([...held, own])
}

/** Whether a block of shares holds canonical elements: whoever re-shares it relies on that. */
function holdsElements(block: Uint8Array): boolean {
  const arena = newArena({ wipe: true })
  try {
    const vector = arena.elements(block.length / 8)
    viewFp(vector).set(block)
    return isCanonical(vector)
  } finally {
    arena.release()
  }
}

const badBlocks = (message: string): ShareholdError =>
  new ShareholdError('SH_IMPORT_BLOCKS', message)
