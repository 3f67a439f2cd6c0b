/** What is summed over sorted rows: members, rows, values of the rows that contribute (plan-sorted.ts). */
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import type { Ref, Via } from '../plan.ts'

import type { BoundQuery } from './bound.ts'
import type { SumDemand, ValueDemand } from './demand.ts'
import { writeFieldSums } from './plan-field.ts'
import { isOfKind } from './plan-planes.ts'
import { lookup, nowhere } from './plan-rows.ts'
import type { RowPlan } from './plan-rows.ts'
import type { Sorted } from './plan-sorted-rows.ts'
import type { PlanWriter } from './plan-writer.ts'
import type { FieldSum } from './row-field.ts'
import { textOfFactors } from './row-text.ts'
import type { Strategy } from './strategy.ts'
import { whereStored } from './tables.ts'

/** The vectors over sorted rows whose sums are wanted. */
export interface Numbers {
  readonly vectors: readonly Ref[]
  /** Places among them of the members of each cohort that has any. */
  readonly members: ReadonlyMap<Wire, number>
  /** Of each value, undefined if it is 0 whatever the rows are. */
  readonly values: readonly (number | undefined)[]
}

export function writeNumbers(
  query: BoundQuery,
  rowPlan: RowPlan,
  sorted: Sorted,
  values: readonly ValueDemand[],
  members: ReadonlyMap<Wire, Ref>,
  { via }: Strategy,
  writer: PlanWriter,
): Numbers {
  const throughKing = via === undefined ? {} : { via }
  const computed = values.filter(({ plane }) => plane !== FALSE)
  const sums = computed.filter((value) => isOfKind(value, 'sum'))
  const counted = computed.flatMap((value) =>
    value.kind === 'count' ? value.plane : value.kind === 'any' ? value.tested : [],
  )
  const isCounted = (sum: SumDemand): boolean =>
    sum.summed !== TRUE || rowPlan.fields.get(sum)!.terms.length === 0
  const factors = sums.filter(isCounted).map(({ summed }) => summed)
  const planes = new Map<string, Ref>()
  for (const wire of [...factors, ...counted]) {
    if (wire === FALSE) continue
    const ref = sorted.plane(wire)
    planes.set(nameOfRef(ref), ref)
  }
  for (const ref of members.values()) planes.set(nameOfRef(ref), ref)
  const converted = writer.add(
    { kind: 'bit-to-field', inputs: [...planes.values()], ...throughKing },
    'what is counted, and the rows that sums are over',
  )
  const places = [...planes.keys()]
  const field = (ref: Ref): Ref => converted(places.indexOf(nameOfRef(ref)))

  const vectors: Ref[] = []
  const placeOf = (ref: Ref): number => {
    const known = vectors.findIndex((one) => nameOfRef(one) === nameOfRef(ref))
    return known >= 0 ? known : vectors.push(ref) - 1
  }
  const terms = writeTerms(query, rowPlan, sorted, sums, field, throughKing, writer)
  const ofValue = (value: ValueDemand): Ref | undefined => {
    const { plane } = value
    if (plane === FALSE) return undefined
    switch (value.kind) {
      case 'count':
        return field(sorted.plane(plane))
      case 'sum':
        return terms(value)
      case 'any':
        return value.tested === FALSE ? undefined : field(sorted.plane(value.tested))
      case 'members':
        return field(members.get(plane)!)
      case 'extreme':
      case 'rank':
      case 'mode':
      case 'distinct':
        throw new RangeError(`sorted rows give no ${value.kind}`)
    }
  }
  return {
    members: new Map([...members].map(([wire, ref]) => [wire, placeOf(field(ref))])),
    values: values.map((value) => {
      const ref = ofValue(value)
      return ref === undefined ? undefined : placeOf(ref)
    }),
    vectors,
  }
}

const nameOfRef = ({ op, part }: Ref): string => `${op}/${part}`

/** What sums are over: values of the rows that contribute, 0 in others. A constant is as often as the rows. */
function writeTerms(
  query: BoundQuery,
  { fields, demand }: RowPlan,
  sorted: Sorted,
  sums: readonly SumDemand[],
  field: (plane: Ref) => Ref,
  via: { readonly via?: Via },
  writer: PlanWriter,
): (sum: SumDemand) => Ref {
  const fieldOf = (sum: SumDemand): FieldSum => fields.get(sum)!
  const varying = sums.filter((sum) => fieldOf(sum).terms.length > 0)
  const summed = [...new Set(varying.map(fieldOf))]
  const ordered = summed.length === 0 ? nowhere : writeOrdered()
  const masked = varying.filter((sum) => sum.summed !== TRUE)
  const nameOf = (sum: SumDemand): string => `${sum.summed}/${summed.indexOf(fieldOf(sum))}`
  const distinct = new Map(masked.map((sum) => [nameOf(sum), sum]))
  const names = [...distinct.keys()]
  const products =
    names.length === 0
      ? nowhere
      : writer.add(
          {
            kind: 'multiply',
            pairs: [...distinct.values()].map(
              (sum) =>
                [field(sorted.plane(sum.summed)), ordered(summed.indexOf(fieldOf(sum)))] as const,
            ),
            ...via,
          },
          'values of rows that contribute',
        )
  return (sum) => {
    const { terms, constant } = fieldOf(sum)
    if (terms.length === 0) {
      const inputs = [field(sorted.plane(sum.summed))]
      const times = { kind: 'combine', inputs, coefficients: [String(constant)] } as const
      return writer.add(times, `rows that contribute, times ${constant}`)(0)
    }
    return sum.summed === TRUE
      ? ordered(summed.indexOf(fieldOf(sum)))
      : products(names.indexOf(nameOf(sum)))
  }

  /** The values of all rows, and 0 for each group, in the order of the sorted rows. */
  function writeOrdered(): (part: number) => Ref {
    const texts = new Map(varying.map((sum) => [fieldOf(sum), textOfFactors(sum.factors)]))
    const bits = [...new Set(demand.bits)].filter((wire) => wire !== TRUE && wire !== FALSE)
    const converted =
      bits.length === 0
        ? nowhere
        : lookup(
            bits,
            writer.add(
              { kind: 'bit-to-field', inputs: bits.map(sorted.rowPlane), ...via },
              'bits that values are made of',
            ),
          )
    const writing = { writer, whereOf: whereStored(query), via, field: converted }
    const vectorOf = writeFieldSums(writing, summed, (sum) => texts.get(sum))
    const vectors = summed.map(vectorOf)
    const all = [...texts.values()].join(', ')
    const appended = writer.add(
      {
        kind: 'append',
        parts: vectors.map((vector) => [vector, { lanes: sorted.groups, value: '0' }]),
      },
      `${all}, and 0 for each group`,
    )
    const inputs = summed.map((_, k) => appended(k))
    return writer.add(
      { kind: 'permute', inputs, order: sorted.order, direction: 'from' },
      `${all} in the order of the sorted rows`,
    )
  }
}
