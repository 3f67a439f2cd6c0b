/** Sums of values and of their products: inner products of what the rows have with the bits of a group. */
import { TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import type { Ref, Via } from '../plan.ts'

import type { BoundQuery } from './bound.ts'
import type { SumDemand, ValueDemand } from './demand.ts'
import { writeTotals } from './plan-counts.ts'
import { writeFieldSums } from './plan-field.ts'
import type { Lane } from './plan-lanes.ts'
import { isOfKind } from './plan-planes.ts'
import type { RowPlan } from './plan-rows.ts'
import type { PlanWriter } from './plan-writer.ts'
import type { FieldSum } from './row-field.ts'
import { textOfFactors } from './row-text.ts'
import { whereStored } from './tables.ts'

interface Sums {
  readonly query: BoundQuery
  readonly rowPlan: RowPlan
  readonly rows: number
  readonly writer: PlanWriter
  /** Where a plane is in the field. */
  readonly field: (plane: Wire) => Ref
  readonly via: { readonly via?: Via }
}

interface Summed {
  readonly demand: SumDemand
  readonly sum: FieldSum
}

/** Where each sum among the demanded values is, once written. */
export function writeSums(sums: Sums, values: readonly ValueDemand[]): Map<ValueDemand, Lane> {
  const { fields } = sums.rowPlan
  const all = values.filter((value) => isOfKind(value, 'sum'))
  const summed = all.map((demand) => ({ demand, sum: fields.get(demand)! }))
  const isConstant = ({ sum }: Summed): boolean => sum.terms.length === 0
  const varying = summed.filter((one) => !isConstant(one))
  return new Map([
    ...writeVectors(sums, varying),
    ...writeConstants(sums, summed.filter(isConstant)),
  ])
}

function writeVectors(
  { query, writer, field, via }: Sums,
  sums: readonly Summed[],
): (readonly [ValueDemand, Lane])[] {
  if (sums.length === 0) return []
  const texts = new Map(sums.map(({ demand, sum }) => [sum, textOfFactors(demand.factors)]))
  const writing = { writer, whereOf: whereStored(query), via, field }
  const vectorOf = writeFieldSums(writing, [...texts.keys()], (sum) => texts.get(sum))
  const term = ({ sum }: Summed): Ref => vectorOf(sum)

  // Over all rows a sum is local: shares add up.
  const whole = sums.filter(({ demand }) => demand.summed === TRUE)
  const filtered = sums.filter(({ demand }) => demand.summed !== TRUE)
  const lanes: (readonly [ValueDemand, Lane])[] = []
  if (whole.length > 0) {
    const total = writer.add({ kind: 'total', inputs: whole.map(term) }, 'sums over all rows')(0)
    whole.forEach(({ demand }, lane) => lanes.push([demand, { from: total, lane }]))
  }
  if (filtered.length > 0) {
    const pairs = filtered.map((sum) => [field(sum.demand.summed), term(sum)] as const)
    const dot = writer.add({ kind: 'dot', pairs }, 'sums over the rows of each group')(0)
    filtered.forEach(({ demand }, lane) => lanes.push([demand, { from: dot, lane }]))
  }
  return lanes
}

/** SUM(3) is three times the number of rows. */
function writeConstants(
  { writer, field, rows }: Sums,
  sums: readonly Summed[],
): (readonly [ValueDemand, Lane])[] {
  const planes = [...new Set(sums.map(({ demand }) => demand.summed))]
  const counts = writeTotals(
    writer,
    planes.filter((plane) => plane !== TRUE),
    field,
  )
  return sums.map(({ demand, sum: { constant } }) => {
    const count = counts.get(demand.summed)
    if (count === undefined) return [demand, { known: constant * BigInt(rows) }]
    if (constant === 1n) return [demand, count]
    const from = writer.add(
      { kind: 'combine', inputs: [count.from], coefficients: [String(constant)] },
      `counts of rows, times ${constant}`,
    )(0)
    return [demand, { from, lane: count.lane }]
  })
}
