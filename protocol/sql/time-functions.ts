/**
 * Parts of dates and timestamps, as PostgreSQL's EXTRACT, date_part and date_trunc.
 *
 * Source: timestamp.c, date.c (PostgreSQL 18).
 */
import { ShareholdError } from '../../shares/errors.ts'

import { formatTimestamp, MICROSECONDS_PER_DAY, parseTimestamp } from './datetime.ts'
import type { Numeric } from './numeric.ts'

/** Days from 2000-01-01 to 1970-01-01, and to the start of the Julian days. */
const UNIX_EPOCH = -10_957n
const JULIAN_EPOCH = -2_451_545n
const MICROSECONDS_PER_SECOND = 1_000_000n

const UNITS: Readonly<Record<string, Unit>> = {
  microsecond: 'microseconds',
  microseconds: 'microseconds',
  us: 'microseconds',
  usec: 'microseconds',
  usecs: 'microseconds',
  useconds: 'microseconds',
  usecond: 'microseconds',
  millisecond: 'milliseconds',
  milliseconds: 'milliseconds',
  ms: 'milliseconds',
  msec: 'milliseconds',
  msecs: 'milliseconds',
  second: 'second',
  seconds: 'second',
  sec: 'second',
  secs: 'second',
  s: 'second',
  minute: 'minute',
  minutes: 'minute',
  min: 'minute',
  mins: 'minute',
  m: 'minute',
  hour: 'hour',
  hours: 'hour',
  hr: 'hour',
  hrs: 'hour',
  h: 'hour',
  day: 'day',
  days: 'day',
  d: 'day',
  week: 'week',
  weeks: 'week',
  w: 'week',
  month: 'month',
  months: 'month',
  mon: 'month',
  mons: 'month',
  quarter: 'quarter',
  qtr: 'quarter',
  year: 'year',
  years: 'year',
  yr: 'year',
  yrs: 'year',
  y: 'year',
  decade: 'decade',
  decades: 'decade',
  dec: 'decade',
  decs: 'decade',
  century: 'century',
  centuries: 'century',
  c: 'century',
  cent: 'century',
  millennium: 'millennium',
  millennia: 'millennium',
  mil: 'millennium',
  mils: 'millennium',
  dow: 'dow',
  isodow: 'isodow',
  doy: 'doy',
  isoyear: 'isoyear',
  epoch: 'epoch',
  julian: 'julian',
}

export type Unit =
  | 'microseconds'
  | 'milliseconds'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'quarter'
  | 'year'
  | 'decade'
  | 'century'
  | 'millennium'
  | 'dow'
  | 'isodow'
  | 'doy'
  | 'isoyear'
  | 'epoch'
  | 'julian'

const OF_THE_TIME: ReadonlySet<Unit> = new Set([
  'microseconds',
  'milliseconds',
  'second',
  'minute',
  'hour',
])

/** The unit of a name, in any case. @throws SH_ANSWER_ARGUMENT if there is none of the name */
export function unitOf(name: string): Unit {
  const word = name.trim().toLowerCase()
  const unit = Object.hasOwn(UNITS, word) ? UNITS[word] : undefined
  if (unit === undefined) {
    throw new ShareholdError('SH_ANSWER_ARGUMENT', `Unit "${name.slice(0, 40)}" does not exist.`, {
      hint: 'There are year, quarter, month, week, day, hour, minute, second, dow, doy and epoch.',
    })
  }
  return unit
}

/** EXTRACT(unit FROM text). @throws SH_ANSWER_ARGUMENT for the time of a date */
export function extract(unit: Unit, text: string, type: 'date' | 'timestamp'): Numeric {
  const microseconds = parseTimestamp(text)
  const days = floorDivide(microseconds, MICROSECONDS_PER_DAY)
  const time = microseconds - days * MICROSECONDS_PER_DAY
  if (type === 'date' && OF_THE_TIME.has(unit)) {
    throw new ShareholdError('SH_ANSWER_ARGUMENT', `A date has no ${unit}.`, {
      hint: 'Extract it from a timestamp.',
    })
  }
  const whole = (value: bigint | number): Numeric => ({ digits: BigInt(value), scale: 0 })
  const date = dateOf(days)
  switch (unit) {
    case 'microseconds':
      return whole(time % 60_000_000n)
    case 'milliseconds':
      return { digits: time % 60_000_000n, scale: 3 }
    case 'second':
      return { digits: time % 60_000_000n, scale: 6 }
    case 'minute':
      return whole((time / 60_000_000n) % 60n)
    case 'hour':
      return whole(time / 3_600_000_000n)
    case 'day':
      return whole(date.day)
    case 'week':
      return whole(isoWeek(days).week)
    case 'isoyear':
      return whole(isoWeek(days).year)
    case 'month':
      return whole(date.month)
    case 'quarter':
      return whole(Math.ceil(date.month / 3))
    case 'year':
      return whole(date.year)
    case 'decade':
      return whole(Math.floor(date.year / 10))
    case 'century':
      return whole(Math.ceil(date.year / 100))
    case 'millennium':
      return whole(Math.ceil(date.year / 1000))
    case 'dow':
      return whole(weekday(days) % 7n)
    case 'isodow':
      return whole(weekday(days))
    case 'doy':
      return whole(days - daysOf(date.year, 1, 1) + 1n)
    case 'epoch': {
      const since = microseconds - UNIX_EPOCH * MICROSECONDS_PER_DAY
      return type === 'date' ? whole(since / MICROSECONDS_PER_SECOND) : { digits: since, scale: 6 }
    }
    case 'julian':
      return type === 'date' ? whole(days - JULIAN_EPOCH) : julianOf(days - JULIAN_EPOCH, time)
  }
}

/** A quotient with PostgreSQL's scale: of the microseconds of a day by their number. */
function julianOf(days: bigint, time: bigint): Numeric {
  const scale = 20
  const fraction = (time * 10n ** 20n * 2n + MICROSECONDS_PER_DAY) / (MICROSECONDS_PER_DAY * 2n)
  return { digits: days * 10n ** 20n + fraction, scale }
}

/** date_trunc(unit, timestamp). @throws SH_ANSWER_ARGUMENT for a unit that cannot be cut to */
export function truncate(unit: Unit, text: string): string {
  const microseconds = parseTimestamp(text)
  const days = floorDivide(microseconds, MICROSECONDS_PER_DAY)
  const { year, month } = dateOf(days)
  const cutTo = (size: bigint): string => formatTimestamp(floorDivide(microseconds, size) * size)
  const start = (startYear: number, startMonth = 1): string =>
    formatTimestamp(daysOf(startYear, startMonth, 1) * MICROSECONDS_PER_DAY)
  switch (unit) {
    case 'microseconds':
      return cutTo(1n)
    case 'milliseconds':
      return cutTo(1000n)
    case 'second':
      return cutTo(MICROSECONDS_PER_SECOND)
    case 'minute':
      return cutTo(60_000_000n)
    case 'hour':
      return cutTo(3_600_000_000n)
    case 'day':
      return cutTo(MICROSECONDS_PER_DAY)
    case 'week':
      return formatTimestamp((days - weekday(days) + 1n) * MICROSECONDS_PER_DAY)
    case 'month':
      return start(year, month)
    case 'quarter':
      return start(year, Math.floor((month - 1) / 3) * 3 + 1)
    case 'year':
      return start(year)
    // As in PostgreSQL: centuries start in 1901, decades in 1990; the first decade in year 1.
    case 'decade':
      return start(Math.max(1, Math.floor(year / 10) * 10))
    case 'century':
      return start(Math.floor((year - 1) / 100) * 100 + 1)
    case 'millennium':
      return start(Math.floor((year - 1) / 1000) * 1000 + 1)
    case 'dow':
    case 'isodow':
    case 'doy':
    case 'isoyear':
    case 'epoch':
    case 'julian':
      throw new ShareholdError('SH_ANSWER_ARGUMENT', `A timestamp cannot be cut to ${unit}.`, {
        hint: 'There are year, quarter, month, week, day, hour and minute.',
      })
  }
}

/** Whether the part only rises with the time. */
export function risesWithTime(unit: Unit): boolean {
  return ['isoyear', 'year', 'decade', 'century', 'millennium', 'epoch', 'julian'].includes(unit)
}

interface CalendarDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

function dateOf(days: bigint): CalendarDate {
  const date = new Date(Number(days - UNIX_EPOCH) * 86_400_000)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
  }
}

function daysOf(year: number, month: number, day: number): bigint {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return BigInt(Math.round(date.getTime() / 86_400_000)) + UNIX_EPOCH
}

/** 1 for Monday to 7 for Sunday; 2000-01-01 was a Saturday. */
function weekday(days: bigint): bigint {
  return ((((days + 5n) % 7n) + 7n) % 7n) + 1n
}

/** ISO 8601: the week of the year that has its Thursday. */
function isoWeek(days: bigint): { readonly week: bigint; readonly year: number } {
  const thursday = days - weekday(days) + 4n
  const { year } = dateOf(thursday)
  return { week: (thursday - daysOf(year, 1, 1)) / 7n + 1n, year }
}

function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient
}
