/**
 * Shapes of the operators that bring lanes into another order, or make public ones. Part of validate-plan.ts.
 */
import type { Operator, PlanParams, Ref } from './plan.ts'
import { enumerationLanes, enumerationPlanes, planesBelow } from './public-planes.ts'
import {
  type Check,
  DECIMAL,
  isIndex,
  MAX_PARTS,
  membersOf,
  mostRowsOf,
  rowsOf,
  type Shape,
} from './shape.ts'

/** Lanes of a value. */
const MAX_LANES = 2 ** 31

/** Planes of public numbers. */
const MAX_NUMBER_PLANES = 32

type Numbers = Extract<
  Operator,
  { kind: 'enumerate' | 'member-number' | 'member-place' | 'member-rows' }
>

/** Public numbers. */
export function shapeOfNumbers(operator: Numbers, params: PlanParams, check: Check): Shape {
  if (operator.kind === 'member-number') {
    const planes = planesBelow(membersOf(params) + 1)
    check(planes > 0, 'has no members to number')
    return { domain: 'slots', type: 'bits', parts: planes, lanes: rowsOf(params) }
  }
  if (operator.kind === 'member-place') {
    const planes = placePlanes(params)
    return { domain: 'slots', type: 'bits', parts: planes, lanes: rowsOf(params) }
  }
  if (operator.kind === 'member-rows') {
    const planes = Math.max(1, planesBelow(mostRowsOf(params) + 1))
    return { domain: 'members', type: 'bits', parts: planes, lanes: membersOf(params) }
  }
  const { sizes } = operator
  check(
    sizes.every((size) => isIndex(size, MAX_LANES) && size > 0),
    'has a digit of no value, or of too many',
  )
  const lanes = enumerationLanes(sizes)
  check(lanes < MAX_LANES, 'enumerates too many lanes')
  const planes = enumerationPlanes(sizes)
  check(isIndex(planes - 1, MAX_NUMBER_PLANES), 'enumerates numbers without planes, or of too many')
  return { domain: 'slots', type: 'bits', parts: planes, lanes }
}

/** Planes of a row's place among those of its member. */
export function placePlanes(params: PlanParams): number {
  return Math.max(1, planesBelow(mostRowsOf(params)))
}

type Arrangement = Extract<
  Operator,
  { kind: 'append' | 'shift' | 'slice' | 'prefix-sum' | 'permute' | 'compact' }
>

/** @param before shapes of the operators before; what is read of them has been checked to be there */
export function shapeOfArrangement(
  operator: Arrangement,
  before: readonly Shape[],
  check: Check,
): Shape {
  const shapeAt = ({ op }: Ref): Shape => before[op]!
  if (operator.kind === 'append') return shapeOfAppend(operator, shapeAt, check)
  const { inputs } = operator
  check(inputs.length > 0, 'has no inputs')
  const { type, lanes } = shapeAt(inputs[0]!)
  const read = operator.kind === 'compact' ? [...inputs, operator.flag] : inputs
  check(
    read.every((ref) => shapeAt(ref).domain === 'slots' && shapeAt(ref).lanes === lanes),
    'does not read slots of one length',
  )
  check(
    inputs.every((ref) => shapeAt(ref).type === type),
    'mixes bits and field elements',
  )
  const own = { domain: 'slots', type, parts: inputs.length } as const
  switch (operator.kind) {
    case 'shift':
      check(isIndex(Math.abs(operator.by), MAX_LANES), 'moves lanes too far')
      return { ...own, lanes }
    case 'slice': {
      const { from, to } = operator
      check(isIndex(to, lanes + 1) && isIndex(from, to), 'cuts out lanes that are not there')
      return { ...own, lanes: to - from }
    }
    case 'prefix-sum':
      return { ...own, lanes }
    case 'permute': {
      const { order } = operator
      check(
        order.every((ref) => {
          const shape = shapeAt(ref)
          return shape.domain === 'slots' && shape.type === 'bits' && shape.lanes === lanes
        }),
        'has an order that is not bits of the same lanes',
      )
      check(
        isIndex(order.length - 1, MAX_NUMBER_PLANES) &&
          order.length === Math.max(1, planesBelow(lanes)),
        'has an order of another number of planes than its lanes take',
      )
      return { ...own, lanes }
    }
    case 'compact':
      check(shapeAt(operator.flag).type === 'bits', 'has a flag that is no bit')
      check(isIndex(operator.count - 1, lanes), 'keeps no lanes, or more than there are')
      return { ...own, lanes: operator.count }
  }
}

function shapeOfAppend(
  { parts }: Extract<Operator, { kind: 'append' }>,
  shapeAt: (ref: Ref) => Shape,
  check: Check,
): Shape {
  const refs = parts.flat().filter((piece) => 'op' in piece)
  const types = new Set(refs.map((ref) => shapeAt(ref).type))
  check(types.size === 1, 'appends bits to field elements')
  const [type] = types
  check(
    refs.every((ref) => shapeAt(ref).domain !== 'members'),
    'appends lanes of members',
  )
  const lengths = parts.map((pieces) =>
    pieces.reduce((sum, piece) => {
      if ('op' in piece) return sum + shapeAt(piece).lanes
      check(isIndex(piece.lanes, MAX_LANES), 'appends too many lanes')
      const possible = type === 'bits' ? /^[01]$/u : DECIMAL
      check(possible.test(piece.value), 'appends a value that is none')
      return sum + piece.lanes
    }, 0),
  )
  const [lanes] = lengths
  check(
    parts.length <= MAX_PARTS && lengths.every((one) => one === lanes),
    'has parts of different lengths',
  )
  check(isIndex(lanes!, MAX_LANES), 'appends too many lanes')
  return { domain: 'slots', type: type!, parts: parts.length, lanes: lanes! }
}
