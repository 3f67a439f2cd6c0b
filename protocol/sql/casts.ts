/** The types that a cast may name. */
import type { SqlType } from './answer-spec.ts'
import { fieldsOf, listOf, locationOf, namesOf, numberOf, openAs } from './ast.ts'
import type { Fields } from './ast.ts'
import { fail } from './context.ts'
import type { Context } from './context.ts'
import { entryOf } from './names.ts'

export interface CastTarget {
  readonly type: Exclude<SqlType, 'double'>
  /** Of numeric(precision, scale), where written. */
  readonly precision?: number
  readonly scale?: number
}

const TYPES: Readonly<Record<string, CastTarget['type']>> = {
  int4: 'integer',
  int8: 'bigint',
  numeric: 'numeric',
  bool: 'boolean',
  text: 'text',
  varchar: 'text',
  date: 'date',
  timestamp: 'timestamp',
}

const HINTS: Readonly<Record<string, string>> = {
  int2: 'Use integer.',
  float4: 'Use numeric, which is exact.',
  float8: 'Use numeric, which is exact.',
  timestamptz: 'Columns are timestamps without time zone: write timestamp.',
  interval: 'Write the resulting date or timestamp.',
  time: 'Columns hold dates and timestamps, no times of day.',
  timetz: 'Columns hold dates and timestamps, no times of day.',
  bpchar: 'Use text.',
  char: 'Use text.',
  name: 'Use text.',
  money: 'Use numeric, which is exact.',
}

/** Types as SQL calls them, where the grammar has another name. */
const SPELLINGS: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  bool: 'boolean',
  float4: 'real',
  float8: 'double precision',
  bpchar: 'character',
  varchar: 'character varying',
  timestamptz: 'timestamp with time zone',
  timetz: 'time with time zone',
  varbit: 'bit varying',
}

const LARGEST_PRECISION = 1000

/** The type that a TypeCast names. @throws ShareholdError SH_SQL_UNSUPPORTED, SH_SQL_TYPE */
export function typeOfName(context: Context, cast: Fields): CastTarget {
  const typeName = fieldsOf(cast, 'typeName') ?? {}
  const location = locationOf(typeName) ?? locationOf(cast)
  const names = namesOf(typeName, 'names')
  const name = names.at(-1) ?? ''
  const type = names.length <= 2 ? entryOf(TYPES, name) : undefined
  const builtIn = names.length === 1 || names[0] === 'pg_catalog'
  const isArray = listOf(typeName, 'arrayBounds').length > 0
  const isSet = typeName['setof'] === true
  if (type === undefined || !builtIn || isArray || isSet) {
    const parts = names.filter((part) => part !== 'pg_catalog').join('.')
    const spelling = (builtIn ? entryOf(SPELLINGS, parts) : undefined) ?? parts
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `Type ${isSet ? 'SETOF ' : ''}${spelling}${isArray ? '[]' : ''} is not supported.`,
      location,
      (isArray || isSet ? undefined : entryOf(HINTS, name)) ??
        'There are integer, bigint, numeric, boolean, text, date and timestamp.',
    )
  }
  const modifiers = listOf(typeName, 'typmods').map((node) => {
    const value = openAs(node, 'A_Const')?.['ival'] as Fields | undefined
    return value === undefined ? undefined : numberOf(value, 'ival')
  })
  if (modifiers.length === 0) return { type }
  const [precision, scale = 0] = modifiers
  if (type !== 'numeric') {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `Only numeric takes numbers in parentheses, ${entryOf(SPELLINGS, name) ?? name} does not.`,
      location,
      `Write ${type} alone.`,
    )
  }
  if (precision === undefined || modifiers.length > 2 || modifiers.includes(undefined)) {
    throw fail(
      context,
      'SH_SQL_TYPE',
      'numeric takes one or two whole numbers in parentheses.',
      location,
      'Write numeric(10, 2).',
    )
  }
  if (precision < 1 || precision > LARGEST_PRECISION || Math.abs(scale) > LARGEST_PRECISION) {
    throw fail(
      context,
      'SH_SQL_TYPE',
      `numeric(${precision},${scale}) is out of bounds.`,
      location,
      `The precision is 1 to ${LARGEST_PRECISION}, the scale -${LARGEST_PRECISION} to ${LARGEST_PRECISION}.`,
    )
  }
  return { type, precision, scale }
}
