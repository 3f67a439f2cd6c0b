/**
 * Constant intervals beside constant dates and timestamps: DATE '1994-01-01' + INTERVAL '1' YEAR is a
 * timestamp that planning knows. Quantities with units and times of day are read, in any order and number;
 * months are added first, the day of month cut to what the month has, then days, then the rest
 * (timestamp_pl_interval in timestamp.c, PostgreSQL 18).
 */
import { ShareholdError } from '../../shares/errors.ts'

import { fieldsOf, listOf, locationOf, namesOf, numberOf, openAs, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import { fail, locate } from './context.ts'
import type { Context } from './context.ts'
import {
  daysIn,
  formatTimestamp,
  MICROSECONDS_PER_DAY,
  parseTimestamp,
  readTimestamp,
} from './datetime.ts'

export interface Interval {
  readonly months: bigint
  readonly days: bigint
  readonly microseconds: bigint
}

const SECOND = 1_000_000n
/** What one of each unit is; names as PostgreSQL writes and reads them, without a plural's s. */
const UNITS: Readonly<Record<string, Interval>> = {
  millennium: ofMonths(12_000n),
  century: ofMonths(1200n),
  decade: ofMonths(120n),
  year: ofMonths(12n),
  month: ofMonths(1n),
  week: { months: 0n, days: 7n, microseconds: 0n },
  day: { months: 0n, days: 1n, microseconds: 0n },
  hour: ofTime(3600n * SECOND),
  minute: ofTime(60n * SECOND),
  second: ofTime(SECOND),
}
const SHORT_NAMES: Readonly<Record<string, string>> = {
  centuries: 'century',
  millennia: 'millennium',
  yr: 'year',
  mon: 'month',
  min: 'minute',
  sec: 'second',
  y: 'year',
  d: 'day',
  h: 'hour',
  m: 'minute',
  s: 'second',
}
/** INTERVAL '…' UNIT: PostgreSQL's bits of the last field (INTERVAL_MASK in timestamp.h). */
const FIELDS: readonly (readonly [bit: number, unit: string])[] = [
  [1 << 12, 'second'],
  [1 << 11, 'minute'],
  [1 << 10, 'hour'],
  [1 << 3, 'day'],
  [1 << 1, 'month'],
  [1 << 2, 'year'],
]
const PART = /^\s*(?:([+-]?\d+):(\d{1,2})(?::(\d{1,2}))?(?![\d.])|([+-]?\d+)\s*([a-z]*))/iu

/** The interval that a node is, if it is a constant cast to one. @throws ShareholdError SH_SQL_LITERAL */
export function constantInterval(context: Context, node: unknown): Interval | undefined {
  const cast = openAs(node, 'TypeCast')
  const typeName = cast === undefined ? undefined : fieldsOf(cast, 'typeName')
  if (cast === undefined || typeName === undefined) return undefined
  if (namesOf(typeName, 'names').at(-1) !== 'interval') return undefined
  const constant = openAs(cast['arg'], 'A_Const')
  const text = constant === undefined ? undefined : fieldsOf(constant, 'sval')
  if (constant === undefined || text === undefined) return undefined
  const mask = openAs(listOf(typeName, 'typmods')[0], 'A_Const')?.['ival']
  const bits = mask === undefined ? 0 : numberOf(mask as Fields, 'ival')
  // Of DAY TO SECOND and the like several bits are set: only single fields and none are read.
  const unit = FIELDS.find(([bit]) => bit === bits)?.[1]
  if (bits !== 0 && unit === undefined) {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'Intervals of several fields or with a precision are not supported.',
      locationOf(constant),
      "Write INTERVAL '1 day 12 hours'.",
    )
  }
  return locate(context, locationOf(constant), () => parseInterval(textOf(text, 'sval'), unit))
}

/**
 * Reads an interval.
 * @param unit of a number without one; seconds if none is given
 * @throws ShareholdError SH_SQL_LITERAL (without position)
 */
export function parseInterval(text: string, unit = 'second'): Interval {
  let [months, days, microseconds] = [0n, 0n, 0n]
  let rest = text
  const seen = new Set<string>()
  // As there, a field may be given once.
  const once = (field: string): void => {
    if (seen.has(field)) throw unreadable(text)
    seen.add(field)
  }
  while (rest.trim() !== '') {
    const match = PART.exec(rest)
    if (match === null) throw unreadable(text)
    rest = rest.slice(match[0].length)
    const [, hours, minutes, seconds = '0', quantity, name = ''] = match
    if (quantity === undefined) {
      if (Number(minutes) > 59 || Number(seconds) > 59) throw unreadable(text)
      for (const field of ['hour', 'minute', 'second']) once(field)
      const magnitude = BigInt(hours!.replace(/^[+-]/u, '')) * 3600n
      const time = (magnitude + BigInt(minutes!) * 60n + BigInt(seconds)) * SECOND
      microseconds += hours!.startsWith('-') ? -time : time
    } else {
      const field = unitOf(name.toLowerCase(), unit)
      const one = UNITS[field]
      // A number without a unit can only be the last part.
      if (one === undefined || (name === '' && rest.trim() !== '')) throw unreadable(text)
      once(field)
      months += BigInt(quantity) * one.months
      days += BigInt(quantity) * one.days
      microseconds += BigInt(quantity) * one.microseconds
    }
  }
  if (seen.size === 0) throw unreadable(text)
  return { months, days, microseconds }
}

/** A timestamp (or date) moved by an interval, as a timestamp. @throws ShareholdError SH_SQL_LITERAL beyond the years that can be written */
export function moveTimestamp(text: string, interval: Interval, sign: 1n | -1n): string {
  const { year, month, day, time } = readTimestamp(text)
  const months = BigInt(year * 12 + month - 1) + sign * interval.months
  const movedYear = Number(months / 12n)
  const movedMonth = Number(months % 12n) + 1
  if (movedYear < 1 || movedYear > 9999) throw outOfRange()
  const movedDay = Math.min(day, daysIn(movedYear, movedMonth))
  const two = (value: number): string => String(value).padStart(2, '0')
  const start = parseTimestamp(
    `${String(movedYear).padStart(4, '0')}-${two(movedMonth)}-${two(movedDay)}`,
  )
  const moved = start + time + sign * (interval.days * MICROSECONDS_PER_DAY + interval.microseconds)
  const result = formatTimestamp(moved)
  // A year that cannot be written in ISO form is out of range.
  parseTimestamp(result)
  return result
}

function unitOf(name: string, unit: string): string {
  if (name === '') return unit
  const known = SHORT_NAMES[name] ?? name
  const singular = known.endsWith('s') && known.length > 1 ? known.slice(0, -1) : known
  return SHORT_NAMES[singular] ?? singular
}

function ofMonths(months: bigint): Interval {
  return { months, days: 0n, microseconds: 0n }
}

function ofTime(microseconds: bigint): Interval {
  return { months: 0n, days: 0n, microseconds }
}

function unreadable(text: string): ShareholdError {
  return new ShareholdError(
    'SH_SQL_LITERAL',
    `${JSON.stringify(text.slice(0, 60))} is no interval that can be read.`,
    { hint: "Write INTERVAL '1 year 2 months 3 days 04:05:06'." },
  )
}

function outOfRange(): ShareholdError {
  return new ShareholdError('SH_SQL_LITERAL', 'The moved date is outside the years 1 to 9999.')
}
