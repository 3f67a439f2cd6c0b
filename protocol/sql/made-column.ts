/**
 * Columns of tables that a plan makes: what an aggregate over the rows of one member can be, as a range. It is public, and
 * wide enough for whatever rows there are.
 */
import { codecOf } from '../../shares/column-codec.ts'
import { formatScaled } from '../../shares/decimal.ts'
import { ShareholdError } from '../../shares/errors.ts'
import type { Column } from '../../shares/schema.ts'

import type { SqlType } from './answer-spec.ts'
import type { BoundRows } from './bind-rows.ts'
import { argumentsOf } from './bound.ts'
import type { BoundAggregate } from './bound.ts'
import type { MadeColumn } from './made-table.ts'
import { parseNumeric, powerOfTen } from './numeric.ts'
import { orderedDomain } from './ordered-planes.ts'
import { neverTrueWhere, neverUnknown } from './predicate.ts'
import { analysisOf, nullOfValue } from './row-analysis.ts'
import { textOfValue } from './row-text.ts'
import type { RowValue } from './row-value.ts'

/** As of stored columns (parse-schema.ts). */
const MAX_CODE_BITS = 59

/** What of an aggregate's column is known beside its values. */
export interface ColumnFacts {
  readonly name: string
  readonly sqlType: SqlType
  /** Rows of the member that there can be, at least 1. */
  readonly mostRows: number
  /** Columns that are not NULL in a row that the sub-query is about. */
  readonly notNull: ReadonlySet<Column>
  /** Columns it is made of whose single values must not be shown. */
  readonly hiddenBy: readonly string[]
}

/**
 * The column of an aggregate over the rows of each member.
 *
 * @throws ShareholdError SH_SQL_UNSUPPORTED, SH_PLAN_OVERFLOW (without position)
 */
export function columnOfAggregate(aggregate: BoundAggregate, facts: ColumnFacts): MadeColumn {
  const { template, argument } = aggregate
  const isEveryRow = contributesAlways(aggregate, facts)
  const atLeast = isEveryRow ? 1n : 0n
  if (template.distinct === true) {
    const name = template.function.toUpperCase()
    if (template.function !== 'count' || argument === undefined) {
      const what = argument === undefined ? 'the member' : '…'
      throw unsupported(`${name}(DISTINCT ${what})`, 'COUNT(DISTINCT x) of a column is there.')
    }
    const values = BigInt(orderedDomain(argument).size)
    const many = BigInt(facts.mostRows)
    const range = { least: atLeast, most: values < many ? values : many, scale: 0 }
    return numberColumn(facts, range, false)
  }
  if (template.function === 'count') {
    return numberColumn(facts, { least: atLeast, most: BigInt(facts.mostRows), scale: 0 }, false)
  }
  if (template.function === 'sum') {
    return numberColumn(facts, rangeOfSum(aggregate, facts, isEveryRow), !isEveryRow)
  }
  if (template.function === 'bool_and' || template.function === 'bool_or') {
    return { ...commonOf(facts, !isEveryRow), type: 'boolean' }
  }
  if (template.function === 'min' || template.function === 'max') {
    return columnOfValue(argument!, facts, !isEveryRow)
  }
  throw unsupported(
    template.function.toUpperCase(),
    template.function === 'avg'
      ? 'Take SUM and COUNT: the average of all rows is SUM(total) / SUM(n).'
      : 'COUNT, SUM, MIN, MAX, BOOL_AND and BOOL_OR are there.',
  )
}

interface NumberRange {
  readonly least: bigint
  readonly most: bigint
  readonly scale: number
}

/** Where there is no number. */
const NOTHING: NumberRange = { least: 0n, most: 0n, scale: 0 }

/** Of a sum over one row at least, or of none. */
function rangeOfSum(
  { argument }: BoundAggregate,
  { mostRows }: ColumnFacts,
  isEveryRow: boolean,
): NumberRange {
  const { shape } = analysisOf(argument!)
  if (shape.kind !== 'numbers') return NOTHING
  const { least, most, scale } = shape
  const many = BigInt(mostRows)
  return {
    least: least < 0n ? least * many : isEveryRow ? least : 0n,
    most: most > 0n ? most * many : isEveryRow ? most : 0n,
    scale,
  }
}

/** A column that says of each row whether it is one of the sub-query. */
export function rowColumn(taken: readonly string[], hiddenBy: readonly string[]): MadeColumn {
  let name = 'row'
  while (taken.includes(name)) name += "'"
  const facts = { name, sqlType: 'boolean', hiddenBy } as const
  return { ...commonOf(facts, false), type: 'boolean' }
}

/** Whether every row that the sub-query is about contributes to the aggregate. */
function contributesAlways(aggregate: BoundAggregate, { notNull }: ColumnFacts): boolean {
  const { filter, condition } = aggregate
  if (filter !== undefined) return false
  if (condition !== undefined && !neverUnknown(condition.condition)) return false
  return argumentsOf(aggregate).every((value) => neverTrueWhere(nullOfValue(value), notNull))
}

function columnOfValue(value: RowValue, facts: ColumnFacts, nullable: boolean): MadeColumn {
  const { shape } = analysisOf(value)
  const domain = orderedDomain(value)
  if (shape.kind === 'words') {
    return { ...commonOf(facts, nullable), type: 'text', dictionary: domain.texts! }
  }
  if (value.kind === 'column') {
    return storedLike(value.column, commonOf(facts, nullable))
  }
  const isNumber = ['integer', 'bigint', 'numeric'].includes(value.type)
  // It is NULL on every row.
  if (shape.kind === 'none' && isNumber) return numberColumn(facts, NOTHING, true)
  const texts = shape.kind === 'numbers' && isNumber ? (domain.texts ?? []) : undefined
  const scales = new Set(texts?.map((text) => parseNumeric(text).scale))
  if (shape.kind !== 'numbers' || texts === undefined || scales.size > 1) {
    throw unsupported(`MIN and MAX of ${textOfValue(value)}`, 'Take them of a column.')
  }
  return numberColumn(facts, shape, nullable)
}

/** The codes of a column of numbers whose values are listed by their places. */
export function codesOfTexts(column: Column, texts: readonly string[]): readonly bigint[] {
  const { fieldMin, scale } = codecOf(column)
  return texts.map((text) => {
    const { digits, scale: own } = parseNumeric(text)
    return digits * powerOfTen(scale - own) - fieldMin
  })
}

/** The values of a stored column; what a schema says beside them does not stay. */
export function storedLike(column: Column, common: CommonFacts): MadeColumn {
  const { derived: _derived, unique: _unique, reveal: _reveal, ...values } = column
  return { ...values, ...common }
}

/** What all columns that are made have. */
type CommonFacts = Pick<MadeColumn, 'name' | 'nullable' | 'reveal' | 'sqlType' | 'hiddenBy'>

export function numberColumn(
  facts: Pick<ColumnFacts, 'name' | 'sqlType' | 'hiddenBy'>,
  { least, most, scale }: NumberRange,
  nullable: boolean,
): MadeColumn {
  const limit = 1n << BigInt(MAX_CODE_BITS)
  if (least <= -limit || most >= limit) {
    throw new ShareholdError(
      'SH_PLAN_OVERFLOW',
      `"${facts.name}" of the sub-query could be ${formatScaled(least, scale)} to ${formatScaled(most, scale)}, beyond ${MAX_CODE_BITS} bits.`,
      { hint: 'Declare narrower ranges or smaller scales.' },
    )
  }
  const exact = [least, most].every((end) => Number.isSafeInteger(Number(end)))
  if (scale === 0 && facts.sqlType !== 'numeric' && exact) {
    return { ...commonOf(facts, nullable), type: 'integer', min: Number(least), max: Number(most) }
  }
  const [min, max] = [formatScaled(least, scale), formatScaled(most, scale)]
  return { ...commonOf(facts, nullable), type: 'decimal', precision: 38, scale, min, max }
}

/** What all columns have; of a stored one that it is made after, nothing else stays. */
export function commonOf(
  { name, sqlType, hiddenBy }: Pick<ColumnFacts, 'name' | 'sqlType' | 'hiddenBy'>,
  nullable: boolean,
): CommonFacts {
  const reveal = hiddenBy.length === 0 ? { reveal: 'extremes' as const } : {}
  return { name, nullable, sqlType, hiddenBy, ...reveal }
}

function unsupported(what: string, hint: string): ShareholdError {
  return new ShareholdError(
    'SH_SQL_UNSUPPORTED',
    `${what} in a sub-query that is grouped by the member is not supported.`,
    { hint },
  )
}

/** Names of those columns whose single values must not be shown; what is public of a join is none. */
export function hiddenColumns(
  { context, source }: BoundRows,
  columns: readonly Column[],
): readonly string[] {
  const isSecret = (column: Column): boolean =>
    context.columns.includes(column) || column === source.made?.isRow || 'hiddenBy' in column
  const hidden = columns.filter((column) => isSecret(column) && column.reveal !== 'extremes')
  const names = hidden.flatMap((column) =>
    'hiddenBy' in column ? (column as MadeColumn).hiddenBy : [column.name],
  )
  return [...new Set(names)]
}
