/**
 * Values that stand for a row: the largest, the smallest, those of a rank, for all groups and aggregates at once. They
 * are found on bits (extreme.ts, select-rank.ts), and only the one number goes into the field.
 */
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { Planes, Wire } from '../circuit-builder.ts'
import type { Choice, PlanParams, Ref } from '../plan.ts'
import type { SelectTuning } from '../select-rank.ts'

import { selectTuning } from './count-tuning.ts'
import type { ChosenDemand, ValueDemand } from './demand.ts'
import { writeNumbers } from './plan-counts.ts'
import { lanesOf } from './plan-lanes.ts'
import type { Lane } from './plan-lanes.ts'
import type { PlanWriter } from './plan-writer.ts'
import type { RowValue } from './row-value.ts'

interface Choices {
  readonly params: PlanParams
  readonly writer: PlanWriter
  readonly bit: (plane: Wire) => Ref
  readonly ordered: ReadonlyMap<RowValue, Planes>
}

export function isChosen(value: ValueDemand): value is ChosenDemand {
  return value.kind === 'extreme' || value.kind === 'rank'
}

/** The planes that choices read: numbers, and rows that take part. Numbers that planning tells need none. */
export function choicePlanes(
  ordered: ReadonlyMap<RowValue, Planes>,
  demands: readonly ChosenDemand[],
): readonly Wire[] {
  return demands.flatMap(({ argument, plane }) => {
    const planes = ordered.get(argument)!
    return knownNumber(planes) === undefined ? [...planes, plane] : []
  })
}

/** A number all of whose planes are constant. */
function knownNumber(planes: Planes): bigint | undefined {
  if (planes.some((plane) => plane !== TRUE && plane !== FALSE)) return undefined
  return planes.reduce((sum, plane, bit) => sum + (plane === TRUE ? 1n << BigInt(bit) : 0n), 0n)
}

/** Where the number of each demand is, once written. */
export function writeChosen(
  { params, writer, bit, ordered }: Choices,
  demands: readonly ChosenDemand[],
): (demand: ChosenDemand) => Lane {
  const lanes = new Map<ChosenDemand, Lane>()
  const planesOf = ({ argument }: ChosenDemand): Planes => ordered.get(argument)!
  for (const demand of demands) {
    const known = knownNumber(planesOf(demand))
    if (known !== undefined) lanes.set(demand, { known })
  }
  const varying = demands.filter((demand) => !lanes.has(demand))
  const choiceOf = (demand: ChosenDemand): Choice => ({
    planes: planesOf(demand).map(bit),
    among: bit(demand.plane),
  })
  const place = (found: (part: number) => Ref, chosen: readonly ChosenDemand[]): void => {
    const width = Math.max(...chosen.map((demand) => planesOf(demand).length))
    const digits = Array.from({ length: width }, (_, part) => found(part))
    const vector = writeNumbers(writer, digits, 'the chosen values')
    lanesOf(vector, chosen.length).forEach((slot, k) => lanes.set(chosen[k]!, slot))
  }

  const extremes = varying.filter((demand) => demand.kind === 'extreme')
  if (extremes.length > 0) {
    const choices = extremes.map((demand) => ({ ...choiceOf(demand), largest: demand.largest }))
    place(writer.add({ kind: 'extreme', choices }, 'largest and smallest values'), extremes)
  }
  const ranks = varying.filter((demand) => demand.kind === 'rank')
  if (ranks.length > 0) {
    const choices = ranks.map((demand) => {
      const { times, plus, over } = demand.rank
      return { ...choiceOf(demand), times, plus, over }
    })
    const width = Math.max(...ranks.map((demand) => planesOf(demand).length))
    const tuning = tuningFor(params, ranks.length, width)
    place(writer.add({ kind: 'select', choices, ...tuning }, 'values of the asked ranks'), ranks)
  }
  return (demand) => lanes.get(demand)!
}

const tunings = new WeakMap<PlanParams, Map<string, SelectTuning>>()

/** A plan is written many times before one is taken, with the same selections. */
function tuningFor(params: PlanParams, choices: number, width: number): SelectTuning {
  let known = tunings.get(params)
  if (known === undefined) tunings.set(params, (known = new Map()))
  const key = `${choices} ${width}`
  let tuning = known.get(key)
  if (tuning === undefined) {
    tuning = selectTuning(params, 'rows', choices, width).value
    known.set(key, tuning)
  }
  return tuning
}
