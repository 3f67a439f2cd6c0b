/** Random schemas and tables for the oracle: small, with NULLs, all column types, values at the edges. */
import * as fc from 'fast-check'

import type { PlanParams } from '../../../protocol/plan.ts'
import { codecOf, parseValue, textOfCode } from '../../../shares/column-codec.ts'
import type { Column, Schema } from '../../../shares/schema.ts'
import type { PlainColumn } from '../ideal.ts'

export interface RandomTable {
  readonly schema: Schema
  /** rows[r][c]: PostgreSQL's text form, null for NULL. */
  readonly rows: readonly (readonly (string | null)[])[]
  readonly memberOfRow: Uint32Array
  readonly params: PlanParams
}

type Gen = fc.GeneratorValue

const WORDS = [
  'Bronx',
  'brooklyn',
  'Queens',
  'a_b',
  'a%b',
  '',
  'Ω',
  'zoë',
  'Z',
  '100',
  "it's",
  'a\\b',
]

export function randomTable(g: Gen, n: 3 | 5 = 3): RandomTable {
  const types = ['integer', 'decimal', 'boolean', 'text', 'date', 'timestamp'] as const
  const extra = g(fc.array, fc.constantFrom(...types, 'text'), {
    minLength: 1,
    maxLength: 4,
  })
  const columns = [...types, ...extra].map((type, index): Column => {
    const column = randomColumn(g, type, index)
    return g(fc.integer, { min: 0, max: 4 }) === 0 ? column : { ...column, reveal: 'extremes' }
  })
  const schema: Schema = {
    dataset: 'trips',
    member: 'rider',
    kMin: g(fc.constantFrom, 1, 1, 2, 3, 4),
    purposes: ['test'],
    columns,
  }
  const parts = g(fc.array, fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 })
  const count = parts.reduce((sum, part) => sum + part, 0)
  const rows = Array.from({ length: count }, () => columns.map((column) => randomCell(g, column)))
  const memberOfRow = randomMembers(g, count)
  return {
    schema,
    rows,
    memberOfRow,
    params: {
      committee: { n, t: (n - 1) / 2 },
      security: 'passive',
      dataset: { name: 'trips', version: 1, chunks: parts, rowsPerMember: histogram(memberOfRow) },
      chunksInFlight: g(fc.integer, { min: 1, max: 3 }),
      network: g(fc.constantFrom, 'loopback', 'lan', 'wan'),
    },
  }
}

/** The columns as the ideal machine takes them. */
export function plainColumns({
  schema,
  rows,
}: Pick<RandomTable, 'schema' | 'rows'>): Record<string, PlainColumn> {
  return Object.fromEntries(
    schema.columns.map((column, c) => {
      const values = rows.map((row) => parseCell(column, row[c] ?? null))
      return [
        column.name,
        {
          codes: values.map((value) => value?.code ?? null),
          values: values.map((value) => value?.field ?? null),
        },
      ]
    }),
  )
}

/** A NULL is no empty text here: parseValue reads '' as NULL in a nullable column. */
function parseCell(column: Column, text: string | null): { code: bigint; field: bigint } | null {
  if (text === null) return null
  if (column.type !== 'text') return parseValue(column, text)
  const code = BigInt(column.dictionary.indexOf(text))
  return { code, field: code }
}

/** CREATE TABLE and INSERT for PostgreSQL. */
export function createTable({
  schema,
  rows,
  memberOfRow,
}: Pick<RandomTable, 'schema' | 'rows' | 'memberOfRow'>): string {
  const columns = schema.columns.map((column) => `${column.name} ${postgresType(column)}`)
  const values = rows.map((row, r) => {
    const cells = row.map((text) => (text === null ? 'NULL' : quote(text)))
    return `('m${memberOfRow[r]}', ${cells.join(', ')})`
  })
  return `CREATE TABLE ${schema.dataset} (${schema.member} text, ${columns.join(', ')});
    INSERT INTO ${schema.dataset} VALUES ${values.join(', ')};`
}

export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export function postgresType(column: Column): string {
  switch (column.type) {
    case 'integer':
      return column.min < -2147483648 || column.max > 2147483647 ? 'bigint' : 'integer'
    case 'decimal':
      return `numeric(${column.precision},${column.scale})`
    case 'boolean':
    case 'date':
    case 'text':
    case 'timestamp':
      return column.type
  }
}

export function randomColumn(g: Gen, type: Column['type'], index: number): Column {
  const nullable = g(fc.boolean)
  const name = `${type.slice(0, 2)}${index}`
  switch (type) {
    case 'boolean':
      return { name, type, nullable }
    case 'integer': {
      const min = g(fc.constantFrom, -5, 0, 3, -2147483648, 5_000_000_000)
      const span = g(fc.constantFrom, 0, 1, 6, 7, 8, 100, 70_000)
      return { name, type, nullable, min, max: min + span }
    }
    case 'decimal': {
      const scale = g(fc.integer, { min: 0, max: 3 })
      const min = g(fc.constantFrom, -4, 0, 1, 90)
      const span = g(fc.constantFrom, 1, 3, 20)
      return {
        name,
        type,
        nullable,
        precision: 10,
        scale,
        min: String(min),
        max: String(min + span),
      }
    }
    case 'text': {
      const count = g(fc.integer, { min: 1, max: 6 })
      const dictionary = g(fc.shuffledSubarray, WORDS, { minLength: count, maxLength: count })
      return { name, type, nullable, dictionary }
    }
    case 'date': {
      const days = g(fc.constantFrom, 0, 1, 30, 400)
      const min = g(fc.constantFrom, '2019-02-27', '1999-12-31', '2020-02-28')
      return { name, type, nullable, min, max: plusSeconds(min, days * 86_400).slice(0, 10) }
    }
    case 'timestamp': {
      const resolutionSeconds = g(fc.constantFrom, 1, 60, 3600)
      const min = g(fc.constantFrom, '2019-02-28 22:00:00', '2019-02-28 21:30:20')
      const steps = g(fc.constantFrom, 1, 5, 40, 4000)
      return {
        name,
        type,
        nullable,
        resolutionSeconds,
        min,
        max: plusSeconds(min, steps * resolutionSeconds),
      }
    }
  }
}

export function randomCell(g: Gen, column: Column): string | null {
  if (column.nullable && g(fc.integer, { min: 0, max: 3 }) === 0) return null
  if (column.type === 'text') return g(fc.constantFrom, ...column.dictionary)
  const { codeMax } = codecOf(column)
  return textOfCode(column, g(fc.bigInt, { min: 0n, max: codeMax }))
}

/** Every member has a row; most have few. */
function randomMembers(g: Gen, rows: number): Uint32Array {
  const members = g(fc.integer, { min: 1, max: Math.min(rows, 12) })
  return Uint32Array.from({ length: rows }, (_, row) =>
    row < members ? row : g(fc.integer, { min: 0, max: members - 1 }),
  )
}

export function histogram(memberOfRow: Uint32Array): [number, number][] {
  const perMember = new Map<number, number>()
  for (const member of memberOfRow) perMember.set(member, (perMember.get(member) ?? 0) + 1)
  const classes = new Map<number, number>()
  for (const rows of perMember.values()) classes.set(rows, (classes.get(rows) ?? 0) + 1)
  return [...classes].toSorted((a, b) => a[0] - b[0])
}

export function plusSeconds(timestamp: string, seconds: number): string {
  const start = Date.parse(`${timestamp.length === 10 ? `${timestamp} 00:00:00` : timestamp}Z`)
  return new Date(start + seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
}
