/**
 * A share-node's part of a job: re-shares the columns that the plan reads to the MPC committee, with
 * fresh randomness (protocol.md 0.1), so that shares of the two committees are independent. Every block
 * is compared with its commitment before it leaves. Columns that all MPC nodes still hold from an
 * earlier job are not dealt again: they get leave to use those (column-ticket.ts).
 *
 * Who learns what: an MPC node gets its share of a sharing, and the public member runs (checked by the
 * receiver against the signed dataset version).
 *
 * Cost: beyond the bytes of shares/reshare.ts, SHA-256 of every block and reading it. Memory: the block
 * that is dealt, the next one, and 1 MiB that waits to be sent to each MPC node.
 */
import { hkdfSync } from 'node:crypto'

import type { AdmittedJob } from '../protocol/admission.ts'
import type { JobKeys } from '../protocol/party.ts'
import { storedParams } from '../protocol/sections.ts'
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
import { fieldDealers } from '../shares/reshare.ts'
import type { ReshareSeed } from '../shares/reshare.ts'
import type { Schema } from '../shares/schema.ts'
import { asShamirShare } from '../shares/shamir.ts'
import type { ShareStore } from '../shares/store.ts'

import {
  COLUMNS_PROTOCOL,
  loadsOf,
  membersSender,
  neededColumns,
  subjectOf,
  withMembers,
} from './column-blocks.ts'
import type { NeededBlock } from './column-blocks.ts'
import { commonSharings, signTicket } from './column-ticket.ts'
import { hash, prg, rng } from './crypto.ts'
import type { FramedStream } from './framed-stream.ts'
import { blockIndex } from './import-blocks.ts'
import type { JobRun } from './job-server.ts'
import type { ActorKey } from './keys.ts'
import { receiveMessage, sendMessage } from './message-stream.ts'
import type { Overlay } from './overlay.ts'
import { getManifest, readMembers } from './store/manifest.ts'
import type { Manifest } from './store/manifest.ts'
import type { Topology } from './topology.ts'

const SEED_BYTES = 16

/** Where a chunk of the version lies: which import, and which of its chunks. */
interface ChunkPlace {
  readonly manifest: Manifest
  readonly chunk: number
}

/** What the columns of one job are served from, and to whom. */
interface Serving {
  readonly run: JobRun
  readonly store: ShareStore
  /** Of each dataset of the job, part after part. */
  readonly manifests: ReadonlyMap<string, readonly Manifest[]>
  /** To MPC node 1..n'. */
  readonly streams: readonly FramedStream[]
}

/** Sends everything the job needs to all MPC nodes; resolves when it is flushed. */
export async function serveColumns(
  run: JobRun,
  overlay: Overlay,
  store: ShareStore,
  key: ActorKey,
): Promise<void> {
  const { admitted, signal } = run
  const { topology } = overlay
  const manifests = new Map(
    await Promise.all(
      admitted.datasets.map(async ({ version: { dataset, parts } }) => {
        const list = parts.map((part) => getManifest(store, dataset, part.importId))
        return [dataset, await Promise.all(list)] as const
      }),
    ),
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
    const serving = { run, store, manifests, streams }
    const { sharings, lacking } = await agree(serving, topology, key)
    await sendMembers(serving, lacking)
    await sendColumns(serving, (load) => sharings[load] === '')
    await Promise.all(streams.map((stream) => sendMessage(stream, 'columnsEnd', {})))
    await Promise.all(streams.map((stream) => stream.close({ signal })))
  } catch (error) {
    stop()
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Says what is served, hears what the MPC nodes hold, and gives leave for what all of them do. */
async function agree(
  { run, streams }: Serving,
  { origin, roundTimeoutMs: timeoutMs }: Topology,
  key: ActorKey,
): Promise<{ readonly sharings: readonly string[]; readonly lacking: readonly FramedStream[] }> {
  const { admitted, attempt, index } = run
  const loads = loadsOf(admitted.compiled.plan, schemasOf(admitted))
  const subject = subjectOf(admitted, attempt)
  const sharing = hexOf(run.context)
  const begin = { job: admitted.job, attempt, from: index, subject, sharing }
  const held = await Promise.all(
    streams.map(async (stream) => {
      await sendMessage(stream, 'columnsBegin', begin)
      return (await receiveMessage(stream, ['columnsHeld'], { signal: run.signal, timeoutMs }))
        .header
    }),
  )
  const odd = held.findIndex(({ sharings }) => sharings.length !== loads.length)
  if (odd >= 0) {
    throw new ShareholdError('SH_WIRE_INVALID', 'An MPC node counts the columns otherwise.', {
      party: streams[odd]!.peer,
    })
  }
  const about = { origin, subject, loads }
  const ticket = signTicket(about, commonSharings(held.map((one) => one.sharings)), key.skey)
  await Promise.all(streams.map((stream) => sendMessage(stream, 'columnsTicket', ticket)))
  const lacking = streams.filter(
    (_, i) => !held[i]!.members && membersSender(run.committee.n, i + 1) === index,
  )
  return { sharings: ticket.sharings, lacking }
}

/** The lists of members, to the MPC nodes that lack them and are this node's to tell. */
async function sendMembers(
  { run: { admitted, signal }, store, manifests }: Serving,
  lacking: readonly FramedStream[],
): Promise<void> {
  if (lacking.length === 0) return
  const parts = withMembers(admitted).flatMap(({ version }) => manifests.get(version.dataset)!)
  for (const [part, { dataset, importId }] of parts.entries()) {
    const list = await readMembers(store, dataset, importId)
    for (const message of membersMessages(part, list)) {
      await Promise.all(lacking.map((stream) => stream.send(message, { signal })))
    }
  }
}

/** Deals the columns, block by block; the next one is read while one is dealt and sent. */
async function sendColumns(
  { run, store, manifests, streams }: Serving,
  isSent: (load: number) => boolean,
): Promise<void> {
  const { admitted, signal } = run
  const to = committee(streams.length)
  const places = new Map(
    [...manifests].map(([dataset, parts]): [string, ChunkPlace[]] => [
      dataset,
      parts.flatMap((manifest) => manifest.chunks.map((_, chunk) => ({ manifest, chunk }))),
    ]),
  )
  const seed = reshareSeed(run.keys, rng(32))
  const loads = loadsOf(admitted.compiled.plan, schemasOf(admitted))
  const blocks = neededColumns(loads, storedParams(admitted.compiled.plan, admitted.params), isSent)
    .flatMap((column) => column.blocks)
    .filter((block) => isDealer(run, block))
  const read = async (block: NeededBlock | undefined): Promise<Uint8Array> =>
    block === undefined
      ? new Uint8Array(0)
      : await readBlock(store, run, places.get(block.dataset)![block.chunk]!, block)
  let next = read(blocks[0])
  for (const [sent, block] of blocks.entries()) {
    // A sign of life: long columns must not look like a node that hangs.
    run.progress({ op: sent, batch: 0, totalOps: blocks.length })
    const bytes = await next
    next = read(blocks[sent + 1])
    // It may fail before it is awaited.
    next.catch(() => undefined)
    const messages = deal(run.committee, to, run.index, block, bytes, seed)
    bytes.fill(0)
    const { dataset, encoding, chunk } = block
    const header = { dataset, column: block.column.name, encoding, chunk }
    await Promise.all(
      [...messages].map(([receiver, message]) =>
        // For as long as it takes: an MPC node reads on when it has computed its last batch.
        streams[receiver - 1]!.send(encodeParts('columnPiece', header, message), { signal }),
      ),
    )
  }
}

/** All share-nodes have a part in bits; of a block of field elements only its dealers have. */
function isDealer({ committee: of, index }: JobRun, { encoding, reshare }: NeededBlock): boolean {
  return encoding === 'bits' || fieldDealers(of, reshare.rotation).includes(index)
}

function schemasOf({ datasets }: AdmittedJob): Schema[] {
  return datasets.map(({ schema }) => schema)
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
  const schema = schemasOf(admitted).find(({ dataset }) => dataset === manifest.dataset)!
  const index = blockIndex(schema, column, encoding, chunk)
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
