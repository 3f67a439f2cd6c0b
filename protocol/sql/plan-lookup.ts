/**
 * Equi-join on a secret key, one side unique: for every row of one table (the left one) the row of another that
 * has its key, if there is one. Nothing about matches shows: as many rows come out as the left table has.
 *
 *   right rows, then left rows  -> sort by key: stable, so the row that is looked for leads those that look for it
 *   copied down the rows of equal keys, in steps of 1, 2, 4, ... (a segmented scan)
 *   -> back to where each row came from -> the left rows
 * Source: sort, segmented copy, as in ORQ (SOSP 2025) and Badrinarayanan et al. (CCS 2022); protocol.md C4.
 *
 * Secure against t semi-honest parties: opened are orders under secret shuffles (permute.ts, sort.ts). Nobody learns
 * anything but the sizes of both tables. Where a key is not unique on the right, the first of its rows is found.
 * Cost for N rows of both tables, k key planes and p others: a sort of N lanes by k planes; (p + 3) N ANDs in two
 * rounds for each of ceil(log2 N) steps; a shuffle back. No SQL construct uses it yet.
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
  const known = (value: 0 | 1): Piece => ({ lanes: left.lanes, value: String(value) })
  const parts: (readonly Piece[])[] = [
    ...right.key.map((plane, k) => [plane, left.key[k]!]),
    [right.valid, known(0)],
    [{ lanes: right.lanes, value: '0' }, left.valid],
    ...right.planes.map((plane) => [plane, known(0)]),
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

  const key = refs(0, width)
  const before = writer.add({ kind: 'shift', inputs: key, by: 1 }, 'the key before')
  const first = writer.add(
    {
      kind: 'circuit',
      inputs: [
        ...key,
        ...key.map((_, k) => before(k)),
        ...refs(width, 1),
        ...refs(width + 2, wanted),
      ],
      circuit: startCircuit(width, wanted),
    },
    'whether the key is that of the row before; what is looked for, where it is',
  )
  let same = first(0)
  let copied = Array.from({ length: 1 + wanted }, (_, k) => first(1 + k))
  for (let distance = 1; distance < lanes; distance *= 2) {
    const further = 2 * distance < lanes
    const state = [same, ...copied]
    const moved = writer.add(
      { kind: 'shift', inputs: state, by: distance },
      `${distance} rows before`,
    )
    const level = writer.add(
      {
        kind: 'circuit',
        inputs: [...state, ...state.map((_, k) => moved(k))],
        circuit: copyCircuit(copied.length, further),
      },
      'copied to rows of the same key',
    )
    copied = copied.map((_, k) => level(k))
    if (further) same = level(copied.length)
  }
  const result = writer.add(
    {
      kind: 'circuit',
      inputs: [...refs(width + 1, 1), ...copied],
      circuit: maskCircuit(copied.length),
    },
    'only where a key is there',
  )
  const back = writer.add(
    {
      kind: 'permute',
      inputs: copied.map((_, k) => result(k)),
      order: refs(parts.length, order.length),
      direction: 'to',
    },
    'back to where the rows came from',
  )
  const cut = writer.add(
    {
      kind: 'slice',
      inputs: copied.map((_, k) => back(k)),
      from: right.lanes,
      to: lanes,
    },
    'the rows that looked for others',
  )
  return { found: cut(0), planes: Array.from({ length: wanted }, (_, k) => cut(1 + k)) }
}

/** Inputs: a key, the one before, whether it is a row to be found, its planes. */
function startCircuit(width: number, planes: number): Circuit {
  const builder = new CircuitBuilder()
  const [key, before] = [builder.inputs(width), builder.inputs(width)]
  const [start, ...values] = builder.inputs(1 + planes)
  const same = builder.andMany(key.map((wire, k) => builder.not(builder.xor(wire, before[k]!))))
  return builder.build([same, start!, ...values.map((wire) => builder.and(wire, start!))])
}

/**
 * Inputs: same, found, planes; the same of rows before. What has been found is kept, else taken from there, if all
 * rows between have the same key. Outputs: found, planes, and same over twice the way if it is needed.
 */
function copyCircuit(copied: number, further: boolean): Circuit {
  const builder = new CircuitBuilder()
  const [same, ...here] = builder.inputs(1 + copied)
  const [sameBefore, ...before] = builder.inputs(1 + copied)
  const take = builder.and(same!, builder.not(here[0]!))
  // Where nothing was found yet, there are zeros.
  const outputs = here.map((wire, k) => builder.xor(wire, builder.and(take, before[k]!)))
  return builder.build(further ? [...outputs, builder.and(same!, sameBefore!)] : outputs)
}

function maskCircuit(planes: number): Circuit {
  const builder = new CircuitBuilder()
  const [mask, ...wires] = builder.inputs(1 + planes)
  return builder.build(wires.map((wire) => builder.and(wire, mask!)))
}
