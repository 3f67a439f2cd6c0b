/**
 * Runs one operator of a plan at one party: hands its inputs to the protocol of its kind, and takes what
 * comes out. When it runs, and how long its value is kept, is the matter of execute.ts.
 */
import { getBit, planeBytes, setBit, zero } from '../shares/bits/plane.ts'
import { ShareholdError } from '../shares/errors.ts'
import { type Arena, sliceFp, viewFp } from '../shares/field/memory.ts'
import { copy, fromBigInts, sum } from '../shares/field/vector.ts'
import { type BitShare, component, newBitShare, wholeBlock } from '../shares/replicated.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import { anyRow } from './any-row.ts'
import { combineShares, innerProductsLocal, multiply, shareInnerProducts } from './arithmetic.ts'
import { besideOf, wholeBatch } from './beside.ts'
import { bitToField } from './bit-to-field.ts'
import { countToField } from './count-to-field.ts'
import { evaluate } from './evaluate.ts'
import { extremes } from './extreme.ts'
import { gatherLanes, placeLanes } from './gather.ts'
import { multiplyThroughKing } from './king.ts'
import { type Batch, flatLayout, lanePositions, type Layout, tableLayout } from './layout.ts'
import { reduceMembers } from './member-reduce.ts'
import { memberSums } from './member-sum.ts'
import type { Party, Tag } from './party.ts'
import type { Choice, Operator, Ref } from './plan.ts'
import { popcount } from './popcount.ts'
import { rowsOfMembers } from './row-order.ts'
import { runArrangement } from './run-arrangement.ts'
import {
  bitValue,
  fieldValue,
  type LoadBeside,
  planeOf,
  type Run,
  type Value,
  type Values,
  vectorOf,
} from './run-value.ts'
import { selectRanks } from './select-rank.ts'
import { equalsZero, fieldToBits, lessThanZero } from './share-split.ts'
import { sortRows } from './sort.ts'
import { membersOf, stageOf } from './validate-plan.ts'

export async function overRows(
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
  if (operator.kind === 'load-match') {
    return bitValue(arena, [run.joined!.match(operator, batch, arena)])
  }
  return laneWise(run, operator, tag, arena, batch.layout, values)
}

export async function overTable(
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
      const planes = operator.inputs.map((ref) => run.collected.plane(ref))
      const { memberOfRow } = run
      const table = tableLayout(params)
      const members = membersOf(params)
      return bitValue(arena, await anyRow(party, arena, tag, planes, table, memberOfRow, members))
    }
    case 'member-sum': {
      const vectors = operator.inputs.map((ref) => run.collected.vector(ref))
      return fieldValue(arena, memberSums(arena, vectors, run.memberOfRow, membersOf(params)))
    }
    case 'member-reduce': {
      const planes = operator.inputs.map((ref) => run.collected.plane(ref))
      const { memberOfRow } = run
      const counts = rowsOfMembers(memberOfRow, membersOf(params))
      return bitValue(
        arena,
        await reduceMembers(
          party,
          arena,
          tag,
          planes,
          tableLayout(params),
          memberOfRow,
          counts,
          operator.circuits,
        ),
      )
    }
    case 'popcount':
    case 'count': {
      const { domain, lanes } = shapes[operator.inputs[0]!.op]!
      const rows = domain === 'rows'
      const planes = operator.inputs.map((ref) =>
        rows ? run.collected.plane(ref) : planeOf(values, ref),
      )
      const layout = rows ? tableLayout(params) : flatLayout(lanes)
      if (operator.kind === 'popcount') {
        return bitValue(arena, await popcount(party, arena, tag, planes, layout, operator.width))
      }
      let step = 0
      const nextTags = (rounds: number): Tag => ({ ...tag, step: (step += rounds) - rounds })
      const { addingRounds } = operator
      return fieldValue(arena, [
        await countToField(party, arena, nextTags, planes, layout, addingRounds),
      ])
    }
    case 'extreme':
    case 'select': {
      const { domain, lanes } = shapes[operator.choices[0]!.among.op]!
      const rows = domain === 'rows'
      const at = (ref: Ref): BitShare => (rows ? run.collected.plane(ref) : planeOf(values, ref))
      const layout = rows ? tableLayout(params) : flatLayout(lanes)
      const sharesOf = ({ planes, among }: Choice) => ({ planes: planes.map(at), among: at(among) })
      if (operator.kind === 'extreme') {
        const choices = operator.choices.map((choice) => ({ ...choice, ...sharesOf(choice) }))
        return bitValue(arena, await extremes(party, arena, tag, choices, layout, params.network))
      }
      const choices = operator.choices.map((choice) => ({ ...choice, ...sharesOf(choice) }))
      return bitValue(arena, await selectRanks(party, arena, tag, choices, layout, operator))
    }
    case 'sort': {
      const { domain, lanes } = shapes[operator.inputs[0]!.op]!
      const { key, digit } = operator
      const scratch = arena.child()
      try {
        const planes =
          domain === 'rows'
            ? flatPlanes(run, scratch, operator.inputs)
            : operator.inputs.map((ref) => planeOf(values, ref))
        return bitValue(arena, await sortRows(party, arena, tag, planes, lanes, key, digit))
      } finally {
        scratch.release()
      }
    }
    case 'load-beside':
      return bitValue(arena, await loadBeside(run, operator, arena))
    case 'constant':
      // Constant polynomials.
      return fieldValue(arena, [placeSums(arena, operator.lanes.map(BigInt))])
    case 'gather':
      return shapes[tag.op]!.type === 'bits'
        ? bitValue(arena, [gatherBitLanes(party, arena, operator, values)])
        : fieldValue(arena, [gatherFieldLanes(arena, operator, values)])
    case 'enumerate':
    case 'member-number':
    case 'member-place':
    case 'member-sort':
    case 'member-rows':
    case 'append':
    case 'shift':
    case 'slice':
    case 'prefix-sum':
    case 'permute':
    case 'compact':
      return runArrangement(run, operator, tag, arena, values)
    case 'pick':
      return shapes[tag.op]!.type === 'bits'
        ? bitValue(
            arena,
            operator.inputs.map((ref) => pickBits(party, arena, planeOf(values, ref), operator)),
          )
        : fieldValue(
            arena,
            operator.inputs.map((ref) => pickField(arena, vectorOf(values, ref), operator)),
          )
    case 'circuit':
    case 'bit-to-field':
    case 'multiply':
    case 'combine':
    case 'less-than-zero':
    case 'equals-zero':
    case 'field-to-bits':
    case 'load-bits':
    case 'load-field':
    case 'load-match':
    case 'table':
    case 'output':
      break
  }
  return laneWise(run, operator, tag, arena, flatLayout(shapes[tag.op]!.lanes), values)
}

/** The planes of a dataset beside the rows, without the padding of chunks. */
async function loadBeside(
  { party, params, beside }: Run,
  operator: LoadBeside,
  arena: Arena,
): Promise<readonly BitShare[]> {
  const batch = wholeBatch(besideOf(params, operator.dataset)!)
  const scratch = arena.child()
  const stored = await beside.bits({ ...operator, kind: 'load-bits' }, batch, scratch)
  checkColumn(
    operator.column,
    stored.length === operator.planes + (operator.validity ? 1 : 0) &&
      stored.every(({ bytes }) => bytes === batch.layout.planeBytes),
  )
  // Whoever stored it keeps it; the arena, what was made for us.
  if (batch.layout.runs.length <= 1) return stored
  const lanes = placeLanes(scratch, lanePositions(batch.layout))
  const flat = stored.map((plane) => gatherLanes(party, arena, plane, lanes))
  scratch.release()
  return flat
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
    return fieldValue(arena, await bitToField(party, arena, tag, inputs, layout, operator.via))
  }
  if (operator.kind === 'multiply') {
    const pairs = operator.pairs.map(
      ([x, y]) => [vectorOf(values, x), vectorOf(values, y)] as const,
    )
    const product = operator.via === 'king' ? multiplyThroughKing : multiply
    return fieldValue(arena, await product(party, arena, tag, pairs))
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
  if (operator.kind === 'field-to-bits') {
    const inputs = operator.inputs.map((ref) => vectorOf(values, ref))
    return bitValue(arena, await fieldToBits(party, arena, tag, inputs, layout, operator.width))
  }
  throw new Error(`unreachable: ${operator.kind} is not lane-wise`)
}

/** Planes over all rows without the padding of chunks. */
function flatPlanes({ party, params, collected }: Run, arena: Arena, refs: readonly Ref[]) {
  const layout = tableLayout(params)
  const planes = refs.map((ref) => collected.plane(ref))
  if (layout.runs.length <= 1) return planes
  const lanes = placeLanes(arena, lanePositions(layout))
  return planes.map((plane) => gatherLanes(party, arena, plane, lanes))
}

/** This party's part of the sums that `dot` and `total` make, as numbers below p. */
export function localSums(
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

type PickOperator = Extract<Operator, { kind: 'pick' }>

/** A 0 is a sharing of zeros. */
function pickBits(
  { committee }: Party,
  arena: Arena,
  source: BitShare,
  { lanes }: PickOperator,
): BitShare {
  const out = newBitShare(arena, committee, planeBytes(lanes.length))
  zero(wholeBlock(out))
  for (let position = 0; position < out.components; position++) {
    const [target, from] = [component(out, position), component(source, position)]
    lanes.forEach((lane, k) => {
      if (lane !== null) setBit(target, k, getBit(from, lane))
    })
  }
  return out
}

function pickField(arena: Arena, source: ShamirShare, { lanes }: PickOperator): ShamirShare {
  const out = arena.elements(lanes.length)
  lanes.forEach((lane, k) => {
    const target = sliceFp(out, k, k + 1)
    if (lane === null) fromBigInts(target, [0n])
    else copy(target, sliceFp(source, lane, lane + 1))
  })
  return asShamirShare(out)
}

/** The shares of all lanes, on end, out of kernel memory. */
export function outputBytes(
  operator: Extract<Operator, { kind: 'output' }>,
  values: Values,
): Uint8Array {
  const vectors = operator.inputs.map((ref) => viewFp(vectorOf(values, ref)))
  const out = new Uint8Array(vectors.reduce((bytes, vector) => bytes + vector.length, 0))
  let at = 0
  for (const vector of vectors) {
    out.set(vector, at)
    at += vector.length
  }
  return out
}

function checkColumn(column: string, condition: boolean): void {
  if (condition) return
  throw new ShareholdError(
    'SH_PROTOCOL_COLUMN',
    `Column ${column} was loaded in another shape than the plan states.`,
  )
}
