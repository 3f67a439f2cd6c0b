/**
 * The rounds of the operators that read planes over all rows at once. Part of cost.ts.
 */
import { planeBytes } from '../shares/bits/plane.ts'
import { committee } from '../shares/committee.ts'

import { type Circuit, circuitStats } from './circuit.ts'
import { flatLayout, type Layout, tableLayout } from './layout.ts'
import type { Tag } from './party.ts'
import type { Operator, PlanParams } from './plan.ts'
import { lastAdder } from './popcount.ts'
import { digitCircuit } from './sort.ts'
import { bitToFieldRounds, circuitRounds, type Tally } from './tally.ts'
import { memberClasses } from './validate-plan.ts'

/**
 * Round k gives every row the OR with the one 2^k rows before: an AND a row, or for the rows that have one of
 * their member there, if these are fewer than an eighth of all.
 */
export function anyRowRounds(tally: Tally, planes: number, tag: Tag, params: PlanParams): void {
  const classes = memberClasses(params)
  const most = classes.at(-1)?.[0] ?? 1
  const rows = tableLayout(params).lanes
  for (let round = 0; 2 ** round < most; round++) {
    const concerned = classes.reduce(
      (sum, [each, members]) => sum + members * Math.max(0, each - 2 ** round),
      0,
    )
    const lanes = 8 * concerned < rows ? concerned : rows
    tally.round(tag, round, planes * planeBytes(lanes))
    tally.andGates += planes * lanes
  }
}

/** Level k puts together two of ceil(rows / 2^k) by its circuit, for each two that a member has. */
export function memberReduceRounds(
  tally: Tally,
  circuits: readonly Circuit[],
  tag: Tag,
  params: PlanParams,
): void {
  let { step } = tag
  let classes = memberClasses(params)
  for (const circuit of circuits) {
    const pairs = classes.reduce((sum, [rows, members]) => sum + members * Math.floor(rows / 2), 0)
    step += circuitRounds(tally, circuit, { ...tag, step }, planeBytes(pairs))
    tally.andGates += circuitStats(circuit).ands * pairs
    classes = classes.map(([rows, members]) => [Math.ceil(rows / 2), members])
  }
}

/** A carry-save tree over blocks of 128 lanes while there are more than 64, then over lanes; a last adder. */
export function popcountRounds(
  tally: Tally,
  planes: number,
  width: number,
  tag: Tag,
  layout: Layout,
): void {
  const blocks = layout.planeBytes / 16
  let step = 0
  // heap[w]: blocks or lanes of weight 2^w, of one plane.
  let heap = [blocks]
  const total = (): number => heap.reduce((sum, count) => sum + count, 0)
  const adders = (): number => heap.reduce((sum, count) => sum + Math.floor(count / 3), 0)
  const shrink = (): void => {
    const next: number[] = []
    heap.forEach((count, w) => {
      const third = Math.floor(count / 3)
      next[w] = (next[w] ?? 0) + count - 2 * third
      if (third > 0 && w + 1 < width) next[w + 1] = third
    })
    heap = next
  }

  while (total() > 64 && adders() > 0) {
    tally.round(tag, step++, planes * adders() * 16)
    tally.andGates += planes * adders() * 128
    shrink()
  }
  heap = blocks <= 64 ? [layout.lanes] : heap.map((count) => 128 * count)
  while (adders() > 0) {
    tally.round(tag, step++, planeBytes(planes * adders()))
    tally.andGates += planes * adders()
    shrink()
  }
  const last = lastAdder(heap, width)
  circuitRounds(tally, last, { ...tag, step: tag.step + step }, planeBytes(planes))
  tally.andGates += planes * circuitStats(last).ands
}

/** Full adders of blocks, then the conversion of what is left. @returns the rounds */
export function countRounds(
  tally: Tally,
  planes: number,
  tag: Tag,
  bytes: number,
  addingRounds: number,
): number {
  // heap[w]: blocks of weight 2^w, of one plane.
  let heap = [bytes / 16]
  for (let step = 0; ; step++) {
    const thirds = heap.map((count) => Math.floor(count / 3))
    const adders = thirds.reduce((sum, count) => sum + count, 0)
    if (step === addingRounds || adders === 0) {
      const bits = heap.reduce((sum, count) => sum + count, 0) * 128 * planes
      return step + bitToFieldRounds(tally, 1, flatLayout(bits), { ...tag, step: tag.step + step })
    }
    tally.round(tag, step, planes * adders * 16)
    tally.andGates += planes * adders * 128
    heap = [...heap, 0].map((count, w) => count - 2 * (thirds[w] ?? 0) + (thirds[w - 1] ?? 0))
  }
}

/** For each digit: its decoder, bits to elements, one dealing of places, a shuffle, an opening. */
export function sortRounds(
  tally: Tally,
  { inputs, key, digit }: Extract<Operator, { kind: 'sort' }>,
  tag: Tag,
  lanes: number,
): void {
  const words = Math.ceil(inputs.length / 64)
  let step = tag.step
  const at = (): Tag => ({ ...tag, step })
  for (let first = 0; first < key; first += digit) {
    const bits = Math.min(digit, key - first)
    const decoder = digitCircuit(bits)
    step += circuitRounds(tally, decoder, at(), planeBytes(lanes))
    tally.andGates += circuitStats(decoder).ands * lanes
    step += bitToFieldRounds(tally, 2 ** bits - 1, flatLayout(lanes), at())
    tally.round(at(), 0, 8 * lanes)
    tally.fieldMultiplications += lanes
    step += 1
    if (lanes > 0) {
      for (const members of committee(tally.n).sets) {
        tally.round(at(), 0, 8 * (1 + words) * lanes, members)
        step += 1
      }
    }
    tally.round(at(), 0, 8 * lanes)
    step += 1
  }
}
