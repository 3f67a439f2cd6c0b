/** Columns that a repository computes from others of the same row when it imports. */
import { describe, expect, it } from 'vitest'

import { readCsvPart } from '../../node/csv-part.ts'
import { schemaHash } from '../../protocol/ledger/records.ts'
import { derivationsOf } from '../../protocol/sql/derived.ts'
import { codecOf } from '../../shares/column-codec.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { parseSchema } from '../../shares/parse-schema.ts'
import type { Schema } from '../../shares/schema.ts'

const STORED = [
  { name: 'age', type: 'integer', nullable: true, min: 0, max: 120 },
  { name: 'cost', type: 'decimal', precision: 8, scale: 2, min: '-100', max: '10000' },
  { name: 'visits', type: 'integer', min: 0, max: 50 },
  { name: 'day', type: 'date', min: '2024-01-01', max: '2024-12-31' },
]

const schemaWith = (...derived: readonly object[]): Schema =>
  parseSchema({
    dataset: 'patients',
    member: 'patient',
    kMin: 3,
    purposes: ['research'],
    columns: [...derived, ...STORED],
  })

const band = {
  name: 'band',
  type: 'text',
  nullable: true,
  dictionary: ['young', 'old'],
  derived: "CASE WHEN age < 50 THEN 'young' WHEN age >= 50 THEN 'old' END",
}

async function columnOf(schema: Schema, name: string, ...rows: readonly string[]) {
  const bytes = Buffer.from(['patient,age,cost,visits,day', ...rows, ''].join('\n'))
  let at = 0
  const part = await readCsvPart(async (into) => {
    // In small pieces, so that columns are taken batch by batch.
    const piece = bytes.subarray(at, at + 20)
    into.set(piece)
    at += piece.length
    return piece.length
  }, schema)
  const { column, codes, validity } = part.columns.find((one) => one.column.name === name)!
  return Array.from({ length: part.rows }, (_, row) => {
    const valid = validity === undefined || ((validity[row >> 3]! >> (row & 7)) & 1) === 1
    return valid ? codecOf(column).textOf(BigInt(codes[row]!)) : null
  })
}

async function fault(run: Promise<unknown>): Promise<ShareholdError> {
  const error = await run.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  if (error instanceof ShareholdError) return error
  throw new Error('nothing was refused')
}

describe('derived columns', () => {
  it('are computed from the columns of the row, NULLs included', async () => {
    const rows = ['a,49,1,2,2024-01-01', 'b,,1,2,2024-01-01', 'c,50,1,2,2024-01-01']
    expect(await columnOf(schemaWith(band), 'band', ...rows)).toEqual(['young', null, 'old'])
  })

  it('round to the declared type as PostgreSQL assigns', async () => {
    const rate = {
      name: 'rate',
      type: 'decimal',
      precision: 8,
      scale: 1,
      min: '-100',
      max: '10000',
      derived: 'cost / visits',
    }
    const rounded = { name: 'rounded', type: 'integer', min: -100, max: 10000, derived: 'cost' }
    const rows = ['a,1,10.50,4,2024-01-01', 'b,1,-2.50,2,2024-02-01', 'c,1,2.50,8,2024-02-01']
    const schema = schemaWith(rate, rounded)
    expect(await columnOf(schema, 'rate', ...rows)).toEqual(['2.6', '-1.3', '0.3'])
    expect(await columnOf(schema, 'rounded', ...rows)).toEqual(['11', '-3', '3'])
  })

  it('are the same with and without remembered values', async () => {
    const sum = { name: 'sum', type: 'integer', min: 0, max: 170, derived: 'age + visits' }
    const numbers = Array.from({ length: 400 }, (_, i) => [i % 7, i % 11] as const)
    const rows = numbers.map(([age, visits], i) => `p${i},${age},0,${visits},2024-01-01`)
    expect(await columnOf(schemaWith(sum), 'sum', ...rows)).toEqual(
      numbers.map(([age, visits]) => String(age + visits)),
    )
  })

  it('are refused in the file itself', async () => {
    const bytes = Buffer.from('patient,age,cost,visits,day,band\na,1,1,1,2024-01-01,young\n')
    let read = 0
    const error = await fault(
      readCsvPart(async (into) => {
        if (read++ > 0) return 0
        into.set(bytes)
        return bytes.length
      }, schemaWith(band)),
    )
    expect(error.code).toBe('SH_IMPORT_COLUMNS')
    expect(error.message).toContain('undeclared "band"')
  })

  it('name row and column where a value does not fit, never the value', async () => {
    const narrow = { ...band, dictionary: ['young'] }
    const rows = ['a,49,1,2,2024-01-01', 'b,77,1,2,2024-01-01']
    const outside = await fault(columnOf(schemaWith(narrow), 'band', ...rows))
    expect(outside.code).toBe('SH_ENCODE_DICTIONARY')
    expect(outside.message).toMatch(/^row 3, column band: /u)
    expect(outside.message).not.toContain('77')
    const missing = await fault(
      columnOf(schemaWith({ ...band, nullable: false }), 'band', 'a,,1,2,2024-01-01'),
    )
    expect(missing.code).toBe('SH_ENCODE_NULL')
    const rate = { name: 'rate', type: 'integer', min: 0, max: 9, derived: '100 / visits' }
    const failing = await fault(columnOf(schemaWith(rate), 'rate', 'a,1,1,0,2024-01-01'))
    expect(failing.code).toBe('SH_ENCODE_DERIVED')
    expect(failing.message).toMatch(/^row 2, column rate: /u)
  })
})

describe('the declaration of a derived column', () => {
  it.each([
    ['unknown column', { derived: 'agee + 1' }, /agee/u],
    ['another type', { derived: 'day' }, /type date, the column is declared integer/u],
    ['two expressions', { derived: 'age, visits' }, /more than one/u],
    ['a FROM clause', { derived: 'age FROM patients' }, /more than one/u],
    ['an alias', { derived: 'age AS x' }, /more than one/u],
    ['no SQL', { derived: 'age +' }, /derived/u],
    ['an aggregate', { derived: 'SUM(age)' }, /derived/u],
    ['the member', { derived: 'patient' }, /member/u],
  ])('is refused with %s', async (_what, declared, message) => {
    const column = { name: 'x', type: 'integer', min: 0, max: 120, ...declared }
    const error = await fault(derivationsOf(schemaWith(column)))
    expect(error.code).toBe('SH_SCHEMA_DERIVED')
    expect(error.message).toMatch(/^columns\[0\]\.derived, of column x/u)
    expect(error.message).toMatch(message)
  })

  it('is refused if it reads a derived column', async () => {
    const again = { ...band, name: 'again', derived: 'band' }
    const error = await fault(derivationsOf(schemaWith(band, again)))
    expect(error.message).toMatch(/^columns\[1\]\.derived.*derived itself/u)
  })

  it('says at which character', async () => {
    const column = { name: 'x', type: 'integer', min: 0, max: 120, derived: 'age + agee' }
    const error = await fault(derivationsOf(schemaWith(column)))
    expect(error.message).toContain('(character 7)')
  })

  it('is part of what repositories sign, and its absence changes no hash', () => {
    const { derived: _, ...plain } = band
    expect(schemaHash(schemaWith(band))).not.toBe(schemaHash(schemaWith(plain)))
    expect(schemaWith(plain).columns[0]).not.toHaveProperty('derived')
  })
})
