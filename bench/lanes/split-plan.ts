/**
 * Lanes: one query on a table whose members are divided among several committees ("lanes"), each with
 * sessions and keys of its own, and one committee that puts their results together.
 *
 * A plan is cut where its values add up over disjoint sets of members. Every lane runs what comes before the
 * cut, on its rows: sums, and numbers of distinct members. It opens nothing: its output are shares, which stay
 * with its parties. Party i of the merging committee adds up what the parties i of all lanes have
 * (the same points of Shamir's polynomials, so this is local), and the rest of the plan runs once on the
 * sums: the comparison with kMin and what depends on it. So suppression is decided by the whole table, and
 * nobody learns anything of a lane. The querier's view is that of one committee.
 *
 * Secure against t semi-honest operators if whoever runs party i runs it in all lanes: t operators then have t
 * shares of everything. Lanes of different operators would have to re-share their results to the merging
 * committee (shares/reshare-field.ts).
 *
 * Cost besides the lanes': a comparison per group and two products per sum, at n = 3 in 12 rounds.
 */
import { CircuitBuilder } from '../../protocol/circuit-builder.ts'
import { type Circuit, evaluatePlain } from '../../protocol/circuit.ts'
import type { Operator, Plan, PlanParams, Ref } from '../../protocol/plan.ts'
import { refsOf, type Shape, stageOf, validatePlan } from '../../protocol/validate-plan.ts'

/** Column `i` of the merging committee's table holds the sum over the lanes of their output lane `i`. */
export const sumColumn = (i: number): string => `sum ${i}`

export interface SplitPlan {
  /** For every lane, with the lane's own parameters. */
  readonly lane: Plan
  /** Output lanes of `lane`. */
  readonly sums: number
  /** On a table of one row with a column for each sum. */
  readonly merge: Plan
}

/** What the merging committee computes on. */
export function mergeParams({
  committee,
  security,
  chunksInFlight,
  network,
}: PlanParams): PlanParams {
  const dataset = { name: MERGED, version: 1, chunks: [1], rowsPerMember: [[1, 1]] } as const
  return { committee, security, chunksInFlight, network, dataset }
}

const MERGED = 'lanes'

/** An operator whose value adds up over lanes. */
interface Additive {
  readonly op: number
  readonly operator: Extract<Operator, { kind: 'dot' | 'total' | 'count' | 'popcount' }>
  readonly lanes: number
}

/**
 * Cuts a plan.
 * @param kMin of the schema
 * @throws Error if the plan does not consist of sums and counts, cohorts that are compared with kMin, and what is
 *   made of these: extremes, ranks and sorted tables do not add up
 */
export function splitPlan(plan: Plan, params: PlanParams, kMin: number): SplitPlan {
  const shapes = validatePlan(plan, params)
  const additive = additiveOf(plan, shapes)
  const before = ancestorsOf(
    plan,
    additive.map(({ op }) => op),
  )
  return {
    lane: lanePlan(plan, additive, before),
    sums: additive.reduce((sum, { lanes }) => sum + lanes, 0),
    merge: mergePlan(plan, shapes, additive, before, kMin),
  }
}

function additiveOf(plan: Plan, shapes: readonly Shape[]): Additive[] {
  return plan.operators.flatMap((operator, op) => {
    if (operator.kind === 'dot' || operator.kind === 'total') {
      if (stageOf(plan, shapes, op) !== 'accumulate') return []
    } else if (operator.kind !== 'count' && operator.kind !== 'popcount') {
      return []
    }
    return [{ op, operator, lanes: shapes[op]!.lanes }]
  })
}

/** The operators that these read, and these. */
function ancestorsOf(plan: Plan, ops: readonly number[]): ReadonlySet<number> {
  const found = new Set(ops)
  for (let op = plan.operators.length - 1; op >= 0; op--) {
    if (found.has(op)) for (const ref of refsOf(plan.operators[op]!)) found.add(ref.op)
  }
  return found
}

/** Appends operators and knows what has become of which. */
class PlanWriter {
  readonly operators: Operator[] = []
  readonly #places = new Map<number, number>()

  /** @returns its index */
  push(operator: Operator): number {
    return this.operators.push(operator) - 1
  }

  /** Operator `op` of the old plan is operator `index` of this one. */
  place(op: number, index: number): void {
    this.#places.set(op, index)
  }

  /** Copies an operator of the old plan. */
  copy(op: number, operator: Operator): void {
    this.place(op, this.push(withRefs(operator, (ref) => this.#moved(ref))))
  }

  #moved({ op, part }: Ref): Ref {
    const place = this.#places.get(op)
    if (place === undefined) throw noLanes('it goes on with rows or members')
    return { op: place, part }
  }
}

/** Everything in a plan that has the form of a Ref is one. */
function withRefs<T>(value: T, moved: (ref: Ref) => Ref): T {
  if (Array.isArray(value)) return value.map((one) => withRefs(one as unknown, moved)) as T
  if (typeof value !== 'object' || value === null) return value
  if ('op' in value && 'part' in value) return moved(value as unknown as Ref) as T
  const entries = Object.entries(value).map(([key, one]) => [key, withRefs(one as unknown, moved)])
  return Object.fromEntries(entries) as T
}

function lanePlan(plan: Plan, additive: readonly Additive[], before: ReadonlySet<number>): Plan {
  const writer = new PlanWriter()
  const outputs: Ref[] = []
  for (const op of [...before].toSorted((a, b) => a - b)) {
    const operator = plan.operators[op]!
    writer.copy(op, operator)
    if (!additive.some((one) => one.op === op)) continue
    const at = writer.operators.length - 1
    outputs.push({
      op: operator.kind === 'popcount' ? numberOf(writer, at, operator.width) : at,
      part: 0,
    })
  }
  writer.push({ kind: 'output', inputs: outputs })
  return { version: 1, operators: writer.operators }
}

/** Binary numbers as field elements. */
function numberOf(writer: PlanWriter, op: number, width: number): number {
  const bits = writer.push({ kind: 'bit-to-field', inputs: partsOf(op, width) })
  return writer.push({
    kind: 'combine',
    inputs: partsOf(bits, width),
    coefficients: Array.from({ length: width }, (_, i) => String(2 ** i)),
  })
}

const partsOf = (op: number, count: number): Ref[] =>
  Array.from({ length: count }, (_, part) => ({ op, part }))

function mergePlan(
  plan: Plan,
  shapes: readonly Shape[],
  additive: readonly Additive[],
  before: ReadonlySet<number>,
  kMin: number,
): Plan {
  const writer = new PlanWriter()
  const counts = new Map<number, number>()
  let sum = 0
  for (const { op, operator, lanes } of additive) {
    const columns = Array.from({ length: lanes }, () =>
      writer.push({ kind: 'load-field', dataset: MERGED, column: sumColumn(sum++) }),
    )
    // One row: its total is the row itself, as slots.
    const total = writer.push({
      kind: 'total',
      inputs: columns.map((column) => ({ op: column, part: 0 })),
    })
    if (operator.kind === 'popcount') counts.set(op, total)
    else writer.place(op, total)
  }
  for (const [op, operator] of plan.operators.entries()) {
    if (before.has(op)) continue
    if (shapes[op]!.domain !== 'slots') throw noLanes('it goes on with rows or members')
    const total = counts.get(refsOf(operator)[0]?.op ?? -1)
    if (total === undefined) writer.copy(op, operator)
    else writer.place(op, cohort(writer, operator, total, kMin))
  }
  return { version: 1, operators: writer.operators }
}

/** Whether a count that is a field element now reaches kMin, instead of the circuit on its bits. */
function cohort(writer: PlanWriter, operator: Operator, count: number, kMin: number): number {
  if (operator.kind !== 'circuit' || !comparesWith(operator.circuit, kMin)) {
    throw noLanes('it does more with a count than to compare it with kMin')
  }
  const difference = writer.push({
    kind: 'combine',
    inputs: [{ op: count, part: 0 }],
    coefficients: ['1'],
    constant: String(-kMin),
  })
  const below = writer.push({ kind: 'less-than-zero', inputs: [{ op: difference, part: 0 }] })
  const builder = new CircuitBuilder()
  const circuit = builder.build([builder.not(builder.input())])
  return writer.push({ kind: 'circuit', inputs: [{ op: below, part: 0 }], circuit })
}

/** Whether the circuit is: the number reaches kMin. Tried around kMin and at every power of two. */
function comparesWith(circuit: Circuit, kMin: number): boolean {
  const { inputs } = circuit
  const powers = Array.from({ length: inputs }, (_, i) => 2 ** i)
  const tried = [0, kMin - 1, kMin, ...powers, ...powers.map((power) => power - 1)]
  return tried.every((count) => {
    const bits = Array.from({ length: inputs }, (_, i) => Math.floor(count / 2 ** i) % 2)
    const out = evaluatePlain(circuit, bits)
    return out.length === 1 && out[0] === Number(count >= kMin)
  })
}

function noLanes(why: string): Error {
  return new Error(`this plan has no lanes: ${why}`)
}
