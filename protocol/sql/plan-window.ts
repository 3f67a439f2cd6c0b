/**
 * Window functions: numbers of rows, other rows' values, and aggregates of all rows so far, within the partitions of
 * plan-window-rows.ts. What comes out is planes of natural numbers, 0 where the value is NULL; in rows that do not count it
 * is left open, as is their number.
 *
 * Secure against t semi-honest parties, being circuits; nothing is opened, and nobody learns anything. Cost: the scans
 * that each function names (plan-window-scan.ts). The number of a row is free if its partition is all of its member.
 */
import { CircuitBuilder } from '../circuit-builder.ts'
import type { Planes, Wire } from '../circuit-builder.ts'
import { add, lessThan, lessThanConstant } from '../circuit-gadgets.ts'
import type { AdderShape } from '../circuit-gadgets.ts'
import type { Circuit } from '../circuit.ts'
import { sumOf } from '../linear-circuit.ts'
import type { Ref } from '../plan.ts'
import { planesBelow } from '../public-planes.ts'
import { rowsOf } from '../validate-plan.ts'

import { cheapestCircuit } from './circuit-tuning.ts'
import { mostRows, refsOf } from './plan-window-rows.ts'
import type { WindowPlan, WindowRows } from './plan-window-rows.ts'
import { writeCopy, writeRunning } from './plan-window-scan.ts'
import type { Combine } from './plan-window-scan.ts'

/** A natural number of each row, lowest plane first; 0 where it is NULL. */
export interface WindowValue {
  readonly planes: readonly Ref[]
  /** 1 where it is not NULL; absent if it never is. */
  readonly valid?: Ref
}

/** The rows that an aggregate is over: up to this one, up to the last of its peers, all of the partition. */
export type Frame = 'rows' | 'peers' | 'partition'

/** ROW_NUMBER, less 1. */
export function writeRowNumber(plan: WindowPlan, rows: WindowRows): WindowValue {
  if (rows.wholeMember) return { planes: rows.place }
  const first = writeCopy(plan, rows.start, rows.place, 'before')
  const { length } = rows.place
  const ways = SHAPES.map((shape) => differenceCircuit(length, shape))
  const number = addCheapest(plan, [...rows.place, ...first], ways, 'numbers of rows')
  return { planes: number }
}

/** RANK, less 1. */
export function writeRank(plan: WindowPlan, rows: WindowRows): WindowValue {
  const { planes } = writeRowNumber(plan, rows)
  return { planes: writeCopy(plan, rows.peer, planes, 'before') }
}

/** DENSE_RANK, less 1: how many peers begin after the partition does. */
export function writeDenseRank(plan: WindowPlan, rows: WindowRows): WindowValue {
  const { writer } = plan
  const inputs = [rows.peer, rows.start]
  const counted = writer.add({ kind: 'circuit', inputs, circuit: AND_NOT }, 'peers that follow')
  const width = planesBelow(mostRows(plan.params))
  const ways = SHAPES.map((shape) => adding(shape, width))
  return { planes: writeRunning(plan, rows.start, [counted(0)], ways, 'peers so far') }
}

/** The value of another row, and whether there is one. */
export interface OtherRow extends WindowValue {
  readonly valid: Ref
  /** 1 where there is such a row in the partition. */
  readonly inside: Ref
}

/** LAG of so many rows; LEAD if it is negative. */
export function writeOtherRow(
  plan: WindowPlan,
  rows: WindowRows,
  value: WindowValue,
  by: number,
): OtherRow {
  const { writer } = plan
  const distance = Math.abs(by)
  const isLater = writer.add(
    {
      kind: 'circuit',
      ...(distance === 1
        ? { inputs: [rows.start], circuit: NOT }
        : afterOthers(plan, rows, distance)),
    },
    `whether its partition has ${rowsOfText(distance)} before the row`,
  )(0)
  const { length } = value.planes
  const valid = value.valid === undefined ? [] : [value.valid]
  // Behind a row there is another if that one has rows before it.
  const flag = by < 0 ? [isLater] : []
  const moved = writer.add(
    { kind: 'shift', inputs: [...value.planes, ...valid, ...flag], by },
    `${rowsOfText(distance)} ${by > 0 ? 'before' : 'behind'}`,
  )
  const inside = by < 0 ? moved(length + valid.length) : isLater
  const others = refsOf(moved, 0, length + valid.length)
  const masked = writer.add(
    { kind: 'circuit', inputs: [inside, ...others], circuit: maskCircuit(others.length) },
    'only of the same partition',
  )
  return {
    planes: refsOf(masked, 0, length),
    valid: valid.length === 0 ? inside : masked(length),
    inside,
  }
}

/** Whether a row has so many before it in its partition. */
function afterOthers(plan: WindowPlan, rows: WindowRows, distance: number) {
  const number = writeRowNumber(plan, rows).planes
  // The number of a row that does not count goes on from those that do, if it is free.
  const gone = rows.wholeMember && rows.gone !== undefined ? [rows.gone] : []
  const circuit = built(gone.length + number.length, (builder, wires) => {
    const isFirst = lessThanConstant(builder, wires.slice(gone.length), distance)
    const others = wires.slice(0, gone.length)
    return [builder.andMany([builder.not(isFirst), ...others.map((wire) => builder.not(wire))])]
  })
  return { inputs: [...gone, ...number], circuit }
}

/** FIRST_VALUE. */
export function writeFirstValue(
  plan: WindowPlan,
  rows: WindowRows,
  value: WindowValue,
): WindowValue {
  return copied(value, (planes) => writeCopy(plan, rows.start, planes, 'before'))
}

/** The value of the last row of the frame: LAST_VALUE, and what an aggregate over the frame is. */
export function writeLastValue(
  plan: WindowPlan,
  rows: WindowRows,
  value: WindowValue,
  frame: Frame,
): WindowValue {
  if (frame === 'rows') return value
  const begins = frame === 'peers' ? rows.peer : rows.start
  const { writer } = plan
  const same = writer.add(
    { kind: 'circuit', inputs: [begins], circuit: NOT },
    'rows that are not the first',
  )
  const next = writer.add({ kind: 'shift', inputs: [same(0)], by: -1 }, 'of the row behind')
  const last = writer.add({ kind: 'circuit', inputs: [next(0)], circuit: NOT }, 'the last rows')
  return copied(value, (planes) => writeCopy(plan, last(0), planes, 'behind'))
}

/** COUNT of the rows where the value is not NULL, of all rows if it never is. */
export function writeCount(
  plan: WindowPlan,
  rows: WindowRows,
  valid: Ref | undefined,
  frame: Frame,
): WindowValue {
  const width = planesBelow(mostRows(plan.params) + 1)
  if (valid === undefined) {
    const { planes } = writeRowNumber(plan, rows)
    const circuits = SHAPES.map((shape) => nextCircuit(planes.length, width, shape))
    const count = addCheapest(plan, planes, circuits, 'rows so far')
    return writeLastValue(plan, rows, { planes: count }, frame)
  }
  const ways = SHAPES.map((shape) => adding(shape, width))
  const planes = writeRunning(plan, rows.start, [valid], ways, 'rows so far with a value')
  return writeLastValue(plan, rows, { planes }, frame)
}

/** What natural numbers of rows stand for: least + the number, up to most. */
export interface NumberRange {
  readonly least: bigint
  readonly most: bigint
}

/** What sums of up to so many such numbers are. */
export function rangeOfSums({ least, most }: NumberRange, rows: number): NumberRange {
  const count = BigInt(rows)
  return { least: least < 0n ? least * count : 0n, most: most > 0n ? most * count : 0n }
}

/** SUM: natural numbers that count from the least of rangeOfSums; NULL where there is no value yet. */
export function writeSum(
  plan: WindowPlan,
  rows: WindowRows,
  { planes, valid }: WindowValue,
  range: NumberRange,
  frame: Frame,
): WindowValue {
  const { params } = plan
  const { least, most } = rangeOfSums(range, mostRows(params))
  const width = (most - least).toString(2).length
  // Modulo 2^width: what is negative underway comes right in the end.
  const summands = addCheapest(
    plan,
    [...(valid === undefined ? [] : [valid]), ...planes],
    DEPTHS.map((depth) => summandCircuit(planes.length, valid !== undefined, range, width, depth)),
    'what is summed',
  )
  const ways = SHAPES.map((shape) => adding(shape, width))
  const sums = writeRunning(plan, rows.start, summands, ways, 'sums so far')
  const seen =
    valid === undefined
      ? undefined
      : writeRunning(plan, rows.start, [valid], [EITHER], 'whether there is a value so far')[0]!
  const numbers = addCheapest(
    plan,
    [...(seen === undefined ? [] : [seen]), ...sums],
    DEPTHS.map((depth) => shiftedCircuit(sums.length, seen !== undefined, least, width, depth)),
    'counted from the least sum',
  )
  const value = { planes: numbers, ...(seen === undefined ? {} : { valid: seen }) }
  return writeLastValue(plan, rows, value, frame)
}

/** MAX, or MIN. */
export function writeExtreme(
  plan: WindowPlan,
  rows: WindowRows,
  { planes, valid }: WindowValue,
  largest: boolean,
  frame: Frame,
): WindowValue {
  const flag = valid === undefined ? [] : [valid]
  const ways = DEPTHS.map((depth) => better(flag.length, largest, depth))
  const state = [...planes, ...flag]
  const best = writeRunning(plan, rows.start, state, ways, largest ? 'largest' : 'smallest')
  const value = {
    planes: best.slice(0, planes.length),
    ...(valid === undefined ? {} : { valid: best[planes.length]! }),
  }
  return writeLastValue(plan, rows, value, frame)
}

function rowsOfText(count: number): string {
  return count === 1 ? 'a row' : `${count} rows`
}

/** Copies of planes and validity. */
function copied(
  { planes, valid }: WindowValue,
  copy: (planes: readonly Ref[]) => readonly Ref[],
): WindowValue {
  const all = copy([...planes, ...(valid === undefined ? [] : [valid])])
  return {
    planes: all.slice(0, planes.length),
    ...(valid === undefined ? {} : { valid: all[planes.length]! }),
  }
}

/** The outputs of the circuit that is cheapest over all rows. */
function addCheapest(
  { writer, params }: WindowPlan,
  inputs: readonly Ref[],
  ways: readonly Circuit[],
  purpose: string,
): readonly Ref[] {
  const circuit = cheapestCircuit(params, rowsOf(params), ways)
  const part = writer.add({ kind: 'circuit', inputs, circuit }, purpose)
  return refsOf(part, 0, circuit.outputs.length)
}

/** Ways to add, and to compare, in few rounds or with few ANDs. */
const SHAPES: readonly AdderShape[] = ['tree', 'blocked', 'ripple']
const DEPTHS: readonly number[] = [0, 8, Infinity]

function adding(shape: AdderShape, width: number): Combine {
  return (builder, open, later, earlier) => {
    const masked = earlier.map((wire) => builder.and(wire, open))
    return add(builder, later, masked, undefined, shape).slice(0, width)
  }
}

const EITHER: Combine = (builder, open, later, earlier) => [
  builder.or(later[0]!, builder.and(open, earlier[0]!)),
]

/** @param flags the last planes: whether there is a number, if not always */
function better(flags: number, largest: boolean, depth: number): Combine {
  return (builder, open, later, earlier) => {
    const width = later.length - flags
    const number = (planes: Planes): Planes => planes.slice(0, width)
    const [one, other] = largest ? [later, earlier] : [earlier, later]
    const less = lessThan(builder, number(one), number(other), depth)
    if (flags === 0) return mux(builder, builder.and(open, less), earlier, later)
    const [has, had] = [later[width]!, earlier[width]!]
    // What is NULL is 0: of two, the one that is there; of none, either.
    const there = builder.and(open, had)
    const take = builder.and(there, builder.or(builder.not(has), less))
    return [...mux(builder, take, number(earlier), number(later)), builder.or(has, there)]
  }
}

function mux(
  builder: CircuitBuilder,
  condition: Wire,
  whenTrue: Planes,
  whenFalse: Planes,
): Wire[] {
  return whenTrue.map((wire, k) => builder.mux(condition, wire, whenFalse[k]!))
}

const NOT = built(1, (builder, [a]) => [builder.not(a!)])
const AND_NOT = built(2, (builder, [a, b]) => [builder.and(a!, builder.not(b!))])

function built(inputs: number, make: (builder: CircuitBuilder, wires: Planes) => Planes): Circuit {
  const builder = new CircuitBuilder()
  return builder.build(make(builder, builder.inputs(inputs)))
}

function maskCircuit(planes: number): Circuit {
  return built(1 + planes, (builder, [mask, ...wires]) =>
    wires.map((wire) => builder.and(wire, mask!)),
  )
}

/** x - y, which is not negative. */
function differenceCircuit(planes: number, shape: AdderShape): Circuit {
  return built(2 * planes, (builder, wires) => {
    const complement = wires.slice(planes).map((wire) => builder.not(wire))
    return add(builder, wires.slice(0, planes), complement, builder.constant(true), shape).slice(
      0,
      planes,
    )
  })
}

/** x + 1 */
function nextCircuit(planes: number, width: number, shape: AdderShape): Circuit {
  return built(planes, (builder, wires) =>
    add(builder, wires, [], builder.constant(true), shape).slice(0, width),
  )
}

/** Inputs: whether there is a value, if not always; its number. The value, modulo 2^width; 0 where there is none. */
function summandCircuit(
  planes: number,
  nullable: boolean,
  { least }: NumberRange,
  width: number,
  depth: number,
): Circuit {
  return built(planes + (nullable ? 1 : 0), (builder, wires) => {
    const number = { planes: nullable ? wires.slice(1) : wires, factor: 1n }
    const digits = least < 0n ? width : widthOf(least, planes, width)
    if (!nullable) return sumOf(builder, [number], least, digits, depth)
    return sumOf(builder, [number, { planes: [wires[0]!], factor: least }], 0n, digits, depth)
  })
}

/** Planes of a summand that is not negative: sums grow from there. */
function widthOf(least: bigint, planes: number, width: number): number {
  const most = least + (1n << BigInt(planes)) - 1n
  return Math.min(width, Math.max(1, most.toString(2).length))
}

/** Inputs: whether there is a sum, if not always; the sum. Counted from the least that it can be. */
function shiftedCircuit(
  planes: number,
  nullable: boolean,
  least: bigint,
  width: number,
  depth: number,
): Circuit {
  return built(planes + (nullable ? 1 : 0), (builder, wires) => {
    const sum = { planes: nullable ? wires.slice(1) : wires, factor: 1n }
    const digits = least === 0n ? planes : width
    if (!nullable || least === 0n) return sumOf(builder, [sum], -least, digits, depth)
    return sumOf(builder, [sum, { planes: [wires[0]!], factor: -least }], 0n, digits, depth)
  })
}
