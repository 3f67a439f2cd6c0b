/** Sums over the rows of each member, in the field: values of rows times the bits of those that count, added up locally. */
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import type { Ref } from '../plan.ts'

import type { BoundQuery } from './bound.ts'
import type { SumDemand, ValueDemand } from './demand.ts'
import type { MemberConstants } from './member-constants.ts'
import { writeNumbers } from './plan-counts.ts'
import { writeFieldSums } from './plan-field.ts'
import type { RowPlan } from './plan-rows.ts'
import type { PlanWriter } from './plan-writer.ts'
import { textOfFactors } from './row-text.ts'
import { whereStored } from './tables.ts'

interface MemberSums {
  readonly query: BoundQuery
  readonly rowPlan: RowPlan
  readonly writer: PlanWriter
  readonly constants: MemberConstants
  /** Where a plane is in the field. */
  readonly field: (plane: Wire) => Ref
}

/** @returns where each sum is: 0 where a member has no row that counts */
export function writeMemberSums(
  { query, rowPlan: { fields }, writer, constants, field }: MemberSums,
  values: readonly SumDemand[],
): ReadonlyMap<ValueDemand, Ref> {
  const distinct = [...new Set(values)]
  const isNothing = ({ plane, summed }: SumDemand): boolean => plane === FALSE || summed === FALSE
  const open = distinct.filter((value) => !isNothing(value) && fields.get(value)!.terms.length > 0)
  const texts = new Map(open.map((value) => [fields.get(value)!, textOfFactors(value.factors)]))
  const writing = { writer, whereOf: whereStored(query), via: {}, field }
  const vectorOf = writeFieldSums(writing, [...texts.keys()], (sum) => texts.get(sum))
  const vectors = new Map(open.map((value) => [value, vectorOf(fields.get(value)!)]))
  const filtered = open.filter(({ summed }) => summed !== TRUE)
  if (filtered.length > 0) {
    const pairs = filtered.map((value) => [field(value.summed), vectors.get(value)!] as const)
    const products = writer.add({ kind: 'multiply', pairs }, 'values of rows that count')
    filtered.forEach((value, part) => vectors.set(value, products(part)))
  }
  const sums = new Map<ValueDemand, Ref>()
  if (open.length > 0) {
    const inputs = open.map((value) => vectors.get(value)!)
    const summed = writer.add({ kind: 'member-sum', inputs }, 'sums over each member')
    open.forEach((value, part) => sums.set(value, summed(part)))
  }
  /** SUM(3) is three times the number of rows. */
  const constantSum = (value: SumDemand): Ref => {
    const nothing = isNothing(value)
    const factor = nothing ? 0n : fields.get(value)!.constant
    const isPublic = nothing || value.summed === TRUE
    const count = isPublic
      ? writeNumbers(writer, nothing ? [constants.bit(false)] : constants.rows(), 'rows')
      : writer.add({ kind: 'member-sum', inputs: [field(value.summed)] }, 'rows that count')(0)
    return writer.add(
      { kind: 'combine', inputs: [count], coefficients: [String(factor)] },
      'a constant, summed up',
    )(0)
  }
  for (const value of distinct) if (!sums.has(value)) sums.set(value, constantSum(value))
  return sums
}
