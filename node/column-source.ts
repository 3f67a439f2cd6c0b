/**
 * An MPC node's columns of a job, as the executor asks for them: from what the share-nodes deal, and from
 * what this node has kept of earlier jobs, where there is leave to. What is dealt is kept for further jobs
 * if there is room.
 *
 * Memory: of what is dealt and not kept, what has come and is not yet asked for: one batch, since the
 * executor asks for all of a batch before it asks for the next; and columns that are taken whole, until it asks.
 */
import { storedDatasets } from '../protocol/beside.ts'
import type { ColumnSource, LoadBits, LoadField } from '../protocol/execute.ts'
import { streamedDataset } from '../protocol/join-lanes.ts'
import { forEachRun } from '../protocol/layout.ts'
import type { Batch } from '../protocol/layout.ts'
import type { Plan, PlanParams } from '../protocol/plan.ts'
import { encodingOf, storedLoads, storedParams } from '../protocol/sections.ts'
import { planeBytes } from '../shares/bits/plane.ts'
import { storedPlanes } from '../shares/column-codec.ts'
import type { Committee } from '../shares/committee.ts'
import { bitsBytes, fieldBytes } from '../shares/encode.ts'
import { sliceFp, view, viewFp } from '../shares/field/memory.ts'
import type { Arena } from '../shares/field/memory.ts'
import { component, componentCount, newBitShare } from '../shares/replicated.ts'
import type { BitShare } from '../shares/replicated.ts'
import { asShamirShare } from '../shares/shamir.ts'
import type { ShamirShare } from '../shares/shamir.ts'

import { neededColumns } from './column-blocks.ts'
import type { Load, NeededColumn } from './column-blocks.ts'
import type { ColumnReader } from './column-reader.ts'
import { serial } from './store/serial.ts'
import type { WarmColumn } from './warm-columns.ts'

export interface OpenedColumnSource extends ColumnSource {
  /** How many columns are kept ones, and how many are dealt. */
  readonly columns: { readonly warmColumns: number; readonly dealtColumns: number }
  /** Frees what the source still holds. Call it when `execute` has ended. */
  release(): void
}

export interface ColumnSourceOptions {
  readonly plan: Plan
  readonly params: PlanParams
  readonly loads: readonly Load[]
  /** The MPC committee. */
  readonly of: Committee
  readonly memberOfRow: Uint32Array
  /** Of a join: of each of its datasets, by numbers common to all. */
  readonly joinedMembers?: readonly Uint32Array[]
  readonly reader: ColumnReader
  /** Of each load, what this node has kept and may use. */
  readonly warm: readonly (WarmColumn | undefined)[]
  /** Of each other load, what to keep it in, if anything. */
  readonly filled: readonly (WarmColumn | undefined)[]
  /** All chunks are in. */
  readonly onFilled: (column: WarmColumn) => void
}

/** The bytes of one chunk's shares. Valid until the next allocation in kernel memory. */
type ChunkBytes = () => Uint8Array

/** Of one load and batch: chunk after chunk. */
interface ReadColumn {
  readonly chunks: readonly ChunkBytes[]
  /** How many operators are still to ask for it. */
  uses: number
  free(): void
}

/** Bytes of one node's shares of a column. */
export function columnBytes(
  { dataset, column, encoding }: Load,
  params: PlanParams,
  of: Committee,
): number {
  return chunksOf(dataset, params).reduce(
    (sum, rows) =>
      sum +
      (encoding === 'field' ? fieldBytes(rows) : componentCount(of) * bitsBytes(column, rows)),
    0,
  )
}

function chunksOf(name: string, params: PlanParams): readonly number[] {
  return storedDatasets(params).find((dataset) => dataset.name === name)!.chunks
}

export class JobColumns implements OpenedColumnSource {
  readonly memberOfRow: Uint32Array
  readonly columns: OpenedColumnSource['columns']
  readonly joinedMembers?: readonly Uint32Array[]
  readonly #options: ColumnSourceOptions
  /** What will be dealt, in order. */
  readonly #coming: Iterator<NeededColumn>
  /** What was dealt and is not yet used up, by load and batch. */
  readonly #read = new Map<string, ReadColumn>()
  readonly #inOrder = serial()

  constructor(options: ColumnSourceOptions) {
    const { loads, plan, params, warm } = options
    this.memberOfRow = options.memberOfRow
    const warmColumns = warm.filter((one) => one !== undefined).length
    this.columns = { warmColumns, dealtColumns: loads.length - warmColumns }
    if (options.joinedMembers !== undefined) this.joinedMembers = options.joinedMembers
    this.#options = options
    this.#coming = neededColumns(
      loads,
      storedParams(plan, params),
      (load) => warm[load] === undefined,
    ).values()
  }

  async bits(load: LoadBits, batch: Batch, arena: Arena): Promise<readonly BitShare[]> {
    const { of } = this.#options
    const { index, column } = this.#load('bits', load)
    const planes = Array.from({ length: load.planes }, (_, plane) => plane)
    if (load.validity) planes.push(storedPlanes(column) - 1)
    const out = planes.map(() => newBitShare(arena, of, batch.layout.planeBytes))
    await this.#withChunks(index, batch, (bytesOf) => {
      forEachChunk(batch, (run, at, _lane, lanes) => {
        const bytes = planeBytes(lanes)
        const chunk = bytesOf(run)
        out.forEach((share, k) => {
          for (let position = 0; position < share.components; position++) {
            const from = position * bitsBytes(column, lanes) + planes[k]! * bytes
            view(component(share, position)).set(chunk.subarray(from, from + bytes), at)
          }
        })
      })
    })
    return out
  }

  async field(load: LoadField, batch: Batch, arena: Arena): Promise<ShamirShare> {
    const { index } = this.#load('field', load)
    const out = arena.elements(batch.layout.lanes)
    await this.#withChunks(index, batch, (bytesOf) => {
      forEachChunk(batch, (run, _at, lane, lanes) => {
        viewFp(sliceFp(out, lane, lane + lanes)).set(bytesOf(run))
      })
    })
    return asShamirShare(out)
  }

  release(): void {
    this.#read.clear()
    this.#options.reader.release()
  }

  #load(encoding: string, of: LoadBits | LoadField): Load & { readonly index: number } {
    const { loads } = this.#options
    const index = loads.findIndex(
      (one) =>
        one.encoding === encoding && one.dataset === of.dataset && one.column.name === of.column,
    )
    return { ...loads[index]!, index }
  }

  /** Calls `use` with what gives the bytes of the batch's chunks, as soon as they are here. */
  async #withChunks(
    load: number,
    batch: Batch,
    use: (bytesOf: (run: number) => Uint8Array) => void,
  ): Promise<void> {
    const warm = this.#options.warm[load]
    if (warm !== undefined) {
      use((run) => warm.chunks[batch.firstChunk + run]!)
      return
    }
    const key = `${load}/${batch.index}`
    await this.#inOrder(async () => {
      while (!this.#read.has(key)) await this.#readNext()
    })
    const read = this.#read.get(key)!
    use((run) => read.chunks[run]!())
    if (--read.uses > 0) return
    this.#read.delete(key)
    read.free()
  }

  async #readNext(): Promise<void> {
    const { filled, loads, onFilled, params, plan, reader } = this.#options
    const next = this.#coming.next()
    if (next.done === true) throw new RangeError('a column is asked for more often than it is read')
    const { batch, blocks, load } = next.value
    const keeper = filled[load]
    const chunks: ChunkBytes[] = []
    const frees: (() => void)[] = []
    for (const block of blocks) {
      const chunk = await reader.read(block)
      if (keeper === undefined) {
        chunks.push(() => chunk.bytes())
        frees.push(() => chunk.free())
      } else {
        const kept = chunk.bytes().slice()
        chunk.free()
        keeper.chunks.push(kept)
        chunks.push(() => kept)
      }
    }
    if (keeper?.chunks.length === chunksOf(loads[load]!.dataset, params).length) onFilled(keeper)
    this.#read.set(`${load}/${batch}`, {
      chunks,
      uses: readersOf(plan, params, loads[load]!),
      free: () => frees.forEach((free) => free()),
    })
  }
}

/** How often the column is asked for: one that is taken whole for a join, once for all operators that read the same of it. */
function readersOf(plan: Plan, params: PlanParams, load: Load): number {
  const readers = storedLoads(plan).filter(
    (one) =>
      encodingOf(one) === load.encoding &&
      one.dataset === load.dataset &&
      one.column === load.column.name,
  )
  if (plan.join === undefined || load.dataset === streamedDataset(params)?.name) {
    return readers.length
  }
  const asked = readers.map((one) =>
    one.kind === 'load-bits' ? `${one.planes} ${one.validity}` : '',
  )
  return new Set(asked).size
}

/** Calls `visit` for each chunk of a batch: its number in it, its first byte in a plane, its lanes. */
function forEachChunk(
  { layout }: Batch,
  visit: (run: number, firstByte: number, firstLane: number, lanes: number) => void,
): void {
  let run = 0
  forEachRun(layout, (lane, at, lanes) => visit(run++, at, lane, lanes))
}
