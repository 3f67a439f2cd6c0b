/**
 * One column's values: between PostgreSQL's text form, the code (unsigned, for bit-planes) and the
 * field value (signed, for sums). For every type: field value = fieldMin + code, without exception
 * but NULL, which is 0 in both.
 *
 * Messages name the rule that a text breaks, never the text: it is a secret. The caller adds where.
 */
import { formatDate, formatTimestamp, parseDate, parseTimestamp } from './calendar.ts'
import { formatScaled, parseScaled } from './decimal.ts'
import { ShareholdError } from './errors.ts'
import { fromSigned, toSigned } from './field/scalar.ts'
import type { Column } from './schema.ts'

/** A value as it is shared. NULL is code 0, field 0, valid false. */
export interface EncodedValue {
  /** 0 .. codeMax */
  readonly code: bigint
  /** Canonical field element. */
  readonly field: bigint
  readonly valid: boolean
}

export interface ColumnCodec {
  readonly column: Column
  /** Largest code; the smallest is 0. */
  readonly codeMax: bigint
  /** Smallest and largest field value, signed; a NULL's 0 may lie outside. */
  readonly fieldMin: bigint
  readonly fieldMax: bigint
  /** Value = field value / 10^scale. 0 for all types but decimal. */
  readonly scale: number
  /** Bit-planes of the code, without the validity plane: ceil(log2(codeMax + 1)), at least 1. */
  readonly planes: number
  /** Whether codes and field values without their sign are below 2^53: exact as numbers. */
  readonly narrow: boolean
  /**
   * The code of a text that is not NULL, as a number if it is at most 2^53-1.
   * @throws ShareholdError SH_ENCODE_RANGE, SH_ENCODE_TYPE, SH_ENCODE_DICTIONARY, SH_ENCODE_NULL
   */
  codeOf(text: string): number | bigint
  /** The text of a code in PostgreSQL's form. @throws RangeError if there is no such code */
  textOf(code: bigint): string
}

/** What a column type contributes; the rest follows from it. */
interface Coding {
  readonly codeMax: bigint
  readonly fieldMin: bigint
  readonly scale: number
  codeOf(text: string): number | bigint
  textOf(code: bigint): string
}

const codecs = new WeakMap<Column, ColumnCodec>()

/** The codec of a column of a parsed schema (parse-schema.ts), made once per column object. */
export function codecOf(column: Column): ColumnCodec {
  let codec = codecs.get(column)
  if (codec === undefined) {
    const coding = codingOf(column)
    const { codeMax, fieldMin } = coding
    const fieldMax = fieldMin + codeMax
    const limit = BigInt(Number.MAX_SAFE_INTEGER)
    codec = {
      column,
      codeMax,
      fieldMin,
      fieldMax,
      scale: coding.scale,
      planes: codeMax.toString(2).length,
      narrow: codeMax <= limit && fieldMin >= -limit && fieldMax <= limit,
      codeOf: (text) => coding.codeOf(text),
      textOf(code) {
        if (code < 0n || code > codeMax) throw new RangeError('no such code')
        return coding.textOf(code)
      },
    }
    codecs.set(column, codec)
  }
  return codec
}

/** Bit-planes of the column's codes, without the validity plane. At least 1. */
export function planesOf(column: Column): number {
  return codecOf(column).planes
}

/** Planes at rest: those of the code, and the validity plane if the column is nullable. */
export function storedPlanes(column: Column): number {
  return planesOf(column) + (column.nullable ? 1 : 0)
}

/** Value = field value / 10^fieldScale. */
export function fieldScale(column: Column): number {
  return codecOf(column).scale
}

/** Whether a text means NULL in this column. */
export function isNullText(column: Column, text: string | null): text is null | '' {
  return text === null || (text === '' && column.nullable)
}

/**
 * Encodes one value. An empty text is NULL in a nullable column.
 * @throws ShareholdError SH_ENCODE_RANGE, SH_ENCODE_DICTIONARY, SH_ENCODE_TYPE or SH_ENCODE_NULL; the
 *   message has the rule, not the text
 */
export function parseValue(column: Column, text: string | null): EncodedValue {
  const codec = codecOf(column)
  if (isNullText(column, text)) {
    if (!column.nullable) throw nullRefused()
    return { code: 0n, field: 0n, valid: false }
  }
  const code = BigInt(codec.codeOf(text))
  return { code, field: fromSigned(codec.fieldMin + code), valid: true }
}

/** PostgreSQL's text form of the value with this code. @throws RangeError if there is no such code */
export function textOfCode(column: Column, code: bigint): string {
  return codecOf(column).textOf(code)
}

/** PostgreSQL's text form of the value with this field element. @throws RangeError if there is none */
export function textOfField(column: Column, element: bigint): string {
  const codec = codecOf(column)
  return codec.textOf(toSigned(element) - codec.fieldMin)
}

/** SH_ENCODE_NULL. */
export function nullRefused(): ShareholdError {
  return new ShareholdError('SH_ENCODE_NULL', 'an empty value, but the column is not nullable', {
    hint: 'Declare the column nullable, or fill in the value.',
  })
}

function codingOf(column: Column): Coding {
  switch (column.type) {
    case 'boolean':
      return booleanCoding
    case 'integer':
      return scaledCoding(0, String(column.min), String(column.max), 'an integer such as -12')
    case 'decimal':
      return scaledCoding(
        column.scale,
        column.min,
        column.max,
        `a decimal number with at most ${column.scale} digits after the point`,
      )
    case 'date':
      return timeCoding(column.min, column.max, 1, parseDate, formatDate, 'a date YYYY-MM-DD')
    case 'timestamp':
      return timeCoding(
        column.min,
        column.max,
        column.resolutionSeconds,
        parseTimestamp,
        formatTimestamp,
        'a timestamp YYYY-MM-DD HH:MM:SS without time zone',
      )
    case 'text':
      return textCoding(column.dictionary)
  }
}

/** The whole words that PostgreSQL reads as booleans, in lower case. */
export const BOOLEANS: ReadonlyMap<string, 0 | 1> = new Map([
  ...['t', 'true', 'y', 'yes', 'on', '1'].map((text) => [text, 1] as const),
  ...['f', 'false', 'n', 'no', 'off', '0'].map((text) => [text, 0] as const),
])

const booleanCoding: Coding = {
  codeMax: 1n,
  fieldMin: 0n,
  scale: 0,
  codeOf(text) {
    const code = BOOLEANS.get(text) ?? BOOLEANS.get(text.trim().toLowerCase())
    if (code === undefined) throw notOfType(text, 'a boolean such as true or f')
    return code
  },
  textOf: (code) => (code === 1n ? 't' : 'f'),
}

function scaledCoding(scale: number, minText: string, maxText: string, form: string): Coding {
  const min = scaledOf(minText, scale)
  const max = scaledOf(maxText, scale)
  const minNumber = Number(min)
  const maxNumber = Number(max)
  const exact = [minNumber, maxNumber, maxNumber - minNumber].every(Number.isSafeInteger)
  return {
    codeMax: max - min,
    fieldMin: min,
    scale,
    codeOf(text) {
      const value = parseScaled(text, scale)
      if (typeof value === 'string') throw notOfType(text, form)
      if (value < min || value > max) throw outOfRange(minText, maxText)
      return exact ? Number(value) - minNumber : BigInt(value) - min
    },
    textOf: (code) => formatScaled(min + code, scale),
  }
}

function timeCoding(
  minText: string,
  maxText: string,
  step: number,
  parse: (text: string) => number | undefined,
  format: (value: number) => string,
  form: string,
): Coding {
  const min = parse(minText)
  const max = parse(maxText)
  if (min === undefined || max === undefined) throw new TypeError('the schema was never parsed')
  return {
    codeMax: BigInt(Math.floor((max - min) / step)),
    fieldMin: 0n,
    scale: 0,
    codeOf(text) {
      const value = parse(text) ?? parse(text.trim())
      if (value === undefined) throw notOfType(text, form)
      if (value < min || value > max) throw outOfRange(minText, maxText)
      if ((value - min) % step !== 0) throw offGrid(minText, step)
      return (value - min) / step
    },
    textOf: (code) => format(min + Number(code) * step),
  }
}

function textCoding(dictionary: readonly string[]): Coding {
  const codes = new Map(dictionary.map((text, code) => [text, code]))
  return {
    codeMax: BigInt(dictionary.length - 1),
    fieldMin: 0n,
    scale: 0,
    codeOf(text) {
      const code = codes.get(text)
      if (code === undefined) {
        if (text === '') throw nullRefused()
        throw new ShareholdError('SH_ENCODE_DICTIONARY', 'a text that is not in the dictionary', {
          hint: 'Texts must match exactly, capitals and spaces included.',
        })
      }
      return code
    },
    textOf: (code) => dictionary[Number(code)]!,
  }
}

/** A bound of the schema, as parse-schema.ts has let it pass. */
function scaledOf(text: string, scale: number): bigint {
  const value = parseScaled(text, scale)
  if (typeof value === 'string') throw new TypeError('the schema was never parsed')
  return BigInt(value)
}

function notOfType(text: string, form: string): ShareholdError {
  // An empty text only comes here if the column is not nullable.
  if (text === '') return nullRefused()
  return new ShareholdError('SH_ENCODE_TYPE', `a text that is not ${form}`)
}

function outOfRange(min: string, max: string): ShareholdError {
  return new ShareholdError('SH_ENCODE_RANGE', `a value outside the range ${min} to ${max}`, {
    hint: 'Leave the row out, or have all repositories sign a wider range.',
  })
}

function offGrid(min: string, step: number): ShareholdError {
  return new ShareholdError(
    'SH_ENCODE_TYPE',
    `a timestamp that is no multiple of ${step} seconds after ${min}`,
    { hint: 'Truncate the timestamps to the declared resolution before the import.' },
  )
}
