/**
 * From row planes to opened values: sums, counts, cohort bits, and the product that suppresses.
 * Every operator works on all groups and aggregates at once.
 */
import { ShareholdError } from '../../shares/errors.ts'
import type { Column } from '../../shares/schema.ts'
import { CircuitBuilder, FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import { lessThanConstant } from '../circuit-gadgets.ts'
import { batchesOf } from '../layout.ts'
import type { PlanParams, Ref } from '../plan.ts'

import type { BoundQuery } from './bound.ts'
import type { ValueDemand } from './demand.ts'
import { bitsOf } from './overflow.ts'
import { loadColumns } from './plan-rows.ts'
import type { RowPlan } from './plan-rows.ts'
import type { PlanWriter } from './plan-writer.ts'

/**
 * Most field elements of converted planes in a batch. They travel in one message (512 MiB, of the 1 GiB that
 * a round may have) and the conversion holds several such vectors in 4 GiB of kernel memory.
 */
const MAX_BATCH_ELEMENTS = 2 ** 26

/**
 * How the ones of a plane are counted that no sum needs in the field: by adders in F_2 and one conversion
 * of the binary digits (a bit a row, but rounds with the logarithm of the rows), or by converting the plane
 * (8 bytes and more a row, few rounds).
 */
export type CountMethod = 'popcount' | 'convert'

interface Writing {
  readonly query: BoundQuery
  readonly params: PlanParams
  readonly writer: PlanWriter
  /** The row circuit's output. */
  readonly bit: (plane: Wire) => Ref
  /** The converted plane. */
  readonly field: (plane: Wire) => Ref
  /** Where the values end up. */
  readonly slots: Map<ValueDemand, Slot>
}

interface Slot {
  readonly from: Ref
  readonly lane: number
}

/** Planes that are counted and not needed in the field for a sum: where the method of counting matters. */
export function looseCounts({ demand }: RowPlan): ReadonlySet<Wire> {
  const values = computedValues(demand.values)
  const summed = summedPlanes(values)
  const loose = new Set<Wire>()
  for (const { kind, plane } of values) {
    if (kind === 'count' && !summed.has(plane)) loose.add(plane)
  }
  return loose
}

/** Planes that are converted into the field for this way of counting. */
function convertedPlanes(rowPlan: RowPlan, method: CountMethod): readonly Wire[] {
  const summed = summedPlanes(computedValues(rowPlan.demand.values))
  return method === 'convert' ? [...summed, ...looseCounts(rowPlan)] : [...summed]
}

/** Whether the converted planes of a batch fit into memory. */
export function fitsMemory(params: PlanParams, rowPlan: RowPlan, method: CountMethod): boolean {
  return convertedPlanes(rowPlan, method).length * batchRows(params) <= MAX_BATCH_ELEMENTS
}

function checkMemory(params: PlanParams, rowPlan: RowPlan, method: CountMethod): void {
  if (fitsMemory(params, rowPlan, method)) return
  const planes = convertedPlanes(rowPlan, method).length
  throw new ShareholdError(
    'SH_PLAN_GROUPS',
    `Sums over ${planes} groups of rows, ${batchRows(params)} rows at a time, would take too much memory.`,
    { hint: 'Group by fewer columns, or run with fewer chunks in flight.' },
  )
}

function batchRows(params: PlanParams): number {
  return Math.max(0, ...batchesOf(params).map(({ layout }) => layout.lanes))
}

/**
 * Writes all operators of the plan.
 *
 * @throws ShareholdError SH_PLAN_GROUPS if it would take too much memory
 */
export function writePlan(
  query: BoundQuery,
  params: PlanParams,
  rowPlan: RowPlan,
  method: CountMethod,
  writer: PlanWriter,
): void {
  checkMemory(params, rowPlan, method)
  const { demand, builder, columns } = rowPlan
  const { cohorts } = demand
  const values = computedValues(demand.values)
  const popcounted = method === 'popcount' ? [...looseCounts(rowPlan)] : []
  const inField = convertedPlanes(rowPlan, method)

  const outputs = [...new Set([...inField, ...cohorts, ...popcounted])]
  const circuit = writer.add(
    {
      kind: 'circuit',
      inputs: loadColumns(query, columns, writer),
      circuit: builder.build(outputs),
    },
    'filter, groups and NULLs, a bit a row for each',
  )
  const bit = lookup(outputs, circuit)
  const field =
    inField.length === 0
      ? bit
      : lookup(
          inField,
          writer.add(
            { kind: 'bit-to-field', inputs: inField.map(bit) },
            'bits that sums and counts are taken over',
          ),
        )
  const writing: Writing = { query, params, writer, bit, field, slots: new Map() }
  writeSums(writing, values)
  writeCounts(writing, values, popcounted)
  writeOutput(writing, demand.values, writeCohorts(writing, cohorts))
}

/**
 * The values worth computing. Where no row can contribute, the cohort bit is 0 and masks whatever stands
 * there: such a value takes the place of another (writeOutput).
 */
function computedValues(values: readonly ValueDemand[]): readonly ValueDemand[] {
  const possible = values.filter(({ plane }) => plane !== FALSE)
  return possible.length > 0 ? possible : values
}

/** Planes that sums are taken over; over all rows there is nothing to multiply by. */
function summedPlanes(values: readonly ValueDemand[]): ReadonlySet<Wire> {
  const planes = new Set<Wire>()
  for (const { kind, summed } of values) if (kind !== 'count' && summed !== TRUE) planes.add(summed)
  return planes
}

/** Sums and sums of squares: inner products of a column with the bits of a group. */
function writeSums({ query, writer, field, slots }: Writing, values: readonly ValueDemand[]): void {
  const sums = values.flatMap((value) =>
    value.kind === 'count' || value.column === undefined ? [] : [{ value, column: value.column }],
  )
  if (sums.length === 0) return
  const columns = [...new Set(sums.map(({ column }) => column))]
  const squared = [
    ...new Set(sums.filter(({ value }) => value.kind === 'squares').map(({ column }) => column)),
  ]
  const vectors = columns.map((column) => {
    const { dataset } = query.schema
    const operator = { kind: 'load-field', dataset, column: column.name } as const
    return writer.add(operator, `values of ${column.name}`)(0)
  })
  const vector = (column: Column): Ref => vectors[columns.indexOf(column)]!
  const squares =
    squared.length === 0
      ? undefined
      : writer.add(
          { kind: 'multiply', pairs: squared.map((column) => [vector(column), vector(column)]) },
          `squares of ${squared.map(({ name }) => name).join(', ')}`,
        )
  const term = (sum: (typeof sums)[number]): Ref =>
    sum.value.kind === 'squares' && squares !== undefined
      ? squares(squared.indexOf(sum.column))
      : vector(sum.column)

  // Over all rows a sum is local: shares add up.
  const whole = sums.filter(({ value }) => value.summed === TRUE)
  if (whole.length > 0) {
    const total = writer.add({ kind: 'total', inputs: whole.map(term) }, 'sums over all rows')(0)
    whole.forEach(({ value }, lane) => slots.set(value, { from: total, lane }))
  }
  const filtered = sums.filter(({ value }) => value.summed !== TRUE)
  if (filtered.length > 0) {
    const pairs = filtered.map((sum) => [field(sum.value.summed), term(sum)] as const)
    const dot = writer.add({ kind: 'dot', pairs }, 'sums over the rows of each group')(0)
    filtered.forEach(({ value }, lane) => slots.set(value, { from: dot, lane }))
  }
}

/** Counts: of planes in the field by local sums, of the others in binary. */
function writeCounts(
  { params, writer, bit, field, slots }: Writing,
  values: readonly ValueDemand[],
  popcounted: readonly Wire[],
): void {
  const lanes = new Map(popcounted.map((plane, lane) => [plane, lane]))
  const counts = values.filter(({ kind }) => kind === 'count')
  const inField = counts.filter(({ plane }) => !lanes.has(plane))
  if (inField.length > 0) {
    const inputs = inField.map(({ plane }) => field(plane))
    const total = writer.add({ kind: 'total', inputs }, 'counts of rows')(0)
    inField.forEach((value, lane) => slots.set(value, { from: total, lane }))
  }
  if (popcounted.length === 0) return
  const rows = params.dataset.chunks.reduce((sum, chunk) => sum + chunk, 0)
  const width = Math.max(1, bitsOf(rows))
  const places = Array.from({ length: width }, (_, place) => place)
  const counted = writer.add(
    { kind: 'popcount', inputs: popcounted.map(bit), width },
    'counts of rows, in binary',
  )
  const digits = writer.add(
    { kind: 'bit-to-field', inputs: places.map(counted) },
    'the binary digits as numbers',
  )
  const coefficients = places.map((place) => String(2n ** BigInt(place)))
  const combined = writer.add(
    { kind: 'combine', inputs: places.map(digits), coefficients },
    'counts of rows',
  )(0)
  for (const value of counts) {
    const lane = lanes.get(value.plane)
    if (lane !== undefined) slots.set(value, { from: combined, lane })
  }
}

/** One 0/1 lane per cohort: whether at least kMin distinct members have a row in its plane. */
function writeCohorts({ query, params, writer, bit }: Writing, cohorts: readonly Wire[]): Ref {
  const members = params.dataset.rowsPerMember.reduce((sum, [, count]) => sum + count, 0)
  const width = Math.max(1, bitsOf(members))
  const anyRow = writer.add(
    { kind: 'any-row', inputs: cohorts.map(bit) },
    'members with at least one contributing row',
  )
  const counted = writer.add(
    { kind: 'popcount', inputs: cohorts.map((_, part) => anyRow(part)), width },
    'distinct members of each cohort, in binary',
  )
  const builder = new CircuitBuilder()
  const tooFew = lessThanConstant(builder, builder.inputs(width), query.schema.kMin)
  const enough = writer.add(
    {
      kind: 'circuit',
      inputs: Array.from({ length: width }, (_, place) => counted(place)),
      circuit: builder.build([builder.not(tooFew)]),
    },
    `at least ${query.schema.kMin} members?`,
  )
  return writer.add({ kind: 'bit-to-field', inputs: [enough(0)] }, 'cohort bits as numbers')(0)
}

/** Cohort bits and masked values, in the order of the demand's lanes. */
function writeOutput(
  { writer, slots }: Writing,
  values: readonly ValueDemand[],
  cohorts: Ref,
): void {
  const [any] = slots.values()
  const lanes = values.map((value) => {
    const slot = slots.get(value) ?? (value.plane === FALSE ? any : undefined)
    if (slot === undefined) throw new RangeError('a value that no operator computes')
    return slot
  })
  const gathered = writer.add({ kind: 'gather', lanes }, 'values of all groups')(0)
  const bits = writer.add(
    { kind: 'gather', lanes: values.map(({ cohort }) => ({ from: cohorts, lane: cohort })) },
    'the cohort bit of each value',
  )(0)
  const masked = writer.add(
    { kind: 'multiply', pairs: [[gathered, bits]] },
    'suppression: values of small cohorts become 0',
  )(0)
  writer.add({ kind: 'output', inputs: [cohorts, masked] }, 'cohort bits and values')
}

function lookup(planes: readonly Wire[], ref: (part: number) => Ref): (plane: Wire) => Ref {
  const parts = new Map(planes.map((plane, part) => [plane, part]))
  return (plane) => {
    const part = parts.get(plane)
    if (part === undefined) throw new RangeError('a plane that no operator computes')
    return ref(part)
  }
}
