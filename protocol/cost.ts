/**
 * What a plan costs, from closed formulas over its parameters: every round, every message between every
 * two parties, and the local work. EXPLAIN prints it, auditors compare it with the transcripts that the
 * nodes signed, and a test compares it with what the executor sends, message by message. Written
 * apart from the executor on purpose: nothing is shared but the shapes and circuits.
 *
 * All our protocols are made of dealings, and every dealer i sends the same to the t parties
 * i-1..i-t (around the circle): so a round is a list of dealers and a length.
 */
import { planeBytes } from '../shares/bits/plane.ts'

import { type Circuit, circuitStats, layerCircuit } from './circuit.ts'
import { lessThanCircuit, winnerCircuit } from './extreme.ts'
import { batchesOf, flatLayout, type Layout, tableLayout } from './layout.ts'
import type { Tag } from './party.ts'
import type { Operator, Plan, PlanParams } from './plan.ts'
import { lastAdder } from './popcount.ts'
import { thresholdCircuit } from './select-rank.ts'
import { equalsZeroCircuit, lessThanZeroCircuit } from './share-split.ts'
import { membersOf, type Shape, stageOf, validatePlan } from './validate-plan.ts'

/** One round: each of `dealers` sends `bytes` bytes to the t parties before it. */
export interface Round extends Tag {
  /** Ascending. */
  readonly dealers: readonly number[]
  readonly bytes: number
}

export interface Schedule {
  readonly n: number
  readonly t: number
  /** In order. */
  readonly rounds: readonly Round[]
  /** Products over F_p that are re-shared; B2A counts t per bit. */
  readonly fieldMultiplications: number
  /** AND gates times lanes, without padding in the rows. */
  readonly andGates: number
}

/** A message that one party sends another. */
export interface ScheduledMessage extends Tag {
  readonly bytes: number
}

/** All that one party sends another in a job. */
export interface PairTraffic {
  readonly from: number
  readonly to: number
  readonly messages: number
  /** Payload bytes. */
  readonly bytes: number
}

/**
 * The static schedule of a plan.
 * @throws ShareholdError SH_PLAN_INVALID, SH_PROTOCOL_CIRCUIT
 */
export function schedule(plan: Plan, params: PlanParams): Schedule {
  const shapes = validatePlan(plan, params)
  const { n, t } = params.committee
  const tally = new Tally(n, t)
  const operators = [...plan.operators.entries()]
  for (const { index, layout } of batchesOf(params)) {
    for (const [op, operator] of operators) {
      if (stageOf(plan, shapes, op) !== 'batch') continue
      laneWise(tally, operator, { op, batch: index, step: 0 }, layout)
    }
  }
  for (const [op, operator] of operators) {
    if (stageOf(plan, shapes, op) === 'batch') continue
    wholeTable(tally, operator, { op, batch: 0, step: 0 }, shapes, params)
  }
  const { rounds, fieldMultiplications, andGates } = tally
  return { n, t, rounds, fieldMultiplications, andGates }
}

/** What `from` sends `to`, in order. */
export function messagesBetween(
  { n, t, rounds }: Schedule,
  from: number,
  to: number,
): ScheduledMessage[] {
  const distance = (from - to + n) % n
  if (distance === 0 || distance > t) return []
  return rounds
    .filter(({ dealers }) => dealers.includes(from))
    .map(({ op, batch, step, bytes }) => ({ op, batch, step, bytes }))
}

/** Messages and bytes of every ordered pair that exchanges any. */
export function trafficOf(cost: Schedule): PairTraffic[] {
  const parties = Array.from({ length: cost.n }, (_, i) => i + 1)
  return parties.flatMap((from) =>
    parties.flatMap((to) => {
      const sent = messagesBetween(cost, from, to)
      const bytes = sent.reduce((sum, message) => sum + message.bytes, 0)
      return sent.length === 0 ? [] : [{ from, to, messages: sent.length, bytes }]
    }),
  )
}

/** Payload bytes that each party sends, party 1 first. */
export function bytesSent({ n, t, rounds }: Schedule): number[] {
  const bytes = Array.from({ length: n }, () => 0)
  for (const round of rounds) {
    for (const dealer of round.dealers) bytes[dealer - 1]! += t * round.bytes
  }
  return bytes
}

class Tally {
  readonly n: number
  readonly t: number
  readonly rounds: Round[] = []
  fieldMultiplications = 0
  andGates = 0

  constructor(n: number, t: number) {
    this.n = n
    this.t = t
  }

  /** A round in which these parties deal, all if not told. Empty messages are not sent. */
  round(tag: Tag, step: number, bytes: number, dealers = range(1, this.n)): void {
    if (bytes === 0) return
    this.rounds.push({ ...tag, step: tag.step + step, dealers, bytes })
  }
}

/** first..last */
function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, k) => first + k)
}

function laneWise(tally: Tally, operator: Operator, tag: Tag, layout: Layout): void {
  const { t } = tally
  const { lanes } = layout
  if (operator.kind === 'circuit') {
    circuitRounds(tally, operator.circuit, tag, layout.planeBytes)
    tally.andGates += circuitStats(operator.circuit).ands * lanes
  }
  if (operator.kind === 'multiply') {
    const products = operator.pairs.length * lanes
    tally.round(tag, 0, 8 * products)
    tally.fieldMultiplications += products
  }
  if (operator.kind === 'bit-to-field') {
    bitToFieldRounds(tally, operator.inputs.length * lanes, tag)
  }
  if (operator.kind === 'less-than-zero' || operator.kind === 'equals-zero') {
    const circuit =
      operator.kind === 'less-than-zero' ? lessThanZeroCircuit(t + 1) : equalsZeroCircuit(t + 1)
    signRounds(tally, circuit, tag, operator.inputs.length * layout.planeBytes)
    tally.andGates += circuitStats(circuit).ands * operator.inputs.length * lanes
  }
}

function wholeTable(
  tally: Tally,
  operator: Operator,
  tag: Tag,
  shapes: readonly Shape[],
  params: PlanParams,
): void {
  switch (operator.kind) {
    case 'dot':
      tally.round(tag, 0, 8 * operator.pairs.length)
      tally.fieldMultiplications += operator.pairs.length
      return
    case 'any-row':
      anyRowRounds(tally, operator.inputs.length, tag, params)
      return
    case 'popcount': {
      const { domain, lanes } = shapes[operator.inputs[0]!.op]!
      const layout = domain === 'rows' ? tableLayout(params) : flatLayout(lanes)
      popcountRounds(tally, operator.inputs.length, operator.width, tag, layout)
      return
    }
    case 'extreme':
    case 'select': {
      const { domain, lanes } = shapes[operator.choices[0]!.among.op]!
      const layout = domain === 'rows' ? tableLayout(params) : flatLayout(lanes)
      const { parts: width } = shapes[tag.op]!
      const choices = operator.choices.length
      if (operator.kind === 'extreme') extremeRounds(tally, choices, width, tag, layout)
      else selectRounds(tally, operator, width, tag, layout)
      return
    }
    case 'circuit':
    case 'multiply':
    case 'bit-to-field':
    case 'less-than-zero':
    case 'equals-zero':
      laneWise(tally, operator, tag, flatLayout(shapes[operatorInput(operator)]!.lanes))
      return
    case 'load-bits':
    case 'load-field':
    case 'total':
    case 'combine':
    case 'gather':
    case 'output':
      return
  }
}

/** An operator whose value has the lanes of this one. */
function operatorInput(
  operator: Extract<
    Operator,
    { kind: 'circuit' | 'multiply' | 'bit-to-field' | 'less-than-zero' | 'equals-zero' }
  >,
): number {
  return operator.kind === 'multiply' ? operator.pairs[0]![0].op : operator.inputs[0]!.op
}

/** One round per AND depth. @returns their number */
function circuitRounds(tally: Tally, circuit: Circuit, tag: Tag, bytes: number): number {
  const layers = layerCircuit(circuit)
  layers.forEach(({ ands }, depth) => tally.round(tag, depth - 1, ands.length * bytes))
  return layers.length - 1
}

/** Inputs of P_1..P_t, t-1 multiplications by all, a last dealing by P_{t+1}..P_n. @returns t + 1 */
function bitToFieldRounds(tally: Tally, bits: number, tag: Tag): number {
  const { n, t } = tally
  tally.round(tag, 0, 8 * bits, range(1, t))
  for (let k = 1; k < t; k++) tally.round(tag, k, 8 * bits)
  tally.round(tag, t, 8 * bits, range(t + 1, n))
  tally.fieldMultiplications += t * bits
  return t + 1
}

/** 61 planes from each of t+1 parties, which turn with the tag; then the circuit. @returns all rounds */
function signRounds(tally: Tally, circuit: Circuit, tag: Tag, bytes: number): number {
  const { n, t } = tally
  const first = tag.op + tag.batch + tag.step
  const dealers = range(0, t).map((k) => ((first + k) % n) + 1)
  tally.round(
    tag,
    0,
    61 * bytes,
    dealers.toSorted((a, b) => a - b),
  )
  return 1 + circuitRounds(tally, circuit, { ...tag, step: tag.step + 1 }, bytes)
}

/** Level L pairs the ceil(rows / 2^L) values that are left of each member. */
function anyRowRounds(tally: Tally, planes: number, tag: Tag, params: PlanParams): void {
  const classes = params.dataset.rowsPerMember
  const most = classes.at(-1)?.[0] ?? 1
  for (let level = 0; 2 ** level < most; level++) {
    const pairs = classes.reduce(
      (sum, [rows, members]) => sum + members * Math.floor(Math.ceil(rows / 2 ** level) / 2),
      0,
    )
    tally.round(tag, level, planes * planeBytes(pairs))
  }
  const rows = tableLayout(params).lanes
  tally.andGates += planes * (rows - membersOf(params))
}

/** A carry-save tree over blocks of 128 lanes while there are more than 64, then over lanes; a last adder. */
function popcountRounds(
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

/** Filter; then a tournament among blocks of 128 lanes while there are more than 32, then among lanes. */
function extremeRounds(
  tally: Tally,
  choices: number,
  width: number,
  tag: Tag,
  layout: Layout,
): void {
  const at = { ...tag }
  tally.round(at, 0, width * choices * layout.planeBytes)
  tally.andGates += width * choices * layout.lanes
  at.step++
  /** `parts` numbers in each of so many lanes. */
  const level = (parts: number, lanes: number, bytes: number): void => {
    if (parts === 1) return
    const pairs = (parts * (parts - 1)) / 2
    const [comparison, winner] = [lessThanCircuit(width), winnerCircuit(parts)]
    at.step += circuitRounds(tally, comparison, at, pairs * bytes)
    at.step += circuitRounds(tally, winner, at, bytes)
    tally.round(at, 0, (parts - 1) * width * bytes)
    at.step++
    const ands = pairs * circuitStats(comparison).ands + circuitStats(winner).ands
    tally.andGates += (ands + (parts - 1) * width) * lanes
  }
  const partsFor = (lanes: number): number => (choices * lanes <= 65_536 ? 4 : 2)
  let blocks = layout.planeBytes / 16
  let lanes = layout.lanes
  for (; blocks > 32; lanes = 128 * blocks) {
    const parts = partsFor(128 * blocks)
    blocks = Math.ceil(blocks / parts)
    level(parts, choices * blocks * 128, choices * blocks * 16)
  }
  while (lanes > 1) {
    const parts = Math.min(lanes, partsFor(lanes))
    lanes = Math.ceil(lanes / parts)
    level(parts, choices * lanes, planeBytes(choices * lanes))
  }
}

/** For each digit: candidates below each value of it, counts, comparisons, and (not for the last) what is left. */
function selectRounds(
  tally: Tally,
  { choices, digit, addingRounds }: Extract<Operator, { kind: 'select' }>,
  width: number,
  tag: Tag,
  layout: Layout,
): void {
  const at = { ...tag }
  const bytes = layout.planeBytes
  const digits = Math.ceil(width / digit)
  const thresholds = thresholdCircuit(digit)
  const values = (2 ** digit - 1) * choices.length
  at.step += circuitRounds(tally, thresholds, at, digits * choices.length * bytes)
  tally.andGates += circuitStats(thresholds).ands * digits * choices.length * layout.lanes
  for (let k = 0; k < digits; k++) {
    tally.round(at, 0, values * bytes)
    at.step++
    // All that take part are counted with the first digit.
    at.step += countRounds(
      tally,
      k === 0 ? values + choices.length : values,
      at,
      bytes,
      addingRounds,
    )
    const circuit = lessThanZeroCircuit(tally.t + 1)
    at.step += signRounds(tally, circuit, at, planeBytes(values))
    tally.andGates += values * (layout.lanes + circuitStats(circuit).ands)
    if (k === digits - 1) return
    tally.round(at, 0, 2 * values * bytes)
    at.step++
    tally.andGates += 2 * values * layout.lanes
  }
}

/** Full adders of blocks, then the conversion of what is left. @returns the rounds */
function countRounds(
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
      return step + bitToFieldRounds(tally, bits, { ...tag, step: tag.step + step })
    }
    tally.round(tag, step, planes * adders * 16)
    tally.andGates += planes * adders * 128
    heap = [...heap, 0].map((count, w) => count - 2 * (thirds[w] ?? 0) + (thirds[w - 1] ?? 0))
  }
}
