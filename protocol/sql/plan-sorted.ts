/**
 * Groups by sort: the way for many groups. What each aggregate needs is written as if there was one group, a
 * vector over the groups in the place of every number.
 *
 *   rows in the order of their members, then one public row for each group  -> sort by group
 *   values brought into that order, times the bits of rows that contribute  -> prefix sums
 *   the public rows are now the ends of the groups, in order                -> compact: prefix sums at the ends
 *   neighbours subtracted: a sum for each group, as many as there are groups, empty ones among them
 *
 * Members of a group: sorting is stable, so the rows of a member in a group are neighbours. A segmented OR tells
 * whether any of them contributes, and the last one counts.
 *
 * Who learns what: as elsewhere in the planner. Nothing is opened but orders under a secret shuffle.
 * Cost: rows plus groups take part in a sort by as many bits as the keys have, whatever the number of groups
 * (protocol.md C4).
 */
import { FALSE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import type { PlanParams, Ref } from '../plan.ts'
import { membersOf } from '../validate-plan.ts'

import type { BoundQuery } from './bound.ts'
import type { Cohort } from './demand.ts'
import { countGroups } from './groups.ts'
import { writeHaving } from './plan-having.ts'
import type { RowPlan } from './plan-rows.ts'
import { writeMembers } from './plan-sorted-members.ts'
import { writeNumbers } from './plan-sorted-numbers.ts'
import type { Numbers } from './plan-sorted-numbers.ts'
import { writeSortedRows } from './plan-sorted-rows.ts'
import type { Sorted } from './plan-sorted-rows.ts'
import { hideSecondOfMany } from './plan-sorted-second.ts'
import type { PlanWriter } from './plan-writer.ts'
import type { Strategy } from './strategy.ts'

/**
 * Writes all operators of the plan. Output lanes: for each cohort a bit of each group, for each value a
 * number of each group.
 */
export function writeSortedPlan(
  query: BoundQuery,
  params: PlanParams,
  rowPlan: RowPlan,
  strategy: Strategy,
  writer: PlanWriter,
): void {
  const { cells, cohorts, values, masks, opened } = rowPlan.demand
  const planes = cohorts.map(({ plane }) => plane)
  if (planes.every((wire) => wire === FALSE)) {
    writeNothing(Number(countGroups(query.keys)), masks.length + opened.length, writer)
    return
  }
  const sorted = writeSortedRows(query, params, rowPlan, writer)
  const members = writeMembers(params, sorted, planes, writer)
  const numbers = writeNumbers(query, rowPlan, sorted, values, members, strategy, writer)
  const sums = writeGroupSums(sorted, numbers, writer)

  const { kMin } = query
  const sumAt = (place: number | undefined): GroupSum | undefined =>
    place === undefined ? undefined : sums[place]
  const countOf = (cohort: Wire): GroupSum | undefined => sumAt(numbers.members.get(cohort))
  const any = values.flatMap((value, k) => (value.kind === 'any' ? [k] : []))
  const negative = [
    // kMin - 1 - members is negative iff there are enough.
    ...planes.map((wire) =>
      differenceOf(writer, sorted, countOf(wire), kMin, 'what is missing to one member too few'),
    ),
    ...any.map((k) =>
      differenceOf(writer, sorted, sumAt(numbers.values[k]), 1, 'less than 0 if there is a row'),
    ),
  ]
  const tests = writer.add(
    { kind: 'less-than-zero', inputs: negative },
    `at least ${kMin} members?${any.length > 0 ? ' A row at all?' : ''}`,
  )
  const bits = writer.add(
    { kind: 'bit-to-field', inputs: negative.map((_, k) => tests(k)) },
    'cohort bits as numbers',
  )
  // Beside a single small group the smallest other one is hidden, unless all but one are publicly empty.
  const shown = cohorts.map((_, k) => bits(k))
  const divided = [...cohorts.keys()].filter((k) => isDivided(cohorts[k]!, sorted.groups, kMin))
  if (divided.length > 0) {
    const sizes = divided.map((k) => ({
      size: differenceOf(writer, sorted, countOf(planes[k]!), undefined, 'members of each group'),
      enough: bits(k),
      ruledOut: cohorts[k]!.ruledOut,
    }))
    const counts = { groups: sorted.groups, members: membersOf(params) }
    hideSecondOfMany(writer, sizes, counts).forEach((ref, place) => {
      shown[divided[place]!] = ref
    })
  }
  const amounts = values.map(({ kind }, k): Ref =>
    kind === 'any'
      ? bits(cohorts.length + any.indexOf(k))
      : differenceOf(
          writer,
          sorted,
          sumAt(numbers.values[k]),
          undefined,
          'a number for each group',
        ),
  )
  if (rowPlan.having !== undefined) {
    const having = writeHaving(writer, rowPlan.having, {
      number: ({ aggregate, name }) => amounts[cells[0]![aggregate]!.values.get(name)!]!,
      shown: (aggregate) => {
        const { cohort } = cells[0]![aggregate]!
        return divided.includes(cohort) ? isOne(writer, shown[cohort]!) : tests(cohort)
      },
    })
    const asNumber = writer.add({ kind: 'bit-to-field', inputs: [having] }, 'HAVING as a number')(0)
    const both = writer.add(
      { kind: 'multiply', pairs: shown.map((bit) => [bit, asNumber] as const) },
      'shown, and HAVING is true',
    )
    shown.forEach((_, k) => (shown[k] = both(k)))
  }
  const masked =
    values.length === 0
      ? undefined
      : writer.add(
          {
            kind: 'multiply',
            pairs: opened.map(
              ({ value, mask }) => [amounts[value]!, shown[masks[mask]!.cohort]!] as const,
            ),
          },
          'suppression: values of small cohorts become 0',
        )
  const inputs = [...masks.map(({ cohort }) => shown[cohort]!), ...opened.map((_, k) => masked!(k))]
  writer.add({ kind: 'output', inputs }, 'cohort bits and values')
}

/** The plane of a vector of zeros and ones. */
function isOne(writer: PlanWriter, vector: Ref): Ref {
  const lessOne = writer.add(
    { kind: 'combine', inputs: [vector], coefficients: ['1'], constant: '-1' },
    'whether an aggregate of HAVING is shown, less one',
  )(0)
  return writer.add(
    { kind: 'equals-zero', inputs: [lessOne] },
    'whether an aggregate of HAVING is shown',
  )(0)
}

/** Whether a second group may have to be hidden. @param groups their number */
export function isDivided({ plane, ruledOut }: Cohort, groups: number, kMin: number): boolean {
  return kMin > 1 && plane !== FALSE && groups - ruledOut > 1
}

/** The answer if no row can contribute to anything. */
function writeNothing(groups: number, vectors: number, writer: PlanWriter): void {
  const lanes = Array.from({ length: groups }, () => '0')
  const zeros = writer.add({ kind: 'constant', lanes }, 'no row can contribute')(0)
  const inputs = Array.from({ length: vectors }, () => zeros)
  writer.add({ kind: 'output', inputs }, 'cohort bits and values')
}

/** A prefix sum at the end of each group, and at the end of the one before. */
interface GroupSum {
  readonly upTo: Ref
  readonly before: Ref
}

function writeGroupSums(sorted: Sorted, { vectors }: Numbers, writer: PlanWriter): GroupSum[] {
  const { end, groups } = sorted
  const prefix = writer.add({ kind: 'prefix-sum', inputs: vectors }, 'sums up to each row')
  const inputs = vectors.map((_, k) => prefix(k))
  const ends = writer.add(
    { kind: 'compact', inputs, flag: end, count: groups },
    'sums up to the end of each group',
  )
  const upTo = vectors.map((_, k) => ends(k))
  const before = writer.add({ kind: 'shift', inputs: upTo, by: 1 }, 'and of the one before')
  return upTo.map((ref, k) => ({ upTo: ref, before: before(k) }))
}

/** The sum over each group; or, with `kMin`, kMin - 1 minus it. */
function differenceOf(
  writer: PlanWriter,
  sorted: Sorted,
  sum: GroupSum | undefined,
  kMin: number | undefined,
  purpose: string,
): Ref {
  const sign = kMin === undefined ? 1 : -1
  const constant = kMin === undefined ? {} : { constant: String(kMin - 1) }
  if (sum === undefined) {
    // Nothing contributes, whatever the rows are.
    const zeros = writer.add(
      {
        kind: 'constant',
        lanes: Array.from({ length: sorted.groups }, () => constant.constant ?? '0'),
      },
      purpose,
    )
    return zeros(0)
  }
  const { upTo, before } = sum
  return writer.add(
    { kind: 'combine', inputs: [upTo, before], coefficients: [`${sign}`, `${-sign}`], ...constant },
    purpose,
  )(0)
}
