/**
 * Dates and timestamps (without time zone) as microseconds since 2000-01-01, the way PostgreSQL keeps
 * them. Only the ISO form is read: YYYY-MM-DD, with hh:mm[:ss[.ffffff]] after a space or a T. PostgreSQL
 * reads many more, some by the session's settings; those are refused.
 */
import { ShareholdError } from '../../shares/errors.ts'

export const MICROSECONDS_PER_DAY = 86_400_000_000n

/** Days from 1970-01-01 to 2000-01-01. */
const EPOCH_DAYS = 10_957n
const ISO =
  /^\s*(\d{3,6})-(\d{1,2})-(\d{1,2})(?:(?:T|\s+)(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6}))?)?)?\s*$/iu

/** Reads a timestamp; a date alone is its midnight. @throws ShareholdError SH_SQL_LITERAL (without position) */
export function parseTimestamp(text: string): bigint {
  const { day, time } = read(text)
  return day * MICROSECONDS_PER_DAY + time
}

/** Reads a date; a time of day is dropped. @throws ShareholdError SH_SQL_LITERAL (without position) */
export function parseDate(text: string): bigint {
  return read(text).day * MICROSECONDS_PER_DAY
}

/** Days since 2000-01-01 and microseconds in the day as written. */
function read(text: string): { readonly day: bigint; readonly time: bigint } {
  const { year, month, day, time } = readTimestamp(text)
  return { day: daysFromEpoch(year, month, day), time }
}

/** A date, and microseconds in the day as written (24:00:00 is a time of the same day). */
export interface WrittenTimestamp {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly time: bigint
}

/** Reads a timestamp or date as it is written. @throws ShareholdError SH_SQL_LITERAL (without position) */
export function readTimestamp(text: string): WrittenTimestamp {
  const match = ISO.exec(text)
  if (match === null) throw unreadable(text)
  const part = (index: number): number => Number(match[index] ?? 0)
  const [year, month, day] = [part(1), part(2), part(3)]
  const [hour, minute, second] = [part(4), part(5), part(6)]
  const fraction = Number((match[7] ?? '').padEnd(6, '0'))
  const time = hour * 3_600_000_000 + minute * 60_000_000 + second * 1_000_000 + fraction
  // Like PostgreSQL: 24:00:00 and second 60 stand for the start of what follows.
  const timeExists = minute <= 59 && second <= 60 && time <= Number(MICROSECONDS_PER_DAY)
  const dayExists = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
  if (!timeExists || !dayExists) throw unreadable(text)
  return { year, month, day, time: BigInt(time) }
}

/** YYYY-MM-DD of a midnight. */
export function formatDate(microseconds: bigint): string {
  const days = (microseconds - remainder(microseconds)) / MICROSECONDS_PER_DAY + EPOCH_DAYS
  const date = new Date(Number(days) * 86_400_000)
  const two = (value: number): string => String(value).padStart(2, '0')
  const year = String(date.getUTCFullYear()).padStart(4, '0')
  return `${year}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
}

/** YYYY-MM-DD hh:mm:ss[.ffffff], trailing zeros of the fraction dropped. */
export function formatTimestamp(microseconds: bigint): string {
  const inDay = remainder(microseconds)
  const two = (value: bigint): string => String(value).padStart(2, '0')
  const seconds = inDay / 1_000_000n
  const fraction = String(inDay % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/u, '')
  const time = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map(two).join(':')
  return `${formatDate(microseconds)} ${time}${fraction === '' ? '' : `.${fraction}`}`
}

function remainder(microseconds: bigint): bigint {
  return ((microseconds % MICROSECONDS_PER_DAY) + MICROSECONDS_PER_DAY) % MICROSECONDS_PER_DAY
}

/** Days from 2000-01-01 in the proleptic Gregorian calendar. */
function daysFromEpoch(year: number, month: number, day: number): bigint {
  // Date.UTC takes years below 100 as 19xx.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return BigInt(Math.round(date.getTime() / 86_400_000)) - EPOCH_DAYS
}

/** Days of a month. */
export function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]!
}

function unreadable(text: string): ShareholdError {
  return new ShareholdError(
    'SH_SQL_LITERAL',
    `${JSON.stringify(text.slice(0, 60))} is not a date or timestamp in ISO form.`,
    { hint: "Write '2019-03-01' or '2019-03-01 07:30:00'." },
  )
}
