/**
 * From row planes to opened values: sums, counts, cohort bits, and the product that suppresses. Every operator
 * works on all groups and aggregates at once. What planning already tells is not computed: the number of all
 * rows, and the cohort of all members or of none.
 */
import { ShareholdError } from '../../shares/errors.ts'
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import type { PlanParams, Ref } from '../plan.ts'
import { rowsOf } from '../validate-plan.ts'

import type { BoundQuery } from './bound.ts'
import type { Demand, ValueDemand } from './demand.ts'
import { writeAny } from './plan-any.ts'
import { choicePlanes, isChosen, writeChosen } from './plan-chosen.ts'
import { writeCohorts } from './plan-cohorts.ts'
import type { WrittenCohorts } from './plan-cohorts.ts'
import { writeCounts, writeTotals } from './plan-counts.ts'
import { writeDistinct } from './plan-distinct.ts'
import { writeHaving } from './plan-having.ts'
import type { HavingVectors } from './plan-having.ts'
import { gatherBits, gatherLanes, isKnown, lanesOf } from './plan-lanes.ts'
import type { Lane, Slot } from './plan-lanes.ts'
import { writeMasks } from './plan-masks.ts'
import { writeModes } from './plan-mode.ts'
import { chunkRows, fitsMemory, isOfKind, neededPlanes } from './plan-planes.ts'
import { lookup, nowhere, writeRowCircuit } from './plan-rows.ts'
import type { RowPlan } from './plan-rows.ts'
import { writeSums } from './plan-sums.ts'
import type { PlanWriter } from './plan-writer.ts'
import type { Strategy } from './strategy.ts'

/**
 * Writes all operators of the plan.
 *
 * @throws ShareholdError SH_PLAN_GROUPS if it would take too much memory
 */
export function writePlan(
  query: BoundQuery,
  params: PlanParams,
  rowPlan: RowPlan,
  strategy: Strategy,
  writer: PlanWriter,
): void {
  const { demand } = rowPlan
  checkMemory(params, rowPlan)
  const { summed, loose, tested, tallied, cohorts } = neededPlanes(demand)
  const converted = [...summed]
  const via = strategy.via === undefined ? {} : { via: strategy.via }

  const values = demand.values.filter(({ plane }) => plane !== FALSE)
  const choices = values.filter((value) => isChosen(value))
  const chosen = choicePlanes(rowPlan.ordered, choices)
  const planes = [
    ...new Set([...converted, ...cohorts, ...loose, ...tested, ...tallied, ...chosen]),
  ]
  const bit = writeRowCircuit(query, rowPlan, planes, writer)
  const field =
    converted.length === 0
      ? nowhere
      : lookup(
          converted,
          writer.add(
            { kind: 'bit-to-field', inputs: converted.map(bit), ...via },
            'bits that sums and counts are taken over',
          ),
        )
  const rows = rowsOf(params)
  const sums = writeSums({ query, rowPlan, rows, writer, field, via }, values)
  const counts = writeTotals(writer, countedIn(converted, values), field)
  const rest = [...loose]
  const of = { lanes: 'rows', of: 'counts of rows' } as const
  const added = writeCounts(writer, params, rest, rest.map(bit), of, strategy.counts)
  for (const [plane, slot] of added) counts.set(plane, slot)
  const chosenLane = writeChosen({ params, writer, bit, ordered: rowPlan.ordered }, choices)
  const modes = values.filter((value) => isOfKind(value, 'mode'))
  const modeLane = writeModes({ params, writer, bit }, modes)
  const any = writeAny(writer, params, [...tested], bit, strategy.counts)
  const distinct = values.filter((value) => isOfKind(value, 'distinct'))
  const distinctLane = writeDistinct(writer, distinct, any)
  const { kMin } = query
  const membersDemanded = values.some(({ kind }) => kind === 'members')
  const written = writeCohorts(
    { params, kMin, writer, bit, counts, membersDemanded },
    demand,
    strategy.cohorts,
  )
  const laneOf = (value: ValueDemand): Lane => {
    const { plane } = value
    if (plane === FALSE) return { known: 0n }
    switch (value.kind) {
      case 'count':
        return plane === TRUE ? { known: BigInt(rowsOf(params)) } : counts.get(plane)!
      case 'sum':
        return sums.get(value)!
      case 'any':
        return any(value.tested)
      case 'members':
        return written.members(plane)
      case 'extreme':
      case 'rank':
        return chosenLane(value)
      case 'mode':
        return modeLane(value)
      case 'distinct':
        return distinctLane(value)
    }
  }
  const having =
    rowPlan.having === undefined
      ? undefined
      : writeHaving(writer, rowPlan.having, havingVectors(writer, demand, written, laneOf))
  writeOutput(writer, writeMasks(writer, demand, written, having), demand, laneOf)
}

/** Lanes of all rows, put together. */
function havingVectors(
  writer: PlanWriter,
  { cells, values }: Demand,
  { shown }: WrittenCohorts,
  laneOf: (value: ValueDemand) => Lane,
): HavingVectors {
  return {
    number: ({ aggregate, name }) =>
      gatherLanes(
        writer,
        cells.map((row) => laneOf(values[row[aggregate]!.values.get(name)!]!)),
        'a number that HAVING compares',
      ),
    shown: (aggregate) =>
      gatherBits(
        writer,
        cells.map((row) => shown(row[aggregate]!.cohort, row[aggregate]!.families)),
        'whether an aggregate of HAVING is shown',
      ),
  }
}

function checkMemory(params: PlanParams, { demand }: RowPlan): void {
  if (fitsMemory(params, demand)) return
  const planes = neededPlanes(demand).summed.size
  throw new ShareholdError(
    'SH_PLAN_GROUPS',
    `Sums over ${planes} groups of rows, ${chunkRows(params)} rows at a time, would take too much memory.`,
    { hint: 'Group by fewer columns.' },
  )
}

/** Of the planes that are in the field, those that are counted. */
function countedIn(converted: readonly Wire[], values: readonly ValueDemand[]): Wire[] {
  const counted = new Set(values.filter(({ kind }) => kind === 'count').map(({ plane }) => plane))
  return converted.filter((plane) => counted.has(plane))
}

/**
 * Cohort bits and masked values, in the order of the demand's lanes. What is not public is opened as a fresh
 * sharing: a bit that has just been converted, or a product, be it with a public 1.
 */
function writeOutput(
  writer: PlanWriter,
  bits: readonly Lane[],
  { values, opened }: Demand,
  laneOf: (value: ValueDemand) => Lane,
): void {
  const lanes = opened.map(({ value, mask }): Lane => {
    const bit = bits[mask]!
    return isKnown(bit) && bit.known === 0n ? bit : laneOf(values[value]!)
  })
  const bitOf = (k: number): Lane => bits[opened[k]!.mask]!
  const masked = lanes.flatMap((lane, k) => (isKnown(lane) && isKnown(bitOf(k)) ? [] : [k]))
  const products = new Map<number, Slot>()
  if (masked.length > 0) {
    const numbers = masked.map((k) => lanes[k]!)
    const factors = masked.map(bitOf)
    const pair = [
      gatherLanes(writer, numbers, 'values of all groups'),
      gatherLanes(writer, factors, 'the cohort bit of each value'),
    ] as const
    const product = writer.add(
      { kind: 'multiply', pairs: [pair] },
      'suppression: values of small cohorts become 0',
    )(0)
    lanesOf(product, masked.length).forEach((slot, nth) => products.set(masked[nth]!, slot))
  }
  const shown = lanes.map((lane, k) => products.get(k) ?? lane)
  if (bits.length === 0) {
    // HAVING leaves no rows, for everybody to see. There is always something that is put out.
    const none = writer.add({ kind: 'constant', lanes: ['0'] }, 'an answer without rows')(0)
    writer.add({ kind: 'output', inputs: [none] }, 'nothing')
    return
  }
  const inputs = [
    vectorOf(writer, bits, 'cohort bits'),
    vectorOf(writer, shown, 'values of large enough cohorts'),
  ]
  writer.add({ kind: 'output', inputs }, 'cohort bits and values')
}

/** The vector that these lanes are, all of it and in order; else a vector of them. */
function vectorOf(writer: PlanWriter, lanes: readonly Lane[], purpose: string): Ref {
  const [first] = lanes
  if (first === undefined) throw new RangeError('nothing to open')
  if (isKnown(first)) return gatherLanes(writer, lanes, purpose)
  const { op, part } = first.from
  const isWhole = lanes.every(
    (lane, k) =>
      !isKnown(lane) && lane.from.op === op && lane.from.part === part && lane.lane === k,
  )
  return isWhole ? first.from : gatherLanes(writer, lanes, purpose)
}
