/**
 * The columns of a join at one party. Where the rows of the first dataset are the lanes, its columns come batch
 * after batch, as without a join. All others are taken whole, each once for all instances of a dataset, and their
 * shares rearranged by public row numbers: local, and whoever has no row has a sharing of zero.
 *
 * Memory: the columns that are taken whole, until the plan has run, and four bytes a lane of a batch and an instance.
 */
import { gatherWords } from '../shares/bits/permute.ts'
import { planeBytes } from '../shares/bits/plane.ts'
import { type Arena, view } from '../shares/field/memory.ts'
import type { BitShare } from '../shares/replicated.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import { wholeBatch } from './beside.ts'
import { constantBits, maskBits } from './boolean.ts'
import { gatherLanes, type LaneList, placeLanes, writeBytes } from './gather.ts'
import { datasetsOf, instancesOf, streamedDataset } from './join-lanes.ts'
import { type JoinedRows, NO_ROW } from './join-rows.ts'
import { type Batch, forEachRun, lanePositions, type Layout, layoutOf } from './layout.ts'
import type { Party } from './party.ts'
import type { DatasetParams, PlanParams } from './plan.ts'
import type { ColumnSource, LoadBits, LoadField, LoadMatch } from './run-value.ts'

/** The lanes behind the last of a source: a sharing of zero. */
const ZERO_LANES = 128

export class JoinedColumns {
  readonly #party: Party
  readonly #arena: Arena
  readonly #params: PlanParams
  readonly #rows: JoinedRows
  readonly #source: ColumnSource
  /** Columns that are taken whole, with zeros behind. */
  readonly #whole = new Map<string, Promise<unknown>>()
  /** Whose columns are not. */
  readonly #streamed: DatasetParams | undefined
  /** Where the lanes of the batch are in each instance. */
  #places: { readonly batch: number; readonly arena: Arena; readonly lists: Map<string, LaneList> }

  /** @param arena owns what is held over the batches */
  constructor(
    party: Party,
    arena: Arena,
    params: PlanParams,
    rows: JoinedRows,
    source: ColumnSource,
  ) {
    this.#party = party
    this.#arena = arena
    this.#params = params
    this.#rows = rows
    this.#source = source
    this.#streamed = streamedDataset(params)
    this.#places = { batch: -1, arena: arena.child(), lists: new Map() }
  }

  async bits(load: LoadBits, batch: Batch, arena: Arena): Promise<readonly BitShare[]> {
    if (load.dataset === this.#streamed?.name) return this.#ownBits(load, batch, arena)
    const instance = this.#indexOf(load.instance ?? load.dataset)
    const all = this.#all(load.dataset)
    const key = `${load.dataset}/bits/${load.column}/${load.planes}/${load.validity}`
    const planes = await this.#once(key, async (scratch) => {
      const stored = await this.#source.bits(load, all, scratch)
      return stored.map((plane) => widened(this.#party, this.#arena, plane))
    })
    const list = this.#list(`bits/${instance}`, batch, () =>
      bitPlaces(batch.layout, this.#rowsIn(instance, batch), all.layout),
    )
    return planes.map((plane) => gatherLanes(this.#party, arena, plane, list))
  }

  async field(load: LoadField, batch: Batch, arena: Arena): Promise<ShamirShare> {
    if (load.dataset === this.#streamed?.name) return this.#ownField(load, batch, arena)
    const instance = this.#indexOf(load.instance ?? load.dataset)
    const all = this.#all(load.dataset)
    const vector = await this.#once(`${load.dataset}/field/${load.column}`, async (scratch) => {
      const stored = await this.#source.field(load, all, scratch)
      const block = this.#arena.bytes(8 * (stored.length + 1))
      const bytes = view(block)
      bytes.fill(0)
      bytes.set(view({ ptr: stored.ptr, bytes: 8 * stored.length }))
      return block
    })
    const list = this.#list(`field/${instance}`, batch, () =>
      this.#rowsIn(instance, batch).map((row) => (row === NO_ROW ? all.layout.lanes : row)),
    )
    const out = arena.elements(batch.layout.lanes)
    gatherWords({ ptr: out.ptr, bytes: 8 * out.length }, vector, list.block)
    return asShamirShare(out)
  }

  match({ instance }: LoadMatch, batch: Batch, arena: Arena): BitShare {
    const { isRow } = this.#rows
    const rows = instance === undefined ? undefined : this.#rowsIn(this.#indexOf(instance), batch)
    const mask = arena.bytes(batch.layout.planeBytes)
    const bytes = view(mask)
    bytes.fill(0)
    forEachRun(batch.layout, (firstLane, firstByte, lanes) => {
      for (let k = 0; k < lanes; k++) {
        const lane = firstLane + k
        const bit = rows === undefined ? isRow[batch.firstLane + lane] === 1 : rows[lane] !== NO_ROW
        if (bit) bytes[firstByte + (k >> 3)]! |= 1 << (k & 7)
      }
    })
    const ones = constantBits(this.#party, arena, batch.layout.planeBytes, 1)
    return maskBits(this.#party, arena, ones, mask)
  }

  /** Planes of the streamed dataset: zero in the lanes of others. */
  async #ownBits(load: LoadBits, batch: Batch, arena: Arena): Promise<readonly BitShare[]> {
    const own = this.#ownPart(batch)
    if (own.layout.runs.length === batch.layout.runs.length) {
      return this.#source.bits(load, batch, arena)
    }
    const parts = load.planes + (load.validity ? 1 : 0)
    const planes = Array.from({ length: parts }, () =>
      constantBits(this.#party, arena, batch.layout.planeBytes, 0),
    )
    if (own.layout.runs.length === 0) return planes
    const stored = await this.#source.bits(load, own, arena)
    stored.forEach((plane, k) => writeBytes(planes[k]!, 0, plane))
    return planes
  }

  async #ownField(load: LoadField, batch: Batch, arena: Arena): Promise<ShamirShare> {
    const own = this.#ownPart(batch)
    if (own.layout.runs.length === batch.layout.runs.length) {
      return this.#source.field(load, batch, arena)
    }
    const out = arena.elements(batch.layout.lanes)
    const block = { ptr: out.ptr, bytes: 8 * out.length }
    view(block).fill(0)
    if (own.layout.runs.length === 0) return asShamirShare(out)
    const stored = await this.#source.field(load, own, arena)
    view(block).set(view({ ptr: stored.ptr, bytes: 8 * stored.length }))
    return asShamirShare(out)
  }

  /** What of a batch are chunks of the streamed dataset: they come first. */
  #ownPart(batch: Batch): Batch {
    const chunks = Math.max(0, this.#streamed!.chunks.length - batch.firstChunk)
    return { ...batch, layout: layoutOf(batch.layout.runs.slice(0, chunks)) }
  }

  /** All chunks of a dataset, as one batch. */
  #all(name: string): Batch {
    return wholeBatch(datasetsOf(this.#params).find((dataset) => dataset.name === name)!)
  }

  #rowsIn(instance: number, batch: Batch): Uint32Array {
    const { firstLane, layout } = batch
    return this.#rows.rowOfLane[instance]!.subarray(firstLane, firstLane + layout.lanes)
  }

  #indexOf(name: string): number {
    return instancesOf(this.#params).findIndex(({ instance }) => instance === name)
  }

  #once<T>(key: string, make: (scratch: Arena) => Promise<T>): Promise<T> {
    const known = this.#whole.get(key)
    if (known !== undefined) return known as Promise<T>
    const scratch = this.#arena.child()
    const made = make(scratch).finally(() => scratch.release())
    this.#whole.set(key, made)
    return made
  }

  /** One list for all columns of an instance in a batch. */
  #list(key: string, batch: Batch, places: () => Uint32Array): LaneList {
    if (this.#places.batch !== batch.index) {
      this.#places.arena.release()
      this.#places = { batch: batch.index, arena: this.#arena.child(), lists: new Map() }
    }
    const { arena, lists } = this.#places
    const list = lists.get(key) ?? placeLanes(arena, places())
    lists.set(key, list)
    return list
  }
}

/** A plane with zeros behind it. */
function widened(party: Party, arena: Arena, plane: BitShare): BitShare {
  const out = constantBits(party, arena, plane.bytes + planeBytes(ZERO_LANES), 0)
  writeBytes(out, 0, plane)
  return out
}

/** For each bit of a plane over the lanes, padding included: where its bit is in a plane of the source. */
function bitPlaces(lanes: Layout, rows: Uint32Array, source: Layout): Uint32Array {
  const positions = lanePositions(source)
  const nowhere = 8 * source.planeBytes
  const places = new Uint32Array(8 * lanes.planeBytes).fill(nowhere)
  forEachRun(lanes, (firstLane, firstByte, count) => {
    for (let k = 0; k < count; k++) {
      const row = rows[firstLane + k]!
      if (row !== NO_ROW) places[8 * firstByte + k] = positions[row]!
    }
  })
  return places
}
