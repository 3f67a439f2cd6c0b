/**
 * What window functions give, as columns of the table that they make: types as PostgreSQL has them, ranges inferred; and
 * the values that they are of, as codes of such columns.
 */
import { ShareholdError } from '../../shares/errors.ts'
import type { Planes } from '../circuit-builder.ts'
import { sumOf } from '../linear-circuit.ts'

import { formatDate, MICROSECONDS_PER_DAY } from './datetime.ts'
import { commonOf, numberColumn, storedLike } from './made-column.ts'
import type { ColumnFacts } from './made-column.ts'
import type { MadeColumn } from './made-table.ts'
import { orderedDomain, orderedPlanes } from './ordered-planes.ts'
import { rangeOfSums } from './plan-window.ts'
import { analysisOf } from './row-analysis.ts'
import { formOf } from './row-number.ts'
import type { RowCircuit } from './row-number.ts'
import type { NumbersShape } from './row-shape.ts'
import { textOfValue } from './row-text.ts'
import type { ComputedValue, RowValue } from './row-value.ts'
import { isNullable } from './window-call.ts'
import type { WindowCall } from './window-call.ts'

/** The column that a call gives. @throws ShareholdError SH_PLAN_OVERFLOW, SH_SQL_UNSUPPORTED (without position) */
export function columnOfCall(
  call: WindowCall,
  { mostRows, ...facts }: Pick<ColumnFacts, 'name' | 'mostRows' | 'hiddenBy'>,
): MadeColumn {
  const { argument, filter } = call
  const counter = (least: bigint): MadeColumn =>
    numberColumn(
      { ...facts, sqlType: 'bigint' },
      { least, most: BigInt(mostRows), scale: 0 },
      false,
    )
  switch (call.function) {
    case 'row_number':
    case 'rank':
    case 'dense_rank':
      return counter(1n)
    case 'count':
      return counter(0n)
    case 'sum': {
      const { shape, nullable } = { ...analysisOf(argument!), nullable: isNullable(argument!) }
      const range = shape.kind === 'numbers' ? shape : { least: 0n, most: 0n, scale: 0 }
      // SUM of integers is a bigint, of what is larger a numeric.
      const sqlType = argument!.type === 'integer' ? 'bigint' : 'numeric'
      const sums = { ...rangeOfSums(range, mostRows), scale: range.scale }
      return numberColumn({ ...facts, sqlType }, sums, nullable || filter !== undefined)
    }
    case 'lag':
    case 'lead':
      return columnOfValue(argument!, facts, true)
    case 'first_value':
    case 'last_value':
    case 'min':
    case 'max':
      return columnOfValue(argument!, facts, isNullable(argument!) || filter !== undefined)
  }
}

/** Whether a row has the row that LAG or LEAD asks for. */
export function insideColumn(facts: Pick<ColumnFacts, 'name' | 'hiddenBy'>): MadeColumn {
  return { ...commonOf({ ...facts, sqlType: 'boolean' }, false), type: 'boolean' }
}

/** A column of the same values. */
function columnOfValue(
  value: RowValue,
  facts: Pick<ColumnFacts, 'name' | 'hiddenBy'>,
  nullable: boolean,
): MadeColumn {
  const { type: sqlType } = value
  const common = commonOf({ ...facts, sqlType }, nullable)
  const { shape } = analysisOf(value)
  if (shape.kind === 'none') return { ...common, nullable: true, type: 'boolean' }
  if (shape.kind === 'words') {
    return { ...common, type: 'text', dictionary: orderedDomain(value).texts ?? shape.words }
  }
  if (value.kind === 'column') return storedLike(value.column, common)
  switch (sqlType) {
    case 'boolean':
      return { ...common, type: 'boolean' }
    case 'date': {
      const [min, max] = [formatDate(shape.least), formatDate(shape.most)]
      return { ...common, type: 'date', min, max }
    }
    case 'integer':
    case 'bigint':
    case 'numeric':
      // Numerics with different numbers of decimals are no column.
      if (sqlType === 'numeric') orderedDomain(value)
      return numberColumn({ ...facts, sqlType }, shape, nullable)
    case 'double':
    case 'text':
    case 'timestamp':
      throw new ShareholdError(
        'SH_SQL_UNSUPPORTED',
        `A window function of ${textOfValue(value)}, which is computed, is not supported.`,
        { hint: 'Take it of a column.' },
      )
  }
}

/** The code of a value in its column; what it is where the value is NULL is left open. */
export function codePlanes(circuit: RowCircuit, value: RowValue): Planes {
  const { shape } = analysisOf(value)
  return shape.kind === 'numbers' && value.kind === 'computed'
    ? numberPlanes(circuit, value, shape)
    : orderedPlanes(circuit, value)
}

function numberPlanes(
  circuit: RowCircuit,
  { expression, scope, type }: ComputedValue,
  { least, most }: NumbersShape,
): Planes {
  const { builder, carryDepth } = circuit.row
  const unit = type === 'date' ? MICROSECONDS_PER_DAY : 1n
  const { terms, constant } = formOf(circuit, expression, scope)
  const inUnits = terms.map((term) => ({ ...term, factor: term.factor / unit }))
  const width = ((most - least) / unit).toString(2).length
  return sumOf(builder, inUnits, (constant - least) / unit, width, carryDepth)
}
