/** Where a number of the answer lies while a plan is written: in a lane of a slots vector; or nowhere, being public. */
import type { Ref } from '../plan.ts'

import type { PlanWriter } from './plan-writer.ts'

export interface Slot {
  readonly from: Ref
  readonly lane: number
}

/** A number that planning already tells. */
export interface Known {
  readonly known: bigint
}

export type Lane = Slot | Known

export function isKnown(lane: Lane): lane is Known {
  return 'known' in lane
}

function isSlot(lane: Lane): lane is Slot {
  return !isKnown(lane)
}

/** The lanes 0, 1, ... of a vector. */
export function lanesOf(from: Ref, count: number): Slot[] {
  return Array.from({ length: count }, (_, lane) => ({ from, lane }))
}

/** A plane with these lanes, at least one, in order: slots of planes, or the bits 0 and 1. */
export function gatherBits(writer: PlanWriter, lanes: readonly Lane[], purpose: string): Ref {
  if (lanes.every(isSlot)) return writer.add({ kind: 'gather', lanes }, purpose)(0)
  const from = writer.add({ kind: 'enumerate', sizes: [2] }, 'the bits 0 and 1')(0)
  const slots = lanes.map((lane) => (isKnown(lane) ? { from, lane: Number(lane.known) } : lane))
  return writer.add({ kind: 'gather', lanes: slots }, purpose)(0)
}

/** A vector with these lanes, at least one, in order. */
export function gatherLanes(writer: PlanWriter, lanes: readonly Lane[], purpose: string): Ref {
  const known = lanes.filter(isKnown).map((lane) => String(lane.known))
  if (known.length === 0) {
    return writer.add({ kind: 'gather', lanes: lanes.filter(isSlot) }, purpose)(0)
  }
  const constants = writer.add({ kind: 'constant', lanes: known }, 'numbers that are public')(0)
  if (known.length === lanes.length) return constants
  let next = 0
  const slots = lanes.map((lane) => (isKnown(lane) ? { from: constants, lane: next++ } : lane))
  return writer.add({ kind: 'gather', lanes: slots }, purpose)(0)
}
