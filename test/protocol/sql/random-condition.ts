/** Random conditions on the columns of a row, and their names as one may write them. */
import * as fc from 'fast-check'

import { codecOf, textOfCode } from '../../../shares/column-codec.ts'
import type { Column, Schema } from '../../../shares/schema.ts'

import { plusSeconds, quote } from './random-table.ts'

type Gen = fc.GeneratorValue

/** Writes column names: plain or qualified. */
export class Namer {
  readonly #g: Gen
  readonly #alias: string

  constructor(g: Gen, alias: string) {
    this.#g = g
    this.#alias = alias
  }

  of(column: Column): string {
    const form = this.#g(fc.integer, { min: 0, max: 5 })
    if (form === 0) return `${this.#alias}.${column.name}`
    if (form === 1) return column.name.toUpperCase()
    if (form === 2) return `"${column.name}"`
    return column.name
  }
}

const COMPARISONS = ['=', '<>', '!=', '<', '<=', '>', '>='] as const

export function randomCondition(g: Gen, schema: Schema, names: Namer, depth: number): string {
  const kind = depth === 0 ? 9 : g(fc.integer, { min: 0, max: 9 })
  const inner = (): string => randomCondition(g, schema, names, depth - 1)
  switch (kind) {
    case 0:
    case 1:
      return `(${inner()} AND ${inner()})`
    case 2:
    case 3:
      return `(${inner()} OR ${inner()})`
    case 4:
      return `NOT (${inner()})`
    case 5:
      return `((${inner()}) IS ${g(fc.constantFrom, '', 'NOT ')}${g(fc.constantFrom, 'TRUE', 'FALSE', 'UNKNOWN')})`
    case 6:
      return `((${inner()}) ${g(fc.constantFrom, '=', '<>', '<', '<=', '>', '>=', 'IS DISTINCT FROM')} (${inner()}))`
    default:
      return randomAtom(g, schema, names)
  }
}

export function randomAtom(g: Gen, schema: Schema, names: Namer): string {
  const column = g(fc.constantFrom, ...schema.columns)
  const name = names.of(column)
  const not = g(fc.constantFrom, '', ' NOT')
  const comparison = g(fc.constantFrom, ...COMPARISONS)
  const value = (): string => randomLiteral(g, column)
  switch (g(fc.integer, { min: 0, max: 10 })) {
    case 0:
      return `${name} IS${not} NULL`
    case 1:
      return `${name}${not} BETWEEN ${g(fc.constantFrom, '', 'SYMMETRIC ')}${value()} AND ${value()}`
    case 2:
      return `${name}${not} IN (${value()}, ${value()}, ${value()})`
    case 3:
      return `${value()} ${comparison} ${name}`
    case 4:
      return `${name} IS${not} DISTINCT FROM ${value()}`
    case 5:
    case 6: {
      const others = schema.columns.filter((other) => familyOf(other) === familyOf(column))
      return `${name} ${comparison} ${names.of(g(fc.constantFrom, ...others))}`
    }
    case 7:
      if (column.type === 'text') {
        const pattern = g(
          fc.constantFrom,
          'B%',
          '%o%',
          '_',
          '',
          '%',
          'a\\%b',
          'a!_b',
          'b%N%',
          'ZO_',
          'ω',
        )
        const escape = pattern.includes('!') ? " ESCAPE '!'" : ''
        return `${name}${not} ${g(fc.constantFrom, 'LIKE', 'ILIKE')} ${quote(pattern)}${escape}`
      }
      if (column.type === 'boolean') return name
      return `${name} ${comparison} ${value()}`
    case 8:
      return g(fc.constantFrom, 'TRUE', 'NULL', '1 < 2', "'a' = 'b'", 'FALSE', "'t'")
    default:
      return `${name} ${comparison} ${value()}`
  }
}

function familyOf(column: Column): string {
  if (column.type === 'integer' || column.type === 'decimal') return 'number'
  return column.type === 'timestamp' ? 'date' : column.type
}

/** A constant to compare with: in the range, between its steps, outside, NULL, in many spellings. */
function randomLiteral(g: Gen, column: Column): string {
  if (g(fc.integer, { min: 0, max: 15 }) === 0) return 'NULL'
  if (column.type === 'text') {
    const word = g(fc.constantFrom, ...column.dictionary, 'not there', 'A', '~')
    return quote(word) + g(fc.constantFrom, '', '', '::text', '::varchar')
  }
  if (column.type === 'boolean') {
    return g(fc.constantFrom, 'TRUE', 'FALSE', "'t'", "'no'", "'f'::boolean")
  }
  const { codeMax } = codecOf(column)
  const text = textOfCode(column, g(fc.bigInt, { min: 0n, max: codeMax }))
  switch (column.type) {
    case 'integer': {
      const form = g(fc.integer, { min: 0, max: 6 })
      if (form === 0) return `${text}.5`
      if (form === 1) return quote(` ${text} `)
      if (form === 2) return `(${text} + 1)`
      if (form === 3) return `${column.max + 1}`
      if (form === 4) return `'${text}'::bigint`
      if (form === 5) return `CAST(${text}.4 AS numeric(15,0))`
      return text
    }
    case 'decimal': {
      const form = g(fc.integer, { min: 0, max: 6 })
      if (form === 0) return `${text}${text.includes('.') ? '' : '.'}05`
      if (form === 1) return quote(text)
      if (form === 2) return `${text} * 2 / 3`
      if (form === 3) return `${column.max}e1`
      if (form === 4) return `- (${text})`
      if (form === 5) return `${Math.trunc(Number(text))}`
      return text
    }
    case 'date': {
      const form = g(fc.integer, { min: 0, max: 5 })
      if (form === 0) return `date ${quote(text)}`
      if (form === 1) return `${quote(text)}::date + 1`
      if (form === 2) return `timestamp '${text} 12:30'`
      if (form === 3) return `'1900-1-2'`
      if (form === 4) return `(date ${quote(text)} - 3)`
      return quote(text)
    }
    case 'timestamp': {
      const form = g(fc.integer, { min: 0, max: 5 })
      if (form === 0) return `timestamp ${quote(text)}`
      if (form === 1) return `'${text}.5'::timestamp`
      if (form === 2) return `date '${text.slice(0, 10)}'`
      if (form === 3) return quote(plusSeconds(text, 30))
      if (form === 4) return quote(text.replace(' ', 'T').slice(0, 16))
      return quote(text)
    }
  }
}
