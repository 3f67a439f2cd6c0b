/**
 * Reads a schema from what a YAML or JSON parser made: fills defaults (`nullable: false`,
 * `resolutionSeconds: 1`), and checks every rule that the rest relies on. Schemas are public, so
 * messages may quote them.
 *
 * Bounds. Codes are below 2^59, and so are field values without their sign: a sum of N values stays
 * exact while N times the largest is below 2^60, which the planner checks per query.
 */
import * as z from 'zod'

import { parseDate, parseTimestamp } from './calendar.ts'
import { columnShape } from './column-shape.ts'
import { parseScaled } from './decimal.ts'
import { ShareholdError } from './errors.ts'
import type { Column, Schema } from './schema.ts'

/** Most columns of a schema and most entries of a dictionary. */
export const SCHEMA_LIMITS = { columns: 1000, dictionary: 65_536, textLength: 1000 } as const

/** Codes and magnitudes stay below this. */
const BOUND = 1n << 59n

/**
 * Checks and completes a schema.
 * @param value plain data, as from YAML.parse or JSON.parse
 * @throws ShareholdError SH_SCHEMA_INVALID, whose message begins with the path, as in `columns[2].max`
 */
export function parseSchema(value: unknown): Schema {
  const result = schemaShape.safeParse(value)
  if (!result.success) {
    const [issue] = result.error.issues
    throw invalid(issue?.path ?? [], issue?.message ?? 'is no schema')
  }
  return result.data
}

/** An unquoted SQL identifier as PostgreSQL folds it. */
const identifier = z
  .string()
  .regex(
    /^[a-z_][a-z0-9_]{0,62}$/u,
    'must be 1 to 63 of a-z, 0-9 and _, not beginning with a digit',
  )

/** YAML reads an unquoted 0.5 as a number: take its shortest decimal text. */
const decimalText = z.union([z.string(), z.number()], 'must be a decimal text').transform(String)

const dictionaryText = z
  .string()
  .max(SCHEMA_LIMITS.textLength)
  // oxlint-disable-next-line no-control-regex -- that is what it refuses
  .regex(/^[^\u0000-\u001f\u007f]*$/u, 'must not have control characters')
  .refine((text) => !/\p{Surrogate}/u.test(text), 'must be well-formed Unicode')

const columnOfFile = columnShape({
  name: identifier,
  nullable: z.boolean().default(false),
  expression: z.string().min(1).max(SCHEMA_LIMITS.textLength),
  integer: z.int(),
  precision: z.int().min(1).max(18),
  scale: z.int().min(0).max(18),
  decimalText,
  resolutionSeconds: z.int().min(1).max(86_400).default(1),
  timeText: z.string(),
  dictionary: z.array(dictionaryText).min(1).max(SCHEMA_LIMITS.dictionary),
}).superRefine((column, context) => {
  for (const [path, message] of brokenRules(column)) {
    context.addIssue({ code: 'custom', path: [...path], message })
  }
})

const schemaShape = z
  .strictObject({
    dataset: identifier,
    member: identifier,
    kMin: z.int().min(1).max(1_000_000),
    purposes: z
      .array(
        z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/u, 'must be 1 to 63 of a-z, 0-9, _ and -'),
      )
      .min(1)
      .max(100),
    columns: z.array(columnOfFile).min(1).max(SCHEMA_LIMITS.columns),
  })
  .superRefine((schema, context) => {
    const names = schema.columns.map((column) => column.name)
    const twice = repeated(names)
    if (twice !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['columns', twice, 'name'],
        message: 'is used twice',
      })
    }
    if (names.includes(schema.member)) {
      const message = 'is also a column: the pseudonym cannot be queried'
      context.addIssue({ code: 'custom', path: ['member'], message })
    }
    const purpose = repeated(schema.purposes)
    if (purpose !== undefined) {
      context.addIssue({ code: 'custom', path: ['purposes', purpose], message: 'is listed twice' })
    }
  })

type Broken = readonly [path: readonly (string | number)[], message: string]

/** Rules that bind several parts of a column together. */
function brokenRules(column: Column): Broken[] {
  switch (column.type) {
    case 'boolean':
      return []
    case 'integer':
      return range(BigInt(column.min), BigInt(column.max))
    case 'decimal':
      return decimalRange(column)
    case 'date':
      return timeRange(column.min, column.max, parseDate, 'YYYY-MM-DD')
    case 'timestamp':
      return timeRange(column.min, column.max, fullTimestamp, 'YYYY-MM-DD HH:MM:SS')
    case 'text':
      return dictionaryRules(column)
  }
}

function decimalRange(column: Column & { type: 'decimal' }): Broken[] {
  if (column.scale > column.precision) return [[['scale'], 'must not exceed precision']]
  const min = scaled(column.min, column.scale)
  const max = scaled(column.max, column.scale)
  if (typeof min === 'string') return [[['min'], min]]
  if (typeof max === 'string') return [[['max'], max]]
  const limit = 10n ** BigInt(column.precision)
  const tooLong = `needs more than ${column.precision} digits`
  if (min <= -limit || min >= limit) return [[['min'], tooLong]]
  if (max <= -limit || max >= limit) return [[['max'], tooLong]]
  return range(min, max)
}

function dictionaryRules(column: Column & { type: 'text' }): Broken[] {
  const twice = repeated(column.dictionary)
  if (twice !== undefined) return [[['dictionary', twice], 'is listed twice']]
  const empty = column.nullable ? column.dictionary.indexOf('') : -1
  return empty < 0
    ? []
    : [[['dictionary', empty], 'is empty, which means NULL in a nullable column']]
}

function range(min: bigint, max: bigint): Broken[] {
  if (min > max) return [[['max'], 'is below min']]
  if (min <= -BOUND || min >= BOUND) return [[['min'], 'is 2^59 or more away from 0']]
  if (max <= -BOUND || max >= BOUND) return [[['max'], 'is 2^59 or more away from 0']]
  if (max - min >= BOUND) return [[['max'], 'is 2^59 or more away from min']]
  return []
}

function scaled(text: string, scale: number): bigint | string {
  const value = parseScaled(text, scale)
  if (value === 'syntax') return 'must be a decimal number such as -12.50'
  if (value === 'digits') return `has more than ${scale} digits after the point`
  return BigInt(value)
}

function timeRange(
  min: string,
  max: string,
  parse: (text: string) => number | undefined,
  form: string,
): Broken[] {
  const from = parse(min)
  const to = parse(max)
  if (from === undefined) return [[['min'], `must be a time of the form ${form}`]]
  if (to === undefined) return [[['max'], `must be a time of the form ${form}`]]
  return from > to ? [[['max'], 'is before min']] : []
}

/** The schema's own texts have one form only, so that equal schemas hash alike. */
function fullTimestamp(text: string): number | undefined {
  return /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/u.test(text) ? parseTimestamp(text) : undefined
}

/** Index of the first entry that occurred before. */
function repeated(texts: readonly string[]): number | undefined {
  const seen = new Set<string>()
  for (const [index, text] of texts.entries()) {
    if (seen.has(text)) return index
    seen.add(text)
  }
  return undefined
}

function invalid(path: readonly PropertyKey[], message: string): ShareholdError {
  const place = path
    .map((part, i) =>
      typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`,
    )
    .join('')
  return new ShareholdError(
    'SH_SCHEMA_INVALID',
    `${place === '' ? 'the schema' : place}: ${message}`,
    {
      hint: 'Places in lists are counted from 0.',
    },
  )
}
