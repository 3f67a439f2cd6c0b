/** What a value of a row can be, as public data: the range and scale of a number, the words of a text. */
import { ShareholdError } from '../../shares/errors.ts'
import type { Column } from '../../shares/schema.ts'

import type { SqlType } from './answer-spec.ts'
import { compareCodePoints, formatValue } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import { domainOf } from './column-domain.ts'
import { parseTimestamp } from './datetime.ts'
import { powerOfTen } from './numeric.ts'

/** Most planes of a number that is computed on planes. */
export const MAX_NUMBER_PLANES = 60

export type Shape =
  /** least <= value * 10^scale <= most. Dates and timestamps count in microseconds since 2000-01-01. */
  | {
      readonly kind: 'numbers'
      readonly least: bigint
      readonly most: bigint
      readonly scale: number
    }
  /** Distinct; in the order of the dictionary for a stored column, else ascending. */
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** NULL on every row. */
  | { readonly kind: 'none' }

export type NumbersShape = Extract<Shape, { kind: 'numbers' }>

/** The shape of a stored column. */
export function shapeOfColumn(column: Column): Shape {
  if (column.type === 'text') return { kind: 'words', words: column.dictionary }
  const { size, origin, step } = domainOf(column)
  const scale = column.type === 'decimal' ? column.scale : 0
  return { kind: 'numbers', least: origin, most: origin + step * (size - 1n), scale }
}

/** The shape of what can have these results. @throws ShareholdError SH_PLAN_OVERFLOW */
export function shapeOfResults(results: readonly Value[]): Shape {
  return results.map(shapeOfValue).reduce(union, { kind: 'none' })
}

export function shapeOfValue(value: Value): Shape {
  const number = numberOf(value)
  if (number === undefined) return { kind: 'words', words: [formatValue(value)] }
  const { digits, scale } = number
  return { kind: 'numbers', least: digits, most: digits, scale }
}

/** A value as digits / 10^scale; undefined for text and double precision. */
export function numberOf(
  value: Value,
): { readonly digits: bigint; readonly scale: number } | undefined {
  switch (value.type) {
    case 'integer':
    case 'bigint':
      return { digits: value.value, scale: 0 }
    case 'numeric':
      return value.value
    case 'boolean':
      return { digits: value.value === 't' ? 1n : 0n, scale: 0 }
    case 'date':
    case 'timestamp':
      return { digits: parseTimestamp(value.value), scale: 0 }
    case 'text':
    case 'double':
      return undefined
  }
}

/** The shape of what is one or the other. */
export function union(left: Shape, right: Shape): Shape {
  if (left.kind === 'none') return right
  if (right.kind === 'none') return left
  if (left.kind === 'words' || right.kind === 'words') {
    const words = [left, right].flatMap((shape) => (shape.kind === 'words' ? shape.words : []))
    return { kind: 'words', words: [...new Set(words)].toSorted(compareCodePoints) }
  }
  const scale = Math.max(left.scale, right.scale)
  const [a, b] = [atScale(left, scale), atScale(right, scale)]
  return {
    kind: 'numbers',
    least: a.least < b.least ? a.least : b.least,
    most: a.most > b.most ? a.most : b.most,
    scale,
  }
}

/** The same numbers with more decimals. */
export function atScale({ least, most, scale }: NumbersShape, larger: number): NumbersShape {
  const factor = powerOfTen(larger - scale)
  return { kind: 'numbers', least: least * factor, most: most * factor, scale: larger }
}

export function sum(left: NumbersShape, right: NumbersShape): NumbersShape {
  const scale = Math.max(left.scale, right.scale)
  const [a, b] = [atScale(left, scale), atScale(right, scale)]
  return { kind: 'numbers', least: a.least + b.least, most: a.most + b.most, scale }
}

export function product(left: NumbersShape, right: NumbersShape): NumbersShape {
  const ends = [left.least, left.most].flatMap((a) => [a * right.least, a * right.most])
  const sorted = ends.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return {
    kind: 'numbers',
    least: sorted[0]!,
    most: sorted[3]!,
    scale: left.scale + right.scale,
  }
}

export function negated({ least, most, scale }: NumbersShape): NumbersShape {
  return { kind: 'numbers', least: -most, most: -least, scale }
}

const BITS: Readonly<Partial<Record<SqlType, number>>> = { integer: 32, bigint: 64 }

/**
 * Whether PostgreSQL's type holds every number of the shape.
 *
 * @param text the expression, for the message
 * @throws ShareholdError SH_PLAN_VALUE
 */
export function checkType(type: SqlType, shape: NumbersShape, text: () => string): void {
  const bits = BITS[type]
  if (bits === undefined) return
  const fits = [shape.least, shape.most].every((end) => BigInt.asIntN(bits, end) === end)
  if (fits) return
  throw new ShareholdError(
    'SH_PLAN_VALUE',
    `${text()} can be ${shape.least} to ${shape.most}, beyond ${type}: PostgreSQL would fail on such a row.`,
    {
      hint: `Cast an operand to ${type === 'integer' ? 'bigint' : 'numeric'}, or declare narrower ranges.`,
    },
  )
}

/** @throws ShareholdError SH_PLAN_OVERFLOW if the number has too many planes */
export function checkPlanes(shape: NumbersShape, text: () => string): void {
  const planes = (shape.most - shape.least).toString(2).length
  if (planes <= MAX_NUMBER_PLANES) return
  throw new ShareholdError(
    'SH_PLAN_OVERFLOW',
    `${text()} would take ${planes} bits a row, more than ${MAX_NUMBER_PLANES}.`,
    { hint: 'Declare narrower ranges or smaller scales, or ROUND the parts.' },
  )
}
