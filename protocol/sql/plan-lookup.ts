/**
 * Equi-join on a secret key, one side unique: for every row of one table (the left one) the row of another that
 * has its key, if there is one. Nothing about matches shows: as many rows come out as the left table has.
 *
 *   right rows -> sort by key -> differences, modulo 2, of each from the row before
 *   these, then left rows with differences of 0 -> sort by key: stable, so the right row leads those that look for it
 *   prefix sums of the differences: in each row what the last right row before it has
 *   -> is its key that of the row? -> back to where each row came from -> the left rows
 * Source: sort and copy, as in ORQ (SOSP 2025) and Badrinarayanan et al. (CCS 2022); protocol.md C4. [der]: that what is copied
 * are prefix sums of differences, which are local, in place of ceil(log2 N) rounds of a segmented copy.
 *
 * Secure against t semi-honest parties: opened are orders under secret shuffles (permute.ts, sort.ts). Nobody learns
 * anything but the sizes of both tables. Where a key is not unique on the right, the last of its rows is found.
 * Cost for N rows of both tables, M of them right ones, k key planes and p others: a sort of M lanes by k + 1 planes, one of
 * N by k; (k + 1 + p) N ANDs in ceil(log2(k + 2)) + 1 rounds; a shuffle back.
 */
import { CircuitBuilder } from '../circuit-builder.ts'
import type { Circuit } from '../circuit.ts'
import type { Piece, PlanParams, Ref } from '../plan.ts'
import { planesBelow } from '../public-planes.ts'

import type { PlanWriter } from './plan-writer.ts'
import { sortTuning } from './sort-tuning.ts'

/** Rows that look for others: slots, or rows of the plan, which come in the order of their members. */
export interface LookingRows {
  readonly lanes: number
  /** Planes, lowest first. */
  readonly key: readonly Ref[]
  /** 0 where the key is NULL, or the row does not count. */
  readonly valid: Ref
}

/** Rows that are looked for. */
export interface FoundRows extends LookingRows {
  /** What is wanted of them. */
  readonly planes: readonly Ref[]
}

export interface Lookup {
  /** 1 in the left rows that have a partner. */
  readonly found: Ref
  /** The partner's planes; 0 where there is none. */
  readonly planes: readonly Ref[]
}

/**
 * Writes the lookup.
 * @param left with a key of as many planes as the right one's
 * @returns slots, a lane for each left row
 */
export function writeLookup(
  writer: PlanWriter,
  params: PlanParams,
  left: LookingRows,
  right: FoundRows,
): Lookup {
  const width = left.key.length
  if (width !== right.key.length) throw new RangeError('keys of different lengths')
  const lanes = left.lanes + right.lanes
  const wanted = right.planes.length
  // Of equal keys those that do not count come first, and do not hide the one that does.
  const own = [right.valid, ...right.key, ...right.planes]
  const ownDigit = sortTuning(params, right.lanes, own.length, 1 + width)
  const ordered = writer.add(
    { kind: 'sort', inputs: own, key: 1 + width, digit: ownDigit },
    'rows that are looked for, by key',
  )
  const sortedOwn = own.map((_, k) => ordered(k))
  const before = writer.add(
    { kind: 'shift', inputs: sortedOwn, by: 1 },
    'the one before of those that are looked for',
  )
  const difference = writer.add(
    {
      kind: 'circuit',
      inputs: [...sortedOwn, ...own.map((_, k) => before(k))],
      circuit: differenceCircuit(own.length),
    },
    'in what a row differs from the one before',
  )
  const none = (rows: LookingRows): Piece => ({ lanes: rows.lanes, value: '0' })
  const parts: (readonly Piece[])[] = [
    ...left.key.map((plane, k) => [ordered(1 + k), plane]),
    [none(right), left.valid],
    ...own.map((_, k) => [difference(k), none(left)]),
  ]
  const together = writer.add(
    { kind: 'append', parts },
    'rows that are looked for, then the others',
  )
  const numbers = writer.add({ kind: 'enumerate', sizes: [lanes] }, 'numbers of the rows')
  const order = Array.from({ length: Math.max(1, planesBelow(lanes)) }, (_, k) => numbers(k))
  const inputs = [...parts.map((_, k) => together(k)), ...order]
  const digit = sortTuning(params, lanes, inputs.length, width)
  const sorted = writer.add({ kind: 'sort', inputs, key: width, digit }, 'rows by key')
  const refs = (from: number, count: number): Ref[] =>
    Array.from({ length: count }, (_, k) => sorted(from + k))
  const last = writer.add(
    { kind: 'prefix-sum', inputs: refs(width + 1, own.length) },
    'the last row before that is looked for',
  )
  const result = writer.add(
    {
      kind: 'circuit',
      inputs: [...refs(0, width + 1), ...own.map((_, k) => last(k))],
      circuit: foundCircuit(width, wanted),
    },
    'whether its key is that of the row; what it has, if so',
  )
  const found = Array.from({ length: 1 + wanted }, (_, k) => result(k))
  const back = writer.add(
    {
      kind: 'permute',
      inputs: found,
      order: refs(parts.length, order.length),
      direction: 'to',
    },
    'back to where the rows came from',
  )
  const cut = writer.add(
    { kind: 'slice', inputs: found.map((_, k) => back(k)), from: right.lanes, to: lanes },
    'the rows that looked for others',
  )
  return { found: cut(0), planes: Array.from({ length: wanted }, (_, k) => cut(1 + k)) }
}

/** Inputs: planes, and those of the row before. */
function differenceCircuit(planes: number): Circuit {
  const builder = new CircuitBuilder()
  const [here, before] = [builder.inputs(planes), builder.inputs(planes)]
  return builder.build(here.map((wire, k) => builder.xor(wire, before[k]!)))
}

/**
 * Inputs: a key, whether it looks for one; of the last row that is looked for, whether it counts, its key, its planes.
 * Outputs: whether it is the one, its planes if so.
 */
function foundCircuit(width: number, planes: number): Circuit {
  const builder = new CircuitBuilder()
  const key = builder.inputs(width)
  const [looks, counts] = [builder.input(), builder.input()]
  const [found, values] = [builder.inputs(width), builder.inputs(planes)]
  const same = key.map((wire, k) => builder.not(builder.xor(wire, found[k]!)))
  const isIt = builder.andMany([looks, counts, ...same])
  return builder.build([isIt, ...values.map((wire) => builder.and(wire, isIt))])
}
