/**
 * Days and seconds of the proleptic Gregorian calendar, years 1 to 9999, without time zones, counted
 * from 1970-01-01. Only ISO forms are read, and no clock is asked. Leap seconds do not exist here.
 */

const FIRST_DAY = daysOf(1, 1, 1)
const LAST_DAY = daysOf(9999, 12, 31)

export const SECONDS_PER_DAY = 86_400

/** Days since 1970-01-01 of a date that exists. Algorithm: Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil. */
function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** Reads 'YYYY-MM-DD'. @returns days since 1970-01-01, or undefined if there is no such date */
export function parseDate(text: string): number | undefined {
  return text.length === 10 ? dateAt(text) : undefined
}

/**
 * Reads 'YYYY-MM-DD HH:MM:SS': a T may stand for the space, seconds and the whole time may be left
 * out, and a fraction may follow if it is zero.
 * @returns seconds since 1970-01-01 00:00:00, or undefined if there is no such time
 */
export function parseTimestamp(text: string): number | undefined {
  const days = dateAt(text)
  if (days === undefined) return undefined
  if (text.length === 10) return days * SECONDS_PER_DAY
  const separator = text.charCodeAt(10)
  if (separator !== SPACE && separator !== LETTER_T) return undefined
  const hour = twoDigits(text, 11)
  const minute = twoDigits(text, 14)
  const hasSecond = text.length > 16
  const second = hasSecond ? twoDigits(text, 17) : 0
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return undefined
  if (text.charCodeAt(13) !== COLON) return undefined
  if (hasSecond && text.charCodeAt(16) !== COLON) return undefined
  if (text.length > 19 && !/^\.0+$/u.test(text.slice(19))) return undefined
  return days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second
}

/** 'YYYY-MM-DD'. @throws RangeError outside the years 1 to 9999 */
export function formatDate(days: number): string {
  if (!Number.isInteger(days) || days < FIRST_DAY || days > LAST_DAY) {
    throw new RangeError('a date outside the years 1 to 9999')
  }
  // civil_from_days of the same source.
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return `${String(year).padStart(4, '0')}-${pad(month)}-${pad(day)}`
}

/** 'YYYY-MM-DD HH:MM:SS', as PostgreSQL prints a timestamp. @throws RangeError outside the years 1 to 9999 */
export function formatTimestamp(seconds: number): string {
  const days = Math.floor(seconds / SECONDS_PER_DAY)
  const rest = seconds - days * SECONDS_PER_DAY
  const time = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(pad)
  return `${formatDate(days)} ${time.join(':')}`
}

const ZERO = 48
const SPACE = 32
const DASH = 45
const COLON = 58
const LETTER_T = 84
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Days of the date at the start of the text. */
function dateAt(text: string): number | undefined {
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return undefined
  return dayNumber(year, month, day)
}

/** Days since 1970-01-01 of a date; undefined if there is none such, NaN in any part included. */
export function dayNumber(year: number, month: number, day: number): number | undefined {
  // Comparisons with NaN are false: they refuse what is no number.
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1)) return undefined
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const length = month === 2 && leap ? 29 : MONTH_DAYS[month - 1]!
  return day <= length ? daysOf(year, month, day) : undefined
}

/** The number that two digits make; NaN if there are none. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO
  const ones = text.charCodeAt(at + 1) - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
