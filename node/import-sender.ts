/**
 * The repository's side of sending an import: every value split into shares, each share-node its own, until
 * all have signed that they have them on disk.
 *
 * Columns are encoded and split a chunk at a time. While the sockets carry one block the next is made:
 * a few of them wait at most, whatever the file's size.
 */
import { openRecordOfAll } from '../protocol/ledger/records.ts'
import { CHUNK_ROWS } from '../protocol/plan.ts'
import { encodeParts } from '../protocol/wire/codec.ts'
import { membersMessages } from '../protocol/wire/members-pieces.ts'
import { blockLeaf, commitTo, drawSalt } from '../shares/commit.ts'
import type { BlockLeaf } from '../shares/commit.ts'
import { committee } from '../shares/committee.ts'
import type { Committee } from '../shares/committee.ts'
import { encodeRows } from '../shares/encode.ts'
import type { EncodedChunk } from '../shares/encode.ts'
import { ShareholdError } from '../shares/errors.ts'
import { newArena, view, viewFp } from '../shares/field/memory.ts'
import type { Arena } from '../shares/field/memory.ts'
import { hexOf } from '../shares/hex.ts'
import { drawSeed, prgRng } from '../shares/random.ts'
import { split as splitBits, wholeBlock } from '../shares/replicated.ts'
import { split as splitField } from '../shares/shamir.ts'
import type { BlockKey, Encoding } from '../shares/store.ts'

import { hash, prg, randomFill } from './crypto.ts'
import type { Part } from './csv-part.ts'
import type { FramedStream } from './framed-stream.ts'
import { receiveMessage, sendMessage } from './message-stream.ts'
import { committeeSize } from './topology.ts'
import type { NodeActor, Topology } from './topology.ts'

/** The next block is made when no share-node has more than this waiting to be sent. */
const WAITING_BYTES = 2 * 1024 * 1024

/** What all messages of an import are about. */
export interface ImportHead {
  readonly importId: string
  readonly dataset: string
  readonly schemaNote: string
  /** Rows of each chunk. */
  readonly chunks: readonly number[]
}

/** A share-node's statement that it has its part, and the root of it. */
export interface Receipt {
  readonly note: string
  readonly root: string
}

interface Receiver {
  readonly node: NodeActor
  readonly stream: FramedStream
  readonly leaves: BlockLeaf[]
}

const rng = { fill: randomFill }

/**
 * Splits, sends and commits.
 * @param members the canonical list of member runs
 * @param streams to the share-nodes, in their order
 * @returns every share-node's receipt, in order
 * @throws ShareholdError SH_IMPORT_*, SH_NET_*, and what a share-node refuses with
 */
export async function sendImport(
  topology: Topology,
  head: ImportHead,
  part: Part,
  members: Uint8Array,
  streams: readonly FramedStream[],
  onProgress: ((share: number, what: string) => void) | undefined,
): Promise<Receipt[]> {
  const of = committee(committeeSize(topology.shareNodes))
  const receivers = topology.shareNodes.map((node, i): Receiver => {
    return { node, stream: streams[i]!, leaves: [] }
  })
  await Promise.all(
    streams.map(async (stream) => {
      await sendMessage(stream, 'importBegin', head)
      for (const message of membersMessages(0, members)) await stream.send(message)
    }),
  )
  const { columns, order } = part
  // The order of blocksOf, in which share-nodes expect the blocks.
  for (const chunk of head.chunks.keys()) {
    const rows = order.subarray(chunk * CHUNK_ROWS, (chunk + 1) * CHUNK_ROWS)
    for (const [index, values] of columns.entries()) {
      const arena = newArena({ wipe: true })
      try {
        const encoded = encodeRows(arena, values, rows)
        for (const encoding of ['field', 'bits'] as const) {
          await roomAt(receivers)
          const key = { ...keyOf(head), column: values.column.name, encoding, chunk }
          sendBlock(arena, key, encoded, of, receivers)
        }
      } finally {
        arena.release()
      }
      const done = (chunk * columns.length + index + 1) / (head.chunks.length * columns.length)
      onProgress?.(done, `${values.column.name}, chunk ${chunk + 1}`)
    }
  }
  return Promise.all(receivers.map((receiver) => commit(topology.origin, head, receiver)))
}

const keyOf = ({ dataset, importId }: ImportHead): Pick<BlockKey, 'dataset' | 'importId'> => ({
  dataset,
  importId,
})

/** Waits until all can take more. Throws the refusal that one has sent meanwhile: that ends it at once. */
async function roomAt(receivers: readonly Receiver[]): Promise<void> {
  for (const { stream } of receivers) {
    if (stream.unreadBytes > 0) await receiveMessage(stream, ['receipt'])
  }
  await Promise.all(receivers.map(({ stream }) => stream.room(WAITING_BYTES)))
}

/** Splits one encoding of a chunk and queues every share-node's share. */
function sendBlock(
  arena: Arena,
  key: BlockKey,
  encoded: EncodedChunk,
  of: Committee,
  receivers: readonly Receiver[],
): void {
  const { column, encoding, chunk } = key
  const shares = sharesOf(arena, encoded, encoding, of)
  for (const [i, { stream, leaves }] of receivers.entries()) {
    const bytes = shares[i]!
    const salt = drawSalt(rng)
    leaves.push(blockLeaf(key, salt, bytes, hash))
    stream.enqueue(encodeParts('block', { column, encoding, chunk, salt }, bytes))
  }
}

/** Views of every share-node's share: valid until the next allocation. */
function sharesOf(
  arena: Arena,
  { field, planes }: EncodedChunk,
  encoding: Encoding,
  of: Committee,
): Uint8Array[] {
  // 16 bytes from the system, fresh for each block and encoding, make its polynomials or masks.
  const randomness = prgRng(prg, drawSeed(rng))
  return encoding === 'field'
    ? splitField(arena, field, of, randomness).map(viewFp)
    : splitBits(arena, planes, of, randomness).map((share) => view(wholeBlock(share)))
}

/** Says which root the share-node must find, and checks its receipt. */
async function commit(
  origin: string,
  { importId }: ImportHead,
  { node, stream, leaves }: Receiver,
): Promise<Receipt> {
  const root = hexOf(commitTo(leaves, hash).root)
  await sendMessage(stream, 'importCommit', { root })
  const { header } = await receiveMessage(stream, ['receipt'], { timeoutMs: 120_000 })
  const body = openRecordOfAll(header.note, origin, 'receipt', [node.vkey])
  if (body.root !== root || body.importId !== importId || body.node !== node.index) {
    throw new ShareholdError('SH_IMPORT_ROOT', 'The receipt is not for what was sent.', {
      party: node.name,
    })
  }
  return { note: header.note, root }
}
