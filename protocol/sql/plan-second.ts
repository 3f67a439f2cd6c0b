/**
 * A second small cohort: where exactly one cohort of a family is too small to be shown, the smallest other one is
 * hidden with it, so that a total does not give the first away. A family are the cohorts of one aggregate
 * in the groups of one grouping, without those that are empty for everybody to see.
 *
 * With b_g whether cohort g is large enough, S = the number of cohorts with b_g = 0, and the smallest cohort m
 * among those with b_g = 1 (of equal ones the first in the answer):
 *
 *   b'_g = b_g AND NOT ([S = 1] AND [g = m])
 *
 * Sizes and bits never leave the sharing; querier and nodes cannot tell which of the two was the first.
 * Source: complementary cell suppression of statistical offices (Willenborg, de Waal, Elements of Statistical
 * Disclosure Control, 2001, ch. 6), its simplest rule, decided on shares.
 *
 * All families share each operator. Rounds: the larger of those of `extreme` and of a conversion and a
 * zero test, then log2 of the bits of a size and a place, then two.
 */
import { CircuitBuilder } from '../circuit-builder.ts'
import { equals } from '../circuit-gadgets.ts'
import type { Ref } from '../plan.ts'
import { planesBelow } from '../public-planes.ts'

import { gatherLanes } from './plan-lanes.ts'
import type { Lane } from './plan-lanes.ts'
import type { PlanWriter } from './plan-writer.ts'

/** Cohorts by their lanes, at least two each. */
export type Family = readonly number[]

/** Sizes of cohorts in binary, lowest digit first, and whether they are large enough; a lane for each cohort. */
export interface CountedCohorts {
  readonly count: number
  readonly digits: readonly Ref[]
  readonly enough: Ref
}

/** A cohort, and the families beside whose lone small cohort it may have to be hidden. */
export interface AskedCohort {
  readonly lane: number
  readonly families: readonly number[]
}

/** The plane in whose lane `lane` it stands whether the cohort of this lane is shown, as one of these families. */
export type ShownIn = (lane: number, families: readonly number[]) => Ref

/** @param families at least one */
export function hideSecond(
  writer: PlanWriter,
  { count, digits, enough }: CountedCohorts,
  families: readonly Family[],
  asked: readonly AskedCohort[],
): ShownIn {
  const places = writer.add(
    { kind: 'enumerate', sizes: [count] },
    'places of the cohorts, to tell equal sizes apart',
  )
  const placeBits = planesBelow(count)
  const key = [...Array.from({ length: placeBits }, (_, part) => places(part)), ...digits]
  const least = writer.add(
    {
      kind: 'extreme',
      choices: families.map((family) => ({
        planes: key,
        among: ofFamily(writer, enough, family, count),
        largest: false,
      })),
    },
    'the smallest cohort that is large enough',
  )
  const lone = onlyOne(writer, enough, families)

  // Of each cohort one list of families in each layer, and one family of the list at a time.
  const layers = layersOf(asked, count)
  const builder = new CircuitBuilder()
  const [isEnough, ...own] = builder.inputs(1 + key.length)
  const inputs = [enough, ...key]
  const read = [lone, ...key.map((_, part) => least(part))]
  const shown = layers.map((lists) => {
    const most = Math.max(...lists.map((list) => list?.length ?? 0))
    const isSecond = Array.from({ length: most }, (_, nth) => {
      const lanes = lists.map((list) => list?.[nth] ?? null)
      const picked = writer.add(
        { kind: 'pick', inputs: read, lanes },
        'what was found out about a family of each cohort',
      )
      inputs.push(...read.map((_ref, part) => picked(part)))
      const [isLone, ...smallest] = builder.inputs(read.length)
      return builder.and(isLone!, equals(builder, own, smallest))
    })
    return builder.and(isEnough!, builder.not(builder.orMany(isSecond)))
  })
  const circuit = writer.add(
    { kind: 'circuit', inputs, circuit: builder.build(shown) },
    'beside a single small cohort the smallest other one is hidden',
  )
  return (lane, list) => {
    if (list.length === 0) return enough
    return circuit(layers.findIndex((lists) => isSame(lists[lane], list)))
  }
}

/** Bits of a family's cohorts, 0 elsewhere. */
function ofFamily(writer: PlanWriter, enough: Ref, family: Family, count: number): Ref {
  if (family.length === count) return enough
  const members = new Set(family)
  const lanes = Array.from({ length: count }, (_, lane) => (members.has(lane) ? lane : null))
  return writer.add(
    { kind: 'pick', inputs: [enough], lanes },
    'large enough cohorts of one aggregate and grouping',
  )(0)
}

/** Whether exactly one cohort of a family is too small, a lane for each family. */
function onlyOne(writer: PlanWriter, enough: Ref, families: readonly Family[]): Ref {
  const bits = writer.add(
    { kind: 'bit-to-field', inputs: [enough] },
    'large enough cohorts as numbers',
  )(0)
  // Families of one length are added up together.
  const lengths = [...new Set(families.map(({ length }) => length))]
  const totals = lengths.map((own) =>
    writer.add(
      {
        kind: 'total',
        inputs: families
          .filter(({ length }) => length === own)
          .map((lanes) =>
            writer.add(
              { kind: 'pick', inputs: [bits], lanes },
              'large enough cohorts of one aggregate and grouping, as numbers',
            )(0),
          ),
      },
      'how many cohorts are large enough',
    )(0),
  )
  const next = lengths.map(() => 0)
  const lanes = families.map(({ length }): Lane => {
    const place = lengths.indexOf(length)
    return { from: totals[place]!, lane: next[place]!++ }
  })
  const wanted = families.map(({ length }): Lane => ({ known: BigInt(1 - length) }))
  const missing = writer.add(
    {
      kind: 'combine',
      inputs: [
        gatherLanes(writer, lanes, 'large enough cohorts of each family'),
        gatherLanes(writer, wanted, 'one less than all, negated'),
      ],
      coefficients: ['1', '1'],
    },
    'what is missing to all but one',
  )(0)
  return writer.add(
    { kind: 'equals-zero', inputs: [missing] },
    'exactly one cohort is too small?',
  )(0)
}

type Families = readonly number[]

/** Of each cohort the lists of families that are asked for: layer after layer, one of them; none where it has no more. */
function layersOf(asked: readonly AskedCohort[], count: number): (Families | undefined)[][] {
  const of = Array.from({ length: count }, (): Families[] => [])
  for (const { lane, families } of asked) {
    const known = of[lane]!
    if (families.length > 0 && !known.some((one) => isSame(one, families))) known.push(families)
  }
  const most = Math.max(...of.map(({ length }) => length))
  return Array.from({ length: most }, (_, layer) => of.map((lists) => lists[layer]))
}

function isSame(one: Families | undefined, other: Families): boolean {
  return one !== undefined && one.join() === other.join()
}
