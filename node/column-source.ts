/**
 * An MPC node's columns of a job: takes what the share-nodes send, puts fresh shares together block by
 * block, and hands them to the executor in its layout. Blocks are read batch by batch; the streams'
 * flow control holds the share-nodes back, so memory is bounded by one batch.
 */
import type { AdmittedJob } from '../protocol/admission.ts'
import type { ColumnSource, LoadBits, LoadField } from '../protocol/execute.ts'
import { forEachRun } from '../protocol/layout.ts'
import type { Batch } from '../protocol/layout.ts'
import { joinMembers } from '../protocol/member-table.ts'
import { decodeMembers } from '../protocol/members.ts'
import { MembersCollector } from '../protocol/wire/members-pieces.ts'
import { planeBytes } from '../shares/bits/plane.ts'
import { storedPlanes } from '../shares/column-codec.ts'
import type { Committee } from '../shares/committee.ts'
import { bitsBytes } from '../shares/encode.ts'
import { ShareholdError } from '../shares/errors.ts'
import { newArena, sliceFp, view, viewFp } from '../shares/field/memory.ts'
import type { Arena } from '../shares/field/memory.ts'
import { hexOf } from '../shares/hex.ts'
import { component, newBitShare } from '../shares/replicated.ts'
import type { BitShare } from '../shares/replicated.ts'
import { receiveBits } from '../shares/reshare-bits.ts'
import { receiveField } from '../shares/reshare-field.ts'
import { fieldDealers } from '../shares/reshare.ts'
import { asShamirShare } from '../shares/shamir.ts'
import type { ShamirShare } from '../shares/shamir.ts'

import { loadsOf, neededBlocks } from './column-blocks.ts'
import type { NeededBlock } from './column-blocks.ts'
import { hash, prg } from './crypto.ts'
import type { FramedStream, WaitOptions } from './framed-stream.ts'
import { MAX_MEMBERS_BYTES } from './import-blocks.ts'
import { receiveMessage } from './message-stream.ts'

export interface ColumnSourceOptions {
  readonly admitted: AdmittedJob
  /** The share-nodes' committee, the MPC committee, and this node's number in the latter. */
  readonly from: Committee
  readonly to: Committee
  readonly index: number
  /** One stream per share-node, share-node 1 first, columnsBegin already read. */
  readonly streams: readonly FramedStream[]
  readonly wait: WaitOptions
}

export interface OpenedColumnSource extends ColumnSource {
  /** Frees what the source still holds. */
  release(): void
}

/**
 * Reads the member runs and makes the source.
 * @throws ShareholdError SH_PROTOCOL_COLUMN naming share-node 1, if the members are not those of the
 * signed version; SH_NET_*
 */
export async function openColumnSource(options: ColumnSourceOptions): Promise<OpenedColumnSource> {
  const { admitted } = options
  const parts = []
  for (const [index, part] of admitted.version.parts.entries()) {
    const list = await takeMembers(options, index)
    if (hexOf(hash.sha256(list)) !== part.members) throw wrongMembers(options)
    parts.push(decodeMembers(list))
  }
  const { memberOfRow, rowsPerMember } = joinMembers(parts)
  if (JSON.stringify(rowsPerMember) !== JSON.stringify(admitted.params.dataset.rowsPerMember)) {
    throw wrongMembers(options)
  }
  return new StreamedColumns(options, memberOfRow)
}

async function takeMembers(options: ColumnSourceOptions, part: number): Promise<Uint8Array> {
  const collector = new MembersCollector(part, MAX_MEMBERS_BYTES)
  for (;;) {
    const message = await receiveMessage(options.streams[0]!, ['members'], options.wait)
    const list = collector.add(message)
    if (list !== undefined) return list
  }
}

const wrongMembers = ({ streams }: ColumnSourceOptions): ShareholdError =>
  new ShareholdError(
    'SH_PROTOCOL_COLUMN',
    'The member runs are not those of the signed dataset version.',
    { party: streams[0]!.peer },
  )

const keyOf = (encoding: string, column: string): string => `${encoding}/${column}`

/** The shares of one chunk. */
type ChunkShare =
  | { readonly encoding: 'field'; readonly share: ShamirShare }
  | { readonly encoding: 'bits'; readonly share: BitShare }

class StreamedColumns implements OpenedColumnSource {
  readonly memberOfRow: Uint32Array
  readonly #options: ColumnSourceOptions
  readonly #blocks: readonly NeededBlock[]
  #next = 0
  /** Of the current batch: shares by column, chunk after chunk. */
  #batch = -1
  #arena: Arena
  #shares = new Map<string, ChunkShare[]>()
  #reading: Promise<void> = Promise.resolve()

  constructor(options: ColumnSourceOptions, memberOfRow: Uint32Array) {
    const { admitted } = options
    this.memberOfRow = memberOfRow
    this.#options = options
    const loads = loadsOf(admitted.compiled.plan, admitted.schema)
    this.#blocks = neededBlocks(loads, admitted.params)
    this.#arena = newArena({ wipe: true })
  }

  async bits(load: LoadBits, batch: Batch, arena: Arena): Promise<readonly BitShare[]> {
    const chunks = await this.#chunks('bits', load.column, batch)
    const column = this.#options.admitted.schema.columns.find((one) => one.name === load.column)!
    const stored = storedPlanes(column)
    const wanted = Array.from({ length: load.planes }, (_, plane) => plane)
    if (load.validity) wanted.push(stored - 1)
    const { to } = this.#options
    return wanted.map((plane) => {
      const whole = newBitShare(arena, to, batch.layout.planeBytes)
      let run = 0
      forEachRun(batch.layout, (_lane, at, lanes) => {
        const { share } = chunks[run++]!
        if (!('components' in share)) throw new RangeError('not a share of bits')
        const bytes = planeBytes(lanes)
        for (let position = 0; position < whole.components; position++) {
          const source = view(component(share, position)).subarray(
            plane * bytes,
            (plane + 1) * bytes,
          )
          view(component(whole, position)).set(source, at)
        }
      })
      return whole
    })
  }

  async field(load: LoadField, batch: Batch, arena: Arena): Promise<ShamirShare> {
    const chunks = await this.#chunks('field', load.column, batch)
    const whole = arena.elements(batch.layout.lanes)
    let run = 0
    forEachRun(batch.layout, (lane, _at, lanes) => {
      const { share } = chunks[run++]!
      if ('components' in share) throw new RangeError('not a share of field elements')
      viewFp(sliceFp(whole, lane, lane + lanes)).set(viewFp(share))
    })
    return asShamirShare(whole)
  }

  release(): void {
    this.#arena.release()
    this.#shares.clear()
  }

  async #chunks(encoding: string, column: string, batch: Batch): Promise<readonly ChunkShare[]> {
    if (this.#batch !== batch.index) {
      this.#batch = batch.index
      this.#reading = this.#readBatch(batch)
    }
    await this.#reading
    return this.#shares.get(keyOf(encoding, column))!
  }

  /** Reads all blocks of the batch: everything that this job reads of its chunks. */
  async #readBatch(batch: Batch): Promise<void> {
    this.#arena.release()
    this.#arena = newArena({ wipe: true })
    this.#shares = new Map()
    const end = batch.firstChunk + batch.layout.runs.length
    while (this.#next < this.#blocks.length && this.#blocks[this.#next]!.chunk < end) {
      const block = this.#blocks[this.#next++]!
      const share = await this.#readBlock(block)
      const key = keyOf(block.encoding, block.column.name)
      const list = this.#shares.get(key) ?? []
      list.push(share)
      this.#shares.set(key, list)
    }
  }

  async #readBlock(block: NeededBlock): Promise<ChunkShare> {
    const { from, to, index, streams, wait } = this.#options
    const senders =
      block.encoding === 'field'
        ? fieldDealers(from, block.reshare.rotation)
        : streams.map((_, i) => i + 1)
    const messages = new Map(
      await Promise.all(
        senders.map(async (sender): Promise<[number, Uint8Array]> => {
          const stream = streams[sender - 1]!
          const { header, payload } = await receiveMessage(stream, ['columnPiece'], wait)
          if (
            header.column !== block.column.name ||
            header.encoding !== block.encoding ||
            header.chunk !== block.chunk
          ) {
            throw new ShareholdError('SH_PROTOCOL_COLUMN', 'A share-node sent another block.', {
              party: stream.peer,
            })
          }
          return [sender, payload]
        }),
      ),
    )
    try {
      if (block.encoding === 'field') {
        const { rows, reshare } = block
        const share = receiveField(this.#arena, from, to, index, rows, reshare, messages, prg)
        return { encoding: 'field', share }
      }
      const bytes = bitsBytes(block.column, block.rows)
      const share = receiveBits(
        this.#arena,
        from,
        to,
        index,
        bytes,
        block.reshare,
        messages,
        prg,
        hash,
      )
      return { encoding: 'bits', share }
    } catch (error) {
      throw named(error, streams)
    }
  }
}

/** Party numbers of the share committee as names. */
function named(error: unknown, streams: readonly FramedStream[]): unknown {
  if (!(error instanceof ShareholdError) || error.party === undefined) return error
  const party = streams[Number(error.party) - 1]?.peer ?? error.party
  return new ShareholdError(error.code, error.message, { party, cause: error })
}
