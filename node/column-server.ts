/**
 * A share-node's part of a job: re-shares the columns that the plan reads to the MPC committee, with
 * fresh randomness (protocol.md 0.1), so that shares of the two committees are independent. Every block
 * is compared with its commitment before it leaves.
 *
 * Who learns what: an MPC node gets its share of a fresh sharing, and the public member runs (sent by
 * share-node 1, checked by the receiver against the signed dataset version).
 */
import { hkdfSync } from 'node:crypto'

import type { JobKeys } from '../protocol/party.ts'
import { encodeTuple } from '../protocol/tuple.ts'
import { encodeParts } from '../protocol/wire/codec.ts'
import { membersMessages } from '../protocol/wire/members-pieces.ts'
import { blockLeaf } from '../shares/commit.ts'
import type { Committee } from '../shares/committee.ts'
import { committee } from '../shares/committee.ts'
import { ShareholdError } from '../shares/errors.ts'
import { newArena, view, viewFp } from '../shares/field/memory.ts'
import { hexBytes, hexOf } from '../shares/hex.ts'
import { asBitShare, componentCount } from '../shares/replicated.ts'
import { dealBits } from '../shares/reshare-bits.ts'
import { dealField } from '../shares/reshare-field.ts'
import type { ReshareSeed } from '../shares/reshare.ts'
import { asShamirShare } from '../shares/shamir.ts'
import type { ShareStore } from '../shares/store.ts'

import { COLUMNS_PROTOCOL, loadsOf, neededBlocks, subjectOf } from './column-blocks.ts'
import type { NeededBlock } from './column-blocks.ts'
import { hash, prg, rng } from './crypto.ts'
import type { FramedStream } from './framed-stream.ts'
import { blockIndex } from './import-blocks.ts'
import type { JobRun } from './job-server.ts'
import { sendMessage } from './message-stream.ts'
import type { Overlay } from './overlay.ts'
import { getManifest, readMembers } from './store/manifest.ts'
import type { Manifest } from './store/manifest.ts'
import { committeeSize } from './topology.ts'

const SEED_BYTES = 16

/** Where a chunk of the version lies: which import, and which of its chunks. */
interface ChunkPlace {
  readonly manifest: Manifest
  readonly chunk: number
}

/** Sends everything the job needs to all MPC nodes; resolves when it is flushed. */
export async function serveColumns(
  run: JobRun,
  overlay: Overlay,
  store: ShareStore,
): Promise<void> {
  const { admitted, signal } = run
  const { topology } = overlay
  const to = committee(committeeSize(topology.mpcNodes))
  const manifests = await Promise.all(
    admitted.version.parts.map((part) =>
      getManifest(store, admitted.version.dataset, part.importId),
    ),
  )
  const places: ChunkPlace[] = manifests.flatMap((manifest) =>
    manifest.chunks.map((_, chunk) => ({ manifest, chunk })),
  )
  const streams = await Promise.all(
    topology.mpcNodes.map((node) =>
      overlay.open(node.name, COLUMNS_PROTOCOL, { signal, bulk: true }),
    ),
  )
  const stop = (): void => {
    for (const stream of streams) stream.reset('the job is over')
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    const subject = subjectOf(admitted, run.attempt)
    const begin = { job: admitted.job, attempt: run.attempt, from: run.index, subject }
    await Promise.all(streams.map((stream) => sendMessage(stream, 'columnsBegin', begin)))
    if (run.index === 1) {
      for (const [part, manifest] of manifests.entries()) {
        const list = await readMembers(store, manifest.dataset, manifest.importId)
        for (const message of membersMessages(part, list)) {
          await Promise.all(streams.map((stream) => stream.send(message, { signal })))
        }
      }
    }
    const seed = reshareSeed(run.keys, rng(32))
    const loads = loadsOf(admitted.compiled.plan, admitted.schema)
    const blocks = neededBlocks(loads, admitted.params)
    for (const [sent, block] of blocks.entries()) {
      // A sign of life: long columns must not look like a node that hangs.
      run.progress({ op: sent, batch: 0, totalOps: blocks.length })
      const bytes = await readBlock(store, run, places[block.chunk]!, block)
      const messages = deal(run.committee, to, run.index, block, bytes, seed)
      bytes.fill(0)
      await Promise.all(
        [...messages].map(([receiver, message]) =>
          sendPiece(streams[receiver - 1]!, block, message, signal),
        ),
      )
    }
    await Promise.all(streams.map((stream) => sendMessage(stream, 'columnsEnd', {})))
    await Promise.all(streams.map((stream) => stream.close({ signal })))
  } catch (error) {
    stop()
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function sendPiece(
  stream: FramedStream,
  block: NeededBlock,
  message: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const header = { column: block.column.name, encoding: block.encoding, chunk: block.chunk }
  await stream.send(encodeParts('columnPiece', header, message), { signal })
}

/** The stored block, after comparing it with the leaf it was committed to. */
async function readBlock(
  store: ShareStore,
  { admitted }: JobRun,
  { manifest, chunk }: ChunkPlace,
  { column, encoding }: NeededBlock,
): Promise<Uint8Array> {
  const key = {
    dataset: manifest.dataset,
    importId: manifest.importId,
    column: column.name,
    encoding,
    chunk,
  }
  const bytes = await store.get(key)
  const index = blockIndex(admitted.schema, column, encoding, chunk)
  const { leaf } = blockLeaf(key, hexBytes(manifest.salts[index]!), bytes, hash)
  if (hexOf(leaf) !== manifest.leaves[index]) {
    throw new ShareholdError('SH_STORE_CORRUPT', 'A stored block does not match its commitment.', {
      hint: 'The disk of this share-node is damaged: restore it, or import the part again.',
    })
  }
  return bytes
}

function deal(
  from: Committee,
  to: Committee,
  index: number,
  block: NeededBlock,
  bytes: Uint8Array,
  seed: ReshareSeed,
): Map<number, Uint8Array> {
  const arena = newArena({ wipe: true })
  try {
    if (block.encoding === 'field') {
      const share = arena.elements(block.rows)
      viewFp(share).set(bytes)
      return dealField(from, to, index, asShamirShare(share), block.reshare, seed, prg)
    }
    const share = arena.bytes(bytes.length)
    view(share).set(bytes)
    const bits = asBitShare(share, componentCount(from))
    return dealBits(from, to, index, bits, block.reshare, seed, prg, hash)
  } finally {
    arena.release()
  }
}

/**
 * Seeds of the re-sharing. `bits`: from the key of the set, the same at all its members; `field`: from
 * this node's own fresh secret.
 */
function reshareSeed(keys: JobKeys, own: Uint8Array): ReshareSeed {
  return (purpose, from, to, column, chunk) => {
    const key = purpose === 'bits' ? keys.set(from, 'reshare', 0) : own
    const info = encodeTuple(['sharehold/reshare/v1', purpose, from, to, column, chunk])
    return new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), info, SEED_BYTES))
  }
}
