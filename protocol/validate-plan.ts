/**
 * Checks a plan against its parameters before anything runs, and works out the shape of every value.
 * A node makes the plan itself, so this guards against defects of the compiler rather than against a
 * peer; but the parameters come from the coordinator, which may send anything.
 */
import { besideOf, datasetRows, storedDatasets } from './beside.ts'
import { validateCircuit } from './circuit.ts'
import { instancesOf } from './join-lanes.ts'
import type { Operator, Plan, PlanParams, Ref } from './plan.ts'
import { sectionsOf, type Section } from './sections.ts'
import { type Check, DECIMAL, isIndex, MAX_PARTS, membersOf, rowsOf, type Shape } from './shape.ts'
import { shapeOfArrangement, shapeOfNumbers } from './validate-arrangement.ts'
import { require, validateJoin, validateParams } from './validate-params.ts'
import { shapeOfReduction } from './validate-reduction.ts'

export { type Domain, memberClasses, membersOf, mostRowsOf, rowsOf, type Shape } from './shape.ts'

/**
 * When an operator runs: `batch` once per batch; `accumulate` locally in each batch and once more after
 * the last; `table` once, after the last batch.
 */
export type Stage = 'batch' | 'accumulate' | 'table'

const MAX_OPERATORS = 65_535
const MAX_GATES = 1 << 20
const MAX_STORED_PLANES = 64
const MAX_COUNT_PLANES = 32

/** Of a field element that is not negative. */
const MAX_DIGITS = 60

/** Of what the digits of a selection are worth. */
const MAX_DIGIT = 4
const MAX_ADDING_ROUNDS = 64
const MAX_SORT_DIGIT = 4
const MAX_DEPTH = 64

/** Whether an operator takes stored columns, or what is public of them. */
export function isLoad({ kind }: Operator): boolean {
  return kind === 'load-bits' || kind === 'load-field' || kind === 'load-match'
}

/** Operators that read planes over all rows at once, if they read rows. */
export const WHOLE_TABLE: ReadonlySet<Operator['kind']> = new Set([
  'any-row',
  'member-sum',
  'member-reduce',
  'popcount',
  'count',
  'extreme',
  'select',
  'sort',
  'append',
])

type LoadBits = Extract<Operator, { kind: 'load-bits' }>
type LoadField = Extract<Operator, { kind: 'load-field' }>

/** When operator `op` runs. @param shapes from `validatePlan` */
export function stageOf(plan: Plan, shapes: readonly Shape[], op: number): Stage {
  const operator = plan.operators[op]!
  if (operator.kind === 'dot' || operator.kind === 'total') {
    const first = refsOf(operator)[0]!
    return shapes[first.op]!.domain === 'rows' ? 'accumulate' : 'table'
  }
  return shapes[op]!.domain === 'rows' ? 'batch' : 'table'
}

/** All values that an operator reads, in order, repetitions included. */
export function refsOf(operator: Operator): readonly Ref[] {
  switch (operator.kind) {
    case 'load-bits':
    case 'load-field':
    case 'load-match':
    case 'load-beside':
    case 'constant':
    case 'enumerate':
    case 'member-number':
    case 'member-place':
    case 'member-rows':
      return []
    case 'multiply':
    case 'dot':
      return operator.pairs.flat()
    case 'gather':
      return operator.lanes.map(({ from }) => from)
    case 'extreme':
    case 'select':
      return operator.choices.flatMap(({ planes, among }) => [...planes, among])
    case 'append':
      return operator.parts.flat().filter((piece) => 'op' in piece)
    case 'table':
      return operator.columns.flatMap(({ planes, validity, field }) => [
        ...planes,
        ...[validity, field].filter((ref) => ref !== undefined),
      ])
    case 'permute':
      return [...operator.order, ...operator.inputs]
    case 'compact':
      return [operator.flag, ...operator.inputs]
    case 'circuit':
    case 'bit-to-field':
    case 'total':
    case 'any-row':
    case 'member-sum':
    case 'member-reduce':
    case 'popcount':
    case 'count':
    case 'combine':
    case 'less-than-zero':
    case 'equals-zero':
    case 'field-to-bits':
    case 'sort':
    case 'member-sort':
    case 'shift':
    case 'slice':
    case 'prefix-sum':
    case 'pick':
    case 'output':
      break
  }
  return operator.inputs
}

/**
 * Checks everything that can be checked without the data.
 * @returns the shape of each operator's value; that of `output` tells the number of lanes put out
 * @throws ShareholdError SH_PLAN_INVALID, SH_PROTOCOL_CIRCUIT
 */
export function validatePlan(plan: Plan, params: PlanParams): readonly Shape[] {
  validateParams(params)
  require(plan.version === 1, 'its version is unknown')
  const { operators, chunksInFlight = 1 } = plan
  require(isIndex(
    chunksInFlight - 1,
    params.chunksInFlight,
  ), 'it takes more chunks at a time than the parameters allow, or none')
  require(operators.length <= MAX_OPERATORS, 'it has too many operators')
  require(operators.at(-1)?.kind === 'output', 'it does not end with an output')
  validateJoin(plan.join, params)
  const shapes: Shape[] = []
  for (const section of sectionsOf(plan, params)) {
    for (let op = section.from; op < section.to; op++) {
      const operator = operators[op]!
      const check = (condition: boolean, what: string): void =>
        require(condition, `operator ${op} (${operator.kind}) ${what}`)
      check(operator.kind !== 'output' || op === operators.length - 1, 'is not the last')
      shapes.push(shapeOf(operator, shapes, section, check))
    }
  }
  return shapes
}

function shapeOf(
  operator: Operator,
  before: readonly Shape[],
  section: Section,
  check: Check,
): Shape {
  const { params } = section
  const refs = refsOf(operator)
  check(refs.length <= MAX_PARTS, 'reads too many values')
  const inputs = refs.map(({ op, part }) => {
    check(isIndex(op, before.length), 'reads an operator that is not before it')
    check(op >= section.from, 'reads an operator of another section')
    check(isIndex(part, before[op]!.parts), 'reads a part that is not there')
    return before[op]!
  })
  const rows = rowsOf(params)
  const instances = instancesOf(params)
  const isThere = ({ dataset, instance = dataset }: LoadBits | LoadField): boolean =>
    instances.some((one) => one.name === dataset && one.instance === instance)
  if (operator.kind === 'load-bits') {
    const { planes, validity } = operator
    check(isThere(operator), 'loads from another dataset')
    check(isIndex(planes, MAX_STORED_PLANES + 1) && (planes > 0 || validity), 'loads no planes')
    checkMade(section, operator, check)
    return { domain: 'rows', type: 'bits', parts: planes + (validity ? 1 : 0), lanes: rows }
  }
  if (operator.kind === 'load-field') {
    check(isThere(operator), 'loads from another dataset')
    checkMade(section, operator, check)
    return { domain: 'rows', type: 'field', parts: 1, lanes: rows }
  }
  if (operator.kind === 'load-match') {
    const { instance: name } = operator
    check(instances.length > 1, 'is for joins')
    const isNamed = name === undefined || instances.some(({ instance }) => instance === name)
    check(isNamed, 'is about another dataset')
    return { domain: 'rows', type: 'bits', parts: 1, lanes: rows }
  }
  if (operator.kind === 'load-beside') {
    const { planes, validity, dataset } = operator
    const found = besideOf(params, dataset)
    check(found !== undefined, 'loads from a dataset that does not stand beside the rows')
    check(isIndex(planes, MAX_STORED_PLANES + 1) && (planes > 0 || validity), 'loads no planes')
    const parts = planes + (validity ? 1 : 0)
    return { domain: 'slots', type: 'bits', parts, lanes: datasetRows(found!) }
  }

  if (operator.kind === 'constant') {
    const { length } = operator.lanes
    check(length > 0 && length <= MAX_PARTS, 'has no lanes, or too many')
    check(
      operator.lanes.every((lane) => DECIMAL.test(lane)),
      'has a lane that is no integer',
    )
    return { domain: 'slots', type: 'field', parts: 1, lanes: length }
  }

  if (
    operator.kind === 'enumerate' ||
    operator.kind === 'member-number' ||
    operator.kind === 'member-place' ||
    operator.kind === 'member-rows'
  ) {
    return shapeOfNumbers(operator, params, check)
  }

  if (operator.kind === 'table') {
    checkTable(operator, before, params, check)
    const lanes = operator.rows === 'members' ? membersOf(params) : rows
    return { domain: 'slots', type: 'bits', parts: 0, lanes }
  }

  const [first] = inputs
  check(first !== undefined, 'has no inputs')
  const { domain, type, lanes } = first!
  const demand = (wanted: Partial<Shape>): void => {
    for (const [name, value] of Object.entries(wanted)) {
      check(
        inputs.every((input) => input[name as keyof Shape] === value),
        `does not take inputs with another ${name} than ${value}`,
      )
    }
  }
  switch (operator.kind) {
    case 'circuit': {
      demand({ domain, type: 'bits', lanes })
      validateCircuit(operator.circuit)
      check(operator.circuit.inputs === inputs.length, 'has another number of inputs')
      check(operator.circuit.gates.length <= MAX_GATES, 'has too many gates')
      const parts = operator.circuit.outputs.length
      check(parts > 0 && parts <= MAX_PARTS, 'has no outputs, or too many')
      return { domain, type: 'bits', parts, lanes }
    }
    case 'bit-to-field':
      demand({ domain, type: 'bits', lanes })
      checkVia(operator, params, check)
      return { domain, type: 'field', parts: inputs.length, lanes }
    case 'multiply':
      demand({ domain, type: 'field', lanes })
      checkVia(operator, params, check)
      return { domain, type: 'field', parts: operator.pairs.length, lanes }
    case 'dot':
      demand({ domain, type: 'field', lanes })
      return { domain: 'slots', type: 'field', parts: 1, lanes: operator.pairs.length }
    case 'total':
      demand({ domain, type: 'field', lanes })
      return { domain: 'slots', type: 'field', parts: 1, lanes: inputs.length }
    case 'any-row':
      demand({ domain: 'rows', type: 'bits' })
      return { domain: 'members', type: 'bits', parts: inputs.length, lanes: membersOf(params) }
    case 'member-sum':
      demand({ domain: 'rows', type: 'field' })
      return { domain: 'members', type: 'field', parts: inputs.length, lanes: membersOf(params) }
    case 'member-reduce':
      demand({ domain: 'rows', type: 'bits' })
      return shapeOfReduction(operator, params, check)
    case 'popcount': {
      demand({ domain, type: 'bits' })
      check(domain !== 'slots', 'counts slots')
      const { width } = operator
      check(isIndex(width, MAX_COUNT_PLANES + 1) && lanes < 2 ** width, 'is too narrow or too wide')
      return { domain: 'slots', type: 'bits', parts: width, lanes: inputs.length }
    }
    case 'count':
      demand({ domain, type: 'bits' })
      check(domain !== 'slots', 'counts slots')
      check(isIndex(operator.addingRounds, MAX_ADDING_ROUNDS + 1), 'adds in too many rounds')
      return { domain: 'slots', type: 'field', parts: 1, lanes: inputs.length }
    case 'extreme':
    case 'select': {
      demand({ domain, type: 'bits', lanes })
      check(operator.kind === 'extreme' || domain !== 'slots', 'chooses from slots')
      const widths = operator.choices.map(({ planes }) => planes.length)
      check(
        widths.every((width) => isIndex(width - 1, MAX_STORED_PLANES)),
        'chooses from numbers without planes, or with too many',
      )
      if (operator.kind === 'select') checkRanks(operator, lanes, check)
      const parts = Math.max(...widths)
      return { domain: 'slots', type: 'bits', parts, lanes: operator.choices.length }
    }
    case 'sort': {
      demand({ domain, type: 'bits', lanes })
      const { key, digit } = operator
      check(key > 0 && isIndex(key, inputs.length + 1), 'has a key without planes, or too many')
      check(isIndex(digit - 1, MAX_SORT_DIGIT), 'sorts by too few or too many bits at a time')
      check(lanes < 2 ** 31, 'sorts too many lanes')
      return { domain: 'slots', type: 'bits', parts: inputs.length, lanes }
    }
    case 'member-sort': {
      demand({ domain: 'slots', type: 'bits', lanes: rows })
      const { key, depth } = operator
      check(key > 0 && isIndex(key, inputs.length + 1), 'has a key without planes, or too many')
      check(isIndex(depth, MAX_DEPTH + 1), 'compares in too many rounds')
      check(lanes < 2 ** 31, 'sorts too many lanes')
      return { domain, type: 'bits', parts: inputs.length, lanes }
    }
    case 'append':
    case 'shift':
    case 'slice':
    case 'prefix-sum':
    case 'permute':
    case 'compact':
      return shapeOfArrangement(operator, before, check)
    case 'combine':
      demand({ domain, type: 'field', lanes })
      check(
        operator.coefficients.length === inputs.length &&
          [...operator.coefficients, operator.constant ?? '0'].every((c) => DECIMAL.test(c)),
        'needs one decimal coefficient per input',
      )
      return { domain, type, parts: 1, lanes }
    case 'less-than-zero':
    case 'equals-zero':
      demand({ domain, type: 'field', lanes })
      return { domain, type: 'bits', parts: inputs.length, lanes }
    case 'field-to-bits': {
      demand({ domain, type: 'field', lanes })
      const { width } = operator
      check(isIndex(width - 1, MAX_DIGITS), 'makes no bits, or too many')
      const parts = width * inputs.length
      check(parts <= MAX_PARTS, 'makes too many planes')
      return { domain, type: 'bits', parts, lanes }
    }
    case 'gather':
      demand({ domain: 'slots', type })
      check(
        operator.lanes.every(({ lane }, k) => isIndex(lane, inputs[k]!.lanes)),
        'picks a lane that is not there',
      )
      return { domain, type, parts: 1, lanes: inputs.length }
    case 'pick':
      demand({ domain: 'slots', type, lanes })
      check(
        isIndex(operator.lanes.length - 1, MAX_PARTS) &&
          operator.lanes.every((lane) => lane === null || isIndex(lane, lanes)),
        'picks a lane that is not there, or none, or too many',
      )
      return { domain, type, parts: inputs.length, lanes: operator.lanes.length }
    case 'output':
      break
  }
  demand({ domain: 'slots', type: 'field' })
  const total = inputs.reduce((sum, input) => sum + input.lanes, 0)
  return { domain, type, parts: 1, lanes: total }
}

type Load = Extract<Operator, { kind: 'load-bits' | 'load-field' }>
type Table = Extract<Operator, { kind: 'table' }>

/** That the table of the section, if it has one, has a column in this encoding. */
function checkMade({ table }: Section, load: Load, check: Check): void {
  if (table === undefined) return
  const column = table.columns.find(({ name }) => name === load.column)
  check(column !== undefined, 'loads a column that the table lacks')
  const isMade =
    load.kind === 'load-field'
      ? column!.field !== undefined
      : load.planes === column!.planes.length && (!load.validity || column!.validity !== undefined)
  check(isMade, 'loads a column in an encoding that the table lacks')
}

function checkTable(
  { name, rows, columns }: Table,
  before: readonly Shape[],
  params: PlanParams,
  check: Check,
): void {
  check(
    !storedDatasets(params).some((dataset) => dataset.name === name),
    'has the name of a dataset',
  )
  check(columns.length <= MAX_PARTS, 'has too many columns')
  check(
    new Set(columns.map((column) => column.name)).size === columns.length,
    'has two columns of one name',
  )
  const isOf = (ref: Ref, type: Shape['type']): boolean => {
    const shape = before[ref.op]!
    const place =
      rows === 'members'
        ? shape.domain === 'members'
        : shape.domain === 'slots' && shape.lanes === rowsOf(params)
    return place && shape.type === type
  }
  for (const { planes, validity, field } of columns) {
    check(planes.length <= MAX_STORED_PLANES, 'has a column of too many planes')
    check(
      [...planes, ...(validity ? [validity] : [])].every((ref) => isOf(ref, 'bits')),
      'has planes of other lanes',
    )
    check(field === undefined || isOf(field, 'field'), 'has vectors of other lanes')
  }
}

/** At n=3 a king saves nothing, and bits are converted without products. */
function checkVia(
  { via }: { readonly via?: string },
  { committee }: PlanParams,
  check: Check,
): void {
  check(via === undefined || (via === 'king' && committee.n > 3), 'goes through a king of no use')
}

/** Whatever is compared with a rank fits 61 bits and a sign. */
function checkRanks(
  { choices, digit, addingRounds }: Extract<Operator, { kind: 'select' }>,
  lanes: number,
  check: Check,
): void {
  check(isIndex(digit - 1, MAX_DIGIT), 'finds too few or too many bits at a time')
  check(isIndex(addingRounds, MAX_ADDING_ROUNDS + 1), 'adds in too many rounds')
  for (const { times, plus, over } of choices) {
    const natural = [times, plus, over].every((value) => isIndex(value, 2 ** 53)) && over > 0
    check(natural, 'has a rank that is not made of natural numbers')
    const most = BigInt(times) * BigInt(lanes) + BigInt(plus) + BigInt(over) * BigInt(lanes + 1)
    check(most < 2n ** 60n, 'has a rank that is too large')
  }
}
