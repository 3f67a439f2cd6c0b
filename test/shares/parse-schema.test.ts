import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

import { planesOf } from '../../shares/column-codec.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { parseSchema } from '../../shares/parse-schema.ts'

const SOUND = {
  dataset: 'trips',
  member: 'member',
  kMin: 10,
  purposes: ['fare-statistics'],
  columns: [
    { name: 'paid', type: 'boolean' },
    { name: 'passengers', type: 'integer', min: 0, max: 9, nullable: true },
    { name: 'fare', type: 'decimal', precision: 6, scale: 2, min: 0, max: '500' },
    { name: 'pickup', type: 'timestamp', min: '2019-01-01 00:00:00', max: '2019-12-31 23:59:59' },
    { name: 'day', type: 'date', min: '2019-01-01', max: '2019-12-31' },
    { name: 'color', type: 'text', dictionary: ['green', 'yellow'] },
  ],
}

/** SOUND with the value at a path replaced; undefined removes it. */
function changed(path: string, value: unknown): unknown {
  const copy = structuredClone(SOUND) as Record<string, unknown>
  const parts = path.split('.')
  let at: Record<string, unknown> = copy
  for (const part of parts.slice(0, -1)) at = at[part] as Record<string, unknown>
  const last = parts.at(-1) ?? ''
  if (value === undefined) delete at[last]
  else at[last] = value
  return copy
}

function messageOf(value: unknown): string {
  try {
    parseSchema(value)
  } catch (error) {
    if (error instanceof ShareholdError && error.code === 'SH_SCHEMA_INVALID') return error.message
    throw error
  }
  return 'accepted'
}

describe('parseSchema', () => {
  it('keeps what a column may reveal, and adds nothing to those that say nothing', () => {
    expect(parseSchema(changed('columns.2.reveal', 'extremes')).columns[2]).toHaveProperty(
      'reveal',
      'extremes',
    )
    expect(parseSchema(SOUND).columns.some((column) => 'reveal' in column)).toBe(false)
    expect(messageOf(changed('columns.2.reveal', 'rows'))).toContain('columns[2].reveal')
  })

  it('keeps that a column is unique, and adds nothing to those that are not', () => {
    expect(parseSchema(changed('columns.2.unique', true)).columns[2]).toHaveProperty('unique', true)
    expect(parseSchema(SOUND).columns.some((column) => 'unique' in column)).toBe(false)
    expect(messageOf(changed('columns.2.unique', false))).toContain('columns[2].unique')
  })

  it('fills defaults and takes numbers as decimal texts', () => {
    const schema = parseSchema(SOUND)
    expect(schema.columns.map((column) => column.nullable)).toEqual([
      false,
      true,
      false,
      false,
      false,
      false,
    ])
    expect(schema.columns[2]).toMatchObject({ min: '0', max: '500' })
    expect(schema.columns[3]).toMatchObject({ resolutionSeconds: 1 })
    expect(parseSchema(JSON.parse(JSON.stringify(schema)))).toEqual(schema)
  })

  it('accepts the demo’s schema', () => {
    const schema = parseSchema(parse(readFileSync('cli/demo/trips.schema.yaml', 'utf8')))
    expect(schema.dataset).toBe('trips')
    expect(schema.columns.map(planesOf).every((planes) => planes >= 1 && planes <= 22)).toBe(true)
  })

  it.each([
    ['dataset', 'Trips', /^dataset: must be 1 to 63/u],
    ['dataset', undefined, /^dataset: /u],
    ['member', '', /^member: /u],
    ['member', 'fare', /^member: is also a column/u],
    ['kMin', 0, /^kMin: /u],
    ['kMin', 2.5, /^kMin: /u],
    ['purposes', [], /^purposes: /u],
    ['purposes', ['a', 'a'], /^purposes\[1\]: is listed twice/u],
    ['purposes.0', 'a b', /^purposes\[0\]: /u],
    ['columns', [], /^columns: /u],
    ['extra', 1, /^the schema: .*extra/u],
    ['columns.0.extra', 1, /^columns\[0\]: .*extra/u],
    ['columns.0.name', 'a-b', /^columns\[0\]\.name: /u],
    ['columns.0.name', 'fare', /^columns\[2\]\.name: is used twice/u],
    ['columns.0.type', 'bool', /^columns\[0\]\.type: /u],
    ['columns.1.nullable', 'yes', /^columns\[1\]\.nullable: /u],
    ['columns.1.min', 1.5, /^columns\[1\]\.min: /u],
    ['columns.1.min', 10, /^columns\[1\]\.max: is below min/u],
    ['columns.1.max', undefined, /^columns\[1\]\.max: /u],
    ['columns.1.max', 2 ** 60, /^columns\[1\]\.max: /u],
    ['columns.2.scale', 7, /^columns\[2\]\.scale: must not exceed precision/u],
    ['columns.2.min', '1e3', /^columns\[2\]\.min: must be a decimal/u],
    ['columns.2.min', '0.001', /^columns\[2\]\.min: has more than 2 digits/u],
    ['columns.2.max', '10000', /^columns\[2\]\.max: needs more than 6 digits/u],
    ['columns.3.min', '2019-01-01', /^columns\[3\]\.min: must be a time of the form/u],
    ['columns.3.max', '2019-02-30 00:00:00', /^columns\[3\]\.max: must be a time of the form/u],
    ['columns.3.max', '2018-02-03 00:00:00', /^columns\[3\]\.max: is before min/u],
    ['columns.3.resolutionSeconds', 0, /^columns\[3\]\.resolutionSeconds: /u],
    ['columns.4.min', '2019-1-1', /^columns\[4\]\.min: must be a time of the form YYYY-MM-DD/u],
    ['columns.5.dictionary', [], /^columns\[5\]\.dictionary: /u],
    ['columns.5.dictionary', ['a', 'b', 'a'], /^columns\[5\]\.dictionary\[2\]: is listed twice/u],
    ['columns.5.dictionary', ['a\nb'], /^columns\[5\]\.dictionary\[0\]: .*control/u],
    ['columns.5.dictionary', ['\ud800'], /^columns\[5\]\.dictionary\[0\]: .*Unicode/u],
  ])('refuses %s = %j, naming the place', (path, value, message) => {
    expect(messageOf(changed(path, value))).toMatch(message)
  })

  it('refuses an empty dictionary entry where empty means NULL', () => {
    const column = { name: 'c', type: 'text', dictionary: ['a', ''] }
    expect(messageOf({ ...SOUND, columns: [column] })).toBe('accepted')
    expect(messageOf({ ...SOUND, columns: [{ ...column, nullable: true }] })).toMatch(
      /^columns\[0\]\.dictionary\[1\]: is empty/u,
    )
  })

  it('refuses ranges that a field element cannot hold', () => {
    const column = { name: 'c', type: 'decimal', precision: 18, scale: 0 }
    const wide = (min: string, max: string): string =>
      messageOf({ ...SOUND, columns: [{ ...column, min, max }] })
    expect(wide('0', '576460752303423487')).toBe('accepted')
    expect(wide('0', '576460752303423488')).toMatch(/^columns\[0\]\.max: is 2\^59/u)
    expect(wide('-576460752303423488', '0')).toMatch(/^columns\[0\]\.min: is 2\^59/u)
    expect(wide('-300000000000000000', '300000000000000000')).toMatch(/^columns\[0\]\.max: /u)
  })

  it('refuses what is no object', () => {
    for (const value of [null, undefined, 'x', 1, []]) {
      expect(messageOf(value)).toMatch(/^the schema: /u)
    }
  })
})
