/** Random well-formed plans with random tables, from a seed. */
import { CircuitBuilder, type Wire } from '../../protocol/circuit-builder.ts'
import { add, lessThan, lessThanConstant, oneHot } from '../../protocol/circuit-gadgets.ts'
import type { Circuit } from '../../protocol/circuit.ts'
import { levelsFor } from '../../protocol/member-reduce.ts'
import type { Operator, Plan, PlanParams, Ref } from '../../protocol/plan.ts'
import { tableParams } from '../../protocol/sections.ts'
import { type Domain, mostRowsOf, type Shape, validatePlan } from '../../protocol/validate-plan.ts'

import type { PlainBeside, PlainColumn, PlainJoined } from './ideal.ts'
import { randomJoin } from './random-join.ts'
import { paramsFor } from './run-plan.ts'
import { randomWords } from './sharing.ts'

export interface RandomCase {
  readonly plan: Plan
  readonly params: PlanParams
  readonly columns: Readonly<Record<string, PlainColumn>>
  readonly memberOfRow: Uint32Array
  /** Of a join. */
  readonly joined?: PlainJoined
  readonly beside?: PlainBeside
}

const PLANES = 5

/** @param joins whether it may be a join, and have a dataset beside the rows */
export function randomCase(n: number, seed: number, joins = false): RandomCase {
  const words = randomWords(4000, 'case', seed)
  let next = 0
  const below = (limit: number): number => Number(words[next++ % words.length]! % BigInt(limit))
  const pick = <T>(from: readonly T[]): T => from[below(from.length)]!

  const chunks = Array.from({ length: 1 + below(5) }, () => 1 + below(pick([3, 150, 400])))
  const rows = chunks.reduce((sum, chunk) => sum + chunk, 0)
  const members = 1 + below(rows)
  const memberOfRow = Uint32Array.from({ length: rows }, (_, row) =>
    row < members ? row : below(members),
  )
  const columnOf = (length: number): PlainColumn => {
    const codes = Array.from({ length }, () => (below(6) === 0 ? null : below(2 ** PLANES)))
    return { codes, values: codes.map((code) => (code === null ? null : code - 9)) }
  }
  const columns = { a: columnOf(rows), b: columnOf(rows) }
  const single = paramsFor(n, chunks, memberOfRow, 1 + below(3))
  const isJoin = joins && below(2) === 0
  const join = isJoin ? randomJoin(below, single, columns, memberOfRow, columnOf) : undefined
  const places = joins && below(2) === 0 ? 1 + below(200) : undefined
  const params = { ...(join?.params ?? single), ...besideParams(places, below) }
  const beside = places === undefined ? undefined : { places: { a: columnOf(places) } }
  const header = join === undefined ? {} : { join: join.join }

  const operators: Operator[] = [
    { kind: 'load-bits', dataset: 'trips', column: 'a', planes: PLANES, validity: true },
    { kind: 'load-field', dataset: 'trips', column: 'b' },
    { kind: 'load-bits', dataset: 'trips', column: 'b', planes: PLANES, validity: below(2) === 1 },
  ]
  if (join !== undefined) {
    operators.push(
      { kind: 'load-match' },
      { kind: 'load-match', instance: pick(['trips', 'people']) },
      { kind: 'load-bits', dataset: 'people', column: 'a', planes: PLANES, validity: true },
      { kind: 'load-field', dataset: 'people', column: 'b' },
    )
    for (const { name: dataset, instance } of [params.dataset, ...(params.joined ?? [])]) {
      if (instance === undefined) continue
      operators.push(
        { kind: 'load-bits', dataset, instance, column: 'a', planes: PLANES, validity: true },
        { kind: 'load-field', dataset, instance, column: 'b' },
      )
    }
  }
  if (places !== undefined) {
    const load = { dataset: 'places', column: 'a', planes: PLANES, validity: below(2) === 0 }
    operators.push({ kind: 'load-beside', ...load })
  }
  let loads = operators.length
  /** Where the section begins: nothing before is read. */
  let start = 0
  let ofSection = params
  const shapes = (): readonly Shape[] => {
    const total: Operator = { kind: 'total', inputs: [{ op: start + 1, part: 0 }] }
    const output: Operator = { kind: 'output', inputs: [{ op: operators.length, part: 0 }] }
    return validatePlan(
      { version: 1, ...header, operators: [...operators, total, output] },
      params,
    ).slice(0, operators.length)
  }
  /** All references to values of this kind, with equal lanes if they lie in slots. */
  const refs = (type: Shape['type'], domains: readonly Domain[]): Ref[] => {
    const all = shapes()
      .map((shape, op) => ({ shape, op }))
      .filter(({ op }) => op >= start)
      .filter(({ shape }) => shape.type === type && domains.includes(shape.domain))
    if (all.length === 0) return []
    const { shape: model } = pick(all)
    return all
      .filter(({ shape }) => shape.domain === model.domain && shape.lanes === model.lanes)
      .flatMap(({ shape, op }) => Array.from({ length: shape.parts }, (_, part) => ({ op, part })))
  }
  const some = (from: readonly Ref[], most: number): [Ref, ...Ref[]] | undefined => {
    if (from.length === 0) return undefined
    return [pick(from), ...Array.from({ length: below(most) }, () => pick(from))]
  }
  const via = (): { readonly via?: 'king' } => (n > 3 && below(2) === 0 ? { via: 'king' } : {})
  const anyDomain: readonly Domain[] = ['rows', 'members', 'slots']

  /** An order that the plan has made itself, and what is to be moved by it. */
  const reorder = (): Operator | undefined => {
    const inputs = some(refs(pick(['bits', 'field']), ['slots']), 3)
    if (inputs === undefined) return undefined
    const { lanes } = shapes()[inputs[0].op]!
    if (lanes < 2) return undefined
    const keys = some(
      refs('bits', ['slots']).filter(({ op }) => shapes()[op]!.lanes === lanes),
      2,
    )
    const numbers = operators.push({ kind: 'enumerate', sizes: [lanes] }) - 1
    const planes = shapes()[numbers]!.parts
    const order = Array.from({ length: planes }, (_, part) => ({ op: numbers, part }))
    if (below(2) === 0) {
      const key = keys?.length ?? 1
      const by = keys ?? [order[0]!]
      operators.push({ kind: 'sort', inputs: [...by, ...order], key, digit: 1 + below(3) })
      const sorted = operators.length - 1
      const moved = Array.from({ length: planes }, (_, k) => ({ op: sorted, part: key + k }))
      return { kind: 'permute', inputs, order: moved, direction: pick(['from', 'to']) }
    }
    // As many flags as the numbers with a 1 in their lowest place.
    operators.push({
      kind: 'sort',
      inputs: [planes > 1 ? order[1]! : order[0]!, order[0]!],
      key: 1,
      digit: 1,
    })
    const flag = { op: operators.length - 1, part: 1 }
    return { kind: 'compact', inputs, flag, count: Math.floor(lanes / 2) }
  }

  const makers: (() => Operator | undefined)[] = [
    () => {
      const inputs = some(refs('bits', anyDomain), 8)
      return inputs && { kind: 'circuit', inputs, circuit: randomCircuit(inputs.length, below) }
    },
    () => {
      const inputs = some(refs('bits', anyDomain), 3)
      return inputs && { kind: 'bit-to-field', inputs, ...via() }
    },
    () => {
      const from = refs('field', anyDomain)
      const pairs = some(from, 3)?.map((ref) => [ref, pick(from)] as const)
      return pairs && { kind: 'multiply', pairs, ...via() }
    },
    () => {
      const from = refs('field', anyDomain)
      const pairs = some(from, 4)?.map((ref) => [ref, pick(from)] as const)
      return pairs && { kind: 'dot', pairs }
    },
    () => {
      const inputs = some(refs('field', anyDomain), 4)
      return inputs && { kind: 'total', inputs }
    },
    () => {
      const inputs = some(refs('bits', ['rows']), 3)
      return inputs && { kind: 'any-row', inputs }
    },
    () => {
      const inputs = some(refs('field', ['rows']), 3)
      return inputs && { kind: 'member-sum', inputs }
    },
    () => {
      const inputs = some(refs('bits', ['rows']), 3)
      const most = mostRowsOf(ofSection)
      let width = inputs?.length ?? 0
      const circuits = Array.from({ length: levelsFor(most) }, () => {
        const wider = width + below(3)
        const circuit = randomCircuit(2 * width, below, wider)
        width = wider
        return circuit
      })
      return inputs && { kind: 'member-reduce', inputs, circuits }
    },
    () => ({ kind: 'member-rows' }),
    () => {
      const inputs = some(refs('bits', ['rows', 'members']), 4)
      return inputs && { kind: 'popcount', inputs, width: 13 + below(2) }
    },
    () => {
      const inputs = some(refs('bits', ['rows', 'members']), 4)
      return inputs && { kind: 'count', inputs, addingRounds: below(6) }
    },
    () => ({
      kind: 'constant',
      lanes: Array.from({ length: 1 + below(3) }, () => `${below(9) - 4}`),
    }),
    () => {
      const inputs = some(refs('field', anyDomain), 4)
      const coefficients = inputs?.map(() => `${below(2000) - 1000}`)
      const constant = below(2) === 1 ? { constant: `${below(100) - 50}` } : {}
      return inputs && coefficients && { kind: 'combine', inputs, coefficients, ...constant }
    },
    () => {
      const extreme = below(2) === 0
      const from = refs('bits', extreme ? anyDomain : ['rows', 'members'])
      if (from.length === 0) return undefined
      const choice = () => ({ planes: some(from, 5)!, among: pick(from) })
      const choices = Array.from({ length: 1 + below(3) }, choice)
      if (extreme) {
        return {
          kind: 'extreme',
          choices: choices.map((one) => ({ ...one, largest: below(2) === 0 })),
        }
      }
      const ranked = choices.map((one) => {
        const over = 1 + below(5)
        return { ...one, times: below(over + 1), plus: below(4), over }
      })
      return { kind: 'select', choices: ranked, digit: 1 + below(4), addingRounds: below(4) }
    },
    () => {
      const inputs = some(refs('bits', anyDomain), 6)
      if (inputs === undefined) return undefined
      return { kind: 'sort', inputs, key: 1 + below(inputs.length), digit: 1 + below(4) }
    },
    () => {
      const inputs = some(refs('field', anyDomain), 2)
      return inputs && { kind: pick(['less-than-zero', 'equals-zero']), inputs }
    },
    () => {
      const inputs = some(refs('field', anyDomain), 2)
      return inputs && { kind: 'field-to-bits', inputs, width: 1 + below(60) }
    },
    () => ({
      kind: 'enumerate',
      sizes: [2 + below(5), ...Array.from({ length: below(3) }, () => 1 + below(5))],
    }),
    () => ({ kind: 'member-number' }),
    () => ({ kind: 'member-place' }),
    () => {
      const inputs = some(refs('bits', ['rows', 'slots']), 6)
      if (inputs === undefined) return undefined
      operators.push({ kind: 'append', parts: inputs.map((ref) => [ref]) })
      const op = operators.length - 1
      if (shapes()[op]!.lanes !== shapes()[start]!.lanes) return undefined
      const moved = inputs.map((_, part) => ({ op, part }))
      return {
        kind: 'member-sort',
        inputs: moved,
        key: 1 + below(moved.length),
        depth: below(6),
      }
    },
    () => {
      const from = refs(pick(['bits', 'field']), ['rows', 'slots'])
      const type = from[0] === undefined ? 'bits' : shapes()[from[0].op]!.type
      const first = some(from, 3)
      const known = { lanes: below(200), value: `${below(2) - (type === 'bits' ? 0 : 1)}` }
      const pieces = first && (below(2) === 0 ? [known, ...first] : [...first, known])
      const second = first?.map(() => pick(from))
      const other = below(2) === 0 ? [known, ...(second ?? [])] : [...(second ?? []), known]
      return pieces && { kind: 'append', parts: [pieces, other] }
    },
    () => {
      const inputs = some(refs(pick(['bits', 'field']), ['slots']), 3)
      return inputs && { kind: 'shift', inputs, by: below(300) - 150 }
    },
    () => {
      const inputs = some(refs(pick(['bits', 'field']), ['slots']), 3)
      if (inputs === undefined) return undefined
      const { lanes } = shapes()[inputs[0].op]!
      const from = below(lanes)
      return { kind: 'slice', inputs, from, to: from + 1 + below(lanes - from) }
    },
    () => {
      const inputs = some(refs(pick(['bits', 'field']), ['slots']), 3)
      return inputs && { kind: 'prefix-sum', inputs }
    },
    reorder,
    reorder,
    () => {
      const all = shapes()
      const inputs = some(refs(pick(['bits', 'field']), ['slots']), 4)
      const lanes = inputs?.map((from) => ({ from, lane: below(all[from.op]!.lanes) }))
      return lanes && { kind: 'gather', lanes }
    },
  ]
  makers.push(() => {
    const inputs = some(refs(pick(['bits', 'field']), ['slots']), 3)
    if (inputs === undefined) return undefined
    const { lanes: all } = shapes()[inputs[0].op]!
    const lanes = Array.from({ length: 1 + below(5) }, () => (below(4) === 0 ? null : below(all)))
    return { kind: 'pick', inputs, lanes }
  })
  const grow = (): void => {
    const wanted = 3 + below(9)
    for (let tries = 0; tries < 60 && operators.length < loads + wanted; tries++) {
      const operator = pick(makers)()
      if (operator !== undefined) operators.push(operator)
    }
  }
  /** A table of members, or of rows, and the loads of its columns. */
  const endSection = (): void => {
    const ofMembers = below(2) === 0
    const load = (type: Shape['type']): Ref[] => {
      const of = refs(type, ['rows']).filter(({ op }) => op === start || op === start + 1)
      return some(of, 2) ?? []
    }
    const [bits, field] = [load('bits'), load('field')]
    operators.push(
      ofMembers
        ? { kind: 'any-row', inputs: bits }
        : { kind: 'append', parts: bits.map((ref) => [ref]) },
      ofMembers
        ? { kind: 'member-sum', inputs: field }
        : { kind: 'append', parts: field.map((ref) => [ref]) },
    )
    const at = operators.length
    const planes = bits.map((_, part) => ({ op: at - 2, part }))
    const name = `table ${start}`
    // What is NULL is 0.
    const nullable = planes.length === 1 && below(2) === 0
    const validity = nullable ? { validity: planes[0]! } : {}
    operators.push(
      {
        kind: 'table',
        name,
        rows: ofMembers ? 'members' : 'rows',
        columns: [
          { name: 'x', planes, ...validity },
          { name: 'y', planes: [], field: { op: at - 1, part: below(field.length) } },
        ],
      },
      { kind: 'load-bits', dataset: name, column: 'x', planes: planes.length, validity: nullable },
      { kind: 'load-field', dataset: name, column: 'y' },
    )
    start = at + 1
    ofSection = tableParams({ name, rows: ofMembers ? 'members' : 'rows' }, ofSection)
    loads = operators.length
  }
  for (let sections = below(3); sections > 0; sections--) {
    if (below(2) === 0) grow()
    endSection()
  }
  grow()
  // Whatever bits came out last is converted, so that it is seen.
  const slots = refs('bits', ['slots'])
  if (slots.length > 0) operators.push({ kind: 'bit-to-field', inputs: slots.slice(-3) })
  operators.push({ kind: 'total', inputs: [{ op: start + 1, part: 0 }] })
  const seen = shapes().flatMap((shape, op) =>
    op >= start && shape.domain === 'slots' && shape.type === 'field'
      ? Array.from({ length: shape.parts }, (_, part) => ({ op, part }))
      : [],
  )
  operators.push({ kind: 'output', inputs: seen })
  const plan: Plan = { version: 1, ...header, operators }
  return {
    plan,
    params,
    columns,
    memberOfRow,
    ...(join === undefined ? {} : { joined: join.joined }),
    ...(beside === undefined ? {} : { beside }),
  }
}

/** Some rows in one or two chunks. */
function besideParams(
  rows: number | undefined,
  below: (limit: number) => number,
): Pick<PlanParams, 'beside'> {
  if (rows === undefined) return {}
  const first = 1 + below(rows)
  const chunks = first === rows ? [rows] : [first, rows - first]
  return { beside: [{ name: 'places', version: 3, chunks, rowsPerMember: [[1, rows]] }] }
}

function randomCircuit(
  inputs: number,
  below: (limit: number) => number,
  outputs = 1 + below(4),
): Circuit {
  const b = new CircuitBuilder()
  const wires: Wire[] = b.inputs(inputs)
  const any = (): Wire => wires[below(wires.length)]!
  const number = (): Wire[] => Array.from({ length: 1 + below(4) }, any)
  for (let k = below(5); k >= 0; k--) {
    const made = [
      () => [b.and(any(), any()), b.or(any(), b.not(any()))],
      () => [b.xor(any(), any()), b.mux(any(), any(), any())],
      () => [lessThan(b, number(), number())],
      () => [lessThanConstant(b, number(), below(17))],
      () => add(b, number(), number()),
      () => oneHot(b, number(), [0, below(8), below(8)]),
    ][below(6)]!()
    wires.push(...made)
  }
  return b.build(Array.from({ length: outputs }, any))
}
