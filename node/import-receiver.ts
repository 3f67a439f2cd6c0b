/**
 * What a share-node does until it has signed for an import: checks who may send what, takes member runs and
 * blocks one by one, hashes and stages them while the next ones come, and makes all visible at once.
 */
import { openSchema } from '../protocol/admission.ts'
import { recordText, schemaHash, signRecord } from '../protocol/ledger/records.ts'
import type { RecordBodies } from '../protocol/ledger/records.ts'
import { decodeMembers } from '../protocol/members.ts'
import type { MemberList } from '../protocol/members.ts'
import { MembersCollector } from '../protocol/wire/members-pieces.ts'
import type { Message } from '../protocol/wire/messages.ts'
import { blockLeaf, commitTo } from '../shares/commit.ts'
import type { BlockLeaf } from '../shares/commit.ts'
import { committee } from '../shares/committee.ts'
import type { Committee } from '../shares/committee.ts'
import { ShareholdError } from '../shares/errors.ts'
import { newArena, viewFp } from '../shares/field/memory.ts'
import { isCanonical } from '../shares/field/vector.ts'
import { hexOf } from '../shares/hex.ts'
import type { Schema } from '../shares/schema.ts'
import type { ImportWriter, ShareStore } from '../shares/store.ts'

import { hash } from './crypto.ts'
import type { FramedStream } from './framed-stream.ts'
import { MAX_BLOCKS, MAX_MEMBERS_BYTES, blockBytes, blocksOf } from './import-blocks.ts'
import type { BlockPlace } from './import-blocks.ts'
import { admissionKeys } from './job-server.ts'
import type { ActorKey } from './keys.ts'
import { receiveMessage, sendMessage } from './message-stream.ts'
import type { Overlay } from './overlay.ts'
import { writeManifest } from './store/manifest.ts'
import type { Manifest } from './store/manifest.ts'
import { committeeSize } from './topology.ts'

export interface ImportReceiverOptions {
  readonly overlay: Overlay
  readonly key: ActorKey
  readonly store: ShareStore
}

export type ImportBegin = Message<'importBegin'>['header']

/** An import that this node has on disk and has signed for. */
export interface TakenImport {
  readonly manifest: Manifest
  readonly members: MemberList
}

const WAIT = { timeoutMs: 60_000 }

/**
 * Takes an import from its second message to the receipt. If it fails, nothing of it is kept.
 * @throws ShareholdError SH_IMPORT_DENIED, SH_IMPORT_BLOCKS, SH_IMPORT_ROOT, SH_MEMBERS_INVALID, SH_STORE_*,
 * SH_NET_*
 */
export async function takeImport(
  options: ImportReceiverOptions,
  stream: FramedStream,
  repository: string,
  begin: ImportBegin,
): Promise<TakenImport> {
  const { overlay, key, store } = options
  const { origin, shareNodes } = overlay.topology
  const of = committee(committeeSize(shareNodes))
  const { schema, receipt } = admitImport(overlay, repository, begin)
  const writer = await store.stage(begin.importId)
  try {
    const members = decodeMembers(await takeMembers(stream))
    if (members.totalRows !== begin.chunks.reduce((sum, chunk) => sum + chunk, 0)) {
      throw badBlocks('Member runs and chunks have different row counts.')
    }
    const { leaves, salts } = await takeBlocks(stream, begin, schema, of, writer)
    const root = hexOf(commitTo(leaves, hash).root)
    const { header } = await receiveMessage(stream, ['importCommit'], WAIT)
    if (header.root !== root) {
      throw new ShareholdError('SH_IMPORT_ROOT', 'The blocks do not have the announced root.', {
        party: overlay.self.name,
      })
    }
    const { dataset, importId, schemaNote, chunks } = begin
    const manifest: Manifest = {
      dataset,
      importId,
      repository,
      schemaHash: receipt.schemaHash,
      schemaNote,
      chunks,
      members: hexOf(hash.sha256(members.bytes)),
      root,
      leaves: leaves.map(({ leaf }) => hexOf(leaf)),
      salts,
    }
    await writeManifest(writer, manifest, members.bytes)
    await writer.commit()
    const statement = { ...receipt, members: manifest.members, root }
    await sendMessage(stream, 'receipt', {
      note: signRecord(origin, 'receipt', statement, [key.skey]),
    })
    return { manifest, members }
  } catch (error) {
    await writer.abort().catch(() => undefined)
    throw error
  }
}

/**
 * Before anything is taken: only a repository of the schema may import, the block list has to fit memory,
 * and what a receipt cannot say, nobody could acknowledge or drop later.
 * @returns the schema, and what a receipt says but for hashes of what is still to come
 */
function admitImport(
  { self, topology }: Overlay,
  repository: string,
  begin: ImportBegin,
): {
  readonly schema: Schema
  readonly receipt: Omit<RecordBodies['receipt'], 'members' | 'root'>
} {
  const { dataset, importId, chunks } = begin
  const { schema, repositories } = openSchema(begin.schemaNote, admissionKeys(topology))
  if (schema.dataset !== dataset || !repositories.includes(repository)) {
    throw new ShareholdError(
      'SH_IMPORT_DENIED',
      `${repository} is not a repository of the dataset "${dataset}".`,
      { hint: 'The signed schema names the repositories of a dataset.' },
    )
  }
  if (2 * schema.columns.length * chunks.length > MAX_BLOCKS) {
    throw badBlocks(`The import has more than ${MAX_BLOCKS} blocks.`)
  }
  const node = self.index
  const receipt = { dataset, importId, repository, node, schemaHash: schemaHash(schema), chunks }
  try {
    const none = '0'.repeat(64)
    recordText(topology.origin, 'receipt', { ...receipt, members: none, root: none })
  } catch {
    throw badBlocks('The id or the chunks of the import are not what a receipt can state.')
  }
  return { schema, receipt }
}

async function takeMembers(stream: FramedStream): Promise<Uint8Array> {
  const collector = new MembersCollector(0, MAX_MEMBERS_BYTES)
  for (;;) {
    const list = collector.add(await receiveMessage(stream, ['members'], WAIT))
    if (list !== undefined) return list
  }
}

/** Stages every block. @returns leaves and salts in the order of blocksOf */
async function takeBlocks(
  stream: FramedStream,
  { dataset, importId, chunks }: ImportBegin,
  schema: Schema,
  of: Committee,
  writer: ImportWriter,
): Promise<{ readonly leaves: BlockLeaf[]; readonly salts: string[] }> {
  const leaves: BlockLeaf[] = []
  const salts: string[] = []
  for (const place of blocksOf(schema, chunks)) {
    const block = await receiveMessage(stream, ['block'], WAIT)
    checkBlock(block, place, of)
    const { column, encoding, chunk, salt } = block.header
    const key = { dataset, importId, column, encoding, chunk }
    leaves.push(blockLeaf(key, salt, block.payload, hash))
    salts.push(hexOf(salt))
    await writer.put(key, block.payload)
  }
  return { leaves, salts }
}

/** @throws ShareholdError SH_IMPORT_BLOCKS */
function checkBlock({ header, payload }: Message<'block'>, place: BlockPlace, of: Committee): void {
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
