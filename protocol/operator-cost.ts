/**
 * The rounds of one operator, by kind. Part of cost.ts.
 */
import { extremeRounds, selectRounds } from './choose-cost.ts'
import { type Circuit, circuitStats } from './circuit.ts'
import { flatLayout, type Layout, tableLayout } from './layout.ts'
import type { Tag } from './party.ts'
import type { Operator, PlanParams } from './plan.ts'
import { compactRounds, memberSortRounds, permuteRounds } from './reorder-cost.ts'
import { equalsZeroCircuit, fieldToBitsCircuit, lessThanZeroCircuit } from './share-split.ts'
import {
  anyRowRounds,
  countRounds,
  memberReduceRounds,
  popcountRounds,
  sortRounds,
} from './table-cost.ts'
import { bitToFieldRounds, circuitRounds, multiplyRounds, signRounds, type Tally } from './tally.ts'
import type { Shape } from './validate-plan.ts'

/** Operators that split shares (share-split.ts). */
type Split = Extract<Operator, { kind: 'less-than-zero' | 'equals-zero' | 'field-to-bits' }>

export function laneWise(tally: Tally, operator: Operator, tag: Tag, layout: Layout): void {
  const { t } = tally
  const { lanes } = layout
  if (operator.kind === 'circuit') {
    circuitRounds(tally, operator.circuit, tag, layout.planeBytes)
    tally.andGates += circuitStats(operator.circuit).ands * lanes
  }
  if (operator.kind === 'multiply') {
    multiplyRounds(tally, operator.pairs.length * lanes, tag, 0, operator.via)
  }
  if (operator.kind === 'bit-to-field') {
    bitToFieldRounds(tally, operator.inputs.length, layout, tag, operator.via)
  }
  if (
    operator.kind === 'less-than-zero' ||
    operator.kind === 'equals-zero' ||
    operator.kind === 'field-to-bits'
  ) {
    const circuit = splitCircuit(operator, t + 1)
    signRounds(tally, circuit, tag, operator.inputs.length * layout.planeBytes)
    tally.andGates += circuitStats(circuit).ands * operator.inputs.length * lanes
  }
}

function splitCircuit(operator: Split, summands: number): Circuit {
  switch (operator.kind) {
    case 'less-than-zero':
      return lessThanZeroCircuit(summands)
    case 'equals-zero':
      return equalsZeroCircuit(summands)
    case 'field-to-bits':
      return fieldToBitsCircuit(summands, operator.width)
  }
}

export function wholeTable(
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
    case 'member-reduce':
      memberReduceRounds(tally, operator.circuits, tag, params)
      return
    case 'popcount':
    case 'count': {
      const { domain, lanes } = shapes[operator.inputs[0]!.op]!
      const layout = domain === 'rows' ? tableLayout(params) : flatLayout(lanes)
      const planes = operator.inputs.length
      if (operator.kind === 'popcount') popcountRounds(tally, planes, operator.width, tag, layout)
      else countRounds(tally, planes, tag, layout.planeBytes, operator.addingRounds)
      return
    }
    case 'extreme':
    case 'select': {
      const { domain, lanes } = shapes[operator.choices[0]!.among.op]!
      const layout = domain === 'rows' ? tableLayout(params) : flatLayout(lanes)
      const { parts: width } = shapes[tag.op]!
      const choices = operator.choices.length
      if (operator.kind === 'extreme')
        extremeRounds(tally, choices, width, tag, layout, params.network)
      else selectRounds(tally, operator, width, tag, layout)
      return
    }
    case 'sort':
      sortRounds(tally, operator, tag, shapes[tag.op]!.lanes)
      return
    case 'member-sort':
      memberSortRounds(tally, operator, tag, params)
      return
    case 'circuit':
    case 'multiply':
    case 'bit-to-field':
    case 'less-than-zero':
    case 'equals-zero':
    case 'field-to-bits':
      laneWise(tally, operator, tag, flatLayout(shapes[operatorInput(operator)]!.lanes))
      return
    case 'permute':
      permuteRounds(tally, operator, tag, shapes[tag.op]!)
      return
    case 'compact':
      compactRounds(tally, operator, tag, shapes[operator.flag.op]!.lanes, shapes[tag.op]!.type)
      return
    case 'load-bits':
    case 'load-field':
    case 'load-match':
    case 'load-beside':
    case 'enumerate':
    case 'member-number':
    case 'member-place':
    case 'member-rows':
    case 'member-sum':
    case 'table':
    case 'append':
    case 'shift':
    case 'slice':
    case 'prefix-sum':
    case 'constant':
    case 'total':
    case 'combine':
    case 'gather':
    case 'pick':
    case 'output':
      return
  }
}

/** An operator whose value has the lanes of this one. */
function operatorInput(
  operator: Extract<Operator, { kind: 'circuit' | 'multiply' | 'bit-to-field' | Split['kind'] }>,
): number {
  return operator.kind === 'multiply' ? operator.pairs[0]![0].op : operator.inputs[0]!.op
}
