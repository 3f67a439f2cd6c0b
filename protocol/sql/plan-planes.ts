/** What a demand needs row planes for, and whether the tables of a plan fit it. */
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import { tableLayout } from '../layout.ts'
import type { PlanParams } from '../plan.ts'
import { memberClasses } from '../shape.ts'

import type { Demand, ValueDemand } from './demand.ts'

/**
 * Most field elements of converted planes in a batch. They travel in one message (512 MiB, of the 1 GiB that
 * a round may have) and the conversion holds several such vectors in 4 GiB of kernel memory.
 */
const MAX_BATCH_ELEMENTS = 2 ** 26

/** From how many on a batch has fewer chunks: 16 MiB a vector, or 128 MiB; converting takes about six of them. */
const BATCH_ELEMENTS: Readonly<Record<PlanParams['network'], number>> = {
  loopback: 2 ** 21,
  lan: 2 ** 21,
  wan: 2 ** 24,
}

/** Planes by what is done with them; none is constant. */
export interface NeededPlanes {
  /** Taken sums over, or part of what is summed: in the field. */
  readonly summed: ReadonlySet<Wire>
  /** Counted, and not needed in the field for a sum: here the way of counting matters. */
  readonly loose: ReadonlySet<Wire>
  /** Asked whether they have a row at all. */
  readonly tested: ReadonlySet<Wire>
  /** Whose counts are compared with each other; constants may be among them. */
  readonly tallied: ReadonlySet<Wire>
  /** Of which the members are counted. */
  readonly cohorts: ReadonlySet<Wire>
}

export function neededPlanes({ cohorts, values, bits }: Demand): NeededPlanes {
  const isVarying = (wire: Wire): boolean => wire !== TRUE && wire !== FALSE
  const varying = (wires: readonly Wire[]): ReadonlySet<Wire> => new Set(wires.filter(isVarying))
  const computed = values.filter(({ plane }) => plane !== FALSE)
  const ofKind = <K extends ValueDemand['kind']>(kind: K): Extract<ValueDemand, { kind: K }>[] =>
    computed.filter((value) => isOfKind(value, kind))
  const summed = varying([...ofKind('sum').map((value) => value.summed), ...bits])
  const counted = varying(ofKind('count').map(({ plane }) => plane))
  const loose = new Set([...counted].filter((plane) => !summed.has(plane)))
  const tested = varying([
    ...ofKind('any').map((value) => value.tested),
    ...ofKind('distinct').flatMap((value) => value.planes),
  ])
  const open = ofKind('mode').filter((value) => value.planes.some(isVarying))
  const tallied = new Set(open.flatMap((value) => value.planes))
  return { summed, loose, tested, tallied, cohorts: varying(cohorts.map(({ plane }) => plane)) }
}

export function isOfKind<K extends ValueDemand['kind']>(
  value: ValueDemand,
  kind: K,
): value is Extract<ValueDemand, { kind: K }> {
  return value.kind === kind
}

/** Whether a chunk's planes that sums are taken over fit into memory, once converted. */
export function fitsMemory(params: PlanParams, demand: Demand): boolean {
  return neededPlanes(demand).summed.size * chunkRows(params) <= MAX_BATCH_ELEMENTS
}

/**
 * How many chunks share a round: as many as may, halved until the planes that sums are taken over do not take too much
 * memory. Batches cost rounds, so the longer a round takes, the more memory they are worth.
 */
export function chunksAtATime(params: PlanParams, demand: Demand): number {
  const each = neededPlanes(demand).summed.size * chunkRows(params)
  const chunks = tableChunks(params).length
  let atATime = params.chunksInFlight
  while (atATime > 1 && each * Math.min(atATime, chunks) > BATCH_ELEMENTS[params.network]) {
    atATime = Math.ceil(atATime / 2)
  }
  return atATime
}

/** Most rows of a chunk. */
export function chunkRows(params: PlanParams): number {
  return Math.max(0, ...tableChunks(params))
}

function tableChunks(params: PlanParams): readonly number[] {
  return tableLayout(params).runs
}

/** Whether every member has one row: then rows are members. */
export function hasSingleRows(params: PlanParams): boolean {
  return memberClasses(params).every(([rows]) => rows === 1)
}
