/**
 * The rounds of the operators that choose among lanes, `extreme` and `select`. Part of cost.ts.
 */
import { planeBytes } from '../shares/bits/plane.ts'

import { circuitStats, layerCircuit } from './circuit.ts'
import type { Layout } from './layout.ts'
import { borrowCircuit, halfCircuit } from './mask-tables.ts'
import type { Tag } from './party.ts'
import type { Operator } from './plan.ts'
import { thresholdCircuit } from './select-rank.ts'
import { circuitRounds, type Tally } from './tally.ts'

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
  const common = Math.max(chosen.length, tables.length)
  for (let k = 0; k < common; k++) {
    const at = k < chosen.length ? k : chosen.length + k
    tally.round(tag, at, (chosen[k] ?? 0) + (tables[k] ?? 0))
  }
  tally.andGates += circuitStats(thresholds).ands * digits * choices.length * layout.lanes
  tally.andGates += (2 * circuitStats(halfCircuit).ands + 256) * compared * digits * values

  const at = { ...tag, step: tag.step + chosen.length + tables.length }
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
function layerBytes(circuit: typeof halfCircuit, bytes: number): number[] {
  const layers = layerCircuit(circuit).slice(1)
  return layers.map(({ ands }) => ands.length * bytes)
}
