/**
 * Runs the operators that bring lanes into another order, or make public ones. Part of
 * run-operator.ts.
 */
import type { Arena } from '../shares/field/memory.ts'
import { prefixSum } from '../shares/field/vector.ts'
import type { BitShare } from '../shares/replicated.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import {
  appendBits,
  appendField,
  prefixBits,
  shiftBits,
  shiftField,
  sliceBits,
  sliceField,
  type Stretch,
} from './arrange.ts'
import { compact } from './compact.ts'
import { gatherLanes, placeLanes } from './gather.ts'
import { tableLayout } from './layout.ts'
import { placesWithin, sortWithinMembers } from './member-sort.ts'
import { vectorOrder } from './member-sum.ts'
import { packRows, unpackRows } from './packed-rows.ts'
import type { Tag } from './party.ts'
import { permute } from './permute.ts'
import type { Operator, Piece, Ref } from './plan.ts'
import { enumerate, planesBelow, publicPlanes } from './public-planes.ts'
import { rowOrder, rowsByMember, rowsOfMembers } from './row-order.ts'
import {
  bitValue,
  fieldValue,
  planeOf,
  type Run,
  type Value,
  type Values,
  vectorOf,
} from './run-value.ts'
import { membersOf } from './shape.ts'
import type { Rows } from './shuffle.ts'

type Arrangement = Extract<
  Operator,
  {
    kind:
      | 'enumerate'
      | 'member-number'
      | 'member-place'
      | 'member-sort'
      | 'member-rows'
      | 'append'
      | 'shift'
      | 'slice'
      | 'prefix-sum'
      | 'permute'
      | 'compact'
  }
>

/** @param arena owns the value */
export async function runArrangement(
  run: Run,
  operator: Arrangement,
  tag: Tag,
  arena: Arena,
  values: Values,
): Promise<Value> {
  const { party, params, memberOfRow, shapes } = run
  const own = shapes[tag.op]!
  switch (operator.kind) {
    case 'enumerate':
      return bitValue(arena, enumerate(party, arena, operator.sizes))
    case 'member-number': {
      const members = membersOf(params)
      const order = rowsByMember(memberOfRow, members)
      const numbers = order?.map((row) => memberOfRow[row]!) ?? memberOfRow
      return bitValue(arena, publicPlanes(party, arena, numbers, planesBelow(members + 1)))
    }
    case 'member-place': {
      const places = placesWithin(rowsOfMembers(memberOfRow, membersOf(params)))
      return bitValue(arena, publicPlanes(party, arena, places, own.parts))
    }
    case 'member-sort': {
      const planes = operator.inputs.map((ref) => planeOf(values, ref))
      const rows = rowsOfMembers(memberOfRow, membersOf(params))
      return bitValue(arena, await sortWithinMembers(party, arena, tag, planes, rows, operator))
    }
    case 'member-rows':
      return bitValue(
        arena,
        publicPlanes(party, arena, rowsOfMembers(memberOfRow, own.lanes), own.parts),
      )
    case 'append': {
      if (own.type === 'bits') {
        const parts = operator.parts.map((pieces) => appendPlanes(run, arena, pieces, values))
        return bitValue(arena, parts)
      }
      const parts = operator.parts.map((pieces) => appendVectors(run, arena, pieces, values))
      return fieldValue(arena, parts)
    }
    case 'shift': {
      const { inputs, by } = operator
      return own.type === 'bits'
        ? bitValue(
            arena,
            inputs.map((ref) => shiftBits(party, arena, planeOf(values, ref), own.lanes, by)),
          )
        : fieldValue(
            arena,
            inputs.map((ref) => shiftField(arena, vectorOf(values, ref), by)),
          )
    }
    case 'slice': {
      const { inputs, from, to } = operator
      return own.type === 'bits'
        ? bitValue(
            arena,
            inputs.map((ref) => sliceBits(party, arena, planeOf(values, ref), from, to)),
          )
        : fieldValue(
            arena,
            inputs.map((ref) => sliceField(arena, vectorOf(values, ref), from, to)),
          )
    }
    case 'prefix-sum': {
      if (own.type === 'bits') {
        const planes = operator.inputs.map((ref) => planeOf(values, ref))
        return bitValue(
          arena,
          planes.map((plane) => prefixBits(party, arena, plane)),
        )
      }
      const sums = operator.inputs.map((ref) => {
        const out = arena.elements(own.lanes)
        prefixSum(out, vectorOf(values, ref))
        return asShamirShare(out)
      })
      return fieldValue(arena, sums)
    }
    case 'permute': {
      const order = operator.order.map((ref) => planeOf(values, ref))
      const { inputs, direction } = operator
      return moveRows(run, arena, inputs, values, (rows, scratch) =>
        permute(party, scratch, tag, rows, order, direction),
      )
    }
    case 'compact': {
      const { inputs, flag, count } = operator
      return moveRows(run, arena, inputs, values, (rows, scratch) =>
        compact(party, scratch, tag, rows, planeOf(values, flag), count),
      )
    }
  }
}

/** Has values moved as rows: vectors as they are, planes packed into words. */
async function moveRows(
  { party, shapes }: Run,
  arena: Arena,
  inputs: readonly Ref[],
  values: Values,
  move: (rows: Rows, scratch: Arena) => Promise<Rows>,
): Promise<Value> {
  const { type, lanes } = shapes[inputs[0]!.op]!
  if (type === 'field') {
    const field = inputs.map((ref) => vectorOf(values, ref))
    const moved = await move({ length: lanes, field, words: [] }, arena)
    return fieldValue(arena, moved.field)
  }
  const scratch = arena.child()
  try {
    const planes = inputs.map((ref) => planeOf(values, ref))
    const words = packRows(party, scratch, planes, lanes)
    const moved = await move({ length: lanes, field: [], words }, scratch)
    return bitValue(arena, unpackRows(party, arena, moved.words, moved.length, 0, inputs.length))
  } finally {
    scratch.release()
  }
}

function appendPlanes(run: Run, arena: Arena, pieces: readonly Piece[], values: Values): BitShare {
  const scratch = arena.child()
  try {
    const stretches = pieces.map((piece): Stretch<BitShare> => {
      if (!('op' in piece)) return { lanes: piece.lanes, value: BigInt(piece.value) }
      const { domain, lanes } = run.shapes[piece.op]!
      const share = domain === 'rows' ? rowsInOrder(run, scratch, piece) : planeOf(values, piece)
      return { lanes, share }
    })
    return appendBits(run.party, arena, stretches)
  } finally {
    scratch.release()
  }
}

/** A plane over all rows, in the order of their members, without the padding of chunks. */
function rowsInOrder(
  { party, params, memberOfRow, collected }: Run,
  arena: Arena,
  ref: Ref,
): BitShare {
  const plane = collected.plane(ref)
  const { positions } = rowOrder(memberOfRow, membersOf(params), tableLayout(params))
  return positions === undefined
    ? plane
    : gatherLanes(party, arena, plane, placeLanes(arena, positions))
}

function appendVectors(
  run: Run,
  arena: Arena,
  pieces: readonly Piece[],
  values: Values,
): ShamirShare {
  const scratch = arena.child()
  try {
    const stretches = pieces.map((piece): Stretch<ShamirShare> => {
      if (!('op' in piece)) return { lanes: piece.lanes, value: BigInt(piece.value) }
      const { domain, lanes } = run.shapes[piece.op]!
      const share = domain === 'rows' ? vectorInOrder(run, scratch, piece) : vectorOf(values, piece)
      return { lanes, share }
    })
    return appendField(arena, stretches)
  } finally {
    scratch.release()
  }
}

function vectorInOrder(
  { params, memberOfRow, collected }: Run,
  arena: Arena,
  ref: Ref,
): ShamirShare {
  return vectorOrder(arena, memberOfRow, membersOf(params))(arena, collected.vector(ref))
}
