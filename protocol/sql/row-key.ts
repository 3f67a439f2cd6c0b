/**
 * Computed values as group keys. Their values are public: of a table its distinct results, of a CASE those of
 * its branches, of any other number the whole range; ascending, NULL last. A group's plane is made where it is
 * cheapest: from the codes of the one column, from the branches that are taken, or from the number's planes.
 */
import { ShareholdError } from '../../shares/errors.ts'
import type { Column } from '../../shares/schema.ts'
import { FALSE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import { lessThanConstant, oneHot } from '../circuit-gadgets.ts'

import type { AnswerExpression, SqlType } from './answer-spec.ts'
import { castValue, compareValues, formatValue } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import type { BoundKey, KeyValue } from './bound.ts'
import { domainOf } from './column-domain.ts'
import type { RowPlanes } from './column-planes.ts'
import { formatDate, MICROSECONDS_PER_DAY } from './datetime.ts'
import { compareNumeric, formatNumeric, powerOfTen } from './numeric.ts'
import { FALSE_PREDICATE } from './predicate.ts'
import { analyse, branchesOf, conditionOf, nullOf } from './row-analysis.ts'
import type { Analysis } from './row-analysis.ts'
import { inputsOf } from './row-lookup.ts'
import { naturalOf } from './row-number.ts'
import type { RowCircuit } from './row-number.ts'
import { numberOf } from './row-shape.ts'
import type { NumbersShape } from './row-shape.ts'
import { columnTable, jointTable, resultsOf } from './row-table.ts'
import type { ColumnTable, Table } from './row-table.ts'
import { textOfRow } from './row-text.ts'
import type { ComputedValue, Scope } from './row-value.ts'
import { wordsOf } from './row-words.ts'
import type { ColumnState } from './ruled-out.ts'

/** Widest column whose codes are decoded one by one. */
const MAX_DECODED = 4096n
/** Most values that are listed before groups are counted. */
const MAX_LISTED = 65_536n

interface Domain {
  readonly size: bigint
  /** Ascending. */
  readonly values: () => readonly Value[]
}

/** @throws ShareholdError as analyse, SH_PLAN_GROUPS if the values cannot be listed */
export function computedKey(value: ComputedValue): BoundKey {
  const { expression, scope, type } = value
  const { size, values } = domainOfKey(expression, scope, type)
  const nullable = nullOf(expression, scope) !== FALSE_PREDICATE
  return {
    value,
    type,
    size: size + (nullable ? 1n : 0n),
    values: () => [...values().map((one) => textAs(one, type)), ...(nullable ? [null] : [])],
  }
}

/** What a column holds in the group of each value, if the key is a function of this column with few codes or steps. */
export interface KeyStates {
  readonly column: Column
  /** In the order of the key's values. */
  readonly states: readonly ColumnState[]
}

export function statesOfKey({ expression, scope }: ComputedValue): KeyStates | undefined {
  const table = tableOf(expression, scope, analyse(expression, scope))
  if (table?.kind !== 'column') return undefined
  const { column, whenNull } = table
  const nameOfResult = (result: Value | null): string | null => result && nameOf(result)
  const codes = new Map<string | null, [bigint, bigint][]>()
  const { size } = domainOf(column)
  for (const [nth, { from, result }] of table.pieces.entries()) {
    const name = nameOfResult(result)
    const own = codes.get(name) ?? []
    own.push([from, (table.pieces[nth + 1]?.from ?? size) - 1n])
    codes.set(name, own)
  }
  const ofNull = nameOfResult(whenNull)
  const names = [...listed(resultsOf(table)).values().map(nameOf), null]
  return {
    column,
    states: names.map((name) => ({
      codes: codes.get(name) ?? [],
      isNull: column.nullable && name === ofNull,
    })),
  }
}

/** A result has the type of its branch; the key has the type of all. */
function textAs(value: Value, type: SqlType): string {
  return formatValue(value.type === 'date' && type === 'timestamp' ? castValue(value, type) : value)
}

function domainOfKey(expression: AnswerExpression, scope: Scope, type: SqlType): Domain {
  const analysis = analyse(expression, scope)
  const table = tableOf(expression, scope, analysis)
  if (table !== undefined) return listed(resultsOf(table))
  switch (analysis.by) {
    case 'constant':
      return listed(analysis.value === null ? [] : [analysis.value])
    case 'condition':
      return listed(['f', 't'].map((value) => ({ type: 'boolean', value })))
    case 'case': {
      const domains = branchesOf(analysis.expression, scope).map(({ result }) =>
        domainOfKey(result, scope, type),
      )
      const size = domains.reduce((sum, domain) => sum + domain.size, 0n)
      if (size > MAX_LISTED) return { size, values: () => [] }
      return listed(domains.flatMap((domain) => domain.values()))
    }
    case 'column':
    case 'operands':
    case 'table': {
      const { shape } = analysis
      if (shape.kind === 'words') {
        return listed(shape.words.map((value) => ({ type: 'text', value })))
      }
      return shape.kind === 'numbers' ? ofRange(expression, scope, shape, type) : listed([])
    }
  }
}

/** The table whose results are the key's values, whatever circuit there is. */
function tableOf(
  expression: AnswerExpression,
  scope: Scope,
  analysis: Analysis,
): Table | undefined {
  if (analysis.by === 'table') return analysis.table
  if (analysis.by === 'constant') return undefined
  try {
    return columnTable(expression, scope) ?? jointTable(expression, scope)
  } catch (error) {
    // What fails on no row by its circuit has values all the same.
    if (error instanceof ShareholdError) return undefined
    throw error
  }
}

function listed(all: readonly Value[]): Domain {
  const distinct = new Map<string, Value>()
  for (const value of all) {
    const name = nameOf(value)
    if (!distinct.has(name)) distinct.set(name, value)
  }
  const values = [...distinct.values()].toSorted(inOrder)
  return { size: BigInt(values.length), values: () => values }
}

function ofRange(
  expression: AnswerExpression,
  scope: Scope,
  { least, most, scale }: NumbersShape,
  type: SqlType,
): Domain {
  if (type === 'timestamp') {
    const text = textOfRow(expression, scope)
    throw new ShareholdError('SH_PLAN_GROUPS', `${text} has too many values to list as groups.`, {
      hint: 'Cut it to days or months, or group by a column with a narrower range.',
    })
  }
  const step = type === 'date' ? MICROSECONDS_PER_DAY : 1n
  const size = (most - least) / step + 1n
  const valueAt = (nth: number): Value => {
    const digits = least + BigInt(nth) * step
    if (type === 'date') return { type, value: formatDate(digits) }
    if (type === 'integer' || type === 'bigint') return { type, value: digits }
    return { type: 'numeric', value: { digits, scale } }
  }
  return { size, values: () => Array.from({ length: Number(size) }, (_, nth) => valueAt(nth)) }
}

/** Of values that may have different types of one family. */
function inOrder(left: Value, right: Value): number {
  const [a, b] = [numberOf(left), numberOf(right)]
  return a === undefined || b === undefined ? compareValues(left, right) : compareNumeric(a, b)
}

/** Equal values have one name, whatever their scale or type. */
function nameOf(value: Value): string {
  const number = value.type === 'boolean' ? undefined : numberOf(value)
  if (number === undefined) return formatValue(value)
  const text = formatNumeric(number)
  return text.includes('.') ? text.replace(/\.?0+$/u, '') : text
}

/** One plane per value of the key, in their order: 1 where the row has the value. */
export function keyPlanes(circuit: RowCircuit, value: ComputedValue, values: readonly KeyValue[]) {
  const { expression, scope, type } = value
  const found = indicators(circuit, expression, scope, type)
  const domain = domainOfKey(expression, scope, type).values()
  return values.map((text, nth): Wire => {
    if (text === null) return circuit.whereTrue(nullOf(expression, scope))
    return found.get(nameOf(domain[nth]!)) ?? FALSE
  })
}

type Indicators = ReadonlyMap<string, Wire>

/** Where the expression has which value; nowhere where it is NULL. */
function indicators(
  circuit: RowCircuit,
  expression: AnswerExpression,
  scope: Scope,
  type: SqlType,
): Indicators {
  const { row, whereTrue } = circuit
  const analysis = analyse(expression, scope)
  switch (analysis.by) {
    case 'constant': {
      const { value } = analysis
      return new Map(value === null ? [] : [[nameOf(value), row.builder.constant(true)]])
    }
    case 'condition': {
      const condition = conditionOf(expression, scope)
      const isNull = whereTrue(nullOf(expression, scope))
      const isTrue = whereTrue(condition)
      return new Map([
        ['t', isTrue],
        ['f', row.builder.not(row.builder.xor(isTrue, isNull))],
      ])
    }
    case 'table':
      return analysis.table.kind === 'column'
        ? ofColumn(row, analysis.table)
        : ofCombinations(circuit, analysis.table)
    case 'case': {
      const planes = new Map<string, Wire>()
      for (const { taken, result } of branchesOf(analysis.expression, scope)) {
        const plane = whereTrue(taken)
        for (const [name, wire] of indicators(circuit, result, scope, type)) {
          const both = row.builder.and(plane, wire)
          // Branches exclude each other: XOR is OR.
          planes.set(name, row.builder.xor(planes.get(name) ?? FALSE, both))
        }
      }
      return planes
    }
    case 'column':
    case 'operands': {
      const isNull = whereTrue(nullOf(expression, scope))
      const { names, wires } = decoded(circuit, expression, scope, type)
      const valid = row.builder.not(isNull)
      return new Map(names.map((name, nth) => [name, row.builder.and(valid, wires[nth]!)]))
    }
  }
}

/** By the planes of the number, or of the word's place. */
function decoded(
  circuit: RowCircuit,
  expression: AnswerExpression,
  scope: Scope,
  type: SqlType,
): { readonly names: readonly string[]; readonly wires: readonly Wire[] } {
  const { builder } = circuit.row
  const { shape } = analyse(expression, scope)
  if (shape.kind === 'words') {
    const { words, planes } = wordsOf(circuit, expression, scope)
    return { names: words, wires: oneHot(builder, planes, [...words.keys()]) }
  }
  if (shape.kind === 'none') return { names: [], wires: [] }
  const { planes, origin, factor, most, scale } = naturalOf(circuit, expression, scope)
  const codes = new Map<string, number>()
  for (const value of domainOfKey(expression, scope, type).values()) {
    const number = numberOf(value)
    if (number === undefined) continue
    const above = number.digits * powerOfTen(scale - number.scale) - origin
    if (above % factor !== 0n || above < 0n || above / factor > most) continue
    codes.set(nameOf(value), Number(above / factor))
  }
  return { names: [...codes.keys()], wires: oneHot(builder, planes, [...codes.values()]) }
}

function ofColumn({ builder, columns, carryDepth }: RowPlanes, table: ColumnTable): Indicators {
  const { column, pieces, whenNull } = table
  const own = columns.get(column)
  if (own === undefined) throw new RangeError(`column ${column.name} is not loaded`)
  const { size } = domainOf(column)
  let inPiece: readonly Wire[]
  if (size <= MAX_DECODED) {
    const wires = oneHot(
      builder,
      own.code,
      Array.from({ length: Number(size) }, (_, code) => code),
    )
    inPiece = pieces.map(({ from }, nth) =>
      builder.xorMany(wires.slice(Number(from), Number(pieces[nth + 1]?.from ?? size))),
    )
  } else {
    const from = pieces.map((piece) =>
      builder.not(lessThanConstant(builder, own.code, piece.from, carryDepth)),
    )
    inPiece = from.map((wire, nth) => builder.xor(wire, from[nth + 1] ?? FALSE))
  }
  const planes = new Map<string, Wire>()
  const add = (result: Value | null, wire: Wire): void => {
    if (result === null) return
    const name = nameOf(result)
    planes.set(name, builder.xor(planes.get(name) ?? FALSE, wire))
  }
  pieces.forEach(({ result }, nth) => add(result, inPiece[nth]!))
  // A NULL has code 0: it is taken out there.
  const isNull = builder.not(own.valid)
  add(pieces[0]?.result ?? null, isNull)
  add(whenNull, isNull)
  return planes
}

function ofCombinations({ row }: RowCircuit, table: Extract<Table, { kind: 'joint' }>): Indicators {
  const { wires, entries } = inputsOf(row, table, true)
  const hot = oneHot(
    row.builder,
    wires,
    entries.map(({ index }) => index),
  )
  const planes = new Map<string, Wire>()
  entries.forEach(({ result }, nth) => {
    if (result === null) return
    const name = nameOf(result)
    planes.set(name, row.builder.xor(planes.get(name) ?? FALSE, hot[nth]!))
  })
  return planes
}
