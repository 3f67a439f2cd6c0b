/**
 * The rounds of the operators that choose among lanes, `extreme` and `select`. Part of cost.ts.
 */
import { planeBytes } from '../shares/bits/plane.ts'

import { type Circuit, circuitStats, layerCircuit } from './circuit.ts'
import type { Layout } from './layout.ts'
import { borrowCircuit } from './mask-tables.ts'
import { halfCircuit } from './mask-values.ts'
import type { Tag } from './party.ts'
import type { Operator, PlanParams } from './plan.ts'
import { thresholdCircuit } from './select-rank.ts'
import { circuitRounds, type Tally } from './tally.ts'
import { atLeastCircuit, beatsCircuit, type Level, tournament } from './tournament.ts'

/** Levels among blocks of 128 lanes, then among the lanes of one. */
export function extremeRounds(
  tally: Tally,
  choices: number,
  width: number,
  tag: Tag,
  layout: Layout,
  network: PlanParams['network'],
): void {
  const blocks = layout.planeBytes / 16
  if (blocks === 0) return
  const plan = tournament(layout.lanes, blocks, choices, width, tally.t, network)
  const at = { ...tag }
  const among = ({ parts, size }: Level, unitBytes: number, last: boolean): void => {
    const row = size * unitBytes
    const rows = ((parts * (parts - 1)) / 2) * row
    const others = parts - 1
    const circuit = atLeastCircuit(width + 1)
    const candidates = parts * row
    at.step += meetRounds(tally, { circuit, rows, candidates, others, width, last }, at)
    numbers(last ? width : width + 1, (parts - 1) * row)
  }
  /** The winners' numbers. */
  const numbers = (planes: number, bytes: number): void => {
    tally.round(at, 0, planes * bytes)
    tally.andGates += 8 * planes * bytes
    at.step++
  }
  for (const level of plan.blocks) among(level, 16 * choices, false)
  const row = 16 * choices
  if (plan.lanes === 'all at once') {
    const circuit = beatsCircuit(width + 1)
    const meeting = { circuit, rows: 64 * row, candidates: row, others: 127, width, last: true }
    at.step += meetRounds(tally, meeting, at)
    numbers(width, row)
    return
  }
  const { lanes } = plan
  lanes.forEach((level, k) => among(level, planeBytes(choices), k === lanes.length - 1))
  // A single lane is only admitted.
  if (lanes.length === 0) numbers(width, planeBytes(choices))
}

interface Meeting {
  readonly circuit: Circuit
  /** Bytes of all comparisons, and of the candidates. */
  readonly rows: number
  readonly candidates: number
  /** How many each of them meets. */
  readonly others: number
  readonly width: number
  /** Whether the filter is applied. */
  readonly last: boolean
}

/**
 * The comparisons, beside them the filter and what counting the wins needs; then an AND of all outcomes, or
 * their count and its opening. @returns the steps that it takes
 */
function meetRounds(
  tally: Tally,
  { circuit, rows, candidates, others, width, last }: Meeting,
  tag: Tag,
): number {
  const { n, t } = tally
  const counts = Math.ceil(Math.log2(others)) > t + 1
  const bits = Math.floor(Math.log2(others)) + 1
  const halves = bits <= 4 ? 1 : 2
  const values = layerBytes(halfCircuit, halves * candidates)
  if (halves === 2) values.push(256 * candidates)
  const admission = last ? [width * candidates] : []
  let step = besides(tally, tag, [layerBytes(circuit, rows), admission, counts ? values : []])
  tally.andGates += 8 * circuitStats(circuit).ands * rows
  if (last) tally.andGates += 8 * width * candidates
  if (counts) {
    const ofValues = halves * circuitStats(halfCircuit).ands + (halves === 2 ? 256 : 0)
    tally.andGates += 8 * candidates * ofValues
    const piece = 128 * Math.ceil(((others + bits) * candidates) / 16 / n)
    tally.round(tag, step, t * piece)
    for (let k = 1; k < t; k++) tally.round(tag, step + k, n * piece)
    tally.opening(tag, step + t, 8 * candidates)
    return step + t + 1
  }
  for (let left = others; left > 1; left -= Math.floor(left / 2)) {
    tally.round(tag, step++, Math.floor(left / 2) * candidates)
  }
  tally.andGates += 8 * (others - 1) * candidates
  return step
}

/** Rounds side by side, each list with steps of its own. @returns the steps of all */
function besides(tally: Tally, tag: Tag, lists: readonly (readonly number[])[]): number {
  const starts: number[] = []
  let end = 0
  for (const list of lists) {
    starts.push(end)
    end += list.length
  }
  const rounds = Math.max(...lists.map((list) => list.length))
  for (let k = 0; k < rounds; k++) {
    const first = lists.findIndex((list) => k < list.length)
    tally.round(
      tag,
      starts[first]! + k,
      lists.reduce((sum, list) => sum + (list[k] ?? 0), 0),
    )
  }
  return end
}

type Select = Extract<Operator, { kind: 'select' }>

/** For each digit: candidates below each value of it, counts, comparisons, and (not for the last) what is left. */
export function selectRounds(
  tally: Tally,
  select: Select,
  width: number,
  tag: Tag,
  layout: Layout,
): void {
  const { choices, digit } = select
  const bytes = layout.planeBytes
  const digits = Math.ceil(width / digit)
  const values = (2 ** digit - 1) * choices.length
  const bits = rankBits(select, layout.lanes)
  const compared = Math.ceil((bits - 1) / 8)
  const maskBytes = planeBytes(digits * values)

  // Thresholds of all digits and the first ANDs; beside them, tables for all comparisons: the values of
  // halves of 4 bits, and of both together.
  const thresholds = thresholdCircuit(digit)
  const chosen = [...layerBytes(thresholds, digits * choices.length * bytes), values * bytes]
  const tables = [...layerBytes(halfCircuit, 2 * compared * maskBytes), 256 * compared * maskBytes]
  const at = { ...tag, step: tag.step + besides(tally, tag, [chosen, tables]) }
  tally.andGates += circuitStats(thresholds).ands * digits * choices.length * layout.lanes
  tally.andGates += (2 * circuitStats(halfCircuit).ands + 256) * compared * digits * values

  for (let k = 0; k < digits; k++) {
    tally.andGates += values * layout.lanes
    // All that take part are counted with the first digit, and the masks as numbers.
    const planes = k === 0 ? values + choices.length : values
    at.step += countRounds(tally, select, planes, k === 0 ? bits * maskBytes : 0, bits, at, bytes)
    tally.opening(at, 0, ringBytes(bits) * values)
    at.step++
    const borrow = borrowCircuit(compared)
    at.step += circuitRounds(tally, borrow, at, planeBytes(values))
    tally.andGates += values * circuitStats(borrow).ands
    if (k === digits - 1) return
    tally.round(at, 0, 2 * values * bytes)
    tally.round(at, 1, values * bytes)
    at.step += 2
    tally.andGates += 2 * values * layout.lanes
  }
}

/** Bits of the largest difference between over * count and times * total + plus, and its sign. */
function rankBits({ choices }: Select, lanes: number): number {
  const bits = choices.map(({ times, plus, over }) => {
    const most = BigInt(over) * BigInt(lanes + 1) + BigInt(times) * BigInt(lanes) + BigInt(plus)
    return most.toString(2).length + 1
  })
  return Math.max(...bits)
}

/** Bytes of an element of the ring that holds so many bits. */
function ringBytes(bits: number): number {
  return bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8
}

/** Full adders of blocks, then a dealing of what is left in n pieces, and t-1 products. @returns the rounds */
function countRounds(
  tally: Tally,
  { addingRounds }: Select,
  planes: number,
  maskBytes: number,
  bits: number,
  tag: Tag,
  bytes: number,
): number {
  const { n, t } = tally
  // heap[w]: blocks of weight 2^w, of one plane.
  let heap = [bytes / 16]
  for (let step = 0; ; step++) {
    const thirds = heap.map((count) => Math.floor(count / 3))
    const adders = thirds.reduce((sum, count) => sum + count, 0)
    if (step === addingRounds || adders === 0) {
      const blocks = heap.reduce((sum, count) => sum + count, 0) * planes + maskBytes / 16
      const piece = 128 * Math.ceil(blocks / n) * ringBytes(bits)
      tally.round(tag, step, t * piece)
      for (let k = 1; k < t; k++) tally.round(tag, step + k, n * piece)
      return step + t
    }
    tally.round(tag, step, planes * adders * 16)
    tally.andGates += planes * adders * 128
    heap = [...heap, 0].map((count, w) => count - 2 * (thirds[w] ?? 0) + (thirds[w - 1] ?? 0))
  }
}

/** Bytes of the rounds of a circuit. */
function layerBytes(circuit: Circuit, bytes: number): number[] {
  const layers = layerCircuit(circuit).slice(1)
  return layers.map(({ ands }) => ands.length * bytes)
}
