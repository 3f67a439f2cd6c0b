/**
 * Runs a plan at one party: the whole computation of a job, from shares of columns to shares of the
 * answer. A pure function of plan, shares, keys and received messages: no clock, no randomness, no
 * order of arrival, so a run can be replayed.
 *
 * Secure against t semi-honest parties, since every operator is; nobody learns anything but the plan
 * and its parameters, which are public. Cost: exactly cost.ts. Memory: one batch of the values that are
 * still needed, and the planes that whole-table operators read.
 */
import { getBit, planeBytes, setBit, zero } from '../shares/bits/plane.ts'
import { ShareholdError } from '../shares/errors.ts'
import { type Arena, newArena, sliceFp, viewFp } from '../shares/field/memory.ts'
import { copy, fromBigInts, sum } from '../shares/field/vector.ts'
import { type BitShare, component, newBitShare, wholeBlock } from '../shares/replicated.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import { anyRow } from './any-row.ts'
import { combineShares, innerProductsLocal, multiply, shareInnerProducts } from './arithmetic.ts'
import { bitToField } from './bit-to-field.ts'
import { evaluate } from './evaluate.ts'
import { extremes } from './extreme.ts'
import { writeBytes } from './gather.ts'
import { type Batch, batchesOf, flatLayout, type Layout, tableLayout } from './layout.ts'
import type { Party, Tag } from './party.ts'
import type { Choice, Operator, Plan, PlanParams, Ref } from './plan.ts'
import { popcount } from './popcount.ts'
import { selectRanks } from './select-rank.ts'
import { equalsZero, lessThanZero } from './share-split.ts'
import { membersOf, refsOf, type Shape, stageOf, validatePlan } from './validate-plan.ts'

/** Where the stored columns come from. */
export interface ColumnSource {
  /**
   * The stored planes of a column, `planes` and then the validity plane if asked for, each in the
   * batch's layout. Allocate in `arena`, which the executor releases after the last use; what lies
   * elsewhere stays the source's, which must keep it unchanged until `execute` ends.
   */
  bits(column: LoadBits, batch: Batch, arena: Arena): Promise<readonly BitShare[]>
  /** The stored shares of a column: batch.layout.lanes elements. Memory as above. */
  field(column: LoadField, batch: Batch, arena: Arena): Promise<ShamirShare>
  /** Member of each row of the table, 0..members-1 in ascending order of pseudonyms. */
  readonly memberOfRow: Uint32Array
}

export type LoadBits = Extract<Operator, { kind: 'load-bits' }>
export type LoadField = Extract<Operator, { kind: 'load-field' }>

export interface Progress {
  /** Index of the operator that starts. */
  readonly op: number
  /** From 0; `batches` for operators over the whole table. */
  readonly batch: number
  readonly batches: number
}

export interface ExecuteHooks {
  /** Called before each operator. */
  readonly progress?: (progress: Progress) => void
}

/**
 * Runs the plan.
 * @returns this party's Shamir shares of all output lanes: 8 bytes a lane, canonical u64, little endian
 * @throws ShareholdError SH_PLAN_INVALID, SH_PROTOCOL_CIRCUIT before anything is sent;
 *   SH_PROTOCOL_COLUMN if the source does not keep its contract; SH_ROUND_* naming a party
 */
export async function execute(
  party: Party,
  plan: Plan,
  params: PlanParams,
  source: ColumnSource,
  hooks: ExecuteHooks = {},
): Promise<Uint8Array> {
  const shapes = validatePlan(plan, params)
  if (params.committee.n !== party.committee.n) {
    throw new ShareholdError('SH_PLAN_INVALID', 'The plan is for a committee of another size.')
  }
  if (source.memberOfRow.length !== tableLayout(params).lanes) {
    throw new ShareholdError('SH_PROTOCOL_COLUMN', 'The list of members has not one entry per row.')
  }
  const arena = newArena()
  try {
    const batches = batchesOf(params)
    const run: Run = {
      party,
      plan,
      params,
      source,
      shapes,
      collected: newCollection(party, arena, plan, params, shapes),
      sums: newSums(plan, shapes),
      starts: (op, batch) => hooks.progress?.({ op, batch, batches: batches.length }),
    }
    for (const batch of batches) await runBatch(run, arena, batch)
    return await runTable(run, arena, batches.length)
  } finally {
    arena.release()
  }
}

interface Run {
  readonly party: Party
  readonly plan: Plan
  readonly params: PlanParams
  readonly source: ColumnSource
  readonly shapes: readonly Shape[]
  /** Planes over the whole table that whole-table operators read, by `keyOf` their reference. */
  readonly collected: ReadonlyMap<string, BitShare>
  /** Running sums of `dot` and `total`, by operator: this party's part. */
  readonly sums: ReadonlyMap<number, bigint[]>
  starts(op: number, batch: number): void
}

/** The parts of a value, and the arena that holds nothing else. */
interface Value {
  readonly bits: readonly BitShare[]
  readonly field: readonly ShamirShare[]
  readonly arena: Arena
}

type Values = Map<number, Value>

/** Operators that read planes over all rows at once. */
const WHOLE_TABLE: ReadonlySet<Operator['kind']> = new Set([
  'any-row',
  'popcount',
  'extreme',
  'select',
])

/** All operators over rows, on one batch. */
async function runBatch(run: Run, arena: Arena, batch: Batch): Promise<void> {
  const { plan, shapes } = run
  const inBatch = (op: number): boolean => stageOf(plan, shapes, op) !== 'table'
  const lastReader = lastReaders(plan, inBatch)
  const values: Values = new Map()
  for (const [op, operator] of plan.operators.entries()) {
    if (!inBatch(op)) continue
    run.starts(op, batch.index)
    if (operator.kind === 'dot' || operator.kind === 'total') {
      const sums = run.sums.get(op)!
      localSums(operator, values).forEach((part, lane) => (sums[lane]! += part))
    } else {
      const tag: Tag = { op, batch: batch.index, step: 0 }
      const own = arena.child()
      values.set(op, await overRows(run, operator, tag, own, batch, values))
      collect(run, op, values.get(op)!, batch)
    }
    releaseRead(values, lastReader, op)
  }
}

/** All operators over members and slots. */
async function runTable(run: Run, arena: Arena, batches: number): Promise<Uint8Array> {
  const { plan, shapes } = run
  const inTable = (op: number): boolean => stageOf(plan, shapes, op) !== 'batch'
  const lastReader = lastReaders(plan, inTable)
  const values: Values = new Map()
  for (const [op, operator] of plan.operators.entries()) {
    if (!inTable(op)) continue
    run.starts(op, batches)
    if (operator.kind === 'output') return outputBytes(operator, values)
    const tag: Tag = { op, batch: 0, step: 0 }
    values.set(op, await overTable(run, operator, tag, arena.child(), values))
    releaseRead(values, lastReader, op)
  }
  throw new Error('unreachable: every plan ends with an output')
}

async function overRows(
  run: Run,
  operator: Operator,
  tag: Tag,
  arena: Arena,
  batch: Batch,
  values: Values,
): Promise<Value> {
  if (operator.kind === 'load-bits') {
    const bits = await run.source.bits(operator, batch, arena)
    const { parts } = run.shapes[tag.op]!
    checkColumn(
      operator.column,
      bits.length === parts && bits.every(({ bytes }) => bytes === batch.layout.planeBytes),
    )
    return { bits, field: [], arena }
  }
  if (operator.kind === 'load-field') {
    const share = await run.source.field(operator, batch, arena)
    checkColumn(operator.column, share.length === batch.layout.lanes)
    return { bits: [], field: [share], arena }
  }
  return laneWise(run, operator, tag, arena, batch.layout, values)
}

async function overTable(
  run: Run,
  operator: Operator,
  tag: Tag,
  arena: Arena,
  values: Values,
): Promise<Value> {
  const { party, params, shapes } = run
  switch (operator.kind) {
    case 'dot':
    case 'total': {
      const accumulated = stageOf(run.plan, shapes, tag.op) === 'accumulate'
      const sums = accumulated ? run.sums.get(tag.op)! : localSums(operator, values)
      return fieldValue(arena, [
        operator.kind === 'dot'
          ? await shareInnerProducts(party, arena, tag, sums)
          : placeSums(arena, sums),
      ])
    }
    case 'any-row': {
      const planes = operator.inputs.map((ref) => run.collected.get(keyOf(ref))!)
      const { memberOfRow } = run.source
      const table = tableLayout(params)
      const members = membersOf(params)
      return bitValue(arena, await anyRow(party, arena, tag, planes, table, memberOfRow, members))
    }
    case 'popcount': {
      const { domain, lanes } = shapes[operator.inputs[0]!.op]!
      const rows = domain === 'rows'
      const planes = operator.inputs.map((ref) =>
        rows ? run.collected.get(keyOf(ref))! : planeOf(values, ref),
      )
      const layout = rows ? tableLayout(params) : flatLayout(lanes)
      return bitValue(arena, await popcount(party, arena, tag, planes, layout, operator.width))
    }
    case 'extreme':
    case 'select': {
      const { domain, lanes } = shapes[operator.choices[0]!.among.op]!
      const rows = domain === 'rows'
      const at = (ref: Ref): BitShare =>
        rows ? run.collected.get(keyOf(ref))! : planeOf(values, ref)
      const layout = rows ? tableLayout(params) : flatLayout(lanes)
      const sharesOf = ({ planes, among }: Choice) => ({ planes: planes.map(at), among: at(among) })
      if (operator.kind === 'extreme') {
        const choices = operator.choices.map((choice) => ({ ...choice, ...sharesOf(choice) }))
        return bitValue(arena, await extremes(party, arena, tag, choices, layout))
      }
      const choices = operator.choices.map((choice) => ({ ...choice, ...sharesOf(choice) }))
      return bitValue(arena, await selectRanks(party, arena, tag, choices, layout, operator))
    }
    case 'gather':
      return shapes[tag.op]!.type === 'bits'
        ? bitValue(arena, [gatherBitLanes(party, arena, operator, values)])
        : fieldValue(arena, [gatherFieldLanes(arena, operator, values)])
    case 'circuit':
    case 'bit-to-field':
    case 'multiply':
    case 'combine':
    case 'less-than-zero':
    case 'equals-zero':
    case 'load-bits':
    case 'load-field':
    case 'output':
      break
  }
  return laneWise(run, operator, tag, arena, flatLayout(shapes[tag.op]!.lanes), values)
}

/** Operators that work alike in every domain. */
async function laneWise(
  { party }: Run,
  operator: Operator,
  tag: Tag,
  arena: Arena,
  layout: Layout,
  values: Values,
): Promise<Value> {
  if (operator.kind === 'circuit') {
    const inputs = operator.inputs.map((ref) => planeOf(values, ref))
    const { circuit } = operator
    return bitValue(arena, await evaluate(party, arena, tag, circuit, inputs, layout.planeBytes))
  }
  if (operator.kind === 'bit-to-field') {
    const inputs = operator.inputs.map((ref) => planeOf(values, ref))
    return fieldValue(arena, await bitToField(party, arena, tag, inputs, layout))
  }
  if (operator.kind === 'multiply') {
    const pairs = operator.pairs.map(
      ([x, y]) => [vectorOf(values, x), vectorOf(values, y)] as const,
    )
    return fieldValue(arena, await multiply(party, arena, tag, pairs))
  }
  if (operator.kind === 'combine') {
    const inputs = operator.inputs.map((ref) => vectorOf(values, ref))
    const coefficients = operator.coefficients.map(BigInt)
    const sum = combineShares(arena, inputs, coefficients, BigInt(operator.constant ?? 0))
    return fieldValue(arena, [sum])
  }
  if (operator.kind === 'less-than-zero' || operator.kind === 'equals-zero') {
    const inputs = operator.inputs.map((ref) => vectorOf(values, ref))
    const compare = operator.kind === 'less-than-zero' ? lessThanZero : equalsZero
    return bitValue(arena, await compare(party, arena, tag, inputs, layout))
  }
  throw new Error(`unreachable: ${operator.kind} is not lane-wise`)
}

/** This party's part of the sums that `dot` and `total` make, as numbers below p. */
function localSums(
  operator: Extract<Operator, { kind: 'dot' | 'total' }>,
  values: Values,
): bigint[] {
  return operator.kind === 'dot'
    ? innerProductsLocal(
        operator.pairs.map(([x, y]) => [vectorOf(values, x), vectorOf(values, y)] as const),
      )
    : operator.inputs.map((ref) => sum(vectorOf(values, ref)))
}

function placeSums(arena: Arena, sums: readonly bigint[]): ShamirShare {
  const vector = arena.elements(sums.length)
  fromBigInts(vector, sums)
  return asShamirShare(vector)
}

type Gather = Extract<Operator, { kind: 'gather' }>

function gatherBitLanes(party: Party, arena: Arena, operator: Gather, values: Values): BitShare {
  const out = newBitShare(arena, party.committee, planeBytes(operator.lanes.length))
  zero(wholeBlock(out))
  for (let position = 0; position < out.components; position++) {
    const target = component(out, position)
    operator.lanes.forEach(({ from, lane }, k) => {
      setBit(target, k, getBit(component(planeOf(values, from), position), lane))
    })
  }
  return out
}

function gatherFieldLanes(arena: Arena, operator: Gather, values: Values): ShamirShare {
  const out = arena.elements(operator.lanes.length)
  operator.lanes.forEach(({ from, lane }, k) => {
    copy(sliceFp(out, k, k + 1), sliceFp(vectorOf(values, from), lane, lane + 1))
  })
  return asShamirShare(out)
}

/** The shares of all lanes, on end, out of kernel memory. */
function outputBytes(operator: Extract<Operator, { kind: 'output' }>, values: Values): Uint8Array {
  const vectors = operator.inputs.map((ref) => viewFp(vectorOf(values, ref)))
  const out = new Uint8Array(vectors.reduce((bytes, vector) => bytes + vector.length, 0))
  let at = 0
  for (const vector of vectors) {
    out.set(vector, at)
    at += vector.length
  }
  return out
}

/** Room for the row planes that whole-table operators read. */
function newCollection(
  party: Party,
  arena: Arena,
  plan: Plan,
  params: PlanParams,
  shapes: readonly Shape[],
): Map<string, BitShare> {
  const collected = new Map<string, BitShare>()
  const bytes = tableLayout(params).planeBytes
  for (const operator of plan.operators) {
    if (!WHOLE_TABLE.has(operator.kind)) continue
    for (const ref of refsOf(operator)) {
      if (shapes[ref.op]!.domain !== 'rows' || collected.has(keyOf(ref))) continue
      collected.set(keyOf(ref), newBitShare(arena, party.committee, bytes))
    }
  }
  return collected
}

function collect(run: Run, op: number, value: Value, batch: Batch): void {
  value.bits.forEach((plane, part) => {
    const whole = run.collected.get(keyOf({ op, part }))
    if (whole !== undefined) writeBytes(whole, batch.planeOffset, plane)
  })
}

function newSums(plan: Plan, shapes: readonly Shape[]): Map<number, bigint[]> {
  const sums = new Map<number, bigint[]>()
  shapes.forEach(({ lanes }, op) => {
    if (stageOf(plan, shapes, op) !== 'accumulate') return
    sums.set(
      op,
      Array.from({ length: lanes }, () => 0n),
    )
  })
  return sums
}

/** For each operator, the last of the selected ones that reads it; itself if none does. */
function lastReaders(plan: Plan, selected: (op: number) => boolean): number[] {
  const last = plan.operators.map((_, op) => op)
  for (const [op, operator] of plan.operators.entries()) {
    if (!selected(op)) continue
    for (const ref of refsOf(operator)) last[ref.op] = op
  }
  return last
}

/** Gives back every value that operator `op` was the last to read. */
function releaseRead(values: Values, lastReader: readonly number[], op: number): void {
  for (const [owner, value] of values) {
    if (lastReader[owner] !== op) continue
    value.arena.release()
    values.delete(owner)
  }
}

function planeOf(values: Values, ref: Ref): BitShare {
  return values.get(ref.op)!.bits[ref.part]!
}

function vectorOf(values: Values, ref: Ref): ShamirShare {
  return values.get(ref.op)!.field[ref.part]!
}

function bitValue(arena: Arena, bits: readonly BitShare[]): Value {
  return { bits, field: [], arena }
}

function fieldValue(arena: Arena, field: readonly ShamirShare[]): Value {
  return { bits: [], field, arena }
}

function keyOf(ref: Ref): string {
  return `${ref.op}/${ref.part}`
}

function checkColumn(column: string, condition: boolean): void {
  if (condition) return
  throw new ShareholdError(
    'SH_PROTOCOL_COLUMN',
    `Column ${column} was loaded in another shape than the plan states.`,
  )
}
