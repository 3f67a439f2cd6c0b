/**
 * Where lanes lie. A layout is a list of runs (for table rows: chunks) of lanes; in a bit-plane each
 * run is padded to a multiple of 16 bytes, in a field vector there is no padding. Padding lanes hold
 * consistent sharings of garbage, which nobody may count.
 */
import { planeBytes } from '../shares/bits/plane.ts'

import { laneRuns } from './join-lanes.ts'
import type { PlanParams } from './plan.ts'

export interface Layout {
  /** Lanes of each run. */
  readonly runs: readonly number[]
  /** Lanes in all: the length of a field vector. */
  readonly lanes: number
  /** Bytes of a bit-plane. */
  readonly planeBytes: number
}

/** Layout of these runs. */
export function layoutOf(runs: readonly number[]): Layout {
  return {
    runs,
    lanes: runs.reduce((sum, run) => sum + run, 0),
    planeBytes: runs.reduce((sum, run) => sum + planeBytes(run), 0),
  }
}

/** One run: members and slots. */
export function flatLayout(lanes: number): Layout {
  return layoutOf([lanes])
}

/** Chunks whose messages share a round. */
export interface Batch {
  /** From 0: the `batch` of tags. */
  readonly index: number
  /** Number of the first chunk in the table. */
  readonly firstChunk: number
  /** Number of its first lane in the table. */
  readonly firstLane: number
  /** Byte offset of this batch in a plane of the whole table. */
  readonly planeOffset: number
  readonly layout: Layout
}

/** The chunks of the table, chunksInFlight at a time, in order. */
export function batchesOf(params: PlanParams): Batch[] {
  const chunks = laneRuns(params)
  const batches: Batch[] = []
  let planeOffset = 0
  let firstLane = 0
  for (let firstChunk = 0; firstChunk < chunks.length; firstChunk += params.chunksInFlight) {
    const layout = layoutOf(chunks.slice(firstChunk, firstChunk + params.chunksInFlight))
    batches.push({ index: batches.length, firstChunk, firstLane, planeOffset, layout })
    planeOffset += layout.planeBytes
    firstLane += layout.lanes
  }
  return batches
}

/** The whole table: its batches on end. */
export function tableLayout(params: PlanParams): Layout {
  return layoutOf(laneRuns(params))
}

/** Calls `visit` for each run: its first lane, its first byte in a plane, and its lanes. */
export function forEachRun(
  layout: Layout,
  visit: (firstLane: number, firstByte: number, lanes: number) => void,
): void {
  let lane = 0
  let byte = 0
  for (const run of layout.runs) {
    visit(lane, byte, run)
    lane += run
    byte += planeBytes(run)
  }
}

/**
 * Cuts the lanes of planes on end (as in a field vector) into pieces of about the same length, each of
 * which begins with a byte of its plane.
 * @returns where the pieces begin, and where the last one ends
 */
export function cutLanes(layout: Layout, planes: number, pieces: number): number[] {
  const total = planes * layout.lanes
  const cuts = Array.from({ length: pieces }, (_, k) => Math.floor((total * k) / pieces))
  const starts = cuts.map((cut) => {
    let lane = layout.lanes === 0 ? 0 : cut % layout.lanes
    for (const run of layout.runs) {
      if (lane < run) break
      lane -= run
    }
    return cut - (lane & 7)
  })
  return [...starts, total]
}

/** Bit position in a plane of each lane. */
export function lanePositions(layout: Layout): Uint32Array {
  const positions = new Uint32Array(layout.lanes)
  forEachRun(layout, (firstLane, firstByte, lanes) => {
    for (let k = 0; k < lanes; k++) positions[firstLane + k] = firstByte * 8 + k
  })
  return positions
}

/** A public plane with a 1 in each lane that is not padding. */
export function laneMask(layout: Layout): Uint8Array {
  const mask = new Uint8Array(layout.planeBytes)
  forEachRun(layout, (_firstLane, firstByte, lanes) => {
    mask.fill(0xff, firstByte, firstByte + (lanes >> 3))
    if ((lanes & 7) !== 0) mask[firstByte + (lanes >> 3)] = (1 << (lanes & 7)) - 1
  })
  return mask
}
