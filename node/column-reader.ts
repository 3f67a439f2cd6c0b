import type { Committee } from '../shares/committee.ts'
/**
 * Takes a job's columns off the share-nodes' streams, in the order in which they come (column-blocks.ts),
 * and puts this MPC node's shares together, block by block.
 *
 * Memory: what has come and is not yet asked for. The streams' flow control holds the share-nodes back.
 */
import { bitsBytes } from '../shares/encode.ts'
import { ShareholdError } from '../shares/errors.ts'
import { type Arena, newArena, type Placed, view, viewFp } from '../shares/field/memory.ts'
import { wholeBlock } from '../shares/replicated.ts'
import { receiveBits } from '../shares/reshare-bits.ts'
import { receiveField } from '../shares/reshare-field.ts'
import { fieldDealers } from '../shares/reshare.ts'

import type { NeededBlock } from './column-blocks.ts'
import { hash, prg } from './crypto.ts'
import type { FramedStream, WaitOptions } from './framed-stream.ts'
import { receiveMessage } from './message-stream.ts'

/** The shares of one chunk of a column: those of bits component after component, planes on end in each. */
export interface ChunkShare {
  /** Valid until the next allocation in kernel memory. */
  bytes(): Uint8Array
}

/** A chunk's shares in kernel memory. */
export interface ReadChunk extends ChunkShare {
  free(): void
}

export interface ColumnReaderOptions {
  /** The share-nodes' committee, the MPC committee, and this node's number in the latter. */
  readonly from: Committee
  readonly to: Committee
  readonly index: number
  /** From share-node 1..n. */
  readonly streams: readonly FramedStream[]
  readonly wait: WaitOptions
}

export class ColumnReader {
  readonly #options: ColumnReaderOptions
  readonly #arena: Arena = newArena({ wipe: true })

  constructor(options: ColumnReaderOptions) {
    this.#options = options
  }

  /**
   * The next block, which must be this one.
   * @throws ShareholdError SH_PROTOCOL_COLUMN, SH_SHARE_*, SH_NET_*, naming a share-node where one can be
   */
  async read(block: NeededBlock): Promise<ReadChunk> {
    const { from, to, index, streams } = this.#options
    const senders =
      block.encoding === 'field'
        ? fieldDealers(from, block.reshare.rotation)
        : streams.map((_, i) => i + 1)
    const pieces = await Promise.all(
      senders.map(async (sender) => [sender, await this.#piece(sender, block)] as const),
    )
    const messages = new Map(pieces)
    const arena = this.#arena
    try {
      if (block.encoding === 'field') {
        const { rows, reshare } = block
        const share = receiveField(arena, from, to, index, rows, reshare, messages, prg)
        return chunkIn(arena, share, () => viewFp(share))
      }
      const bytes = bitsBytes(block.column, block.rows)
      const share = receiveBits(arena, from, to, index, bytes, block.reshare, messages, prg, hash)
      return chunkIn(arena, share, () => view(wholeBlock(share)))
    } catch (error) {
      throw named(error, streams)
    }
  }

  /** Frees all that was read and not freed. */
  release(): void {
    this.#arena.release()
  }

  async #piece(sender: number, block: NeededBlock): Promise<Uint8Array> {
    const { streams, wait } = this.#options
    const stream = streams[sender - 1]!
    const { header, payload } = await receiveMessage(stream, ['columnPiece'], wait)
    if (
      header.dataset !== block.dataset ||
      header.column !== block.column.name ||
      header.encoding !== block.encoding ||
      header.chunk !== block.chunk
    ) {
      throw new ShareholdError('SH_PROTOCOL_COLUMN', 'A share-node sent another block.', {
        party: stream.peer,
      })
    }
    return payload
  }
}

const chunkIn = (arena: Arena, share: Placed, bytes: () => Uint8Array): ReadChunk => ({
  bytes,
  free: () => arena.free(share),
})

/** Party numbers of the share committee as names. */
function named(error: unknown, streams: readonly FramedStream[]): unknown {
  if (!(error instanceof ShareholdError) || error.party === undefined) return error
  const party = streams[Number(error.party) - 1]?.peer ?? error.party
  return new ShareholdError(error.code, error.message, { party, cause: error })
}
