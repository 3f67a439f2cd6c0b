/**
 * Tables (row-table.ts) as circuits. Of one column, a plane is a set of codes; of several, a set of combinations
 * of their codes. What is looked up where the result is NULL is left open.
 */
import type { Wire } from '../circuit-builder.ts'
import { inSet } from '../circuit-gadgets.ts'

import type { Value } from './answer-value.ts'
import { codesPlane } from './code-circuit.ts'
import { domainOf } from './column-domain.ts'
import type { RowPlanes } from './column-planes.ts'
import { codesOfTable } from './row-table.ts'
import type { ColumnTable, JointTable, Table } from './row-table.ts'

/** `width` planes of the number that stands for the row's result. */
export function lookUp(
  row: RowPlanes,
  table: Table,
  width: number,
  numberOf: (result: Value) => bigint,
): Wire[] {
  const places = Array.from({ length: width }, (_, place) => BigInt(place))
  if (table.kind === 'joint') {
    const { wires, entries } = inputsOf(row, table)
    const numbers = entries.flatMap(({ index, result }) =>
      result === null ? [] : [{ index, number: numberOf(result) }],
    )
    return places.map((place) =>
      inSet(
        row.builder,
        wires,
        numbers.filter(({ number }) => ((number >> place) & 1n) === 1n).map(({ index }) => index),
        row.carryDepth,
      ),
    )
  }
  const filled = withoutNulls(table)
  return places.map((place) =>
    columnPlane(row, filled, (result) => ((numberOf(result) >> place) & 1n) === 1n),
  )
}

/** 1 where a boolean table has this result. */
export function tablePlane(row: RowPlanes, table: JointTable, asked: boolean): Wire {
  const { wires, entries } = inputsOf(row, table, true)
  const members = entries.flatMap(({ index, result }) =>
    result !== null && (result.value === 't') === asked ? [index] : [],
  )
  return inSet(row.builder, wires, members, row.carryDepth)
}

export interface JointInputs {
  readonly wires: readonly Wire[]
  /** The entries that matter, by the number that their codes are together. */
  readonly entries: readonly { readonly index: number; readonly result: Value | null }[]
}

/**
 * The planes that a table of several columns is looked up by. Of a column whose NULLs always give NULL the validity
 * plane is left out, unless `whole`.
 */
export function inputsOf(row: RowPlanes, table: JointTable, whole = false): JointInputs {
  const { columns, entries } = table
  const isStrict = columns.map(
    (_, nth) =>
      !whole && entries.every(({ codes, result }) => codes[nth] !== undefined || result === null),
  )
  const wires: Wire[] = []
  const shifts = columns.map((column, nth) => {
    const planes = row.columns.get(column)
    if (planes === undefined) throw new RangeError(`column ${column.name} is not loaded`)
    const shift = wires.length
    wires.push(...planes.code)
    const hasValid = column.nullable && !isStrict[nth]!
    const valid = hasValid ? wires.push(planes.valid) - 1 : undefined
    return { shift, valid }
  })
  const kept = entries.filter(({ codes }) =>
    codes.every((code, nth) => code !== undefined || !isStrict[nth]!),
  )
  return {
    wires,
    entries: kept.map(({ codes, result }) => {
      const index = codes.reduce((sum, code, nth) => {
        const { shift, valid } = shifts[nth]!
        if (code === undefined) return sum
        return sum + Number(code) * 2 ** shift + (valid === undefined ? 0 : 2 ** valid)
      }, 0)
      return { index, result }
    }),
  }
}

/** The plane of what passes; a NULL's code is 0, so on its rows the plane is that of code 0, or turned. */
function columnPlane(row: RowPlanes, table: ColumnTable, passes: (result: Value) => boolean): Wire {
  const { column, pieces, whenNull } = table
  const planes = row.columns.get(column)
  if (planes === undefined) throw new RangeError(`column ${column.name} is not loaded`)
  const codes = codesOfTable(table, (result) => result !== null && passes(result))
  const plane = codesPlane(row, planes.code, codes, domainOf(column).size)
  const atZero = pieces[0]?.result ?? null
  const turns = whenNull !== null && passes(whenNull) !== (atZero !== null && passes(atZero))
  return turns ? row.builder.xor(plane, row.builder.not(planes.valid)) : plane
}

/** NULLs take the result of what comes before: fewer pieces. */
function withoutNulls(table: ColumnTable): ColumnTable {
  let last = table.pieces.find(({ result }) => result !== null)?.result ?? null
  const pieces = table.pieces.map(({ from, result }) => ({ from, result: (last = result ?? last) }))
  return { ...table, pieces }
}
